"""Review: what a person decides stays decided, and reaches everything that is made of it."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from packages_store.chats import CHATS
from packages_store.comparing import compare, forget_comparison, last_comparison, snapshot
from packages_store.errors import ChangedMeanwhile, NotAllowed, UnknownItem
from packages_store.listing import Comparison, Filter, Order, Sort
from packages_store.model import Conversation, Edition, ItemEnd, StageName, StageStatus, WorkItem
from packages_store.package import Package
from packages_store.review import Decided, Decision, Pending
from stages.commit import CommitStage, deliver
from tests.builders import OWNER, conversation, package_in

HOSTILE = ["a/b", "..", "x?y=1&z", "#", "日本 語", "%2F", "a\nb", "\x00", "<script>", "'; DROP TABLE conversations;--"]


@pytest.fixture
def package(tmp_path: Path) -> Package:
    return package_in(tmp_path)


def stage(package: Package, *conversations: Conversation) -> None:
    package.staging.add("file-1", conversations)


def commit(package: Package) -> None:
    """What the stage does, without a runner."""
    progress = package.progress
    progress.request(StageName.COMMIT)
    generation = progress.begin(StageName.COMMIT, OWNER)
    heads = package.staging.heads()
    left = progress.plan(StageName.COMMIT, [WorkItem(head.id, "", head.content_hash) for head in heads])
    for claim in progress.claim(StageName.COMMIT, generation, [each.item for each in left]):
        deliver(package, [claim.item.id])
        progress.accept(claim, ItemEnd.DONE)
    CommitStage().finish(_Context(package))  # type: ignore[arg-type] # all that it looks at
    progress.end(StageName.COMMIT, generation, StageStatus.COMPLETED)


class _Context:
    def __init__(self, package: Package) -> None:
        self.package = package


def ids(package: Package, chosen: Filter, order: Order | None = None) -> list[str]:
    return [row.id for row in package.review.listing.page(chosen, order or Order("date", False)).rows]


def state_of(package: Package, id_: str = "chat-0") -> str:
    row = package.review.listing.one(id_)
    assert row is not None
    return row.state


# --- lists -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["date", "title", "platform", "messages", "size"])
@pytest.mark.parametrize("descending", [True, False])
def test_pages_of_a_list_hold_each_conversation_once_in_order(package: Package, by: Sort, descending: bool) -> None:
    stage(
        package,
        *(
            conversation(n, ("x" * (n % 3),) * (1 + n % 2), title=f"{'aB'[n % 2]}", platform=f"p{n % 2}")
            for n in range(11)
        ),
    )
    order = Order(by, descending)
    pages = [package.review.listing.page(Filter(), order, None, 3)]
    while (cursor := pages[-1].next) is not None:
        pages.append(package.review.listing.page(Filter(), order, cursor, 3))
    rows = [row for page in pages for row in page.rows]
    values = {
        "date": [row.last_message_at for row in rows],
        "title": [(row.title or "").lower() for row in rows],
        "platform": [row.platform for row in rows],
        "messages": [f"{row.messages:9}" for row in rows],
        "size": [f"{row.size:9}" for row in rows],
    }[by]

    assert sorted(row.id for row in rows) == sorted(f"chat-{n}" for n in range(11))
    assert values == sorted(values, reverse=descending)
    assert {page.total for page in pages} == {11}


def test_a_page_goes_on_where_the_last_one_ended_whatever_came_or_went_meanwhile(package: Package) -> None:
    stage(package, *(conversation(n) for n in range(6)))
    order = Order("date", False)
    first = package.review.listing.page(Filter(excluded=False), order, None, 3)

    package.review.decide(["chat-0", "chat-2"], Decision(excluded=True))
    stage(package, conversation(1, id="between"))
    second = package.review.listing.page(Filter(excluded=False), order, first.next, 3)

    assert [row.id for row in second.rows] == ["chat-3", "chat-4", "chat-5"]


@pytest.mark.parametrize("cursor", ["", "x", "bnVsbA", "W10", "WyJkYXRlIix0cnVlLDk5OTk5OTk5OTk5OTk5OTk5OTk5OTksMV0"])
def test_a_cursor_of_nobody_is_refused(package: Package, cursor: str) -> None:
    with pytest.raises(NotAllowed):
        package.review.listing.page(Filter(), Order(), cursor)


def test_a_cursor_of_another_order_is_refused(package: Package) -> None:
    stage(package, *(conversation(n) for n in range(3)))
    cursor = package.review.listing.page(Filter(), Order("title"), None, 1).next

    with pytest.raises(NotAllowed):
        package.review.listing.page(Filter(), Order("size"), cursor)


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (Filter(platforms=("gemini",)), ["chat-1"]),
        (Filter(platforms=("gemini", "chatgpt")), ["chat-0", "chat-1", "chat-2"]),
        (Filter(tags=("work",)), ["chat-0", "chat-1"]),
        (Filter(tags=("work", "love")), ["chat-1"]),
        (Filter(untagged=True), ["chat-2"]),
        (Filter(since="2024-03-02T00:00:00.000Z"), ["chat-1", "chat-2"]),
        (Filter(until="2024-03-02T00:00:00.000Z"), ["chat-0"]),
        (Filter(least_messages=3), ["chat-2"]),
        (Filter(most_messages=2), ["chat-0", "chat-1"]),
        (Filter(least_size=14), ["chat-0", "chat-1"]),
        (Filter(most_size=13), ["chat-2"]),
        (Filter(excluded=True), ["chat-2"]),
        (Filter(edited=True), ["chat-0"]),
        (Filter(text="lisbon"), ["chat-1", "chat-2"]),
        (Filter(text="quux"), ["chat-2"]),
        (Filter(text="lisbon", excluded=False), ["chat-1"]),
        (Filter(states=("new",)), ["chat-0", "chat-1", "chat-2"]),
        (Filter(states=("updated", "unchanged")), []),
    ],
)
def test_a_filter_lets_through_what_meets_all_its_conditions(
    package: Package, chosen: Filter, expected: list[str]
) -> None:
    stage(
        package,
        conversation(0),
        conversation(1, title="On Lisbon", platform="gemini"),
        conversation(2, ("a lisbon", "quux", "c")),
    )
    while package.staging.index_some():
        pass
    package.review.decide(["chat-0", "chat-1"], Decision(tag=("work",)))
    package.review.decide(["chat-1"], Decision(tag=("love",)))
    package.review.decide(["chat-2"], Decision(excluded=True))
    package.review.edit("chat-0", "chat-0:0", "Good morning")

    assert ids(package, chosen) == expected


# --- deciding --------------------------------------------------------------------------------------------------------


def test_a_choice_by_ids_says_how_many_are_changed_and_whom_nobody_knows(package: Package) -> None:
    stage(package, *(conversation(n) for n in range(3)))
    package.review.decide(["chat-0"], Decision(excluded=True))

    answer = package.review.decide(["chat-0", "chat-1", "nobody", "nobody"], Decision(excluded=True))

    assert answer == Decided(chosen=2, changed=1, unknown=("nobody",))
    assert ids(package, Filter(excluded=True)) == ["chat-0", "chat-1"]


def test_a_choice_by_filter_holds_for_all_acts_of_the_decision(package: Package) -> None:
    stage(package, *(conversation(n) for n in range(3)))

    answer = package.review.decide(Filter(excluded=False), Decision(excluded=True, tag=("later",)))

    assert answer == Decided(chosen=3, changed=3)
    assert package.review.listing.tags() == {"later": 3}


def test_tags_come_and_go_in_bulk(package: Package) -> None:
    stage(package, *(conversation(n) for n in range(3)))
    package.review.decide(Filter(), Decision(tag=(" work ", "日本 語")))

    answer = package.review.decide(["chat-0", "chat-2"], Decision(untag=("work",), tag=("日本 語",)))

    assert answer.changed == 2
    assert package.review.listing.tags() == {"work": 1, "日本 語": 3}


@pytest.mark.parametrize("tag", ["", "   ", "x" * 65, "a\x00b", "\x1b[2J"])
def test_a_tag_that_cannot_be_kept_is_refused_and_nothing_is_changed(package: Package, tag: str) -> None:
    stage(package, conversation())

    with pytest.raises(NotAllowed):
        package.review.decide(["chat-0"], Decision(excluded=True, tag=(tag,)))

    assert ids(package, Filter(excluded=True)) == []


@pytest.mark.parametrize("id_", HOSTILE)
def test_an_id_may_hold_anything(package: Package, id_: str) -> None:
    stage(package, conversation(0, id=id_, title=id_))

    assert package.review.decide([id_], Decision(excluded=True, tag=("x",))).changed == 1
    assert package.review.lines(id_).lines[0].id == f"{id_}:0"
    assert package.review.edit(id_, f"{id_}:0", "other").content == "other"


def test_a_later_import_keeps_tags_exclusion_and_edits(package: Package) -> None:
    stage(package, conversation(texts=("a", "b")))
    package.review.decide(["chat-0"], Decision(excluded=True, tag=("work",)))
    package.review.edit("chat-0", "chat-0:1", "edited")

    package.staging.add("file-2", [conversation(texts=("a", "b", "c"))])

    row = package.review.listing.one("chat-0")
    assert row is not None
    assert (row.excluded, row.tags, row.edited, row.messages) == (True, ("work",), True, 3)
    found = package.staging.get("chat-0")
    assert found is not None
    assert [m.content for m in found.messages] == ["a", "edited", "c"]


def test_sets_of_tags_are_kept_with_their_colours(package: Package) -> None:
    package.review.set_tag_set("Moods", {"calm": "blue", "angry": "red"})
    package.review.set_tag_set("Places", {"home": "green", "calm": "pink"})
    package.review.set_tag_set("Places", {"calm": "teal"})

    assert package.review.tag_sets() == {"Moods": {"calm": "blue", "angry": "red"}, "Places": {"calm": "teal"}}
    assert package.review.colours() == {"calm": "blue", "angry": "red"}

    package.review.set_tag_set("Moods", {})
    assert list(package.review.tag_sets()) == ["Places"]


# --- editing ---------------------------------------------------------------------------------------------------------


def test_an_edit_is_what_everybody_reads_and_the_original_is_kept(package: Package) -> None:
    stage(package, conversation(texts=("a", "b")))

    edited = package.review.edit("chat-0", "chat-0:0", "A better a")

    assert (edited.content, edited.original, edited.source_changed) == ("A better a", "a", False)
    (part,) = package.staging.between("2024-03-01T00:00:00.000Z", "2024-03-02T00:00:00.000Z")
    assert part.messages[0].content == "A better a"
    assert package.review.undo("chat-0", "chat-0:0").original is None
    assert package.staging.get("chat-0") == conversation(texts=("a", "b"))


def test_an_edit_changes_the_plan_of_what_is_made_of_it_and_undoing_it_changes_it_back(package: Package) -> None:
    stage(package, conversation())

    def plan() -> tuple[str, list[tuple[str, str, int]]]:
        return package.staging.heads()[0].content_hash, list(package.staging.moments())

    before = plan()
    package.review.edit("chat-0", "chat-0:0", "other")
    between = plan()
    package.review.undo("chat-0", "chat-0:0")

    assert before[0] != between[0]
    assert before[1] != between[1]
    assert plan() == before


def test_writing_the_same_text_as_came_is_no_edit(package: Package) -> None:
    stage(package, conversation())
    package.review.edit("chat-0", "chat-0:0", "other")

    assert package.review.edit("chat-0", "chat-0:0", "Hello").original is None
    assert ids(package, Filter(edited=True)) == []


def test_an_edit_of_a_text_that_changed_meanwhile_is_refused(package: Package) -> None:
    stage(package, conversation())
    seen = package.review.line("chat-0", "chat-0:0").seen
    package.review.edit("chat-0", "chat-0:0", "first", seen)

    with pytest.raises(ChangedMeanwhile):
        package.review.edit("chat-0", "chat-0:0", "second", seen)
    with pytest.raises(ChangedMeanwhile):
        package.review.undo("chat-0", "chat-0:0", seen)

    assert package.review.line("chat-0", "chat-0:0").content == "first"


def test_what_cannot_be_kept_is_refused(package: Package) -> None:
    stage(package, conversation())

    with pytest.raises(NotAllowed):
        package.review.edit("chat-0", "chat-0:0", " \n ")
    with pytest.raises(NotAllowed):
        package.review.set_tag_set("", {})


@pytest.mark.parametrize(("chat", "message"), [("nobody", "chat-0:0"), ("chat-0", "nobody")])
def test_what_is_not_there_is_named(package: Package, chat: str, message: str) -> None:
    stage(package, conversation())

    with pytest.raises(UnknownItem, match="nobody"):
        package.review.edit(chat, message, "text")


def test_an_edit_stays_when_the_source_changes_its_text_and_that_is_told(package: Package) -> None:
    first = conversation(texts=("a", "b"))
    stage(package, first)
    package.review.edit("chat-0", "chat-0:0", "edited")
    messages = (first.messages[0]._replace(content="rewritten at the source"), first.messages[1])

    package.staging.add("file-2", [replace(first, messages=messages, updated_at="2030-01-01T00:00:00.000Z")])

    line = package.review.line("chat-0", "chat-0:0")
    assert (line.content, line.original, line.source_changed) == ("edited", "rewritten at the source", True)
    assert not package.review.edit("chat-0", "chat-0:0", "edited").source_changed


def test_an_edit_follows_its_message_to_the_id_of_another_edition(package: Package) -> None:
    exported = conversation(texts=("a", "b"))
    read = tuple(m._replace(id=f"page-{m.id}", edition=Edition.PAGE) for m in exported.messages)
    stage(package, replace(exported, messages=read, edition=Edition.PAGE))
    package.review.edit("chat-0", "page-chat-0:1", "edited")

    package.staging.add("file-2", [exported])

    assert package.review.line("chat-0", "chat-0:1").content == "edited"


def test_what_lay_on_a_provisional_conversation_goes_with_its_messages(package: Package) -> None:
    whole = conversation(texts=("a", "b"))
    renamed = tuple(m._replace(id=f"guessed:{whole.key_of(m)}") for m in whole.messages)
    stage(package, replace(whole, id="guessed", messages=renamed, provisional=True))
    key = whole.key_of(whole.messages[1])
    package.review.edit("guessed", f"guessed:{key}", "edited")
    package.review.decide(["guessed"], Decision(excluded=True, tag=("work",)))

    package.staging.add("file-2", [whole])

    row = package.review.listing.one("chat-0")
    assert row is not None
    assert (row.excluded, row.tags, row.edited) == (True, ("work",), True)
    assert package.review.line("chat-0", f"chat-0:{key}").content == "edited"


def test_messages_are_read_in_pages(package: Package) -> None:
    stage(package, conversation(texts=tuple("abcdefg")))

    pages = [package.review.lines("chat-0", start, 3) for start in (0, 3, 6)]

    assert ["".join(line.content for line in page.lines) for page in pages] == ["abc", "def", "g"]
    assert [(page.previous, page.next) for page in pages] == [(None, 3), (0, 6), (3, None)]


# --- after commit ----------------------------------------------------------------------------------------------------


def test_the_next_commit_does_what_is_pending(package: Package) -> None:
    stage(package, *(conversation(n) for n in range(4)))
    assert package.review.pending() == Pending(new=4, updated=0, removed=0, unchanged=0)
    commit(package)
    assert not package.review.pending().any

    package.review.decide(["chat-0"], Decision(excluded=True))
    package.review.edit("chat-1", "chat-1:0", "edited")
    stage(package, conversation(9))

    assert package.review.pending() == Pending(new=1, updated=1, removed=1, unchanged=2)
    assert [state_of(package, id_) for id_ in ("chat-1", "chat-2", "chat-9")] == ["updated", "unchanged", "new"]
    assert package.progress.stage(StageName.COMMIT).status == StageStatus.PENDING
    commit(package)
    assert package.chats.conversation_ids() == {"chat-1", "chat-2", "chat-3", "chat-9"}
    delivered = package.chats.read("chat-1")
    assert delivered is not None
    assert delivered.messages[0].content == "edited"
    assert not package.review.pending().any


def test_what_is_taken_in_again_is_new_to_the_next_commit(package: Package) -> None:
    stage(package, conversation())
    commit(package)
    package.review.decide(["chat-0"], Decision(excluded=True))
    commit(package)

    package.review.decide(["chat-0"], Decision(excluded=False))

    assert state_of(package) == "new"
    commit(package)
    assert package.chats.conversation_ids() == {"chat-0"}


def test_tags_ask_no_stage_for_anything(package: Package) -> None:
    stage(package, conversation())
    commit(package)

    package.review.decide(["chat-0"], Decision(tag=("work",), excluded=False))

    assert package.progress.stage(StageName.COMMIT).status == StageStatus.COMPLETED


# --- comparing -------------------------------------------------------------------------------------------------------


def their_chats(path: Path, *conversations: Conversation) -> Path:
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(CHATS.script)
        for one in conversations:
            db.execute("INSERT INTO conversations VALUES (?, ?, ?, ?, NULL)", (one.id, one.title, one.created_at, ""))
            for m in one.messages:
                row = (m.id, one.id, m.role, m.content, m.created_at)
                db.execute(
                    "INSERT INTO messages (id, conversation_id, role, content, created_at) VALUES (?,?,?,?,?)", row
                )
    return path


def test_a_comparison_says_what_a_companion_would_take(package: Package, tmp_path: Path) -> None:
    whole = conversation(1, ("a", "b", "c"))
    lacking = conversation(2, ("a", "b", "c"))
    stage(package, conversation(0), whole, lacking, conversation(3))
    package.review.edit("chat-3", "chat-3:0", "edited")
    theirs = their_chats(
        tmp_path / "chats.db",
        replace(whole, messages=whole.messages[:2]),
        replace(lacking, messages=(lacking.messages[0], lacking.messages[2])),
        conversation(3),
    )
    before = theirs.read_bytes()

    outcome = compare(package, theirs, "chats.db")

    assert (outcome.new, outcome.existing, outcome.changed) == (1, 2, 1)
    assert (outcome.added, outcome.passed_over) == (3, 1)
    rows = package.review.listing.page(Filter(), Order("date", False)).rows
    assert [row.comparison for row in rows] == [
        Comparison("new", 2, 0, 0),
        Comparison("changed", 1, 0, 0),
        Comparison("existing", 0, 1, 0),
        Comparison("existing", 0, 0, 1),
    ]
    assert ids(package, Filter(compared=("new", "changed"))) == ["chat-0", "chat-1"]
    assert theirs.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["chats.db", "packages"]


def test_a_comparison_can_be_forgotten(package: Package, tmp_path: Path) -> None:
    stage(package, conversation())
    compare(package, their_chats(tmp_path / "chats.db"), "chats.db")
    assert last_comparison(package) is not None

    forget_comparison(package)

    assert last_comparison(package) is None
    assert ids(package, Filter(compared=("new",))) == []


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"\0" * 200])
def test_a_file_that_is_no_database_is_refused(package: Package, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.db").write_bytes(content)

    with pytest.raises(NotAllowed):
        compare(package, tmp_path / "x.db", "x.db")


@pytest.mark.parametrize(
    "script",
    [
        "CREATE TABLE messages (id TEXT)",
        (
            "CREATE TABLE conversations (id, title, created_at, updated_at);"
            "CREATE VIEW messages AS WITH RECURSIVE n (id, conversation_id, role, content, created_at) AS"
            " (SELECT 1, 1, 1, 1, 1 UNION ALL SELECT id + 1, 1, 1, 1, 1 FROM n) SELECT * FROM n"
        ),
    ],
)
def test_a_database_without_chats_is_refused(package: Package, tmp_path: Path, script: str) -> None:
    with closing(sqlite3.connect(tmp_path / "x.db")) as db:
        db.executescript(script)

    with pytest.raises(NotAllowed, match=r"x\.db is no chats\.db"):
        compare(package, tmp_path / "x.db", "x.db")


def test_chats_that_are_in_use_are_copied_with_what_is_not_folded_in(package: Package, tmp_path: Path) -> None:
    path = tmp_path / "theirs" / "chats.db"
    path.parent.mkdir()
    their_chats(path)
    stage(package, conversation())
    (tmp_path / "scratch").mkdir()
    with closing(sqlite3.connect(path)) as user:
        user.execute("PRAGMA journal_mode = WAL")
        user.execute("INSERT INTO conversations VALUES ('chat-0', NULL, '', '', NULL)")
        user.commit()
        there = {file.name: file.read_bytes() for file in path.parent.iterdir() if not file.name.endswith("-shm")}

        outcome = compare(package, snapshot(path, tmp_path / "scratch"), "chats.db")

        assert outcome.new == 0
        assert there == {f.name: f.read_bytes() for f in path.parent.iterdir() if not f.name.endswith("-shm")}
