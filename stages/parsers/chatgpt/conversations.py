"""One conversation of ChatGPT: a tree of messages, of which one thread is read."""

from collections.abc import Mapping

from packages_store.model import Edition
from stages.parsers.chatgpt.content import Names, is_hidden, is_known_shape
from stages.parsers.chatgpt.thread import Nodes, has_message, thread
from stages.parsers.chatgpt.turns import Turns
from stages.parsers.contract import Broken, Empty, Record
from stages.parsers.reading.drafts import Draft, conversation_of
from stages.parsers.reading.each import Reading
from stages.parsers.reading.json_stream import Item
from stages.parsers.reading.trees import LEFT_OUT
from stages.parsers.reading.values import Tally, as_map, as_text, digest, milliseconds

PLATFORM = "chatgpt"
_OF_A_NODE = frozenset({"id", "message", "parent", "children"})
"""What a node without a message holds; anything else could be one."""


def read_conversation(
    item: Item, told: Mapping[str, object], reading: Reading, names: Names, edition: Edition = Edition.EXPORT
) -> Record:
    """What the conversation `told` (of `item`, which can have been put into this shape) is.

    Branches that were not followed are counted. A conversation that holds messages of which none can be read is
    `Broken`, and not `Empty`: so does it look when the format has changed.
    """
    nodes, tally = told.get("mapping"), reading.tally
    if not isinstance(nodes, dict):
        return Broken(reading.records.position, "its messages are no object, as they are in ChatGPT's export")
    turns = _turns(nodes, told, tally, names)
    if not turns.drafts:
        if any(map(is_unread, nodes.values())):
            return Broken(reading.records.position, "it holds messages and none can be read: is this a new format?")
        return Empty(reading.records.position)
    created = milliseconds(told.get("create_time"))
    return conversation_of(
        tally.clean(_id_of(item, told, turns.drafts[0], created)),
        PLATFORM,
        tally.clean(as_text(told.get("title"))),
        turns.drafts,
        created=created,
        updated=milliseconds(told.get("update_time")),
        otherwise=reading.file.modified_at,
        edition=edition,
        instructions=turns.instructions,
    )


def is_unread(node: object) -> bool:
    """Whether a node holds something that is neither known nor known to be hidden."""
    if node is None:
        return False
    if not isinstance(node, dict):
        return True
    message = node.get("message")
    if not isinstance(message, dict):
        return message is not None or not _OF_A_NODE.issuperset(node)
    role = as_map(message.get("author")).get("role")
    if role in ("system", "tool") or is_hidden(message):
        return False
    return role not in ("user", "assistant") or not is_known_shape(message.get("content"))


def _turns(nodes: Nodes, told: Mapping[str, object], tally: Tally, names: Names) -> Turns:
    keys = thread(nodes, told.get("current_node"))
    turns = Turns(tally, names, as_text(told.get("default_model_slug")))
    for key in keys:
        turns.add(key, as_map(nodes[key]).get("message"))
    turns.end()
    if len(keys) < len(nodes):
        followed = set(keys)
        left = sum(1 for key, node in nodes.items() if key not in followed and _is_turn(node))
        tally.count(LEFT_OUT, left)
    return turns


def _is_turn(node: object) -> bool:
    if not has_message(node):
        return False
    message = as_map(as_map(node).get("message"))
    return as_map(message.get("author")).get("role") in ("user", "assistant") and not is_hidden(message)


def _id_of(item: Item, told: Mapping[str, object], first: Draft, created: int | None) -> str:
    """As told, else by the key in the file, else by what a later export of the same conversation would still hold."""
    # The community's exporter puts what it knows of the page beside the conversation.
    beside = as_map(told.get("psycheros_export")).get("conversation_id")
    for found in (told.get("conversation_id"), told.get("id"), item.key, beside):
        if isinstance(found, str) and found:
            return found
    return "chatgpt-" + digest(str(created or as_text(told.get("title"))), first.key, first.content)[:16]
