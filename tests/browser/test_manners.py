"""How the pages behave for everybody: assistive technology, the keyboard alone, narrow screens, hostile content."""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from packages_store.model import StageName
from tests.browser.hands import Keyboard
from tests.browser.harness import PATIENCE, Stage, SteeredDaemon
from tests.exports import chatgpt_conversation, chatgpt_export

expect.set_options(timeout=PATIENCE)

XSS = "<img src=x onerror=\"console.error('executed')\"><script>console.error('executed')</script>"
SHIFTS = """() => {
    window.loomShifts = [];
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) window.loomShifts.push(entry.value);
    }).observe({ type: "layout-shift" });
}"""

LISTEN = """() => {
    window.loomHeard = [];
    for (const region of document.querySelectorAll("[role=status], [role=alert], [aria-live]")) {
        const hear = () => window.loomHeard.push(region.textContent.trim());
        new MutationObserver(hear).observe(region, { childList: true, characterData: true, subtree: true });
    }
}"""
"""Notes what a screen reader would say without being asked."""

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


async def test_the_chosen_colours_are_there_at_once_and_on_the_next_page(page: Page) -> None:
    async with page.expect_response("**/actions/theme"):
        await page.get_by_role("button", name="Dark colours").click()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await expect(page.get_by_role("button", name="Dark colours")).to_have_attribute("aria-pressed", "true")
    await page.goto("/settings")
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")


@pytest.mark.slow
async def test_with_the_keyboard_alone_one_skips_the_head_and_stays_near_what_one_pressed(
    hostile: SteeredDaemon, page: Page
) -> None:
    keyboard = Keyboard()
    await page.keyboard.press("Tab")
    await expect(page.locator(":focus")).to_have_text("Skip to the content")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await expect(page.locator("#main :focus")).to_have_count(1)
    await page.goto("/packages/wren")
    hostile.steer(hold=["talk-1"])
    await keyboard.press(page.get_by_role("button", name=f"Retry {XSS}"))
    # The button is gone, and the focus is near by, not lost at the top of the page.
    await expect(page.locator("#now")).to_contain_text("0 of 1 conversations")
    await expect(page.locator("#package-live:focus, #package-live :focus")).to_have_count(1)
    await keyboard.press(page.get_by_role("button", name="Stop significant memories"))
    await expect(page.locator("#step-significant")).to_have_attribute("data-state", "aborted")
    hostile.steer(fail=["talk-1"])
    await keyboard.press(page.get_by_role("button", name="Continue significant memories"))
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


@pytest.mark.slow
async def test_who_hears_the_page_is_told_of_stages_and_not_of_every_item(hostile: SteeredDaemon, page: Page) -> None:
    hostile.steer(hold=["*"], fail=["talk-1"])
    hostile.api("POST", "/api/packages", body={"name": "heard"})
    hostile.api("PUT", "/api/packages/heard/uploads?name=a.json", content=chatgpt_export(12))
    await page.goto("/packages/heard")
    await expect(page.locator("#now")).to_contain_text("0 of 12 conversations")
    await expect(page.locator("#connection")).to_have_text("Live")
    await page.evaluate(LISTEN)
    hostile.steer(fail=["talk-1"])
    await expect(page.locator("#now")).to_contain_text("Everything is done.")
    heard = await page.evaluate("window.loomHeard")
    assert heard[-1] == "heard: everything is done."
    assert len(heard) <= len(StageName)
    assert not [text for text in heard if any(letter.isdigit() for letter in text)]


async def test_a_part_that_was_loaded_again_is_what_the_server_made_and_keeps_what_is_the_same(page: Page) -> None:
    assert await page.evaluate(MORPHS, 20_261_123) == 0


@pytest.mark.slow
async def test_a_package_that_is_put_away_can_be_put_back_without_loading_the_page_again(
    hostile: SteeredDaemon, browser: Browser
) -> None:
    async with Stage(hostile, browser).page("/packages/wren") as page:
        await page.get_by_role("button", name="Put it away").click()
        await page.get_by_role("button", name="Put it back among the others").click()
        await expect(page.get_by_role("button", name="Put it away")).to_be_visible()


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
