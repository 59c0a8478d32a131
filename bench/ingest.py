"""What a real import costs: a daemon without doors takes a file and works until a stage has ended.

    python -m bench.ingest <export> <home> commit|significant <result.json>

Measured from the moment the file is handed in until that stage has ended. What the daemon does afterwards (the search
index) is measured by itself.
"""

import json
import logging
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import anyio
import structlog
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream

from bench.meters import Spent, peak_rss
from bench.rows import rows_of
from daemon.app import Daemon, open_daemon
from daemon.events import DaemonReady, Event, PackageSettled, StageEnded, StageStarted
from daemon.process import keep_the_loop_swift
from daemon.settings import Settings
from packages_store.model import StageName, StageStatus

_PACKAGE = "bench"
_NAP = 0.01
_NOTHING = Spent()


@dataclass(slots=True)
class Account:
    """What was measured, as it grows."""

    stages: dict[str, Spent] = field(default_factory=dict)
    total: Spent = _NOTHING
    index: Spent = _NOTHING
    peak_rss: int = 0
    """At the end of the last stage: before the index."""
    items: int = 0
    lags: list[float] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """Ready to be written; lags in seconds."""
        return {
            "stages": {name: spent.as_json() for name, spent in self.stages.items()},
            "total": self.total.as_json(),
            "index": self.index.as_json(),
            "peak_rss": self.peak_rss,
            "peak_rss_with_index": peak_rss(),
            "items": self.items,
            "lag": {"p50": _share(self.lags, 0.5), "p99": _share(self.lags, 0.99), "max": max(self.lags, default=0.0)},
        }


def _share(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[int(share * (len(ordered) - 1))] if ordered else 0.0


async def ingest(path: Path, home: Path, until: StageName) -> Account:
    """Import `path` into a new home. Raises RuntimeError when the import does not come to its end."""
    async with AsyncExitStack() as stack:
        keep_the_loop_swift()
        daemon = await stack.enter_async_context(open_daemon(Settings(home=home)))
        await daemon.repair_all()
        async with anyio.create_task_group() as tasks:
            account = await _measured(daemon, tasks, path, until)
            tasks.cancel_scope.cancel()
    return account


async def _measured(daemon: Daemon, tasks: TaskGroup, path: Path, until: StageName) -> Account:
    account = Account()
    with daemon.events.listen_to_all() as events:
        tasks.start_soon(partial(daemon.work, watch=False))
        await _next_of(events, DaemonReady)
    await daemon.set_until(_PACKAGE, until)
    await daemon.settled(_PACKAGE)
    with daemon.events.listen_to_all() as events:
        tasks.start_soon(_watch_the_loop, account.lags)
        begin = Spent.so_far()
        await daemon.hand_in(_PACKAGE, path, path.name)
        account.stages["hand in"] = Spent.so_far() - begin
        await _follow(events, account, until)
        account.total = Spent.so_far() - begin
        account.peak_rss = peak_rss()
        begin = Spent.so_far()
        await _next_of(events, PackageSettled)
        account.index = Spent.so_far() - begin
    detail = await daemon.package(_PACKAGE)
    if not detail.conversations:
        raise RuntimeError(f"nothing was imported: {detail.uploads[0].reason}")
    account.items = next(stage.processed for stage in detail.stages if stage.name == until)
    return account


async def _follow(events: MemoryObjectReceiveStream[tuple[int, Event]], account: Account, until: StageName) -> None:
    """Add up what each stage takes, until the last one has ended."""
    begin = _NOTHING
    async for _number, event in events:
        if isinstance(event, StageStarted):
            begin = Spent.so_far()
        elif isinstance(event, StageEnded):
            account.stages[event.stage] = account.stages.get(event.stage, _NOTHING) + (Spent.so_far() - begin)
            if event.stage == until and event.status == StageStatus.COMPLETED:
                return
            if event.status not in (StageStatus.COMPLETED, StageStatus.PENDING):
                raise RuntimeError(f"{event.stage} ended as {event.status}: {event.reason}")
        elif isinstance(event, PackageSettled):
            raise RuntimeError(f"the package waits for {event.waits_for}")


async def _next_of(events: MemoryObjectReceiveStream[tuple[int, Event]], kind: type[Event]) -> None:
    async for _number, event in events:
        if isinstance(event, kind):
            return


async def _watch_the_loop(lags: list[float]) -> None:
    """How much later than asked for a sleeper is woken, again and again."""
    while True:
        asleep = time.perf_counter()
        await anyio.sleep(_NAP)
        lags.append(time.perf_counter() - asleep - _NAP)


def main() -> None:
    """The child process."""
    path, home, until, result = sys.argv[1:]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    account = anyio.run(ingest, Path(path), Path(home), StageName(until))
    rows = rows_of(Path(home, "packages", _PACKAGE, "chats.db"))
    Path(result).write_text(json.dumps({**account.as_json(), "rows": rows.as_json()}))


if __name__ == "__main__":
    main()
