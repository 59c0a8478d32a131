"""Character.AI: its own interfaces, and what CAI Tools saves for other programs."""

import io
import json
import zipfile
from pathlib import Path

import pytest

from packages_store.errors import Unrecognised
from packages_store.model import Conversation, Edition
from stages.parsers.choose import inspect
from stages.parsers.contract import Bid, Broken, Empty, Note, Peek, Record, Skipped
from tests.stages.parsers.harness import as_json, as_lines, conversations_in, imported, parser_named, records_of, turns
from tests.stages.parsers.samples.character_ai import EXPORTED, Json, dump, history, msg, pairs, tavern, turn
from tests.stages.parsers.test_fixtures import FIXTURES, LIST

TALK = (("Raiden", "You came back."), ("You", "I said I would."), ("Raiden", "So you did."))


def read(document: object, variant: str) -> list[Record]:
    return records_of("character-ai", as_json(document), variant)


def read_tavern(*lines: object) -> list[Record]:
    return records_of("character-ai", as_lines(lines), "tavern")


def one(records: list[Record]) -> Conversation:
    (found,) = conversations_in(records)
    return found


def notes(records: list[Record]) -> set[str]:
    return {record.text for record in records if isinstance(record, Note)}


def claims(tmp_path: Path, data: bytes) -> list[tuple[str, str]]:
    path = tmp_path / "file"
    path.write_bytes(data)
    return [(found.platform, found.variant) for found in inspect(path, "file").found]


def refusal(tmp_path: Path, document: object) -> str:
    path = tmp_path / "file"
    path.write_bytes(as_json(document))
    with pytest.raises(Unrecognised) as caught:
        inspect(path, "file")
    return str(caught.value)


# --- Tavern chats ----------------------------------------------------------------------------------------------------


def test_a_tavern_chat_of_cai_tools_has_no_times_of_its_own() -> None:
    found = one(read_tavern(*tavern(*TALK)))

    assert (found.title, found.platform, found.edition) == ("Raiden", "character-ai", Edition.COPY)
    assert turns(found) == [("a", "You came back."), ("u", "I said I would."), ("a", "So you did.")]
    assert {(message.created_at, message.time_inferred) for message in found.messages} == {
        ("2025-10-09T08:53:20.001Z", True)
    }


def test_a_tavern_chat_keeps_its_ids_in_another_export_of_it() -> None:
    longer = (*TALK[:-1], ("Raiden", "So you did.\n\nSit."), ("You", "Where?"))

    first, second = one(read_tavern(*tavern(*TALK))), one(read_tavern(*tavern(*longer, exported=EXPORTED + 10**8)))

    assert first.id == second.id
    assert [message.id for message in first.messages[:2]] == [message.id for message in second.messages[:2]]


def test_chats_that_begin_with_the_same_greeting_are_told_apart() -> None:
    other = (TALK[0], ("You", "Hello."))

    assert one(read_tavern(*tavern(*TALK))).id != one(read_tavern(*tavern(*other))).id


def test_a_tavern_chat_of_cai_tools_is_known_by_dates_that_are_all_the_moment_of_the_export(tmp_path: Path) -> None:
    lines = tavern(*TALK)
    typed = [*lines[:2], {**lines[2], "send_date": EXPORTED + 20_000}, lines[3]]

    assert claims(tmp_path, as_lines(lines)) == [("character-ai", "tavern")]
    assert claims(tmp_path, as_lines(typed)) == [("sillytavern", "chat")]


@pytest.mark.parametrize(
    "head",
    [
        {"user_name": "Ned", "character_name": "Raiden", "create_date": EXPORTED},
        {"user_name": "You", "character_name": "Raiden", "create_date": EXPORTED, "notes": ""},
        {"user_name": "You", "character_name": "Raiden", "create_date": EXPORTED, "chat_metadata": {}},
        {"user_name": "You", "character_name": "Raiden", "create_date": "2024-07-24@01h31m37s"},
        {"user_name": "You", "character_name": "Raiden"},
    ],
)
def test_a_tavern_chat_with_another_header_is_of_another_program(head: Json, tmp_path: Path) -> None:
    assert claims(tmp_path, as_lines([head, *tavern(*TALK)[1:]])) == [("sillytavern", "chat")]


def test_all_chats_with_a_character_come_in_a_zip(tmp_path: Path) -> None:
    path, packed = tmp_path / "Raiden_TavernHistory.zip", io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("chat_1.jsonl", as_lines(tavern(*TALK)))
        archive.writestr("chat_2.jsonl", as_lines(tavern(TALK[0], ("You", "Hello."))))
    path.write_bytes(packed.getvalue())

    found = conversations_in(imported(path)[0])

    assert [(one.platform, len(one.messages)) for one in found] == [("character-ai", 3), ("character-ai", 2)]
    assert found[0].id != found[1].id


def test_a_tavern_chat_cut_short_gives_its_whole_lines_and_says_so() -> None:
    records = records_of("character-ai", as_lines(tavern(*TALK))[:-9], "tavern")

    assert turns(one(records)) == [("a", "You came back."), ("u", "I said I would.")]
    assert any(isinstance(record, Broken) for record in records)


def test_a_header_alone_is_an_empty_chat() -> None:
    assert read_tavern(tavern()[0]) == [Empty("the whole file")]


# --- pairs -----------------------------------------------------------------------------------------------------------


def test_pairs_are_questions_and_answers_without_times() -> None:
    found = one(read(pairs(["I said I would.", "So you did."], ["Where?", "Here."]), "oobabooga"))

    assert turns(found) == [("u", "I said I would."), ("a", "So you did."), ("u", "Where?"), ("a", "Here.")]
    assert (found.title, found.edition) == (None, Edition.COPY)
    assert {(message.created_at, message.time_inferred) for message in found.messages} == {
        ("2025-06-15T15:06:40.000Z", True)
    }


@pytest.mark.parametrize("nothing", ["", " ", None, "<|BEGIN-VISIBLE-CHAT|>", 7])
def test_a_greeting_that_nobody_asked_for_is_an_answer(nothing: object) -> None:
    assert turns(one(read(pairs([nothing, "Hello."], ["Hi.", "Sit."]), "oobabooga"))) == [
        ("a", "Hello."),
        ("u", "Hi."),
        ("a", "Sit."),
    ]


@pytest.mark.parametrize("strange", [[], None, 7, "x", {}, ["alone"], ["a", "b", "c"]])
def test_a_pair_of_another_shape_stops_nothing(strange: object) -> None:
    found = one(read(pairs(["Hi.", "Sit."], strange), "oobabooga"))

    assert turns(found)[:2] == [("u", "Hi."), ("a", "Sit.")]


def test_pairs_without_any_text_are_an_empty_chat() -> None:
    assert read(pairs(), "oobabooga") == [Empty("the whole file")]


def test_pairs_of_another_program_are_explained(tmp_path: Path) -> None:
    told = refusal(tmp_path, {"internal": [["Hi.", "Sit."]], "visible": [["Hi.", "Sit."]]})

    assert "text-generation-webui" in told
    assert "no known chat export" in refusal(tmp_path, {"internal": True, "visible": True})


# --- histories of 2022 and 2023 --------------------------------------------------------------------------------------


def test_every_chat_of_a_dump_is_a_conversation_with_the_times_of_the_chat() -> None:
    chat = history("h-1", msg("Raiden", "You came back.", id=1), msg("Ned", "I said I would.", id=2))

    found = one(read(dump(chat), "histories"))

    assert (found.id, found.title, found.edition) == ("h-1", "Raiden", Edition.EXPORT)
    assert [message.id for message in found.messages] == ["h-1:1", "h-1:2"]
    assert turns(found) == [("a", "You came back."), ("u", "I said I would.")]
    assert (found.created_at, found.updated_at) == ("2023-02-01T10:00:00.500Z", "2023-02-01T11:00:00.000Z")
    assert {(message.created_at, message.time_inferred) for message in found.messages} == {
        ("2023-02-01T10:00:00.500Z", True)
    }


def test_a_chat_of_a_dump_is_named_after_the_character_of_the_dump() -> None:
    assert one(read(dump(history("h", msg("Ned", "Hi."))), "histories")).title == "Raiden"


def test_the_time_of_the_chat_in_each_message_is_no_time_of_the_message() -> None:
    created = "2023-02-01T10:00:00.5Z"
    chat = history("h", msg("Raiden", "Hi.", created=created), msg("Ned", "Ho.", created=created))

    assert [message.time_inferred for message in one(read(dump(chat), "histories")).messages] == [True, True]


def test_times_that_differ_are_those_of_the_messages() -> None:
    chat = history(
        "h",
        msg("Raiden", "Hi.", created="2023-02-01T10:00:01Z"),
        msg("Ned", "Ho.", created="2023-02-01T10:00:09Z"),
    )

    assert [(one.created_at[11:19], one.time_inferred) for one in one(read(dump(chat), "histories")).messages] == [
        ("10:00:01", False),
        ("10:00:09", False),
    ]


def test_alternative_answers_of_a_history_are_counted() -> None:
    chat = history("h", msg("Ned", "Hi."), msg("Raiden", "No.", is_alternative=True), msg("Raiden", "Yes."))

    records = read(dump(chat), "histories")

    assert turns(one(records)) == [("u", "Hi."), ("a", "Yes.")]
    assert notes(records) == {"1 alternative answer that was not chosen was left out"}


def test_a_picture_in_a_history_is_told() -> None:
    chat = history("h", msg("Raiden", "Look.", image_rel_path="/a/b.webp"), msg("Ned", "", image_rel_path="c.png"))

    assert turns(one(read(dump(chat), "histories"))) == [("a", "Look.\n[image: b.webp]"), ("u", "[image: c.png]")]


def test_the_list_as_the_site_gave_it_is_read_without_the_character_and_without_ids() -> None:
    messages = [msg("Raiden", "Hi."), msg("Ned", "Ho."), msg("Raiden", "Hm."), msg("Ned", "Ha.")]

    short, longer = (one(read({"histories": [{"msgs": part}]}, "histories")) for part in (messages[:3], messages))

    assert (short.id, short.title) == (longer.id, "Raiden")
    assert [one.id for one in short.messages] == [one.id for one in longer.messages[:3]]


@pytest.mark.parametrize("strange", [7, None, {}, [], {"msgs": 3}, {"msgs": [None, 3, {}, {"src": 3, "text": []}]}])
def test_a_history_of_another_shape_stops_no_other(strange: object) -> None:
    document = dump(history("h", msg("Ned", "Hi.")))
    document["histories"] = {"histories": [strange, history("h", msg("Ned", "Hi."))]}

    assert one(read(document, "histories")).id == "h"


# --- turns -----------------------------------------------------------------------------------------------------------


def test_turns_come_newest_first_and_are_turned() -> None:
    page = {"turns": [turn("Raiden", 2, "So you did."), turn("Ned", 1, "I said I would."), turn("Raiden", 0, "You?")]}

    found = one(read(page, "turns"))

    assert (found.id, found.title, found.edition) == ("chat-1", "Raiden", Edition.EXPORT)
    assert turns(found) == [("a", "You?"), ("u", "I said I would."), ("a", "So you did.")]
    assert [(message.id, message.created_at) for message in found.messages[:2]] == [
        ("chat-1:turn-0", "2024-05-01T10:00:00.123Z"),
        ("chat-1:turn-1", "2024-05-01T10:01:00.123Z"),
    ]


def test_turns_that_are_in_order_stay_so_and_need_no_page() -> None:
    assert turns(one(read([turn("Raiden", 0, "You?"), turn("Ned", 1, "Me.")], "turns"))) == [
        ("a", "You?"),
        ("u", "Me."),
    ]


def test_pages_of_one_chat_are_one_conversation() -> None:
    newer = {"turns": [turn("Raiden", 3, "D"), turn("Ned", 2, "C")], "meta": {"next_token": "x"}}
    older = {"turns": [turn("Ned", 1, "B"), turn("Raiden", 0, "A")], "meta": {"next_token": "y"}}
    last: Json = {"turns": [], "meta": {"next_token": None}}

    records = read([newer, older, last], "turns")

    assert turns(one(records)) == [("a", "A"), ("u", "B"), ("u", "C"), ("a", "D")]
    assert next(record.position for record in records if isinstance(record, Empty)).startswith("record 3")


def test_turns_of_another_chat_are_another_conversation() -> None:
    found = conversations_in(read([turn("Ned", 1, "A"), turn("Ned", 2, "B", chat="chat-2")], "turns"))

    assert [one.id for one in found] == ["chat-1", "chat-2"]


@pytest.mark.parametrize(
    ("other", "text"),
    [
        ({}, "third"),
        ({"primary_candidate_id": "turn-1-0"}, "first"),
        ({"primary_candidate_id": "gone"}, "third"),
        ({"primary_candidate_id": None}, "third"),
    ],
)
def test_the_answer_that_was_chosen_is_shown_else_the_last(other: Json, text: str) -> None:
    records = read([{**turn("Raiden", 1, "first", "second", "third"), **other}], "turns")

    assert turns(one(records)) == [("a", text)]
    assert notes(records) == {"2 alternative answers that were not chosen were left out"}


def test_a_picture_in_a_turn_is_told() -> None:
    candidates = [{"candidate_id": "x", "raw_content": "", "tti_image_rel_path": "/u/pier.webp"}]

    assert turns(one(read([turn("Raiden", 1, candidates=candidates)], "turns"))) == [("a", "[image: pier.webp]")]


def test_where_several_characters_answer_their_names_stand_before_the_text() -> None:
    found = one(read([turn("Raiden", 0, "You?"), turn("Yae", 1, "Oh."), turn("Ned", 2, "Me.")], "turns"))

    assert turns(found) == [("a", "Raiden: You?"), ("a", "Yae: Oh."), ("u", "Me.")]
    assert found.title == "Raiden, Yae"


@pytest.mark.parametrize("strange", [7, {}, {"turns": 3}, {"turn_key": 3, "candidates": []}, {"turn_key": {}}])
def test_a_record_without_turns_stops_no_other(strange: object) -> None:
    records = read([strange, turn("Ned", 1, "A")], "turns")

    assert turns(one(records)) == [("u", "A")]
    assert Skipped("no turns of a chat") in records


def test_turns_that_tell_nothing_are_an_empty_chat() -> None:
    assert read([turn("Ned", 1), turn("Ned", 2, " ")], "turns")[0] == Empty("chat chat-1")


# --- whose it is -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "record",
    [None, 7, {}, {"histories": []}, {"histories": {"histories": [{}]}}, {"turns": [{"role": "user"}]}, {"turns": 3}],
)
def test_what_could_be_anybodys_is_not_claimed(record: object) -> None:
    assert parser_named("character-ai").bid(Peek("json", "single", (record,))) is None
    assert parser_named("character-ai").bid(Peek("json", "wrapped", (record,), {"internal": [], "visible": 3})) is None


@pytest.mark.parametrize(
    ("document", "variant"),
    [
        (pairs(["Hi.", "Sit."]), "oobabooga"),
        (pairs(), "oobabooga"),
        (dump(history("h", msg("Ned", "Hi."))), "histories"),
        ({"histories": [history("h", msg("Ned", "Hi."))]}, "histories"),
        ({"turns": [turn("Ned", 1, "A")], "meta": {}}, "turns"),
        ([turn("Ned", 1, "A")], "turns"),
    ],
)
def test_each_shape_is_claimed_by_what_only_it_has(document: object, variant: str, tmp_path: Path) -> None:
    assert claims(tmp_path, json.dumps(document).encode()) == [("character-ai", variant)]


def test_a_list_of_chats_is_explained(tmp_path: Path) -> None:
    assert "holds no messages" in refusal(tmp_path, {"chats": [{"chat_id": "c", "character_id": "x"}]})


def test_bids_are_shapes() -> None:
    assert parser_named("character-ai").bid(Peek("json", "lines", tuple(tavern(*TALK)))) == Bid("tavern", Bid.SHAPE)


# --- the shared collection -------------------------------------------------------------------------------------------


@pytest.mark.skipif(not LIST.exists(), reason="the shared fixtures are not here")
def test_all_dates_of_the_shared_tavern_chat_are_the_moment_of_its_export() -> None:
    found = one(imported(FIXTURES / "character-ai" / "derived" / "Raiden_tavern_Chat.jsonl")[0])

    assert {(message.created_at, message.time_inferred) for message in found.messages} == {
        ("2026-11-23T09:42:46.086Z", True)
    }
    assert turns(found)[2] == ("a", "So you did.\n\nSit. Tell me everything.")
