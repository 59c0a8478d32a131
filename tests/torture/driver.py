"""Kills the daemon over and over while it imports, and compares what comes out with an undisturbed run."""

import json
import os
import random
import signal
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import URLError

from packages_store.model import StageName
from tests.canonical import canonical, differences
from tests.exports import chatgpt_export
from tests.torture import asking
from tests.torture.asking import Provided

STEPS = {"repair": 8, "upload": 10, "convert": 12, "commit": 8, "significant": 25, "daily": 30, "graph": 15}
"""How many steps on the disk a phase takes at least, about: a life ends at one of them."""
PHASES = ("repair", *StageName)
_PACKAGE = "packages/default"
_NEVER = ("nothing", "step", "1")
_QUICK = {
    "LOOM_INBOX__SETTLE_SECONDS": "0.02",
    "LOOM_INBOX__RESCAN_SECONDS": "0.1",
    # The deaths are ours, not the items': none is to be set aside.
    "LOOM_POISON_AFTER": "1000",
    "LOOM_SAFE_MODE_AFTER": "0",
    "LOOM_TIME_ZONE": "Europe/Berlin",
    "LOOM_LOG__LEVEL": "warning",
}
_STUCK_AFTER = 300.0
_CLOSED = (URLError, ConnectionError, TimeoutError)


@dataclass
class Report:
    """What a torture run came to."""

    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    waves: int = 0
    repairs: int = 0
    differences: list[str] = field(default_factory=list)
    running: list[str] = field(default_factory=list)
    asked: str = ""
    """What came of the requests to a language model, in a line."""
    overpaid: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return not self.differences and not self.running and not self.overpaid

    def __str__(self) -> str:
        spread = ", ".join(f"{phase} {count}" for phase in PHASES if (count := self.kills[phase]))
        verdict = "NOT EQUAL" if self.differences else "equal"
        lines = [
            f"seed {self.seed}: killed {self.kills.total()} times ({spread}) over {self.waves} waves of files",
            f"  {self.repairs} repairs are listed; the package is {verdict} to that of an undisturbed run",
        ]
        lines += [f"  {self.asked}"] * bool(self.asked)
        lines += [f"  paid twice: {problem}" for problem in self.overpaid]
        lines += [f"  left running: {name}" for name in self.running]
        lines += [f"  {difference}" for difference in self.differences[:20]]
        return "\n".join(lines)


class Process:
    """One life of the daemon."""

    def __init__(self, home: Path, death: tuple[str, str, str], settings: Mapping[str, str]) -> None:
        command = [sys.executable, "-m", "tests.torture.daemon_under_test", str(home), *death]
        self._errors = (home.parent / f"{home.name}.log").open("ab")
        self._process = subprocess.Popen(
            command, env={**os.environ, **_QUICK, **settings}, stdout=subprocess.PIPE, stderr=self._errors, text=True
        )
        self._home = home
        self._address = ""

    def ready(self) -> bool:
        """Wait for the ready line; False when the process was killed before it came."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._died()
            return False
        self._address = line.split("ready: ")[1].split()[0].rstrip("/")
        return True

    def get(self, path: str) -> Any:
        """A GET of the API; None when the process was killed."""
        token = (self._home / "token").read_text().strip()
        request = urllib.request.Request(  # noqa: S310 - http to our own child
            f"{self._address}{path}", headers={"Authorization": f"Bearer {token}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=_STUCK_AFTER) as answer:  # noqa: S310 - as above
                return json.loads(answer.read())
        except _CLOSED as error:
            if getattr(error, "code", None) == 404:
                return {}
            self._died()
            return None

    def _died(self) -> None:
        code = self._process.wait(_STUCK_AFTER)
        if code != -signal.SIGKILL:
            raise RuntimeError(f"the daemon ended by itself with {code}; see {self._errors.name}")

    def end(self) -> None:
        """Stop it in order, if it still lives."""
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(_STUCK_AFTER)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._errors.close()


def wave(number: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """The files of one wave: new chats, and earlier ones that have grown."""
    first = datetime(2024, 1, 1, 8, 0, tzinfo=UTC) + timedelta(days=3 * number)
    yield f"wave-{number:03d}-a.json", chatgpt_export(5, seed * 1000 + number, first, turns=4)
    yield f"wave-{number:03d}-b.json", chatgpt_export(3, seed * 1000 + 500 + number, first, turns=8)
    if number >= 2:
        earlier = first - timedelta(days=6)
        yield f"wave-{number:03d}-c.json", chatgpt_export(5, seed * 1000 + number - 2, earlier, turns=6)


def drop(home: Path, files: Iterator[tuple[str, bytes]]) -> int:
    """Put a wave into the drop folder as a careful program does; returns how many files have been dropped so far."""
    inbox = home / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    for name, data in files:
        (inbox / f".{name}.part").write_bytes(data)
        (inbox / f".{name}.part").rename(inbox / name)
    return len(list(inbox.glob("wave-*")))


def settled(process: Process, files: int) -> bool | None:
    """Wait until all files are imported and everything is done; None when the process was killed meanwhile."""
    while True:
        package = process.get("/api/packages/default?wait=5")
        if package is None:
            return None
        if len(package.get("uploads", ())) == files and package["state"] == "done":
            return True
        if (package.get("waits_for") or "").startswith("Continue"):
            raise RuntimeError(f"the package waits for {package['waits_for']}")


def torture(home: Path, kills: int, seed: int, provided: Provided | None = None, tell: Any = print) -> Report:
    """Kill the daemon `kills` times and compare. Everything that is chosen is chosen by `seed`.

    With a language model only the stages that ask it are hit, and it is looked after that nothing is paid for twice.
    """
    trial = _Trial(Report(seed), random.Random(seed), provided)
    report, disturbed, undisturbed = trial.report, home / "disturbed", home / "undisturbed"
    trial.begin()
    files = trial.drop(disturbed, 0)
    report.waves = 1
    while report.kills.total() < kills:
        death = trial.choose()
        with trial.life(disturbed, death) as process:
            is_ready = process.ready()
            while is_ready and settled(process, files):
                files = trial.drop(disturbed, report.waves)
                report.waves += 1
        report.kills[death[0]] += 1
        trial.died(disturbed)
        if report.kills.total() % 25 == 0:
            tell(f"killed {report.kills.total()} times, {report.waves} waves")
    trial.finish(disturbed, files)
    trial.begin()
    with trial.life(undisturbed, _NEVER) as process:
        process.ready()
        for number in range(report.waves):
            settled(process, trial.drop(undisturbed, number))
    report.differences = differences(canonical(undisturbed / _PACKAGE), canonical(disturbed / _PACKAGE))
    return report


@dataclass
class _Trial:
    """What the lives of one torture share."""

    report: Report
    chance: random.Random
    provided: Provided | None

    def begin(self) -> None:
        """Before the first life in a home."""
        if self.provided is not None:
            self.provided.begin()

    def drop(self, home: Path, number: int) -> int:
        """Drop a wave; see `drop`."""
        make = wave if self.provided is None else asking.wave
        return drop(home, make(number, self.report.seed))

    def choose(self) -> tuple[str, str, str]:
        """How the next life ends: in one of the phases that were hit least, at a step on the disk or at any moment."""
        steps: Mapping[str, int] = STEPS if self.provided is None else asking.STEPS
        least = min(self.report.kills[phase] for phase in steps)
        phase = self.chance.choice([phase for phase in steps if self.report.kills[phase] <= least + 2])
        if self.chance.random() < 0.7:
            return phase, "step", str(self.chance.randint(1, steps[phase]))
        return phase, "after", f"{self.chance.random() * (0.05 if phase == 'repair' else 0.3):.4f}"

    @contextmanager
    def life(self, home: Path, death: tuple[str, str, str]) -> Iterator[Process]:
        """One process, ended at the end if it still lives."""
        home.mkdir(parents=True, exist_ok=True)
        process = Process(home, death, {} if self.provided is None else self.provided.settings())
        try:
            yield process
        finally:
            process.end()

    def died(self, home: Path) -> None:
        """A life has ended as it should."""
        if self.provided is not None:
            self.provided.died(home / _PACKAGE)

    def finish(self, home: Path, files: int) -> None:
        """One life that nobody ends, until everything is done."""
        with self.life(home, _NEVER) as process:
            process.ready()
            settled(process, files)
            package = process.get("/api/packages/default") or {}
            self.report.running = [stage["name"] for stage in package["stages"] if stage["status"] == "running"]
            self.report.repairs = len(process.get("/api/repairs") or ())
        if self.provided is not None:
            self.report.asked = self.provided.account(home / _PACKAGE)
            self.report.overpaid = self.provided.problems
