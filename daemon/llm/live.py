"""An engine that is in use: opened at its first question, and closed when another one has taken its place."""

import anyio

from daemon.llm.bound import Model
from daemon.llm.counting import TokenCounts
from daemon.llm.engine import Engine, EngineTest
from daemon.llm.exchange import Completion, Request
from packages_store.errors import EngineStopped

_CHANGED = "The language model was set up anew."


class LiveEngine:
    """One engine from its first question until another one takes its place. Implements `Asking`."""

    def __init__(self, engine: Engine, model: Model, counts: TokenCounts) -> None:
        self.engine = engine
        self.model = model
        self._counts = counts
        self._opening = anyio.Lock()
        self._is_open = False
        self._is_retired = False
        self._is_over = False
        self._users = 0

    @property
    def most_output(self) -> int | None:
        """See `Asking`."""
        return self.engine.quirks.most_output

    async def complete(self, request: Request, package: str) -> Completion:
        """See `Asking`."""
        if self._is_over:
            raise EngineStopped(_CHANGED, retry_in=0.0)
        self._users += 1
        try:
            await self._open()
            return await self.engine.complete(request, package)
        finally:
            self._users -= 1
            await self._end_when_idle()

    def measured(self, sent: int, tokens: int) -> None:
        """See `Asking`."""
        self._counts.sample(self.model.name, sent, tokens)

    async def test(self) -> EngineTest:
        """Ask something small."""
        self._users += 1
        try:
            await self._open()
            return await self.engine.test()
        finally:
            self._users -= 1
            await self._end_when_idle()

    async def retire(self) -> None:
        """Send nothing more. What is under way comes to its end and is kept; then the stages that ask begin again."""
        self._is_retired = True
        self.engine.gate.shut()
        await self._end_when_idle()

    async def _open(self) -> None:
        async with self._opening:
            if not self._is_open:
                await self.engine.__aenter__()
                self._is_open = True

    async def _end_when_idle(self) -> None:
        if not self._is_retired or self.engine.gate.rates.in_flight:
            return
        if not self._is_over:
            self._is_over = True
            self.engine.gate.stop(self.engine.gate.halt, EngineStopped(_CHANGED, retry_in=0.0))
        if self._is_open and not self._users:
            self._is_open = False
            with anyio.CancelScope(shield=True):
                await self.engine.__aexit__(None, None, None)
