"""A sliding window of text over a stream of JSON bytes, read value by value.

To the decoder of one value it adds encodings, the places of errors in the stream, and a bound to what is held.
"""

import codecs
import re
from json import JSONDecodeError
from typing import NamedTuple, Protocol

from packages_store.errors import SourceBroken
from stages.parsers.reading.encodings import encoding_of
from stages.parsers.reading.json_values import (
    Malformed,
    could_go_on,
    decode,
    decode_any_integer,
    sentence_of,
    value_of,
)

CHUNK = 1 << 20
"""Bytes read at a time; as many as are held already when those are more, so that a long value takes linear time."""

LARGEST_VALUE = 128 << 20
"""Characters one value may have before it is given up. Text takes two to three times as much memory while it is read;
what is made of many small parts is given up earlier (see `Window`)."""

SEARCHED_AFTER_AN_ERROR = 64 << 20
"""Bytes looked through for the end of a malformed value, before the rest of the file is given up."""

MARKS_AFTER_AN_ERROR = 4 << 20
"""Brackets and texts passed in that search: it takes a few seconds."""

# The longest token that can be cut in two so that the decoder reports its start: an escaped surrogate pair.
_SLACK = 16
# Bytes of memory that an object, a list and a member take, about, beside the text itself (measured with CPython 3.11).
# Commas in texts are counted as well: to tell them apart would take longer than reading.
_WEIGHTS = (("{", 150), ("[", 64), (",", 32))
_MEMBER = 100
_AHEAD = 64 << 10
_TWO_LINES = re.compile(r"\{[^\n]*\}[ \t\r]*\n\s*\{")
_NO_SPACE = re.compile(r"[^ \t\n\r]")
_MARKS = re.compile(r'"(?:[^"\\]++|\\.)*+"|["\[\]{}]', re.DOTALL)
_INSIDE_STRINGS = re.compile(r'["\\]')


class Readable(Protocol):
    """What a window needs of a stream."""

    def read(self, size: int, /) -> bytes: ...


class Place(NamedTuple):
    """A character of the window: how many bytes of the stream lie before it, and the number (from 1) of its line."""

    at: int
    byte: int
    line: int


class Window:
    """Where in the stream the reader is. Raises `Malformed`; a `SourceBroken` of the stream becomes a fatal one.

    A value is given up when it has more than `largest` characters, or would take more than two and a half times as many
    bytes of memory: a few megabytes of `{},{},…` become gigabytes.
    """

    def __init__(self, stream: Readable, *, chunk: int = CHUNK, largest: int = LARGEST_VALUE) -> None:
        self._stream = stream
        self._chunk = chunk
        self._largest = largest
        self._heaviest = largest * 5 // 2
        self._text = ""
        self._at = 0
        self._ended = False
        self._fed = 0  # bytes given to the decoder
        self._bytes = 0  # of the stream before the end of the window
        self._start = self._known = Place(0, 0, 1)  # the beginning of the window, and the last place that was asked for
        self._began = 0  # where the value that was read last begins
        self._encoding = "utf-8"
        self._errors = "surrogateescape"
        self._decoder = codecs.getincrementaldecoder(self._encoding)()

    def enter(self, text: str) -> None:
        """Go on in `text`, a string that was read, as if it were the stream. Offsets are counted from its beginning."""
        self._text, self._at, self._began, self._ended = text, 0, 0, True
        self._encoding, self._errors = "utf-8", "surrogatepass"
        self._bytes = self._size(text)
        self._start = self._known = Place(0, 0, 1)

    @property
    def end(self) -> int:
        """How many bytes of the stream are in the window or lie before it."""
        return self._bytes

    def offset(self) -> int:
        """How many bytes of the stream lie before the reader."""
        return self._place(self._at).byte

    def line_number(self) -> int:
        """The number (from 1) of the line in which the reader is."""
        return self._place(self._at).line

    def began(self) -> Place:
        """Where the value that was read last begins, until something is read after it."""
        return self._place(self._began)

    def _place(self, at: int) -> Place:
        """The character `at` of the window, not behind the value that is read.

        The next place is counted from there, so that a million broken records take linear time.
        """
        found = self._counted(at)
        if found.at > self._known.at:
            self._known = found
        return found

    def _counted(self, at: int) -> Place:
        known = self._known if self._known.at <= at else self._start
        byte = known.byte + self._size(self._text[known.at : at])
        return Place(at, byte, known.line + self._text.count("\n", known.at, at))

    def _flaw(self, why: str, at: int) -> Malformed:
        return Malformed(why, self._counted(at).byte)

    def peek(self) -> str:
        """The next character that is not white space, which the reader then stands before; '' at the end."""
        while True:
            found = _NO_SPACE.search(self._text, self._at)
            if found:
                self._at = found.start()
                return found.group()
            self._at = len(self._text)
            if not self._grow():
                return ""

    def begins_lines(self) -> bool:
        """Whether a line that looks like an object begins here, and another object below it; looks 64 KiB ahead."""
        while True:
            if _TWO_LINES.match(self._text, self._at, self._at + _AHEAD):
                return True
            if len(self._text) - self._at >= _AHEAD or not self._grow():
                return False

    def take(self, expected: str) -> str:
        """Step over the next character, which must be one of `expected`."""
        found = self.peek()
        if not found:
            raise self._cut_short()
        if found not in expected:
            raise Malformed(f"{' or '.join(expected)} was expected", self.offset(), fatal=True)
        self._at += 1
        return found

    def value(self) -> object:
        """Read the value that begins here."""
        if not self.peek():
            raise self._cut_short()
        decoder = decode
        while True:
            try:
                value, end = decoder(self._text, self._at)
            except JSONDecodeError as error:
                self._need_more(error)
            except RecursionError:
                raise Malformed("it is nested too deeply", self.offset()) from None
            except ValueError as error:
                if decoder is decode_any_integer:
                    raise Malformed(str(error), self.offset()) from None
                decoder = decode_any_integer
            else:
                # A number may go on in the next chunk (`1` `e5`); everything else shows its own end.
                whole = end + _SLACK < len(self._text) or isinstance(value, (dict, list, str))
                if whole or not self._grow():
                    self._began, self._at = self._at, end
                    return value

    def line(self) -> object:
        """Read the value that is the rest of this line. Raises `Malformed`, with the reader behind the line."""
        try:
            end = self._end_of_line()
        except Malformed as error:
            raise self._in_line(error, self.line_number()) from None
        self._began, self._at = self._at, end
        text = self._text[self._began : end]
        try:
            return value_of(text)
        except (JSONDecodeError, Malformed) as error:
            number = self.began().line
            raise self._in_line(self._flaw_of_line(error, text), number) from None

    def _flaw_of_line(self, error: JSONDecodeError | Malformed, text: str) -> Malformed:
        if isinstance(error, Malformed):
            return self._flaw(error.why, self._began + error.offset)
        if self._ended and self._at == len(self._text) and could_go_on(error, text):
            return self._cut_short()
        return self._flaw(sentence_of(error), self._began + error.pos)

    def _in_line(self, error: Malformed, number: int) -> Malformed:
        return Malformed(error.why, error.offset, fatal=error.fatal, line=error.line or number)

    def _end_of_line(self) -> int:
        """Where the line ends in the window. Raises Malformed, with the reader there, when it is too large."""
        while True:
            end = self._text.find("\n", self._at)
            if end < 0 and not self._too_large(len(self._text)) and self._grow():
                continue
            if not self._too_large(len(self._text) if end < 0 else end):
                return len(self._text) if end < 0 else end
            begins = self._place(self._at)
            self._skip_line()
            raise Malformed(self._largeness(), begins.byte, line=begins.line)

    def _skip_line(self) -> None:
        while (end := self._text.find("\n", self._at)) < 0:
            self._at = len(self._text)
            if not self._grow():
                return
        self._at = end

    def weight(self) -> int:
        """About how many bytes of memory the value takes that was read last, as a member of an object."""
        return _MEMBER + self._weight(self._began, self._at)

    def refuse(self, weight: int) -> None:
        """Raises a fatal Malformed when values of this weight are too much to be held together."""
        if weight > self._heaviest:
            raise Malformed(self._largeness(), self.offset(), fatal=True)

    def _too_large(self, end: int) -> bool:
        """Whether a value from the reader to `end` would take too much memory."""
        size = end - self._at
        if size <= self._largest // 32:
            return False
        return size > self._largest or self._weight(self._at, end) > self._heaviest

    def _weight(self, begin: int, end: int) -> int:
        return end - begin + sum(each * self._text.count(mark, begin, end) for mark, each in _WEIGHTS)

    def _largeness(self) -> str:
        return f"it is larger than {self._largest >> 20} MiB, or would be in memory"

    def skip_value(self, at_most: int | None = None, marks: int | None = None) -> None:
        """Step over the array or object that begins here, without holding it.

        Raises a fatal `Malformed` when it has no end, or none within `at_most` bytes behind the window and `marks`
        brackets and texts.
        """
        last = None if at_most is None else self._bytes + at_most
        passed, depth = 0, 0
        while True:
            for found in _MARKS.finditer(self._text, self._at):
                self._at = found.end()
                mark = self._text[found.start()]
                passed += 1
                if passed == marks:
                    raise self._endless()
                if mark == '"':
                    if found.end() - found.start() == 1:
                        self._skip_rest_of_string(last)
                        break
                else:
                    depth += 1 if mark in "[{" else -1
                    if depth <= 0:
                        return
            else:
                self._skip_window(last)

    def _skip_rest_of_string(self, last: int | None) -> None:
        """Step over the end of a string that is longer than the window."""
        while (found := _INSIDE_STRINGS.search(self._text, self._at)) is None or found.group() == "\\":
            if found is None:
                self._skip_window(last)
            else:
                self._at = found.end()
                self._step_over_escape()
        self._at = found.end()

    def _skip_window(self, last: int | None) -> None:
        self._at = len(self._text)
        if last is not None and self._bytes > last:
            raise self._endless()
        if not self._grow():
            raise self._cut_short()

    def _endless(self) -> Malformed:
        return Malformed("it has no end that can be found", self._bytes, fatal=True)

    def _step_over_escape(self) -> None:
        if self._at == len(self._text) and not self._grow():
            raise self._cut_short()
        self._at += 1

    def _need_more(self, error: JSONDecodeError) -> None:
        if error.pos + _SLACK < len(self._text) and not error.msg.startswith("Unterminated"):
            self._place(self._at)
            raise self._flaw(sentence_of(error), error.pos)
        if self._too_large(len(self._text)):
            raise Malformed(self._largeness(), self.offset())
        is_unfinished = could_go_on(error, self._text)
        if not self._grow():
            raise self._cut_short() if is_unfinished else self._flaw(sentence_of(error), error.pos)

    def _cut_short(self) -> Malformed:
        return Malformed(f"the file is cut short at byte {self._bytes}", self._bytes, fatal=True)

    def _grow(self) -> bool:
        """Read on, dropping what lies behind the reader. False at the end of the stream."""
        held = len(self._text) - self._at
        while not self._ended:
            data = self._read(max(self._chunk, min(held, self._largest - held)))
            if not data:
                self._ended = True
                break
            if not self._fed:
                data = self._begin(data)
            end = self._bytes
            text = self._decoded(data)
            del data  # a value can be large, and its text is in memory twice already
            if text:
                self._drop(end)
                self._text += text
                return True
        return False

    def _drop(self, end: int) -> None:
        """Forget what lies behind the reader, in a window that ends before the byte `end`."""
        if not self._at and self._text:
            return
        line = self._known.line + self._text.count("\n", self._known.at, self._at)
        self._text = self._text[self._at :]
        self._start = self._known = Place(0, end - self._size(self._text), line)
        self._at = 0

    def _read(self, size: int) -> bytes:
        try:
            return self._stream.read(size)
        except SourceBroken as error:
            self._ended = True
            raise Malformed(str(error), self._bytes, fatal=True) from error

    def _decoded(self, data: bytes) -> str:
        try:
            text = self._decoder.decode(data)
        except UnicodeDecodeError as error:
            self._ended = True
            why = f"the bytes are no {self._encoding.upper()}"
            raise Malformed(why, self._bytes + error.start, fatal=True) from error
        self._fed += len(data)
        self._bytes = self._fed - len(self._decoder.getstate()[0])
        return text

    def _begin(self, data: bytes) -> bytes:
        while len(data) < 4 and (more := self._read(4 - len(data))):
            data += more
        self._encoding, mark = encoding_of(data)
        # Bytes that are no UTF-8 are kept as what stands for them, so that offsets stay right; cleaning replaces them.
        self._errors = "surrogateescape" if self._encoding == "utf-8" else "surrogatepass"
        self._decoder = codecs.getincrementaldecoder(self._encoding)(self._errors)
        self._fed = self._bytes = mark
        return data[mark:]

    def _size(self, text: str) -> int:
        if self._encoding == "utf-8" and text.isascii():
            return len(text)
        return len(text.encode(self._encoding, self._errors))
