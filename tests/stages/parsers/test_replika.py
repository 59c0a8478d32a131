"""Replika: what the backup scripts write, row by row."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta, timezone
from itertools import permutations
from pathlib import Path

import pytest

from packages_store.model import Conversation, Edition
from stages.parsers.contract import Broken, Empty, ReadContext, Record
from tests.builders import package_in
from tests.stages.parsers.harness import CONTEXT, conversations_in, imported, records_of, turns
from tests.stages.parsers.samples.replika import ROWS, backup
from tests.stages.parsers.test_fixtures import FIXTURES, LIST

Rows = Sequence[Sequence[str]]

WHOLE = [
    ("u", "hi"),
    ("a", "Hey, there you are"),
    ("u", "Missed you"),
    ("a", "I missed you too! \n\nHow was work?"),
]


def read(rows: Rows, context: ReadContext = CONTEXT) -> list[Record]:
    return records_of("replika", backup(rows), context=context)


def chat(rows: Rows) -> Conversation:
    (found,) = conversations_in(read(rows))
    return found


def row(second: int, who: str, text: str, *, id_: str | None = None, reaction: str = "None") -> tuple[str, ...]:
    told = f"63ff1df00d4f5a00070000{second:02}" if id_ is None else id_
    return (f"2023-03-01T10:04:{second:02}.000Z", who, text, reaction, told)


def held(home: Path, *files: Rows) -> list[list[tuple[str, str]]]:
    """What a package holds, conversation by conversation, after these files were dropped one after the other."""
    staging = package_in(home).staging
    for number, rows in enumerate(files):
        staging.add(f"file-{number}", [chat(rows)])
    return [turns(found) for head in staging.heads() if (found := staging.get(head.id))]


def notes(records: Sequence[Record]) -> str:
    return repr([one for one in records if not isinstance(one, Conversation)])


def test_a_backup_stands_newest_first_and_is_read_oldest_first() -> None:
    found = chat(ROWS)

    assert turns(found)[:3] == WHOLE[:3]
    assert [message.created_at for message in found.messages] == [
        "2023-03-01T10:04:00.000Z",
        "2023-03-01T10:04:10.000Z",
        "2023-03-01T10:04:30.000Z",
        "2023-03-01T10:05:00.000Z",
    ]
    assert not any(message.time_inferred for message in found.messages)
    assert (found.title, found.platform, found.edition) == ("Replika", "replika", Edition.EXPORT)


def test_a_backup_that_was_turned_around_is_read_in_its_own_order() -> None:
    assert chat(ROWS[::-1]) == chat(ROWS)


def test_rows_of_the_same_second_are_turned_around_and_not_sorted() -> None:
    rows = [row(5, "Rep", "two", id_="d"), row(5, "Rep", "one", id_="c"), row(5, "Me", "b"), row(1, "Me", "a")]

    assert turns(chat(rows)) == [("u", "a"), ("u", "b"), ("a", "one"), ("a", "two")]


def test_the_person_is_me_and_the_replika_is_rep_in_any_case_of_letters() -> None:
    assert turns(chat([row(2, "REP", "b"), row(1, "me", "a")])) == [("u", "a"), ("a", "b")]


def test_rows_of_anybody_else_are_counted() -> None:
    records = read([row(2, "Robot", "b"), row(1, "Me", "a")])

    assert turns(conversations_in(records)[0]) == [("u", "a")]
    assert "1 message that neither the user nor the Replika wrote was left out" in notes(records)


def test_a_line_break_is_a_backslash_and_an_n() -> None:
    assert chat(ROWS).messages[-1].content == "I missed you too!\n\nHow was work?"


def test_line_breaks_that_are_really_there_stay() -> None:
    assert chat([row(1, "Me", 'one\ntwo, "three"')]).messages[0].content == 'one\ntwo, "three"'


def test_a_reaction_is_told_and_not_imported() -> None:
    records = read([*ROWS, row(59, "Me", "x", reaction=""), row(58, "Me", "y", reaction="NONE")])

    assert "2 messages had a reaction, which is not imported" in notes(records)
    assert "Upvote" not in repr(conversations_in(records))


def test_messages_without_text_are_counted() -> None:
    records = read([row(2, "Rep", "  "), row(1, "Me", "a")])

    assert turns(conversations_in(records)[0]) == [("u", "a")]
    assert "1 message without text was left out" in notes(records)


def test_messages_keep_the_ids_of_the_platform() -> None:
    assert chat(ROWS).messages[0].id.endswith(":63ff1df00d4f5a0007000001")


def test_a_message_without_an_id_is_the_same_one_in_a_longer_backup() -> None:
    short = chat([row(2, "Rep", "b", id_=""), row(1, "Me", "a", id_="")])
    long = chat([row(3, "Me", "c", id_=""), row(2, "Rep", "b", id_=""), row(1, "Me", "a", id_="")])

    assert [message.id for message in long.messages][:2] == [message.id for message in short.messages]


def test_a_chat_is_known_by_its_oldest_message_so_that_one_that_goes_on_is_the_same() -> None:
    longer = chat([row(59, "Me", "later"), *ROWS])

    assert longer.id == chat(ROWS).id == chat(ROWS[::-1]).id == chat(ROWS[3:]).id
    assert [message.id for message in longer.messages][:4] == [message.id for message in chat(ROWS).messages]


def test_chats_with_two_replikas_are_two_conversations_although_they_say_the_same(
    tmp_path: Path,
) -> None:
    other = [(*told[:4], told[4].replace("63ff", "75aa")) for told in ROWS]

    assert chat(ROWS).id != chat(other).id
    assert held(tmp_path, ROWS, other) == [turns(chat(ROWS)), turns(chat(other))]


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_slices_of_one_backup_that_overlap_are_one_conversation_in_whatever_order_they_come(
    order: Sequence[int], tmp_path: Path
) -> None:
    old, new, limit = ROWS[2:], ROWS[:2], ROWS[1:3]

    assert held(tmp_path, *([old, new, limit][number] for number in order)) == [turns(chat(ROWS))]


@pytest.mark.parametrize("files", [[ROWS[1:], ROWS], [ROWS, ROWS[1:]], [ROWS, ROWS]], ids=["newer", "older", "same"])
def test_an_older_and_a_newer_backup_of_one_account_hold_each_message_once(
    files: Sequence[Rows], tmp_path: Path
) -> None:
    assert held(tmp_path, *files) == [turns(chat(ROWS))]


def test_a_backup_that_no_longer_reaches_back_to_the_beginning_goes_on_with_the_same_conversation(
    tmp_path: Path,
) -> None:
    later = [row(59, "Me", "later"), *ROWS[:2]]

    assert chat(later).id != chat(ROWS).id
    assert [len(said) for said in held(tmp_path, ROWS, later)] == [5]


def test_files_that_were_joined_tell_a_message_once() -> None:
    joined = backup(ROWS[:3]) + backup(ROWS[1:])

    records = records_of("replika", joined)

    (found,) = conversations_in(records)
    assert turns(found) == turns(chat(ROWS))
    assert "2 messages were in the file more than once and are kept once" in notes(records)
    assert not any(isinstance(record, Broken) for record in records)


def test_a_time_without_a_zone_is_utc_wherever_the_person_is() -> None:
    rows = [("2023-03-01T10:04:00", "Me", "a", "None", "1")]
    context = replace(CONTEXT, zone=timezone(timedelta(hours=9)))

    assert conversations_in(read(rows, context))[0].messages[0].created_at == "2023-03-01T10:04:00.000Z"


def test_a_message_whose_time_cannot_be_read_gets_that_of_the_one_before_it() -> None:
    rows = [row(9, "Me", "c"), ("soon", "Rep", "b", "None", "2"), row(1, "Me", "a")]

    second = chat(rows).messages[1]

    assert (second.content, second.created_at, second.time_inferred) == ("b", "2023-03-01T10:04:01.000Z", True)


def test_a_row_that_is_cut_short_is_told_and_the_others_are_read() -> None:
    records = records_of("replika", backup(ROWS)[:-40])

    assert [len(one.messages) for one in conversations_in(records)] == [3]
    assert any(isinstance(one, Broken) and one.position == "row 5" for one in records)


def test_a_backup_without_messages_is_empty() -> None:
    assert read([]) == [Empty("the whole file")]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_backup_that_an_editor_saved_again_is_the_same(encoding: str) -> None:
    saved = backup(ROWS).decode().replace("\r\n", "\n").encode(encoding)

    assert conversations_in(records_of("replika", saved)) == [chat(ROWS)]


@pytest.mark.skipif(not LIST.exists(), reason="the shared fixtures are not here")
def test_the_shared_backup_is_told_from_its_beginning() -> None:
    (found,) = conversations_in(imported(FIXTURES / "replika/derived/chat_backup.csv")[0])

    assert turns(found) == WHOLE
