"""The repair of all packages at start-up, shared among processes when there are many.

Repair is short work with much of Python in it, so threads would only wait for each other. The processes are forked
before the daemon has imported most of itself, while it has one thread, and work meanwhile. They hold the home's lock
together with the daemon, so that no other daemon begins before the last package is done; and they end after the package
in hand when the daemon has died.
"""

import gc
import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import BinaryIO, NoReturn

from anyio import to_thread

from daemon.home import HeldHome
from packages_store.files import BatchDisk, Disk
from packages_store.model import Repair
from packages_store.shelf import RepairResult, Shelf
from packages_store.times import utc_now

_WORTH_A_PROCESS = 100
"""Packages from which on starting another process takes less time than it saves."""


@dataclass(frozen=True, slots=True)
class RepairWorker:
    """A process that repairs packages, and where it tells the results when it has done them all."""

    pid: int
    output: BinaryIO

    def results(self) -> list[RepairResult]:
        """Wait for it, and tell what it did. What a worker did that died is not told: it must be done again."""
        told = self.output.read()
        return [_result(line) for line in told.splitlines() if line] if told.endswith(b"\n\n") else []

    def end(self) -> None:
        """End it wherever it is; being killed does the packages no harm."""
        self.output.close()
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def _result(line: bytes) -> RepairResult:
    data = json.loads(line)
    return RepairResult(data["package"], tuple(Repair(**repair) for repair in data["repairs"]), data["unusable"])


@contextmanager
def repair_workers(home: HeldHome, poison_after: int) -> Iterator[tuple[RepairWorker, ...]]:
    """Start as many processes as are worth their while, which begin to repair at once; none when packages are few."""
    names = Shelf(home.paths, Disk(), utc_now).names()
    count = min(os.cpu_count() or 1, len(names) // _WORTH_A_PROCESS)
    gc.freeze()  # so that no collection in a worker touches, and thereby copies, what it shares with this process
    workers: list[RepairWorker] = []
    try:
        for number in range(count):
            workers.append(_fork(home, poison_after, names[number::count]))  # noqa: PERF401 - some may have begun
        yield tuple(workers)
    finally:
        for worker in workers:
            worker.end()


def _fork(home: HeldHome, poison_after: int, names: Sequence[str]) -> RepairWorker:
    reading, writing = os.pipe()
    daemon = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reading)
            _work(home, poison_after, names, daemon, writing)
        finally:
            os._exit(1)
    os.close(writing)
    return RepairWorker(pid, os.fdopen(reading, "rb"))


def _work(home: HeldHome, poison_after: int, names: Sequence[str], daemon: int, writing: int) -> NoReturn:
    """Repair what is asked for, or as much of it as the daemon lives for."""
    # What is made here is kept until the end, which comes soon: looking for garbage finds none.
    gc.disable()
    disk = BatchDisk()
    shelf = Shelf(home.paths, disk, utc_now, poison_after, brief=True)
    results = []
    for name in names:
        results.append(json.dumps(asdict(shelf.repair_at_start(name))) + "\n")
        if os.getppid() != daemon:
            os._exit(1)
    disk.settle()
    # All at the end: nobody reads while the daemon still imports itself, and a pipe holds little. An empty line says
    # that it was all.
    with os.fdopen(writing, "w", encoding="utf-8") as output:
        output.writelines([*results, "\n"])
    # Without closing the ledgers one by one; see Shelf.repair_at_start.
    os._exit(0)


async def repair_all(shelf: Shelf, workers: Sequence[RepairWorker], tell: Callable[[RepairResult], None]) -> None:
    """Repair every package of the shelf, and hand each result to `tell`; one that fails does not stop the others."""
    repaired = set[str]()
    for worker in workers:
        for result in await to_thread.run_sync(worker.results):
            repaired.add(result.package)
            tell(result)
    for name in await to_thread.run_sync(shelf.names):
        if name not in repaired:
            tell(await to_thread.run_sync(shelf.repair_at_start, name))
