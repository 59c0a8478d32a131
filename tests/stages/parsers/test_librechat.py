"""LibreChat: both layouts of its export, forks, and what a message shows."""

import json
from functools import reduce

import pytest

from packages_store.model import Conversation
from stages.parsers.contract import Bid, Broken, Empty, Note, Record
from stages.parsers.reading.peeking import peek
from stages.parsers.registry import PARSERS
from tests.stages.parsers.harness import MemoryFile, as_json, conversations_in, imported, records_of, turns
from tests.stages.parsers.samples.librechat import ROOT, Json, export, flat, flat_export, message
from tests.stages.parsers.test_fixtures import EXPECTED, FIXTURES

SHARED = "librechat/librechat-export-messagesTree.json"


def read(document: object) -> list[Record]:
    return records_of("librechat", as_json(document))


def one(*roots: Json, **head: object) -> Conversation:
    (found,) = conversations_in(read(export(*roots, **head)))
    return found


def claims(data: bytes) -> list[tuple[str, Bid]]:
    """Who bids most, and what."""
    seen = peek(MemoryFile(data))
    bids = [(parser.platform, bid) for parser in PARSERS if (bid := parser.bid(seen)) is not None]
    return [told for told in bids if told[1].weight == max(bid.weight for _, bid in bids)]


def deep(length: int, list_name: str = "messagesTree") -> bytes:
    """A chat of that many messages, each inside the one before it."""
    begin = '{"messageId": "m%d", "isCreatedByUser": %s, "text": "%d", "children": ['
    messages = "".join(begin % (n, "true" if n % 2 == 0 else "false", n) for n in range(length))
    head = json.dumps({"conversationId": "c1", "title": "Long", "exportAt": "16:33:32", "recursive": True})
    return f'{head[:-1]}, "{list_name}": [{messages}{"]}" * length}]}}'.encode()


NESTED = export(message("m1", True, "Q", message("m2", False, "A", message("m3", True, "R"))))


@pytest.mark.parametrize(
    "document",
    [
        NESTED,
        {**NESTED, "messages": NESTED["messagesTree"], "messagesTree": None},
        flat_export(flat("m1", ROOT, True, "Q"), flat("m2", "m1", False, "A"), flat("m3", "m2", True, "R")),
        flat_export(flat("m3", "m2", True, "R"), flat("m1", ROOT, True, "Q"), flat("m2", "m1", False, "A")),
        flat_export(*(flat(id_, "", id_ != "m2", text) for id_, text in (("m1", "Q"), ("m2", "A"), ("m3", "R")))),
    ],
)
def test_children_and_parents_tell_the_same_conversation(document: Json) -> None:
    (found,) = conversations_in(read(document))

    assert claims(as_json(document)) == [("librechat", Bid("", Bid.SHAPE))]
    assert turns(found) == [("u", "Q"), ("a", "A"), ("u", "R")]
    assert [(one_.id) for one_ in found.messages] == ["c1:m1", "c1:m2", "c1:m3"]


@pytest.mark.parametrize("list_name", ["messagesTree", "messages"])
@pytest.mark.parametrize("length", [300, 5000])
def test_a_chat_that_nests_deeper_than_the_decoder_goes_is_read_all_the_same(length: int, list_name: str) -> None:
    data = deep(length, list_name)

    assert claims(data) == [("librechat", Bid("", Bid.SHAPE))]
    (found,) = conversations_in(records_of("librechat", data))
    assert [text for _, text in turns(found)] == [str(n) for n in range(length)]
    assert {role for role, _ in turns(found)[::2]} == {"u"}


@pytest.mark.parametrize(
    "document",
    [
        NESTED,
        {**NESTED, "messages": [None, 7, [message("x", True, "X")], message("m9", True, "Z")]},
        export(message("m1", True, "Q", children="none"), message("m2", False, "A", children=[3, {}, None])),
        flat_export(
            flat("m2", "m1", False, "A"), flat("m1", ROOT, True, "Q"), {"children": [flat("c", "", True, "C")]}
        ),
        json.dumps(NESTED),
        {**NESTED, "messagesTree": {"children": []}, "children": [message("x", True, "X")]},
        [],
    ],
)
def test_a_file_too_large_to_be_decoded_at_once_tells_the_same(
    document: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = read(document)

    monkeypatch.setattr("stages.parsers.librechat._AT_ONCE", 0)

    assert read(document) == at_once


def test_nothing_else_that_nests_too_deeply_is_claimed() -> None:
    bomb = f'{{"conversationId": 1, "messages": {"[" * 5000}{"]" * 5000}}}'.encode()

    assert "librechat" not in dict(claims(bomb))


@pytest.mark.parametrize(
    "document",
    [
        {"messages": [flat("m1", ROOT, True, "Q")]},
        {"conversationId": "c1", "messages": [flat("m1", ROOT, True, "Q")]},
        {"conversationId": "c1", "exportAt": "x", "messages": [{"role": "user", "content": "Q"}]},
        {"conversationId": "c1", "exportAt": "x"},
        [NESTED],
        [flat("m1", ROOT, True, "Q")],
    ],
)
def test_what_is_not_one_conversation_with_the_time_of_its_export_is_left_to_others(document: object) -> None:
    assert "librechat" not in dict(claims(as_json(document)))


def test_who_created_a_message_tells_its_role_whatever_the_sender_is_called() -> None:
    found = one(message("m1", True, "Q", message("m2", False, "A", sender="User"), sender="GPT-4"))

    assert turns(found) == [("u", "Q"), ("a", "A")]


def test_the_last_child_is_followed_at_each_fork_and_the_others_are_counted() -> None:
    first = message("a1", False, "first", message("b1", True, "B1", message("c1", False, "C1")))
    second = message("a2", False, "second", message("b2", True, "B2"), message("b3", True, "B3"))

    records = read(export(message("r1", True, "R1"), message("r2", True, "R2", first, second)))

    assert [text for _, text in turns(conversations_in(records)[0])] == ["R2", "second", "B3"]
    assert records[1:] == [Note("5 messages on branches that were not followed (edited or regenerated) were left out")]


def test_a_fork_of_messages_that_name_their_parents_is_followed_alike() -> None:
    records = read(
        flat_export(
            flat("q", ROOT, True, "Q"),
            flat("a1", "q", False, "first"),
            flat("a2", "q", False, "second"),
            flat("r", "a1", True, "about the first"),
        )
    )

    assert [text for _, text in turns(conversations_in(records)[0])] == ["Q", "second"]
    assert len(records) == 2


def test_a_last_child_that_shows_nothing_is_not_followed() -> None:
    found = one(message("q", True, "Q", message("a1", False, "A"), message("a2", False, " ")))

    assert turns(found) == [("u", "Q"), ("a", "A")]


def test_a_circle_of_parents_ends() -> None:
    document = flat_export(flat("a", "b", True, "A"), flat("b", "a", False, "B"), flat("c", "c", True, "C"))

    assert conversations_in(read(document))


def test_a_time_is_inherited_by_the_messages_that_have_none() -> None:
    found = one(
        message("m1", True, "Q", message("m2", False, "A", message("m3", True, "R", createdAt=None), createdAt=None))
    )

    assert [(one_.created_at, one_.time_inferred) for one_ in found.messages] == [
        ("2024-04-09T14:32:05.230Z", False),
        ("2024-04-09T14:32:05.230Z", True),
        ("2024-04-09T14:32:05.230Z", True),
    ]


def test_the_time_of_the_export_is_a_time_of_day_and_not_used() -> None:
    found = one(message("m1", True, "Q", createdAt=None), exportAt="16:33:32 GMT+0200 (CEST)")

    assert found.created_at == found.messages[0].created_at == "2025-06-15T15:06:40.000Z"
    assert found.messages[0].time_inferred


def test_the_model_is_the_answers_own_else_that_of_the_options() -> None:
    found = one(
        message("m1", True, "Q", message("m2", False, "A", message("m3", False, "B"), model="claude-3")), title=None
    )

    assert [one_.model for one_ in found.messages] == [None, "claude-3", "gpt-4o"]
    assert found.title is None


def test_without_options_no_model_is_told() -> None:
    assert one(message("m1", False, "A"), options=None).messages[0].model is None


@pytest.mark.parametrize("name", ["promptPrefix", "system", "instructions"])
def test_the_system_prompt_is_an_instruction(name: str) -> None:
    assert one(message("m1", True, "Q"), options={name: "Be brief."}).instructions == ("Be brief.",)


def test_parts_are_thoughts_texts_and_calls_of_tools() -> None:
    parts = [
        {"type": "think", "think": "Hm."},
        {"type": "text", "text": "Looking."},
        {"type": "tool_call", "tool_call": {"name": "search", "args": "{}", "output": "never"}},
        {"type": "think", "think": {"value": "Aha."}},
        {"type": "text", "text": {"value": "Jasmine."}},
    ]

    found = one(message("m1", False, "", content=parts))

    assert turns(found) == [("a", "Looking.\n\nJasmine.")]
    assert found.messages[0].reasoning == "Hm.\n\nAha."


def test_parts_that_are_pictures_or_unknown_are_told() -> None:
    parts = [{"type": "image_file", "image_file": {"filename": "cat.png"}}, {"type": "image_url"}, {"type": "odd"}, 7]

    records = read(export(message("m1", False, "", content=parts)))

    assert turns(conversations_in(records)[0]) == [("a", "[image: cat.png]\n\n[image]")]
    assert {note.text for note in records if isinstance(note, Note)} == {
        "1 message had a part of the unknown type 'odd'",
        "1 message had a part of the unknown type ''",
    }


def test_parts_without_words_leave_the_text() -> None:
    assert turns(one(message("m1", False, "Words", content=[{"type": "tool_call"}]))) == [("a", "Words")]


def test_thoughts_at_the_beginning_of_an_older_text_are_reasoning() -> None:
    found = one(
        message("m1", True, ":::thinking\nno\n:::\n", message("m2", False, ":::thinking\nHm.\n:::\n\nJasmine."))
    )

    assert turns(found) == [("u", ":::thinking\nno\n:::\n"), ("a", "Jasmine.")]
    assert found.messages[1].reasoning == "Hm."
    assert turns(one(message("m1", False, ":::thinking\nhalf"))) == [("a", ":::thinking\nhalf")]


def test_files_are_told_by_their_names() -> None:
    files = [{"filename": "a.pdf", "type": "application/pdf"}, {"filename": "b.png", "type": "image/png"}, {}]

    assert turns(one(message("m1", True, "", files=files))) == [("u", "[file: a.pdf]\n[image: b.png]\n[file]")]


def test_errors_are_left_out_and_counted() -> None:
    records = read(export(message("m1", True, "Q", message("m2", False, "overloaded", error=True))))

    assert turns(conversations_in(records)[0]) == [("u", "Q")]
    assert records[1:] == [Note("1 message tells of an error, and was left out")]


def test_messages_without_an_id_are_told_apart() -> None:
    found = one(message("", True, "Q", message("", False, "A", message("", True, "Q"))))

    assert len({one_.id for one_ in found.messages}) == 3
    assert found.messages[0].id == one(message("", True, "Q")).messages[0].id


def test_a_conversation_without_an_id_has_the_same_one_when_it_has_grown() -> None:
    short = one(message("m1", True, "Q"), conversationId=None)
    longer = one(message("m1", True, "Q", message("m2", False, "A")), conversationId=None)

    assert short.id == longer.id


@pytest.mark.parametrize("document", [export(), flat_export(), export(message("m1", True, " "))])
def test_a_conversation_without_a_message_is_empty(document: Json) -> None:
    assert read(document) == [Empty("record 1, byte 0")]
    assert claims(as_json(document)) == [("librechat", Bid("", Bid.SHAPE))]


def test_what_stands_among_the_messages_and_is_none_does_no_harm() -> None:
    document = export(message("m1", True, "Q"))
    document["messagesTree"] = [None, 7, "x", [], {}, *document["messagesTree"]]  # type: ignore[misc]

    assert turns(conversations_in(read(document))[0]) == [("u", "Q")]


def test_a_document_that_was_encoded_twice_is_read() -> None:
    data = as_json(json.dumps(NESTED))

    assert claims(data) == [("librechat", Bid("", Bid.SHAPE))]
    assert len(conversations_in(records_of("librechat", data))[0].messages) == 3


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (as_json(NESTED) + b" x", "more follows the end of the JSON"),
        (as_json(NESTED)[:-20], "the file is cut short"),
        (b'{"messages": [ }', "expecting value"),
        (b'{"messages" 3}', ": was expected"),
        (b"{3: 4}", '" was expected'),
        (b"[]", "{ was expected"),
        (b'{"title": nul}', "expecting value"),
        (b"", "the file is cut short"),
    ],
)
def test_a_file_that_cannot_be_read_is_broken_and_says_where(data: bytes, why: str) -> None:
    (found,) = records_of("librechat", data)

    assert isinstance(found, Broken)
    assert why in found.why
    assert found.position.startswith("record 1, byte ")


def test_more_messages_than_fit_into_memory_are_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stages.parsers.librechat._MOST", 2)

    (found,) = read(NESTED)

    assert isinstance(found, Broken)
    assert found.why == "it holds more than 2 messages"


def test_a_file_that_is_too_large_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stages.parsers.librechat.LARGEST_VALUE", 100)

    (found,) = read(NESTED)

    assert isinstance(found, Broken)
    assert found.why.startswith("it is larger than ")


@pytest.mark.skipif(SHARED not in EXPECTED, reason="the shared fixtures are not here")
def test_the_shared_export_is_a_chain_with_the_model_of_its_options() -> None:
    (found,) = conversations_in(imported(FIXTURES / SHARED)[0])

    assert (found.id, found.title) == ("af1ea676-f525-444f-a9ed-7c8dbf062733", "Conversation 1. Web Search")
    assert [role for role, _ in turns(found)] == ["u", "a", "u", "a", "u", "a"]
    assert turns(found)[4][1] == "Is it for fully loaded    car?"
    assert [one_.model for one_ in found.messages] == [None, "gpt-3.5-turbo"] * 3
    times = [one_.created_at for one_ in found.messages]
    assert reduce(max, times) == times[-1] == "2024-04-09T14:32:05.266Z"
