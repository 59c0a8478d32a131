"""Deleting and restoring packages, over HTTP and on the command line, with a daemon and without."""

from pathlib import Path

import pytest

from tests.doors.harness import DaemonProcess, loom
from tests.exports import chatgpt_export


@pytest.mark.slow
def test_a_deleted_package_stays_away_although_its_files_lie_in_the_drop_folder(daemon: DaemonProcess) -> None:
    daemon.drop(chatgpt_export(2), "chats.json", "wren")
    before = daemon.wait_settled("wren")

    trashed = daemon.api("DELETE", "/api/packages/wren")
    daemon.drop(chatgpt_export(1, seed=1), "other.json", "juno")
    daemon.wait_settled("juno")

    assert daemon.ask("GET", "/api/packages/wren").status == 404
    assert [each["name"] for each in daemon.api("GET", "/api/packages")] == ["juno"]
    assert [path.name for path in (daemon.home / "archive/wren").rglob("*.json")] == ["chats.json"]
    assert daemon.api("GET", "/api/trash") == [trashed]

    daemon.api("POST", f"/api/trash/{trashed['id']}/restore")
    after = daemon.wait_settled("wren")
    assert [stage["processed"] for stage in after["stages"]] == [stage["processed"] for stage in before["stages"]]
    assert after["state"] == "done"


@pytest.mark.slow
def test_the_command_line_deletes_what_is_meant_and_restores_it(home: Path, sample: Path) -> None:
    assert loom(home, "import", "--package", "wren", sample).code == 0

    refused = loom(home, "delete", "wren")
    assert refused.code != 0
    assert "--yes" in refused.stderr
    deleted = loom(home, "delete", "wren", "--yes", "--json").json
    assert not (home / "packages/wren").exists()
    assert deleted["id"] in loom(home, "restore").stdout
    assert loom(home, "restore", deleted["id"]).stdout == "wren is back.\n"
    assert loom(home, "status", "wren", "--json").json["conversations"] == 25
    assert loom(home, "restore").stdout == "The trash is empty.\n"
