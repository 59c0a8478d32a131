"""How fast requests may follow each other: pure arithmetic on times that are handed in.

Three things set the pace: what the user allows in a minute, what the provider tells of its limits with each answer, and
what it was seen to accept before it refused.
"""

from collections import deque
from dataclasses import dataclass

from daemon.llm.exchange import Allowance

_DROP = 0.05
"""After a refusal the rate falls by this share below what was accepted."""
_SHORTEST_PLATEAU = 10.0
_LONGEST_PLATEAU = 400.0
"""Requests until the rate is again what was accepted: few while that is not certain, later so many that fewer than 1 %
are refused."""
_LEAST_SECONDS, _MOST_SECONDS = 1.0, 120.0
"""The same in seconds, whatever the rate."""
_CONFIRMED = 0.1
"""A limit that is found again, give or take this share, is taken for what it is."""
_SURER = 6.0
_FALL, _DEEPEST_FALL = 0.7, 0.25
_LEAST_RATE = 1 / 60
_ENOUGH = 10
"""From fewer accepted requests nothing is concluded."""
_SHORTEST_SPAN = 2.0
_LEAST_SPAN = 0.25
_ROUNDED_UP = 1.0
"""`Retry-After` has whole seconds: so much of a pause may be none."""
_KEPT = 8192
_LONGEST_WAIT = 60.0
"""A limit that gives less than one request in so many seconds counts by the day: it speaks when it is reached."""


class Spacing:
    """Lets requests pass at a rate, evenly (a leaky bucket).

    Who was kept from sending in time may make up for `catch_up` seconds: otherwise late wake-ups cost throughput.
    """

    def __init__(self, catch_up: float = 0.0) -> None:
        self._catch_up = catch_up
        self._next = float("-inf")

    def wait(self, now: float) -> float:
        """Seconds until the next may pass."""
        return max(0.0, self._next - self._catch_up - now)

    def take(self, now: float, rate: float) -> None:
        """One passes; the next one follows at `rate` requests a second."""
        self._next = max(self._next, now) + 1 / rate


@dataclass(slots=True)
class Told:
    """A limit as the provider tells it: a bucket that fills up again. Until told, nothing is limited."""

    limit: float = float("inf")
    level: float = float("inf")
    per_second: float = float("inf")
    at: float = 0.0

    def hear(self, allowance: Allowance, now: float) -> None:
        """Take over what came with an answer."""
        self.limit, self.level, self.at = float(allowance.limit), float(allowance.remaining), now
        used = allowance.limit - allowance.remaining
        self.per_second = used / allowance.reset_seconds if allowance.reset_seconds > 0 and used > 0 else float("inf")

    def wait(self, now: float, cost: float) -> float:
        """Seconds until `cost` is there; what is more than the limit waits for all of it."""
        cost = min(cost, self.limit)
        level = self._level(now)
        if level >= cost or cost / self.per_second > _LONGEST_WAIT:
            return 0.0
        return (cost - level) / self.per_second

    def take(self, now: float, cost: float) -> None:
        """Something is used."""
        self.level = self._level(now) - cost
        self.at = now

    def _level(self, now: float) -> float:
        if self.per_second == float("inf"):
            return self.level if self.at == now else self.limit
        return min(self.limit, self.level + (now - self.at) * self.per_second)


class Accepted:
    """When requests were accepted, since the provider last but one made us wait."""

    def __init__(self, now: float) -> None:
        self._began = now
        self._since = now
        self._before: deque[float] = deque(maxlen=_KEPT)
        self._times: deque[float] = deque(maxlen=_KEPT)

    def note(self, now: float) -> None:
        """One was."""
        self._times.append(now)

    def refused(self, now: float, pause: float) -> float | None:
        """The provider refused one `now` and wants `pause` seconds of rest: how many a second does it take?

        None while too few were accepted to tell.
        """
        if len(self._times) < _ENOUGH:
            # It refused soon after it had refused: the two spans together tell how much it takes in the long run.
            count = len(self._times) + len(self._before)
            return (count - 1) / max(now - self._began, _LEAST_SPAN) if count >= _ENOUGH else None
        rate = self._best(now, max(0.0, pause - _ROUNDED_UP))
        self._began, self._before = self._since, self._times
        self._since, self._times = now + pause, deque(maxlen=_KEPT)
        return rate

    def _best(self, now: float, rest: float) -> float | None:
        """The best of several spans before the refusal.

        A short one when there was little to do before, a long one when the provider counts by the minute.
        """
        elapsed = max(now - self._since, _LEAST_SPAN)
        best: float | None = None
        span = _SHORTEST_SPAN
        while True:
            length = min(span, elapsed)
            count = sum(1 for moment in self._times if moment > now - length)
            if count >= _ENOUGH:
                best = max(best or 0.0, (count - 1) / (length + rest))
            if length == elapsed:
                return best
            span *= 2


class Pace:
    """The rate that a provider accepts, learned from its refusals; None while it never refused.

    After a refusal it is a little below what was accepted, comes back to that, stays there, and then rises faster and
    faster: the shape of CUBIC congestion control (RFC 9438), which finds a limit again that has moved and seldom
    touches one that has not. How long it stays grows each time the same limit is found.
    """

    def __init__(self) -> None:
        self._top: float | None = None
        self._plateau = 0.0
        """Seconds from a refusal until the rate is what it was."""
        self._age = 0.0
        """Seconds for which the rate was in use since the refusal: idle time shows nothing."""
        self._used_at = 0.0

    @property
    def rate(self) -> float | None:
        """Requests a second."""
        if self._top is None:
            return None
        return float(self._top * (1 + _DROP * ((self._age - self._plateau) / self._plateau) ** 3))

    def use(self, now: float) -> None:
        """A request is sent."""
        if (rate := self.rate) is not None:
            self._age += min(max(0.0, now - self._used_at), _LEAST_SECONDS + 1 / rate)
            self._used_at = now

    def refused(self, accepted: float | None, resumed_at: float) -> None:
        """The provider refused; it had taken `accepted` requests a second, and is asked again at `resumed_at`.

        None says that too few were accepted to tell: then the rate only falls.
        """
        before, known = self.rate, self._top
        if before is not None:
            accepted = before * _FALL if accepted is None else min(max(accepted, before * _DEEPEST_FALL), before)
        if accepted is None:
            return
        self._top = max(accepted, _LEAST_RATE)
        self._age, self._used_at = 0.0, resumed_at
        is_found_again = known is not None and abs(self._top / known - 1) <= _CONFIRMED
        self._plateau = min(
            self._plateau * _SURER if is_found_again else _seconds(_SHORTEST_PLATEAU, self._top),
            _seconds(_LONGEST_PLATEAU, self._top),
        )


def _seconds(requests: float, rate: float) -> float:
    return min(max(requests / rate, _LEAST_SECONDS), _MOST_SECONDS)
