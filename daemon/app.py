"""The daemon: one object that serves the command line, the drop folder and HTTP alike, and the one place where its
parts are joined.
"""

import os
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo

import anyio
import structlog

from daemon.events import (
    BudgetNoticed,
    DaemonReady,
    DaemonStopping,
    EventBus,
    PackageChanged,
    PackageDeleted,
    PackageRepaired,
    PackageSettled,
)
from daemon.home import HeldHome, hold_home
from daemon.intake import Intake
from daemon.llm.engines import Engines
from daemon.llm.question import approve
from daemon.llm.spending import Look, Spending
from daemon.locks import StageLocks
from daemon.repairing import RepairWorker, repair_all
from daemon.runner import RETRY_SECONDS, Runner
from daemon.scheduler import Pace, Scheduler, decide, holds_of
from daemon.service.clocks import Moment, boottime
from daemon.service.keeper import Keeper, StepCounter, Watched
from daemon.service.memory import give_back
from daemon.service.metrics import Metrics
from daemon.service.shares import watching
from daemon.service.starts import SafeMode, StartBook
from daemon.service.writable import WriteTest
from daemon.settings import Settings
from daemon.taking import BackOff
from daemon.views import (
    PackageDetail,
    PackageView,
    RepairView,
    repair_view,
    stage_detail,
    stage_view,
    upload_views,
)
from daemon.watcher import Watcher
from packages_store.config import PackageConfig
from packages_store.errors import NothingToDo, PackageUnusable, Repairing, StageBusy, StageNotReady
from packages_store.export import export
from packages_store.files import Disk
from packages_store.model import Interruption, ItemEnd, StageName, StageStatus, Upload
from packages_store.package import Package
from packages_store.paths import HomePaths
from packages_store.progress import StageItems
from packages_store.shelf import RepairResult, Shelf
from packages_store.times import Clock, utc_now
from packages_store.trash import Trashed
from stages import STAGES
from stages.contract import Extractor, Llm, Persona, Stage, StageContext, off_loop
from stages.parsers.contract import Parsers

_LOGGED_ONE_BY_ONE = 100
"""Packages whose repairs have lines of their own in the log of a start; the page and `loom repairs` list all."""

_COPIED_AFTER = 1.0
"""Seconds after its last change that a folder counts as whole which somebody put among the packages."""

T = TypeVar("T")

Phase = Literal["repairing", "ready", "stopping"]


@dataclass(frozen=True, slots=True)
class Parts:
    """What tests replace: time, the disk, the stages and the extractor. Without one it is what the settings say."""

    clock: Clock = utc_now
    monotonic: Callable[[], float] = time.monotonic
    disk: Disk = field(default_factory=Disk)
    stages: tuple[Stage[Any], ...] = STAGES
    extractor: Extractor | None = None
    retry_seconds: tuple[float, ...] = RETRY_SECONDS
    boottime: Callable[[], float] = boottime
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    """Where a key may stand that is no setting."""


class Daemon:
    """Everything a door can ask for. Made by `open_daemon`; all methods belong to the event loop."""

    def __init__(self, settings: Settings, home: HeldHome, parts: Parts) -> None:
        steps = parts.disk.probe = StepCounter(parts.disk.probe)
        self.settings = settings
        self._lock = home.lock
        self.paths = home.paths
        self.owner = home.owner
        self.token = home.token
        self.phase: Phase = "repairing"
        self.address: str | None = None
        self.events = EventBus()
        self.clock = parts.clock
        self._extractor = parts.extractor
        self._locks = StageLocks()
        self._shelf = Shelf(self.paths, parts.disk, parts.clock, settings.poison_after)
        self._shelf.tell = _log_repair
        self._stages = parts.stages
        zone = ZoneInfo(settings.time_zone)
        self.spending = Spending(self._shelf, self.paths, parts.clock, zone, self._budget_noticed)
        self.metrics = Metrics(self._shelf, parts.clock)
        self.engine = Engines(
            settings.engine, home.paths, parts.disk, parts.environ, self.spending.purse_of, self.metrics.count_retry
        )
        self._scheduler = Scheduler(
            self._shelf,
            parts.stages,
            Runner(home.owner, self.events, parts.monotonic, parts.retry_seconds),
            self._locks,
            self._context_of,
            parts.clock,
            Pace(settings.slots, settings.slice_seconds),
            lambda package: self.spending.ask(package, self.look_at),
        )
        self.intake = Intake(self._shelf, parts.disk, self.new_config)
        self.watcher = Watcher(
            paths=self.paths,
            inbox=settings.inbox,
            default_package=settings.default_package,
            intake=self.intake,
            shelf=self._shelf,
            disk=parts.disk,
            wake=self._scheduler.wake,
            events=self.events,
            clock=parts.clock,
            monotonic=parts.monotonic,
            watch=watching(parts.disk),
            back_off=BackOff(parts.retry_seconds[0], parts.retry_seconds[-1]),
        )

        self.starts = StartBook(self.paths, parts.disk, parts.clock)
        self.safe_mode: SafeMode | None = None
        self._may_watch = anyio.Event()
        self._watching = anyio.CancelScope()
        self.write_test = WriteTest(self.paths.root, parts.disk, parts.monotonic)
        watched = Watched(
            paths=self.paths,
            disk=parts.disk,
            locks=self._locks,
            steps=lambda: steps.steps + self.events.last_id,
            clocks=lambda: Moment(parts.monotonic(), parts.boottime(), parts.clock()),
            min_free=lambda: self.settings.min_free_bytes,
        )
        self.keeper = Keeper(watched, self._scheduler, self.starts, self._put_away)
        self._interrupted: list[tuple[str, str]] = []

    def _put_away(self) -> None:
        """Work is over: close what it had opened, and give its memory back. Whoever comes next opens it again."""
        self._shelf.close()
        give_back()

    def new_config(self) -> PackageConfig:
        """The settings a new package starts with."""
        return PackageConfig(time_zone=self.settings.time_zone, pause_before_commit=self.settings.pause_before_commit)

    def look_at(self, package: Package) -> Look:
        """What is needed to say what would be done to a package. Belongs in a worker thread; nobody is asked."""
        scales = self.engine.scales_for(package)
        context = self._context_of(package, scales)
        llm = scales if context.extractor.name == "llm" else None
        return Look(context, self._stages, self.engine.options, llm)

    def _budget_noticed(self, package: str, notice: str) -> None:
        structlog.get_logger().warning("budget", package=package, notice=notice)
        self.events.publish(BudgetNoticed(package, notice))

    def _context_of(self, package: Package, llm: Llm | None = None) -> StageContext:
        config = package.config
        persona = Persona(
            entity_name=config.entity_name,
            user_name=config.user_name,
            entity_pronouns=config.entity_pronouns,
            user_pronouns=config.user_pronouns,
            relationship=config.relationship_context,
            notes=config.context_notes,
            zone=config.zone,
            day_starts_at=config.day_starts_at,
        )
        extractor = self._extractor or self._extractor_of(package, config, llm)
        return StageContext(package, extractor, persona, self.clock, self.parsers.parsers, config.instance_id)

    def _extractor_of(self, package: Package, config: PackageConfig, llm: Llm | None) -> Extractor:
        if config.engine == "offline" or (config.engine == "auto" and not self.engine.is_set):
            return _offline()
        return _asking(llm or self.engine.llm_for(package))

    @cached_property
    def parsers(self) -> Parsers:
        """The parsers of this project and of other packages; loaded at first use, off the event loop."""
        from stages.parsers.registry import load_parsers

        loaded = load_parsers()
        for problem in loaded.problems:
            structlog.get_logger().warning("parser left out", reason=problem)
        return loaded

    def announce(self, address: str) -> None:
        """Tell whoever meets our lock under which address we answer."""
        self.address = address
        self._lock.announce(address)

    # --- life --------------------------------------------------------------------------------------------------

    async def repair_all(self, workers: Sequence[RepairWorker] = ()) -> None:
        """Repair the status of every package; nothing is scheduled, watched or changed before this has returned.

        `workers` are processes that have begun with it already.
        """
        results: list[RepairResult] = []
        await repair_all(self._shelf, workers, results.append)
        _log_repairs(results)
        for result in results:
            self._interrupted += [(result.package, note.subject) for note in result.repairs if note.interrupted_items]
            for repair in result.repairs:
                self.events.publish(PackageRepaired(result.package, repair.subject, repair.done))

    async def work(self, *, watch: bool = True) -> None:
        """Schedule packages and, unless told otherwise, watch the drop folder; for ever."""
        names = await self.names()
        self.phase = "ready"
        self.events.publish(DaemonReady(len(names)))
        if self.settings.resume_at_start:
            for name in names:
                self._scheduler.wake(name)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._scheduler.serve)
            tasks.start_soon(self.keeper.serve)
            tasks.start_soon(self._meet_arrivals, set(names))
            if watch:
                tasks.start_soon(self._watch)

    async def _meet_arrivals(self, met: set[str]) -> None:
        """Go on with packages that are copied into the home: for ever, as soon as nobody copies them any more."""
        while True:
            await anyio.sleep(self.settings.inbox.rescan_seconds)
            names = set(await self.names())
            for name in sorted(names - met) if self.settings.resume_at_start else ():
                if await off_loop(self._shelf.is_still, name, max(_COPIED_AFTER, self.settings.inbox.settle_seconds)):
                    self._scheduler.wake(name)
                    met.add(name)
            met &= names

    async def _watch(self) -> None:
        if self.safe_mode is not None:
            await self._may_watch.wait()
        with self._watching:
            await self.watcher.serve()

    # --- after a crash, and while it runs --------------------------------------------------------------------------

    async def has_set_aside(self) -> bool:
        """Whether a stage that the repair found interrupted has an item set aside: what it died of, most likely."""
        return await off_loop(lambda: any(self._has_poisoned(name, subject) for name, subject in self._interrupted))

    def _has_poisoned(self, name: str, subject: str) -> bool:
        return bool(self._shelf.get(name).progress.items(StageName(subject), (ItemEnd.POISONED,), 1))

    def enter_safe_mode(self, why: SafeMode) -> None:
        """Work on nothing, before `work` begins: repaired, with all doors open, until somebody leaves it."""
        self.safe_mode = why
        self.starts.is_safe = True
        self._scheduler.pause("safe mode", "`loom resume --all`: the daemon is in safe mode")

    async def resume_all(self) -> list[str]:
        """Leave safe mode; outside of it, continue every package that waits for a person, and return their names."""
        self.require_ready()
        if self.safe_mode is not None:
            self.safe_mode = None
            await off_loop(self.starts.forget_deaths)
            self._scheduler.pause("safe mode", None)
            self._may_watch.set()
            return []
        resumed = []
        for line in await self.packages():
            if line.state == "waiting" and (line.waits_for or "").startswith("Continue"):
                await self.resume(line.name)
                resumed.append(line.name)
        return resumed

    @property
    def paused(self) -> str | None:
        """What everything waits for, None when it does not."""
        return self._scheduler.paused

    @property
    def stage_locks(self) -> StageLocks:
        """What runs."""
        return self._locks

    def use(self, settings: Settings) -> None:
        """Go on with other settings (daemon/service/reloading.py says which may change)."""
        self.settings = settings
        self.watcher.inbox = settings.inbox
        self._scheduler.change_pace(Pace(settings.slots, settings.slice_seconds))

    async def stop(self) -> None:
        """End in order: nothing new is started, what runs is interrupted and its end recorded."""
        self.phase = "stopping"
        self._watching.cancel()
        self.events.publish(DaemonStopping())
        # Answers that are on their way are paid for; what comes of them is in the journal at the next start.
        await self.engine.drain(self.settings.grace_seconds)
        await self._scheduler.stop()

    def close(self) -> None:
        """Close every file."""
        self._shelf.close()

    def require_repaired(self) -> None:
        """Raises Repairing while packages may not be opened yet."""
        if self.phase == "repairing":
            raise Repairing("The daemon is repairing.")

    def require_ready(self) -> None:
        """Raises Repairing unless changes are accepted."""
        if self.phase != "ready":
            raise Repairing(f"The daemon is {self.phase}.")

    # --- looking -----------------------------------------------------------------------------------------------

    async def names(self) -> list[str]:
        """The names of all packages, in alphabetical order."""
        return await off_loop(self._shelf.names)

    async def packages(self) -> list[PackageView]:
        """All packages, by name."""
        return [await self.package_line(name) for name in await self.names()]

    async def package_line(self, name: str) -> PackageView:
        """One package in a line. Raises PackageNotFound."""
        return await off_loop(self._line, name, self._running(name))

    def _line(self, name: str, running: StageName | None) -> PackageView:
        try:
            package = self._shelf.get(name)
        except PackageUnusable as reason:
            path = str(self.paths.package(name).root)
            return PackageView(name=name, path=path, state="unusable", waits_for=str(reason), stages=[])
        states = package.progress.stages()
        state, waits_for = self._state(package, running)
        return PackageView(
            name=package.name,
            path=str(package.paths.root),
            state=state,
            waits_for=waits_for,
            stages=[stage_view(package, stage, running) for stage in states],
        )

    async def package(self, name: str, *, with_items: bool = True) -> PackageDetail:
        """One package with its uploads, repairs, failures and, unless told otherwise, the ids of its items.

        Raises PackageNotFound.
        """
        return await off_loop(self._detail, name, self._running(name), with_items)

    def _detail(self, name: str, running: StageName | None, with_items: bool) -> PackageDetail:
        try:
            package = self._shelf.get(name)
        except PackageUnusable:
            line = self._line(name, running).model_dump(exclude={"stages"})
            return PackageDetail(**line, stages=[], uploads=[], repairs=[], conversations=0, messages=0)
        # Before: it may look at other packages, and nobody may hold one while it waits for another.
        notices = self.spending.notices(package, self.engine.options)
        with package.ledger.unchanging():
            state, waits_for = self._state(package, running)
            conversations, messages = package.staging.totals()
            items = package.progress.overview() if with_items else {}
            none = StageItems([], [], [])
            return PackageDetail(
                name=package.name,
                path=str(package.paths.root),
                state=state,
                waits_for=waits_for,
                stages=[
                    stage_detail(package, stage, running, items.get(stage.name, none))
                    for stage in package.progress.stages()
                ],
                uploads=upload_views(package.uploads.all()),
                repairs=[repair_view(package.name, repair) for repair in package.progress.repairs()],
                conversations=conversations,
                messages=messages,
                cost=float(package.journal.total()),
                notices=notices,
            )

    def _running(self, name: str) -> StageName | None:
        held = self._locks.holder(name)
        return held.stage if held else None

    def trouble_of(self, name: str) -> str | None:
        """Why a package cannot be worked on at all just now, None when it can."""
        return self._scheduler.trouble_of(name)

    def _state(self, package: Package, running: StageName | None) -> tuple[str, str | None]:
        if running is not None:
            return "running", None
        trouble = self._scheduler.trouble_of(package.name)
        if trouble is not None:
            return "waiting", f"the next try: {trouble}"
        decision = decide(package.progress.stages(), holds_of(package), self.clock())
        if decision.is_done:
            return "done", None
        if decision.stage is not None and self.paused is not None:
            return "waiting", self.paused
        return "waiting", decision.waits_for or "its turn"

    async def read(self, name: str, look: Callable[[Package], T]) -> T:
        """Look at a package, in a worker thread. Raises PackageNotFound or PackageUnusable, and what `look` raises."""
        return await off_loop(lambda: look(self._shelf.get(name)))

    def open_package(self, name: str) -> Package:
        """The package itself, to be read in a worker thread. Raises PackageNotFound or PackageUnusable."""
        return self._shelf.get(name)

    async def repairs(self) -> list[RepairView]:
        """Every repair of every package, oldest first."""
        found: list[RepairView] = []
        for name in await self.names():
            found += await off_loop(self._repairs_of, name)
        return sorted(found, key=lambda repair: repair.at)

    def _repairs_of(self, name: str) -> list[RepairView]:
        try:
            return [repair_view(name, repair) for repair in self._shelf.get(name).progress.repairs()]
        except PackageUnusable:
            return []

    def export(self, name: str) -> Iterator[bytes]:
        """The finished package as a ZIP, piece by piece; to be read in a worker thread. Raises PackageNotFound."""
        return export(self._shelf.get(name))

    # --- changing ----------------------------------------------------------------------------------------------

    async def change(self, name: str, what: str, act: Callable[[Package], T]) -> T:
        """Change a package in a worker thread, tell everybody `what` was changed, and see whether there is work now.

        `act` writes in one transaction, also while a stage runs; what has to be done anew it asks for with
        `package.progress.request`. Raises Repairing, PackageNotFound or PackageUnusable, and what `act` raises.
        """
        self.require_ready()
        changed = await self.read(name, act)
        self.events.publish(PackageChanged(name, what))
        self._scheduler.wake(name)
        return changed

    async def create(self, name: str, config: PackageConfig | None = None) -> PackageDetail:
        """Make a package; one that exists stays as it is."""
        self.require_ready()
        await off_loop(self._shelf.create, name, config or self.new_config())
        self.events.publish(PackageChanged(name, "package"))
        return await self.package(name)

    async def hand_in(self, package: str, path: Path, name: str) -> Upload:
        """Take a file of this machine into a package, creating it when there is none."""
        self.require_ready()
        upload = await off_loop(self._take, package, path, name)
        self._scheduler.wake(package)
        return upload

    def _take(self, package: str, path: Path, name: str) -> Upload:
        return self.intake.take(package, path.resolve(), name, "cli")

    def handed_in(self, package: str) -> None:
        """Something was registered for this package by other means: have a look at it."""
        self._scheduler.wake(package)

    async def set_until(self, name: str, until: StageName | None) -> None:
        """Stop this package after a stage, until somebody asks to continue."""
        package = await off_loop(self._shelf.create, name, self.new_config())
        await off_loop(package.set_fact, "until", until or "")
        self._scheduler.wake(name)

    async def resume(self, name: str, stage: StageName | None = None) -> PackageDetail:
        """Start or Continue: take away what a package (or one stage) waits for a person to decide.

        The package is repaired first. Raises StageBusy while it runs, StageNotReady when an earlier stage comes first,
        NothingToDo when it does not wait for anybody.
        """
        self.require_ready()
        package = await off_loop(self._shelf.get, name)
        if self._running(name) is not None:
            raise StageBusy(f"{self._running(name)} of {name} is running.")
        await self._scheduler.repair(name)
        await off_loop(self._resume, package, stage)
        self.engine.doubt()
        self._scheduler.wake(name)
        return await self.package(name)

    def _resume(self, package: Package, stage: StageName | None) -> None:
        first = next((state for state in package.progress.stages() if not state.status.ended), None)
        if stage is not None and package.progress.stage(stage).status == StageStatus.SKIPPED:
            package.progress.set_skipped(stage, skipped=False)
            package.progress.request(stage)
            return
        if first is None:
            raise NothingToDo(f"Everything in {package.name} is done.")
        if stage is not None and stage != first.name:
            raise StageNotReady(f"{first.name} comes before {stage}; it is {first.status}.")
        if first.status == StageStatus.PENDING and not first.wanted:
            raise NothingToDo(f"{package.name} waits for a file.", "Drop one into the drop folder.")
        if decide(package.progress.stages(), holds_of(package), self.clock()).is_question:
            approve(package)
        package.set_fact("until", "")
        for state in package.progress.stages():
            if state.name == first.name or state.interruption == Interruption.CRASH:
                package.progress.resume(state.name)
        if first.name == StageName.COMMIT:
            package.mark_reviewed()

    async def abort(self, name: str) -> PackageDetail:
        """Abort what runs in a package and return when its end is recorded. Raises NothingToDo when nothing runs."""
        self.require_ready()
        held = self._locks.holder(name)
        if held is None:
            await off_loop(self._shelf.get, name)
            raise NothingToDo(f"Nothing of {name} is running.")
        held.interrupt(Interruption.USER)
        await held.released.wait()
        return await self.package(name)

    async def retry(self, name: str, stage: StageName | None = None, item: str | None = None) -> PackageDetail:
        """Do failed and poisoned items again: all of a package, of one stage, or one. Raises NothingToDo."""
        return await self._reopen(name, stage, item, skip=False)

    async def skip(self, name: str, stage: StageName | None = None, item: str | None = None) -> PackageDetail:
        """Leave failed items out for good. Raises NothingToDo when none has failed."""
        return await self._reopen(name, stage, item, skip=True)

    async def _reopen(self, name: str, stage: StageName | None, item: str | None, *, skip: bool) -> PackageDetail:
        self.require_ready()
        package = await off_loop(self._shelf.get, name)
        act = package.progress.skip if skip else package.retry
        changed = 0
        for each in [stage] if stage else list(StageName):
            changed += await off_loop(act, each, item)
        if not changed:
            raise NothingToDo(f"No item of {stage or 'any stage'} in {name} has failed.")
        self.engine.doubt()
        self._scheduler.wake(name)
        return await self.package(name)

    async def skip_stage(self, name: str, stage: StageName) -> PackageDetail:
        """Leave a whole stage out; `resume` takes it in again. Only graph may be left out: all others feed it."""
        self.require_ready()
        if stage != StageName.GRAPH:
            raise StageNotReady(f"{stage} cannot be left out.", "Only graph can: nothing comes after it.")
        package = await off_loop(self._shelf.get, name)
        if self._running(name) == stage:
            await self.abort(name)
        await off_loop(partial(package.progress.set_skipped, stage, skipped=True, reason="Left out by a person."))
        self._scheduler.wake(name)
        return await self.package(name)

    async def delete(self, name: str) -> Trashed:
        """Move a package into the trash; what runs of it is aborted first. Raises PackageNotFound.

        Files of it that still lie in the drop folder are archived: they would bring it back.
        """
        self.require_ready()
        held = self._locks.holder(name)
        if held is not None:
            held.interrupt(Interruption.USER)
        async with self._scheduler.resting(name), self.watcher.without(name):
            trashed = await off_loop(self._shelf.trash, name)
        self.events.publish(PackageDeleted(name))
        return trashed

    async def trashed(self) -> list[Trashed]:
        """The deleted packages, the latest first."""
        return await off_loop(self._shelf.trashed)

    async def restore(self, entry_id: str) -> PackageDetail:
        """Take a package out of the trash. Raises PackageNotFound, or NotAllowed when its name is taken by now."""
        self.require_ready()
        name = await off_loop(self._shelf.restore, entry_id)
        self.events.publish(PackageChanged(name, "restored"))
        self._scheduler.wake(name)
        return await self.package(name)

    async def settled(self, name: str) -> PackageDetail:
        """Wait until nothing of a package can run now, and return how it stands."""
        with self.events.listen_to_all() as events:
            while self._scheduler.is_busy(name):
                async for _number, event in events:
                    if isinstance(event, PackageSettled) and event.package == name:
                        break
        return await self.package(name)


def _offline() -> Extractor:
    # Its patterns take a tenth of a second to compile, for which the start need not wait.
    from stages.extractors.offline import OfflineExtractor

    return OfflineExtractor()


def _asking(llm: Llm) -> Extractor:
    from stages.extractors.llm.extractor import LlmExtractor

    return LlmExtractor(llm)


def _log_repairs(results: Sequence[RepairResult]) -> None:
    repaired = [result for result in results if result.repairs or result.unusable is not None]
    for result in repaired[:_LOGGED_ONE_BY_ONE]:
        _log_repair(result)
    more = len(repaired) - _LOGGED_ONE_BY_ONE
    if more > 0:
        structlog.get_logger().warning("repaired more packages", packages=more, advice="`loom repairs` lists them all")


def _log_repair(result: RepairResult) -> None:
    log = structlog.get_logger().bind(package=result.package)
    if result.unusable is not None:
        log.error("package cannot be used", reason=result.unusable)
    for repair in result.repairs:
        log.warning("repaired", subject=repair.subject, found=repair.found, done=repair.done)


@asynccontextmanager
async def open_daemon(
    settings: Settings, parts: Parts | None = None, held: HeldHome | None = None
) -> AsyncIterator[Daemon]:
    """A daemon that holds its home (or is handed one that is `held`), not yet repaired.

    Call `repair_all`, then `work`. Raises HomeBusy when another process holds the home. On exit everything that runs is
    stopped in order and recorded.
    """
    parts = parts or Parts()
    with ExitStack() as stack:
        home = held or stack.enter_context(hold_home(HomePaths(settings.home), parts.disk))
        daemon = Daemon(settings, home, parts)
        try:
            yield daemon
        finally:
            with anyio.CancelScope(shield=True):
                await daemon.stop()
                await daemon.engine.close()
                daemon.close()
