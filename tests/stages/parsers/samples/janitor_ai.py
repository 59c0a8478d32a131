"""Small chats of JanitorAI."""

from tests.stages.parsers.harness import Sample

Json = dict[str, object]


def message(id_: int, by_bot: bool, text: str, minute: int | None = None, **other: object) -> Json:
    """A message, sent in the minute of its id unless another is given."""
    at = f"2025-03-01T10:{id_ if minute is None else minute:02d}:00.250Z"
    return {"id": id_, "created_at": at, "is_bot": by_bot, "message": text, **other}


def chat(*messages: Json, **other: object) -> Json:
    """A chat with Wren."""
    character = {"name": "Wren the Ferryman", "chat_name": "Wren"}
    return {"character": character, "persona_name": "Ned", "chatMessages": list(messages), **other}


SAMPLES = (
    Sample(
        "janitor-ai",
        "",
        [
            chat(message(1, True, "Hello, {{user}}."), message(2, False, "Hello, {{char}}."), message(3, True, "Row?")),
            chat(message(11, True, "Hello, {{user}}."), message(12, False, "Bye."), chat={"id": 77}),
        ],
    ),
)
