"""Installs the daemon as a service, and takes it away again: exactly what was changed, as `service.json` remembers."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from daemon.service.record import Installed, ServiceRecord, read_record, write_record
from daemon.service.units import NAMES, Kind, Unit, unit_text
from packages_store.errors import StoreError
from packages_store.files import Disk
from packages_store.paths import HomePaths


@dataclass(frozen=True, slots=True)
class Ran:
    """A program that has ended: its exit code, and what it wrote."""

    code: int
    output: str


Run = Callable[[Sequence[str]], Ran]
"""Runs a program of the system to its end."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Where the service goes. `user_home` is the person's home directory, `uid` who they are; `etc` is `/etc`."""

    kind: Kind
    user: str
    uid: int
    user_home: Path
    etc: Path = Path("/etc")
    linger_folder: Path = Path("/var/lib/systemd/linger")

    @property
    def unit_path(self) -> Path:
        """Where the file of the service lies."""
        name = NAMES[self.kind]
        match self.kind:
            case "systemd-user":
                return self.user_home / ".config/systemd/user" / name
            case "systemd-system":
                return self.etc / "systemd/system" / name
            case "launchd":
                return self.user_home / "Library/LaunchAgents" / f"{name}.plist"
            case "windows":
                return self.user_home / "AppData/Local/entity-loom" / f"{name}.xml"

    @property
    def lingers(self) -> bool:
        """Whether services of the user run while nobody is logged in."""
        return (self.linger_folder / self.user).exists()


class Installer:
    """Installs and uninstalls on one machine, for one home. Synchronous."""

    def __init__(self, machine: Machine, paths: HomePaths, disk: Disk, run: Run, tell: Callable[[str], None]) -> None:
        """`tell` is handed a line for each thing that is done, or would be."""
        self._machine = machine
        self._paths = paths
        self._disk = disk
        self._run = run
        self._tell = tell

    def install(self, unit: Unit, *, linger: bool, dry_run: bool) -> None:
        """Write the file, and have the service started now and with the machine. Again, it changes what is different.

        Raises StoreError when a file is in the way that is not ours, or the service manager refuses.
        """
        text = unit_text(self._machine.kind, unit)
        self._refuse_foreign(text)
        if dry_run:
            self._tell(f"would write {self._machine.unit_path}:")
            self._tell(text)
            for command in self._starting(linger=linger):
                self._tell(f"would run {' '.join(command)}")
            return
        self._write(text)
        for command in self._starting(linger=linger):
            if command[0] == "loginctl":
                self._remember(replace(self._known(), lingers=True))
            self._must(command)
        self._tell(f"installed {self._machine.unit_path}")

    def uninstall(self, *, dry_run: bool) -> bool:
        """Stop the service and take away what `install` made; False when nothing was installed.

        A file that somebody has changed since is left, and named.
        """
        known = self._record().services.get(self._machine.kind)
        if known is None:
            return False
        if dry_run:
            for what in (*(" ".join(command) for command in self._stopping(known)), *(f"rm {p}" for p in known.files)):
                self._tell(f"would run {what}")
            return True
        for command in self._stopping(known):
            self._run(command)
        for path, digest in known.files.items():
            self._take_away(Path(path), digest)
        self._forget()
        for folder in reversed(known.folders):
            with suppress(OSError):  # it is not empty any more: then it is somebody's
                Path(folder).rmdir()
        if self._machine.kind.startswith("systemd"):
            self._run([*self._systemctl, "daemon-reload"])
        return True

    # --- what is run -------------------------------------------------------------------------------------------

    @property
    def _systemctl(self) -> list[str]:
        return ["systemctl", "--user"] if self._machine.kind == "systemd-user" else ["systemctl"]

    def _starting(self, *, linger: bool) -> Iterator[list[str]]:
        name, path = NAMES[self._machine.kind], str(self._machine.unit_path)
        match self._machine.kind:
            case "launchd":
                # A service that is loaded already would be refused.
                if self._run(["launchctl", "print", self._domain(name)]).code == 0:
                    yield ["launchctl", "bootout", self._domain(name)]
                yield ["launchctl", "bootstrap", self._domain(), path]
            case "windows":
                yield ["schtasks", "/Create", "/TN", name, "/XML", path, "/F"]
                yield ["schtasks", "/Run", "/TN", name]
            case _:
                yield [*self._systemctl, "daemon-reload"]
                yield [*self._systemctl, "enable", name]
                # `restart` also starts what does not run, and takes up a file that has changed.
                yield [*self._systemctl, "restart", name]
                if linger and not self._machine.lingers:
                    yield ["loginctl", "enable-linger", self._machine.user]

    def _stopping(self, known: Installed) -> Iterator[list[str]]:
        name = NAMES[self._machine.kind]
        match self._machine.kind:
            case "launchd":
                yield ["launchctl", "bootout", self._domain(name)]
            case "windows":
                yield ["schtasks", "/End", "/TN", name]
                yield ["schtasks", "/Delete", "/TN", name, "/F"]
            case _:
                yield [*self._systemctl, "disable", "--now", name]
                if known.lingers:
                    yield ["loginctl", "disable-linger", self._machine.user]

    def status_command(self) -> list[str]:
        """What shows how the service is."""
        name = NAMES[self._machine.kind]
        match self._machine.kind:
            case "launchd":
                return ["launchctl", "print", self._domain(name)]
            case "windows":
                return ["schtasks", "/Query", "/TN", name, "/V", "/FO", "LIST"]
            case _:
                return [*self._systemctl, "--no-pager", "status", name]

    def logs_command(self, lines: int, *, follow: bool) -> list[str]:
        """What shows the log of the service."""
        if not self._machine.kind.startswith("systemd"):
            return ["tail", "-n", str(lines), *(["-F"] if follow else []), str(self._paths.root / "loom.log")]
        whose = ["--user-unit"] if self._machine.kind == "systemd-user" else ["--unit"]
        follows = ["--follow"] if follow else ["--no-pager"]
        return ["journalctl", *whose, NAMES[self._machine.kind], "--lines", str(lines), *follows]

    def _domain(self, name: str = "") -> str:
        return f"gui/{self._machine.uid}" + (f"/{name}" if name else "")

    def _must(self, command: list[str]) -> None:
        ran = self._run(command)
        if ran.code != 0:
            said = " ".join(ran.output.split())[:500]
            raise StoreError(
                f"`{' '.join(command)}` failed with {ran.code}: {said or 'it says nothing'}.",
                "`loom service uninstall` takes back what was done so far.",
            )
        self._tell(" ".join(command))

    # --- what is written ---------------------------------------------------------------------------------------

    def _refuse_foreign(self, text: str) -> None:
        path = self._machine.unit_path
        if not path.exists() or path.read_bytes() == text.encode():
            return
        known = self._record().services.get(self._machine.kind, Installed()).files.get(str(path))
        if known != _digest(path.read_bytes()):
            why = "is not from `loom service install`" if known is None else "was changed since it was installed"
            raise StoreError(f"{path} {why}.", "Move it away first; changes belong into a drop-in.")

    def _write(self, text: str) -> None:
        path = self._machine.unit_path
        known = self._known()
        made = [*_missing(self._paths.root), *_missing(path.parent)]
        folders = dict.fromkeys([*known.folders, *map(str, made)])
        self._disk.make_dir(self._paths.root)
        # Remembered before it is done: whatever happens next, uninstall knows of it.
        files = {**known.files, str(path): _digest(text.encode())}
        self._remember(replace(known, files=files, folders=tuple(folders)))
        self._disk.make_dir(path.parent)
        self._disk.replace(path, text.encode())
        if self._machine.kind == "systemd-system":
            path.chmod(0o644)

    def _take_away(self, path: Path, digest: str) -> None:
        if not path.exists():
            return
        if _digest(path.read_bytes()) != digest:
            self._tell(f"left {path}: it was changed since it was installed")
            return
        self._disk.remove(path)
        self._tell(f"removed {path}")

    def _record(self) -> ServiceRecord:
        return read_record(self._paths)

    def _known(self) -> Installed:
        return self._record().services.get(self._machine.kind, Installed())

    def _remember(self, installed: Installed) -> None:
        services = {**self._record().services, self._machine.kind: installed}
        write_record(self._paths, self._disk, ServiceRecord(services))

    def _forget(self) -> None:
        services = {kind: one for kind, one in self._record().services.items() if kind != self._machine.kind}
        write_record(self._paths, self._disk, ServiceRecord(services))


def _missing(folder: Path) -> list[Path]:
    """The folders that do not exist yet on the way to `folder`, outermost first."""
    return [path for path in [*reversed(folder.parents), folder] if not path.exists()]


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
