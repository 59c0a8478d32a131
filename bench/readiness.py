"""How long a start takes when every package says that something runs which does not.

From the moment `loom serve` is executed until `/readyz` answers 200.
"""

import http.client
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.children import measure
from bench.generate import Workload, write_export
from bench.meters import Spent
from packages_store.files import Disk
from packages_store.paths import HomePaths

_PATIENCE = 120.0
_PAUSE = 0.05
"""Between two questions: asking more often would take the processor from what is measured."""
_ONE = Workload(20, 200, 400_000)


@dataclass(frozen=True, slots=True)
class Readiness:
    """Seconds to ready, and what was found when the daemon had been stopped again."""

    seconds: float
    repaired: int
    """Packages whose ledger tells of a repair of `significant` before the daemon was ready."""
    stale: int
    """Packages that still say `running`, in the ledger or in checkpoint.json."""
    peak_rss: int


def make_templates(folder: Path) -> HomePaths:
    """A home with one stale package of each kind, to be copied."""
    export = folder / "stale.json"
    write_export(export, _ONE)
    measure("bench.stale", export, folder / "templates", killed=True)
    return HomePaths(folder / "templates")


def start_with(templates: HomePaths, kind: str, number: int, folder: Path) -> Readiness:
    """Start a daemon on a home with `number` copies of a stale package (see `bench.stale`)."""
    home = HomePaths(folder / f"home-{kind}-{number}")
    home.packages.mkdir(parents=True)
    for count in range(number):
        shutil.copytree(templates.package(kind).root, home.packages / f"import-{count:05d}")
    os.sync()
    try:
        return _start(home, number)
    finally:
        shutil.rmtree(home.root)


def repair_floor(templates: HomePaths, number: int, folder: Path) -> Spent:
    """What `number` repairs cost at least: each ledger opened, changed and closed, each checkpoint.json replaced."""
    root = folder / "floor"
    for count in range(number):
        shutil.copytree(templates.package("ours").root, root / str(count))
    os.sync()
    before = Spent.so_far()
    for count in range(number):
        package = root / str(count)
        with closing(sqlite3.connect(package / "ledger.db", isolation_level=None)) as ledger:
            ledger.execute("PRAGMA synchronous = FULL")
            ledger.execute("UPDATE stages SET status = 'aborted' WHERE status = 'running'")
        Disk().replace(package / "checkpoint.json", (package / "checkpoint.json").read_bytes())
    spent = Spent.so_far() - before
    shutil.rmtree(root)
    return spent


def _start(home: HomePaths, number: int) -> Readiness:
    with (home.root.parent / "serve.log").open("wb") as log, served(home, log.fileno()) as process:
        begin = time.perf_counter()
        wait_until_ready(home, process)
        seconds = time.perf_counter() - begin
        ready_at = time.time()
        peak = _peak_of(process.pid)
    found = [_look(home.packages / f"import-{count:05d}", ready_at) for count in range(number)]
    return Readiness(seconds, sum(repaired for repaired, _ in found), sum(stale for _, stale in found), peak)


@contextmanager
def served(home: HomePaths, log: int) -> Iterator[subprocess.Popen[bytes]]:
    """A `loom serve` on any free port, whose output goes to the descriptor `log`; it is ended in order."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("LOOM_")}
    command = [sys.executable, "-m", "daemon", "serve", "--port", "0"]
    process = subprocess.Popen(command, stdout=log, stderr=log, env={**environ, "LOOM_HOME": str(home.root)})
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_ready(home: HomePaths, process: subprocess.Popen[bytes]) -> None:
    """Return when `/readyz` answers 200. Raises RuntimeError when the daemon ends before, or takes too long."""
    deadline = time.monotonic() + _PATIENCE
    while not _is_ready(home):
        if process.poll() is not None:
            log = (home.root.parent / "serve.log").read_text(errors="replace")
            raise RuntimeError(f"`loom serve` ended with {process.returncode}: {log[-2000:]}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"`loom serve` was not ready after {_PATIENCE} seconds")
        time.sleep(_PAUSE)


def _is_ready(home: HomePaths) -> bool:
    try:
        address = json.loads(home.lock.read_text())["address"]
        token = home.token.read_text().strip()
    except (OSError, ValueError, KeyError):
        return False
    if not address:
        return False
    with closing(http.client.HTTPConnection(address.removeprefix("http://"), timeout=10)) as connection:
        try:
            connection.request("GET", "/readyz", headers={"Authorization": f"Bearer {token}"})
            return connection.getresponse().status == 200
        except OSError:
            return False


def _peak_of(pid: int) -> int:
    status = Path("/proc", str(pid), "status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) * 1024


def _look(package: Path, ready_at: float) -> tuple[bool, bool]:
    """Whether it was repaired before the daemon was ready, and whether it still says that something runs."""
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ready_at + 1))
    with closing(sqlite3.connect(package / "ledger.db")) as ledger:
        (repairs,) = ledger.execute(
            "SELECT count(*) FROM repairs WHERE subject = 'significant' AND at < ?", (moment,)
        ).fetchone()
        (running,) = ledger.execute("SELECT count(*) FROM stages WHERE status = 'running'").fetchone()
    stages = json.loads((package / "checkpoint.json").read_text())["stages"].values()
    return repairs == 1, bool(running) or any(stage["status"] == "running" for stage in stages)
