"""Repair: what a package says is true afterwards, whatever it said before."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from packages_store.checkpoint import read_checkpoint
from packages_store.files import BatchDisk
from packages_store.memories import KINDS
from packages_store.model import (
    Interruption,
    ItemEnd,
    Memory,
    MemoryKind,
    Owner,
    StageName,
    StageStatus,
    WorkItem,
)
from packages_store.package import Package
from packages_store.paths import HomePaths
from packages_store.repair import repair_status
from packages_store.shelf import Shelf
from tests.builders import OWNER, conversation, package_in, shelf_in
from tests.clocks import FakeClock
from tests.entity_loom import ForeignPackage

ITEMS = [WorkItem(f"item-{number}", "", "v1") for number in range(5)]


def die_in(package: Package, stage: StageName, owner: Owner = OWNER) -> None:
    """Leave a package as a process leaves it that is killed while two items of a stage are in flight."""
    generation = package.progress.begin(stage, owner)
    package.progress.plan(stage, ITEMS)
    (done,) = package.progress.claim(stage, generation, ITEMS[:1])
    package.progress.accept(done, ItemEnd.DONE)
    package.progress.claim(stage, generation, ITEMS[1:3])
    package.close()


def fresh(home: Path) -> Shelf:
    """What a new process sees."""
    return shelf_in(home)


@pytest.mark.parametrize("stage", list(StageName))
def test_a_stage_that_says_running_becomes_aborted_and_keeps_its_items(tmp_path: Path, stage: StageName) -> None:
    die_in(package_in(tmp_path), stage)

    result = fresh(tmp_path).repair("wren")

    progress = fresh(tmp_path).get("wren").progress
    assert progress.stage(stage).status == StageStatus.ABORTED
    assert progress.stage(stage).interruption == Interruption.CRASH
    assert progress.processed_ids(stage) == ["item-0"]
    assert progress.counts(stage).left == 4
    (told,) = result.repairs
    assert (told.subject, told.processed, told.interrupted_items) == (stage, 1, 2)
    assert "process 4711" in (told.owner or "")


@pytest.mark.parametrize("stage", list(StageName))
def test_checkpoint_json_says_aborted_after_the_repair(tmp_path: Path, stage: StageName) -> None:
    die_in(package_in(tmp_path), stage)

    fresh(tmp_path).repair("wren")

    view = read_checkpoint(tmp_path / "packages/wren/checkpoint.json").stages[stage]
    assert (view.status, view.completed) == ("aborted", False)


def test_repairing_twice_changes_nothing_the_second_time(tmp_path: Path) -> None:
    die_in(package_in(tmp_path), StageName.DAILY)
    shelf = fresh(tmp_path)
    shelf.repair("wren")
    shelf.close()
    before = {path.name: path.read_bytes() for path in (tmp_path / "packages/wren").iterdir() if path.is_file()}

    shelf = fresh(tmp_path)
    assert shelf.repair("wren").repairs == ()
    shelf.close()

    after = {path.name: path.read_bytes() for path in (tmp_path / "packages/wren").iterdir() if path.is_file()}
    assert after == before


def test_a_claim_of_another_host_or_another_boot_is_as_stale_as_any(tmp_path: Path) -> None:
    die_in(package_in(tmp_path), StageName.COMMIT, Owner("another-boot", 1, 99, "instance-z"))

    fresh(tmp_path).repair("wren")

    assert fresh(tmp_path).get("wren").progress.stage(StageName.COMMIT).status == StageStatus.ABORTED


def test_how_many_items_were_set_aside_and_why_is_told(tmp_path: Path) -> None:
    package = package_in(tmp_path)
    die_in(package, StageName.SIGNIFICANT)

    (repair,) = repair_status(package, tmp_path / "secrets", poison_after=1)

    assert repair.done.endswith(" 2 items were set aside after 1 interruption.")


def test_a_stage_a_person_aborted_is_left_alone(tmp_path: Path) -> None:
    package = package_in(tmp_path)
    generation = package.progress.begin(StageName.DAILY, OWNER)
    package.progress.end(StageName.DAILY, generation, StageStatus.ABORTED, interruption=Interruption.USER)
    package.close()

    assert fresh(tmp_path).repair("wren").repairs == ()
    assert fresh(tmp_path).get("wren").progress.stage(StageName.DAILY).interruption == Interruption.USER


def test_one_package_that_cannot_be_repaired_does_not_stop_the_others(tmp_path: Path) -> None:
    shelf = shelf_in(tmp_path)
    for name in ("a", "b", "c"):
        package = package_in(tmp_path, name)
        die_in(package, StageName.SIGNIFICANT)
    shelf.close()
    with sqlite3.connect(tmp_path / "packages/b/ledger.db") as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    results = {}

    fresh(tmp_path).repair_all(lambda result: results.update({result.package: result}))

    assert "999" in (results["b"].unusable or "")
    assert len(results["a"].repairs) == len(results["c"].repairs) == 1


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"\x00" * 100, b'{"version": 7}'])
def test_a_damaged_checkpoint_is_kept_aside_and_written_again_from_the_ledger(tmp_path: Path, damage: bytes) -> None:
    die_in(package_in(tmp_path), StageName.SIGNIFICANT)
    path = tmp_path / "packages/wren/checkpoint.json"
    path.write_bytes(damage)

    result = fresh(tmp_path).repair("wren")

    assert read_checkpoint(path).stages["significant"].processed_items == ["item-0"]
    (kept,) = path.parent.glob("checkpoint.json.corrupt-*")
    assert kept.read_bytes() == damage
    assert any(kept.name in repair.done for repair in result.repairs)


@pytest.mark.parametrize("damage", [b"", b"{", b"null", b'{"timeZone": "Mars/Olympus"}', b'{"gapMinutes": "soon"}'])
def test_a_damaged_config_is_kept_aside_and_the_last_good_one_restored(tmp_path: Path, damage: bytes) -> None:
    package = package_in(tmp_path)
    package.save_config(package.config.model_copy(update={"user_name": "Mira Lind"}))
    package.close()
    path = tmp_path / "packages/wren/config.json"
    path.write_bytes(damage)

    result = fresh(tmp_path).repair("wren")

    assert fresh(tmp_path).get("wren").config.user_name == "Mira Lind"
    (kept,) = path.parent.glob("config.json.corrupt-*")
    assert kept.read_bytes() == damage
    assert result.repairs[0].subject == "config.json"


@pytest.mark.parametrize("damage", ["empty", "torso", "noise", "no tables"])
def test_a_damaged_ledger_is_kept_aside_and_rebuilt_from_what_lies_beside_it(tmp_path: Path, damage: str) -> None:
    package = package_in(tmp_path)
    package.chats.write([conversation(0), conversation(1)])
    die_in(package, StageName.SIGNIFICANT)
    shelf_in(tmp_path).repair("wren")
    path = tmp_path / "packages/wren/ledger.db"
    good = path.read_bytes()
    if damage == "no tables":
        path.unlink()
        sqlite3.connect(path).execute("CREATE TABLE other (x)").connection.close()
    else:
        path.write_bytes({"empty": b"", "torso": good[: len(good) // 2], "noise": b"\xa5" * len(good)}[damage])

    result = fresh(tmp_path).repair("wren")

    assert result.unusable is None
    assert len(list(path.parent.glob("ledger.db.corrupt-*"))) == 1
    assert any(repair.subject == "ledger.db" for repair in result.repairs)
    progress = fresh(tmp_path).get("wren").progress
    assert progress.stage(StageName.SIGNIFICANT).status == StageStatus.ABORTED
    assert progress.processed_ids(StageName.SIGNIFICANT) == ["item-0"]


def test_a_package_copied_from_elsewhere_is_repaired_like_any_other(tmp_path: Path) -> None:
    die_in(package_in(tmp_path / "there"), StageName.GRAPH)
    (tmp_path / "here/packages").mkdir(parents=True)
    shutil.copytree(tmp_path / "there/packages/wren", tmp_path / "here/packages/wren")

    fresh(tmp_path / "here").repair("wren")

    assert fresh(tmp_path / "here").get("wren").progress.stage(StageName.GRAPH).status == StageStatus.ABORTED


def test_a_key_in_an_adopted_config_reaches_no_file_of_the_package_in_a_batch_either(tmp_path: Path) -> None:
    ForeignPackage(conversations=4, memories=1, done=2, failed=0).write(tmp_path / "packages/wren")
    disk = BatchDisk()
    paths = HomePaths(tmp_path)
    shelf = Shelf(paths, disk, FakeClock(), brief=True)

    assert shelf.repair_at_start("wren").unusable is None
    disk.settle()
    shelf.close()

    holders = [path for path in tmp_path.rglob("*") if path.is_file() and b"sk-CANARY" in path.read_bytes()]
    assert holders == [paths.secrets / "packages/wren.json"]


class Killed(BaseException):
    """Stands for the end of the process at a step on the disk."""


def test_repair_may_be_killed_at_every_step_and_comes_to_the_same_end(tmp_path: Path) -> None:
    die_in(package_in(tmp_path / "original"), StageName.DAILY)
    step = 0
    while True:
        home = tmp_path / f"home-{step}"
        shutil.copytree(tmp_path / "original", home)
        if not killed_at(home, step):
            break
        fresh(home).repair("wren")
        progress = fresh(home).get("wren").progress
        assert progress.stage(StageName.DAILY).status == StageStatus.ABORTED
        assert progress.stage(StageName.DAILY).interrupted_count == 1
        assert (
            json.loads((home / "packages/wren/checkpoint.json").read_text())["stages"]["daily"]["status"] == "aborted"
        )
        step += 1
    assert step >= 5


def killed_at(home: Path, step: int) -> bool:
    """Repair, and die at the given step; False when the repair has fewer steps."""
    taken = 0

    def probe(_name: str) -> None:
        nonlocal taken
        taken += 1
        if taken > step:
            raise Killed

    shelf = shelf_in(home, probe)
    try:
        shelf.repair("wren")
    except Killed:
        return True
    finally:
        shelf.close()
    return False


@pytest.mark.parametrize(
    ("lost", "maker"),
    [
        ("chats.db", StageName.COMMIT),
        ("graph.db", StageName.GRAPH),
        ("memories/significant", StageName.SIGNIFICANT),
        ("memories/daily", StageName.DAILY),
    ],
)
def test_a_deliverable_that_is_gone_is_asked_for_again(tmp_path: Path, lost: str, maker: StageName) -> None:
    package = package_in(tmp_path)
    package.chats.write([conversation()])
    package.graph.consolidate()
    for kind in KINDS:
        package.memories.replace_for_item(kind, "x", [memory(kind)])
    package.memories.materialise()
    for stage in StageName:
        generation = package.progress.begin(stage, OWNER)
        package.progress.plan(stage, ITEMS[:1])
        for claim in package.progress.claim(stage, generation, ITEMS[:1]):
            package.progress.accept(claim, ItemEnd.DONE)
        package.progress.end(stage, generation, StageStatus.COMPLETED)
        package.progress.begin(stage, OWNER)
        package.progress.end(stage, generation, StageStatus.COMPLETED)
    package.close()
    path = tmp_path / "packages/wren" / lost
    shutil.rmtree(path) if path.is_dir() else path.unlink()

    fresh(tmp_path).repair("wren")

    wanted = [state.name for state in fresh(tmp_path).get("wren").progress.stages() if state.wanted]
    assert maker in wanted


def memory(kind: MemoryKind) -> Memory:
    return Memory(f"{kind}:1", kind, "2024-03-01", f"2024-03-01_{kind}.md", "text", "offline", ("chat-0",), ("m",))


@pytest.mark.parametrize("name", ["chats.db", "graph.db"])
def test_a_damaged_deliverable_is_kept_aside(tmp_path: Path, name: str) -> None:
    package = package_in(tmp_path)
    package.close()
    path = tmp_path / "packages/wren" / name
    path.write_bytes(b"no database at all")

    (told,) = fresh(tmp_path).repair("wren").repairs

    assert told.subject == name
    assert next(path.parent.glob(f"{name}.corrupt-*")).read_bytes() == b"no database at all"


def test_what_a_death_left_of_memory_files_goes_when_the_package_is_opened(tmp_path: Path) -> None:
    package_in(tmp_path / "home").close()
    folder = tmp_path / "home" / "packages" / "wren" / "memories" / "significant"
    folder.mkdir(parents=True, exist_ok=True)
    torso, kept = folder / ".2024-06-01_tea.md.new", folder / "2024-06-01_tea.md"
    torso.write_text("# Signif")
    kept.write_text("# Significant Memory - 2024-06-01\n\nTea.\n")

    shelf = fresh(tmp_path / "home")
    shelf.get("wren")

    assert not torso.exists()
    assert kept.exists()
