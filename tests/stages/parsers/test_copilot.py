"""Microsoft Copilot: the files of the privacy dashboard, row by row."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from packages_store.errors import Unrecognised
from packages_store.model import Conversation, Edition
from stages.parsers.choose import inspect
from stages.parsers.contract import Broken, Empty, ReadContext, Record
from tests.stages.parsers.harness import CONTEXT, conversations_in, imported, records_of, turns
from tests.stages.parsers.samples.copilot import ACTIVITY, HISTORY, export
from tests.stages.parsers.test_fixtures import FIXTURES, LIST

Rows = Sequence[Sequence[str]]

TEA = (
    ("Tea", "2026-04-12T10:08:30", "AI", "Rest."),
    ("Tea", "2026-04-12T10:08:30", "Human", "And now?"),
    ("Tea", "2026-04-12T10:05:00", "AI", "Jasmine."),
    ("Tea", "2026-04-12T10:05:00", "Human", "Which tea?"),
)
SAID = [("u", "Which tea?"), ("a", "Jasmine."), ("u", "And now?"), ("a", "Rest.")]


def read(rows: Rows, context: ReadContext = CONTEXT) -> list[Record]:
    return records_of("copilot", export(HISTORY, rows), "activity-history", context)


def chats(rows: Rows) -> list[Conversation]:
    return conversations_in(read(rows))


def activity(*rows: Sequence[str]) -> list[Conversation]:
    return conversations_in(records_of("copilot", export(ACTIVITY, rows), "chat-activity"))


def notes(records: Sequence[Record]) -> str:
    return repr([one for one in records if not isinstance(one, Conversation)])


# --- the activity history ------------------------------------------------------------------------------------


def test_rows_are_turned_around_so_that_a_question_stands_before_the_answer_of_the_same_second() -> None:
    (found,) = chats(TEA)

    assert turns(found) == SAID
    assert (found.title, found.platform, found.edition) == ("Tea", "copilot", Edition.EXPORT)


def test_rows_are_never_sorted() -> None:
    rows = [("Tea", "2026-04-12T10:09:00", "AI", "three"), ("Tea", "2026-04-12T10:01:00", "Human", "two")]
    rows += [("Tea", "2026-04-12T10:05:00", "AI", "one")]

    assert [text for _, text in turns(chats(rows)[0])] == ["one", "two", "three"]


def test_rows_that_somebody_turned_around_already_are_left() -> None:
    assert turns(chats(TEA[::-1])[0]) == SAID


def test_conversations_that_alternate_in_the_file_are_told_apart_by_their_title() -> None:
    found = chats([TEA[0], ("Bread", "2026-04-12T10:07:00", "AI", "Fold."), *TEA[1:]])

    assert {one.title: turns(one) for one in found} == {"Tea": SAID, "Bread": [("a", "Fold.")]}


def test_the_title_is_all_that_a_conversation_is_known_by() -> None:
    grown = chats([("Tea", "2026-05-01T08:00:00", "Human", "Still there?"), *TEA])
    renamed = chats([("Teas", *row[1:]) for row in TEA])

    assert grown[0].id == chats(TEA)[0].id
    assert [message.id for message in grown[0].messages][:4] == [message.id for message in chats(TEA)[0].messages]
    assert renamed[0].id != chats(TEA)[0].id


def test_messages_without_a_title_are_one_conversation_without_a_title() -> None:
    (found,) = chats([(" ", *row[1:]) for row in TEA])

    assert (found.title, turns(found)) == (None, SAID)


def test_a_time_without_a_zone_is_that_of_the_person_and_marked() -> None:
    context = replace(CONTEXT, zone=ZoneInfo("America/New_York"))

    (found,) = conversations_in(read(TEA, context))

    assert found.messages[0].created_at == "2026-04-12T14:05:00.000Z"
    assert all(message.time_inferred for message in found.messages)


def test_the_ids_are_the_same_in_every_time_zone() -> None:
    context = replace(CONTEXT, zone=ZoneInfo("Asia/Tokyo"))

    here, there = chats(TEA)[0], conversations_in(read(TEA, context))[0]

    assert [message.id for message in here.messages] == [message.id for message in there.messages]


def test_a_time_with_a_zone_is_taken_as_it_is() -> None:
    (found,) = chats([("Tea", "2026-04-12T10:05:00+02:00", "Human", "Which tea?")])

    assert (found.messages[0].created_at, found.messages[0].time_inferred) == ("2026-04-12T08:05:00.000Z", False)


def test_a_time_that_cannot_be_read_is_that_of_the_message_before() -> None:
    (found,) = chats([("Tea", "just now", "AI", "Jasmine."), *TEA[3:]])

    assert [message.created_at for message in found.messages] == ["2026-04-12T10:05:00.000Z"] * 2


def test_the_same_words_twice_are_two_messages() -> None:
    (found,) = chats([TEA[0], TEA[0], *TEA[1:]])

    assert [text for _, text in turns(found)] == ["Which tea?", "Jasmine.", "And now?", "Rest.", "Rest."]


def test_markdown_with_line_breaks_commas_and_quotation_marks_stays_as_it_is() -> None:
    answer = 'Use "flour", 250 g.\n\n```text\nmix, wait\n```\n\n| a | b |\n'

    assert chats([("Tea", "2026-04-12T10:05:00", "AI", answer)])[0].messages[0].content == answer


def test_a_byte_order_mark_and_names_in_other_letters_are_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / "history"
    path.write_bytes(export([name.upper() for name in HISTORY], TEA))

    (found,) = conversations_in(imported(path)[0])

    assert turns(found) == SAID


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_file_that_a_spreadsheet_saved_again_is_the_same(encoding: str) -> None:
    saved = export(HISTORY, TEA).decode("utf-8-sig").replace("\r\n", "\n").encode(encoding)

    assert conversations_in(records_of("copilot", saved, "activity-history")) == chats(TEA)


def test_other_authors_and_rows_without_text_are_counted() -> None:
    records = read([("Tea", "2026-04-12T10:09:00", "System", "!"), ("Tea", "2026-04-12T10:09:00", "AI", " "), *TEA])

    assert turns(conversations_in(records)[0]) == SAID
    assert "1 message that neither the user nor Copilot wrote was left out" in notes(records)
    assert "1 message without text was left out" in notes(records)


def test_a_row_that_is_cut_short_is_told_and_the_others_are_read() -> None:
    records = records_of("copilot", export(HISTORY, TEA) + b'Tea,2026-04-12T10:00:00,Human,"Hel', "activity-history")

    assert turns(conversations_in(records)[0]) == SAID
    assert Broken("row 6", "the file is cut short in it") in records


def test_a_file_with_a_header_alone_is_empty() -> None:
    assert read([]) == [Empty("the whole file")]


# --- the files beside it -------------------------------------------------------------------------------------


def test_chat_activity_has_other_columns_and_american_times_with_a_zone() -> None:
    (found,) = activity(
        ("12/13/2025 12:07:15 +00:00", "Answer", "bot", "Research"),
        ("12/13/2025 12:07:14 +00:00", "Query", "user", "Research"),
    )

    assert (found.title, turns(found)) == ("Research", [("u", "Query"), ("a", "Answer")])
    assert found.messages[0].created_at == "2025-12-13T12:07:14.000Z"
    assert not found.messages[0].time_inferred


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1/2/2026 3:04:05 +01:00", "2026-01-02T02:04:05.000Z"),
        ("1/2/2026 3:04:05", "2026-01-02T03:04:05.000Z"),
        ("01/02/2026 14:30", "2026-01-02T14:30:00.000Z"),
        ("1/2/2026 3:04:05 PM", "2026-01-02T15:04:05.000Z"),
        ("2026-01-02T03:04:05", "2026-01-02T03:04:05.000Z"),
        ("2026-01-02T03:04:05.6789Z", "2026-01-02T03:04:05.679Z"),
    ],
)
def test_every_form_of_a_time_is_read(written: str, meant: str) -> None:
    assert activity((written, "Query", "user", "Research"))[0].messages[0].created_at == meant


def test_chat_activity_that_stands_oldest_first_is_left() -> None:
    (found,) = activity(
        ("1/1/2026 10:00:00 +00:00", "Query", "user", "Research"),
        ("1/1/2026 10:00:01 +00:00", "Answer", "Copilot", "Research"),
    )

    assert turns(found) == [("u", "Query"), ("a", "Answer")]


def test_the_same_title_in_both_files_is_no_conversation_of_both() -> None:
    (chat,) = activity(("1/1/2026 10:00:00 +00:00", "Query", "user", "Tea"))

    assert chat.id != chats(TEA)[0].id


def test_prompts_given_in_windows_apps_are_explained(tmp_path: Path) -> None:
    path = tmp_path / "windows.csv"
    path.write_bytes(export(("Timestamp", "ClientApp", "Prompt"), [("2026-01-01T10:00:00", "Notepad", "Shorten it")]))

    with pytest.raises(Unrecognised, match="it lists what Copilot was asked in Windows apps; it holds no answers"):
        inspect(path, path.name)


@pytest.mark.skipif(not LIST.exists(), reason="the shared fixtures are not here")
def test_the_shared_history_has_a_thread_of_four_turns_and_one_of_two() -> None:
    found = conversations_in(imported(FIXTURES / "ms-copilot/copilot_activity_anonymized.csv")[0])

    assert {one.title: "".join(role for role, _ in turns(one)) for one in found} == {
        "Garden sensor setup": "uaua",
        "Recipe notes": "ua",
    }
