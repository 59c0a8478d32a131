"""Rows of a CSV file, by the names in its header, one at a time."""

import csv
import io
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from packages_store.errors import SourceBroken
from packages_store.words import with_number
from stages.parsers.contract import Broken, Peek, SourceFile
from stages.parsers.reading.text import Text, count_lost, open_text
from stages.parsers.reading.values import Tally

LARGEST_FIELD = 16 << 20
"""Characters one field may have. A quotation mark that is never closed swallows no more than that."""

_LARGEST_LINE = 4 * LARGEST_FIELD
_Entry = TypeVar("_Entry")


class Row(NamedTuple):
    """A row below the header, its fields by the names of their columns in lower case.

    `number` is that of a spreadsheet, which counts from 1 and counts the header.
    """

    number: int
    fields: Mapping[str, str]


def columns_of(peek: Peek) -> frozenset[str]:
    """The names in the first row of a text, in lower case; none when it is no CSV."""
    if peek.kind != "text":
        return frozenset()
    try:
        return frozenset(_names(next(csv.reader(io.StringIO(peek.head, newline="")), [])))
    except csv.Error:
        return frozenset()


def read_rows(file: SourceFile, columns: Collection[str], tally: Tally) -> Iterator[Row | Broken]:
    """The rows of `file`, whose header has to name at least `columns` (in lower case).

    A quoted field can hold line breaks; blank rows, and rows that repeat the header, are passed over. A row with too
    few or too many fields is a `Broken`, as is the one in which the file is cut short. `tally` is told what could not
    be decoded. Raises SourceBroken when the file cannot be opened.
    """
    # The limit belongs to the whole process, and this is the only way to raise it. It is never put back: another
    # thread could be in the middle of a file.
    csv.field_size_limit(max(LARGEST_FIELD, csv.field_size_limit()))
    with open_text(file) as text:
        yield from _table(text, columns)
        count_lost(text, tally)


def _table(text: Text, columns: Collection[str]) -> Iterator[Row | Broken]:
    names: list[str] = []
    for number, fields in enumerate(_records(text), start=1):
        if isinstance(fields, str):
            yield Broken(f"row {number}", fields)
        elif len(fields) < 2 and not "".join(fields).strip():
            continue
        elif not names:
            names = _names(fields)
            if missing := sorted(set(columns) - set(names)):
                yield Broken(f"row {number}", f"the header names no column {' and no '.join(map(repr, missing))}")
                return
        elif len(fields) != len(names):
            held = with_number(len(fields), "field[|s]")
            yield Broken(f"row {number}", f"it has {held}, and the header has {len(names)}")
        elif _names(fields) != names:
            yield Row(number, dict(zip(names, fields, strict=True)))


def _records(text: Text) -> Iterator[list[str] | str]:
    """The fields of each record, or why there are none."""
    lines = _Lines(text)
    reader = csv.reader(lines)
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield f"it cannot be read: {error}"
            continue
        except SourceBroken as error:
            yield str(error)
            return
        # A whole record ends with its line. One that asked for another line, when there was none, is in quotes still.
        yield "the file is cut short in it" if lines.ended else fields


class _Lines:
    """The lines of a text, bounded. `ended`: one more was asked for than there are."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self.ended = False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._text.readline(_LARGEST_LINE)
        if not line:
            self.ended = True
            raise StopIteration
        if len(line) == _LARGEST_LINE:
            raise csv.Error(f"a line is longer than {_LARGEST_LINE >> 20} MiB")
        return line


def _names(fields: Sequence[str]) -> list[str]:
    return [field.strip().casefold() for field in fields]


def oldest_first(entries: Sequence[_Entry], at: Callable[[_Entry], int | None]) -> list[_Entry]:
    """The entries of a log that stands newest first, turned around; as they are when their times rise instead.

    They are never sorted: many a question and its answer share the second.
    """
    times = [time for entry in entries if (time := at(entry)) is not None]
    rising = bool(times) and times[0] < times[-1]
    return list(entries) if rising else list(entries)[::-1]
