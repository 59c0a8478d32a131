"""Looks after the daemon every few seconds: room on the disk, time that was missed, and whether work goes on.

What it finds is told by `daemon/service/health.py`, the doctor and the service manager; what it does is pause the
scheduler before the disk is full, let it go on when there is room again, and have put away after work what it took.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import anyio
import structlog

from daemon.locks import StageLocks
from daemon.service.clocks import Gap, Moment, gap_between, in_words
from daemon.service.starts import MINUTE, StartBook
from packages_store.files import Disk, Probe
from packages_store.paths import HomePaths
from stages.contract import off_loop

BEAT_SECONDS = 2.0
STALL_SECONDS = 900.0
"""Work that neither writes nor reports anything for so long stands still. The heaviest single item measured takes a
fraction of that on a slow machine."""
_NOTED_FOR = 3600.0
"""Seconds for which a gap is told."""
REST_SECONDS = 30.0
"""After so long without work, what it took is put away."""
_MEGABYTE = 1 << 20


class Pausing(Protocol):
    """What the keeper asks of the scheduler."""

    def pause(self, cause: str, reason: str | None) -> None: ...

    def look_again(self) -> None: ...


class StepCounter:
    """Counts what is done to the disk: the surest sign that work goes on. Stands before the disk's own probe."""

    def __init__(self, probe: Probe) -> None:
        self.steps = 0
        self._probe = probe

    def __call__(self, step: str) -> None:
        self.steps += 1
        self._probe(step)


@dataclass(frozen=True, slots=True)
class Watched:
    """What the keeper looks at. `steps` grows with everything that is done, `min_free` is in bytes."""

    paths: HomePaths
    disk: Disk
    locks: StageLocks
    steps: Callable[[], int]
    clocks: Callable[[], Moment]
    min_free: Callable[[], int]


class Keeper:
    """All methods belong to the event loop."""

    def __init__(self, watched: Watched, scheduler: Pausing, starts: StartBook, put_away: Callable[[], None]) -> None:
        """`put_away` is called in a worker thread, once after each spell of work."""
        self._watched = watched
        self._put_away = put_away
        self._scheduler = scheduler
        self._starts = starts
        self._last = watched.clocks()
        self._began = self._last.boot
        self._is_noted = False
        self._steps = -1
        self._moved_at = self._last.monotonic
        self._worked_at: float | None = None
        self._gap: Gap | None = None
        self.free_bytes: int | None = None
        """Room on the disk at the last look; None when it could not be told."""
        self.low_disk: str | None = None
        """Why nothing is started for want of room, None while there is enough."""

    async def serve(self) -> None:
        """Look after everything, for ever."""
        self._last = self._watched.clocks()
        await self.beat(0)
        while True:
            await anyio.sleep(BEAT_SECONDS)
            await self.beat(BEAT_SECONDS)

    async def beat(self, expected_seconds: float) -> None:
        """One look at everything, which should come so long after the last one."""
        self._look_at_clocks(expected_seconds)
        self._look_at_work()
        await self._look_at_disk()
        await self._look_at_rest()
        if not self._is_noted and self._last.boot - self._began >= MINUTE:
            self._is_noted = True
            await _quietly(self._starts.lived, "the start could not be noted")

    # --- time --------------------------------------------------------------------------------------------------

    def _look_at_clocks(self, expected_seconds: float) -> None:
        now = self._watched.clocks()
        gap = gap_between(self._last, now, expected_seconds)
        self._last = now
        if gap is None:
            return
        self._gap = gap
        self._moved_at = now.monotonic
        structlog.get_logger().warning("time was missed", kind=gap.kind, seconds=round(gap.seconds))
        # Moments that were waited for may be over, or may have moved.
        self._scheduler.look_again()

    @property
    def gap(self) -> Gap | None:
        """The last time that was missed, if that was not long ago."""
        is_recent = self._gap is not None and self._last.boot - self._gap.seen_boottime < _NOTED_FOR
        return self._gap if is_recent else None

    # --- work --------------------------------------------------------------------------------------------------

    def _look_at_work(self) -> None:
        steps = self._watched.steps()
        runs = self._watched.locks.all()
        works = any(not lock.asks_model for lock in runs)
        if runs:
            self._worked_at = self._last.monotonic
        if steps != self._steps or not works:
            self._steps = steps
            self._moved_at = self._last.monotonic

    @property
    def stalled(self) -> str | None:
        """Why the daemon should be started anew, None while work goes on, or waits for something that is known."""
        still = self._last.monotonic - self._moved_at
        if still < STALL_SECONDS:
            return None
        stages = sorted({lock.stage.value for lock in self._watched.locks.all()})
        return f"{', '.join(stages)} did nothing for {in_words(still)}"

    async def _look_at_rest(self) -> None:
        if self._worked_at is not None and self._last.monotonic - self._worked_at >= REST_SECONDS:
            self._worked_at = None
            await _quietly(self._put_away, "what work had opened could not be put away")
            # However long that took on a slow disk, it was no standstill.
            self._last = self._watched.clocks()

    # --- room --------------------------------------------------------------------------------------------------

    async def _look_at_disk(self) -> None:
        try:
            free = self.free_bytes = await off_loop(self._watched.disk.free_bytes, self._watched.paths.root)
        except OSError:
            self.free_bytes = None
            return
        least = self._watched.min_free()
        # A quarter more before it goes on: at the very edge it would stop and go with every file.
        if free < least or (self.low_disk is not None and free < least + least // 4):
            reason = f"room on the disk: {free // _MEGABYTE} MB are free, {least // _MEGABYTE} MB are kept free"
        else:
            reason = None
        if (reason is None) != (self.low_disk is None):
            structlog.get_logger().warning("disk", is_low=reason is not None, free_bytes=free, kept_free=least)
        self.low_disk = reason
        self._scheduler.pause("disk", reason)


async def _quietly(act: Callable[[], None], complaint: str) -> None:
    """What can wait must not end the daemon when the disk is full."""
    try:
        await off_loop(act)
    except OSError as error:
        structlog.get_logger().warning(complaint, reason=str(error))
