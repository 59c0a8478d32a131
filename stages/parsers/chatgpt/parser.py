"""ChatGPT: the official export in all its layouts, and what tools save of the same conversations.

A file is a list of conversations, an object of them by id (older exports), an object that holds the list, or one
conversation. A conversation is a tree of messages (`thread.py`); what a message shows depends on its content type
(`content.py`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from packages_store.model import Role
from stages.parsers.chatgpt.citations import without_marks
from stages.parsers.chatgpt.content import pictures_of, plots_of, reasoning_of, text_of
from stages.parsers.chatgpt.thread import Nodes, has_message, thread
from stages.parsers.contract import (
    Bid,
    Broken,
    Empty,
    NotAChat,
    Peek,
    ReadContext,
    Record,
    Skipped,
    SourceFile,
    Variant,
)
from stages.parsers.reading.drafts import Draft, conversation_of
from stages.parsers.reading.each import Reading, read_each
from stages.parsers.reading.json_stream import Item
from stages.parsers.reading.refusals import id_begins, records_have
from stages.parsers.reading.values import Tally, as_map, as_text, digest, is_blank, milliseconds

_NODE = ("message", "parent", "children")
_SHELL = ("title", "create_time")
_LAYOUTS = {
    "array": "official export: `conversations.json` or its shards, alone or in the ZIP; chats that tools saved",
    "object-of-records": "older official export, keyed by conversation id",
    "wrapped": '`{"conversations": […]}`',
    "single": "one conversation, as the page's own API gives it",
    "lines": "one conversation a line",
}
_KEPT = (
    "the thread that was shown last, with text, spoken words, code answers, pictures and files as placeholders,"
    " reasoning, model"
)


class ChatGpt:
    """Reads ChatGPT's conversations. The variant is the layout of the file, for people: every layout is read alike."""

    platform = "chatgpt"
    title = "ChatGPT"
    variants = tuple(Variant(name, what, _KEPT) for name, what in _LAYOUTS.items())
    not_chats = (
        NotAChat(
            records_have("conversation_id", "is_anonymous", without="mapping"),
            "it lists the ChatGPT conversations that were shared by link; it holds no messages.",
            "The messages are in conversations.json.",
        ),
        NotAChat(
            records_have("conversation_id", "rating", without="mapping"),
            "it holds ratings of ChatGPT's answers, no messages.",
            "The messages are in conversations.json.",
        ),
        NotAChat(id_begins("task_e_"), "it holds Codex tasks, no chats."),
    )

    def bid(self, peek: Peek) -> Bid | None:
        """Sure of conversations with an author among their nodes; a guess for those that hold no message at all."""
        if peek.kind != "json":
            return None
        if any(_is_conversation(record) for record in peek.records):
            return Bid(peek.wrapping, Bid.SHAPE)
        return Bid(peek.wrapping, Bid.GUESS) if any(map(_is_shell, peek.records)) else None

    def read(self, file: SourceFile, variant: str, context: ReadContext) -> Iterator[Record]:
        """See `Parser.read`. Branches that were not followed are counted in a note."""
        del variant, context
        return read_each(file, _record)


def _is_conversation(record: object) -> bool:
    """Whether a node of it tells an author: others use `mapping` too, but not this."""
    mapping = as_map(record).get("mapping")
    if not isinstance(mapping, dict):
        return False
    nodes = [node for node in mapping.values() if node is not None]
    if not all(isinstance(node, dict) and any(name in node for name in _NODE) for node in nodes):
        return False
    return any("role" in as_map(as_map(as_map(node).get("message")).get("author")) for node in nodes)


def _is_shell(record: object) -> bool:
    """Whether it is a conversation of which only the head was exported."""
    told = as_map(record)
    has_id = "id" in told or "conversation_id" in told
    return has_id and all(name in told for name in _SHELL) and not told.get("mapping")


def _record(item: Item, reading: Reading) -> Record:
    told = item.value
    if not isinstance(told, dict):
        return Broken(reading.records.position, "a conversation is an object, and this is none")
    nodes = told.get("mapping")
    if isinstance(nodes, dict) and nodes:
        return _conversation(item, told, nodes, reading)
    if nodes or ("mapping" not in told and not _is_shell(told)):
        return Skipped("no ChatGPT conversation")
    return Empty(reading.records.position)


def _conversation(item: Item, told: Mapping[str, object], nodes: Nodes, reading: Reading) -> Record:
    tally = reading.tally
    turns = _turns(nodes, told, tally)
    if not turns:
        return Empty(reading.records.position)
    created = milliseconds(told.get("create_time"))
    return conversation_of(
        tally.clean(_id_of(item, told, turns[0], created)),
        ChatGpt.platform,
        tally.clean(as_text(told.get("title"))),
        turns,
        created=created,
        updated=milliseconds(told.get("update_time")),
        otherwise=reading.file.modified_at,
    )


def _turns(nodes: Nodes, told: Mapping[str, object], tally: Tally) -> list[Draft]:
    keys = thread(nodes, told.get("current_node"))
    turns = _Turns(tally, as_text(told.get("default_model_slug")))
    for key in keys:
        turns.add(key, as_map(nodes[key]).get("message"))
    if len(keys) < len(nodes):
        followed = set(keys)
        left = sum(1 for key, node in nodes.items() if key not in followed and _is_turn(node))
        tally.count("messages on branches that were not followed (edited or regenerated) were left out", left)
    return turns.drafts


def _is_turn(node: object) -> bool:
    if not has_message(node):
        return False
    message = as_map(as_map(node).get("message"))
    return as_map(message.get("author")).get("role") in ("user", "assistant") and not _is_hidden(message)


def _id_of(item: Item, told: Mapping[str, object], first: Draft, created: int | None) -> str:
    """As told, else by the key in the file, else by what a later export of the same conversation would still hold."""
    for name in ("conversation_id", "id"):
        if found := as_text(told.get(name)):
            return found
    if item.key:
        return item.key
    return "chatgpt-" + digest(str(created or as_text(told.get("title"))), first.key, first.content)[:16]


def _is_hidden(message: Mapping[str, object]) -> bool:
    """Whether the platform itself shows nothing of it. `weight` does not tell: hidden ones carry 1, shown tools 0."""
    if message.get("recipient") not in (None, "all"):
        return True
    metadata = as_map(message.get("metadata"))
    return bool(metadata.get("is_visually_hidden_from_conversation") or metadata.get("is_user_system_message"))


@dataclass(slots=True)
class _Turns:
    """Gathers the turns of one thread, node by node."""

    tally: Tally
    default_model: str
    drafts: list[Draft] = field(default_factory=list)
    _thoughts: list[str] = field(default_factory=list)
    _plots: list[str] = field(default_factory=list)
    _at: int | None = None

    def add(self, key: str, message: object) -> None:
        """Take the next node of the thread. One that shows nothing still tells the time for the next."""
        if not isinstance(message, dict):
            return
        at = milliseconds(message.get("create_time"))
        inferred = at is None
        self._at = at or self._at
        role = as_map(message.get("author")).get("role")
        if role == "user":
            self._thoughts, self._plots = [], []
            self._append(key, "user", self._text(message), inferred)
        elif role == "assistant":
            self._add_answer(key, message, inferred)
        elif role == "tool":
            self._add_tool(key, message, inferred)

    def _add_answer(self, key: str, message: Mapping[str, object], inferred: bool) -> None:
        content = as_map(message.get("content"))
        if content.get("content_type") == "thoughts":
            self._thoughts.append(reasoning_of(content))
            return
        text = self._text(message)
        if not is_blank(text):
            shown = "\n".join([*self._plots, text])
            reasoning = self.tally.clean("\n\n".join(filter(None, self._thoughts))) or None
            self._append(key, "assistant", shown, inferred, reasoning, self._model(message))
            self._thoughts, self._plots = [], []

    def _add_tool(self, key: str, message: Mapping[str, object], inferred: bool) -> None:
        pictures = pictures_of(message, as_text(as_map(message.get("author")).get("name")))
        if pictures and not _is_hidden(message):
            self._append(key, "assistant", self.tally.clean(pictures), inferred, model=self._model(message))
        self._plots.extend(map(self.tally.clean, plots_of(message)))

    def _text(self, message: Mapping[str, object]) -> str:
        if _is_hidden(message):
            return ""
        return without_marks(self.tally.clean(text_of(message, self.tally)), as_map(message.get("metadata")))

    def _model(self, message: Mapping[str, object]) -> str | None:
        metadata = as_map(message.get("metadata"))
        found = metadata.get("model_slug") or metadata.get("resolved_model_slug") or self.default_model
        return self.tally.clean(as_text(found)) or None

    def _append(
        self, key: str, role: Role, text: str, inferred: bool, reasoning: str | None = None, model: str | None = None
    ) -> None:
        if not is_blank(text):
            clean_key = self.tally.clean(key)
            self.drafts.append(Draft(clean_key, role, text, self._at, reasoning, model, inferred))
