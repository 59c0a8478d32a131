"""What reading files costs, and what decoding the same bytes costs at least. Nothing is kept of what is read.

    python -m bench.parsing <files.json> <rounds> <result.json>

`files.json` is a list of pairs: a file, and the JSON (or the ZIP of JSON files) that is decoded as its floor. A round
goes through the whole list, and decodes and reads in turn, so that both meet the same moods of the machine.
"""

import json
import sys
import zipfile
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

from bench.meters import Spent
from daemon.process import keep_the_loop_swift
from packages_store.model import Conversation
from stages.parsers.choose import inspect, read
from stages.parsers.contract import ReadContext
from stages.parsers.reading.json_stream import Item, Records


def decode(path: Path) -> None:
    """Decode every record of a JSON file, or of all files in a ZIP. Raises RuntimeError when one cannot be."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                with archive.open(member) as stream:
                    _decode(stream)
    else:
        with path.open("rb") as stream:
            _decode(stream)


def _decode(stream: IO[bytes]) -> None:
    for item in Records(stream):
        if not isinstance(item, Item):
            raise RuntimeError(f"the floor cannot be decoded: {item}")


def messages_in(path: Path) -> int:
    """Read a file as the daemon does, from the choice of the parser to its last record, and count the messages."""
    context = ReadContext(ZoneInfo("UTC"))
    count = 0
    for found in inspect(path, path.name).found:
        for record in read(path, found.member, found.parser, found.variant, context):
            if isinstance(record, Conversation):
                count += len(record.messages)
    return count


def main() -> None:
    """The child process."""
    files, rounds, result = sys.argv[1:]
    keep_the_loop_swift()  # with its garbage collector as in the daemon
    pairs = [(Path(path), Path(floor)) for path, floor in json.loads(Path(files).read_text())]
    measured: list[dict[str, list[float]]] = [{"decode": [], "read": [], "messages": []} for _ in pairs]
    for _ in range(int(rounds)):
        for (path, floor), spent in zip(pairs, measured, strict=True):
            begin = Spent.so_far()
            decode(floor)
            middle = Spent.so_far()
            spent["messages"].append(messages_in(path))
            spent["read"].append((Spent.so_far() - middle).cpu)
            spent["decode"].append((middle - begin).cpu)
    Path(result).write_text(json.dumps({"files": measured}))


if __name__ == "__main__":
    main()
