"""What a package does after a crash: goes on, asks, or holds still."""

from contextlib import closing
from pathlib import Path

import pytest

from packages_store.config import AfterCrash, PackageConfig
from packages_store.model import StageName, StageStatus
from tests.builders import OWNER, shelf_in
from tests.daemon.web.door import door
from tests.daemons import working_daemon
from tests.doors.harness import loom, running
from tests.exports import chatgpt_export

OURS = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}


async def crashed(home: Path, after_crash: AfterCrash) -> None:
    """A home whose package is done but for `daily`, in which the daemon died."""
    export = home.parent / "chats.json"
    export.write_bytes(chatgpt_export(3))
    async with working_daemon(home) as daemon:
        await daemon.create("wren", PackageConfig(after_crash=after_crash))
        await daemon.hand_in("wren", export, export.name)
        await daemon.settled("wren")
    with closing(shelf_in(home)) as shelf:
        progress = shelf.get("wren").progress
        progress.request(StageName.DAILY)
        progress.begin(StageName.DAILY, OWNER)


async def test_it_goes_on_by_itself_unless_told_otherwise(tmp_path: Path) -> None:
    await crashed(tmp_path / "home", "resume")

    async with working_daemon(tmp_path / "home") as daemon:
        assert (await daemon.settled("wren")).state == "done"


@pytest.mark.parametrize("after_crash", ["ask", "hold"])
async def test_it_waits_for_continue_and_then_goes_on(tmp_path: Path, after_crash: AfterCrash) -> None:
    await crashed(tmp_path / "home", after_crash)

    async with working_daemon(tmp_path / "home") as daemon:
        waiting = await daemon.settled("wren")
        assert waiting.state == "waiting"
        assert waiting.waits_for is not None
        assert waiting.waits_for.startswith("Continue: daily was interrupted by a crash")

        await daemon.resume("wren")

        assert (await daemon.settled("wren")).state == "done"


@pytest.mark.parametrize(("after_crash", "imported"), [("ask", True), ("hold", False)])
async def test_new_files_are_imported_when_it_asks_and_not_when_it_holds(
    tmp_path: Path, after_crash: AfterCrash, imported: bool
) -> None:
    await crashed(tmp_path / "home", after_crash)
    export = tmp_path / "more.json"
    export.write_bytes(chatgpt_export(2, seed=7))

    async with working_daemon(tmp_path / "home") as daemon:
        await daemon.hand_in("wren", export, export.name)
        detail = await daemon.settled("wren")

        assert detail.state == "waiting"
        assert (detail.uploads[-1].outcome == "imported") == imported
        daily = next(stage for stage in detail.stages if stage.name == StageName.DAILY)
        assert daily.status == StageStatus.ABORTED

        await daemon.resume_all()

        assert (await daemon.settled("wren")).state == "done"


# --- where it is set -------------------------------------------------------------------------------------------------


async def test_it_is_set_on_the_page_and_by_the_api(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.browser() as (browser, token), opened.program() as program:
        await opened.daemon.create("wren")
        form = {"token": token, "after_crash": "hold"}
        done = await browser.post("/actions/packages/wren/settings", data=form, headers=OURS)
        assert done.status_code == 303
        assert (await program.get("/api/packages/wren/settings")).json()["settings"]["after_crash"] == "hold"

        answer = await program.put("/api/packages/wren/settings", json={"after_crash": "ask"})

        assert answer.json()["changed"] == ["after_crash"]
        assert '<option value="ask" selected>' in (await browser.get("/packages/wren")).text


@pytest.mark.slow
def test_it_is_set_by_a_command_with_and_without_a_daemon(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running(home) as daemon:
        daemon.api("POST", "/api/packages", body={"name": "wren"})
        told = loom(home, "settings", "wren", "after_crash=ask", "user_name=Ann", "--json")
        assert (told.code, told.json["changed"]) == (0, ["after_crash", "user_name"])
        assert daemon.api("GET", "/api/packages/wren/settings")["settings"]["after_crash"] == "ask"
        assert daemon.terminate() == 0

    changed = loom(home, "settings", "wren", "after_crash=hold", "pause_before_commit=yes")
    refused = loom(home, "settings", "wren", "after_crash=never")
    unknown = loom(home, "settings", "wren", "api_key=x")
    shown = loom(home, "settings", "wren")

    assert "after_crash = hold  (changed)" in changed.stdout
    assert (refused.code, unknown.code) == (2, 2)
    assert "after_crash: Input should be 'resume', 'ask' or 'hold'" in refused.stderr
    assert "there are entity_name" in unknown.stderr
    lines = shown.stdout.splitlines()
    assert {"after_crash = hold", "user_name = Ann", "pause_before_commit = True"} <= set(lines)
