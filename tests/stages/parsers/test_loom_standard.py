"""Loom Standard, with what Entity Loom lets pass and a little more."""

import pytest

from stages.parsers.contract import Bid, Broken, Empty, Note, Peek, Record
from tests.stages.parsers.documents import Json, loom, said
from tests.stages.parsers.harness import as_json, conversations_in, parser_named, records_of, turns


def read(*conversations: object, **envelope: object) -> list[Record]:
    return records_of("loom-standard", as_json({"format": "loom-standard", "conversations": conversations, **envelope}))


@pytest.mark.parametrize("marker", ["loom-standard", "LOOM-Standard"])
def test_a_file_that_names_its_format_is_claimed(marker: str) -> None:
    wrapped = Peek("json", "wrapped", ({},), {"format": marker})
    empty = Peek("json", "single", ({"format": marker},))

    assert [parser_named("loom-standard").bid(peek) for peek in (wrapped, empty)] == [Bid("", Bid.MARKER)] * 2
    assert parser_named("loom-standard").bid(Peek("json", "array", ({"format": marker},) * 0)) is None


def test_messages_keep_the_order_of_the_list_whatever_their_times() -> None:
    (found,) = conversations_in(
        read(
            loom(
                "one",
                said("user", "B", "2024-03-10T14:05:00.000Z", id="m2"),
                said("assistant", "A", "2024-03-10T14:00:00.1Z", id="m1", model="gpt-4", reasoning="Hm"),
            ),
            originPlatform="ChatGPT",
        )
    )

    assert (found.id, found.title, found.platform, found.created_at) == (
        "one",
        "A talk",
        "chatgpt",
        "2024-03-10T14:00:00.000Z",
    )
    assert turns(found) == [("u", "B"), ("a", "A")]
    last = found.messages[1]
    assert (last.id, last.created_at, last.model, last.reasoning) == (
        "one:m1",
        "2024-03-10T14:00:00.100Z",
        "gpt-4",
        "Hm",
    )


@pytest.mark.parametrize(
    ("conversation", "envelope", "platform"),
    [
        ({}, {}, "unknown"),
        ({}, {"originPlatform": "My App] x"}, "my-app-x"),
        ({"originPlatform": "Inner"}, {"originPlatform": "Outer"}, "inner"),
        ({"originPlatform": 3}, {"originPlatform": " "}, "unknown"),
    ],
)
def test_the_platform_is_the_one_that_the_file_names(conversation: Json, envelope: Json, platform: str) -> None:
    (found,) = conversations_in(read(loom("one", said("user", "A"), **conversation), **envelope))

    assert found.platform == platform


def test_a_platform_named_behind_the_conversations_counts_as_well() -> None:
    data = as_json(
        {"conversations": [loom("one", said("user", "A"))], "format": "loom-standard", "originPlatform": "X"}
    )

    assert conversations_in(records_of("loom-standard", data))[0].platform == "x"


def test_what_is_no_message_of_the_two_is_left_out_and_told() -> None:
    records = read(loom("one", said("user", "A"), said("tool", "x"), said("assistant", 7), said("assistant", " "), {}))

    assert turns(conversations_in(records)[0]) == [("u", "A")]
    assert {one.text for one in records if isinstance(one, Note)} == {
        "2 messages that neither the user nor the assistant wrote were left out",
        "1 messages without text were left out",
    }


def test_messages_without_an_id_or_with_the_same_one_are_told_apart() -> None:
    ids = {"A": "x", "B": "x", "C": "", "D": 3}

    (found,) = conversations_in(read(loom("one", *(said("user", text, id=id_) for text, id_ in ids.items()))))

    assert [one.id for one in found.messages] == ["one:x", "one:x~2", "one:msg-3", "one:msg-4"]


def test_a_time_that_cannot_be_read_is_the_one_before_it_and_numbers_are_seconds() -> None:
    (found,) = conversations_in(
        read(loom("one", said("user", "A", "soon"), said("user", "B", 1_710_079_300), said("user", "C", None)))
    )

    assert [(one.created_at, one.time_inferred) for one in found.messages] == [
        ("2024-03-10T14:00:00.000Z", True),
        ("2024-03-10T14:01:40.000Z", False),
        ("2024-03-10T14:01:40.000Z", True),
    ]


def test_one_bad_conversation_does_not_stop_the_others() -> None:
    records = read({"id": "bad"}, loom("empty"), 7, loom("", said("user", "A")), loom("two", said("user", "B")))

    assert [type(one) for one in records[:3]] == [Broken, Empty, Broken]
    assert [one.id[:5] for one in conversations_in(records)] == ["loom-", "two"]
