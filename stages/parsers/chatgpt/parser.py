"""ChatGPT: the official export in all its layouts, and what tools save of the same conversations.

A file is a list of conversations, an object of them by id (older exports), an object that holds the list, or one
conversation. A conversation is a tree of messages (`thread.py`, `conversations.py`); what a message shows depends on
its content type (`content.py`). Other shapes of the same are in `pages.py` and in `reading/chat_exporter.py`.
"""

from collections.abc import Iterator, Mapping
from functools import partial

from packages_store.model import Edition
from stages.parsers.chatgpt.content import Names
from stages.parsers.chatgpt.conversations import PLATFORM, is_unread, read_conversation
from stages.parsers.chatgpt.pages import COMPLIANCE, from_compliance, from_share, is_compliance, is_share
from stages.parsers.chatgpt.siblings import NOT_CHATS
from stages.parsers.contract import (
    Bid,
    Broken,
    Empty,
    Note,
    Peek,
    ReadContext,
    Record,
    Skipped,
    SourceFile,
    Variant,
)
from stages.parsers.reading import chat_exporter
from stages.parsers.reading.each import Reading, read_each
from stages.parsers.reading.json_stream import Item, envelope_behind
from stages.parsers.reading.values import as_list, as_map

_NODE = ("message", "parent", "children")
_SHELL = ("title", "create_time")
_NO_SHELL = ("is_anonymous", "rating", "turns")
_DEEPSEEKS = ("fragments", "inserted_at")
_LAYOUTS = {
    "array": "official export: `conversations.json` or its shards, alone or in the ZIP; chats that tools saved",
    "object-of-records": "older official export, keyed by conversation id",
    "wrapped": '`{"conversations": […]}`',
    "single": "one conversation, as the page's own API gives it",
    "lines": "one conversation a line",
}
_KEPT = (
    "the thread that was shown last, with text, spoken words, code answers, canvas documents, pictures and files as"
    " placeholders, reasoning, model; custom instructions and saved memories"
)
_COMPLIANCE = Variant(
    "compliance",
    "conversations from the Compliance API of ChatGPT Enterprise",
    "messages in their order; conversations that were listed without messages are skipped",
)
_SHARE = Variant("share", "share pages, as decoded by tools", "the thread that is shown, under the id of the share")


class ChatGpt:
    """Reads ChatGPT's conversations. The variants are for people: every record is read by its own shape.

    Only the flat files of the "ChatGPT Exporter" are another thing.
    """

    platform = PLATFORM
    title = "ChatGPT"
    variants = (
        *(Variant(name, what, _KEPT) for name, what in _LAYOUTS.items()),
        chat_exporter.VARIANT,
        _COMPLIANCE,
        _SHARE,
    )
    not_chats = NOT_CHATS

    def bid(self, peek: Peek) -> Bid | None:
        """Sure of conversations with an author among their nodes; a guess for those that hold none.

        The guess makes a change of the format a failure that is told, when nobody else knows the file.
        """
        if found := chat_exporter.bid_for(peek, self.platform):
            return found
        records = [as_map(record) for record in peek.records]
        if any(map(is_compliance, records)):
            marked = any(record.get("object") == COMPLIANCE for record in records)
            return Bid(_COMPLIANCE.name, Bid.MARKER if marked else Bid.SHAPE)
        if any(map(_is_conversation, records)):
            return Bid(peek.wrapping, Bid.SHAPE)
        if any(is_share(record) and _has_nodes(record) for record in records):
            return Bid(_SHARE.name, Bid.SHAPE)
        guessed = any(_is_shell(record) or _could_be_one(record) for record in records)
        return Bid(peek.wrapping, Bid.GUESS) if guessed else None

    def read(self, file: SourceFile, variant: str, context: ReadContext) -> Iterator[Record]:
        """See `Parser.read`. Branches that were not followed are counted in a note."""
        if variant == chat_exporter.VARIANT.name:
            return chat_exporter.read_exporter(file, self.platform, context)
        records = read_each(file, partial(_record, context.names))
        return _with_page(file, records) if variant == _COMPLIANCE.name else records


def _is_conversation(told: Mapping[str, object]) -> bool:
    """Whether a node of it tells an author: others use `mapping` too, but not this."""
    return _is_tree(told) and any("role" in as_map(message.get("author")) for message in _messages(told))


def _could_be_one(told: Mapping[str, object]) -> bool:
    """Whether it is a tree such as ChatGPT's, with messages that look otherwise than all that are known."""
    if not _is_tree(told) or any(name in message for message in _messages(told) for name in _DEEPSEEKS):
        return False
    return any(map(is_unread, as_map(told.get("mapping")).values()))


def _is_tree(told: Mapping[str, object]) -> bool:
    mapping = told.get("mapping")
    if not isinstance(mapping, dict):
        return False
    nodes = [node for node in mapping.values() if node is not None]
    return bool(nodes) and all(isinstance(node, dict) and any(name in node for name in _NODE) for node in nodes)


def _messages(told: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    return (as_map(as_map(node).get("message")) for node in as_map(told.get("mapping")).values())


def _is_shell(told: Mapping[str, object]) -> bool:
    """Whether it is a conversation of which only the head was exported."""
    has_id = "id" in told or "conversation_id" in told
    has_head = has_id and all(name in told for name in _SHELL) and not any(name in told for name in _NO_SHELL)
    return has_head and not told.get("mapping")


def _has_nodes(told: Mapping[str, object]) -> bool:
    return any("node_id" in message for message in map(as_map, as_list(told.get("messages"))))


def _record(names: Names, item: Item, reading: Reading) -> Record:
    told = item.value
    if not isinstance(told, dict):
        return Broken(reading.records.position, "a conversation is an object, and this is none")
    if told.get("mapping"):
        return read_conversation(item, told, reading, names)
    if is_share(told):
        return read_conversation(item, from_share(told), reading, names, Edition.COPY)
    if is_compliance(told):
        return _of_page(names, item, told, reading)
    if "mapping" in told or _is_shell(told):
        return Empty(reading.records.position)
    return Skipped("no ChatGPT conversation")


def _of_page(names: Names, item: Item, told: Mapping[str, object], reading: Reading) -> Record:
    conversation = from_compliance(told, reading.tally)
    if conversation is None:
        return Skipped("a ChatGPT conversation that was listed without its messages")
    return read_conversation(item, conversation, reading, names)


def _with_page(file: SourceFile, records: Iterator[Record]) -> Iterator[Record]:
    """The records, and whether the list goes on elsewhere."""
    yield from records
    with file.open() as stream:
        behind = envelope_behind(stream)
    if behind.get("has_more"):
        yield Note("this is not the last page of conversations; fetch the pages that follow as well")
