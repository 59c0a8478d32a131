"""What a package does after a crash: goes on, asks, or holds still."""

from contextlib import closing
from pathlib import Path

import pytest

from packages_store.config import AfterCrash, PackageConfig
from packages_store.model import StageName, StageStatus
from tests.builders import OWNER, shelf_in
from tests.daemons import working_daemon
from tests.exports import chatgpt_export


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
