"""Which file is whose, and what is said of those that are nobody's."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from packages_store.errors import Unrecognised
from stages.parsers.choose import inspect, read
from stages.parsers.contract import Bid, NotAChat, Peek, ReadContext, Record, SourceFile, Variant
from stages.parsers.reading.peeking import MOST_RECORDS, look, peek
from stages.parsers.registry import PARSERS
from tests.stages.parsers.archives import Member, gzip_of, tar_of, zip_of
from tests.stages.parsers.documents import activity, chatgpt, loom, message, said
from tests.stages.parsers.harness import CONTEXT, MemoryFile, Sample, as_json
from tests.stages.parsers.samples import SAMPLES


@dataclass(frozen=True)
class Claims:
    """A parser that claims everything."""

    platform: str
    weight: int
    title: str = "Anything"
    variants: tuple[Variant, ...] = ()
    not_chats: tuple[NotAChat, ...] = ()

    def bid(self, peek: Peek) -> Bid | None:
        return Bid("any", self.weight) if peek.records else None

    def read(self, file: SourceFile, variant: str, context: ReadContext) -> Iterator[Record]:
        raise AssertionError("not to be read")


def refusal(tmp_path: Path, data: bytes) -> str:
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(Unrecognised) as caught:
        inspect(path, "what.json")
    return str(caught.value)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "not text"),
        (b"7z\xbc\xaf\x27\x1c\0\4", "it is an archive (7-Zip). Unpack it and drop what was in it."),
        (b"Rar!\x1a\x07\x01\0", "it is an archive (RAR)"),
        (b"\xfd7zXZ\0\0\4", "it is an archive (xz)"),
        (b"BZh91AY&SY", "it is an archive (bzip2)"),
        (b"\x28\xb5\x2f\xfd\4\0", "it is an archive (Zstandard)"),
        (b"PK\x07\x08PK\x03\x04", "it is a part of a ZIP that was split. Put all its parts"),
        (tar_of("chats.json", b"[]"), "it is an archive (tar)"),
        (b"Dear diary", "not JSON"),
        (b"[WARN] this is a log", "begins like JSON but cannot be read: expecting value"),
        (b"[]", "without any record"),
        (b"[{}]", "records are empty"),
        (b"[1, 2]", "no objects"),
        (b'[{"name": "Eve", "age": 3}]', "Its records hold 'name', 'age'"),
        (b'[{"conversation_id": "c", "id": "i", "is_anonymous": true, "title": "t"}]', "shared by link"),
        (b'[{"conversation_id": "c", "id": "i", "rating": "thumbs_up", "content": "{}"}]', "ratings"),
        (b'[{"id": "task_e_1", "turns": []}]', "Codex tasks"),
        (b'{"format": "gemini-activity-list-draft", "activities": []}', "needs a merge"),
        (b'{"format": "gemini-activity-detail-draft", "activity": {}}', "needs a merge"),
        (
            as_json([activity("Searched for tea", "2026-01-01T00:00:00Z", header="Search", products=["Search"])]),
            "none of it",
        ),
        (b"<html><title>Gemini</title>Your Gems: Coach</html>", "My Activity > Gemini Apps, in JSON"),
        (b'<html><div class="outer-cell"><div class="header-cell">YouTube', "web page, but none of it is Gemini's"),
        (b"<html>chat", "it is a web page"),
        (as_json({"url": "https://gemini.google.com/app/abc", "messages": [{}]}), "browser extension saved"),
    ],
)
def test_what_is_no_chat_is_refused_with_a_reason_that_helps(tmp_path: Path, data: bytes, words: str) -> None:
    told = refusal(tmp_path, data)

    assert told.startswith("Not imported: ")
    assert words in told


def test_a_tie_is_refused_naming_those_who_claim_it(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b'[{"a": 1}]')

    with pytest.raises(Unrecognised, match="could be from one and two"):
        inspect(path, "x", parsers=(Claims("two", 50), Claims("one", 50), Claims("three", 10)))


def test_the_highest_bid_wins(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b'[{"a": 1}]')

    found = inspect(path, "x", parsers=(Claims("two", 50), Claims("one", 100))).found

    assert [one.parser for one in found] == ["one"]


def test_a_parser_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"[]")

    with pytest.raises(Unrecognised, match="'gone'"):
        list(read(path, None, "gone", "", CONTEXT))


def test_a_file_of_another_kind_is_nobodys() -> None:
    for parser in PARSERS:
        for kind in (Peek("text", head="hello"), Peek("binary"), Peek("empty")):
            assert parser.bid(kind) is None


def test_a_look_takes_no_more_than_the_first_records() -> None:
    seen = peek(MemoryFile(as_json([{"n": number} for number in range(500)])))

    assert (seen.kind, seen.wrapping, len(seen.records)) == ("json", "array", MOST_RECORDS)


def test_a_look_does_not_read_on_to_the_end_of_a_second_record() -> None:
    seen = peek(MemoryFile(as_json([{"a": 1}, {"text": "x" * (6 << 20)}])))

    assert (seen.records, seen.flaw) == (({"a": 1},), "")


def test_a_record_that_is_too_large_for_a_look_does_not_hide_the_next() -> None:
    seen = look(MemoryFile(as_json([{"text": "x" * (6 << 20)}, {"a": 1}])), largest=5 << 20).peek

    assert seen.records == ({"a": 1},)


def test_one_conversation_of_a_whole_life_is_recognised_when_it_is_handed_in_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "life.json"
    path.write_bytes(as_json([chatgpt(message("user", "x" * (66 << 20)), message("assistant", "I see."))]))

    assert [found.platform for found in inspect(path, path.name).found] == ["chatgpt"]


def test_a_look_ends_after_enough_text_but_not_before_the_first_record() -> None:
    seen = peek(MemoryFile(as_json([{"text": "x" * (6 << 20)}] * 3)))

    assert len(seen.records) == 1


def test_a_marker_behind_a_long_list_is_seen() -> None:
    conversations = [loom(str(number), said("user", "Hello " * 20)) for number in range(300)]

    seen = peek(MemoryFile(as_json({"conversations": conversations, "format": "loom-standard"})))

    assert seen.envelope == {"format": "loom-standard"}


def test_the_beginning_of_text_is_kept() -> None:
    assert peek(MemoryFile("\ufeffGrüße".encode())) == Peek("text", head="Grüße")
    assert peek(MemoryFile("Grüße".encode("utf-16"))).head == "Grüße"


def test_one_conversation_among_records_of_other_kinds_is_found() -> None:
    records = [{"x": 1}, 3, chatgpt(message("user", "Hello"))]

    bids = [parser.bid(peek(MemoryFile(as_json(records)))) for parser in PARSERS]

    assert [bid for bid in bids if bid] == [Bid("array", Bid.SHAPE)]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: f"{sample.platform}-{sample.variant}")
def test_no_name_decides_whose_a_file_is(sample: Sample, tmp_path: Path) -> None:
    data = sample.data()
    names = ["x.bin", "conversations.json", "MyActivity.html", "chat.txt", "a.zip", "prod-grok-backend.json", "x.csv"]

    for name in names:
        path = tmp_path / name
        path.write_bytes(data)
        assert [(one.parser, one.variant) for one in inspect(path, name).found] == [(sample.platform, sample.variant)]

    path = tmp_path / "x.json"
    path.write_bytes(zip_of(*(Member(name, data) for name in names), Member("packed", gzip_of(data))))
    found = {(one.parser, one.variant) for one in inspect(path, "x.json").found}
    assert found == {(sample.platform, sample.variant)}
    assert len(inspect(path, "x.json").found) == len(names) + 1
