"""How many requests may be under way, and when the next may be sent: rules without clock, tasks or network.

Concurrency adapts (additive increase, multiplicative decrease): it rises fast until the provider refuses for the first
time, later by one for each round of answers, and halves at a refusal. Beside it the rate is learned (pacing.py),
because one who answers in 10 ms takes more than it allows even one at a time. gate.py makes tasks wait by these rules.
"""

import math
from dataclasses import dataclass

from daemon.llm.exchange import Limits
from daemon.llm.pacing import Accepted, Pace, Spacing, Told

_UNTRIED = 2
"""So many requests are sent to an endpoint before it has answered one: when it refuses the key, no more were sent."""
_FAST = 7
"""So many more may be under way after each answer, until the provider refuses for the first time."""
_IDLE_SECONDS = 1.0
"""After so long without a request it has to show again that it answers: a person may have changed anything. Between two
stages of an import less time passes."""
_CATCH_UP_SECONDS = 0.01
_NO_TIME = 1e-6
"""Shorter waits are rounding: a clock may not even show that they have passed."""
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0


@dataclass(frozen=True, slots=True)
class RateSettings:
    """What the user allows."""

    most_in_flight: int = 16
    per_minute: float | None = None
    """Requests per minute; None leaves it to the provider."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """The right to send one request."""

    epoch: int
    """How often the provider had refused before."""
    fills_up: bool
    """Whether with it a good part of what was allowed was under way: only then its answer shows that more is."""


class Rates:
    """The state of the rules. All times are seconds of one monotonic clock."""

    def __init__(self, settings: RateSettings, now: float) -> None:
        self._settings = settings
        self._limit = float(min(_UNTRIED, settings.most_in_flight))
        self._is_growing_fast = True
        self._has_answered = False
        self._answers = 0
        self._epoch = 0
        self._refusals_in_a_row = 0
        self._paused_until = now
        self._idle_since = now
        self._accepted = Accepted(now)
        self._pace = Pace()
        self._spacing = Spacing(_CATCH_UP_SECONDS)
        self._allowed = Spacing()
        self._requests = Told()
        self._tokens = Told()
        self.in_flight = 0
        self.answered_at = -math.inf
        """When a request was last accepted."""

    @property
    def limit(self) -> int:
        """How many may be under way now."""
        limit = int(self._limit)
        return limit if self._has_answered else min(limit, _UNTRIED)

    @property
    def rate(self) -> float | None:
        """Requests a second that the provider is thought to take; None while nothing is known."""
        return self._pace.rate

    def wait(self, now: float, tokens: int) -> float:
        """Seconds until a request of so many tokens may be sent; infinite when one under way has to end first."""
        if self.in_flight == 0 and now - max(self._idle_since, self._paused_until) > _IDLE_SECONDS:
            self.doubt()
        if self.in_flight >= self.limit:
            return math.inf
        waits = [self._paused_until - now, self._requests.wait(now, 1), self._tokens.wait(now, tokens)]
        wait = max(0.0, *waits, self._spacing.wait(now), self._allowed.wait(now))
        return wait if wait >= _NO_TIME else 0.0

    def sent(self, now: float, tokens: int) -> Ticket:
        """A request is sent. Every ticket ends in exactly one of `answered`, `refused` and `ended`."""
        self.in_flight += 1
        self._requests.take(now, 1)
        self._tokens.take(now, tokens)
        self._pace.use(now)
        if (rate := self._pace.rate) is not None:
            self._spacing.take(now, rate)
        if self._settings.per_minute is not None:
            self._allowed.take(now, self._settings.per_minute / 60)
        return Ticket(self._epoch, self.in_flight >= self.limit / 3)

    def answered(self, now: float, ticket: Ticket, limits: Limits) -> None:
        """It was accepted, whatever the answer is."""
        self._end(now)
        self._has_answered = True
        self.answered_at = now
        self._refusals_in_a_row = 0
        self._accepted.note(now)
        if limits.requests is not None:
            self._requests.hear(limits.requests, now)
        if limits.tokens is not None:
            self._tokens.hear(limits.tokens, now)
        if ticket.fills_up and ticket.epoch == self._epoch:
            self._grow()

    def refused(self, now: float, ticket: Ticket, retry_after: float | None) -> None:
        """Too many: all wait, and fewer are sent from now on. Those sent before the last refusal only make wait."""
        self._end(now)
        pause = self._backoff() if retry_after is None else retry_after
        self._paused_until = max(self._paused_until, now + pause)
        if ticket.epoch != self._epoch:
            return
        self._epoch += 1
        self._refusals_in_a_row += 1
        self._is_growing_fast = False
        self._answers = 0
        self._limit = max(1.0, self._limit // 2)
        self._pace.refused(self._accepted.refused(now, pause), now + pause)

    def doubt(self) -> None:
        """Let only a few be under way before one is answered."""
        self._has_answered = False

    def resume(self, now: float) -> None:
        """Forget that the provider wants to be left alone: whoever begins again asks it anew."""
        self._paused_until = now

    def ended(self, now: float) -> None:
        """It was cancelled, or failed for a reason that says nothing about limits."""
        self._end(now)

    def _end(self, now: float) -> None:
        self.in_flight -= 1
        self._idle_since = now

    def _grow(self) -> None:
        most = self._settings.most_in_flight
        if self._is_growing_fast:
            self._limit = min(most, self._limit + _FAST)
            return
        self._answers += 1
        if self._answers >= self._limit:
            self._answers = 0
            self._limit = min(most, self._limit + 1)

    def _backoff(self) -> float:
        return float(min(_FIRST_PAUSE * 2**self._refusals_in_a_row, _LONGEST_PAUSE))
