"""How long a person waits for each page, list and search of a large package, asked of the real daemon over its socket.

What is printed of each is the median and the 95th percentile of answers; and of one page of each kind the first answer
of a daemon that has just been started, which has opened nothing yet.
"""

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from statistics import median
from urllib.parse import quote, urlencode

import httpx2

from bench.figures import Bench
from bench.large_package import API, PAGE, Size, daemon_of, fill
from bench.long_tasks import long_tasks
from bench.table import Figure
from tests.doors.harness import DaemonProcess

_MOST_MS = {"list": 200.0, "search": 300.0}
_TIMES = {"list": 11, "search": 11, "examination": 3}
_WATCHED_SECONDS = 10.0
_PATIENCE = 600.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Took:
    """Milliseconds of each answer to one question, sorted, and those of the processor that one took."""

    answers: list[float]
    cpu: float

    @property
    def late(self) -> float:
        """The 95th percentile."""
        return self.answers[int(0.95 * (len(self.answers) - 1))]


def page(bench: Bench, size: Size) -> Iterator[Figure]:
    """The table: a line for each page, list and search; and for each page that is open while a stage runs."""
    home = bench.folder / "page"
    begin = time.perf_counter()
    fill(home, size)
    yield Figure("the package that is looked at, made", time.perf_counter() - begin, "s")
    yield from _asked(bench, home, size)
    yield from long_tasks(bench, home, size, _WATCHED_SECONDS if bench.counts else 1.0)
    rmtree(home)


def _asked(bench: Bench, home: Path, size: Size) -> Iterator[Figure]:
    questions = _questions(home, size)
    with daemon_of(home, size) as daemon:
        firsts = {name: _first(daemon, questions[name][1]) for name in _FIRSTS if bench.counts}
        daemon.start().wait_ready()
        with _client(daemon) as client:
            for name, (kind, address) in questions.items():
                yield _figure(name, kind, _took(client, daemon, address, _TIMES[kind]), firsts.get(name), bench)


def _first(daemon: DaemonProcess, address: str) -> float:
    daemon.start().wait_ready()
    with _client(daemon) as client:
        took = _milliseconds(client, address)
    daemon.terminate()
    return took


def _figure(name: str, kind: str, took: Took, first: float | None, bench: Bench) -> Figure:
    after_start = "" if first is None else f"first after start {first:.0f}, "
    remark = f"95th percentile {took.late:.0f}, {after_start}processor {took.cpu:.0f}"
    target = bench.target(_MOST_MS[kind]) if kind in _MOST_MS else None
    return Figure(f"{kind}: {name}", median(took.answers), "ms", target, remark)


def _took(client: httpx2.Client, daemon: DaemonProcess, address: str, times: int) -> Took:
    _milliseconds(client, address)
    before = _processor(daemon.pid)
    answers = sorted(_milliseconds(client, address) for _ in range(times))
    return Took(answers, (_processor(daemon.pid) - before) / times)


def _milliseconds(client: httpx2.Client, address: str) -> float:
    begin = time.perf_counter()
    answer = client.get(address)
    took = 1000 * (time.perf_counter() - begin)
    answer.raise_for_status()
    return took


def _processor(pid: int) -> float:
    """Milliseconds of processor that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return 1000 * (int(fields[11]) + int(fields[12])) / _TICKS


def _client(daemon: DaemonProcess) -> httpx2.Client:
    headers = {"Authorization": f"Bearer {daemon.token}"}
    return httpx2.Client(base_url=daemon.address, headers=headers, trust_env=False, verify=False, timeout=_PATIENCE)


# --- what is asked ---------------------------------------------------------------------------------------------------

_FILTERS: Mapping[str, str] = {
    **{f"by {sort}": f"sort={sort}" for sort in ("date", "title", "platform", "messages", "size")},
    "by title, ascending": "sort=title&descending=false",
    "untagged": "untagged=true",
    "with a tag": "tag=tag+1",
    "new since the commit": "state=new",
    "unchanged since the commit": "state=unchanged",
    "of a platform, between two days": "platform=chatgpt&since=2024-01-01&until=2025-01-01",
    "with a rare word": "text=sourdough",
    "with a word of most conversations": "text=the",
}
_FIRSTS = (
    "shelf",
    "package",
    "package, API",
    "conversations",
    "memories and calendar",
    "a memory",
    "graph, around a node",
    "picture of the whole graph",
    "plan",
    "settings",
    "the ¤",
)
"""Each kind of page once: a start takes seconds."""
_SEARCHES = ("the ¤", "don't", "C++", '"', "¤", "日本語", "🌿", "lisbon", "the", "t", "py", "python the", "nowhere")


def _questions(home: Path, size: Size) -> dict[str, tuple[str, str]]:
    """Every list and search with its kind and address."""
    with daemon_of(home, size) as daemon:
        daemon.start().wait_ready()
        of_graph = daemon.api("GET", f"{API}/graph/nodes?limit=1")["nodes"][0]["id"]
        memory = daemon.api("GET", f"{API}/memories?limit=1")["memories"][0]["id"]
        talk = daemon.api("GET", f"{API}/conversations?sort=messages&limit=1")["rows"][0]["id"]
        daemon.terminate()
    node, memory_id, conversation = quote(of_graph), urlencode({"id": memory}), urlencode({"id": talk})
    lists = {
        "shelf": "/",
        "package": PAGE,
        "package, its live part": f"/fragments{PAGE}",
        "package, API": API,
        "packages, API": "/api/packages",
        "failed items": f"{PAGE}/failed/significant",
        "what happened": f"/fragments{PAGE}/happened",
        "conversations": f"{PAGE}/conversations",
        **{f"conversations {name}": f"{API}/conversations?{query}" for name, query in _FILTERS.items()},
        "a conversation": f"{PAGE}/conversations/read?{conversation}",
        "tags": f"{PAGE}/conversations/tags",
        "memories and calendar": f"{PAGE}/memories",
        "memories of a month": f"{PAGE}/memories?when=2024-05",
        "memories with a word": f"{PAGE}/memories?q=lisbon",
        "memories, API": f"{API}/memories",
        "a memory": f"{PAGE}/memories/read?{memory_id}",
        "held back": f"{PAGE}/memories/held-back",
        "deleted memories": f"{PAGE}/memories/deleted",
        "graph, around a node": f"{PAGE}/graph?focus={node}",
        "graph, relations": f"{PAGE}/graph?table=edges",
        "graph with a word": f"{PAGE}/graph?q=ba",
        "a node": f"/fragments{PAGE}/graph/node?id={node}",
        "picture around a node": f"{API}/graph/picture?id={node}&steps=2",
        "picture of the whole graph": f"{API}/graph/picture?most=5000",
        "whole graph, API": f"{API}/graph/whole",
        "nodes, API": f"{API}/graph/nodes",
        "edges, API": f"{API}/graph/edges",
        "plan": f"{PAGE}/plan",
        "plan, API": f"{API}/plan",
        "costs, API": f"{API}/costs",
        "settings": "/settings",
    }
    searches = {text: f"{PAGE}/conversations/search?{urlencode({'q': text})}" for text in _SEARCHES}
    return {
        **{name: ("list", address) for name, address in lists.items()},
        **{text: ("search", address) for text, address in searches.items()},
        "doctor, which reads every database": ("examination", "/settings/doctor"),
    }
