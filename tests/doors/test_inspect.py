"""`loom inspect`: what a file would bring, without bringing it."""

import json
import zipfile
from pathlib import Path

import pytest

from tests.doors.harness import loom
from tests.exports import chatgpt_export


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("conversations.json", chatgpt_export(5))
        file.writestr("user.json", json.dumps({"id": "user-1", "email": "someone@example.org"}))
    return path


def test_it_shows_platform_account_and_first_lines_and_imports_nothing(archive: Path, tmp_path: Path) -> None:
    shown = loom(tmp_path / "home", "inspect", str(archive))

    assert shown.code == 0
    assert "ChatGPT: official export" in shown.stdout
    assert "5 conversations, " in shown.stdout
    assert "  … and 2 more\n" in shown.stdout
    assert "      you  " in shown.stdout
    assert "user.json: it " in shown.stdout
    assert "Nothing was imported." in shown.stdout
    assert not (tmp_path / "home").exists()


def test_scripts_get_the_same_as_one_object(archive: Path, tmp_path: Path) -> None:
    (source,) = loom(tmp_path / "home", "inspect", str(archive), "--json").json["sources"]

    assert (source["platform"], source["member"]) == ("chatgpt", "conversations.json")
    assert source["report"]["conversations"] == source["report"]["records"] == 5
    assert len(source["shown"]) == 3
    assert source["shown"][0]["opening"][0]["role"] == "user"


def test_a_shard_that_is_missing_from_an_archive_is_named(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("conversations-000.json", chatgpt_export(1, seed=1))
        file.writestr("conversations-002.json", chatgpt_export(1, seed=2))

    assert "missing: conversations-001.json should be in it" in loom(tmp_path / "home", "inspect", str(path)).stdout
    done = loom(tmp_path / "home", "import", str(path), "--until", "convert", "--json")
    assert "conversations-001.json should be in it and is not" in done.json["uploads"][0]["reason"]


def test_what_cannot_be_read_is_shown_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "cut.json"
    path.write_bytes(chatgpt_export(5)[:-40])

    shown = loom(tmp_path / "home", "inspect", str(path))

    assert shown.code == 4
    assert "not readable: record 5, byte " in shown.stdout
    assert "cut short" in shown.stdout


def test_what_holds_no_chat_is_refused_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Dear diary")

    shown = loom(tmp_path / "home", "inspect", str(path))

    assert shown.code == 1
    assert shown.stdout == ""
    assert "Not imported: it is text" in shown.stderr


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    shown = loom(tmp_path / "home", "inspect", str(tmp_path / "absent.json"))

    assert shown.code == 1
    assert "absent.json" in shown.stderr


def test_what_a_chat_holds_cannot_steer_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "chats.json"
    path.write_text(chatgpt_export(1).decode().replace('"title": "', '"title": "\\u001b[2J'))

    assert "\x1b" not in loom(tmp_path / "home", "inspect", str(path)).stdout
