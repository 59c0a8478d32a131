"""Small documents of LM Studio, built from what the documentation of the formats says."""

from tests.stages.parsers.harness import Sample, as_document

Json = dict[str, object]

CREATED = 1_740_000_000_000


def said(role: str, *content: object, **other: object) -> Json:
    """A version of one step: texts, or parts that are something else."""
    parts = [{"type": "text", "text": one} if isinstance(one, str) else one for one in content]
    return {"type": "singleStep", "role": role, "content": parts, **other}


def answered(*steps: object, model: str = "qwen-7b", **other: object) -> Json:
    """A version in steps: texts, which become blocks of content, or steps that are something else."""
    told = [block(one) if isinstance(one, str) else one for one in steps]
    return {"type": "multiStep", "role": "assistant", "senderInfo": {"senderName": model}, "steps": told, **other}


def block(text: str, **other: object) -> Json:
    """A block of content."""
    return {"type": "contentBlock", "stepIdentifier": "s", "content": [{"type": "text", "text": text}], **other}


def message(*versions: object, selected: object = 0) -> Json:
    """A message with its versions."""
    return {"versions": list(versions), "currentlySelected": selected}


def chat(*messages: object, **other: object) -> Json:
    """A conversation file."""
    head: Json = {"name": "Tea", "pinned": False, "createdAt": CREATED, "preset": "", "tokenCount": 9}
    head |= {"userLastMessagedAt": CREATED + 60_000, "assistantLastMessagedAt": CREATED + 65_000, "systemPrompt": ""}
    beside: Json = {"perChatPredictionConfig": {"fields": []}, "lastUsedModel": {"identifier": "qwen-7b"}, "notes": []}
    return {**head, "messages": list(messages), **beside, **other}


SAMPLES = (
    Sample(
        "lm-studio",
        "",
        [chat(message(said("user", "Which tea?")), message(answered("Jasmine.")), message(said("user", "And now?")))],
        as_document,
        kind="document",
        is_json=False,
    ),
)
