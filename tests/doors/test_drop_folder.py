"""The drop folder, from the file that is put into it to the finished package."""

from pathlib import Path

from tests.doors.harness import DaemonProcess, loom
from tests.exports import chatgpt_export


def test_a_dropped_export_becomes_a_finished_package_unattended(serving: DaemonProcess, sample: Path) -> None:
    dropped = serving.drop(sample.read_bytes(), "conversations.json")

    detail = serving.wait_settled("default")

    assert detail["state"] == "done"
    assert detail["uploads"][0]["outcome"] == "imported"
    assert detail["conversations"] == 25
    package = serving.packages / "default"
    assert (package / "chats.db").exists()
    assert (package / "graph.db").exists()
    assert list((package / "memories" / "daily").glob("*.md"))
    assert dropped.exists()


def test_a_folder_in_the_drop_folder_names_the_package(serving: DaemonProcess) -> None:
    serving.drop(chatgpt_export(3), "a.json", package="wren")

    assert serving.wait_settled("wren")["conversations"] == 3


def test_what_was_dropped_while_no_daemon_ran_is_found_at_the_start(home: Path) -> None:
    (home / "inbox").mkdir(parents=True)
    (home / "inbox" / "a.json").write_bytes(chatgpt_export(3))

    with DaemonProcess(home) as daemon:
        assert daemon.start().wait_ready().wait_settled("default")["conversations"] == 3


def test_scanning_once_takes_what_is_there_and_tells_of_each_file(home: Path, tmp_path: Path) -> None:
    (home / "inbox" / "wren").mkdir(parents=True)
    (home / "inbox" / "wren" / "chats.json").write_bytes(chatgpt_export(3))

    well = loom(home, "scan", "--once", "--json")
    (home / "inbox" / "note.txt").write_bytes(b"Buy milk.\n")
    in_part = loom(home, "scan", "--once", "--json")

    assert well.code == 0
    assert [(each["file"], each["package"], each["outcome"]) for each in well.json] == [
        ("wren/chats.json", "wren", "imported")
    ]
    assert in_part.code == 4
    assert {each["file"]: each["outcome"] for each in in_part.json} == {
        "note.txt": "unsupported",
        "wren/chats.json": "imported",
    }


def test_scanning_once_with_a_daemon_gives_the_same_table(serving: DaemonProcess) -> None:
    serving.drop(chatgpt_export(3), "chats.json", package="kite")

    done = loom(serving.home, "scan", "--once")

    assert done.code == 0
    first, *rows = [line.split() for line in done.stdout.splitlines()]
    assert first == ["FILE", "PACKAGE", "OUTCOME", "WHY"]
    assert ["kite/chats.json", "kite", "imported"] in rows


def test_a_file_that_is_not_imported_is_explained(serving: DaemonProcess) -> None:
    serving.drop(b"Buy milk.\n", "note.txt", package="lark")
    serving.wait_settled("lark")

    explained = loom(serving.home, "explain", "lark/note.txt", "--json")

    assert explained.code == 0
    assert "unsupported" in explained.json["explanation"]


def test_explaining_needs_no_daemon(home: Path) -> None:
    (home / "inbox").mkdir(parents=True)
    (home / "inbox" / "chats.json.part").write_bytes(b"[")

    explained = loom(home, "explain", home / "inbox" / "chats.json.part")

    assert explained.code == 0
    assert "temporary" in explained.stdout
