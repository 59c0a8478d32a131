"""The home: private, held once, opened with a token. The locks are real ones, held by real processes."""

import errno
import fcntl
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import pytest

from daemon.home import Holder, HomeLock, ensure_token, open_home, read_holder
from daemon.identity import this_process
from packages_store.errors import HomeBusy, StoreError
from packages_store.files import Disk
from packages_store.paths import HomePaths

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
ADDRESS = "http://127.0.0.1:8377"

HOLD = """
import sys
from pathlib import Path
from daemon.home import HomeLock
from daemon.identity import this_process
from packages_store.paths import HomePaths
lock = HomeLock(HomePaths(Path(sys.argv[1])))
lock.acquire(this_process("child"), "http://127.0.0.1:1")
"""
AND_WAIT = """
print("held", flush=True)
sys.stdin.read()
"""
WITH_A_CHILD_OF_ITS_OWN = """
import subprocess
subprocess.Popen(["cat"], close_fds=False)
"""

Start = Callable[[str], subprocess.Popen[str]]


@pytest.fixture
def paths(tmp_path: Path) -> HomePaths:
    found = HomePaths(tmp_path / "home")
    open_home(found, Disk())
    return found


@pytest.fixture
def start(paths: HomePaths) -> Iterator[Start]:
    """Starts a process that runs a script with the home as its argument, and returns once it has printed a line."""
    with ExitStack() as stack:

        def begin(script: str) -> subprocess.Popen[str]:
            child = subprocess.Popen(
                [sys.executable, "-c", script, str(paths.root)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ},
            )
            stack.enter_context(child)
            stack.callback(child.kill)
            assert child.stdout is not None
            assert child.stdout.readline() == "held\n"
            return child

        yield begin


def new_lock(paths: HomePaths) -> HomeLock:
    return HomeLock(paths, lambda: NOON)


@contextmanager
def held(paths: HomePaths, content: bytes | None) -> Iterator[None]:
    """The lock, held by somebody who wrote `content` into the file; None leaves it as it is."""
    with paths.lock.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if content is not None:
            file.truncate(0)
            file.write(content)
            file.flush()
        yield


def refusal(paths: HomePaths) -> HomeBusy:
    with pytest.raises(HomeBusy) as caught:
        new_lock(paths).acquire(this_process("second"))
    return caught.value


@dataclass(frozen=True)
class Pausing:
    """Time in which nothing passes but what happens in a pause."""

    happens: Callable[[], object]

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, _seconds: float) -> None:
        self.happens()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# --- the folders ---------------------------------------------------------------------------------


def test_a_new_home_is_private(tmp_path: Path) -> None:
    paths = HomePaths(tmp_path / "deep" / "home")

    assert open_home(paths, Disk()) == ()

    assert [mode(path) for path in (paths.root, paths.inbox, paths.packages)] == [0o700] * 3


def test_what_is_open_to_others_is_made_private_and_told(paths: HomePaths) -> None:
    ensure_token(paths, Disk())
    paths.root.chmod(0o755)
    paths.packages.chmod(0o770)
    paths.token.chmod(0o644)

    assert open_home(paths, Disk()) == (paths.root, paths.packages, paths.token)

    assert (mode(paths.root), mode(paths.packages), mode(paths.token)) == (0o700, 0o700, 0o600)
    assert open_home(paths, Disk()) == ()


def test_a_home_may_be_a_link_to_a_bigger_disk(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir(mode=0o755)
    (tmp_path / "home").symlink_to(tmp_path / "disk")
    paths = HomePaths(tmp_path / "home")

    assert open_home(paths, Disk()) == (paths.root,)
    assert open_home(paths, Disk()) == ()

    assert mode(tmp_path / "disk") == 0o700


def test_a_drop_folder_that_is_a_link_keeps_the_mode_of_what_it_leads_to(paths: HomePaths, tmp_path: Path) -> None:
    (tmp_path / "Downloads").mkdir()
    (tmp_path / "Downloads").chmod(0o755)
    paths.inbox.rmdir()
    paths.inbox.symlink_to(tmp_path / "Downloads")

    assert open_home(paths, Disk()) == ()

    assert mode(tmp_path / "Downloads") == 0o755


def test_the_home_folder_of_the_person_is_refused_and_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    tmp_path.chmod(0o755)

    with pytest.raises(StoreError, match="no home of entity-loom"):
        open_home(HomePaths(tmp_path), Disk())

    assert mode(tmp_path) == 0o755
    assert not (tmp_path / "inbox").exists()


def test_the_root_of_the_file_system_is_refused() -> None:
    with pytest.raises(StoreError, match="no home of entity-loom"):
        open_home(HomePaths(Path("/")), Disk())


def test_a_folder_for_everybody_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)

    with pytest.raises(StoreError, match="no home of entity-loom"):
        open_home(HomePaths(tmp_path), Disk())

    assert mode(tmp_path) == 0o1777


def test_a_home_that_a_daemon_has_held_may_hold_other_things(paths: HomePaths) -> None:
    with new_lock(paths).acquire(this_process("me")):
        (paths.root / "notes.txt").touch()

    assert open_home(paths, Disk()) == ()


def test_a_home_that_a_person_prepared_is_taken(tmp_path: Path) -> None:
    (tmp_path / "config.toml").touch()
    (tmp_path / "lost+found").mkdir()
    (tmp_path / ".hidden").touch()

    open_home(HomePaths(tmp_path), Disk())

    assert (tmp_path / "inbox").is_dir()


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "inbox").touch()

    with pytest.raises(StoreError, match="inbox is not a folder"):
        open_home(HomePaths(tmp_path), Disk())


def test_a_home_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    def full(_step: str) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(StoreError, match=r"cannot be used: No space left on device\. .*LOOM_HOME"):
        open_home(HomePaths(tmp_path / "home"), Disk(full))


# --- the lock ------------------------------------------------------------------------------------


def test_a_free_home_has_no_holder(paths: HomePaths) -> None:
    assert read_holder(paths) is None
    with new_lock(paths).acquire(this_process("me")):
        pass
    assert read_holder(paths) is None


def test_a_holder_says_who_it_is_and_where(paths: HomePaths) -> None:
    owner = this_process("me")

    with new_lock(paths).acquire(owner, ADDRESS):
        found = read_holder(paths)

    assert found == Holder(
        pid=os.getpid(),
        boot_id=owner.boot_id,
        start_ticks=owner.start_ticks,
        instance="me",
        started_at="2026-05-01T12:00:00.000Z",
        address=ADDRESS,
    )


def test_a_second_one_is_refused_with_the_holder(paths: HomePaths) -> None:
    with new_lock(paths).acquire(this_process("first"), ADDRESS):
        error = refusal(paths)

    assert str(error) == (
        f"{paths.root} is held by process {os.getpid()} (since 2026-05-01T12:00:00.000Z, {ADDRESS})."
        " Use that daemon, or stop it first."
    )
    assert (error.holder["pid"], error.holder["instance"], error.holder["address"]) == (os.getpid(), "first", ADDRESS)


def test_an_address_is_announced_in_the_same_file(paths: HomePaths) -> None:
    with new_lock(paths).acquire(this_process("me"), "http://a-much-longer-address.example:12345") as lock:
        before = paths.lock.stat().st_ino
        lock.announce(ADDRESS)

        assert paths.lock.stat().st_ino == before
        assert json.loads(paths.lock.read_bytes())["address"] == ADDRESS
        assert refusal(paths).holder["address"] == ADDRESS


def test_a_released_home_can_be_taken_again_by_the_same_object(paths: HomePaths) -> None:
    lock = new_lock(paths)

    with lock.acquire(this_process("me")), pytest.raises(RuntimeError):
        lock.acquire(this_process("me"))
    lock.release()
    with lock.acquire(this_process("me")):
        assert read_holder(paths) is not None


def test_only_the_holder_announces(paths: HomePaths) -> None:
    with pytest.raises(RuntimeError):
        new_lock(paths).announce(ADDRESS)


def test_the_lock_file_is_private_and_stays(paths: HomePaths) -> None:
    with new_lock(paths).acquire(this_process("me")):
        assert mode(paths.lock) == 0o600

    assert paths.lock.read_bytes().strip() == b""


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\x00", b"[]", b'{"pid": "many"}', b'{"pid": 1}{"pid": 1}'])
def test_a_holder_that_has_not_written_who_it_is_still_holds(paths: HomePaths, content: bytes) -> None:
    with held(paths, content):
        assert read_holder(paths) == Holder()
        error = refusal(paths)

    assert error.holder["pid"] is None
    assert "held by another process" in str(error)


def test_what_a_newer_version_adds_about_itself_is_no_obstacle(paths: HomePaths) -> None:
    with held(paths, b'{"pid": 7, "address": "http://x", "mood": "good"}'):
        assert read_holder(paths) == Holder(pid=7, address="http://x")


def test_those_who_only_ask_do_not_see_each_other(paths: HomePaths) -> None:
    paths.lock.touch()

    with paths.lock.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        assert read_holder(paths) is None


def test_a_home_that_somebody_only_asks_about_can_be_taken(paths: HomePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    paths.lock.touch()
    with paths.lock.open("rb") as asking:
        fcntl.flock(asking, fcntl.LOCK_SH)
        monkeypatch.setattr("daemon.home.time", Pausing(asking.close))

        with new_lock(paths).acquire(this_process("me")):
            assert asking.closed


def test_a_holder_that_is_about_to_write_who_it_is_is_waited_for(
    paths: HomePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.home.time", Pausing(lambda: paths.lock.write_bytes(b'{"pid": 7}')))

    with held(paths, b'{"pid"'):
        assert read_holder(paths) == Holder(pid=7)


def test_a_lock_on_a_deleted_file_is_not_taken_for_the_home(paths: HomePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    real = fcntl.flock
    opened: list[int] = []

    def delete_first(file: BinaryIO, operation: int) -> None:
        if not opened:
            paths.lock.unlink()
        opened.append(os.fstat(file.fileno()).st_ino)
        real(file, operation)

    monkeypatch.setattr("fcntl.flock", delete_first)

    with new_lock(paths).acquire(this_process("me")):
        assert len(opened) == 2
        assert paths.lock.stat().st_ino == opened[-1]


def test_a_home_without_a_folder_is_told(tmp_path: Path) -> None:
    paths = HomePaths(tmp_path / "missing")

    assert read_holder(paths) is None
    with pytest.raises(StoreError, match="does not exist"):
        new_lock(paths).acquire(this_process("me"))


def test_a_link_in_place_of_the_lock_is_not_followed(paths: HomePaths, tmp_path: Path) -> None:
    paths.lock.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(StoreError, match="cannot be opened"):
        new_lock(paths).acquire(this_process("me"))

    assert not (tmp_path / "elsewhere").exists()


def test_a_file_system_without_locks_is_told(paths: HomePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_file: BinaryIO, _operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", refuse)

    with pytest.raises(StoreError, match="cannot be locked: No locks available"):
        new_lock(paths).acquire(this_process("me"))


def test_the_home_is_free_again_when_its_holder_cannot_write_who_it_is(paths: HomePaths) -> None:
    def broken() -> datetime:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OSError, match="No space"):
        HomeLock(paths, broken).acquire(this_process("me"))

    assert read_holder(paths) is None


def test_a_killed_holder_leaves_the_home_free_at_once(paths: HomePaths, start: Start) -> None:
    child = start(HOLD + AND_WAIT)
    assert refusal(paths).holder["pid"] == child.pid
    child.kill()
    child.wait()

    with new_lock(paths).acquire(this_process("me")):
        assert read_holder(paths) is not None


def test_a_holder_that_is_asleep_still_holds(paths: HomePaths, start: Start) -> None:
    child = start(HOLD + AND_WAIT)
    child.send_signal(signal.SIGSTOP)
    _, status = os.waitpid(child.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)

    assert refusal(paths).holder["pid"] == child.pid
    found = read_holder(paths)
    assert found is not None
    assert found.address == "http://127.0.0.1:1"


def test_a_program_that_the_holder_started_does_not_hold_the_home_after_it(paths: HomePaths, start: Start) -> None:
    child = start(HOLD + WITH_A_CHILD_OF_ITS_OWN + AND_WAIT)
    child.kill()
    child.wait()

    # The grandchild still reads our pipe: it ends when the pipe is closed.
    with new_lock(paths).acquire(this_process("me")):
        assert read_holder(paths) is not None


# --- the token -----------------------------------------------------------------------------------


def test_a_token_is_made_once_and_is_private(paths: HomePaths) -> None:
    token = ensure_token(paths, Disk())

    assert len(token) == 43
    assert ensure_token(paths, Disk()) == token
    assert (paths.token.read_text(), mode(paths.token)) == (token, 0o600)


def test_no_two_homes_have_the_same_token(paths: HomePaths, tmp_path: Path) -> None:
    other = HomePaths(tmp_path / "other")
    open_home(other, Disk())

    assert ensure_token(paths, Disk()) != ensure_token(other, Disk())


def test_a_token_that_others_could_read_is_made_private(paths: HomePaths) -> None:
    token = ensure_token(paths, Disk())
    paths.token.chmod(0o644)

    assert ensure_token(paths, Disk()) == token
    assert mode(paths.token) == 0o600


def test_a_token_that_a_person_chose_is_kept(paths: HomePaths) -> None:
    paths.token.write_text("0123456789abcdef" * 4)

    assert ensure_token(paths, Disk()) == "0123456789abcdef" * 4


@pytest.mark.parametrize("content", [b"", b"\n", b"short", b"\x00" * 43, b"a" * 20 + b"\n" + b"b" * 20, b"\xff" * 50])
def test_a_damaged_token_is_replaced(paths: HomePaths, content: bytes) -> None:
    paths.token.write_bytes(content)
    paths.token.chmod(0o644)

    token = ensure_token(paths, Disk())

    assert len(token) == 43
    assert (paths.token.read_text().strip(), mode(paths.token)) == (token, 0o600)
