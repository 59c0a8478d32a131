"""Letta: what is said and what is only thought, in message lists and in agent files."""

import json
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from packages_store.errors import Unrecognised
from packages_store.model import Conversation, Edition
from stages.parsers.choose import inspect
from stages.parsers.contract import Broken, Empty, Record, Skipped
from tests.stages.parsers.harness import as_json, as_lines, conversations_in, imported, records_of, turns
from tests.stages.parsers.samples.letta import (
    BOOT_REPLY,
    BOOT_THOUGHT,
    CHAT,
    Json,
    af,
    agent,
    bundle,
    call,
    listed_call,
    packed,
    part,
    step,
    wrapper,
)
from tests.stages.parsers.test_fixtures import FIXTURES, LIST

SAID = [("u", "Which tea?"), ("a", "Jasmine."), ("u", "And now?"), ("a", "Rest.")]
ASKED = part("user", "b", 1, content="Which tea?")
IN_SHARED = pytest.mark.skipif(not LIST.exists(), reason="the shared fixtures are not here")


def read(document: object) -> list[Record]:
    return records_of("letta", as_json(document))


def only(document: object) -> Conversation:
    (found,) = conversations_in(read(document))
    return found


def listed(*parts: Json) -> Conversation:
    return only(list(parts))


def notes(records: Sequence[Record]) -> str:
    return repr([one for one in records if not isinstance(one, Conversation)])


def texts(conversation: Conversation) -> list[str]:
    return [message.content for message in conversation.messages]


# --- message lists: what is said -----------------------------------------------------------------------------


def test_a_message_list_tells_who_said_what_and_when() -> None:
    found = listed(*CHAT)

    assert turns(found) == SAID
    assert [message.created_at[14:] for message in found.messages] == [
        "00:01.000Z",
        "00:02.000Z",
        "00:03.000Z",
        "00:06.000Z",
    ]
    assert (found.platform, found.edition, found.instructions) == ("letta", Edition.EXPORT, ("You are Sam.",))
    assert found.messages[1].reasoning == "Something calm."


@pytest.mark.parametrize(
    "other",
    [
        part("hidden_reasoning", "x", 2, state="omitted"),
        part("tool_call", "x", 2, tool_call=listed_call("web_search", query="tea")),
        part("tool_call", "x", 2, tool_calls=[listed_call("web_search", query="tea")], tool_call={}),
        part("tool_return", "x", 2, tool_return="Jasmine", status="success"),
        part("approval_request", "x", 2, tool_call=listed_call("bash", command="ls")),
        part("approval_response", "x", 2, approve=False, reason="just stop"),
        part("event", "x", 2, event_type="compaction", event_data={}),
        part("system", "x", 2, content=packed("system_alert", message="The user has logged in")),
    ],
    ids=["hidden", "call", "calls", "return", "request", "response", "event", "alert"],
)
def test_everything_but_words_is_left_out_without_a_word(other: Json) -> None:
    records = read([ASKED, other])

    assert [turns(one) for one in conversations_in(records)] == [[("u", "Which tea?")]]
    assert conversations_in(records)[0].instructions == ()
    assert notes(records) == "[]"


def test_summaries_and_unknown_types_are_counted() -> None:
    records = read([ASKED, part("summary", "x", 2, summary="They spoke of tea."), part("telepathy", "y", 3)])

    assert texts(conversations_in(records)[0]) == ["Which tea?"]
    assert "1 summary of earlier messages was left out" in notes(records)
    assert "1 message had the unknown type 'telepathy_message'" in notes(records)


def test_content_is_a_text_or_a_list_of_parts_with_pictures() -> None:
    pictures: list[Json] = [
        {"type": "image", "source": {"type": "url", "url": "https://example.invalid/a/tea.png?size=2"}},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
        {"type": "image", "source": {"type": "url", "url": "data:image/png;base64,AAAA/BBBB"}},
        {"type": "image", "source": {"type": "letta", "file_id": "file-7"}},
    ]

    found = listed(part("user", "b", 1, content=[{"type": "text", "text": "Look"}, *pictures]))

    assert texts(found) == ["Look\n[image: tea.png]\n[image]\n[image]\n[image: file-7]"]


def test_a_message_that_is_only_a_picture_is_kept() -> None:
    picture = {"type": "image", "source": {"type": "url", "url": "https://example.invalid/tea.png"}}

    assert texts(listed(part("user", "b", 1, content=[picture]))) == ["[image: tea.png]"]


def test_unknown_parts_of_content_are_counted_by_name() -> None:
    records = read([part("user", "b", 1, content=[{"type": "text", "text": "Hm"}, {"type": "smell"}])])

    assert "1 message had the unknown content type 'smell'" in notes(records)


def test_several_thoughts_before_a_reply_are_all_kept() -> None:
    found = listed(
        ASKED,
        *step("c", 2, ("reasoning", {"reasoning": "One."}), ("tool_call", {"tool_call": listed_call("search")})),
        *step(
            "d",
            3,
            ("reasoning", {"reasoning": "Two."}),
            ("reasoning", {"reasoning": "Three."}),
            ("assistant", {"content": "Jasmine."}),
        ),
        part("user", "e", 4, content="Thanks"),
        part("assistant", "f", 5, content="Welcome."),
    )

    assert [message.reasoning for message in found.messages] == [None, "One.\n\nTwo.\n\nThree.", None, None]


def test_words_said_by_the_tool_are_words_where_the_list_leaves_them_in_the_call() -> None:
    found = listed(
        ASKED,
        *step(
            "c",
            2,
            ("reasoning", {"reasoning": "Calm."}),
            ("tool_call", {"tool_call": listed_call("send_message", message="Jasmine.")}),
        ),
        part("tool_call", "d", 3, tool_calls=[listed_call("send_message", message=text) for text in ("Or", "mint.")]),
    )

    assert texts(found) == ["Which tea?", "Jasmine.", "Or", "mint."]
    assert found.messages[1].reasoning == "Calm."


# --- message lists: monologues that are given as if they were said -------------------------------------------


def test_a_monologue_beside_the_reply_is_reasoning() -> None:
    found = listed(
        ASKED, *step("c", 2, ("assistant", {"content": "She wants tea."}), ("assistant", {"content": "Jasmine."}))
    )

    assert turns(found) == SAID[:2]
    assert found.messages[1].reasoning == "She wants tea."


def test_a_monologue_beside_the_reply_is_reasoning_also_behind_native_reasoning() -> None:
    found = listed(
        ASKED,
        *step(
            "c",
            2,
            ("reasoning", {"reasoning": "Calm.", "source": "reasoner_model"}),
            ("assistant", {"content": "She wants tea."}),
            ("assistant", {"content": "Jasmine."}),
        ),
    )

    assert turns(found) == SAID[:2]
    assert found.messages[1].reasoning == "Calm.\n\nShe wants tea."


def test_in_a_list_with_such_monologues_what_is_written_before_another_tool_is_one_too() -> None:
    found = listed(
        ASKED,
        *step(
            "c",
            2,
            ("assistant", {"content": "I must note it."}),
            ("tool_call", {"tool_call": listed_call("core_memory_append")}),
        ),
        *step("d", 3, ("assistant", {"content": "Now I answer."}), ("assistant", {"content": "Jasmine."})),
    )

    assert turns(found) == SAID[:2]
    assert found.messages[1].reasoning == "I must note it.\n\nNow I answer."


def test_an_agent_that_speaks_in_its_text_is_heard_before_its_tool_calls() -> None:
    found = listed(
        ASKED, *step("c", 2, ("assistant", {"content": "I look."}), ("tool_call", {"tool_call": listed_call("search")}))
    )

    assert texts(found) == ["Which tea?", "I look."]


def test_two_replies_behind_a_thought_are_both_said() -> None:
    replies: list[tuple[str, Json]] = [("assistant", {"content": "Jasmine."}), ("assistant", {"content": "Or mint."})]

    found = listed(
        ASKED, *step("c", 2, ("reasoning", {"reasoning": "Calm.", "source": "non_reasoner_model"}), *replies)
    )

    assert texts(found) == ["Which tea?", "Jasmine.", "Or mint."]


def test_two_texts_with_a_thought_between_them_are_both_said() -> None:
    thought: Json = {"reasoning": "Calm.", "source": "reasoner_model"}

    found = listed(
        ASKED,
        *step("c", 2, ("assistant", {"content": "Well."}), ("reasoning", thought), ("assistant", {"content": "Tea."})),
    )

    assert texts(found) == ["Which tea?", "Well.", "Tea."]


# --- message lists: order and identity -----------------------------------------------------------------------


def test_a_list_that_stands_newest_first_is_turned_around_with_the_parts_of_its_messages() -> None:
    assert listed(*CHAT[::-1]) == listed(*CHAT)


def test_messages_of_the_same_second_keep_the_order_of_the_list() -> None:
    same = [
        part("user", "z", 5, content="one"),
        part("assistant", "y", 5, content="two"),
        part("user", "x", 5, content="three"),
    ]
    before, after = part("user", "b", 1, content="zero"), part("user", "a", 9, content="four")

    assert texts(listed(before, *same, after)) == ["zero", "one", "two", "three", "four"]
    assert texts(listed(after, *same[::-1], before)) == ["zero", "one", "two", "three", "four"]


def test_a_list_in_disorder_is_sorted_by_date() -> None:
    assert turns(listed(*CHAT[4:7], *CHAT[:4], *CHAT[7:])) == SAID


def test_a_list_of_one_second_goes_back_when_the_parts_of_its_messages_do() -> None:
    parts = [
        part("user", "a", 5, content="Which tea?", otid="u1"),
        *step("b", 5, ("reasoning", {"reasoning": "Calm."}), ("assistant", {"content": "Jasmine."})),
    ]

    assert listed(*parts[::-1]) == listed(*parts)
    assert listed(*parts).messages[1].reasoning == "Calm."


def test_the_parts_of_a_message_stand_in_the_order_of_their_otids() -> None:
    one, two = step("c", 2, ("reasoning", {"reasoning": "Calm."}), ("assistant", {"content": "Jasmine."}))

    assert listed(ASKED, two, one).messages[1].reasoning == "Calm."


def test_the_parts_of_a_message_are_told_apart_by_otid_else_by_type_and_number() -> None:
    with_otids = listed(
        *step(
            "c",
            2,
            ("reasoning", {"reasoning": "Hm", "source": "non_reasoner_model"}),
            ("assistant", {"content": "a"}),
            ("assistant", {"content": "b"}),
        )
    )
    without = listed(
        *[{**part("assistant", "c", 2, content=text), "otid": None} for text in "ab"],
        part("reasoning", "c", 2, reasoning="x", source="non_reasoner_model"),
    )

    assert [one.id.partition(":")[2] for one in with_otids.messages] == ["message-c:c01", "message-c:c02"]
    assert [one.id.partition(":")[2] for one in without.messages] == [
        "message-c:assistant_message:0",
        "message-c:assistant_message:1",
    ]


def test_pages_that_overlap_tell_a_message_once() -> None:
    told = [{**entry, "otid": entry["otid"] or f"{entry['id']}-0"} for entry in CHAT]

    records = read([*told, *told[3:]])

    assert turns(conversations_in(records)[0]) == SAID
    assert f"{len(told) - 3} messages were in the file more than once and are kept once" in notes(records)


def test_an_entry_without_a_date_stands_where_the_list_has_it() -> None:
    found = listed(
        ASKED, {**part("assistant", "c", 2, content="Jasmine."), "date": None}, part("user", "d", 3, content="And now?")
    )

    assert turns(found) == SAID[:3]
    assert [message.time_inferred for message in found.messages] == [False, True, False]


def test_a_list_that_goes_on_is_the_same_conversation() -> None:
    short, long = listed(*CHAT[:4]), listed(*CHAT)

    assert short.id == long.id
    assert [one.id for one in long.messages][:2] == [one.id for one in short.messages]
    assert listed(*CHAT[4:]).id != long.id


# --- message lists: wrappers ---------------------------------------------------------------------------------


def test_a_list_in_an_object_has_the_id_and_the_name_of_the_agent() -> None:
    found = only(wrapper(*CHAT))

    assert (found.id, found.title, turns(found)) == ("agent-1", "Sam", SAID)


def test_a_conversation_of_an_agent_is_told_apart_from_its_others() -> None:
    assert only(wrapper(*CHAT, conversation_id="conv-2")).id == "agent-1-conv-2"


def test_an_object_without_an_agent_is_known_by_its_first_message() -> None:
    found = only({"messages": list(CHAT)})

    assert found == listed(*CHAT)
    assert found.title == "Which tea?"


def test_the_members_of_an_object_can_stand_in_any_order_behind_much_text(tmp_path: Path) -> None:
    path = tmp_path / "letta.json"
    long = [
        {
            "content": "word " * 4_000,
            "id": "message-0",
            "date": "2025-03-24T11:00:00Z",
            "message_type": "system_message",
        }
    ]
    path.write_bytes(as_json({"messages": [*long, *CHAT], "agent_id": "agent-1"}))

    assert turns(conversations_in(imported(path)[0])[0]) == SAID


def test_lines_are_a_list_and_lines_of_objects_are_many() -> None:
    assert conversations_in(records_of("letta", as_lines(CHAT))) == [listed(*CHAT)]
    lists = as_lines([wrapper(*CHAT), wrapper(*CHAT, agent_id="agent-2")])
    assert [one.id for one in conversations_in(records_of("letta", lists))] == ["agent-1", "agent-2"]


def test_a_list_over_all_agents_is_a_conversation_for_each_of_them() -> None:
    def entry(agent_id: str, kind: str, id_: str, second: int, **payload: object) -> Json:
        told = {"message_id": id_, "created_at": f"2025-03-24T12:00:{second:02}+00:00", "conversation_id": None}
        return {**told, "agent_id": agent_id, "message_type": f"{kind}_message", **payload}

    records = read(
        [
            entry("agent-2", "assistant", "m4", 4, content="Mint."),
            entry("agent-1", "assistant", "m3", 3, content="Jasmine."),
            entry("agent-1", "assistant", "m3", 3, content="She wants tea."),
            entry("agent-2", "user", "m2", 2, content="And you?"),
            entry("agent-1", "user", "m1", 1, content="Which tea?"),
        ]
    )

    found = {one.id: one for one in conversations_in(records)}
    assert {id_: turns(one) for id_, one in found.items()} == {
        "agent-1": SAID[:2],
        "agent-2": [("u", "And you?"), ("a", "Mint.")],
    }
    assert found["agent-1"].messages[1].reasoning == "She wants tea."


def test_entries_that_are_no_messages_stop_no_others() -> None:
    records = read(wrapper(*CHAT[:3], None, 7, {"message_type": 3}, {"role": "user"}, *CHAT[3:]))  # type: ignore[arg-type]

    assert turns(conversations_in(records)[0]) == SAID
    assert "4 entries of a message list were no messages and were left out" in notes(records)
    assert read([*CHAT, None, {}]).count(Skipped("no Letta messages")) == 2
    cut = records_of("letta", as_json(CHAT)[:-10])
    assert [turns(one) for one in conversations_in(cut)] == [SAID[:3]]
    assert [type(one) for one in cut] == [Broken, Conversation]


def test_a_list_in_which_nobody_speaks_is_empty() -> None:
    assert read([part("system", "a", 0, content="You are Sam.")]) == [Empty("the list of messages")]
    assert read(wrapper(part("system", "a", 0, content="You are Sam."))) == [Empty("record 1, byte 0")]


# --- what is packed into the text of a message ---------------------------------------------------------------


@pytest.mark.parametrize(
    "event",
    [
        packed("login", last_login="Never (first login)"),
        packed("heartbeat", reason="Function called using request_heartbeat=true, returning control"),
        packed("system_alert", message="Note: prior messages (12 of 40 total messages) have been hidden from view"),
        packed("something_new", message="x"),
        '{"type": "heartbeat"}',
        '{"type": "login",\n"last_login": "raw\nline break"}',
    ],
)
def test_events_are_no_words_of_the_person(event: str) -> None:
    records = read(
        [ASKED, part("user", "x", 2, content=event), part("user", "y", 3, content=[{"type": "text", "text": event}])]
    )

    assert texts(conversations_in(records)[0]) == ["Which tea?"]
    assert "2 events of Letta's own (logins, heartbeats, alerts) were left out" in notes(records)


def test_packed_words_are_unpacked() -> None:
    with_break = '{"type": "user_message", "message": "one\ntwo", "time": "now"}'

    found = listed(
        part("user", "b", 1, content=packed("user_message", message="Which tea?", name="Ada")),
        part("user", "c", 2, content=[{"type": "text", "text": with_break}]),
    )

    assert texts(found) == ["Which tea?", "one\ntwo"]


@pytest.mark.parametrize(
    "text",
    [
        '{"type": "tea", "message": "jasmine"}',
        '{"type": "tea", "time": "12:00"}',
        '{"type": "user_message", "message": 7}',
        '{"type": "login"',
        "{not JSON}",
        "{" + '"a":{' * 5_000 + "}" * 5_001,
        "[1, 2]",
    ],
)
def test_json_that_a_person_wrote_is_left_as_it_is(text: str) -> None:
    assert texts(listed(part("user", "b", 1, content=text))) == [text]


def test_reminders_of_a_program_are_cut_out_of_the_words_of_a_person() -> None:
    reminder = "<system-reminder>\nBe brief.\n</system-reminder>"
    records = read(
        [
            part("user", "a", 1, content=f"{reminder}\nWhich tea?{reminder}"),
            part("user", "b", 2, content=reminder),
            part("user", "c", 3, content="What is a <system-reminder>?"),
        ]
    )

    assert texts(conversations_in(records)[0]) == ["Which tea?", "What is a <system-reminder>?"]


def test_many_reminders_that_are_never_closed_take_no_time() -> None:
    text = "</system-reminder>" + "<system-reminder>" * 200_000

    assert texts(listed(part("user", "a", 1, content=text))) == [text]


def test_every_revision_of_the_system_prompt_is_kept_once_and_alerts_are_none() -> None:
    prompts = ["You are Sam.", "You are Sam. Her name is Ada.", "You are Sam.", packed("system_alert", message="Hello")]

    found = listed(*[part("system", str(at), 0, content=text) for at, text in enumerate(prompts)], ASKED)

    assert found.instructions == ("You are Sam.", "You are Sam. Her name is Ada.")


def boot(second: int = 0) -> list[Json]:
    """What an agent that speaks by a tool is made with."""
    return [
        af("assistant", second, BOOT_THOUGHT, tool_calls=[call("send_message", message=BOOT_REPLY)]),
        af("tool", second, '{"status": "OK"}', tool_call_id="call-1"),
        af("user", second, packed("login", last_login="Never (first login)")),
    ]


def test_the_thought_and_the_login_that_an_agent_is_made_with_are_no_turns() -> None:
    found = only(agent("memgpt_agent", *boot(), af("user", 1, "Which tea?")))

    assert turns(found) == [("a", BOOT_REPLY), ("u", "Which tea?")]
    assert found.messages[0].reasoning is None


def test_an_agent_that_nobody_spoke_to_is_empty() -> None:
    assert Empty("record 1, byte 0") in read(agent("memgpt_agent", *boot()))
    told = step("c", 2, ("reasoning", {"reasoning": BOOT_THOUGHT}), ("assistant", {"content": BOOT_REPLY}))
    assert read(told) == [Empty("the list of messages")]


# --- agent files, version 1 ----------------------------------------------------------------------------------


def spoken(*words: str) -> list[Json]:
    return [call("send_message", message=text, request_heartbeat=False) for text in words]


TEA = (
    af("system", 0, "You are Sam."),
    af("user", 1, packed("user_message", message="Which tea?")),
    af("assistant", 2, "She wants tea.", tool_calls=spoken("Jasmine.")),
    af("tool", 3, '{"status": "OK"}', tool_call_id="call-1"),
    af("user", 4, "And now?"),
    af("assistant", 5, "Rest, then.", tool_calls=spoken("Rest.")),
)


def test_an_agent_that_speaks_by_a_tool_thinks_in_its_text() -> None:
    found = only(agent("memgpt_agent", *TEA))

    assert turns(found) == SAID
    assert (found.title, found.edition, found.instructions) == ("Sam", Edition.EXPORT, ("You are Sam.",))
    assert [message.reasoning for message in found.messages] == [None, "She wants tea.", None, "Rest, then."]
    assert [message.model for message in found.messages] == [None, "gpt-4o", None, "gpt-4o"]
    assert found.messages[0].created_at == "2025-03-24T12:00:01.500Z"


def test_messages_of_version_1_are_in_no_order_and_are_sorted_by_time() -> None:
    shuffled = random.Random(3).sample(TEA, len(TEA))

    assert only(agent("memgpt_agent", *shuffled)) == only(agent("memgpt_agent", *TEA))


def test_messages_of_the_same_millisecond_are_sorted_as_finely_as_the_file_tells() -> None:
    times = {"three": "12:00:01.000300", "one": "12:00:01.000100", "two": "12:00:01.000200+00:00"}
    messages = [af("user", 1, text, created_at=f"2025-03-24T{time}") for text, time in times.items()]

    assert texts(only(agent("memgpt_agent", *messages))) == ["one", "two", "three"]


def test_messages_of_the_same_time_keep_their_order() -> None:
    same = [af("user", 1, text) for text in ("one", "two", "three")]

    assert texts(only(agent("memgpt_agent", *same))) == ["one", "two", "three"]


def test_a_time_without_a_zone_is_utc() -> None:
    found = only(agent("memgpt_agent", af("user", 1, "Hi", created_at="2025-03-31T03:54:43.570334")))

    assert (found.messages[0].created_at, found.messages[0].time_inferred) == ("2025-03-31T03:54:43.570Z", False)


def test_a_message_whose_time_cannot_be_read_stands_first_and_is_marked() -> None:
    found = only(agent("memgpt_agent", af("user", 1, "two"), af("user", 1, "one", created_at="soon")))

    assert [(one.content, one.time_inferred) for one in found.messages] == [("one", True), ("two", False)]


def test_messages_that_the_model_does_not_see_any_more_are_read_as_well() -> None:
    assert texts(only(agent("memgpt_agent", af("user", 1, "Hi", in_context=False), in_context_message_indices=[]))) == [
        "Hi"
    ]


def test_a_conversation_is_known_by_the_agent_and_the_first_words_to_it() -> None:
    short = only(agent("memgpt_agent", *boot(), *TEA[:3]))
    long = only(agent("memgpt_agent", *boot(), *TEA, updated_at="2026"))

    assert long.id == short.id
    assert [one.id for one in long.messages][:3] == [one.id for one in short.messages]
    assert only(agent("memgpt_agent", *TEA, name="Max")).id != short.id


def test_a_conversation_is_the_same_without_what_an_agent_is_made_with() -> None:
    whole, without = only(agent("memgpt_agent", *boot(), *TEA)), only(agent("memgpt_agent", *TEA))

    assert (whole.id, whole.messages[1:]) == (without.id, without.messages)


def test_prompts_among_the_messages_are_instructions_and_alerts_and_answers_of_tools_are_nothing() -> None:
    messages = [
        af("system", 0, "You are Sam."),
        af("system", 1, "You are Sam. Her name is Ada."),
        af("system", 2, packed("system_alert", message="Hello")),
        af("user", 3, "Hi"),
        af("tool", 4, '{"status": "OK"}', tool_call_id="call-1"),
    ]

    records = read(agent("memgpt_agent", *messages, system="Now you are Sam the second."))

    (found,) = conversations_in(records)
    assert found.instructions == ("You are Sam.", "You are Sam. Her name is Ada.")
    assert (turns(found), notes(records)) == ([("u", "Hi")], "[]")


def test_the_prompt_of_the_agent_is_taken_where_no_message_holds_one() -> None:
    assert only(agent("memgpt_agent", *TEA[1:])).instructions == ("You are Sam.",)


# --- agent files, version 2 ----------------------------------------------------------------------------------


def test_several_agents_are_several_conversations() -> None:
    records = read(bundle(agent("letta_v1_agent", *TEA), agent("memgpt_v2_agent", *TEA, name="Max")))

    assert [(one.title, len(one.messages)) for one in conversations_in(records)] == [("Sam", 6), ("Max", 4)]


def test_agents_in_the_background_are_skipped() -> None:
    hidden = [agent(kind, af("user", 1, "transcript")) for kind in ("sleeptime_agent", "voice_sleeptime_agent")]

    records = read(bundle(*hidden, agent("memgpt_v2_agent", *TEA)))

    assert [turns(one) for one in conversations_in(records)] == [SAID]
    assert records.count(Skipped("an agent that works in the background, and whose messages are transcripts")) == 2


def test_an_agent_without_messages_is_empty_and_one_that_is_none_is_broken() -> None:
    records = read(bundle(agent("letta_v1_agent"), agent("memgpt_v2_agent", *TEA), {"name": "x"}))

    assert Empty("record 1, byte 0, agent 1") in records
    assert (
        Broken("record 1, byte 0, agent 3", "an agent has a type and a list of messages, and this has not") in records
    )
    assert len(conversations_in(records)) == 1


def test_an_agent_of_the_newer_kind_speaks_in_its_text_and_thinks_in_parts() -> None:
    thought = {"type": "reasoning", "is_native": True, "reasoning": "Calm.", "signature": "x"}
    summed = {
        "type": "summarized_reasoning",
        "id": "r",
        "summary": [{"index": 0, "text": "A"}, {"index": 1, "text": "B"}],
    }
    hidden = [{"type": "redacted_reasoning", "data": "x"}, {"type": "omitted_reasoning"}, {"type": "tool_call"}]

    records = read(
        bundle(
            agent(
                "letta_v1_agent", af("user", 1, "Which tea?"), af("assistant", 2, thought, summed, *hidden, "Jasmine.")
            )
        )
    )

    (found,) = conversations_in(records)
    assert turns(found) == SAID[:2]
    assert found.messages[1].reasoning == "Calm.\n\nA\n\nB"
    assert notes(records) == "[]"


def test_an_agent_of_the_newer_kind_can_speak_by_the_tool_as_well() -> None:
    found = only(
        bundle(agent("letta_v1_agent", af("user", 1, "Hi"), af("assistant", 2, "Well.", tool_calls=spoken("Hello."))))
    )

    assert texts(found) == ["Hi", "Well.", "Hello."]


@pytest.mark.parametrize("agent_type", ["memgpt_agent", "memgpt_v2_agent", "react_agent", "workflow_agent"])
def test_the_text_of_an_agent_that_speaks_by_the_tool_is_never_said(agent_type: str) -> None:
    assert turns(only(bundle(agent(agent_type, *TEA)))) == SAID


@pytest.mark.parametrize("agent_type", ["memgpt_agent", "memgpt_v2_agent"])
def test_an_agent_made_to_speak_by_the_tool_says_nothing_where_it_only_writes(agent_type: str) -> None:
    written = [af("user", 1, "Hi"), af("assistant", 2, "He is back.")]

    assert turns(only(bundle(agent(agent_type, *written)))) == [("u", "Hi")]


def test_an_agent_of_another_kind_that_never_uses_the_tool_speaks_in_its_text() -> None:
    assert texts(only(bundle(agent("react_agent", af("user", 1, "Hi"), af("assistant", 2, "Hello."))))) == [
        "Hi",
        "Hello.",
    ]


def test_what_waits_for_an_approval_is_thought_and_written_but_not_sent() -> None:
    thought = {"type": "reasoning", "reasoning": "I should look."}
    messages = [
        af("user", 1, "Look around"),
        af(
            "approval",
            2,
            thought,
            "I look around.",
            tool_calls=[call("bash", command="ls"), *spoken("unsent")],
            model="m",
        ),
        af("approval", 3, approvals=[{"type": "approval", "approve": False, "reason": "just stop"}], tool_calls=None),
        af("tool", 4, tool_returns=[{"func_response": "denied"}]),
        af("assistant", 5, "Then not."),
    ]

    found = only(bundle(agent("letta_v1_agent", *messages)))

    assert texts(found) == ["Look around", "I look around.", "Then not."]
    assert found.messages[1].reasoning == "I should look."


def test_content_can_be_empty_and_summaries_are_counted() -> None:
    records = read(
        bundle(
            agent(
                "letta_v1_agent",
                af("summary", 0, "Before …"),
                af("assistant", 1),
                af("user", 2, "Hi"),
                af("elf", 3, "x"),
            )
        )
    )

    assert texts(conversations_in(records)[0]) == ["Hi"]
    assert "1 summary of earlier messages was left out" in notes(records)
    assert "1 message had the unknown role 'elf'" in notes(records)


def test_the_numbers_of_the_file_are_not_what_messages_are_known_by() -> None:
    def numbered(start: int) -> Conversation:
        messages = [{**one, "id": f"message-{at}"} for at, one in enumerate(TEA, start=start)]
        return only(bundle(agent("memgpt_v2_agent", *messages, id=f"agent-{start}")))

    assert numbered(0) == numbered(7)


def test_both_versions_of_the_file_know_a_conversation_by_the_same_ids() -> None:
    unpacked = [
        {**one, "content": [{"type": "text", "text": "Which tea?", "signature": None}]} if at == 1 else one
        for at, one in enumerate(TEA)
    ]

    old, new = only(agent("memgpt_agent", *TEA)), only(bundle(agent("memgpt_agent", *unpacked)))

    assert (new.id, [one.id for one in new.messages]) == (old.id, [one.id for one in old.messages])


def test_messages_of_version_2_are_never_sorted() -> None:
    assert texts(only(bundle(agent("letta_v1_agent", af("user", 5, "one"), af("user", 1, "two"))))) == ["one", "two"]


@pytest.mark.parametrize("kind", ["memgpt_v2_agent", "letta_v1_agent"])
def test_a_picture_in_an_agent_file_is_told_in_its_place(kind: str) -> None:
    picture = {"type": "image", "source": {"type": "url", "url": "https://example.invalid/a/tea.png"}}

    assert texts(only(bundle(agent(kind, af("user", 1, "Look", picture))))) == ["Look\n[image: tea.png]"]


def test_a_file_that_was_encoded_twice_is_read_as_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "agent.af"
    path.write_bytes(as_json(json.dumps(bundle(agent("memgpt_v2_agent", *TEA)))))

    (found,) = conversations_in(imported(path)[0])

    assert turns(found) == SAID


def test_arguments_with_raw_line_breaks_are_read() -> None:
    raw = {"id": "1", "function": {"name": "send_message", "arguments": '{"message": "one\n\ntwo"}'}}

    assert texts(only(agent("memgpt_agent", af("user", 1, "Hi"), af("assistant", 2, "x", tool_calls=[raw])))) == [
        "Hi",
        "one\n\ntwo",
    ]


def test_replies_that_cannot_be_read_are_counted() -> None:
    cut = {"id": "1", "function": {"name": "send_message", "arguments": '{"message": "one'}}
    other = call("send_message", text="x")

    records = read(agent("memgpt_agent", af("user", 1, "Hi"), af("assistant", 2, tool_calls=[cut, other, 7])))

    assert texts(conversations_in(records)[0]) == ["Hi"]
    assert "2 replies could not be read from the arguments of their tool call" in notes(records)


# --- which files are Letta's ---------------------------------------------------------------------------------


def variant_of(document: object, tmp_path: Path) -> str:
    path = tmp_path / "conversations.json"
    path.write_bytes(as_json(document))
    (found,) = inspect(path, path.name).found
    assert found.parser == "letta"
    return found.variant


def test_a_bare_list_is_known_by_the_types_of_its_entries(tmp_path: Path) -> None:
    assert variant_of(list(CHAT), tmp_path) == "messages"
    assert variant_of([part("tool_return", "a", 1)], tmp_path) == "messages"
    assert variant_of({"data": list(CHAT)}, tmp_path) == "messages"


def test_a_list_in_an_object_is_known_with_and_without_an_agent_beside_it(tmp_path: Path) -> None:
    assert variant_of({"messages": list(CHAT)}, tmp_path) == "wrapped"
    assert variant_of(wrapper(*CHAT), tmp_path) == "wrapped"


@pytest.mark.parametrize(
    "document",
    [
        [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}],
        [{"message_type": "text", "id": "1", "content": "Hi"}],
        [{"message_type": "user_message"}],
        {"messages": [{"role": "user", "content": "Hi"}]},
        {"agents": [{"name": "Sam", "messages": []}], "tools": []},
        {"agents": [agent("letta_v1_agent")]},
        {"agent_type": "memgpt_agent", "messages": "many"},
    ],
    ids=lambda document: json.dumps(document)[:40],
)
def test_what_only_resembles_letta_is_not_claimed(document: object, tmp_path: Path) -> None:
    path = tmp_path / "letta.af"
    path.write_bytes(as_json(document))

    with pytest.raises(Unrecognised):
        inspect(path, path.name)


def test_agents_without_their_messages_are_explained(tmp_path: Path) -> None:
    path = tmp_path / "agents.json"
    path.write_bytes(as_json([{"id": "agent-1", "agent_type": "memgpt_agent", "llm_config": {}, "message_ids": ["a"]}]))

    with pytest.raises(Unrecognised, match="it describes Letta agents; it holds no messages") as refused:
        inspect(path, path.name)
    assert "agent file" in str(refused.value.advice)


# --- the shared collection -----------------------------------------------------------------------------------


@IN_SHARED
def test_the_shared_lists_and_the_agent_file_they_were_made_of_say_the_same() -> None:
    names = (
        "af-v1-memgpt_agent_with_convo-0.6.43.af",
        "derived/letta-export-wrapper.json",
        "derived/letta-rest-messages-desc.json",
    )

    file, wrapped, bare = (conversations_in(imported(FIXTURES / "letta" / name)[0])[0] for name in names)

    assert turns(file) == turns(wrapped) == turns(bare)
    assert (
        [one.reasoning for one in file.messages]
        == [one.reasoning for one in wrapped.messages]
        == [one.reasoning for one in bare.messages]
    )
    assert [one.created_at[:19] for one in file.messages] == [one.created_at[:19] for one in bare.messages]
    assert (wrapped.id, wrapped.title) == ("agent-11111111-2222-4333-8444-555555555555", "memgpt_agent_with_convo")
    assert len(file.instructions) == len(wrapped.instructions) == len(set(file.instructions))


@IN_SHARED
def test_of_the_twenty_replies_in_the_shared_agent_file_one_was_put_there() -> None:
    (found,) = conversations_in(imported(FIXTURES / "letta/af-v1-memgpt_agent_with_convo-0.6.43.af")[0])

    assert sum(one.role == "assistant" and one.content != BOOT_REPLY for one in found.messages) == 19


@IN_SHARED
def test_the_shared_list_with_a_picture_is_read() -> None:
    (found,) = conversations_in(imported(FIXTURES / "letta/derived/letta-export-multimodal.json")[0])

    assert turns(found) == [("a", BOOT_REPLY), ("u", "my name is actually Brad \n[image: p.png]")]


@IN_SHARED
def test_the_shared_file_that_was_encoded_twice_holds_no_chat() -> None:
    assert imported(FIXTURES / "letta/af-v2-customer_service-doubleencoded.af")[0] == [
        Empty("record 1, byte 0, agent 1")
    ]
