"""JanitorAI: the site's own JSON of a chat, which downloaders save as it is.

`{"chat": {"id", "summary", "updated_at"}, "character": {"name", "chat_name"}, "persona_name", "username",
"chatMessages": [{"id", "chat_id", "created_at", "is_bot", "is_main", "message"}]}`, the newest message first or last.
Of everything but the messages any part can be missing.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from stages.parsers.contract import Bid, Broken, Empty, Peek, ReadContext, Record, Skipped, SourceFile, Variant
from stages.parsers.reading.drafts import Draft, conversation_of
from stages.parsers.reading.each import Reading, read_each
from stages.parsers.reading.json_stream import Item
from stages.parsers.reading.values import as_list, as_map, as_text, digest, is_blank, milliseconds

Message = Mapping[str, object]

_MACRO = re.compile(r"\{\{(user|char)\}\}", re.IGNORECASE)


class JanitorAi:
    """Reads JanitorAI's chats."""

    platform = "janitor-ai"
    title = "JanitorAI"
    variants = (
        Variant(
            "",
            "a chat as JanitorAI Chat Downloader saves it (JSON), or as the site itself loads it",
            "every message with its time, the names in the place of `{{user}}` and `{{char}}`, and the summary of the"
            " chat as an instruction; of several answers the chosen one, at the end of the chat the first: the others"
            " are counted and left out",
        ),
    )
    not_chats = ()

    def bid(self, peek: Peek) -> Bid | None:
        """Sure of messages under the name that the site gives them, each of which tells whether a bot wrote it."""
        if peek.kind != "json":
            return None
        return Bid("", Bid.SHAPE) if any(map(_is_chat, peek.records)) else None

    def read(self, file: SourceFile, variant: str, context: ReadContext) -> Iterator[Record]:
        """See `Parser.read`."""
        del variant, context
        return read_each(file, _record)


def _is_chat(record: object) -> bool:
    told = as_map(record)
    messages = told.get("chatMessages")
    if not isinstance(messages, list):
        return False
    return any(_is_message(message) for message in messages) or (not messages and "character" in told)


def _is_message(message: object) -> bool:
    told = as_map(message)
    return isinstance(told.get("message"), str) and "is_bot" in told


def _record(item: Item, reading: Reading) -> Record:
    told, tally = as_map(item.value), reading.tally
    if not isinstance(item.value, dict):
        return Broken(reading.records.position, "a chat is an object, and this is none")
    if not isinstance(told.get("chatMessages"), list):
        return Skipped("no JanitorAI chat")
    listed = as_list(told.get("chatMessages"))
    messages = [as_map(message) for message in listed if _is_message(message)]
    tally.count("message[|s] without text [was|were] left out", len(listed) - len(messages))
    ordered = _in_order(messages)
    chosen = _chosen(ordered)
    tally.count("alternative answer[|s] that [was|were] not chosen [was|were] left out", len(messages) - len(chosen))
    character = as_map(told.get("character"))
    name = as_text(character.get("chat_name")) or as_text(character.get("name"))
    user = as_text(told.get("persona_name")) or as_text(told.get("username")) or "user"
    drafts = [_draft(message, user, name, reading) for message in chosen]
    drafts = [draft for draft in drafts if not is_blank(draft.content)]
    if not drafts:
        return Empty(reading.records.position)
    chat = as_map(told.get("chat"))
    return conversation_of(
        tally.clean(_id_of(chat, ordered)),
        JanitorAi.platform,
        tally.clean(as_text(character.get("name")) or name),
        drafts,
        created=milliseconds(chat.get("created_at")),
        updated=milliseconds(chat.get("updated_at")),
        otherwise=reading.file.modified_at,
        instructions=[tally.clean(as_text(chat.get("summary")))],
    )


def _in_order(messages: list[Message]) -> list[Message]:
    """The messages by their time, the oldest first; those without one stay beside their neighbours."""
    times = [milliseconds(message.get("created_at")) for message in messages]
    known = [at for at in times if at is not None]
    if known and known[0] > known[-1]:  # the site gives the newest first
        messages, times = messages[::-1], times[::-1]
    before = 0
    places: list[int] = []
    for at in times:
        before = before if at is None else at
        places.append(before)
    return [message for _place, message in sorted(zip(places, messages, strict=True), key=lambda pair: pair[0])]


def _chosen(messages: Sequence[Message]) -> list[Message]:
    """Without the answers that were not chosen.

    Answers of the bot that follow each other are alternatives where the site marks one as the main one, and at the end
    of the chat, where the downloader itself takes the first.
    """
    runs = [(by_bot, list(run)) for by_bot, run in groupby(messages, lambda message: bool(message.get("is_bot")))]
    found: list[Message] = []
    for number, (by_bot, run) in enumerate(runs, 1):
        main = [message for message in run if message.get("is_main") is not False] if by_bot else []
        found.extend((main or run)[:1] if by_bot and number == len(runs) else main or run)
    return found


def _draft(message: Message, user: str, name: str, reading: Reading) -> Draft:
    names = {"user": user, "char": name}
    text = _MACRO.sub(lambda macro: names[macro[1].casefold()] or macro[0], as_text(message.get("message")))
    content = reading.tally.clean(text)
    key = _id_in(message, "id") or digest(as_text(message.get("message")))[:16]
    at = milliseconds(message.get("created_at"))
    return Draft(reading.tally.clean(key), "assistant" if message.get("is_bot") else "user", content, at)


def _id_of(chat: Mapping[str, object], messages: Sequence[Message]) -> str:
    """The site's own id of the chat, else that of its first message, which no other chat has."""
    own = _id_in(chat, "id") or next(filter(None, (_id_in(message, "chat_id") for message in messages)), "")
    if own:
        return f"{JanitorAi.platform}-{own}"
    first = messages[0]
    return f"{JanitorAi.platform}-{digest(_id_in(first, 'id'), as_text(first.get('message')))[:16]}"


def _id_in(told: Mapping[str, object], name: str) -> str:
    found = told.get(name)
    return str(found) if isinstance(found, (str, int)) and not isinstance(found, bool) else ""
