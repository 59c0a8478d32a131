"""The review list: held back until a person decides, and decided for as long as the same is said."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from packages_store.bodies import significant_body, with_passages
from packages_store.doubts import Doubts, NewDoubt
from packages_store.errors import UnknownItem
from packages_store.files import Disk
from packages_store.ledger import LEDGER
from packages_store.memories import Memories
from packages_store.model import Memory, Passage
from packages_store.paths import PackagePaths
from packages_store.sqlite import Database

DAY = "2024-03-01"


class Bench:
    def __init__(self, root: Path) -> None:
        paths = PackagePaths(root)
        self.ledger = Database(paths.ledger, LEDGER)
        self.memories = Memories(self.ledger, paths, Disk())
        self.doubts = Doubts(self.ledger, self.memories)

    def ids(self) -> list[str]:
        return [memory.id for memory in self.memories.all()]

    def open(self) -> list[str]:
        return [doubt.text for doubt in self.doubts.all()]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.ledger.close()


def moment(prose: str, ordinal: int = 1, chat: str = "c1", day: str = DAY) -> Memory:
    name = f"significant:{chat}:{ordinal}"
    body = significant_body(day, prose, chat, "chatgpt")
    return Memory(name, "significant", day, f"{day}_{chat}-{ordinal}.md", body, "llm", (chat,), (f"{chat}:{ordinal}",))


def line(text: str, chat: str = "c1") -> Memory:
    blank = Memory(f"daily:{DAY}", "daily", DAY, f"{DAY}_x.md", "", "llm", (), ())
    return with_passages(blank, [Passage(text, chat, "chatgpt", (f"{chat}:{text}",))])


def test_what_is_held_back_is_listed_with_its_reason_and_is_no_memory(bench: Bench) -> None:
    bench.doubts.replace_for_item("significant", "c1", [NewDoubt(moment("A rumour."), ("It tells nothing.",), 1)])

    (doubt,) = bench.doubts.all()

    assert (doubt.text, doubt.reasons, doubt.date, doubt.state) == ("A rumour.", ("It tells nothing.",), DAY, "open")
    assert bench.ids() == []


def test_what_is_kept_is_a_memory_and_stays_kept_when_the_same_is_said_again(bench: Bench) -> None:
    held = NewDoubt(moment("A rumour."), ("It tells nothing.",), 1)
    bench.doubts.replace_for_item("significant", "c1", [held])

    bench.doubts.keep(bench.doubts.all()[0].id)
    kept, others = bench.doubts.sort([held, NewDoubt(moment("Another one.", 2), ("Why.",), 2)])

    assert bench.ids() == ["significant:c1:1"]
    assert bench.open() == []
    assert kept == [held]
    assert [one.memory.id for one in others] == ["significant:c1:2"]


def test_a_memory_that_is_kept_takes_no_number_of_another(bench: Bench) -> None:
    bench.doubts.replace_for_item("significant", "c1", [NewDoubt(moment("A rumour."), ("Why.",), 1)])
    bench.memories.replace_for_item("significant", "c1", [moment("A birth.")])

    bench.doubts.keep(bench.doubts.all()[0].id)

    assert sorted(bench.ids()) == ["significant:c1:1", "significant:c1:2"]


def test_what_is_dropped_does_not_come_back_while_the_same_is_said(bench: Bench) -> None:
    held = NewDoubt(moment("A rumour."), ("Why.",), 1)
    bench.doubts.replace_for_item("significant", "c1", [held])

    bench.doubts.drop(bench.doubts.all()[0].id)
    bench.doubts.replace_for_item("significant", "c1", [held])

    assert bench.open() == []
    assert bench.doubts.is_dropped(held.memory)
    assert not bench.doubts.is_dropped(moment("A rumour that grew."))


def test_a_line_that_is_kept_takes_its_place_in_its_day(bench: Bench) -> None:
    day = with_passages(line("first"), [*line("first").passages, *line("third").passages])
    bench.memories.replace_for_item("daily", DAY, [day])
    bench.doubts.replace_for_item("daily", DAY, [NewDoubt(line("second", "c2"), ("Why.",), 1)])

    bench.doubts.keep(bench.doubts.all()[0].id)

    (kept,) = bench.memories.all()
    assert [passage.text for passage in kept.passages] == ["first", "second", "third"]
    assert "- second [chat:c2] [via:chatgpt]\n" in kept.body
    assert kept.conversation_ids == ("c1", "c2")
    assert "c2:second" in kept.message_ids


def test_a_line_of_a_day_without_any_other_makes_the_day(bench: Bench) -> None:
    bench.doubts.replace_for_item("daily", DAY, [NewDoubt(line("alone"), ("Why.",), 0)])

    bench.doubts.keep(bench.doubts.all()[0].id)

    assert [memory.body for memory in bench.memories.all()] == [line("alone").body]


def test_decisions_name_what_is_there(bench: Bench) -> None:
    bench.doubts.replace_for_item("significant", "c1", [NewDoubt(moment("A rumour."), ("Why.",), 1)])
    known = bench.doubts.all()[0].id
    bench.doubts.keep(known)

    for act in (bench.doubts.keep, bench.doubts.drop):
        with pytest.raises(UnknownItem, match="nothing like it"):
            act("nothing like it")
        with pytest.raises(UnknownItem, match="a memory already"):
            act(known)


def test_a_repetition_is_held_back_and_let_go_when_the_first_one_is_no_more(bench: Bench) -> None:
    bench.memories.replace_for_item("significant", "c1", [moment("It was told.")])
    bench.memories.replace_for_item("significant", "c2", [moment("It was told.", chat="c2", day="2024-03-05")])

    bench.doubts.set_repeats("significant", {"significant:c2:1": "significant:c1:1"})

    (doubt,) = bench.doubts.all()
    assert bench.ids() == ["significant:c1:1"]
    assert (doubt.repeats, doubt.reasons) == ("significant:c1:1", (f"It nearly repeats a memory of {DAY}.",))
    assert [told.memory.id for told in bench.doubts.told("significant")] == ["significant:c1:1", "significant:c2:1"]

    bench.doubts.set_repeats("significant", {})

    assert bench.ids() == ["significant:c1:1", "significant:c2:1"]
    assert bench.open() == []


def test_what_a_person_has_touched_or_kept_is_never_held_back_for_repeating(bench: Bench) -> None:
    bench.memories.replace_for_item("significant", "c1", [moment("One."), moment("Two.", 2), moment("Three.", 3)])
    bench.doubts.replace_for_item("significant", "c2", [NewDoubt(moment("Four.", chat="c2"), ("Why.",), 1)])
    bench.doubts.keep(bench.doubts.all()[0].id)
    bench.memories.edit("significant:c1:1", "One, by hand.")
    bench.memories.delete("significant:c1:2")

    told = {one.memory.id: one for one in bench.doubts.told("significant")}

    assert {name for name, one in told.items() if one.is_fixed} == {
        "significant:c1:1",
        "significant:c1:2",
        "significant:c2:1",
    }
    # What it said before is what others may repeat.
    assert told["significant:c1:1"].text == "One."


def test_open_doubts_of_an_item_that_is_no_more_are_forgotten(bench: Bench) -> None:
    for chat in ("c1", "c2"):
        bench.doubts.replace_for_item("significant", chat, [NewDoubt(moment("So.", chat=chat), ("Why.",), 1)])

    bench.doubts.keep_only("significant", ["c2"])

    assert [doubt.item for doubt in bench.doubts.all()] == ["c2"]


def test_the_list_comes_in_pages(bench: Bench) -> None:
    held = [NewDoubt(replace(moment(f"Rumour {n}."), date=f"2024-03-{n:02}"), ("Why.",), n) for n in range(1, 8)]
    bench.doubts.replace_for_item("significant", "c1", held)

    first = bench.doubts.all(limit=4)
    second = bench.doubts.all(after=first[-1].id, limit=4)

    assert [doubt.date[-2:] for doubt in (*first, *second)] == ["01", "02", "03", "04", "05", "06", "07"]
