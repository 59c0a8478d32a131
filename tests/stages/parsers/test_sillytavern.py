"""SillyTavern and its dialects: whose lines are whose, what they show, and when they were written."""

import json
from collections.abc import Mapping
from datetime import UTC, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from packages_store.errors import Unrecognised
from packages_store.model import Conversation, Edition
from stages.parsers.choose import inspect
from stages.parsers.contract import Bid, Broken, Empty, Note, Peek, ReadContext, Record, Skipped
from tests.stages.parsers.harness import MemoryFile, as_lines, check, conversations_in, imported, parser_named, turns
from tests.stages.parsers.samples.sillytavern import Json, header, mes
from tests.stages.parsers.test_fixtures import FIXTURES, LIST

GREETING = mes("Vera", "You are late.")
REPLY = mes("Ned", "The bridge was up.", "2025-12-01T20:01:00.000Z")
BERLIN = ZoneInfo("Europe/Berlin")


def read_bytes(data: bytes, zone: tzinfo = UTC, name: str = "chat.jsonl") -> list[Record]:
    found = list(parser_named("sillytavern").read(MemoryFile(data, name), "chat", ReadContext(zone)))
    check(found)
    return found


def read(*lines: object, zone: tzinfo = UTC, name: str = "chat.jsonl") -> list[Record]:
    return read_bytes(as_lines(lines), zone, name)


def one(*lines: object, zone: tzinfo = UTC, name: str = "chat.jsonl") -> Conversation:
    (found,) = conversations_in(read(*lines, zone=zone, name=name))
    return found


def notes(records: list[Record]) -> set[str]:
    return {record.text for record in records if isinstance(record, Note)}


def bid(*records: object) -> Bid | None:
    return parser_named("sillytavern").bid(Peek("json", "lines", records))


def shown(text: object = "Look.", /, **extra: object) -> list[tuple[str, str]]:
    """What is read of a user's message with this text and `extra`."""
    return turns(one(header(), mes("Ned", text, extra=extra)))


def left_out(**other: object) -> set[str]:
    """What is noted of a line between two others that is not imported."""
    records = read(header(), GREETING, mes("Vera", "not said", **other), REPLY)
    assert turns(conversations_in(records)[0]) == [("a", "You are late."), ("u", "The bridge was up.")]
    return notes(records)


def refusal(tmp_path: Path, document: bytes) -> str:
    path = tmp_path / "file"
    path.write_bytes(document)
    with pytest.raises(Unrecognised) as caught:
        inspect(path, "file")
    return str(caught.value)


# --- headers ---------------------------------------------------------------------------------------------------------


def read_with(head: Mapping[str, object]) -> Conversation:
    """The chat behind a header, which somebody claims as SillyTavern's."""
    assert bid(head, GREETING, REPLY) == Bid("chat", Bid.SHAPE)
    found = one(head, GREETING, REPLY)
    assert turns(found) == [("a", "You are late."), ("u", "The bridge was up.")]
    return found


def test_a_header_of_tavernai_of_january_2023_tells_names_and_a_date() -> None:
    found = read_with({"user_name": "You", "character_name": "Vera Solano", "create_date": 1_673_000_000_000})

    assert (found.title, found.created_at) == ("Vera Solano", "2023-01-06T10:13:20.000Z")


def test_the_notes_in_a_header_of_tavernai_of_april_2023_are_instructions() -> None:
    head = {"user_name": "You", "character_name": "Vera", "create_date": 1_680_000_000_000, "mode": "story"}

    found = read_with({**head, "notes": "Keep it short.", "notes_type": "discr"})

    assert (found.title, found.instructions) == ("Vera", ("Keep it short.",))


def test_a_room_of_tavernai_is_named_after_all_its_characters() -> None:
    head = {"user_name": "You", "character_names": ["Vera", "Maris"], "create_date": 1_680_000_000_000, "notes": ""}

    assert read_with(head).title == "Vera, Maris"


@pytest.mark.parametrize("created", ["2023-4-9 @14h 05m 01s 07ms", "2024-07-24@01h31m37s"])
def test_a_header_of_sillytavern_until_2025_tells_names_and_a_local_date(created: str) -> None:
    head = {"user_name": "Ned", "character_name": "Vera", "create_date": created, "chat_metadata": {"tainted": True}}

    assert read_with(head).title == "Vera"


def test_the_names_unused_of_a_header_since_late_2025_are_never_taken() -> None:
    found = read_with(header())

    assert (found.id, found.title) == ("7b0f5a52-8a57-4a55-9a0f-3c1e2d4b5f60", "Vera")


def test_a_header_of_a_chat_that_sillytavern_imported_needs_no_metadata() -> None:
    assert read_with({"user_name": "Ned", "character_name": "Vera", "create_date": "2024-07-24@01h31m37s"}).title == (
        "Vera"
    )


def test_a_group_chat_without_a_header_never_loses_its_first_line() -> None:
    notice = mes("SillyTavern System", "Group chat created.", is_system=True, is_group=True, extra={"type": "group"})

    assert bid(GREETING, REPLY) == Bid("headerless", Bid.SHAPE)
    assert turns(one(GREETING, REPLY)) == [("a", "You are late."), ("u", "The bridge was up.")]
    records = read(notice, GREETING, REPLY)
    assert turns(conversations_in(records)[0]) == [("a", "You are late."), ("u", "The bridge was up.")]
    assert notes(records) == {"1 message of SillyTavern itself was left out"}


def test_a_group_chat_with_a_header_is_named_after_those_who_spoke_most() -> None:
    maris = [mes("Maris", text, original_avatar="Maris.png") for text in ("Pay.", "At the rail.")]

    assert one(header(), GREETING, *maris).title == "Maris, Vera"


def test_the_greeting_that_janitorais_downloader_writes_twice_is_kept_once() -> None:
    greeting = mes("Wren", "Hello, Ned.", "January 5, 2026 6:29PM", is_system=False, extra={})

    found = one(greeting, greeting, mes("Ned", "Hello.", "January 5, 2026 6:30PM"))

    assert turns(found) == [("a", "Hello, Ned."), ("u", "Hello.")]
    assert (found.messages[0].created_at, found.edition) == ("2026-01-05T18:29:00.000Z", Edition.COPY)


def test_a_line_that_comes_twice_behind_a_header_or_later_is_kept_twice() -> None:
    assert len(one(header(), GREETING, GREETING, REPLY).messages) == 3
    assert len(one(GREETING, REPLY, REPLY).messages) == 3


def test_a_first_line_of_the_user_that_comes_twice_is_kept_twice() -> None:
    assert turns(one(REPLY, REPLY, GREETING))[:2] == [("u", "The bridge was up.")] * 2


def test_a_header_of_chub_may_hold_metadata_alone_and_texts_are_objects() -> None:
    answer = mes("Vera", {"message": "You are late."}, swipes=[{"message": "Hm."}, {"message": "You are late."}])

    assert bid({"chat_metadata": {}}, answer) == Bid("chub", Bid.SHAPE)
    assert turns(one({"chat_metadata": {}}, answer, REPLY)) == [("a", "You are late."), ("u", "The bridge was up.")]


@pytest.mark.parametrize("name", ["user_name", "character_name", "character_names", "create_date", "chat_metadata"])
def test_a_first_line_with_any_of_the_five_names_and_without_a_text_is_a_header(name: str) -> None:
    value: object = {"integrity": "i"} if name == "chat_metadata" else "x"

    records = read({name: value}, GREETING)

    assert [type(record) for record in records] == [Conversation]
    assert turns(conversations_in(records)[0]) == [("a", "You are late.")]


@pytest.mark.parametrize(
    "head",
    [
        {"user_name": "You", "character_name": "Vera", "create_date": 1_673_000_000_000},
        {
            "user_name": "Ned",
            "character_name": "Vera",
            "create_date": "2023-4-9 @14h 05m 01s 07ms",
            "chat_metadata": {},
        },
        {"chat_metadata": {"integrity": "i"}, "user_name": "unused", "character_name": "unused"},
        {"chat_metadata": {"integrity": "i"}, "character_names": ["Vera", "Maris"]},
        {"user_name": "Ned", "character_name": "Vera", "create_date": "2024-07-24@01h31m37s"},
    ],
)
def test_a_header_with_names_is_known_without_any_message(head: Json) -> None:
    assert bid(head) == Bid("chat", Bid.SHAPE)


def test_what_sillytavern_keeps_beside_a_chat_is_neither_said_nor_an_instruction() -> None:
    metadata = {
        "persona": "ned.png",
        "note_interval": 1,
        "note_depth": 4,
        "note_position": 1,
        "note_role": 0,
        "world_info": "Harbour",
        "variables": {"mood": "grim"},
        "timedWorldInfo": {"sticky": {}},
        "attachments": [{"url": "/f/a.txt", "name": "a.txt"}],
        "tainted": True,
    }

    found = one({**header(), "chat_metadata": metadata}, GREETING)

    assert (found.instructions, turns(found)) == ((), [("a", "You are late.")])


def test_a_header_of_many_kilobytes_is_a_header(tmp_path: Path) -> None:
    variables = {f"v{number}": "some value " * 20 for number in range(2000)}
    head = {"chat_metadata": {"integrity": "big", "variables": variables}, "user_name": "unused"}

    path = tmp_path / "chat"
    path.write_bytes(as_lines([head, GREETING]))

    (found,) = conversations_in(imported(path)[0])

    assert len(json.dumps(head)) > 400_000
    assert (found.id, turns(found)) == ("big", [("a", "You are late.")])


def test_the_note_of_the_author_and_the_scenario_are_instructions() -> None:
    metadata = {"integrity": "i", "note_prompt": "Rain.", "scenario": "A harbour.", "note_depth": 4}

    assert one({**header(), "chat_metadata": metadata}, GREETING).instructions == ("Rain.", "A harbour.")


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("Vera - 2024-07-12@01h00m00s000ms.jsonl", "Vera - 2024-07-12@01h00m00s000ms"),
        ("chats/Vera/Vera - 2023-4-9 @14h 05m 01s 07ms imported.jsonl", "Vera - 2023-4-9 @14h 05m 01s 07ms"),
        ("Vera - 2024-07-12@01h00m00s - Branch #1 (2).jsonl", "Vera - 2024-07-12@01h00m00s - Branch #1"),
        ("2025-11-26@10h11m12s345ms.jsonl", "Vera"),
        ("backups/chat_vera_20251202-101112.jsonl", "Vera"),
        ("export (1).jsonl", "Vera"),
    ],
)
def test_a_chat_has_the_title_that_sillytavern_gave_its_file_else_the_name_of_its_character(
    name: str, title: str
) -> None:
    assert one(header(), GREETING, name=name).title == title


# --- the file --------------------------------------------------------------------------------------------------------


def test_byte_order_mark_line_ends_of_windows_and_blank_lines_are_no_matter() -> None:
    data = b"\xef\xbb\xbf" + as_lines([header(), GREETING]) + b"\r\n\r\n \r\n" + as_lines([REPLY]) + b"\r\n"

    assert conversations_in(read_bytes(data)) == [one(header(), GREETING, REPLY)]


def test_a_last_line_that_was_cut_short_is_told_with_its_number() -> None:
    data = as_lines([header(), GREETING, REPLY])

    records = read_bytes(data[:-20])

    assert turns(conversations_in(records)[0]) == [("a", "You are late.")]
    assert [record.position.partition(",")[0] for record in records if isinstance(record, Broken)] == ["line 3"]


def test_a_broken_line_in_the_middle_costs_itself_alone() -> None:
    data = as_lines([header(), GREETING]) + b'\n{"mes": "half\n' + as_lines([REPLY])

    records = read_bytes(data)

    assert len(conversations_in(records)[0].messages) == 2
    assert sum(isinstance(record, Broken) for record in records) == 1


@pytest.mark.parametrize(
    "strange", [7, None, "x", [], {}, {"mes": 3}, {"mes": "no name"}, header(), {"a": {"mes": "x"}}]
)
def test_a_line_that_is_no_message_is_counted_and_stops_nothing(strange: object) -> None:
    records = read(header(), GREETING, strange, REPLY)

    assert len(conversations_in(records)[0].messages) == 2
    assert [record for record in records if isinstance(record, Skipped)] == [Skipped("no line of a chat")]


def test_a_file_cut_short_at_any_byte_gives_the_messages_before_it() -> None:
    data = as_lines([header(), GREETING, REPLY])
    whole = one(header(), GREETING, REPLY)

    for length in range(len(data)):
        for found in conversations_in(read_bytes(data[:length])):
            assert found.messages == whole.messages[: len(found.messages)]


def test_a_header_alone_is_an_empty_chat() -> None:
    assert read(header()) == [Empty("the whole file")]
    assert bid(header()) == Bid("chat", Bid.SHAPE)


def test_a_list_of_the_same_lines_is_read_as_well() -> None:
    data = json.dumps([header(), GREETING, REPLY]).encode()

    assert conversations_in(read_bytes(data)) == [one(header(), GREETING, REPLY)]


# --- messages --------------------------------------------------------------------------------------------------------


def test_a_message_of_tavernai_needs_neither_extra_nor_is_system() -> None:
    message = {
        "name": "Vera",
        "is_user": False,
        "is_name": True,
        "send_date": 1_673_000_000_000,
        "mes": "Hi",
        "chid": 3,
    }

    assert turns(one(message)) == [("a", "Hi")]


def test_the_chosen_text_is_mes_and_other_answers_are_counted() -> None:
    records = read(
        header(), mes("Vera", "edited", swipes=["a", "b", "c"], swipe_id=1, swipe_info=[{}, {}, {}]), mes("Ned", "Hm")
    )

    assert turns(conversations_in(records)[0])[0] == ("a", "edited")
    assert notes(records) == {"2 alternative answers (swipes) that were not chosen were left out"}


def test_a_translation_for_display_is_not_what_was_said() -> None:
    assert shown("Look.", display_text="Schau.") == [("u", "Look.")]


def test_reasoning_and_model_are_those_of_the_answer() -> None:
    extra = {"api": "openai", "model": "gpt-4o", "reasoning": "She stalls.", "reasoning_duration": 900}
    shown = {"reasoning_signature": "abc", "reasoning_display_text": "Sie zögert."}

    (message,) = one(header(), mes("Vera", "Define unusual.", extra={**extra, **shown})).messages

    assert (message.content, message.model, message.reasoning) == ("Define unusual.", "gpt-4o", "She stalls.")


def test_what_else_sillytavern_notes_of_a_message_is_not_said() -> None:
    noted = {"token_count": 4, "bias": "x", "gen_id": 7, "type": "", "isSmallSys": False, "branches": ["Branch #1"]}
    beside = {"force_avatar": "/a.png", "original_avatar": "Vera.png", "title": "T", "gen_started": "2025-12-01"}

    line = mes("Vera", "Hm.", extra={**noted, "bookmark_link": "Checkpoint #1"}, is_system=False, **beside)

    assert turns(one(header(), line)) == [("a", "Hm.")]


def test_a_line_that_a_person_wrote_for_a_character_has_no_model() -> None:
    (message,) = one(header(), mes("Vera", "By hand.", extra={"api": "manual", "model": "slash command"})).messages

    assert message.model is None


@pytest.mark.parametrize(
    ("extra", "placeholders"),
    [
        ({"media": [{"url": "/user/a/pier.png", "type": "image", "title": "pier nine"}]}, "[image: pier nine]"),
        (
            {"media": [{"url": "/a.mp4", "type": "video"}, {"url": "/b.mp3", "type": "audio"}]},
            "[video: a.mp4]\n[audio: b.mp3]",
        ),
        ({"media": [{"url": "/a.png", "type": "new"}], "image": "/a.png"}, "[image: a.png]"),
        ({"image": "/user/images/crate.png", "title": "crate", "inline_image": True}, "[image: crate]"),
        ({"image": "/user/images/crate.png?t=1"}, "[image: crate.png]"),
        ({"image": "/u/b.png", "image_swipes": ["/u/a.png", "/u/b.png"]}, "[image: b.png]"),
        ({"media": [{"url": "/u/a.png", "type": "image", "source": "upload"}], "media_index": 0}, "[image: a.png]"),
        ({"image": "data:image/png;base64,AAAA/BBBB"}, "[image]"),
        ({"video": "/v/a.webm"}, "[video: a.webm]"),
        ({"file": {"url": "/f/1.txt", "name": "notes.txt", "size": 3}}, "[file: notes.txt]"),
        ({"files": [{"name": "a.pdf"}, {"url": "/f/b.md"}, "odd"]}, "[file: a.pdf]\n[file: b.md]"),
    ],
)
def test_pictures_and_files_stand_behind_the_text_or_alone(extra: Json, placeholders: str) -> None:
    assert shown("Look.", **extra) == [("u", f"Look.\n{placeholders}")]
    assert shown("", **extra) == [("u", placeholders)]


def test_a_message_without_anything_is_counted() -> None:
    assert notes(read(header(), GREETING, mes("Vera", " \n"))) == {"1 message without text was left out"}


def test_a_message_hidden_from_the_model_is_kept_with_its_side_and_counted() -> None:
    records = read(header(), GREETING, mes("Ned", "An aside.", is_system=True), mes("Vera", "Hm.", is_system=True))

    assert turns(conversations_in(records)[0])[1:] == [("u", "An aside."), ("a", "Hm.")]
    assert notes(records) == {"2 messages were hidden from the model and are kept"}


@pytest.mark.parametrize(("kind", "hidden"), [("narrator", False), ("comment", True)])
def test_narrator_and_comments_are_counted_and_are_no_turns(kind: str, hidden: bool) -> None:
    found = left_out(is_system=hidden, extra={"type": kind, "api": "manual"})

    assert found == {"1 line of a narrator, or comment, was left out"}


@pytest.mark.parametrize(
    "kind",
    [
        *("help", "welcome", "group", "empty", "generic", "slash_commands"),
        *("formatting", "hotkeys", "macros", "welcome_prompt", "assistant_note"),
    ],
)
def test_what_sillytavern_itself_shows_is_left_out(kind: str) -> None:
    assert left_out(is_system=True, extra={"type": kind}) == {"1 message of SillyTavern itself was left out"}


@pytest.mark.parametrize("other", [{"extra": {"uses_system_ui": True}}, {"name": "SillyTavern System"}])
def test_what_looks_like_sillytavern_itself_is_left_out(other: Json) -> None:
    assert left_out(**other) == {"1 message of SillyTavern itself was left out"}


def test_records_of_tool_calls_are_left_out() -> None:
    calls = [{"id": "call_1", "name": "roll", "result": "4"}]

    assert left_out(name="SillyTavern System", is_system=True, extra={"tool_invocations": calls}) == {
        "1 record of tool calls was left out"
    }


def test_in_a_group_an_answer_begins_with_the_name_of_its_character() -> None:
    found = one(header(), GREETING, mes("Maris", "Pay at the rail."), REPLY)

    assert turns(found) == [("a", "Vera: You are late."), ("a", "Maris: Pay at the rail."), ("u", "The bridge was up.")]


def test_a_message_keeps_its_id_when_a_second_character_joins() -> None:
    alone, group = one(header(), GREETING), one(header(), GREETING, mes("Maris", "Pay."))

    assert alone.messages[0].id == group.messages[0].id


def test_a_message_keeps_its_id_when_another_one_is_deleted() -> None:
    whole, shorter = one(header(), GREETING, REPLY), one(header(), REPLY)

    assert whole.messages[1] == shorter.messages[0]


def test_lines_of_marinara_tell_their_role_themselves() -> None:
    head = {"user_name": "Ned", "character_name": "Vera", "chat_metadata": {"marinara_metadata": {"mode": "roleplay"}}}
    scene = mes("System", "At dusk.", is_system=True, role="system", extra={"marinara_role": "system"})
    aside = mes(
        "User", "For me only.", is_user=True, role="user", extra={"hiddenFromAI": True, "marinara_role": "user"}
    )
    answer = mes("Vera", "Always.", role="assistant", reasoning_content="Short.", extra={"marinara_role": "assistant"})

    records = read(head, scene, aside, answer)

    (found,) = conversations_in(records)
    assert bid(head, scene) == Bid("marinara", Bid.SHAPE)
    assert turns(found) == [("u", "For me only."), ("a", "Always.")]
    assert found.messages[1].reasoning == "Short."
    assert notes(records) == {
        "1 line of a narrator, or comment, was left out",
        "1 message was hidden from the model and is kept",
    }


@pytest.mark.parametrize("named", ["role", "marinara_role"])
@pytest.mark.parametrize(
    ("role", "expected"), [("user", [("u", "Hm.")]), ("assistant", [("a", "Hm.")]), ("system", []), ("narrator", [])]
)
def test_the_role_of_a_line_of_marinara_is_told_in_either_of_two_places(
    named: str, role: str, expected: list[tuple[str, str]]
) -> None:
    told: Json = {"role": role} if named == "role" else {"extra": {"marinara_role": role}}

    found = one(header(), GREETING, mes("Vera", "Hm.", is_system=role == "system", character_id="c", **told))

    assert turns(found)[1:] == expected


@pytest.mark.parametrize(
    ("head", "line"),
    [
        ({**header(), "chat_metadata": {"marinara_metadata": {}}}, GREETING),
        (header(), mes("Vera", "Hm.", extra={"marinara_role": "assistant"})),
    ],
)
def test_a_chat_of_marinara_is_known_by_its_header_or_by_its_lines(head: Json, line: Json) -> None:
    assert bid(head, line) == Bid("marinara", Bid.SHAPE)


def test_the_user_has_neither_model_nor_reasoning() -> None:
    (message,) = one(header(), mes("Ned", "Hm.", extra={"model": "gpt-4o", "reasoning": "She stalls."})).messages

    assert (message.model, message.reasoning) == (None, None)


def test_the_order_is_that_of_the_file_whatever_the_dates() -> None:
    found = one(header(), mes("Vera", "first", "2026-01-02T00:00:00Z"), mes("Ned", "second", "2026-01-01T00:00:00Z"))

    assert turns(found) == [("a", "first"), ("u", "second")]


# --- dates -----------------------------------------------------------------------------------------------------------


def sent(date: object, zone: tzinfo = BERLIN) -> tuple[str, bool]:
    """When a user's message of that date was sent, and whether that is inferred."""
    (message,) = one(header(), mes("Ned", "Hi", date), zone=zone).messages
    return message.created_at, message.time_inferred


@pytest.mark.parametrize("date", [1_690_000_000_123, "1690000000123"], ids=repr)
def test_a_date_can_be_milliseconds_as_a_number_or_in_digits(date: object) -> None:
    assert sent(date) == ("2023-07-22T04:26:40.123Z", False)


@pytest.mark.parametrize("date", [1_690_000_000, "1690000000", 1_690_000_000.0], ids=repr)
def test_a_number_below_a_hundred_thousand_millions_is_in_seconds(date: object) -> None:
    assert sent(date) == ("2023-07-22T04:26:40.000Z", False)


@pytest.mark.parametrize(
    ("date", "instant"),
    [
        ("2023-4-9 @14h 05m 01s 07ms", "2023-04-09T12:05:01.007Z"),
        ("2023-4-9 @4h 5m 1s 7ms", "2023-04-09T02:05:01.007Z"),
        ("2023-12-19 @14h 05m 01s 120ms", "2023-12-19T13:05:01.120Z"),
    ],
)
def test_in_a_spaced_date_nothing_need_be_padded_and_7ms_are_seven_milliseconds(date: str, instant: str) -> None:
    assert sent(date) == (instant, True)


def test_a_spaced_date_of_another_program_may_lack_the_milliseconds() -> None:
    assert sent("2026-10-05 @09h 30m 05s") == ("2026-10-05T07:30:05.000Z", True)


@pytest.mark.parametrize("date", ["2024-7-2@01h31m37s", "2024-07-02@01h31m37s"])
def test_a_date_of_2024_is_padded_or_not(date: str) -> None:
    assert sent(date) == ("2024-07-01T23:31:37.000Z", True)


@pytest.mark.parametrize(
    ("date", "instant"),
    [
        ("June 19, 2023 2:20pm", "2023-06-19T12:20:00.000Z"),
        ("June 19, 2023 12:05am", "2023-06-18T22:05:00.000Z"),
        ("Jun 19, 2023 12:05pm", "2023-06-19T10:05:00.000Z"),
        ("January 5, 2026 6:29PM", "2026-01-05T17:29:00.000Z"),
        ("June 19, 2023 2:20:05.5pm", "2023-06-19T12:20:05.500Z"),
    ],
)
def test_a_date_in_words_has_the_half_of_the_day_glued_to_the_minute(date: str, instant: str) -> None:
    assert sent(date) == (instant, True)


@pytest.mark.parametrize(
    ("month", "number"),
    [
        *(("January", 1), ("February", 2), ("March", 3), ("April", 4), ("May", 5), ("June", 6)),
        *(("July", 7), ("August", 8), ("September", 9), ("October", 10), ("November", 11), ("December", 12)),
    ],
)
def test_every_month_is_known_by_its_name(month: str, number: int) -> None:
    assert sent(f"{month} 2, 2023 2:20pm", UTC)[0] == f"2023-{number:02}-02T14:20:00.000Z"


def test_a_date_of_late_2025_has_milliseconds_glued_to_the_seconds() -> None:
    assert sent("2025-11-26@10h11m12s345ms") == ("2025-11-26T09:11:12.345Z", True)


@pytest.mark.parametrize(
    ("date", "instant"),
    [
        ("2025-12-13T05:03:02.083Z", "2025-12-13T05:03:02.083Z"),
        ("2025-12-13T05:03:02+02:00", "2025-12-13T03:03:02.000Z"),
    ],
)
def test_a_date_of_iso_with_a_zone_is_an_instant(date: str, instant: str) -> None:
    assert sent(date) == (instant, False)


def test_a_date_of_iso_without_a_zone_is_the_clock_of_the_users_machine() -> None:
    assert sent("2025-11-26T10:11:12") == ("2025-11-26T09:11:12.000Z", True)


@pytest.mark.parametrize(
    "date", [None, "", "soon", "Smarch 3, 2023 2:20pm", "2023-13-45 @99h 05m 01s", "June 31, 2023 2:20pm", [], {}, True]
)
def test_a_date_that_tells_nothing_is_that_of_the_message_before(date: object) -> None:
    found = one(header(), mes("Ned", "Hi", "2025-12-13T05:03:02.083Z"), mes("Ned", "Ho", date))

    assert (found.messages[1].created_at, found.messages[1].time_inferred) == ("2025-12-13T05:03:02.083Z", True)


def test_a_message_without_a_date_before_all_dates_has_that_of_the_header() -> None:
    head = {"user_name": "Ned", "character_name": "Vera", "create_date": "2024-07-24@01h31m37s", "chat_metadata": {}}
    greeting = {name: value for name, value in GREETING.items() if name != "send_date"}

    (message,) = one(head, greeting).messages

    assert (message.created_at, message.time_inferred) == ("2024-07-24T01:31:37.000Z", True)


def test_the_end_of_an_answer_is_its_time() -> None:
    answer = mes("Vera", "Hm.", "June 19, 2023 2:20pm", gen_started="2023-06-19T17:20:00.001Z")

    (message,) = one(header(), {**answer, "gen_finished": "2023-06-19T18:20:41.500Z"}).messages

    assert (message.created_at, message.time_inferred) == ("2023-06-19T18:20:41.500Z", False)


def test_the_zone_of_local_dates_is_learnt_from_the_answers_with_its_change_of_season() -> None:
    def answer(date: str, finished: str) -> Json:
        return mes("Vera", f"At {date}", date, gen_finished=finished)

    found = one(
        header(),
        mes("Ned", "Hi", "March 30, 2024 9:00pm"),
        answer("March 30, 2024 9:01pm", "2024-03-30T20:01:55.000Z"),
        answer("March 31, 2024 9:01pm", "2024-03-31T19:01:10.000Z"),
        mes("Ned", "Summer", "March 31, 2024 9:05pm"),
        zone=ZoneInfo("Asia/Tokyo"),
    )

    assert [(message.created_at, message.time_inferred) for message in found.messages if message.role == "user"] == [
        ("2024-03-30T20:00:00.000Z", False),
        ("2024-03-31T19:05:00.000Z", False),
    ]


@pytest.mark.parametrize(("ahead", "finished"), [("5:45", "2023-06-19T08:35:50Z"), ("5:30", "2023-06-19T08:50:50Z")])
def test_a_zone_is_learnt_to_the_quarter_of_an_hour(ahead: str, finished: str) -> None:
    found = one(
        header(),
        mes("Vera", "Hm.", "June 19, 2023 2:20pm", gen_finished=finished),
        mes("Ned", "Hi", "June 19, 2023 8:00pm"),
    )

    hours, minutes = map(int, ahead.split(":"))
    assert found.messages[1].created_at == f"2023-06-19T{19 - hours:02}:{60 - minutes:02}:00.000Z"


@pytest.mark.parametrize("finished", ["2023-06-25T12:20:00.000Z", "2023-06-19T12:27:00.000Z", "soon", None, 5])
def test_an_answer_that_ended_at_another_time_teaches_no_zone(finished: object) -> None:
    found = one(
        header(),
        mes("Vera", "Hm.", "June 19, 2023 2:20pm", gen_finished=finished),
        mes("Ned", "Hi", "June 19, 2023 2:21pm"),
        zone=BERLIN,
    )

    assert (found.messages[1].created_at, found.messages[1].time_inferred) == ("2023-06-19T12:21:00.000Z", True)


def test_dates_that_are_all_the_moment_of_an_import_are_marked() -> None:
    head = {"user_name": "Ned", "character_name": "Vera", "create_date": "2024-07-24@01h31m37s"}

    def inferred(*dates: object) -> list[bool]:
        found = one(head, mes("Vera", "Hi", dates[0]), mes("Ned", "Ho", dates[1]))
        return [message.time_inferred for message in found.messages]

    assert inferred("2024-07-24T01:31:38Z", 1_721_784_699_000) == [True, True]
    assert inferred("2024-07-24T01:31:38Z", "2024-07-24T01:31:40Z") == [False, False]
    assert [message.time_inferred for message in one(head, mes("Vera", "Hi", "2024-07-24T01:31:38Z")).messages] == [
        False
    ]


# --- ids -------------------------------------------------------------------------------------------------------------


def without_id(**metadata: object) -> Json:
    return {"user_name": "Ned", "character_name": "Vera", "create_date": "x", "chat_metadata": metadata}


def test_a_chat_keeps_its_id_when_it_goes_on_or_is_renamed_or_backed_up() -> None:
    for head in (header(), without_id()):
        short = one(head, GREETING)
        longer = one(head, GREETING, REPLY, name="backups/chat_vera_20251202-101112.jsonl")
        assert short.id == longer.id
        assert short.messages == longer.messages[:1]


def test_a_chat_without_an_id_is_known_by_its_first_message_and_its_date() -> None:
    first, second = one(without_id(), GREETING), one(without_id(), {**GREETING, "send_date": "June 1, 2024 1:00am"})

    assert first.id != second.id


def test_chats_without_any_date_are_told_apart_by_how_they_go_on() -> None:
    greeting = {"name": "Vera", "is_user": False, "mes": "You are late."}
    chats = [one(greeting, {"name": "Ned", "is_user": True, "mes": text}) for text in ("Hi.", "Bye.")]

    assert chats[0].id != chats[1].id
    assert one(greeting, {"name": "Ned", "is_user": True, "mes": "Hi."}, GREETING, REPLY).id != chats[1].id


def test_a_branch_is_told_and_has_an_id_of_its_own_also_where_it_inherited_that_of_its_parent() -> None:
    metadata = {"integrity": "same", "main_chat": "Vera - 2024"}
    parent, records = (
        one({"chat_metadata": {"integrity": "same"}}, GREETING),
        read({"chat_metadata": metadata}, GREETING),
    )

    assert conversations_in(records)[0].id != parent.id
    assert notes(records) == {"it is a branch of 'Vera - 2024', whose beginning it repeats"}


def test_two_branches_that_inherited_the_id_of_their_parent_are_one_conversation_without_common_ids_of_answers() -> (
    None
):
    head = {"chat_metadata": {"integrity": "same", "main_chat": "Vera - 2024"}}

    first, second = (one(head, GREETING, mes("Ned", text), name=f"{text}.jsonl") for text in ("Left.", "Right."))

    assert first.id == second.id
    assert first.messages[0] == second.messages[0]
    assert first.messages[1].id != second.messages[1].id


def test_two_branches_of_one_parent_without_an_id_are_told_apart_by_the_names_of_their_files() -> None:
    head = without_id(main_chat="Vera - 2024")
    names = ["Branch #1 - 2024.jsonl", "chats/Vera/Branch #2 - 2024.jsonl", "Branch #1 - 2024 imported.jsonl"]

    first, second, again = (one(head, GREETING, name=name).id for name in names)

    assert first == again != second
    assert first != one(without_id(), GREETING).id


def test_the_name_of_a_private_copy_or_a_backup_never_gives_a_branch_another_id() -> None:
    head = without_id(main_chat="Vera - 2024")
    names = ["a" * 64, "0123456789abcdef" * 4, "backups/chat_vera_20240712-101112.jsonl"]

    assert len({one(head, GREETING, name=name).id for name in names}) == 1


def test_a_branch_of_marinara_is_told_by_its_name() -> None:
    main = without_id(branchName="main", marinara_metadata={})
    other = without_id(branchName="What if", marinara_metadata={})

    assert one(main, GREETING).id != one(other, GREETING).id
    assert notes(read(main, GREETING)) == set()


# --- whose it is -----------------------------------------------------------------------------------------------------


def test_what_chatgpt_exporter_saved_for_tavernai_counts_as_from_chatgpt() -> None:
    head = {"user_name": "You", "character_name": "Assistant"}
    answer = {"name": "Assistant", "is_user": False, "is_name": True, "send_date": 1_700_000_000.5, "mes": "Jasmine."}

    found = one(head, answer)

    assert bid(head, answer) == Bid("chatgpt", Bid.SHAPE)
    assert (found.platform, found.edition, found.messages[0].created_at) == (
        "chatgpt",
        Edition.COPY,
        "2023-11-14T22:13:20.500Z",
    )


@pytest.mark.parametrize(
    "record",
    [
        {},
        7,
        None,
        "mes",
        [{"mes": "x"}],
        {"mes": "x"},
        {"mes": 3, "is_user": True},
        {"name": "Vera", "mes": "no date"},
        {"create_date": 3},
        {"user_name": "only a name"},
        {"chat_metadata": {}},
        {"chat_metadata": 3, "user_name": "Ned"},
        {"user_name": 3, "character_name": 4},
        {"role": "user", "content": "Hi"},
    ],
)
def test_what_could_be_anybodys_is_not_claimed(record: object) -> None:
    assert bid(record) is None
    assert parser_named("sillytavern").bid(Peek("json", "array", (record,))) is None


@pytest.mark.parametrize("wrapping", ["wrapped", "object-of-records", "none"])
def test_messages_that_are_wrapped_in_something_are_not_claimed(wrapping: str) -> None:
    assert parser_named("sillytavern").bid(Peek("json", wrapping, (header(), GREETING))) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (
            {
                "id": "1",
                "name": "Harbour",
                "members": ["a.png"],
                "activation_strategy": 0,
                "chat_id": "c",
                "chats": ["c"],
            },
            "who is in a SillyTavern group",
        ),
        ({"spec": "chara_card_v2", "spec_version": "2.0", "data": {"first_mes": "Hi"}}, "a character card"),
        ({"name": "Vera", "first_mes": "Hi", "mes_example": "", "personality": ""}, "a character card"),
    ],
)
def test_what_sillytavern_keeps_beside_chats_is_explained(document: Json, words: str, tmp_path: Path) -> None:
    assert words in refusal(tmp_path, json.dumps(document).encode())


def test_a_chat_that_was_exported_as_text_is_explained(tmp_path: Path) -> None:
    text = "Vera: You are late.\n\nNed: The bridge was up.\nReally.\n\nVera: It always is.\n\nNed: Hm.\n\n"

    assert "Export as JSONL" in refusal(tmp_path, text.encode())


@pytest.mark.parametrize(
    "text",
    ["Dear diary", "To: Ned\nFrom: Vera\n\nSubject: none\n\n", "Vera: Hi.\n\nNed: Ho.\n\n", "Note: a\nNote: b\n"],
)
def test_other_text_is_only_called_text(text: str, tmp_path: Path) -> None:
    assert "it is text, but not JSON" in refusal(tmp_path, text.encode())


# --- the shared collection -------------------------------------------------------------------------------------------

shared = pytest.mark.skipif(not LIST.exists(), reason="the shared fixtures are not here")


def fixture(name: str) -> tuple[Conversation, set[str]]:
    records, _ = imported(FIXTURES / "sillytavern" / "derived" / name)
    return conversations_in(records)[0], notes(records)


@shared
def test_seven_forms_of_dates_in_one_file_all_survive() -> None:
    found, _ = fixture("Aqua - 2023-4-9 @14h 5m 1s 7ms.jsonl")

    assert [message.created_at for message in found.messages] == [
        "2023-04-09T14:05:01.007Z",
        "2023-04-09T14:06:09.120Z",
        "2023-06-19T00:05:00.000Z",
        "2024-07-12T01:31:37.000Z",
        "2025-11-26T10:11:12.345Z",
        "2023-07-22T04:26:40.000Z",
        "2025-12-13T05:03:02.083Z",
    ]


@shared
def test_a_file_with_every_kind_of_line_shows_what_was_said() -> None:
    found, told = fixture("Vera Solano - hidden-narrator-comment-tool.jsonl")

    assert turns(found) == [
        ("a", "You again."),
        ("u", "Anything unusual?"),
        ("a", "A whispered aside."),
        ("a", "Define “unusual”."),
        ("a", "[image: pier nine]"),
        ("u", "Look.\n[image: crate]"),
    ]
    assert found.messages[3].reasoning == "She is stalling."
    assert len(told) == 5


@shared
def test_a_branch_and_a_checkpoint_share_what_the_parent_has_and_not_its_id() -> None:
    parent, _ = fixture("Vera Solano - 2024-07-12@01h00m00s000ms.jsonl")
    branch, _ = fixture("Vera Solano - 2024-07-12@01h00m00s000ms - Branch #1.jsonl")
    checkpoint, told = fixture("Checkpoint #2 - 2024-07-12@02h00m00s000ms.jsonl")

    assert turns(branch)[:3] == turns(parent)[:3]
    assert turns(checkpoint) == turns(parent)[:2]
    assert len({parent.id, branch.id, checkpoint.id}) == 3
    assert told == {"it is a branch of 'Vera Solano - 2024-07-12@01h00m00s000ms', whose beginning it repeats"}


@shared
def test_an_export_of_marinara_keeps_the_edited_answer_and_its_reasoning() -> None:
    found, _ = fixture("Vera Solano__main__1a2b3c4d.marinara.jsonl")

    assert turns(found) == [("a", "Always.")]
    assert found.messages[0].reasoning == "Keep it short."


@shared
def test_a_group_says_the_same_with_and_without_a_header() -> None:
    old, _ = fixture("1720747800000.group-headerless.jsonl")
    new, _ = fixture("2025-11-26@10h11m12s345ms.group-with-header.jsonl")

    assert turns(old) == turns(new)
    assert turns(old)[:3] == [
        ("a", "Vera Solano: You again."),
        ("a", "Maris Okonkwo: Pay at the rail."),
        ("u", "Both of you, then."),
    ]
