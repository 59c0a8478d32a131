from collections.abc import Sequence

from tests.stages.parsers.documents import Json, chatgpt, message
from tests.stages.parsers.harness import Sample, as_document, as_json, as_lines, within

TEA = chatgpt(message("user", "Which tea?"), message("assistant", "Jasmine."), conversation_id=None)
REST = chatgpt(message("user", "And now?"), message("assistant", "Rest."), conversation_id="c2")


def by_id(records: Sequence[object]) -> bytes:
    """The older export: an object of conversations, whose ids stand outside them. The first one is always there."""
    return as_json({"c0": TEA, **{f"c{number}": record for number, record in enumerate(records, 1)}})


def compliance(id_: str, *messages: Json, **other: object) -> Json:
    """A conversation of the Compliance API with a page of messages."""
    head: Json = {"object": "compliance.workspace.conversation", "id": id_, "title": "A talk"}
    times = {"created_at": 1_700_000_000, "last_active_at": 1_700_000_900, "workspace_id": "w", "user_id": "user-1"}
    page = {"object": "list", "data": list(messages), "has_more": False, "next": None}
    return {**head, **times, "messages": page, **other}


def complied(id_: str, role: str, text: str, **other: object) -> Json:
    """A message of the Compliance API."""
    head: Json = {"object": "compliance.workspace.message", "id": id_, "created_at": 1_700_000_060, "role": role}
    return {**head, "content": {"content_type": "text", "parts": [text]}, **other}


def shared(node: str, parent: str | None, role: str, text: str | None, **other: object) -> Json:
    """A message of a decoded share page."""
    return {"node_id": node, "parent": parent, "children": [], "role": role, "text": text, **other}


SAMPLES = (
    Sample(
        "chatgpt",
        "array",
        [
            {**TEA, "id": "c1"},
            REST,
            chatgpt(message("user", "No id here"), conversation_id=None, create_time=1_700_000_005.5),
            chatgpt(message("system", "hidden"), conversation_id="c4"),
        ],
    ),
    Sample(
        "chatgpt",
        "wrapped",
        [chatgpt(message("user", "Wrapped?"), message("assistant", "Yes."))],
        within("conversations", {"count": 1}),
    ),
    Sample("chatgpt", "object-of-records", [chatgpt(message("user", "And now?"), conversation_id=None)], by_id),
    # The first byte of these tells their layout, which other records in the first place would change.
    Sample("chatgpt", "single", [REST], as_document, kind="document", is_json=False),
    Sample("chatgpt", "lines", [{**TEA, "id": "c1"}, REST], as_lines, is_json=False),
    Sample(
        "chatgpt",
        "compliance",
        [
            compliance("w1", complied("m1", "user", "Which tea?"), complied("m2", "assistant", "Jasmine.")),
            compliance("w2", complied("m3", "user", "And now?")),
        ],
        within("data", {"object": "list"}),
    ),
    Sample(
        "chatgpt",
        "share",
        [
            {
                "shared_conversation_id": "s1",
                "title": "Tea",
                "messages": [
                    shared("r", None, "system", None),
                    shared("a", "r", "user", "Which tea?", create_time=1_700_000_000.0),
                    shared("b", "a", "assistant", "Jasmine.", create_time=1_700_000_010.0),
                ],
            },
            {"shared_conversation_id": "s2", "messages": [shared("c", None, "user", "And now?", create_time=1.7e9)]},
        ],
    ),
)
