"""Decides which stage of which package runs next, and runs it.

Packages share a few slots in turn; of one package at most one stage runs. A package is looked at when something wakes
it: the start of the daemon, an upload, the end of a stage, an act of a person, a moment that had been waited for.
"""

import time
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import anyio
import structlog
from anyio.abc import TaskGroup

from daemon.events import PackageRepaired, PackageSettled
from daemon.intake import in_words
from daemon.llm.question import open_question
from daemon.locks import StageLock, StageLocks
from daemon.runner import Runner
from packages_store.adopt import adopt_contents
from packages_store.config import AfterCrash
from packages_store.errors import PackageNotFound
from packages_store.model import Interruption, StageName, StageState, StageStatus
from packages_store.package import Package
from packages_store.shelf import Shelf
from packages_store.times import Clock, parse_iso
from stages.contract import Stage, StageContext, off_loop

_ASKING = frozenset({StageName.SIGNIFICANT, StageName.DAILY, StageName.GRAPH})
"""Stages that ask the extractor."""
_FAR_AWAY = timedelta(hours=1)
"""No pause is that long: a moment further away was written before the clock was set back."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What comes next for a package: a stage to run, or what it waits for, or neither when everything is done."""

    stage: StageName | None = None
    waits_for: str | None = None
    look_again_at: datetime | None = None
    is_question: bool = False
    """It waits for the answer to `Holds.question`."""
    stale: bool = False
    """It says `running` and nothing runs: it must be repaired first."""

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do and nobody has to be waited for."""
        return self.stage is None and self.waits_for is None and not self.stale


@dataclass(frozen=True, slots=True)
class Holds:
    """Reasons not to go on that are no part of a stage.

    `review` before commit, a stage to stop after, and what is to happen after a crash (`PackageConfig.after_crash`).
    """

    review: bool = False
    until: StageName | None = None
    after_crash: AfterCrash = "resume"
    question: str | None = None
    """What a person is asked before a language model is paid."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How many packages are worked on at once, and for how long one keeps its slot while others wait."""

    slots: int
    slice_seconds: float


def decide(states: Sequence[StageState], holds: Holds, now: datetime) -> Decision:
    """The rule of the pipeline: the first stage that has not ended decides, unless a crash is to be looked at first."""
    return _after_crash(states, holds) or _next(states, holds, now)


def _after_crash(states: Sequence[StageState], holds: Holds) -> Decision | None:
    """What a package waits for that is not to go on by itself after a crash."""
    left = [state for state in states if not state.status.ended]
    if holds.after_crash == "resume" or any(state.status == StageStatus.RUNNING for state in left):
        return None
    for state in left if holds.after_crash == "hold" else left[:1]:
        if state.interruption == Interruption.CRASH:
            held = "; until then nothing of this package is done" if holds.after_crash == "hold" else ""
            return Decision(waits_for=f"Continue: {state.name} was interrupted by a crash{held}")
    return None


def _next(states: Sequence[StageState], holds: Holds, now: datetime) -> Decision:
    stop_after = list(StageName).index(holds.until) if holds.until else len(states)
    for position, state in enumerate(states):
        if state.status.ended:
            continue
        if state.status == StageStatus.RUNNING:
            return Decision(stale=True)
        waiting = _waits(state, now)
        if waiting is not None:
            return waiting
        if position > stop_after:
            return Decision(waits_for=f"Continue: it was to stop after {holds.until}")
        return _asked_of_a_person(state.name, holds) or Decision(state.name)
    return Decision()


def _asked_of_a_person(stage: StageName, holds: Holds) -> Decision | None:
    """What a person has to see or to allow before a stage."""
    if holds.review and stage == StageName.COMMIT:
        return Decision(waits_for="Continue: review the conversations first")
    if holds.question and stage in _ASKING:
        return Decision(waits_for=f"Continue: {holds.question}", is_question=True)
    return None


def _waits(state: StageState, now: datetime) -> Decision | None:
    """Why a stage that has not ended does not run now, or None when it may."""
    match state.status:
        case StageStatus.PENDING if not state.wanted:
            return Decision(waits_for="a file to import")
        case StageStatus.ABORTED if state.interruption == Interruption.USER:
            return Decision(waits_for=f"Continue: {state.name} was aborted by a person")
        case StageStatus.ABORTED if state.interruption == Interruption.BUDGET:
            return _waits_for_money(state, now)
        case StageStatus.ERROR if state.retry_at is None:
            return Decision(waits_for=f"Continue: {state.name} ended in an error: {state.reason}")
        case StageStatus.ERROR if state.retry_at is not None and now < parse_iso(state.retry_at) < now + _FAR_AWAY:
            moment = parse_iso(state.retry_at)
            return Decision(waits_for=f"{state.name} to be tried again: {state.reason}", look_again_at=moment)
        case _:
            return None


def _waits_for_money(state: StageState, now: datetime) -> Decision | None:
    """A budget that is spent waits for a person, and that of a day for the next one as well."""
    tomorrow = parse_iso(state.retry_at) if state.retry_at else None
    if tomorrow is not None and tomorrow <= now:
        return None
    return Decision(waits_for=f"Continue: {state.reason}", look_again_at=tomorrow)


def holds_of(package: Package) -> Holds:
    """What a person asked for this package: a pause before commit, a stage to stop after, care after a crash."""
    until = package.fact("until")
    stop_after = StageName(until) if until else None
    return Holds(package.awaits_review(), stop_after, package.config.after_crash, open_question(package))


class Scheduler:
    """Runs stages until cancelled. All methods belong to the event loop."""

    def __init__(
        self,
        shelf: Shelf,
        stages: Sequence[Stage[Any]],
        runner: Runner,
        locks: StageLocks,
        context_of: Callable[[Package], StageContext],
        clock: Clock,
        pace: Pace,
        ask: Callable[[Package], None] = lambda _package: None,
    ) -> None:
        """`ask` sees, in a worker thread, whether a person has to be asked before a package goes on (`Holds`)."""
        self._shelf = shelf
        self._stages: Mapping[StageName, Stage[Any]] = {stage.name: stage for stage in stages}
        self._runner = runner
        self._locks = locks
        self._events = runner.events
        self._context_of = context_of
        self._clock = clock
        self._pace = pace
        self._ask = ask
        self._queue: OrderedDict[str, None] = OrderedDict()
        self._active: set[str] = set()
        self._tries: Counter[str] = Counter()
        self._trouble: dict[str, str] = {}
        self._pauses: dict[str, str] = {}
        self._held_up: set[str] = set()
        self._timed: Counter[str] = Counter()
        self._woken = anyio.Event()
        self._stopping = False

    def wake(self, name: str) -> None:
        """Have a look at a package soon; those that waited longer come first."""
        self._queue.setdefault(name)
        self._woken.set()

    def is_busy(self, name: str) -> bool:
        """Whether something of this package is being done, or is about to be."""
        return name in self._active or name in self._queue

    def trouble_of(self, name: str) -> str | None:
        """Why a package cannot be worked on at all just now, None when it can."""
        return self._trouble.get(name)

    def pause(self, cause: str, reason: str | None) -> None:
        """Start nothing more because of `cause`, and let what runs end after the items in hand; None takes it back.

        `reason` says what every package waits for meanwhile.
        """
        if reason is not None:
            self._pauses[cause] = reason
        elif self._pauses.pop(cause, None) is not None and not self._pauses:
            for name in sorted(self._held_up):
                self.wake(name)
            self._held_up.clear()

    @property
    def paused(self) -> str | None:
        """What everything waits for, None when it does not."""
        return next(iter(self._pauses.values()), None)

    def look_again(self) -> None:
        """Have a look at everything that waits for a moment: the machine may have slept, or its clock been set."""
        for name in sorted(self._timed):
            self.wake(name)

    def change_pace(self, pace: Pace) -> None:
        """Work with another pace from now on."""
        self._pace = pace
        self._woken.set()

    async def serve(self) -> None:
        """Look at packages as they wake, for ever."""
        async with anyio.create_task_group() as tasks:
            while True:
                while self._queue and len(self._active) < self._pace.slots and not self._stopping:
                    name = next((name for name in self._queue if name not in self._active), None)
                    if name is None:
                        break
                    del self._queue[name]
                    self._active.add(name)
                    tasks.start_soon(self._look, name, tasks)
                self._woken = anyio.Event()
                await self._woken.wait()

    async def stop(self) -> None:
        """Start nothing more, interrupt what runs, and return when its end is recorded."""
        self._stopping = True
        held = self._locks.all()
        for lock in held:
            lock.interrupt(Interruption.SHUTDOWN)
        for lock in held:
            await lock.released.wait()

    async def _look(self, name: str, tasks: TaskGroup) -> None:
        try:
            decision = await self._advance(name)
            self._trouble.pop(name, None)
        except PackageNotFound:
            decision = Decision(waits_for="nothing: it was deleted")
        except Exception as error:  # noqa: BLE001 - one package in trouble must not stop the daemon
            reason = self._trouble[name] = in_words(error)
            where = None if isinstance(error, OSError) else error
            structlog.get_logger().error("package in trouble", package=name, reason=reason, exc_info=where)
            again = self._clock() + timedelta(seconds=self._runner.pause(self._tries[name]))
            self._tries[name] += 1
            decision = Decision(waits_for=f"the next try: {reason}", look_again_at=again)
        finally:
            self._active.discard(name)
            self._woken.set()
        if decision.stage is None:
            self._events.publish(PackageSettled(name, decision.waits_for))
        if decision.look_again_at is not None:
            pause = (decision.look_again_at - self._clock()).total_seconds()
            tasks.start_soon(self._wake_later, name, pause)

    async def _advance(self, name: str) -> Decision:
        """Run the stage that comes next, if one does; the package is then looked at again in its turn."""
        package = await off_loop(self._shelf.get, name)
        decision = await self._decide(package)
        if decision.stage is not None and self.paused is not None:
            self._held_up.add(name)
            return Decision(waits_for=self.paused)
        if decision.stage is not None:
            await self._run(package, self._stages[decision.stage])
            self.wake(name)
        else:
            await self._index(package)
        return decision

    async def _decide(self, package: Package) -> Decision:
        await off_loop(self._ask, package)
        decision = await off_loop(_decide, package, self._clock())
        if decision.stale:
            await self._repair(package.name)
            decision = await off_loop(_decide, package, self._clock())
        if await off_loop(adopt_contents, package):
            decision = await off_loop(_decide, package, self._clock())
        return decision

    async def repair(self, name: str) -> None:
        """Make a package true again while the daemon runs, unless something of it is being done: a live stage is true.

        Nothing of it is started meanwhile. Raises OSError when it cannot be repaired.
        """
        if name in self._active:
            return
        self._active.add(name)
        try:
            await self._repair(name)
        finally:
            self._active.discard(name)
            self._woken.set()

    @asynccontextmanager
    async def resting(self, name: str) -> AsyncIterator[None]:
        """Do nothing of a package while this is open. What is being done is waited for: interrupt it first."""
        while name in self._active:
            await self._woken.wait()
        self._active.add(name)
        try:
            yield
        finally:
            self._active.discard(name)
            self._woken.set()

    async def _repair(self, name: str) -> None:
        result = await off_loop(self._shelf.repair, name)
        if result.unusable is not None:
            raise OSError(result.unusable)
        for done in result.repairs:
            self._events.publish(PackageRepaired(name, done.subject, done.done))
            structlog.get_logger().warning("repaired", package=name, subject=done.subject, done=done.done)

    async def _run(self, package: Package, stage: Stage[Any]) -> None:
        lock = self._locks.admit(package.name, stage.name)
        if self._stopping:
            lock.interrupt(Interruption.SHUTDOWN)
        try:
            context = await off_loop(self._context_of, package)
            lock.asks_model = stage.name in _ASKING and context.extractor.name != "offline"
            status = await self._runner.run(stage, context, lock, self._turn_is_over(lock), self._tries[package.name])
            self._tries[package.name] = self._tries[package.name] + 1 if status == StageStatus.ERROR else 0
            if lock.interruption == Interruption.USER and status.ended:
                # The abort came when everything was done but the end of it: the package stops here all the same.
                await off_loop(package.set_fact, "until", stage.name)
        finally:
            self._locks.release(lock)

    def _turn_is_over(self, lock: StageLock) -> Callable[[], bool]:
        """Whether this run should make room: everything pauses, or it had its slice and another package waits."""
        end = time.monotonic() + self._pace.slice_seconds

        def is_over() -> bool:
            others_wait = any(name not in self._active for name in self._queue)
            return self.paused is not None or (time.monotonic() > end and others_wait)

        return is_over

    async def _index(self, package: Package) -> None:
        """Bring the search index up to date, off the critical path: whatever wakes the package comes first."""
        while package.name not in self._queue and await off_loop(package.staging.index_some):
            pass

    async def _wake_later(self, name: str, seconds: float) -> None:
        self._timed[name] += 1
        await anyio.sleep(max(0.0, seconds))
        self._timed -= Counter((name,))
        self.wake(name)


def _decide(package: Package, now: datetime) -> Decision:
    return decide(package.progress.stages(), holds_of(package), now)
