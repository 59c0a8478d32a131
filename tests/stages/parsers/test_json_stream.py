"""The reader of JSON files: every encoding, every place to cut, every kind of damage."""

import codecs
import io
import json
import math
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packages_store.errors import SourceBroken
from stages.parsers.contract import Broken
from stages.parsers.reading.json_stream import MOST_BROKEN, Item, Records, envelope_behind

ENCODINGS = {
    "utf-8": b"",
    "utf-8-sig": codecs.BOM_UTF8,
    "utf-16-le": b"",
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": b"",
}

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(), max_size=8)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


def read(data: bytes, chunk: int = 7, **other: int) -> tuple[list[object], list[Broken], Records]:
    records = Records(io.BytesIO(data), chunk=chunk, **other)
    found = list(records)
    good = [one.value for one in found if isinstance(one, Item)]
    return good, [one for one in found if isinstance(one, Broken)], records


@given(st.lists(values, max_size=6), st.sampled_from(list(ENCODINGS)), st.integers(1, 40), st.booleans(), st.booleans())
def test_a_list_comes_back_in_every_encoding_and_chunk_size(
    document: list[object], encoding: str, chunk: int, escaped: bool, indented: bool
) -> None:
    text = json.dumps(document, ensure_ascii=escaped, indent=1 if indented else None)
    name = encoding.removesuffix("-sig")

    data = text.encode(name, "surrogatepass")

    good, broken, records = read(ENCODINGS[encoding] + data, chunk)

    assert not broken
    # Halves of characters are no UTF-8: their bytes are kept one by one.
    assert good == json.loads(data.decode(name, "surrogateescape" if name == "utf-8" else "surrogatepass"))
    assert (records.wrapping, records.done) == ("array", True)


@given(st.lists(values, min_size=1, max_size=4), st.integers(1, 20), st.data())
def test_a_list_cut_anywhere_gives_its_whole_records_then_one_complaint(
    document: list[object], chunk: int, data: st.DataObject
) -> None:
    whole = json.dumps(document).encode()
    length = data.draw(st.integers(1, len(whole) - 1))

    good, broken, _ = read(whole[:length], chunk)

    # A number that is cut is not told from a shorter one, but its list is not closed then.
    assert good[:-1] == document[: len(good) - 1] or good == document[: len(good)]
    assert len(broken) == 1


@given(st.binary(max_size=60), st.integers(1, 9))
def test_any_bytes_are_read_without_an_exception(data: bytes, chunk: int) -> None:
    read(data, chunk)
    read(b'[{"a": ' + data, chunk)
    read(b'{"conversations": [' + data, chunk)


@given(st.text('[]{},:"\\ \nx1', max_size=40), st.integers(1, 9))
def test_any_brackets_are_read_without_an_exception(text: str, chunk: int) -> None:
    read(text.encode(), chunk)


def test_what_json_forbids_and_exports_hold_is_accepted() -> None:
    good, broken, _ = read(
        b'["\\ud83d", NaN, -Infinity, ' + b"9" * 5000 + b', 12345678901234567890, "a\x01\tb", "\xff"]'
    )

    assert not broken
    assert good[0] == "\ud83d"
    assert math.isnan(float(str(good[1])))
    assert good[2] == -math.inf
    assert good[3:] == [math.inf, 12345678901234567890, "a\x01\tb", "\udcff"]


@pytest.mark.parametrize("number", ["12", "-3.25", "1e5", "123456789"])
def test_a_number_that_a_chunk_ends_in_is_read_whole(number: str) -> None:
    for chunk in range(1, 12):
        assert read(f"[{number},{number}]".encode(), chunk)[0] == [json.loads(number)] * 2


def test_each_record_tells_its_number_and_the_byte_at_which_it_begins() -> None:
    data = '[{"a": "é😀"}, {"b": 1},\n {"c": "ü"}]'.encode()

    for chunk in (1, 3, 5, 1000):
        records = Records(io.BytesIO(data), chunk=chunk)
        places = [records.position for _ in records]
        assert places == [
            f"record {number + 1}, byte {data.index(mark)}" for number, mark in enumerate((b'{"a"', b'{"b"', b'{"c"'))
        ]


def test_an_error_in_one_record_tells_its_byte_and_leaves_the_others() -> None:
    data = '[{"a": "é"}, {"b": tru}, {"c": 3}, [1 2], {"d": "]"}]'.encode()

    good, broken, _ = read(data)

    assert good == [{"a": "é"}, {"c": 3}, {"d": "]"}]
    assert [one.position for one in broken] == [
        f"record 2, byte {data.index(b'tru')}",
        f"record 4, byte {data.index(b'2]')}",
    ]


def test_a_record_whose_end_cannot_be_found_ends_the_reading() -> None:
    good, broken, _ = read(b'[{"a": 1}, {"b": x"}, {"c": 3}]')

    assert good == [{"a": 1}]
    assert [one.position for one in broken] == ["record 2, byte 17"]


def test_a_record_nested_too_deeply_is_broken_and_the_next_is_read() -> None:
    deep = b"[" * 200_000 + b"]" * 200_000

    good, broken, _ = read(b'[{"a": 1}, ' + deep + b', {"b": 2}]', 1 << 16)

    assert good == [{"a": 1}, {"b": 2}]
    assert [one.why for one in broken] == ["it is nested too deeply"]


def test_a_record_that_is_too_large_is_broken_and_the_next_is_read() -> None:
    data = json.dumps([{"a": 1}, {"text": "x" * 5000}, {"b": 2}]).encode()

    good, broken, _ = read(data, 100, largest=1000)

    assert good == [{"a": 1}, {"b": 2}]
    assert "larger than" in broken[0].why


def test_a_file_that_is_cut_short_says_at_which_byte() -> None:
    data = '[{"a": "é"}, {"b": "long'.encode()

    good, broken, _ = read(data)

    assert good == [{"a": "é"}]
    assert broken == [Broken(f"record 2, byte {len(data)}", f"the file is cut short at byte {len(data)}")]


def test_a_list_beside_other_values_is_unwrapped_with_what_stands_around_it() -> None:
    good, broken, records = read(
        b'{"v": 1, "conversations": [{"a": 1}, {"a": 2}], "projects": [[1, "]"]], "format": "x"}'
    )

    assert (good, broken) == ([{"a": 1}, {"a": 2}], [])
    assert records.wrapping == "wrapped"
    assert records.envelope == {"v": 1, "format": "x"}


def test_a_page_of_an_interface_is_unwrapped() -> None:
    good, _, records = read(b'{"object": "list", "data": [{"id": 1}], "has_more": false}')

    assert good == [{"id": 1}]
    assert records.envelope == {"object": "list", "has_more": False}


def test_an_object_of_records_gives_each_with_its_key() -> None:
    data = b'{"id-1": {"mapping": {}}, "id-2": {"mapping": {"a": null}}}'

    items = [one for one in Records(io.BytesIO(data)) if isinstance(one, Item)]

    assert [(one.key, one.index) for one in items] == [("id-1", 0), ("id-2", 1)]


def test_one_object_is_its_own_only_record() -> None:
    good, broken, records = read(b' {"id": 1, "messages": [{"a": 1}], "meta": {"x": []}} ')

    assert (good, broken) == ([{"id": 1, "messages": [{"a": 1}], "meta": {"x": []}}], [])
    assert records.wrapping == "single"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "the file is empty"),
        (b" \n ", "the file is empty"),
        (b'"text"', "it is not JSON with records"),
        (b"hello", "it is not JSON with records"),
        (b"[1] [2]", "more follows the end of the JSON"),
        (b"[1 2]", ", or ] was expected"),
        (b"[1,]", "expecting value"),
        (b'{"a": 1,}', '" was expected'),
        (b"\xff\xfe[\x00\x00\xd8", "the file is cut short at byte 4"),
        (codecs.BOM_UTF32_LE + b"[\0\0\0\xff\xff\xff\xff", "the bytes are no UTF-32-LE"),
    ],
)
def test_what_is_no_json_is_told_in_words(data: bytes, why: str) -> None:
    assert [one.why for one in read(data)[1]] == [why]


def test_damage_of_the_stream_comes_after_the_good_records() -> None:
    class Damaged(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            if not data:
                raise SourceBroken("the ZIP is damaged", "in the ZIP")
            return data

    found = list(Records(Damaged(b'[{"a": 1}, {"b": '), chunk=4))

    assert isinstance(found[0], Item)
    assert isinstance(found[1], Broken)
    assert "damaged" in found[1].why


class _WithoutSeek(io.BytesIO):
    def seekable(self) -> bool:
        return False


@pytest.mark.parametrize("stream_of", [io.BytesIO, _WithoutSeek])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_what_stands_behind_a_long_list_is_found_from_the_end(stream_of: type[io.BytesIO], encoding: str) -> None:
    record = {"text": '], "format": "wrong"}', "list": [1], "after": [{"x": []}]}
    behind = {"tags": ["a", "b"], "format": "right", "version": 1}
    document = {"conversations": [record] * 2000, **behind}

    stream: BinaryIO = stream_of(json.dumps(document).encode(encoding))

    assert envelope_behind(stream) == behind


@pytest.mark.parametrize("document", [{"conversations": [1, 2]}, [1, [2], 3], {"a": 1}, "x", ""])
def test_nothing_behind_the_list_is_nothing(document: object) -> None:
    assert envelope_behind(io.BytesIO(json.dumps(document).encode())) == {}


def test_the_end_of_a_broken_record_is_looked_for_with_patience_and_no_longer() -> None:
    data = b'[{"a": tru, "list": [' + b'"x", ' * 5000 + b'1]}, {"b": 2}]'

    patient = list(Records(io.BytesIO(data), chunk=64))
    hasty = list(Records(io.BytesIO(data), chunk=64, patience=1000))

    assert [type(one) for one in patient] == [Broken, Item]
    assert [type(one) for one in hasty] == [Broken]


def test_a_list_of_very_many_broken_records_is_given_up() -> None:
    found = list(Records(io.BytesIO(b"[" + b"{tru}, " * 30_000 + b"1]")))

    assert len(found) == MOST_BROKEN + 1
    assert isinstance(found[-1], Broken)
    assert "what follows was left out" in found[-1].why


def test_values_beside_a_list_are_bounded_together() -> None:
    data = b'{"conversations": [1], ' + b", ".join(b'"k%d": "%s"' % (n, b"x" * 500) for n in range(100)) + b"}"

    good, broken, _ = read(data, 100, largest=10_000)

    assert good == [1]
    assert ["larger than" in one.why for one in broken] == [True]
    assert read(data, 100, largest=100_000)[1] == []


def test_a_string_longer_than_the_window_is_stepped_over() -> None:
    text = ("x" * 50 + '\\" ] } ') * 4000
    data = ('{"conversations": [1], "media": [["' + text + '\\\\"], {"a": "]"}], "format": "x"}').encode()

    for chunk in (997, 1000, 1 << 20):
        good, broken, records = read(data, chunk)
        assert (good, broken) == ([1], [])
        assert records.envelope == {"format": "x"}


def test_a_list_beside_the_records_that_is_cut_says_so() -> None:
    for behind in (b'"cut', b'"cut\\', b"[1, ["):
        good, broken, _ = read(b'{"conversations": [1], "media": [' + b'"x", ' * 20_000 + behind, 1000)
        assert good == [1]
        assert ["cut short" in one.why for one in broken] == [True]
