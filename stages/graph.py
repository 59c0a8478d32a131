"""graph: who and what the memories speak of. An item is a batch of memories.

Daily memories go in windows of 14 days counted from a fixed date, so that a new day touches one batch; significant ones
go one by one. graph.db is consolidated from what all batches say when the stage finishes.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from packages_store.manifest import write_manifest
from packages_store.model import GraphFacts, Memory, StageName, WorkItem
from packages_store.package import Package
from stages.contract import Finished, StageContext, fingerprint, off_loop

_WINDOW_DAYS = 14
_WINDOW = "daily:"
"""What the name of a window of days begins with; its first day follows."""


@dataclass(frozen=True, slots=True)
class Extract:
    """What the memories of one batch say."""

    facts: GraphFacts
    memory_ids: tuple[str, ...]


class GraphStage:
    """Asks the extractor what batches of memories speak of, and consolidates the answers."""

    name = StageName.GRAPH

    def concurrency(self, context: StageContext) -> int:
        return context.extractor.concurrency

    def plan(self, context: StageContext) -> Sequence[WorkItem]:
        return [
            WorkItem(batch, batch, context.made_from(fingerprint([(memory.id, memory.body) for memory in memories])))
            for batch, memories in sorted(batches(context.package).items())
        ]

    async def process(self, context: StageContext, item: WorkItem) -> Finished[Extract]:
        memories = await off_loop(_members, context.package, item.id, threads=context.threads)
        facts = await context.extractor.graph(context.persona, memories)
        nothing = not facts.nodes and not facts.edges
        extract = Extract(facts, tuple(memory.id for memory in memories))
        return Finished(item, extract, empty="no one and nothing is named" if nothing else None)

    def store(self, context: StageContext, results: Sequence[Finished[Extract]]) -> None:
        for result in results:
            context.package.graph.put_facts(result.item.id, result.value.facts, context.package.now())
            context.package.memories.mark_graphed(result.value.memory_ids)

    def store_failure(self, context: StageContext, item: WorkItem, reason: str) -> None:
        pass

    def publish(self, context: StageContext, results: Sequence[Finished[Extract]]) -> None:
        pass

    def finish(self, context: StageContext) -> None:
        context.package.graph.keep_only(batches(context.package))
        context.package.graph.consolidate()
        write_manifest(context.package)


def batches(package: Package) -> dict[str, list[Memory]]:
    """The batches there are, each with its memories; those that an adopted graph knows already are in none."""
    found: dict[str, list[Memory]] = defaultdict(list)
    for memory in _not_adopted(package, package.memories.all()):
        found[batch_of(memory)].append(memory)
    return found


def _members(package: Package, batch: str) -> list[Memory]:
    # A window of days bears the name that the memory of its first day bears too.
    if batch.startswith(_WINDOW):
        first = date.fromisoformat(batch.removeprefix(_WINDOW))
        last = first + timedelta(days=_WINDOW_DAYS - 1)
        memories = package.memories.of_days(first.isoformat(), last.isoformat())
    else:
        single = package.memories.get(batch)
        memories = [] if single is None else [single]
    return [memory for memory in _not_adopted(package, memories) if batch_of(memory) == batch]


def _not_adopted(package: Package, memories: Sequence[Memory]) -> Iterator[Memory]:
    paths = map(Path, package.progress.foreign_processed(StageName.GRAPH))
    adopted = {(path.parent.name, path.name) for path in paths}
    # What a person has changed here, an adopted graph does not know.
    return (memory for memory in memories if memory.edited or (memory.kind, memory.file_name) not in adopted)


def batch_of(memory: Memory) -> str:
    """The batch a memory belongs to, whatever others there are."""
    return memory.id if memory.kind == "significant" else batch_of_day(memory.date)


def batch_of_day(text: str) -> str:
    """The batch to which the daily memory of a day (`YYYY-MM-DD`) belongs."""
    day = date.fromisoformat(text)
    first = date.fromordinal(day.toordinal() - day.toordinal() % _WINDOW_DAYS)
    return f"{_WINDOW}{first.isoformat()}"
