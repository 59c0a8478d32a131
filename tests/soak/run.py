"""The load, and what is measured under it."""

import itertools
import math
import statistics
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, field
from pathlib import Path

import anyio
import httpx2

from daemon.service.keeper import REST_SECONDS
from tests.doors.harness import DaemonProcess
from tests.exports import chatgpt_export

_WEEK = 7 * 86_400
_WARM = 0.3
"""The share of the time after which everything has been there at least once; from then on nothing may grow."""
_WINDOW = 0.1
"""The share of the time for which is looked what the process takes, after the warm-up and at the end."""
_REST_SECONDS = REST_SECONDS + 15
"""Then the keeper has put away what is not needed, and threads that had no work for ten seconds have ended."""
_GROWTH = 0.10
_WORKERS = 4
"""So many worker threads more or less is only how the work falls: there are ten or so under load, and they end without
it."""
_ASK_SECONDS = 0.05
_ROUNDS_KEPT = 6
"""Exports grow so often, and begin anew: the same conversations with a few more turns each time."""
_ENVIRONMENT = {
    "LOOM_INBOX__UNFINISHED_SECONDS": "86400",
    "LOOM_INBOX__RESCAN_SECONDS": "2",
    "LOOM_LOG__LEVEL": "error",
}


@dataclass(frozen=True, slots=True)
class Load:
    """How much of everything, and for how many seconds."""

    seconds: float
    packages: int = 50
    waiting_files: int = 500
    clients: int = 200


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process takes."""

    kilobytes: int
    descriptors: int
    threads: int


@dataclass
class Outcome:
    """What came of it."""

    idle_before: Usage = Usage(0, 0, 0)
    """Before there is anything to do,"""
    before: Usage = Usage(0, 0, 0)
    """after the warm-up, under the whole load,"""
    after: Usage = Usage(0, 0, 0)
    """at the end, under the same load,"""
    idle_after: Usage = Usage(0, 0, 0)
    """and when nobody wants anything any more."""
    warming: list[float] = field(default_factory=list)
    """Seconds that each answer of the API took during the warm-up, when everybody came at once,"""
    answers: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """and after it, for each path."""
    imports: Counter[str] = field(default_factory=Counter)
    """Package -> imports that were done."""
    heard: Counter[int] = field(default_factory=Counter)
    """Client -> lines of its event stream."""
    waiting: int = 0
    """Files of the drop folder that still wait at the end."""

    def growth(self) -> dict[str, float]:
        """How much more is taken at the end than after the warm-up, as a share of that."""
        pairs = {
            "memory": (self.before.kilobytes, self.after.kilobytes),
            "descriptors": (self.before.descriptors, self.after.descriptors),
            "threads": (self.before.threads, self.after.threads),
        }
        return {name: after / before - 1 for name, (before, after) in pairs.items()}

    def grown(self) -> list[str]:
        """What takes clearly more than after the warm-up."""
        more_threads = self.after.threads - self.before.threads
        return [
            name
            for name, share in self.growth().items()
            if share > _GROWTH and (name != "threads" or more_threads > _WORKERS)
        ]

    def starved(self, load: Load) -> list[str]:
        """Who got nothing."""
        packages = [f"soak-{number}" for number in range(load.packages)]
        silent = [f"client {number}" for number in range(load.clients) if self.heard[number] < 2]
        return [name for name in packages if not self.imports[name]] + silent


def percentile(seconds: Sequence[float], share: float) -> float:
    """The time within which so large a share of the answers came."""
    return sorted(seconds)[min(len(seconds) - 1, math.floor(share * len(seconds)))]


async def soak(load: Load, tell: Callable[[str], None]) -> Outcome:
    """Put a daemon of its own under this load; `tell` hears how far it is."""
    outcome = Outcome()
    with tempfile.TemporaryDirectory(prefix="loom-soak-") as folder:
        home = Path(folder) / "home"
        entry = ("-m", "tests.soak.daemon_under_test")
        with DaemonProcess(home, _ENVIRONMENT, entry, (str(home), str(_WEEK / load.seconds))) as daemon:
            await anyio.to_thread.run_sync(lambda: daemon.start().wait_ready())
            outcome.idle_before = _sample(daemon.pid)
            for number in range(load.waiting_files):
                daemon.drop(b'[{"mapping": {"unfinished ' + str(number).encode(), f"unfinished-{number}.json")
            await _under_load(daemon, load, outcome, tell)
            outcome.waiting = daemon.api("GET", "/api/drop-folder")["counts"]["waiting"]
            for number in range(load.packages):
                await anyio.to_thread.run_sync(daemon.wait_settled, f"soak-{number}")
            await anyio.sleep(_REST_SECONDS)
            outcome.idle_after = _sample(daemon.pid)
            assert daemon.exit_code is None
    return outcome


async def _under_load(daemon: DaemonProcess, load: Load, outcome: Outcome, tell: Callable[[str], None]) -> None:
    headers = {"Authorization": f"Bearer {daemon.token}"}
    limits = httpx2.Limits(max_connections=None)
    async with (
        httpx2.AsyncClient(
            base_url=daemon.address, headers=headers, trust_env=False, timeout=None, limits=limits
        ) as client,
        anyio.create_task_group() as tasks,
    ):
        began = time.monotonic()
        for number in range(load.clients):
            tasks.start_soon(_listen, client, number, outcome)
        firsts = [anyio.Event() for _ in range(load.packages)]
        for number, first in enumerate(firsts):
            tasks.start_soon(_import, client, number, outcome, first)
        tasks.start_soon(_ask, client, outcome, began + load.seconds * _WARM)
        await _until(began + load.seconds * _WARM)
        for first in firsts:
            await first.wait()
        outcome.before = await _usage(daemon.pid, load.seconds * _WINDOW)
        tell(f"{time.monotonic() - began:.0f} s: {outcome.before}, {outcome.imports.total()} imports")
        await _until(began + load.seconds * (1 - _WINDOW))
        outcome.after = await _usage(daemon.pid, load.seconds * _WINDOW)
        tell(f"{time.monotonic() - began:.0f} s: {outcome.after}, {outcome.imports.total()} imports")
        tasks.cancel_scope.cancel()


async def _until(moment: float) -> None:
    await anyio.sleep(max(0.0, moment - time.monotonic()))


async def _listen(client: httpx2.AsyncClient, number: int, outcome: Outcome) -> None:
    """One page that is open all the time; like a browser, it comes again when it fell behind."""
    while True:
        async with client.stream("GET", "/api/events") as response:
            async for _line in response.aiter_lines():
                outcome.heard[number] += 1


async def _import(client: httpx2.AsyncClient, number: int, outcome: Outcome, first: anyio.Event) -> None:
    """One package that is never left alone; `first` tells of its first import."""
    name = f"soak-{number}"
    (await client.post("/api/packages", json={"name": name})).raise_for_status()
    for turn in itertools.count():
        seed = number + turn // _ROUNDS_KEPT * 1000
        data = chatgpt_export(3, seed=seed, turns=4 + 2 * (turn % _ROUNDS_KEPT))
        put = await client.put(f"/api/packages/{name}/uploads", params={"name": f"{turn}.json"}, content=data)
        put.raise_for_status()
        while (await client.get(f"/api/packages/{name}", params={"wait": 60})).json()["state"] != "done":
            pass
        outcome.imports[name] += 1
        first.set()


async def _ask(client: httpx2.AsyncClient, outcome: Outcome, warm_at: float) -> None:
    """Somebody who looks all the time."""
    for path in itertools.cycle(("/api/status", "/api/packages/soak-0", "/healthz?verbose", "/readyz", "/metrics")):
        asked = time.monotonic()
        (await client.get(path)).read()
        answers = outcome.warming if asked < warm_at else outcome.answers[path]
        answers.append(time.monotonic() - asked)
        await anyio.sleep(_ASK_SECONDS)


async def _usage(pid: int, seconds: float) -> Usage:
    """What the process takes: the middle of what it takes in each second of a while."""
    samples: list[Usage] = []
    for _ in range(max(5, round(seconds))):
        samples.append(_sample(pid))
        await anyio.sleep(1)
    middle = [int(statistics.median(values)) for values in zip(*map(astuple, samples), strict=True)]
    return Usage(*middle)


def _sample(pid: int) -> Usage:
    folder = Path("/proc") / str(pid)
    status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
    return Usage(int(status["VmRSS"].split()[0]), len(list((folder / "fd").iterdir())), int(status["Threads"]))
