"""Folders of packages, and files in them, that somebody moves, copies or deletes while the daemon runs."""

import shutil
from pathlib import Path

import anyio
import pytest

from daemon.app import Daemon
from daemon.events import PackageSettled
from packages_store.model import StageName, StageStatus
from tests.daemons import working_daemon
from tests.entity_loom import ForeignPackage
from tests.exports import chatgpt_export


async def import_into(daemon: Daemon, name: str, folder: Path) -> None:
    """Import three conversations into a package, to the end."""
    export = folder / "conversations.json"
    export.write_bytes(chatgpt_export(3))
    await daemon.hand_in(name, export, export.name)
    assert (await daemon.settled(name)).state == "done"


async def test_a_package_that_is_copied_in_while_the_daemon_runs_goes_on_by_itself(tmp_path: Path) -> None:
    ForeignPackage(conversations=6, memories=2, done=2, failed=0).write(tmp_path / "wren")

    async with working_daemon(tmp_path / "home") as daemon:
        with daemon.events.listen_to_all() as events, anyio.fail_after(60):
            daemon.paths.packages.mkdir(exist_ok=True)
            shutil.move(tmp_path / "wren", daemon.paths.packages / "wren")
            async for _number, event in events:
                if isinstance(event, PackageSettled) and event.package == "wren":
                    break
        detail = await daemon.package("wren")

    assert [repair.subject for repair in detail.repairs] == ["significant"]
    assert detail.state == "done"
    assert {stage.status for stage in detail.stages} == {StageStatus.COMPLETED}


@pytest.mark.parametrize("name", ["chats.db", "graph.db"])
async def test_a_deliverable_that_is_deleted_while_it_is_open_is_written_again(tmp_path: Path, name: str) -> None:
    async with working_daemon(tmp_path / "home") as daemon:
        await import_into(daemon, "wren", tmp_path)
        stages = {"chats.db": StageName.COMMIT, "graph.db": StageName.GRAPH}
        await daemon.read("wren", lambda package: package.chats.conversation_ids())
        lost = daemon.paths.package("wren").root / name
        lost.unlink()

        await daemon.change("wren", "settings", lambda package: package.progress.request(stages[name]))
        await daemon.settled("wren")
        await daemon.read("wren", lambda package: package.close())

        assert (await daemon.package("wren")).state == "done"
        assert lost.exists()


async def test_what_is_handed_in_under_the_name_of_a_folder_that_was_renamed_makes_a_new_package(
    tmp_path: Path,
) -> None:
    async with working_daemon(tmp_path / "home") as daemon:
        await import_into(daemon, "wren", tmp_path)
        daemon.paths.package("wren").root.rename(daemon.paths.package("robin").root)

        await import_into(daemon, "wren", tmp_path)

        for name in ("wren", "robin"):
            detail = await daemon.package(name)
            assert [upload.outcome for upload in detail.uploads] == ["imported"]
            assert detail.conversations == 3
