"""TypingMind: what the export of the app holds."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from packages_store.errors import Unrecognised
from packages_store.model import Conversation, Edition
from stages.parsers.choose import inspect
from stages.parsers.contract import Broken, Empty, Record, Skipped
from tests.stages.parsers.harness import as_json, as_lines, conversations_in, imported, records_of, turns
from tests.stages.parsers.samples.typingmind import chat, export, message

ASKED = message("m1", "user", "Which tea?")
ANSWERED = message("m2", "assistant", "Jasmine.", createdAt="2024-03-10T14:00:07.500Z")


def read(*chats: object) -> list[Record]:
    return records_of("typingmind", export(chats))


def only(*messages: object, **other: object) -> Conversation:
    (found,) = conversations_in(read(chat("c1", *messages, **other)))
    return found


def notes(records: Sequence[Record]) -> str:
    return repr([one for one in records if not isinstance(one, Conversation)])


def test_a_chat_has_its_title_its_times_and_its_messages_in_their_order() -> None:
    found = only(ASKED, ANSWERED)

    assert turns(found) == [("u", "Which tea?"), ("a", "Jasmine.")]
    assert (found.id, found.title, found.edition) == ("c1", "Tea", Edition.EXPORT)
    assert (found.created_at, found.updated_at) == ("2024-03-10T14:00:00.000Z", "2024-03-10T15:00:00.000Z")
    assert [one.created_at for one in found.messages] == ["2024-03-10T14:00:00.000Z", "2024-03-10T14:00:07.500Z"]
    assert [one.id for one in found.messages] == ["c1:m1", "c1:m2"]
    assert not any(one.time_inferred for one in found.messages)


def test_a_chat_without_times_on_its_messages_has_its_own() -> None:
    found = only(message("m1", "user", "Which tea?", createdAt=None), updatedAt="2024-03-10T15:00:00Z")

    assert [(one.created_at, one.time_inferred) for one in found.messages] == [("2024-03-10T14:00:00.000Z", True)]
    assert (found.created_at, found.updated_at) == ("2024-03-10T14:00:00.000Z", "2024-03-10T15:00:00.000Z")


def test_messages_are_never_sorted() -> None:
    assert turns(only(ANSWERED, ASKED)) == [("a", "Jasmine."), ("u", "Which tea?")]


def test_content_is_a_text_or_a_list_of_parts() -> None:
    parts = [{"type": "text", "text": "Which"}, {"type": "text", "text": "tea?"}, {"text": "Hm?"}, 7, {"type": "text"}]

    assert turns(only(message("m1", "user", parts))) == [("u", "Which\ntea?\nHm?")]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.invalid/a/tea.png?size=2", "[image: tea.png]"),
        ("data:image/png;base64,AAAA/BBB", "[image]"),
        ("", "[image]"),
    ],
)
def test_a_picture_is_told_by_its_name(url: str, shown: str) -> None:
    picture = {"type": "image_url", "image_url": {"url": url}}

    assert turns(only(message("m1", "user", [picture]))) == [("u", shown)]


def test_unknown_parts_are_counted_by_name() -> None:
    records = read(chat("c1", message("m1", "user", [{"type": "smell", "text": "Mm."}])))

    assert turns(conversations_in(records)[0]) == [("u", "Mm.")]
    assert "1 message had the unknown content type 'smell'" in notes(records)


def test_the_model_is_that_of_the_message_else_that_of_the_chat() -> None:
    found = only(ASKED, ANSWERED, message("m3", "assistant", "Rest.", model="claude-3"))

    assert [one.model for one in found.messages] == [None, "gpt-4o", "claude-3"]


def test_system_messages_are_instructions() -> None:
    found = only(message("m0", "system", "Be brief."), ASKED, chatParams={"systemMessage": "Be kind."})

    assert found.instructions == ("Be kind.", "Be brief.")
    assert turns(found) == [("u", "Which tea?")]


def test_messages_of_tools_and_without_text_are_counted() -> None:
    records = read(chat("c1", message("t", "tool", "{}"), message("m2", "assistant", []), ASKED, 7))

    assert turns(conversations_in(records)[0]) == [("u", "Which tea?")]
    assert "2 messages that neither the user nor the assistant wrote were left out" in notes(records)
    assert "1 message without text was left out" in notes(records)


def test_a_message_without_a_time_gets_that_of_the_one_before_it() -> None:
    found = only(ASKED, message("m2", "assistant", "Jasmine.", createdAt=None))

    assert (found.messages[1].created_at, found.messages[1].time_inferred) == ("2024-03-10T14:00:00.000Z", True)


def test_a_message_without_an_id_is_the_same_one_when_the_chat_goes_on() -> None:
    told = {"role": "user", "content": "Which tea?"}

    assert only(told).messages[0].id == only(told, ANSWERED).messages[0].id


def test_a_chat_without_an_id_is_known_by_its_first_message() -> None:
    first, second = only(ASKED, chatID=""), only(ASKED, ANSWERED, chatID="", chatTitle="Other")

    assert first.id == second.id
    assert first.id.startswith("typingmind-")


def test_every_chat_of_an_export_is_read_and_none_stops_the_others() -> None:
    strange: list[object] = [None, 7, "x", [], {}, {"messages": [None, 3, {}]}, {"chatID": "c9", "messages": "many"}]

    records = read(*strange, chat("c1", ASKED), *strange, chat("c2"), chat("c3", ANSWERED))

    assert [one.id for one in conversations_in(records)] == ["c1", "c3"]
    assert records.count(Skipped("no TypingMind chat")) == 12
    assert Broken("record 1, byte 0, chat 7", "a chat has no list of messages") in records
    assert Empty("record 1, byte 0, chat 16") in records


def test_chats_that_were_taken_out_of_the_export_are_read() -> None:
    wanted = conversations_in(read(chat("c1", ASKED), chat("c2", ANSWERED)))
    chats = [chat("c1", ASKED), chat("c2", ANSWERED)]

    for data in (as_json(chats), as_json({"chats": chats}), as_lines(chats)):
        assert conversations_in(records_of("typingmind", data)) == wanted


def test_one_chat_alone_is_read_whatever_its_file_is_called(tmp_path: Path) -> None:
    path = tmp_path / "chatgpt.json"
    path.write_bytes(as_json(chat("c1", ASKED)))

    (found,) = conversations_in(imported(path)[0])

    assert (found.platform, turns(found)) == ("typingmind", [("u", "Which tea?")])


def test_an_export_that_is_cut_short_says_so() -> None:
    records = records_of("typingmind", export([chat("c1", ASKED)])[:-5])

    assert [type(one) for one in records] == [Broken]


@pytest.mark.parametrize("record", [{"chatID": "c1"}, {"data": {"chats": [{"messages": []}]}}, {"data": {"chats": []}}])
def test_what_only_resembles_an_export_is_not_claimed(record: object, tmp_path: Path) -> None:
    path = tmp_path / "typingmind.json"
    path.write_bytes(as_json(record))

    with pytest.raises(Unrecognised):
        inspect(path, path.name)
