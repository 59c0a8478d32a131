"""Narrowing of what JSON holds, and the cleaning that every text goes through on its way in."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo

from packages_store.times import LATEST_MS, from_epoch_ms
from packages_store.words import with_number
from stages.parsers.contract import Note

NOTHING: Mapping[str, object] = {}
_TITLE_LENGTH = 80


def as_map(value: object) -> Mapping[str, object]:
    """`value` when it is an object, an empty one otherwise."""
    return value if isinstance(value, dict) else NOTHING


def as_list(value: object) -> Sequence[object]:
    """`value` when it is a list, an empty one otherwise."""
    return value if isinstance(value, list) else ()


def as_text(value: object) -> str:
    """`value` when it is a string, '' otherwise."""
    return value if isinstance(value, str) else ""


def is_blank(text: str) -> bool:
    """Whether nothing can be seen of `text`."""
    return not text or text.isspace()


def digest(*parts: str) -> str:
    """32 hexadecimal digits that stand for `parts`. Surrogates and NUL are allowed in them."""
    joined = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(joined).hexdigest()[:32]


def one_line(text: str, length: int = _TITLE_LENGTH) -> str:
    """`text` without line breaks, cut after `length` characters."""
    words = " ".join(text.split())
    return words if len(words) <= length else words[: length - 1].rstrip() + "…"


def milliseconds(value: object) -> int | None:
    """The instant that `value` means, in milliseconds since 1970, rounded to the nearest; None when it means none.

    Numbers and numeric strings are seconds, or milli-, micro- or nanoseconds when they are too large to be seconds
    (1e11 seconds are the year 5138). Other strings are ISO-8601; without a zone they are UTC. Zero and less is no
    instant: exporters write 0 for "unknown".
    """
    if isinstance(value, (int, float)):
        return None if isinstance(value, bool) else _of_number(value)
    if not isinstance(value, str):
        return None
    return _of_text(value.strip())


def local_milliseconds(value: object, zone: tzinfo) -> tuple[int | None, bool]:
    """The instant as `milliseconds` tells it, but ISO-8601 without a zone is what the clock in `zone` showed.

    Also whether that had to be assumed.
    """
    try:
        moment = datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is not None or str(value).strip().isdigit():
        return milliseconds(value), False
    return moment_ms(moment.replace(tzinfo=zone)), True


def _of_text(text: str) -> int | None:
    try:
        return _of_number(float(text))  # before ISO-8601, in whose short forms some plain numbers are dates as well
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment_ms(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def moment_ms(moment: datetime) -> int | None:
    """`moment` (aware) in milliseconds since 1970; None when it is not after 1970, or too late."""
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    whole = (since.days * 86_400 + since.seconds) * 1000 + round(since.microseconds / 1000)
    return whole if 0 < whole <= LATEST_MS else None


def _of_number(value: int | float) -> int | None:
    if not 0 < value < 1e22:  # nor is it infinite, or no number
        return None
    seconds = value
    while seconds > 1e11:
        seconds /= 1000
    found = round(seconds * 1000)
    return found if 0 < found <= LATEST_MS else None


def iso(at: int) -> str:
    """Milliseconds since 1970 as the package writes them."""
    return from_epoch_ms(at)


class Tally:
    """What is to be told once per file, counted while it is read. One per reading; never shared."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def count(self, what: str, times: int = 1) -> None:
        """Count `what`, which `with_number` puts behind a number: `message[|s] without text [was|were] left out`."""
        if times:
            self._counts[what] += times

    def notes(self) -> Iterator[Note]:
        """A note for everything counted."""
        for what, times in self._counts.items():
            yield Note(with_number(times, what))

    def clean(self, text: str) -> str:
        """`text` as every reader of UTF-8 takes it: split surrogate pairs joined, lone ones and NUL replaced."""
        if text.isascii():
            is_clean = "\0" not in text
        else:
            try:
                is_clean = b"\0" not in text.encode()  # quicker than to search a text of wide characters
            except UnicodeEncodeError:
                is_clean = False
        return text if is_clean else self._cleaned(text)

    def _cleaned(self, text: str) -> str:
        if "\0" in text:
            self.count("text[|s] held NUL characters, which were replaced by U+FFFD")
            text = text.replace("\0", "\ufffd")
        try:
            text.encode()
        except UnicodeEncodeError:
            joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
            if "\ufffd" in joined:
                self.count("text[|s] held halves of characters, which were replaced by U+FFFD")
            return joined
        return text
