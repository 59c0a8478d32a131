"""Memory texts in the ledger, and the files that are written from them."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packages_store.bodies import (
    daily_body,
    daily_file_name,
    significant_body,
    significant_file_name,
    text_of,
    with_passages,
)
from packages_store.errors import NotAllowed, UnknownItem
from packages_store.files import Disk
from packages_store.ledger import LEDGER
from packages_store.memories import Memories
from packages_store.model import Memory, MemoryKind, Passage
from packages_store.paths import PackagePaths
from packages_store.sqlite import Database

DAY = "2024-02-29"


class Bench:
    """A package's folder with its ledger; `memories(fail_at)` opens it, with a disk that fails at a step."""

    def __init__(self, root: Path) -> None:
        self.paths = PackagePaths(root)
        self.ledger = Database(self.paths.ledger, LEDGER)
        self.memories = Memories(self.ledger, self.paths, Disk())

    def failing(self, step: str, after: int = 0) -> Memories:
        """The same memories on a disk that fails at `step`, when it has passed it `after` times."""
        passed = 0

        def probe(at: str) -> None:
            nonlocal passed
            if at == step:
                passed += 1
                if passed > after:
                    raise OSError(28, "No space left on device")

        return Memories(self.ledger, self.paths, Disk(probe))

    def file(self, name: str, kind: MemoryKind = "daily") -> Path:
        return self.paths.memories / kind / name

    def names(self, kind: MemoryKind = "daily") -> list[str]:
        return sorted(path.name for path in (self.paths.memories / kind).glob("*"))

    def lay(self, name: str, text: str, kind: MemoryKind = "daily") -> Path:
        """A file that somebody else wrote."""
        path = self.file(name, kind)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.ledger.close()


def memory(name: str = "a", kind: MemoryKind = "daily", file_name: str | None = None, body: str = "text\n") -> Memory:
    return Memory(name, kind, DAY, file_name or f"{DAY}_{name}.md", body, "offline", ("c1",), ("m1", "m2"))


# --- the ledger --------------------------------------------------------------------------------------------------


def test_a_memory_is_kept_with_its_sources(bench: Bench) -> None:
    kept = memory()

    bench.memories.replace_for_item("daily", DAY, [kept])

    assert bench.memories.get("a") == kept
    assert bench.memories.get("b") is None
    assert bench.memories.all() == [kept]


def test_memories_come_by_date_and_name_and_by_kind_when_asked(bench: Bench) -> None:
    late = replace(memory("late"), date="2024-03-01")
    moment = memory("moment", "significant")
    bench.memories.replace_for_item("daily", "2024-03-01", [late])
    bench.memories.replace_for_item("significant", "c1", [moment])
    bench.memories.replace_for_item("daily", DAY, [memory()])

    assert bench.memories.all() == [memory(), moment, late]
    assert bench.memories.all("daily") == [memory(), late]
    assert bench.memories.all("significant") == [moment]


def test_an_item_done_again_replaces_its_own_memories_and_no_others(bench: Bench) -> None:
    other = memory("other")
    bench.memories.replace_for_item("daily", "2024-03-01", [other])
    bench.memories.replace_for_item("daily", DAY, [memory("a"), memory("b")])

    bench.memories.replace_for_item("daily", DAY, [memory("b", body="new\n"), memory("c")])

    assert bench.memories.all() == [memory("b", body="new\n"), memory("c"), other]


def test_two_memories_never_share_a_file(bench: Bench) -> None:
    bench.memories.replace_for_item("daily", "1", [memory("a", file_name="x.md"), memory("b", file_name="x.md")])
    bench.memories.replace_for_item("daily", "2", [memory("c", file_name="x.md")])
    bench.memories.publish("daily", ["1", "2"])

    assert [m.file_name for m in bench.memories.all()] == ["x-2.md", "x-3.md", "x.md"]
    assert bench.names() == ["x-2.md", "x-3.md", "x.md"]


@pytest.mark.parametrize("name", ["../x.md", "a/b.md", "x.txt", ".x.md", "", "x\0.md", "/x.md"])
def test_a_name_that_could_leave_the_folder_is_refused(bench: Bench, name: str) -> None:
    with pytest.raises(ValueError, match="name of a memory file"):
        bench.memories.replace_for_item("daily", DAY, [replace(memory(), file_name=name)])

    assert bench.memories.all() == []


def test_a_memory_of_another_kind_is_refused(bench: Bench) -> None:
    with pytest.raises(ValueError, match="no daily memory"):
        bench.memories.replace_for_item("daily", DAY, [memory(kind="significant")])


def test_what_the_graph_knows_of_a_memory_is_remembered_when_its_item_is_done_again(bench: Bench) -> None:
    bench.memories.replace_for_item("daily", DAY, [memory("a"), memory("b"), memory("c")])
    bench.memories.mark_graphed(["a", "b", "never there"])

    bench.memories.replace_for_item("daily", DAY, [memory("a"), memory("b", body="new\n"), memory("c")])

    known = bench.ledger.rows("SELECT id FROM memories WHERE graphed IS NOT NULL ORDER BY id")
    assert [row["id"] for row in known] == ["a", "b"]


# --- files -------------------------------------------------------------------------------------------------------


def test_published_files_read_as_the_ledger_does_and_are_private(bench: Bench) -> None:
    bench.memories.replace_for_item("daily", DAY, [memory(body="Grüße 👋\n")])

    bench.memories.publish("daily", [DAY])

    path = bench.file(f"{DAY}_a.md")
    assert path.read_text(encoding="utf-8") == "Grüße 👋\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_publishing_touches_no_file_that_is_right_already(bench: Bench) -> None:
    bench.memories.replace_for_item("daily", DAY, [memory()])
    bench.memories.publish("daily", [DAY])
    before = bench.file(f"{DAY}_a.md").stat()

    bench.failing("write").publish("daily", [DAY])

    assert bench.file(f"{DAY}_a.md").stat() == before


def test_the_file_of_a_memory_that_is_gone_is_removed(bench: Bench) -> None:
    bench.memories.replace_for_item("daily", DAY, [memory("a"), memory("b")])
    bench.memories.publish("daily", [DAY])

    bench.memories.replace_for_item("daily", DAY, [memory("b")])
    bench.memories.publish("daily", [DAY])

    assert bench.names() == [f"{DAY}_b.md"]


def test_a_name_given_up_and_taken_again_keeps_its_file(bench: Bench) -> None:
    bench.memories.replace_for_item("daily", "1", [memory("a", file_name="x.md")])
    bench.memories.publish("daily", ["1"])
    bench.memories.replace_for_item("daily", "1", [])

    bench.memories.replace_for_item("daily", "2", [memory("b", file_name="x.md", body="b\n")])
    bench.memories.publish("daily", ["2"])

    assert bench.names() == ["x.md"]
    assert bench.file("x.md").read_text() == "b\n"


def test_materialise_writes_what_is_missing_or_different_and_says_how_many(bench: Bench) -> None:
    bench.memories.replace_for_item("daily", DAY, [memory("a"), memory("b"), memory("c"), memory("d")])
    bench.memories.replace_for_item("significant", "c1", [memory("s", "significant")])
    first = bench.memories.materialise()
    bench.file(f"{DAY}_a.md").unlink()
    bench.file(f"{DAY}_b.md").write_text("damaged")
    bench.file(f"{DAY}_c.md").unlink()
    bench.file(f"{DAY}_c.md").symlink_to(bench.file(f"{DAY}_d.md"))

    again = bench.memories.materialise()

    assert (first, again, bench.memories.materialise()) == (5, 3, 0)
    assert not bench.file(f"{DAY}_c.md").is_symlink()
    assert bench.names() == [f"{DAY}_{name}.md" for name in "abcd"]


def test_more_files_than_one_page_are_all_written(bench: Bench) -> None:
    bench.memories.replace_for_item("daily", DAY, [memory(f"{n:03}") for n in range(450)])

    assert bench.memories.materialise() == 450
    assert len(bench.names()) == 450


@pytest.mark.parametrize("step", ["write", "fsync", "rename", "fsync_dir", "unlink"])
@pytest.mark.parametrize("after", [0, 1])
def test_a_disk_that_fails_at_any_step_loses_nothing(bench: Bench, step: str, after: int) -> None:
    bench.memories.replace_for_item("daily", DAY, [memory("a"), memory("b"), memory("c")])
    bench.memories.publish("daily", [DAY])
    wanted = [memory("c", body="new\n"), memory("d"), memory("e")]
    bench.memories.replace_for_item("daily", DAY, wanted)

    with suppress(OSError):
        bench.failing(step, after).publish("daily", [DAY])
    bench.memories.materialise()

    assert bench.names() == [f"{DAY}_{name}.md" for name in "cde"]
    assert bench.file(f"{DAY}_c.md").read_text() == "new\n"
    assert bench.memories.materialise() == 0


def test_a_transaction_that_fails_leaves_files_and_ledger_as_they_were(bench: Bench) -> None:
    bench.memories.replace_for_item("daily", DAY, [memory("a")])
    bench.memories.publish("daily", [DAY])

    def replace_and_fail() -> None:
        with bench.ledger.transaction():
            bench.memories.replace_for_item("daily", DAY, [memory("b")])
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        replace_and_fail()

    assert bench.memories.materialise() == 0
    assert bench.names() == [f"{DAY}_a.md"]


# --- files of others ---------------------------------------------------------------------------------------------

LOOM_DAY = f"""# Daily Memory - {DAY}

- We planted tomatoes. [chat:c-1] [via:gemini]
- And talked of rain. [chat:c 2] [via:gemini]
- And again. [chat:c-1] [via:gemini]
"""


def test_files_of_entity_loom_are_adopted_with_their_conversations(bench: Bench) -> None:
    bench.lay("2024-03-09_entity-loom.md", LOOM_DAY)
    bench.lay("2023-01-01_first-snow.md", "# Significant Memory - 2023-01-01\n\nSnow.\n\n[chat:x]\n", "significant")

    adopted = bench.memories.adopt()

    snow, day = bench.memories.all()
    assert adopted == 2
    assert (day.date, day.origin, day.conversation_ids, day.body) == (DAY, "adopted", ("c-1", "c 2"), LOOM_DAY)
    assert (snow.kind, snow.date, snow.conversation_ids) == ("significant", "2023-01-01", ("x",))


@pytest.mark.parametrize(
    ("name", "content", "day"),
    [
        ("2024-05-06_x.md", b"no header", "2024-05-06"),
        ("2024-05-06_x.md", b"# Daily Memory - 2024-13-77\n", "2024-05-06"),
        ("2024-05-06_x.md", b"\xef\xbb\xbf\r\n# Daily Memory - 2024-01-02\r\n", "2024-01-02"),
        ("2024-05-06_x.md", b"\xff\xfe[chat:", "2024-05-06"),
        ("2024-05-06.md", b"", "2024-05-06"),
    ],
)
def test_a_file_that_follows_no_form_is_adopted_all_the_same(bench: Bench, name: str, content: bytes, day: str) -> None:
    path = bench.lay(name, "")
    path.write_bytes(content)

    bench.memories.adopt()

    (found,) = bench.memories.all()
    assert (found.date, found.conversation_ids) == (day, ())
    assert path.read_bytes() == content


def test_a_file_without_any_date_has_that_of_its_last_change(bench: Bench) -> None:
    path = bench.lay("notes.md", "remember the milk")

    bench.memories.adopt()

    (found,) = bench.memories.all()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", found.date)
    assert path.read_text() == "remember the milk"


def test_adopting_again_reads_what_changed_and_adds_nothing(bench: Bench) -> None:
    bench.lay("2024-03-09_entity-loom.md", LOOM_DAY)
    bench.memories.replace_for_item("daily", DAY, [memory()])
    bench.memories.publish("daily", [DAY])
    bench.memories.adopt()
    bench.lay("2024-03-09_entity-loom.md", LOOM_DAY + "- More. [chat:c3]\n")

    again = bench.memories.adopt()

    assert again == 1
    assert [m.conversation_ids for m in bench.memories.all()] == [("c1",), ("c-1", "c 2", "c3")]


def test_files_are_read_without_being_adopted(bench: Bench) -> None:
    bench.lay(f"{DAY}_entity-loom.md", LOOM_DAY)

    (found,) = bench.memories.read_files()

    assert found.date == DAY
    assert bench.memories.all() == []


@pytest.mark.parametrize("adopted", [True, False])
def test_a_file_of_somebody_else_is_never_written_over_or_removed(bench: Bench, adopted: bool) -> None:
    path = bench.lay(f"{DAY}_entity-loom.md", LOOM_DAY)
    if adopted:
        bench.memories.adopt()
    ours = memory(file_name=path.name)

    bench.memories.replace_for_item("daily", DAY, [ours])
    bench.memories.publish("daily", [DAY])
    bench.memories.replace_for_item("daily", DAY, [ours])
    bench.memories.materialise()
    both = bench.names()
    bench.memories.replace_for_item("daily", DAY, [])
    bench.memories.publish("daily", [DAY])

    assert both == [f"{DAY}_entity-loom-2.md", path.name]
    assert bench.names() == [path.name]
    assert path.read_text() == LOOM_DAY


def test_links_and_unfinished_files_are_not_adopted(bench: Bench, tmp_path: Path) -> None:
    secret = tmp_path / "secret.md"
    secret.write_text("secret")
    bench.lay(".2024-01-01_x.md.new", "unfinished")
    bench.lay("2024-01-01_x.md.corrupt-20240101", "damaged")
    bench.lay(".hidden.md", "hidden")
    bench.file("2024-01-01_link.md").symlink_to(secret)
    bench.file("2024-01-01_folder.md").mkdir()

    assert bench.memories.adopt() == 0


def test_what_is_delivered_is_ours_from_the_ledger_and_theirs_from_the_disk(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret.md").write_text("secret")
    (tmp_path / "memories").mkdir()
    (tmp_path / "memories" / "significant").symlink_to(tmp_path / "elsewhere")
    bench.lay("theirs.md", "theirs")
    bench.memories.replace_for_item("daily", DAY, [memory("a"), memory("b"), memory("c")])
    bench.memories.publish("daily", [DAY])
    bench.file(f"{DAY}_a.md").unlink()
    bench.file(f"{DAY}_b.md").write_text("changed")
    bench.memories.replace_for_item("daily", DAY, [memory("a"), memory("b")])

    delivered = list(bench.memories.delivered())

    assert delivered == [
        (f"memories/daily/{DAY}_a.md", b"text\n"),
        (f"memories/daily/{DAY}_b.md", b"text\n"),
        ("memories/daily/theirs.md", b"theirs"),
    ]


# --- names -------------------------------------------------------------------------------------------------------


def test_daily_files_are_named_as_entity_loom_names_them() -> None:
    assert daily_file_name(DAY, "entity-loom") == "2024-02-29_entity-loom.md"
    assert len(daily_file_name(DAY, "𝔵" * 64).encode()) <= 255


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("The first Snow!", "the-first-snow"),
        ("Ärger & Spaß", "ärger-spaß"),
        ("夏の思い出", "夏の思い出"),
        ("हिन्दी", "हिन्दी"),
        ("../../etc/passwd", "etc-passwd"),
        ("CON", "con"),
        ("", "memory"),
        ("…!?", "memory"),
        ("x" * 500, "x" * 60),
    ],
)
def test_a_slug_says_what_a_memory_is_about(title: str, slug: str) -> None:
    assert re.fullmatch(rf"2024-02-29_{re.escape(slug)}-[0-9a-f]{{8}}\.md", significant_file_name(DAY, title, "c1:1"))


def test_memories_of_one_title_have_names_of_their_own() -> None:
    names = {significant_file_name(DAY, "Same", f"c{n}:1") for n in range(1000)}

    assert len(names) == 1000


@given(title=st.text(), identity=st.text())
def test_any_title_makes_a_name_for_every_file_system(title: str, identity: str) -> None:
    name = significant_file_name(DAY, title, identity)

    assert len(name.encode()) <= 83
    assert Path(name).name == name
    assert not set(name) & set('<>:"/\\|?*\0\n\r\t ')
    assert name == significant_file_name(DAY, title, identity)


# --- bodies ------------------------------------------------------------------------------------------------------

TAG = re.compile(r"\[(chat|via):([^\]]*)\]")


def test_a_day_reads_as_entity_loom_writes_it() -> None:
    body = daily_body(DAY, [("We planted tomatoes.", "c1", "gemini"), ("It  rained.", "c2", "claude")])

    assert body == (
        "# Daily Memory - 2024-02-29\n\n"
        "- We planted tomatoes. [chat:c1] [via:gemini]\n"
        "- It rained. [chat:c2] [via:claude]\n"
    )


def test_a_moment_reads_as_entity_loom_writes_it() -> None:
    body = significant_body(DAY, "\nI saw Mira laugh.\n\nIt was late.\n", "c1", "gemini")

    assert body == (
        "# Significant Memory - 2024-02-29\n\nI saw Mira laugh.\n\nIt was late.\n\n[chat:c1] [via:gemini]\n"
    )


@pytest.mark.parametrize(
    ("text", "harmless"),
    [
        ("see [chat:evil]", "see (chat:evil)"),
        ("[VIA: x] y", "(VIA: x) y"),
        ("[ chat:[chat:a]]", "( chat:(chat:a)]"),
        ("open [chat:abc", "open (chat:abc"),
        ("a list [1] of [chats]", "a list [1] of [chats]"),
        ("line\nbreak\u2028and\r\nmore", "line break and more"),
        ("nul\0 and \ud800", "nul and ?"),
    ],
)
def test_text_forges_neither_tags_nor_lines(text: str, harmless: str) -> None:
    assert daily_body(DAY, [(text, "c", "p")]).splitlines()[2:] == [f"- {harmless} [chat:c] [via:p]"]


def test_an_id_cannot_end_its_tag() -> None:
    body = daily_body(DAY, [("x", "a] [chat:b\n- forged", "p]")])

    assert body.splitlines()[2:] == ["- x [chat:a) (chat:b - forged] [via:p)]"]


def test_a_bullet_without_text_is_left_out() -> None:
    assert daily_body(DAY, [(" \n", "c", "p")]) == "# Daily Memory - 2024-02-29\n\n"


@given(texts=st.lists(st.text(), max_size=5), chat=st.text(), platform=st.text())
def test_whatever_was_said_a_day_has_one_line_and_two_tags_per_bullet(
    texts: list[str], chat: str, platform: str
) -> None:
    body = daily_body(DAY, [(text, chat, platform) for text in texts])

    bullets = body.splitlines()[2:]
    assert len(bullets) <= len(texts)
    assert all(line.startswith("- ") for line in bullets)
    assert [kind for kind, _ in TAG.findall(body)] == ["chat", "via"] * len(bullets)
    assert body.encode()


@given(prose=st.text(), chat=st.text())
def test_whatever_was_said_a_moment_has_two_tags_in_its_last_line(prose: str, chat: str) -> None:
    body = significant_body(DAY, prose, chat, "p")

    assert body.startswith(f"# Significant Memory - {DAY}\n\n")
    assert [kind for kind, _ in TAG.findall(body)] == ["chat", "via"]
    assert len(TAG.findall(body.splitlines()[-1])) == 2


# --- what a person has touched -----------------------------------------------------------------------------------


def prose(text: str, ordinal: int = 1, evidence: tuple[str, ...] = ("m1", "m2")) -> Memory:
    """The n-th moment of a conversation."""
    body = significant_body(DAY, text, "c1", "chatgpt")
    name = f"significant:c1:{ordinal}"
    return Memory(name, "significant", DAY, f"{DAY}_{ordinal}.md", body, "llm", ("c1",), evidence, title="A title")


def day_of(*lines: str) -> Memory:
    """A day with these lines, each of a conversation of its own."""
    blank = Memory(f"daily:{DAY}", "daily", DAY, f"{DAY}_x.md", "", "llm", (), ())
    return with_passages(blank, [Passage(text, f"c{n}", "claude", (f"c{n}:1",)) for n, text in enumerate(lines, 1)])


def again(bench: Bench, *memories: Memory) -> None:
    """The item is done again, and its files follow."""
    kind = memories[0].kind if memories else "significant"
    bench.memories.replace_for_item(kind, "c1", memories)
    bench.memories.publish(kind, ["c1"])


def texts(bench: Bench) -> dict[str, str]:
    return {one.id: text_of(one.body) for one in bench.memories.all()}


def test_an_edited_memory_is_framed_marked_and_never_written_over(bench: Bench) -> None:
    again(bench, prose("It rained."))

    edited = bench.memories.edit("significant:c1:1", "It poured.", title="Rain")
    again(bench, prose("It rained."))

    assert (edited.edited, edited.title) == (True, "Rain")
    assert texts(bench) == {"significant:c1:1": "It poured."}
    assert bench.file(f"{DAY}_1.md", "significant").read_text() == significant_body(DAY, "It poured.", "c1", "chatgpt")
    assert bench.memories.story("significant:c1:1").proposal is None


def test_what_a_stage_would_say_now_is_offered_beside_an_edited_memory(bench: Bench) -> None:
    again(bench, prose("It rained."))
    bench.memories.edit("significant:c1:1", "It poured.")

    again(bench, prose("It rained all night."))

    story = bench.memories.story("significant:c1:1")
    assert [text_of(text or "") for text in (story.base, story.memory.body, story.proposal)] == [
        "It rained.",
        "It poured.",
        "It rained all night.",
    ]

    stays = bench.memories.dismiss_proposal("significant:c1:1")
    again(bench, prose("It rained all night."))

    assert (text_of(stays.body), stays.edited) == ("It poured.", True)
    assert bench.memories.story("significant:c1:1").proposal is None


def test_a_proposal_that_is_taken_is_what_the_stage_said_and_no_edit_any_more(bench: Bench) -> None:
    again(bench, prose("It rained."))
    bench.memories.edit("significant:c1:1", "It poured.")
    again(bench, prose("It rained all night.", evidence=("m1", "m3")))

    taken = bench.memories.take_proposal("significant:c1:1")
    again(bench, prose("It rained all night and day."))

    assert (taken.edited, taken.message_ids) == (False, ("m1", "m3"))
    assert texts(bench) == {"significant:c1:1": "It rained all night and day."}
    with pytest.raises(UnknownItem, match="Nothing else"):
        bench.memories.take_proposal("significant:c1:1")


def test_an_edited_memory_is_known_again_when_another_one_is_found_before_it(bench: Bench) -> None:
    again(bench, prose("It rained."))
    bench.memories.edit("significant:c1:1", "It poured.")

    again(bench, prose("The sun rose.", 1, ("m7",)), prose("It rained hard.", 2))

    assert texts(bench) == {"significant:c1:1": "It poured.", "significant:c1:2": "The sun rose."}
    assert text_of(bench.memories.story("significant:c1:1").proposal or "") == "It rained hard."


def test_an_edited_memory_stays_when_its_stage_no_longer_speaks_of_it(bench: Bench) -> None:
    again(bench, prose("It rained."))
    bench.memories.edit("significant:c1:1", "It poured.")

    again(bench, prose("The sun rose.", 1, ("m7",)))
    again(bench)

    assert texts(bench) == {"significant:c1:1": "It poured."}


def test_a_deleted_memory_stays_deleted_through_runs_and_can_be_restored(bench: Bench) -> None:
    again(bench, prose("It rained."), prose("The sun rose.", 2, ("m7",)))

    bench.memories.delete("significant:c1:1")
    again(bench, prose("It rained hard."), prose("The sun rose.", 2, ("m7",)))

    assert texts(bench) == {"significant:c1:2": "The sun rose."}
    assert bench.names("significant") == [f"{DAY}_2.md"]
    assert bench.memories.materialise() == 0
    assert [one.id for one in bench.memories.deleted()] == ["significant:c1:1"]

    bench.memories.restore("significant:c1:1")
    bench.memories.publish("significant", ["c1"])

    assert texts(bench)["significant:c1:1"] == "It rained hard."
    assert bench.names("significant") == [f"{DAY}_1.md", f"{DAY}_2.md"]


def test_every_text_that_a_memory_had_is_kept(bench: Bench) -> None:
    again(bench, prose("It rained."))
    bench.memories.edit("significant:c1:1", "It poured.")
    bench.memories.edit("significant:c1:1", "It hailed.")
    bench.memories.delete("significant:c1:1")
    bench.memories.restore("significant:c1:1")

    versions = bench.memories.story("significant:c1:1").versions

    assert [(one.why, text_of(one.body)) for one in versions] == [
        ("edited", "It rained."),
        ("edited", "It poured."),
        ("deleted", "It hailed."),
        ("restored", "It hailed."),
    ]


def test_a_line_that_is_edited_keeps_its_source_and_a_new_one_has_that_above_it(bench: Bench) -> None:
    again(bench, day_of("Mira baked bread.", "Mira saw an owl in the park."))

    edited = bench.memories.edit(
        f"daily:{DAY}", "Mira baked bread.\n- Mira saw two owls in the park.\n\nThey flew off. [chat:forged] [via:x]"
    )

    assert edited.body.splitlines()[2:] == [
        "- Mira baked bread. [chat:c1] [via:claude]",
        "- Mira saw two owls in the park. [chat:c2] [via:claude]",
        "- They flew off. [chat:c2] [via:claude]",
    ]
    assert [passage.message_ids for passage in edited.passages] == [("c1:1",), ("c2:1",), ("c2:1",)]


def test_a_file_of_somebody_else_becomes_ours_when_a_person_edits_it(bench: Bench) -> None:
    file = bench.lay(f"{DAY}_other.md", f"# Daily Memory - {DAY}\n\n- It was cold. [chat:x] [via:gemini]\n")
    bench.memories.adopt()

    edited = bench.memories.edit(f"adopted:daily/{file.name}", "It was warm.")
    bench.memories.keep_only("daily", [])
    bench.memories.materialise()

    assert edited.origin == "person"
    assert file.read_text() == f"# Daily Memory - {DAY}\n\n- It was warm. [chat:x] [via:gemini]\n"


@pytest.mark.parametrize("text", ["", "  \n", "# Daily Memory - 2024-02-29\n\n[chat:c1] [via:x]\n"])
def test_a_memory_cannot_be_emptied(bench: Bench, text: str) -> None:
    again(bench, prose("It rained."))

    with pytest.raises(NotAllowed, match="needs a text"):
        bench.memories.edit("significant:c1:1", text)


def test_what_is_not_there_cannot_be_touched(bench: Bench) -> None:
    again(bench, prose("It rained."))
    bench.memories.delete("significant:c1:1")

    for act in (bench.memories.delete, bench.memories.take_proposal, bench.memories.dismiss_proposal):
        with pytest.raises(UnknownItem):
            act("significant:c1:1")
    with pytest.raises(UnknownItem):
        bench.memories.edit("significant:c1:1", "No.")
    with pytest.raises(UnknownItem):
        bench.memories.restore("significant:c1:2")


def test_memories_of_an_item_that_is_away_come_back_with_it_edits_and_all(bench: Bench) -> None:
    again(bench, prose("It rained."), prose("The sun rose.", 2, ("m7",)))
    bench.memories.edit("significant:c1:1", "It poured.")

    bench.memories.keep_only("significant", [])
    bench.memories.materialise()

    assert bench.memories.all() == []
    assert bench.names("significant") == []

    bench.lay(f"{DAY}_2.md", "theirs", "significant")
    bench.memories.keep_only("significant", ["c1"])
    bench.memories.materialise()

    assert texts(bench) == {"significant:c1:1": "It poured.", "significant:c1:2": "The sun rose."}
    assert bench.names("significant") == [f"{DAY}_1.md", f"{DAY}_2-2.md", f"{DAY}_2.md"]
    assert bench.file(f"{DAY}_2.md", "significant").read_text() == "theirs"
