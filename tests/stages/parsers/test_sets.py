"""Exports that were cut into several files: which of them are missing."""

from pathlib import Path

import pytest

from stages.parsers.choose import inspect
from stages.parsers.reading.sets import MOST_TOLD, missing_parts
from tests.effort import costs_at_most
from tests.stages.parsers.archives import Member, zip_of
from tests.stages.parsers.documents import chatgpt, message
from tests.stages.parsers.harness import as_json

CHAT = as_json([chatgpt(message("user", "Hello"))])
TAKEOUT = "takeout-20260901T101112Z"


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        # ChatGPT's shards and Claude's archives are counted from 0.
        (["conversations-000.json", "conversations-001.json"], []),
        (["conversations-000.json", "conversations-003.json"], ["conversations-001.json", "conversations-002.json"]),
        (["conversations-002.json"], ["conversations-000.json", "conversations-001.json"]),
        (["conversations-000.zip", "conversations-002.zip", "projects-000.zip"], ["conversations-001.zip"]),
        (["data-2026-01-02-03-04-05-batch-0000.zip", "data-2026-01-02-03-04-05-batch-0001.zip"], []),
        (["data-2026-01-02-batch-0001.zip"], ["data-2026-01-02-batch-0000.zip"]),
        # Google's are counted from 1; a number of its own may come before that of the part.
        ([f"{TAKEOUT}-001.zip", f"{TAKEOUT}-003.zip"], [f"{TAKEOUT}-002.zip"]),
        ([f"{TAKEOUT}-002.tgz"], [f"{TAKEOUT}-001.tgz"]),
        ([f"{TAKEOUT}-3-001.zip", f"{TAKEOUT}-3-003.zip"], [f"{TAKEOUT}-3-002.zip"]),
        ([f"{TAKEOUT}-3-001.zip", f"{TAKEOUT}-4-001.zip"], []),
        (["Google AI Studio-20260424T183259Z-3-002.zip"], ["Google AI Studio-20260424T183259Z-3-001.zip"]),
        # OpenAI's portal, archivers and people.
        (["Conversations__9-chatgpt-0002.zip"], ["Conversations__9-chatgpt-0001.zip"]),
        (["mine.part1.zip", "mine.part3.zip"], ["mine.part2.zip"]),
        (["mine.part01.rar", "mine.part02.rar"], []),
        (["mine.zip.001", "mine.zip.003"], ["mine.zip.002"]),
        (["mine.z01", "mine.z03", "mine.zip"], ["mine.z02"]),
        (["export-1-of-3.zip"], ["export-2-of-3.zip", "export-3-of-3.zip"]),
        (["export (2 of 3).json", "export (1 of 3).json"], ["export (3 of 3).json"]),
        (["export_01of02.json"], ["export_02of02.json"]),
        # A browser that saved a file twice gave it another name; case does not matter.
        (["conversations-000 (1).json", "conversations-001 - Copy.json", "Conversations-002.json"], []),
        ([f"{TAKEOUT}-001 (1).zip", f"{TAKEOUT}-002.zip"], []),
        # Parts of a set are in one folder.
        (["a/conversations-000.json", "b/conversations-001.json"], ["b/conversations-000.json"]),
        (["x.zip/a/conversations-001.json"], ["x.zip/a/conversations-000.json"]),
        # Numbers grow beyond their width.
        (["part-9-of-11.zip", *(f"part-{n}-of-11.zip" for n in (*range(1, 9), 11))], ["part-10-of-11.zip"]),
    ],
)
def test_parts_that_are_missing_are_named(names: list[str], missing: list[str]) -> None:
    assert missing_parts(names) == tuple(missing)


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["conversations.json"],
        ["notes-002.json"],
        ["notes-001.json", "notes-003.json"],
        ["chat-000.json", "chat-002.json"],
        ["chat-2024.json", "chat-2026.json"],
        ["IMG-001.jpg", "IMG-009.jpg"],
        ["conversations-2026.txt", "conversations-07.json"],
        ["session-2026-08-01T10-00-11111111.jsonl"],
        ["apartment3.zip", "part-time.json", "one of 3.json"],
        ["export-5-of-3.zip", "export-2-of-3.zip", "export-1-of-3.zip", "export-3-of-3.zip", "export-4-of-3.zip"],
        ["takeout-002.zip"],
        ["user-000/conversations.json"],
    ],
)
def test_files_that_are_no_set_miss_nothing(names: list[str]) -> None:
    assert missing_parts(names) == ()


def test_what_a_list_names_is_missing_when_it_is_not_there() -> None:
    there = ["a/conversations-000.json", "a/Conversations-001.json"]

    assert missing_parts(there, ["a/conversations-001.json", "a/conversations-002.json"]) == (
        "a/conversations-002.json",
    )


def test_no_more_are_named_than_a_person_reads_whatever_the_names_say() -> None:
    def tell(total: int) -> None:
        names = [f"x{number}-1-of-{total}.zip" for number in range(5000)] + [f"conversations-{total}.json"]
        assert len(missing_parts(names)) == MOST_TOLD

    # Those that are not told are not counted up either: there are a thousand times as many.
    assert costs_at_most(40, lambda: tell(9999), than=lambda: tell(11))


def test_an_archive_without_one_of_its_shards_is_read_and_the_shard_named(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    manifest = {"files": [{"name": "conversations.json", "shards": [f"conversations-00{n}.json" for n in range(4)]}]}
    shards = [Member(f"conversations-00{number}.json", CHAT) for number in (0, 2)]

    path.write_bytes(zip_of(*shards))
    assert inspect(path, "x.zip").missing == ("conversations-001.json",)

    path.write_bytes(zip_of(*shards, Member("export_manifest.json", as_json(manifest))))
    assert inspect(path, "x.zip").missing == ("conversations-001.json", "conversations-003.json")

    portal = tmp_path / "portal.zip"
    portal.write_bytes(zip_of(Member("a/Conversations__1-chatgpt-0001.zip", path.read_bytes())))
    prefix = "a/Conversations__1-chatgpt-0001.zip/conversations"
    assert inspect(portal, "portal.zip").missing == (f"{prefix}-001.json", f"{prefix}-003.json")


def test_a_shard_that_is_there_and_cannot_be_read_is_not_missing(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    members = [Member("conversations-000.json", CHAT), Member("conversations-001.json", CHAT, flags=1)]
    path.write_bytes(zip_of(*members, Member("conversations-002.json", b"broken")))

    assert inspect(path, "x.zip").missing == ()


def test_what_people_sent_is_no_part_of_the_export(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    sent = [Member("files/holiday.part2.rar", b"Rar!"), Member("files/page (2 of 3).txt", b"text")]

    path.write_bytes(zip_of(Member("conversations-000.json", CHAT), *sent))
    assert inspect(path, "x.zip").missing == ()

    portal = tmp_path / "portal.zip"
    export = Member("Conversations__1-chatgpt-0002.zip", path.read_bytes())
    portal.write_bytes(zip_of(export, Member("Files__1-chatgpt-0002.zip", zip_of(*sent))))
    assert inspect(portal, "portal.zip").missing == ("Conversations__1-chatgpt-0001.zip",)


def test_nothing_is_said_of_one_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "conversations-003.json"
    path.write_bytes(CHAT)

    assert inspect(path, path.name).missing == ()
