"""Instants as the package writes them: ISO-8601, UTC, milliseconds, `Z` (the form Entity Loom 0.4 reads)."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the current instant, aware and in UTC. Injected, so that tests control it."""


def utc_now() -> datetime:
    """The wall clock: the `Clock` of a real daemon."""
    return datetime.now(UTC)


def iso(moment: datetime) -> str:
    """`moment` (aware) as `YYYY-MM-DDTHH:MM:SS.mmmZ`, rounded to the nearest millisecond."""
    utc = moment.astimezone(UTC)
    return from_epoch_ms(round(utc.timestamp() * 1000))


def from_epoch_ms(milliseconds: int) -> str:
    """Milliseconds since 1970 as `YYYY-MM-DDTHH:MM:SS.mmmZ`. Raises ValueError outside the years 1 to 9999."""
    seconds, rest = divmod(milliseconds, 1000)
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(f"no such instant: {milliseconds} ms") from error
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:03d}Z" if moment.year >= 1000 else _early(moment, rest)


def _early(moment: datetime, rest: int) -> str:
    # strftime's %Y does not pad years below 1000 on every platform.
    return f"{moment.year:04d}-{moment:%m-%dT%H:%M:%S}.{rest:03d}Z"


def parse_iso(text: str) -> datetime:
    """The instant written by `iso`. Raises ValueError for anything that is not ISO-8601 with a zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"no time zone in {text!r}")
    return moment.astimezone(UTC)
