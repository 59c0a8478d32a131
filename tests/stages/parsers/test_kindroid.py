"""Kindroid: who is who in logs that tell no sides, and what the official interface gives."""

from dataclasses import replace
from pathlib import Path

import pytest

from packages_store.errors import Unrecognised
from packages_store.model import Conversation, Edition
from stages.parsers.choose import inspect
from stages.parsers.contract import Bid, Broken, Empty, Note, Peek, ReadContext, Record, Skipped
from tests.stages.parsers.harness import (
    CONTEXT,
    MemoryFile,
    as_json,
    as_lines,
    check,
    conversations_in,
    imported,
    parser_named,
    records_of,
    turns,
)
from tests.stages.parsers.samples.kindroid import HEADER, Json, as_text_file, entry, kinlog, message
from tests.stages.parsers.test_fixtures import FIXTURES, LIST


def read(document: object, variant: str = "interface") -> list[Record]:
    return records_of("kindroid", as_json(document), variant)


def one(records: list[Record]) -> Conversation:
    (found,) = conversations_in(records)
    return found


def log(*chat: tuple[str, str], name: str = "x.json", context: ReadContext = CONTEXT) -> Conversation:
    """What is read of a log of KinLog 1.x in a file of that name."""
    file = MemoryFile(as_json(kinlog(*chat)), name)
    found = list(parser_named("kindroid").read(file, "kinlog", context))
    check(found)
    return one(found)


def text_of(*pairs: tuple[str, str]) -> list[tuple[str, str]]:
    return turns(one(records_of("kindroid", as_text_file(pairs), "kinlog-text")))


def sides(chat: str, name: str = "x.json", user: str = "") -> str:
    """The sides of messages by the speakers of these letters: `"BABA"` gives `"auau"`."""
    said = [(speaker, f"{speaker} {number}") for number, speaker in enumerate(chat)]
    found = log(*said, name=name, context=replace(CONTEXT, user=user))
    return "".join(role for role, _text in turns(found))


def refusal(tmp_path: Path, data: bytes) -> str:
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(Unrecognised) as caught:
        inspect(path, "file")
    return str(caught.value)


# --- KinLog 1.x ------------------------------------------------------------------------------------------------------


def test_a_log_has_no_times_and_is_read_off_a_page() -> None:
    records = read(kinlog(["Beth", "Hello."], ["Alex", "Hi!"]), "kinlog")

    found = one(records)
    assert (found.title, found.edition, found.platform) == ("Beth", Edition.PAGE, "kindroid")
    assert turns(found) == [("a", "Hello."), ("u", "Hi!")]
    assert {(message.created_at, message.time_inferred) for message in found.messages} == {
        ("2025-06-15T15:06:40.000Z", True)
    }
    assert Note("the log tells no sides: 'Alex' was taken for the user, all others for kins") in records


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("a &amp; b &lt;3", "a & b <3"),
        ("one<br>two<br />three", "one\ntwo\nthree"),
        ('<em>so</em> <a href="https://a.b">there</a>', "so there"),
        ("*smiles* 1 &lt; 2", "*smiles* 1 < 2"),
        ("&amp;lt;br&amp;gt;", "&lt;br&gt;"),
        ("a < b", "a < b"),
    ],
)
def test_entities_and_tags_of_the_page_become_what_they_showed(told: str, shown: str) -> None:
    assert turns(log(("Beth", told))) == [("a", shown)]
    assert text_of(("Beth", told)) == [("a", shown)]


def test_the_first_to_speak_is_the_kin_however_much_the_user_writes() -> None:
    assert sides("BAAABAAA") == "auuuauuu"


@pytest.mark.parametrize("name", ["B_20240812101500.json", "logs/B_20240812101500 (1).txt"])
def test_the_one_that_the_file_is_named_after_is_the_kin_also_where_the_page_begins_with_the_user(name: str) -> None:
    assert sides("ABAB") == "auau"
    assert sides("ABAB", name) == "uaua"


@pytest.mark.parametrize("name", ["Beth_20240812101500.json", "B.json", "B_2024.json", "BB_20240812101500.json"])
def test_a_file_with_another_name_tells_no_kin(name: str) -> None:
    assert sides("ABAB", name) == "auau"


@pytest.mark.parametrize("chat", ["ABAB", "BABA", "AAAB", "BMAMBA", "MBAMBA"])
def test_the_one_who_has_the_name_of_the_person_in_the_package_is_the_user_before_all_else(chat: str) -> None:
    expected = "".join("u" if speaker == "A" else "a" for speaker in chat)

    assert sides(chat, "A_20240812101500.json", user="a") == expected


def test_the_name_of_a_person_who_does_not_speak_tells_no_side() -> None:
    assert sides("BABA", user="Human") == "auau"


@pytest.mark.parametrize("variant", ["kinlog", "kinlog-text"])
def test_the_messages_of_a_log_have_the_time_in_the_name_of_its_file_and_never_that_of_its_upload(variant: str) -> None:
    pairs = [("Beth", "Hello."), ("Alex", "Hi!")]
    data = as_json(kinlog(*pairs)) if variant == "kinlog" else as_text_file(pairs)

    file = MemoryFile(data, "Beth_20240812101500.json")
    (found,) = conversations_in(list(parser_named("kindroid").read(file, variant, CONTEXT)))

    assert {(message.created_at, message.time_inferred) for message in found.messages} == {
        ("2024-08-12T10:15:00.000Z", True)
    }


def test_a_number_in_the_name_of_a_file_that_is_no_time_is_none() -> None:
    assert log(("Beth", "Hello."), name="Beth_20241399101500.json").created_at == "2025-06-15T15:06:40.000Z"


def test_answers_that_were_made_anew_and_lines_that_come_again_are_all_kept_in_the_order_of_the_log() -> None:
    said = [("Beth", "Hello."), ("Alex", "Tea?"), ("Beth", "Mint."), ("Beth", "Jasmine."), ("Alex", "Tea?")]

    assert turns(log(*said)) == [("a" if name == "Beth" else "u", text) for name, text in said]


def test_a_log_in_which_only_one_speaks_has_no_user() -> None:
    records = read(kinlog(["Beth", "Hello."], ["Beth", "Anyone?"]), "kinlog")

    assert turns(one(records)) == [("a", "Hello."), ("a", "Anyone?")]
    assert Note("the log tells no sides: everybody was taken for kins") in records


@pytest.mark.parametrize(
    ("chat", "expected"),
    [
        ("BMABMAB", "aauaaua"),  # kins greet, the user comes in last
        ("BAMABMABAM", "auauaauaua"),  # a kin comes in after the user
        ("BMABMAM", "aauaaua"),  # a kin says more than the user
        ("BMABMAMBABAMABM", "aauaauaauauauaa"),
        ("BCDABACADABCD", "aaauauauauaaa"),
    ],
)
def test_in_a_group_everybody_but_the_user_is_a_kin(chat: str, expected: str) -> None:
    assert sides(chat) == expected


def test_in_a_group_the_one_that_the_file_is_named_after_is_no_user() -> None:
    assert sides("BMABMAB") == "aauaaua"
    assert sides("BMABMAB", "logs/A_20240812101500.json") == "auaauaa"


def test_in_a_group_the_names_of_kins_stand_before_their_text() -> None:
    found = log(("Beth", "Who drives?"), ("Marco", "Me."), ("Alex", "Fine."))

    assert turns(found) == [("a", "Beth: Who drives?"), ("a", "Marco: Me."), ("u", "Fine.")]
    assert found.title == "Beth, Marco"


def test_a_log_keeps_its_ids_when_it_goes_on_and_in_either_form() -> None:
    pairs = [("Beth", "Hello."), ("Alex", "Hi!"), ("Beth", "Tea?"), ("Beth", "Tea?")]

    short, longer = log(*pairs[:2]), log(*pairs)
    text = one(records_of("kindroid", as_text_file(pairs), "kinlog-text"))

    assert short.messages == longer.messages[:2]
    assert (text.id, text.messages) == (longer.id, longer.messages)
    assert len({one.id for one in longer.messages}) == 4


@pytest.mark.parametrize("strange", [None, 7, [], ["Beth"], ["Beth", "a", "b"], ["Beth", None], [3, " "], {}])
def test_an_entry_of_another_shape_stops_nothing(strange: object) -> None:
    found = one(read(kinlog(["Beth", "Hello."], strange, ["Alex", "Hi!"]), "kinlog"))  # type: ignore[arg-type]

    assert turns(found) == [("a", "Hello."), ("u", "Hi!")]


def test_a_log_is_known_by_its_source_whatever_it_says_of_itself() -> None:
    log_ = kinlog(["Beth", "Hello."], about=["Ein Protokoll.", ""])

    assert parser_named("kindroid").bid(Peek("json", "single", (log_,))) == Bid("kinlog", Bid.MARKER)


def test_a_log_of_the_beta_is_known_by_what_it_says_of_itself() -> None:
    beta = kinlog(["Beth", "Hello."])
    del beta["meta"]

    assert parser_named("kindroid").bid(Peek("json", "single", (beta,))) == Bid("kinlog", Bid.MARKER)


# --- KinLog 1.x as text ----------------------------------------------------------------------------------------------


def test_a_log_as_text_is_a_header_and_entries() -> None:
    assert text_of(("Beth", "Hello."), ("Alex", "Hi!\n\nA walk?\nNow?")) == [
        ("a", "Hello."),
        ("u", "Hi!\n\nA walk?\nNow?"),
    ]


def test_a_log_as_text_with_other_line_ends_is_read_by_its_paragraphs() -> None:
    data = as_text_file([("Beth", "Hello."), ("Alex", "Hi!\r\n\r\nA walk?"), ("Beth", "Always.")])

    found = one(records_of("kindroid", data.replace(b"\r\n", b"\n"), "kinlog-text"))

    assert turns(found) == [("a", "Hello."), ("u", "Hi!\n\nA walk?"), ("a", "Always.")]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_log_as_text_is_known_in_any_encoding(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(as_text_file([("Beth", "Schön."), ("Alex", "Hi!")]).decode().encode(encoding))

    assert turns(one(imported(path)[0])) == [("a", "Schön."), ("u", "Hi!")]


def test_a_log_as_text_cut_short_gives_what_is_there() -> None:
    data = as_text_file([("Beth", "Hello."), ("Alex", "Hi!")])

    for length in range(len(data)):
        records_of("kindroid", data[:length], "kinlog-text")
    assert records_of("kindroid", data[: data.index(b"Beth")], "kinlog-text") == [Empty("the whole file")]


# --- KinLog 2.0 ------------------------------------------------------------------------------------------------------


def test_a_log_of_the_fork_has_times_and_tells_no_sides() -> None:
    records = read([entry("Beth", "Hello &amp; welcome.", 0), entry("Alex", "Hi!", 5)], "kinlog-2")

    found = one(records)
    assert turns(found) == [("a", "Hello & welcome."), ("u", "Hi!")]
    assert [(one.created_at, one.time_inferred) for one in found.messages] == [
        ("2024-12-08T10:00:00.000Z", False),
        ("2024-12-08T10:00:05.000Z", False),
    ]
    assert any(isinstance(record, Note) for record in records)


def test_lines_of_the_fork_keep_the_order_of_the_file_whatever_their_times() -> None:
    found = one(read([entry("Beth", "first", 9), entry("Alex", "second", 5), entry("Beth", "third", 7)], "kinlog-2"))

    assert turns(found) == [("a", "first"), ("u", "second"), ("a", "third")]


def test_the_chats_of_the_fork_are_one_conversation_that_keeps_its_id() -> None:
    entries = [entry("Beth", "Hello.", 0), entry("Alex", "Hi!", 5), entry("Marco", "Me too.", 9)]

    short, longer = one(read(entries[:1], "kinlog-2")), one(read(entries, "kinlog-2"))

    assert short.id == longer.id
    assert [one.id for one in short.messages] == [one.id for one in longer.messages[:1]]


# --- the official interface ------------------------------------------------------------------------------------------


def test_messages_of_the_interface_tell_sides_times_and_ids() -> None:
    found = one(read([message("ai", "Hello.", 0, display_name="Beth"), message("user", "Hi!", 5)]))

    assert (found.title, found.edition) == ("Beth", Edition.EXPORT)
    assert turns(found) == [("a", "Hello."), ("u", "Hi!")]
    assert [(one.id.rpartition(":")[2], one.created_at, one.time_inferred) for one in found.messages] == [
        ("m0", "2026-02-02T02:40:00.000Z", False),
        ("m5", "2026-02-02T02:40:05.000Z", False),
    ]


def test_times_of_the_interface_may_be_seconds() -> None:
    assert one(read([{"sender": "ai", "timestamp": 1_770_000_000, "message": "Hi"}])).created_at == (
        "2026-02-02T02:40:00.000Z"
    )


def test_lines_and_pages_of_the_interface_are_the_same_conversation() -> None:
    messages = [message("ai", "Hello.", 0), message("user", "Hi!", 5)]
    pages = [{"messages": [one], "pagination": {"hasMore": False, "limit": 100}} for one in messages]

    whole = one(read(messages))

    assert one(records_of("kindroid", as_lines(messages), "interface")) == whole
    assert one(read({"messages": messages, "pagination": {"hasMore": False}})) == whole
    assert one(read(pages)) == whole


def test_the_sender_of_a_group_is_a_name_and_its_type_tells_the_side() -> None:
    group = [
        message("Beth", "Who drives?", 0, sender_type="ai", ai_id="1"),
        message("Marco", "Me.", 1, sender_type="ai", ai_id="2"),
        message("Alex", "Fine.", 2, sender_type="user"),
    ]

    found = one(read(group))

    assert turns(found) == [("a", "Beth: Who drives?"), ("a", "Marco: Me."), ("u", "Fine.")]
    assert found.title == "Beth, Marco"


@pytest.mark.parametrize(
    ("other", "shown"),
    [
        ({"image_urls": ["https://k.ai/a/pier.png?x=1"]}, "[image: pier.png]"),
        ({"image_urls": ["u1", "u2"], "image_description": "a\npier"}, "[image: a pier]\n[image: a pier]"),
        ({"image_urls": [7]}, "[image]"),
        ({"video_description": "waves"}, "[video: waves]"),
        ({"link_url": "https://a.b/c", "link_description": "a page"}, "[link: a page]"),
        ({"link_url": "https://a.b/c"}, "[link: https://a.b/c]"),
    ],
)
def test_what_is_attached_stands_behind_the_text_or_alone(other: Json, shown: str) -> None:
    alone = {name: value for name, value in message("user", "", 0, **other).items() if name != "message"}

    assert turns(one(read([message("user", "See.", 0, **other)]))) == [("u", f"See.\n{shown}")]
    assert turns(one(read([alone]))) == [("u", shown)]


def test_what_a_kin_found_in_the_internet_is_not_what_it_said() -> None:
    assert turns(one(read([message("ai", "It rains.", 0, internet_response="forecast …")]))) == [("a", "It rains.")]


def test_an_export_keeps_its_ids_when_it_goes_on() -> None:
    messages = [message("ai", "Hello.", 0), message("user", "Hi!", 5)]

    assert one(read(messages)).id == one(read(messages[:1])).id
    assert one(read(messages)).messages[:1] == one(read(messages[:1])).messages


def test_an_export_is_known_by_the_id_of_its_first_message_whatever_else_is_told_of_it() -> None:
    before, after = message("ai", "Hello.", 0, display_name="Beth"), message("ai", "Edited.", 7, display_name="Bethany")

    assert one(read([before])).id == one(read([{**after, "id": before["id"]}])).id
    assert one(read([before])).id != one(read([{**before, "id": "other"}])).id


def test_entries_of_a_page_that_are_no_messages_are_counted() -> None:
    records = read({"messages": [7, {}, message("ai", "Hello.", 0)], "pagination": {"hasMore": True}})

    assert turns(one(records)) == [("a", "Hello.")]
    assert Note("2 entries of pages were no messages and were left out") in records


def test_a_record_of_another_shape_is_counted_and_stops_nothing() -> None:
    records = read([None, {"message": "no side", "timestamp": 1, "sender": "Beth"}, message("ai", "Hello.", 0)])

    assert turns(one(records)) == [("a", "Hello.")]
    assert records.count(Skipped("no Kindroid message")) == 2


def test_an_empty_page_is_an_empty_chat_and_a_broken_file_is_none() -> None:
    assert read({"messages": [], "pagination": {"hasMore": False}}) == [Empty("the whole file")]
    assert [type(record) for record in records_of("kindroid", b'[{"message": "cut', "interface")] == [Broken]


# --- whose it is -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "record",
    [
        None,
        7,
        {},
        {"about": ["x"], "chat": []},
        {"meta": {"source": "KinLog"}},
        {"username": "a", "content": "b", "timestamp": 1},
        {"username": "a", "content": "b", "signature": 3, "timestamp": 1},
        {"sender": "Beth", "message": "Hi", "timestamp": 1},
        {"sender": "ai", "message": "Hi"},
        {"sender": "human", "message": "Hi", "timestamp": 1},
        {"messages": []},
        {"messages": [{"role": "user", "content": "Hi"}]},
        {"messages": [], "pagination": {}},
        {"messages": {"hasMore": 1}},
    ],
)
def test_what_could_be_anybodys_is_not_claimed(record: object) -> None:
    assert parser_named("kindroid").bid(Peek("json", "array", (record,))) is None


@pytest.mark.parametrize("head", ["", "Dear diary", "about Kindroid chat log downloaded with KinLog"])
def test_other_text_is_not_claimed(head: str) -> None:
    assert parser_named("kindroid").bid(Peek("text", head=head)) is None


def test_a_log_as_a_web_page_and_the_note_of_the_exporter_are_explained(tmp_path: Path) -> None:
    page = f"<html><body><h2>{HEADER[0]}</h2><p><strong>Beth</strong><br />Hello.</p></body></html>"
    checkpoint = {"identifier": "a", "id_type": "ai_id", "output_file": "b", "last_timestamp": 1, "message_count": 2}

    assert "In KinLog choose JSON" in refusal(tmp_path, page.encode())
    assert "how far it came" in refusal(tmp_path, as_json(checkpoint))


# --- the shared collection -------------------------------------------------------------------------------------------

shared = pytest.mark.skipif(not LIST.exists(), reason="the shared fixtures are not here")


def fixture(name: str) -> Conversation:
    return one(imported(FIXTURES / "kindroid" / "derived" / name)[0])


@shared
def test_the_kin_is_the_one_who_greets_although_the_user_says_more() -> None:
    found = fixture("kinlog-1.1-solo-user-majority.json")

    assert found.title == "Beth"
    assert [role for role, _text in turns(found)] == list("auuuau")
    assert turns(fixture("kinlog-1.1-solo.txt")) == turns(found)


@shared
def test_two_kins_and_a_user_are_told_apart() -> None:
    found = fixture("kinlog-1.1-group-two-kins.json")

    assert [text for role, text in turns(found) if role == "u"] == ["Fine.", "Go go go."]
    assert found.title == "Beth, Marco"
