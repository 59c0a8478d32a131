"""What service managers are given: read by their own tools and parsers, tight where it should be."""

import os
import plistlib
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from daemon.service.units import Kind, Unit, unit_text

ODD = "with space & 100% \"quoted\" 'ü'"
ANALYZE = shutil.which("systemd-analyze")


@pytest.fixture
def command(tmp_path: Path) -> Path:
    """An installed command whose path is as awkward as systemd lets it be: it refuses quotes in a command."""
    folder = tmp_path / "with space & 100% ü"
    folder.mkdir()
    path = folder / "loom"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def unit(command: Path, key_file: Path | None = None) -> Unit:
    return Unit(command, Path("/home/mira") / ODD, "mira", 20.0, key_file)


def analyzed(text: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What systemd-analyze says of a unit."""
    if ANALYZE is None:
        pytest.skip("systemd-analyze is not on this machine")
    path = folder / "entity-loom.service"
    path.write_text(text)
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(folder)}
    command = [ANALYZE, *arguments, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@pytest.mark.parametrize("key_file", [None, Path("/etc/entity loom/key")])
@pytest.mark.parametrize("kind", ["systemd-user", "systemd-system"])
def test_systemd_finds_nothing_wrong_with_its_units(
    tmp_path: Path, command: Path, kind: Kind, key_file: Path | None
) -> None:
    arguments = ["verify", "--man=no", *(["--user"] if kind == "systemd-user" else [])]

    verified = analyzed(unit_text(kind, unit(command, key_file)), tmp_path, *arguments)

    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")


def test_the_system_unit_exposes_little(tmp_path: Path, command: Path) -> None:
    text = unit_text("systemd-system", unit(command, Path("/etc/entity-loom/llm-key")))

    judged = analyzed(text, tmp_path, "security", "--offline=true", "--threshold=20")

    assert judged.returncode == 0, judged.stdout
    exposure = re.search(r"exposure level for entity-loom.service: ([0-9.]+)", judged.stdout)
    assert exposure is not None
    assert float(exposure[1]) <= 2.0


@pytest.mark.parametrize("kind", ["systemd-user", "systemd-system"])
def test_systemd_units_notify_are_watched_and_do_not_restart_for_ever(command: Path, kind: Kind) -> None:
    text = unit_text(kind, unit(command, Path("/etc/entity-loom/llm-key")))

    for line in (
        "Type=notify",
        "WatchdogSec=60",
        "StartLimitBurst=5",
        "StartLimitIntervalSec=600",
        "ExecReload=/bin/kill -HUP $MAINPID",
        "TimeoutStopSec=35",
        "LoadCredential=llm-key:/etc/entity-loom/llm-key",
        "Environment=LOOM_LLM_KEY_FILE=%d/llm-key",
    ):
        assert line in text.splitlines()


def test_a_percent_sign_in_a_path_stays_one_for_systemd(command: Path) -> None:
    text = unit_text("systemd-user", unit(command))

    assert 'Environment="LOOM_HOME=/home/mira/with space & 100%% \\"quoted\\"' in text


def test_the_launch_agent_is_a_property_list_with_the_right_values(command: Path) -> None:
    agent = plistlib.loads(unit_text("launchd", unit(command)).encode())

    assert agent["ProgramArguments"] == [str(command), "serve"]
    assert agent["EnvironmentVariables"]["LOOM_HOME"] == str(Path("/home/mira") / ODD)
    assert agent["KeepAlive"] == {"SuccessfulExit": False}
    assert agent["RunAtLoad"] is True
    assert agent["Umask"] == 0o077


def test_the_windows_task_is_valid_xml_with_the_right_values(command: Path) -> None:
    spaces = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}

    task = ET.fromstring(unit_text("windows", unit(command)))  # noqa: S314 - we wrote it ourselves

    def text(path: str) -> str | None:
        return task.findtext(path, namespaces=spaces)

    assert text("t:Actions/t:Exec/t:Command") == str(command)
    assert text("t:Triggers/t:LogonTrigger/t:UserId") == "mira"
    assert text("t:Principals/t:Principal/t:RunLevel") == "LeastPrivilege"
    assert text("t:Settings/t:ExecutionTimeLimit") == "PT0S"
    assert text("t:RegistrationInfo/t:URI") == "\\entity-loom"
