"""One package of three has a damaged file: the daemon starts, sets it aside, says so, and the others work."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.daemons import working_daemon
from tests.doors.harness import DaemonProcess
from tests.exports import chatgpt_export

pytestmark = pytest.mark.usefixtures("unmeasured")

NAMES = ("anna", "berta", "clara")


def halved(data: bytes) -> bytes:
    return data[: len(data) // 2]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _data: b"",
    "cut short": halved,
    "overwritten": lambda data: b"\xa5" * len(data),
}


FILES = ("checkpoint.json", "config.json", "ledger.db")
DAMAGED = [
    # The short run damages each file once, and in each way once.
    pytest.param(file, damage, marks=[] if row == column else [pytest.mark.slow])
    for row, file in enumerate(FILES)
    for column, damage in enumerate(DAMAGES)
]


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with three finished packages."""
    home = tmp_path_factory.mktemp("imported")
    anyio.run(fill, home)
    return home


async def fill(home: Path) -> None:
    """Let a daemon of this process finish the packages: that is quicker than a process for each."""
    async with working_daemon(home, time_zone="UTC") as daemon:
        for number, name in enumerate(NAMES):
            export = home / f"{name}.json"
            export.write_bytes(chatgpt_export(6, seed=number))
            await daemon.create(name)
            await daemon.hand_in(name, export, export.name)
            assert (await daemon.settled(name)).state == "done"


@pytest.mark.parametrize(("file", "damage"), DAMAGED)
def test_a_damaged_file_is_set_aside_and_restored_and_the_other_packages_work(
    tmp_path: Path, imported: Path, file: str, damage: str
) -> None:
    home = copy_of(imported, tmp_path)
    path = home / "packages/berta" / file
    before = contents(home, "berta")
    damaged = DAMAGES[damage](path.read_bytes())
    path.write_bytes(damaged)

    with DaemonProcess(home) as daemon:
        daemon.start().wait_ready()
        told = daemon.wait_settled("berta", uploads=0)
        for name in NAMES:
            daemon.drop(chatgpt_export(7, seed=NAMES.index(name)), "grown.json", package=name)
        grown = {name: daemon.wait_settled(name, uploads=2) for name in ("anna", "clara")}
        berta = daemon.wait_settled("berta", uploads=2)
        output = daemon.output

    (kept,) = path.parent.glob(f"{file}.corrupt-*")
    assert kept.read_bytes() == damaged
    (repair,) = [repair for repair in told["repairs"] if repair["subject"] == file]
    assert kept.name in repair["done"]
    assert repair["advice"]
    assert kept.name in output
    assert told["conversations"] == 6
    assert contents(home, "berta").items() >= before.items()
    for name, detail in (*grown.items(), ("berta", berta)):
        assert (name, statuses(detail), detail["conversations"]) == (name, ["completed"] * 6, 7)


def test_a_ledger_of_a_newer_version_is_left_untouched_and_said_so(tmp_path: Path, imported: Path) -> None:
    home = copy_of(imported, tmp_path)
    path = home / "packages/berta/ledger.db"
    newer = bytearray(path.read_bytes())
    newer[60:64] = (999).to_bytes(4, "big")  # user_version, sqlite.org/fileformat2.html section 1.3
    path.write_bytes(newer)

    with DaemonProcess(home) as daemon:
        shelf = daemon.start().wait_ready().api("GET", "/api/packages")

    states = {package["name"]: package["state"] for package in shelf}
    assert states == {"anna": "done", "berta": "unusable", "clara": "done"}
    (berta,) = [package for package in shelf if package["name"] == "berta"]
    assert "newer version" in berta["waits_for"]
    assert path.read_bytes() == newer


@pytest.mark.parametrize(
    "lost",
    [
        "chats.db",
        "memories/daily",
        pytest.param("graph.db", marks=pytest.mark.slow),
        pytest.param("memories/significant", marks=pytest.mark.slow),
    ],
)
def test_a_deliverable_that_was_deleted_is_written_again_at_the_next_start(
    tmp_path: Path, imported: Path, lost: str
) -> None:
    home = copy_of(imported, tmp_path)
    before = contents(home, "berta")
    path = home / "packages/berta" / lost
    for each in path.iterdir() if path.is_dir() else [path]:
        each.unlink()

    with DaemonProcess(home) as daemon:
        detail = daemon.start().wait_ready().wait_settled("berta")

    assert statuses(detail) == ["completed"] * 6
    assert contents(home, "berta") == before


def copy_of(imported: Path, tmp_path: Path) -> Path:
    """The same home once more."""
    home = tmp_path / "home"
    shutil.copytree(imported, home)
    return home


def contents(home: Path, name: str) -> dict[str, bytes]:
    """The memory files of a package."""
    folder = home / "packages" / name / "memories"
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.glob("*/*.md")}


def statuses(detail: dict[str, Any]) -> list[str]:
    return [stage["status"] for stage in detail["stages"]]
