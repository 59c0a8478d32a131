"""Kills the daemon over and over while it imports, and compares what comes out with an undisturbed run."""

import json
import os
import random
import signal
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import URLError

from packages_store.model import StageName
from tests.canonical import canonical, differences
from tests.exports import chatgpt_export

STEPS = {"repair": 8, "upload": 10, "convert": 12, "commit": 8, "significant": 25, "daily": 30, "graph": 15}
"""How many steps on the disk a phase takes at least, about: a life ends at one of them."""
PHASES = ("repair", *StageName)
_NEVER = ("nothing", "step", "1")
_QUICK = {
    "LOOM_INBOX__SETTLE_SECONDS": "0.02",
    "LOOM_INBOX__RESCAN_SECONDS": "0.1",
    # The deaths are ours, not the items': none is to be set aside.
    "LOOM_POISON_AFTER": "1000",
    "LOOM_TIME_ZONE": "Europe/Berlin",
    "LOOM_LOG__LEVEL": "warning",
}
_STUCK_AFTER = 60.0
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

    @property
    def passed(self) -> bool:
        return not self.differences and not self.running

    def __str__(self) -> str:
        spread = ", ".join(f"{phase} {self.kills[phase]}" for phase in PHASES)
        verdict = "NOT EQUAL" if self.differences else "equal"
        lines = [
            f"seed {self.seed}: killed {self.kills.total()} times ({spread}) over {self.waves} waves of files",
            f"  {self.repairs} repairs are listed; the package is {verdict} to that of an undisturbed run",
        ]
        lines += [f"  left running: {name}" for name in self.running]
        lines += [f"  {difference}" for difference in self.differences[:20]]
        return "\n".join(lines)


class Process:
    """One life of the daemon."""

    def __init__(self, home: Path, death: tuple[str, str, str]) -> None:
        command = [sys.executable, "-m", "tests.torture.daemon_under_test", str(home), *death]
        self._errors = (home.parent / f"{home.name}.log").open("ab")
        self._process = subprocess.Popen(
            command, env={**os.environ, **_QUICK}, stdout=subprocess.PIPE, stderr=self._errors, text=True
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


def drop(home: Path, number: int, seed: int) -> int:
    """Put a wave into the drop folder as a careful program does; returns how many files have been dropped so far."""
    inbox = home / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    for name, data in wave(number, seed):
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


def torture(home: Path, kills: int, seed: int, tell: Any = print) -> Report:
    """Kill the daemon `kills` times and compare. Everything that is chosen is chosen by `seed`."""
    chance = random.Random(seed)
    report = Report(seed)
    disturbed = home / "disturbed"
    files = drop(disturbed, 0, seed)
    report.waves = 1
    while report.kills.total() < kills:
        death = _choose(report, chance)
        with _life(disturbed, death) as process:
            if not process.ready():
                report.kills[death[0]] += 1
                continue
            while settled(process, files):
                files = drop(disturbed, report.waves, seed)
                report.waves += 1
            report.kills[death[0]] += 1
            if report.kills.total() % 25 == 0:
                tell(f"killed {report.kills.total()} times, {report.waves} waves")
    _finish(disturbed, files, report)
    undisturbed = home / "undisturbed"
    with _life(undisturbed, _NEVER) as process:
        process.ready()
        for number in range(report.waves):
            settled(process, drop(undisturbed, number, seed))
    report.differences = differences(
        canonical(undisturbed / "packages/default"), canonical(disturbed / "packages/default")
    )
    return report


def _finish(home: Path, files: int, report: Report) -> None:
    with _life(home, _NEVER) as process:
        process.ready()
        settled(process, files)
        package = process.get("/api/packages/default") or {}
        report.running = [stage["name"] for stage in package["stages"] if stage["status"] == "running"]
        report.repairs = len(process.get("/api/repairs") or ())


@contextmanager
def _life(home: Path, death: tuple[str, str, str]) -> Iterator[Process]:
    home.mkdir(parents=True, exist_ok=True)
    process = Process(home, death)
    try:
        yield process
    finally:
        process.end()


def _choose(report: Report, chance: random.Random) -> tuple[str, str, str]:
    """How the next life ends: in one of the phases that were hit least, at a step on the disk or at any moment."""
    least = min(report.kills[phase] for phase in PHASES)
    phase = chance.choice([phase for phase in PHASES if report.kills[phase] <= least + 2])
    if chance.random() < 0.7:
        return phase, "step", str(chance.randint(1, STEPS[phase]))
    return phase, "after", f"{chance.random() * (0.05 if phase == 'repair' else 0.3):.4f}"
