"""Whole stories with a browser in front of the real daemon, as a person would live them."""

import base64
import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.harness import PATIENCE, Stage, SteeredDaemon
from tests.exports import chatgpt_conversation, chatgpt_export

expect.set_options(timeout=PATIENCE)

SAMPLE = Path(__file__).resolve().parents[2] / "examples/sample-export/conversations.json"
DROP = """([name, base64]) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], name));
    for (const kind of ["dragenter", "dragover", "drop"]) {
        document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
    }
}"""


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


async def drop(page: Page, name: str, data: bytes) -> None:
    """Drag a file onto the page and let go."""
    await page.evaluate(DROP, [name, base64.b64encode(data).decode()])


async def test_first_visit_a_file_dropped_on_the_page_becomes_a_package_that_can_be_downloaded(
    stage: Stage, tmp_path: Path
) -> None:
    async with stage.page("/") as page:
        await expect(page.get_by_text("There is no package yet")).to_be_visible()
        await expect(page.locator("#connection")).to_have_text("Live")
        await page.get_by_label("Package that gets them").fill("Wren")
        await drop(page, "conversations.json", SAMPLE.read_bytes())
        await expect(page.locator("#uploading")).to_contain_text("handed in")
        await page.get_by_role("link", name="Wren", exact=True).click()
        for name in ("upload", "convert", "commit", "significant", "daily", "graph"):
            await expect(step(page, name)).to_have_attribute("data-state", "completed")
        await expect(page.locator("#package-meta")).to_contain_text("25 conversations")
        await expect(page.locator("#files")).to_contain_text("imported")
        async with page.expect_download() as started:
            await page.get_by_role("link", name="Download the ZIP").click()
        saved = tmp_path / "wren.zip"
        await (await started.value).save_as(saved)
    with zipfile.ZipFile(io.BytesIO(saved.read_bytes())) as archive:
        assert archive.testzip() is None
        assert {"chats.db", "graph.db", "manifest.json"} <= set(archive.namelist())


@pytest.mark.slow
async def test_what_fails_is_told_with_its_reason_and_retried(steered: SteeredDaemon, browser: Browser) -> None:
    steered.steer(fail=["talk-1"])
    async with Stage(steered, browser).page("/") as page:
        await drop(page, "talks.json", two_talks())
        await page.get_by_role("link", name="default", exact=True).click()
        failed = page.locator("#failed")
        await expect(failed).to_contain_text("Lisbon 1")
        await expect(failed).to_contain_text("The provider refused talk-1.")
        await expect(page.locator("#package-meta")).to_contain_text("Done, some failed")
        steered.steer()
        await failed.get_by_role("button", name="Retry Lisbon 1").click()
        await expect(failed).to_have_count(0)
        await expect(step(page, "significant")).to_have_attribute("data-state", "completed")
        await expect(page.locator("#package-meta .badge")).to_have_text("Done")


@pytest.mark.slow
async def test_what_runs_is_stopped_waits_through_a_reload_and_goes_on(
    steered: SteeredDaemon, browser: Browser
) -> None:
    steered.steer(hold=["talk-2"])
    async with Stage(steered, browser).page("/") as page:
        await drop(page, "talks.json", two_talks())
        await page.get_by_role("link", name="default", exact=True).click()
        await expect(page.locator("#now")).to_contain_text("1 of 2 conversations")
        await page.reload()
        await expect(page.locator("#now")).to_contain_text("1 of 2 conversations")
        await page.get_by_role("button", name="Stop significant memories").click()
        await expect(step(page, "significant")).to_have_attribute("data-state", "aborted")
        await expect(page.locator("#package-meta")).to_contain_text("Waits for you")
        steered.steer()
        await page.get_by_role("button", name="Continue significant memories").click()
        await expect(page.locator("#now")).to_contain_text("Everything is done.")


@pytest.mark.slow
async def test_a_daemon_that_dies_under_an_open_page_comes_back_repaired_and_the_page_with_it(
    steered: SteeredDaemon, browser: Browser
) -> None:
    steered.steer(hold=["talk-2"])
    async with Stage(steered, browser).page("/") as page:
        await drop(page, "talks.json", two_talks())
        await page.get_by_role("link", name="default", exact=True).click()
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
        await page.get_by_role("link", name="Packages").first.click()
        await expect(page.locator("#repairs")).to_contain_text("found broken and repaired")
        await page.get_by_role("button", name="I have seen this").click()
        await expect(page.locator("#repairs")).to_have_count(0)


@pytest.mark.slow
async def test_a_daemon_told_to_wait_after_a_crash_offers_continue(tmp_path: Path, browser: Browser) -> None:
    with SteeredDaemon(tmp_path / "home", {"LOOM_RESUME_AT_START": "false"}) as daemon:
        daemon.steer(hold=["talk-2"])
        daemon.start().wait_ready()
        async with Stage(daemon, browser).page("/") as page:
            await drop(page, "talks.json", two_talks())
            await page.get_by_role("link", name="default", exact=True).click()
            await expect(page.locator("#now")).to_contain_text("1 of 2 conversations")
            daemon.kill()
            daemon.steer()
            daemon.start().wait_ready()
            await expect(page.locator("#repaired")).to_contain_text("Continue goes on where it stopped")
            await expect(step(page, "significant")).to_have_attribute("data-state", "interrupted")
            await page.get_by_role("button", name="Continue significant memories").click()
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
async def test_two_tabs_share_one_stream_and_the_second_goes_on_without_the_first(stage: Stage) -> None:
    async with stage.person() as person:
        asked: list[str] = []
        first = await stage.enter(person)
        await expect(first.locator("#connection")).to_have_text("Live")
        person.on("request", lambda request: asked.append(request.url) if "/api/events" in request.url else None)
        second = await stage.enter(person)
        await expect(second.locator("#connection")).to_have_text("Live")
        stage.daemon.api("POST", "/api/packages", body={"name": "tabs"})
        stage.daemon.api("PUT", "/api/packages/tabs/uploads?name=a.json", content=chatgpt_export(1))
        for tab in (first, second):
            await expect(tab.locator("#package-tabs")).to_contain_text("All six stages are done.")
        assert asked == []
        await first.close()
        stage.daemon.api("PUT", "/api/packages/tabs/uploads?name=b.json", content=two_talks())
        await expect(second.locator("#package-tabs")).to_contain_text("3 conversations")
        assert len(asked) == 1


@pytest.mark.slow
async def test_an_upload_that_is_cancelled_leaves_nothing(stage: Stage) -> None:
    async with stage.page("/") as page:
        await page.get_by_label("Package that gets them").fill("cancelled")
        # The upload is held by the test, so that there is time to cancel it.
        await page.route("**/api/packages/cancelled/uploads*", lambda _route: None)
        await drop(page, "one.json", two_talks())
        await drop(page, "two.json", two_talks())
        await page.get_by_role("button", name="Cancel the upload of two.json").click()
        await page.get_by_role("button", name="Cancel the upload of one.json").click()
        await expect(page.locator("#uploading")).to_contain_text("cancelled; nothing of it was kept")
        assert stage.daemon.package("cancelled")["uploads"] == []


@pytest.mark.slow
async def test_what_is_refused_is_said_where_it_was_asked(stage: Stage) -> None:
    async with stage.page("/") as page:
        await page.get_by_text("New package…").click()
        await page.get_by_label("Name", exact=True).fill("a/b")
        await page.get_by_role("button", name="Create the package").click()
        await expect(page.locator("#new-package .complaint")).to_contain_text("cannot be the name of a package")
        await page.get_by_label("Name", exact=True).fill("made here")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_have_text("made here")


@pytest.mark.slow
async def test_a_package_is_deleted_by_typing_its_name_and_restored(stage: Stage) -> None:
    stage.daemon.api("POST", "/api/packages", body={"name": "gone soon"})
    async with stage.page("/packages/gone%20soon") as page:
        await page.get_by_text("Delete the package…").click()
        await page.get_by_label("Type the name of the package").fill("gone")
        await page.get_by_role("button", name="Move gone soon to the trash").click()
        await expect(page.locator("#delete .complaint")).to_contain_text("not the one you typed")
        await page.get_by_label("Type the name of the package").fill("gone soon")
        await page.get_by_role("button", name="Move gone soon to the trash").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Packages")
        await expect(page.get_by_role("link", name="gone soon")).to_have_count(0)
        await page.get_by_role("link", name="Settings").click()
        await page.get_by_role("button", name="Restore gone soon").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("gone soon")
