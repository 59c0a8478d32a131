"""How long a person waits for lists and searches of a large package, on the server: over HTTP, without a socket.

Each question is asked several times; what counts is the slowest kind, at its median.
"""

import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from statistics import median
from zoneinfo import ZoneInfo

import anyio
import httpx2

from bench.figures import Bench
from bench.generate import Workload, write_export
from bench.table import Figure
from daemon.app import Daemon, open_daemon
from daemon.settings import Settings
from daemon.web.app import make_app
from packages_store.config import PackageConfig
from packages_store.files import Disk
from packages_store.model import Conversation
from packages_store.package import Package
from packages_store.paths import HomePaths
from packages_store.shelf import Shelf
from packages_store.times import utc_now
from stages.parsers.choose import inspect, read
from stages.parsers.contract import ReadContext

_NAME = "wren"
_API = f"/api/packages/{_NAME}"
_MOST_MS_LIST = 200
_MOST_MS_SEARCH = 300
_TIMES = 5
_BATCH = 200

_LISTS = {
    f"sorted by {sort}": f"{_API}/conversations?sort={sort}"
    for sort in ("date", "title", "platform", "messages", "size")
} | {
    "untagged": f"{_API}/conversations?untagged=true",
    "new since the commit": f"{_API}/conversations?state=new",
    "of a platform, between two days": f"{_API}/conversations?platform=chatgpt&since=2024-01-01&until=2025-01-01",
    "with a rare word": f"{_API}/conversations?text=sourdough",
    "with a word of most conversations": f"{_API}/conversations?text=the",
    "as a page of HTML": f"/packages/{_NAME}/conversations",
}
_SEARCHES = ("lisbon", "the", "don't", "C++", "py", "python the", "nowhere", "日本語", "🌿", '"', "¤")


@dataclass(frozen=True, slots=True)
class Took:
    """Milliseconds of one answer."""

    wall: float
    cpu: float


def lists(bench: Bench, workload: Workload) -> Iterator[Figure]:
    """Lists and searches of a package of this size."""
    home = bench.folder / "home"
    fill(home, bench.folder / "export.json", workload)
    answers, change = anyio.run(_ask_all, home)
    rmtree(home)
    size = f"{workload.conversations:,} conversations, {workload.messages:,} messages"
    for what, most in (("list", _MOST_MS_LIST), ("search", _MOST_MS_SEARCH)):
        found = {name: took for (kind, name), took in answers.items() if kind == what}
        by_time = sorted(found, key=lambda name: found[name].wall, reverse=True)
        remark = ", ".join(f"{name} {found[name].wall:.0f} (CPU {found[name].cpu:.0f})" for name in by_time[:3])
        slowest = found[by_time[0]].wall
        yield Figure(f"{what}, first page, slowest kind", slowest, "ms", bench.target(most), f"{remark}; {size}")
        yield Figure(f"{what}, first page, median of {len(found)} kinds", median(t.wall for t in found.values()), "ms")
    yield Figure("exclude or include all of them at once", change, "ms")


def fill(home: Path, export: Path, workload: Workload) -> None:
    """A package with these conversations staged and indexed, and nothing else done."""
    write_export(export, workload)
    paths = HomePaths(home)
    paths.packages.mkdir(parents=True)
    shelf = Shelf(paths, Disk(), utc_now)
    package = shelf.create(_NAME, PackageConfig(pause_before_commit=True))
    _stage(package, export)
    while package.staging.index_some():
        pass
    shelf.close()
    export.unlink()


def _stage(package: Package, export: Path) -> None:
    found = inspect(export, export.name).found[0]
    batch: list[Conversation] = []
    for record in read(export, found.member, found.parser, found.variant, ReadContext(ZoneInfo("UTC"))):
        if isinstance(record, Conversation):
            batch.append(record)
        if len(batch) == _BATCH:
            package.staging.add("bench", batch)
            batch = []
    package.staging.add("bench", batch)


async def _ask_all(home: Path) -> tuple[dict[tuple[str, str], Took], float]:
    """What each answer took, at the median; and a change of all conversations."""
    async with open_daemon(Settings(home=home)) as daemon:
        await daemon.repair_all()
        daemon.phase = "ready"  # nothing is to be worked on meanwhile
        times = {("list", name): await _asked(daemon, address) for name, address in _LISTS.items()}
        for text in _SEARCHES:
            times["search", text] = await _asked(daemon, str(httpx2.URL(f"{_API}/search", params={"q": text})))
        return times, median([took async for took in _changed(daemon)])


async def _asked(daemon: Daemon, address: str) -> Took:
    async with _client(daemon) as client:
        took = []
        for _ in range(_TIMES):
            began, begin = time.process_time(), time.perf_counter()
            answer = await client.get(address)
            took.append(Took(1000 * (time.perf_counter() - begin), 1000 * (time.process_time() - began)))
            answer.raise_for_status()
        return Took(median(one.wall for one in took), median(one.cpu for one in took))


async def _changed(daemon: Daemon) -> AsyncIterator[float]:
    async with _client(daemon) as client:
        for excluded in (True, False, True, False):
            begin = time.perf_counter()
            answer = await client.post(f"{_API}/conversations/change", json={"choice": {}, "excluded": excluded})
            yield 1000 * (time.perf_counter() - begin)
            assert answer.json()["changed"] == answer.json()["chosen"], answer.text


def _client(daemon: Daemon) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(make_app(daemon))
    headers = {"Authorization": f"Bearer {daemon.token}"}
    return httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers, timeout=120)
