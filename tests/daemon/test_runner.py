"""The runner: claims, results, marks, progress and abort of one stage."""

import errno
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from threading import Event

import anyio
import anyio.lowlevel
import pytest

from daemon.events import EventBus, StageEnded, StageProgressed, StageStarted
from daemon.locks import StageLock, StageLocks
from daemon.runner import Runner
from packages_store.checkpoint import read_checkpoint
from packages_store.errors import EngineStopped, ItemFailed
from packages_store.model import Interruption, ItemEnd, StageStatus, WorkItem
from packages_store.package import Package
from stages.contract import Finished, Persona, StageContext
from tests.builders import OWNER, package_in
from tests.clocks import FakeClock
from tests.fakes import FakeExtractor, FakeStage

PERSONA = Persona("Wren", "Mira", "", "", "", "", UTC)


def items(count: int) -> list[WorkItem]:
    return [WorkItem(f"item-{number}", f"Item {number}", "v1") for number in range(count)]


class Bench:
    """A runner with everything around it that one run needs."""

    def __init__(self, home: Path, probe: Callable[[str], None] = lambda _step: None) -> None:
        self.package: Package = package_in(home, probe=probe)
        self.clock = FakeClock()
        self.events = EventBus()
        self.locks = StageLocks()
        self.runner = Runner(OWNER, self.events, self.clock.monotonic)
        self.context = StageContext(self.package, FakeExtractor(), PERSONA, self.clock, ())
        self.lock: StageLock | None = None

    async def run(self, stage: FakeStage, should_yield: Callable[[], bool] = lambda: False) -> StageStatus:
        self.lock = self.locks.admit(self.package.name, stage.name)
        try:
            return await self.runner.run(stage, self.context, self.lock, should_yield, 0)
        finally:
            self.locks.release(self.lock)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


async def test_every_item_is_done_stored_and_published_once(bench: Bench) -> None:
    stage = FakeStage(items(10))

    assert await bench.run(stage) == StageStatus.COMPLETED

    ids = [item.id for item in items(10)]
    assert sorted(stage.stored) == sorted(stage.published) == sorted(stage.started) == ids
    assert stage.finished == 1
    assert bench.package.fact("result:item-3") == "ITEM-3"


async def test_a_stage_with_nothing_to_do_is_completed(bench: Bench) -> None:
    assert await bench.run(FakeStage([])) == StageStatus.COMPLETED


async def test_never_more_items_are_in_flight_than_the_stage_allows(bench: Bench) -> None:
    stage = FakeStage(items(20), at_once=3)

    await bench.run(stage)

    assert stage.peak == 3


async def test_items_already_done_are_not_asked_again(bench: Bench) -> None:
    await bench.run(FakeStage(items(3)))
    again = FakeStage(items(5))

    await bench.run(again)

    assert sorted(again.started) == ["item-3", "item-4"]


async def test_a_failed_item_leaves_its_reason_and_the_others_go_on(bench: Bench) -> None:
    def behave(item_id: str) -> object:
        if item_id == "item-1":
            raise ItemFailed("the file is cut short")
        return item_id

    stage = FakeStage(items(4), behave=behave)

    assert await bench.run(stage) == StageStatus.COMPLETED_WITH_FAILURES

    assert stage.failures == [("item-1", "the file is cut short")]
    (failed,) = bench.package.progress.items(stage.name, (ItemEnd.REJECTED,))
    assert (failed.id, failed.reason) == ("item-1", "the file is cut short")
    assert bench.package.progress.counts(stage.name).processed == 3


async def test_a_bug_in_one_item_ends_the_stage_in_error_and_says_which_item(bench: Bench) -> None:
    def behave(item_id: str) -> object:
        if item_id == "item-2":
            raise ZeroDivisionError("division by zero")
        return item_id

    stage = FakeStage(items(3), behave=behave, at_once=1)

    assert await bench.run(stage) == StageStatus.ERROR

    state = bench.package.progress.stage(stage.name)
    assert "item-2" in (state.reason or "")
    assert state.retry_at is None
    assert sorted(bench.package.progress.processed_ids(stage.name)) == ["item-0", "item-1"]


async def test_a_full_disk_is_tried_again_by_itself_later(bench: Bench) -> None:
    def behave(_item_id: str) -> object:
        raise OSError(errno.ENOSPC, "No space left on device")

    assert await bench.run(FakeStage(items(1), behave=behave)) == StageStatus.ERROR

    state = bench.package.progress.stage(FakeStage([]).name)
    assert state.retry_at == "2026-01-02T03:04:10.000Z"
    assert "No space left" in (state.reason or "")


@pytest.mark.parametrize(
    ("error", "status", "interruption", "retry_at"),
    [
        (EngineStopped("The key is refused."), StageStatus.ERROR, None, None),
        (EngineStopped("Nobody answers.", retry_in=60), StageStatus.ERROR, None, "2026-01-02T03:05:05.000Z"),
        (EngineStopped("5 dollars are spent.", is_spent=True), StageStatus.ABORTED, Interruption.BUDGET, None),
    ],
)
async def test_an_engine_that_cannot_be_asked_ends_the_stage_and_keeps_what_is_done(
    bench: Bench, error: EngineStopped, status: StageStatus, interruption: Interruption | None, retry_at: str | None
) -> None:
    def behave(item_id: str) -> object:
        if item_id == "item-1":
            raise error
        return item_id

    stage = FakeStage(items(3), behave=behave, at_once=1)
    assert await bench.run(stage) == status

    state = bench.package.progress.stage(stage.name)
    assert (state.interruption, state.retry_at) == (interruption, retry_at)
    assert str(error) in (state.reason or "")
    assert bench.package.progress.processed_ids(stage.name) == ["item-0"]


async def test_abort_keeps_what_is_done_and_marks_nothing_half_done(bench: Bench) -> None:
    stage = FakeStage(items(3), at_once=1, gates={"item-1": anyio.Event()})
    status = None

    async def run() -> None:
        nonlocal status
        status = await bench.run(stage)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        while "item-1" not in stage.started:
            await anyio.lowlevel.checkpoint()
        assert bench.lock is not None
        bench.lock.interrupt(Interruption.USER)

    state = bench.package.progress.stage(stage.name)
    assert status == state.status == StageStatus.ABORTED
    assert state.interruption == Interruption.USER
    assert bench.package.progress.processed_ids(stage.name) == ["item-0"]
    assert bench.package.progress.counts(stage.name).left == 2
    assert read_checkpoint(bench.package.paths.checkpoint).stages[stage.name].status == "aborted"


async def test_continue_after_an_abort_finishes_what_was_left(bench: Bench) -> None:
    await test_abort_keeps_what_is_done_and_marks_nothing_half_done(bench)
    stage = FakeStage(items(3))

    assert await bench.run(stage) == StageStatus.COMPLETED
    assert sorted(stage.started) == ["item-1", "item-2"]


async def test_a_run_that_is_torn_down_from_outside_records_a_shutdown(bench: Bench) -> None:
    stage = FakeStage(items(1), gates={"item-0": anyio.Event()})

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bench.run, stage)
        while not stage.started:
            await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()

    state = bench.package.progress.stage(stage.name)
    assert (state.status, state.interruption) == (StageStatus.ABORTED, Interruption.SHUTDOWN)
    assert bench.package.progress.items(stage.name) == []


async def test_a_run_makes_room_when_its_turn_is_over_and_goes_on_later(bench: Bench) -> None:
    stage = FakeStage(items(5), at_once=1)

    assert await bench.run(stage, lambda: len(stage.started) >= 2) == StageStatus.PENDING

    assert bench.package.progress.stage(stage.name).wanted
    assert stage.finished == 0
    assert await bench.run(FakeStage(items(5))) == StageStatus.COMPLETED


async def test_an_item_that_was_in_flight_at_a_death_is_run_alone_and_last(bench: Bench) -> None:
    generation = bench.package.progress.begin(FakeStage([]).name, OWNER)
    left = bench.package.progress.plan(FakeStage([]).name, items(4))
    bench.package.progress.claim(FakeStage([]).name, generation, [left[0].item, left[1].item])
    bench.package.progress.interrupt(FakeStage([]).name, poison_after=3)
    in_flight_with: dict[str, int] = {}
    stage = FakeStage(items(4))
    stage.behave = lambda item_id: in_flight_with.setdefault(item_id, stage.in_flight)

    await bench.run(stage)

    assert sorted(stage.started[:2]) == ["item-2", "item-3"]
    assert in_flight_with["item-0"] == in_flight_with["item-1"] == 1


async def test_the_story_of_a_run_is_told(bench: Bench) -> None:
    with bench.events.listen() as events:
        await bench.run(FakeStage(items(2), at_once=1))
        told = [
            event
            for _number, event in [events.receive_nowait() for _ in range(events.statistics().current_buffer_used)]
        ]

    assert isinstance(told[0], StageStarted)
    assert isinstance(told[-1], StageEnded)
    progressed = [(event.processed, event.left) for event in told if isinstance(event, StageProgressed)]
    assert progressed[0] == (0, 2)
    assert progressed[-1] == (2, 0)


@dataclass
class SlowlyFiling(FakeStage):
    """Files its results only after `may_file` is set."""

    may_file: Event = field(default_factory=Event)

    def publish(self, context: StageContext, results: Sequence[Finished[object]]) -> None:
        self.may_file.wait(60)
        super().publish(context, results)


async def test_work_does_not_wait_for_files_and_the_end_of_the_stage_does(bench: Bench) -> None:
    stage = SlowlyFiling(items(12), at_once=2)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bench.run, stage)
        while len(stage.stored) < 12:
            await anyio.lowlevel.checkpoint()
        assert (stage.published, stage.finished) == ([], 0)
        stage.may_file.set()

    assert sorted(stage.published) == sorted(item.id for item in items(12))
    assert stage.finished == 1


async def test_what_was_stored_before_an_abort_is_filed(bench: Bench) -> None:
    stage = SlowlyFiling(items(4), at_once=1, gates={"item-3": anyio.Event()})

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bench.run, stage)
        while "item-3" not in stage.started:
            await anyio.lowlevel.checkpoint()
        assert bench.lock is not None
        bench.lock.interrupt(Interruption.USER)
        stage.may_file.set()

    assert stage.published == ["item-0", "item-1", "item-2"]


async def test_while_a_stage_runs_checkpoint_json_is_written_at_most_once_a_second(tmp_path: Path) -> None:
    writes: list[str] = []
    bench = Bench(tmp_path, probe=lambda step: writes.append(step) if step == "write" else None)
    before = len(writes)

    await bench.run(FakeStage(items(50), at_once=1))

    assert len(writes) - before == 2


async def test_when_the_end_cannot_be_recorded_the_error_is_raised(tmp_path: Path) -> None:
    full = False

    def probe(step: str) -> None:
        if full and step == "commit":
            raise OSError(errno.ENOSPC, "No space left on device")

    bench = Bench(tmp_path, probe=probe)

    def behave(_item_id: str) -> object:
        nonlocal full
        full = True
        return "x"

    with pytest.raises(OSError, match="No space left"):
        await bench.run(FakeStage(items(1), behave=behave))

    assert bench.locks.holder("wren") is None
