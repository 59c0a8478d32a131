"""ChatGPT: the files in which conversations come, those that lie beside them, and those that only look alike."""

import io
import json
import zipfile
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from packages_store.errors import Unrecognised
from packages_store.model import Conversation
from stages.parsers.choose import inspect
from stages.parsers.contract import Bid, Broken, Empty, Peek, Record, Skipped
from stages.parsers.reading.peeking import peek
from tests.stages.parsers.documents import Json, chatgpt, message
from tests.stages.parsers.harness import (
    CONTEXT,
    MemoryFile,
    as_json,
    conversations_in,
    imported,
    parser_named,
    records_of,
    turns,
)
from tests.stages.parsers.samples.chatgpt import complied
from tests.stages.parsers.samples.claude import answer, chat, human
from tests.stages.parsers.test_fixtures import EXPECTED, FIXTURES, LIST

HELLO = (message("user", "Hello"), message("assistant", "Hi."))
TALK = chatgpt(*HELLO)


def read(document: object) -> list[Record]:
    return records_of("chatgpt", as_json(document))


def bid(document: object) -> Bid | None:
    return parser_named("chatgpt").bid(peek(MemoryFile(as_json(document))))


def packed(members: Mapping[str, object]) -> bytes:
    """A ZIP of JSON files; bytes are written as they are."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name, content in members.items():
            file.writestr(name, content if isinstance(content, bytes) else as_json(content))
    return archive.getvalue()


def archive(path: Path, members: Mapping[str, object]) -> Path:
    path.write_bytes(packed(members))
    return path


def refusal(tmp_path: Path, document: object) -> str:
    path = tmp_path / "file"
    path.write_bytes(document if isinstance(document, bytes) else as_json(document))
    with pytest.raises(Unrecognised) as caught:
        inspect(path, "file")
    return str(caught.value)


# --- containers ------------------------------------------------------------------------------------------------------


SIBLINGS: dict[str, tuple[object, str]] = {
    "chat.html": (b"<html><head><title>ChatGPT Data Export</title><script>var jsonData = []", "as a web page"),
    "user.json": (
        {"id": "user-x", "email": "ada@example.org", "chatgpt_plus_user": False},
        "data of a ChatGPT account",
    ),
    "user_settings.json": (
        [{"user_id": "user-x", "settings": {}, "announcements": {}}],
        "settings of a ChatGPT account",
    ),
    "message_feedback.json": (
        [{"id": "f", "conversation_id": "c1", "rating": "thumbs_up", "content": "{}"}],
        "ratings",
    ),
    "shared_conversations.json": (
        [{"id": "s", "conversation_id": "c1", "title": "T", "is_anonymous": True}],
        "shared by link",
    ),
    "model_comparisons.json": ([{"id": "v", "input": {"new_message_id": "m"}, "output": {}}], "votes on which of two"),
    "group_chats.json": ({"chats": []}, "no group chats"),
    "shopping.json": ([], "without any record"),
    "sora.json": ({}, "records are empty"),
    "export_manifest.json": ({"version": 1, "export_files": [], "logical_files": {}}, "lists the files of a ChatGPT"),
    "sites/export_manifest.json": ({"artifacts": [], "requested_at": "2026-07-29"}, "lists the files of a ChatGPT"),
    "library_files.json": (
        [{"id": {"id": "libfile_1"}, "file_id": "file_1", "file_name": "cat.png", "library_file_category": "image"}],
        "files in ChatGPT's library",
    ),
    "conversation_asset_file_names.json": (
        {"file-abc.dat": "cat.png", "file_2.dat": "b.pdf"},
        "attachments in a ChatGPT",
    ),
    "codex.json": ([{"id": "task_e_1", "title": "Fix", "turns": []}], "Codex tasks"),
    "ads.json": ({"ads_profile": [], "ad_hides": []}, "advertisements"),
    "textdocs/1.json": ({"id": "1", "name": "poem", "type": "document", "content": "Foxes."}, "ChatGPT's canvas"),
    "dalle-generations/fox.webp": (b"RIFF\x24\0\0\0WEBPVP8 \x18\0\0\0", "it is not text (a picture"),
    "user-x/cat.png": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "it is not text (a picture"),
    "file-abc.dat": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "it is not text (a picture"),
    "voice/audio.dat": (b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0", "it is not text (a picture, a recording"),
}
"""What lies beside the conversations in an official export, and words of the reason for which it is not read."""


@pytest.mark.parametrize("shards", [["conversations.json"], ["conversations-000.json", "conversations-001.json"]])
def test_an_official_zip_is_read_as_it_is_delivered(tmp_path: Path, shards: list[str]) -> None:
    talks = {name: [chatgpt(*HELLO, conversation_id=name)] for name in shards}
    path = archive(tmp_path / "e.zip", {**talks, **{name: content for name, (content, _) in SIBLINGS.items()}})

    records, ignored = imported(path)

    assert [one.id for one in conversations_in(records)] == shards
    assert {name for name, _ in ignored} == set(SIBLINGS)
    for name, reason in ignored:
        assert SIBLINGS[name][1] in reason, name


@pytest.mark.parametrize("name", SIBLINGS)
def test_a_sibling_by_itself_is_refused_with_a_reason(tmp_path: Path, name: str) -> None:
    content, words = SIBLINGS[name]

    assert words in refusal(tmp_path, content)


@pytest.mark.parametrize(
    ("beside", "pointer"),
    [
        ("conversation_asset_file_names.json", "file-service://file-abc"),
        ("library_files.json", "sediment://file_1"),
    ],
)
def test_names_of_attachments_are_found_beside_the_shard(tmp_path: Path, beside: str, pointer: str) -> None:
    part = {"content_type": "image_asset_pointer", "asset_pointer": pointer}
    talk = chatgpt(message("user", content={"content_type": "multimodal_text", "parts": [part]}))
    path = archive(tmp_path / "e.zip", {"conversations-000.json": [talk], beside: SIBLINGS[beside][0]})

    assert turns(conversations_in(imported(path)[0])[0]) == [("u", "[image: cat.png]")]


def test_very_many_shards_are_one_export(tmp_path: Path) -> None:
    shards = {f"conversations-{n:03}.json": [chatgpt(*HELLO, conversation_id=f"c{n}")] for n in range(60)}

    records, ignored = imported(archive(tmp_path / "e.zip", shards))

    assert {one.id for one in conversations_in(records)} == {f"c{n}" for n in range(60)}
    assert not ignored


def test_the_archive_within_a_privacy_portal_export_is_read_and_what_lies_beside_it_is_named(tmp_path: Path) -> None:
    activity = "User Online Activity"
    members = {
        "Financial/payments.csv": b"date,amount",
        "User Profile/profile.json": {"name": "Ada"},
        f"{activity}/Conversations_1-chatgpt-0001.zip": packed({"conversations.json": [TALK], "sora.json": {}}),
        f"{activity}/Files_1-chatgpt-0001.zip": packed({"file-abc.dat": SIBLINGS["file-abc.dat"][0]}),
        "report.html": b"<html>Report</html>",
    }

    records, ignored = imported(archive(tmp_path / "e.zip", members))

    assert [one.id for one in conversations_in(records)] == ["c1"]
    assert {name for name, _ in ignored} == {
        "Financial/payments.csv",
        "User Profile/profile.json",
        f"{activity}/Conversations_1-chatgpt-0001.zip/sora.json",
        f"{activity}/Files_1-chatgpt-0001.zip",
        "report.html",
    }


def test_a_zip_of_one_object_for_each_chat_is_read(tmp_path: Path) -> None:
    chats = {f"ChatGPT-{id_}.json": {"id": id_, **TALK, "conversation_id": None} for id_ in ("c1", "c2")}

    assert [one.id for one in conversations_in(imported(archive(tmp_path / "e.zip", chats))[0])] == ["c1", "c2"]


def test_a_chat_saved_from_a_share_page_has_the_id_of_the_share() -> None:
    saved = {"id": "67d3f0a1-1111-8000-9000-0123456789ab", **TALK, "conversation_id": None}

    assert [one.id for one in conversations_in(read([saved]))] == ["67d3f0a1-1111-8000-9000-0123456789ab"]


def test_a_chat_saved_for_text_generation_webui_is_refused_with_what_to_drop_instead(tmp_path: Path) -> None:
    told = refusal(tmp_path, {"internal": [["Hi", "Hello"]], "visible": [["Hi", "Hello"]]})

    assert "tells neither its platform nor times" in told
    assert "Drop the export of the program in which the chat took place" in told


def test_an_older_export_is_an_object_keyed_by_id() -> None:
    bare = {**TALK, "conversation_id": None}

    assert [one.id for one in conversations_in(read({"c7": bare, "c8": bare}))] == ["c7", "c8"]


def test_a_wrapper_is_read() -> None:
    assert turns(conversations_in(read({"conversations": [TALK]}))[0]) == [("u", "Hello"), ("a", "Hi.")]
    assert turns(conversations_in(read({"object": "list", "data": [TALK]}))[0]) == [("u", "Hello"), ("a", "Hi.")]


def test_a_chat_that_a_tool_saved_is_an_array_of_one_or_the_object_itself() -> None:
    saved = {"id": "c1", **TALK}

    assert conversations_in(read([saved])) == conversations_in(read(saved))


def test_lines_are_read() -> None:
    data = as_json(TALK) + b"\n" + as_json({**TALK, "conversation_id": "c2"}) + b"\n"

    assert [one.id for one in conversations_in(records_of("chatgpt", data))] == ["c1", "c2"]


def test_what_the_community_extension_saves_is_the_conversation_with_a_note_beside_it() -> None:
    note = {"schema": "psycheros.browser-thread-export.v1", "provider": "chatgpt", "conversation_id": "c9"}
    document = {"psycheros_export": note, **TALK, "conversation_id": None}

    assert bid(document) == Bid("single", Bid.SHAPE)
    assert [one.id for one in conversations_in(read(document))] == ["c9"]


@pytest.mark.parametrize(
    "data",
    [b"\xef\xbb\xbf" + as_json([TALK]), b" \n" + as_json([TALK]), json.dumps(json.dumps([TALK])).encode()],
    ids=["byte order mark", "blanks", "encoded twice"],
)
@pytest.mark.parametrize("in_a_zip", [False, True])
def test_a_byte_order_mark_blanks_and_a_second_encoding_are_seen_through(
    tmp_path: Path, data: bytes, in_a_zip: bool
) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    if in_a_zip:
        path = archive(tmp_path / "e.zip", {"conversations.json": data})

    assert len(conversations_in(imported(path)[0])) == 1


class Endless(io.RawIOBase):
    """A list in one line that never ends: the same record again and again."""

    def __init__(self, record: object) -> None:
        self._record = as_json(record) + b","
        self._rest = b"["

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        size = len(buffer)
        self._rest += self._record * (size // len(self._record) + 1)
        buffer[:], self._rest = self._rest[:size], self._rest[size:]
        return size


class EndlessFile(MemoryFile):
    def open(self) -> BinaryIO:
        return io.BufferedReader(Endless(json.loads(self.data)))


@pytest.mark.parametrize(
    ("platform", "record"),
    [("chatgpt", TALK), ("claude", chat(human("Hello"), answer("Hi.")))],
    ids=["chatgpt", "claude"],
)
def test_a_line_that_never_ends_is_known_and_read_as_it_comes(platform: str, record: Json) -> None:
    file, parser = EndlessFile(as_json(record)), parser_named(platform)

    assert parser.bid(peek(file)) == Bid("array", Bid.SHAPE)
    found = conversations_in(list(islice(parser.read(file, "array", CONTEXT), 2000)))
    assert [turns(one) for one in found] == [[("u", "Hello"), ("a", "Hi.")]] * 2000


# --- which records are conversations ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["current_node", "create_time", "update_time", "title", "conversation_id"])
def test_no_member_of_a_conversation_is_needed_but_its_nodes(name: str) -> None:
    bare = {**TALK}
    del bare[name]

    assert bid([bare]) == Bid("array", Bid.SHAPE)
    assert len(conversations_in(read([bare]))) == 1


@pytest.mark.parametrize("name", ["id", "parent", "children"])
def test_no_member_of_a_node_is_needed_but_its_message(name: str) -> None:
    told = cast(dict[str, Json], TALK["mapping"])
    nodes = {key: {what: value for what, value in node.items() if what != name} for key, node in told.items()}

    assert bid([{**TALK, "mapping": nodes}]) == Bid("array", Bid.SHAPE)
    assert turns(conversations_in(read([{**TALK, "mapping": nodes}]))[0]) == [("u", "Hello"), ("a", "Hi.")]


def test_a_root_without_a_message_does_not_hide_a_conversation() -> None:
    nodes = {"root": {"id": "root", "message": None, "parent": None}, "a": {"parent": "root", "message": HELLO[0]}}

    assert bid([{"mapping": nodes}]) == Bid("array", Bid.SHAPE)
    assert turns(conversations_in(read([{"id": "c", "mapping": nodes}]))[0]) == [("u", "Hello")]


def test_null_nodes_do_not_hide_a_conversation() -> None:
    assert bid([{"mapping": {"root": None, "a": {"message": HELLO[0]}}}]) == Bid("array", Bid.SHAPE)


def test_a_conversation_of_which_only_the_head_was_exported_is_counted_as_empty() -> None:
    shell = {"id": "c9", "title": "T", "create_time": 1_700_000_000.0}

    assert read([shell, {**shell, "mapping": {}}, {**shell, "mapping": None}, TALK])[:3] == [
        Empty("record 1, byte 1"),
        Empty(f"record 2, byte {len(as_json([shell])) + 1}"),
        Empty(f"record 3, byte {len(as_json([shell, {**shell, 'mapping': {}}])) + 1}"),
    ]
    assert bid([shell]) == Bid("array", Bid.GUESS)


SHARED = {"id": "s", "conversation_id": "c", "title": "T", "is_anonymous": True, "create_time": 1.0}
RATED = {"id": "f", "conversation_id": "c", "title": "T", "rating": "thumbs_up", "create_time": 1.0}
TASK = {"id": "task_e_1", "title": "Fix", "create_time": 1.0, "turns": []}


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(
            {"mapping": {"1": {"id": "1", "parent": "root", "message": {"inserted_at": "2025", "fragments": []}}}},
            id="of DeepSeek",
        ),
        pytest.param({"mapping": {"a": {"b": 1}}}, id="nodes of another kind"),
        pytest.param({"mapping": {}}, id="no nodes"),
        pytest.param({"mapping": [1]}, id="nodes that are no object"),
        pytest.param({"chat_messages": [{"sender": "human", "text": "Hi"}], "uuid": "u"}, id="of Claude"),
        pytest.param({"messages": [{"role": "user", "content": "Hi"}]}, id="of an interface"),
        pytest.param(SHARED, id="a shared conversation"),
        pytest.param(RATED, id="a rating"),
        pytest.param(TASK, id="a Codex task"),
        pytest.param({"shared_conversation_id": "s", "messages": [{"role": "user"}]}, id="a share without nodes"),
        pytest.param(
            {"metadata": {"link": "https://example.org/c/1"}, "messages": [{"role": "Prompt", "say": "Hi"}]},
            id="an exporter of another platform",
        ),
        pytest.param(7, id="a number"),
        pytest.param(None, id="null"),
    ],
)
def test_what_only_resembles_a_conversation_is_not_claimed(record: object) -> None:
    assert bid([record]) is None


@pytest.mark.parametrize("record", [SHARED, RATED, TASK], ids=["a shared conversation", "a rating", "a Codex task"])
def test_a_record_of_another_list_among_conversations_is_skipped(record: Json) -> None:
    found = read([record, TALK])

    assert found[0] == Skipped("no ChatGPT conversation")
    assert [one.id for one in conversations_in(found)] == ["c1"]


def test_a_conversation_among_other_records_is_found() -> None:
    assert bid([{"x": 1}, None, TALK]) == Bid("array", Bid.SHAPE)


def test_a_page_of_messages_without_its_conversation_is_refused(tmp_path: Path) -> None:
    page = {"object": "list", "data": [complied("m1", "user", "Hi")], "has_more": False}

    assert "does not say of which conversation" in refusal(tmp_path, page)


# --- a change of the format is loud ----------------------------------------------------------------------------------


def changed(**other: object) -> Json:
    """A conversation whose messages look otherwise than any that is known."""
    node: Json = {"id": "a", "parent": None, "children": [], "message": {**HELLO[0], **other}}
    return {**TALK, "mapping": {"a": node}, "current_node": "a"}


@pytest.mark.parametrize(
    "document",
    [
        changed(author="user"),
        changed(author={"role": "human"}),
        changed(content={"content_type": "text", "blocks": [{"text": "Hello"}]}),
        changed(content={"content_type": "text", "parts": {"0": "Hello"}}),
        changed(content=["Hello"]),
        {**TALK, "mapping": {"a": {"parent": None, "said": {"role": "user", "text": "Hello"}}}},
        {**TALK, "mapping": {"a": {"parent": None, "message": "Hello"}}},
    ],
    ids=["author", "role", "no parts", "parts", "content", "no message", "message"],
)
def test_messages_of_which_none_can_be_read_are_broken_and_not_empty(tmp_path: Path, document: Json) -> None:
    path = tmp_path / "conversations-000.json"
    path.write_bytes(as_json([document]))

    records, _ = imported(path)

    assert [type(one) for one in records if isinstance(one, (Broken, Empty, Conversation))] == [Broken]


@pytest.mark.parametrize("mapping", ["odd", [{"message": HELLO[0]}], 3])
def test_nodes_that_are_no_object_are_broken(mapping: object) -> None:
    records = read([TALK, {**TALK, "mapping": mapping}])

    assert [type(one) for one in records] == [Conversation, Broken]


# --- ids -------------------------------------------------------------------------------------------------------------


def test_conversations_without_an_id_are_told_apart() -> None:
    first, second = (chatgpt(message("user", text), conversation_id=None) for text in ("A", "B"))

    assert len({one.id for one in conversations_in(read([first, second]))}) == 2


def test_copies_of_one_conversation_in_a_file_have_the_same_ids() -> None:
    longer = chatgpt(*HELLO, message("user", "More"))

    first, second = conversations_in(read([TALK, longer]))

    assert first.id == second.id
    assert {one.id for one in first.messages} < {one.id for one in second.messages}


def test_a_branch_that_became_a_chat_of_its_own_shares_no_message_id_with_the_first() -> None:
    first, second = conversations_in(read([TALK, {**TALK, "conversation_id": "c2"}]))

    assert {one.id for one in first.messages}.isdisjoint(one.id for one in second.messages)


def test_a_key_that_comes_twice_is_the_last_of_both() -> None:
    node = '{"message": {"author": {"role": "user"}, "content": {"parts": ["%s"]}}}'
    data = f'[{{"id": "c", "mapping": {{"a": {node % "first"}, "a": {node % "second"}}}}}]'.encode()

    assert turns(conversations_in(records_of("chatgpt", data))[0]) == [("u", "second")]


def test_nothing_is_claimed_that_is_no_json() -> None:
    for kind in (Peek("text", head="hello"), Peek("binary"), Peek("empty")):
        assert parser_named("chatgpt").bid(kind) is None


# --- the shared fixtures ---------------------------------------------------------------------------------------------


@pytest.mark.skipif(not LIST.exists(), reason="the shared fixtures are not here")
def test_the_siblings_in_the_shared_zip_are_all_named() -> None:
    name = "chatgpt/assembled/official-zip-single.zip"

    _, ignored = imported(FIXTURES / name)

    assert len(ignored) == 7
    assert str(EXPECTED[name]["note"]).startswith("conversations.json plus 7 sibling files")
    assert all(reason for _, reason in ignored)


@pytest.mark.skipif(not LIST.exists(), reason="the shared fixtures are not here")
def test_the_shared_conversation_of_all_types_shows_what_a_person_saw() -> None:
    records, _ = imported(FIXTURES / "chatgpt/assembled/all-content-types-3conv.json")

    first, voice, tools = conversations_in(records)

    assert turns(first) == [
        ("u", "[image: cat.png]\nWhat is in this picture?"),
        ("a", "It is a tabby cat. ([Cats](https://example.com)) Tabby is a pattern."),
    ]
    assert first.messages[1].reasoning == "I should look at the picture.\n\nOnly summary"
    assert first.instructions == ("ABOUT", "STYLE", "PROFILE-TEXT", "INSTRUCTIONS-TEXT", "MEMORY-TEXT")
    assert [text for _, text in turns(voice)][:2] == ["Hello there, can you hear me?", "Yes, loud and clear."]
    assert [text for role, text in turns(tools) if role == "a"] == [
        "[image: a red fox]",
        "Here is your fox.",
        "[image: file-plot]\n1+1 = 2, and I will remember the foxes. Source【4†report.pdf】 and 【172†source】.",
        "I put the poem in the canvas.\n\n[canvas: poem]\nFoxes run.",
        "Goodb",
    ]


@pytest.mark.skipif(not LIST.exists(), reason="the shared fixtures are not here")
def test_copies_in_the_shared_fixtures_are_the_same_conversations() -> None:
    names = ["openwebui-importer-real-2025-1conv.json", "assembled/single-conversation-object.json"]

    first, second = (conversations_in(imported(FIXTURES / "chatgpt" / name)[0])[0] for name in names)

    assert first == second
