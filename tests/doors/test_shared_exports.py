"""The shared collection of exports, where it is at hand, through the doors that people use."""

import json
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.doors.harness import DaemonProcess, loom, until

FIXTURES = Path(__file__).parents[3] / "shared" / "fixtures"
LIST = FIXTURES / "EXPECTED.json"
EXPECTED: dict[str, dict[str, Any]] = json.loads(LIST.read_bytes()) if LIST.exists() else {}
COUNTED = {name: told for name, told in EXPECTED.items() if not {"conversations", "messages"}.isdisjoint(told)}
WAITING = {"LOOM_PAUSE_BEFORE_COMMIT": "true", "LOOM_SLOTS": "8"}

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not LIST.exists(), reason="the shared fixtures are not here")]


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """A daemon that stops after convert, into whose drop folder every file was put as it is, and inside a ZIP."""
    with DaemonProcess(tmp_path_factory.mktemp("exports") / "home", WAITING) as daemon:
        daemon.start().wait_ready()
        for number, name in enumerate(COUNTED):
            data = (FIXTURES / name).read_bytes()
            daemon.drop(data, Path(name).name, package=f"file-{number}")
            daemon.drop(_zipped(data, Path(name).name, daemon.home.parent), "export.zip", package=f"zip-{number}")
        yield daemon


def _zipped(data: bytes, name: str, folder: Path) -> bytes:
    path = folder / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"export/{name}", data)
    return path.read_bytes()


def upload_of(daemon: DaemonProcess, package: str) -> dict[str, Any]:
    """What became of the one file of a package."""

    def settled() -> Any:
        answer = daemon.ask("GET", f"/api/packages/{package}")
        uploads = answer.json["uploads"] if answer.status == 200 else []
        return uploads[0] if uploads and uploads[0]["outcome"] not in ("received", "waiting") else None

    found: dict[str, Any] = until(settled, f"the file of {package}")
    return found


def counts(daemon: DaemonProcess, package: str) -> dict[str, int]:
    """What is staged of a package, in the words of EXPECTED.json."""
    with closing(sqlite3.connect(f"file:{daemon.packages / package}/ledger.db?mode=ro", uri=True)) as ledger:
        roles: dict[str, int] = dict(ledger.execute("SELECT role, count(*) FROM messages GROUP BY role").fetchall())
        (conversations,) = ledger.execute("SELECT count(*) FROM conversations").fetchone()
    user, assistant = roles.get("user", 0), roles.get("assistant", 0)
    return {"conversations": conversations, "messages": user + assistant, "user": user, "assistant": assistant}


@pytest.mark.parametrize("form", ["file", "zip"])
def test_the_drop_folder_finds_in_every_file_what_it_is_known_to_hold(door: DaemonProcess, form: str) -> None:
    wrong = {}
    for number, (name, expected) in enumerate(COUNTED.items()):
        upload = upload_of(door, f"{form}-{number}")
        found = counts(door, f"{form}-{number}")
        wanted = {what: expected.get(what, count) for what, count in found.items()}
        if found["conversations"]:
            wanted |= {"outcome": "imported", "platform": expected["platform"], "told": found["messages"]}
        else:
            wanted |= {"outcome": upload["outcome"], "platform": upload["platform"], "told": 0}
            assert upload["outcome"] in ("unsupported", "failed"), name
            assert upload["reason"], name
        told = {"outcome": upload["outcome"], "platform": upload["platform"], "told": upload["messages"]}
        if {**found, **told} != wanted:
            wrong[name] = {**found, **told}, wanted

    assert wrong == {}


@pytest.mark.parametrize("form", ["file", "zip"])
def test_the_command_line_tells_the_same_of_all_of_them_at_once(door: DaemonProcess, tmp_path: Path, form: str) -> None:
    paths = {name: FIXTURES / name for name in COUNTED}
    if form == "zip":
        for number, (name, path) in enumerate(paths.items()):
            paths[name] = tmp_path / f"{number}.zip"
            paths[name].write_bytes(_zipped(path.read_bytes(), path.name, tmp_path))

    account = loom(
        door.home, "import", *paths.values(), "--package", f"all-{form}", "--until", "convert", "--json"
    ).json

    told = {upload["file"]: upload for upload in account["uploads"]}
    for name, expected in COUNTED.items():
        upload = told[str(paths[name])]
        assert upload["conversations"] == expected.get("conversations", upload["conversations"]), name
        messages = expected.get("messages") or sum(expected.get(role, 0) for role in ("user", "assistant"))
        assert upload["messages"] == (messages or upload["messages"]), name
        assert upload["platform"] == expected["platform"] or not upload["conversations"], name
