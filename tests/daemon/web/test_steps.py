"""Stages, speeds and lasting times in words for people."""

from datetime import UTC, datetime

import pytest

from daemon.web.steps import speed_of
from daemon.web.templating import counted, duration, size, typed
from packages_store.history import Pace

START = "2026-03-01T12:00:00.000Z"
LATER = datetime(2026, 3, 1, 12, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ended", "rate", "left"), [(240, "2.0 a second", 50), (24, "12 a minute", 500), (1, "30 an hour", 12_000)]
)
def test_a_speed_is_told_in_the_unit_that_fits(ended: int, rate: str, left: int) -> None:
    speed = speed_of(Pace(START, ended), 100, LATER)
    assert speed is not None
    assert (speed.rate, round(speed.seconds_left or 0)) == (rate, left)


def test_nobody_knows_a_speed_before_something_has_ended_or_any_time_has_passed() -> None:
    assert speed_of(None, 100, LATER) is None
    assert speed_of(Pace(START, 0), 100, LATER) is None
    assert speed_of(Pace(START, 10), 100, datetime(2026, 3, 1, 12, 0, 1, tzinfo=UTC)) is None
    # The clock was set back meanwhile.
    assert speed_of(Pace(START, 10), 100, datetime(2026, 3, 1, 11, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.2, "less than a second"), (59, "59 s"), (150, "2 min"), (7_800, "2 h 10 min"), (90_000, "1 day")],
)
def test_lasting_times_have_one_or_two_units(seconds: float, told: str) -> None:
    assert duration(seconds) == told


def test_numbers_are_told_with_what_they_count() -> None:
    assert (counted(1, "file"), counted(2, "file"), counted(1200, "day")) == ("1 file", "2 files", "1,200 days")
    assert (size(999), size(1_500_000), size(2 * 10**13)) == ("999 bytes", "1.5 MB", "20.0 TB")


def test_what_is_to_be_typed_is_told_apart() -> None:
    assert typed("Run `loom login`, then go on.") == ["Run ", "loom login", ", then go on."]
    assert typed("A lone ` is text.") == ["A lone ` is text."]
