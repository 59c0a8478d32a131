"""The drop folder: every file ends in a named outcome, whatever happens to it, to the folder and to the disk."""

import errno
import os
import random
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, Literal

import anyio
import anyio.lowlevel
import pytest
from structlog.testing import capture_logs

from daemon.drop_folder import Archive, Found, list_files
from daemon.dropped import DropState
from daemon.events import DropFolderChanged, DroppedFilesChanged, Event, EventBus, UploadReceived
from daemon.intake import Changed, Intake, look_of, open_regular
from daemon.watcher import DropFile, Watcher
from packages_store.config import PackageConfig
from packages_store.files import Disk, Probe, no_probe
from packages_store.model import Upload, UploadOutcome
from packages_store.paths import HomePaths
from tests.builders import shelf_in
from tests.clocks import FakeClock


@dataclass(frozen=True)
class Inbox:
    rescan_seconds: float = 30
    settle_seconds: float = 5
    unfinished_seconds: float = 60
    after_import: Literal["leave", "archive"] = "leave"


QUICK = Inbox(rescan_seconds=0.3, settle_seconds=0.05, unfinished_seconds=0.2)


class Killed(BaseException):
    """The end of the process, at a step of the disk."""


async def silence(_folder: Path) -> AsyncIterator[object]:
    """A watcher that never reports anything."""
    await anyio.sleep_forever()
    yield {"never"}


@dataclass
class Door:
    """A watcher and what it needs. Time moves only when a test says so; another one on the same home is a restart."""

    home: Path
    inbox_settings: Inbox = field(default_factory=Inbox)
    probe: Probe = no_probe
    opener: Callable[[Path], BinaryIO] = open_regular
    watch: Callable[[Path], AsyncIterator[object]] = silence
    clock: FakeClock = field(default_factory=FakeClock)
    monotonic: Callable[[], float] | None = None

    def __post_init__(self) -> None:
        disk = Disk(self.probe)
        self.paths = HomePaths(self.home)
        self.shelf = shelf_in(self.home, self.probe, self.clock)
        self.events = EventBus()
        self.woken: list[str] = []
        self.watcher = Watcher(
            paths=self.paths,
            inbox=self.inbox_settings,
            default_package="wren",
            intake=Intake(self.shelf, disk, PackageConfig, self.opener),
            shelf=self.shelf,
            disk=disk,
            wake=self.woken.append,
            events=self.events,
            clock=self.clock,
            monotonic=self.monotonic or self.clock.monotonic,
            watch=self.watch,
        )
        self.paths.inbox.mkdir(exist_ok=True)

    def drop(self, name: str | bytes, content: bytes = b"[1]") -> Path:
        path = self.paths.inbox / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    async def look(self, after: float = 0) -> list[DropFile]:
        self.clock.advance(after)
        await self.watcher.look()
        return self.watcher.files()

    async def settle(self) -> list[DropFile]:
        """Two looks, far enough from each other for whatever is quiet."""
        await self.look()
        return await self.look(after=self.inbox_settings.settle_seconds)

    def uploads(self, package: str = "wren") -> list[Upload]:
        return self.shelf.get(package).uploads.all() if package in self.shelf.names() else []

    def names(self, package: str = "wren") -> list[str]:
        return [upload.name for upload in self.uploads(package)]

    def end(self, outcome: UploadOutcome, package: str = "wren") -> None:
        """Let the stages come to an end with everything."""
        for upload in self.uploads(package):
            if upload.outcome == UploadOutcome.RECEIVED:
                self.shelf.get(package).uploads.set_outcome(upload.id, outcome, None, None)


Open = Callable[..., Door]


@pytest.fixture
def open_door(tmp_path: Path) -> Iterator[Open]:
    doors: list[Door] = []

    def open_one(**parts: object) -> Door:
        doors.append(Door(**{"home": tmp_path / "home", **parts}))  # type: ignore[arg-type] # checked by the class
        return doors[-1]

    yield open_one
    for door in doors:
        door.shelf.close()


@pytest.fixture
def door(open_door: Open) -> Door:
    return open_door()


class Trouble:
    """A disk or an opener that fails while `error` is set."""

    def __init__(self, error: int | None = None) -> None:
        self.error = error

    def raise_it(self) -> None:
        if self.error is not None:
            raise OSError(self.error, os.strerror(self.error))

    def probe(self, step: str) -> None:
        if step in ("write", "fsync"):
            self.raise_it()

    def open(self, path: Path) -> BinaryIO:
        if path.name == "locked.json":
            self.raise_it()
        return open_regular(path)


def short(path: Path) -> str:
    """A path that fits into the address of a socket."""
    return os.path.relpath(path)


# --- where files go ----------------------------------------------------------------------------------------------


async def test_files_go_to_the_package_their_folder_names(door: Door) -> None:
    door.drop("root.json")
    door.drop("robin/one.json", b"[2]")
    door.drop("robin/deep/er/two.json", b"[3]")

    await door.settle()

    assert door.names("wren") == ["root.json"]
    assert sorted(door.names("robin")) == ["one.json", "two.json"]
    assert sorted(door.woken) == ["robin", "wren"]


async def test_a_folder_that_can_be_no_package_is_explained(door: Door) -> None:
    door.drop("con/one.json")
    (found,) = await door.settle()
    assert (found.state, found.package) == (DropState.UNSUPPORTED, None)
    assert "cannot be the name of a package" in (found.reason or "")
    assert "cannot be the name of a package" in await door.watcher.explain("con/one.json")


async def test_a_folder_named_on_a_mac_names_the_same_package(door: Door) -> None:
    door.drop("Zoe\u0308/one.json")
    await door.settle()
    assert door.names("Zoë") == ["one.json"]


async def test_each_arrival_is_told(door: Door) -> None:
    door.drop("one.json")
    with door.events.listen() as told:
        await door.settle()
        events: list[Event] = [told.receive_nowait()[1] for _ in range(told.statistics().current_buffer_used)]
    assert events == [
        DroppedFilesChanged(files=1),
        UploadReceived("wren", door.uploads()[0].id, "one.json", "received"),
        DroppedFilesChanged(files=0),
    ]


async def test_the_missing_folder_is_made_at_the_start(door: Door) -> None:
    door.paths.inbox.rmdir()
    await door.look()
    assert door.paths.inbox.is_dir()


# --- when files are taken ----------------------------------------------------------------------------------------


async def test_one_look_is_not_enough(door: Door) -> None:
    door.drop("one.json")
    (found,) = await door.look()
    assert found.state == DropState.WAITING
    assert "only just been seen" in (found.reason or "")
    assert door.uploads() == []


async def test_parts_of_one_export_are_taken_together_when_the_last_one_has_arrived(door: Door) -> None:
    door.drop("conversations-000.json")
    growing = door.drop("conversations-001.json")
    other = door.drop("notes.json")
    await door.look()
    for number in range(10):
        growing.write_bytes(b"[" + b"1," * number + b"1]")
        await door.look(after=3)

    assert door.names() == [other.name]
    assert "other parts of the same export" in await door.watcher.explain("conversations-000.json")

    await door.look(after=5)
    assert door.names() == [other.name, "conversations-000.json", "conversations-001.json"]


async def test_parts_in_another_folder_do_not_wait_for_each_other(door: Door) -> None:
    door.drop("robin/conversations-000.json")
    growing = door.drop("conversations-001.json")
    await door.look()
    growing.write_bytes(b"[1, 2]")
    await door.look(after=5)

    assert door.names("robin") == ["conversations-000.json"]
    assert door.names() == []


async def test_a_file_that_grows_is_taken_once_when_it_has_stopped_and_never_failed(door: Door) -> None:
    path = door.drop("big.json", b'["')
    for number in range(100):
        with path.open("ab") as file:
            file.write(b"x" * 1024)
        (found,) = await door.look(after=3)
        assert found.state == DropState.WAITING, number
    assert "still changing" in await door.watcher.explain(path)
    with path.open("ab") as file:
        file.write(b'"]')

    await door.settle()
    await door.settle()

    (upload,) = door.uploads()
    assert upload.size == path.stat().st_size


async def test_a_file_that_looks_unfinished_waits_longer_and_is_then_taken_as_it_is(door: Door) -> None:
    door.drop("cut.json", b"[1, 2")
    (found,) = await door.settle()
    assert "looks unfinished" in (found.reason or "")
    await door.look(after=54)
    assert door.uploads() == []
    await door.look(after=1)
    assert door.names() == ["cut.json"]


async def test_an_unfinished_file_is_taken_as_soon_as_its_end_is_there(door: Door) -> None:
    path = door.drop("cut.json", b"[1, 2")
    await door.settle()
    path.write_bytes(b"[1, 2]")
    await door.settle()
    assert door.uploads()[0].size == 6


async def test_an_empty_file_is_given_up_until_something_comes(door: Door) -> None:
    path = door.drop("empty.json", b"")
    (found,) = await door.settle()
    assert "empty so far" in (found.reason or "")
    (found,) = await door.look(after=60)
    assert (found.state, found.reason) == (DropState.UNSUPPORTED, "it is empty")
    assert "it is empty" in await door.watcher.explain(path)
    path.write_bytes(b"[1]")
    await door.settle()
    assert door.names() == ["empty.json"]


async def test_garbage_is_taken_for_the_stages_to_judge(door: Door) -> None:
    path = door.drop("noise.bin", random.Random(1).randbytes(10_000))
    await door.settle()
    door.shelf.get("wren").uploads.set_outcome(door.uploads()[0].id, UploadOutcome.UNSUPPORTED, "no chats", None)
    said = await door.watcher.explain(path)
    assert "unsupported (no chats)" in said
    assert "Nothing of it was imported" in said


async def test_a_file_that_goes_away_is_forgotten(door: Door) -> None:
    path = door.drop("one.json")
    await door.look()
    path.unlink()
    assert await door.settle() == []
    assert door.uploads() == []


# --- after the claim ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_rename", [False, True])
async def test_a_file_replaced_right_after_the_claim_is_another_file(door: Door, by_rename: bool) -> None:
    path = door.drop("one.json", b"[1]")
    await door.settle()
    other = door.drop(".other", b"[2]") if by_rename else path
    other.write_bytes(b"[2]")
    other.replace(path)

    await door.settle()

    copies = [door.shelf.get("wren").uploads.copy_of(upload).read_bytes() for upload in door.uploads()]
    assert copies == [b"[1]", b"[2]"]


async def test_a_file_that_changes_while_it_is_taken_is_waited_for_again(open_door: Open) -> None:
    def open_late(path: Path) -> BinaryIO:
        if late:
            path.write_bytes(late.pop())
        return open_regular(path)

    late = [b"[1, 2]"]
    door = open_door(opener=open_late)
    door.drop("one.json")
    (found,) = await door.settle()
    assert (found.state, "still changing" in (found.reason or "")) == (DropState.WAITING, True)
    await door.settle()
    assert [upload.size for upload in door.uploads()] == [6]


async def test_a_duplicate_is_named_once_and_not_looked_at_again_after_restarts(open_door: Open) -> None:
    door = open_door()
    door.drop("one.json")
    await door.settle()
    for number in range(20):
        door.drop(f"copy-{number}.json")
    await door.settle()
    outcomes = [upload.outcome for upload in door.uploads()]
    assert outcomes == [UploadOutcome.RECEIVED] + [UploadOutcome.DUPLICATE] * 20
    assert "the same bytes as one.json" in await door.watcher.explain("copy-7.json")
    door.shelf.close()

    opened: list[Path] = []

    def note(path: Path) -> BinaryIO:
        opened.append(path)
        return open_regular(path)

    for _ in range(10):
        again = open_door(opener=note)
        await again.settle()
        assert (len(again.uploads()), again.woken, again.watcher.counts()["taken"]) == (21, [], 21)
        again.shelf.close()
    assert opened == []


async def test_nothing_in_the_folder_is_touched(door: Door) -> None:
    paths = [door.drop("one.json"), door.drop("x/two.zip", b"PK"), door.drop("~$three.tmp"), door.drop("con/4")]
    before = [path.lstat() for path in paths]
    await door.settle()
    door.end(UploadOutcome.IMPORTED)
    await door.settle()
    after = [path.lstat() for path in paths]
    assert [(s.st_ino, s.st_mode, s.st_mtime_ns, s.st_ctime_ns, s.st_nlink) for s in before] == [
        (s.st_ino, s.st_mode, s.st_mtime_ns, s.st_ctime_ns, s.st_nlink) for s in after
    ]


# --- trouble with the machine ------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.EROFS])
async def test_a_disk_in_trouble_is_tried_again_by_itself(open_door: Open, number: int) -> None:
    trouble = Trouble()
    door = open_door(probe=trouble.probe)
    door.shelf.create("wren", PackageConfig())
    path = door.drop("one.json")
    trouble.error = number

    (found,) = await door.settle()

    assert (found.state, found.retry_at) == (DropState.FAILED, "2026-01-02T03:04:15.000Z")
    assert os.strerror(number) in (found.reason or "")
    assert "tried again by itself: 2026-01-02T03:04:15.000Z" in await door.watcher.explain(path)
    trouble.error = None
    await door.look(after=4.9)
    assert door.uploads() == []
    assert await door.look(after=0.1) == []
    assert door.names() == ["one.json"]


@pytest.mark.parametrize("number", [errno.EACCES, errno.EBUSY, errno.ESTALE, errno.EPERM])
async def test_an_unreadable_file_holds_up_nobody_and_is_taken_when_it_can_be_read(
    open_door: Open, number: int
) -> None:
    trouble = Trouble(number)
    door = open_door(opener=trouble.open)
    door.drop("locked.json")
    door.drop("other.json", b"[2]")
    (found,) = await door.settle()
    assert (found.path, found.state) == ("locked.json", DropState.FAILED)
    assert door.names() == ["other.json"]
    trouble.error = None
    await door.look(after=5)
    assert door.names() == ["other.json", "locked.json"]


async def test_many_files_that_fail_for_one_reason_are_one_line_in_the_log(open_door: Open) -> None:
    trouble = Trouble()
    door = open_door(probe=trouble.probe)
    door.shelf.create("wren", PackageConfig())
    for number in range(50):
        door.drop(f"{number}.json", b"[%d]" % number)
    trouble.error = errno.ENOSPC
    with capture_logs() as lines:
        await door.settle()
        for _ in range(10):
            await door.look(after=60)
    assert [(line["event"], line["files"]) for line in lines] == [("files cannot be taken for now", 50)]
    trouble.error = None
    await door.look(after=300)
    assert len(door.uploads()) == 50


async def test_a_damaged_package_keeps_its_files_waiting_with_a_reason_and_the_others_go_on(door: Door) -> None:
    package = door.shelf.create("robin", PackageConfig())
    package.close()
    package.paths.ledger.write_bytes(b"no database")
    door.drop("robin/one.json")
    door.drop("two.json", b"[2]")
    (found,) = await door.settle()
    assert (found.path, found.state) == ("robin/one.json", DropState.FAILED)
    assert "ledger.db cannot be read" in (found.reason or "")
    assert "ledger.db cannot be read" in await door.watcher.explain("robin/one.json")
    assert "ledger.db cannot be read" in await door.watcher.explain("robin/gone.json")
    assert door.names() == ["two.json"]


async def test_a_fault_of_ours_is_logged_whole_and_holds_up_only_its_file(open_door: Open) -> None:
    def open_badly(path: Path) -> BinaryIO:
        if path.name == "odd.json":
            raise ZeroDivisionError("a fault")
        return open_regular(path)

    door = open_door(opener=open_badly)
    door.drop("odd.json")
    door.drop("two.json", b"[2]")
    with capture_logs() as lines:
        (found,) = await door.settle()
    assert (found.path, found.state, found.reason) == ("odd.json", DropState.FAILED, "a fault")
    assert any(isinstance(line.get("exc_info"), ZeroDivisionError) for line in lines)
    assert door.names() == ["two.json"]


# --- a folder that vanishes --------------------------------------------------------------------------------------


async def test_a_folder_that_vanishes_and_comes_back_is_told_once_each_and_carries_on(door: Door) -> None:
    door.drop("one.json")
    await door.settle()
    away = door.home / "away"
    with capture_logs() as lines, door.events.listen() as told:
        door.paths.inbox.rename(away)
        for _ in range(5):
            assert await door.look(after=30) == []
            assert door.watcher.state.state == "unavailable"
            assert not door.paths.inbox.exists()
        (away / "two.json").write_bytes(b"[2]")
        away.rename(door.paths.inbox)
        await door.settle()
        events: list[Event] = [told.receive_nowait()[1] for _ in range(told.statistics().current_buffer_used)]
    assert [line["state"] for line in lines] == ["unavailable", "available"]
    changes = [event for event in events if isinstance(event, DropFolderChanged)]
    assert [(change.state, change.reason) for change in changes] == [
        ("unavailable", "it is gone: make the folder again, or mount the drive it lies on"),
        ("available", None),
    ]
    assert door.names() == ["one.json", "two.json"]


async def test_an_empty_folder_of_another_file_system_is_a_missing_drive(door: Door) -> None:
    def unmounted(folder: Path) -> object:
        return replace(list_files(folder), folder=(999, 2), found=())

    door.drop("one.json")
    await door.settle()
    door.watcher.list_files = unmounted  # type: ignore[assignment] # the listing of an empty mount point
    await door.look()
    assert "is the drive mounted" in (door.watcher.state.reason or "")
    door.watcher.list_files = list_files
    assert await door.settle() == []
    assert door.watcher.state.state == "available"
    assert len(door.uploads()) == 1


async def test_an_unreadable_folder_inside_is_told_and_the_others_go_on(door: Door) -> None:
    def partly(folder: Path) -> object:
        listing = list_files(folder)
        return replace(listing, found=(*listing.found, Found("shut", reason="the folder cannot be read", trouble=True)))

    door.watcher.list_files = partly  # type: ignore[assignment] # as root no folder is unreadable
    door.drop("one.json")
    (found,) = await door.settle()
    assert (found.path, found.state, found.reason) == ("shut", DropState.FAILED, "the folder cannot be read")
    assert door.names() == ["one.json"]


# --- names and kinds ---------------------------------------------------------------------------------------------


NAMES = [
    b"invalid-\xff\xfe.json",
    b"percent-%FF.json",
    "nfc-\u00e9.json".encode(),
    "nfd-e\u0301.json".encode(),
    "nfd-\u00e9.json".encode(),
    b"new\nline.json",
    b"trailing dot.json.",
    b"trailing space.json ",
    b"x" * 250 + b".json",
    b"tab\t\x1b[31m.json",
    b"'; DROP TABLE uploads; --.json",
]


async def test_all_names_work_and_come_back(open_door: Open) -> None:
    door = open_door()
    for number, name in enumerate(NAMES):
        door.drop(name, b"[%d]" % number)
    waiting = await door.look()
    assert len({file.path.encode() for file in waiting}) == len(NAMES)
    await door.look(after=5)
    assert {upload.outcome for upload in door.uploads()} == {UploadOutcome.RECEIVED}
    assert {os.fsencode(name) for name in NAMES if b"\xff" not in name} <= {name.encode() for name in door.names()}
    for file in waiting:
        assert "was taken into the package" in await door.watcher.explain(file.path)
    for name in NAMES:
        assert "was taken into the package" in await door.watcher.explain(os.fsdecode(name))
    again = open_door()
    assert await again.settle() == []
    assert len(again.uploads()) == len(NAMES)


async def test_temporary_names_are_passed_over_and_counted(door: Door) -> None:
    for name in ("a.json.part", ".b.json", "~$c.json", "@eaDir/d.json", ".git/e.json", "Thumbs.db"):
        door.drop(name)
    assert await door.settle() == []
    assert door.watcher.counts()["passed_over"] == 6
    assert door.shelf.names() == []
    assert "temporary" in await door.watcher.explain(".git/e.json")


async def test_links_pipes_and_sockets_are_reported_and_not_read(door: Door) -> None:
    outside = door.home / "outside.json"
    outside.write_bytes(b"[1]")
    (door.paths.inbox / "link.json").symlink_to(outside)
    (door.paths.inbox / "folder").symlink_to(door.home)
    os.mkfifo(door.paths.inbox / "pipe.json")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(short(door.paths.inbox / "plug"))
        found = await door.settle()
    assert [(file.path, file.state) for file in found] == [
        (name, DropState.IGNORED) for name in ("folder", "link.json", "pipe.json", "plug")
    ]
    assert "link" in await door.watcher.explain("link.json")
    assert "pipe" in await door.watcher.explain("pipe.json")
    assert door.shelf.names() == []


# --- explaining --------------------------------------------------------------------------------------------------


async def test_explain_names_the_place_and_the_outcome(door: Door) -> None:
    ask = door.watcher.explain
    path = door.drop("one.json")
    door.drop("robin/two.json", b"[2]")
    assert "has not been looked at yet" in await ask(path)
    await door.settle()
    assert "'wren' at 2026-01-02T03:04:10.000Z as upload 1-" in await ask(path)
    assert await ask(path) == await ask("one.json")
    door.end(UploadOutcome.IMPORTED)
    assert "imported: 0 conversations with 0 messages. There is nothing left to do." in await ask(path)
    path.unlink()
    assert "no longer in the drop folder. It was taken" in await ask(path)
    assert "outside the drop folder" in await ask("/etc/passwd")
    assert "outside the drop folder" in await ask("../home2/x")
    assert "no such file" in await ask("nothing.json")
    assert "no such file" in await ask("nobody/nothing.json")
    assert "is a folder" in await ask("robin")
    assert "drop folder itself" in await ask(door.paths.inbox)
    assert "cannot be looked at" in await ask("x" * 300)


async def test_explain_survives_a_date_that_makes_no_sense(door: Door) -> None:
    path = door.drop("one.json")
    os.utime(path, ns=(0, 2**62))
    await door.look()
    assert "It waits" in await door.watcher.explain(path)


# --- bursts ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_two_thousand_files_at_once_are_all_accounted_for_in_order(door: Door) -> None:
    for number in range(2000):
        door.drop(f"{number:04}.json", b"[%d]" % (number // 2))
    await door.settle()
    for _ in range(9):
        await door.look()
    uploads = door.uploads()
    assert [upload.name for upload in uploads] == [f"{number:04}.json" for number in range(2000)]
    assert sum(upload.outcome == UploadOutcome.DUPLICATE for upload in uploads) == 1000
    assert door.watcher.counts()["taken"] == 2000
    assert len(door.woken) == 10


async def test_a_burst_leaves_the_loop_free(door: Door) -> None:
    for number in range(200):
        door.drop(f"{number}.json", b"[%d]" % number)
    await door.look()
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await anyio.lowlevel.checkpoint()
            turns += 1

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(count)
        await door.look(after=5)
        tasks.cancel_scope.cancel()
    assert len(door.uploads()) == 200
    assert turns > 200


# --- for ever, and once ------------------------------------------------------------------------------------------


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something that is found out in other threads and told nowhere."""
    with anyio.fail_after(60):
        while not holds():  # noqa: ASYNC110 - nothing sets an event
            await anyio.sleep(0.01)


async def test_without_any_event_a_file_is_taken_by_looking(open_door: Open) -> None:
    door = open_door(inbox_settings=QUICK, monotonic=time.monotonic)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(door.watcher.serve)
        door.drop("one.json")
        await until(lambda: door.names() == ["one.json"])
        door.drop("two.json", b"[2]")
        await until(lambda: door.names() == ["one.json", "two.json"])
        tasks.cancel_scope.cancel()


async def test_an_event_makes_the_look_come_at_once(open_door: Open) -> None:
    happened = anyio.Event()

    async def once(_folder: Path) -> AsyncIterator[object]:
        await happened.wait()
        yield {"something"}
        await anyio.sleep_forever()

    lazy = Inbox(rescan_seconds=3600, settle_seconds=0.01)
    door = open_door(inbox_settings=lazy, monotonic=time.monotonic, watch=once)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(door.watcher.serve)
        await anyio.wait_all_tasks_blocked()
        door.drop("one.json")
        happened.set()
        await until(lambda: door.names() == ["one.json"])
        tasks.cancel_scope.cancel()


async def test_events_that_break_are_listened_to_anew_and_told_once(open_door: Open) -> None:
    tries: list[Path] = []

    async def broken(folder: Path) -> AsyncIterator[object]:
        tries.append(folder)
        await anyio.lowlevel.checkpoint()
        if tries:
            raise OSError("the queue overflowed")
        yield {"never"}

    quick = replace(QUICK, rescan_seconds=0.05)
    door = open_door(inbox_settings=quick, monotonic=time.monotonic, watch=broken)
    with capture_logs() as lines:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(door.watcher.serve)
            door.drop("one.json")
            await until(lambda: len(tries) > 2 and door.names() == ["one.json"])
            tasks.cancel_scope.cancel()
    assert [line["reason"] for line in lines] == ["the queue overflowed"]


async def test_real_events_are_heard_also_from_a_folder_that_came_back(open_door: Open) -> None:
    from daemon.watcher import file_events  # noqa: PLC0415 - the one test that asks the operating system

    door = open_door(inbox_settings=replace(QUICK, rescan_seconds=0.5), monotonic=time.monotonic, watch=file_events)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(door.watcher.serve)
        door.drop("one.json")
        await until(lambda: door.names() == ["one.json"])
        door.paths.inbox.rename(door.home / "away")
        await until(lambda: door.watcher.state.state == "unavailable")
        (door.home / "away").rename(door.paths.inbox)
        door.drop("two.json", b"[2]")
        await until(lambda: door.names() == ["one.json", "two.json"])
        tasks.cancel_scope.cancel()


async def test_a_fault_in_a_look_does_not_end_the_watcher(open_door: Open) -> None:
    def fault(_folder: Path) -> object:
        opened.watcher.list_files = list_files
        raise ZeroDivisionError("a fault")

    opened = open_door(inbox_settings=QUICK, monotonic=time.monotonic)
    opened.watcher.list_files = fault  # type: ignore[assignment] # fails once
    opened.drop("one.json")
    with capture_logs() as lines:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(opened.watcher.serve)
            await until(lambda: opened.names() == ["one.json"])
            tasks.cancel_scope.cancel()
    assert isinstance(lines[0]["exc_info"], ZeroDivisionError)


async def test_a_single_scan_does_not_wait_for_a_part_that_grows(open_door: Open) -> None:
    def grow(folder: Path) -> object:
        with (folder / "conversations-001.json").open("ab") as file:
            file.write(b"x")
        return list_files(folder)

    door = open_door(inbox_settings=QUICK, monotonic=time.monotonic)
    door.drop("conversations-000.json")
    door.watcher.list_files = grow  # type: ignore[assignment] # a writer that never stops
    with anyio.fail_after(60):
        files = await door.watcher.scan_once()

    assert [file.state for file in files] == [DropState.WAITING, DropState.WAITING]
    assert door.names() == []


async def test_a_single_scan_takes_what_is_finished_and_tells_about_the_rest(open_door: Open) -> None:
    door = open_door(inbox_settings=replace(QUICK, unfinished_seconds=3600), monotonic=time.monotonic)
    for number in range(250):
        door.drop(f"{number}.json", b"[%d]" % number)
    door.drop("cut.json", b"[1")
    door.drop("empty.json", b"")
    found = {file.path: file for file in await door.watcher.scan_once()}
    assert len(found) == 252
    assert {path for path, file in found.items() if file.state == DropState.WAITING} == {"cut.json", "empty.json"}
    assert all(file.upload is not None for file in found.values() if file.state == DropState.TAKEN)


async def test_a_single_scan_does_not_wait_for_a_file_that_keeps_growing(open_door: Open) -> None:
    def grow(folder: Path) -> object:
        with (folder / "log.json").open("ab") as file:
            file.write(b"x")
        return list_files(folder)

    door = open_door(inbox_settings=QUICK, monotonic=time.monotonic)
    door.watcher.list_files = grow  # type: ignore[assignment] # a writer that never stops
    with anyio.fail_after(60):
        (found,) = await door.watcher.scan_once()
    assert (found.path, found.state) == ("log.json", DropState.WAITING)


# --- the archive -------------------------------------------------------------------------------------------------

ARCHIVING = Inbox(after_import="archive")


async def test_a_file_is_archived_only_after_its_outcome_is_recorded(open_door: Open) -> None:
    door = open_door(inbox_settings=ARCHIVING)
    path = door.drop("robin/deep/one.json")
    await door.settle()
    await door.settle()
    assert path.exists()
    door.end(UploadOutcome.IMPORTED, "robin")
    await door.look()
    (upload,) = door.uploads("robin")
    assert not path.exists()
    assert (door.home / "archive" / "robin" / upload.id / "one.json").read_bytes() == b"[1]"
    assert "no longer in the drop folder. It was taken" in await door.watcher.explain(path)


@pytest.mark.parametrize("outcome", [UploadOutcome.FAILED, UploadOutcome.UNSUPPORTED])
async def test_what_was_not_imported_stays_where_it_is_seen(open_door: Open, outcome: UploadOutcome) -> None:
    door = open_door(inbox_settings=ARCHIVING)
    path = door.drop("one.json")
    await door.settle()
    door.end(outcome)
    await door.settle()
    assert path.exists()


async def test_two_files_of_one_name_are_both_archived(open_door: Open) -> None:
    door = open_door(inbox_settings=ARCHIVING)
    for content in (b"[1]", b"[2]", b"[1]"):
        door.drop("one.json", content)
        await door.settle()
        door.end(UploadOutcome.IMPORTED)
        await door.settle()
    contents = sorted(path.read_bytes() for path in (door.home / "archive").rglob("one.json"))
    assert contents == [b"[1]", b"[1]", b"[2]"]


class Shelved:
    """A file, and the place in the archive it is to go to."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.source = folder / "one.json"
        self.source.write_bytes(b"[1]")
        self.target = folder / "archive" / "wren" / "1-abc" / "one.json"
        self.identity = look_of(self.source.lstat()).identity

    def put(self, probe: Probe = no_probe) -> None:
        Archive(self.target.parents[2], Disk(probe)).put(self.source, self.target, self.identity)

    def places(self) -> set[Path]:
        return {path for path in (self.source, self.target) if path.exists() and path.read_bytes() == b"[1]"}


def no_links(*_names: object, **_how: object) -> None:
    raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))


@pytest.mark.parametrize("across", [False, True])
def test_killed_at_any_step_the_file_is_in_the_folder_or_in_the_archive_or_in_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, across: bool
) -> None:
    link = os.link
    if across:

        def only_inside(source: Path, target: Path, *, follow_symlinks: bool = True) -> None:
            if "archive" not in str(source):
                no_links()
            link(source, target, follow_symlinks=follow_symlinks)

        monkeypatch.setattr(os, "link", only_inside)
    steps = 0
    died = True
    while died:
        shelved = Shelved(tmp_path / str(steps))
        left = iter(range(steps))

        def die(_step: str, left: Iterator[int] = left) -> None:
            if next(left, None) is None:
                raise Killed

        try:
            shelved.put(die)
            died = False
        except Killed:
            assert shelved.places()
            if shelved.source.exists():
                shelved.put()
        assert shelved.places() == {shelved.target}
        steps += 1
    assert steps > 6


@pytest.mark.parametrize("by_rename", [False, True])
def test_a_file_replaced_while_it_is_archived_stays_in_the_folder(tmp_path: Path, by_rename: bool) -> None:
    def replace_it(step: str) -> None:
        if step == "link":
            linked.append(step)
        elif linked:
            linked.clear()
            other = tmp_path / "other" if by_rename else shelved.source
            other.write_bytes(b"[1, 2]")
            other.replace(shelved.source)

    linked: list[str] = []
    shelved = Shelved(tmp_path / "home")
    with pytest.raises(Changed):
        shelved.put(replace_it)
    assert shelved.source.read_bytes() == b"[1, 2]"
    assert shelved.places() == ({shelved.target} if by_rename else set())


def test_another_file_in_the_archive_is_never_replaced(tmp_path: Path) -> None:
    shelved = Shelved(tmp_path / "home")
    shelved.target.parent.mkdir(parents=True)
    shelved.target.write_bytes(b"another")
    with pytest.raises(FileExistsError):
        shelved.put()
    assert shelved.target.read_bytes() == b"another"
    assert shelved.source.exists()


async def test_an_archive_that_cannot_be_written_is_told_once_and_tried_again(open_door: Open) -> None:
    door = open_door(inbox_settings=ARCHIVING)
    path = door.drop("one.json")
    await door.settle()
    door.end(UploadOutcome.IMPORTED)
    (door.home / "archive").write_bytes(b"in the way")
    with capture_logs() as lines:
        for _ in range(5):
            await door.look(after=30)
    assert [line["event"] for line in lines] == ["files cannot be archived for now"]
    assert path.exists()
    (door.home / "archive").unlink()
    await door.look(after=30)
    assert not path.exists()
