"""The generated exports: the same for the same seed, of the size that was asked for, and real enough for the parser."""

import hashlib
import json
import zipfile
from pathlib import Path
from zoneinfo import ZoneInfo

from bench.floor import insert, parsed, walked
from bench.generate import WORKLOADS, Workload, write_export
from bench.rows import rows_of
from packages_store.model import Conversation
from stages.parsers.choose import inspect, read
from stages.parsers.contract import ReadContext, Record

SMALL = Workload(conversations=40, messages=400, size=800_000)


def export_in(folder: Path, name: str = "conversations.json", seed: int = 1) -> Path:
    write_export(folder / name, SMALL, seed)
    return folder / name


def records_of(path: Path) -> list[Record]:
    found = inspect(path, path.name).found[0]
    return list(read(path, found.member, found.parser, found.variant, ReadContext(ZoneInfo("UTC"))))


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = export_in(tmp_path, "first.json"), export_in(tmp_path, "second.json")

    assert first.read_bytes() == second.read_bytes()


def test_the_bytes_are_the_same_in_every_version_of_python(tmp_path: Path) -> None:
    digest = hashlib.sha256(export_in(tmp_path).read_bytes()).hexdigest()

    assert digest.startswith("c57eeaba5e766df7")


def test_another_seed_gives_another_export(tmp_path: Path) -> None:
    assert export_in(tmp_path, "1.json").read_bytes() != export_in(tmp_path, "2.json", seed=2).read_bytes()


def test_it_is_one_line_of_the_size_that_was_asked_for(tmp_path: Path) -> None:
    data = export_in(tmp_path).read_bytes()

    assert abs(len(data) - SMALL.size) < 0.03 * SMALL.size
    assert b"\n" not in data
    assert isinstance(json.loads(data), list)


def test_a_zip_holds_the_same_conversations(tmp_path: Path) -> None:
    plain, packed = export_in(tmp_path), export_in(tmp_path, "export.zip")

    with zipfile.ZipFile(packed) as archive:
        assert archive.read("conversations.json") == plain.read_bytes()


def test_the_parser_finds_exactly_as_many_conversations_and_messages_as_were_asked_for(tmp_path: Path) -> None:
    conversations = [record for record in records_of(export_in(tmp_path)) if isinstance(record, Conversation)]

    assert len(conversations) == SMALL.conversations
    assert sum(len(conversation.messages) for conversation in conversations) == SMALL.messages


def test_the_rows_of_the_floor_are_those_of_the_parser(tmp_path: Path) -> None:
    export = export_in(tmp_path)

    insert(export, tmp_path / "walked.db", walked)
    insert(export, tmp_path / "parsed.db", parsed)

    assert rows_of(tmp_path / "walked.db") == rows_of(tmp_path / "parsed.db")
    assert rows_of(tmp_path / "walked.db").messages == SMALL.messages


def test_the_workloads_are_those_that_entity_loom_was_measured_with() -> None:
    assert WORKLOADS["b"] == Workload(conversations=5_000, messages=100_000, size=186_000_000)


def test_the_oldest_conversation_can_come_first(tmp_path: Path) -> None:
    write_export(tmp_path / "turned.json", SMALL, oldest_first=True)

    times = [conversation["create_time"] for conversation in json.loads((tmp_path / "turned.json").read_bytes())]

    assert times == sorted(times)
