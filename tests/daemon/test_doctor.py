"""The examination: a sound home is told to be sound, and each thing that is wrong is named with what to do."""

from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from daemon.app import Parts, open_daemon
from daemon.doctor import examine, space, watches
from daemon.finding import Finding
from packages_store.model import StageName
from stages.parsers.contract import Parsers
from tests.builders import OWNER, shelf_in
from tests.daemons import settings_for, working_daemon
from tests.exports import chatgpt_export
from tests.fakes import FakeExtractor


async def finished_home(home: Path) -> None:
    """A home with one finished package, `wren`, and no daemon."""
    export = home.parent / "chats.json"
    export.write_bytes(chatgpt_export(4))
    async with working_daemon(home) as daemon:
        await daemon.hand_in("wren", export, "chats.json")
        assert (await daemon.settled("wren")).state == "done"


async def findings_of(home: Path, meanwhile: Callable[[], object] = lambda: None) -> list[Finding]:
    """What the doctor says of a home that was opened and repaired, after `meanwhile` happened to it."""
    async with open_daemon(settings_for(home)) as daemon:
        await daemon.repair_all()
        # Whoever meets a package first mends what lies in it; what happens afterwards is for the doctor to find.
        await daemon.packages()
        meanwhile()
        return await examine(daemon)


def begin_graph(home: Path) -> None:
    """Leave the graph stage of `wren` as a process does that dies."""
    with closing(shelf_in(home)) as shelf:
        shelf.get("wren").progress.begin(StageName.GRAPH, OWNER)


def about(findings: list[Finding], subject: str) -> list[Finding]:
    """What was found of one subject and is not as it should be."""
    return [finding for finding in findings if finding.subject == subject and finding.severity != "ok"]


async def test_a_sound_home_is_sound(tmp_path: Path) -> None:
    await finished_home(tmp_path / "home")

    findings = await findings_of(tmp_path / "home")

    assert about(findings, "package wren") == []
    assert {"lock", "versions", "network", "permissions", "disk", "inotify", "repairs"} <= {
        finding.subject for finding in findings
    }
    assert all(finding.advice for finding in findings if finding.severity != "ok")


async def test_a_memory_file_that_is_gone_is_missed(tmp_path: Path) -> None:
    await finished_home(tmp_path / "home")
    gone = next((tmp_path / "home" / "packages" / "wren" / "memories").rglob("*.md"))

    (finding,) = about(await findings_of(tmp_path / "home", gone.unlink), "package wren")

    assert finding.severity == "warning"
    assert gone.name in finding.found


async def test_a_conversation_that_chats_db_lost_is_missed(tmp_path: Path) -> None:
    await finished_home(tmp_path / "home")
    chats = tmp_path / "home" / "packages" / "wren" / "chats.db"

    (finding,) = about(await findings_of(tmp_path / "home", chats.unlink), "package wren")

    assert finding.severity == "error"
    assert "4 conversations" in finding.found


async def test_a_damaged_graph_is_found(tmp_path: Path) -> None:
    await finished_home(tmp_path / "home")
    graph = tmp_path / "home" / "packages" / "wren" / "graph.db"

    findings = about(await findings_of(tmp_path / "home", partial(graph.write_bytes, b"no database")), "package wren")

    assert [finding.severity for finding in findings] == ["error"]
    assert "graph.db" in findings[0].found


async def test_a_package_of_a_newer_version_is_named_and_the_others_are_examined(tmp_path: Path) -> None:
    home = tmp_path / "home"
    await finished_home(home)
    (home / "packages" / "strange").mkdir()
    (home / "packages" / "strange" / "ledger.db").mkdir()

    findings = await findings_of(home)

    assert about(findings, "package strange")
    assert about(findings, "package wren") == []


async def test_a_stage_that_says_running_and_does_not_run_is_told(tmp_path: Path) -> None:
    home = tmp_path / "home"
    await finished_home(home)

    findings = about(await findings_of(home, partial(begin_graph, home)), "package wren")

    assert [finding.severity for finding in findings] == ["error"]
    assert "graph says running" in findings[0].found


async def test_what_others_can_reach_is_made_private_and_said(tmp_path: Path) -> None:
    home = tmp_path / "home"
    await finished_home(home)
    package = home / "packages" / "wren"
    package.chmod(0o755)

    (finding,) = about(await findings_of(home), "permissions")

    assert str(package) in finding.found
    assert package.stat().st_mode & 0o777 == 0o700


async def test_what_failed_is_named_with_the_command_that_tries_again(tmp_path: Path) -> None:
    export = tmp_path / "chats.json"
    export.write_bytes(chatgpt_export(2))
    failing = Parts(extractor=FakeExtractor(fail={"00000000-0001"}))
    async with working_daemon(tmp_path / "home", failing) as daemon:
        await daemon.hand_in("wren", export, "chats.json")
        await daemon.settled("wren")

        findings = about(await examine(daemon), "package wren")

    assert [finding.severity for finding in findings] == ["warning"]
    assert "loom retry wren significant" in findings[0].advice


async def test_repairs_are_counted(tmp_path: Path) -> None:
    home = tmp_path / "home"
    await finished_home(home)
    begin_graph(home)

    findings = await findings_of(home)

    (repairs,) = [finding for finding in findings if finding.subject == "repairs"]
    assert repairs.found.startswith("1 so far")
    assert "wren, graph" in repairs.found


@pytest.mark.parametrize(("free", "severity"), [(50 << 30, "ok"), (500 << 20, "warning"), (1 << 20, "error")])
def test_a_full_disk_is_told_before_it_is_full(free: int, severity: str) -> None:
    assert space(free).severity == severity


def test_a_system_that_watches_few_folders_is_told(tmp_path: Path) -> None:
    limit = tmp_path / "max_user_watches"
    assert watches(limit).severity == "ok"

    limit.write_text("128\n", encoding="ascii")
    assert watches(limit).severity == "warning"

    limit.write_text("65536\n", encoding="ascii")
    assert watches(limit).severity == "ok"


async def test_a_parser_of_another_package_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    async with open_daemon(settings_for(tmp_path / "home")) as daemon:
        daemon.parsers = Parsers((), ("The parser 'wren' of wren-parsers 1.0 is left out: it is no parser.",))
        findings = await examine(daemon)

    told = [(one.severity, one.found) for one in findings if one.subject == "parsers"]
    assert told == [
        ("ok", "0 platforms can be read"),
        ("warning", "The parser 'wren' of wren-parsers 1.0 is left out: it is no parser."),
    ]
