"""Kindroid: logs of the KinLog extension, and what its official interface gives.

KinLog reads the page and keeps names and text, without sides and, before 2.0, without times. The interface gives
messages with ids, sides and times. A file is one conversation, in its order.
"""

from collections.abc import Iterator, Sequence

from packages_store.model import Edition, Role
from stages.parsers.contract import (
    Bid,
    Broken,
    Empty,
    NotAChat,
    Note,
    Peek,
    ReadContext,
    Record,
    Skipped,
    SourceFile,
    Variant,
)
from stages.parsers.kindroid.lines import Line, is_entry, is_kinlog, is_of_interface, lines_in, lines_of_text
from stages.parsers.kindroid.sides import told_by_name, user_among
from stages.parsers.reading.drafts import Draft, conversation_of
from stages.parsers.reading.json_stream import Records
from stages.parsers.reading.refusals import page_holds, records_have
from stages.parsers.reading.values import Tally, digest, is_blank, one_line

KINLOG = "kinlog"
TEXT = "kinlog-text"
KINLOG_2 = "kinlog-2"
INTERFACE = "interface"

_HEADER = "kindroid chat log downloaded with kinlog"


class Kindroid:
    """Reads Kindroid's chats. The variant says which of the shapes the file has."""

    platform = "kindroid"
    title = "Kindroid"
    variants = (
        Variant(
            KINLOG,
            "KinLog 1.x, JSON",
            "every line that the extension saw, also answers that were made anew, all at the time in the name of the"
            " file; who is the user is told by the name of the person in the package, else by the name of the file,"
            " else the first to speak is taken for a kin, and a note tells who was; in groups a kin's name stands"
            " before the text",
        ),
        Variant(TEXT, "KinLog 1.x, text", "the same"),
        Variant(
            KINLOG_2,
            "KinLog 2.0 (`KindroidLogs_….json`)",
            "every line with its time, all as one conversation, because the file does not tell the chats apart; who is"
            " the user as with KinLog 1.x",
        ),
        Variant(
            INTERFACE,
            "Kindroid Chat Exporter (JSON or JSONL), or pages of the official interface",
            "every message with its time, pictures, videos and links as placeholders; in groups a kin's name stands"
            " before the text",
        ),
    )
    not_chats = (
        NotAChat(
            records_have("output_file", "last_timestamp", "message_count"),
            "it is the note in which Kindroid Chat Exporter keeps how far it came.",
            "Drop the export that it names.",
        ),
        NotAChat(
            page_holds(_HEADER),
            "it is a log of KinLog as a web page, which is not read.",
            "In KinLog choose JSON, and drop that.",
        ),
    )

    def bid(self, peek: Peek) -> Bid | None:
        """Sure of KinLog, which names itself; of the others by fields that only they have together."""
        if peek.kind == "text":
            return Bid(TEXT, Bid.MARKER) if peek.head.lstrip().casefold().startswith(_HEADER) else None
        if any(map(is_kinlog, peek.records)):
            return Bid(KINLOG, Bid.MARKER)
        if any(map(is_entry, peek.records)):
            return Bid(KINLOG_2, Bid.SHAPE)
        return Bid(INTERFACE, Bid.SHAPE) if any(map(is_of_interface, peek.records)) else None

    def read(self, file: SourceFile, variant: str, context: ReadContext) -> Iterator[Record]:
        """See `Parser.read`. The conversation is held in memory.

        It is known by its first message where that has an id or a time, else by its first two. Where nothing in the
        file tells sides or times, its name does; see `told_by_name`.
        """
        tally = Tally()
        lines: list[Line] = []
        is_whole = True
        if variant == TEXT:
            lines.extend(lines_of_text(file, tally))
        else:
            for record in _take(file, lines, tally):
                is_whole = is_whole and not isinstance(record, Broken)
                yield record
        said = [line for line in lines if not is_blank(line.text)]
        tally.count("message[|s] without text [was|were] left out", len(lines) - len(said))
        if said:
            yield from self._conversation(said, variant, file, context)
        elif is_whole:
            yield Empty("the whole file")
        yield from tally.notes()

    def _conversation(
        self, lines: list[Line], variant: str, file: SourceFile, context: ReadContext
    ) -> Iterator[Record]:
        chat_with, saved = told_by_name(file.name)
        if any(line.role is None for line in lines):
            user = user_among([line.name for line in lines], context.user, chat_with)
            lines = [line._replace(role="user" if line.name == user else "assistant") for line in lines]
            taken = "everybody was taken" if user is None else f"{one_line(user)!r} was taken for the user, all others"
            yield Note(f"the log tells no sides: {taken} for kins")
        kins = [name for name in dict.fromkeys(line.name for line in lines if line.role == "assistant") if name]
        yield conversation_of(
            f"{self.platform}-{digest(*_opening(lines, variant))[:16]}",
            self.platform,
            one_line(", ".join(kins)),
            [_draft(line, len(kins) > 1) for line in lines],
            created=None,
            updated=None,
            otherwise=saved or file.modified_at,
            edition=Edition.EXPORT if variant == INTERFACE else Edition.PAGE,
        )


def _take(file: SourceFile, lines: list[Line], tally: Tally) -> Iterator[Broken | Skipped]:
    """Append the messages of a JSON file to `lines`; yields what is none."""
    with file.open() as stream:
        for item in Records(stream):
            found = None if isinstance(item, Broken) else lines_in(item.value, tally)
            if isinstance(item, Broken):
                yield item
            elif found is None:
                yield Skipped("no Kindroid message")
            else:
                lines.extend(found)


def _draft(line: Line, several: bool) -> Draft:
    role: Role = "user" if line.role == "user" else "assistant"
    is_named = several and role == "assistant" and line.name
    return Draft(
        key=line.id or digest(line.name, line.text)[:16],
        role=role,
        content=f"{line.name}: {line.text}" if is_named else line.text,
        at=line.at,
    )


def _opening(lines: Sequence[Line], variant: str) -> Iterator[str]:
    first = lines[0]
    if variant == INTERFACE and first.id:
        yield first.id
    elif first.at is not None:
        yield from (str(first.at), first.name, first.text)
    else:
        for line in lines[:2]:
            yield from (line.name, line.text)
