"""Claude Design: who said what in a session, and what the page itself put in."""

import pytest

from packages_store.model import Conversation
from stages.parsers.contract import Bid, Empty, Note, Record, Skipped
from stages.parsers.reading.peeking import peek
from tests.stages.parsers.documents import Json
from tests.stages.parsers.harness import MemoryFile, as_json, conversations_in, parser_named, records_of, turns
from tests.stages.parsers.samples.claude import BEGUN, design, drawn, text

ASKED = drawn("user", "m1", content="Draw a fox", authorName="Ada", authorAccountUuid="a")
SAID = drawn("assistant", "m2", content="", contentBlocks=[text("Here it is.")])


def read(*messages: Json, **other: object) -> list[Record]:
    return records_of("claude", as_json(design(*messages, **other)), "design")


def one(*messages: Json, **other: object) -> Conversation:
    return conversations_in(read(*messages, **other))[0]


def asked(**content: object) -> list[tuple[str, str]]:
    """What is read of a person's message that is answered."""
    return turns(one(drawn("user", "m1", **content), SAID))[:-1]


def answered(*blocks: object) -> list[tuple[str, str]]:
    """What is read of an answer of these blocks."""
    return turns(one(ASKED, drawn("assistant", "m9", contentBlocks=list(blocks)), SAID))[1:-1]


def bid(document: object) -> Bid | None:
    return parser_named("claude").bid(peek(MemoryFile(as_json(document))))


def test_a_session_is_a_conversation_with_its_own_ids_and_times() -> None:
    found = one(ASKED, drawn("assistant", "m2", content="Here.", timestamp="2026-03-01T10:01:00.500Z"))

    assert (found.id, turns(found)) == ("d1", [("u", "Draw a fox"), ("a", "Here.")])
    assert [(said.id, said.created_at) for said in found.messages] == [
        ("d1:m1", "2026-03-01T10:00:00.000Z"),
        ("d1:m2", "2026-03-01T10:01:00.500Z"),
    ]


def test_without_a_time_of_its_own_a_message_has_that_of_when_it_was_saved() -> None:
    saved = {**drawn("user", "m1", content="Draw", timestamp=None), "created_at": "2026-03-01T10:02:00.000000Z"}

    assert one(saved, SAID).messages[0].created_at == "2026-03-01T10:02:00.000Z"


@pytest.mark.parametrize(
    ("told", "title"),
    [
        ({}, "A poster"),
        ({"title": "My fox"}, "My fox"),
        ({"title": None}, "A poster"),
        ({"project": None}, "Chat"),
        ({"title": "", "project": {}}, None),
    ],
)
def test_the_title_is_the_project_where_nobody_gave_the_session_one(told: Json, title: str | None) -> None:
    assert one(ASKED, SAID, **told).title == title


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (text("Words"), [("a", "Words")]),
        ({"type": "thinking", "text": "Hm."}, []),
        ({"type": "tool_call", "toolCall": {"name": "write_file", "input": {}, "output": "Wrote"}}, []),
        ({"type": "error", "message": "Stream ended"}, []),
        ({"type": "user_interjection", "message": {"role": "user", "content": "Bigger"}}, [("u", "Bigger")]),
        ({"type": "user_interjection", "message": "Bigger"}, [("u", "Bigger")]),
        ({"type": "brand_new", "text": "x"}, []),
        ({"type": ["odd"]}, []),
        (3, []),
    ],
    ids=[
        "text",
        "thinking",
        "tool_call",
        "error",
        "user_interjection",
        "user_interjection as a string",
        "unknown",
        "a type that is no text",
        "no object",
    ],
)
def test_a_block_shows_what_its_type_says(block: object, expected: list[tuple[str, str]]) -> None:
    assert answered(block) == expected


def test_what_a_person_says_while_claude_works_is_a_turn_between_two_of_claudes() -> None:
    interjection = {"id": "i1", "role": "user", "content": "And a tail", "timestamp": "2026-03-01T10:00:30.000Z"}
    blocks = [
        {"type": "thinking", "text": "Hm."},
        text("I draw."),
        {"type": "user_interjection", "message": interjection},
        text("With a tail."),
        text("Done."),
    ]

    found = one(ASKED, drawn("assistant", "m2", contentBlocks=blocks))

    assert turns(found)[1:] == [("a", "I draw."), ("u", "And a tail"), ("a", "With a tail.\n\nDone.")]
    assert [said.reasoning for said in found.messages] == [None, "Hm.", None, None]
    assert found.messages[2].created_at == "2026-03-01T10:00:30.000Z"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"content": "Draw", "kind": "chat"}, "Draw"),
        ({"content": "Questions answered:\n- subject: a fox", "kind": "questions-response"}, "Questions answered:"),
        ({"content": "Answered — goal: Audit", "kind": "question-receipt"}, "Answered — goal: Audit"),
        ({"content": '<system-info comment="c">\nLocal time\n</system-info>\n\nDraw'}, "Draw"),
        ({"content": "A", "attachments": [{"type": "image", "name": "fox.png", "path": "p"}]}, "A\n\n[image: fox.png]"),
        ({"content": "A", "attachments": [{"type": "fig-file", "name": "App.fig"}]}, "A\n\n[file: App.fig]"),
        ({"content": "A", "attachments": [{"type": "text", "name": "n", "content": "pasted"}]}, "A\n\npasted"),
        ({"content": "Apply", "attachments": [{"type": "comment", "content": "Smaller"}]}, "Apply\n\nSmaller"),
        ({"content": "", "attachments": [{"type": "image", "name": "fox.png"}]}, "[image: fox.png]"),
        ({"content": "A", "attachments": [{"type": "skill", "name": "Hi-fi", "content": "Use it"}]}, "A"),
        ({"content": "A", "attachments": [{"type": "text", "content": "x", "hidden": True}, {}, None, 3]}, "A"),
        ({"content": "A", "attachments": "odd"}, "A"),
    ],
    ids=[
        "words",
        "answers to questions",
        "a receipt of questions",
        "words behind what the system told",
        "a picture",
        "a file",
        "a text",
        "a comment",
        "a picture alone",
        "a skill",
        "a hidden attachment",
        "no list of attachments",
    ],
)
def test_a_person_says_words_and_attaches_things(content: Json, expected: str) -> None:
    ((who, said),) = asked(**content)

    assert who == "u"
    assert said.startswith(expected)
    assert "Use it" not in said


def test_what_the_page_says_in_the_persons_name_is_left_out_and_counted() -> None:
    records = read(ASKED, drawn("user", "m3", content="Verifier agent check completed", pill=True), SAID)

    assert turns(conversations_in(records)[0]) == [("u", "Draw a fox"), ("a", "Here it is.")]
    assert [record.text for record in records if isinstance(record, Note)] == [
        "1 message that the page of Claude Design had put in was left out"
    ]


def test_the_summary_of_an_earlier_session_is_no_answer() -> None:
    records = read(drawn("assistant", "m0", kind="chat-summary", content="We drew a fox."), ASKED, SAID)

    assert turns(conversations_in(records)[0]) == [("u", "Draw a fox"), ("a", "Here it is.")]
    assert "1 summary of earlier Claude Design sessions was left out" in repr(records)


def test_a_message_that_the_page_saved_twice_is_read_once() -> None:
    twice = [drawn("user", uuid, id="x1", content="Draw a fox") for uuid in ("m1", "m1-again")]

    assert turns(one(*twice, SAID)) == [("u", "Draw a fox"), ("a", "Here it is.")]


def test_a_session_that_was_never_answered_is_told_and_not_imported() -> None:
    assert read(ASKED) == [Skipped("Claude Design session that was never answered")]


@pytest.mark.parametrize("messages", [[], [drawn("user", "m1", content="")], [{"role": "user"}, None, 3]])
def test_a_session_without_anything_to_see_is_empty(messages: list[Json]) -> None:
    records = read(*messages, drawn("assistant", "m9", contentBlocks=[]))

    assert records[0] == Empty("record 1, byte 0")
    assert not conversations_in(records)


def test_messages_of_nobody_are_counted_and_odd_contents_do_not_stop_the_others() -> None:
    odd: Json = {"uuid": "m5", "role": "user", "content": "a string", "created_at": BEGUN}
    records = read(ASKED, drawn("critic", "m3", content="Hm"), odd, {"role": "user", "content": 3}, SAID)

    assert turns(conversations_in(records)[0]) == [("u", "Draw a fox"), ("u", "a string"), ("a", "Here it is.")]
    assert "1 message was neither the person's nor Claude's and was left out" in repr(records)


def test_without_blocks_or_an_author_it_is_known_by_its_project() -> None:
    session = design(drawn("user", "m1", content="Draw a fox"), drawn("assistant", "m2", content="Done."))

    assert bid(session) == Bid("design", Bid.SHAPE)
    assert bid({**session, "project": None}) is None


@pytest.mark.parametrize(
    ("document", "weight"),
    [
        (design(ASKED, SAID), Bid.SHAPE),
        ([design(ASKED, SAID)], Bid.SHAPE),
        ({**design(SAID), "project": None}, Bid.SHAPE),
        (design(), Bid.GUESS),
    ],
)
def test_a_session_is_known_by_the_contents_of_its_messages(document: object, weight: int) -> None:
    assert bid(document) == Bid("design", weight)
