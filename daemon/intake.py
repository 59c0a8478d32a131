"""Takes files in: a private copy first, then one row in the ledger. What is read later is the copy, never the original.

Synchronous: called in worker threads, by the drop folder, the command line and HTTP alike.
"""

import errno
import math
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from daemon.dropped import Look
from packages_store.config import PackageConfig
from packages_store.errors import LoomError
from packages_store.files import CHUNK, Disk, IncomingFile
from packages_store.model import Upload
from packages_store.package import Package
from packages_store.shelf import Shelf

Opener = Callable[[Path], BinaryIO]


class Changed(LoomError):
    """A file changed while it was being taken, or is no longer the one that was asked for. Nothing was registered."""

    advice = "It is looked at again when it has been quiet for a while."


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading: neither through a link nor waiting at a pipe.

    Raises Changed when it is something else by now, OSError as the system does.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Changed(f"{path.name!r} is no regular file.")
    return os.fdopen(descriptor, "rb")


def look_of(status: os.stat_result) -> Look:
    """What one look tells about a file."""
    return Look(status.st_size, status.st_mtime_ns, status.st_ino)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file that arrives in pieces, for a package."""

    incoming: IncomingFile
    package: Package
    name: str
    origin: str

    def write(self, data: bytes) -> None:
        """Append a piece. Raises OSError when the disk is full."""
        self.incoming.write(data)

    def keep(self, identity: str | None = None) -> Upload:
        """Make the bytes durable and register them; equal bytes that came before make them a duplicate."""
        return self.package.uploads.register(self.incoming.keep(), self.name, self.origin, identity)


class Intake:
    """Thread-safe. `new_config` gives the settings of a package that is created by its first file."""

    def __init__(
        self, shelf: Shelf, disk: Disk, new_config: Callable[[], PackageConfig], opener: Opener = open_regular
    ) -> None:
        self._shelf = shelf
        self._disk = disk
        self._new_config = new_config
        self._creating = threading.Lock()
        self.open = opener

    def take(
        self, package_name: str, source: Path | BinaryIO, name: str, origin: str, identity: str | None = None
    ) -> Upload:
        """Copy a file into a package, which is created when it is missing, and register it.

        A `source` that is a path must be a regular file that stays the same from its opening to the end of the copy
        and, if `identity` is given, is still the one that was looked at; else Changed is raised. A file whose origin
        and identity are registered already is not taken twice: its first arrival is returned. Raises OSError when the
        machine is in the way, LoomError when the package is.
        """
        package = self._package(package_name)
        if identity is not None and (earlier := package.uploads.seen(origin, identity)) is not None:
            return earlier
        with self._disk.incoming(package.paths.uploads) as incoming:
            if isinstance(source, Path):
                self._copy_still(source, incoming, identity)
            else:
                _pour(source, incoming)
            return Arrival(incoming, package, name, origin).keep(identity)

    def _copy_still(self, path: Path, incoming: IncomingFile, identity: str | None) -> None:
        """Copy a file that must not change meanwhile. Checked before the copy is kept: nothing has to be undone."""
        with self.open(path) as file:
            before = look_of(os.fstat(file.fileno()))
            if identity not in (None, before.identity):
                raise Changed(f"{path.name!r} is no longer the file that was looked at.")
            _pour(file, incoming, before.size)
            after = look_of(os.fstat(file.fileno()))
        if not before == after == look_of(path.lstat()) or incoming.size != before.size:
            raise Changed(f"{path.name!r} changed while it was copied.")
        incoming.modified_ns = before.mtime_ns

    @contextmanager
    def begin(self, package_name: str, name: str, origin: str = "api") -> Iterator[Arrival]:
        """A file that arrives in pieces; unless it is kept, nothing of it stays. Raises PackageNotFound."""
        package = self._shelf.get(package_name)
        with self._disk.incoming(package.paths.uploads) as incoming:
            yield Arrival(incoming, package, name, origin)

    def _package(self, name: str) -> Package:
        with self._creating:
            return self._shelf.create(name, self._new_config())


def _pour(source: BinaryIO, incoming: IncomingFile, expected: float = math.inf) -> None:
    """Copy to the end, or until there is more than expected: a file may grow faster than it is read."""
    while incoming.size <= expected and (chunk := source.read(CHUNK)):
        incoming.write(chunk)


_IN_WORDS = {
    errno.ENOSPC: "the disk is full: free some space",
    errno.EDQUOT: "the disk quota is used up: free some space",
    errno.EACCES: "it may not be read: give the daemon's user the right to read it",
    errno.EPERM: "it may not be read: give the daemon's user the right to read it",
    errno.EROFS: "the disk is read-only",
    errno.EBUSY: "another program keeps it busy",
    errno.EIO: "the disk reports an error: check the drive and its cable",
    errno.ESTALE: "the network share was replaced: mount it again",
    errno.EMFILE: "too many files are open",
    errno.ENFILE: "too many files are open",
}


def in_words(error: Exception) -> str:
    """Why the machine or the package stands in the way, and what helps, for a person."""
    if not isinstance(error, OSError):
        return str(error) or type(error).__name__
    said = error.strerror or str(error)
    known = _IN_WORDS.get(error.errno or 0)
    return said if known is None else f"{known} ({said})"
