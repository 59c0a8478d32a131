"""What a parser's test needs, so that it is five lines: files, readings, and the checks that every reading passes."""

import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC
from pathlib import Path
from typing import BinaryIO, Literal

from packages_store.model import Conversation
from stages.parsers.choose import inspect, read
from stages.parsers.contract import Broken, Empty, Note, Parser, ReadContext, Record, Skipped
from stages.parsers.registry import PARSERS

MODIFIED_AT = 1_750_000_000_000
CONTEXT = ReadContext(UTC)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@dataclass(frozen=True, slots=True)
class MemoryFile:
    """A `SourceFile` that is nowhere on disk."""

    data: bytes
    name: str = "export.json"
    modified_at: int = MODIFIED_AT

    @property
    def size(self) -> int:
        return len(self.data)

    def open(self) -> BinaryIO:
        return io.BytesIO(self.data)


def as_json(document: object) -> bytes:
    return json.dumps(document).encode()


def as_lines(records: Sequence[object]) -> bytes:
    """JSONL."""
    return b"\n".join(map(as_json, records))


def as_document(records: Sequence[object]) -> bytes:
    """The one record as the whole file."""
    return as_json(records[0])


def within(name: str, envelope: Mapping[str, object]) -> Callable[[Sequence[object]], bytes]:
    """The records as a list of that name, behind the values of `envelope`."""
    return lambda records: as_json({**envelope, name: list(records)})


@dataclass(frozen=True, slots=True)
class Sample:
    """A document of a platform, made of records.

    `kind`: records of a `list` mean the same in any order; those of a `log` follow each other (the newest first when
    `newest_first`); a `document` has one, which is the file.
    """

    platform: str
    variant: str
    records: Sequence[object]
    encode: Callable[[Sequence[object]], bytes] = as_json
    kind: Literal["list", "log", "document"] = "list"
    newest_first: bool = False
    is_json: bool = True
    """Whether the end of the file shows that it is whole, and records can have any shape."""

    def data(self, records: Sequence[object] | None = None) -> bytes:
        """The file, with other records when they are given."""
        return self.encode(self.records if records is None else records)


def parser_named(platform: str) -> Parser:
    return next(parser for parser in PARSERS if parser.platform == platform)


def records_of(platform: str, data: bytes, variant: str = "", context: ReadContext = CONTEXT) -> list[Record]:
    """What a parser reads, checked for what holds of every reading."""
    found = list(parser_named(platform).read(MemoryFile(data), variant, context))
    check(found)
    return found


def conversations_in(records: Sequence[Record]) -> list[Conversation]:
    return [record for record in records if isinstance(record, Conversation)]


def turns(conversation: Conversation) -> list[tuple[str, str]]:
    """Who said what: `("u", "Hello")`."""
    return [(message.role[0], message.content) for message in conversation.messages]


def imported(path: Path) -> tuple[list[Record], tuple[tuple[str, str], ...]]:
    """Everything that is read of an upload, and what is ignored of it."""
    inspection = inspect(path, path.name)
    found: list[Record] = []
    for one in inspection.found:
        found.extend(read(path, one.member, one.parser, one.variant, CONTEXT))
    check(found)
    return found, inspection.ignored


def check(records: Sequence[Record]) -> None:
    """What every parser owes: see `Parser.read` and the nouns it yields."""
    for record in records:
        if isinstance(record, Conversation):
            _check_conversation(record)
        elif isinstance(record, Skipped):
            assert record.reason
            assert record.count > 0
        elif isinstance(record, Broken):
            assert record.position
            assert record.why
        else:
            assert isinstance(record, (Empty, Note))


def _check_conversation(conversation: Conversation) -> None:
    assert conversation.id
    assert conversation.platform == conversation.platform.lower()
    assert conversation.title is None or conversation.title.strip()
    assert conversation.messages
    ids = [message.id for message in conversation.messages]
    assert len(set(ids)) == len(ids)
    for message in conversation.messages:
        assert message.id.startswith(f"{conversation.id}:")
        assert message.content.strip()
        assert _INSTANT.fullmatch(message.created_at)
    assert _INSTANT.fullmatch(conversation.created_at)
    assert _INSTANT.fullmatch(conversation.updated_at)
    # Not asdict(), which copies every message: this is done for tens of thousands of readings.
    written = json.dumps([getattr(conversation, field.name) for field in fields(conversation)], ensure_ascii=False)
    assert "\\u0000" not in written
    written.encode()
