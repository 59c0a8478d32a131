"""The six stages of a package as the pages show them: one line of steps, in words for people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from daemon.views import StageView
from packages_store.history import Pace
from packages_store.model import StageName, StageStatus
from packages_store.times import parse_iso

TITLES = {
    StageName.UPLOAD: "Read files",
    StageName.CONVERT: "Convert",
    StageName.COMMIT: "Commit",
    StageName.SIGNIFICANT: "Significant memories",
    StageName.DAILY: "Daily memories",
    StageName.GRAPH: "Graph",
}
ITEMS = {
    StageName.UPLOAD: ("file", "files"),
    StageName.CONVERT: ("file", "files"),
    StageName.COMMIT: ("conversation", "conversations"),
    StageName.SIGNIFICANT: ("conversation", "conversations"),
    StageName.DAILY: ("day", "days"),
    StageName.GRAPH: ("batch of memories", "batches of memories"),
}
_ENOUGH_SECONDS = 2.0
"""A pace of less time than this says nothing yet."""


@dataclass(frozen=True, slots=True)
class Step:
    """One stage in the line."""

    stage: StageView
    is_now: bool
    """It runs, or it is the one that decides what happens next."""

    @property
    def name(self) -> StageName:
        """The stage."""
        return self.stage.name

    @property
    def title(self) -> str:
        """What it is called on the pages."""
        return TITLES[self.stage.name]

    @property
    def items(self) -> tuple[str, str]:
        """What its items are called: one, many."""
        return ITEMS[self.stage.name]

    @property
    def total(self) -> int:
        """How many items it knows of."""
        return self.stage.processed + self.stage.failed + self.stage.left

    @property
    def ended(self) -> int:
        """How many of them are done or have failed."""
        return self.stage.processed + self.stage.failed

    @property
    def state(self) -> str:
        """How it stands: its status, or `interrupted` when nobody meant it to stop."""
        stage = self.stage
        if stage.status == StageStatus.ABORTED and stage.interruption in ("crash", "shutdown"):
            return "interrupted"
        return stage.status.value

    @property
    def label(self) -> str:
        """Its state in words."""
        return "completed, some failed" if self.state == "completed_with_failures" else self.state.replace("_", " ")


def steps_of(stages: Sequence[StageView]) -> list[Step]:
    """The line of a package."""
    now = next((stage.name for stage in stages if not stage.status.ended), None)
    return [Step(stage, stage.name == now) for stage in stages]


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast a stage goes."""

    per_minute: float
    seconds_left: float | None

    @property
    def rate(self) -> str:
        """In words: `12 a minute`, `3.5 a second`."""
        if self.per_minute >= 60:
            return f"{self.per_minute / 60:.1f} a second"
        return f"{self.per_minute:.0f} a minute" if self.per_minute >= 1 else f"{self.per_minute * 60:.0f} an hour"


def speed_of(pace: Pace | None, left: int, now: datetime) -> Speed | None:
    """How fast a running stage goes and how long it still takes; None while nobody can say."""
    if pace is None or pace.ended_items == 0:
        return None
    seconds = (now - parse_iso(pace.started_at)).total_seconds()
    if seconds < _ENOUGH_SECONDS:
        return None
    per_second = pace.ended_items / seconds
    return Speed(per_second * 60, left / per_second)
