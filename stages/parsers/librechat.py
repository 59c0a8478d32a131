"""LibreChat: the JSON export of one conversation.

`{conversationId, endpoint, title, exportAt, branches, recursive, options: {model, …}, messages | messagesTree}`. Each
message either holds the ones that follow it (`children`, the default) or names the one before it (`parentMessageId`).
`exportAt` is a time of day without a date, and of no use.
"""

from collections.abc import Collection, Iterator, Mapping

from stages.parsers.contract import Bid, Broken, Empty, Peek, ReadContext, Record, SourceFile, Variant
from stages.parsers.reading.drafts import Draft, conversation_of
from stages.parsers.reading.json_values import Malformed
from stages.parsers.reading.json_window import LARGEST_VALUE, Window
from stages.parsers.reading.trees import distinct, follow, last_leaf
from stages.parsers.reading.values import (
    Tally,
    as_list,
    as_map,
    as_text,
    digest,
    is_blank,
    milliseconds,
    one_line,
)

_LISTS = frozenset({"messagesTree", "messages"})
_CHILDREN = frozenset({"children"})
_HEAD = ("conversationId", "exportAt")
_INSTRUCTIONS = ("promptPrefix", "system", "instructions")
_OLD_THOUGHTS = ":::thinking"
_OLD_END = "\n:::"
_NEVER_SHOWN = frozenset({"tool_call", "agent_update"})

_MOST = 200_000
"""Messages of one conversation: with what is held beside the text of each, they would take a hundred megabytes."""

_AT_ONCE = 16 << 20
"""Bytes of a file that is decoded at once, and whose text is held beside what is made of it."""

_Tree = list[tuple[dict[str, object], int]]
"""The conversation, then its messages, each with the place in this list of what it was found in."""


class LibreChat:
    """Reads LibreChat's conversations."""

    platform = "librechat"
    title = "LibreChat"
    variants = (
        Variant(
            "",
            "export of a conversation as JSON, recursive or not",
            "the last branch at each fork, with text, reasoning, model, pictures and files as placeholders, and the"
            " system prompt apart",
        ),
    )
    not_chats = ()

    def bid(self, peek: Peek) -> Bid | None:
        """Sure of a conversation that says when it was exported, however deep its messages are nested."""
        if "nested too deeply" in peek.flaw:
            head = peek.head.lstrip("\ufeff \t\r\n")
            found = head.startswith("{") and all(f'"{name}"' in head for name in (*_HEAD, "messageId"))
        else:
            found = peek.wrapping == "single" and any(_is_conversation(as_map(record)) for record in peek.records)
        return Bid("", Bid.SHAPE) if found else None

    def read(self, file: SourceFile, variant: str, context: ReadContext) -> Iterator[Record]:
        """See `Parser.read`. A file is one conversation, and read whole or not at all."""
        del variant, context
        try:
            tree = _tree_at_once(file) or _tree(file)
        except Malformed as error:
            yield Broken(f"record 1, byte {error.offset}", error.why)
            return
        tally = Tally()
        yield _conversation(tree, file.modified_at, tally)
        yield from tally.notes()


def _is_conversation(told: Mapping[str, object]) -> bool:
    listed = as_list(told.get("messagesTree")) or as_list(told.get("messages"))
    is_empty = "messagesTree" in told or "messages" in told
    return all(name in told for name in _HEAD) and (
        any("isCreatedByUser" in as_map(message) for message in listed) or (is_empty and not listed)
    )


def _tree_at_once(file: SourceFile) -> _Tree | None:
    """Everything in the file, decoded at once: ten times as fast as member by member.

    None for what is too large, broken, or nested deeper than the decoder goes: the other way tells more of it.
    """
    if file.size > min(_AT_ONCE, LARGEST_VALUE):
        return None
    with file.open() as stream:
        window = Window(stream, largest=_AT_ONCE)
        try:
            if window.peek() == '"':
                window.enter(as_text(window.value()))
            told = window.value()
            is_whole = isinstance(told, dict) and not window.peek()
        except Malformed:
            return None
    return _flattened(as_map(told)) if is_whole else None


def _flattened(told: Mapping[str, object]) -> _Tree | None:
    """The conversation and its messages, each behind what it was found in; None when they are too many."""
    tree: _Tree = []
    waiting: list[tuple[dict[str, object], int]] = [(dict(told), -1)]
    while waiting:
        one, within = waiting.pop()
        place = len(tree)
        tree.append((one, within))
        lists = _LISTS if place == 0 else _CHILDREN
        listed = [as_list(one.pop(name)) for name in list(one) if name in lists and isinstance(one[name], list)]
        inner = [message for messages in listed for message in messages if isinstance(message, dict)]
        waiting.extend((message, place) for message in reversed(inner))
        if len(tree) > _MOST + 1:
            return None
    return tree


def _tree(file: SourceFile) -> _Tree:
    """Everything in the file, read member by member. Raises Malformed.

    With each message inside the one before it, a chat of 500 nests deeper than the decoder goes.
    """
    with file.open() as stream:
        return _read_tree(Window(stream))


def _read_tree(window: Window) -> _Tree:
    if window.peek() == '"':
        window.enter(as_text(window.value()))
    window.take("{")
    tree: _Tree = [({}, -1)]
    opened = [("}", 0)]  # how each object and each list that the reader is in ends, and whose it is
    while opened:
        end, place = opened[-1]
        mark = window.peek()
        if mark == end:
            window.take(end)
            opened.pop()
        elif mark == ",":
            window.take(",")
        elif end == "}":
            if _begins_list(window, tree[place][0], _LISTS if place == 0 else _CHILDREN):
                opened.append(("]", place))
        elif mark == "{" and len(tree) <= _MOST:
            window.take("{")
            tree.append(({}, place))
            opened.append(("}", len(tree) - 1))
        elif len(tree) > _MOST:
            raise Malformed(f"it holds more than {_MOST} messages", window.offset())
        else:
            window.value()
    if window.peek():
        raise Malformed("more follows the end of the JSON", window.offset())
    return tree


def _begins_list(window: Window, told: dict[str, object], lists: Collection[str]) -> bool:
    """Read the next member into `told`; or say that it is one of `lists`, before whose first message the reader is."""
    if window.end > LARGEST_VALUE:
        raise Malformed(f"it is larger than {LARGEST_VALUE >> 20} MiB", 0)
    if window.peek() != '"':
        window.take('"')
    key = str(window.value())
    window.take(":")
    if key in lists and window.peek() == "[":
        window.take("[")
        return True
    told[key] = window.value()
    return False


def _conversation(tree: _Tree, otherwise: int, tally: Tally) -> Record:
    head, _ = tree[0]
    options = as_map(head.get("options"))
    keys = ["", *distinct(_key_of(message) for message, _ in tree[1:])]
    parents: dict[str, str] = {}
    shown: dict[str, list[Draft]] = {}
    for key, (message, within) in zip(keys[1:], tree[1:], strict=True):
        parents[key] = keys[within] or as_text(message.get("parentMessageId"))
        draft = _draft(key, message, as_text(options.get("model")), tally)
        if draft is not None:
            shown[key] = [draft]
    drafts = follow(parents, shown, last_leaf(parents, shown), tally)
    if not drafts:
        return Empty("record 1, byte 0")
    return conversation_of(
        tally.clean(as_text(head.get("conversationId")))
        or f"librechat-{digest(drafts[0].key, drafts[0].content)[:16]}",
        LibreChat.platform,
        tally.clean(as_text(head.get("title"))),
        drafts,
        created=None,
        updated=None,
        otherwise=otherwise,
        instructions=[tally.clean(as_text(options.get(name))) for name in _INSTRUCTIONS],
    )


def _key_of(message: Mapping[str, object]) -> str:
    told = as_text(message.get("messageId")) or as_text(message.get("_id"))
    return told or digest(str(message.get("isCreatedByUser")), as_text(message.get("text")))[:16]


def _draft(key: str, message: Mapping[str, object], model: str, tally: Tally) -> Draft | None:
    """None for what shows nothing, and for what the server said about a failure."""
    by_user = message.get("isCreatedByUser") is True
    if message.get("error") is True:
        tally.count("message[ tells|s tell] of an error, and [was|were] left out")
        return None
    text, thoughts = _said(message, by_user, tally)
    files = (_placeholder(as_map(file)) for file in as_list(message.get("files")))
    content = tally.clean("\n".join(filter(None, (text, *files))))
    if is_blank(content):
        return None
    return Draft(
        key=tally.clean(key),
        role="user" if by_user else "assistant",
        content=content,
        at=milliseconds(message.get("createdAt")),
        reasoning=tally.clean(thoughts) or None,
        model=None if by_user else tally.clean(as_text(message.get("model")) or model) or None,
    )


def _said(message: Mapping[str, object], by_user: bool, tally: Tally) -> tuple[str, str]:
    """What a message shows, and what was thought. Where there are parts, `text` is empty or tells the same."""
    parts = as_list(message.get("content"))
    text = as_text(message.get("text"))
    if parts:
        shown = [_shown(as_map(part), tally) for part in parts]
        thoughts = [_value(as_map(part), "think") for part in parts]
        return "\n\n".join(filter(None, shown)) or text, "\n\n".join(filter(None, thoughts))
    if not by_user and text.startswith(_OLD_THOUGHTS):
        thought, mark, rest = text.removeprefix(_OLD_THOUGHTS).partition(_OLD_END)
        if mark:
            return rest.strip(), thought.strip()
    return text, ""


def _shown(part: Mapping[str, object], tally: Tally) -> str:
    kind = as_text(part.get("type"))
    if kind == "image_file":
        return _placeholder({"type": "image/", **as_map(part.get("image_file"))})
    if kind == "image_url":
        return "[image]"
    if kind not in ("text", "think") and kind not in _NEVER_SHOWN:
        tally.count(f"message[|s] had a part of the unknown type {one_line(kind, 40)!r}")
    return "" if kind in _NEVER_SHOWN else _value(part, "text")


def _value(part: Mapping[str, object], name: str) -> str:
    """A text, which assistants of OpenAI put into an object."""
    value = part.get(name)
    return as_text(value) or as_text(as_map(value).get("value"))


def _placeholder(file: Mapping[str, object]) -> str:
    kind = "image" if as_text(file.get("type")).startswith("image/") else "file"
    name = one_line(as_text(file.get("filename")) or as_text(file.get("file_id")), 200)
    return f"[{kind}: {name}]" if name else f"[{kind}]"
