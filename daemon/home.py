"""The home: private, held by one process at a time, and opened with a token.

The lock is the kernel's `flock` on daemon.lock: it ends with the process, however that ends, and outlives every sleep.
What stands in the file is only for people and for the command line.
"""

import fcntl
import json
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from pydantic import TypeAdapter, ValidationError

from daemon.identity import new_instance, this_process
from packages_store.errors import HomeBusy, StoreError
from packages_store.files import Disk, is_network, tighten
from packages_store.model import Owner
from packages_store.paths import HomePaths
from packages_store.times import Clock, iso, utc_now

_PATIENCE = 0.25
"""Seconds until a refusal: `read_holder` elsewhere takes the lock for a moment, and a holder writes after it locked."""
_PAUSE = 0.01
_LOCK_SIZE = 512
"""The file keeps its size while nobody holds it: what is there already can be written to when the disk is full."""
_OTHER_HOME = "Name a folder of its own with --home or LOOM_HOME; one that does not exist is created."
_TOKEN = re.compile(rb"[A-Za-z0-9_-]{32,512}")


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a home, as it says itself. All None when it has not written that yet."""

    pid: int | None = None
    boot_id: str | None = None
    start_ticks: int | None = None
    instance: str | None = None
    started_at: str | None = None
    """ISO-8601, UTC: when it took the home."""
    address: str | None = None
    """Where its HTTP door is, such as `http://127.0.0.1:8377`; None until it is open, or when it has none."""

    def __str__(self) -> str:
        if self.pid is None:
            return "another process"
        return f"process {self.pid} (since {self.started_at}, {self.address or 'no address yet'})"


_HOLDER = TypeAdapter(Holder)


def open_home(paths: HomePaths, disk: Disk) -> tuple[Path, ...]:
    """Create what is missing of a home, and return what was open to other users and has been made private.

    Raises StoreError when it cannot be made, or when the folder is one that others use: its mode is not ours to change.
    """
    try:
        _refuse_shared(paths.root)
        _refuse_network(paths, disk)
        for folder in (paths.root, paths.inbox, paths.packages):
            _make_folder(folder, disk)
        return _tighten_all(paths)
    except OSError as error:
        where = error.filename or paths.root
        raise StoreError(f"{where} cannot be used: {error.strerror}.", _OTHER_HOME) from error


class HomeLock:
    """The exclusive right to a home, from `acquire` until `release` or the end of the process.

    A child that was started with `exec` does not share it; one that was only forked does, and must end before the home
    is free again.
    """

    def __init__(self, paths: HomePaths, clock: Clock = utc_now) -> None:
        self._paths = paths
        self._clock = clock
        self._file: BinaryIO | None = None
        self._holder = Holder()

    def acquire(self, owner: Owner, address: str | None = None) -> Self:
        """Take the home, or raise HomeBusy with what its holder says of itself, after a quarter of a second.

        Raises StoreError when the home has no folder, or lies where nothing can be locked.
        """
        if self._file is not None:
            raise RuntimeError("this HomeLock is held already")
        self._file = self._wait_briefly()
        try:
            self._holder = Holder(**asdict(owner), started_at=iso(self._clock()))
            self.announce(address)
        except BaseException:
            self.release()
            raise
        return self

    def announce(self, address: str | None) -> None:
        """Write where the HTTP door is. Raises OSError when it cannot be written; the home stays ours all the same."""
        if self._file is None:
            raise RuntimeError("only the holder of a home announces an address")
        self._holder = Holder(**{**asdict(self._holder), "address": address})
        _write(self._file, json.dumps(asdict(self._holder)).encode())

    def fileno(self) -> int:
        """The descriptor of the lock: who inherits it holds the home too, until it ends."""
        if self._file is None:
            raise RuntimeError("this HomeLock is not held")
        return self._file.fileno()

    def release(self) -> None:
        """Give the home back; once is enough. The file stays: deleting it would let two processes lock two files."""
        if self._file is not None:
            file, self._file = self._file, None
            with file, suppress(OSError):
                _write(file, b"")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    def _wait_briefly(self) -> BinaryIO:
        deadline = time.monotonic() + _PATIENCE
        while isinstance(found := _try_lock(self._paths.lock), Holder):
            if time.monotonic() > deadline:
                raise HomeBusy(f"{self._paths.root} is held by {found}.", asdict(found))
            time.sleep(_PAUSE)
        return found


@dataclass(frozen=True, slots=True)
class HeldHome:
    """A home that this process holds, who we are to others, and the secret for HTTP."""

    paths: HomePaths
    lock: HomeLock
    owner: Owner
    token: str


@contextmanager
def hold_home(paths: HomePaths, disk: Disk) -> Iterator[HeldHome]:
    """Make the home if need be, and hold it. Raises HomeBusy or StoreError."""
    open_home(paths, disk)
    owner = this_process(new_instance())
    with HomeLock(paths) as lock:
        try:
            lock.acquire(owner)
            token = ensure_token(paths, disk)
        except OSError as error:
            advice = "Make room on its disk, or let this user write there; then start again."
            raise StoreError(f"{paths.root} cannot be written: {error.strerror}.", advice) from error
        yield HeldHome(paths, lock, owner, token)


def read_holder(paths: HomePaths) -> Holder | None:
    """Who holds the home now; None when nobody does. Returns in well under a second. Raises StoreError."""
    try:
        file = _open(paths.lock, os.O_RDONLY)
    except FileNotFoundError:
        return None
    with file:
        deadline = time.monotonic() + _PATIENCE
        # Shared, so that two who ask do not see each other; closing the file gives the lock back at once.
        while not _lock(file, fcntl.LOCK_SH):
            holder = _read(file)
            if holder.pid is not None or time.monotonic() > deadline:
                return holder
            time.sleep(_PAUSE)
    return None


def ensure_token(paths: HomePaths, disk: Disk) -> str:
    """The home's secret for HTTP, made on the first call, 0600; a damaged one is replaced. Call it under the lock."""
    try:
        text = paths.token.read_bytes().strip()
    except FileNotFoundError:
        text = b""
    if _TOKEN.fullmatch(text):
        tighten(paths.token.resolve())
        return text.decode("ascii")
    token = secrets.token_urlsafe(32)
    disk.replace(paths.token, token.encode())
    return token


def _refuse_shared(root: Path) -> None:
    """A home that was set to `/`, `/tmp` or `~` by mistake would otherwise be taken away from everybody else."""
    if not root.is_dir():
        return
    real = root.resolve()
    is_shared = real.stat().st_mode & stat.S_ISVTX
    if is_shared or real == Path(real.anchor) or real == Path.home().resolve():
        raise StoreError(f"{root} is used by others and can be no home of entity-loom.", _OTHER_HOME)


def _refuse_network(paths: HomePaths, disk: Disk) -> None:
    """Neither the lock nor a database can be relied on there (sqlite.org/wal.html); the drop folder may be."""
    kind = disk.file_system(paths.root)
    if is_network(kind):
        advice = f"Put the home on a disk of this machine with --home; {paths.inbox.name} in it may link to the share."
        raise StoreError(f"{paths.root} lies on a network share ({kind}), where its databases are not safe.", advice)


def _make_folder(folder: Path, disk: Disk) -> None:
    disk.make_dir(folder)
    if not folder.is_dir():
        raise StoreError(f"{folder} is not a folder.", "Move away what is there.")


def _tighten_all(paths: HomePaths) -> tuple[Path, ...]:
    private = [path for path in (paths.packages, paths.secrets, paths.token) if path.exists()]
    # A drop folder that is a link belongs to the person who made it, and so does the mode of what it leads to.
    private += [] if paths.inbox.is_symlink() else [paths.inbox]
    return tuple(path for path in (paths.root, *private) if tighten(path.resolve()))


def _try_lock(path: Path) -> BinaryIO | Holder:
    """The locked file, or who has it."""
    with ExitStack() as stack:
        file = stack.enter_context(_open_lock(path))
        if _lock(file, fcntl.LOCK_EX) and _is_at(file, path):
            stack.pop_all()
            return file
        return _read(file)


def _open_lock(path: Path) -> BinaryIO:
    try:
        return _open(path, os.O_RDWR | os.O_CREAT)
    except FileNotFoundError as error:
        raise StoreError(f"{path.parent} does not exist.", "Create it with `open_home` first.") from error


def _open(path: Path, flags: int) -> BinaryIO:
    """Unbuffered, and closed in programs that we start. Raises FileNotFoundError, and StoreError for the rest."""
    try:
        descriptor = os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise StoreError(f"{path} cannot be opened: {error.strerror}.") from error
    return os.fdopen(descriptor, "r+b" if flags & os.O_RDWR else "rb", buffering=0)


def _lock(file: BinaryIO, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise StoreError(
            f"{file.name} cannot be locked: {error.strerror}.", "Keep the home on a file system of this machine."
        ) from error
    return True


def _is_at(file: BinaryIO, path: Path) -> bool:
    # Somebody may have deleted the file between our opening and our locking it: that lock would guard nothing.
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _write(file: BinaryIO, text: bytes) -> None:
    """In place: a lock belongs to the file, not to its name, so a new file would be a free one."""
    file.seek(0)
    file.write(text.ljust(_LOCK_SIZE))
    file.truncate()


def _read(file: BinaryIO) -> Holder:
    file.seek(0)
    try:
        return _HOLDER.validate_json(file.read())
    except ValidationError:
        return Holder()
