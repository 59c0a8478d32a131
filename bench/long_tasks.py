"""How long the page of a large package keeps the browser's one thread while a stage reports 100 items a second.

Chromium counts as a long task whatever holds the thread for more than 50 ms by the clock (w3.org/TR/longtasks). Of a
machine on which others work as well the time says little; beside it stands what the longest task had of the processor.
"""

import json
import re
from collections.abc import Awaitable, Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import anyio
from playwright.async_api import Page, expect

from bench.figures import Bench
from bench.large_package import API, PAGE, Size, daemon_of
from bench.table import Figure
from tests.browser.harness import Stage, chromium, open_browser
from tests.doors.harness import DaemonProcess

_RATE = 100.0
"""Items a second."""
_MOST_MS = 200
_SECONDS = 10
_WATCH = """
    new PerformanceObserver((list) => list.getEntries().forEach((task) => window.loomTask(task.duration)))
        .observe({ type: "longtask" });
    new MutationObserver((records) => window.loomWrote(records.length))
        .observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
"""
_PAGES = {
    "shelf": "/",
    "package": PAGE,
    "conversations": f"{PAGE}/conversations",
    "memories": f"{PAGE}/memories",
}


def long_tasks(bench: Bench, home: Path, size: Size, seconds: float = _SECONDS) -> Iterator[Figure]:
    """The longest task of each page, while a stage runs; and of the picture of the whole graph, moved about in."""
    if chromium() is None:
        return
    with daemon_of(home, size, _RATE) as daemon:
        daemon.start().wait_ready()
        for name, path in _PAGES.items():
            yield anyio.run(_watched, bench, daemon, name, path, lambda _page: anyio.sleep(seconds))
        yield anyio.run(_watched, bench, daemon, "whole graph, moved about in", f"{PAGE}/graph?whole=true", _move_about)
        daemon.terminate()


async def _watched(
    bench: Bench, daemon: DaemonProcess, name: str, path: str, act: Callable[[Page], Awaitable[None]]
) -> Figure:
    before = daemon.ask("GET", f"{API}/settings").json["settings"]["context_notes"]
    notes = {"context_notes": f"{before}."}  # what rests on the persona is made anew
    daemon.api("PUT", f"{API}/settings", body=notes)
    tasks: list[float] = []
    writes: list[int] = []
    async with open_browser() as browser, Stage(daemon, browser).person() as person:
        await person.expose_binding("loomTask", lambda _source, milliseconds: tasks.append(milliseconds))
        await person.expose_binding("loomWrote", lambda _source, changes: writes.append(changes))
        await person.add_init_script(_WATCH)
        page = await Stage(daemon, browser).enter(person, path)
        await browser.start_tracing(page=page, categories=["disabled-by-default-devtools.timeline", "__metadata"])
        begun, begin = _ended(daemon), anyio.current_time()
        writes.clear()
        await act(page)
        took = anyio.current_time() - begin
        rate = _more(begun, _ended(daemon)) / took
        spent = _spent(json.loads(await browser.stop_tracing()))
    remark = (
        f"{max(spent, default=0):.0f} ms of processor in one task, {sum(one > 50 for one in spent)} above 50 ms;"
        f" {sum(task > 50 for task in tasks)} above 50 ms, {sum(task > 200 for task in tasks)} above 200 ms in"
        f" {took:.0f} s at {rate:.0f} items a second; {sum(writes) / took:.0f} changes of the page a second"
    )
    return Figure(f"longest task: {name}", max(tasks, default=0.0), "ms", bench.target(_MOST_MS), remark)


def _spent(trace: dict[str, Any]) -> list[float]:
    """Milliseconds of processor of each task of the threads that run pages."""
    events = trace["traceEvents"]
    main = {(one["pid"], one["tid"]) for one in events if one.get("args", {}).get("name") == "CrRendererMain"}
    tasks = (one for one in events if one["name"] == "RunTask" and (one["pid"], one["tid"]) in main)
    return [one.get("tdur", 0) / 1000 for one in tasks]


def _ended(daemon: DaemonProcess) -> dict[str, int]:
    """How many items of each stage have ended."""
    return {stage["name"]: stage["processed"] for stage in daemon.api("GET", API)["stages"]}


def _more(before: dict[str, int], now: dict[str, int]) -> int:
    """Items that ended in between; not those of a stage that began anew."""
    return sum(max(0, now[stage] - before[stage]) for stage in now)


async def _move_about(page: Page) -> None:
    await expect(page.locator("#picture-note")).to_have_text(re.compile(r"\d+ nodes"), timeout=120_000)
    box = await page.locator("#picture").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    await page.mouse.click(x, y)
    for number, direction in zip(range(12), cycle((-120, -120, -120, 120, 120, 120))):
        await page.mouse.wheel(0, direction)
        await page.mouse.move(x, y)
        await page.mouse.down()
        await page.mouse.move(x + 90 * (number % 3 - 1), y + 60, steps=12)
        await page.mouse.up()
        await page.mouse.move(x - 200, y - 80, steps=20)
    await page.get_by_role("searchbox").first.fill("ba")
    await page.keyboard.press("Enter")
    await expect(page.locator("#picture-note")).to_have_text(re.compile(r"\d+ nodes"), timeout=120_000)
