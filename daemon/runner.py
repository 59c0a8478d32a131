"""Runs one stage of one package: claims, work, results, marks, checkpoint, progress, abort.

The loop turns like this: whatever has come back is stored together with its marks, and the next items are claimed, all
in one transaction in a worker thread; then the claimed items are set to work. So a result and its mark are one step, an
attempt is counted before the work starts, and many small items share the cost of a commit. Files are written beside
that: they are copies of what is stored, and nothing waits for them but the end of the run.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import anyio
import structlog
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from daemon.events import EventBus, StageEnded, StageProgressed, StageStarted
from daemon.locks import StageLock
from packages_store.checkpoint import write_checkpoint
from packages_store.errors import EngineStopped, ItemFailed
from packages_store.model import Claim, Interruption, ItemEnd, LeftItem, Owner, StageStatus
from packages_store.times import Clock, iso
from stages.contract import Finished, Stage, StageContext, off_loop

_VIEW_SECONDS = 1.0
"""checkpoint.json is written at most this often while a stage runs …"""
_VIEW_BYTES_PER_ITEM = 400
"""… and so seldom that it costs at most this many bytes for each finished item, however long the lists in it are …"""
_VIEW_SECONDS_AT_MOST = 30.0
"""… but at least this often while anything gets done."""
_MOST_UNPUBLISHED = 256
"""Results whose files are still to be written, before work waits for them."""
_GATHER_SECONDS = 0.03
"""Results that come so soon after one another are recorded together, since each commit costs the same …"""
_MANY_MORE = 4
"""… while more than so many times as many items are out as have come back; of a few, none may follow for long."""
RETRY_SECONDS = (5.0, 15.0, 60.0, 300.0)
"""Pauses before what the machine stopped (a full disk, an unreadable folder) is tried again by itself."""


@dataclass(frozen=True, slots=True)
class _Returned:
    """An item that came back: with its result, with the reason why it failed, or because nobody can be asked now."""

    claim: Claim
    finished: Finished[Any] | None
    failure: ItemFailed | None = None
    stopped: EngineStopped | None = None


class Runner:
    """Runs stages. One object serves all packages; what belongs to a run lives in the run."""

    def __init__(
        self,
        owner: Owner,
        events: EventBus,
        monotonic: Callable[[], float] = time.monotonic,
        retry_seconds: Sequence[float] = RETRY_SECONDS,
    ) -> None:
        self._owner = owner
        self._events = events
        self._monotonic = monotonic
        self._retry_seconds = retry_seconds

    async def run(
        self,
        stage: Stage[Any],
        context: StageContext,
        lock: StageLock,
        should_yield: Callable[[], bool],
        tries: int,
    ) -> StageStatus:
        """Run a stage to its end, whatever the end is, and return what the stage now is.

        The caller holds `lock` and releases it afterwards; `tries` is how often in a row the machine has stopped this
        package. Nothing that goes wrong in the stage is raised: it becomes the stage's status and reason. Raises
        OSError when not even that can be recorded; what is on disk is then stale, and the repair that precedes the
        next run sets it right.
        """
        run = _Run(self, stage, context, should_yield)
        log = structlog.get_logger().bind(package=lock.package, stage=stage.name)
        # Until something better is known: the daemon is being torn down around this run.
        ending = _Ending(StageStatus.ABORTED, Interruption.SHUTDOWN)
        try:
            with lock.scope:
                await off_loop(run.begin)
                self._events.publish(StageStarted(lock.package, stage.name))
                log.info("stage started", generation=run.generation)
                ending = await run.work()
            if lock.scope.cancelled_caught:
                ending = _Ending(StageStatus.ABORTED, lock.interruption)
        except Exception as error:
            ending = _ending_of(error, context.clock, self.pause(tries))
            log.exception("stage failed", exc_info=error if ending.is_bug else None, reason=ending.reason)
        finally:
            with anyio.CancelScope(shield=True):
                status = await off_loop(run.end, ending)
        self._events.publish(StageEnded(lock.package, stage.name, status, ending.reason))
        log.info("stage ended", status=status, processed=run.processed, failed=run.failed)
        return status

    def pause(self, tries: int) -> float:
        """Seconds to wait after the machine has stopped something `tries` times before in a row."""
        return self._retry_seconds[min(tries, len(self._retry_seconds) - 1)]

    @property
    def owner(self) -> Owner:
        return self._owner

    @property
    def events(self) -> EventBus:
        return self._events

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""
        return self._monotonic()


@dataclass(frozen=True, slots=True)
class _Ending:
    status: StageStatus
    interruption: Interruption | None = None
    reason: str | None = None
    retry_at: str | None = None
    is_bug: bool = False


class _Run:
    """One run of one stage. Methods without `async` are called in worker threads, one at a time but for `_publish`."""

    def __init__(
        self, runner: Runner, stage: Stage[Any], context: StageContext, should_yield: Callable[[], bool]
    ) -> None:
        self._runner = runner
        self._stage = stage
        self._context = context
        self._should_yield = should_yield
        self._package = context.package
        self._left: deque[LeftItem] = deque()
        self._in_flight = 0
        self._stopped: EngineStopped | None = None
        self._unpublished: list[Finished[Any]] = []
        self._is_publishing = False
        self._published = anyio.Event()
        """Set when some of them are; another one follows."""
        self._viewed_at = -math.inf
        self._viewed_items = 0
        self._view_size = 0
        self.generation = 0
        self.processed = 0
        self.failed = 0

    # --- on the event loop -------------------------------------------------------------------------------------

    async def work(self) -> _Ending:
        """Do everything that is left."""
        capacity = await off_loop(self._plan)
        self._tell()
        send, receive = anyio.create_memory_object_stream[_Returned](max_buffer_size=capacity)
        with send, receive:
            async with anyio.create_task_group() as tasks:
                await self._turn_over(capacity, tasks, send, receive)
        if self._stopped is not None:
            raise self._stopped
        if self._left:
            return _Ending(StageStatus.PENDING)
        await off_loop(self._stage.finish, self._context)
        return _Ending(StageStatus.COMPLETED_WITH_FAILURES if self.failed else StageStatus.COMPLETED)

    async def _turn_over(
        self,
        capacity: int,
        tasks: TaskGroup,
        send: MemoryObjectSendStream[_Returned],
        receive: MemoryObjectReceiveStream[_Returned],
    ) -> None:
        returned: list[_Returned] = []
        while True:
            claims = await off_loop(self._turn, returned, self._next(capacity))
            self._in_flight += len(claims)
            for claim in claims:
                tasks.start_soon(self._do, claim, send)
            if returned:
                self._tell()
                self._unpublished += [item.finished for item in returned if item.finished is not None]
                if not self._is_publishing:
                    self._is_publishing = True
                    tasks.start_soon(self._publish_all)
                while len(self._unpublished) > _MOST_UNPUBLISHED:
                    await self._published.wait()
            if not self._in_flight:
                return
            returned = await self._come_back(receive)

    async def _come_back(self, receive: MemoryObjectReceiveStream[_Returned]) -> list[_Returned]:
        """What has come back, at least one; while many more are out, also what follows on it at once."""
        returned = [await receive.receive(), *_waiting(receive)]
        if self._in_flight > _MANY_MORE * len(returned):
            await anyio.sleep(_GATHER_SECONDS)
            returned += _waiting(receive)
        self._in_flight -= len(returned)
        return returned

    async def _publish_all(self) -> None:
        """Write files until there are no more to write."""
        while self._unpublished:
            results = tuple(self._unpublished)
            await off_loop(self._publish, results)
            del self._unpublished[: len(results)]
            self._published.set()
            self._published = anyio.Event()
        self._is_publishing = False

    def _next(self, capacity: int) -> list[LeftItem]:
        """The items to claim now: as many as there is room for, and a suspect one only by itself."""
        if self._stopped is not None or self._should_yield():
            return []
        chosen: list[LeftItem] = []
        while self._left and self._in_flight + len(chosen) < capacity:
            alone = self._left[0].suspect
            if alone and (self._in_flight or chosen):
                break
            chosen.append(self._left.popleft())
            if alone:
                break
        return chosen

    async def _do(self, claim: Claim, send: MemoryObjectSendStream[_Returned]) -> None:
        try:
            finished = await self._stage.process(self._context, claim.item)
        except ItemFailed as failure:
            await send.send(_Returned(claim, None, failure))
        except EngineStopped as stopped:
            # What else is in flight was asked, and is paid for: its answers are waited for.
            self._stopped = self._stopped or stopped
            await send.send(_Returned(claim, None, stopped=stopped))
        except Exception as error:
            error.add_note(f"while {self._stage.name} worked on {claim.item.id}")
            raise
        else:
            await send.send(_Returned(claim, finished))

    def _tell(self) -> None:
        left = len(self._left) + self._in_flight
        self._runner.events.publish(
            StageProgressed(self._package.name, self._stage.name, self.processed, self.failed, left)
        )

    # --- in worker threads -------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Say, on disk, that the stage runs; from here on a death is noticed by the next repair."""
        self.generation = self._package.progress.begin(self._stage.name, self._runner.owner)
        self._write_view()

    def _plan(self) -> int:
        plan = self._stage.plan(self._context)
        self._left.extend(self._package.progress.plan(self._stage.name, plan))
        counts = self._package.progress.counts(self._stage.name)
        self.processed, self.failed = counts.processed, counts.failed
        return self._stage.concurrency(self._context)

    def _turn(self, returned: Sequence[_Returned], chosen: Sequence[LeftItem]) -> list[Claim]:
        if not returned and not chosen:
            return []
        with self._package.ledger.transaction():
            accepted = [item for item in returned if item.stopped is None and self._accept(item)]
            results = [item.finished for item in accepted if item.finished is not None]
            if results:
                self._stage.store(self._context, results)
            for item in accepted:
                if item.failure is not None:
                    self._stage.store_failure(self._context, item.claim.item, str(item.failure))
            claims = self._package.progress.claim(
                self._stage.name, self.generation, [candidate.item for candidate in chosen]
            )
        self.processed += len(results)
        self.failed += len(accepted) - len(results)
        return claims

    def _accept(self, returned: _Returned) -> bool:
        progress = self._package.progress
        if returned.failure is not None:
            end = ItemEnd.FAILED if returned.failure.retryable else ItemEnd.REJECTED
            return progress.accept(returned.claim, end, str(returned.failure))
        empty = returned.finished.empty if returned.finished else None
        return progress.accept(returned.claim, ItemEnd.DONE if empty is None else ItemEnd.EMPTY, empty)

    def _publish(self, results: Sequence[Finished[Any]]) -> None:
        self._stage.publish(self._context, results)
        age = self._runner.monotonic() - self._viewed_at
        finished = self.processed + self.failed - self._viewed_items
        is_worth_it = finished * _VIEW_BYTES_PER_ITEM >= self._view_size
        if age >= _VIEW_SECONDS_AT_MOST or (age >= _VIEW_SECONDS and is_worth_it):
            self._write_view()

    def _write_view(self) -> None:
        self._view_size = write_checkpoint(self._package)
        self._viewed_at = self._runner.monotonic()
        self._viewed_items = self.processed + self.failed

    def end(self, ending: _Ending) -> StageStatus:
        """Record how the run ended, in the ledger and in checkpoint.json, and write the files that nobody came to."""
        if self._unpublished:
            with suppress(OSError):
                # What cannot be written now is written when the stage goes on, or by the next repair.
                self._stage.publish(self._context, self._unpublished)
        status = self._package.progress.end(
            self._stage.name,
            self.generation,
            ending.status,
            interruption=ending.interruption,
            reason=ending.reason or _sentence(ending),
            retry_at=ending.retry_at,
        )
        write_checkpoint(self._package)
        # What the stage wrote is folded into one file while nothing waits for it.
        self._package.ledger.checkpoint()
        return status


def _waiting(receive: MemoryObjectReceiveStream[_Returned]) -> list[_Returned]:
    waiting: list[_Returned] = []
    with suppress(anyio.WouldBlock):
        while True:
            waiting.append(receive.receive_nowait())
    return waiting


def _sentence(ending: _Ending) -> str | None:
    match ending.interruption:
        case Interruption.USER:
            return "Aborted by a person; Continue goes on where it stopped."
        case Interruption.SHUTDOWN:
            return "The daemon was stopped; it continues by itself at the next start."
        case _:
            return None


def _ending_of(error: Exception, clock: Clock, pause: float) -> _Ending:
    """The end of a stage in which something went wrong that was not expected of an item."""
    cause = _first_cause(error)
    if isinstance(cause, EngineStopped):
        return _engine_stopped(cause, clock)
    if isinstance(cause, OSError):
        retry_at = iso(clock() + timedelta(seconds=pause))
        return _Ending(StageStatus.ERROR, reason=f"{cause}. It is tried again by itself.", retry_at=retry_at)
    notes = "; ".join(getattr(cause, "__notes__", ()))
    reason = f"{type(cause).__name__}: {cause}" + (f" ({notes})" if notes else "")
    return _Ending(StageStatus.ERROR, reason=reason, is_bug=True)


def _engine_stopped(cause: EngineStopped, clock: Clock) -> _Ending:
    retry_at = None if cause.retry_in is None else iso(clock() + timedelta(seconds=cause.retry_in))
    if cause.is_spent:
        return _Ending(StageStatus.ABORTED, Interruption.BUDGET, reason=str(cause), retry_at=retry_at)
    if retry_at is None:
        return _Ending(StageStatus.ERROR, reason=str(cause))
    return _Ending(StageStatus.ERROR, reason=f"{cause} It is tried again by itself.", retry_at=retry_at)


def _first_cause(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
