"""Fakes that implement the ports, steered by the test."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import anyio

from packages_store.errors import ItemFailed
from packages_store.model import Conversation, GraphFacts, Memory, StageName, WorkItem
from stages.contract import Bullet, Finished, MemoryDraft, Persona, StageContext


@dataclass
class FakeStage:
    """A stage over named items. `behave` is awaited for each item and may fail, block or be cancelled."""

    items: list[WorkItem]
    name: StageName = StageName.SIGNIFICANT
    at_once: int = 4
    behave: Callable[[str], object] = lambda item_id: item_id.upper()
    gates: dict[str, anyio.Event] = field(default_factory=dict)
    started: list[str] = field(default_factory=list)
    stored: list[str] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)
    published: list[str] = field(default_factory=list)
    finished: int = 0
    peak: int = 0
    in_flight: int = 0

    def concurrency(self, context: StageContext) -> int:
        return self.at_once

    def plan(self, context: StageContext) -> Sequence[WorkItem]:
        return self.items

    async def process(self, context: StageContext, item: WorkItem) -> Finished[object]:
        self.started.append(item.id)
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            if item.id in self.gates:
                await self.gates[item.id].wait()
            await anyio.lowlevel.checkpoint()
            return Finished(item, self.behave(item.id))
        finally:
            self.in_flight -= 1

    def store(self, context: StageContext, results: Sequence[Finished[object]]) -> None:
        for result in results:
            context.package.set_fact(f"result:{result.item.id}", str(result.value))
        self.stored += [result.item.id for result in results]

    def store_failure(self, context: StageContext, item: WorkItem, reason: str) -> None:
        self.failures.append((item.id, reason))

    def publish(self, context: StageContext, results: Sequence[Finished[object]]) -> None:
        self.published += [result.item.id for result in results]

    def finish(self, context: StageContext) -> None:
        self.finished += 1


@dataclass
class FakeExtractor:
    """Keeps each conversation's first words, in words of its own that no quality gate minds.

    `fail` names conversations or days that fail, `gate` holds everything.
    """

    fail: set[str] = field(default_factory=set)
    gate: anyio.Event | None = None
    asked: list[str] = field(default_factory=list)
    name: str = "offline"
    version: str = "fake-1"
    concurrency: int = 4

    async def significant(self, persona: Persona, conversation: Conversation) -> tuple[MemoryDraft, ...]:
        await self._ask(conversation.id)
        first = conversation.messages[0]
        prose = f"In {conversation.id}, on {first.created_at[:10]}, I remember: {first.content}"
        return (MemoryDraft(first.created_at[:10], "A moment", prose, (first.id,)),)

    async def daily(self, persona: Persona, day: str, parts: Sequence[Conversation]) -> tuple[Bullet, ...]:
        await self._ask(day)
        firsts = [(part, part.messages[0]) for part in parts]
        return tuple(
            Bullet(f"In {part.id}, on {day}, I heard: {first.content}", part.id, part.platform, (first.id,))
            for part, first in firsts
        )

    async def graph(self, persona: Persona, memories: Sequence[Memory]) -> GraphFacts:
        await self._ask(memories[0].id)
        return GraphFacts()

    async def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.gate is not None:
            await self.gate.wait()
        if what in self.fail:
            raise ItemFailed(f"the provider refused {what}", retryable=True)
