"""The engine that needs nothing: no key, no network, no model. It quotes, ranks and finds by rule, and says so."""

from collections.abc import Sequence

from packages_store.model import Conversation, GraphFacts, Memory
from stages.contract import Bullet, MemoryDraft, Persona, off_loop
from stages.extractors.days import bullets
from stages.extractors.facts import facts
from stages.extractors.moments import moments


class OfflineExtractor:
    """An `Extractor` whose every word about the person is a quote. Deterministic; holds no state."""

    @property
    def name(self) -> str:
        """The origin of its memories."""
        return "offline"

    @property
    def version(self) -> str:
        """Raised whenever a rule, a word list or a wording changes."""
        return "2"

    @property
    def concurrency(self) -> int:
        """The work is computation under one interpreter lock: a few at once hide the waits of the store."""
        return 8

    async def significant(self, persona: Persona, conversation: Conversation) -> tuple[MemoryDraft, ...]:
        """See `Extractor`."""
        return await off_loop(moments, persona, conversation)

    async def daily(self, persona: Persona, day: str, parts: Sequence[Conversation]) -> tuple[Bullet, ...]:
        """See `Extractor`. `day` is not looked at: `parts` holds nothing else."""
        return await off_loop(bullets, persona, parts)

    async def graph(self, persona: Persona, memories: Sequence[Memory]) -> GraphFacts:
        """See `Extractor`."""
        return await off_loop(facts, persona, memories)
