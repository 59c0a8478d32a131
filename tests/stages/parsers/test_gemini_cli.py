"""Sessions of gemini-cli: one object, or a log of lines."""

from pathlib import Path
from zipfile import ZipFile

import pytest

from packages_store.model import Conversation, Edition
from stages.parsers.choose import inspect
from stages.parsers.contract import Broken, Empty, Note, Record, Skipped
from tests.stages.parsers.documents import Json
from tests.stages.parsers.harness import as_json, as_lines, conversations_in, imported, records_of, turns
from tests.stages.parsers.test_fixtures import FIXTURES, LIST

with_fixtures = pytest.mark.skipif(not LIST.exists(), reason="the shared fixtures are not here")
SAMPLES = FIXTURES / "gemini/gemini-cli"

HEAD: Json = {
    "sessionId": "s1",
    "projectHash": "abc",
    "startTime": "2026-08-01T10:00:00.000Z",
    "lastUpdated": "2026-08-01T11:00:00.000Z",
}


def said(id_: str, content: object, type_: str = "", /, **other: object) -> Json:
    """A message: of the person when its id begins with `u`, else of gemini."""
    kind = type_ or ("user" if id_.startswith("u") else "gemini")
    return {"id": id_, "timestamp": "2026-08-01T10:00:01.000Z", "type": kind, "content": content, **other}


def session(*messages: object, **other: object) -> Json:
    return {**HEAD, "messages": list(messages), **other}


def read(document: object) -> list[Record]:
    return records_of("gemini", as_json(document), "gemini-cli")


def read_lines(*lines: object) -> list[Record]:
    return records_of("gemini", as_lines(lines), "gemini-cli")


def talk(*messages: object, **other: object) -> Conversation:
    (found,) = conversations_in(read(session(*messages, **other)))
    return found


def log(*lines: object) -> Conversation:
    (found,) = conversations_in(read_lines(HEAD, *lines))
    return found


def notes(records: list[Record]) -> list[str]:
    return [one.text for one in records if isinstance(one, Note)]


def test_a_session_is_a_conversation_under_its_own_id() -> None:
    found = talk(said("u1", "Fix it"), said("g1", "Done.", model="gemini-2.5-pro"))

    assert (found.id, found.platform, found.edition) == ("s1", "gemini", Edition.EXPORT)
    assert (found.created_at, found.updated_at) == ("2026-08-01T10:00:00.000Z", "2026-08-01T11:00:00.000Z")
    assert turns(found) == [("u", "Fix it"), ("a", "Done.")]
    assert [one.id for one in found.messages] == ["s1:u1", "s1:g1"]
    assert [one.model for one in found.messages] == [None, "gemini-2.5-pro"]
    assert [(one.created_at[11:], one.time_inferred) for one in found.messages] == [("10:00:01.000Z", False)] * 2


def test_a_log_tells_the_same_as_the_object() -> None:
    messages = [said("u1", "Fix it"), said("g1", "Done."), said("u2", "Thanks")]

    assert log(*messages) == talk(*messages)


@pytest.mark.parametrize("data", [as_json(session(said("u1", "A"))), as_lines([HEAD, said("u1", "A")])])
def test_a_session_is_known_by_its_content(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "whatever"
    path.write_bytes(data)

    (found,) = inspect(path, path.name).found

    assert (found.platform, found.variant) == ("gemini", "gemini-cli")


@pytest.mark.parametrize(
    "content",
    [
        "Which tea?",
        {"text": "Which tea?"},
        [{"text": "Which "}, "tea?"],
        ["Which tea?"],
        [{"functionCall": {"name": "x"}}, {"text": "Which tea?"}],
    ],
)
def test_content_is_a_text_a_part_or_a_list_of_both(content: object) -> None:
    assert turns(talk(said("u1", content))) == [("u", "Which tea?")]


def test_files_in_the_content_are_placeholders() -> None:
    content = [
        {"text": "Look"},
        {"inlineData": {"mimeType": "image/png", "data": "QQ=="}},
        {"fileData": {"fileUri": "a.pdf"}},
    ]

    assert turns(talk(said("u1", content))) == [("u", "Look\n[image]\n[file: a.pdf]")]


def test_what_the_person_saw_goes_before_what_was_sent() -> None:
    sent = [{"text": "Read @a.py"}, {"text": "--- a.py ---\nimport os"}]

    assert turns(talk(said("u1", sent, displayContent="Read @a.py"))) == [("u", "Read @a.py")]
    assert turns(talk(said("u1", "A", displayContent=[{"text": " "}]))) == [("u", "A")]


def test_thoughts_are_the_reasoning_of_their_answer() -> None:
    thoughts = [
        {"subject": "Planning", "description": "Read first.", "timestamp": "2026-08-01T10:00:01.000Z"},
        {"subject": "", "description": "Then write."},
        {"subject": "Ready"},
    ]

    found = talk(said("u1", "A"), said("g1", "B", thoughts=thoughts), said("g2", [{"text": "C"}]))

    assert found.messages[1].reasoning == "Planning: Read first.\nThen write.\nReady"
    assert found.messages[2].reasoning is None


def test_parts_that_are_thoughts_are_reasoning() -> None:
    found = talk(said("g1", [{"text": "Hm.", "thought": True}, {"text": "B"}]))

    assert (found.messages[0].content, found.messages[0].reasoning) == ("B", "Hm.")


def test_calls_of_tools_are_left_out_and_thoughts_before_them_belong_to_the_answer() -> None:
    records = read(
        session(
            said("u1", "A"),
            said("g1", "", thoughts=[{"subject": "Plan", "description": "Look."}], toolCalls=[{"name": "read_file"}]),
            said("u2", [{"functionResponse": {"name": "read_file"}}], "gemini"),
            said("g2", "B", toolCalls=[{"name": "write_file"}]),
        )
    )

    (found,) = conversations_in(records)
    assert turns(found) == [("u", "A"), ("a", "B")]
    assert found.messages[1].reasoning == "Plan: Look."
    assert notes(records) == ["2 messages without text, such as calls of tools, were left out"]


def test_thoughts_do_not_pass_a_question() -> None:
    found = talk(said("g1", "", thoughts=[{"subject": "Old"}]), said("u1", "A"), said("g2", "B"))

    assert [one.reasoning for one in found.messages] == [None, None]


def test_messages_of_the_program_are_left_out_and_counted() -> None:
    records = read(
        session(
            said("u1", "A"), *(said(kind, "x", kind) for kind in ("info", "error", "warning")), said("x", "y", "oracle")
        )
    )

    assert turns(conversations_in(records)[0]) == [("u", "A")]
    assert notes(records) == [
        "3 messages of the program itself (information, warnings, errors) were left out",
        "1 message had the unknown type 'oracle'",
    ]


def test_a_session_of_a_subagent_is_skipped() -> None:
    assert [type(one) for one in read(session(said("u1", "A"), kind="subagent"))] == [Skipped]
    assert [type(one) for one in read_lines({**HEAD, "kind": "subagent"}, said("u1", "A"))] == [Skipped]
    assert conversations_in(read(session(said("u1", "A"), kind="main")))


def test_the_title_is_the_summary_else_the_first_question() -> None:
    assert talk(said("g1", "Hi"), said("u1", "Fix\nit")).title == "Fix it"
    assert talk(said("u1", "Fix it"), summary="A bug").title == "A bug"
    assert log(said("u1", "Fix it"), {"$set": {"summary": "A bug"}}).title == "A bug"


def test_a_message_that_comes_again_replaces_the_first_where_it_stands() -> None:
    found = log(said("u1", "A"), said("g1", "par"), said("u2", "B"), said("g1", "partial and whole"))

    assert turns(found) == [("u", "A"), ("a", "partial and whole"), ("u", "B")]


def test_a_rewind_takes_back_a_message_and_all_behind_it() -> None:
    records = read_lines(HEAD, said("u1", "A"), said("g1", "B"), said("u2", "C"), {"$rewindTo": "g1"}, said("u3", "D"))

    assert turns(conversations_in(records)[0]) == [("u", "A"), ("u", "D")]
    assert notes(records) == ["2 messages were taken back in the session and are left out"]


def test_a_rewind_to_what_is_not_there_takes_back_everything() -> None:
    assert turns(log(said("u1", "A"), {"$rewindTo": "nowhere"}, said("u2", "B"))) == [("u", "B")]


def test_a_patch_changes_what_the_session_tells_of_itself() -> None:
    found = log(said("u1", "A"), {"$set": {"sessionId": "s2", "lastUpdated": "2026-08-01T12:00:00.000Z"}})

    assert (found.id, found.updated_at) == ("s2", "2026-08-01T12:00:00.000Z")


def test_a_patch_with_messages_replaces_them_all() -> None:
    found = log(said("u1", "A"), said("g1", "B"), {"$set": {"messages": [said("u9", "Summary")]}}, said("g9", "Go on"))

    assert turns(found) == [("u", "Summary"), ("a", "Go on")]
    assert turns(log(said("u1", "A"), {"$set": {"messages": []}})) == [("u", "A")]


def test_lines_of_another_session_are_another_conversation() -> None:
    found = conversations_in(
        read_lines(HEAD, said("u1", "A"), HEAD, said("g1", "B"), HEAD | {"sessionId": "s2"}, said("u2", "C"))
    )

    assert [(one.id, turns(one)) for one in found] == [("s1", [("u", "A"), ("a", "B")]), ("s2", [("u", "C")])]


def test_sessions_in_a_list_are_one_conversation_each() -> None:
    records = read([session(said("u1", "A")), 7, {"x": 1}, session(said("u2", "B"), sessionId="s2")])

    assert [one.id for one in conversations_in(records)] == ["s1", "s2"]
    assert {type(one) for one in records} == {Conversation, Broken, Skipped}


def test_a_broken_line_does_not_stop_the_others() -> None:
    data = b"\n".join(
        [as_json(HEAD), as_json(said("u1", "A")), b'{"id": "g1", "con', b"\xff\xff", as_json(said("g2", "B"))]
    )

    records = records_of("gemini", data, "gemini-cli")

    assert turns(conversations_in(records)[0]) == [("u", "A"), ("a", "B")]
    assert any(isinstance(one, Broken) for one in records)


def test_a_line_that_is_cut_short_leaves_those_before_it() -> None:
    data = as_lines([HEAD, said("u1", "A"), said("g1", "B")])

    records = records_of("gemini", data[:-5], "gemini-cli")

    assert turns(conversations_in(records)[0]) == [("u", "A")]
    assert any(isinstance(one, Broken) for one in records)


def test_lines_of_an_unknown_kind_are_counted() -> None:
    assert notes(read_lines(HEAD, said("u1", "A"), {"$future": 1})) == ["1 line of an unknown kind was left out"]


def test_a_session_in_which_nothing_was_said_is_empty() -> None:
    assert isinstance(read(session())[0], Empty)
    assert isinstance(read_lines(HEAD, said("i1", "Hello", "info"))[0], Empty)


def test_a_message_without_a_time_gets_that_of_the_one_before_it() -> None:
    found = talk(
        said("u1", "A", timestamp=None), said("g1", "B", timestamp="2026-08-01T10:00:09Z"), said("u2", "C", timestamp=1)
    )

    assert [(one.created_at[17:19], one.time_inferred) for one in found.messages] == [
        ("00", True),
        ("09", False),
        ("01", False),
    ]


def test_messages_without_an_id_are_kept() -> None:
    found = talk({"type": "user", "content": "A"}, {"type": "gemini", "content": "B", "id": 3})

    assert turns(found) == [("u", "A"), ("a", "B")]


@pytest.mark.parametrize("name", ["content", "displayContent", "thoughts", "toolCalls", "timestamp", "model", "type"])
@pytest.mark.parametrize("odd", [None, 3, "odd", ["odd", 3, None, {"text": []}], {"a": 1}, True])
def test_members_of_an_odd_type_do_no_harm(name: str, odd: object) -> None:
    assert talk(said("u1", "A"), {**said("g1", "B"), name: odd}).messages[0].content == "A"


def test_what_a_session_tells_of_tokens_calls_and_folders_is_no_text() -> None:
    calls = [{"id": "1", "name": "read_file", "args": {"path": "a"}, "result": "secret", "status": "success"}]
    plain = read(session(said("u1", "A"), said("g1", "B")))

    told = session(
        said("u1", "A"), said("g1", "B", tokens={"total": 9}, toolCalls=calls), directories=["/home/wren"], kind="main"
    )

    assert read(told) == plain


def test_a_log_of_a_subagent_in_a_folder_of_its_own_is_skipped_and_its_parent_is_read(tmp_path: Path) -> None:
    path = tmp_path / "chats.zip"
    with ZipFile(path, "w") as archive:
        archive.writestr("chats/session-1.jsonl", as_lines([HEAD, said("u1", "A")]))
        archive.writestr(
            "chats/s1/s2.jsonl", as_lines([{**HEAD, "sessionId": "s2", "kind": "subagent"}, said("u1", "B")])
        )

    records, _ = imported(path)

    assert [turns(one) for one in conversations_in(records)] == [[("u", "A")]]
    assert sum(isinstance(one, Skipped) for one in records) == 1


@with_fixtures
def test_a_session_with_thoughts_has_them_as_reasoning() -> None:
    (found,) = conversations_in(imported(SAMPLES / "agentsview-thinking_only.json")[0])

    assert len(found.messages) == 2
    assert found.messages[1].model == "gemini-2.5-pro"
    assert found.messages[1].reasoning == (
        "Understanding request: The user wants an explanation of the system.\n"
        "Planning response: I should describe the config loading flow."
    )


@with_fixtures
@pytest.mark.parametrize(("name", "messages"), [("agentsview-standard_session", 4), ("agentsview-tool_calls", 2)])
def test_a_session_has_what_was_said_in_it(name: str, messages: int) -> None:
    (found,) = conversations_in(imported(SAMPLES / f"{name}.json")[0])

    assert [one.role for one in found.messages] == ["user", "assistant"] * (messages // 2)
    assert not any(one.time_inferred for one in found.messages)


@with_fixtures
def test_a_log_is_read_as_it_was_left() -> None:
    (path,) = (FIXTURES / "gemini/handmade").glob("gemini-cli-*.jsonl")

    (found,) = conversations_in(imported(path)[0])

    assert (found.id, found.title) == ("11111111-2222-3333-4444-555555555555", "Greeting")
    assert turns(found) == [("u", "hello"), ("a", "full answer"), ("u", "plain string content")]
    assert found.messages[1].reasoning == "Greeting: Say hi"
    assert found.updated_at == "2026-08-01T10:03:00.000Z"
