"""Parsers that other packages bring."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, PathDistribution
from pathlib import Path
from types import ModuleType

import pytest

from packages_store.errors import Unrecognised
from stages.parsers.choose import inspect, read
from stages.parsers.contract import Bid, NotAChat, Peek, ReadContext, Record, Skipped, SourceFile, Variant
from stages.parsers.registry import GROUP, PARSERS, load_parsers
from tests.stages.parsers.documents import chatgpt, message
from tests.stages.parsers.harness import CONTEXT, as_json


@dataclass(frozen=True)
class Diary:
    """A parser as another package would write it."""

    platform: str = "diary"
    title: str = "Diary"
    variants: tuple[Variant, ...] = (Variant("pages", "the pages", "everything"),)
    not_chats: tuple[NotAChat, ...] = ()
    weight: int = Bid.SHAPE

    def bid(self, peek: Peek) -> Bid | None:
        return Bid("pages", self.weight) if peek.records else None

    def read(self, file: SourceFile, variant: str, context: ReadContext) -> Iterator[Record]:
        yield Skipped("a page")


class Raises(Diary):
    def __init__(self) -> None:
        raise LookupError("nobody knows")


def cannot_be_made() -> None:
    raise AssertionError("a function is no parser and is not called")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Distribution:
    """An installed distribution, and a module with what its entry points name."""
    module = ModuleType("loom_diary")
    vars(module).update(
        {
            "Diary": Diary,
            "diary": Diary(),
            "chatgpt": Diary("chatgpt"),
            "loud": Diary("Diary"),
            "empty": Diary("empty", variants=()),
            "Raises": Raises,
            "function": cannot_be_made,
            "number": 7,
        }
    )
    monkeypatch.setitem(sys.modules, "loom_diary", module)
    folder = tmp_path / "loom_diary-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: loom-diary\nVersion: 1.0\n")
    return PathDistribution(folder)


def entry(package: Distribution, name: str, value: str) -> EntryPoint:
    point = EntryPoint(name, value, GROUP)
    vars(point)["dist"] = package
    return point


@pytest.mark.parametrize("value", ["loom_diary:Diary", "loom_diary:diary"])
def test_a_class_and_an_object_are_added_behind_those_of_this_project(package: Distribution, value: str) -> None:
    loaded = load_parsers([entry(package, "diary", value)])

    assert [parser.platform for parser in loaded.parsers] == [*(one.platform for one in PARSERS), "diary"]
    assert loaded.parsers[: len(PARSERS)] == PARSERS
    assert loaded.problems == ()


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("gone:Diary", "it cannot be loaded: ModuleNotFoundError: No module named 'gone'"),
        ("loom_diary:Gone", "it cannot be loaded: AttributeError"),
        ("loom_diary:Raises", "it cannot be loaded: LookupError: nobody knows"),
        ("loom_diary:number", "it is no parser, because its platform is no name in lower case and it has no title"),
        ("loom_diary:function", "it is no parser"),
        ("loom_diary:loud", "its platform is no name in lower case"),
        ("loom_diary:empty", "it has no variants"),
        ("loom_diary:chatgpt", "there is one for 'chatgpt' already"),
    ],
)
def test_what_cannot_be_used_is_left_out_and_its_package_named(package: Distribution, value: str, problem: str) -> None:
    loaded = load_parsers([entry(package, "mine", value)])

    assert loaded.parsers == PARSERS
    assert len(loaded.problems) == 1
    assert loaded.problems[0].startswith("The parser 'mine' of loom-diary is left out: ")
    assert problem in loaded.problems[0]


def test_of_two_with_the_same_name_the_first_by_name_is_used(package: Distribution) -> None:
    points = [entry(package, "b", "loom_diary:Diary"), entry(package, "a", "loom_diary:diary")]

    for found in (points, points[::-1]):
        loaded = load_parsers(found)
        assert len(loaded.parsers) == len(PARSERS) + 1
        assert loaded.problems == ("The parser 'b' of loom-diary is left out: there is one for 'diary' already.",)


def test_one_that_cannot_be_used_does_not_keep_the_others_out(package: Distribution) -> None:
    loaded = load_parsers([entry(package, "a", "gone:Gone"), entry(package, "b", "loom_diary:Diary")])

    assert (len(loaded.parsers), len(loaded.problems)) == (len(PARSERS) + 1, 1)


def test_a_parser_of_another_package_finds_and_reads_its_files(tmp_path: Path, package: Distribution) -> None:
    path = tmp_path / "pages.json"
    path.write_bytes(as_json([{"page": 1}]))
    parsers = load_parsers([entry(package, "diary", "loom_diary:Diary")]).parsers

    found = inspect(path, "pages.json", parsers=parsers).found[0]

    assert found.parser == "diary"
    assert list(read(path, None, "diary", "pages", CONTEXT, parsers=parsers)) == [Skipped("a page")]
    with pytest.raises(Unrecognised, match="Install the version"):
        list(read(path, None, "diary", "pages", CONTEXT))


def test_at_the_same_weight_neither_it_nor_a_parser_of_this_project_wins(tmp_path: Path, package: Distribution) -> None:
    path = tmp_path / "chats.json"
    path.write_bytes(as_json([chatgpt(message("user", "Hello"))]))
    parsers = load_parsers([entry(package, "diary", "loom_diary:Diary")]).parsers

    with pytest.raises(Unrecognised, match="could be from chatgpt and diary"):
        inspect(path, "chats.json", parsers=parsers)


def test_installed_packages_are_asked_when_none_are_named() -> None:
    loaded = load_parsers()

    assert loaded.parsers[: len(PARSERS)] == PARSERS
