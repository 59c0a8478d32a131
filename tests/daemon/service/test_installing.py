"""Installing: once or twice, undone entirely, and nothing touched that is somebody else's."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from daemon.service.installing import Installer, Machine, Ran
from daemon.service.record import read_record
from daemon.service.units import Kind, Unit
from packages_store.errors import StoreError
from packages_store.files import Disk
from packages_store.paths import HomePaths

KINDS: tuple[Kind, ...] = ("systemd-user", "systemd-system", "launchd", "windows")


@dataclass
class FakeManager:
    """A service manager that does what it is told, and remembers it."""

    root: Path
    commands: list[str] = field(default_factory=list)
    refuses: str = "nothing"

    def run(self, command: Sequence[str]) -> Ran:
        self.commands.append(" ".join(command))
        if self.refuses in command:
            return Ran(1, "Access denied\n")
        if "enable-linger" in command:
            (self.root / "linger" / command[-1]).touch()
        if "disable-linger" in command:
            (self.root / "linger" / command[-1]).unlink()
        return Ran(0, "")


@dataclass
class World:
    """A machine with a person on it."""

    root: Path
    manager: FakeManager
    told: list[str] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.root / "mira/.local/share/entity-loom"

    def installer(self, kind: Kind = "systemd-user") -> Installer:
        machine = Machine(kind, "mira", 1000, self.root / "mira", self.root / "etc", self.root / "linger")
        return Installer(machine, HomePaths(self.home), Disk(), self.manager.run, self.told.append)

    def unit(self) -> Unit:
        return Unit(Path("/usr/bin/loom"), self.home, "mira", 20.0)

    def install(self, kind: Kind = "systemd-user", *, linger: bool = False, dry_run: bool = False) -> None:
        self.installer(kind).install(self.unit(), linger=linger, dry_run=dry_run)

    def files(self) -> dict[str, bytes | None]:
        """Everything there is, folders as None."""
        found = sorted(self.root.rglob("*"))
        return {str(path): path.read_bytes() if path.is_file() else None for path in found}


@pytest.fixture
def world(tmp_path: Path) -> World:
    for name in ("mira", "etc", "linger"):
        (tmp_path / name).mkdir()
    return World(tmp_path, FakeManager(tmp_path))


@pytest.mark.parametrize("kind", KINDS)
def test_install_install_again_and_uninstall_leave_everything_as_it_was(world: World, kind: Kind) -> None:
    before = world.files()
    world.install(kind, linger=True)
    once = world.files()
    world.install(kind, linger=True)
    assert world.files() == once
    assert once != before

    assert world.installer(kind).uninstall(dry_run=False)

    assert world.files() == before
    assert not world.installer(kind).uninstall(dry_run=False)


@pytest.mark.parametrize("kind", KINDS)
def test_a_dry_run_says_what_it_would_do_and_does_nothing(world: World, kind: Kind) -> None:
    before = world.files()

    world.install(kind, linger=True, dry_run=True)

    assert world.files() == before
    assert not [command for command in world.manager.commands if "print" not in command]
    assert any("/usr/bin/loom" in line for line in world.told)
    assert any(line.startswith("would run ") for line in world.told)


def test_the_service_is_started_and_comes_with_the_machine(world: World) -> None:
    world.install(linger=True)

    assert world.manager.commands == [
        "systemctl --user daemon-reload",
        "systemctl --user enable entity-loom.service",
        "systemctl --user restart entity-loom.service",
        "loginctl enable-linger mira",
    ]


def test_lingering_that_was_on_before_stays_on(world: World) -> None:
    (world.root / "linger/mira").touch()
    world.install(linger=True)

    world.installer().uninstall(dry_run=False)

    assert (world.root / "linger/mira").exists()
    assert not any("linger" in command for command in world.manager.commands)


def test_a_unit_of_somebody_else_is_left_alone(world: World) -> None:
    path = world.root / "mira/.config/systemd/user/entity-loom.service"
    path.parent.mkdir(parents=True)
    path.write_text("[Service]\nExecStart=/bin/true\n")

    with pytest.raises(StoreError, match="is not from `loom service install`"):
        world.install()

    assert path.read_text().endswith("/bin/true\n")
    assert world.manager.commands == []


def test_a_unit_that_was_changed_since_is_neither_overwritten_nor_removed(world: World) -> None:
    world.install()
    path = world.root / "mira/.config/systemd/user/entity-loom.service"
    path.write_text("# mine now\n")

    with pytest.raises(StoreError, match="was changed since"):
        world.install()
    world.installer().uninstall(dry_run=False)

    assert path.read_text() == "# mine now\n"
    assert any(line.startswith(f"left {path}") for line in world.told)


def test_when_the_manager_refuses_it_is_said_and_can_be_taken_back(world: World) -> None:
    before = world.files()
    world.manager.refuses = "enable"

    with pytest.raises(StoreError, match="Access denied"):
        world.install()
    assert "systemd-user" in read_record(HomePaths(world.home)).services
    world.manager.refuses = "nothing"
    world.installer().uninstall(dry_run=False)

    assert world.files() == before


def test_what_the_home_held_before_stays(world: World) -> None:
    (world.home / "packages").mkdir(parents=True)
    before = world.files()

    world.install()
    world.installer().uninstall(dry_run=False)

    assert world.files() == before


def test_user_and_system_service_are_told_apart(world: World) -> None:
    world.install("systemd-user")
    world.install("systemd-system")

    world.installer("systemd-user").uninstall(dry_run=False)

    assert set(read_record(HomePaths(world.home)).services) == {"systemd-system"}
    assert (world.root / "etc/systemd/system/entity-loom.service").exists()


def test_a_record_that_cannot_be_read_is_told(world: World) -> None:
    world.home.mkdir(parents=True)
    (world.home / "service.json").write_text("[]")

    with pytest.raises(StoreError, match=r"service.json cannot be read"):
        world.install()
