"""Chats as the "Exporter" browser extensions save them, for ChatGPT, Claude and Gemini alike.

`{"title"?, "metadata": {"title"?, "dates": {"created", "updated", "exported"}, "link"?, "powered_by": "ChatGPT Exporter
(…)"}, "messages": [{"role": "Prompt"|"Response", "say", "time"?}]}`. A flat list: no ids but the one in the link, no
model, times in the zone of the browser and written as its language has it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import partial
from typing import NamedTuple

from packages_store.model import Conversation, Edition, Role
from stages.parsers.contract import Bid, Broken, Empty, Peek, ReadContext, Record, Skipped, SourceFile, Variant
from stages.parsers.reading.drafts import Draft, conversation_of
from stages.parsers.reading.each import Reading, read_each
from stages.parsers.reading.json_stream import Item
from stages.parsers.reading.values import Tally, as_list, as_map, as_text, digest, is_blank, milliseconds, moment_ms

VARIANT = Variant(
    "chat-exporter",
    'a chat that the "ChatGPT Exporter", "Claude Exporter" or "Gemini Exporter" extension saved as JSON',
    "prompts and answers in their order, reasoning where it is marked; times as good as the file tells them",
)

_MAKERS = {"chatgpt exporter": "chatgpt", "claude exporter": "claude", "gemini exporter": "gemini"}
_HOSTS = {
    "chatgpt.com": "chatgpt",
    "chat.openai.com": "chatgpt",
    "claude.ai": "claude",
    "gemini.google.com": "gemini",
}
_ROLES: Mapping[str, Role] = {
    **dict.fromkeys(("prompt", "user", "human", "you"), "user"),
    **dict.fromkeys(("response", "assistant", "model", "chatgpt", "claude", "gemini"), "assistant"),
}
_LINK = re.compile(r"https?://(?:www\.)?([^/?#\s]+)([^?#\s]*)")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_GEMINI_ID = re.compile(r"/(?:app|gem/[^/]+)/(?:c_)?([\w-]{6,64})/?$")
_OF_DAY = r"(\d{1,2}):(\d\d)(?::(\d\d))?\s*(?:([ap])\.?m\.?)?"
_TIME = re.compile(_OF_DAY, re.IGNORECASE)
_DATE = re.compile(r"(\d{1,4})([-/.])(\d{1,2})\2(\d{1,4})(?:,?\s+|T)" + _OF_DAY, re.IGNORECASE)
# How the extension writes what Claude thought before it answered.
_THOUGHTS = re.compile(r"\s*(`{3,})plaintext\nThought process: (.*?)\n\1\s*", re.DOTALL)
# What is left of the tile of an uploaded file: its name, and the word on it.
_UPLOAD = re.compile(r"([^\n]{1,200}?\.[A-Za-z0-9]{1,8}?)\s*File(?:\n+|$)")
_EARLIEST, _LATEST = 946_684_800_000, 4_102_444_800_000  # the years 2000 and 2100: other times are none of chats
_BACK = 5 * 60_000
"""How many milliseconds a message may lie before the one that it follows, where only the time of day is told."""


def bid_for(peek: Peek, platform: str) -> Bid | None:
    """The bid of the parser for `platform` (chatgpt, claude or gemini): of these three one at most has any.

    Sure where the file names the extension; a shape where only the host of its link tells the platform.
    """
    found = next(filter(None, map(_origin, peek.records)), None)
    return Bid(VARIANT.name, found[1]) if found and found[0] == platform else None


def read_exporter(file: SourceFile, platform: str, context: ReadContext) -> Iterator[Record]:
    """See `Parser.read`. What the file itself says of the platform of a chat goes before `platform`.

    Without a link, a conversation is known by when it was created and by its first message.
    """
    return read_each(file, partial(_record, platform, context.zone))


def _origin(record: object) -> tuple[str, int] | None:
    """The platform of a chat, and how surely it is told; None when this is no chat of the extension."""
    told = as_map(record)
    if not _is_chat(told):
        return None
    metadata = as_map(told.get("metadata"))
    maker = as_text(metadata.get("powered_by")).casefold()
    for name, platform in _MAKERS.items():
        if name in maker:
            return platform, Bid.MARKER
    link = _LINK.match(as_text(metadata.get("link")))
    host = _HOSTS.get(link[1].casefold()) if link else None
    return (host, Bid.SHAPE) if host and told["messages"] else None


def _is_chat(told: Mapping[str, object]) -> bool:
    messages = told.get("messages")
    if not isinstance(messages, list):
        return False
    return any("role" in one and "say" in one for one in map(as_map, messages)) or (not messages and "metadata" in told)


def _record(platform: str, zone: tzinfo, item: Item, reading: Reading) -> Record:
    told = item.value
    if not isinstance(told, dict):
        return Broken(reading.records.position, "a chat is an object, and this is none")
    if not _is_chat(told):
        return Skipped("no chat of the exporter")
    found = chat_of(told, platform, zone, reading.tally, reading.file.modified_at)
    return found or Empty(reading.records.position)


def chat_of(
    told: Mapping[str, object], platform: str, zone: tzinfo, tally: Tally, otherwise: int
) -> Conversation | None:
    """The conversation that a chat of the extension is, None when nothing is said in it. See `read_exporter`.

    `otherwise` is the time, in milliseconds since 1970, of a chat that tells none.
    """
    turns = _turns(as_list(told.get("messages")), tally)
    if not turns:
        return None
    found = _origin(told)
    platform = found[0] if found else platform
    metadata = as_map(told.get("metadata"))
    dates = as_map(metadata.get("dates"))
    clock = _Clock(zone, _day_comes_first([*dates.values(), *(turn.time for turn in turns)], tally))
    created, updated, exported = (clock.instant(dates.get(name))[0] for name in ("created", "updated", "exported"))
    begun = as_text(dates.get("created")) or as_text(metadata.get("title"))
    return conversation_of(
        _id_in(as_text(metadata.get("link"))) or f"{platform}-{digest(begun, turns[0].role, turns[0].text)[:16]}",
        platform,
        tally.clean(as_text(told.get("title")) or as_text(metadata.get("title"))),
        _drafts(turns, clock, created, updated or exported),
        created=created,
        updated=updated,
        otherwise=exported or otherwise,
        edition=Edition.COPY,
    )


def _id_in(link: str) -> str:
    """The conversation that a link leads to, by the id it also has in the platform's own export; '' for none."""
    found = _LINK.match(link)
    if found is None:
        return ""
    id_ = _GEMINI_ID.search(found[2]) if _HOSTS.get(found[1].casefold()) == "gemini" else None
    uuid = _UUID.search(found[2])
    return id_[1] if id_ else uuid[0].lower() if uuid else ""


class _Turn(NamedTuple):
    role: Role
    text: str
    reasoning: str | None
    time: object


def _turns(messages: Sequence[object], tally: Tally) -> list[_Turn]:
    turns: list[_Turn] = []
    said: tuple[Role, str] | None = None
    for message in map(as_map, messages):
        role = _ROLES.get(as_text(message.get("role")).strip().casefold())
        text = tally.clean(as_text(message.get("say")))
        if role is None:
            tally.count("message[|s] that neither the user nor the assistant wrote [was|were] left out")
        elif is_blank(text):
            tally.count("message[|s] without text [was|were] left out")
        elif (role, text) == said:
            tally.count("message[|s] repeated the one before [it|them] and [was|were] left out")
        else:
            said = (role, text)
            turns.append(_turn(role, text, message.get("time")))
    return turns


def _turn(role: Role, text: str, time_: object) -> _Turn:
    if role == "user":
        return _Turn(role, _with_uploads(text), None, time_)
    thoughts, begin = [], 0
    while found := _THOUGHTS.match(text, begin):
        thoughts.append(found[2])
        begin = found.end()
    answer = text[begin:]
    if is_blank(answer):  # an answer that is nothing else is kept as it is
        return _Turn(role, text, None, time_)
    return _Turn(role, answer, "\n\n".join(thoughts) or None, time_)


def _with_uploads(text: str) -> str:
    """`text` with a placeholder for each uploaded file that it begins with."""
    names, begin = [], 0
    while found := _UPLOAD.match(text, begin):
        names.append(f"[file: {found[1].strip()}]")
        begin = found.end()
    return "\n".join([*names, text[begin:]]).rstrip() if names else text


def _drafts(turns: Sequence[_Turn], clock: "_Clock", created: int | None, latest: int | None) -> list[Draft]:
    """Without any time of their own, messages follow the beginning of the chat second by second.

    Keys are made of what was said, so that they stay when more is said, or when the beginning was not loaded.
    """
    times = clock.times([turn.time for turn in turns], created or latest, latest)
    if created is not None and all(at is None for at, _ in times):
        times = [(created + 1000 * number, True) for number in range(len(turns))]
    return [
        Draft(digest(turn.role, turn.text)[:16], turn.role, turn.text, at, turn.reasoning, None, inferred)
        for turn, (at, inferred) in zip(turns, times, strict=True)
    ]


def _day_comes_first(dates: Sequence[object], tally: Tally) -> bool:
    """Whether dates are written as D/M/YYYY: where one of a file cannot be anything else, all are."""
    found = [date for date in (_DATE.fullmatch(as_text(one).strip()) for one in dates) if date and len(date[1]) < 3]
    pairs = {(int(date[1]), int(date[3])) for date in found if date[2] != "."}
    if any(12 < first <= 31 and second <= 12 for first, second in pairs):
        return True
    if any(first != second for first, second in pairs) and all(second <= 12 for _, second in pairs):
        tally.count("chat[|s] had dates that can mean month/day or day/month; month/day was taken")
    return False


@dataclass(frozen=True, slots=True)
class _Clock:
    """Reads the local times of one chat. Instants are in milliseconds since 1970."""

    zone: tzinfo
    day_first: bool

    def instant(self, told: object) -> tuple[int | None, bool]:
        """When `told` is, and whether its zone had to be taken from the package."""
        date = _DATE.fullmatch(as_text(told).strip())
        at = self._local(date) if date else milliseconds(told)
        return (at if at is not None and _EARLIEST <= at < _LATEST else None), date is not None

    def times(self, told: Sequence[object], begin: int | None, latest: int | None) -> list[tuple[int | None, bool]]:
        """When each message was said; a bare time of day is that of the day that goes on from the message before."""
        found = []
        for one in told:
            at, inferred = self.instant(one)
            clock = _TIME.fullmatch(as_text(one).strip())
            if clock and begin is not None:
                at, inferred = self._of_day(clock, begin, latest), True
            begin = begin if at is None else at
            found.append((at, inferred))
        return found

    def _local(self, date: re.Match[str]) -> int | None:
        first, second, third = int(date[1]), int(date[3]), int(date[4])
        if len(date[1]) > 2:
            year, month, day = first, second, third
        elif self.day_first or date[2] == ".":
            year, month, day = third, second, first
        else:
            year, month, day = third, first, second
        if month > 12:
            month, day = day, month
        try:
            hour, minute, second = _hour(int(date[5]), date[8]), int(date[6]), int(date[7] or 0)
            return moment_ms(datetime(year, month, day, hour, minute, second, tzinfo=self.zone))
        except ValueError:
            return None

    def _of_day(self, clock: re.Match[str], last: int, latest: int | None) -> int | None:
        try:
            at = time(_hour(int(clock[1]), clock[4]), int(clock[2]), int(clock[3] or 0))
        except ValueError:
            return None
        day = datetime.fromtimestamp(last / 1000, UTC).astimezone(self.zone).date()
        around = [moment_ms(datetime.combine(day + timedelta(days), at, self.zone)) for days in (-1, 0, 1)]
        end = _LATEST if latest is None else latest + 60_000
        return next((one for one in around if one is not None and last - _BACK <= one <= end), around[1])


def _hour(hour: int, half: str | None) -> int:
    """Of 24, from the hour of 12 and `a` or `p`."""
    return hour if half is None else hour % 12 + (12 if half in "pP" else 0)
