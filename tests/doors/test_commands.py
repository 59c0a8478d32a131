"""The other commands: what they print, how they end, and what they never say."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doors.harness import DaemonProcess, loom, until
from tests.exports import chatgpt_export


@pytest.fixture
def own(daemon: DaemonProcess) -> DaemonProcess:
    """A daemon with one finished package, `wren`, to do with as the test likes."""
    return with_package(daemon)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """The same, shared by tests that leave it as it is."""
    with DaemonProcess(tmp_path_factory.mktemp("shared") / "home") as process:
        yield with_package(process.start().wait_ready())


def with_package(daemon: DaemonProcess) -> DaemonProcess:
    """Let a daemon finish one package."""
    daemon.drop(chatgpt_export(5), "chats.json", package="wren")
    assert daemon.wait_settled("wren")["state"] == "done"
    return daemon


def test_an_option_of_the_engine_that_cannot_be_is_refused_with_what_it_may_be(home: Path) -> None:
    done = loom(home, "engine", "set", "base_url=ftp://x", "temperature=hot")

    assert done.code == 2
    assert "base_url is 'ftp://x': it must be an address such as https://api.example.com/v1" in done.stderr
    assert "temperature is 'hot': it must be a number from 0 to 2" in done.stderr


# --- looking ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_status_shows_packages_and_the_drop_folder_with_and_without_a_daemon(own: DaemonProcess) -> None:
    with_daemon = loom(own.home, "status", "--json")
    people = loom(own.home, "status")
    own.terminate()
    alone = loom(own.home, "status", "--json")

    assert with_daemon.code == people.code == alone.code == 0
    assert with_daemon.json["packages"] == alone.json["packages"]
    assert [package["name"] for package in alone.json["packages"]] == ["wren"]
    assert alone.json["drop_folder"]["state"] == "available"
    assert str(own.inbox) in people.stdout
    assert "wren" in people.stdout


def test_status_of_a_package_names_its_items(finished: DaemonProcess) -> None:
    detail = loom(finished.home, "status", "wren", "--json").json

    commit = next(stage for stage in detail["stages"] if stage["name"] == "commit")
    assert len(commit["processed_items"]) == 5
    assert commit["failed_items"] == []
    assert detail == finished.package("wren")


@pytest.mark.slow
def test_a_package_that_is_done_but_for_failures_says_so_in_the_list(own: DaemonProcess) -> None:
    own.drop(b"PK\x03\x04 no archive" * 100, "broken.zip", package="wren")
    until(lambda: any(stage["failed"] for stage in own.package("wren")["stages"]), "the broken archive to fail")
    own.wait_settled("wren")

    assert "1 failed, `loom status wren` says why" in loom(own.home, "packages").stdout


def test_an_unknown_package_is_a_failure_with_advice(finished: DaemonProcess) -> None:
    people = loom(finished.home, "status", "nobody")
    scripts = loom(finished.home, "status", "nobody", "--json")

    assert people.code == scripts.code == 1
    assert people.stderr.startswith("loom: There is no package 'nobody'.")
    assert set(scripts.json) == {"error", "advice"}
    assert scripts.json["advice"] == "`loom packages` lists those that exist."


def test_packages_lists_them(finished: DaemonProcess) -> None:
    assert [package["name"] for package in loom(finished.home, "packages", "--json").json] == ["wren"]


def test_the_doctor_finds_nothing_wrong_with_a_sound_home(finished: DaemonProcess) -> None:
    done = loom(finished.home, "doctor", "--json")

    assert [found for found in done.json if found["severity"] != "ok"] == []
    assert done.code == 0
    assert "package wren" in {found["subject"] for found in done.json}


@pytest.mark.slow
def test_the_doctor_notices_a_memory_that_was_changed_and_warns(own: DaemonProcess) -> None:
    memory = next((own.packages / "wren" / "memories" / "daily").glob("*.md"))
    memory.write_text("something else", encoding="utf-8")

    done = loom(own.home, "doctor")

    assert done.code == 4
    assert memory.name in done.stdout


def test_paths_and_settings_are_shown_without_asking_anybody(home: Path) -> None:
    paths = loom(home, "paths", "--json")
    settings = loom(home, "config", "show", "--origin", "--json", env={"LOOM_PORT": "9000"})

    assert paths.json["inbox"] == str(home / "inbox")
    assert settings.json["port"] == {"value": 9000, "origin": "environment LOOM_PORT"}
    assert settings.json["host"]["origin"] == "default"
    assert not home.exists()


def test_the_option_and_the_variable_name_the_same_home(tmp_path: Path) -> None:
    by_option = loom(tmp_path / "other", "--home", tmp_path / "named", "paths", "--json")

    assert by_option.json["home"] == str(tmp_path / "named")


def test_the_version_is_told(home: Path) -> None:
    assert loom(home, "--version").stdout.startswith("entity-loom 0.")


# --- deciding --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_package_that_stopped_is_resumed_with_and_without_a_daemon(home: Path, tmp_path: Path) -> None:
    export = tmp_path / "chats.json"
    export.write_bytes(chatgpt_export(4))
    loom(home, "import", export, "--until", "convert")

    alone = loom(home, "resume", "default", "--json")

    assert alone.code == 0
    assert alone.json["state"] == "done"

    with DaemonProcess(home) as daemon:
        daemon.start().wait_ready()
        loom(home, "import", export, "--until", "commit", "--package", "wren")
        resumed = loom(home, "resume", "wren", "--wait", "--json")
        assert resumed.json["state"] == "done"


@pytest.mark.parametrize("command", [("abort", "wren"), ("retry", "wren"), ("skip", "wren"), ("resume", "wren")])
def test_nothing_to_do_is_said_and_is_a_failure(finished: DaemonProcess, command: tuple[str, ...]) -> None:
    done = loom(finished.home, *command)

    assert done.code == 1
    assert done.stderr.startswith("loom: ")
    assert "`loom status`" in done.stderr


@pytest.mark.slow
def test_a_stage_is_left_out_and_taken_in_again(own: DaemonProcess) -> None:
    left_out = loom(own.home, "skip", "wren", "graph", "--whole-stage", "--wait", "--json")
    taken_in = loom(own.home, "start", "wren", "graph", "--wait", "--json")

    assert left_out.json["stages"][-1]["status"] == "skipped"
    assert taken_in.json["stages"][-1]["status"] == "completed"


# --- handing out -----------------------------------------------------------------------------------------------------


def test_an_export_holds_the_deliverable_and_nothing_else(finished: DaemonProcess, tmp_path: Path) -> None:
    done = loom(finished.home, "export", "wren", "--json", cwd=tmp_path)

    target = tmp_path / "wren.zip"
    assert done.json == {"package": "wren", "path": str(target), "bytes": target.stat().st_size}
    assert target.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(target) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
    assert {"chats.db", "graph.db", "manifest.json"} <= set(names)
    assert all(name in ("chats.db", "graph.db", "manifest.json") or name.startswith("memories/") for name in names)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".wren")] == []


@pytest.mark.slow
def test_an_export_is_the_same_without_a_daemon(own: DaemonProcess, tmp_path: Path) -> None:
    loom(own.home, "export", "wren", "-o", tmp_path / "with.zip")
    own.terminate()
    loom(own.home, "export", "wren", "-o", tmp_path / "alone.zip")

    with zipfile.ZipFile(tmp_path / "with.zip") as first, zipfile.ZipFile(tmp_path / "alone.zip") as second:
        assert first.namelist() == second.namelist()
        assert first.read("manifest.json") == second.read("manifest.json")


def test_an_export_replaces_a_file_only_when_told_to(finished: DaemonProcess, tmp_path: Path) -> None:
    target = tmp_path / "mine.zip"
    target.write_bytes(b"mine")

    refused = loom(finished.home, "export", "wren", "-o", target)
    kept = target.read_bytes()
    forced = loom(finished.home, "export", "wren", "-o", target, "--force")

    assert refused.code == 1
    assert "--force" in refused.stderr
    assert kept == b"mine"
    assert forced.code == 0
    assert zipfile.is_zipfile(target)


def test_exporting_an_unknown_package_leaves_no_file(finished: DaemonProcess, tmp_path: Path) -> None:
    done = loom(finished.home, "export", "nobody", cwd=tmp_path)

    assert done.code == 1
    assert not list(tmp_path.glob("*nobody*"))


def test_a_login_link_opens_the_page_once(finished: DaemonProcess) -> None:
    link = loom(finished.home, "login").stdout.strip()

    assert link.startswith(f"{finished.address}/login?once=")


def test_a_login_link_needs_a_daemon(home: Path) -> None:
    done = loom(home, "login")

    assert done.code == 1
    assert "`loom serve`" in done.stderr


# --- how commands end ------------------------------------------------------------------------------------------------


def test_an_unknown_setting_is_refused_with_the_one_that_was_meant(home: Path) -> None:
    done = loom(home, "serve", env={"LOOM_PROT": "1"})

    assert done.code == 2
    assert "LOOM_PROT" in done.stderr
    assert "Did you mean LOOM_PORT?" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("import",),
        ("import", "x.json", "--until", "lunch"),
        ("import", "x.json", "--package", "../x"),
        ("frobnicate",),
        ("scan",),
        ("skip", "wren", "--whole-stage"),
    ],
)
def test_what_is_not_understood_ends_with_2(home: Path, arguments: tuple[str, ...]) -> None:
    done = loom(home, *arguments)

    assert done.code == 2
    assert done.stderr
    assert "Traceback" not in done.stderr


def test_a_token_that_is_wrong_is_told(finished: DaemonProcess) -> None:
    done = loom(finished.home, "status", env={"LOOM_TOKEN": "w" * 43})

    assert done.code == 1
    assert "token" in done.stderr


def test_the_token_is_never_printed_logged_or_passed_as_an_argument(finished: DaemonProcess, tmp_path: Path) -> None:
    token = finished.token
    commands = [
        ("status",),
        ("status", "wren", "--json"),
        ("doctor", "--json"),
        ("config", "show", "--origin"),
        ("paths",),
        ("export", "wren", "-o", tmp_path / "x.zip"),
        ("login",),
    ]

    said = [loom(finished.home, *command) for command in commands]
    started_with = Path(f"/proc/{finished.pid}/cmdline")

    assert not started_with.exists() or token.encode() not in started_with.read_bytes()
    assert all(token not in one.stdout + one.stderr for one in said)
    assert token not in finished.output
    holders = [path for path in finished.home.rglob("*") if path.is_file() and token.encode() in path.read_bytes()]
    assert holders == [finished.home / "token"]


def test_logs_carry_no_words_of_people(finished: DaemonProcess) -> None:
    said = json.loads(chatgpt_export(5))[0]["mapping"]["n0"]["message"]["content"]["parts"][0]

    assert said not in finished.output
