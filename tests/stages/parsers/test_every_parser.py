"""What holds for every parser: one suite, run on every sample."""

import json
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from packages_store.errors import Unrecognised
from packages_store.model import Conversation
from stages.parsers.choose import inspect
from stages.parsers.contract import Broken
from stages.parsers.registry import PARSERS
from tests.stages.parsers.harness import Sample, conversations_in, imported, records_of
from tests.stages.parsers.samples import SAMPLES


def _each(samples: Sequence[Sample]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("sample", samples, ids=lambda sample: f"{sample.platform}-{sample.variant}")


each_sample = _each(SAMPLES)
each_list = _each([sample for sample in SAMPLES if sample.kind == "list"])
each_of_records = _each([sample for sample in SAMPLES if sample.kind != "document"])
each_of_json_records = _each([sample for sample in SAMPLES if sample.kind != "document" and sample.is_json])
each_json = _each([sample for sample in SAMPLES if sample.is_json])


def test_every_variant_of_every_parser_has_a_sample() -> None:
    told = {(parser.platform, variant.name) for parser in PARSERS for variant in parser.variants}

    assert {(sample.platform, sample.variant) for sample in SAMPLES} == told


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
def test_ids_are_the_same_when_a_file_is_renamed(sample: Sample, tmp_path: Path) -> None:
    there = tmp_path / "export.json"
    there.write_bytes(sample.data())

    first = conversations_in(imported(there)[0])
    second = conversations_in(imported(there.rename(tmp_path / "export (1).txt"))[0])

    assert first
    assert [(one.id, one.messages) for one in first] == [(one.id, one.messages) for one in second]


@each_list
def test_conversations_are_the_same_when_records_are_in_another_order(sample: Sample) -> None:
    shuffled = sample.data(random.Random(7).sample(sample.records, len(sample.records)))

    first = conversations_in(records_of(sample.platform, sample.data(), sample.variant))
    second = conversations_in(records_of(sample.platform, shuffled, sample.variant))

    assert sorted(first, key=lambda one: one.id) == sorted(second, key=lambda one: one.id)


@each_of_records
def test_a_conversation_is_the_same_whatever_else_is_in_the_file(sample: Sample) -> None:
    whole = {one.id: one for one in conversations_in(records_of(sample.platform, sample.data(), sample.variant))}

    for place in range(len(sample.records)):
        kept = sample.records[-place - 1 :] if sample.newest_first else sample.records[: place + 1]
        part = sample.data(kept)
        for one in conversations_in(records_of(sample.platform, part, sample.variant)):
            assert one.id in whole
            assert {message.id for message in one.messages} <= {message.id for message in whole[one.id].messages}


@each_json
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
        if not _is_whole(data[:length], sample):
            assert any(isinstance(one, Broken) for one in records)

    assert fewest == len(whole)


@each_sample
def test_a_truncated_upload_is_read_or_refused_in_words(sample: Sample, tmp_path: Path) -> None:
    data = sample.data()
    path = tmp_path / "cut.json"

    for length in range(0, len(data), 7):
        path.write_bytes(data[:length])
        told = _refusal(path)
        assert not told or told.startswith("Not imported: it ")


@each_of_json_records
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


def _is_whole(data: bytes, sample: Sample) -> bool:
    """Whether lines were cut between two of them, which nobody can tell."""
    try:
        json.loads(data.rpartition(b"\n")[2] or b"0")
    except ValueError:
        return False
    return sample.kind == "log" and b"\n" in data


def _refusal(path: Path) -> str:
    try:
        imported(path)
    except Unrecognised as error:
        return str(error)
    return ""


def _messages(conversations: list[Conversation]) -> set[tuple[str, str]]:
    return {(message.id, message.content) for one in conversations for message in one.messages}
