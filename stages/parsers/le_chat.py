"""Le Chat (Mistral): the official export, a ZIP with one list of messages for each chat.

A message is `{id, version, chatId, role, content, contentChunks, createdAt, files, canvas, quotes, reaction, …}`. They
come in no order at all, and the chat has no name.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from stages.parsers.contract import Bid, Broken, Empty, Peek, ReadContext, Record, Skipped, SourceFile, Variant
from stages.parsers.reading.drafts import Draft, conversation_of
from stages.parsers.reading.json_stream import Records
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

_MEMBERS = ("chatId", "role", "createdAt", "contentChunks")
_NEVER_SHOWN = frozenset({"tool_call", "reference", "custom_element", "canva"})

_Message = Mapping[str, object]


class LeChat:
    """Reads Le Chat's conversations."""

    platform = "le-chat"
    title = "Le Chat (Mistral)"
    variants = (
        Variant(
            "",
            "official export: `chat-….json`, alone or in the ZIP",
            "messages by their time, each in its last version, with text, canvases, quotes, pictures and files as"
            " placeholders",
        ),
    )
    not_chats = ()

    def bid(self, peek: Peek) -> Bid | None:
        """Sure of messages that name their chat and have chunks of content."""
        found = peek.kind == "json" and any(_is_message(as_map(record)) for record in peek.records)
        return Bid("", Bid.SHAPE) if found else None

    def read(self, file: SourceFile, variant: str, context: ReadContext) -> Iterator[Record]:
        """See `Parser.read`. Holds all messages of the file, which is one chat, until their order is known."""
        del variant, context
        tally = Tally()
        chats: dict[str, list[_Message]] = {}
        with file.open() as stream:
            records = Records(stream)
            for item in records:
                if isinstance(item, Broken):
                    yield item
                elif not isinstance(item.value, dict):
                    yield Broken(records.position, "a message is an object, and this is none")
                elif _is_message(item.value):
                    chats.setdefault(as_text(item.value["chatId"]), []).append(item.value)
                else:
                    yield Skipped("no message of Le Chat")
        for chat, messages in chats.items():
            yield _conversation(chat, messages, file.modified_at, tally)
        yield from tally.notes()


def _is_message(told: _Message) -> bool:
    return all(name in told for name in _MEMBERS)


def _conversation(chat: str, messages: Iterable[_Message], otherwise: int, tally: Tally) -> Record:
    drafts = list(_drafts(_in_order(messages, tally), tally))
    if not drafts:
        return Empty(f"chat {one_line(tally.clean(chat), 40)}")
    asked = next((draft.content for draft in drafts if draft.role == "user"), "")
    id_ = tally.clean(chat) or f"le-chat-{digest(drafts[0].key, drafts[0].content)[:16]}"
    return conversation_of(
        id_, LeChat.platform, one_line(asked), drafts, created=None, updated=None, otherwise=otherwise
    )


def _in_order(messages: Iterable[_Message], tally: Tally) -> Iterator[_Message]:
    """The last version of each message, at the place of its first one; a question before an answer of the same time."""
    versions: dict[str, list[_Message]] = {}
    for message in messages:
        versions.setdefault(_key_of(message), []).append(message)
    placed = []
    for key, same in versions.items():
        same.sort(key=_version)
        first = min((at for at in map(_at, same) if at is not None), default=None)
        placed.append((first is None, first or 0, same[-1].get("role") != "user", key))
    tally.count("earlier version[|s] of messages [was|were] left out", sum(len(same) - 1 for same in versions.values()))
    return (versions[key][-1] for *_, key in sorted(placed))


def _key_of(message: _Message) -> str:
    told = as_text(message.get("id"))
    return told or digest(str(message.get("role")), str(_at(message)), as_text(message.get("content")))[:16]


def _version(message: _Message) -> tuple[float, int]:
    version = message.get("version")
    return (version if isinstance(version, (int, float)) else 0), _at(message) or 0


def _at(message: _Message) -> int | None:
    return milliseconds(message.get("createdAt"))


def _drafts(messages: Iterable[_Message], tally: Tally) -> Iterator[Draft]:
    for message in messages:
        role = message.get("role")
        content = tally.clean(_content(message, tally))
        if role not in ("user", "assistant"):
            tally.count("message[|s] that neither the user nor the assistant wrote [was|were] left out")
        elif not is_blank(content):
            yield Draft(tally.clean(_key_of(message)), "user" if role == "user" else "assistant", content, _at(message))


def _content(message: _Message, tally: Tally) -> str:
    """What a message shows. `content` is the text of all chunks together, which a source can cut in two anywhere."""
    chunks = [as_map(chunk) for chunk in as_list(message.get("contentChunks"))]
    told = [_chunk(chunk, tally) for chunk in chunks]
    text = as_text(message.get("content"))
    if is_blank(text):
        text = "".join(text for text, _ in told)
    pieces = [
        *(_quoted(quote) for quote in as_list(message.get("quotes"))),
        text,
        *(_canvas(as_map(canvas)) for canvas in as_list(message.get("canvas"))),
        *(placeholder for _, placeholder in told),
        *(_placeholder(as_map(file)) for file in as_list(message.get("files"))),
    ]
    return "\n".join(filter(None, pieces))


def _chunk(chunk: _Message, tally: Tally) -> tuple[str, str]:
    """The text of a chunk, and the placeholder for what it is instead."""
    kind = as_text(chunk.get("type"))
    if kind == "text":
        return as_text(chunk.get("text")), ""
    if kind == "image_url":
        return "", "[image]"
    if kind == "file_reference":
        return "", _placeholder({"name": chunk.get("fileReference")})
    if kind not in _NEVER_SHOWN:
        tally.count(f"message[|s] had a chunk of the unknown type {one_line(kind, 40)!r}")
    return "", ""


def _quoted(quote: object) -> str:
    """What the user marked in an earlier message and spoke about."""
    told = as_map(quote)
    texts: Sequence[object] = (quote, *(told.get(name) for name in ("text", "content", "quote")))
    text = next((text for text in texts if isinstance(text, str) and not is_blank(text)), "")
    return "\n".join(f"> {line}" for line in text.strip().splitlines())


def _canvas(canvas: _Message) -> str:
    """A document that was written beside the chat."""
    content, title = as_text(canvas.get("content")), one_line(as_text(canvas.get("title")), 200)
    if is_blank(content):
        return ""
    return f"[artifact: {title}]\n{content}" if title else f"[artifact]\n{content}"


def _placeholder(file: _Message) -> str:
    kind = "image" if file.get("type") == "image" else "file"
    name = one_line(as_text(file.get("name")), 200)
    return f"[{kind}: {name}]" if name else f"[{kind}]"
