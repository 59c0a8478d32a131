"""`loom import`: the same account, with a daemon and without one."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.doors.harness import DaemonProcess, Ran, loom
from tests.exports import chatgpt_export

STAGES = ["upload", "convert", "commit", "significant", "daily", "graph"]


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """An export of three conversations, for tests to which its size is all the same."""
    export = tmp_path / "small.json"
    export.write_bytes(chatgpt_export(3))
    return export


def without_home(account: dict[str, Any], home: Path) -> Any:
    """An account that does not say where the home is."""
    return json.loads(json.dumps(account).replace(str(home), "HOME"))


def test_the_account_of_an_import_has_exactly_the_promised_form(home: Path, sample: Path) -> None:
    done = loom(home, "import", sample, "--json")

    assert done.code == 0, done.stderr
    account = done.json
    assert list(account) == ["package", "path", "uploads", "stages"]
    assert account["package"] == "default"
    assert account["path"] == str(home / "packages" / "default")
    assert account["uploads"] == [
        {
            "file": str(sample),
            "outcome": "imported",
            "platform": "chatgpt",
            "conversations": 25,
            "messages": 131,
            "skipped": 0,
            "reason": None,
        }
    ]
    assert list(account["stages"]) == STAGES
    assert all(set(stage) == {"status", "processed", "failed"} for stage in account["stages"].values())
    assert {stage["status"] for stage in account["stages"].values()} == {"completed"}
    assert account["stages"]["commit"] == {"status": "completed", "processed": 25, "failed": 0}
    assert done.stderr == ""


@pytest.mark.slow
def test_with_a_daemon_and_without_one_the_account_and_the_age_of_the_copy_are_the_same(
    tmp_path: Path, sample: Path, daemon: DaemonProcess
) -> None:
    with_daemon = loom(daemon.home, "import", sample, "--package", "wren", "--json")
    alone = loom(tmp_path / "alone", "import", sample, "--package", "wren", "--json")

    assert with_daemon.code == alone.code == 0
    assert without_home(with_daemon.json, daemon.home) == without_home(alone.json, tmp_path / "alone")
    copies = [path for root in (daemon.home, tmp_path / "alone") for path in (root / "packages/wren/uploads").iterdir()]
    ages = [path.stat().st_mtime_ns // 1_000_000 for path in (sample, *copies)]
    assert len(ages) == 3
    assert len(set(ages)) == 1


def test_importing_the_same_file_again_says_duplicate_and_succeeds(home: Path, small: Path) -> None:
    loom(home, "import", small)

    again = loom(home, "import", small, "--json")

    assert again.code == 0
    assert again.json["uploads"][0]["outcome"] == "duplicate"
    assert again.json["stages"]["commit"]["processed"] == 3


def test_until_stops_after_that_stage_and_the_next_import_goes_on(small: Path, serving: DaemonProcess) -> None:
    stopped = loom(serving.home, "import", small, "--package", "kite", "--until", "convert", "--json")
    finished = loom(serving.home, "import", small, "--package", "kite", "--json")

    assert stopped.code == 0
    assert [stage["status"] for stage in stopped.json["stages"].values()] == ["completed"] * 2 + ["pending"] * 4
    assert finished.code == 0
    assert {stage["status"] for stage in finished.json["stages"].values()} == {"completed"}


def test_files_are_told_of_in_the_order_and_the_spelling_in_which_they_were_given(tmp_path: Path, home: Path) -> None:
    (tmp_path / "b.json").write_bytes(chatgpt_export(2))
    (tmp_path / "a.json").write_bytes(chatgpt_export(3))

    done = loom(home, "import", "b.json", "./a.json", "--json", cwd=tmp_path)

    assert [upload["file"] for upload in done.json["uploads"]] == ["b.json", "./a.json"]
    assert [upload["conversations"] for upload in done.json["uploads"]] == [2, 3]


def test_a_missing_file_is_a_sentence_and_does_not_keep_the_others_out(home: Path, small: Path) -> None:
    done = loom(home, "import", "nowhere.json", small, "--json")

    assert done.code == 4
    assert "nowhere.json was not imported: No such file or directory" in done.stderr
    assert [upload["outcome"] for upload in done.json["uploads"]] == ["failed", "imported"]


def test_nothing_but_missing_files_is_a_failure(serving: DaemonProcess) -> None:
    done = loom(serving.home, "import", "nowhere.json", "--package", "made for nothing")

    assert done.code == 1
    assert "nowhere.json was not imported: there is no such file" in done.stderr
    assert "made for nothing" not in loom(serving.home, "packages").stdout


def test_a_package_without_a_name_is_no_package(small: Path, serving: DaemonProcess) -> None:
    done = loom(serving.home, "import", small, "--package", "")

    assert done.code == 2
    assert "cannot be the name of a package" in done.stderr


def test_what_is_no_chat_is_unsupported_and_a_failure(tmp_path: Path, home: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_bytes(b"Buy milk.\n")

    done = loom(home, "import", note, "--json")

    assert done.code == 1
    assert done.json["uploads"][0]["outcome"] == "unsupported"
    assert done.json["uploads"][0]["reason"]


def test_a_folder_stands_for_the_files_in_it(tmp_path: Path, home: Path) -> None:
    folder = tmp_path / "exports"
    (folder / "deep").mkdir(parents=True)
    (folder / "one.json").write_bytes(chatgpt_export(1, 1))
    (folder / "deep" / "two.json").write_bytes(chatgpt_export(1, 2))
    (folder / ".hidden.json").write_bytes(b"{}")

    done = loom(home, "import", folder, "--json")

    assert [upload["file"] for upload in done.json["uploads"]] == [
        str(folder / "deep" / "two.json"),
        str(folder / "one.json"),
    ]


def test_a_dash_reads_standard_input(sample: Path, serving: DaemonProcess) -> None:
    done = loom(serving.home, "import", "-", "--json", stdin=sample.read_text("utf-8"))

    assert done.code == 0, done.stderr
    assert done.json["uploads"][0] == {
        "file": "-",
        "outcome": "imported",
        "platform": "chatgpt",
        "conversations": 25,
        "messages": 131,
        "skipped": 0,
        "reason": None,
    }


def test_a_link_is_followed_when_a_person_names_it(tmp_path: Path, home: Path, small: Path) -> None:
    link = tmp_path / "link.json"
    link.symlink_to(small)

    assert loom(home, "import", link).code == 0


def test_everything_an_import_writes_is_private_whatever_the_umask_is(home: Path, small: Path) -> None:
    assert loom(home, "import", small).code == 0

    open_to_others = [path for path in (home, *home.rglob("*")) if stat.S_IMODE(path.lstat().st_mode) & 0o077]

    assert open_to_others == []


def test_people_are_told_in_columns_without_escape_codes(home: Path, small: Path) -> None:
    done: Ran = loom(home, "import", small)

    assert "imported" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    assert str(home / "packages" / "default") in done.stdout
