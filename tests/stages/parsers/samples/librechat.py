"""Small documents of LibreChat, built from what the documentation of the formats says."""

from tests.stages.parsers.harness import Sample, as_document

Json = dict[str, object]

ROOT = "00000000-0000-0000-0000-000000000000"


def message(id_: str, by_user: bool, text: str, *children: Json, **other: object) -> Json:
    """A message with those that follow it."""
    told: Json = {"messageId": id_, "isCreatedByUser": by_user, "text": text, "createdAt": "2024-04-09T14:32:05.230Z"}
    told |= {"sender": "User" if by_user else "GPT", "model": None, "error": False, "unfinished": False}
    return {**told, **other, "children": list(children)}


def flat(id_: str, parent: str, by_user: bool, text: str, **other: object) -> Json:
    """A message that names the one before it."""
    told = message(id_, by_user, text, parentMessageId=parent, **other)
    del told["children"]
    return told


def export(*roots: Json, **other: object) -> Json:
    """A recursive export."""
    head: Json = {"conversationId": "c1", "endpoint": "openAI", "title": "Tea", "exportAt": "16:33:32 GMT+0200 (CEST)"}
    head |= {"branches": True, "recursive": True, "options": {"model": "gpt-4o", "promptPrefix": None}}
    return {**head, **other, "messagesTree": list(roots)}


def flat_export(*messages: Json, **other: object) -> Json:
    """An export that is not recursive."""
    told = export(recursive=False, **other)
    del told["messagesTree"]
    return {**told, "messages": list(messages)}


SAMPLES = (
    Sample(
        "librechat",
        "",
        [export(message("m1", True, "Which tea?", message("m2", False, "Jasmine.")))],
        as_document,
        kind="document",
        is_json=False,
    ),
)
