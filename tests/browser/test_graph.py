"""The graph on the page: the picture and the tables, one node, changed by hand and taken back."""

import re
from functools import partial

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.hands import Hand, Keyboard
from tests.browser.harness import Stage
from tests.browser.world import SAMPLE
from tests.doors.harness import DaemonProcess, loom

pytestmark = pytest.mark.slow

CHANGED = """(canvas, before) => new Promise((done) => {
    const look = () => (canvas.toDataURL() === before ? requestAnimationFrame(look) : done());
    look();
})"""


@pytest.fixture(scope="module")
def sampled(daemon: DaemonProcess) -> DaemonProcess:
    """The daemon of the module, with the sample imported as `wren`."""
    assert loom(daemon.home, "import", SAMPLE, "--package", "wren").code == 0
    return daemon


@pytest.fixture
def imported(sampled: DaemonProcess, browser: Browser) -> Stage:
    return Stage(sampled, browser)


async def drawn(page: Page) -> None:
    await expect(page.locator("#picture-note")).to_have_text(re.compile(r"\d+ nodes?, \d+ relations?"))


async def test_the_picture_is_drawn_and_says_the_same_as_the_tables(imported: Stage) -> None:
    async with imported.page("/packages/wren/graph?whole=true") as page:
        await drawn(page)
        note = await page.locator("#picture-note").text_content()
        rows = await page.locator("#graph-tables tbody tr").count()
        assert note is not None
        assert int(note.split()[0].replace(",", "")) == rows
        blank = "(c) => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.every((value) => value === 0)"
        assert not await page.locator("#picture").evaluate(blank)


async def test_a_node_is_renamed_and_the_change_is_taken_back(imported: Stage, hand: Hand) -> None:
    async with imported.page("/packages/wren/graph") as page:
        await drawn(page)
        link = page.locator("#graph-tables tbody th a").nth(1)
        name = await link.text_content()
        assert name is not None
        await hand.press(link)
        await expect(page.locator("#node-title")).to_have_text(name)

        await hand.press(page.get_by_text("Change it"))
        await hand.write(page.locator("#rename-text"), "Somebody else")
        await hand.press(page.get_by_role("button", name="Rename"))
        await expect(page.locator("#node-title")).to_have_text("Somebody else")

        await hand.press(page.get_by_role("button", name="Undo this change"))
        await expect(page.locator("#graph-tables")).to_contain_text(name)
        await expect(page.locator("#graph-tables")).not_to_contain_text("Somebody else")


async def test_a_node_is_found_by_a_word_and_followed_to_a_message(imported: Stage, hand: Hand) -> None:
    async with imported.page("/packages/wren/graph") as page:
        await drawn(page)
        await hand.write(page.get_by_label("Words"), "a")
        await hand.choose(page.get_by_label("Type", exact=True), "person")
        await hand.press(page.get_by_role("button", name="Show what fits"))
        await hand.press(page.locator("#graph-tables tbody th a").first)
        await expect(page.locator("#node-title")).to_be_visible()
        memories = page.locator("#node details").first
        if await memories.get_attribute("open") is None:
            await hand.press(memories.locator("summary"))
        await hand.press(memories.get_by_role("link").first)
        await expect(page.get_by_role("heading", name="What it rests on")).to_be_visible()
        await hand.press(page.locator(".rests a").first)
        await expect(page.locator("#wanted")).to_be_attached()


async def test_the_picture_is_moved_with_keys_and_with_a_click_as_well_as_by_dragging(imported: Stage) -> None:
    async with imported.page("/packages/wren/graph") as page:
        await drawn(page)
        picture = page.locator("#picture")
        await Keyboard().go_to(picture)
        keys = [partial(page.keyboard.press, key) for key in ("ArrowLeft", "+", "0")]
        for move in (*keys, partial(picture.click, position={"x": 20, "y": 200})):
            before = await picture.evaluate("(canvas) => canvas.toDataURL()")
            await move()
            await picture.evaluate(CHANGED, before)
