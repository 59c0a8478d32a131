"""What the home remembers of the daemon's starts: whether the last one ended in order, and how many died at once.

`<home>/starts.json` is written when the daemon has taken the home, after its first minute, and when it ends in order.
Starts that died within a minute, one after another, lead to safe mode (R-95).
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import TextIO

from pydantic import TypeAdapter, ValidationError

from packages_store.files import Disk, tail
from packages_store.paths import HomePaths
from packages_store.times import Clock, iso

MINUTE = 60.0
"""A start that lived for so many seconds did not die of starting."""
_KEPT_EVIDENCE = 4000


@dataclass(frozen=True, slots=True)
class Start:
    """One start of the daemon."""

    at: str
    pid: int
    lived: bool = False
    """Whether it lived for a minute."""
    evidence: str = ""
    """What was found of how it died: the error that ended it, or where each thread stood."""


@dataclass(frozen=True, slots=True)
class Starts:
    """The present start, None when the last one ended in order; and those before it that died within a minute."""

    present: Start | None = None
    died: tuple[Start, ...] = field(default=())


_STARTS = TypeAdapter(Starts)


@dataclass(frozen=True, slots=True)
class SafeMode:
    """Why nothing is worked on: the starts that died, oldest first."""

    died: tuple[Start, ...]

    @property
    def evidence(self) -> str:
        """The last thing that is known of why they died; empty when nothing is."""
        return next((start.evidence for start in reversed(self.died) if start.evidence), "")

    def __str__(self) -> str:
        first, last = self.died[0].at, self.died[-1].at
        return (
            f"{len(self.died)} starts in a row died within a minute ({first} to {last}); nothing is worked on until "
            "a person says `loom resume --all`"
        )


class StartBook:
    """The memory of the starts of one home. Synchronous; used by the holder of the home only."""

    def __init__(self, paths: HomePaths, disk: Disk, clock: Clock) -> None:
        self._path = paths.root / "starts.json"
        self.crash_log = paths.root / "crash.log"
        """Where the interpreter writes where each thread stood when it is killed by a fault of its own."""
        self._disk = disk
        self._clock = clock
        self._starts = Starts()
        self.is_safe = False
        """Whether the daemon is in safe mode: then neither a minute nor an orderly end proves that it is well."""
        self.was_unclean = False
        """Whether the daemon before us did not end in order,"""
        self.evidence = ""
        """and what is known of why."""

    def begin(self, pid: int) -> tuple[Start, ...]:
        """Note that the daemon starts, and return the starts right before it that died within a minute.

        Raises OSError; a file that cannot be read counts as none.
        """
        before = self._read()
        self.was_unclean = before.present is not None
        self.evidence = self._evidence(before.present)
        died = before.died
        if before.present is not None and not before.present.lived:
            died = (*died, replace(before.present, evidence=self.evidence))
        self._keep(Starts(Start(iso(self._clock()), pid), died))
        self._disk.replace(self.crash_log, b"")
        return died

    def _evidence(self, last: Start | None) -> str:
        return "" if last is None else last.evidence or tail(self.crash_log, _KEPT_EVIDENCE)

    def lived(self) -> None:
        """The daemon has lived for a minute: what died before is no reason for safe mode any more."""
        self._change(lambda start: replace(start, lived=True), died=self._starts.died if self.is_safe else ())

    def forget_deaths(self) -> None:
        """Somebody has left safe mode."""
        self.is_safe = False
        self._change(lambda start: start, died=())

    def failed(self, evidence: str) -> None:
        """The daemon is about to die of an error."""
        self._change(lambda start: replace(start, evidence=evidence[-_KEPT_EVIDENCE:]), died=self._starts.died)

    def ended(self) -> None:
        """The daemon ends in order. Deaths that lead to safe mode stay known until somebody leaves it."""
        self._keep(Starts(None, self._starts.died if self.is_safe else ()))

    def open_crash_log(self) -> TextIO:
        """The file for `faulthandler`; made by `begin`."""
        return self.crash_log.open("a", encoding="utf-8")

    def _change(self, change: Callable[[Start], Start], died: tuple[Start, ...]) -> None:
        if self._starts.present is not None:
            self._keep(Starts(change(self._starts.present), died))

    def _keep(self, starts: Starts) -> None:
        self._disk.replace(self._path, json.dumps(asdict(starts), indent=1).encode())
        self._starts = starts

    def _read(self) -> Starts:
        try:
            return _STARTS.validate_json(self._path.read_bytes())
        except (OSError, ValidationError):
            return Starts()


def deaths_that_count(died: tuple[Start, ...], limit: int, *, has_set_aside: bool) -> SafeMode | None:
    """Whether so many deaths lead to safe mode; with a `limit` of 0 they never do.

    `has_set_aside` says that the repair has just set aside an item that was in flight at each death: that is most
    likely what they died of, so the daemon gets one try without it.
    """
    allowed = limit + 1 if has_set_aside else limit
    return SafeMode(died) if limit and len(died) >= allowed else None
