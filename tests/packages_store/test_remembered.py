"""Memories as people look through them."""

from pathlib import Path

import pytest

from packages_store.model import Memory, MemoryKind
from packages_store.package import Package
from packages_store.remembered import Made, Remembered, Wanted
from tests.builders import package_in
from tests.effort import costs_at_most


@pytest.fixture
def package(tmp_path: Path) -> Package:
    """With two memories of each of three days, in two months."""
    package = package_in(tmp_path)
    for day in ("2024-02-28", "2024-02-29", "2024-03-01"):
        put(package, "daily", day, f"Straße, {day}")
        put(package, "significant", day, f"Lisbon, {day}")
    return package


def put(package: Package, kind: MemoryKind, day: str, text: str) -> None:
    identity = f"{kind}:{day}"
    memory = Memory(identity, kind, day, f"{day}-{kind}.md", text, "offline", (), (), title=f"{kind} of {day}")
    package.memories.replace_for_item(kind, identity, [memory])


def ids(memories: list[Memory]) -> list[str]:
    return [memory.id for memory in memories]


def test_the_latest_come_first_and_what_is_significant_before_its_day(package: Package) -> None:
    remembered = Remembered(package.ledger)

    first, total = remembered.latest(Wanted(), 0, 4)
    rest, _ = remembered.latest(Wanted(), 4, 4)

    days = ("2024-03-01", "2024-02-29", "2024-02-28")
    assert ids(first + rest) == [f"{kind}:{day}" for day in days for kind in ("significant", "daily")]
    assert total == remembered.count() == len(remembered.made()) == 6
    assert remembered.made()[0] == Made("2024-02-28", "daily")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(kind="daily"), 3),
        (Wanted(when="2024-02"), 4),
        (Wanted(when="2024-02-29"), 2),
        (Wanted(words="STRASSE"), 3),
        (Wanted(words="lisbon significant 2024-03"), 1),
        (Wanted(words="lisbon straße"), 0),
    ],
)
def test_a_list_shows_what_is_wanted(package: Package, wanted: Wanted, found: int) -> None:
    memories, total = Remembered(package.ledger).latest(wanted)

    assert len(memories) == total == found


def test_pages_go_on_behind_a_memory_also_when_it_is_deleted_meanwhile(package: Package) -> None:
    remembered = Remembered(package.ledger)
    first, has_more = remembered.page("daily", None, 2)
    package.memories.delete("daily:2024-02-29")

    assert (ids(first), has_more) == (["daily:2024-02-28", "daily:2024-02-29"], True)
    assert ids(remembered.page("daily", first[-1].id, 2)[0]) == ["daily:2024-03-01"]
    assert ids(remembered.page(None, None, 9, deleted=True)[0]) == ["daily:2024-02-29"]
    assert (remembered.deleted(), remembered.count()) == (1, 5)


def test_memories_that_are_not_shown_cost_little(package: Package) -> None:
    for number in range(300):
        put(package, "daily", f"20{number // 28 + 10}-01-{number % 28 + 1:02}", f"{number} " * 200)
    remembered = Remembered(package.ledger)

    assert costs_at_most(0.5, lambda: remembered.latest(Wanted(), 0, 10), package.memories.all)
