"""Makes the pictures of docs/tour.md from the real page: a daemon, the golden conversations, a model that is scripted.

    python -m examples.tour [FOLDER]

Nothing leaves the machine. It needs a Chromium, as the tests of the page do.
"""

import json
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
from playwright.async_api import BrowserContext, expect

from tests.browser.harness import NARROW, Stage, open_browser
from tests.doors.harness import DaemonProcess, until
from tests.golden.__main__ import SCRIPTED
from tests.golden.reading import ENTITY, PERSON, ZONE, as_export, load
from tests.provider.harness import FakeProvider
from tests.provider.script import Script

TOUR = Path(__file__).resolve().parent.parent / "docs" / "tour"
SCREEN = {"width": 1280, "height": 800}
DONE, WAITING, RUNNING = "wren", "letters", "second-year"
_PRICES = {"LOOM_ENGINE__PRICE_IN": "0.4", "LOOM_ENGINE__PRICE_OUT": "1.6", "LOOM_ENGINE__PRICE_DATE": "2026-11-23"}
_LATENCY = 4.0
"""Seconds of an answer while the picture of a running stage is made."""
_BEGUN = 6
"""So many items are done then."""
_DRAWN = re.compile(r"^[\d,]+ nodes")
_READY = "document.fonts.ready.then(() => document.getElementById('connection')?.dataset.state !== 'lost')"


@dataclass(frozen=True)
class Shot:
    """One picture: a page, how far down, in which colours and on which screen."""

    name: str
    path: str
    dark: bool = False
    phone: bool = False
    click: str = ""
    """The words of a link to follow first."""
    top: str = ""
    """What is to stand at the top, as a selector."""


SHOTS = (
    Shot("shelf", "/"),
    Shot("package", f"/packages/{RUNNING}"),
    Shot("review", f"/packages/{WAITING}/conversations", top=".notice"),
    Shot("memories", f"/packages/{DONE}/memories?kind=significant", top="[aria-labelledby=calendar-title]"),
    Shot(
        "memory", f"/packages/{DONE}/memories?q=shoes&kind=significant", dark=True, click="Pip comes to live with Nora"
    ),
    Shot("graph", f"/packages/{DONE}/graph", dark=True),
    Shot("costs", f"/packages/{WAITING}/plan"),
    Shot("settings", "/settings"),
    Shot("phone", f"/packages/{RUNNING}", dark=True, phone=True),
)


@contextmanager
def prepared(home: Path) -> Iterator[DaemonProcess]:
    """A daemon with three packages: one that is done, one that waits for a review, one that runs."""
    with FakeProvider() as provider:
        provider.play(Script(content=SCRIPTED))
        engine = {"LOOM_ENGINE__BASE_URL": provider.base_url, "LOOM_ENGINE__MODEL": "wren-writer"} | _PRICES
        with DaemonProcess(home, engine) as daemon:
            daemon.start().wait_ready()
            export = json.dumps(as_export(load())).encode()
            _import(daemon, DONE, export, budget=5)
            daemon.wait_settled(DONE)
            _import(daemon, WAITING, export, pause_before_commit=True)
            daemon.wait_settled(WAITING)
            _by_hand(daemon)
            provider.change(latency=_LATENCY)
            _import(daemon, RUNNING, export, budget=5)
            until(lambda: _done(daemon, "significant") >= _BEGUN, "the first memories")
            yield daemon


def _import(daemon: DaemonProcess, name: str, export: bytes, **settings: Any) -> None:
    people = {"entity_name": ENTITY, "user_name": PERSON, "user_pronouns": "she/her", "time_zone": ZONE.key}
    daemon.api("POST", "/api/packages", body={"name": name, "config": people | settings})
    daemon.api("PUT", f"/api/packages/{name}/uploads?name={name}.json", content=export)


def _by_hand(daemon: DaemonProcess) -> None:
    package = f"/api/packages/{WAITING}"
    daemon.api("PUT", f"{package}/tag-sets", body={"name": "Life", "tags": {"family": "green", "health": "red"}})
    for tag, word in (("family", "Anna"), ("health", "coeliac")):
        daemon.api("POST", f"{package}/conversations/change", body={"choice": {"text": word}, "tag": [tag]})
    daemon.api("POST", f"{package}/conversations/change", body={"choice": {"text": "Python"}, "excluded": True})


def _done(daemon: DaemonProcess, name: str) -> int:
    stages = daemon.package(RUNNING)["stages"]
    return int(next(stage["processed"] for stage in stages if stage["name"] == name))


async def photograph(daemon: DaemonProcess, folder: Path) -> None:
    """Make every picture."""
    async with open_browser() as browser:
        stage = Stage(daemon, browser)
        for number, shot in enumerate(SHOTS, start=1):
            look: dict[str, Any] = {"color_scheme": "dark" if shot.dark else "light", "reduced_motion": "reduce"}
            async with stage.person(viewport=NARROW if shot.phone else SCREEN, **look) as person:
                await _take(stage, person, shot, folder / f"{number}-{shot.name}.png")


async def _take(stage: Stage, person: BrowserContext, shot: Shot, file: Path) -> None:
    page = await stage.enter(person, shot.path)
    if shot.click:
        await page.get_by_role("link", name=shot.click).first.click()
        await page.wait_for_load_state()
    await page.evaluate(_READY)
    if await page.locator("#picture").count():
        await expect(page.locator("#picture-note")).to_have_text(_DRAWN)
    if shot.top:
        await page.locator(shot.top).first.evaluate("place => place.scrollIntoView()")
    await page.screenshot(path=file)


def main() -> int:
    """Make the pictures and say how large they are."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else TOUR
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, prepared(Path(scratch) / "home") as daemon:
        anyio.run(photograph, daemon, folder)
    for file in sorted(folder.glob("*.png")):
        print(f"{file.stat().st_size:>9,}  {file.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
