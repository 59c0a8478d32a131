"""Instants as the package writes them: ISO-8601, UTC, milliseconds, `Z` (the form Entity Loom 0.4 reads)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

Clock = Callable[[], datetime]
"""Returns the current instant, aware and in UTC. Injected, so that tests control it."""

LATEST_MS = 253_402_214_400_000
"""A day before the year 10000, after which there is no instant to write. In milliseconds since 1970."""

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - UTC; to reckon with a zone would take twice as long


def utc_now() -> datetime:
    """The wall clock: the `Clock` of a real daemon."""
    return datetime.now(UTC)


def iso(moment: datetime) -> str:
    """`moment` (aware) as `YYYY-MM-DDTHH:MM:SS.mmmZ`, rounded to the nearest millisecond."""
    utc = moment.astimezone(UTC)
    return from_epoch_ms(round(utc.timestamp() * 1000))


def from_epoch_ms(milliseconds: int) -> str:
    """Milliseconds since 1970 as `YYYY-MM-DDTHH:MM:SS.mmmZ`. Raises ValueError outside the years 1 to 9999."""
    try:
        moment = _EPOCH + timedelta(0, 0, 0, milliseconds)
    except OverflowError as error:
        raise ValueError(f"no such instant: {milliseconds} ms") from error
    return moment.isoformat("T", "milliseconds") + "Z"


def parse_iso(text: str) -> datetime:
    """The instant written by `iso`. Raises ValueError for anything that is not ISO-8601 with a zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"no time zone in {text!r}")
    return moment.astimezone(UTC)


def local_day(instant: str, zone: tzinfo, starts_at: int = 0) -> str:
    """The day, `YYYY-MM-DD`, of an instant in a zone; what is before the hour `starts_at` belongs to the day before."""
    quarter = _QUARTERS.get(instant[_MINUTE:_SECOND])
    if quarter is None or instant < _SINCE_QUARTERS or not instant.endswith("Z"):
        return _local_day(instant, zone, starts_at)
    return _local_day(f"{instant[:_MINUTE]}{quarter}Z", zone, starts_at)


# A memo, and no state: the same arguments always give the same day. Lists ask for the days of thousands of messages.
@lru_cache(maxsize=4096)
def _local_day(instant: str, zone: tzinfo, starts_at: int) -> str:
    moment = parse_iso(instant).astimezone(zone)
    day = moment.date() - timedelta(days=1) if moment.hour < starts_at else moment.date()
    return day.isoformat()


_SINCE_QUARTERS = "1973"
"""From here on no clock of the world is off by a part of a quarter of an hour: within one, it is the same day."""
_MINUTE, _SECOND = len("YYYY-MM-DDTHH:"), len("YYYY-MM-DDTHH:MM")
_QUARTERS = {f"{minute:02}": f"{minute // 15 * 15:02}" for minute in range(60)}
