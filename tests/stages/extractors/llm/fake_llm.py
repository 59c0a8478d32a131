"""A language model that answers by script, with a journal like the real one's."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TypeVar

import anyio

from packages_store.errors import ItemFailed
from stages.contract import Answered, AnswerRejected, Ask, fingerprint

T = TypeVar("T")

NONE: Mapping[str, object] = {"memory": None, "bullets": None, "nodes": [], "edges": []}


@dataclass
class FakeLlm:
    """Implements `Llm`. `script` says what is answered to a question, at the first and at the second try (0, 1).

    What it answers is kept in `journal` before anybody sees it, and never asked for again. An exception it returns is
    raised. `gate` holds every answer back until it is set.
    """

    script: Callable[[Ask, int], Mapping[str, object] | Exception] = lambda _ask, _try: NONE
    context_tokens: int = 90_000
    concurrency: int = 4
    version: str = "fake-model"
    gate: anyio.Event | None = None
    sent: list[Ask] = field(default_factory=list)
    """Every question that was paid for."""
    reasons: list[str] = field(default_factory=list)
    """What was said about answers that could not be used."""
    journal: dict[tuple[str, int], Mapping[str, object]] = field(default_factory=dict)
    peak: int = 0
    _out: int = 0

    def tokens(self, text: str) -> int:
        return math.ceil(len(text.encode("utf-8", "surrogatepass")) / 4)

    async def ask(self, ask: Ask, accept: Callable[[Mapping[str, object]], T]) -> Answered[T]:
        request = fingerprint(*asdict(ask).values(), self.version)
        for attempt in (0, 1):
            try:
                return Answered(accept(await self._answer(request, ask, attempt)), request)
            except AnswerRejected as rejected:
                self.reasons.append(str(rejected))
        raise ItemFailed(self.reasons[-1], retryable=True)

    async def _answer(self, request: str, ask: Ask, attempt: int) -> Mapping[str, object]:
        if (request, attempt) not in self.journal:
            self.sent.append(ask)
            self._out += 1
            self.peak = max(self.peak, self._out)
            try:
                await (anyio.lowlevel.checkpoint() if self.gate is None else self.gate.wait())
                answer = self.script(ask, attempt)
            finally:
                self._out -= 1
            if isinstance(answer, Exception):
                raise answer
            self.journal[request, attempt] = answer
        return self.journal[request, attempt]


def always(*answers: Mapping[str, object] | Exception) -> Callable[[Ask, int], Mapping[str, object] | Exception]:
    """A script of one answer for each try; the last one is given again."""
    return lambda _ask, attempt: answers[min(attempt, len(answers) - 1)]


def memory(**changes: object) -> dict[str, object]:
    """One entry of an answer about significant memories, fit for `golden.conversation` of two turns."""
    entry: dict[str, object] = {
        "title": "The day her mother died",
        "date": "2024-05-03",
        "prose": "Mira told me that her mother had died in the night. I stayed with her until she could sleep.",
        "evidence": ["m1", "m2"],
    }
    return entry | changes
