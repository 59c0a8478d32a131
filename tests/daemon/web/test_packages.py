"""The API of packages: each route does what `Daemon` does, and says what stands in the way."""

import errno
import json
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import anyio
import httpx2
import pytest

from daemon.app import Parts
from packages_store.files import Disk
from tests.daemon.web.door import Door, door, repairing_door
from tests.exports import chatgpt_export
from tests.fakes import FakeExtractor

EXPORT = chatgpt_export(2)


async def hand_in(program: httpx2.AsyncClient, name: str = "wren", content: bytes = EXPORT) -> None:
    """Make a package and upload an export into it."""
    assert (await program.post("/api/packages", json={"name": name})).status_code == 201
    answer = await program.put(f"/api/packages/{quote(name)}/uploads", params={"name": "chats.json"}, content=content)
    assert answer.status_code == 201


async def test_a_package_is_made_with_the_settings_of_the_daemon_and_those_given(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program:
        config = {"entityName": "Wren", "gapMinutes": 45}
        made = await program.post("/api/packages", json={"name": "Ünï 1", "config": config})
        assert made.status_code == 201
        assert made.json()["name"] == "Ünï 1"
        written = json.loads((tmp_path / "home/packages/Ünï 1/config.json").read_text())
        assert (written["entityName"], written["gapMinutes"], written["timeZone"]) == ("Wren", 45, "Europe/Berlin")
        listed = (await program.get("/api/packages")).json()
        assert [line["name"] for line in listed] == ["Ünï 1"]


@pytest.mark.parametrize("config", [{"timeZone": "Mars/Base"}, {"apiKey": "sk-CANARY-1234567890"}, {"gapMinutes": 0}])
async def test_settings_that_are_not_allowed_are_refused_without_repeating_them(
    tmp_path: Path, config: dict[str, object]
) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program:
        answer = await program.post("/api/packages", json={"name": "wren", "config": config})
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:entity-loom:validation")
        assert "CANARY" not in answer.text
        assert not (tmp_path / "home/packages/wren").exists()


async def test_an_import_runs_to_its_end_and_can_be_waited_for(tmp_path: Path) -> None:
    async with door(tmp_path / "home", Parts(extractor=FakeExtractor())) as opened, opened.program() as program:
        await hand_in(program)
        detail = (await program.get("/api/packages/wren", params={"wait": 60})).json()
        assert detail["state"] == "done"
        assert detail["conversations"] == 2
        assert [stage["completed"] for stage in detail["stages"]] == [True] * 6


async def test_waiting_ends_when_the_time_is_over(tmp_path: Path) -> None:
    gate = anyio.Event()
    async with (
        door(tmp_path / "home", Parts(extractor=FakeExtractor(gate=gate))) as opened,
        opened.program() as program,
    ):
        await hand_in(program)
        with anyio.fail_after(60):
            detail = (await program.get("/api/packages/wren", params={"wait": 0.05})).json()
        assert detail["state"] in ("running", "waiting")
        gate.set()


@pytest.mark.parametrize("wait", ["-1", "61", "nan", "x"])
async def test_waiting_has_a_bound(tmp_path: Path, wait: str) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program:
        assert (await program.get("/api/packages/wren", params={"wait": wait})).status_code == 422


async def test_a_stage_is_aborted_and_continued(tmp_path: Path) -> None:
    gate = anyio.Event()
    extractor = FakeExtractor(gate=gate)
    async with door(tmp_path / "home", Parts(extractor=extractor)) as opened, opened.program() as program:
        with opened.daemon.events.listen() as events:
            await hand_in(program)
            async for _number, event in events:
                if event.kind == "stage_started" and event.data()["stage"] == "significant":
                    break
        busy = await program.post("/api/packages/wren/resume")
        assert (busy.status_code, busy.json()["type"]) == (409, "urn:entity-loom:stage-busy")
        aborted = (await program.post("/api/packages/wren/abort")).json()
        assert _status(aborted, "significant") == "aborted"
        again = await program.post("/api/packages/wren/abort")
        assert (again.status_code, again.json()["type"]) == (409, "urn:entity-loom:nothing-to-do")
        too_early = await program.post("/api/packages/wren/start", json={"stage": "graph"})
        assert (too_early.status_code, too_early.json()["type"]) == (409, "urn:entity-loom:stage-not-ready")
        gate.set()
        assert (await program.post("/api/packages/wren/resume", json={"stage": "significant"})).status_code == 200
        detail = (await program.get("/api/packages/wren", params={"wait": 60})).json()
        assert _status(detail, "significant") == "completed"


async def test_what_failed_is_retried_or_left_out(tmp_path: Path) -> None:
    extractor = FakeExtractor(fail={"00000000-0000", "00000000-0001"})
    async with door(tmp_path / "home", Parts(extractor=extractor)) as opened, opened.program() as program:
        await hand_in(program)
        detail = (await program.get("/api/packages/wren", params={"wait": 60})).json()
        failures = next(stage for stage in detail["stages"] if stage["name"] == "significant")["failures"]
        assert len(failures) == 2
        extractor.fail.clear()
        retried = await program.post(
            "/api/packages/wren/retry", json={"stage": "significant", "item": failures[0]["id"]}
        )
        assert retried.status_code == 200
        detail = (await program.get("/api/packages/wren", params={"wait": 60})).json()
        assert next(stage for stage in detail["stages"] if stage["name"] == "significant")["failed"] == 1
        skipped = await program.post("/api/packages/wren/skip", json={"stage": "significant"})
        assert skipped.status_code == 200
        nothing = await program.post("/api/packages/wren/retry")
        assert (nothing.status_code, nothing.json()["type"]) == (409, "urn:entity-loom:nothing-to-do")


async def test_a_whole_stage_is_left_out_and_taken_in_again(tmp_path: Path) -> None:
    async with door(tmp_path / "home", Parts(extractor=FakeExtractor())) as opened, opened.program() as program:
        await program.post("/api/packages", json={"name": "wren"})
        left_out = await program.post("/api/packages/wren/skip", json={"stage": "graph", "whole_stage": True})
        assert _status(left_out.json(), "graph") == "skipped"
        others = await program.post("/api/packages/wren/skip", json={"stage": "daily", "whole_stage": True})
        assert others.status_code == 409
        unnamed = await program.post("/api/packages/wren/skip", json={"whole_stage": True})
        assert unnamed.status_code == 422
        taken_in = await program.post("/api/packages/wren/start", json={"stage": "graph"})
        assert _status(taken_in.json(), "graph") == "pending"


async def test_a_package_stops_after_the_stage_that_was_asked_for(tmp_path: Path) -> None:
    async with door(tmp_path / "home", Parts(extractor=FakeExtractor())) as opened, opened.program() as program:
        await program.post("/api/packages", json={"name": "wren"})
        query = {"name": "chats.json", "until": "convert"}
        await program.put("/api/packages/wren/uploads", params=query, content=EXPORT)
        detail = (await program.get("/api/packages/wren", params={"wait": 60})).json()
        assert (_status(detail, "convert"), _status(detail, "commit")) == ("completed", "pending")
        lifted = await program.put("/api/packages/wren/until", json={"stage": None})
        assert lifted.status_code == 200
        detail = (await program.get("/api/packages/wren", params={"wait": 60})).json()
        assert detail["state"] == "done"


async def test_status_and_the_rest_of_the_questions_are_answered(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program:
        await program.post("/api/packages", json={"name": "wren"})
        status = (await program.get("/api/status")).json()
        assert (status["phase"], status["packages"]) == ("ready", 1)
        assert status["drop_folder"]["path"] == str(tmp_path / "home/inbox")
        assert (await program.get("/api/repairs")).json() == []
        assert (await program.get("/api/drop-folder")).json()["files"] == []
        assert {finding["severity"] for finding in (await program.get("/api/doctor")).json()} <= {"ok", "warning"}
        assert [path for path in ("/docs", "/redoc") if (await program.get(path)).status_code != 404] == []


async def test_the_drop_folder_is_scanned_and_explained(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program:
        (tmp_path / "home/inbox/chats.json").write_bytes(EXPORT)
        before = (await program.get("/api/drop-folder/explain", params={"path": "chats.json"})).json()
        assert "not been looked at yet" in before["explanation"]
        scanned = (await program.post("/api/drop-folder/scan")).json()
        assert [(each["file"], each["package"]) for each in scanned] == [("chats.json", "default")]
        outside = (await program.get("/api/drop-folder/explain", params={"path": "/etc/passwd"})).json()
        assert "outside the drop folder" in outside["explanation"]


# --- names ---------------------------------------------------------------------------------------------------------

STRANGE = [
    "..",
    ".",
    "%2e%2e",
    "..%2f..%2fetc",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "%252e%252e%252f",
    "..%5c..%5c",
    "%00",
    "wren%00.json",
    "%2fetc%2fpasswd",
    "C%3a%5cwindows",
    "%5c%5cserver%5cshare",
    "con",
    "nul.txt",
    "a" * 65,
    "a" * 5000,
    "%ff%fe",
    "-rf",
    ".hidden",
    "wren%20",
    "wren%0a",
    "wren.",
    "%E2%80%AEnerw",
    "<script>",
    "%27%3B--",
]


@pytest.mark.parametrize("name", STRANGE)
async def test_a_name_that_could_leave_its_folder_is_not_found_and_touches_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / "outside").mkdir()
    async with door(tmp_path / "home") as opened:
        before = _tree(tmp_path)
        for path in ("", "/export", "/search?q=x"):
            assert await _status_of(opened, "GET", f"/api/packages/{name}{path}") == 404, path
        for path in ("/start", "/resume", "/abort", "/retry", "/skip"):
            assert await _status_of(opened, "POST", f"/api/packages/{name}{path}") in (404, 405, 422), path
        assert await _status_of(opened, "PUT", f"/api/packages/{name}/uploads?name=a.json") in (404, 405, 422)
        assert _tree(tmp_path) == before


@pytest.mark.parametrize("name", ["..", "../x", "/etc", "a/b", "a\\b", "a\0b", "", " ", "con", "x" * 65, ".x", "a\n"])
async def test_no_package_is_made_under_a_strange_name(tmp_path: Path, name: str) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program:
        before = _tree(tmp_path)
        answer = await program.post("/api/packages", json={"name": name})
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:entity-loom:invalid-name")
        assert _tree(tmp_path) == before


@pytest.mark.parametrize("name", ["../../x.json", "/etc/passwd", "a\0b.json", "\udcff", "x" * 300, "con"])
async def test_the_name_of_a_file_is_only_text(tmp_path: Path, name: str) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program:
        await program.post("/api/packages", json={"name": "wren"})
        before = _tree(tmp_path / "home/packages")
        target = f"/api/packages/wren/uploads?name={quote(name, errors='surrogateescape')}"
        assert await _status_of(opened, "PUT", target) in (201, 422)
        new = set(_tree(tmp_path / "home/packages")) - set(before)
        assert all(path.startswith("wren/") and "x.json" not in path for path in new)


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2f..%2fapp.py", "/static/"])
async def test_no_other_files_are_served(tmp_path: Path, path: str) -> None:
    async with door(tmp_path / "home") as opened:
        assert await _status_of(opened, "GET", path) == 404


# --- trouble -------------------------------------------------------------------------------------------------------


async def test_a_full_disk_is_told_as_such_and_nothing_is_made(
    tmp_path: Path, log: list[MutableMapping[str, Any]]
) -> None:
    def full(step: str) -> None:
        if is_full and step == "write":
            raise OSError(errno.ENOSPC, "No space left on device")

    is_full = False
    async with door(tmp_path / "home", Parts(disk=Disk(full))) as opened, opened.program() as program:
        await program.post("/api/packages", json={"name": "wren"})
        is_full = True
        answer = await program.put("/api/packages/wren/uploads", params={"name": "a.json"}, content=b"{}")
        assert (answer.status_code, answer.json()["type"]) == (507, "urn:entity-loom:disk-full")
        assert _uploads(tmp_path) == []
        assert [line["path"] for line in log if line["event"] == "request failed"] == ["/api/packages/wren/uploads"]


async def test_a_fault_of_ours_is_logged_whole_and_answered_without_a_word_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: list[MutableMapping[str, Any]]
) -> None:
    async def broken() -> None:
        raise RuntimeError("sk-CANARY-1234567890 in /home/mira")

    async with door(tmp_path / "home") as opened, opened.program() as program:
        monkeypatch.setattr(opened.daemon, "packages", broken)
        answer = await program.get("/api/packages")
        assert answer.status_code == 500
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert not [word for word in ("CANARY", "mira", "Traceback", "RuntimeError") if word in answer.text]
        (line,) = [line for line in log if line["event"] == "request failed"]
        assert "CANARY" in str(line["exc_info"])


async def test_no_answer_holds_the_token_of_the_home(tmp_path: Path) -> None:
    async with repairing_door(tmp_path / "home") as opened, opened.program() as program, opened.client() as stranger:
        for client in (program, stranger):
            for path in ("/", "/api/status", "/api/packages/nope", "/api/doctor", "/nowhere", "/fragments/shelf"):
                answer = await client.get(path)
                assert opened.daemon.token not in answer.text + str(answer.headers)


def _status(detail: dict[str, list[dict[str, str]]], name: str) -> str:
    return next(stage["status"] for stage in detail["stages"] if stage["name"] == name)


def _uploads(tmp_path: Path) -> list[str]:
    return _tree(tmp_path / "home/packages/wren/uploads")


def _tree(root: Path) -> list[str]:
    """What there is; the ledgers have files beside them that come and go."""
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if "ledger.db" not in path.name)


async def _status_of(opened: Door, method: str, target: str) -> int:
    status = (await opened.call(method, target))[0]["status"]
    assert isinstance(status, int)
    return status
