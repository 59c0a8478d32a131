"""The seven ways in which Tavern logs write a date, and the instants that the local ones among them mean."""

import re
from datetime import UTC, datetime, timedelta, tzinfo

from stages.parsers.reading.values import milliseconds, moment_ms

_HUMANIZED = re.compile(
    # `2023-4-9 @14h 05m 01s 07ms`, `2024-07-24@01h31m37s`, `2025-11-26@10h11m12s345ms`
    r"(\d{4})-(\d{1,2})-(\d{1,2})\s*@\s*(\d{1,2})h\s*(\d{1,2})m\s*(\d{1,2})s(?:\s*(\d{1,3})ms)?"
)
_SPOKEN = re.compile(
    # `June 19, 2023 2:20pm`
    r"([A-Za-z]{3,9})\s+(\d{1,2}),?\s+(\d{4})\s+(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,3}))?)?\s*([ap])m",
    re.IGNORECASE,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

AT_ONCE_MS = 2_000
"""How long a program takes at most to write a chat into a file; a person takes longer to write one message."""

_QUARTER = timedelta(minutes=15)
_SLACK = timedelta(minutes=5)
"""How far the end of an answer may lie from the local date written beside it."""
_FARTHEST = timedelta(hours=14)


def told_time(value: object) -> int | datetime | None:
    """What `value` tells: an instant in milliseconds since 1970, or wall clock time without a zone; None for neither.

    Numbers, and digits in a string, are instants (see `milliseconds`), and so is ISO-8601 with a zone. The forms that
    were made for people are what the clock of the user's machine showed.
    """
    if not isinstance(value, str):
        return milliseconds(value)
    text = value.strip()
    if found := _HUMANIZED.fullmatch(text):
        # Milliseconds are not padded: "07ms" and "7ms" are the same.
        return _wall(*(int(part or 0) for part in found.groups()))
    if found := _SPOKEN.fullmatch(text):
        return _spoken(*found.groups())
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return milliseconds(text)
    return moment if moment.tzinfo is None and not text.isdigit() else milliseconds(text)


def _spoken(
    month: str, day: str, year: str, hour: str, minute: str, second: str | None, fraction: str | None, half: str
) -> datetime | None:
    name = month[:3].casefold()
    if name not in _MONTHS:
        return None
    of_day = int(hour) % 12 + (12 if half in "pP" else 0)
    thousandths = int((fraction or "0").ljust(3, "0"))
    return _wall(int(year), _MONTHS.index(name) + 1, int(day), of_day, int(minute), int(second or 0), thousandths)


def _wall(year: int, month: int, day: int, hour: int, minute: int, second: int, thousandths: int) -> datetime | None:
    try:
        return datetime(year, month, day, hour, minute, second, thousandths * 1000)  # noqa: DTZ001 - it has no zone
    except ValueError:
        return None


def offset_between(wall: datetime, instant: int) -> timedelta | None:
    """How far the clock that showed `wall` at about `instant` is ahead of UTC, in quarters of an hour.

    None when the two are not about the same moment. Where a file tells both of one line, it tells the zone of the
    machine, and its daylight saving, better than any setting.
    """
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=instant)
    ahead = wall.replace(tzinfo=UTC) - at
    rounded = round(ahead / _QUARTER) * _QUARTER
    return rounded if abs(rounded) <= _FARTHEST and abs(ahead - rounded) <= _SLACK else None


def instant_of(wall: datetime, ahead: timedelta | None, zone: tzinfo) -> int | None:
    """`wall` as an instant in milliseconds since 1970: with `ahead` of UTC where that is known, else in `zone`."""
    try:
        return moment_ms(wall.replace(tzinfo=zone) if ahead is None else wall.replace(tzinfo=UTC) - ahead)
    except OverflowError:
        return None
