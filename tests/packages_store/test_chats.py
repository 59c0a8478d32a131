"""chats.db as it is written, and as it is read when somebody else wrote it."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packages_store.chats import ChatsFile
from packages_store.errors import FileDamaged
from packages_store.model import Conversation, Memory, Message, Role

T0 = "2024-02-29T23:59:59.999Z"
T1 = "2024-03-01T00:00:00.001Z"

FOREIGN = """
CREATE TABLE conversations (id TEXT PRIMARY KEY, title TEXT, created_at TEXT, updated_at TEXT);
CREATE TABLE messages (
    id TEXT PRIMARY KEY, conversation_id TEXT, role TEXT, content TEXT, reasoning_content TEXT, tool_call_id TEXT,
    tool_calls TEXT, created_at TEXT, is_voice INTEGER DEFAULT 0
);
"""


@pytest.fixture
def chats(tmp_path: Path) -> Iterator[ChatsFile]:
    file = ChatsFile(tmp_path / "chats.db")
    yield file
    file.close()


def conversation(name: str = "c1", *messages: Message, title: str | None = "A title") -> Conversation:
    return Conversation(name, title, "gemini", T0, T1, messages or (message("m1"), message("m2")))


def message(name: str, content: str = "hello", created_at: str = T0) -> Message:
    return Message(name, "user", content, created_at)


def foreign(path: Path, *rows: tuple[object, ...], schema: str = FOREIGN) -> None:
    """A chats.db as another program leaves it; rows of four are conversations, rows of six messages."""
    db = sqlite3.connect(path)
    db.executescript(schema)
    for row in rows:
        if len(row) == 4:
            db.execute("INSERT INTO conversations VALUES (?, ?, ?, ?)", row)
        else:
            db.execute("INSERT INTO messages VALUES (?, ?, ?, ?, ?, NULL, NULL, ?, 0)", row)
    db.commit()
    db.close()


# --- writing -----------------------------------------------------------------------------------------------------


def test_what_is_written_is_read_back_to_the_millisecond(chats: ChatsFile) -> None:
    written = conversation("c1", Message("m1", "assistant", "hi\n\tthere \N{SMILE}", T1, reasoning="because"))

    chats.write([written])

    assert chats.read("c1") == written
    assert list(chats.iterate()) == [written]
    assert (chats.count(), chats.message_count(), chats.span()) == (1, 1, (T1, T1))


def test_writing_again_changes_nothing(chats: ChatsFile) -> None:
    chats.write([conversation("c1"), conversation("c2", message("m3"))])
    before = list(chats.iterate())

    chats.write([conversation("c2", message("m3")), conversation("c1")])

    assert sorted(chats.iterate(), key=lambda c: c.id) == before


def test_a_conversation_is_replaced_with_all_its_messages(chats: ChatsFile) -> None:
    chats.write([conversation("c1"), conversation("c2", message("m3"))])
    changed = conversation("c1", message("m2", "edited"), message("m9"), title=None)

    chats.write([changed])

    assert chats.read("c1") == changed
    assert chats.conversation_ids() == {"c1", "c2"}


def test_messages_of_one_instant_keep_their_order(chats: ChatsFile) -> None:
    written = conversation("c1", *(message(name) for name in "zyxabc"))

    chats.write([written])

    assert chats.read("c1") == written


def test_of_two_conversations_with_one_id_the_later_counts(chats: ChatsFile) -> None:
    later = conversation("c1", message("m7"))

    chats.write([conversation("c1"), later])

    assert list(chats.iterate()) == [later]


def test_a_message_id_that_another_conversation_has_is_told_apart(chats: ChatsFile) -> None:
    twice = conversation("c2", message("m1", "other"), message("m1", "again"), message("m3"))
    chats.write([conversation("c1")])

    chats.write([twice])
    once = chats.read("c2")
    chats.write([twice])

    assert once is not None
    assert [(m.id, m.content) for m in once.messages] == [("c2:m1", "other"), ("c2:m1:2", "again"), ("m3", "hello")]
    assert chats.read("c2") == once
    assert chats.read("c1") == conversation("c1")


def test_message_ids_are_unique_within_one_call_too(chats: ChatsFile) -> None:
    chats.write([conversation("c1"), conversation("c2")])

    found = chats.read("c2")

    assert found is not None
    assert [m.id for m in found.messages] == ["c2:m1", "c2:m2"]


def test_more_messages_than_one_batch_holds_are_all_written(chats: ChatsFile) -> None:
    chats.write(conversation(f"c{n}", *(message(f"{n}-{i}") for i in range(3000))) for n in range(9))

    assert (chats.count(), chats.message_count()) == (9, 27_000)
    assert chats.problems() == []


def test_a_message_without_a_role_of_ours_is_refused_and_nothing_is_written(chats: ChatsFile) -> None:
    wrong = Message("m5", "narrator", "x", T0)  # type: ignore[arg-type] # what a careless parser would do

    with pytest.raises(sqlite3.IntegrityError):
        chats.write([conversation("c1"), conversation("c2", wrong)])

    assert chats.count() == 0


def test_removed_conversations_are_gone_with_their_messages(chats: ChatsFile) -> None:
    chats.write([conversation("c1"), conversation("c2", message("m3"))])

    chats.remove(["c1", "never there"])

    assert chats.conversation_ids() == {"c2"}
    assert chats.message_count() == 1


@pytest.mark.parametrize("step", ["create", "rename", "commit", "committed"])
def test_a_failure_at_any_step_leaves_all_or_nothing_and_a_second_run_completes(tmp_path: Path, step: str) -> None:
    def fail(at: str) -> None:
        if at == step:
            raise OSError(28, "No space left on device")

    path = tmp_path / "chats.db"
    broken = ChatsFile(path, fail)
    wanted = [conversation("c1"), conversation("c2", message("m3"))]

    with pytest.raises(OSError, match="No space left"):
        broken.write(wanted)
    broken.close()
    again = ChatsFile(path)
    found = list(again.iterate())
    again.write(wanted)

    assert found == (wanted if step == "committed" else [])
    assert list(again.iterate()) == wanted
    again.close()


def test_asking_an_absent_file_does_not_create_it(chats: ChatsFile) -> None:
    chats.remove(["c1"])

    assert (chats.count(), chats.message_count(), chats.span()) == (0, 0, None)
    assert chats.conversation_ids() == set()
    assert list(chats.iterate()) == []
    assert chats.read("c1") is None
    assert chats.problems() == []
    assert not chats.exists


def test_the_file_is_private(chats: ChatsFile) -> None:
    chats.write([conversation()])

    assert chats.path.stat().st_mode & 0o777 == 0o600


# --- summaries ---------------------------------------------------------------------------------------------------


def daily(day: str, *chats: str) -> Memory:
    return Memory(f"daily:{day}", "daily", day, f"{day}_entity-loom.md", "…", "offline", chats, ())


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    db = sqlite3.connect(path)
    try:
        return db.execute(sql).fetchall()
    finally:
        db.close()


def test_summaries_say_which_day_tells_of_which_conversations(chats: ChatsFile) -> None:
    chats.set_summaries([daily("2024-03-01", "c1", "c2")])

    summary = rows(chats.path, "SELECT date, granularity, file_path, chat_ids, created_at FROM memory_summaries")
    joined = rows(
        chats.path, "SELECT chat_id, message_date FROM summarized_chats JOIN memory_summaries ON id = summary_id"
    )
    path = "memories/daily/2024-03-01_entity-loom.md"
    assert summary == [("2024-03-01", "daily", path, "c1,c2", "2024-03-01T00:00:00.000Z")]
    assert joined == [("c1", "2024-03-01"), ("c2", "2024-03-01")]


def test_summaries_are_replaced_as_a_whole_and_the_same_memories_give_the_same_rows(chats: ChatsFile) -> None:
    every = "SELECT * FROM memory_summaries"
    chats.set_summaries([daily("2024-03-01", "c1"), daily("2024-03-02", "c1")])
    before = rows(chats.path, every)

    chats.set_summaries([daily("2024-03-05", "c9")])
    between = rows(chats.path, every)
    chats.set_summaries([daily("2024-03-01", "c1"), daily("2024-03-02", "c1")])

    assert len(between) == 1
    assert rows(chats.path, every) == before


# --- files of another program ------------------------------------------------------------------------------------


def test_a_file_of_entity_loom_is_read_as_it_is(chats: ChatsFile) -> None:
    foreign(
        chats.path,
        ("c1", None, T0, T1),
        ("m0", "c1", "system", "be nice", None, T0),
        ("m1", "c1", "user", "hello", None, T0),
        ("m2", "c1", "tool", "{}", None, T0),
        ("m3", "c1", "assistant", "hi", "hm", T1),
    )

    found = list(chats.iterate())

    messages = (Message("m1", "user", "hello", T0), Message("m3", "assistant", "hi", T1, reasoning="hm"))
    assert found == [Conversation("c1", None, "unknown", T0, T1, messages)]


def test_what_a_foreign_row_lacks_is_taken_from_its_neighbours(chats: ChatsFile) -> None:
    foreign(
        chats.path,
        ("c1", "x", None, "yesterday"),
        (None, "c1", "user", None, None, None),
        ("m2", "c1", "user", b"\xffA", None, "2024-03-01T01:00:00+01:00"),
        ("m3", "c1", "user", 7, None, "2024-03-01 00:00:01"),
        ("m4", "c1", "user", "z", None, "later"),
        (None, "without id", None, None),
        ("c2", "empty", None, None),
    )

    first, second = chats.iterate()

    start, end = "2024-03-01T00:00:00.000Z", "2024-03-01T00:00:01.000Z"
    assert (first.created_at, first.updated_at) == (start, end)
    assert first.messages == (
        Message("c1:0", "user", "", start, time_inferred=True),
        Message("m2", "user", "\N{REPLACEMENT CHARACTER}A", start),
        Message("m3", "user", "7", end),
        Message("m4", "user", "z", end, time_inferred=True),
    )
    assert second.messages == ()
    assert chats.count() == 2


def test_a_file_of_entity_loom_is_written_on(chats: ChatsFile) -> None:
    foreign(chats.path, ("old", "x", T0, T1), ("m1", "old", "user", "half", None, T0))
    whole = conversation("old")

    chats.write([whole, conversation("new", message("m8"))])
    chats.set_summaries([daily("2024-03-01", "old")])

    assert chats.read("old") == whole
    assert chats.conversation_ids() == {"old", "new"}


def test_messages_that_lost_their_conversation_do_not_stand_in_its_way(chats: ChatsFile) -> None:
    foreign(chats.path, ("m1", "c1", "user", "orphan", None, T0))

    chats.write([conversation("c1")])

    assert chats.read("c1") == conversation("c1")


@pytest.mark.parametrize("schema", ["CREATE TABLE recipes (id TEXT);", ""])
def test_a_database_of_something_else_is_damaged(chats: ChatsFile, schema: str) -> None:
    foreign(chats.path, schema="PRAGMA application_id = 7;" + schema)

    with pytest.raises(FileDamaged):
        chats.count()
    assert chats.problems() != []


@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\0" + b"\0" * 84])
def test_a_torso_is_a_problem_and_is_not_touched(chats: ChatsFile, content: bytes) -> None:
    chats.path.write_bytes(content)

    assert chats.problems() != []
    assert chats.path.read_bytes() == content


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ROLES: tuple[Role, ...] = ("user", "assistant")
drawn = st.lists(
    st.tuples(texts, st.sampled_from(ROLES), texts, st.none() | texts).map(
        lambda kept: Message(kept[0], kept[1], kept[2], T0, kept[3])
    ),
    max_size=6,
    unique_by=lambda m: m.id,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(messages=drawn, title=st.none() | texts)
def test_any_text_is_kept_to_the_letter(tmp_path: Path, messages: list[Message], title: str | None) -> None:
    path = tmp_path / "any.db"
    chats = ChatsFile(path)
    written = Conversation("c", title, "p", T0, T1, tuple(messages))

    chats.write([written])

    assert chats.read("c") == written
    chats.close()
