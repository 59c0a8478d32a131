"""No page has a barrier, whatever it shows; a page that is added without a visit here fails."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from re import fullmatch
from typing import Literal
from urllib.parse import quote, urlencode

import pytest
from fastapi.routing import APIRoute
from playwright.async_api import Browser, Page, expect

from daemon.web.pages import ROUTERS
from tests.browser import world
from tests.browser.barriers import barriers
from tests.browser.harness import PATIENCE, Stage
from tests.doors.harness import DaemonProcess

pytestmark = pytest.mark.slow
expect.set_options(timeout=PATIENCE)

Home = Literal["states", "engine", "fresh", "safe"]
Deed = Callable[[Page], Awaitable[None]]

_PREFIXES = ("/fragments", "/actions")
_OPEN = "(parts) => parts.forEach((each) => { each.open = true; })"


@dataclass(frozen=True)
class Visit:
    """One look at a page. `shows` stands on it when it shows what is meant; `do` is what somebody does there first."""

    path: str
    shows: str
    home: Home = "states"
    do: Deed | None = None

    def __str__(self) -> str:
        return f"{self.path} in {self.home}"


def package(name: str, rest: str = "", **asked: str) -> str:
    """The address of a page of a package."""
    return f"/packages/{quote(name)}{rest and '/'}{rest}" + (f"?{urlencode(asked)}" if asked else "")


# --- what somebody does there first ----------------------------------------------------------------------------------


async def is_refused(page: Page) -> None:
    """A name that cannot be one, so that a complaint stands beside the field."""
    await page.locator("#new-name").fill("a/b")
    await page.get_by_role("button", name="Create the package").click()
    await expect(page.locator("#new-package .complaint")).to_contain_text("cannot be the name")


async def is_told(page: Page) -> None:
    """Something that went well, and a refusal, are told over the page at once."""
    await page.evaluate(
        "import('/static/js/said.js').then((told) => {"
        " told.said('Nothing was changed.'); told.refused('It was not done. Type `loom`.'); })"
    )


async def is_put_away(page: Page) -> None:
    """Behind the others, and marked so."""
    await page.get_by_role("button", name="Put it away").click()
    await expect(page.locator("#package-meta")).to_contain_text("Put away")


async def all_are_ticked(page: Page) -> None:
    """The bulk bar with everything ticked, and nothing to do with it."""
    await page.get_by_label("Tick all on this page").check()
    await page.get_by_role("button", name="Set the tag").click()
    await expect(page.locator("#bulk .complaint")).to_contain_text("Write one into the field first.")


async def picture_is_drawn(page: Page) -> None:
    """The canvas has been filled."""
    await expect(page.locator("#picture-note")).to_contain_text("relation")


# --- every page ------------------------------------------------------------------------------------------------------

_TALK = {"id": world.RICH}
_EDIT = _TALK | {"edit": f"{world.RICH}:{world.RICH}-1"}
VISITS: Mapping[str, tuple[Visit, ...]] = {
    "/": (
        Visit("/", "There is no package yet", "fresh", is_refused),
        Visit("/", "found broken and repaired"),
        Visit("/", "so far", "engine"),
        Visit("/", "Nothing is worked on just now.", "safe"),
    ),
    "/login": (Visit("/login?once=used", "This link was used already", "fresh"),),
    "/settings": (
        Visit("/settings", "Nothing had to be repaired so far", "fresh"),
        Visit("/settings", "Restore thrown away"),
        Visit("/settings", "A key is kept on this machine", "engine"),
    ),
    "/settings/doctor": (
        Visit("/settings/doctor", "What was looked at"),
        Visit("/settings/doctor", "safe mode", "safe"),
    ),
    "/packages/{name}": (
        Visit(package(world.DONE), "Everything is done.", do=is_told),
        Visit(package(world.RUNNING), "1 of 2 conversations"),
        Visit(package(world.FAILED), "The provider refused fail-1."),
        Visit(package(world.POISONED), "The daemon died each time"),
        Visit(package(world.INTERRUPTED), "Interrupted and repaired"),
        Visit(package(world.STOPPED), "Waits for you"),
        Visit(package(world.REVIEW), "Review the conversations"),
        Visit(package(world.PUT_AWAY), "2 conversations", do=is_put_away),
        Visit(package(world.EMPTY), "Nothing was handed in yet"),
        Visit(package(world.REFUSED), "There was no chat in what was handed in."),
        Visit(package(world.UNUSABLE), "This package cannot be used."),
        Visit(package(world.SPENT), "may cost is spent", "engine"),
        Visit(package("nobody"), "There is no package"),
    ),
    "/packages/{name}/failed/{stage}": (
        Visit(package(world.FAILED, "failed/significant"), "Retry all 2"),
        Visit(package(world.POISONED, "failed/significant"), "set aside"),
        Visit(package(world.DONE, "failed/daily"), "Nothing of this stage has failed"),
    ),
    "/packages/{name}/plan": (
        Visit(package(world.STOPPED, "plan"), "What each stage would do"),
        Visit(package(world.SPENT, "plan"), "What each stage would do", "engine"),
    ),
    "/packages/{name}/conversations": (
        Visit(package(world.REVIEW, "conversations"), "The package waits for you", do=all_are_ticked),
        Visit(package(world.HELD_BACK, "conversations"), "Your companion has it"),
        Visit(package(world.DONE, "conversations", text="Oma"), "that fit, on every page"),
        Visit(package(world.DONE, "conversations", text="xylophone"), "No conversation fits"),
        Visit(package(world.EMPTY, "conversations"), "No conversations yet"),
    ),
    "/packages/{name}/conversations/search": (
        Visit(package(world.DONE, "conversations/search", q="the"), "The best come first."),
        Visit(package(world.DONE, "conversations/search", q="don't C++ \""), "No message holds all of this"),
    ),
    "/packages/{name}/conversations/read": (
        Visit(package(world.REVIEW, "conversations/read", **_TALK), "System prompts and instructions"),
        Visit(package(world.REVIEW, "conversations/read", **_EDIT), "What is to stand there"),
        Visit(package(world.REVIEW, "conversations/read", id="review-1", plain="1"), "Show with formatting"),
    ),
    "/packages/{name}/conversations/tags": (
        Visit(package(world.REVIEW, "conversations/tags"), "Remove the set"),
        Visit(package(world.EMPTY, "conversations/tags"), "No conversation has a tag yet"),
    ),
    "/packages/{name}/memories": (
        Visit(package(world.DONE, "memories"), "Month by month"),
        Visit(package(world.HELD_BACK, "memories"), "held back"),
        Visit(package(world.DONE, "memories", q="xylophone"), "No memory fits"),
        Visit(package(world.EMPTY, "memories"), "No memories yet"),
    ),
    "/packages/{name}/memories/read": (
        Visit(package(world.HELD_BACK, "memories/read", id=world.EDITED), "As it would be made now"),
        Visit(package(world.HELD_BACK, "memories/read", id="daily:2024-03-22"), "In the graph"),
        Visit(package(world.PAID, "memories/read", id="daily:2026-03-03"), "Asked of the language model", "engine"),
    ),
    "/packages/{name}/memories/held-back": (
        Visit(package(world.HELD_BACK, "memories/held-back"), "Read the memory it repeats"),
        Visit(package(world.HELD_BACK, "memories/held-back", state="kept"), "Drop it"),
        Visit(package(world.HELD_BACK, "memories/held-back", state="dropped"), "Keep it as a memory"),
        Visit(package(world.DONE, "memories/held-back"), "Everything that was made is in the package."),
    ),
    "/packages/{name}/memories/deleted": (
        Visit(package(world.DONE, "memories/deleted"), "Restore"),
        Visit(package(world.EMPTY, "memories/deleted"), "Nothing is deleted"),
    ),
    "/packages/{name}/graph": (
        Visit(package(world.DONE, "graph"), "Undo this change", do=picture_is_drawn),
        Visit(package(world.PAID, "graph", whole="true"), "Is this one, or two?", "engine", picture_is_drawn),
        Visit(package(world.DONE, "graph", table="edges"), "In the words", do=picture_is_drawn),
        Visit(package(world.DONE, "graph", q="xylophone"), "Nothing fits", do=picture_is_drawn),
        Visit(package(world.EMPTY, "graph"), "No graph yet"),
    ),
}
BESIDE = (
    Visit("/nowhere", "There is nothing at this address."),
    Visit(package(world.DONE, "graph", since="yesterday"), "since"),
)
"""Problems, which are pages without a route."""


def page_routes() -> list[str]:
    """The routes of all pages that somebody can look at."""
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    return [route.path for route in routes if "GET" in (route.methods or ()) and not route.path.startswith(_PREFIXES)]


def looks() -> Iterator[tuple[str, Visit | None]]:
    """Every page with each visit to it; None where there is none."""
    for route in page_routes():
        for visit in VISITS.get(route, (None,)):
            yield route, visit
    for visit in BESIDE:
        yield ".*", visit


class Homes:
    """Homes that are made when they are asked for: not every process of the tests needs all of them."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self._made: dict[Home, DaemonProcess] = {}

    def get(self, name: Home) -> DaemonProcess:
        """The daemon of a home."""
        if name not in self._made:
            self._made[name] = self._stack.enter_context(_HOMES[name](self._folder / name))
        return self._made[name]


_HOMES: Mapping[Home, Callable[[Path], AbstractContextManager[DaemonProcess]]] = {
    "states": world.in_every_state,
    "engine": world.with_an_engine,
    "fresh": world.fresh,
    "safe": world.in_safe_mode,
}


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Homes]:
    with ExitStack() as stack:
        yield Homes(tmp_path_factory.mktemp("barriers"), stack)


@pytest.mark.parametrize(("route", "visit"), [pytest.param(*look, id=str(look[1] or look[0])) for look in looks()])
async def test_no_page_has_a_barrier_in_any_colour_or_size(
    homes: Homes, browser: Browser, route: str, visit: Visit | None
) -> None:
    assert visit is not None, f"nobody looks at {route}: add a visit to VISITS"
    assert fullmatch(route.replace("{name}", "[^/]+").replace("{stage}", "[^/]+"), visit.path.partition("?")[0])
    async with Stage(homes.get(visit.home), browser).page(visit.path) as page:
        await page.locator("details").evaluate_all(_OPEN)
        if visit.do:
            await visit.do(page)
        await expect(page.locator("body")).to_contain_text(visit.shows)
        found = await barriers(page)
    assert not found, "\n".join(found)


def test_every_visit_is_to_a_page_that_there_is() -> None:
    assert VISITS.keys() <= set(page_routes())


async def test_the_page_for_strangers_has_no_barrier(homes: Homes, browser: Browser) -> None:
    async with Stage(homes.get("fresh"), browser).person() as stranger:
        page = await stranger.new_page()
        await page.goto("/")
        await expect(page.get_by_role("heading", level=1)).to_have_text("You are not logged in.")
        found = await barriers(page)
    assert not found, "\n".join(found)
