"""The incident: Entity Loom died in the middle of a stage, and every restart showed work that did not happen.

Real packages of 338 conversations, real daemon processes.
"""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.doors.harness import DaemonProcess, loom, running
from tests.entity_loom import ForeignPackage

pytestmark = pytest.mark.usefixtures("unmeasured")

INCIDENTS = [
    # The short run has each version once.
    ("significant", 2),
    ("graph", 1),
    *(
        pytest.param(*each, marks=pytest.mark.slow)
        for each in (("significant", 1), ("daily", 1), ("daily", 2), ("graph", 2))
    ),
]
WAITING = {"LOOM_RESUME_AT_START": "false"}
"""A daemon that repairs and then waits for Continue, so that a test can look at what the repair made."""


def incident(home: Path, stage: str = "significant", version: int = 2, status: str = "running") -> ForeignPackage:
    """A package as Entity Loom left it, in a home that no daemon has seen."""
    package = ForeignPackage(stage=stage, version=version, status=status)
    (home / "packages").mkdir(parents=True)
    package.write(home / "packages/gemini")
    return package


def files(home: Path) -> dict[str, tuple[bytes, int]]:
    """The memory files there are, with their content and the time they were last changed."""
    found = sorted((home / "packages/gemini/memories").glob("*/*.md"))
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in found}


def stage_in(detail: dict[str, Any], name: str) -> dict[str, Any]:
    """One stage of what the API or the command line tells of a package."""
    return next(stage for stage in detail["stages"] if stage["name"] == name)


def attempts(home: Path, stage: str) -> dict[str, int]:
    """How often each item of a stage was worked on by us."""
    with closing(sqlite3.connect(home / "packages/gemini/ledger.db")) as ledger:
        return dict(ledger.execute("SELECT id, attempts FROM items WHERE stage = ?", (stage,)).fetchall())


@pytest.mark.parametrize(("stage", "version"), INCIDENTS)
def test_before_any_work_the_stale_stage_is_aborted_and_keeps_its_items(
    tmp_path: Path, stage: str, version: int
) -> None:
    package = incident(tmp_path, stage, version)
    ids = package.ids(tmp_path / "packages/gemini", stage)
    processed, failed = ids[:101], ids[101:104] if version == 2 or stage != "graph" else []
    before = files(tmp_path)

    with running(tmp_path, WAITING) as daemon:
        on_disk = json.loads((tmp_path / "packages/gemini/checkpoint.json").read_bytes())["stages"][stage]
        over_http = stage_in(daemon.package("gemini"), stage)
        on_command_line = stage_in(loom(tmp_path, "status", "gemini", "--json").json, stage)
        repairs = daemon.api("GET", "/api/repairs")

    assert (on_disk["status"], on_disk["completed"]) == ("aborted", False)
    assert (on_disk["processedItems"], on_disk["failedItems"]) == (processed, failed)
    for told in (over_http, on_command_line):
        assert (told["status"], told["completed"], told["processed"]) == ("aborted", False, 101)
        assert (told["processed_items"], told["failed_items"]) == (processed, failed)
        assert "continue" in told["actions"]
    assert [(repair["subject"], repair["processed"]) for repair in repairs] == [(stage, 101)]
    assert files(tmp_path) == before


@pytest.mark.parametrize(("stage", "version"), INCIDENTS)
def test_then_the_rest_is_done_and_nothing_of_what_was_done_is_touched(
    tmp_path: Path, stage: str, version: int
) -> None:
    package = incident(tmp_path, stage, version)
    ids = package.ids(tmp_path / "packages/gemini", stage)
    before = files(tmp_path)

    with running(tmp_path) as daemon:
        detail = daemon.wait_settled("gemini", uploads=0)
        story = list(daemon.lines)

    told = stage_in(detail, stage)
    assert [each["status"] for each in detail["stages"]] == ["completed"] * 6
    assert told["processed_items"][:101] == ids[:101]
    assert told["failed_items"] == []
    if stage == "graph":
        view = json.loads((tmp_path / "packages/gemini/checkpoint.json").read_bytes())["stages"]["graph"]
        assert sorted(view["processedItems"]) == sorted(ids)
    else:
        assert sorted(told["processed_items"]) == sorted(ids)
        worked_on = attempts(tmp_path, stage)
        assert {worked_on[item] for item in ids[:101]} == {0}
        assert {worked_on[item] for item in ids[101:]} == {1}
    after = files(tmp_path)
    assert {path: after[path] for path in before} == before
    repaired = next(number for number, line in enumerate(story) if "repaired" in line)
    started = next(number for number, line in enumerate(story) if "stage started" in line)
    assert repaired < started


@pytest.mark.parametrize(
    "stage",
    ["graph", pytest.param("significant", marks=pytest.mark.slow), pytest.param("daily", marks=pytest.mark.slow)],
)
def test_a_stage_the_person_aborted_waits_for_continue_through_every_restart(tmp_path: Path, stage: str) -> None:
    package = incident(tmp_path, stage, status="aborted")
    ids = package.ids(tmp_path / "packages/gemini", stage)

    with DaemonProcess(tmp_path) as daemon:
        for _restart in range(2):
            detail = daemon.start().wait_ready().wait_settled("gemini", uploads=0)
            told = stage_in(detail, stage)
            assert (told["status"], told["completed"], told["processed"]) == ("aborted", False, 101)
            assert told["processed_items"] == ids[:101]
            assert "Continue" in detail["waits_for"]
            daemon.kill()
        daemon.start().wait_ready()
        daemon.api("POST", "/api/packages/gemini/resume", body={})
        detail = daemon.wait_settled("gemini", uploads=0)

    assert [each["status"] for each in detail["stages"]] == ["completed"] * 6


def test_the_key_in_the_old_config_leaves_the_package_and_is_kept_private(tmp_path: Path) -> None:
    incident(tmp_path, "graph")

    with running(tmp_path) as daemon:
        daemon.wait_settled("gemini", uploads=0)

    secret = b"sk-CANARY-0123456789abcdef"
    holders = [path for path in tmp_path.rglob("*") if path.is_file() and secret in path.read_bytes()]
    assert holders == [tmp_path / "secrets/packages/gemini.json"]
    assert holders[0].stat().st_mode & 0o777 == 0o600
    assert "sk-CANARY" not in daemon.output


def test_the_person_may_look_without_a_daemon_and_sees_the_same(tmp_path: Path) -> None:
    incident(tmp_path)

    told = stage_in(loom(tmp_path, "status", "gemini", "--json").json, "significant")

    assert (told["status"], told["processed"], told["failed"]) == ("aborted", 101, 3)
