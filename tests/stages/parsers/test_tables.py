"""Rows of a CSV file, however it was written."""

import csv
import io
from dataclasses import dataclass
from typing import BinaryIO

import pytest

from packages_store.errors import SourceBroken
from stages.parsers.contract import Broken, Peek
from stages.parsers.reading import tables
from stages.parsers.reading.peeking import peek
from stages.parsers.reading.tables import Row, columns_of, oldest_first, read_rows
from stages.parsers.reading.values import Tally
from tests.stages.parsers.harness import MODIFIED_AT, MemoryFile

COLUMNS = ("who", "what")


def rows_in(data: str | bytes, columns: tuple[str, ...] = COLUMNS) -> list[tuple[int, str, str] | tuple[str, str]]:
    """(number, who, what) of each row, (position, why) of each that is broken."""
    file = MemoryFile(data.encode() if isinstance(data, str) else data)
    return [
        (one.position, one.why) if isinstance(one, Broken) else (one.number, one.fields["who"], one.fields["what"])
        for one in read_rows(file, columns, Tally())
    ]


@dataclass
class Interrupted(io.RawIOBase):
    """A stream of an archive that is damaged behind its first bytes."""

    data: bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        if not self.data:
            raise SourceBroken("the archive is damaged", "byte 20000")
        size = min(len(buffer), len(self.data))
        buffer[:size], self.data = self.data[:size], self.data[size:]
        return size


class DamagedFile:
    """A member of an archive that can be unpacked only in part."""

    name, size, modified_at = "rows.csv", 1_000, MODIFIED_AT

    def open(self) -> BinaryIO:
        return io.BufferedReader(Interrupted(b"who,what\nme,hi\nyou," + b"x" * 20_000))


class WatchedFile:
    """A file that tells how far it was read."""

    name, size, modified_at = "rows.csv", 1_000, MODIFIED_AT

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.streams: list[io.BytesIO] = []

    def open(self) -> BinaryIO:
        self.streams.append(io.BytesIO(self._data))
        return self.streams[-1]


def test_a_row_is_told_by_the_names_of_its_columns_and_by_its_number_in_a_spreadsheet() -> None:
    assert rows_in("Who,What\nme,hi\nyou,hello\n") == [(2, "me", "hi"), (3, "you", "hello")]


def test_columns_can_stand_in_any_order_beside_others() -> None:
    assert rows_in(" WHAT ,when,who\nhi,now,me\n") == [(2, "me", "hi")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_lines_can_end_in_any_way(end: str) -> None:
    assert rows_in(f"who,what{end}me,hi{end}you,hello{end}") == [(2, "me", "hi"), (3, "you", "hello")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_file_can_have_any_unicode_encoding_with_and_without_a_mark(encoding: str) -> None:
    assert rows_in('who,what\nme,"é 🥣\nb"\n'.encode(encoding)) == [(2, "me", "é 🥣\nb")]


def test_a_quoted_field_holds_line_breaks_commas_and_quotation_marks() -> None:
    assert rows_in('who,what\r\nme,"a\nb, ""c""\r\n\r\nd"\r\nyou,hi\r\n') == [
        (2, "me", 'a\nb, "c"\r\n\r\nd'),
        (3, "you", "hi"),
    ]


def test_the_last_row_needs_no_line_break() -> None:
    assert rows_in("who,what\nme,hi") == [(2, "me", "hi")]
    assert rows_in('who,what\nme,"hi"') == [(2, "me", "hi")]


def test_blank_rows_are_passed_over_and_counted() -> None:
    assert rows_in("\n \nwho,what\n\nme,hi\n\n  \n") == [(5, "me", "hi")]


def test_a_header_that_comes_again_where_files_were_joined_is_no_row() -> None:
    assert rows_in("who,what\nme,hi\nWho,What\nyou,hello\n") == [(2, "me", "hi"), (4, "you", "hello")]


def test_a_file_that_ends_in_quotes_is_told_with_the_row() -> None:
    assert rows_in('who,what\nme,hi\nyou,"he said\n"\nme,"and th') == [
        (2, "me", "hi"),
        (3, "you", "he said\n"),
        ("row 4", "the file is cut short in it"),
    ]


def test_a_file_that_ends_between_two_fields_is_told_with_the_row() -> None:
    assert rows_in("who,what\nme,hi\nyou") == [(2, "me", "hi"), ("row 3", "it has 1 field, and the header has 2")]


def test_a_row_with_too_many_fields_stops_no_other() -> None:
    assert rows_in("who,what\nme,hi,there\nyou,hello\n") == [
        ("row 2", "it has 3 fields, and the header has 2"),
        (3, "you", "hello"),
    ]


def test_a_header_without_a_column_ends_the_reading() -> None:
    assert rows_in("who,when\nme,now\n") == [("row 1", "the header names no column 'what'")]
    assert rows_in("a,b\n1,2\n") == [("row 1", "the header names no column 'what' and no 'who'")]


def test_an_empty_file_has_no_rows() -> None:
    assert rows_in("") == []
    assert rows_in(b"\xef\xbb\xbf\r\n") == []


def test_a_field_can_be_larger_than_the_csv_module_takes_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    csv.field_size_limit(131_072)
    long = "word\n" * 100_000

    assert rows_in(f'who,what\nme,"{long}"\n') == [(2, "me", long)]


def test_a_limit_that_somebody_raised_higher_is_left() -> None:
    before = csv.field_size_limit(tables.LARGEST_FIELD * 2)
    try:
        rows_in("who,what\nme,hi\n")
        assert csv.field_size_limit() == tables.LARGEST_FIELD * 2
    finally:
        csv.field_size_limit(before)


def test_a_quotation_mark_that_is_never_closed_swallows_no_more_than_the_largest_field(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tables, "LARGEST_FIELD", 200)
    before = csv.field_size_limit(100)
    try:
        found = rows_in('who,what\nme,"oops\n' + "you,hello\n" * 50)
    finally:
        csv.field_size_limit(before)

    assert found[0] == ("row 2", "it cannot be read: field larger than field limit (200)")
    assert found[-1] == (len(found) + 1, "you", "hello")
    assert len(found) > 25


def test_a_line_without_an_end_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_LARGEST_LINE", 1 << 20)

    found = rows_in("who,what\nme,hi\n" + "a," * (1 << 20) + "\nyou,hello\n")

    assert found[0] == (2, "me", "hi")
    assert found[1] == ("row 3", "it cannot be read: a line is longer than 1 MiB")
    assert found[-1][1:] == ("you", "hello")


def test_characters_that_cannot_be_decoded_are_counted() -> None:
    tally = Tally()

    rows = list(read_rows(MemoryFile(b"who,what\nme,caf\xe9\n"), COLUMNS, tally))

    assert rows == [Row(2, {"who": "me", "what": "caf\ufffd"})]
    assert [note.text for note in tally.notes()] == ["1 character could not be decoded and was replaced by U+FFFD"]


def test_an_archive_that_is_damaged_gives_its_good_rows_and_then_says_so() -> None:
    first, last = list(read_rows(DamagedFile(), COLUMNS, Tally()))

    assert first == Row(2, {"who": "me", "what": "hi"})
    assert last == Broken("row 3", "the archive is damaged (byte 20000)")


def test_rows_come_while_the_file_is_read() -> None:
    file = WatchedFile(b"who,what\n" + b"me,hi\n" * 100_000)

    rows = read_rows(file, COLUMNS, Tally())
    first = next(rows)

    assert first == Row(2, {"who": "me", "what": "hi"})
    assert file.streams[-1].tell() < 100_000


@pytest.mark.parametrize(
    "data", [b'"Who","What, or so"\r\nme,hi\r\n', b'\xef\xbb\xbfwho,"What, or so"', b'who,"what, or so"\n']
)
def test_the_columns_of_a_text_are_known_before_it_is_read(data: bytes) -> None:
    assert columns_of(peek(MemoryFile(data))) == {"who", "what, or so"}


@pytest.mark.parametrize(
    "seen",
    [
        Peek("json", "array", ({"who": 1},)),
        Peek("empty"),
        Peek("binary"),
        Peek("text"),
        Peek("text", head='"' + "x" * 200_000),
    ],
    ids=["json", "empty", "binary", "nothing", "endless"],
)
def test_what_is_no_csv_has_no_columns_that_anybody_looks_for(seen: Peek) -> None:
    assert not {"who", "what"} & columns_of(seen)


def test_a_first_row_that_is_longer_than_the_csv_module_takes_is_no_header() -> None:
    before = csv.field_size_limit(100)
    try:
        assert columns_of(Peek("text", head="x" * 200 + ",who")) == frozenset()
    finally:
        csv.field_size_limit(before)


def test_a_log_that_stands_newest_first_is_turned_around_and_never_sorted() -> None:
    assert oldest_first([("d", 3), ("c", 3), ("b", None), ("a", 1)], lambda entry: entry[1]) == [
        ("a", 1),
        ("b", None),
        ("c", 3),
        ("d", 3),
    ]
    assert oldest_first(["answer", "question"], lambda entry: 7) == ["question", "answer"]
    assert oldest_first(["answer", "question"], lambda entry: None) == ["question", "answer"]


def test_a_log_that_somebody_turned_around_already_is_left() -> None:
    assert oldest_first([("a", 1), ("b", 3), ("c", 2)], lambda entry: entry[1]) == [("a", 1), ("b", 3), ("c", 2)]
