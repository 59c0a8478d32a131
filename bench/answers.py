"""How soon the daemon does what it is told at once: abort a stage, refuse a second `loom serve`, end.

From the request to the whole answer, or from the start or the signal to the end of the process.
"""

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from statistics import median
from typing import Any

from bench.figures import Bench
from bench.generate import Workload, write_export
from bench.readiness import served, wait_until_ready
from bench.table import Figure
from packages_store.model import StageName
from packages_store.paths import HomePaths

_MOST_SECONDS = 1
_TRIES = 5
_BUSY = 3
"""The exit code of a `loom serve` that is refused."""
_PACKAGE = "told"
_LITTLE = Workload(1, 4, 4_000)
_FILES = 150
"""Small exports beside the large one, so that `upload` lasts long enough to be aborted."""
_PAUSE = 0.002
_PATIENCE = 600.0


def answers(bench: Bench, workload: Workload) -> Iterator[Figure]:
    """Aborts in every stage of one import, then refusals and ends of an idle daemon."""
    home = HomePaths(bench.folder / "answers")
    home.root.mkdir()
    log = bench.folder / "serve.log"
    try:
        with log.open("wb") as output:
            with served(home, output.fileno()) as process:
                wait_until_ready(home, process)
                aborted = _aborts(_Door(home), home, workload)
                refused = [_refusal(home) for _ in range(_TRIES)]
            ended = [_end(home, output.fileno()) for _ in range(_TRIES)]
    finally:
        shutil.rmtree(home.root)
        log.unlink(missing_ok=True)
    for stage, seconds in aborted.items():
        yield _figure(bench, f"abort of {stage} answered", seconds)
    yield _figure(bench, "second `loom serve` refused", refused)
    yield _figure(bench, "idle daemon ended by SIGTERM", ended)


def _figure(bench: Bench, name: str, seconds: list[float]) -> Figure:
    if not seconds:
        return Figure(name, 0, "s", remark="it was over too soon to be aborted")
    remark = f"median of {len(seconds)}, the longest {max(seconds):.3f} s"
    return Figure(name, median(seconds), "s", bench.target(_MOST_SECONDS), remark)


class _Door:
    """The API of a daemon that is ready."""

    def __init__(self, home: HomePaths) -> None:
        self._address = json.loads(home.lock.read_text())["address"].removeprefix("http://")
        self._headers = {"Authorization": f"Bearer {home.token.read_text().strip()}"}

    def ask(self, method: str, path: str) -> tuple[int, Any]:
        """Status and JSON of an answer."""
        with closing(http.client.HTTPConnection(self._address, timeout=_PATIENCE)) as connection:
            connection.request(method, path, headers=self._headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())


def _aborts(door: _Door, home: HomePaths, workload: Workload) -> dict[StageName, list[float]]:
    """Seconds that the aborts took, by the stage that was running; each is continued afterwards."""
    found: dict[StageName, list[float]] = {stage: [] for stage in StageName}
    _drop(home, workload)
    deadline = time.monotonic() + _PATIENCE
    status, package = 0, None
    while time.monotonic() < deadline:
        status, package = door.ask("GET", f"/api/packages/{_PACKAGE}")
        if status == 200:
            running = _running(package)
            if running is not None and len(found[running]) < _TRIES:
                found[running] += _abort(door, running)
            elif package["state"] == "done":
                return found
            elif str(package["waits_for"]).startswith("Continue"):
                door.ask("POST", f"/api/packages/{_PACKAGE}/resume")
        time.sleep(_PAUSE)
    raise RuntimeError(f"the import was not done after {_PATIENCE} seconds: {package}")


def _drop(home: HomePaths, workload: Workload) -> None:
    """Files for the drop folder: made beside it, so that they come all at once."""
    made = home.root / "made"
    made.mkdir()
    for number in range(_FILES):
        write_export(made / f"{number:03}.json", _LITTLE, seed=number + 1)
    write_export(made / "large.json", workload)
    made.rename(home.inbox / _PACKAGE)


def _running(package: Any) -> StageName | None:
    running = (stage["name"] for stage in package["stages"] if stage["status"] == "running")
    return next(map(StageName, running), None)


def _abort(door: _Door, stage: StageName) -> list[float]:
    """How long an abort took; nothing when another stage runs by now, or none."""
    begin = time.perf_counter()
    status, package = door.ask("POST", f"/api/packages/{_PACKAGE}/abort")
    seconds = time.perf_counter() - begin
    is_aborted = status == 200 and any(
        each["name"] == stage and each["status"] == "aborted" for each in package["stages"]
    )
    return [seconds] if is_aborted else []


def _refusal(home: HomePaths) -> float:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("LOOM_")}
    begin = time.perf_counter()
    second = subprocess.run(
        [sys.executable, "-m", "daemon", "serve", "--port", "0"],
        env={**environ, "LOOM_HOME": str(home.root)},
        capture_output=True,
        check=False,
    )
    seconds = time.perf_counter() - begin
    if second.returncode != _BUSY:
        raise RuntimeError(f"the second `loom serve` ended with {second.returncode}: {second.stderr!r}")
    return seconds


def _end(home: HomePaths, log: int) -> float:
    with served(home, log) as process:
        wait_until_ready(home, process)
        begin = time.perf_counter()
        process.send_signal(signal.SIGTERM)
        process.wait()
        return time.perf_counter() - begin
