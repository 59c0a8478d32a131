"""The engine that asks a language model: what each item is asked with, and what is made of the answers."""

from collections.abc import Sequence

from packages_store.model import Conversation, GraphFacts, Memory
from stages.contract import Bullet, Llm, MemoryDraft, Persona, off_loop
from stages.extractors.llm import daily, graph, significant
from stages.extractors.llm.answers import CHECKS_VERSION
from stages.extractors.llm.asking import Asker
from stages.extractors.llm.chunks import CHUNKS_VERSION


class LlmExtractor:
    """An `Extractor` that asks `llm`. It holds no results; `llm` may be counted with in worker threads.

    Beside `ItemFailed` it lets `EngineStopped` through, which ends the stage.
    """

    def __init__(self, llm: Llm) -> None:
        self._llm = llm
        self._asker = Asker(llm)
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
        """As many items as questions may be out."""
        return max(1, self._llm.concurrency)

    async def significant(self, persona: Persona, conversation: Conversation) -> tuple[MemoryDraft, ...]:
        """See `Extractor`."""
        asked = await off_loop(significant.questions, self._significant, self._llm, persona, conversation)
        return await off_loop(significant.joined, await self._asker.ask_all(asked))

    async def daily(self, persona: Persona, day: str, parts: Sequence[Conversation]) -> tuple[Bullet, ...]:
        """See `Extractor`."""
        asked = await off_loop(daily.questions, self._daily, self._llm, persona, day, parts)
        return await off_loop(daily.joined, await self._asker.ask_all(asked))

    async def graph(self, persona: Persona, memories: Sequence[Memory]) -> GraphFacts:
        """See `Extractor`."""
        asked = await off_loop(graph.questions, self._graph, self._llm, persona, memories)
        return await off_loop(graph.joined, await self._asker.ask_all(asked))
