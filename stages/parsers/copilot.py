"""Microsoft Copilot: the activity history of the privacy dashboard, as CSV.

`Conversation,Time,Author,Message`, with a byte order mark and rows that stand newest first; an answer shares the second
with its question, so that the rows are turned around and never sorted. There are no ids: a conversation is known by its
title. Beside it lie `CreatedAt,MessageContent,Author,ChatName`, which is read as well, and the prompts given in Windows
apps, to which no answers were kept.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo
from typing import NamedTuple

from packages_store.model import Role
from stages.parsers.contract import (
    Bid,
    Broken,
    Empty,
    NotAChat,
    Peek,
    ReadContext,
    Record,
    SourceFile,
    Variant,
)
from stages.parsers.reading.drafts import Draft, conversation_of
from stages.parsers.reading.tables import Row, columns_of, oldest_first, read_rows
from stages.parsers.reading.values import Tally, digest, is_blank, moment_ms


class Layout(NamedTuple):
    """The names of the columns of one of the two files."""

    title: str
    time: str
    author: str
    message: str


LAYOUTS = {
    "activity-history": Layout("conversation", "time", "author", "message"),
    "chat-activity": Layout("chatname", "createdat", "author", "messagecontent"),
}
_KEPT = "every message, as one conversation for each title; a renamed conversation is another one"
_ROLES: Mapping[str, Role] = {
    "human": "user",
    "user": "user",
    "ai": "assistant",
    "assistant": "assistant",
    "bot": "assistant",
    "copilot": "assistant",
}
# Beside ISO-8601: as .NET writes a time for Americans.
_AMERICAN = ("%m/%d/%Y %H:%M:%S %z", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M:%S %p")


class Copilot:
    """Reads the history of Microsoft Copilot."""

    platform = "copilot"
    title = "Microsoft Copilot"
    variants = (
        Variant("activity-history", "activity history of the privacy dashboard (CSV by `Conversation`)", _KEPT),
        Variant("chat-activity", "chat activity of the privacy dashboard (CSV by `ChatName`)", _KEPT),
    )
    not_chats = (
        NotAChat(
            lambda peek: columns_of(peek) >= {"timestamp", "clientapp", "prompt"},
            "it lists what Copilot was asked in Windows apps; it holds no answers.",
            "The conversations are in copilot-activity-history.csv.",
        ),
    )

    def bid(self, peek: Peek) -> Bid | None:
        """A CSV with all of the four columns of a layout."""
        columns = columns_of(peek)
        return next((Bid(name, Bid.SHAPE) for name, layout in LAYOUTS.items() if columns.issuperset(layout)), None)

    def read(self, file: SourceFile, variant: str, context: ReadContext) -> Iterator[Record]:
        """See `Parser.read`. Holds the whole file; times without a zone are those of `context`, and marked."""
        layout = LAYOUTS[variant]
        tally = Tally()
        entries: list[tuple[str, Draft]] = []
        for row in read_rows(file, layout, tally):
            if isinstance(row, Broken):
                yield row
            elif draft := _draft(row, layout, context.zone, tally):
                entries.append((tally.clean(row.fields[layout.title].strip()), draft))
        chats: dict[str, list[Draft]] = {}
        for title, draft in oldest_first(entries, lambda entry: entry[1].at):
            chats.setdefault(title, []).append(draft)
        for title, drafts in chats.items():
            yield conversation_of(
                f"copilot-{digest(variant, title)[:16]}",
                self.platform,
                title,
                drafts,
                created=None,
                updated=None,
                otherwise=file.modified_at,
            )
        if not chats:
            yield Empty("the whole file")
        yield from tally.notes()


def _draft(row: Row, layout: Layout, zone: tzinfo, tally: Tally) -> Draft | None:
    role = _ROLES.get(row.fields[layout.author].strip().casefold())
    text = tally.clean(row.fields[layout.message])
    if role is None:
        tally.count("message[|s] that neither the user nor Copilot wrote [was|were] left out")
        return None
    if is_blank(text):
        tally.count("message[|s] without text [was|were] left out")
        return None
    time = row.fields[layout.time].strip()
    at, has_zone = _instant(time, zone)
    return Draft(digest(time, role, text)[:16], role, text, at, inferred=not has_zone)


def _instant(text: str, zone: tzinfo) -> tuple[int | None, bool]:
    """The instant, and whether the text tells its zone; else it is that of the person."""
    moment = _moment(text)
    if moment is None:
        return None, False
    if moment.tzinfo is None:
        return moment_ms(moment.replace(tzinfo=zone)), False
    return moment_ms(moment), True


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    for form in _AMERICAN:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - the caller knows the zone
        except ValueError:
            continue
    return None
