"""Loom Standard, with what Entity Loom lets pass and a little more."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from stages.parsers.choose import inspect
from stages.parsers.contract import Bid, Broken, Empty, Note, Peek, ReadContext, Record
from tests.stages.parsers.documents import Json, loom, said
from tests.stages.parsers.harness import as_json, conversations_in, imported, parser_named, records_of, turns


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
        "1 message without text was left out",
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


def test_the_number_in_a_made_up_id_counts_every_message_that_says_something() -> None:
    roles = ["system", "user", "tool", "assistant", "function", "user"]
    messages = [said(role, "x") for role in roles]

    (found,) = conversations_in(read(loom("one", messages[0], said("user", " "), *messages[1:])))

    assert [one.id for one in found.messages] == ["one:msg-2", "one:msg-4", "one:msg-5"]


def test_system_messages_are_instructions_and_no_turns() -> None:
    told = [said("system", "Be brief."), said("user", "A"), said("system", 7), said("system", "Be kind.")]

    records = read(loom("one", *told))

    (found,) = conversations_in(records)
    assert (found.instructions, turns(found)) == (("Be brief.", "Be kind."), [("u", "A")])
    assert records == [found]


@pytest.mark.parametrize("version", [None, 0, 2, "9.9", []])
def test_the_version_of_the_format_is_no_matter(version: object, tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    chats = [loom("one", said("user", "A"))]
    path.write_bytes(as_json({"format": "loom-standard", "version": version, "conversations": chats}))

    (found,) = conversations_in(imported(path)[0])

    assert turns(found) == [("u", "A")]


def test_times_without_a_zone_are_the_clock_of_the_person_and_marked() -> None:
    chat = loom(
        "one", said("user", "A", "2024-03-10T14:00:00"), createdAt="2024-03-10T13:00:00", updatedAt="1710082800"
    )
    document = as_json({"format": "loom-standard", "conversations": [chat]})

    (found,) = conversations_in(records_of("loom-standard", document, context=ReadContext(ZoneInfo("Asia/Tokyo"))))

    assert (found.messages[0].created_at, found.messages[0].time_inferred) == ("2024-03-10T05:00:00.000Z", True)
    assert (found.created_at, found.updated_at) == ("2024-03-10T04:00:00.000Z", "2024-03-10T15:00:00.000Z")


def test_a_file_that_names_its_format_is_never_taken_for_the_platform_whose_chats_it_looks_like(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    chat = loom("one", said("user", "A"), chatID="c1", chatTitle="Tea")  # as TypingMind's
    path.write_bytes(as_json({"format": "loom-standard", "conversations": [chat]}))

    assert parser_named("typingmind").bid(Peek("json", "wrapped", (chat,))) is not None
    assert [one.parser for one in inspect(path, path.name).found] == ["loom-standard"]


def test_one_bad_conversation_does_not_stop_the_others() -> None:
    records = read({"id": "bad"}, loom("empty"), 7, loom("", said("user", "A")), loom("two", said("user", "B")))

    assert [type(one) for one in records[:3]] == [Broken, Empty, Broken]
    assert [one.id[:5] for one in conversations_in(records)] == ["loom-", "two"]
