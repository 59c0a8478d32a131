"""The one place that writes plain files: in one step, private, and durable before it says so.

Every step passes `probe`, which does nothing in a real daemon. Tests inject one that raises (a full disk, an unplugged
drive) or kills the process, so that each step is a place where the world may end.
"""

import errno
import hashlib
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import BinaryIO

FILE_MODE = 0o600
DIR_MODE = 0o700
CHUNK = 1 << 20
_INCOMING = ".incoming-"
_AT_ONCE = 64
"""So many files, of different names, are replaced at the same time at most."""

_MOUNTS = Path("/proc/self/mountinfo")
_OCTAL = re.compile(r"\\([0-7]{3})")
_NETWORK = frozenset(
    {
        "9p",
        "afs",
        "ceph",
        "cifs",
        "coda",
        "davfs",
        "fuse",
        "gfs2",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "ocfs2",
        "smb3",
        "smbfs",
    }
)
"""File systems of other machines, or of programs that stand for them: locks and events there cannot be relied on."""

Probe = Callable[[str], None]


def no_probe(_step: str) -> None:
    """The probe of a real daemon."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What `Disk.copy_in` took: `size` in bytes, `sha256` as hex, both of the bytes that now lie at `path`."""

    path: Path
    sha256: str
    size: int


class Disk:
    """Durable changes to the file system. All methods raise OSError as the system does."""

    def __init__(self, probe: Probe = no_probe) -> None:
        self.probe = probe
        self._writing = tuple(Lock() for _ in range(_AT_ONCE))

    def make_dir(self, path: Path) -> None:
        """Create `path` and its missing parents, each 0700 and durable."""
        if path.is_dir():
            return
        self.make_dir(path.parent)
        with suppress(FileExistsError):
            path.mkdir(mode=DIR_MODE)
        self.sync_dir(path.parent)

    def replace(self, path: Path, data: bytes) -> None:
        """Make `data` the content of `path`: afterwards, and after any crash, it is the old content or the new."""
        self._write(path, data)
        self.sync_dir(path.parent)

    def replace_many(self, files: Iterable[tuple[Path, bytes]]) -> None:
        """`replace` for several files, with one directory sync per directory at the end."""
        parents: dict[Path, None] = {}
        for path, data in files:
            self._write(path, data)
            parents[path.parent] = None
        for parent in parents:
            self.sync_dir(parent)

    def _write(self, path: Path, data: bytes) -> None:
        # Two threads that replace the same file would write into the same temporary one.
        with self._writing[hash(path) % _AT_ONCE]:
            temporary = self._write_beside(path, data, durable=True)
            self.probe("rename")
            temporary.replace(path)

    def _write_beside(self, path: Path, data: bytes, *, durable: bool) -> Path:
        temporary = path.with_name(f".{path.name[:200]}.new")
        self.probe("write")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, FILE_MODE)
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(descriptor, left) :]
            if durable:
                self.probe("fsync")
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return temporary

    def copy_in(self, source: BinaryIO, folder: Path) -> Copied:
        """Copy `source` to its end into `folder/<sha256 of the bytes>`; an equal copy that is there already is kept."""
        with self.incoming(folder) as incoming:
            while chunk := source.read(CHUNK):
                incoming.write(chunk)
            return incoming.keep()

    @contextmanager
    def incoming(self, folder: Path) -> Iterator["IncomingFile"]:
        """A file that arrives in pieces. Unless `keep` is called nothing of it stays."""
        self.make_dir(folder)
        incoming = IncomingFile(self, folder)
        try:
            yield incoming
        finally:
            incoming.discard()

    def set_aside(self, path: Path, stamp: str) -> Path:
        """Rename a damaged file to `<name>.corrupt-<stamp>` beside it and return the new path; nothing is deleted."""
        target = path.with_name(f"{path.name}.corrupt-{stamp}")
        number = 1
        while target.exists():
            number += 1
            target = path.with_name(f"{path.name}.corrupt-{stamp}-{number}")
        self.probe("rename")
        path.rename(target)
        self.sync_dir(path.parent)
        return target

    def move(self, source: Path, target: Path) -> None:
        """Move a file within one file system; `target` must not exist (FileExistsError)."""
        self.make_dir(target.parent)
        self.probe("rename")
        os.link(source, target, follow_symlinks=False)
        self.sync_dir(target.parent)
        source.unlink()
        self.sync_dir(source.parent)

    def move_folder(self, source: Path, target: Path) -> None:
        """Move a folder with all that is in it, in one step, within one file system; `target` must not exist."""
        if target.exists():
            raise FileExistsError(errno.EEXIST, "it exists already", str(target))
        self.make_dir(target.parent)
        self.probe("rename")
        source.rename(target)
        self.sync_dir(target.parent)
        self.sync_dir(source.parent)

    def remove(self, path: Path) -> None:
        """Delete a file; one that is not there is deleted already."""
        self.probe("unlink")
        path.unlink(missing_ok=True)

    def free_bytes(self, path: Path) -> int:
        """How much we may still write to the file system of `path`."""
        return shutil.disk_usage(path).free

    def file_system(self, path: Path) -> str:
        """The type of the file system that `path` lies on, or will when it is made; `unknown` where nobody tells."""
        return file_system_of(path)

    def sync_dir(self, path: Path) -> None:
        """Make the names in a directory durable."""
        self.probe("fsync_dir")
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class BatchDisk(Disk):
    """Replaces many files with one wait for the disk in all, where `Disk` waits twice for each.

    The order is the same: what was written is durable before it takes the name of the old file. Only that it has taken
    it may be forgotten in a power loss: for files that are then simply written again.
    """

    def __init__(self) -> None:
        super().__init__()
        self._written: dict[Path, Path] = {}

    def replace(self, path: Path, data: bytes) -> None:
        """Write `data` beside `path`; it takes its place in `settle`."""
        self._written[path] = self._write_beside(path, data, durable=False)

    def settle(self) -> None:
        """Give every file that was written its name."""
        os.sync()
        for path, temporary in self._written.items():
            temporary.replace(path)
        self._written.clear()


class IncomingFile:
    """A file being received: hashed and counted while it is written."""

    def __init__(self, disk: Disk, folder: Path) -> None:
        self._disk = disk
        self._folder = folder
        self._hash = hashlib.sha256()
        self._size = 0
        self.modified_ns: int | None = None
        """When the file that is copied was last changed; chats that tell no time have no better one."""
        self._temporary = folder / f"{_INCOMING}{os.urandom(8).hex()}"
        self._disk.probe("write")
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        self._file = os.fdopen(os.open(self._temporary, flags, FILE_MODE), "wb")

    @property
    def size(self) -> int:
        """Bytes received so far."""
        return self._size

    def write(self, data: bytes) -> None:
        """Append `data`."""
        self._disk.probe("write")
        self._file.write(data)
        self._hash.update(data)
        self._size += len(data)

    def keep(self) -> Copied:
        """Make the received bytes durable under the name of their hash."""
        sha256 = self._hash.hexdigest()
        target = self._folder / sha256
        self._file.flush()
        if self.modified_ns is not None:
            os.utime(self._file.fileno(), ns=(self.modified_ns, self.modified_ns))
        self._disk.probe("fsync")
        os.fsync(self._file.fileno())
        self._file.close()
        self._disk.probe("rename")
        self._temporary.replace(target)
        self._disk.sync_dir(self._folder)
        return Copied(target, sha256, self._size)

    def discard(self) -> None:
        """Drop what was received, unless it was kept."""
        self._file.close()
        self._temporary.unlink(missing_ok=True)


def remove_unfinished(folder: Path) -> None:
    """Remove what arrived in pieces and was never kept, because the process died. Nothing may be arriving."""
    for path in folder.glob(f"{_INCOMING}*"):
        path.unlink()


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def tail(path: Path, size: int) -> str:
    """The last `size` bytes of a file as text; empty when there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - size))
            return file.read(size).decode("utf-8", "replace").strip()
    except FileNotFoundError:
        return ""


def file_system_of(path: Path, mounts: Path = _MOUNTS) -> str:
    """What proc_pid_mountinfo(5) says of the longest mount point above `path`; `unknown` when it cannot be read."""
    real = path.resolve()
    found = (-1, "unknown")
    try:
        lines = mounts.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return found[1]
    for line in lines:
        before, _, after = line.partition(" - ")
        point = Path(_OCTAL.sub(lambda code: chr(int(code[1], 8)), before.split(" ")[4]))
        # Of several at one place the last one lies on top.
        if real.is_relative_to(point) and len(point.parts) >= found[0]:
            found = (len(point.parts), after.split(" ")[0])
    return found[1]


def is_network(file_system: str) -> bool:
    """Whether a type of file system is one of another machine. `fuseblk` is a disk of this one."""
    return file_system in _NETWORK or file_system.startswith("fuse.")


def tighten(path: Path) -> bool:
    """Take from others what they may do with `path`; True when something had to be taken."""
    mode = stat.S_IMODE(path.lstat().st_mode)
    if mode & 0o077 == 0:
        return False
    path.chmod(mode & 0o700)
    return True
