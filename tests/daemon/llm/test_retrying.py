"""What is tried again, for how long, and what ends everything. In a time of its own."""

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest

from daemon.llm.errors import Busy, Garbled, LlmError, QuotaSpent, Refusal, Rejected, Unauthorised, Unavailable
from daemon.llm.exchange import Completion, Finish, Limits, Usage
from daemon.llm.gate import Gate
from daemon.llm.rates import RateSettings
from daemon.llm.retrying import Call, Patience, Retrying
from packages_store.errors import EngineStopped
from tests.daemon.llm.virtual import in_virtual_time

ANSWER = Completion("{}", Finish.STOP, Usage(), "muse-1", Limits(), 0.1)
DOWN = Unavailable("It is down.")


class Bench:
    """Retries around a provider that does what a list says; after its end it answers."""

    def __init__(
        self, *does: LlmError | float, luck: float = 1.0, patience: Patience | None = None, most: int = 16
    ) -> None:
        self.does = list(does)
        self.asked: list[float] = []
        self.gate = Gate(RateSettings(most), anyio.current_time)
        self.counted: list[str] = []
        waiting = patience or Patience()
        self.retrying = Retrying(self.gate, anyio.current_time, lambda: luck, waiting, self.counted.append)

    async def ask(self) -> Completion:
        self.asked.append(anyio.current_time())
        await anyio.sleep(0.1)
        does = self.does.pop(0) if self.does else 0.0
        if isinstance(does, LlmError):
            raise does
        await anyio.sleep(does)
        return ANSWER

    async def run(self, identity: int = 1, ask: Callable[[], Awaitable[Completion]] | None = None) -> Completion:
        return await self.retrying.run(Call("p", 10, identity), ask or self.ask)


def run(work: Callable[[], Awaitable[Any]]) -> Any:
    return in_virtual_time(work)


@pytest.mark.parametrize("trouble", [DOWN, Garbled("It broke off."), Busy("Too much.", retry_after=2.0)])
def test_what_may_succeed_later_is_tried_again(trouble: LlmError) -> None:
    async def work() -> None:
        bench = Bench(trouble, trouble, luck=0.5)

        assert await bench.run() == ANSWER
        assert len(bench.asked) == 3
        assert bench.counted == [type(trouble).__name__.lower()] * 2

    run(work)


@pytest.mark.parametrize("luck", [0.0, 0.5, 1.0])
def test_pauses_grow_and_are_shared_out_by_chance(luck: float) -> None:
    async def work() -> None:
        bench = Bench(*[DOWN] * 6, luck=luck, patience=Patience(seconds=1000))
        await bench.run()

        pauses = [after - before - 0.1 for before, after in zip(bench.asked, bench.asked[1:], strict=False)]
        assert pauses == pytest.approx([luck * longest for longest in (1, 2, 4, 8, 16, 30)], abs=0.001)

    run(work)


def test_the_time_that_was_told_is_waited_by_all() -> None:
    async def work() -> None:
        bench = Bench(Busy("Too much.", retry_after=40.0), luck=0.0)
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(bench.run)

        # Two are sent before anything is known; the third, and the refused one again, wait.
        assert bench.asked[:2] == [0.0, 0.0]
        assert min(bench.asked[2:]) >= 40.1

    run(work)


def test_a_told_time_of_trouble_is_waited_at_least() -> None:
    async def work() -> None:
        bench = Bench(Unavailable("Down.", retry_after=20.0), luck=0.0)
        await bench.run()

        assert bench.asked[1] >= 20.1

    run(work)


def test_what_is_wrong_with_the_question_is_not_tried_again() -> None:
    async def work() -> None:
        bench = Bench(Rejected("No.", Refusal(400, "no")))
        with pytest.raises(Rejected):
            await bench.run()

        assert len(bench.asked) == 1

    run(work)


@pytest.mark.parametrize("refusal", [Unauthorised("No key."), QuotaSpent("No money.")])
def test_a_refusal_that_needs_a_person_stops_all_before_they_are_sent(refusal: LlmError) -> None:
    async def work() -> None:
        bench = Bench(*[refusal] * 100)
        stopped: list[EngineStopped] = []

        async def one() -> None:
            with pytest.raises(EngineStopped) as caught:
                await bench.run()
            stopped.append(caught.value)

        async with anyio.create_task_group() as tasks:
            for _ in range(16):
                tasks.start_soon(one)

        assert len(bench.asked) == 2
        assert len(stopped) == 16
        assert all(one.retry_in is None and one.advice for one in stopped)

    run(work)


def test_after_such_a_stop_the_next_one_who_asks_is_sent() -> None:
    async def work() -> None:
        bench = Bench(Unauthorised("No key."))
        with pytest.raises(EngineStopped):
            await bench.run()

        assert await bench.run() == ANSWER

    run(work)


def test_when_nobody_answers_everything_stops_and_says_when_to_begin_again() -> None:
    async def work() -> None:
        bench = Bench(*[DOWN] * 10_000, luck=0.5, patience=Patience(seconds=60, retry_in=300))
        began = anyio.current_time()
        stopped: list[EngineStopped] = []

        async def one(identity: int) -> None:
            with pytest.raises(EngineStopped, match="down") as caught:
                await bench.run(identity)
            stopped.append(caught.value)

        async with anyio.create_task_group() as tasks:
            for identity in range(16):
                tasks.start_soon(one, identity)

        assert [one.retry_in for one in stopped] == [300.0] * 16
        assert 30 < anyio.current_time() - began <= 61

    run(work)


def test_a_time_longer_than_patience_stops_at_once_until_then() -> None:
    async def work() -> None:
        bench = Bench(Busy("Too much today.", retry_after=7200.0))
        with pytest.raises(EngineStopped) as caught:
            await bench.run()

        assert caught.value.retry_in == 7200.0
        assert len(bench.asked) == 1
        assert await bench.run() == ANSWER
        assert anyio.current_time() < 1.0

    run(work)


def test_one_that_always_fails_while_others_are_answered_fails_alone() -> None:
    async def work() -> None:
        bench = Bench(luck=0.1, patience=Patience(seconds=60, tries=4))
        failed = 0

        async def always_down() -> Completion:
            nonlocal failed
            failed += 1
            raise DOWN

        async def others() -> None:
            for identity in range(100):
                await bench.run(identity + 10)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(others)
            with pytest.raises(Unavailable):
                await bench.run(1, always_down)

        assert failed == 4
        assert len(bench.asked) == 100

    run(work)


def test_one_over_which_everything_stopped_before_fails_alone_the_next_time() -> None:
    async def work() -> None:
        bench = Bench(*[DOWN] * 10_000, luck=1.0, patience=Patience(seconds=30))
        with pytest.raises(EngineStopped):
            await bench.run(7)
        with pytest.raises(Unavailable):
            await bench.run(7)
        with pytest.raises(EngineStopped):
            await bench.run(7)

    run(work)


def test_one_that_waits_to_try_again_is_ended_by_a_stop() -> None:
    async def work() -> None:
        bench = Bench(luck=1.0, patience=Patience(seconds=1000))

        async def down() -> Completion:
            raise Unavailable("Down.", retry_after=500.0)

        async def refused() -> Completion:
            raise Unauthorised("No key.")

        async def waiting() -> None:
            with pytest.raises(EngineStopped, match="No key"):
                await bench.run(1, down)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(waiting)
            await anyio.sleep(1.0)
            with pytest.raises(EngineStopped):
                await bench.run(2, refused)

        assert anyio.current_time() < 2.0

    run(work)


def test_who_is_refused_for_haste_is_patient_as_long_as_others_are_answered() -> None:
    async def work() -> None:
        bench = Bench(luck=0.0, patience=Patience(seconds=8, tries=2))
        refusals = 0

        async def unlucky() -> Completion:
            nonlocal refusals
            refusals += 1
            if refusals < 10:
                raise Busy("Too much.", retry_after=2.0)
            return ANSWER

        async def others() -> None:
            for identity in range(60):
                await bench.run(identity + 10)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(others)
            assert await bench.run(1, unlucky) == ANSWER

    run(work)
