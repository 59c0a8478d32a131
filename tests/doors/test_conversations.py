"""`loom conversations`, `search` and `compare`: with a daemon and without one."""

import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from packages_store.chats import CHATS
from tests.doors.harness import DaemonProcess, loom
from tests.exports import chatgpt_export

# A command takes a second, and there are many of them: what they ask for is tested quickly in test_review_api.py.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """A daemon with one finished package of five conversations."""
    with DaemonProcess(tmp_path_factory.mktemp("shared") / "home") as process:
        process.start().wait_ready().drop(chatgpt_export(5), "chats.json", package="wren")
        process.wait_settled("wren")
        yield process


def listed(home: Path, *arguments: str) -> list[str]:
    answer = loom(home, "conversations", "wren", "--ascending", "--json", *arguments)
    assert answer.code == 0, answer.stderr
    return [row["title"] for row in answer.json["conversations"]]


def test_conversations_are_listed_filtered_and_sorted(finished: DaemonProcess) -> None:
    people = loom(finished.home, "conversations", "wren", "--limit", "2")

    assert listed(finished.home) == [f"Chat 0.{n}" for n in range(5)]
    assert listed(finished.home, "--until", "2024-03-02") == ["Chat 0.0", "Chat 0.1"]
    assert listed(finished.home, "--text", "Chat 0.3", "--platform", "chatgpt") == ["Chat 0.3"]
    assert listed(finished.home, "--sort", "title", "--limit", "1") == ["Chat 0.0"]
    assert people.stdout.splitlines()[0].split() == [
        "ID",
        "TITLE",
        "PLATFORM",
        "LAST",
        "MESSAGE",
        *people.stdout.split()[5:9],
    ]
    assert "and 3 more" in people.stderr


def test_what_fits_is_changed_with_and_without_a_daemon(finished: DaemonProcess) -> None:
    changed = loom(
        finished.home, "conversations", "wren", "--text", "Chat 0.4", "--exclude", "--tag", "later", "--json"
    )
    finished.wait_settled("wren")

    assert changed.json == {"chosen": 1, "changed": 1, "unknown": []}
    assert listed(finished.home, "--excluded") == listed(finished.home, "--tagged", "later") == ["Chat 0.4"]

    finished.terminate()
    back = loom(finished.home, "conversations", "wren", "--tagged", "later", "--include", "--untag", "later")
    nobody = loom(finished.home, "conversations", "wren", "--id", "nobody", "--tag", "x")

    assert back.stdout == "1 of 1 conversations changed\n"
    assert nobody.code == 4
    assert "nobody" in nobody.stderr
    assert listed(finished.home, "--excluded") == []
    finished.start().wait_ready()


@pytest.mark.parametrize(
    "arguments",
    [("--exclude",), ("--id", "x"), ("--since", "soon"), ("--sort", "colour"), ("--all", "--text", "x", "--tag", "y")],
)
def test_what_is_not_understood_ends_with_2(finished: DaemonProcess, arguments: tuple[str, ...]) -> None:
    done = loom(finished.home, "conversations", "wren", *arguments)

    assert done.code == 2
    assert "Traceback" not in done.stderr


def test_any_text_can_be_searched(finished: DaemonProcess) -> None:
    found = loom(finished.home, "search", "wren", "0.3.0").stdout

    assert found.startswith("Chat 0.3  2024-03-04  chatgpt\n")
    for text in ("don't", "C++", '"', "*", "日本語"):
        assert loom(finished.home, "search", "wren", "--json", "--", text).json["hits"] == []


def test_the_chats_of_a_companion_are_compared_where_they_lie(finished: DaemonProcess, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "chats.db")) as theirs, theirs:
        theirs.executescript(CHATS.script)
    before = (tmp_path / "chats.db").read_bytes()

    found = loom(finished.home, "compare", "wren", tmp_path / "chats.db", "--json").json
    missing = loom(finished.home, "compare", "wren", tmp_path / "nothing.db")

    assert (found["new"], found["added"], found["name"]) == (5, 30, "chats.db")
    assert len(listed(finished.home, "--compared", "new")) == 5
    assert missing.code == 1
    assert (tmp_path / "chats.db").read_bytes() == before


def test_a_package_is_committed_and_exported_without_memories(home: Path, tmp_path: Path) -> None:
    (tmp_path / "chats.json").write_bytes(chatgpt_export(2))
    imported = loom(home, "import", tmp_path / "chats.json", "--package", "wren", "--until", "convert")
    done = loom(home, "export", "wren", "--commit-only", "-o", tmp_path / "wren.zip")

    assert (imported.code, done.code) == (0, 0), done.stderr
    with zipfile.ZipFile(tmp_path / "wren.zip") as archive:
        assert sorted(archive.namelist()) == ["chats.db", "manifest.json"]
