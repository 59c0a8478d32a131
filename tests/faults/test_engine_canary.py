"""The canary (R-66): a key is entered, everything is run, the provider repeats it, and it lies in its own file only."""

from pathlib import Path

import pytest

from tests.diaries import diary_export
from tests.doors.harness import DaemonProcess, loom, running
from tests.provider.harness import FakeProvider
from tests.provider.remembering import REMEMBERS
from tests.provider.script import Act, Rule, Script

KEY = "sk-CANARY0123456789abcdefNARY"
PIECES = (KEY.encode(), KEY[3:].encode(), KEY.encode("utf-16-le"))


def holders(folder: Path) -> list[str]:
    """The files below `folder` in which the key stands, as a whole or without its beginning."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return [str(path.relative_to(folder)) for path in files if any(one in path.read_bytes() for one in PIECES)]


def command_lines() -> bytes:
    """The command lines of all processes of this machine."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes())
        except OSError:
            continue
    return b"\n".join(lines)


def answers(daemon: DaemonProcess) -> list[bytes]:
    """What HTTP tells of everything that knows of the engine."""
    paths = (
        "/api/engine",
        "/api/packages/wren",
        "/api/packages/wren/export",
        "/api/status",
        "/api/doctor",
        "/api/repairs",
    )
    return [daemon.ask("GET", path).body for path in paths] + [daemon.ask("POST", "/api/engine/test").body]


@pytest.mark.slow
def test_the_key_stands_in_its_own_file_and_nowhere_else(tmp_path: Path) -> None:
    home = tmp_path / "home"
    echoes = Act(status=400, echo_key=True)
    with FakeProvider() as provider:
        provider.play(Script(content=REMEMBERS, rules=(Rule(act=echoes, every=3),)))
        ran = [
            loom(home, "engine", "set", f"base_url={provider.base_url}", "model=muse-1"),
            loom(home, "engine", "key", stdin=f"{KEY}\n"),
            loom(home, "engine", "test"),
            loom(home, "engine", "show", "--json"),
        ]
        with running(home, {"LOOM_LOG__LEVEL": "debug"}) as daemon:
            daemon.drop(diary_export(6), "chats.json", "wren")
            daemon.wait_settled("wren")
            provider.play(Script(rules=(Rule(act=Act(status=401, echo_key=True)),)))
            daemon.drop(diary_export(3, seed=1), "more.json", "wren")
            stopped = daemon.wait_settled("wren", uploads=2)
            told = [*answers(daemon), command_lines()]
            ran += [loom(home, "engine", "show"), loom(home, "engine", "test"), loom(home, "status", "wren")]
            lines = daemon.output
        shown = {one.authorization for one in provider.asked}

    assert shown == {f"Bearer {KEY}"}
    assert "refuses the key" in str(stopped["waits_for"])
    assert holders(tmp_path) == ["home/secrets/engine.json"]
    assert not any(piece in answer for piece in PIECES for answer in told)
    assert KEY[3:] not in lines
    assert not any(KEY[3:] in text for one in ran for text in (one.stdout, one.stderr))
