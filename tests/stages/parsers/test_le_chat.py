"""Le Chat: messages in no order, their versions, and what they show."""

import random
import zipfile
from pathlib import Path

import pytest

from packages_store.model import Conversation
from stages.parsers.contract import Bid, Broken, Empty, Note, Record, Skipped
from stages.parsers.reading.peeking import peek
from stages.parsers.registry import PARSERS
from tests.stages.parsers.harness import MemoryFile, as_json, conversations_in, imported, records_of, turns
from tests.stages.parsers.samples.le_chat import Json, message


def read(*messages: object) -> list[Record]:
    return records_of("le-chat", as_json(messages))


def one(*messages: object) -> Conversation:
    (found,) = conversations_in(read(*messages))
    return found


def shown(**other: object) -> str:
    """What a message of the assistant with these members shows."""
    return turns(one(message("m1", "assistant", "") | other))[0][1]


def claims(document: object) -> list[tuple[str, Bid]]:
    """Who bids most, and what."""
    seen = peek(MemoryFile(as_json(document)))
    bids = [(parser.platform, bid) for parser in PARSERS if (bid := parser.bid(seen)) is not None]
    return [told for told in bids if told[1].weight == max(bid.weight for _, bid in bids)]


def test_a_list_of_messages_that_name_their_chat_is_claimed() -> None:
    assert claims([message("m1", "user", "Hi")]) == [("le-chat", Bid("", Bid.SHAPE))]


@pytest.mark.parametrize(
    "document",
    [
        [{"role": "user", "content": "Hi"}],
        [{"role": "user", "content": "Hi", "id": "1", "createdAt": "2025-09-19T16:18:19.236Z"}],
        [{"chatId": "c1", "role": "user", "content": "Hi", "createdAt": "2025-09-19T16:18:19.236Z"}],
        [{"id": "1", "sender": "ai", "message": "Hi", "timestamp": 1_700_000_000_000}],
        [{"username": "A", "content": "Hi", "timestamp": "2025-09-19T16:18:19.236Z", "signature": "ab"}],
        [{"id": "message-a", "date": "2025-03-24T12:00:00+00:00", "message_type": "user_message", "content": "Hi"}],
        {"messages": [message("m1", "user", "Hi")]},
    ],
)
def test_lists_of_messages_of_others_are_left_to_them(document: object) -> None:
    assert "le-chat" not in dict(claims(document))


def test_messages_in_no_order_are_sorted_by_their_times() -> None:
    messages = [message(f"m{n}", "user" if n % 2 else "assistant", str(n), n) for n in range(1, 21)]

    found = one(*random.Random(5).sample(messages, 20))

    assert [text for _, text in turns(found)] == [str(n) for n in range(1, 21)]
    assert found.created_at == found.messages[0].created_at == "2025-09-19T16:18:01.236Z"
    assert found.updated_at == "2025-09-19T16:18:20.236Z"


def test_a_question_comes_before_an_answer_of_the_same_time() -> None:
    assert [text for _, text in turns(one(message("a", "assistant", "A"), message("b", "user", "Q")))] == ["Q", "A"]


def test_a_message_without_a_time_stands_last_with_the_time_of_the_one_before_it() -> None:
    found = one(message("a", "assistant", "A", createdAt=None), message("b", "user", "Q", 7))

    assert [(one_.content, one_.created_at, one_.time_inferred) for one_ in found.messages] == [
        ("Q", "2025-09-19T16:18:07.236Z", False),
        ("A", "2025-09-19T16:18:07.236Z", True),
    ]


def test_ids_are_those_of_the_chat_and_of_its_messages() -> None:
    assert [one_.id for one_ in one(message("m1", "user", "Hi")).messages] == ["c1:m1"]


def test_the_title_is_what_the_user_said_first_in_one_line() -> None:
    found = one(
        message("m3", "user", "Later", 3),
        message("m1", "assistant", "Hello", 1),
        message("m2", "user", "Which\ntea?", 2),
    )
    long = one(message("m1", "user", "tea " * 100))

    assert found.title == "Which tea?"
    assert long.title is not None
    assert len(long.title) == 80
    assert one(message("m1", "assistant", "Hello")).title is None


def test_of_the_versions_of_a_message_the_last_is_kept_at_the_place_of_the_first() -> None:
    records = read(
        message("m2", "assistant", "regenerated", 9, version=1),
        message("m1", "user", "Q", 1),
        message("m3", "user", "R", 3),
        message("m2", "assistant", "first try", 2),
    )

    found = conversations_in(records)[0]
    assert [text for _, text in turns(found)] == ["Q", "regenerated", "R"]
    assert found.messages[1].created_at == "2025-09-19T16:18:09.236Z"
    assert records[1:] == [Note("1 earlier version of messages was left out")]


def test_the_last_version_of_a_message_is_told_by_its_number_and_not_by_its_time() -> None:
    found = one(message("m1", "assistant", "second", 2, version=1), message("m1", "assistant", "first", 9, version=0))

    assert turns(found) == [("a", "second")]


def test_chunks_tell_the_text_where_the_content_does_not() -> None:
    chunks = [
        {"type": "text", "text": "Warm "},
        {"type": "reference", "referenceIds": [1, 2]},
        {"type": "tool_call", "name": "web_search", "publicArguments": "never"},
        {"type": "custom_element", "name": "never"},
        {"type": "canva", "id": "never"},
        {"type": "text", "text": "rain."},
    ]

    assert shown(contentChunks=chunks) == "Warm rain."


@pytest.mark.parametrize("kind", ["tool_call", "reference", "custom_element", "canva"])
def test_what_is_in_a_chunk_beside_the_text_is_left_out_without_a_word(kind: str) -> None:
    chunks = [{"type": kind, "text": "never", "name": "never"}, {"type": "text", "text": "Rain."}]

    records = read(message("m1", "assistant", "", contentChunks=chunks))

    assert [turns(found) for found in conversations_in(records)] == [[("a", "Rain.")]]
    assert len(records) == 1


def test_content_repeats_the_text_of_the_chunks_and_is_told_once() -> None:
    found = one(message("m1", "assistant", "Warm rain.", contentChunks=[{"type": "text", "text": "Warm rain."}]))

    assert turns(found) == [("a", "Warm rain.")]


def test_pictures_and_files_are_told_by_their_names() -> None:
    chunks = [
        {"type": "image_url", "imageUrl": "https://a/b.jpg"},
        {"type": "file_reference", "fileReference": "r.docx"},
    ]
    files = [{"type": "image", "name": "cat.png"}, {"type": "document", "name": "a.pdf"}, {"type": "text"}, 7]

    assert shown(contentChunks=chunks) == "[image]\n[file: r.docx]"
    assert shown(files=files) == "[image: cat.png]\n[file: a.pdf]\n[file]\n[file]"


def test_a_canvas_is_told_by_its_title_and_its_text() -> None:
    canvas = [
        {"type": "text/markdown", "title": "Poem", "content": "Roses"},
        {"content": "No name"},
        {"title": "Empty"},
    ]

    assert shown(canvas=canvas) == "[artifact: Poem]\nRoses\n[artifact]\nNo name"


def test_what_the_user_quotes_stands_before_what_is_said_about_it() -> None:
    quotes = ["one\ntwo", {"text": "three"}, {"content": "four"}, {"quote": "five"}, {"id": 6}, 7]

    found = one(message("m1", "user", "Why?", quotes=quotes))

    assert turns(found) == [("u", "> one\n> two\n> three\n> four\n> five\nWhy?")]


def test_unknown_chunks_are_counted_by_their_type() -> None:
    records = read(message("m1", "assistant", "A", contentChunks=[{"type": "chart"}, {"type": "chart"}, 7]))

    assert {note.text for note in records if isinstance(note, Note)} == {
        "2 messages had a chunk of the unknown type 'chart'",
        "1 message had a chunk of the unknown type ''",
    }


def test_other_roles_are_left_out_and_counted() -> None:
    records = read(message("m1", "system", "S"), message("m2", "user", "Q"))

    assert turns(conversations_in(records)[0]) == [("u", "Q")]
    assert records[1:] == [Note("1 message that neither the user nor the assistant wrote was left out")]


def test_messages_of_several_chats_in_one_file_make_several_conversations() -> None:
    found = conversations_in(read(message("m1", "user", "A"), message("m2", "user", "B", chatId="c2")))

    assert [(one_.id, one_.title) for one_ in found] == [("c1", "A"), ("c2", "B")]


def test_a_message_without_an_id_has_the_same_one_in_a_later_export() -> None:
    short, longer = one(message("", "user", "Q")), one(message("", "assistant", "A", 2), message("", "user", "Q"))

    assert short.messages[0].id == longer.messages[0].id


def test_a_chat_without_an_id_has_one() -> None:
    assert one(message("m1", "user", "Q", chatId=None)).id.startswith("le-chat-")


def test_every_chat_of_the_zip_is_read_and_what_was_sent_in_it_is_not(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("chat-1.json", as_json([message("m1", "user", "A")]))
        archive.writestr("chat-1-files/notes.json", as_json([{"name": "x"}]))
        archive.writestr("chat-2.json", as_json([message("m2", "user", "B", chatId="c2")]))

    records, ignored = imported(path)

    assert [(found.id, turns(found)) for found in conversations_in(records)] == [
        ("c1", [("u", "A")]),
        ("c2", [("u", "B")]),
    ]
    assert [name for name, _ in ignored] == ["chat-1-files/notes.json"]


def test_what_is_no_message_is_told_apart_and_a_chat_of_blanks_is_empty() -> None:
    records: list[Json | int] = [7, {"name": "x"}, message("m1", "user", " ")]

    assert [type(record) for record in read(*records)] == [Broken, Skipped, Empty]
