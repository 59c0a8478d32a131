"""What the torture does beside killing when a language model is asked: nothing that was answered may be asked again.

The provider is a process of its own and outlives every daemon; what it was asked is held against the journal that each
death leaves behind.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from packages_store.model import StageName
from tests.diaries import diary_export
from tests.provider.harness import FakeProvider
from tests.provider.remembering import REMEMBERS
from tests.provider.script import Script

AT_ONCE = 8
_UNKEPT = AT_ONCE + AT_ONCE // 2
"""Answers that no journal may have: those under way, and those that have come and are being written (engines.py)."""
STEPS: Mapping[str, int] = {StageName.SIGNIFICANT: 30, StageName.DAILY: 40, StageName.GRAPH: 30}
"""How many steps on the disk a stage that asks takes at least, about."""
_LATENCY = 0.02


@dataclass
class Provided:
    """A language model for the daemons of a torture, and what it saw."""

    provider: FakeProvider
    lost: int = 0
    """Requests whose answers no journal has, because the daemon was killed before it could keep them."""
    most_lost: int = 0
    problems: list[str] = field(default_factory=list)

    def settings(self) -> Mapping[str, str]:
        """What the daemon's environment says."""
        return {
            "LOOM_ENGINE__BASE_URL": self.provider.base_url,
            "LOOM_ENGINE__MODEL": "muse-1",
            "LOOM_ENGINE__MOST_IN_FLIGHT": str(AT_ONCE),
        }

    def begin(self) -> None:
        """Forget what was asked before."""
        self.provider.play(Script(content=REMEMBERS, latency=_LATENCY))
        self.provider.forget()

    def died(self, package: Path) -> None:
        """A daemon was killed: count what it had asked and not kept."""
        sent = self.provider.wait_for(lambda counts: counts.in_flight == 0, "the requests of the dead").requests
        lost = sent - len(_journal(package)) - self.lost
        self.lost += lost
        self.most_lost = max(self.most_lost, lost)

    def account(self, package: Path) -> str:
        """What came of it, in a line; what must not be is added to the problems."""
        counts, journal = self.provider.counts, _journal(package)
        repeated = counts.requests - counts.distinct
        if len(journal) != len(set(journal)):
            self.problems.append("a question that was answered was asked again")
        if self.most_lost > _UNKEPT:
            self.problems.append(f"{self.most_lost} answers were lost at one death, more than can be in flight")
        if counts.requests != len(journal) + self.lost or repeated > self.lost:
            self.problems.append(f"{counts.requests} requests are not {len(journal)} answers and {self.lost} lost ones")
        return (
            f"{counts.requests} requests, {counts.distinct} of them different; {self.lost} were in flight at a death"
            f" (at most {self.most_lost} at once), {repeated} were sent again"
        )


def wave(number: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """The files of one wave: new chats, and those of the wave before, which have grown."""
    first = datetime(2024, 1, 1, 8, 0, tzinfo=UTC) + timedelta(days=6 * number)
    yield f"wave-{number:03d}-a.json", diary_export(6, seed=seed * 1000 + number, first_day=first)
    if number:
        before = first - timedelta(days=6)
        yield f"wave-{number:03d}-b.json", diary_export(6, turns=6, seed=seed * 1000 + number - 1, first_day=before)


def _journal(package: Path) -> list[str]:
    """The fingerprints of all answers. The ledger of the dead is copied: whoever opens it would change it."""
    with tempfile.TemporaryDirectory(prefix="loom-torture-ledger-") as folder:
        for path in package.glob("ledger.db*"):
            shutil.copy(path, folder)
        if not (Path(folder) / "ledger.db").exists():
            return []
        with closing(sqlite3.connect(Path(folder) / "ledger.db")) as ledger:
            return [row[0] for row in ledger.execute("SELECT fingerprint FROM answers")]
