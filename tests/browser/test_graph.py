"""The graph on the page: the picture and the tables, one node, changed by hand and taken back; also without a mouse."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.harness import Stage, assert_accessible
from tests.doors.harness import DaemonProcess, loom

pytestmark = pytest.mark.slow

SAMPLE = Path(__file__).resolve().parents[2] / "examples" / "sample-export" / "conversations.json"


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
        await assert_accessible(page)


async def test_a_node_is_renamed_and_the_change_is_taken_back(imported: Stage) -> None:
    async with imported.page("/packages/wren/graph") as page:
        await drawn(page)
        link = page.locator("#graph-tables tbody th a").nth(1)
        name = await link.text_content()
        assert name is not None
        await link.click()
        await expect(page.locator("#node-title")).to_have_text(name)

        await page.get_by_text("Change it").click()
        await page.locator("#rename-text").fill("Somebody else")
        await page.get_by_role("button", name="Rename").click()
        await expect(page.locator("#node-title")).to_have_text("Somebody else")

        await page.get_by_role("button", name="Undo this change").click()
        await expect(page.locator("#graph-tables")).to_contain_text(name)
        await expect(page.locator("#graph-tables")).not_to_contain_text("Somebody else")


async def test_with_the_keyboard_alone_a_node_is_found_and_followed_to_a_message(imported: Stage) -> None:
    async with imported.page("/packages/wren/graph") as page:
        await drawn(page)
        await page.locator("#picture").focus()
        for key in ("ArrowLeft", "+", "-", "0"):
            await page.keyboard.press(key)
        await page.locator("#field-q").focus()
        await page.keyboard.type("a")
        await page.keyboard.press("Enter")
        await page.locator("#graph-tables tbody th a").first.focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("#node-title")).to_be_visible()
        memory = page.locator("#node details a").first
        await memory.evaluate("(link) => { link.closest('details').open = true; }")
        await memory.focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="What it rests on")).to_be_visible()
        await page.locator(".rests a").first.focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("#wanted")).to_be_attached()
