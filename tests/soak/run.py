"""The load, and what is measured under it."""

import itertools
import math
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import httpx2

from tests.doors.harness import DaemonProcess
from tests.exports import chatgpt_export

_WEEK = 7 * 86_400
_SETTLED = 0.5
"""The share of the time after which the daemon has everything it needs: what it takes then is the measure."""
_SAMPLES = 5
_REST_SECONDS = 12.0
"""Threads that have had no work for ten seconds are ended."""
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

    before: Usage = Usage(0, 0, 0)
    after: Usage = Usage(0, 0, 0)
    answers: list[float] = field(default_factory=list)
    """Seconds that each answer of the API took."""
    imports: Counter[str] = field(default_factory=Counter)
    """Package -> imports that were done."""
    heard: Counter[int] = field(default_factory=Counter)
    """Client -> lines of its event stream."""
    waiting: int = 0
    """Files of the drop folder that still wait at the end."""

    def percentile(self, share: float) -> float:
        """The time within which so large a share of the answers came."""
        return sorted(self.answers)[min(len(self.answers) - 1, math.floor(share * len(self.answers)))]

    def growth(self) -> dict[str, float]:
        """How much more is taken at the end, as a share of what was taken before."""
        pairs = {
            "memory": (self.before.kilobytes, self.after.kilobytes),
            "descriptors": (self.before.descriptors, self.after.descriptors),
            "threads": (self.before.threads, self.after.threads),
        }
        return {name: after / before - 1 for name, (before, after) in pairs.items()}

    def starved(self, load: Load) -> list[str]:
        """Who got nothing."""
        packages = [f"soak-{number}" for number in range(load.packages)]
        silent = [f"client {number}" for number in range(load.clients) if self.heard[number] < 2]
        return [name for name in packages if not self.imports[name]] + silent


async def soak(load: Load, tell: Callable[[str], None]) -> Outcome:
    """Put a daemon of its own under this load; `tell` hears how far it is."""
    outcome = Outcome()
    with tempfile.TemporaryDirectory(prefix="loom-soak-") as folder:
        home = Path(folder) / "home"
        entry = ("-m", "tests.soak.daemon_under_test")
        with DaemonProcess(home, _ENVIRONMENT, entry, (str(home), str(_WEEK / load.seconds))) as daemon:
            await anyio.to_thread.run_sync(lambda: daemon.start().wait_ready())
            for number in range(load.waiting_files):
                daemon.drop(b'[{"mapping": {"unfinished ' + str(number).encode(), f"unfinished-{number}.json")
            await _under_load(daemon, load, outcome, tell)
            outcome.waiting = daemon.api("GET", "/api/drop-folder")["counts"]["waiting"]
            assert daemon.exit_code is None
    return outcome


class Work:
    """Whether there is any, and how many do it: at rest it shows what is kept, and not what is needed just now."""

    def __init__(self) -> None:
        self._open = anyio.Event()
        self._open.set()
        self._busy = 0
        self._idle = anyio.Event()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Do a piece of work when there is some to be done."""
        await self._open.wait()
        self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1
            if not self._busy:
                self._idle.set()

    @asynccontextmanager
    async def rest(self) -> AsyncIterator[None]:
        """Nobody works while this is open; it begins when the last one has finished."""
        self._open = anyio.Event()
        while self._busy:
            self._idle = anyio.Event()
            await self._idle.wait()
        yield
        self._open.set()


async def _under_load(daemon: DaemonProcess, load: Load, outcome: Outcome, tell: Callable[[str], None]) -> None:
    headers = {"Authorization": f"Bearer {daemon.token}"}
    limits = httpx2.Limits(max_connections=None)
    work = Work()
    async with (
        httpx2.AsyncClient(
            base_url=daemon.address, headers=headers, trust_env=False, timeout=None, limits=limits
        ) as client,
        anyio.create_task_group() as tasks,
    ):
        for number in range(load.clients):
            tasks.start_soon(_listen, client, number, outcome)
        for number in range(load.packages):
            tasks.start_soon(_import, client, number, work, outcome)
        tasks.start_soon(_ask, client, work, outcome)
        began = time.monotonic()
        await _until(began + load.seconds * _SETTLED)
        async with work.rest():
            outcome.before = await _usage(daemon.pid)
        tell(f"{time.monotonic() - began:.0f} s: {outcome.before}")
        await _until(began + load.seconds)
        async with work.rest():
            outcome.after = await _usage(daemon.pid)
        tell(f"{time.monotonic() - began:.0f} s: {outcome.after}")
        tasks.cancel_scope.cancel()


async def _until(moment: float) -> None:
    await anyio.sleep(max(0.0, moment - time.monotonic()))


async def _listen(client: httpx2.AsyncClient, number: int, outcome: Outcome) -> None:
    """One page that is open all the time; like a browser, it comes again when it fell behind."""
    while True:
        async with client.stream("GET", "/api/events") as response:
            async for _line in response.aiter_lines():
                outcome.heard[number] += 1


async def _import(client: httpx2.AsyncClient, number: int, work: Work, outcome: Outcome) -> None:
    """One package that is never left alone."""
    name = f"soak-{number}"
    (await client.post("/api/packages", json={"name": name})).raise_for_status()
    for turn in itertools.count():
        async with work.turn():
            seed = number + turn // _ROUNDS_KEPT * 1000
            data = chatgpt_export(3, seed=seed, turns=4 + 2 * (turn % _ROUNDS_KEPT))
            put = await client.put(f"/api/packages/{name}/uploads", params={"name": f"{turn}.json"}, content=data)
            put.raise_for_status()
            while (await client.get(f"/api/packages/{name}", params={"wait": 60})).json()["state"] != "done":
                pass
            outcome.imports[name] += 1


async def _ask(client: httpx2.AsyncClient, work: Work, outcome: Outcome) -> None:
    """Somebody who looks all the time."""
    for path in itertools.cycle(("/api/status", "/api/packages/soak-0", "/healthz?verbose", "/readyz", "/metrics")):
        async with work.turn():
            asked = time.monotonic()
            (await client.get(path)).read()
            outcome.answers.append(time.monotonic() - asked)
        await anyio.sleep(_ASK_SECONDS)


async def _usage(pid: int) -> Usage:
    """What the process takes, the middle of some samples, after threads without work have ended."""
    await anyio.sleep(_REST_SECONDS)
    samples: list[tuple[int, int, int]] = []
    for _ in range(_SAMPLES):
        samples.append(_sample(pid))
        await anyio.sleep(1)
    return Usage(*(int(statistics.median(values)) for values in zip(*samples, strict=True)))


def _sample(pid: int) -> tuple[int, int, int]:
    folder = Path("/proc") / str(pid)
    status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
    return int(status["VmRSS"].split()[0]), len(list((folder / "fd").iterdir())), int(status["Threads"])
