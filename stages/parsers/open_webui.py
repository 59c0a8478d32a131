"""Open WebUI: the export of all chats, of one, and the bare chat that older versions wrote.

A record is `{id, title, chat: {…}, created_at, updated_at}`, the chat `{title, models, params, history: {messages:
{id: {id, parentId, childrenIds, role, content, timestamp, model, files, output}}, currentId}, timestamp}`. Seconds and
milliseconds stand side by side. What a model thought and which tools it called is folded into the text of its answer.
"""

import html
import re
from collections.abc import Iterable, Iterator, Mapping

from stages.parsers.contract import Bid, Broken, Empty, Peek, ReadContext, Record, Skipped, SourceFile, Variant
from stages.parsers.reading.drafts import Draft, conversation_of
from stages.parsers.reading.each import Reading, read_each
from stages.parsers.reading.json_stream import Item
from stages.parsers.reading.trees import follow
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

CHATS = "chats"
BARE = "bare"
_KEPT = (
    "the branch that was shown last, with text, reasoning, model, pictures and files as placeholders, and the system"
    " prompt apart"
)

_DETAILS = re.compile(r"<details\b([^<>]*)>")
_TYPE = re.compile(r'\btype="(\w+)"')
_END = "</details>"
_SUMMARY_END = "</summary>"
_QUOTED = re.compile(r"^>[ \t]?", re.MULTILINE)
_THOUGHTS = "reasoning"
_FOLDED = frozenset({_THOUGHTS, "tool_calls", "code_interpreter"})


class OpenWebUi:
    """Reads Open WebUI's chats. The variant is for people: records are told apart one by one."""

    platform = "open-webui"
    title = "Open WebUI"
    variants = (
        Variant(CHATS, "export of all chats, or of one (JSON)", _KEPT),
        Variant(BARE, "one chat as older versions wrote it", _KEPT),
    )
    not_chats = ()

    def bid(self, peek: Peek) -> Bid | None:
        """Sure of a history of messages that name their parents and children."""
        found = [record for record in peek.records if peek.kind == "json" and _is_chat(_chat_of(record))]
        if not found:
            return None
        return Bid(CHATS if any("chat" in as_map(record) for record in found) else BARE, Bid.SHAPE)

    def read(self, file: SourceFile, variant: str, context: ReadContext) -> Iterator[Record]:
        """See `Parser.read`. Branches that were not followed, and answers of other models, are counted in a note."""
        del variant, context
        return read_each(file, _record)


def _chat_of(record: object) -> Mapping[str, object]:
    told = as_map(record)
    return as_map(told.get("chat")) or told


def _is_chat(chat: Mapping[str, object]) -> bool:
    history = as_map(chat.get("history"))
    messages = history.get("messages")
    if isinstance(messages, dict) and ("currentId" in history or any(map(_is_linked, messages.values()))):
        return True
    return any(map(_is_linked, as_list(chat.get("messages"))))


def _is_linked(message: object) -> bool:
    told = as_map(message)
    return "role" in told and "parentId" in told and "childrenIds" in told


def _record(item: Item, reading: Reading) -> Record:
    told, tally = item.value, reading.tally
    if not isinstance(told, dict):
        return Broken(reading.records.position, "a chat is an object, and this is none")
    chat = _chat_of(told)
    if not _is_chat(chat):
        return Skipped("no Open WebUI chat")
    messages, current = _messages(chat)
    drafts = _drafts(messages, current, tally)
    if not drafts:
        return Empty(reading.records.position)
    return conversation_of(
        tally.clean(_id_of(told, chat, drafts[0])),
        OpenWebUi.platform,
        tally.clean(as_text(told.get("title")) or as_text(chat.get("title"))),
        drafts,
        created=milliseconds(told.get("created_at")) or milliseconds(chat.get("timestamp")),
        updated=milliseconds(told.get("updated_at")),
        otherwise=reading.file.modified_at,
        instructions=[tally.clean(text) for text in _instructions(chat, messages.values())],
    )


def _messages(chat: Mapping[str, object]) -> tuple[Mapping[str, Mapping[str, object]], str]:
    """The messages by their ids, and which was shown last. Beside the history, some chats have the shown ones alone."""
    history = as_map(chat.get("history"))
    messages = {key: as_map(message) for key, message in as_map(history.get("messages")).items()}
    if not any(messages.values()):
        listed = [as_map(message) for message in as_list(chat.get("messages"))]
        messages = {as_text(one.get("id")) or str(number): one for number, one in enumerate(listed, 1)}
    return messages, as_text(history.get("currentId")) or as_text(history.get("current_id"))


def _drafts(messages: Mapping[str, Mapping[str, object]], current: str, tally: Tally) -> list[Draft]:
    parents = {key: as_text(message.get("parentId")) for key, message in messages.items()}
    shown: dict[str, list[Draft]] = {}
    for key, message in messages.items():
        draft = _draft(key, message, tally)
        if draft is not None:
            shown[key] = [draft]
    return follow(parents, shown, current, tally)


def _id_of(told: Mapping[str, object], chat: Mapping[str, object], first: Draft) -> str:
    found = as_text(told.get("id")) or as_text(chat.get("id"))
    return found or f"open-webui-{digest(first.key, str(first.at), first.content)[:16]}"


def _instructions(chat: Mapping[str, object], messages: Iterable[Mapping[str, object]]) -> Iterator[str]:
    yield as_text(as_map(chat.get("params")).get("system"))
    yield as_text(chat.get("system"))
    for message in messages:
        if message.get("role") == "system":
            yield as_text(message.get("content"))


def _draft(key: str, message: Mapping[str, object], tally: Tally) -> Draft | None:
    """None for what is no turn, or shows nothing: an answer that failed."""
    role = message.get("role")
    if role not in ("user", "assistant"):
        return None
    by_user = role == "user"
    text, files = _text(message.get("content"), tally)
    thoughts: list[str] = []
    if not by_user:
        text, thoughts = _unfolded(text)
        thoughts = [*_output(message, _THOUGHTS), *thoughts]
        text = text if not is_blank(text) else "\n\n".join(_output(message, "message"))
    files += [_placeholder(as_map(file)) for file in as_list(message.get("files"))]
    content = tally.clean("\n".join(filter(None, (text, *files))))
    if is_blank(content):
        return None
    return Draft(
        key=tally.clean(key),
        role="user" if by_user else "assistant",
        content=content,
        at=milliseconds(message.get("timestamp")),
        reasoning=tally.clean(_different(thoughts)) or None,
        model=None if by_user else tally.clean(as_text(message.get("model"))) or None,
    )


def _text(content: object, tally: Tally) -> tuple[str, list[str]]:
    """The text of a message, and placeholders for the pictures in it."""
    texts, files = [as_text(content)], []
    for part in as_list(content):
        told = as_map(part)
        kind = as_text(told.get("type"))
        texts.append(as_text(part) or as_text(told.get("text")))
        if kind == "image_url":
            files.append("[image]")
        elif told and kind != "text":
            tally.count(f"message[|s] had a part of the unknown type {one_line(kind, 40)!r}")
    return "\n".join(filter(None, texts)), files


def _unfolded(text: str) -> tuple[str, list[str]]:
    """`text` without what Open WebUI folds, and the reasoning among that.

    What is folded is escaped, so that the first end is the right one. Details that the model wrote itself stay.
    """
    shown: list[str] = []
    thoughts: list[str] = []
    told, begin, last = 0, 0, text.rfind(_END)
    while (opening := _DETAILS.search(text, begin)) and opening.end() <= last:
        begin = opening.end()
        kind = _TYPE.search(opening[1])
        if kind and kind[1] in _FOLDED:
            shown.append(text[told : opening.start()])
            end = text.index(_END, begin)
            if kind[1] == _THOUGHTS:
                thoughts.append(_thought(text[begin:end]))
            told = begin = end + len(_END)
    if not told:
        return text, thoughts
    pieces = (piece.strip("\n") for piece in (*shown, text[told:]))
    return "\n\n".join(piece for piece in pieces if not is_blank(piece)), thoughts


def _thought(folded: str) -> str:
    """What was thought: without the summary ("Thought for 3 seconds"), no longer escaped and quoted."""
    summary, mark, rest = folded.partition(_SUMMARY_END)
    return _QUOTED.sub("", html.unescape(rest if mark else summary).strip()).strip()


def _output(message: Mapping[str, object], type_: str) -> Iterator[str]:
    """The texts of one type among what the model put out; reasoning can have a summary alone."""
    for item in map(as_map, as_list(message.get("output"))):
        if item.get("type") == type_:
            parts = as_list(item.get("content")) or as_list(item.get("summary"))
            texts = [as_text(item.get("content")), *(as_text(as_map(part).get("text")) for part in parts)]
            yield "\n\n".join(filter(None, texts)).strip()


def _different(thoughts: Iterable[str]) -> str:
    """`thoughts` one after the other; the text repeats what the output tells, with other white space."""
    return "\n\n".join({" ".join(thought.split()): thought for thought in thoughts if not is_blank(thought)}.values())


def _placeholder(file: Mapping[str, object]) -> str:
    inner = as_map(file.get("file"))
    kind = "image" if file.get("type") == "image" else "file"
    name = one_line(as_text(file.get("name")) or as_text(inner.get("filename")), 200)
    return f"[{kind}: {name}]" if name else f"[{kind}]"
