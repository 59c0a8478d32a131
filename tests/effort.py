"""What work costs compared with other work: true on a slow machine, on a busy one, and under coverage."""

import time
from collections.abc import Callable

from packages_store.sqlite import Database

_TRIES = 5


def seconds_of_work(work: Callable[[], object]) -> float:
    """Seconds that the processor needs for `work`; those in which other programs have it do not count."""
    began = time.process_time()
    work()
    return time.process_time() - began


def costs_at_most(times: float, work: Callable[[], object], than: Callable[[], object]) -> bool:
    """Whether `work` costs at most so many times what another work costs.

    It is measured a few times: what disturbs one measurement (caches, the garbage collector) does not disturb all.
    """
    return any(seconds_of_work(work) <= times * seconds_of_work(than) for _ in range(_TRIES))


def steps_of(database: Database, work: Callable[[], object]) -> int:
    """How many hundreds of steps SQLite takes for `work`: the same on every machine (sqlite.org/opcode.html)."""
    taken = 0

    def step() -> int:
        nonlocal taken
        taken += 1
        return 0

    with database.unchanging():
        connection = database._connected()  # noqa: SLF001 - nothing but a test counts
        connection.set_progress_handler(step, 100)
        try:
            work()
        finally:
            connection.set_progress_handler(None, 0)
    return taken
