"""A Tavern log put together to a conversation: who spoke, in what order, and when."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo

from stages.parsers.contract import Broken, Skipped, SourceFile
from stages.parsers.reading.drafts import Draft
from stages.parsers.reading.json_stream import Records
from stages.parsers.reading.values import Tally, as_list, as_map, as_text, digest, one_line
from stages.parsers.sillytavern.dates import AT_ONCE_MS, instant_of, offset_between, told_time
from stages.parsers.sillytavern.lines import Said, is_header, is_message, said_in

_UNUSED = "unused"
"""What SillyTavern writes for names it no longer keeps in the header."""
_DATED = re.compile(r".+ - \d{4}-\d{1,2}-\d{1,2} ?@.*")
_COPY_OF_A_FILE = re.compile(r"(?: imported| \(\d+\))+$")


@dataclass(slots=True)
class Log:
    """One chat while its lines are read."""

    tally: Tally
    header: Mapping[str, object] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    lines: int = 0
    """Lines that belong to the chat, whether anything is imported of them or not."""

    def read(self, file: SourceFile) -> Iterator[Broken | Skipped]:
        """Take every line of `file`; yields what is none."""
        with file.open() as stream:
            for item in Records(stream):
                if isinstance(item, Broken):
                    yield item
                elif not self._take(item.value):
                    yield Skipped("no line of a chat")

    def _take(self, record: object) -> bool:
        if is_message(record):
            said = said_in(as_map(record), self.tally)
            self.said.extend(() if said is None else (said,))
        elif is_header(record) and not self.lines:
            self.header = as_map(record)
        else:
            return False
        self.lines += 1
        return True

    @property
    def metadata(self) -> Mapping[str, object]:
        """What SillyTavern keeps of the chat beside its messages."""
        return as_map(self.header.get("chat_metadata"))

    @property
    def branch_of(self) -> str:
        """The name of the chat whose beginning this one repeats, '' when there is none."""
        own = as_text(self.metadata.get("branchName"))  # Marinara's, whose first branch is called so
        return as_text(self.metadata.get("main_chat")) or ("" if own == "main" else own)

    def drop_doubled_greeting(self) -> bool:
        """Drop a second copy of the first line where no header stands before it; whether there was one.

        JanitorAI's downloader writes it twice, because SillyTavern takes the first line for a header.
        """
        doubled = not self.header and len(self.said) > 1 and self.said[0] == self.said[1]
        if doubled and self.said[0].role == "assistant":
            del self.said[1]
            return True
        return False

    def title_of(self, file_name: str) -> str:
        """What SillyTavern calls the chat (`Vera - 2024-07-12@01h00m00s`), when the file has such a name; else `title`.

        With it, the chats with one character are told apart, and so are branches.
        """
        name = one_line(self.tally.clean(name_of_chat(file_name)))
        return name if _DATED.fullmatch(name) else self.title()

    def title(self) -> str:
        """The names of the characters: as the header tells them, else of those who spoke, the most talkative first."""
        listed = [self.header.get("character_name"), *as_list(self.header.get("character_names"))]
        spoken = Counter(one.name for one in self.said if one.role == "assistant")
        names = _names(map(as_text, listed)) or _names(name for name, _times in spoken.most_common())
        return one_line(self.tally.clean(", ".join(names)))

    def created(self, zone: tzinfo) -> int | None:
        """When the chat was begun, in milliseconds since 1970, as far as the header tells."""
        told = told_time(self.header.get("create_date"))
        return instant_of(told, None, zone) if isinstance(told, datetime) else told

    def drafts(self, zone: tzinfo) -> list[Draft]:
        """The messages in the order of the file. Where several characters answer, each answer begins with its name."""
        several = len({one.name for one in self.said if one.name and one.role == "assistant"}) > 1
        at_once = self.is_written_at_once()
        times = _instants(self.said, zone)
        return [
            Draft(
                key=f"{one.role[0]}:{digest(one.text)[:16]}",
                role=one.role,
                content=f"{one.name}: {one.text}" if several and one.name and one.role == "assistant" else one.text,
                at=at,
                reasoning=(one.reasoning or None) if one.role == "assistant" else None,
                model=(one.model or None) if one.role == "assistant" else None,
                inferred=inferred or at_once,
            )
            for one, (at, inferred) in zip(self.said, times, strict=True)
        ]

    def is_written_at_once(self) -> bool:
        """Whether all dates are the moment in which a program wrote the file."""
        begun = _since_1970(told_time(self.header.get("create_date")))
        if begun is None or not any(one.role == "user" for one in self.said):
            return False
        sent = [_since_1970(one.at) for one in self.said]
        return all(at is not None and abs(at - begun) <= AT_ONCE_MS for at in sent)


def _names(told: Iterable[str]) -> list[str]:
    return [name for name in map(str.strip, told) if name and name.casefold() != _UNUSED]


def name_of_chat(file_name: str) -> str:
    """What SillyTavern calls the chat in a file of that name, '' when the name does not tell.

    A backup is named after the character and the time of the backup; a private copy after its content.
    """
    last = re.split(r"[/\\]", file_name)[-1]
    stem = _COPY_OF_A_FILE.sub("", last.rpartition(".")[0] or last)
    return "" if re.fullmatch(r"[0-9a-f]{64}|chat_.*_\d{8}-\d{6}", stem) else stem


def _instants(said: Sequence[Said], zone: tzinfo) -> Iterator[tuple[int | None, bool]]:
    """When each message was said, and whether that had to be inferred.

    The zone of local dates is told by the nearest line before it, else behind it, that tells both a local date and the
    end of the answer in UTC; where no line does, they are read in `zone`.
    """
    offsets = [_offset(one) for one in said]
    ahead = next((offset for offset in offsets if offset is not None), None)
    for one, offset in zip(said, offsets, strict=True):
        ahead = ahead if offset is None else offset
        if one.finished is not None:
            yield one.finished, False
        elif isinstance(one.at, datetime):
            yield instant_of(one.at, ahead, zone), ahead is None
        else:
            yield one.at, False


def _offset(one: Said) -> timedelta | None:
    if one.finished is None or not isinstance(one.at, datetime):
        return None
    return offset_between(one.at, one.finished)


def _since_1970(told: int | datetime | None) -> int | None:
    """In milliseconds, on the same scale for all dates of one file, whatever its zone."""
    return instant_of(told, None, UTC) if isinstance(told, datetime) else told
