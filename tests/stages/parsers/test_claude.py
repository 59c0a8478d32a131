"""Claude: which files are its own, which conversations are in them, in which order, and when they were said."""

import json
import zipfile
from pathlib import Path
from typing import cast

import pytest

from packages_store.errors import Unrecognised
from packages_store.model import Conversation, Edition
from stages.parsers.choose import inspect
from stages.parsers.contract import Bid, Broken, Empty, Note, Record, Skipped
from stages.parsers.reading.peeking import peek
from tests.stages.parsers.documents import Json, chatgpt, message
from tests.stages.parsers.harness import (
    MemoryFile,
    as_json,
    as_lines,
    conversations_in,
    imported,
    parser_named,
    records_of,
    turns,
)
from tests.stages.parsers.samples.claude import BEGUN, ROOT, answer, chat, design, drawn, human, line, said, text, tool
from tests.stages.parsers.test_fixtures import EXPECTED, FIXTURES

BOTH = [("u", "Which tea?"), ("a", "Jasmine.")]
TEA = chat(human("Which tea?"), answer("Jasmine."))
MEMORY: Json = {"account_uuid": "a", "conversations_memory": "Likes tea.", "project_memories": {"p": "A poster."}}
PROJECT: Json = {"uuid": "p", "name": "Poster", "prompt_template": "Be brief.", "docs": [], "creator": {"uuid": "a"}}
USER: Json = {"uuid": "a", "full_name": "Ada", "email_address": "ada@example.org", "verified_phone_number": None}


def read(document: object) -> list[Record]:
    return records_of("claude", as_json(document))


def one(*messages: Json, **other: object) -> Conversation:
    return conversations_in(read([chat(*messages, **other)]))[0]


def notes(document: object) -> list[str]:
    return [record.text for record in read(document) if isinstance(record, Note)]


def upload(tmp_path: Path, data: bytes) -> list[Conversation]:
    path = tmp_path / "upload"
    path.write_bytes(data)
    return conversations_in(imported(path)[0])


def zipped(path: Path, **members: object) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, document in members.items():
            archive.writestr(f"{name}.json", as_json(document))
    return path


def bid(data: bytes, platform: str = "claude") -> Bid | None:
    return parser_named(platform).bid(peek(MemoryFile(data)))


# Containers.


@pytest.mark.parametrize(
    ("document", "variant"),
    [
        ([TEA], "array"),
        ({"conversations": [TEA]}, "wrapped"),
        ({"exported_at": BEGUN, "user": {"uuid": "a"}, "conversations": [TEA], "projects": [PROJECT]}, "wrapped"),
        ({"c1": {**TEA, "uuid": None}}, "object-of-records"),
        (TEA, "single"),
    ],
    ids=["array", "conversations", "conversations beside other things", "object by id", "single object"],
)
def test_every_layout_of_a_file_gives_the_same_conversation(document: object, variant: str, tmp_path: Path) -> None:
    (found,) = upload(tmp_path, as_json(document))

    assert (found.id, found.title, turns(found)) == ("c1", "A talk", BOTH)
    assert bid(as_json(document)) == Bid(variant, Bid.SHAPE)


def test_a_byte_order_mark_does_not_keep_a_file_from_being_read(tmp_path: Path) -> None:
    (found,) = upload(tmp_path, b"\xef\xbb\xbf" + as_json([TEA]))

    assert turns(found) == BOTH


def test_the_official_zip_is_read_and_what_is_no_chat_in_it_is_explained(tmp_path: Path) -> None:
    drawn_chat = design(drawn("user", "m1", content="Draw"), drawn("assistant", "m2", content="Done."))
    members = {
        "conversations": [TEA],
        "users": [USER],
        "projects": [PROJECT],
        "projects/p1": PROJECT,
        "memories": [MEMORY],
        "design_chats/d1": drawn_chat,
    }

    records, ignored = imported(zipped(tmp_path / "data-2026-07-29-batch-0000.zip", **members))

    assert [turns(found) for found in conversations_in(records)] == [BOTH, [("u", "Draw"), ("a", "Done.")]]
    reasons = dict(ignored)
    assert "accounts of a Claude export" in reasons["users.json"]
    assert "Claude project" in reasons["projects.json"]
    assert "Claude project" in reasons["projects/p1.json"]
    assert "Claude remembers" in reasons["memories.json"]


def test_a_zip_that_holds_conversations_alone_is_claudes_and_not_chatgpts(tmp_path: Path) -> None:
    path = zipped(tmp_path / "conversations-000.zip", conversations=[TEA])

    (found,) = inspect(path, "conversations-000.zip").found

    assert (found.platform, found.variant) == ("claude", "array")
    assert turns(conversations_in(imported(path)[0])[0]) == BOTH


@pytest.mark.parametrize(
    ("document", "words"),
    [
        pytest.param({"projects/p1": PROJECT}, "Claude project", id="projects-000.zip"),
        pytest.param({"users": [USER]}, "accounts of a Claude export", id="users-000.zip"),
        pytest.param({"memories": MEMORY}, "Claude remembers", id="memories-000.zip"),
    ],
)
def test_an_archive_without_conversations_is_refused_with_a_reason(document: Json, words: str, tmp_path: Path) -> None:
    with pytest.raises(Unrecognised, match=words):
        inspect(zipped(tmp_path / "x.zip", **document), "x.zip")


def test_a_zip_of_what_an_extension_saved_is_read_and_its_other_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "claude.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Tea.json", as_json(TEA))
        archive.writestr("Cups.json", as_json({**TEA, "uuid": "c2"}))
        archive.writestr("Tea.md", "# Tea\n\n**Human**: Which tea?")
        archive.writestr("artifacts/poem.md", "Foxes run.")

    records, ignored = imported(path)

    assert {found.id: turns(found) for found in conversations_in(records)} == {"c1": BOTH, "c2": BOTH}
    assert {name for name, _ in ignored} == {"Tea.md", "artifacts/poem.md"}


@pytest.mark.parametrize(
    ("document", "words"),
    [
        pytest.param([MEMORY], "Claude remembers", id="an array of memories"),
        pytest.param(MEMORY, "Claude remembers", id="an object of memories"),
        pytest.param(
            {"account_uuid": "a", "conversations_memory": "Likes tea."},
            "Claude remembers",
            id="memories of chats alone",
        ),
        pytest.param(
            {"account_uuid": "a", "project_memories": {"p": "A poster."}},
            "Claude remembers",
            id="memories of projects alone",
        ),
        pytest.param({"account_uuid": "a", "memory_files": []}, "Claude remembers", id="memory files"),
        pytest.param([PROJECT], "Claude project", id="an array of projects"),
        pytest.param(
            {"uuid": "p", "name": "P", "prompt_template": "", "docs": []}, "Claude project", id="a project by itself"
        ),
        pytest.param(
            {"uuid": "p", "name": "P", "docs": [{"filename": "a.md"}], "creator": {}},
            "Claude project",
            id="a project without a prompt",
        ),
        pytest.param([USER], "accounts of a Claude export", id="users"),
        pytest.param(
            {
                "created_at": BEGUN,
                "data_files": [{"category": "conversations", "filename": "conversations-000.zip", "export_url": "u"}],
            },
            "list of archives",
            id="a manifest of names",
        ),
        pytest.param(
            {"files": {"chats": "https://storage.example/a/conversations-000.zip?sig=1"}},
            "list of archives",
            id="a manifest of addresses",
        ),
        pytest.param(
            [{"type": "summary", "summary": "A title", "leafUuid": "u1"}],
            "titles of Claude Code sessions",
            id="titles of sessions",
        ),
    ],
)
def test_what_claude_hands_out_beside_chats_is_explained(document: object, words: str, tmp_path: Path) -> None:
    path = tmp_path / "upload.json"
    path.write_bytes(as_json(document))

    with pytest.raises(Unrecognised) as caught:
        inspect(path, "upload.json")

    assert words in str(caught.value)
    assert caught.value.advice


@pytest.mark.parametrize(
    "document",
    [
        [chatgpt(message("user", "Hello"))],
        [{**chatgpt(message("user", "Hello")), "chat_messages": [human("Hi")]}],
        {"data": {"chat_session": {}, "chat_messages": [{"message_id": 1, "role": "USER", "content": "Hi"}]}},
        {"chat_session": {}, "chat_messages": [{"role": "user", "content": "Hi"}]},
        {"chat_messages": [{"message_id": 1, "role": "user", "content": "Hi"}]},
        {"chat_messages": [{"text": "nobody says who"}, None, 3]},
        {"chat_messages": {"sender": "human", "text": "no list"}},
        {"messages": [{"role": "user", "content": "Hi"}], "project": {"name": "p"}},
        {"messages": [{"role": "user", "content": {"content_type": "text", "parts": ["Hi"]}}]},
        [{"role": "user", "content": "Hi"}],
        [{"type": "user", "content": "Hi", "id": "1", "timestamp": BEGUN}],
        [{"type": "user", "message": {"role": "user", "content": "Hi"}}],
        {"sessionId": "s", "projectHash": "h", "messages": [{"type": "user", "content": "Hi"}]},
        {"type": "user", "message": "Hi"},
        [],
        {},
        "text",
    ],
    ids=[
        "ChatGPT",
        "ChatGPT with a list of messages",
        "DeepSeek",
        "DeepSeek without its envelope",
        "DeepSeek by its ids",
        "nobody says anything",
        "messages that are no list",
        "messages whose content is a string",
        "messages of ChatGPT",
        "a list of messages",
        "gemini-cli lines",
        "a log without ids",
        "a gemini-cli session",
        "a line without a message",
        "an empty list",
        "an empty object",
        "text",
    ],
)
def test_files_of_others_are_left_to_them(document: object) -> None:
    assert bid(as_json(document)) is None


@pytest.mark.parametrize("words", ["x" * 700, "x" * 900, "x" * 3_000_000])
def test_a_long_first_message_does_not_keep_a_file_from_being_known(words: str, tmp_path: Path) -> None:
    (found,) = upload(tmp_path, as_json([chat(human(words), answer("Long."))]))

    assert turns(found) == [("u", words), ("a", "Long.")]


def test_a_long_summary_before_the_messages_is_passed_over(tmp_path: Path) -> None:
    summary = "**Conversation overview**\n\n" + "Much was said.\n\n" * 500

    (found,) = upload(tmp_path, as_json([{**TEA, "summary": summary, "chat_messages": TEA["chat_messages"]}]))

    assert turns(found) == BOTH
    assert "Much was said" not in repr(found)


def test_what_an_extension_saves_of_the_api_is_read_from_its_blocks() -> None:
    """`text` is empty in every message of it."""
    document = chat(
        human("One?", "h1", text="", index=0, parent_message_uuid=ROOT),
        answer("First.", "a1", text="", index=1, parent_message_uuid="h1"),
        human("Two?", "h2", text="", index=2, parent_message_uuid="a1"),
        answer("Second.", "a2", text="", index=3, parent_message_uuid="h2"),
        current_leaf_message_uuid="a2",
        model="claude-sonnet-4-5",
        settings={"enabled_web_search": True},
        is_starred=False,
        is_temporary=False,
        project_uuid="p",
        project={"uuid": "p", "name": "Poster"},
    )

    (found,) = conversations_in(read(document))

    assert turns(found) == [("u", "One?"), ("a", "First."), ("u", "Two?"), ("a", "Second.")]
    assert [said.model for said in found.messages] == [None, "claude-sonnet-4-5"] * 2
    assert found.edition == Edition.EXPORT


@pytest.mark.parametrize(
    "told",
    [
        {"index": 3},
        {"truncated": False},
        {"truncated": True},
        {"stop_reason": "stop_sequence"},
        {"stop_reason": None},
        {"sync_sources": [{"uuid": "s", "config": {}}]},
        {"updated_at": "2026-04-01T00:00:00Z"},
    ],
    ids=str,
)
def test_what_else_a_message_tells_changes_nothing_of_it(told: Json) -> None:
    assert one(human("Q"), answer("A", "a", **told)) == one(human("Q"), answer("A", "a"))


@pytest.mark.parametrize("model", [None, "claude-sonnet-4-5", "missing"])
def test_the_model_of_a_conversation_can_be_null_or_missing(model: str | None) -> None:
    found = one(human("Q"), answer("A"), **({} if model == "missing" else {"model": model}))

    assert found.messages[1].model == ("claude-sonnet-4-5" if model == "claude-sonnet-4-5" else None)


def test_lines_are_conversations_and_bad_ones_are_skipped_with_their_position() -> None:
    saved: Json = {
        "uuid": "c9",
        "name": "Saved",
        "chat_messages": [
            {"text": "Hi", "sender": "human", "created_at": BEGUN},
            {"text": "Hello", "sender": "assistant", "created_at": BEGUN},
        ],
    }
    data = as_lines([saved, chat(uuid="c0"), "a string", 7, [1], TEA]) + b"\n{broken"

    records = records_of("claude", data, "lines")

    first, second = conversations_in(records)
    assert (first.id, turns(first), turns(second)) == ("c9", [("u", "Hi"), ("a", "Hello")], BOTH)
    assert first.edition == Edition.COPY  # its messages have no ids of their own
    broken = [record.position for record in records if isinstance(record, Broken)]
    assert len(set(broken)) == len(broken) == 4


def test_what_the_community_exporter_saves_is_read_and_counts_as_a_copy(tmp_path: Path) -> None:
    document = {
        **chat(human("Which tea?"), answer("Jasmine.", text="", thinking="Green or black.", model="claude-opus-4-1")),
        "psycheros_source_keys": ["uuid"],
        "psycheros_export": {"schema": "psycheros.browser-thread-export.v1", "provider": "claude"},
    }

    (found,) = upload(tmp_path, as_json(document))

    assert bid(as_json(document)) == Bid("community", Bid.MARKER)
    assert (found.id, found.edition, turns(found)) == ("c1", Edition.COPY, BOTH)
    assert (found.messages[1].reasoning, found.messages[1].model) == ("Green or black.", "claude-opus-4-1")


@pytest.mark.parametrize(
    "beside",
    [
        {"thinking": "Hm."},
        {"thinking_blocks": ["Hm."]},
        {"thinking_blocks": [{"thinking": "Hm."}]},
        {"thinking": "Hm.", "thinking_blocks": [{"thinking": "Hm."}, {}, 3]},
    ],
)
def test_thoughts_that_a_tool_put_beside_the_blocks_are_kept_once(beside: Json) -> None:
    assert one(human("Q"), answer("A", "a", **beside)).messages[1].reasoning == "Hm."


def test_a_flat_file_of_the_exporter_extension_is_read_under_the_id_in_its_link(tmp_path: Path) -> None:
    id_ = "0a1b2c3d-1111-4222-8333-444455556666"
    document = {
        "metadata": {
            "title": "Tea",
            "link": f"https://claude.ai/chat/{id_}",
            "powered_by": "Claude Exporter (https://www.claudexporter.com)",
        },
        "messages": [{"role": "Prompt", "say": "Which tea?"}, {"role": "Response", "say": "Jasmine."}],
    }

    (found,) = upload(tmp_path, as_json(document))

    assert (found.id, found.platform, found.title, turns(found)) == (id_, "claude", "Tea", BOTH)


def test_chats_and_design_sessions_in_one_file_are_both_read() -> None:
    session = design(drawn("user", "m1", content="Draw"), drawn("assistant", "m2", content="Done."))

    assert [found.id for found in conversations_in(read([TEA, session]))] == ["c1", "d1"]


def test_records_that_are_no_conversations_are_told_apart() -> None:
    records = read([7, "x", None, MEMORY, {"name": "nothing"}, {"uuid": "c", "chat_messages": "odd"}, TEA])

    assert len([record for record in records if isinstance(record, Broken)]) == 3
    assert [record for record in records if isinstance(record, Skipped)] == [Skipped("no Claude conversation")] * 3
    assert len(conversations_in(records)) == 1


@pytest.mark.parametrize(
    "document",
    [
        chat(),
        chat(human("")),
        chat(human(" \n"), answer("")),
        chat(human([]), answer([text(""), tool("web_search", query="q")])),
        {"name": "Missing required fields", "chat_messages": []},
    ],
    ids=["no messages", "no text", "blanks", "tools alone", "no id"],
)
def test_a_conversation_without_anything_to_see_is_empty(document: Json) -> None:
    assert [record for record in read([document]) if not isinstance(record, Note)] == [Empty("record 1, byte 1")]


def test_a_file_of_nothing_but_empty_conversations_is_a_guess() -> None:
    assert bid(as_json([chat(), chat(uuid="c2")])) == Bid("array", Bid.GUESS)


# Conversations.


@pytest.mark.parametrize(
    ("told", "title"),
    [
        ({}, "A talk"),
        ({"name": ""}, None),
        ({"name": None}, None),
        ({"name": 5}, None),
        ({"name": "", "title": "From a tool"}, "From a tool"),
    ],
)
def test_the_title_is_the_name(told: Json, title: str | None) -> None:
    assert one(human("Q"), **told).title == title


@pytest.mark.parametrize(
    ("told", "id_"),
    [({}, "c1"), ({"uuid": None, "conversation_id": "c7"}, "c7"), ({"uuid": "", "id": "c8"}, "c8")],
)
def test_the_id_is_the_platforms_own(told: Json, id_: str) -> None:
    found = one(human("Q", "h1"), **told)

    assert (found.id, found.messages[0].id) == (id_, f"{id_}:h1")


def test_a_conversation_without_an_id_has_the_same_one_when_it_has_grown() -> None:
    begun: Json = {"created_at": BEGUN, "chat_messages": [{"sender": "human", "text": "A"}]}
    grown = {**begun, "name": "Now named", "chat_messages": [*_list(begun), {"sender": "assistant", "text": "B"}]}
    other = {**begun, "chat_messages": [{"sender": "human", "text": "C"}]}

    first, second, third = conversations_in(read([begun, grown, other]))

    assert first.id == second.id != third.id
    assert first.messages[0].id == second.messages[0].id


def _list(document: Json) -> list[Json]:
    messages = document["chat_messages"]
    assert isinstance(messages, list)
    return messages


def test_messages_without_ids_are_told_apart_by_what_they_say() -> None:
    same: Json = {"sender": "human", "text": "Go on"}

    (found,) = conversations_in(read([{"uuid": "c", "chat_messages": [same, {**same, "sender": "assistant"}, same]}]))

    assert turns(found) == [("u", "Go on"), ("a", "Go on"), ("u", "Go on")]


def test_times_are_to_the_millisecond_and_missing_ones_are_the_neighbours() -> None:
    found = one(
        human("A", "h1", created_at=None),
        answer("B", "a1", created_at="2026-03-01T10:00:10.123456Z"),
        human("C", "h2", created_at="never"),
        answer("D", "a2", created_at="2026-03-01T12:00:20.5+02:00"),
        {"uuid": "h3", "sender": "human", "text": "E"},
        created_at="2026-03-01T10:00:00+00:00",
        updated_at="2026-03-01T11:00:00.000000Z",
    )

    assert [(said.created_at, said.time_inferred) for said in found.messages] == [
        ("2026-03-01T10:00:00.000Z", True),
        ("2026-03-01T10:00:10.123Z", False),
        ("2026-03-01T10:00:10.123Z", True),
        ("2026-03-01T10:00:20.500Z", False),
        ("2026-03-01T10:00:20.500Z", True),
    ]
    assert (found.created_at, found.updated_at) == ("2026-03-01T10:00:00.000Z", "2026-03-01T11:00:00.000Z")


def test_a_conversation_without_times_takes_those_of_its_messages_else_that_of_the_file() -> None:
    dated = one(human("A"), created_at=None, updated_at=None)
    undated = one(human("A", "h", created_at=None), created_at=None, updated_at=None)

    assert dated.created_at == dated.updated_at == "2026-03-01T10:00:00.000Z"
    assert undated.created_at == undated.messages[0].created_at == "2025-06-15T15:06:40.000Z"
    assert undated.messages[0].time_inferred


def test_without_an_account_and_with_one_a_conversation_is_the_same() -> None:
    assert one(human("A"), account=None) == one(human("A"))


def test_the_model_is_told_by_the_message_else_by_the_conversation_and_often_by_nobody() -> None:
    told = one(human("Q"), answer("A"), answer("B", "b", model="claude-3"), model="claude-2")

    assert [said.model for said in told.messages] == [None, "claude-2", "claude-3"]
    assert [said.model for said in one(human("Q"), answer("A")).messages] == [None, None]


@pytest.mark.parametrize(
    "who",
    [{"sender": "human"}, {"role": "human"}, {"role": "user"}, {"author": "human"}, {"author": {"role": "user"}}],
)
def test_who_speaks_is_told_by_the_sender_or_by_what_tools_write_for_it(who: Json) -> None:
    (found,) = conversations_in(read([{"uuid": "c", "chat_messages": [{**who, "text": "Hi"}]}]))

    assert turns(found) == [("u", "Hi")]


def test_a_message_of_anybody_else_is_left_out_and_counted() -> None:
    document = [chat(human("Q"), said("system", "S"), {"text": "?"}, answer("A"))]
    messages = _list(document[0])
    messages.append(cast(Json, None))

    assert turns(conversations_in(read(document))[0]) == [("u", "Q"), ("a", "A")]
    assert notes(document) == ["3 messages were neither the person's nor Claude's and were left out"]


def test_halves_of_characters_and_nul_are_replaced() -> None:
    found = one(human("a\ud83d b\0", "h\0"), answer("c\ud83d\ude00"), name="T\ud83d", uuid="c\0")

    assert (found.id, found.title) == ("c\ufffd", "T\ufffd")
    assert [(said.id, said.content) for said in found.messages] == [
        ("c\ufffd:h\ufffd", "a\ufffd b\ufffd"),
        ("c\ufffd:m1", "c😀"),
    ]


# Branches.


def branch(uuid: str, parent: str | None, second: int = 0, **other: object) -> Json:
    """A message that says its own id and follows `parent`; the sender by the first letter."""
    sender = "human" if uuid.startswith("h") else "assistant"
    created = f"2026-03-01T10:00:{second:02}Z"
    return said(sender, uuid, uuid, created_at=created, parent_message_uuid=parent, **other)


def way(*messages: Json, **other: object) -> list[str]:
    """What is said on the thread."""
    return [said.content for said in one(*messages, **other).messages]


REGENERATED = (branch("h1", ROOT), branch("a-old", "h1", 1), branch("a-new", "h1", 2), branch("h2", "a-old", 3))


def test_the_branch_that_was_looked_at_last_is_followed() -> None:
    assert way(*REGENERATED, current_leaf_message_uuid="a-new") == ["h1", "a-new"]


def test_without_a_pointer_or_with_a_dangling_one_the_newest_branch_is_followed() -> None:
    assert way(*REGENERATED) == way(*REGENERATED, current_leaf_message_uuid="gone") == ["h1", "a-old", "h2"]


def test_of_branches_that_end_at_the_same_time_the_last_in_the_list_is_followed() -> None:
    assert way(branch("h1", ROOT), branch("a1", "h1", 1), branch("a2", "h1", 1)) == ["h1", "a2"]


def test_messages_on_other_branches_are_counted_and_not_mixed_in() -> None:
    document = [chat(*REGENERATED, current_leaf_message_uuid="a-new")]

    assert notes(document) == ["2 messages on branches that were not followed (edited or regenerated) were left out"]


def test_an_edited_first_question_is_a_branch_of_its_own() -> None:
    edited = (branch("h1", ROOT), branch("a1", "h1", 1), branch("h1-edited", ROOT, 2), branch("a2", "h1-edited", 3))

    assert way(*edited) == ["h1-edited", "a2"]
    assert way(*({**one, "parent_message_uuid": None} if "h1" in str(one["text"]) else one for one in edited)) == [
        "h1-edited",
        "a2",
    ]


@pytest.mark.parametrize("root", [ROOT, None, "missing"])
def test_the_first_message_follows_the_root_or_nothing(root: str | None) -> None:
    first = branch("h1", root)
    if root == "missing":
        del first["parent_message_uuid"]

    assert way(branch("a1", "h1", 1), branch("h2", "a1", 2), first) == ["h1", "a1", "h2"]


def test_messages_are_put_in_the_order_of_their_links() -> None:
    assert way(branch("a1", "h1"), branch("h2", "a1"), branch("h1", ROOT)) == ["h1", "a1", "h2"]


def test_without_links_the_order_is_that_of_the_list_even_when_times_say_otherwise() -> None:
    late, early = human("late", created_at="2026-03-02T00:00:00Z"), answer("early", created_at="2026-03-01T00:00:00Z")

    assert way(late, early, current_leaf_message_uuid="m0") == ["late", "early"]


def test_a_chain_that_stops_at_a_missing_message_is_joined_to_what_stands_before_it() -> None:
    assert way(branch("h1", ROOT), branch("a1", "h1"), branch("h2", "lost"), branch("a2", "h2")) == [
        "h1",
        "a1",
        "h2",
        "a2",
    ]


def test_messages_from_before_there_were_links_stay_the_head_of_the_thread() -> None:
    assert way(human("h1"), answer("a1"), human("h2", "h2"), branch("a2", "h2")) == ["h1", "a1", "h2", "a2"]


@pytest.mark.parametrize(
    "messages",
    [
        [branch("h1", "a2"), branch("a1", "h1"), branch("h2", "a1"), branch("a2", "h2")],
        [branch("h1", "h1"), branch("a1", "h1")],
        [branch("h1", "a1"), branch("a1", "h1", 1)],
    ],
    ids=["all of them", "itself", "two of them"],
)
def test_a_cycle_of_parents_ends(messages: list[Json]) -> None:
    assert way(*messages) == [str(message["text"]) for message in messages]


@pytest.mark.parametrize("content", [[text("a1")], json.dumps([text("a1")])], ids=["blocks", "encoded blocks"])
def test_a_message_that_is_twice_in_the_list_is_kept_once_in_its_richer_form(content: object) -> None:
    poorer = {**branch("a1", "h1"), "content": [], "text": "…"}
    document = [chat(branch("h1", ROOT), poorer, {**branch("a1", "h1"), "content": content})]

    (found,) = conversations_in(read(document))

    assert turns(found) == [("u", "h1"), ("a", "a1")]
    assert notes(document) == ["1 message was in a conversation more than once and is kept once"]


@pytest.mark.slow
def test_fifty_thousand_messages_in_a_row_are_read() -> None:
    messages = [branch(f"h{number}", f"h{number - 1}" if number else ROOT) for number in range(50_000)]

    assert len(one(*messages).messages) == 50_000


# The shared collection.

needs_fixtures = pytest.mark.skipif(not EXPECTED, reason="the shared fixtures are not here")


def fixture(name: str) -> list[Record]:
    return imported(FIXTURES / "claude" / name)[0]


@needs_fixtures
def test_of_the_real_export_that_was_mostly_blanked_the_blanked_conversations_are_empty() -> None:
    records = fixture("openwebui-importer-real-85conv-mostly-blanked.json")

    (found,) = conversations_in(records)
    assert len([record for record in records if isinstance(record, Empty)]) == 84
    assert (found.title, found.messages[0].created_at) == ("How Photosynthesis Works", "2025-06-21T20:48:39.030Z")
    assert found.messages[0].content == "Can you explain how photosynthesis works in simple terms?"


@needs_fixtures
@pytest.mark.parametrize("name", ["all-block-types-3conv.json", "conversations-000-autumn-2026.zip"])
def test_of_all_block_types_only_what_was_shown_is_said(name: str) -> None:
    records = fixture(f"assembled/{name}")

    blocks, encoded = conversations_in(records)
    assert turns(blocks) == [
        ("u", "Make a report."),
        ("a", "I'll build it.\n\nDone: see the report.\n\n[artifact: r.html]\n```html\n<h1>R</h1>\n```"),
        ("u", "A LONG PASTE THAT IS THE PROMPT\n\n[image: photo.jpg]"),
        ("a", "New retry."),
        ("u", "Spoken words here"),
    ]
    assert blocks.messages[1].reasoning == "The user wants a report."
    assert turns(encoded) == [("u", "encoded hello"), ("a", "plain reply")]
    assert "SECRET" not in repr(records)
    assert "not supported" not in repr(records)


@needs_fixtures
def test_of_the_branched_conversation_the_selected_answer_is_told_with_its_artifact_and_model() -> None:
    (found,) = conversations_in(fixture("polylogue-web-branch-current-leaf.json"))

    assert turns(found)[0] == ("u", "Build a durable normalization law.")
    assert found.messages[1].content.startswith("Use native identity and lineage.\n\n[artifact: normalizer.py]\n")
    assert (found.messages[1].model, found.messages[1].reasoning) == (
        "claude-opus-4-1",
        "Compare the two production routes.",
    )


@needs_fixtures
def test_the_design_session_that_was_never_answered_is_told_and_not_imported() -> None:
    assert fixture("polylogue-claude-design-session.json") == [Skipped("Claude Design session that was never answered")]


def test_a_document_that_was_encoded_twice_is_read() -> None:
    assert turns(conversations_in(records_of("claude", as_json(json.dumps([TEA]))))[0]) == BOTH


def test_a_log_of_claude_code_is_known_by_its_lines() -> None:
    assert bid(as_lines([line("user", "Hi", "u1"), line("assistant", "Hello", "u2")])) == Bid("code", Bid.SHAPE)
