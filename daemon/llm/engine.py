"""The engine: everything between a question and its answer, for one endpoint and one model.

`async with Engine(…) as engine:` then `engine.complete(request, package)` from any number of tasks. It belongs to one
process: rates are learned once for all packages, and a refused key stops all of them.
"""

import random as _random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import anyio.to_thread

from daemon.llm.asking import tokens_of
from daemon.llm.client import Client, Endpoint
from daemon.llm.errors import LlmError, Rejected
from daemon.llm.exchange import Completion, Finish, Message, Request
from daemon.llm.gate import Gate, Monotonic
from daemon.llm.objects import object_in
from daemon.llm.outbound import Guard
from daemon.llm.quirks import Form, QuirkBook, Quirks, learn, simpler, told
from daemon.llm.rates import RateSettings
from daemon.llm.retrying import Call, Patience, Random, Retried, Retrying, not_counted

_Ask = Callable[[], Awaitable[Completion]]
_MOST_LESSONS = 8
"""So many times in a row a rejected request may teach something."""
_TEST = Request(
    messages=(
        Message("system", "You are asked whether you work. Answer with a JSON object."),
        Message("user", "Describe the sea in about sixty words, in the field `text`."),
    ),
    most_tokens=2000,
    schema={
        "type": "object",
        "properties": {"text": {"type": "string"}},
        "required": ["text"],
        "additionalProperties": False,
    },
    temperature=0.0,
)


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Whom to ask, how fast and how patiently. `quirks` is where learning begins."""

    endpoint: Endpoint
    rates: RateSettings = field(default_factory=RateSettings)
    patience: Patience = field(default_factory=Patience)
    quirks: Quirks = field(default_factory=Quirks)


@dataclass(frozen=True, slots=True)
class EngineTest:
    """Whether the endpoint works, and how. `sentence` says it for people."""

    works: bool
    sentence: str
    origin: str
    model: str
    """As it names itself, when it answered."""
    seconds: float | None = None
    tokens_per_second: float | None = None
    quirks: tuple[str, ...] = ()
    """What is special about asking there, one sentence each."""


@dataclass(frozen=True, slots=True)
class World:
    """What an engine needs of the world outside; tests have others."""

    monotonic: Monotonic = time.monotonic
    random: Random = _random.random
    guard: Guard = field(default_factory=Guard)
    retried: Retried = not_counted


class Engine:
    """Asks one endpoint. Its methods raise EngineStopped when no question can be answered now."""

    def __init__(self, settings: EngineSettings, book: QuirkBook, world: World | None = None) -> None:
        """Raises WrongAddress when the endpoint may not be asked."""
        world = world or World()
        self.settings = settings
        self._book = book
        self._quirks = settings.quirks
        self._client = Client(settings.endpoint, world.guard, monotonic=world.monotonic)
        self._gate = Gate(settings.rates, world.monotonic)
        self._retrying = Retrying(self._gate, world.monotonic, world.random, settings.patience, world.retried)

    async def __aenter__(self) -> Self:
        endpoint = self.settings.endpoint
        known = await anyio.to_thread.run_sync(self._book.find, endpoint.base_url, endpoint.model)
        self._quirks = known or self._quirks
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, traceback)

    @property
    def quirks(self) -> Quirks:
        """How it is asked at present."""
        return self._quirks

    @property
    def gate(self) -> Gate:
        """For looking at rates."""
        return self._gate

    def doubt(self) -> None:
        """Called when a person begins something: send only a few requests before one is answered.

        A key that was withdrawn since then costs these, and not as many as may be in flight.
        """
        self._gate.rates.doubt()

    async def complete(self, request: Request, package: str) -> Completion:
        """The answer to a request, waited for in fair turn with other packages.

        Raises QuestionFailed or Passing when this request alone cannot be answered, EngineStopped when none can.
        """
        call = Call(package, tokens_of(request), hash(request.messages))
        return await self._learning(request, lambda ask: self._retrying.run(call, ask))

    async def test(self) -> EngineTest:
        """Ask something small, at once and only once, and say how it went. Raises nothing of LlmError."""
        endpoint = self.settings.endpoint
        origin = str(endpoint.origin)
        try:
            completion = await self._learning(_TEST, lambda ask: ask())
        except LlmError as error:
            return EngineTest(False, str(error), origin, endpoint.model)
        works = completion.finish is Finish.STOP and object_in(completion.text) is not None
        speed = _speed(completion)
        return EngineTest(
            works=works,
            sentence=_sentence(completion, works=works, origin=origin, speed=speed),
            origin=origin,
            model=completion.model,
            seconds=completion.seconds,
            tokens_per_second=speed,
            quirks=tuple(told(self._quirks)),
        )

    async def _learning(self, request: Request, send: Callable[[_Ask], Awaitable[Completion]]) -> Completion:
        """Send a request, and at once again as long as its rejection teaches how to put it."""
        used = self._quirks

        async def ask() -> Completion:
            # What is known when it is sent, not when it began to wait for its turn.
            nonlocal used
            used = self._quirks
            return await self._client.complete(request, used)

        lessons = 0
        while True:
            try:
                completion = await send(ask)
            except Rejected as error:
                lessons += 1
                if lessons > _MOST_LESSONS or not await self._learn(used, learn(used, error.refusal)):
                    raise
            else:
                if _ignored_the_form(request, completion, used):
                    await self._learn(used, simpler(used))
                return completion

    async def _learn(self, used: Quirks, learned: Quirks | None) -> bool:
        """Whether there is another way to put a request than `used`."""
        if self._quirks != used:
            # Somebody else has learned meanwhile.
            return True
        if learned is None or learned == used:
            return False
        self._quirks = learned
        endpoint = self.settings.endpoint
        await anyio.to_thread.run_sync(self._book.note, endpoint.base_url, endpoint.model, learned)
        return True


def _ignored_the_form(request: Request, completion: Completion, used: Quirks) -> bool:
    """Whether an endpoint took a schema in silence and answered in prose: then it has to be told in words."""
    is_prose = completion.finish is Finish.STOP and "{" not in completion.text and bool(completion.text)
    return request.schema is not None and used.form is Form.SCHEMA and is_prose


def _speed(completion: Completion) -> float | None:
    """Tokens a second, everything included."""
    produced = completion.usage.output
    return produced / completion.seconds if produced and completion.seconds > 0 else None


def _sentence(completion: Completion, *, works: bool, origin: str, speed: float | None) -> str:
    took = f"in {completion.seconds:.1f} s" + (f", {speed:.0f} tokens per second" if speed is not None else "")
    if works:
        return f"{completion.model} at {origin} answers {took}."
    if completion.finish is Finish.REFUSED:
        return f"{completion.model} at {origin} answers {took}, but declines a harmless question."
    if completion.finish is Finish.LENGTH:
        return f"{completion.model} at {origin} answers {took}, but does not come to an end within 2000 tokens."
    return f"{completion.model} at {origin} answers {took}, but not with the JSON it was asked for."
