"""The examination behind `loom doctor`: whether this home, this machine and every package are as they should be.

Nothing is changed here. What a finding asks for is done by a person, or by the next start.
"""

import platform
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from daemon.app import Daemon
from daemon.views import PackageView
from packages_store.errors import LoomError
from packages_store.memories import ADOPTED
from packages_store.model import ItemEnd, StageName, StageStatus
from packages_store.package import Package
from packages_store.paths import HomePaths
from stages.contract import off_loop

Severity = Literal["ok", "warning", "error"]

_LITTLE_SPACE = 1 << 30
_NO_SPACE = 64 << 20
_FEW_WATCHES = 1024
_WATCHES = Path("/proc/sys/fs/inotify/max_user_watches")
_RESTART = "Restart the daemon; if it stays, run the stage again."


class Finding(BaseModel):
    """One thing that was looked at: how it is, and what to do about it; nothing when it is `ok`."""

    model_config = ConfigDict(frozen=True)

    severity: Severity
    subject: str
    found: str
    advice: str = ""


async def examine(daemon: Daemon) -> list[Finding]:
    """Look at everything; takes as long as reading every database once. Nothing that is found is raised."""
    findings = [_holder(daemon), _versions(), _network()]
    findings += await off_loop(lambda: [*_permissions(daemon.paths), space(_free(daemon.paths)), watches()])
    findings += await off_loop(lambda: list(_parsers(daemon)))
    for line in await daemon.packages():
        findings += await _examined(daemon, line)
    return [*findings, await _repairs(daemon)]


# --- the machine -------------------------------------------------------------------------------------------------


def _holder(daemon: Daemon) -> Finding:
    where = daemon.address or "without an address"
    return Finding(severity="ok", subject="lock", found=f"held by process {daemon.owner.pid}, {where}")


def _versions() -> Finding:
    parts = f"entity-loom {version('entity-loom')}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    return Finding(severity="ok", subject="versions", found=f"{parts}, {platform.platform(terse=True)}")


def _network() -> Finding:
    return Finding(severity="ok", subject="network", found="no host is contacted: the engine is offline")


def _parsers(daemon: Daemon) -> Iterator[Finding]:
    loaded = daemon.parsers
    yield Finding(severity="ok", subject="parsers", found=f"{len(loaded.parsers)} platforms can be read")
    for problem in loaded.problems:
        advice = "Update or remove the package that brings it."
        yield Finding(severity="warning", subject="parsers", found=problem, advice=advice)


def _permissions(paths: HomePaths) -> Iterator[Finding]:
    wanted = (paths.root, paths.packages, paths.token, paths.secrets, paths.inbox)
    packages = sorted(paths.packages.glob("*/")) if paths.packages.is_dir() else []
    open_to_others = [
        path
        for path in (*wanted, *packages)
        # A link's mode says nothing, and where it leads belongs to the person who made it.
        if path.exists() and not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    for path in open_to_others:
        mode = stat.S_IMODE(path.stat().st_mode)
        advice = f"Nothing was changed; run: chmod go-rwx '{path}'"
        found = f"other users can reach {path} (mode {mode:04o})"
        yield Finding(severity="warning", subject="permissions", found=found, advice=advice)
    if not open_to_others:
        yield Finding(severity="ok", subject="permissions", found=f"{paths.root} is private")


def _free(paths: HomePaths) -> int:
    return shutil.disk_usage(paths.root).free


def space(free: int) -> Finding:
    """What `free` bytes on the disk mean."""
    severity: Severity = "error" if free < _NO_SPACE else "warning" if free < _LITTLE_SPACE else "ok"
    advice = "" if severity == "ok" else "Free some space: an import takes about three times the size of the export."
    return Finding(severity=severity, subject="disk", found=f"{free / (1 << 30):.1f} GiB free", advice=advice)


def watches(limit: Path = _WATCHES) -> Finding:
    """What the system's limit on watched folders means; `limit` is the file that holds it."""
    try:
        allowed = int(limit.read_text())
    except (OSError, ValueError):
        return Finding(severity="ok", subject="inotify", found="this system states no limit")
    few = allowed < _FEW_WATCHES
    advice = "Raise fs.inotify.max_user_watches; until then the drop folder is looked through at intervals only."
    return Finding(
        severity="warning" if few else "ok",
        subject="inotify",
        found=f"{allowed} watches allowed",
        advice=advice if few else "",
    )


async def _repairs(daemon: Daemon) -> Finding:
    repairs = await daemon.repairs()
    if not repairs:
        return Finding(severity="ok", subject="repairs", found="nothing had to be repaired so far")
    last = repairs[-1]
    found = f"{len(repairs)} so far; the last on {last.at}: {last.package}, {last.subject}: {last.done}"
    return Finding(severity="ok", subject="repairs", found=found, advice="`loom repairs` lists them.")


# --- packages ----------------------------------------------------------------------------------------------------


async def _examined(daemon: Daemon, line: PackageView) -> list[Finding]:
    subject = f"package {line.name}"
    if line.state == "unusable":
        advice = f"Look at {line.path}; nothing in it was changed, and it is left alone."
        return [Finding(severity="error", subject=subject, found=line.waits_for or "it cannot be used", advice=advice)]
    findings = [] if line.state == "running" else await off_loop(_package, daemon, line, subject)
    # Asked again: while a stage runs, and one may have begun meanwhile, files are rightly behind the ledger.
    if "running" in (line.state, (await daemon.package_line(line.name)).state):
        return [Finding(severity="ok", subject=subject, found="it is being worked on, and examined when it rests")]
    return findings or [Finding(severity="ok", subject=subject, found=f"sound; {line.state}")]


def _package(daemon: Daemon, line: PackageView, subject: str) -> list[Finding]:
    try:
        package = daemon.open_package(line.name)
        return [*_unsound(package, subject), *_untrue(package, subject), *_failed(line, subject)]
    except (LoomError, OSError) as error:
        return [Finding(severity="error", subject=subject, found=str(error), advice=_RESTART)]


def _unsound(package: Package, subject: str) -> Iterator[Finding]:
    """Databases that SQLite finds fault with."""
    for file in (package.ledger, package.chats, package.graph):
        for problem in file.problems()[:3]:
            advice = "Restart the daemon: it sets a damaged file aside and writes what it can anew."
            yield Finding(severity="error", subject=subject, found=f"{file.path.name}: {problem}", advice=advice)


def _untrue(package: Package, subject: str) -> Iterator[Finding]:
    """What the ledger says and the files do not bear out."""
    for name in package.progress.stale():
        found = f"{name} says running, and nothing is running"
        yield Finding(severity="error", subject=subject, found=found, advice=_RESTART)
    if missing := _missing_memories(package):
        found = f"{len(missing)} memory files are missing or were changed, such as {missing[0]}"
        yield Finding(severity="warning", subject=subject, found=found, advice=_RESTART)
    if missing := _missing_conversations(package):
        found = f"chats.db lacks {len(missing)} conversations that were committed, such as {missing[0]}"
        yield Finding(severity="error", subject=subject, found=found, advice=_RESTART)


def _missing_memories(package: Package) -> list[str]:
    """Memory files that the ledger promises and that do not read as it says; those of other programs are theirs."""
    missing = []
    for memory in package.memories.all():
        path = package.paths.memories / memory.kind / memory.file_name
        if not path.is_file() or (memory.origin != ADOPTED and path.read_bytes() != memory.body.encode()):
            missing.append(f"{memory.kind}/{memory.file_name}")
    return missing


def _missing_conversations(package: Package) -> list[str]:
    """Conversations that `commit` is done with and that chats.db does not have."""
    committed = set(package.progress.processed_ids(StageName.COMMIT))
    skipped = {item.id for item in package.progress.items(StageName.COMMIT, (ItemEnd.SKIPPED,), len(committed) + 1)}
    staged = {head.id for head in package.staging.heads()}
    return sorted((committed - skipped) & staged - package.chats.conversation_ids())


def _failed(line: PackageView, subject: str) -> Iterator[Finding]:
    for stage in line.stages:
        if stage.failed:
            found = f"{stage.failed} items of {stage.name} failed"
            advice = f"`loom status {line.name}` says why; `loom retry {line.name} {stage.name}` tries again."
            yield Finding(severity="warning", subject=subject, found=found, advice=advice)
        if stage.status == StageStatus.ERROR:
            found = f"{stage.name} ended in an error: {stage.reason}"
            advice = f"`loom resume {line.name}` tries again."
            yield Finding(severity="error", subject=subject, found=found, advice=advice)
