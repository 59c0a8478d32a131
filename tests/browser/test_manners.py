"""How the pages behave for everybody: assistive technology, the keyboard alone, narrow screens, hostile content."""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.harness import NARROW, PATIENCE, Stage, SteeredDaemon, assert_accessible
from tests.exports import chatgpt_conversation, chatgpt_export

expect.set_options(timeout=PATIENCE)

XSS = "<img src=x onerror=\"console.error('executed')\"><script>console.error('executed')</script>"
SHIFTS = """() => {
    window.loomShifts = [];
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) window.loomShifts.push(entry.value);
    }).observe({ type: "layout-shift" });
}"""


MORPHS = """async (seed) => {
    const { morph } = await import("/static/js/morph.js");
    const chance = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
    const pick = (from) => from[Math.floor(chance() * from.length)];
    const tree = (depth, ids) => {
        const made = document.createElement(pick(["div", "p", "li", "details", "span"]));
        if (chance() < 0.4 && ids.length) made.id = ids.splice(Math.floor(chance() * ids.length), 1)[0];
        if (chance() < 0.3) made.setAttribute(pick(["class", "data-state", "title"]), pick(["a", "b", ""]));
        for (let n = Math.floor(chance() * 4); n > 0 && depth; n--) {
            made.append(chance() < 0.3 ? pick(["one", "two", " "]) : tree(depth - 1, ids));
        }
        return made;
    };
    const ids = () => ["i1", "i2", "i3", "i4", "i5", "i6"];
    let wrong = 0;
    for (let number = 0; number < 1000; number++) {
        const [before, after] = [document.createElement("main"), document.createElement("main")];
        const [some, others] = [ids(), ids()];
        for (let n = 0; n < 4; n++) {
            before.append(tree(3, some));
            after.append(tree(3, others));
        }
        const wanted = after.cloneNode(true);
        const same = [...wanted.children].filter((each) => each.id).map((each) => [each.id, [...before.children]
            .find((other) => other.id === each.id && other.nodeName === each.nodeName)]).filter(([, other]) => other);
        morph(before, after);
        const stayed = same.every(([id, other]) => [...before.children].find((each) => each.id === id) === other);
        if (!before.isEqualNode(wanted) || !stayed) wrong += 1;
    }
    return wrong;
}"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SteeredDaemon]:
    """A daemon with a package in which everything is a payload and something has failed, and one that is empty."""
    with SteeredDaemon(tmp_path_factory.mktemp("manners") / "home") as daemon:
        daemon.steer(fail=["talk-1"])
        daemon.start().wait_ready()
        start = datetime(2024, 3, 1, tzinfo=UTC)
        talk = chatgpt_conversation("talk-1", [("user", XSS), ("assistant", XSS)], start, XSS)
        daemon.drop(json.dumps([talk]).encode(), f"{XSS.replace('/', '')}.json", "wren")
        daemon.drop(b"nothing", f"{XSS.replace('/', '')}.txt", "wren")
        daemon.wait_settled("wren", uploads=2)
        changed = {"entity_name": XSS, "context_notes": XSS, "relationship_context": XSS}
        daemon.api("PUT", "/api/packages/wren/settings", body=changed)
        daemon.wait_settled("wren", uploads=2)
        daemon.api("POST", "/api/packages", body={"name": "empty"})
        daemon.api("POST", "/api/packages", body={"name": "gone"})
        daemon.api("DELETE", "/api/packages/gone")
        yield daemon


@pytest.fixture
async def page(hostile: SteeredDaemon, browser: Browser) -> AsyncIterator[Page]:
    """A tab on the first page of that daemon."""
    async with Stage(hostile, browser).page("/") as opened:
        yield opened


PAGES = (
    "/",
    "/packages/wren",
    "/packages/empty",
    "/packages/wren/failed/significant",
    "/settings",
    "/settings/doctor",
    "/packages/nobody",
)


@pytest.mark.slow
@pytest.mark.parametrize("path", PAGES)
async def test_no_barrier_and_no_payload_in_either_theme(page: Page, path: str) -> None:
    await page.goto(path)
    for details in await page.locator("details").all():
        await details.evaluate("(each) => { each.open = true; }")
    await assert_accessible(page)


async def test_the_page_for_strangers_and_the_first_page_of_an_empty_home_have_no_barrier(stage: Stage) -> None:
    async with stage.person() as stranger:
        page = await stranger.new_page()
        await page.goto("/")
        await expect(page.get_by_role("heading", level=1)).to_have_text("You are not logged in.")
        await assert_accessible(page)
    async with stage.page("/") as page:
        await assert_accessible(page)


@pytest.mark.parametrize("path", PAGES)
async def test_nothing_is_wider_than_a_phone(page: Page, path: str) -> None:
    await page.set_viewport_size({"width": NARROW["width"], "height": NARROW["height"]})
    await page.goto(path)
    wider = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider == 0


async def test_the_chosen_colours_are_there_at_once_and_on_the_next_page(page: Page) -> None:
    async with page.expect_response("**/actions/theme"):
        await page.get_by_role("button", name="Dark colours").click()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await expect(page.get_by_role("button", name="Dark colours")).to_have_attribute("aria-pressed", "true")
    await page.goto("/settings")
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")


async def tab_to(page: Page, name: str) -> None:
    """Press Tab until what is called so has the focus."""
    for _ in range(80):
        await page.keyboard.press("Tab")
        if name in await page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.textContent"):
            return
    raise AssertionError(f"{name} cannot be reached with the keyboard")


@pytest.mark.slow
async def test_with_the_keyboard_alone_one_skips_the_head_makes_a_package_and_retries_what_failed(
    hostile: SteeredDaemon, page: Page
) -> None:
    await page.keyboard.press("Tab")
    await expect(page.locator(":focus")).to_have_text("Skip to the content")
    await page.keyboard.press("Enter")
    await tab_to(page, "New package…")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.type("by hand")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("by hand")
    await page.goto("/packages/wren")
    hostile.steer(hold=["talk-1"])
    await tab_to(page, f"Retry {XSS}")
    await page.keyboard.press("Enter")
    # The button is gone, and the focus is near by, not lost at the top of the page.
    await expect(page.locator("#now")).to_contain_text("0 of 1 conversations")
    await expect(page.locator("#package-live:focus, #package-live :focus")).to_have_count(1)
    await tab_to(page, "Stop significant memories")
    await page.keyboard.press("Enter")
    await expect(page.locator("#step-significant")).to_have_attribute("data-state", "aborted")
    hostile.steer(fail=["talk-1"])
    await tab_to(page, "Continue significant memories")
    await page.keyboard.press("Enter")
    await expect(page.locator("#failed")).to_contain_text("The provider refused talk-1.")


@pytest.mark.slow
async def test_while_progress_runs_nothing_jumps_and_what_is_open_or_typed_stays(
    hostile: SteeredDaemon, page: Page
) -> None:
    hostile.steer(hold=["*"], fail=["talk-1"])
    hostile.api("POST", "/api/packages", body={"name": "many"})
    hostile.api("PUT", "/api/packages/many/uploads?name=a.json", content=chatgpt_export(12))
    await page.goto("/packages/many")
    await expect(page.locator("#now")).to_contain_text("0 of 12 conversations")
    await page.get_by_text("Delete the package…").click()
    typed = page.get_by_label("Type the name of the package")
    await typed.fill("man")
    top = "(each) => each.getBoundingClientRect().top"
    place = await typed.evaluate(top)
    await page.evaluate(SHIFTS)
    hostile.steer(fail=["talk-1"])
    await expect(page.locator("#now")).to_contain_text("Everything is done.")
    await expect(typed).to_be_focused()
    await expect(typed).to_have_value("man")
    assert abs(await typed.evaluate(top) - place) < 2
    assert sum(await page.evaluate("window.loomShifts")) < 0.1


async def test_a_part_that_was_loaded_again_is_what_the_server_made_and_keeps_what_is_the_same(page: Page) -> None:
    assert await page.evaluate(MORPHS, 20_261_123) == 0


@pytest.mark.slow
async def test_without_scripts_one_sees_how_it_stands_and_retries(
    hostile: SteeredDaemon, browser: Browser, tmp_path: Path
) -> None:
    async with Stage(hostile, browser).page("/packages/wren", java_script_enabled=False) as page:
        await expect(page.locator("#failed")).to_contain_text("The provider refused talk-1.")
        await page.get_by_role("button", name="Put it away").click()
        await expect(page.locator("#package-meta")).to_contain_text("Put away")
        await page.get_by_role("button", name="Put it back among the others").click()
        await expect(page.get_by_role("button", name="Put it away")).to_be_visible()
