"""What the doctor looks at on the machine: file systems, lingering, how the last life of the daemon ended."""

import os
import pwd
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from daemon.app import Daemon
from daemon.finding import Finding, Severity
from daemon.service.health import health
from daemon.service.record import ServiceRecord
from packages_store.files import is_network, tighten
from packages_store.paths import HomePaths

_LINGER = Path("/var/lib/systemd/linger")


def private(paths: HomePaths) -> Iterator[Finding]:
    """Takes from other users what they may do with the home, and tells what had to be taken."""
    wanted = (paths.root, paths.packages, paths.token, paths.secrets, paths.inbox)
    packages = sorted(paths.packages.glob("*/")) if paths.packages.is_dir() else []
    # A link's mode says nothing, and where it leads belongs to the person who made it.
    tightened = [path for path in (*wanted, *packages) if path.exists() and not path.is_symlink() and tighten(path)]
    for path in tightened:
        advice = "Nothing; it was made private. Look for what changes it if this comes again."
        found = f"other users could reach {path}"
        yield Finding(severity="warning", subject="permissions", found=found, advice=advice)
    if not tightened:
        yield Finding(severity="ok", subject="permissions", found=f"{paths.root} is private")


def file_systems(daemon: Daemon) -> Iterator[Finding]:
    """What the home and the drop folder lie on."""
    disk, paths = daemon.watcher.disk, daemon.paths
    yield Finding(severity="ok", subject="file system", found=f"{paths.root} lies on {disk.file_system(paths.root)}")
    kind = disk.file_system(paths.inbox)
    if is_network(kind):
        found = f"{paths.inbox} lies on {kind}, which reports no changes: it is looked through at intervals"
        yield Finding(severity="ok", subject="file system", found=found)


async def present(daemon: Daemon) -> list[Finding]:
    """What is wrong now, of what the daemon looks at all the time; and that its clocks agree."""
    findings = []
    for check in (await health(daemon)).checks:
        severity: Severity = "ok" if check.ok else "error" if check.needed else "warning"
        # A process that only examines, and does not serve, is never ready: that is no finding.
        if check.name == "clock" or (not check.ok and check.name != "phase"):
            findings.append(Finding(severity=severity, subject=check.name, found=check.found, advice=check.advice))
    return findings


def last_life(daemon: Daemon) -> Finding:
    """How the daemon before this one ended."""
    if not daemon.starts.was_unclean:
        return Finding(severity="ok", subject="last stop", found="the daemon before this one ended in order")
    evidence = daemon.starts.evidence
    found = "the daemon before this one died" + (f": {evidence.splitlines()[0]}" if evidence else "")
    return Finding(severity="ok", subject="last stop", found=f"{found}; what it left was repaired")


@dataclass(frozen=True, slots=True)
class Linger:
    """Where systemd notes whose services run while nobody is logged in."""

    folder: Path = _LINGER

    def finding(self, record: ServiceRecord) -> Finding | None:
        """Whether the service of a user goes on after the user has logged out; None when there is no such service."""
        if "systemd-user" not in record.services:
            return None
        name = pwd.getpwuid(os.getuid()).pw_name
        if (self.folder / name).exists():
            return Finding(severity="ok", subject="linger", found="the service runs while nobody is logged in")
        found = "the service ends when you log out, and does not start with the machine"
        return Finding(severity="warning", subject="linger", found=found, advice=f"Run: loginctl enable-linger {name}")
