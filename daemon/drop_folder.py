"""The drop folder as it lies on disk: what is in it, to which package it goes, and the archive beside it.

`<inbox>/<file>` goes to the default package, `<inbox>/<folder>/…` to the package of that name. Synchronous; paths are
relative to the folder, as the file system writes them.
"""

import errno
import os
import stat
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from daemon.dropped import Look, is_temporary, spell
from daemon.intake import Changed, look_of
from packages_store.files import CHUNK, Disk, sha256_of
from packages_store.paths import package_name
from stages.parsers.reading.sets import set_of

Availability = Literal["available", "unavailable"]


@dataclass(frozen=True, slots=True)
class FolderState:
    """Whether the drop folder can be looked through, and if not, why."""

    state: Availability
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One entry of a listing. Without a look it is no file: `reason` says what it is, `trouble` that it may pass."""

    path: str
    look: Look | None = None
    reason: str | None = None
    trouble: bool = False
    part_of: tuple[str, str, str] | None = None
    """The set that its name says it is a part of (stages/parsers/reading/sets.py)."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One look through the whole folder. `passed_over` counts temporary names."""

    folder: tuple[int, int]
    """Device and inode: tells this folder from another in its place."""
    found: tuple[Found, ...]
    passed_over: int


@dataclass(frozen=True, slots=True)
class DropFolder:
    """Where the drop folder is, and whose its files are."""

    path: Path
    default_package: str

    def package_of(self, relative: str) -> str:
        """The package a path goes to. Raises InvalidName when its folder cannot be the name of one."""
        folder, slash, _rest = relative.partition("/")
        # A Mac writes accented letters in two parts, which no name of a package has.
        return package_name(unicodedata.normalize("NFC", folder)) if slash else self.default_package

    def relative(self, path: str | Path) -> str | None:
        """`path` from the drop folder on, also when it is given so; None when it lies outside."""
        for root in (self.path.absolute(), self.path.resolve()):
            inside = os.path.relpath(root / path, root)
            if inside.split("/")[0] != os.pardir:
                return inside
        return None

    def origin(self, relative: str) -> str:
        """How the ledger names where a file came from."""
        return f"inbox:{spell(relative)}"


def list_files(root: Path) -> Listing:
    """Everything in the drop folder, in the order of names. Raises OSError when the folder itself cannot be read."""
    status = root.stat()
    found: list[Found] = []
    passed_over = 0
    folders = [""]
    while folders:
        relative = folders.pop()
        try:
            passed_over += _list_one(root, relative, found, folders)
        except OSError as error:
            if not relative:
                raise
            if error.errno != errno.ENOENT:
                found.append(Found(relative, reason=f"the folder cannot be read: {error.strerror}", trouble=True))
    return Listing((status.st_dev, status.st_ino), tuple(sorted(found, key=lambda each: each.path)), passed_over)


def _list_one(root: Path, relative: str, found: list[Found], folders: list[str]) -> int:
    """List one folder into `found`, its folders into `folders`; return how many temporary names were passed over."""
    passed_over = 0
    with os.scandir(root / relative) as entries:
        for entry in entries:
            path = f"{relative}/{entry.name}" if relative else entry.name
            if is_temporary(entry.name):
                passed_over += 1
            elif entry.is_dir(follow_symlinks=False):
                folders.append(path)
            elif (one := _look_at(entry, path)) is not None:
                found.append(one)
    return passed_over


def _look_at(entry: os.DirEntry[str], path: str) -> Found | None:
    try:
        status = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    except OSError as error:
        return Found(path, reason=f"it cannot be looked at: {error.strerror}", trouble=True)
    refusal = what_else(status.st_mode)
    if refusal is not None:
        return Found(path, reason=refusal)
    return Found(path, look_of(status), part_of=set_of(path))


def what_else(mode: int) -> str | None:
    """What something is that is no regular file, and why it is not imported; None for a regular file."""
    if stat.S_ISREG(mode):
        return None
    if stat.S_ISLNK(mode):
        return "it is a link; links are not followed: put the file itself here"
    return "it is no file but a pipe, a socket or a device"


# --- the archive -------------------------------------------------------------------------------------------------


class Archive:
    """Where imported files are put when the setting says so: `<home>/archive/<package>/<upload>/<name>`.

    A file is in the drop folder, in the archive, or in both, never in neither, wherever the process dies.
    """

    def __init__(self, root: Path, disk: Disk) -> None:
        self._root = root
        self._disk = disk

    def path_of(self, package: str, upload_id: str, name: str) -> Path:
        """Where a file lies once it is archived; no two uploads share a folder."""
        return self._root / package / upload_id / name

    def put(self, source: Path, target: Path, identity: str) -> None:
        """Move a file that is still the one with `identity`. Raises Changed when it is not, OSError as the system does.

        Not a rename: that would take along whatever else has got the name meanwhile.
        """
        _require(source, identity)
        self._disk.make_dir(target.parent)
        if not target.exists() and not self._link(source, target):
            self._copy(source, target, identity)
        if not source.samefile(target) and sha256_of(source) != sha256_of(target):
            raise FileExistsError(errno.EEXIST, "another file is archived under this name", str(target))
        self._disk.sync_dir(target.parent)
        self._remove(source, target, identity)
        self._disk.sync_dir(source.parent)

    def _remove(self, source: Path, target: Path, identity: str) -> None:
        try:
            # Once more and with nothing slow after it: whoever replaces the file now must not lose the new one.
            _require(source, identity)
        except Changed:
            if source.exists() and source.samefile(target):
                self._disk.remove(target)
            raise
        self._disk.remove(source)

    def _link(self, source: Path, target: Path) -> bool:
        """Whether the file could be given its second name: not across file systems, nor where there are no links."""
        self._disk.probe("link")
        try:
            os.link(source, target, follow_symlinks=False)
        except OSError as error:
            if error.errno in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP):
                return False
            raise
        return True

    def _copy(self, source: Path, target: Path, identity: str) -> None:
        with source.open("rb") as file, self._disk.incoming(target.parent) as incoming:
            while chunk := file.read(CHUNK):
                incoming.write(chunk)
            _require(source, identity)
            copied = incoming.keep().path
        self._disk.move(copied, target)


def _require(path: Path, identity: str) -> None:
    if look_of(path.lstat()).identity != identity:
        raise Changed(f"{path.name!r} changed before it was archived.")
