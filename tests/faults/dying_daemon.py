"""The real daemon process, in which work kills it as soon as there is any, while a variable is set.

FAULT_AT_WORK=1 python -m tests.faults.dying_daemon HOME
"""

import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from daemon.app import Parts
from daemon.process import run
from daemon.settings import load_settings
from packages_store.model import StageName, WorkItem
from stages import STAGES
from stages.contract import Finished, Stage, StageContext

VARIABLE = "FAULT_AT_WORK"


@dataclass(frozen=True)
class DyingUpload:
    """The upload stage, whose plan the process does not survive: nothing was claimed, so no item is to blame."""

    stage: Stage[Any]
    name: StageName = field(default=StageName.UPLOAD)

    def concurrency(self, context: StageContext) -> int:
        return self.stage.concurrency(context)

    def plan(self, context: StageContext) -> Sequence[WorkItem]:
        os.kill(os.getpid(), signal.SIGKILL)
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


if __name__ == "__main__":
    dying = (DyingUpload(STAGES[0]), *STAGES[1:])
    run(
        load_settings({"home": Path(sys.argv[1]), "port": 0}, os.environ),
        lambda line: print(line, flush=True),
        Parts(stages=dying if os.environ.get(VARIABLE) else STAGES),
    )
