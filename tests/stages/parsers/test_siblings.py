"""What a person called the attachments of a chat, told by other files of the same archive."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from stages.parsers.choose import inspect, read
from stages.parsers.contract import Bid, NotAChat, Parser, Peek, ReadContext, Record, SourceFile, Variant
from stages.parsers.reading.limits import Limits
from stages.parsers.reading.siblings import LARGEST, names_in
from tests.stages.parsers.archives import Member, gzip_of, zip_of
from tests.stages.parsers.harness import CONTEXT, MemoryFile, as_json

BY_NAME = {
    "file-AbC.dat": "holiday.png",
    "file_000.dat": "Grüße.pdf",
    "user-1/file-X.dat": "in a folder.txt",
    "file-Y-photo.jpeg": "photo.jpeg",
}
LIBRARY = [
    {"id": {"id": "libfile_1"}, "file_id": "file_1", "file_name": "report.docx", "mime_type": "application/x"},
    {"id": {"id": "libfile_2"}, "file_id": "file_2", "file_name": None},
    {"file_id": 3, "file_name": "x"},
    None,
]
CHATS = [{"chat": 1}]


@dataclass(frozen=True)
class Asks:
    """A parser that keeps the names it was told."""

    told: list[dict[str, str]] = field(default_factory=list)
    contexts: list[ReadContext] = field(default_factory=list)
    platform: str = "asks"
    title: str = "Asks"
    variants: tuple[Variant, ...] = ()
    not_chats: tuple[NotAChat, ...] = ()

    def bid(self, peek: Peek) -> Bid | None:
        return Bid("any", Bid.SHAPE) if "chat" in str(peek.records[:1]) else None

    def read(self, file: SourceFile, variant: str, context: ReadContext) -> Iterator[Record]:
        self.contexts.append(context)
        self.told.append(dict(context.names))
        return iter(())


def names_told(tmp_path: Path, *members: Member) -> Mapping[str, str]:
    """The names that a parser is told which reads `chats.json` in an archive of `members`."""
    path = tmp_path / "x.zip"
    path.write_bytes(zip_of(Member("chats.json", as_json(CHATS)), *members))
    return names_in_upload(path)


def names_in_upload(path: Path) -> Mapping[str, str]:
    parser = Asks()
    parsers: tuple[Parser, ...] = (parser,)
    for found in inspect(path, path.name, parsers=parsers).found:
        list(read(path, found.member, found.parser, found.variant, ReadContext(ZoneInfo("UTC")), parsers=parsers))
    return parser.told[0]


def test_names_are_told_by_the_id_of_the_attachment_and_by_its_name_in_the_archive(tmp_path: Path) -> None:
    names = names_told(
        tmp_path,
        Member("conversation_asset_file_names.json", as_json(BY_NAME)),
        Member("library_files.json", as_json(LIBRARY)),
        Member("file-AbC.dat", b"\x89PNG"),
    )

    assert names == {
        "file-AbC.dat": "holiday.png",
        "file-AbC": "holiday.png",
        "file_000.dat": "Grüße.pdf",
        "file_000": "Grüße.pdf",
        "user-1/file-X.dat": "in a folder.txt",
        "file-X": "in a folder.txt",
        "file-Y-photo.jpeg": "photo.jpeg",
        "file_1": "report.docx",
        "libfile_1": "report.docx",
    }


def test_they_are_known_by_their_content(tmp_path: Path) -> None:
    found = names_told(tmp_path, Member("a/x.bin", as_json(BY_NAME)), Member("y", as_json(LIBRARY)))

    assert found["file-AbC"] == "holiday.png"
    assert found["file_1"] == "report.docx"


def test_other_keys_may_come_before_and_every_encoding_is_read() -> None:
    document = {"dalle/a.webp": "a.webp", 'q"': "\u00e9", **BY_NAME}

    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        text = as_json(document).decode().encode(encoding)
        assert names_in([MemoryFile(text)])["file-AbC"] == "holiday.png"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text",
        b"[]",
        b"{}",
        b'{"a": "b"}',
        b'{"file-a.dat": {"x": 1}}',
        b'{"file-a.dat": "cut',
        b'[{"file_id": "a", "file_name": "b"',
        b'[{"mapping": {}, "title": "file-1"}]',
        b'{"file-a": "b", "c": ' + b"[" * 100_000,
        b"\xff\xfe{",
        b'{"file-a": "' + b"x" * LARGEST + b'"}',
    ],
)
def test_what_tells_no_names_tells_none(data: bytes) -> None:
    assert names_in([MemoryFile(data)]) == {}


def test_names_of_a_damaged_file_are_done_without(tmp_path: Path) -> None:
    assert names_told(tmp_path, Member("conversation_asset_file_names.json", as_json(BY_NAME), crc=1)) == {}


def test_names_of_an_archive_that_cannot_be_listed_are_done_without(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    members = (Member("chats.json", as_json(CHATS)), Member("names.json", as_json(BY_NAME)))
    path.write_bytes(zip_of(*members, end={"here": 1, "entries": 1}))
    parser = Asks()

    list(read(path, "chats.json", "asks", "any", CONTEXT, parsers=(parser,), limits=Limits(entries=1)))
    assert parser.told == [{}]


def test_they_are_looked_for_beside_the_chat_and_not_in_other_archives(tmp_path: Path) -> None:
    inner = zip_of(Member("chats.json", as_json(CHATS)), Member("names.json", as_json(BY_NAME)))
    path = tmp_path / "portal.zip"
    path.write_bytes(zip_of(Member("a.zip", inner), Member("names.json", as_json({"file-Z.dat": "z"}))))

    assert "file-AbC" in names_in_upload(path)
    assert "file-Z" not in names_in_upload(path)


def test_a_file_alone_has_no_siblings(tmp_path: Path) -> None:
    for data in (as_json(CHATS), gzip_of(as_json(CHATS))):
        path = tmp_path / "chats.json"
        path.write_bytes(data)
        assert names_in_upload(path) == {}


def test_among_very_many_files_the_usual_names_are_looked_at_first(tmp_path: Path) -> None:
    others = [Member(f"a/{number}.json", b'{"file-no.dat": 1}') for number in range(300)]

    names = names_told(tmp_path, *others, Member("z/conversation_asset_file_names.json", as_json(BY_NAME)))

    assert names["file-AbC"] == "holiday.png"


def test_whoever_reads_is_told_everything_else_as_before(tmp_path: Path) -> None:
    path = tmp_path / "chats.json"
    path.write_bytes(as_json(CHATS))
    parser = Asks()
    context = ReadContext(ZoneInfo("Europe/Berlin"), 45)

    list(read(path, None, "asks", "any", context, parsers=(parser,)))

    assert (parser.contexts[0].zone, parser.contexts[0].gap_minutes) == (context.zone, 45)
