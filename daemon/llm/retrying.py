"""Asks again what may succeed later, and ends everything at once when nothing can.

What waits is told apart by whom it concerns. One request that fails is tried again with growing, random pauses and
given up alone. When nobody is answered any more, or the key, the account or the model are refused, all stop.
"""

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import anyio

from daemon.llm.errors import Busy, NeedsPerson, Passing, QuestionFailed
from daemon.llm.exchange import Completion, Limits
from daemon.llm.gate import Gate, Halt, Monotonic, Turn
from packages_store.errors import EngineStopped

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
_FIRST_ATTEMPTS = 3

Random = Callable[[], float]
"""Returns a number from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long something is tried. Times are in seconds."""

    seconds: float = 120.0
    """After so long without any answer from the endpoint, to whomever, everything stops."""
    tries: int = 6
    """So often a request is sent that fails while others are answered."""
    retry_in: float = 300.0
    """When it is worth while to begin again by itself."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request to be made: for whom, about how many tokens it takes, and what tells it from others."""

    package: str
    tokens: int
    identity: int


@dataclass(slots=True)
class _Attempts:
    halt: Halt
    count: int = 0
    first_failed_at: float = math.inf


Retried = Callable[[str], None]
"""Told each time a request is to be sent again, with why: `busy`, `unavailable` or `garbled`."""


def not_counted(_why: str) -> None:
    """For those whose retries nobody counts."""


class Retrying:
    """Sends requests through a gate until they are answered or given up."""

    def __init__(
        self,
        gate: Gate,
        monotonic: Monotonic,
        random: Random,
        patience: Patience,
        retried: Retried = not_counted,
    ) -> None:
        self._gate = gate
        self._monotonic = monotonic
        self._random = random
        self._patience = patience
        self._retried = retried
        self._suspects: set[int] = set()
        """Requests over which everything stopped before; the next time it is their own failure."""

    async def run(self, call: Call, ask: Callable[[], Awaitable[Completion]]) -> Completion:
        """The answer to `ask`, which is awaited as often as need be.

        Raises EngineStopped when no request can be answered now, QuestionFailed when this one is not accepted, and
        Passing when only this one was not answered after all.
        """
        attempts = _Attempts(self._gate.halt)
        while True:
            try:
                return await self._once(call, attempts, ask)
            except Passing as error:
                await self._pause(call, attempts, error)

    async def _once(self, call: Call, attempts: _Attempts, ask: Callable[[], Awaitable[Completion]]) -> Completion:
        # One that is refused over and over must not keep the others from being answered.
        is_again = 0 < attempts.count < _FIRST_ATTEMPTS
        async with self._gate.turn(call.package, call.tokens, attempts.halt, is_again=is_again) as turn:
            attempts.count += 1
            try:
                completion = await ask()
            except NeedsPerson as error:
                raise self._stopped(attempts.halt, EngineStopped(str(error.args[0]), error.advice)) from error
            except (QuestionFailed, Busy) as error:
                _tell(turn, error)
                raise
            turn.answered(completion.limits)
            return completion

    async def _pause(self, call: Call, attempts: _Attempts, error: Passing) -> None:
        """Wait until the next attempt. Raises `error` or EngineStopped instead when it is not worth while."""
        now = self._monotonic()
        attempts.first_failed_at = min(attempts.first_failed_at, now)
        pause = self._length(attempts, error)
        since = max(attempts.first_failed_at, self._gate.rates.answered_at)
        if now + pause - since > self._patience.seconds:
            self._give_up(call, attempts, error, pause)
        is_alone = self._gate.rates.answered_at > attempts.first_failed_at
        if is_alone and attempts.count >= self._patience.tries and not isinstance(error, Busy):
            raise error
        self._retried(type(error).__name__.lower())
        if not isinstance(error, Busy):
            with anyio.move_on_after(pause):
                await attempts.halt.event.wait()

    def _length(self, attempts: _Attempts, error: Passing) -> float:
        told = error.retry_after or 0.0
        if isinstance(error, Busy):
            # The gate makes everybody wait, and knows for how long when nothing was told.
            return told
        longest = min(_FIRST_PAUSE * 2.0 ** min(attempts.count, 16), _LONGEST_PAUSE)
        return max(told, self._random() * longest)

    def _give_up(self, call: Call, attempts: _Attempts, error: Passing, pause: float) -> None:
        if call.identity in self._suspects:
            self._suspects.discard(call.identity)
            raise error
        if pause <= self._patience.seconds:
            self._suspects.add(call.identity)
        retry_in = max(self._patience.retry_in, pause)
        raise self._stopped(
            attempts.halt, EngineStopped(str(error.args[0]), error.advice, retry_in=retry_in)
        ) from error

    def _stopped(self, halt: Halt, why: EngineStopped) -> EngineStopped:
        self._gate.stop(halt, why)
        return why


def _tell(turn: Turn, error: QuestionFailed | Busy) -> None:
    if isinstance(error, Busy):
        turn.refused(error.retry_after)
    else:
        # Somebody is there who reads what is sent: the question was wrong, not the place or the key.
        turn.answered(Limits())
