"""Time that was missed: sleep, a process that was stopped, and a wall clock that was set (R-31).

CLOCK_BOOTTIME goes on while the machine sleeps, CLOCK_MONOTONIC does not, and both go on while only the process is
stopped. The wall clock may be set at any moment; nothing of ours measures durations with it.
"""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from packages_store.times import iso

GapKind = Literal["sleep", "standstill", "clock"]

_NOTED_SECONDS = 20.0
"""Shorter gaps come from a busy machine, or from NTP."""


def boottime() -> float:
    """Seconds since the machine was started, its sleep included; where no clock says that, without its sleep."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)


@dataclass(frozen=True, slots=True)
class Gap:
    """What was missed. `seconds` is negative for a clock that was set back."""

    kind: GapKind
    seconds: float
    seen_at: str
    """ISO-8601, UTC, by the wall clock as it is now."""
    seen_boottime: float

    def __str__(self) -> str:
        length = in_words(abs(self.seconds))
        match self.kind:
            case "sleep":
                return f"the machine slept for {length}; what waited was looked at again at {self.seen_at}"
            case "standstill":
                return f"the process was stopped, or not let run, for {length} until {self.seen_at}"
            case "clock":
                way = "back" if self.seconds < 0 else "forward"
                return f"the clock was set {way} by {length}; now it says {self.seen_at}"


@dataclass(frozen=True, slots=True)
class Moment:
    """One reading of all three clocks; seconds."""

    monotonic: float
    boot: float
    wall: datetime


def gap_between(before: Moment, now: Moment, expected_seconds: float) -> Gap | None:
    """What was missed between two readings that should lie `expected_seconds` apart; the longest of its kinds first."""
    slept = (now.boot - before.boot) - (now.monotonic - before.monotonic)
    stood = (now.monotonic - before.monotonic) - expected_seconds
    moved = (now.wall - before.wall).total_seconds() - (now.boot - before.boot)
    kinds: tuple[tuple[GapKind, float], ...] = (("clock", moved), ("sleep", slept), ("standstill", stood))
    for kind, seconds in kinds:
        if abs(seconds) >= _NOTED_SECONDS:
            return Gap(kind, seconds, iso(now.wall), now.boot)
    return None


def in_words(seconds: float) -> str:
    """A duration for people: `42 s`, `5 min`, `12 h`, `365 days`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 172_800 else f"{seconds / 86_400:.0f} days"
