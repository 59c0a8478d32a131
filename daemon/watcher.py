"""Door 2, the drop folder: looks for files, waits until they are finished, and has them taken in.

A look through the whole folder decides; events only make it come sooner. What became of a file that was taken stands in
its package's ledger; the rest is known in memory only, and found out again after a restart.
"""

import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, Protocol

import anyio
import structlog
import watchfiles

from daemon.drop_folder import Archive, DropFolder, FolderState, Found, Listing, list_files
from daemon.dropped import (
    Act,
    Dropped,
    DropState,
    Patience,
    decide,
    held_back,
    is_due_at,
    met,
    spell,
    why_waiting,
)
from daemon.events import DropFolderChanged, DroppedFilesChanged, EventBus, UploadReceived
from daemon.explain import Explainer, Moment
from daemon.intake import Intake, in_words
from daemon.taking import BackOff, Taker
from packages_store.errors import InvalidName, LoomError
from packages_store.files import Disk
from packages_store.model import Upload
from packages_store.paths import HomePaths
from packages_store.shelf import Shelf
from packages_store.times import Clock
from stages.contract import off_loop

Watch = Callable[[Path], AsyncIterator[object]]
_BATCH = 200
"""Files taken before the folder is looked through again, so that a burst does not keep the others waiting."""
_SHORTEST = 0.02


class InboxSettings(Patience, Protocol):
    """The settings of the drop folder."""

    @property
    def after_import(self) -> Literal["leave", "archive"]: ...


@dataclass(frozen=True, slots=True)
class DropFile:
    """A file in the drop folder. `path` is spelled as text (`dropped.spell`); `upload` is there when it was taken."""

    path: str
    package: str | None
    state: DropState
    reason: str | None = None
    retry_at: str | None = None
    upload: Upload | None = None


def file_events(folder: Path) -> AsyncIterator[object]:
    """What the operating system reports about a folder. Raises when it cannot watch it."""
    # It waits in a thread that does not hear of a cancellation before `rust_timeout` milliseconds have passed.
    return watchfiles.awatch(folder, watch_filter=None, step=100, rust_timeout=200)


@dataclass(kw_only=True, eq=False)
class Watcher:
    """Watches the drop folder. All methods belong to the event loop; the disk is touched in worker threads only."""

    paths: HomePaths
    inbox: InboxSettings
    default_package: str
    intake: Intake
    shelf: Shelf
    disk: Disk
    wake: Callable[[str], None]
    events: EventBus
    clock: Clock
    monotonic: Callable[[], float] = time.monotonic
    watch: Watch = file_events
    list_files: Callable[[Path], Listing] = list_files
    back_off: BackOff = field(default_factory=BackOff)

    def __post_init__(self) -> None:
        self.folder = DropFolder(self.paths.inbox, self.default_package)
        archive = Archive(self.paths.root / "archive", self.disk)
        self._taker = Taker(self.folder, self.intake, self.shelf, archive, self.monotonic, self.back_off)
        self.passed_over = 0
        self._state = FolderState("available")
        self._known: dict[str, Dropped] = {}
        self._sets: dict[str, object] = {}
        self._folder_id: tuple[int, int] | None = None
        self._one_at_a_time = anyio.Lock()
        self._woken = anyio.Event()
        self._listening: anyio.CancelScope | None = None
        self._has_more = False
        self._told: set[str] = set()
        self._telling: set[str] = set()
        self._shown: dict[str, tuple[DropState, str | None]] = {}

    @property
    def state(self) -> FolderState:
        """Whether the folder could be looked through the last time."""
        return self._state

    def files(self) -> list[DropFile]:
        """The files that are not in a ledger, in the order of names: waiting, failed, not supported, ignored."""
        return [self._file(path, known) for path, known in self._known.items() if known.state != DropState.TAKEN]

    def counts(self) -> dict[str, int]:
        """How many files there are in each state; `passed_over` counts temporary names."""
        found = Counter(known.state.value for known in self._known.values())
        return {state.value: found[state.value] for state in DropState} | {"passed_over": self.passed_over}

    async def explain(self, path: str | Path) -> str:
        """Why a file is imported or not, in a sentence or two, with what to do about it."""
        now = Moment(self.clock(), self.monotonic())
        explainer = Explainer(self.folder, self.shelf, self.inbox, dict(self._known), now)
        return await off_loop(explainer.explain, path)

    # --- for ever, or once -------------------------------------------------------------------------------------

    async def serve(self) -> None:
        """Look, take, wait, for ever."""
        async with anyio.create_task_group() as tasks:
            await self._look_whatever_comes()
            tasks.start_soon(self._listen)
            while True:
                with anyio.move_on_after(self._pause()):
                    await self._woken.wait()
                await self._look_whatever_comes()

    async def scan_once(self) -> list[DropFile]:
        """Take everything that is finished and return all files of the folder, with what became of them.

        Lasts as long as a file must be quiet. Files that grow or look unfinished are left waiting.
        """
        await self.look()
        while self._has_more or any(_may_settle(known) and not known.changes for known in self._known.values()):
            await anyio.sleep(self._pause())
            await self.look()
        return [*self.files(), *await self._taken_files()]

    async def _look_whatever_comes(self) -> None:
        self._woken = anyio.Event()
        try:
            await self.look()
        except Exception as error:  # noqa: BLE001 - a fault here must not end the daemon; the next look is due anyway
            structlog.get_logger().error("the drop folder could not be looked through", exc_info=error)
            self._forget()

    def _pause(self) -> float:
        """Seconds until the next look, unless an event comes first.

        While nothing waits this is so much less than `rescan_seconds` that a file nobody reported is taken in time.
        """
        if self._has_more:
            return 0
        short = max(_SHORTEST, self.inbox.settle_seconds / 2)
        pause = max(short, self.inbox.rescan_seconds - 2 * self.inbox.settle_seconds)
        if any(map(_may_settle, self._known.values())):
            pause = min(pause, short)
        due = [moment for known in self._known.values() if (moment := is_due_at(known, self.inbox)) is not None]
        return min(pause, max(_SHORTEST, min(due, default=pause + self.monotonic()) - self.monotonic()))

    async def _listen(self) -> None:
        """Let events wake us; when they end or break, look for ourselves and listen anew."""
        complaint = None
        while True:
            with anyio.CancelScope() as self._listening:
                try:
                    async for _changes in self.watch(self.paths.inbox):
                        self._woken.set()
                except Exception as error:  # noqa: BLE001 - whatever breaks the events, looking goes on
                    if complaint != (complaint := str(error)):
                        structlog.get_logger().warning("no events from the drop folder", reason=complaint)
                self._woken.set()
                await anyio.sleep(self.inbox.rescan_seconds)

    # --- one look ----------------------------------------------------------------------------------------------

    async def look(self) -> None:
        """Look through the folder once and take what is due."""
        async with self._one_at_a_time:
            started = self.monotonic()
            try:
                listing = await off_loop(self._list)
            except OSError as error:
                self._unavailable(_in_words(error))
                return
            if self._looks_unmounted(listing):
                self._unavailable("an empty folder of another file system is in its place: is the drive mounted?")
                return
            self._available(listing)
            self._meet(listing, started)
            await self._recognise()
            await self._take_due(started)
            if self.inbox.after_import == "archive":
                await self._archive_finished()
            self._tell_failures()
            self._tell_changes()

    def _list(self) -> Listing:
        if self._folder_id is None:
            # Only before it has been there once: later, an empty folder in its place would hide a missing drive.
            self.disk.make_dir(self.paths.inbox)
        return self.list_files(self.paths.inbox)

    def _forget(self) -> None:
        """What is found later is looked at like everything that is found for the first time."""
        self._known = {}
        self._sets = {}
        self._has_more = False

    def _looks_unmounted(self, listing: Listing) -> bool:
        was_elsewhere = self._folder_id is not None and self._folder_id[0] != listing.folder[0]
        return was_elsewhere and not listing.found

    def _unavailable(self, reason: str) -> None:
        self._forget()
        self._become(FolderState("unavailable", reason))

    def _available(self, listing: Listing) -> None:
        if listing.folder != self._folder_id and self._listening is not None:
            self._listening.cancel()  # it listens to a folder that is gone
        self._folder_id = listing.folder
        self.passed_over = listing.passed_over
        self._become(FolderState("available"))

    def _become(self, state: FolderState) -> None:
        before, self._state = self._state, state
        if before.state != state.state:
            structlog.get_logger().warning("drop folder", state=state.state, reason=state.reason)
            self.events.publish(DropFolderChanged(state.state, state.reason))

    def _meet(self, listing: Listing, started: float) -> None:
        ended = self.monotonic()
        self._known = {found.path: self._met(found, started, ended) for found in listing.found}
        self._sets = {found.path: found.part_of for found in listing.found if found.part_of is not None}

    def _met(self, found: Found, started: float, ended: float) -> Dropped:
        if found.look is None:
            state = DropState.FAILED if found.trouble else DropState.IGNORED
            return Dropped(None, ended, state=state, reason=found.reason)
        try:
            self.folder.package_of(found.path)
        except InvalidName as error:
            return Dropped(found.look, ended, state=DropState.UNSUPPORTED, reason=str(error))
        return met(self._known.get(found.path), found.look, started, ended)

    async def _recognise(self) -> None:
        """Find the files that were taken before: one question for each package with files that are new to us."""
        new = [path for path, known in self._known.items() if known.state == DropState.WAITING and known.looks == 1]
        for package, paths in self._by_package(new).items():
            try:
                taken = await off_loop(self._taker.taken, package)
            except (OSError, LoomError):
                continue  # they wait like others, and `take` asks again
            for path in paths:
                if self._key(path) in taken:
                    self._known[path] = replace(self._known[path], state=DropState.TAKEN)

    def _by_package(self, paths: list[str]) -> dict[str, list[str]]:
        packages: dict[str, list[str]] = {}
        for path in paths:
            packages.setdefault(self.folder.package_of(path), []).append(path)
        return packages

    def _key(self, path: str) -> tuple[str, str]:
        look = self._known[path].look
        return self.folder.origin(path), "" if look is None else look.identity

    # --- taking ------------------------------------------------------------------------------------------------

    async def _take_due(self, now: float) -> None:
        acts = {path: decide(known, now, self.inbox) for path, known in self._known.items()}
        held = held_back(self._known, acts, self._sets)
        for path in self._sets:
            if (path in held) != self._known[path].held:
                self._known[path] = replace(self._known[path], held=path in held)
        due = [path for path, act in acts.items() if act is not Act.WAIT and path not in held]
        self._has_more = len(due) > _BATCH
        woken: set[str] = set()
        try:
            for path in due[:_BATCH]:
                known, upload = await off_loop(self._taker.act, path, self._known[path], acts[path])
                self._note(path, known)
                if upload is not None:
                    woken.add(self._announce(path, upload))
        finally:
            for package in sorted(woken):
                self.wake(package)

    def _note(self, path: str, known: Dropped | None) -> None:
        if known is None:
            del self._known[path]
        else:
            self._known[path] = known

    def _announce(self, path: str, upload: Upload) -> str:
        package = self.folder.package_of(path)
        self.events.publish(UploadReceived(package, upload.id, upload.name, upload.outcome))
        return package

    def _tell_failures(self) -> None:
        """One line for each reason that is new, however many files it keeps waiting."""
        reasons = Counter(known.reason or "" for known in self._known.values() if known.state == DropState.FAILED)
        for reason in sorted(reasons):
            self._tell("files cannot be taken for now", reason, reasons[reason])
        self._told, self._telling = self._telling, set()

    def _tell(self, what: str, reason: str, files: int) -> None:
        if reason not in self._told:
            structlog.get_logger().warning(what, reason=reason, files=files)
        self._telling.add(reason)

    def _tell_changes(self) -> None:
        """One event for each look that found other files waiting, or others waiting for other reasons."""
        shown: dict[str, tuple[DropState, str | None]]
        shown = {path: (each.state, each.reason) for path, each in self._known.items() if each.state != DropState.TAKEN}
        if shown != self._shown:
            self._shown = shown
            self.events.publish(DroppedFilesChanged(len(shown)))

    # --- after the import --------------------------------------------------------------------------------------

    async def _archive_finished(self) -> None:
        paths = [path for path, known in self._known.items() if known.state == DropState.TAKEN]
        for package, inside in self._by_package(paths).items():
            keys = {path: self._key(path) for path in inside}
            for reason in await off_loop(self._taker.archive_finished, package, keys):
                self._tell("files cannot be archived for now", reason, len(inside))

    @asynccontextmanager
    async def without(self, package: str) -> AsyncIterator[None]:
        """Take nothing while this is open, and archive first what was taken for a package: for its deletion."""
        async with self._one_at_a_time:
            paths = [path for path, known in self._known.items() if known.state == DropState.TAKEN]
            keys = {path: self._key(path) for path in self._by_package(paths).get(package, ())}
            for reason in await off_loop(self._taker.archive_all, package, keys):
                self._tell("files cannot be archived for now", reason, len(keys))
            yield

    # --- telling -----------------------------------------------------------------------------------------------

    def _file(self, path: str, known: Dropped, upload: Upload | None = None) -> DropFile:
        try:
            package = self.folder.package_of(path)
        except InvalidName:
            package = None
        now = Moment(self.clock(), self.monotonic())
        retry_at = None if known.retry_at is None else now.at(known.retry_at)
        reason = why_waiting(known, self.inbox) if known.state == DropState.WAITING else known.reason
        return DropFile(spell(path), package, known.state, reason, retry_at, upload)

    async def _taken_files(self) -> list[DropFile]:
        paths = [path for path, known in self._known.items() if known.state == DropState.TAKEN]
        files: list[DropFile] = []
        for package, inside in self._by_package(paths).items():
            uploads = await off_loop(self._taker.uploads, package)
            files += [self._file(path, self._known[path], uploads.get(self._key(path))) for path in inside]
        return files


def _in_words(error: OSError) -> str:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return "it is gone: make the folder again, or mount the drive it lies on"
    return in_words(error)


def _may_settle(known: Dropped) -> bool:
    """Whether a file is waited for only because it has not been quiet for long enough yet."""
    size = 0 if known.look is None else known.look.size
    return known.state == DropState.WAITING and size > 0 and not known.unfinished and not known.held
