"""The flat files of the "ChatGPT Exporter" extension and of its twins for Claude and Gemini."""

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from packages_store.model import Conversation, Edition
from stages.parsers.contract import Bid, Broken, Empty, Note, ReadContext, Record, Skipped
from stages.parsers.reading.chat_exporter import bid_for, read_exporter
from stages.parsers.reading.peeking import peek
from tests.stages.parsers.documents import Json, chatgpt, message
from tests.stages.parsers.harness import MODIFIED_AT, MemoryFile, as_json, check, conversations_in, turns
from tests.stages.parsers.samples.chatgpt_exporter import DATES, MAKERS, exporter_chat, prompt, response

UUID = "67d3f0a1-1111-8000-9000-0123456789ab"
LINK = f"https://chatgpt.com/c/{UUID}"
BERLIN = ReadContext(ZoneInfo("Europe/Berlin"))


def read(document: object, context: ReadContext = BERLIN, platform: str = "chatgpt") -> list[Record]:
    found = list(read_exporter(MemoryFile(as_json(document)), platform, context))
    check(found)
    return found


def one(*messages: Json, context: ReadContext = BERLIN, link: str = LINK, **metadata: object) -> Conversation:
    return conversations_in(read(exporter_chat("chatgpt", link, *messages, **metadata), context))[0]


def times(conversation: Conversation) -> list[str]:
    return [message.created_at for message in conversation.messages]


def bids(document: object) -> dict[str, Bid]:
    seen = peek(MemoryFile(as_json(document)))
    found = {platform: bid_for(seen, platform) for platform in MAKERS}
    return {platform: bid for platform, bid in found.items() if bid}


# --- whose it is -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("platform", MAKERS)
def test_the_name_of_the_extension_tells_the_platform(platform: str) -> None:
    assert bids(exporter_chat(platform, LINK, prompt("Hi"))) == {platform: Bid("chat-exporter", Bid.MARKER)}
    assert bids(exporter_chat(platform, LINK)) == {platform: Bid("chat-exporter", Bid.MARKER)}


@pytest.mark.parametrize(
    ("link", "platform"),
    [
        (LINK, "chatgpt"),
        (f"https://chat.openai.com/c/{UUID}", "chatgpt"),
        (f"https://www.chatgpt.com/g/g-1/c/{UUID}", "chatgpt"),
        (f"https://claude.ai/chat/{UUID}", "claude"),
        ("https://gemini.google.com/u/1/app/a1b2c3d4e5f60718", "gemini"),
    ],
)
def test_else_the_host_of_the_link_tells_it(link: str, platform: str) -> None:
    for maker in (None, "An Exporter"):
        told = exporter_chat("chatgpt", link, prompt("Hi"), powered_by=maker)
        assert bids(told) == {platform: Bid("chat-exporter", Bid.SHAPE)}


@pytest.mark.parametrize("link", ["https://chat.deepseek.com/a/chat/s/1", "chatgpt.com", "http://", "", None, 7])
def test_a_chat_of_neither_is_nobodys(link: object) -> None:
    metadata = {"link": link, "powered_by": "DeepSeek Exporter"}

    assert bids({"metadata": metadata, "messages": [prompt("Hi")]}) == {}


def test_of_a_list_one_parser_has_all() -> None:
    chats = [exporter_chat("claude", "https://claude.ai/chat/x", prompt("A")), exporter_chat("gemini", "", prompt("B"))]

    assert bids(chats) == {"claude": Bid("chat-exporter", Bid.MARKER)}
    assert [one.platform for one in conversations_in(read(chats, platform="claude"))] == ["claude", "gemini"]


@pytest.mark.parametrize(
    "document",
    [
        [chatgpt(message("user", "Hi"))],
        {"messages": [{"role": "user", "content": "Hi"}], "metadata": {"powered_by": MAKERS["chatgpt"]}},
        {"messages": "x", "metadata": {"powered_by": MAKERS["chatgpt"]}},
        {"messages": [{"role": "Prompt", "say": "Hi"}]},
        {"metadata": {"powered_by": MAKERS["chatgpt"]}},
        [1, None, "x"],
    ],
)
def test_what_only_resembles_such_a_chat_is_nobodys(document: object) -> None:
    assert bids(document) == {}


# --- what it says ----------------------------------------------------------------------------------------------------


def test_prompts_and_responses_are_read_in_their_order() -> None:
    found = one(prompt("Which tea?"), response("**Jasmine**."), {"role": "user", "say": "And?"})

    assert turns(found) == [("u", "Which tea?"), ("a", "**Jasmine**."), ("u", "And?")]
    assert (found.id, found.title, found.platform, found.edition) == (UUID, "A talk", "chatgpt", Edition.COPY)


def test_the_title_can_stand_beside_the_metadata() -> None:
    (found,) = conversations_in(read({"title": "Outer", **exporter_chat("chatgpt", LINK, prompt("A"), title=None)}))

    assert found.title == "Outer"


@pytest.mark.parametrize(
    ("role", "expected"),
    [("Prompt", "u"), ("user", "u"), ("User", "u"), ("Response", "a"), ("assistant", "a"), ("Gemini", "a")],
)
def test_roles_have_several_names(role: str, expected: str) -> None:
    assert turns(one({"role": role, "say": "X"})) == [(expected, "X")]


def test_messages_that_cannot_be_read_are_told() -> None:
    messages = [prompt("A"), {"role": "tool", "say": "x"}, response(" "), response(None), 7]
    records = read({**exporter_chat("chatgpt", LINK, dates={}), "messages": messages})

    assert turns(conversations_in(records)[0]) == [("u", "A")]
    assert records[1:] == [
        Note("2 messages that neither the user nor the assistant wrote were left out"),
        Note("2 messages without text were left out"),
    ]


def test_a_message_that_was_written_twice_is_read_once() -> None:
    records = read(exporter_chat("chatgpt", LINK, prompt("A"), prompt("A"), response("A"), prompt("A"), dates={}))

    assert turns(conversations_in(records)[0]) == [("u", "A"), ("a", "A"), ("u", "A")]
    assert records[1:] == [Note("1 message repeated the one before it and was left out")]


def test_names_of_uploads_at_the_beginning_become_placeholders() -> None:
    asked = "plan.pdf\nFile\nmy notes.txtFile\n\nSum it up."

    assert turns(one(prompt(asked), prompt("only.pdf\nFile"))) == [
        ("u", "[file: plan.pdf]\n[file: my notes.txt]\nSum it up."),
        ("u", "[file: only.pdf]"),
    ]
    assert turns(one(prompt("The File is large. See a.pdf"))) == [("u", "The File is large. See a.pdf")]


def test_marked_thoughts_become_reasoning() -> None:
    thought = "````plaintext\nThought process: Hm.\n\nTea.\n````\n\n"
    found = one(prompt("Q"), response(f"{thought}{thought}Jasmine."), response(thought))

    assert [(one.content, one.reasoning) for one in found.messages[1:]] == [
        ("Jasmine.", "Hm.\n\nTea.\n\nHm.\n\nTea."),
        (thought, None),
    ]


# --- when ------------------------------------------------------------------------------------------------------------


def test_dates_are_local_and_months_come_first() -> None:
    found = one(prompt("A"), dates={"created": "3/14/2025 9:05", "updated": "3/14/2025 21:05:30"})

    assert (found.created_at, found.updated_at) == ("2025-03-14T08:05:00.000Z", "2025-03-14T20:05:30.000Z")


@pytest.mark.parametrize(
    "created",
    [
        "3/4/2025 14:05:00",
        "03/04/2025 14:05:00",
        "3/4/2025, 2:05:00 PM",
        "3/4/2025, 2:05:00\u202fPM",
        "3/4/2025 2:05 p.m.",
        "2025/3/4 14:05:00",
        "2025-03-04 14:05:00",
        "2025-03-04T14:05:00",
        "4.3.2025, 14:05:00",
        "2025-03-04T13:05:00.000Z",
    ],
)
def test_dates_are_written_in_many_ways(created: str) -> None:
    assert one(prompt("A"), dates={"created": created}).created_at == "2025-03-04T13:05:00.000Z"


@pytest.mark.parametrize(("time", "hour"), [("12:30 AM", 0), ("12:30 PM", 12), ("1:30 am", 1), ("11:30 pm", 23)])
def test_hours_of_half_a_day(time: str, hour: int) -> None:
    found = one(prompt("A"), dates={"created": f"3/4/2025 {time}"}, context=ReadContext(UTC))

    assert found.created_at == f"2025-03-04T{hour:02}:30:00.000Z"


def test_days_come_first_where_months_cannot() -> None:
    found = one(prompt("A"), dates={"created": "4/3/2025 10:00", "updated": "14/3/2025 10:00"})

    assert (found.created_at, found.updated_at) == ("2025-03-04T09:00:00.000Z", "2025-03-14T09:00:00.000Z")


def test_dates_that_can_be_read_both_ways_are_told() -> None:
    note = Note("1 chat had dates that can mean month/day or day/month; month/day was taken")

    assert note in read(exporter_chat("chatgpt", LINK, prompt("A"), dates={"created": "3/4/2025 10:00"}))
    assert note not in read(exporter_chat("chatgpt", LINK, prompt("A"), dates={"created": "3/3/2025 10:00"}))
    assert note not in read(exporter_chat("chatgpt", LINK, prompt("A"), dates={"created": "3/14/2025 10:00"}))


def test_without_times_of_their_own_messages_follow_the_beginning() -> None:
    found = one(prompt("A"), response("B"), prompt("C"))

    assert times(found) == ["2025-03-14T08:05:30.000Z", "2025-03-14T08:05:31.000Z", "2025-03-14T08:05:32.000Z"]
    assert all(one.time_inferred for one in found.messages)


def test_a_bare_time_is_that_of_the_day_that_goes_on() -> None:
    found = one(
        prompt("A", time="23:50"),
        response("B", time="23:51"),
        prompt("C", time="0:10"),
        response("D"),
        prompt("E", time="9:00 PM"),
        dates={"created": "3/14/2025 23:50:40", "updated": "3/15/2025 21:00:10"},
    )

    assert times(found) == [
        "2025-03-14T22:50:00.000Z",
        "2025-03-14T22:51:00.000Z",
        "2025-03-14T23:10:00.000Z",
        "2025-03-14T23:10:00.000Z",
        "2025-03-15T20:00:00.000Z",
    ]
    assert all(one.time_inferred for one in found.messages)


def test_a_bare_time_is_never_later_than_the_chat() -> None:
    dates = {"created": "3/14/2025 18:00", "updated": "3/14/2025 18:00"}

    assert times(one(prompt("A", time="14:00"), dates=dates)) == ["2025-03-14T13:00:00.000Z"]


def test_a_bare_time_without_any_date_says_nothing() -> None:
    found = one(prompt("A", time="14:00"), dates={})

    assert found.created_at == "2025-06-15T15:06:40.000Z"
    assert MODIFIED_AT == 1_750_000_000_000
    assert found.messages[0].time_inferred


def test_a_whole_time_is_local_and_flagged_and_one_with_a_zone_is_exact() -> None:
    found = one(
        prompt("A", time="2025-03-14 09:06:00"),
        response("B", time="3/14/2025, 9:07:00 AM"),
        prompt("C", time="2025-03-14T08:08:00Z"),
    )

    assert [(one.created_at, one.time_inferred) for one in found.messages] == [
        ("2025-03-14T08:06:00.000Z", True),
        ("2025-03-14T08:07:00.000Z", True),
        ("2025-03-14T08:08:00.000Z", False),
    ]


@pytest.mark.parametrize(
    "odd", ["25:61", "99/99/2025 10:00", "0", "12", "1/1/1970 00:00", "1/1/9999 00:00", "soon", 7, []]
)
def test_what_is_no_time_of_a_chat_is_none(odd: object) -> None:
    found = one(prompt("A", time=odd), dates={"created": odd, "exported": "3/14/2025 10:00"})

    assert found.created_at == times(found)[0] == "2025-03-14T09:00:00.000Z"


# --- ids -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("link", "id_"),
    [
        (LINK, UUID),
        (f"https://chatgpt.com/g/g-p-1-bees/c/{UUID.upper()}?model=x", UUID),
        (f"https://chatgpt.com/share/{UUID}", UUID),
        (f"https://claude.ai/chat/{UUID}", UUID),
        ("https://gemini.google.com/app/a1b2c3d4e5f60718", "a1b2c3d4e5f60718"),
        ("https://gemini.google.com/u/1/app/c_a1b2c3d4e5f60718?hl=de", "a1b2c3d4e5f60718"),
        ("https://gemini.google.com/gem/coach/a1b2c3d4e5f60718", "a1b2c3d4e5f60718"),
    ],
)
def test_the_link_tells_the_id_that_the_platform_gave(link: str, id_: str) -> None:
    assert one(prompt("A"), link=link).id == id_


@pytest.mark.parametrize("link", ["https://chatgpt.com/", "https://gemini.google.com/app", "x", ""])
def test_without_one_the_id_stays_when_the_chat_grows(link: str) -> None:
    short = one(prompt("A"), link=link)
    longer = one(prompt("A"), response("B"), link=link, dates={**DATES, "updated": "3/20/2025 10:00"})
    other = one(prompt("C"), link=link)

    assert short.id == longer.id != other.id
    assert short.id.startswith("chatgpt-")
    assert short.messages[0].id == longer.messages[0].id


def test_a_chat_that_was_saved_twice_is_the_same_conversation_by_its_link() -> None:
    first = one(prompt("A"), response("B"), dates={**DATES, "exported": "3/15/2025 10:00:00"})
    again = one(prompt("A"), response("B"), dates={**DATES, "exported": "4/15/2025 10:00:00"}, title="Renamed")

    assert (first.id, first.messages) == (again.id, again.messages)


def test_who_saved_a_chat_is_not_imported() -> None:
    found = one(prompt("A"), user={"name": "Ada Example", "email": "ada@example.org"})

    assert "Ada" not in repr(found)
    assert "ada@example.org" not in repr(found)


def test_ids_of_messages_do_not_depend_on_their_number() -> None:
    whole, rest = one(prompt("A"), response("B"), prompt("C")), one(response("B"), prompt("C"))

    assert [one.id for one in whole.messages][1:] == [one.id for one in rest.messages]


# --- records ---------------------------------------------------------------------------------------------------------


def test_records_of_other_kinds_are_told_apart() -> None:
    records = read([7, {}, {"messages": 3}, exporter_chat("chatgpt", LINK), exporter_chat("chatgpt", "", prompt("A"))])

    assert [type(one) for one in records[:5]] == [Broken, Skipped, Skipped, Empty, Conversation]
