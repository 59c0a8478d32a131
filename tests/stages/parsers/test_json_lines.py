"""Files of lines (JSONL), and documents that were encoded twice."""

import codecs
import io
import json
import math
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packages_store.errors import SourceBroken
from stages.parsers.contract import Broken
from stages.parsers.reading.json_stream import Item, Records
from stages.parsers.reading.peeking import peek
from tests.effort import costs_at_most
from tests.stages.parsers.harness import MemoryFile

objects = st.dictionaries(st.text(max_size=4), st.none() | st.integers() | st.text(max_size=9), max_size=3)


def read(data: bytes, chunk: int = 7, **other: int) -> tuple[list[object], list[Broken], Records]:
    records = Records(io.BytesIO(data), chunk=chunk, **other)
    found = list(records)
    good = [one.value for one in found if isinstance(one, Item)]
    return good, [one for one in found if isinstance(one, Broken)], records


def positions(data: bytes, chunk: int = 1000) -> list[str]:
    records = Records(io.BytesIO(data), chunk=chunk)
    return [records.position for _ in records]


# --- lines -------------------------------------------------------------------------------------------------------


@given(
    st.lists(objects, min_size=2, max_size=6),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32"]),
    st.sampled_from(["\n", "\r\n", "\n\n", " \r\n \n\t"]),
    st.integers(1, 30),
    st.booleans(),
)
def test_lines_come_back_in_every_encoding_with_every_line_end(
    lines: list[object], encoding: str, end: str, chunk: int, escaped: bool
) -> None:
    text = end.join(json.dumps(line, ensure_ascii=escaped) for line in lines) + end

    good, broken, records = read(text.encode(encoding, "surrogatepass"), chunk)

    assert (good, broken) == (json.loads(json.dumps(lines)), [])
    assert (records.wrapping, records.done) == ("lines", True)


def test_every_line_tells_its_number_and_byte_and_blank_lines_are_counted() -> None:
    data = '\n{"a": "é"}\r\n\r\n{"b": 1}\n7\n'.encode()

    for chunk in (1, 3, 1000):
        assert positions(data, chunk) == ["line 2, byte 1", "line 4, byte 16", "line 5, byte 25"]
    assert positions(codecs.BOM_UTF8 + b'{"a": 1}\n{"b": 1}') == ["line 1, byte 3", "line 2, byte 12"]
    assert positions('{"a": 1}\n{"b": 1}'.encode("utf-16")) == ["line 1, byte 2", "line 2, byte 20"]


def test_a_bad_line_tells_its_number_and_byte_and_leaves_the_others() -> None:
    lines = ['{"a": "ü"}', '{"b": tru}', '{"c": 3}', '{"d": 4} {"e": 5}', "not this", '{"f": "ü" 6}', '{"g": 7}']
    data = "\n".join(lines).encode()

    good, broken, _ = read(data)

    assert good == [{"a": "ü"}, {"c": 3}, {"g": 7}]
    assert [(one.position, one.why) for one in broken] == [
        (f"line 2, byte {data.index(b'tru')}", "expecting value"),
        (f"line 4, byte {data.index(b'4}') + 2}", "more follows in the line"),
        (f"line 5, byte {data.index(b'not')}", "expecting value"),
        (f"line 6, byte {data.index(b'6}')}", "expecting ',' delimiter"),
    ]


def test_a_bad_first_line_leaves_the_others() -> None:
    good, broken, records = read(b'{"a": tru}\n{"b": 1}\n{"c": 2}\n')

    assert good == [{"b": 1}, {"c": 2}]
    assert [one.position for one in broken] == ["line 1, byte 6"]
    assert records.wrapping == "lines"


def test_a_line_that_is_nested_too_deeply_or_holds_a_huge_number_is_one_line() -> None:
    lines = [b"{}", b"{}", b"[" * 200_000 + b"]" * 200_000, b'{"n": ' + b"9" * 5000 + b"}", b"{}"]

    good, broken, _ = read(b"\n".join(lines), 1000)

    assert good == [{}, {}, {"n": math.inf}, {}]
    assert [(one.position, one.why) for one in broken] == [("line 3, byte 6", "it is nested too deeply")]


def test_the_last_line_of_a_file_that_is_cut_short_says_so() -> None:
    whole = '{"a": 1}\n{"b": "é, ü"}'.encode()

    for length in range(whole.index(b'"b"') + 1, len(whole)):
        good, broken, _ = read(whole[:length])
        assert good == [{"a": 1}]
        assert [one.position.split(",")[0] for one in broken] == ["line 2"]
        assert "cut short" in broken[0].why


def test_a_line_with_the_name_of_a_list_is_a_line() -> None:
    good, broken, records = read(b'{"conversations": [1, 2]}\n{"conversations": [3]}\n', 1000)

    assert (good, broken) == ([{"conversations": [1, 2]}, {"conversations": [3]}], [])
    assert (records.wrapping, records.envelope) == ("lines", {})


def test_lines_whose_first_is_long_are_read_as_well() -> None:
    first = {"text": "x" * 100_000}

    good, broken, records = read(json.dumps(first).encode() + b'\r\n{"b": tru}\n{"c": 1}\n', 1000)

    assert good == [first, {"c": 1}]
    assert [one.position for one in broken] == ["line 2, byte 100020"]
    assert records.wrapping == "lines"
    assert positions(json.dumps(first).encode() + b'\n{"c": 1}\n') == ["line 1, byte 0", "line 2, byte 100013"]


def test_a_line_that_is_too_large_is_broken_and_the_next_is_read() -> None:
    data = b'{"a": 1}\n{"text": "' + b"x" * 5000 + b'"}\n{"b": 2}\n'

    good, broken, _ = read(data, 100, largest=1000)

    assert good == [{"a": 1}, {"b": 2}]
    assert [one.position for one in broken] == ["line 2, byte 9"]
    assert "larger than" in broken[0].why


@pytest.mark.parametrize("garbage", [b"garbage", b'"x"', b"[1]", b"}", b'{"b": 2}', b"\0\0\0"])
def test_one_object_followed_by_something_else_tells_a_broken_end(garbage: bytes) -> None:
    good, broken, records = read(b'{"a": 1} ' + garbage)

    assert good == [{"a": 1}]
    assert [one.why for one in broken] == ["more follows the end of the JSON"]
    assert records.wrapping == "single"


def test_an_object_on_several_lines_is_one_record() -> None:
    text = json.dumps({"messages": [{"a": 1}, {"b": 2}], "c": {}}, indent=1)

    assert read(text.encode())[2].wrapping == "single"
    assert read(text.encode() + b"\nrest")[1] == [
        Broken(f"record 2, byte {len(text) + 1}", "more follows the end of the JSON")
    ]


def test_damage_of_the_stream_is_told_once_with_the_line() -> None:
    class Damaged(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            if not data:
                raise SourceBroken("the ZIP is damaged", "in the ZIP")
            return data

    found = list(Records(Damaged(b'{"a": 1}\n{"b": 1}\n{"c": '), chunk=4))

    assert [type(one) for one in found] == [Item, Item, Broken]
    assert isinstance(found[2], Broken)
    assert found[2].position.startswith("line 3, ")


@given(st.text('[]{},:"\\ \n\rx1', max_size=60), st.integers(1, 9))
def test_any_lines_are_read_without_an_exception(text: str, chunk: int) -> None:
    read(b'{"a": 1}\n{"b": 1}\n' + text.encode(), chunk)
    read(text.encode() + b'\n{"a": 1}\n{"b": 1}', chunk)


@given(
    st.lists(st.sampled_from(["{}", '{"a": 1}', "{tru}", '{"a', "", "é", '"x"', "[1"]), max_size=8), st.integers(1, 60)
)
def test_what_is_read_does_not_depend_on_how_much_is_read_at_a_time(lines: list[str], chunk: int) -> None:
    data = "\n".join(lines).encode()

    by_chunk, at_once = read(data, chunk), read(data, 1 << 20)

    assert by_chunk[:2] == at_once[:2]
    assert by_chunk[2].wrapping == at_once[2].wrapping


@pytest.mark.parametrize(
    "line", [b'{"role": "user", "text": "hello"}', '{"role": "user", "text": "größer"}'.encode(), b"{tru}"]
)
def test_eight_times_as_many_lines_are_about_eight_times_as_much_work(line: bytes) -> None:
    def read_lines(count: int) -> None:
        records = Records(io.BytesIO(b"{}\n{}\n" + (line + b"\n") * count))
        assert sum(bool(records.position) for _ in records) == count + 2

    # With work that grew with the square it would be 64 times.
    assert costs_at_most(24, lambda: read_lines(16_000), than=lambda: read_lines(2_000))


# --- a document in a string --------------------------------------------------------------------------------------


@pytest.mark.parametrize("document", [[{"a": "é\ud83d"}], {"conversations": [{"a": 1}], "v": 1}, {"messages": [1]}])
def test_a_document_that_was_encoded_twice_is_read_as_what_it_holds(document: object) -> None:
    inner = json.dumps(document)

    for chunk in (3, 1000):
        twice, once = read(json.dumps(inner).encode(), chunk), read(inner.encode(), chunk)
        assert twice[:2] == once[:2]
        assert twice[1] == []
        assert (twice[2].wrapping, twice[2].envelope) == (once[2].wrapping, once[2].envelope)
        assert twice[2].done


def test_lines_in_a_string_are_read_as_lines() -> None:
    good, broken, records = read(json.dumps('{"a": 1}\n{tru}\n{"b": 2}\n').encode())

    assert good == [{"a": 1}, {"b": 2}]
    assert [one.position for one in broken] == ["line 2, byte 10"]
    assert records.wrapping == "lines"


def test_what_cannot_be_read_in_a_string_is_told_with_its_place_in_the_string() -> None:
    good, broken, _ = read(json.dumps('[{"a": "é"}, {"b": tru}, {"c": 1}]').encode())

    assert good == [{"a": "é"}, {"c": 1}]
    assert [one.position for one in broken] == ["record 2, byte 20"]
    assert [one.why for one in read(json.dumps('[{"a": 1}, {"b": ').encode())[1]] == [
        "the file is cut short at byte 17"
    ]


@pytest.mark.parametrize("data", [b'"text"', b'"[1" 2', b'"', b'"\\"[1]\\""', b'""'])
def test_a_string_that_holds_no_json_is_told(data: bytes) -> None:
    good, broken, _ = read(data)

    assert good == []
    assert len(broken) == 1
    assert peek(MemoryFile(b'"[WARN] a log"')).flaw


# --- memory ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", [b"{},", b"[],", b'{"a":1},', b"[[[1]]],"])
@pytest.mark.parametrize("around", [(b"[[", b"1]]"), (b'{"a":1}\n{"b":[', b'1]}\n{"c":1}')])
def test_a_value_of_very_many_parts_is_given_up_before_it_fills_the_memory(
    part: bytes, around: tuple[bytes, bytes]
) -> None:
    data = around[0] + part * 25_000 + around[1]
    tracemalloc.start()
    try:
        good, broken, _ = read(data, 1 << 14, largest=1 << 19)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert "would be in memory" in broken[0].why
    assert good in ([], [{"a": 1}, {"c": 1}])
    assert most < 5 << 19
