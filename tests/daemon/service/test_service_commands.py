"""`loom service`, `loom resume --all` and `loom support-bundle`, as they are typed; the service manager is a script."""

import os
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.doors.harness import Ran, loom

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the scripts stand for systemd")


@dataclass
class Person:
    """Somebody with a home directory of their own, and programs that only write down how they were called."""

    folder: Path

    @property
    def home(self) -> Path:
        return self.folder / "loom"

    @property
    def unit(self) -> Path:
        return self.folder / ".config/systemd/user/entity-loom.service"

    def types(self, *arguments: str) -> Ran:
        """Run `loom` with these arguments."""
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        return loom(self.home, *arguments, env={"HOME": str(self.folder), "PATH": path}, cwd=self.folder)

    def called(self) -> list[str]:
        """How the programs of the system were called so far."""
        log = self.folder / "calls"
        return log.read_text().splitlines() if log.exists() else []


@pytest.fixture
def person(tmp_path: Path) -> Person:
    (tmp_path / "bin").mkdir()
    for name in ("systemctl", "loginctl", "journalctl"):
        script = tmp_path / "bin" / name
        script.write_text(f'#!/bin/sh\necho "{name} $*" | tee -a "{tmp_path}/calls"\n')
        script.chmod(0o755)
    return Person(tmp_path)


def test_a_service_is_installed_looked_at_and_taken_away(person: Person) -> None:
    dry = person.types("service", "install", "--dry-run")
    assert dry.code == 0
    assert "would run systemctl --user restart entity-loom.service" in dry.stderr
    assert "--linger" in dry.stderr
    assert (person.called(), person.unit.exists(), person.home.exists()) == ([], False, False)

    installed = person.types("service", "install", "--linger", "--llm-key", "key")
    assert installed.code == 0, installed.stderr
    text = person.unit.read_text()
    assert f'Environment="LOOM_HOME={person.home}"' in text
    assert f"LoadCredential=llm-key:{person.folder / 'key'}" in text
    assert person.called()[-2].endswith("restart entity-loom.service")
    assert person.called()[-1].startswith("loginctl enable-linger ")

    status = person.types("service", "status")
    logs = person.types("service", "logs", "-n", "7")
    assert "systemctl --user --no-pager status entity-loom.service" in status.stdout
    assert "journalctl --user-unit entity-loom.service --lines 7 --no-pager" in logs.stdout

    assert person.types("service", "uninstall").code == 0
    assert (person.unit.exists(), person.home.exists()) == (False, False)
    again = person.types("service", "uninstall")
    assert (again.code, again.stdout) == (0, "Nothing is installed from this home.\n")


def test_a_support_bundle_is_written_once_and_only_figures_are_in_it(person: Person) -> None:
    made = person.types("support-bundle")
    refused = person.types("support-bundle")

    assert made.code == 0, made.stderr
    with zipfile.ZipFile(person.folder / "loom-support.zip") as archive:
        assert set(archive.namelist()) == {
            "settings.json",
            "packages.json",
            "findings.json",
            "repairs.json",
            "log.json",
        }
        assert str(person.folder) not in "".join(archive.read(name).decode() for name in archive.namelist())
    assert refused.code == 2
    assert "--force" in refused.stderr


def test_continuing_needs_a_package_or_all_of_them(person: Person) -> None:
    nobody = person.types("resume")
    every = person.types("resume", "--all", "--json")

    assert nobody.code == 2
    assert every.json == {"left_safe_mode": False, "packages": []}
