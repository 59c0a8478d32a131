"""The records of one JSON file of any size, in memory that the largest record bounds.

Five layouts are unwrapped by one level: a list of records; an object that holds the list under one of a few names,
with values beside it (`{"conversations": [...]}`, `{"object": "list", "data": [...]}`); an object whose values are the
records, by id; an object that is the one record itself; and lines (JSONL), each of which is a record: there, a line
that begins and ends like an object has another below it. A document that was encoded twice, a JSON string that holds
JSON, is read as what it holds.
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from json import JSONDecodeError, JSONDecoder
from typing import BinaryIO, Literal

from stages.parsers.contract import Broken
from stages.parsers.reading.encodings import encoding_of
from stages.parsers.reading.json_values import Malformed
from stages.parsers.reading.json_window import (
    CHUNK,
    LARGEST_VALUE,
    MARKS_AFTER_AN_ERROR,
    SEARCHED_AFTER_AN_ERROR,
    Readable,
    Window,
)

Wrapping = Literal["array", "object-of-records", "wrapped", "single", "lines", "none"]

LIST_NAMES = frozenset({"conversations", "data", "chats", "loglines"})
"""The names under which exporters put their list of records. A new platform with another one adds it here."""

MESSAGE_NAMES = frozenset({"mapping", "chat_messages", "messages"})
"""What an object holds that is a conversation: tells an object of records from a single one."""

TAIL = 16 << 10
"""Bytes at the end of a file in which what stands behind the list is looked for."""

MOST_BROKEN = 10_000
"""Records of a list that may be broken before the rest is given up: each costs as much as a megabyte of good ones."""

_AFTER_LIST = re.compile(r"\]\s*,")


@dataclass(frozen=True, slots=True)
class Item:
    """One record: its place in the file (from 0), and its key in an object of records."""

    value: object
    index: int
    key: str | None = None


class Records:
    """The records of a stream, read once: `for item in Records(stream)`.

    Yields an `Item` for each, and a `Broken` for each that cannot be read. What follows a broken record is read as
    well when its end can be found; where it cannot, or where the file is cut short, the `Broken` is the last. Never
    raises for what the bytes hold.
    Positions name the record, or in lines the line, and a byte; in a document that was encoded twice, a byte of what
    the string holds. `wrapping` is known from the first item on; `envelope` holds what was seen beside the records so
    far; `done` says that everything was read, so that the envelope is complete.
    """

    def __init__(
        self,
        stream: Readable,
        *,
        chunk: int = CHUNK,
        largest: int = LARGEST_VALUE,
        patience: int = MARKS_AFTER_AN_ERROR,
    ) -> None:
        """`patience`: brackets and texts passed in search of the end of a record that cannot be read."""
        self._window = Window(stream, chunk=chunk, largest=largest)
        self._patience = patience
        self._index = 0
        self._weight = 0  # of what is held beside the records
        self._broken_ones = 0
        self._is_whole_object = False  # whether the item yielded last is the object with which the file begins
        self.wrapping: Wrapping = "none"
        self.envelope: dict[str, object] = {}
        self.done = False

    @property
    def taken(self) -> int:
        """Bytes read from the stream so far."""
        return self._window.end

    @property
    def position(self) -> str:
        """In words, the place of the item yielded last: its number (from 1) and the byte at which it begins."""
        if self._is_whole_object:
            return _line(1, 0) if self.wrapping == "lines" else _position(0, 0)
        began = self._window.began()
        return _line(began.line, began.byte) if self.wrapping == "lines" else _position(self._index - 1, began.byte)

    def __iter__(self) -> Iterator[Item | Broken]:
        try:
            yield from self._file()
            self.done = True
        except Malformed as error:
            yield self._broken(error)

    def _file(self) -> Iterator[Item | Broken]:
        begins = self._window.peek()
        if begins == '"':
            begins = self._decode_again()
        if begins == "[":
            self.wrapping = "array"
            yield from self._list()
        elif begins == "{" and self._window.begins_lines():
            self.wrapping = "lines"
        elif begins == "{":
            yield from self._object()
        elif begins:
            raise Malformed("it is not JSON with records", self._window.offset())
        else:
            raise Malformed("the file is empty", 0)
        if self.wrapping == "lines":
            yield from self._lines()
        if self._window.peek():
            raise Malformed("more follows the end of the JSON", self._window.offset())

    def _decode_again(self) -> str:
        """Go into a document that is a string, and say with what its contents begin."""
        text = self._window.value()
        if self._window.peek() or not isinstance(text, str):
            raise Malformed("it is not JSON with records", 0)
        self._window.enter(text)
        return self._window.peek()

    def _lines(self) -> Iterator[Item | Broken]:
        self._is_whole_object = False
        while self._window.peek():
            try:
                yield Item(self._window.line(), self._next_index())
            except Malformed as error:
                if error.fatal:
                    raise
                yield self._broken(error)
                self._index += 1

    def _list(self) -> Iterator[Item | Broken]:
        window = self._window
        window.take("[")
        if window.peek() == "]":
            window.take("]")
            return
        while True:
            yield self._record(None)
            if window.take(",]") == "]":
                return

    def _object(self) -> Iterator[Item | Broken]:
        window = self._window
        window.take("{")
        if window.peek() != "}":
            yield from self._members()
        window.take("}")
        if self.wrapping == "none":
            line = window.line_number()
            # A first line that is too long to be looked over has been read before the second is seen.
            self.wrapping = "lines" if window.peek() == "{" and window.line_number() > line else "single"
            self._is_whole_object = True
            yield Item(self.envelope, self._next_index())

    def _members(self) -> Iterator[Item | Broken]:
        first = True
        while True:
            key = self._key()
            if self.wrapping == "none" and key in LIST_NAMES and self._window.peek() == "[":
                self.wrapping = "wrapped"
                yield from self._list()
            elif self.wrapping == "object-of-records":
                yield self._record(key)
            elif self.wrapping == "wrapped":
                self._beside(key)
            else:
                yield from self._member(key, first)
            first = False
            if self._window.peek() == "}":
                return
            self._window.take(",")

    def _member(self, key: str, first: bool) -> Iterator[Item | Broken]:
        value = self._window.value()
        if first and isinstance(value, dict) and not MESSAGE_NAMES.isdisjoint(value):
            self.wrapping = "object-of-records"
            yield Item(value, self._next_index(), key)
        else:
            self._keep(key, value)

    def _beside(self, key: str) -> None:
        # Behind the list, other lists (projects, tasks, media) can be long and hold no chat.
        if self._window.peek() in "[{":
            self._window.skip_value()
        else:
            self._keep(key, self._window.value())

    def _keep(self, key: str, value: object) -> None:
        self._weight += len(key) + self._window.weight()
        self._window.refuse(self._weight)
        self.envelope[key] = value

    def _key(self) -> str:
        if self._window.peek() != '"':
            self._window.take('"')
        key = self._window.value()
        self._window.take(":")
        return str(key)

    def _record(self, key: str | None) -> Item | Broken:
        window = self._window
        begins = window.peek()
        try:
            return Item(window.value(), self._next_index(), key)
        except Malformed as error:
            if error.fatal or begins not in "[{":
                raise
            self._find_next(error)
            broken = self._broken(error)
            self._index += 1
            self._broken_ones += 1
            if self._broken_ones > MOST_BROKEN:
                why = f"as many as {MOST_BROKEN} records cannot be read: what follows was left out"
                raise Malformed(why, error.offset, fatal=True) from None
            return broken

    def _find_next(self, error: Malformed) -> None:
        """Go to the end of a record that could not be read. Raises `error` when that cannot be found."""
        try:
            self._window.skip_value(SEARCHED_AFTER_AN_ERROR, self._patience)
            follows = self._window.peek()
        except Malformed:
            raise error from None
        if not follows or follows not in ",]}":
            raise error

    def _next_index(self) -> int:
        self._index += 1
        return self._index - 1

    def _broken(self, error: Malformed) -> Broken:
        place = _line(error.line, error.offset) if error.line else _position(self._index, error.offset)
        return Broken(place, error.why)


def _position(index: int, offset: int) -> str:
    return f"record {index + 1}, byte {offset}"


def _line(number: int, offset: int) -> str:
    return f"line {number}, byte {offset}"


def envelope_behind(stream: BinaryIO) -> dict[str, object]:
    """What stands behind the list in a wrapped file, found in the last 16 KiB; empty when it cannot be told.

    Costs a seek in a plain file, and unpacking all of it in an archive.
    """
    encoding, _ = encoding_of(stream.read(4))
    width = 4 if "32" in encoding else 2 if "16" in encoding else 1
    data, size = _last_bytes(stream)
    tail = data[-size % width :].decode(encoding, "replace").rstrip()
    decoder = JSONDecoder(strict=False)
    # What follows the list balances to the very end of the file. Of the places where it does, the first is the right
    # one: at an earlier one brackets of the record would be left over, a later one is behind a list in the envelope.
    for found in _AFTER_LIST.finditer(tail):
        rest = "{" + tail[found.end() :]
        try:
            value, end = decoder.raw_decode(rest)
        except (JSONDecodeError, RecursionError, ValueError):
            continue
        if end == len(rest) and isinstance(value, dict):
            return value
    return {}


def _last_bytes(stream: BinaryIO) -> tuple[bytes, int]:
    """The end of the stream, and how many bytes lie before it."""
    if stream.seekable():
        start = max(0, stream.seek(0, io.SEEK_END) - TAIL)
        stream.seek(start)
        return stream.read(), start
    # Four bytes were taken for the encoding; in a file so short that they count there is no list.
    before, last = 4, b""
    while chunk := stream.read(CHUNK):
        joined = last + chunk
        last = joined[-TAIL:]
        before += len(joined) - len(last)
    return last, before
