"""The repair of all packages at start-up, shared among processes when there are many.

Repair is short work with much of Python in it, so threads would only wait for each other. The processes are started
before the daemon has imported most of itself, and work meanwhile.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from anyio import to_thread

from daemon.home import HeldHome
from packages_store.files import Disk
from packages_store.model import Repair
from packages_store.shelf import RepairResult, Shelf
from packages_store.times import utc_now

_WORTH_A_PROCESS = 100
"""Packages from which on starting another process takes less time than it saves."""


@dataclass(frozen=True, slots=True)
class RepairWorkers:
    """Processes that repair packages (daemon/repair_worker.py)."""

    processes: tuple[subprocess.Popen[str], ...]

    def results(self) -> Iterator[RepairResult]:
        """Wait for them, and tell what they did. What a worker did that died is not told: it must be done again."""
        for process in self.processes:
            output, _ = process.communicate()
            for line in output.splitlines() if process.returncode == 0 else ():
                data = json.loads(line)
                repairs = tuple(Repair(**repair) for repair in data["repairs"])
                yield RepairResult(data["package"], repairs, data["unusable"])


@contextmanager
def repair_workers(home: HeldHome, poison_after: int) -> Iterator[RepairWorkers]:
    """Start as many processes as are worth their while, which begin to repair at once; none when packages are few."""
    names = Shelf(home.paths, Disk(), utc_now).names()
    count = min(os.cpu_count() or 1, len(names) // _WORTH_A_PROCESS)
    processes = tuple(_start(home, poison_after, names[number::count]) for number in range(count))
    try:
        yield RepairWorkers(processes)
    finally:
        for process in processes:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


def _start(home: HeldHome, poison_after: int, names: Sequence[str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "daemon.repair_worker", str(home.paths.root), str(poison_after)]
    process = subprocess.Popen(  # noqa: S603 - our own module; the arguments are a path and a number
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, pass_fds=[home.lock.fileno()]
    )
    if process.stdin is not None:
        process.stdin.write(json.dumps(names))
        process.stdin.close()
        process.stdin = None
    return process


async def repair_all(shelf: Shelf, workers: RepairWorkers | None, tell: Callable[[RepairResult], None]) -> None:
    """Repair every package of the shelf, and hand each result to `tell`; one that fails does not stop the others."""
    done = await to_thread.run_sync(lambda: list(workers.results())) if workers else []
    for result in done:
        tell(result)
    repaired = {result.package for result in done}
    for name in await to_thread.run_sync(shelf.names):
        if name not in repaired:
            tell(await to_thread.run_sync(shelf.repair_at_start, name))
