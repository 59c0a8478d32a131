"""The delivered ZIP, as the companion that imports it sees it."""

import hashlib
import io
import json
import sqlite3
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from packages_store.config import PackageConfig
from packages_store.errors import FileDamaged
from packages_store.export import export, remove_leftovers
from packages_store.files import Disk
from packages_store.model import Conversation, GraphEdge, GraphFacts, GraphNode, Memory, Message
from packages_store.package import Package
from packages_store.paths import PackagePaths
from packages_store.times import utc_now

T0 = "2024-02-29T23:59:59.999Z"
T1 = "2024-03-01T00:00:00.001Z"
CANARY = "sk-CANARY-0123456789"
FILE = "2024-03-01_entity-loom.md"


@pytest.fixture
def package(tmp_path: Path) -> Iterator[Package]:
    package = Package("winter", PackagePaths(tmp_path / "winter"), Disk(), utc_now)
    package.paths.root.mkdir()
    yield package
    package.close()


def fill(package: Package) -> None:
    messages = (
        Message("m1", "user", "hello\nthere", T0),
        Message("m2", "assistant", "hi 👋", T1, reasoning="a greeting"),
    )
    package.chats.write([Conversation("c1", "Grüße", "gemini", T0, T1, messages)])
    memory = Memory("d", "daily", "2024-03-01", FILE, "text\n", "offline", ("c1",), ("m1",))
    package.memories.replace_for_item("daily", "2024-03-01", [memory])
    package.memories.materialise()
    package.chats.set_summaries([memory])
    me = GraphNode("self", "me", "me", "I", 1.0, ("d",), "2024-03-01", "2024-03-01")
    ann = GraphNode("person", "ann", "Ann", "A neighbour", 0.9, ("d",), "2024-03-01", "2024-03-01")
    knows = GraphEdge(("self", "me"), ("person", "ann"), "knows", "said so", 0.9, ("d",), "2024-03-01", "2024-03-02")
    package.graph.put_facts("a", GraphFacts((me, ann), (knows,)))
    package.graph.consolidate()


def add_large_memories(package: Package) -> None:
    """Enough for several pieces of ZIP."""
    for n in range(40):
        text = hashlib.shake_256(f"{n}".encode()).hexdigest(50_000)
        memory = Memory(f"s{n}", "significant", "2024-03-01", f"{n}.md", text, "offline", ("c1",), ("m1",))
        package.memories.replace_for_item("significant", f"{n}", [memory])


def exported(package: Package) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(b"".join(export(package))))


def opened(archive: zipfile.ZipFile, name: str, folder: Path) -> sqlite3.Connection:
    """An exported database, as a reader opens it: alone in a folder."""
    return sqlite3.connect(archive.extract(name, folder))


def leftovers(package: Package) -> list[str]:
    return [path.name for path in package.paths.root.glob(".export-*")]


# --- who reads the result ----------------------------------------------------------------------------------------


def test_the_companion_reads_every_conversation_and_message_to_the_millisecond(
    package: Package, tmp_path: Path
) -> None:
    fill(package)

    db = opened(exported(package), "chats.db", tmp_path)

    conversations = db.execute("SELECT id, title, created_at, updated_at FROM conversations").fetchall()
    messages = db.execute(
        "SELECT id, conversation_id, role, content, reasoning_content, tool_call_id, tool_calls, created_at"
        " FROM messages ORDER BY created_at"
    ).fetchall()
    db.close()
    assert conversations == [("c1", "Grüße", T0, T1)]
    assert messages == [
        ("m1", "c1", "user", "hello\nthere", None, None, None, T0),
        ("m2", "c1", "assistant", "hi 👋", "a greeting", None, None, T1),
    ]


def test_the_companion_reads_the_graph(package: Package, tmp_path: Path) -> None:
    fill(package)

    db = opened(exported(package), "graph.db", tmp_path)

    nodes = db.execute(
        "SELECT type, label, description, properties, source_instance, confidence, source_memory_id, created_at,"
        " updated_at, first_learned_at, last_confirmed_at, version, deleted FROM graph_nodes ORDER BY type"
    ).fetchall()
    edges = db.execute(
        "SELECT f.label, t.label, e.type, e.properties, e.weight, e.evidence, e.created_at, e.updated_at,"
        " e.occurred_at, e.valid_until, e.last_confirmed_at, e.version, e.deleted"
        " FROM graph_edges e JOIN graph_nodes f ON f.id = e.from_id JOIN graph_nodes t ON t.id = e.to_id"
    ).fetchall()
    db.close()
    day, next_day = "2024-03-01T00:00:00.000Z", "2024-03-02T00:00:00.000Z"
    sources, known = '{"sources": ["d"]}', (day, day, day, day, 1, 0)
    assert nodes == [
        ("person", "Ann", "A neighbour", sources, "entity-loom", 0.9, "d", *known),
        ("self", "me", "I", sources, "entity-loom", 1.0, "d", *known),
    ]
    assert edges == [
        ("me", "Ann", "knows", sources, 0.9, "said so", day, next_day, day, None, next_day, 1, 0),
    ]


@pytest.mark.parametrize("name", ["chats.db", "graph.db"])
def test_a_delivered_database_is_a_plain_file_that_stands_alone(package: Package, tmp_path: Path, name: str) -> None:
    fill(package)

    archive = exported(package)

    data = archive.read(name)
    db = opened(archive, name, tmp_path)
    assert data[18:20] == b"\x01\x01"  # rollback journal, not write-ahead log
    assert db.execute("PRAGMA user_version").fetchone() == (0,)
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()


def test_the_delivered_conversations_name_no_platform_and_the_working_ones_still_do(
    package: Package, tmp_path: Path
) -> None:
    fill(package)

    db = opened(exported(package), "chats.db", tmp_path)

    columns = [row[1] for row in db.execute("PRAGMA table_info(conversations)")]
    db.close()
    kept = package.chats.read("c1")
    assert columns == ["id", "title", "created_at", "updated_at"]
    assert kept is not None
    assert kept.platform == "gemini"


def test_an_index_of_another_program_does_not_keep_the_platform_in(package: Package, tmp_path: Path) -> None:
    db = sqlite3.connect(package.paths.chats)
    db.executescript(
        "CREATE TABLE conversations (id TEXT PRIMARY KEY, title TEXT, created_at TEXT, updated_at TEXT, platform TEXT);"
        "CREATE TABLE messages (id TEXT PRIMARY KEY, conversation_id TEXT, role TEXT, content TEXT,"
        " reasoning_content TEXT, tool_call_id TEXT, tool_calls TEXT, created_at TEXT, is_voice INTEGER);"
        "CREATE INDEX by_platform ON conversations (platform);"
        "INSERT INTO conversations VALUES ('c1', 'x', NULL, NULL, 'claude')"
    )
    db.close()

    delivered = opened(exported(package), "chats.db", tmp_path)

    assert delivered.execute("SELECT * FROM conversations").fetchall() == [("c1", "x", None, None)]
    delivered.close()


def test_the_manifest_in_the_zip_tells_of_its_files(package: Package) -> None:
    fill(package)

    archive = exported(package)

    manifest = json.loads(archive.read("manifest.json"))
    (entry,) = manifest["files"]
    data = archive.read(entry["path"])
    assert (entry["size"], entry["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    assert manifest["counts"]["messages"] == 2
    assert (manifest["counts"]["nodes"], manifest["counts"]["edges"]) == (2, 1)


# --- what is in it, and what is not ------------------------------------------------------------------------------


def test_only_what_is_to_be_delivered_is_in_the_zip_and_no_secret(package: Package) -> None:
    fill(package)
    package.save_config(PackageConfig.model_validate({"llmApiKey": CANARY, "contextNotes": CANARY}))
    package.set_fact("secret", CANARY)
    planted = ("uploads/x", "raw/x", "checkpoint.json", "chats.db.corrupt-1", "memories/daily/.x.md.new")
    for name in (*planted, "memories/daily/x.md.corrupt-1", "memories/x.md", "memories/notes/x.md", "notes.md"):
        path = package.paths.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(CANARY)
    (package.paths.memories / "daily" / "link.md").symlink_to(package.paths.config)

    archive = exported(package)

    assert archive.namelist() == ["chats.db", "graph.db", f"memories/daily/{FILE}", "manifest.json"]
    assert all(CANARY.encode() not in archive.read(name) for name in archive.namelist())


def test_what_was_removed_is_not_in_the_zip_any_more(package: Package) -> None:
    secret = Conversation("c2", "x", "gemini", T0, T1, (Message("m9", "user", CANARY * 100, T0),))
    package.chats.write([secret])
    fill(package)

    package.chats.remove(["c2"])

    archive = exported(package)
    assert CANARY.encode() not in archive.read("chats.db")


def test_an_empty_package_is_delivered_with_its_manifest_alone(package: Package) -> None:
    assert exported(package).namelist() == ["manifest.json"]
    assert not package.chats.exists
    assert not package.graph.exists


def test_the_same_package_gives_the_same_memories_and_manifest(package: Package) -> None:
    fill(package)

    first, second = exported(package), exported(package)

    assert [(i.filename, i.date_time) for i in first.infolist()] == [
        (i.filename, i.date_time) for i in second.infolist()
    ]
    assert first.read("manifest.json") == second.read("manifest.json")


# --- while it is made --------------------------------------------------------------------------------------------


def test_pieces_stay_small_however_large_the_package(package: Package) -> None:
    noise = "".join(hashlib.sha256(f"{n}".encode()).hexdigest() for n in range(100_000))
    messages = tuple(Message(f"m{n}", "user", noise[n::3], T0) for n in range(3))
    package.chats.write([Conversation("c1", None, "gemini", T0, T1, messages)])

    pieces = list(export(package))

    assert len(pieces) > 2
    assert max(map(len, pieces)) < 3 << 20
    assert all(pieces)


def test_nothing_is_left_on_the_disk_when_the_export_ends_or_is_abandoned(package: Package) -> None:
    fill(package)
    add_large_memories(package)
    whole = export(package)
    first = next(whole)
    during = leftovers(package)
    mode = (package.paths.root / during[0]).stat().st_mode & 0o777
    whole.close()  # type: ignore[attr-defined] # it is a generator; the server closes it when the reader hangs up

    assert first
    assert mode == 0o700
    assert leftovers(package) == []


def test_a_damaged_database_is_known_before_the_first_byte_and_leaves_nothing(package: Package) -> None:
    fill(package)
    package.close()
    package.paths.graph.write_bytes(b"SQLite format 3\0" + b"\xff" * 4000)

    with pytest.raises(FileDamaged):
        next(export(package))

    assert leftovers(package) == []


def test_leftovers_of_a_killed_export_are_removed(package: Package) -> None:
    folder = package.paths.root / ".export-0123"
    folder.mkdir()
    (folder / "chats.db").write_text(CANARY)

    remove_leftovers(package.paths)

    assert leftovers(package) == []


def test_a_package_can_be_exported_while_it_is_written(package: Package) -> None:
    fill(package)
    add_large_memories(package)
    whole = export(package)
    start = next(whole)
    package.chats.write([Conversation("c2", None, "gemini", T0, T1, (Message("m9", "user", "later", T1),))])

    archive = zipfile.ZipFile(io.BytesIO(start + b"".join(whole)))

    assert archive.testzip() is None
    assert json.loads(archive.read("manifest.json"))["counts"]["conversations"] == 1
    assert package.chats.count() == 2
