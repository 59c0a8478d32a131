"""The three stages that make memories, run in the test's own process without a daemon."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from packages_store.model import Conversation, ItemEnd, StageName, StageStatus
from packages_store.package import Package
from stages.contract import Extractor, Persona, Stage, StageContext
from stages.daily import DailyStage
from stages.extractors.offline import OfflineExtractor
from stages.graph import GraphStage
from stages.significant import SignificantStage
from tests.builders import OWNER, package_in
from tests.clocks import FakeClock
from tests.stages.extractors.golden import PERSONA

STAGES: tuple[Stage[Any], ...] = (SignificantStage(), DailyStage(), GraphStage())


@dataclass
class Pipeline:
    """A package whose memories are made by `extractor`. `done` is what the last run did."""

    package: Package
    extractor: Extractor = field(default_factory=OfflineExtractor)
    persona: Persona = PERSONA
    done: list[tuple[StageName, str]] = field(default_factory=list)

    @property
    def context(self) -> StageContext:
        return StageContext(self.package, self.extractor, self.persona, FakeClock(), ())

    def add(self, *conversations: Conversation) -> None:
        """Stage conversations, as an import does."""
        self.package.staging.add("source", conversations)

    async def run(
        self,
        stages: Sequence[Stage[Any]] = STAGES,
        order: Callable[[Sequence[Any]], Sequence[Any]] = lambda items: items,
    ) -> list[tuple[StageName, str]]:
        """Run the stages to their ends, each over its items in `order`; returns the items that were done."""
        self.done = []
        for stage in stages:
            await self._run(stage, order)
        return self.done

    async def _run(self, stage: Stage[Any], order: Callable[[Sequence[Any]], Sequence[Any]]) -> None:
        progress = self.package.progress
        generation = progress.begin(stage.name, OWNER)
        left = progress.plan(stage.name, stage.plan(self.context))
        claims = progress.claim(stage.name, generation, [one.item for one in left])
        for claim in order(claims):
            finished = await stage.process(self.context, claim.item)
            with self.package.ledger.transaction():
                assert progress.accept(claim, ItemEnd.EMPTY if finished.empty else ItemEnd.DONE, finished.empty)
                stage.store(self.context, [finished])
            stage.publish(self.context, [finished])
            self.done.append((stage.name, claim.item.id))
        stage.finish(self.context)
        progress.end(stage.name, generation, StageStatus.COMPLETED)

    # --- looking ---------------------------------------------------------------------------------------------------

    def texts(self, kind: Any = None) -> dict[str, str]:
        """Every memory file in the folder, by name."""
        folder = self.package.paths.memories
        return {path.name: path.read_text() for path in sorted(folder.glob(f"{kind or '*'}/*.md"))}


def pipeline(home: Path, *conversations: Conversation, extractor: Extractor | None = None, **persona: Any) -> Pipeline:
    """A package with these conversations staged."""
    made = Pipeline(package_in(home), extractor or OfflineExtractor(), replace(PERSONA, **persona))
    made.add(*conversations)
    return made
