"""The in-memory stage locks. Running means: this process holds the package's lock. Nothing on disk says so."""

from dataclasses import dataclass

import anyio

from packages_store.errors import StageBusy
from packages_store.model import Interruption, StageName


@dataclass(slots=True)
class StageLock:
    """Held from before a stage is marked running until after its end is recorded."""

    package: str
    stage: StageName
    scope: anyio.CancelScope
    released: anyio.Event
    interruption: Interruption | None = None
    """Why the run was told to stop, None while nobody did."""
    asks_model: bool = False
    """Whether its items wait for a language model, which may take as long as it likes."""

    def interrupt(self, why: Interruption) -> None:
        """Tell the run to stop. The first reason given counts."""
        if self.interruption is None:
            self.interruption = why
        self.scope.cancel()


class StageLocks:
    """At most one lock per package. Used on the event loop only, so that taking one is a single step."""

    def __init__(self) -> None:
        self._held: dict[str, StageLock] = {}

    def admit(self, package: str, stage: StageName) -> StageLock:
        """Take the lock of a package for a stage. Raises StageBusy, naming the stage that runs."""
        held = self._held.get(package)
        if held is not None:
            raise StageBusy(f"{held.stage} of {package} is running.")
        lock = StageLock(package, stage, anyio.CancelScope(), anyio.Event())
        self._held[package] = lock
        return lock

    def release(self, lock: StageLock) -> None:
        """Give the lock back."""
        if self._held.get(lock.package) is lock:
            del self._held[lock.package]
            lock.released.set()

    def holder(self, package: str) -> StageLock | None:
        """The lock of a package, or None when nothing of it runs."""
        return self._held.get(package)

    def all(self) -> list[StageLock]:
        """Every lock that is held."""
        return list(self._held.values())
