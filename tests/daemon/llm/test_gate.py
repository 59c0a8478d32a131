"""Waiting for one's turn: fair, as fast as a provider allows, and ended at once. In a time of its own."""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio
import pytest

from daemon.llm.exchange import Allowance, Limits
from daemon.llm.gate import Gate
from daemon.llm.rates import RateSettings
from packages_store.errors import EngineStopped
from tests.daemon.llm.virtual import in_virtual_time


@dataclass
class Simulated:
    """A provider that answers so many a second: a token bucket, or fixed windows."""

    per_second: float
    burst: int
    latency: float
    window: float | None = None
    tells_wait: Callable[[float], float | None] = lambda _wait: None
    tells_limits: bool = False
    level: float = math.inf
    at: float = 0.0
    answered: list[tuple[float, bool]] = field(default_factory=list)

    async def ask(self) -> tuple[bool, float | None, Limits]:
        """Whether it answers; else when to come back."""
        await anyio.sleep(0.002)
        now = anyio.current_time()
        self._refill(now)
        may_pass = self.level >= 1
        self.level -= may_pass
        self.answered.append((now, may_pass))
        if not may_pass:
            return False, self.tells_wait(self._wait(now)), Limits()
        limits = Limits(self._allowance()) if self.tells_limits else Limits()
        await anyio.sleep(self.latency)
        return True, None, limits

    def _refill(self, now: float) -> None:
        most = self.burst if self.window is None else self.per_second * self.window
        if self.window is None:
            self.level = min(most, self.level + (now - self.at) * self.per_second)
            self.at = now
        elif now - self.at >= self.window or self.level == math.inf:
            self.at += (now - self.at) // self.window * self.window
            self.level = most

    def _wait(self, now: float) -> float:
        return (1 - self.level) / self.per_second if self.window is None else self.at + self.window - now

    def _allowance(self) -> Allowance:
        used = self.burst - int(self.level)
        return Allowance(self.burst, int(self.level), used / self.per_second)


@dataclass(frozen=True)
class Score:
    """What came of a run, from its beginning and after the warm-up."""

    seconds: float
    throughput: float
    """Answers a second, as a share of what the provider allows."""
    refused: float
    """Share of the requests after the warm-up."""


def work(provider: Simulated, count: int, most: int = 16, warm_up: float = 5.0) -> Score:
    """Send `count` requests, of which any number may wait, and see how it went."""

    async def run() -> float:
        gate = Gate(RateSettings(most), anyio.current_time)
        left = iter(range(count))

        async def worker() -> None:
            for _ in left:
                await send(gate, provider)

        async with anyio.create_task_group() as tasks:
            for _ in range(2 * most):
                tasks.start_soon(worker)
        return anyio.current_time()

    seconds = in_virtual_time(run)
    warm = [passed for at, passed in provider.answered if at >= warm_up]
    throughput = sum(warm) / (seconds - warm_up) / provider.per_second if seconds > warm_up else math.nan
    return Score(seconds, throughput, 1 - sum(warm) / len(warm) if warm else math.nan)


async def send(gate: Gate, provider: Simulated) -> None:
    """One request, sent until it is answered."""
    is_again = False
    while True:
        async with gate.turn("p", 10, gate.halt, is_again=is_again) as turn:
            passed, retry_after, limits = await provider.ask()
            if passed:
                turn.answered(limits)
                return
            turn.refused(retry_after)
            is_again = True


def whole_seconds(wait: float) -> float:
    return float(math.ceil(wait))


@pytest.mark.parametrize(
    "provider",
    [
        pytest.param(Simulated(20, 20, 0.2, tells_wait=whole_seconds), id="tells whole seconds"),
        pytest.param(Simulated(20, 20, 0.2), id="tells nothing"),
        pytest.param(Simulated(20, 20, 0.01, tells_wait=lambda wait: wait), id="tells exactly, answers fast"),
        pytest.param(Simulated(20, 20, 0.01), id="tells nothing, answers fast"),
        pytest.param(Simulated(20, 20, 0.2, tells_limits=True), id="tells its limit with each answer"),
        pytest.param(Simulated(20, 5, 0.2, tells_wait=whole_seconds), id="gives little at once"),
        pytest.param(Simulated(20, 0, 0.2, window=1.0, tells_wait=whole_seconds), id="counts by the second"),
    ],
)
def test_nine_tenths_of_what_a_provider_allows_are_used_and_hardly_one_in_a_hundred_is_refused(
    provider: Simulated,
) -> None:
    score = work(provider, 2000)

    assert score.throughput >= 0.9
    assert score.refused < 0.01


def test_a_provider_that_counts_by_the_minute_is_not_asked_all_the_time() -> None:
    score = work(Simulated(1, 0, 3.0, window=60.0, tells_wait=whole_seconds), 400, warm_up=60.0)

    assert score.throughput >= 0.8
    assert score.refused < 0.05


def test_without_limits_all_that_may_be_under_way_is_nearly_always() -> None:
    score = work(Simulated(1e9, 1 << 30, 0.198), 338)

    assert score.seconds <= 1.2 * 338 * 0.2 / 16


def test_a_limit_that_rises_is_found_again() -> None:
    provider = Simulated(5, 5, 0.2)
    work(provider, 200)
    provider.answered.clear()
    provider.at, provider.level = 0.0, 20.0
    provider.per_second, provider.burst = 20, 20

    assert work(provider, 2000, warm_up=20.0).throughput >= 0.9


def test_packages_take_turns_whatever_each_has_to_do() -> None:
    async def run() -> list[str]:
        gate = Gate(RateSettings(1), anyio.current_time)
        order: list[str] = []

        async def ask(package: str) -> None:
            async with gate.turn(package, 10, gate.halt) as turn:
                order.append(package)
                await anyio.sleep(0.1)
                turn.answered(Limits())

        async with anyio.create_task_group() as tasks:
            for package, count in (("large", 30), ("small", 3), ("other", 3)):
                for _ in range(count):
                    tasks.start_soon(ask, package)
        return order

    order = in_virtual_time(run)

    # The first one came before the others were there.
    assert Counter(order[1:10]) == {"large": 3, "small": 3, "other": 3}
    assert order[10:] == ["large"] * 26


def test_what_is_sent_again_goes_before_what_waits() -> None:
    async def run() -> list[str]:
        gate = Gate(RateSettings(1), anyio.current_time)
        order: list[str] = []

        async def ask(name: str) -> None:
            for attempt in range(2 if name == "first" else 1):
                async with gate.turn("p", 10, gate.halt, is_again=attempt > 0) as turn:
                    order.append(name)
                    await anyio.sleep(0.1)
                    turn.answered(Limits())

        async with anyio.create_task_group() as tasks:
            for name in ("first", "second", "third"):
                tasks.start_soon(ask, name)
        return order

    assert in_virtual_time(run) == ["first", "first", "second", "third"]


def test_who_is_stopped_waits_no_longer_and_who_comes_later_is_not_concerned() -> None:
    async def run() -> tuple[list[str], float]:
        gate = Gate(RateSettings(1), anyio.current_time)
        ended: list[str] = []

        async def wait() -> None:
            with pytest.raises(EngineStopped, match="No key") as stopped:
                async with gate.turn("p", 10, gate.halt):
                    raise AssertionError("it was let in")
            ended.append(str(stopped.value))

        async with gate.turn("p", 10, gate.halt) as turn, anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(wait)
            await anyio.sleep(1.0)
            gate.stop(gate.halt, EngineStopped("No key.", "Enter one."))
            await anyio.sleep(0.001)
            assert len(ended) == 20
            turn.answered(Limits())
        async with gate.turn("p", 10, gate.halt):
            return ended, anyio.current_time()

    ended, seconds = in_virtual_time(run)

    assert ended == ["No key. Enter one."] * 20
    assert seconds == pytest.approx(1.001)


def test_who_is_cancelled_while_waiting_leaves_no_gap() -> None:
    async def run() -> tuple[list[int], int]:
        gate = Gate(RateSettings(2, per_minute=60), anyio.current_time)
        let_in: list[int] = []

        async def ask(number: int, scope: anyio.CancelScope) -> None:
            with scope:
                async with gate.turn("p", 10, gate.halt) as turn:
                    let_in.append(number)
                    turn.answered(Limits())

        scopes = [anyio.CancelScope() for _ in range(12)]
        async with anyio.create_task_group() as tasks:
            for number, scope in enumerate(scopes):
                tasks.start_soon(ask, number, scope)
            for number in (1, 2, 5, 11):
                await anyio.sleep(0.3)
                scopes[number].cancel()
        return let_in, gate.rates.in_flight

    let_in, in_flight = in_virtual_time(run)

    assert let_in == [0, 2, 3, 4, 6, 7, 8, 9, 10] or set(let_in) >= {0, 3, 4, 6, 7, 8, 9, 10}
    assert in_flight == 0


def test_a_turn_that_fails_is_given_back() -> None:
    async def run() -> int:
        gate = Gate(RateSettings(1), anyio.current_time)
        for _ in range(5):
            with pytest.raises(ValueError, match="broken"):
                async with gate.turn("p", 10, gate.halt):
                    raise ValueError("broken")
        return gate.rates.in_flight

    assert in_virtual_time(run) == 0
