"""The figures of a daemon (R-93). What a ledger knows is read from there at each scrape, so that both always agree."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from packages_store.errors import LoomError
from packages_store.figures import Figures, figures_of
from packages_store.paths import PackagePaths
from packages_store.shelf import Shelf
from packages_store.sqlite import LOG_SUFFIXES
from packages_store.times import Clock

_State = tuple[tuple[int, int], ...]


@dataclass(slots=True)
class Sums:
    """The figures of all packages together, and what the daemon itself has counted since it began."""

    items: Counter[tuple[str, str]] = field(default_factory=Counter)
    runs: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    tokens: Counter[str] = field(default_factory=Counter)
    repairs: Counter[str] = field(default_factory=Counter)
    cost: Decimal = Decimal(0)
    waits_since: float | None = None
    """Epoch seconds at which the oldest file arrived that waits."""
    waited_seconds: float = 0.0
    retries: dict[str, int] = field(default_factory=dict)
    drop_files: dict[str, int] = field(default_factory=dict)

    def add(self, figures: Figures) -> None:
        """Add one package."""
        self.items.update(figures.items)
        for stage, (count, seconds) in figures.runs.items():
            self.runs[stage] += count
            self.seconds[stage] += seconds
        self.tokens.update(figures.tokens)
        self.repairs.update(figures.repairs)
        self.cost += figures.cost
        known = [since for since in (self.waits_since, figures.waits_since) if since is not None]
        self.waits_since = min(known, default=None)


class Metrics:
    """The figures of one daemon. `count_retry` belongs to the event loop, `render` to a worker thread."""

    def __init__(self, shelf: Shelf, clock: Clock) -> None:
        self._shelf = shelf
        self._clock = clock
        self._read: dict[str, tuple[_State, Figures]] = {}
        self._retries: Counter[str] = Counter()
        self._drop_files: dict[str, int] = {}

    def count_retry(self, code: str) -> None:
        """A request to the language model is sent again: `busy`, `unavailable` or `garbled` says why."""
        self._retries[code] += 1

    def render(self, drop_files: Mapping[str, int]) -> bytes:
        """Everything in Prometheus' text format; `drop_files`: how many files of the drop folder are in each state."""
        self._drop_files = dict(drop_files)
        return self._scrape()

    @cached_property
    def _scrape(self) -> Callable[[], bytes]:
        from daemon.service.exposition import exposition  # noqa: PLC0415 - importing it takes longer than a start may

        return exposition(self.sums)

    def sums(self) -> Sums:
        """The figures now. A ledger that has not been written to since the last time is not read again."""
        names = self._shelf.names()
        self._read = {name: read for name in names if (read := self._figures_of(name)) is not None}
        sums = Sums(retries=dict(self._retries), drop_files=self._drop_files)
        for _state_then, figures in self._read.values():
            sums.add(figures)
        if sums.waits_since is not None:
            sums.waited_seconds = max(0.0, self._clock().timestamp() - sums.waits_since)
        return sums

    def _figures_of(self, name: str) -> tuple[_State, Figures] | None:
        """The figures of a package with the state of its ledger; None when it cannot be used."""
        try:
            package = self._shelf.get(name)
            state = _state(package.paths)
            before = self._read.get(name)
            return before if before is not None and before[0] == state else (state, figures_of(package))
        except (LoomError, OSError):
            return None


def _state(paths: PackagePaths) -> _State:
    """Changes with every change of the ledger."""
    found = []
    for path in (paths.ledger, *(paths.ledger.with_name(f"{paths.ledger.name}{suffix}") for suffix in LOG_SUFFIXES)):
        try:
            status = path.stat()
        except FileNotFoundError:
            found.append((0, 0))
        else:
            found.append((status.st_mtime_ns, status.st_size))
    return tuple(found)
