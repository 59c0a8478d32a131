"""Perplexity: three forms of the same threads."""

import pytest

from packages_store.model import Conversation, Edition
from stages.parsers.contract import Bid, Broken, Empty, Record, Skipped
from stages.parsers.reading.peeking import peek
from stages.parsers.registry import PARSERS
from tests.stages.parsers.harness import MemoryFile, as_json, conversations_in, records_of, turns
from tests.stages.parsers.samples.perplexity import METADATA, Json, asked, block, entry, official, saved, turn

TALK = [("u", "Which tea?"), ("a", "Jasmine."), ("u", "And now?"), ("a", "Rest.")]


def exported(*turns_: object, **beside: object) -> Json:
    """A thread in the exporter's older form."""
    return {"metadata": METADATA, **beside, "conversations": list(turns_)}


def read(document: object) -> list[Record]:
    return records_of("perplexity", as_json(document), _variant(document))


def one(document: object) -> Conversation:
    (found,) = conversations_in(read(document))
    return found


def claims(document: object) -> list[tuple[str, Bid]]:
    """Who bids most, and what."""
    seen = peek(MemoryFile(as_json(document)))
    bids = [(parser.platform, bid) for parser in PARSERS if (bid := parser.bid(seen)) is not None]
    return [told for told in bids if told[1].weight == max(bid.weight for _, bid in bids)]


def _variant(document: object) -> str:
    ((_, bid),) = claims(document)
    return bid.variant


OLDER = exported(turn("u1", "Which tea?", "Jasmine.", 1), turn("u2", "And now?", "Rest.", 2))
NEWER = saved(entry("u1", "Which tea?", block("Jasmine."), minute=1), entry("u2", "And now?", block("Rest."), minute=2))
OFFICIAL = official("t1", asked("e1", "Which tea?", "Jasmine.", 1), asked("e2", "And now?", "Rest.", 2))


@pytest.mark.parametrize(
    ("document", "variant", "edition"),
    [
        (OLDER, "thread", Edition.COPY),
        (NEWER, "entries", Edition.COPY),
        ([NEWER], "entries", Edition.COPY),
        ({"conversations": [OFFICIAL]}, "official", Edition.EXPORT),
        ([OFFICIAL], "official", Edition.EXPORT),
        (OFFICIAL, "official", Edition.EXPORT),
    ],
)
def test_every_form_tells_the_same_thread_under_the_same_id(document: object, variant: str, edition: Edition) -> None:
    found = one(document)

    assert claims(document) == [("perplexity", Bid(variant, Bid.SHAPE))]
    assert (found.id, turns(found), found.edition) == ("t1", TALK, edition)
    assert found.created_at == "2024-01-01T10:00:00.000Z"
    assert found.updated_at == "2024-01-01T10:05:00.000Z"


@pytest.mark.parametrize(
    "document",
    [
        {"conversations": [turn("u1", "Q", "A")]},
        {"metadata": {"name": "x"}, "conversations": [turn("u1", "Q", "A")]},
        {"metadata": METADATA, "conversations": [{"uuid": "u1", "text": "Q"}]},
        [turn("u1", "Q", "A")],
        {"entries": [{"query_str": "Q"}]},
        {"entries": [{"uuid": "u1", "blocks": []}], "thread_metadata": {}},
        {"entries": []},
        {"context_uuid": "t1", "entries": [{"text": "Q"}]},
    ],
)
def test_questions_and_answers_alone_are_not_enough(document: object) -> None:
    assert "perplexity" not in dict(claims(document))


@pytest.mark.parametrize("document", [OLDER, NEWER, OFFICIAL])
def test_a_turn_is_a_question_and_an_answer_and_has_one_time(document: Json) -> None:
    found = one(document)

    assert [(one_.created_at[:19], one_.time_inferred) for one_ in found.messages] == [
        ("2024-01-01T10:01:10", False),
        ("2024-01-01T10:01:10", True),
        ("2024-01-01T10:02:10", False),
        ("2024-01-01T10:02:10", True),
    ]
    assert sorted(one_.created_at for one_ in found.messages) == [one_.created_at for one_ in found.messages]


def test_ids_of_messages_are_those_of_their_turns() -> None:
    assert [one_.id for one_ in one(OLDER).messages] == ["t1:u1:u", "t1:u1:a", "t1:u2:u", "t1:u2:a"]
    assert [one_.id for one_ in one(OFFICIAL).messages][:2] == ["t1:e1:u", "t1:e1:a"]
    assert one(saved(entry("", "Q", block("A")))).messages[0].id == "t1:b-:u"


def test_turns_are_sorted_by_their_times_where_all_are_told() -> None:
    first, second = turn("u1", "Q", "A", 1), turn("u2", "R", "B", 2)

    assert [text for _, text in turns(one(exported(second, first)))] == ["Q", "A", "R", "B"]
    assert [text for _, text in turns(one(exported(second, first | {"timestamp": None})))] == ["R", "B", "Q", "A"]


def test_the_model_is_told_of_answers() -> None:
    assert [one_.model for one_ in one(OLDER).messages][:2] == [None, "sonar"]
    assert [one_.model for one_ in one(NEWER).messages][:2] == [None, "turbo"]
    assert [one_.model for one_ in one(OFFICIAL).messages][:2] == [None, None]
    other = saved(entry("u1", "Q", block("A"), display_model=None, user_selected_model="opus"))
    assert one(other).messages[1].model == "opus"


@pytest.mark.parametrize(
    ("blocks", "answer"),
    [
        ([block("whole", intended_usage="ask_text")], "whole"),
        ([block("piece", intended_usage="ask_text_0_markdown"), block("whole", intended_usage="ask_text")], "whole"),
        ([{"markdown_block": {"chunks": ["in ", "pieces", 7]}}], "in pieces"),
        ([{"markdown_block": {"answer": "", "chunks": ["in ", "pieces"]}}], "in pieces"),
        ([{"web_result_block": {"web_results": [{"name": "never"}]}}, block("after sources")], "after sources"),
        ([block("one"), block("one"), block("two")], "one\n\ntwo"),
        ([{"markdown_block": None}, 7, {}], None),
        ([], None),
    ],
)
def test_the_answer_is_in_the_blocks(blocks: list[Json], answer: str | None) -> None:
    found = one(saved(entry("u1", "Q", *blocks)))

    assert turns(found)[1:] == ([] if answer is None else [("a", answer)])


def test_sources_are_left_out_and_their_marks_stay() -> None:
    sources = [{"title": "T", "url": "https://a", "snippet": "never"}]

    assert turns(one(exported(turn("u1", "Q", "Warm rain[1].", sources=sources))))[1] == ("a", "Warm rain[1].")


def test_the_title_is_told_beside_the_turns() -> None:
    assert one(OLDER).title == one(NEWER).title == "Tea"
    assert one(saved(entry("u1", "Q", thread_title="Of the entry"), thread_metadata=None)).title == "Of the entry"


def test_the_title_of_the_official_export_is_the_whole_first_question_in_one_line() -> None:
    found = one(official("t1", asked("e1", "Q", "A"), context_title="Which\ntea? " + "x" * 200))

    assert found.title is not None
    assert found.title.startswith("Which tea? xxx")
    assert len(found.title) == 80


def test_a_thread_is_known_by_its_context_else_by_its_address() -> None:
    assert one(saved(entry("u1", "Q", context_uuid=None))).id == "tea-x1"
    nameless = saved(entry("u1", "Q", context_uuid=None, thread_url_slug=None))
    later = entry("u2", "R", minute=3, context_uuid=None, thread_url_slug=None)
    grown = saved(entry("u1", "Q", context_uuid=None, thread_url_slug=None), later)
    assert one(nameless).id == one(grown).id


def test_a_time_without_a_zone_is_the_servers() -> None:
    assert one(NEWER).messages[0].created_at == "2024-01-01T10:01:10.731Z"


@pytest.mark.parametrize("name", ["entry_updated_datetime", "updated_datetime"])
def test_a_turn_that_does_not_tell_when_it_was_made_tells_when_it_was_changed(name: str) -> None:
    told = entry("u1", "Q", entry_created_datetime=None) | {name: "2024-01-01T10:03:10"}

    assert one(saved(told)).messages[0].created_at == "2024-01-01T10:03:10.000Z"


def test_the_last_turn_counts_where_the_thread_says_it_changed_earlier() -> None:
    found = one(official("t1", asked("e1", "Q", "A", 59)))

    assert found.updated_at == "2024-01-01T10:59:10.001Z"


def test_a_turn_of_which_one_half_is_missing_is_kept() -> None:
    found = one(exported(turn("u1", "Q", None, 1), turn("u2", "", "B", 2), turn("u3", " ", "", 3)))

    assert turns(found) == [("u", "Q"), ("a", "B")]


def test_an_answer_that_was_rejected_is_an_answer() -> None:
    assert turns(one(official("t1", asked("e1", "Q", "A", label="reject")))) == [("u", "Q"), ("a", "A")]


def test_turns_without_an_id_keep_theirs_when_the_thread_has_grown() -> None:
    short = one(exported(turn("", "Q", "A", 1)))
    longer = one(exported(turn("", "R", "B", 2), turn("", "Q", "A", 1)))

    assert [one_.id for one_ in short.messages] == [one_.id for one_ in longer.messages][:2]


def test_a_thread_that_is_told_behind_its_turns_is_the_same() -> None:
    data = as_json({"conversations": OLDER["conversations"], "metadata": METADATA})

    (found,) = conversations_in(records_of("perplexity", data, "thread"))

    assert (found.id, found.title, turns(found)) == ("t1", "Tea", TALK)


def test_records_that_are_no_threads_are_told_apart() -> None:
    records = read([7, {"name": "x"}, official("t1", asked("e1", "", "")), OFFICIAL])

    assert [type(record) for record in records] == [Broken, Skipped, Empty, Conversation]


def test_turns_that_are_none_are_told_apart() -> None:
    records = read(exported(7, {"name": "x"}, turn("u1", "Q", "A")))

    assert [type(record) for record in records] == [Broken, Skipped, Conversation]
