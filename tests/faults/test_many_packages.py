"""Many stale packages: repaired by processes of their own, and still before anything else."""

import json
import shutil
from pathlib import Path

import pytest

from packages_store.model import StageName, WorkItem
from tests.builders import OWNER, package_in
from tests.doors.harness import DaemonProcess, until

pytestmark = pytest.mark.usefixtures("unmeasured")

COUNT = 250
WAITING = {"LOOM_RESUME_AT_START": "false"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home of which every package says that `significant` runs."""
    package = package_in(tmp_path / "one")
    generation = package.progress.begin(StageName.SIGNIFICANT, OWNER)
    left = package.progress.plan(StageName.SIGNIFICANT, [WorkItem("a", "", "v1"), WorkItem("b", "", "v1")])
    package.progress.claim(StageName.SIGNIFICANT, generation, [left[0].item])
    package.close()
    home = tmp_path / "home"
    for number in range(COUNT):
        shutil.copytree(tmp_path / "one/packages/wren", home / f"packages/package-{number:03d}")
        view = home / f"packages/package-{number:03d}/checkpoint.json"
        view.write_text(view.read_text().replace('"status":"pending"', '"status":"running"'))
    return home


def statuses(home: Path) -> set[str]:
    """What checkpoint.json says of the stage, in all packages."""
    views = [json.loads(path.read_bytes()) for path in home.glob("packages/*/checkpoint.json")]
    assert len(views) == COUNT
    return {view["stages"]["significant"]["status"] for view in views}


def test_all_of_them_are_repaired_when_the_daemon_is_ready(home: Path) -> None:
    with DaemonProcess(home, WAITING) as daemon:
        daemon.start().wait_ready()
        on_disk = statuses(home)
        repairs = daemon.api("GET", "/api/repairs")

    assert on_disk == {"aborted"}
    assert {repair["package"] for repair in repairs} == {f"package-{number:03d}" for number in range(COUNT)}


@pytest.mark.slow
def test_a_daemon_killed_in_the_middle_of_it_is_followed_by_one_that_finishes(home: Path) -> None:
    def repaired() -> int:
        return sum(b'"status":"aborted"' in path.read_bytes() for path in home.glob("packages/*/checkpoint.json"))

    with DaemonProcess(home, WAITING) as daemon:
        for life in range(3):
            daemon.start()
            until(lambda: repaired() > 20 * life, "the repair to go on")  # noqa: B023 - called at once
            daemon.kill()
        daemon.start().wait_ready()
        repairs = daemon.api("GET", "/api/repairs")

    assert statuses(home) == {"aborted"}
    assert len(repairs) == COUNT
