"""The settings of a package, changed by several people at once."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from daemon.configuring import change_settings
from packages_store.package import Package
from tests.builders import package_in

FIELDS = ("entity_name", "user_name", "context_notes", "relationship_context")
TIMES = 8


def changed_to(package: Package, name: str) -> list[str]:
    """What a setting is after each of several changes of it."""
    found = []
    for number in range(TIMES):
        change_settings(package, {name: f"{name} {number}"})
        found.append(str(getattr(package.config, name)))
    return found


def wanted(name: str) -> Sequence[str]:
    return [f"{name} {number}" for number in range(TIMES)]


def test_of_changes_at_the_same_time_none_is_lost(tmp_path: Path) -> None:
    package = package_in(tmp_path)

    with ThreadPoolExecutor(len(FIELDS)) as people:
        found = list(people.map(lambda name: changed_to(package, name), FIELDS))

    assert found == [wanted(name) for name in FIELDS]
    assert package.last_config() == package.config


def test_a_change_to_what_is_there_already_changes_nothing(tmp_path: Path) -> None:
    package = package_in(tmp_path)
    before = package.ledger.state()

    assert change_settings(package, {"entity_name": "Wren"}) == []
    assert package.ledger.state() == before
