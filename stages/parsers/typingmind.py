"""TypingMind: the export of the app, `{"data": {"chats": [...]}}`, and chats alone.

A chat is `{chatID, chatTitle, createdAt, updatedAt, model, messages: [{uuid, role, content, createdAt}]}`; `content` is
a text, or a list of parts. An export is one value, which is read at once.
"""

from collections.abc import Iterator, Mapping
from functools import partial

from packages_store.model import Role
from stages.parsers.contract import Bid, Broken, Empty, Peek, ReadContext, Record, Skipped, SourceFile, Variant
from stages.parsers.reading.drafts import Draft, conversation_of
from stages.parsers.reading.each import Reading
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

_ROLES: Mapping[object, Role] = {"user": "user", "assistant": "assistant"}


class TypingMind:
    """Reads the chats of TypingMind."""

    platform = "typingmind"
    title = "TypingMind"
    variants = (
        Variant(
            "",
            'export of the app (`{"data": {"chats": […]}}`), or chats taken out of it',
            "every message with its time and model, pictures as placeholders; system messages as instructions",
        ),
    )
    not_chats = ()

    def bid(self, peek: Peek) -> Bid | None:
        """A chat tells `chatID`, as nobody else's does."""
        chats = (chat for record in peek.records for chat in _chats(record))
        return Bid("", Bid.SHAPE) if any(map(_is_chat, chats)) else None

    def read(self, file: SourceFile, variant: str, context: ReadContext) -> Iterator[Record]:
        """See `Parser.read`; but of a whole export, which is one record, all chats are held."""
        del variant, context
        with file.open() as stream:
            reading = Reading(file, Records(stream), Tally())
            for item in reading.records:
                if isinstance(item, Broken):
                    yield item
                else:
                    yield from _read(item.value, reading)
            yield from reading.tally.notes()


def _chats(record: object) -> list[object]:
    """The chats of an export; else the record itself, which could be one."""
    chats = as_map(as_map(record).get("data")).get("chats")
    return chats if isinstance(chats, list) else [record]


def _is_chat(value: object) -> bool:
    chat = as_map(value)
    return "chatID" in chat and isinstance(chat.get("messages"), list)


def _read(record: object, reading: Reading) -> Iterator[Record]:
    position = reading.records.position
    chats = _chats(record)
    for number, chat in enumerate(chats, start=1):
        place = position if chats[0] is record else f"{position}, chat {number}"
        yield _conversation(as_map(chat), place, reading) if _is_chat(chat) else _no_chat(chat, place)


def _no_chat(value: object, position: str) -> Record:
    if "chatID" in as_map(value):
        return Broken(position, "a chat has no list of messages")
    return Skipped("no TypingMind chat")


def _conversation(chat: Mapping[str, object], position: str, reading: Reading) -> Record:
    tally = reading.tally
    messages = [as_map(message) for message in as_list(chat.get("messages"))]
    prompts = [_text(message.get("content"), tally) for message in messages if message.get("role") == "system"]
    draft_of = partial(_draft, model=as_text(chat.get("model")), tally=tally)
    drafts = [draft for draft in map(draft_of, messages) if draft is not None]
    if not drafts:
        return Empty(position)
    id_ = tally.clean(as_text(chat.get("chatID"))) or f"typingmind-{digest(drafts[0].key, drafts[0].content)[:16]}"
    return conversation_of(
        id_,
        TypingMind.platform,
        tally.clean(as_text(chat.get("chatTitle"))),
        drafts,
        created=milliseconds(chat.get("createdAt")),
        updated=milliseconds(chat.get("updatedAt")),
        otherwise=reading.file.modified_at,
        instructions=[tally.clean(as_text(as_map(chat.get("chatParams")).get("systemMessage"))), *prompts],
    )


def _draft(message: Mapping[str, object], model: str, tally: Tally) -> Draft | None:
    told = message.get("role")
    role = _ROLES.get(told) if isinstance(told, str) else None
    if role is None:
        if told != "system":
            tally.count("message[|s] that neither the user nor the assistant wrote [was|were] left out")
        return None
    text = _text(message.get("content"), tally)
    if is_blank(text):
        tally.count("message[|s] without text [was|were] left out")
        return None
    return Draft(
        tally.clean(as_text(message.get("uuid"))) or digest(role, text)[:16],
        role,
        text,
        milliseconds(message.get("createdAt")),
        model=tally.clean(as_text(message.get("model")) or model) or None if role == "assistant" else None,
    )


def _text(content: object, tally: Tally) -> str:
    if isinstance(content, str):
        return tally.clean(content)
    return tally.clean("\n".join(filter(None, (_part(part, tally) for part in as_list(content)))))


def _part(value: object, tally: Tally) -> str:
    part = as_map(value)
    kind = as_text(part.get("type"))
    if kind in ("text", ""):
        return as_text(part.get("text"))
    if kind == "image_url":
        return _image(as_text(as_map(part.get("image_url")).get("url")))
    tally.count(f"message[|s] had the unknown content type {one_line(tally.clean(kind), 40)!r}")
    return as_text(part.get("text"))


def _image(url: str) -> str:
    """A placeholder with the name of the file, which a picture that is in the text itself has not."""
    name = "" if url.startswith("data:") else one_line(url.partition("?")[0].rpartition("/")[2], 200)
    return f"[image: {name}]" if name else "[image]"
