"""Conversations of ChatGPT in other shapes than the export's: pages of the Compliance API, and decoded share pages.

Both are put into the shape of the export, and read like it.
"""

from collections.abc import Iterator, Mapping

from stages.parsers.reading.values import Tally, as_list, as_map, as_text

COMPLIANCE = "compliance.workspace.conversation"
_MESSAGE = "compliance.workspace."


def is_compliance(told: Mapping[str, object]) -> bool:
    """`{"object": "compliance.workspace.conversation", id, title, created_at, last_active_at, messages: {…}}`."""
    return told.get("object") == COMPLIANCE or as_map(told.get("messages")).get("object") == "list"


def is_compliance_message(told: Mapping[str, object]) -> bool:
    """A message by itself, as it stands in the pages of a long conversation."""
    return as_text(told.get("object")).startswith(_MESSAGE) and "content" in told


def is_share(told: Mapping[str, object]) -> bool:
    """`{shared_conversation_id, messages: [{node_id, parent, children, role, text, create_time}]}`."""
    return "shared_conversation_id" in told and isinstance(told.get("messages"), list)


def from_compliance(told: Mapping[str, object], tally: Tally) -> Mapping[str, object] | None:
    """The conversation in the shape of the export; None when it was only listed, without its messages.

    Messages are taken in their order. A page that is not the last one is counted.
    """
    page = told.get("messages")
    messages = page if isinstance(page, list) else as_map(page).get("data")
    if not isinstance(messages, list):
        return None
    if as_map(page).get("has_more"):
        tally.count("conversation[ was|s were] cut off behind a page of messages; fetch the pages that follow as well")
    nodes: dict[str, object] = {}
    for message in map(as_map, messages):
        nodes[_free(as_text(message.get("id")), nodes)] = {"message": _of_compliance(message)}
    return {
        "id": told.get("id"),
        "title": told.get("title"),
        "create_time": told.get("created_at"),
        "update_time": told.get("last_active_at"),
        "mapping": nodes,
    }


def from_share(told: Mapping[str, object]) -> Mapping[str, object]:
    """The conversation in the shape of the export. Its id is that of the share: a share is a copy of its own."""
    nodes: dict[str, object] = {}
    for message in map(as_map, as_list(told.get("messages"))):
        nodes[_free(as_text(message.get("node_id")), nodes)] = {
            "parent": message.get("parent"),
            "children": message.get("children"),
            "message": {
                "author": {"role": message.get("role")},
                "create_time": message.get("create_time"),
                "content": message.get("text"),
            },
        }
    return {**told, "id": told.get("shared_conversation_id"), "conversation_id": None, "mapping": nodes}


def _free(key: str, nodes: Mapping[str, object]) -> str:
    """`key`, or something else where it is none or already taken."""
    return next(one for one in _keys(key or str(len(nodes)), len(nodes)) if one not in nodes)


def _keys(key: str, number: int) -> Iterator[str]:
    yield key
    while True:
        yield f"{key}~{number}"
        number += 1


def _of_compliance(message: Mapping[str, object]) -> Mapping[str, object]:
    """`{id, created_at, role | author: {role}, content: {content_type, parts} | {type, value}, files?: {data}}`."""
    content = as_map(message.get("content"))
    if "value" in content:
        content = {"content_type": content.get("type"), "parts": [content["value"]]}
    return {
        "author": {"role": as_map(message.get("author")).get("role") or message.get("role")},
        "create_time": message.get("created_at"),
        "content": content,
        "metadata": {"attachments": as_map(message.get("files")).get("data")},
    }
