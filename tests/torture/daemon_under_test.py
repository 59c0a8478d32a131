"""The real daemon process, with one thing added: at a chosen moment of a chosen phase it is killed.

    python -m tests.torture.daemon_under_test HOME PHASE (step N | after SECONDS)

Phases are `repair` (from the start to the first stage), the six stages, and `idle` (between stages: files are taken in,
the index is filled). `step N` dies at the N-th step on the disk within the phase, `after S` that long after it began.
"""

import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daemon.app import Parts
from daemon.process import run
from daemon.settings import load_settings
from packages_store.files import Disk
from packages_store.model import StageName, WorkItem
from stages import STAGES
from stages.contract import Finished, Stage, StageContext


class Killer:
    """Counts steps within the phase that is to die, and kills this process."""

    def __init__(self, phase: str, steps: int | None, seconds: float | None) -> None:
        self._target = phase
        self._steps = steps
        self._seconds = seconds
        self._armed = False
        self.enter("repair")

    def enter(self, phase: str) -> None:
        """A phase begins; the others end."""
        begins = phase == self._target and not self._armed
        self._armed = phase == self._target
        if begins and self._seconds is not None:
            timer = threading.Timer(self._seconds, _die)
            timer.daemon = True
            timer.start()

    def probe(self, _step: str) -> None:
        """A step on the disk is about to be taken."""
        if self._armed and self._steps is not None:
            self._steps -= 1
            if self._steps <= 0:
                _die()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class Watched:
    """A stage that tells the killer when it begins and when it has finished."""

    stage: Stage[Any]
    killer: Killer

    @property
    def name(self) -> StageName:
        return self.stage.name

    def concurrency(self, context: StageContext) -> int:
        return self.stage.concurrency(context)

    def plan(self, context: StageContext) -> Sequence[WorkItem]:
        self.killer.enter(self.stage.name)
        return self.stage.plan(context)

    async def process(self, context: StageContext, item: WorkItem) -> Finished[Any]:
        return await self.stage.process(context, item)

    def store(self, context: StageContext, results: Sequence[Finished[Any]]) -> None:
        self.stage.store(context, results)

    def store_failure(self, context: StageContext, item: WorkItem, reason: str) -> None:
        self.stage.store_failure(context, item, reason)

    def publish(self, context: StageContext, results: Sequence[Finished[Any]]) -> None:
        self.stage.publish(context, results)

    def finish(self, context: StageContext) -> None:
        self.stage.finish(context)
        if self.stage.name == StageName.GRAPH:
            self.killer.enter("idle")


def main(home: str, phase: str, mode: str, amount: str) -> None:
    """Run until killed."""
    killer = Killer(phase, int(amount) if mode == "step" else None, float(amount) if mode == "after" else None)
    parts = Parts(disk=Disk(killer.probe), stages=tuple(Watched(stage, killer) for stage in STAGES))
    settings = load_settings({"home": Path(home), "port": 0}, os.environ)
    run(settings, lambda line: print(line, flush=True), parts)


if __name__ == "__main__":
    main(*sys.argv[1:])
