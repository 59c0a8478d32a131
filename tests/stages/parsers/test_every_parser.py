"""What holds for every parser: one suite, run on every sample."""

import random
from pathlib import Path

import pytest

from packages_store.errors import Unrecognised
from packages_store.model import Conversation
from stages.parsers import PARSERS
from stages.parsers.choose import inspect
from stages.parsers.contract import Broken
from tests.stages.parsers.harness import Sample, conversations_in, imported, records_of
from tests.stages.parsers.samples import SAMPLES

each_sample = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: f"{sample.platform}-{sample.variant}")


def test_every_parser_has_a_sample() -> None:
    assert {sample.platform for sample in SAMPLES} == {parser.platform for parser in PARSERS}


def test_no_two_parsers_have_the_same_name() -> None:
    assert len({parser.platform for parser in PARSERS}) == len(PARSERS)


@each_sample
def test_exactly_one_parser_claims_a_sample(sample: Sample, tmp_path: Path) -> None:
    path = tmp_path / "whatever.bin"
    path.write_bytes(sample.data())

    found = inspect(path, "holiday.mp4").found

    assert [(one.member, one.parser, one.variant, one.size) for one in found] == [
        (None, sample.platform, sample.variant, path.stat().st_size)
    ]


@each_sample
def test_ids_are_the_same_when_a_file_is_renamed_and_its_records_are_in_another_order(
    sample: Sample, tmp_path: Path
) -> None:
    there, moved = tmp_path / "export.json", tmp_path / "export (1).txt"
    there.write_bytes(sample.data())
    moved.write_bytes(sample.data(random.Random(7).sample(sample.records, len(sample.records))))

    first, second = conversations_in(imported(there)[0]), conversations_in(imported(moved)[0])

    assert first
    assert sorted(first, key=lambda one: one.id) == sorted(second, key=lambda one: one.id)


@each_sample
def test_a_conversation_is_the_same_whatever_else_is_in_the_file(sample: Sample) -> None:
    whole = {one.id: one for one in conversations_in(records_of(sample.platform, sample.data(), sample.variant))}

    for place in range(len(sample.records)):
        part = sample.data(sample.records[: place + 1])
        for one in conversations_in(records_of(sample.platform, part, sample.variant)):
            assert one.id in whole
            assert {message.id for message in one.messages} <= {message.id for message in whole[one.id].messages}


@each_sample
def test_a_file_cut_short_at_any_byte_gives_its_whole_records_and_says_so(sample: Sample) -> None:
    data = sample.data()
    whole = _messages(conversations_in(records_of(sample.platform, data, sample.variant)))
    fewest = 0

    for length in range(len(data)):
        records = records_of(sample.platform, data[:length], sample.variant)
        found = _messages(conversations_in(records))
        assert found <= whole
        assert len(found) >= fewest
        fewest = len(found)
        assert isinstance(records[-1], Broken) or any(isinstance(one, Broken) for one in records)

    assert fewest == len(whole)


@each_sample
def test_a_truncated_upload_is_read_or_refused_in_words(sample: Sample, tmp_path: Path) -> None:
    data = sample.data()
    path = tmp_path / "cut.json"

    for length in range(0, len(data), 7):
        path.write_bytes(data[:length])
        told = _refusal(path)
        assert not told or told.startswith("Not imported: it ")


@each_sample
def test_a_record_of_any_other_shape_never_stops_the_others(sample: Sample) -> None:
    strange: list[object] = [
        None,
        7,
        "x",
        [],
        {},
        [[]],
        {"mapping": 3},
        {"mapping": {"a": 1}},
        {"messages": [None, 3, {}]},
    ]
    strange += [{"title": 3, "time": []}, {"title": "Prompted x", "time": "never", "header": "Gemini"}]

    records = records_of(sample.platform, sample.data([*strange, *sample.records, *strange]), sample.variant)

    assert len(conversations_in(records)) == len(
        conversations_in(records_of(sample.platform, sample.data(), sample.variant))
    )


def _refusal(path: Path) -> str:
    try:
        imported(path)
    except Unrecognised as error:
        return str(error)
    return ""


def _messages(conversations: list[Conversation]) -> set[tuple[str, str]]:
    return {(message.id, message.content) for one in conversations for message in one.messages}
