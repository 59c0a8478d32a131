"""Review before commit, as a person does it: look, tag, search, leave out, go on; and what is then in the package."""

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Page, expect

from tests.browser.hands import Hand
from tests.browser.harness import Stage
from tests.doors.harness import DaemonProcess
from tests.exports import chatgpt_conversation

pytestmark = pytest.mark.slow

LIST = "/packages/wren/conversations"
XSS = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>"
SAID = f"{XSS} **bold** [link](javascript:alert(3)) ![](https://example.org/x.png)\n\n<svg onload=alert(4)>"


def export(names: list[str], text: str = "Tell me of {}") -> bytes:
    start = datetime(2024, 3, 1, 8, tzinfo=UTC)
    return json.dumps(
        [
            chatgpt_conversation(
                name,
                [("user", text.format(name)), ("assistant", f"There are many of the {name}.")],
                start + timedelta(days=number),
                f"About {name}",
            )
            for number, name in enumerate(names)
        ]
    ).encode()


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """A daemon that waits for the review before each commit, with a package for each hand and two more."""
    home = tmp_path_factory.mktemp("review") / "home"
    with DaemonProcess(home, {"LOOM_PAUSE_BEFORE_COMMIT": "true"}) as process:
        process.start().wait_ready()
        names = ["owls", "tides", "bread", "secrets", *(f"topic {n}" for n in range(60))]
        packages = ("wren", "mouse", "keyboard")
        for package in packages:
            process.drop(export(names), "chats.json", package)
        process.drop(export([XSS, "b/../c?d#e"], SAID), "chats.json", "hostile")
        for package in (*packages, "hostile"):
            process.wait_settled(package)
        yield process


def delivered(daemon: DaemonProcess, name: str) -> str:
    """Everything that an export of the package holds, as text."""
    with zipfile.ZipFile(io.BytesIO(daemon.ask("GET", f"/api/packages/{name}/export").body)) as archive:
        return "".join(archive.read(each).decode(errors="replace") for each in archive.namelist())


async def test_a_review_with_bulk_tag_and_search_decides_what_comes_into_the_package(stage: Stage, hand: Hand) -> None:
    async with stage.page(f"/packages/{hand.name}/conversations") as page:
        await expect(page.get_by_text("It brings in 64 conversations.")).to_be_visible()
        await hand.write(page.get_by_label("Words in the title or in one message"), "many bread")
        await hand.press(page.get_by_role("button", name="Show what fits"))
        await expect(page.get_by_role("heading", name="1 conversation", exact=True)).to_be_visible()
        await hand.tick(page.get_by_label("Tick About bread"))
        await hand.write(page.get_by_label("Tag", exact=True).last, "food")
        await hand.press(page.get_by_role("button", name="Set the tag"))
        await expect(page.locator("#conversations .chip", has_text="food")).to_be_visible()
        await hand.choose(page.get_by_label("In the package"), "Included")
        await exclude_all_that_fit(page, hand, "topic")
        await hand.press(page.get_by_role("link", name="Show the messages with these words"))
        await search(page, hand, "don't")
        await expect(page.get_by_text("No message holds all of this")).to_be_visible()
        await search(page, hand, "secrets")
        await hand.press(page.get_by_role("link", name="About secrets").first)
        await hand.press(page.get_by_role("button", name="Exclude from the package"))
        await expect(page.get_by_role("button", name="Include in the package")).to_be_visible()
        await hand.press(page.get_by_role("link", name="Conversations"))
        await expect(page.get_by_text("It brings in 3 conversations.")).to_be_visible()
        await hand.press(page.get_by_role("button", name="Commit what is included, then make memories"))
        await expect(page.get_by_text("What the next commit does")).to_be_hidden()
    stage.daemon.wait_settled(hand.name)
    text = delivered(stage.daemon, hand.name)
    assert [word in text for word in ("owls", "tides", "bread", "secrets", "topic")] == [True, True, True, False, False]


async def exclude_all_that_fit(page: Page, hand: Hand, words: str) -> None:
    await hand.write(page.get_by_label("Words in the title or in one message"), words)
    await hand.press(page.get_by_role("button", name="Show what fits"))
    await hand.tick(page.get_by_label("All 60 that fit, on every page"))
    await hand.press(page.get_by_role("button", name="Exclude", exact=True))
    await expect(page.get_by_text("No conversation fits")).to_be_visible()


async def search(page: Page, hand: Hand, words: str) -> None:
    await hand.write(page.get_by_label("Words"), words)
    await hand.press(page.get_by_role("button", name="Search"))


async def test_a_message_is_edited_and_goes_back_without_a_script(stage: Stage) -> None:
    async with stage.page(f"{LIST}/read?id=owls", java_script_enabled=False) as page:
        await page.get_by_role("link", name="Edit message 1").click()
        await page.get_by_label("What is to stand there").fill("Tell me of eagles")
        await page.get_by_role("button", name="Save the text").click()
        await expect(page.locator(".said-text").first).to_have_text("Tell me of eagles")
        await page.get_by_text("What came", exact=True).click()
        await page.get_by_role("button", name="Go back to what came").click()
        await expect(page.locator(".said-text").first).to_have_text("Tell me of owls")


async def test_the_bulk_bar_works_without_a_script(stage: Stage) -> None:
    async with stage.page(f"{LIST}?text=tides", java_script_enabled=False) as page:
        await page.get_by_label("Tick About tides").check()
        await page.get_by_label("Tag", exact=True).last.fill("sea")
        await page.get_by_role("button", name="Set the tag").click()
        await expect(page.locator("#conversations .chip")).to_have_text("sea")
        await page.get_by_role("link", name="Tags and colours").click()
        await page.get_by_label("Name of the set").fill("Nature")
        await page.locator("#new-tag-1").fill("sea")
        await page.locator("#new-colour-1").select_option("teal")
        await page.get_by_role("button", name="Make the set").click()
        await expect(page.locator('.chip[data-colour="teal"]')).to_have_text("sea (1)")


async def test_nothing_that_was_written_acts_on_any_page(stage: Stage) -> None:
    body = {"choice": {}, "tag": [XSS[:60]]}
    assert stage.daemon.api("POST", "/api/packages/hostile/conversations/change", body=body)["changed"] == 2
    stage.daemon.api("PUT", "/api/packages/hostile/tag-sets", body={"name": XSS[:60], "tags": {XSS[:60]: "red"}})
    async with stage.person() as person:
        page = await stage.enter(person, "/packages/hostile/conversations")
        links = await page.locator("table.conversations tbody th a").evaluate_all("found => found.map(a => a.href)")
        assert len(links) == 2
        for path in (*links, "/packages/hostile/conversations/search?q=bold", "/packages/hostile/conversations/tags"):
            await page.goto(path)
            await expect(page.locator("h1")).to_be_visible()
            assert await page.locator("main img, main script, main [onerror], main [href^='javascript']").count() == 0
        await page.goto(links[0])
        await page.get_by_role("button", name="Exclude from the package").click()
        await expect(page.get_by_role("button", name="Include in the package")).to_be_visible()
