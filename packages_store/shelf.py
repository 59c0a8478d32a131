"""All packages of a home: found, made, opened, repaired."""

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from packages_store.config import PackageConfig
from packages_store.errors import InvalidName, LoomError, PackageNotFound, PackageUnusable
from packages_store.export import remove_leftovers
from packages_store.files import Disk, remove_unfinished
from packages_store.model import Repair
from packages_store.package import Package
from packages_store.paths import HomePaths, package_name
from packages_store.repair import POISON_AFTER, repair
from packages_store.times import Clock

_KEPT_OPEN = 32
"""Ledgers that stay open: each takes up to three file descriptors, and there may be thousands of packages."""
_REPAIRED_AT_ONCE = 8
"""Repair waits for the disk most of the time."""


@dataclass(frozen=True, slots=True)
class RepairResult:
    """What the repair of one package came to: what was done, or why the package cannot be used."""

    package: str
    repairs: tuple[Repair, ...] = ()
    unusable: str | None = None


class Shelf:
    """The packages under `<home>/packages`. Thread-safe.

    A package is repaired before anybody in this process gets hold of it, whether it was there at the start, was made
    since, or was copied into the home from elsewhere.
    """

    def __init__(self, paths: HomePaths, disk: Disk, clock: Clock, poison_after: int = POISON_AFTER) -> None:
        self._paths = paths
        self._disk = disk
        self._clock = clock
        self._poison_after = poison_after
        self._packages: OrderedDict[str, Package] = OrderedDict()
        self._repaired: set[str] = set()
        self._lock = threading.Lock()
        self._meeting = threading.RLock()

    def names(self) -> list[str]:
        """The names of all packages, in alphabetical order; folders that cannot be packages are left out."""
        if not self._paths.packages.is_dir():
            return []
        return sorted(entry.name for entry in self._paths.packages.iterdir() if entry.is_dir() and _usable(entry.name))

    def get(self, name: str) -> Package:
        """One package. Raises PackageNotFound, InvalidName, or PackageUnusable when it cannot be repaired."""
        package = self._hold(name)
        if name not in self._repaired:
            with self._meeting:
                result = self.repair(name) if name not in self._repaired else RepairResult(name)
            if result.unusable is not None:
                raise PackageUnusable(result.unusable)
        return package

    def _hold(self, name: str) -> Package:
        paths = self._paths.package(name)
        with self._lock:
            package = self._packages.pop(name, None)
            if not paths.root.is_dir():
                raise PackageNotFound(f"There is no package {name!r}.")
            if package is None:
                package = Package(name, paths, self._disk, self._clock)
            self._packages[name] = package
            self._close_some()
        return package

    def _close_some(self) -> None:
        is_open = [package for package in self._packages.values() if package.ledger.is_open]
        for package in is_open[: max(0, len(is_open) - _KEPT_OPEN)]:
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

    def repair(self, name: str) -> RepairResult:
        """Repair one package. The caller knows that nothing of it runs. Problems are returned, not raised."""
        try:
            repairs = repair(self._hold(name), self._paths.secrets, self._poison_after)
        except (LoomError, OSError) as error:
            return RepairResult(name, unusable=str(error))
        except Exception as error:  # noqa: BLE001 - whatever one package holds must not keep the others from starting
            return RepairResult(name, unusable=f"{type(error).__name__}: {error}")
        self._repaired.add(name)
        return RepairResult(name, tuple(repairs))

    def repair_all(self, tell: Callable[[RepairResult], None]) -> None:
        """Repair every package; one that cannot be repaired does not stop the others. `tell` is called for each."""
        with ThreadPoolExecutor(_REPAIRED_AT_ONCE, thread_name_prefix="repair") as pool:
            for result in pool.map(self._repair_at_start, self.names()):
                tell(result)

    def _repair_at_start(self, name: str) -> RepairResult:
        result = self.repair(name)
        if result.unusable is None:
            remove_leftovers(self._paths.package(name))
            remove_unfinished(self._paths.package(name).uploads)
        return result

    def open_packages(self) -> Iterator[Package]:
        """The packages that have been opened so far."""
        with self._lock:
            packages = list(self._packages.values())
        yield from packages

    def close(self) -> None:
        """Close every file."""
        for package in self.open_packages():
            package.close()


def _usable(name: str) -> bool:
    try:
        package_name(name)
    except InvalidName:
        return False
    return True
