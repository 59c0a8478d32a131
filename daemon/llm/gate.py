"""Where requests wait for their turn: fair between packages, and only as many as rates.py allows."""

import math
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio

from daemon.llm.exchange import Limits
from daemon.llm.rates import Rates, RateSettings, Ticket
from packages_store.errors import EngineStopped

Monotonic = Callable[[], float]
"""Seconds since some moment, going only forward. It must pass as the event loop's own time does."""


class Halt:
    """Ends everything that waits, at once. Those who come later have another one."""

    def __init__(self) -> None:
        self.event = anyio.Event()
        self._why: EngineStopped | None = None

    def stop(self, why: EngineStopped) -> None:
        """Stop. The first reason counts."""
        if self._why is None:
            self._why = why
            self.event.set()

    def check(self) -> None:
        """Raises EngineStopped when it was stopped."""
        if (why := self._why) is not None:
            # An exception of its own for each task: a shared one would collect the tracebacks of all.
            raise EngineStopped(str(why.args[0]), why.advice, retry_in=why.retry_in, is_spent=why.is_spent)


@dataclass(slots=True, eq=False)
class _Waiter:
    tokens: int
    changed: anyio.Event = field(default_factory=anyio.Event)
    ticket: Ticket | None = None


class Turn:
    """One request that may be sent. Whoever has it says how it went; silence means that it says nothing of limits."""

    def __init__(self, rates: Rates, monotonic: Monotonic, ticket: Ticket) -> None:
        self._rates = rates
        self._monotonic = monotonic
        self._ticket: Ticket | None = ticket

    def answered(self, limits: Limits) -> None:
        """The provider accepted it and told these limits."""
        if (ticket := self._settled()) is not None:
            self._rates.answered(self._monotonic(), ticket, limits)

    def refused(self, retry_after: float | None) -> None:
        """The provider has too much to do, and wants to be asked again in so many seconds."""
        if (ticket := self._settled()) is not None:
            self._rates.refused(self._monotonic(), ticket, retry_after)

    def end(self) -> None:
        """Give the turn back."""
        if self._settled() is not None:
            self._rates.ended(self._monotonic())

    def _settled(self) -> Ticket | None:
        ticket, self._ticket = self._ticket, None
        return ticket


class Gate:
    """Lets requests pass. Used on the event loop only."""

    def __init__(self, settings: RateSettings, monotonic: Monotonic) -> None:
        self._monotonic = monotonic
        self._rates = Rates(settings, monotonic())
        self._queues: dict[str, deque[_Waiter]] = {}
        """Package -> who waits; the package whose turn is next comes first."""
        self._timekeeper: _Waiter | None = None
        """The one who waits for a moment; the others wait for it."""
        self._halt = Halt()
        self._is_closed = False
        self._quiet = anyio.Event()
        """Set when it is closed and nothing is under way."""

    @property
    def rates(self) -> Rates:
        """For looking at."""
        return self._rates

    @property
    def halt(self) -> Halt:
        """What ends those who come from now on."""
        return self._halt

    def stop(self, halt: Halt, why: EngineStopped) -> None:
        """Send nothing more for those who came under `halt`, and end those who wait."""
        halt.stop(why)
        if halt is self._halt:
            self._halt = Halt()
            self._rates.resume(self._monotonic())
        for queue in self._queues.values():
            for waiter in queue:
                waiter.changed.set()

    def shut(self) -> None:
        """Let nobody pass any more. Who waits, waits until it is stopped or cancelled."""
        self._is_closed = True

    async def close(self) -> None:
        """Shut, and return when all who passed have come back."""
        self.shut()
        if self._rates.in_flight:
            await self._quiet.wait()

    @asynccontextmanager
    async def turn(self, package: str, tokens: int, halt: Halt, *, is_again: bool = False) -> AsyncIterator[Turn]:
        """Wait until a request of about so many tokens may be sent for `package`.

        `is_again`: it was sent before, and goes before the others of its package. Raises EngineStopped when stopped.
        """
        turn = Turn(
            self._rates, self._monotonic, await self._admitted(package, _Waiter(tokens), halt, is_again=is_again)
        )
        try:
            yield turn
        finally:
            turn.end()
            self._wake()
            if self._is_closed and not self._rates.in_flight:
                self._quiet.set()

    async def _admitted(self, package: str, waiter: _Waiter, halt: Halt, *, is_again: bool) -> Ticket:
        self._enqueue(package, waiter, is_again=is_again)
        try:
            while True:
                halt.check()
                seconds = self._admit()
                if waiter.ticket is not None:
                    ticket, waiter.ticket = waiter.ticket, None
                    return ticket
                if self._timekeeper is None:
                    self._timekeeper = waiter
                with anyio.move_on_after(seconds if self._timekeeper is waiter else math.inf):
                    await waiter.changed.wait()
                waiter.changed = anyio.Event()
        finally:
            self._leave(package, waiter)

    def _admit(self) -> float:
        """Let all pass who may, each package in turn; return the seconds until the next may."""
        now = self._monotonic()
        while self._queues and not self._is_closed:
            package, queue = next(iter(self._queues.items()))
            seconds = self._rates.wait(now, queue[0].tokens)
            if seconds > 0:
                return seconds
            waiter = queue.popleft()
            waiter.ticket = self._rates.sent(now, waiter.tokens)
            waiter.changed.set()
            del self._queues[package]
            if queue:
                self._queues[package] = queue
        return math.inf

    def _enqueue(self, package: str, waiter: _Waiter, *, is_again: bool) -> None:
        queue = self._queues.setdefault(package, deque())
        if is_again:
            queue.appendleft(waiter)
        else:
            queue.append(waiter)

    def _leave(self, package: str, waiter: _Waiter) -> None:
        if waiter.ticket is not None:
            # Cancelled between being let in and hearing of it.
            self._rates.ended(self._monotonic())
        queue = self._queues.get(package)
        if queue is not None and waiter in queue:
            queue.remove(waiter)
            if not queue:
                del self._queues[package]
        if self._timekeeper is waiter:
            self._timekeeper = None
        self._wake()

    def _wake(self) -> None:
        """Something changed: whoever keeps the time, or the first in the queue, looks again."""
        waiter = self._timekeeper or next((queue[0] for queue in self._queues.values()), None)
        if waiter is not None:
            waiter.changed.set()
