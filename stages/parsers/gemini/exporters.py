"""Chats of Gemini as browser extensions save them: the address of the chat, and what was said in it.

Voyager names its format: `{"format": "gemini-voyager.chat.v1", "url", "exportedAt", "title"?, "items": [{"user",
"assistant", "attachments"?: [{"name", "type"}]}]}`, in Markdown. Others are known by the address alone: `{"url",
"messages": [{"role", "content", "timestamp"?}]}`, one object or a list of them, or "raw" as `{"url", "exchanges":
[{"messages": [{"speaker", "message_type", "text", "thinking_stages"}]}]}`, in which the page's copies are copied. Few
of them know when something was said; the times that the others write are those of the export.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from packages_store.model import Edition, Role
from stages.parsers.contract import Broken, Empty, Peek, ReadContext, Record, Skipped, SourceFile
from stages.parsers.gemini.threads import UNTIMED, chat_in, id_by_words, keyed, title_of
from stages.parsers.reading.drafts import Draft, conversation_of
from stages.parsers.reading.each import Reading, read_each
from stages.parsers.reading.json_stream import Item
from stages.parsers.reading.values import Tally, as_list, as_map, as_text, is_blank, milliseconds, one_line

VOYAGER_REPORT = "gemini-voyager.report.v1"
_VOYAGER = "gemini-voyager.chat.v1"
_HOST = re.compile(r"https?://gemini\.google\.com/")
_LISTS = ("items", "messages", "exchanges")
_SIDES: Mapping[str, Role] = {
    **dict.fromkeys(("user", "human", "prompt"), "user"),
    **dict.fromkeys(("assistant", "model", "gemini", "bot", "response"), "assistant"),
}
# Exporters that do not read the id in the address make one up, from a clock or a place; the platform's are these.
_PLATFORMS_ID = re.compile(r"(?:c_)?([0-9a-f]{8,64})")
_EXPORTED = ("exportedAt", "export_timestamp", "timestamp")
_LATELY = 60_000
"""A message that is at most this many milliseconds older than the export has the time of the export."""


def holds_voyager(peek: Peek) -> bool:
    """Whether a record is a chat of Gemini that Voyager saved."""
    return any(map(_is_voyager, peek.records))


def holds_saved_chats(peek: Peek) -> bool:
    """Whether a record has the address of a chat with Gemini, and something said in it."""
    return any(_is_of_gemini(told) and _speaks(told) for told in map(as_map, peek.records))


def lists_chats(peek: Peek) -> bool:
    """Whether records have addresses of chats with Gemini, and nothing that was said in them."""
    return any(_is_of_gemini(told) for told in map(as_map, peek.records)) and not holds_saved_chats(peek)


def is_voyagers_elsewhere(peek: Peek) -> bool:
    """Whether Voyager saved it from another site: it names its format after Gemini there as well."""
    return any(as_map(record).get("format") == _VOYAGER for record in peek.records) and not holds_voyager(peek)


def read_saved_chats(file: SourceFile, context: ReadContext) -> Iterator[Record]:
    """Every chat of the file, in its order."""
    del context
    return read_each(file, _record)


def _is_voyager(record: object) -> bool:
    told = as_map(record)
    return told.get("format") == _VOYAGER and (_is_of_gemini(told) or not told.get("url"))


def _is_of_gemini(told: Mapping[str, object]) -> bool:
    return bool(_HOST.match(as_text(told.get("url"))))


def _entries(told: Mapping[str, object]) -> Sequence[object]:
    return next(filter(None, (as_list(told.get(name)) for name in _LISTS)), ())


def _speaks(told: Mapping[str, object]) -> bool:
    return next(_drafts(_entries(told), Tally()), None) is not None


def _record(item: Item, reading: Reading) -> Record:
    told, tally = item.value, reading.tally
    if not isinstance(told, dict):
        return Broken(reading.records.position, "a chat is an object, and this is none")
    if not (_is_voyager(told) or _is_of_gemini(told)):
        return Skipped("no chat of Gemini")
    if not any(isinstance(told.get(name), list) for name in _LISTS) or told.get("type") == "sidebar_reference":
        return Skipped("a chat of which only the name was saved")
    drafts = list(keyed(_drafts(_entries(told), tally)))
    if not drafts:
        return Empty(reading.records.position)
    created, updated = milliseconds(told.get("createdAt")), milliseconds(told.get("lastMessageAt"))
    exported = _exported(told, reading.records.envelope)
    drafts = [_told_at(draft, exported) for draft in drafts]
    if created is None and all(draft.inferred or draft.at is None for draft in drafts):
        tally.count(UNTIMED)
    return conversation_of(
        tally.clean(_id_of(told)) or id_by_words(drafts),
        "gemini",
        title_of(tally.clean(as_text(told.get("title"))), drafts),
        drafts,
        created=created,
        updated=updated,
        otherwise=exported or reading.file.modified_at,
        # Only what comes from the platform's own interface knows of the last message.
        edition=Edition.COPY if _is_voyager(told) or updated else Edition.PAGE,
    )


def _exported(told: Mapping[str, object], beside: Mapping[str, object]) -> int | None:
    """When the chat was saved, as it tells itself, else as the file does."""
    tellers = (told, beside, as_map(beside.get("export_info")))
    times = (milliseconds(teller.get(name)) for teller in tellers for name in _EXPORTED)
    return next(filter(None, times), None)


def _told_at(draft: Draft, exported: int | None) -> Draft:
    """The draft, marked where its time is that of the export."""
    if draft.at is None or exported is None or draft.at < exported - _LATELY:
        return draft
    return draft._replace(inferred=True)


def _id_of(told: Mapping[str, object]) -> str:
    """The platform's own id, as in every other export of the same chat; '' when it is not told."""
    ids = (_PLATFORMS_ID.fullmatch(as_text(told.get(name))) for name in ("conversation_id", "conversationId", "id"))
    return chat_in(as_text(told.get("url"))) or next((found[1] for found in ids if found), "")


def _drafts(entries: Sequence[object], tally: Tally) -> Iterator[Draft]:
    for entry in map(as_map, entries):
        for draft in _of_entry(entry, tally):
            if is_blank(draft.content):
                tally.count("message[|s] without text [was|were] left out")
            else:
                yield draft


def _of_entry(entry: Mapping[str, object], tally: Tally) -> Iterator[Draft]:
    """What was said in a message, in a pair of a question and its answer, or in an exchange."""
    if isinstance(entry.get("messages"), list):
        yield from _of_exchange([as_map(message) for message in as_list(entry["messages"])], tally)
    elif "role" in entry:
        side = _SIDES.get(as_text(entry.get("role")).strip().casefold())
        if side is None:
            tally.count("message[|s] of neither side [was|were] left out")
            return
        text = tally.clean(as_text(entry.get("content")) or as_text(entry.get("text")))
        yield Draft("", side, text, milliseconds(entry.get("timestamp")))
    elif "user" in entry or "assistant" in entry:
        files = [tally.clean(_placeholder(as_map(file))) for file in as_list(entry.get("attachments"))]
        asked = [tally.clean(as_text(entry.get("user"))), *files]
        yield Draft("", "user", "\n".join(filter(None, asked)), None)
        yield Draft("", "assistant", tally.clean(as_text(entry.get("assistant"))), None)
    else:
        tally.count("message[|s] of neither side [was|were] left out")


def _of_exchange(messages: Sequence[Mapping[str, object]], tally: Tally) -> Iterator[Draft]:
    """A question and its answer. The page holds both several times: equal questions, and drafts of the answer."""
    said: dict[Role, list[str]] = {"user": [], "assistant": []}
    thoughts: list[str] = []
    for message in messages:
        stages = map(as_map, as_list(message.get("thinking_stages")))
        thoughts.extend(
            ": ".join(filter(None, map(as_text, (one.get("stage_name"), one.get("text"))))) for one in stages
        )
        side = _SIDES.get(as_text(message.get("speaker")).casefold())
        text = tally.clean(as_text(message.get("text")))
        if side and not is_blank(text):
            said[side].append(text)
    copies = sum(max(0, len(one) - 1) for one in said.values())
    tally.count("[copy of a message|copies of messages], as the page holds [it|them], [was|were] left out", copies)
    if said["user"]:
        yield Draft("", "user", max(said["user"], key=len), None)
    if said["assistant"]:
        reasoning = tally.clean("\n".join(filter(None, thoughts))) or None
        yield Draft("", "assistant", said["assistant"][-1], None, reasoning)


def _placeholder(file: Mapping[str, object]) -> str:
    """What stands for an attachment: its kind, which is told in any form, and its name."""
    told, name = as_text(file.get("type")).casefold(), one_line(as_text(file.get("name")), 200)
    kind = next((kind for kind in ("image", "audio", "video") if kind in told), "file")
    return f"[{kind}: {name}]" if name else f"[{kind}]"
