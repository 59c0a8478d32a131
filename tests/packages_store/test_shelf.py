"""The shelf, while somebody moves folders about under it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from packages_store.config import PackageConfig
from packages_store.errors import PackageNotFound
from packages_store.files import Disk
from packages_store.model import StageName
from packages_store.paths import HomePaths
from packages_store.shelf import Shelf
from packages_store.times import utc_now


@pytest.fixture
def paths(tmp_path: Path) -> HomePaths:
    return HomePaths(tmp_path / "home")


@pytest.fixture
def shelf(paths: HomePaths) -> Iterator[Shelf]:
    """A shelf with one open package, wren, in which a fact is known."""
    opened = Shelf(paths, Disk(), utc_now)
    opened.create("wren", PackageConfig()).set_fact("colour", "blue")
    yield opened
    opened.close()


def test_a_package_made_where_another_was_moved_away_is_a_whole_one_of_its_own(shelf: Shelf, paths: HomePaths) -> None:
    paths.package("wren").root.rename(paths.package("robin").root)

    again = shelf.create("wren", PackageConfig())

    assert [stage.name for stage in again.progress.stages()] == list(StageName)
    assert again.fact("colour") is None
    assert shelf.get("robin").fact("colour") == "blue"


def test_a_folder_put_in_the_place_of_another_is_the_one_that_is_read_and_repaired(
    shelf: Shelf, paths: HomePaths
) -> None:
    folder, copy = paths.package("wren").root, paths.root / "copy"
    shelf.close()
    shutil.copytree(folder, copy)
    shelf.get("wren").set_fact("colour", "red")
    folder.rename(paths.root / "old")
    copy.rename(folder)
    (folder / "config.json").write_text("{")

    assert shelf.get("wren").fact("colour") == "blue"
    assert [repair.subject for repair in shelf.get("wren").progress.repairs()] == ["config.json"]


def test_work_on_a_folder_that_was_replaced_does_not_reach_the_new_one(shelf: Shelf, paths: HomePaths) -> None:
    old = shelf.get("wren")
    shutil.rmtree(paths.package("wren").root)
    with pytest.raises(PackageNotFound):
        shelf.get("wren")
    new = shelf.create("wren", PackageConfig())

    with pytest.raises(OSError, match="moved away or replaced"):
        old.set_fact("colour", "green")
    assert new.fact("colour") is None


def test_a_ledger_that_was_deleted_while_it_was_open_is_made_again(shelf: Shelf, paths: HomePaths) -> None:
    paths.package("wren").ledger.unlink()

    shelf.get("wren").set_fact("colour", "red")

    assert paths.package("wren").ledger.exists()
    shelf.close()
    assert shelf.get("wren").fact("colour") == "red"
