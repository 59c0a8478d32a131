"""Small documents of Le Chat, built from what the documentation of the formats says."""

from tests.stages.parsers.harness import Sample

Json = dict[str, object]


def message(id_: str, role: str, content: object, second: int = 0, **other: object) -> Json:
    """A message."""
    told: Json = {"id": id_, "version": 0, "chatId": "c1", "content": content, "contentChunks": None, "role": role}
    told |= {"createdAt": f"2025-09-19T16:18:{second:02}.236Z", "reaction": "neutral", "reactionDetail": None}
    told |= {"preference": None, "preferenceOver": None, "context": None, "canvas": [], "quotes": [], "files": []}
    return {**told, **other}


SAMPLES = (
    Sample(
        "le-chat",
        "",
        [
            message("m1", "user", "Which tea?", 1),
            message("m2", "assistant", "Jasmine.", 2),
            message("m3", "user", "And now?", 3),
        ],
    ),
)
