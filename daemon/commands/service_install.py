"""`loom service`: the daemon as a service of this machine."""

import getpass
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from daemon.commands.exits import Exit
from daemon.commands.output import note, say
from daemon.service.installing import Installer, Machine, Ran
from daemon.service.units import STATE_FOLDER, Kind, Unit
from daemon.settings import Settings
from packages_store.errors import StoreError
from packages_store.files import Disk

_WHY_LINGER = "Without lingering, the service ends when you log out and does not start with the machine."


def install(settings: Settings, *, system: bool, dry_run: bool, key_file: Path | None, linger: bool | None) -> Exit:
    """`loom service install`. `linger`: None asks the person, if there is one."""
    machine = _machine(system=system)
    unit = Unit(_command(), settings.home, machine.user, settings.grace_seconds, key_file and key_file.absolute())
    wants_linger = machine.kind == "systemd-user" and _wants_linger(machine, linger, dry_run=dry_run)
    _installer(machine, settings).install(unit, linger=wants_linger, dry_run=dry_run)
    if machine.kind == "systemd-system" and not dry_run:
        note(f"Its home is {STATE_FOLDER}: `sudo loom --home {STATE_FOLDER} login` opens the page.")
    return Exit.OK


def uninstall(settings: Settings, *, system: bool, dry_run: bool) -> Exit:
    """`loom service uninstall`."""
    if not _installer(_machine(system=system), settings).uninstall(dry_run=dry_run):
        say("Nothing is installed from this home.")
    return Exit.OK


def status(settings: Settings, *, system: bool) -> Exit:
    """`loom service status`: what the service manager says."""
    return _shown(_installer(_machine(system=system), settings).status_command())


def logs(settings: Settings, *, system: bool, lines: int, follow: bool) -> Exit:
    """`loom service logs`."""
    return _shown(_installer(_machine(system=system), settings).logs_command(lines, follow=follow))


def _wants_linger(machine: Machine, asked: bool | None, *, dry_run: bool) -> bool:
    if machine.lingers or asked is not None:
        return bool(asked)
    if dry_run or not sys.stdin.isatty():
        note(f"{_WHY_LINGER} `loom service install --linger` switches it on.")
        return False
    note(_WHY_LINGER)
    return input("Switch it on? [y/N] ").strip().lower() in ("y", "yes")


def _machine(*, system: bool, platform: str = sys.platform) -> Machine:
    uid = os.getuid() if hasattr(os, "getuid") else 0
    kinds: dict[str, Kind] = {"darwin": "launchd", "win32": "windows"}
    kind: Kind = kinds.get(platform, "systemd-system" if system else "systemd-user")
    if system and platform in kinds:
        raise StoreError("Only systemd has a system service here.", "Leave out --system.")
    return Machine(kind, getpass.getuser(), uid, Path.home())


def _installer(machine: Machine, settings: Settings) -> Installer:
    return Installer(machine, settings.paths, Disk(), _run, note)


def _command() -> Path:
    """The installed command: the one beside the interpreter that runs us, or the first in the PATH."""
    beside = Path(sys.executable).with_name("loom")
    found = str(beside) if beside.exists() else shutil.which("loom")
    if found is None:
        raise StoreError("The command `loom` is not installed.", "Install the package, for example with pipx.")
    return Path(found).absolute()


def _run(command: Sequence[str]) -> Ran:
    try:
        # The names of the programs are ours; nothing in them comes from elsewhere.
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    except FileNotFoundError:
        return Ran(127, f"{command[0]} is not on this machine")
    return Ran(done.returncode, done.stdout + done.stderr)


def _shown(command: Sequence[str]) -> Exit:
    """Let a program of the system speak for itself."""
    try:
        done = subprocess.run(command, check=False)  # noqa: S603
    except FileNotFoundError as error:
        raise StoreError(
            f"{command[0]} is not on this machine.", "Look into the log of `loom serve` instead."
        ) from error
    return Exit.OK if done.returncode == 0 else Exit.FAILURE
