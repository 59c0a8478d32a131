"""The engine that asks a language model: what each item is asked with, and what is made of the answers."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import anyio

from packages_store.model import Conversation, GraphFacts, Memory
from stages.contract import Answered, Bullet, Llm, MemoryDraft, Persona, length_of, off_loop, off_loop_if_long
from stages.extractors.llm import daily, graph, significant
from stages.extractors.llm.answers import CHECKS_VERSION
from stages.extractors.llm.asking import Asker, Question
from stages.extractors.llm.chunks import CHUNKS_VERSION

T = TypeVar("T")
Made = TypeVar("Made")


class LlmExtractor:
    """An `Extractor` that asks `llm`. It holds no results; `llm` may be counted with in worker threads.

    Beside `ItemFailed` it lets `EngineStopped` through, which ends the stage.
    """

    def __init__(self, llm: Llm) -> None:
        self._llm = llm
        self._asker = Asker(llm)
        # Counting tokens holds the interpreter: a second thread would only take it from the first.
        self._counting = anyio.CapacityLimiter(1)
        self._significant = significant.significant_task()
        self._daily = daily.daily_task()
        self._graph = graph.graph_task()

    @property
    def name(self) -> str:
        """The origin of its memories."""
        return "llm"

    @property
    def version(self) -> str:
        """The model with its parameters, the prompts, and how conversations are cut and answers are judged.

        The size of the model's context is no part of it: what was done with a smaller one stays done.
        """
        prompts = (task.prompt.name for task in (self._significant, self._daily, self._graph))
        return " ".join((self._llm.version, *prompts, f"chunks-{CHUNKS_VERSION}", f"checks-{CHECKS_VERSION}"))

    @property
    def concurrency(self) -> int:
        """A third more items than questions may be out: while answers are looked at and filed, others are read."""
        return -(-max(1, self._llm.concurrency) * 4 // 3)

    async def significant(self, persona: Persona, conversation: Conversation) -> tuple[MemoryDraft, ...]:
        """See `Extractor`."""
        length, task = length_of([conversation]), self._significant
        asked = await off_loop_if_long(
            length, significant.questions, task, self._llm, persona, conversation, threads=self._counting
        )
        return await self._answered(asked, significant.joined)

    async def daily(self, persona: Persona, day: str, parts: Sequence[Conversation]) -> tuple[Bullet, ...]:
        """See `Extractor`."""
        asked = await off_loop_if_long(
            length_of(parts), daily.questions, self._daily, self._llm, persona, day, parts, threads=self._counting
        )
        return await self._answered(asked, daily.joined)

    async def graph(self, persona: Persona, memories: Sequence[Memory]) -> GraphFacts:
        """See `Extractor`."""
        length = sum(len(memory.body) for memory in memories)
        asked = await off_loop_if_long(
            length, graph.questions, self._graph, self._llm, persona, memories, threads=self._counting
        )
        return await self._answered(asked, graph.joined)

    async def _answered(self, asked: Sequence[Question[T]], joined: Callable[[Sequence[Answered[T]]], Made]) -> Made:
        answers = await self._asker.ask_all(asked)
        # One answer is short, and joined in less time than it takes to change threads.
        return joined(answers) if len(answers) <= 1 else await off_loop(joined, answers)
