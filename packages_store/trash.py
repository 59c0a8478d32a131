"""Packages that were deleted: they lie in a folder of their own until a person removes them or takes them back."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from packages_store.errors import InvalidName, NotAllowed, PackageNotFound
from packages_store.files import Disk
from packages_store.paths import HomePaths, package_name
from packages_store.times import parse_iso

_ENTRY = re.compile(r"(?P<name>.+)-(?P<stamp>\d{8}T\d{6}Z)(-\d+)?")


@dataclass(frozen=True, slots=True)
class Trashed:
    """A deleted package. `id` names it in the trash; `deleted_at` is ISO-8601, UTC."""

    id: str
    name: str
    deleted_at: str


def trash(paths: HomePaths, disk: Disk, name: str, now: datetime) -> Trashed:
    """Move a package's folder into the trash, in one step. The caller has closed it. Raises PackageNotFound."""
    source = paths.package(name).root
    if not source.is_dir():
        raise PackageNotFound(f"There is no package {name!r}.")
    disk.move_folder(source, _free(paths.trash, f"{name}-{now:%Y%m%dT%H%M%SZ}"))
    return next(each for each in trashed(paths) if each.name == name)


def restore(paths: HomePaths, disk: Disk, entry_id: str) -> str:
    """Move a deleted package back and return its name.

    Raises PackageNotFound when it is not in the trash, and NotAllowed when there is a package of that name by now.
    """
    entry = next((each for each in trashed(paths) if each.id == entry_id), None)
    if entry is None:
        raise PackageNotFound(f"There is no {entry_id!r} in the trash.", "`loom restore` lists what is in it.")
    target = paths.package(entry.name).root
    if target.exists():
        raise NotAllowed(f"There is a package {entry.name!r} already.", "Delete that one first, then restore this one.")
    disk.move_folder(paths.trash / entry.id, target)
    return entry.name


def trashed(paths: HomePaths) -> list[Trashed]:
    """What is in the trash, the latest first."""
    return sorted(_entries(paths.trash), key=lambda entry: (entry.deleted_at, entry.id), reverse=True)


def _entries(folder: Path) -> Iterator[Trashed]:
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        found = _ENTRY.fullmatch(path.name)
        if found is not None and path.is_dir() and _is_name(found["name"]):
            stamp = found["stamp"]
            day, time = f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}", f"{stamp[9:11]}:{stamp[11:13]}:{stamp[13:15]}"
            deleted_at = f"{day}T{time}.000Z"
            if _is_moment(deleted_at):
                yield Trashed(path.name, found["name"], deleted_at)


def _is_name(text: str) -> bool:
    try:
        package_name(text)
    except InvalidName:
        return False
    return True


def _is_moment(text: str) -> bool:
    try:
        parse_iso(text)
    except ValueError:
        return False
    return True


def _free(folder: Path, wanted: str) -> Path:
    target, number = folder / wanted, 1
    while target.exists():
        number += 1
        target = folder / f"{wanted}-{number}"
    return target
