"""All packages of a home: found, made, opened, repaired."""

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from packages_store.config import PackageConfig
from packages_store.errors import InvalidName, LoomError, PackageNotFound, PackageUnusable
from packages_store.export import remove_leftovers
from packages_store.files import Disk, remove_unfinished
from packages_store.model import Repair
from packages_store.package import Package
from packages_store.paths import HomePaths, PackagePaths, package_name
from packages_store.repair import POISON_AFTER, repair_contents, repair_status
from packages_store.times import Clock
from packages_store.trash import Trashed, restore, trash, trashed

_KEPT_OPEN = 64
"""Ledgers that stay open while there is work: each takes up to three file descriptors and about a megabyte, and there
may be thousands of packages. Looks at all of them in turn would open and close every one if it were fewer than work."""
_KEPT_OPEN_BRIEFLY = 400
"""… in a process that only repairs; two descriptors each, and 1,024 are allowed nearly everywhere."""


_Place = tuple[int, int, int | None]
"""By which a package's folder is known: its device, its inode, and the inode of the ledger in it."""


@dataclass(frozen=True, slots=True)
class RepairResult:
    """What the repair of one package came to: what was done, or why the package cannot be used."""

    package: str
    repairs: tuple[Repair, ...] = ()
    unusable: str | None = None


class Shelf:
    """The packages under `<home>/packages`. Thread-safe.

    A package is repaired before anybody in this process gets hold of it, whether it was there at the start (then its
    status has been repaired before anything else), was made since, or was copied into the home from elsewhere. That
    also holds for a folder that was put in the place of one that was moved away.
    """

    def __init__(
        self,
        paths: HomePaths,
        disk: Disk,
        clock: Clock,
        poison_after: int = POISON_AFTER,
        *,
        brief: bool = False,
    ) -> None:
        """`brief` is for a process that only repairs, and ends: see `Database`, and `repair_at_start`."""
        self._brief = brief
        self._paths = paths
        self._disk = disk
        self._clock = clock
        self._poison_after = poison_after
        self._packages: OrderedDict[str, Package] = OrderedDict()
        self._repaired: dict[str, _Place] = {}
        self._lock = threading.Lock()
        self._meeting = threading.RLock()
        self.tell: Callable[[RepairResult], None] = lambda _result: None
        """Told, in whatever thread it happens, when a package that is met for the first time had to be repaired."""

    def names(self) -> list[str]:
        """The names of all packages, in alphabetical order; folders that cannot be packages are left out."""
        if not self._paths.packages.is_dir():
            return []
        return sorted(entry.name for entry in self._paths.packages.iterdir() if entry.is_dir() and _usable(entry.name))

    def is_still(self, name: str, seconds: float) -> bool:
        """Whether nothing of a package has changed for so long: somebody may be copying it here just now."""
        root = self._paths.package(name).root
        try:
            newest = max(path.lstat().st_ctime for path in (root, *root.rglob("*")))
        except OSError:
            return False
        return not 0 <= self._clock().timestamp() - newest < seconds

    def get(self, name: str) -> Package:
        """One package. Raises PackageNotFound, InvalidName, or PackageUnusable when it cannot be repaired."""
        package = self._hold(name)
        if name not in self._repaired:
            with self._meeting:
                result = self._meet(name) if name not in self._repaired else RepairResult(name)
            if result.unusable is not None:
                raise PackageUnusable(result.unusable)
        return package

    def _meet(self, name: str) -> RepairResult:
        result = self.repair(name)
        if result.unusable is None:
            remove_leftovers(self._paths.package(name))
            remove_unfinished(self._paths.package(name).uploads)
        if result.repairs:
            self.tell(result)
        return result

    def _hold(self, name: str) -> Package:
        paths = self._paths.package(name)
        with self._lock:
            package = self._packages.pop(name, None)
            if name in self._repaired and self._repaired[name] != _place(paths):
                # Another folder lies there, or none: what is open belongs to the one that is gone.
                del self._repaired[name]
                if package is not None:
                    package.retire()
                package = None
            if not paths.root.is_dir():
                raise PackageNotFound(f"There is no package {name!r}.")
            if package is None:
                package = Package(name, paths, self._disk, self._clock, brief=self._brief)
            self._packages[name] = package
            self._close_some()
        return package

    def _close_some(self) -> None:
        kept = _KEPT_OPEN_BRIEFLY if self._brief else _KEPT_OPEN
        if len(self._packages) <= kept:
            return
        is_open = [package for package in self._packages.values() if package.ledger.is_open]
        for package in is_open[: max(0, len(is_open) - kept)]:
            package.close()

    def create(self, name: str, config: PackageConfig) -> Package:
        """Make an empty package, or return the one of that name, whose progress and settings stay as they are."""
        paths = self._paths.package(name)
        if not paths.ledger.exists():
            self._disk.make_dir(paths.root)
            if not paths.config.exists():
                text = json.dumps(config.model_dump(by_alias=True), ensure_ascii=False, indent=2)
                self._disk.replace(paths.config, text.encode())
        return self.get(name)

    def trash(self, name: str) -> Trashed:
        """Close a package and move it into the trash. Nothing of it runs. Raises PackageNotFound."""
        with self._meeting:
            with self._lock:
                package = self._packages.pop(name, None)
                self._repaired.pop(name, None)
            if package is not None:
                package.close()
            return trash(self._paths, self._disk, name, self._clock())

    def trashed(self) -> list[Trashed]:
        """The deleted packages, the latest first."""
        return trashed(self._paths)

    def restore(self, entry_id: str) -> str:
        """Take a package out of the trash and return its name. Raises PackageNotFound or NotAllowed."""
        with self._meeting:
            return restore(self._paths, self._disk, entry_id)

    def repair(self, name: str) -> RepairResult:
        """Repair one package entirely. The caller knows that nothing of it runs. Problems are returned, not raised."""
        return self._attempt(name, self._repair_both)

    def _repair_both(self, package: Package) -> list[Repair]:
        repairs = repair_status(package, self._paths.secrets, self._poison_after)
        repairs += repair_contents(package, self._paths.secrets)
        place = _place(package.paths)
        if place is not None:
            self._repaired[package.name] = place
        return repairs

    def _repair_at_start(self, package: Package) -> list[Repair]:
        return repair_status(package, self._paths.secrets, self._poison_after, thorough=False)

    def _attempt(self, name: str, act: Callable[[Package], list[Repair]]) -> RepairResult:
        try:
            return RepairResult(name, tuple(act(self._hold(name))))
        except (LoomError, OSError) as error:
            return RepairResult(name, unusable=str(error))
        except Exception as error:  # noqa: BLE001 - whatever one package holds must not keep the others from starting
            return RepairResult(name, unusable=f"{type(error).__name__}: {error}")

    def repair_at_start(self, name: str) -> RepairResult:
        """Make the status of one package true, and close it again: there may be thousands.

        A `brief` shelf leaves that to the end of its process. Closing folds the write-ahead log in and waits for the
        disk twice; whoever opens the package next does that on the way.
        """
        result = self._attempt(name, self._repair_at_start)
        if not self._brief:
            with self._lock:
                package = self._packages.pop(name, None)
            if package is not None:
                package.close()
        return result

    def repair_all(self, tell: Callable[[RepairResult], None]) -> None:
        """`repair_at_start` for every package, one after another; `tell` is called for each."""
        for name in self.names():
            tell(self.repair_at_start(name))

    def open_packages(self) -> Iterator[Package]:
        """The packages that have been opened so far."""
        with self._lock:
            packages = list(self._packages.values())
        yield from packages

    def close(self) -> None:
        """Close every file."""
        for package in self.open_packages():
            package.close()


def _place(paths: PackagePaths) -> _Place | None:
    try:
        folder = paths.root.stat()
    except FileNotFoundError:
        return None
    try:
        ledger = paths.ledger.stat().st_ino
    except FileNotFoundError:
        ledger = None
    return folder.st_dev, folder.st_ino, ledger


def _usable(name: str) -> bool:
    try:
        package_name(name)
    except InvalidName:
        return False
    return True
