"""The keeper: no false stall, a true one found, room on the disk, time that was missed."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from daemon.app import Daemon, Parts, open_daemon
from daemon.events import PackageSettled, StageStarted
from daemon.locks import StageLock, StageLocks
from daemon.service.clocks import Moment
from daemon.service.health import Check, health
from daemon.service.keeper import BEAT_SECONDS, REST_SECONDS, STALL_SECONDS, Keeper, StepCounter, Watched
from daemon.service.notify import Notifier
from daemon.service.starts import StartBook
from daemon.service.telling import Teller
from packages_store.files import Disk
from packages_store.model import StageName
from packages_store.paths import HomePaths
from tests.clocks import FakeClock
from tests.daemon.service.manager import manager
from tests.daemons import settings_for, working_daemon
from tests.exports import chatgpt_export


class RoomyDisk(Disk):
    """A disk whose free space the test decides."""

    def __init__(self) -> None:
        super().__init__()
        self.free = 1 << 40

    def free_bytes(self, path: Path) -> int:
        return self.free


@dataclass
class FakeScheduler:
    """Remembers what was asked of it."""

    pauses: dict[str, str | None] = field(default_factory=dict)
    looks: int = 0

    def pause(self, cause: str, reason: str | None) -> None:
        self.pauses[cause] = reason

    def look_again(self) -> None:
        self.looks += 1


class World:
    """A keeper whose time, disk and work are the test's."""

    def __init__(self, home: Path) -> None:
        self.clock = FakeClock()
        self.slept = 0.0
        self.disk = RoomyDisk()
        self.locks = StageLocks()
        self.steps = StepCounter(lambda _step: None)
        self.scheduler = FakeScheduler()
        self.starts = StartBook(HomePaths(home), self.disk, self.clock)
        watched = Watched(
            paths=HomePaths(home),
            disk=self.disk,
            locks=self.locks,
            steps=lambda: self.steps.steps,
            clocks=lambda: Moment(self.clock.monotonic(), self.clock.monotonic() + self.slept, self.clock()),
            min_free=lambda: 1000,
        )
        self.put_away = 0
        self.keeper = Keeper(watched, self.scheduler, self.starts, self._put_away)

    def _put_away(self) -> None:
        self.put_away += 1
        if self.disk.free == 0:
            raise OSError("the disk is full")

    async def live(self, seconds: float, *, works: bool = False) -> None:
        """Let so much time pass, with a beat whenever one is due."""
        for _ in range(int(seconds / BEAT_SECONDS)):
            self.clock.advance(BEAT_SECONDS)
            if works:
                self.steps("commit")
            await self.keeper.beat(BEAT_SECONDS)

    def start(self, stage: StageName, *, asks_model: bool = False) -> StageLock:
        """Let a stage run, of a package of its own."""
        lock = self.locks.admit(f"package of {stage}", stage)
        lock.asks_model = asks_model
        return lock


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


# --- work ------------------------------------------------------------------------------------------------------------


async def test_a_question_that_takes_hours_is_no_stall(world: World) -> None:
    world.start(StageName.SIGNIFICANT, asks_model=True)

    await world.live(3 * 3600)

    assert world.keeper.stalled is None


async def test_work_that_goes_on_is_no_stall_however_long_its_item_is(world: World) -> None:
    world.start(StageName.CONVERT)

    await world.live(3 * STALL_SECONDS, works=True)

    assert world.keeper.stalled is None


async def test_a_daemon_that_has_nothing_to_do_does_not_stall(world: World) -> None:
    await world.live(3 * STALL_SECONDS)

    assert world.keeper.stalled is None


async def test_work_that_does_nothing_for_a_quarter_of_an_hour_stands_still(world: World) -> None:
    world.start(StageName.GRAPH, asks_model=True)
    world.start(StageName.CONVERT)
    await world.live(STALL_SECONDS - 2 * BEAT_SECONDS)
    assert world.keeper.stalled is None

    await world.live(3 * BEAT_SECONDS)

    assert world.keeper.stalled == "convert, graph did nothing for 15 min"


async def test_the_watchdog_is_fed_during_a_long_question_and_not_while_work_stands_still(
    tmp_path: Path, world: World
) -> None:
    async with open_daemon(settings_for(tmp_path / "home")) as daemon:
        daemon.keeper = world.keeper
        with manager(tmp_path) as listening:
            teller = Teller(daemon, Notifier(listening.address, 60))
            asking = world.start(StageName.DAILY, asks_model=True)
            for _minute in range(10):
                await world.live(60)
                teller.feed()
            listening.collect()
            assert listening.lines == ["WATCHDOG=1"] * 10

            asking.asks_model = False
            await world.live(STALL_SECONDS + BEAT_SECONDS)
            teller.feed()
            listening.collect()
            assert listening.lines == ["WATCHDOG=1"] * 10


async def test_the_watchdog_is_not_fed_while_the_loop_is_blocked(tmp_path: Path) -> None:
    async with open_daemon(settings_for(tmp_path / "home")) as daemon:
        await daemon.repair_all()
        with manager(tmp_path) as listening:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(Teller(daemon, Notifier(listening.address, 0.05)).serve)
                while "WATCHDOG=1" not in listening.lines:
                    await anyio.lowlevel.checkpoint()
                    listening.collect()
                listening.lines.clear()

                # Waiting here blocks the loop: many times as long as the watchdog is fed otherwise.
                listening.collect(0.5)

                tasks.cancel_scope.cancel()

    assert listening.lines == []


# --- time ------------------------------------------------------------------------------------------------------------


async def test_a_night_with_the_lid_closed_is_no_stall_and_is_told(world: World) -> None:
    world.start(StageName.CONVERT)
    await world.live(STALL_SECONDS - 2 * BEAT_SECONDS)
    world.slept += 12 * 3600
    world.clock.now += timedelta(hours=12)

    await world.live(4 * BEAT_SECONDS)

    assert world.keeper.stalled is None
    assert str(world.keeper.gap).startswith("the machine slept for 12 h")
    assert world.scheduler.looks == 1


async def test_a_process_that_was_stopped_for_a_minute_says_so(world: World) -> None:
    await world.live(10)
    world.clock.advance(60)

    await world.live(BEAT_SECONDS)

    assert str(world.keeper.gap).startswith("the process was stopped, or not let run, for 60 s")


@pytest.mark.parametrize(("days", "way"), [(-365, "back"), (365, "forward")])
async def test_a_clock_that_was_set_is_told_and_waiting_packages_are_looked_at(
    world: World, days: int, way: str
) -> None:
    world.clock.now += timedelta(days=days)

    await world.live(BEAT_SECONDS)

    assert str(world.keeper.gap).startswith(f"the clock was set {way} by 365 days")
    assert world.scheduler.looks == 1


async def test_missed_time_is_told_for_an_hour(world: World) -> None:
    world.clock.advance(300)
    await world.live(BEAT_SECONDS)
    assert world.keeper.gap is not None

    await world.live(3601)

    assert world.keeper.gap is None


async def test_a_busy_machine_misses_no_time(world: World) -> None:
    for _ in range(20):
        world.clock.advance(15)
        await world.live(BEAT_SECONDS)

    assert world.keeper.gap is None


# --- room ------------------------------------------------------------------------------------------------------------


async def test_with_too_little_room_nothing_is_started_until_there_is_clearly_enough(world: World) -> None:
    told = []
    for free in (1000, 999, 1100, 1249, 1250, 1100):
        world.disk.free = free
        await world.live(BEAT_SECONDS)
        told.append(world.scheduler.pauses["disk"] is not None)

    assert told == [False, True, True, True, False, False]


async def test_a_disk_that_fills_up_stops_work_in_time_and_work_goes_on_by_itself(tmp_path: Path) -> None:
    disk = RoomyDisk()
    export = tmp_path / "chats.json"
    export.write_bytes(chatgpt_export(3))
    async with working_daemon(tmp_path / "home", Parts(disk=disk)) as daemon:
        disk.free = 1000
        await daemon.keeper.beat(0)
        await daemon.hand_in("wren", export, "chats.json")
        held = await daemon.settled("wren")
        assert held.state == "waiting"
        assert held.waits_for is not None
        assert held.waits_for.startswith("room on the disk")
        assert (await wrong(daemon)).keys() == {"disk"}

        disk.free = 1 << 40
        with daemon.events.listen_to_all() as events:
            await daemon.keeper.beat(0)
            with anyio.fail_after(60):
                async for _number, event in events:
                    if isinstance(event, PackageSettled) and event.waits_for is None:
                        break

        assert (await daemon.package("wren")).state == "done"
        assert await wrong(daemon) == {}


async def wrong(daemon: Daemon) -> dict[str, Check]:
    """What is not as it should be, by its name."""
    return {check.name: check for check in (await health(daemon)).checks if not check.ok}


# --- rest ------------------------------------------------------------------------------------------------------------


async def test_what_work_took_is_put_away_once_after_each_spell_of_work(world: World) -> None:
    await world.live(REST_SECONDS)
    assert world.put_away == 0
    told = []
    for _ in range(2):
        lock = world.start(StageName.CONVERT)
        await world.live(2 * REST_SECONDS)
        told.append(world.put_away)
        world.locks.release(lock)
        await world.live(3 * REST_SECONDS)
        told.append(world.put_away)

    assert told == [0, 1, 1, 2]


async def test_a_full_disk_does_not_keep_it_from_looking_after_the_rest(world: World) -> None:
    lock = world.start(StageName.DAILY)
    await world.live(BEAT_SECONDS)
    world.locks.release(lock)
    world.disk.free = 0

    await world.live(2 * REST_SECONDS)

    assert world.put_away == 1


async def test_a_daemon_at_rest_keeps_no_package_open_and_opens_it_for_whoever_looks(tmp_path: Path) -> None:
    clock = FakeClock()
    export = tmp_path / "chats.json"
    export.write_bytes(chatgpt_export(3))
    async with working_daemon(tmp_path / "home", Parts(monotonic=clock.monotonic, boottime=clock.monotonic)) as daemon:
        await daemon.hand_in("wren", export, "chats.json")
        with daemon.events.listen_to_all() as events:
            async for _number, event in events:
                if isinstance(event, StageStarted):
                    break
        await daemon.keeper.beat(0)
        await daemon.settled("wren")
        assert daemon.open_package("wren").ledger.is_open

        clock.advance(REST_SECONDS)
        await daemon.keeper.beat(REST_SECONDS)

        assert not daemon.open_package("wren").ledger.is_open
        assert (await daemon.package("wren")).conversations == 3


# --- the first minute ------------------------------------------------------------------------------------------------


async def test_a_daemon_that_lived_for_a_minute_did_not_die_of_starting(world: World) -> None:
    world.starts.begin(1)
    await world.live(58)
    assert len(StartBook(HomePaths(world.starts.crash_log.parent), world.disk, world.clock).begin(2)) == 1
    world.starts.begin(3)

    await world.live(10)

    assert StartBook(HomePaths(world.starts.crash_log.parent), world.disk, world.clock).begin(4) == ()
