"""One JSON value out of a text, with the decoder of the standard library.

That decoder is the only one measured that takes what real exports hold (lone surrogates, NaN, huge integers, control
characters in strings) and that tells the place of every error.
"""

import re
from collections.abc import Callable
from json import JSONDecodeError, JSONDecoder

Decoder = Callable[[str, int], tuple[object, int]]
"""Gives the value that begins at a character, and where it ends."""

_PART_OF_A_TOKEN = re.compile(r"[-+.\w\\]*")


class Malformed(Exception):
    """The text is not JSON at one place. `offset` is in bytes; `fatal`: what follows cannot be found either.

    `line` is the number (from 1) of the line that was to be read, 0 where nothing is read by lines.
    """

    def __init__(self, why: str, offset: int, *, fatal: bool = False, line: int = 0) -> None:
        super().__init__(why)
        self.why = why
        self.offset = offset
        self.fatal = fatal
        self.line = line


def _any_integer(digits: str) -> int | float:
    # CPython refuses to convert more than 4300 digits; as a float such a number is infinite or close enough.
    return int(digits) if len(digits) < 4000 else float(digits)


decode: Decoder = JSONDecoder(strict=False).raw_decode
decode_any_integer: Decoder = JSONDecoder(strict=False, parse_int=_any_integer).raw_decode


def value_of(text: str) -> object:
    """The JSON value that `text` is. Raises JSONDecodeError, or Malformed with an offset in `text`."""
    for decoder in (decode, decode_any_integer):
        try:
            value, end = decoder(text, 0)
        except JSONDecodeError:
            raise
        except RecursionError:
            raise Malformed("it is nested too deeply", 0) from None
        except ValueError:
            continue
        if text[end:].strip():
            raise Malformed("more follows in the line", end)
        return value
    raise Malformed("it holds a number that cannot be read", 0)


def could_go_on(error: JSONDecodeError, text: str) -> bool:
    """Whether `text` would be right so far if more followed."""
    return error.msg.startswith("Unterminated") or bool(_PART_OF_A_TOKEN.fullmatch(text, error.pos))


def sentence_of(error: JSONDecodeError) -> str:
    """What is wrong, to follow a colon."""
    return error.msg[:1].lower() + error.msg[1:]
