"""Conversations of Gemini in Google Workspace."""

import json
from typing import cast

import pytest

from packages_store.model import Conversation, Edition
from stages.parsers.contract import Bid, Broken, Empty, Note, Peek, Record, Skipped
from tests.stages.parsers.harness import (
    MODIFIED_AT,
    as_json,
    conversations_in,
    imported,
    parser_named,
    records_of,
    turns,
)
from tests.stages.parsers.samples.gemini_takeout import turn, workspace
from tests.stages.parsers.test_fixtures import EXPECTED, FIXTURES, LIST


def read(document: object) -> list[Record]:
    return records_of("gemini", as_json(document), "workspace")


def talk(document: object) -> Conversation:
    (found,) = conversations_in(read(document))
    return found


def test_a_conversation_has_the_turns_of_both_sides_with_their_times() -> None:
    found = talk(workspace(turn("user", 0, "Sum it up"), turn("system", 1, "A **note**.", "2026-08-30T09:15:09.5Z")))

    assert (found.id, found.title, found.edition) == ("gemini-ws-1788081300", "The meeting", Edition.EXPORT)
    assert turns(found) == [("u", "Sum it up"), ("a", "A **note**.")]
    assert [(one.created_at, one.time_inferred) for one in found.messages] == [
        ("2026-08-30T09:15:01.000Z", False),
        ("2026-08-30T09:15:09.500Z", False),
    ]
    assert (found.created_at, found.updated_at) == ("2026-08-30T09:15:00.209Z", "2026-08-30T09:20:00.000Z")


def test_the_id_is_the_second_that_the_files_name_has_too() -> None:
    # conversation_1786296581.txt was created at 2026-08-09T17:29:41.209311+00:00.
    found = talk(workspace(turn("user", 0, "x"), creation_time="2026-08-09T17:29:41.209311+00:00"))

    assert found.id == "gemini-ws-1786296581"


def test_a_conversation_without_a_creation_is_known_by_its_first_words() -> None:
    first, second = turn("user", 0, "Hello"), turn("system", 1, "Hi")

    short, longer = (talk(workspace(*some, creation_time=None)) for some in ([first], [first, second]))

    assert short.id == longer.id
    assert short.messages == longer.messages[:1]


def test_an_answer_joins_its_pieces_and_names_its_pictures() -> None:
    pieces = [
        {"preamble": "Here:", "data": "One."},
        {"data": "Two.", "cards": [{"content": "Card"}, {"content": 3}, 4]},
    ]

    told = {"turn_index": 0, "text": pieces, "images": ["conversation_1_turn_1_images_0", 3]}

    found = talk(workspace({"system_turn": told}))

    assert turns(found) == [("a", "Here:\n\nOne.\n\nTwo.\n\nCard\n\n[image: conversation_1_turn_1_images_0]")]


def test_a_prompt_keeps_its_pictures() -> None:
    found = talk(workspace(turn("user", 0, "", images=["cat.jpg"])))

    assert turns(found) == [("u", "[image: cat.jpg]")]


def test_thoughts_are_reasoning() -> None:
    thoughts = [{"headline": "Reading", "description": "I read."}, {"description": "I think."}, {"headline": "Done"}, 7]

    found = talk(workspace(turn("system", 0, "Yes", model_thoughts=thoughts)))

    assert found.messages[0].reasoning == "Reading: I read.\n\nI think.\n\nDone"


def test_of_turns_written_again_the_last_is_kept_in_its_place_and_the_others_are_counted() -> None:
    records = read(
        workspace(
            turn("user", 0, "A"),
            turn("system", 1, "first"),
            turn("user", 2, "B"),
            turn("system", 3, "b"),
            turn("system", 1, "second"),
            turn("system", 1, "third"),
        )
    )

    assert turns(conversations_in(records)[0]) == [("u", "A"), ("a", "third"), ("u", "B"), ("a", "b")]
    assert records[-1] == Note("2 turns that were edited or written again, of which the last is kept")


def test_a_turn_written_again_keeps_its_id() -> None:
    before = talk(workspace(turn("user", 0, "A"), turn("system", 1, "first")))
    after = talk(workspace(turn("user", 0, "A"), turn("system", 1, "first"), turn("system", 1, "second")))

    assert [one.id for one in before.messages] == [one.id for one in after.messages]


def test_deleted_turns_are_counted_and_what_they_replaced_stays() -> None:
    deleted = turn("user", 0, "gone", turn_deleted_time="2026-08-30T09:21:00Z")

    records = read(workspace(turn("user", 0, "A"), deleted, turn("system", 1, "a")))

    assert turns(conversations_in(records)[0]) == [("u", "A"), ("a", "a")]
    assert records[-1] == Note("1 turn had been deleted and was left out")


def test_turns_without_a_number_stay_in_their_order() -> None:
    found = talk(workspace(turn("user", None, "A"), turn("system", "x", "a"), turn("user", True, "B")))

    assert turns(found) == [("u", "A"), ("a", "a"), ("u", "B")]


@pytest.mark.parametrize("odd", [None, 3, "odd", ["odd", 3, None], {"a": 1}])
@pytest.mark.parametrize("name", ["text", "images", "model_thoughts", "turn_index", "turn_last_modified", "prompt"])
def test_members_of_an_odd_type_do_no_harm(name: str, odd: object) -> None:
    assert turns(talk(workspace(turn("user", 0, "A"), {"system_turn": {"text": [], name: odd}}, odd)))[0] == (
        "u",
        "A",
    )


def test_what_is_no_conversation_is_told_by_name() -> None:
    records = read([workspace(), workspace(turn("system", 0, " "), {"x": 1}), {"title": "x"}, 7])

    assert [type(one) for one in records[:4]] == [Empty, Empty, Skipped, Broken]
    assert set(records[4:]) == {
        Note("1 turn without any text was left out"),
        Note("1 turn was of neither side and was left out"),
    }


def test_turns_without_a_time_get_that_of_the_conversation() -> None:
    found = talk(workspace(turn("user", 0, "A", at="x"), creation_time=None, last_modification_time=None))

    assert found.messages[0].time_inferred
    assert found.created_at == "2025-06-15T15:06:40.000Z"
    assert MODIFIED_AT == 1_750_000_000_000


def test_it_is_known_by_its_turns_alone() -> None:
    parser = parser_named("gemini")

    assert parser.bid(Peek("json", "single", (workspace(turn("user", 0, "A")),))) == Bid("workspace", Bid.SHAPE)
    assert parser.bid(Peek("json", "single", ({"conversation_turns": [{"role": "user"}]},))) is None


@pytest.mark.skipif(not LIST.exists(), reason="the shared fixtures are not here")
def test_the_shared_conversation_has_the_turns_it_is_known_to_have() -> None:
    name = "gemini/handmade/workspace-conversation_1774999569.txt"
    assert "one deleted turn is skipped" in cast(str, EXPECTED[name]["facts"])

    records, _ = imported(FIXTURES / name)

    (found,) = conversations_in(records)
    raw = json.loads((FIXTURES / name).read_bytes())
    assert len(raw["conversation_turns"]) == 5
    assert [(role, text.partition("\n")[0]) for role, text in turns(found)] == [
        ("u", "Summarise this document"),
        ("a", "It is a meeting note."),
        ("u", "One line please"),
        ("a", "Meeting moved to Friday."),
    ]
    assert Note("1 turn had been deleted and was left out") in records
