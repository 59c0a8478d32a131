"""Whole stories with a browser in front of the real daemon, as a person would live them: each with either hand."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.hands import Hand
from tests.browser.harness import PATIENCE, Stage, SteeredDaemon
from tests.browser.world import SAMPLE, fresh
from tests.exports import chatgpt_conversation, chatgpt_export

expect.set_options(timeout=PATIENCE)


@pytest.fixture
def steered(tmp_path: Path) -> Iterator[SteeredDaemon]:
    """A daemon of the test's own that can be held, killed and started again."""
    with SteeredDaemon(tmp_path / "home") as process:
        yield process.start().wait_ready()


def two_talks() -> bytes:
    """An export of two conversations, talk-1 and talk-2."""
    day = datetime(2024, 3, 1, tzinfo=UTC)
    talks = [
        chatgpt_conversation(
            f"talk-{number}",
            [("user", f"I moved to Lisbon with Anna, part {number}."), ("assistant", "How was it?")],
            day + timedelta(days=number),
            f"Lisbon {number}",
        )
        for number in (1, 2)
    ]
    return json.dumps(talks).encode()


def step(page: Page, name: str) -> Locator:
    """One of the six stages on the page of a package."""
    return page.locator(f"#step-{name}")


async def hand_in_two_talks(hand: Hand, page: Page) -> None:
    """Give two talks to the first page, and go on to the package that gets them."""
    await hand.hand_in(page, "talks.json", two_talks())
    await hand.press(page.get_by_role("link", name="default", exact=True))


async def test_first_visit_a_file_becomes_a_package_that_is_read_changed_and_taken_out(
    tmp_path: Path, browser: Browser, hand: Hand
) -> None:
    with fresh(tmp_path / "home") as daemon:
        async with Stage(daemon, browser).page("/") as page:
            await expect(page.get_by_text("There is no package yet")).to_be_visible()
            await expect(page.locator("#connection")).to_have_text("Live")
            await hand.write(page.get_by_label("Package that gets them"), "Wren")
            await hand.hand_in(page, "conversations.json", SAMPLE.read_bytes())
            await expect(page.locator("#uploading")).to_contain_text("handed in")
            await hand.press(page.get_by_role("link", name="Wren", exact=True))
            for name in ("upload", "convert", "commit", "significant", "daily", "graph"):
                await expect(step(page, name)).to_have_attribute("data-state", "completed")
            await expect(page.locator("#package-meta")).to_contain_text("25 conversations")
            await expect(page.locator("#files")).to_contain_text("imported")
            await read_a_memory_and_edit_it(hand, page)
            await look_at_the_graph(hand, page)
            await hand.press(page.get_by_role("link", name="Overview"))
            await expect(page.locator("#now")).to_contain_text("Everything is done.")
            async with page.expect_download() as started:
                await hand.press(page.get_by_role("link", name="Download the ZIP"))
            saved = tmp_path / "wren.zip"
            await (await started.value).save_as(saved)
    with zipfile.ZipFile(io.BytesIO(saved.read_bytes())) as archive:
        assert archive.testzip() is None
        assert {"chats.db", "graph.db", "manifest.json"} <= set(archive.namelist())
        memories = [archive.read(name).decode() for name in archive.namelist() if name.startswith("memories/")]
        assert sum("As I tell it myself." in text for text in memories) == 1


async def read_a_memory_and_edit_it(hand: Hand, page: Page) -> None:
    await hand.press(page.get_by_role("link", name="Memories", exact=True))
    await hand.press(page.locator(".memory[data-kind=significant] h4 a").first)
    await hand.press(page.get_by_role("link", name="Message 1 that this rests on").first)
    await expect(page.locator("#wanted")).to_be_attached()
    await page.go_back()
    await hand.press(page.get_by_text("Edit the text"))
    await hand.write(page.get_by_label(re.compile("should remember")), "As I tell it myself.")
    await hand.press(page.get_by_role("button", name="Save the text"))
    await expect(page.locator(".memory-text")).to_contain_text("As I tell it myself.")
    await expect(page.get_by_text("Edited", exact=True)).to_be_visible()
    await hand.press(page.get_by_role("link", name="Wren", exact=True))


async def look_at_the_graph(hand: Hand, page: Page) -> None:
    await hand.press(page.get_by_role("link", name="Graph", exact=True))
    await expect(page.locator("#picture-note")).to_have_text(re.compile(r"\d+ nodes?, \d+ relations?"))
    await hand.press(page.get_by_role("button", name="Closer"))
    node = page.locator("#graph-tables tbody th a").nth(1)
    name = await node.text_content()
    await hand.press(node)
    await expect(page.locator("#node-title")).to_have_text(name or "")


@pytest.mark.slow
async def test_what_fails_is_told_with_its_reason_and_retried(
    steered: SteeredDaemon, browser: Browser, hand: Hand
) -> None:
    steered.steer(fail=["talk-1"])
    async with Stage(steered, browser).page("/") as page:
        await hand_in_two_talks(hand, page)
        failed = page.locator("#failed")
        await expect(failed).to_contain_text("Lisbon 1")
        await expect(failed).to_contain_text("The provider refused talk-1.")
        await expect(page.locator("#package-meta")).to_contain_text("Done, some failed")
        steered.steer()
        await hand.press(failed.get_by_role("button", name="Retry Lisbon 1"))
        await expect(failed).to_have_count(0)
        await expect(step(page, "significant")).to_have_attribute("data-state", "completed")
        await expect(page.locator("#package-meta .badge")).to_have_text("Done")


@pytest.mark.slow
async def test_what_runs_is_stopped_waits_through_a_reload_and_goes_on(
    steered: SteeredDaemon, browser: Browser, hand: Hand
) -> None:
    steered.steer(hold=["talk-2"])
    async with Stage(steered, browser).page("/") as page:
        await hand_in_two_talks(hand, page)
        await expect(page.locator("#now")).to_contain_text("1 of 2 conversations")
        await page.reload()
        await expect(page.locator("#now")).to_contain_text("1 of 2 conversations")
        await hand.press(page.get_by_role("button", name="Stop significant memories"))
        await expect(step(page, "significant")).to_have_attribute("data-state", "aborted")
        await expect(page.locator("#package-meta")).to_contain_text("Waits for you")
        steered.steer()
        await hand.press(page.get_by_role("button", name="Continue significant memories"))
        await expect(page.locator("#now")).to_contain_text("Everything is done.")


@pytest.mark.slow
async def test_a_daemon_that_dies_under_an_open_page_comes_back_repaired_and_the_page_with_it(
    steered: SteeredDaemon, browser: Browser, hand: Hand
) -> None:
    steered.steer(hold=["talk-2"])
    async with Stage(steered, browser).page("/") as page:
        await hand_in_two_talks(hand, page)
        await expect(page.locator("#now")).to_contain_text("1 of 2 conversations")
        steered.kill()
        await expect(page.locator("#connection")).to_contain_text("Connection lost")
        steered.start().wait_ready()
        await expect(page.locator("#connection")).to_have_text("Live")
        await expect(page.locator("#repaired")).to_contain_text("Interrupted and repaired")
        await expect(page.locator("#repaired")).to_contain_text("It goes on by itself")
        steered.steer()
        await expect(page.locator("#now")).to_contain_text("Everything is done.")
        await expect(page.locator("#repaired")).to_have_count(0)
        await hand.press(page.get_by_role("link", name="Packages").first)
        await expect(page.locator("#repairs")).to_contain_text("found broken and repaired")
        await hand.press(page.get_by_role("button", name="I have seen this"))
        await expect(page.locator("#repairs")).to_have_count(0)


@pytest.mark.slow
async def test_a_daemon_told_to_wait_after_a_crash_offers_continue(
    tmp_path: Path, browser: Browser, hand: Hand
) -> None:
    with SteeredDaemon(tmp_path / "home", {"LOOM_RESUME_AT_START": "false"}) as daemon:
        daemon.steer(hold=["talk-2"])
        daemon.start().wait_ready()
        async with Stage(daemon, browser).page("/") as page:
            await hand_in_two_talks(hand, page)
            await expect(page.locator("#now")).to_contain_text("1 of 2 conversations")
            daemon.kill()
            daemon.steer()
            daemon.start().wait_ready()
            await expect(page.locator("#repaired")).to_contain_text("Continue goes on where it stopped")
            await expect(step(page, "significant")).to_have_attribute("data-state", "interrupted")
            await hand.press(page.get_by_role("button", name="Continue significant memories"))
            await expect(page.locator("#now")).to_contain_text("Everything is done.")


@pytest.mark.slow
async def test_a_daemon_that_is_stopped_says_so_on_the_page(steered: SteeredDaemon, browser: Browser) -> None:
    async with Stage(steered, browser).page("/") as page:
        await expect(page.locator("#connection")).to_have_text("Live")
        assert steered.terminate() == 0
        await expect(page.locator("#connection")).to_contain_text("The daemon has stopped")
        steered.start().wait_ready()
        await expect(page.locator("#connection")).to_have_text("Live")


@pytest.mark.slow
async def test_two_tabs_share_one_stream_and_the_second_goes_on_without_the_first(stage: Stage, hand: Hand) -> None:
    package = f"tabs of the {hand.name}"
    async with stage.person() as person:
        asked: list[str] = []
        first = await stage.enter(person)
        await expect(first.locator("#connection")).to_have_text("Live")
        person.on("request", lambda request: asked.append(request.url) if "/api/events" in request.url else None)
        second = await stage.enter(person)
        await expect(second.locator("#connection")).to_have_text("Live")
        await first.bring_to_front()
        await hand.write(first.get_by_label("Package that gets them"), package)
        await hand.hand_in(first, "a.json", chatgpt_export(1))
        for tab in (first, second):
            await expect(tab.get_by_role("article", name=package)).to_contain_text("All six stages are done.")
        assert asked == []
        await first.close()
        await second.bring_to_front()
        await hand.write(second.get_by_label("Package that gets them"), package)
        await hand.hand_in(second, "b.json", two_talks())
        await expect(second.get_by_role("article", name=package)).to_contain_text("3 conversations")
        assert len(asked) == 1


@pytest.mark.slow
async def test_an_upload_that_is_cancelled_leaves_nothing(stage: Stage, hand: Hand) -> None:
    async with stage.page("/") as page:
        await hand.write(page.get_by_label("Package that gets them"), "cancelled")
        # The upload is held by the test, so that there is time to cancel it.
        await page.route("**/api/packages/cancelled/uploads*", lambda _route: None)
        await hand.hand_in(page, "one.json", two_talks())
        await hand.hand_in(page, "two.json", two_talks())
        await hand.press(page.get_by_role("button", name="Cancel the upload of two.json"))
        await hand.press(page.get_by_role("button", name="Cancel the upload of one.json"))
        await expect(page.locator("#uploading")).to_contain_text("cancelled; nothing of it was kept")
        assert stage.daemon.package("cancelled")["uploads"] == []


@pytest.mark.slow
async def test_what_is_refused_is_said_where_it_was_asked(stage: Stage, hand: Hand) -> None:
    async with stage.page("/") as page:
        await hand.press(page.get_by_text("New package…"))
        await hand.write(page.get_by_label("Name", exact=True), "a/b")
        await hand.press(page.get_by_role("button", name="Create the package"))
        await expect(page.locator("#new-package .complaint")).to_contain_text("cannot be the name of a package")
        await hand.write(page.get_by_label("Name", exact=True), f"made with the {hand.name}")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_have_text(f"made with the {hand.name}")


@pytest.mark.slow
async def test_a_package_is_deleted_by_typing_its_name_and_restored(stage: Stage, hand: Hand) -> None:
    stage.daemon.api("POST", "/api/packages", body={"name": "gone soon"})
    async with stage.page("/packages/gone%20soon") as page:
        await hand.press(page.get_by_text("Delete the package…"))
        await hand.write(page.get_by_label("Type the name of the package"), "gone")
        await hand.press(page.get_by_role("button", name="Move gone soon to the trash"))
        await expect(page.locator("#delete .complaint")).to_contain_text("not the one you typed")
        await hand.write(page.get_by_label("Type the name of the package"), "gone soon")
        await hand.press(page.get_by_role("button", name="Move gone soon to the trash"))
        await expect(page.get_by_role("heading", level=1)).to_have_text("Packages")
        await expect(page.get_by_role("link", name="gone soon")).to_have_count(0)
        await hand.press(page.get_by_role("link", name="Settings"))
        await hand.press(page.get_by_role("button", name="Restore gone soon"))
        await expect(page.get_by_role("heading", level=1)).to_have_text("gone soon")
