"""Text in whatever encoding it was written."""

import codecs
import csv
from pathlib import Path

import pytest

from packages_store.errors import SourceBroken
from packages_store.words import with_number
from stages.parsers.reading.containers import open_upload
from stages.parsers.reading.text import count_lost, open_text
from stages.parsers.reading.values import Tally
from tests.stages.parsers.archives import Member, zip_of
from tests.stages.parsers.harness import MemoryFile

TEXT = "Grüße, 대화\r\nзаметки 😀\rlast\nline"


@pytest.mark.parametrize("text", [TEXT, "", "a", "a\n"])
@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", codecs.BOM_UTF8),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
        ("utf-32-le", codecs.BOM_UTF32_LE),
        ("utf-32-be", codecs.BOM_UTF32_BE),
    ],
)
def test_text_is_read_in_every_encoding_with_its_line_ends(text: str, encoding: str, mark: bytes) -> None:
    file = MemoryFile(mark + text.encode(encoding))

    with open_text(file) as whole, open_text(file) as lines, open_text(file) as pieces:
        assert whole.read() == text
        assert list(lines) == text.splitlines(keepends=True)
        assert "".join(iter(lambda: pieces.read(2), "")) == text


def test_without_a_mark_zero_bytes_tell_the_encoding() -> None:
    for encoding in ("utf-16-le", "utf-16-be"):
        with open_text(MemoryFile("plain, then größer".encode(encoding))) as text:
            assert text.read() == "plain, then größer"


@pytest.mark.parametrize(
    ("data", "text", "lost"),
    [
        (b"caf\xe9 na\xefve", "caf\ufffd na\ufffdve", 2),
        ("cut €".encode()[:-1], "cut \ufffd", 1),
        ("said \ufffd before".encode(), "said \ufffd before", 1),
        (codecs.BOM_UTF16_LE + b"a\0\x00\xd8b\0c", "a\ufffdb\ufffd", 2),
    ],
)
def test_what_is_no_text_is_replaced_and_counted(data: bytes, text: str, lost: int) -> None:
    with open_text(MemoryFile(data)) as opened:
        assert "".join(opened) == text
        assert opened.lost == lost
        tally = Tally()
        count_lost(opened, tally)
    told = with_number(lost, "character[|s] could not be decoded and [was|were] replaced by U+FFFD")
    assert [note.text for note in tally.notes()] == [told]


def test_nothing_is_told_where_nothing_was_lost() -> None:
    tally = Tally()
    with open_text(MemoryFile(TEXT.encode())) as opened:
        opened.read()
        count_lost(opened, tally)

    assert list(tally.notes()) == []


def test_rows_with_line_breaks_in_quotes_are_read_by_csv() -> None:
    with open_text(MemoryFile(b'a,"b\r\nc"\r\n1,"2"\r\n')) as text:
        assert list(csv.reader(text)) == [["a", "b\r\nc"], ["1", "2"]]


def test_damage_of_an_archive_is_raised_behind_the_text_that_comes_before(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(zip_of(Member("a.txt", b"line\n" * 50_000, crc=1)))

    with open_upload(path, "x.zip") as upload, open_text(upload.find("a.txt")[0]) as text:
        assert [text.readline() for _ in range(50_000)] == ["line\n"] * 50_000
        with pytest.raises(SourceBroken, match="checksum"):
            text.readline()
