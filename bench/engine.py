"""How near the three stages that ask a language model come to the pace of the provider, which is a process of its own.

The daemon imports workload (a) of upstream.md as it always does; the provider answers every question in the same time.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

import anyio

from bench.figures import Bench
from bench.generate import Workload, write_export
from bench.table import Figure
from daemon.app import Daemon, open_daemon
from daemon.events import DaemonReady, StageEnded, StageStarted
from daemon.process import keep_the_loop_swift
from daemon.settings import EngineOptions, Settings
from packages_store.model import StageName, StageStatus
from tests.provider.harness import FakeProvider
from tests.provider.remembering import REMEMBERS
from tests.provider.script import Rate, Script

_LATENCY = 0.2
_AT_ONCE = 16
_MOST_TIMES_IDEAL = 1.2
_ALLOWED = 20.0
"""Requests a second."""
_WARM_UP = 10.0
"""Seconds in which it may find out how much is allowed."""
_MOST_PERCENT_UNUSED = 10.0
_MOST_PERCENT_REFUSED = 1.0
_ASKING = (StageName.SIGNIFICANT, StageName.DAILY, StageName.GRAPH)
_THEIR_SECONDS = "Entity Loom: 157 s for 742 calls without pacing, 1,660 s as it is delivered"


@dataclass(frozen=True, slots=True)
class Run:
    """What one stage took: seconds, questions that were sent, and items that it had."""

    seconds: float
    requests: int
    items: int


def engine(bench: Bench, workload: Workload) -> Iterator[Figure]:
    """The table; the targets count for the whole of workload (a) only."""
    folder, counts = bench.folder, bench.counts
    export = folder / "conversations.json"
    write_export(export, workload)
    with FakeProvider() as provider:
        provider.play(Script(content=REMEMBERS, latency=_LATENCY))
        imports = [_imported(folder / "home", export, provider) for _ in range(bench.repeat)]
        for stage in imports[0]:
            yield from _of_stage(stage, [runs[stage] for runs in imports], counts=counts)
        provider.play(Script(content=REMEMBERS, rate=Rate(per_second=_ALLOWED, burst=int(_ALLOWED), form="seconds")))
        provider.forget()
        _imported(folder / "home", export, provider)
        yield from _of_limit(provider, counts=counts)


def _of_stage(stage: StageName, runs: Sequence[Run], *, counts: bool) -> Iterator[Figure]:
    # Whatever else the machine does can only slow it down: the quickest run says what the program takes.
    run = min(runs, key=lambda one: one.seconds)
    ideal = run.requests * _LATENCY / _AT_ONCE
    every = ", ".join(f"{one.seconds / ideal:.2f}" for one in runs)
    yield Figure(
        f"(a) {stage}, answers after {_LATENCY:g} s, {_AT_ONCE} at once",
        run.seconds / ideal,
        "× requests x latency / 16",
        _MOST_TIMES_IDEAL if counts else None,
        f"{run.seconds:.2f} s for {run.requests} requests, the quickest of {every}; {_THEIR_SECONDS}",
    )
    # Each item of this workload fits into one question.
    yield Figure(f"(a) {stage}, requests", run.requests, "", run.items, f"one for each of {run.items} items")


def _of_limit(provider: FakeProvider, *, counts: bool) -> Iterator[Figure]:
    times = provider.times
    begin = times[0].at + _WARM_UP
    asked = [one for one in times if one.at >= begin]
    span = max([one.at for one in asked], default=begin) - begin
    answered, refused = (sum(one.status == status for one in asked) for status in (200, 429))
    unused = 100 - 100 * answered / (_ALLOWED * span) if span else 0.0
    yield Figure(
        f"(a) unused of {_ALLOWED:g} requests a second that are allowed",
        unused,
        "%",
        _MOST_PERCENT_UNUSED if counts else None,
        f"{answered} answers in {span:.1f} s, the ends of stages included",
    )
    share = 100 * refused / max(1, len(asked))
    remark = f"{refused} of {len(asked)} requests"
    yield Figure("(a) refused with 429 after warm-up", share, "%", _MOST_PERCENT_REFUSED if counts else None, remark)


def _imported(home: Path, export: Path, provider: FakeProvider) -> dict[StageName, Run]:
    """Import into a new home, and tell of the stages that ask."""
    options = EngineOptions(base_url=provider.base_url, model="bench", most_in_flight=_AT_ONCE)
    settings = Settings(home=home, port=0, engine=options)
    keep_the_loop_swift()
    try:
        return anyio.run(_measured, settings, export, provider)
    finally:
        rmtree(home, ignore_errors=True)


async def _measured(settings: Settings, export: Path, provider: FakeProvider) -> dict[StageName, Run]:
    runs: dict[StageName, Run] = {}
    async with open_daemon(settings) as daemon:
        await daemon.repair_all()
        async with anyio.create_task_group() as tasks:
            with daemon.events.listen_to_all() as events:
                tasks.start_soon(lambda: daemon.work(watch=False))
                began, sent = 0.0, 0
                async for _number, event in events:
                    if isinstance(event, DaemonReady):
                        await daemon.hand_in("default", export, export.name)
                    elif isinstance(event, StageStarted):
                        began, sent = time.perf_counter(), provider.counts.requests
                    elif isinstance(event, StageEnded) and event.stage in _ASKING:
                        seconds = time.perf_counter() - began
                        runs[event.stage] = Run(seconds, provider.counts.requests - sent, await _items(daemon, event))
                        if event.stage == StageName.GRAPH:
                            break
            await daemon.stop()
            tasks.cancel_scope.cancel()
    return runs


async def _items(daemon: Daemon, ended: StageEnded) -> int:
    if ended.status != StageStatus.COMPLETED:
        raise RuntimeError(f"{ended.stage} ended as {ended.status}: {ended.reason}")
    return await daemon.read("default", lambda package: package.progress.counts(ended.stage).processed)
