"""Small documents of TypingMind, built from what the documentation of the formats says."""

from collections.abc import Sequence

from tests.stages.parsers.harness import Sample, as_json

Json = dict[str, object]


def message(uuid: str, role: str, content: object, **other: object) -> Json:
    """A message of a chat."""
    return {"uuid": uuid, "role": role, "content": content, "createdAt": "2024-03-10T14:00:00.000Z", **other}


def chat(id_: str, *messages: object, **other: object) -> Json:
    """A chat."""
    head: Json = {"id": id_, "chatID": id_, "chatTitle": "Tea", "createdAt": "2024-03-10T14:00:00.000Z"}
    return {**head, "updatedAt": "2024-03-10T15:00:00.000Z", "model": "gpt-4o", "messages": list(messages), **other}


def export(chats: Sequence[object]) -> bytes:
    """The export of the app."""
    return as_json({"data": {"chats": list(chats), "folders": [], "userPrompts": [], "userCharacters": []}})


SAMPLES = (
    Sample(
        "typingmind",
        "",
        [
            chat("c1", message("m1", "user", "Which tea?"), message("m2", "assistant", "Jasmine.")),
            chat("c2", message("m1", "user", [{"type": "text", "text": "And now?"}])),
            chat("c3", message("m1", "system", "Be brief.")),
        ],
        export,
        is_json=False,
    ),
)
