"""The trash: deleted packages lie there whole, and come back whole."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from packages_store.config import PackageConfig
from packages_store.errors import NotAllowed, PackageNotFound
from packages_store.files import Disk
from packages_store.paths import HomePaths
from packages_store.shelf import Shelf

NOW = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)


@pytest.fixture
def paths(tmp_path: Path) -> HomePaths:
    return HomePaths(tmp_path / "home")


@pytest.fixture
def shelf(paths: HomePaths) -> Shelf:
    """A shelf with one package, wren, in which a fact is known."""
    opened = Shelf(paths, Disk(), lambda: NOW)
    opened.create("wren", PackageConfig(entity_name="Wren")).set_fact("colour", "blue")
    return opened


def test_a_deleted_package_is_gone_and_comes_back_as_it_was(shelf: Shelf, paths: HomePaths) -> None:
    trashed = shelf.trash("wren")

    assert (trashed.id, trashed.name, trashed.deleted_at) == (
        "wren-20260301T123015Z",
        "wren",
        "2026-03-01T12:30:15.000Z",
    )
    assert shelf.names() == []
    assert shelf.trashed() == [trashed]
    assert paths.trash.stat().st_mode & 0o777 == 0o700
    with pytest.raises(PackageNotFound):
        shelf.get("wren")

    assert shelf.restore(trashed.id) == "wren"
    assert shelf.get("wren").fact("colour") == "blue"
    assert shelf.get("wren").config.entity_name == "Wren"
    assert shelf.trashed() == []


def test_one_name_can_be_deleted_twice_in_a_second(shelf: Shelf) -> None:
    first = shelf.trash("wren")
    shelf.create("wren", PackageConfig())
    second = shelf.trash("wren")

    assert [entry.id for entry in shelf.trashed()] == [second.id, first.id]
    assert second.id == "wren-20260301T123015Z-2"


def test_a_package_does_not_come_back_over_another_of_its_name(shelf: Shelf) -> None:
    trashed = shelf.trash("wren")
    shelf.create("wren", PackageConfig()).set_fact("colour", "red")

    with pytest.raises(NotAllowed, match="already"):
        shelf.restore(trashed.id)
    assert shelf.get("wren").fact("colour") == "red"
    assert shelf.trashed() == [trashed]


OTHERS = ("wren", "../packages/wren", "..", "", "a-20260301T123015Z", "wren-20260301T123015Z/..")


@pytest.mark.parametrize("entry", OTHERS)
def test_only_what_is_in_the_trash_can_be_restored(shelf: Shelf, entry: str) -> None:
    shelf.trash("wren")
    with pytest.raises(PackageNotFound):
        shelf.restore(entry)


def test_a_package_that_does_not_exist_cannot_be_deleted(shelf: Shelf) -> None:
    with pytest.raises(PackageNotFound):
        shelf.trash("juno")
    assert shelf.trashed() == []


def test_what_else_lies_in_the_trash_is_passed_over(shelf: Shelf, paths: HomePaths) -> None:
    shelf.trash("wren")
    for name in ("notes", "-20260301T123015Z", "wren-20261301T123015Z", ".hidden-20260301T123015Z"):
        (paths.trash / name).mkdir()
    (paths.trash / "file-20260301T123015Z").touch()

    assert [entry.name for entry in shelf.trashed()] == ["wren"]
