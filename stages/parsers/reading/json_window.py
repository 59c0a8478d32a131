"""A sliding window of text over a stream of JSON bytes, read value by value with the decoder of the standard library.

That decoder is the only one measured that takes what real exports hold (lone surrogates, NaN, huge integers, control
characters in strings) and that tells the place of every error. The window adds encodings, byte offsets and a bound.
"""

import codecs
import re
from collections.abc import Callable
from json import JSONDecodeError, JSONDecoder
from typing import BinaryIO

from packages_store.errors import SourceBroken

CHUNK = 1 << 20
"""Bytes read at a time; as many as are held already when those are more, so that a long value takes linear time."""

LARGEST_VALUE = 128 << 20
"""Characters one value may have before it is given up: it would take several times as much memory."""

SEARCHED_AFTER_AN_ERROR = 64 << 20
"""Bytes looked through for the end of a malformed value, before the rest of the file is given up."""

# The longest token that can be cut in two so that the decoder reports its start: an escaped surrogate pair.
_SLACK = 16
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: it begins with that one's mark
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Without a mark, the zero bytes among the first four tell (RFC 4627, section 3): JSON begins with an ASCII character.
_ZEROES = {
    (False, True, True, True): "utf-32-le",
    (True, True, True, False): "utf-32-be",
    (False, True, False, True): "utf-16-le",
    (True, False, True, False): "utf-16-be",
    (False, True, False, False): "utf-16-le",
    (True, False, False, False): "utf-16-be",
}
_PART_OF_A_TOKEN = re.compile(r"[-+.\w\\]*")
_NO_SPACE = re.compile(r"[^ \t\n\r]")
_OUTSIDE_STRINGS = re.compile(r'["\[\]{}]')
_INSIDE_STRINGS = re.compile(r'["\\]')


class Malformed(Exception):
    """The text is not JSON at one place. `offset` is in bytes; `fatal`: what follows cannot be found either."""

    def __init__(self, why: str, offset: int, *, fatal: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.offset = offset
        self.fatal = fatal


def encoding_of(head: bytes) -> tuple[str, int]:
    """The encoding of a file that begins with `head`, and the length of its byte order mark."""
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding, len(mark)
    if len(head) < 4:
        return "utf-8", 0
    return _ZEROES.get((head[0] == 0, head[1] == 0, head[2] == 0, head[3] == 0), "utf-8"), 0


def _any_integer(digits: str) -> int | float:
    # CPython refuses to convert more than 4300 digits; as a float such a number is infinite or close enough.
    return int(digits) if len(digits) < 4000 else float(digits)


_decode = JSONDecoder(strict=False).raw_decode
_decode_any_integer = JSONDecoder(strict=False, parse_int=_any_integer).raw_decode


def _value_of(text: str) -> object:
    """The JSON value that `text` is. Raises Malformed, with an offset in `text`."""
    for decode in (_decode, _decode_any_integer):
        try:
            value, end = decode(text, 0)
        except JSONDecodeError as error:
            raise Malformed(error.msg[:1].lower() + error.msg[1:], error.pos) from None
        except RecursionError:
            raise Malformed("it is nested too deeply", 0) from None
        except ValueError:
            continue
        if text[end:].strip():
            raise Malformed("more follows in the line", end)
        return value
    raise Malformed("it holds a number that cannot be read", 0)


class Window:
    """Where in the stream the reader is. Raises `Malformed`; a `SourceBroken` of the stream becomes a fatal one."""

    def __init__(self, stream: BinaryIO, *, chunk: int = CHUNK, largest: int = LARGEST_VALUE) -> None:
        self._stream = stream
        self._chunk = chunk
        self._largest = largest
        self._text = ""
        self._at = 0
        self._ended = False
        self._fed = 0  # bytes given to the decoder
        self._bytes = 0  # of the stream before the end of the window
        self._began = 0  # where the value that was read last begins
        self._encoding = "utf-8"
        self._errors = "surrogateescape"
        self._decoder = codecs.getincrementaldecoder(self._encoding)()

    @property
    def end(self) -> int:
        """How many bytes of the stream are in the window or lie before it."""
        return self._bytes

    def offset(self, at: int | None = None) -> int:
        """How many bytes of the stream lie before the reader, or before the character `at` of the window.

        Costs an encoding of what lies behind it in the window: not to be asked for every record.
        """
        return self._bytes - self._size(self._text[self._at if at is None else at :])

    def began(self) -> int:
        """`offset` of the value that was read last, until something is read after it."""
        return self.offset(self._began)

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
        decode: Callable[[str, int], tuple[object, int]] = _decode
        while True:
            try:
                value, end = decode(self._text, self._at)
            except JSONDecodeError as error:
                self._need_more(error)
            except RecursionError:
                raise Malformed("it is nested too deeply", self.offset()) from None
            except ValueError as error:
                if decode is _decode_any_integer:
                    raise Malformed(str(error), self.offset()) from None
                decode = _decode_any_integer
            else:
                # A number may go on in the next chunk (`1` `e5`); everything else shows its own end.
                whole = end + _SLACK < len(self._text) or isinstance(value, (dict, list, str))
                if whole or not self._grow():
                    self._began, self._at = self._at, end
                    return value

    def line(self) -> object:
        """Read the value that is the rest of this line. Raises `Malformed`, with the reader behind the line."""
        self._began = self._at
        while (end := self._text.find("\n", self._at)) < 0:
            if len(self._text) - self._at > self._largest:
                begin = self.offset()
                self._skip_line()
                raise Malformed(f"it is larger than {self._largest >> 20} MiB", begin)
            more = self._grow()
            self._began = self._at
            if not more:
                end = len(self._text)
                break
        text, self._at = self._text[self._at : end], end
        try:
            return _value_of(text)
        except Malformed as error:
            raise Malformed(error.why, self.began() + error.offset) from None

    def _skip_line(self) -> None:
        while (end := self._text.find("\n", self._at)) < 0:
            self._at = len(self._text)
            if not self._grow():
                return
        self._at = end

    def skip_value(self, at_most: int | None = None) -> None:
        """Step over the array or object that begins here, without holding it.

        Raises a fatal `Malformed` when it has no end, or none within `at_most` bytes.
        """
        last = None if at_most is None else self._bytes + at_most
        depth, inside = 0, False
        while True:
            mark = self._to_next(_INSIDE_STRINGS if inside else _OUTSIDE_STRINGS, last)
            if mark == "\\":
                self._step_over_escape()
            elif mark == '"':
                inside = not inside
            else:
                depth += 1 if mark in "[{" else -1
                if depth <= 0:
                    return

    def _to_next(self, marks: re.Pattern[str], last: int | None) -> str:
        """Step over the next of `marks`, dropping what lies before it."""
        while (found := marks.search(self._text, self._at)) is None:
            self._at = len(self._text)
            if last is not None and self._bytes > last:
                raise Malformed("it has no end that can be found", self._bytes, fatal=True)
            if not self._grow():
                raise self._cut_short()
        self._at = found.end()
        return found.group()

    def _step_over_escape(self) -> None:
        if self._at == len(self._text) and not self._grow():
            raise self._cut_short()
        self._at += 1

    def _need_more(self, error: JSONDecodeError) -> None:
        flaw = Malformed(error.msg[:1].lower() + error.msg[1:], self.offset(error.pos))
        unfinished = error.msg.startswith("Unterminated")
        if error.pos + _SLACK < len(self._text) and not unfinished:
            raise flaw
        if len(self._text) - self._at > self._largest:
            raise Malformed(f"it is larger than {self._largest >> 20} MiB", self.offset())
        could_go_on = unfinished or _PART_OF_A_TOKEN.fullmatch(self._text, error.pos)
        if not self._grow():
            raise self._cut_short() if could_go_on else flaw

    def _cut_short(self) -> Malformed:
        return Malformed(f"the file is cut short at byte {self._bytes}", self._bytes, fatal=True)

    def _grow(self) -> bool:
        """Read on, dropping what lies behind the reader. False at the end of the stream."""
        held = len(self._text) - self._at
        while not self._ended:
            data = self._read(max(self._chunk, held))
            if not data:
                self._ended = True
                break
            text = self._decoded(data)
            if text:
                self._text = self._text[self._at :] + text
                self._at = 0
                return True
        return False

    def _read(self, size: int) -> bytes:
        try:
            return self._stream.read(size)
        except SourceBroken as error:
            self._ended = True
            raise Malformed(str(error), self._bytes, fatal=True) from error

    def _decoded(self, data: bytes) -> str:
        if not self._fed:
            data = self._begin(data)
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
        self._fed = mark
        return data[mark:]

    def _size(self, text: str) -> int:
        if self._encoding == "utf-8" and text.isascii():
            return len(text)
        return len(text.encode(self._encoding, self._errors))
