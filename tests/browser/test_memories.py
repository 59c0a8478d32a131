"""Memories on the page: from the calendar to one of them, to what it rests on; edited, deleted, restored."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

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


async def test_a_memory_is_found_followed_to_its_evidence_edited_deleted_and_restored(imported: Stage) -> None:
    async with imported.page("/packages/wren/memories") as page:
        await expect(page.get_by_role("heading", name="Calendar")).to_be_visible()
        await assert_accessible(page)
        await page.get_by_label("Kind").select_option("Daily")
        await page.get_by_role("button", name="Show what fits").click()
        await page.locator(".memory a").first.click()

        await expect(page.get_by_role("heading", name="What it rests on")).to_be_visible()
        await assert_accessible(page)
        here = page.url
        await page.locator(".rests a").first.click()
        await expect(page.locator("#wanted")).to_be_attached()

        await page.goto(here)
        await page.get_by_text("Edit the text").click()
        await page.get_by_label(re.compile("should remember")).fill("- A day that I tell myself.")
        await page.get_by_role("button", name="Save the text").click()
        await expect(page.locator(".memory-text")).to_contain_text("A day that I tell myself.")
        await expect(page.get_by_text("Edited", exact=True)).to_be_visible()

        await page.get_by_text("Delete", exact=True).click()
        await page.get_by_role("button", name="Delete this memory").click()
        await expect(page.get_by_role("heading", name="Deleted memories")).to_be_visible()
        await assert_accessible(page)
        await page.get_by_role("button", name=re.compile("^Restore")).first.click()
        await expect(page.get_by_role("heading", name="What it rests on")).to_be_visible()
        await expect(page.locator(".memory-text")).to_contain_text("A day that I tell myself.")


async def test_a_day_of_the_calendar_shows_its_memories_and_what_was_said(imported: Stage) -> None:
    async with imported.page("/packages/wren/memories") as page:
        await page.get_by_text("Month by month").click()
        await page.locator("tbody th a").first.click()
        await expect(page.get_by_role("heading", name=re.compile(r"memor(y|ies) of \d{4}-\d\d"))).to_be_visible()
        await page.get_by_role("link", name=re.compile(r"^The [\d,]+ messages? of")).click()
        await expect(page.get_by_role("heading", name=re.compile("conversations?$"))).to_be_visible()


async def test_what_is_held_back_is_a_page_that_teaches_what_it_is_for(imported: Stage) -> None:
    async with imported.page("/packages/wren/memories/held-back") as page:
        await expect(page.get_by_role("heading", name="Held back")).to_be_visible()
        await assert_accessible(page)
