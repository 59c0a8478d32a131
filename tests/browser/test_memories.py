"""Memories on the page: from the calendar to one of them, to what it rests on; edited, deleted, restored."""

import re

import pytest
from playwright.async_api import Browser, expect

from tests.browser.hands import Hand
from tests.browser.harness import Stage
from tests.browser.world import SAMPLE
from tests.doors.harness import DaemonProcess, loom

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sampled(daemon: DaemonProcess) -> DaemonProcess:
    """The daemon of the module, with the sample imported as `wren`."""
    assert loom(daemon.home, "import", SAMPLE, "--package", "wren").code == 0
    return daemon


@pytest.fixture
def imported(sampled: DaemonProcess, browser: Browser) -> Stage:
    return Stage(sampled, browser)


async def test_a_memory_is_found_followed_to_its_evidence_edited_deleted_and_restored(
    imported: Stage, hand: Hand
) -> None:
    told = f"A day that I tell myself, with the {hand.name}."
    async with imported.page("/packages/wren/memories") as page:
        await expect(page.get_by_role("heading", name="Calendar")).to_be_visible()
        await hand.choose(page.get_by_label("Kind"), "Daily")
        await hand.press(page.get_by_role("button", name="Show what fits"))
        await hand.press(page.locator(".memory a").first)

        await expect(page.get_by_role("heading", name="What it rests on")).to_be_visible()
        await hand.press(page.locator(".rests a").first)
        await expect(page.locator("#wanted")).to_be_attached()

        await page.go_back()
        await hand.press(page.get_by_text("Edit the text"))
        await hand.write(page.get_by_label(re.compile("should remember")), f"- {told}")
        await hand.press(page.get_by_role("button", name="Save the text"))
        await expect(page.locator(".memory-text")).to_contain_text(told)
        await expect(page.get_by_text("Edited", exact=True)).to_be_visible()

        await hand.press(page.get_by_text("Delete", exact=True))
        await hand.press(page.get_by_role("button", name="Delete this memory"))
        await expect(page.get_by_role("heading", name="Deleted memories")).to_be_visible()
        await hand.press(page.get_by_role("button", name=re.compile("^Restore")).first)
        await expect(page.get_by_role("heading", name="What it rests on")).to_be_visible()
        await expect(page.locator(".memory-text")).to_contain_text(told)


async def test_a_day_of_the_calendar_shows_its_memories_and_what_was_said(imported: Stage, hand: Hand) -> None:
    async with imported.page("/packages/wren/memories") as page:
        await hand.press(page.get_by_text("Month by month"))
        await hand.press(page.locator("tbody th a").first)
        await expect(page.get_by_role("heading", name=re.compile(r"memor(y|ies) of \d{4}-\d\d"))).to_be_visible()
        await hand.press(page.get_by_role("link", name=re.compile(r"^The [\d,]+ messages? of")))
        await expect(page.get_by_role("heading", name=re.compile("conversations?$"))).to_be_visible()
