"""The loop that parsers of one record per conversation share."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from stages.parsers.contract import Broken, Record, SourceFile
from stages.parsers.reading.json_stream import Item, Records
from stages.parsers.reading.values import Tally


@dataclass(frozen=True, slots=True)
class Reading:
    """One file while it is read."""

    file: SourceFile
    records: Records
    tally: Tally


def read_each(file: SourceFile, record_of: Callable[[Item, Reading], Record]) -> Iterator[Record]:
    """What `record_of` makes of each record of a JSON file; what cannot be read as it is; at the end, what was counted.

    Raises SourceBroken when the file cannot be opened.
    """
    with file.open() as stream:
        reading = Reading(file, Records(stream), Tally())
        for item in reading.records:
            yield item if isinstance(item, Broken) else record_of(item, reading)
        yield from reading.tally.notes()
