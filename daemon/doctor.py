"""The examination behind `loom doctor`: whether this home, this machine and every package are as they should be.

Nothing is changed here but what other users could reach: that is made private, and said. What else a finding asks for
is done by a person, or by the next start.
"""

import platform
import sqlite3
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from daemon.app import Daemon
from daemon.finding import Finding, Severity
from daemon.service.machine import Linger, file_systems, last_life, present, private
from daemon.service.record import read_record
from daemon.views import PackageView
from packages_store.errors import LoomError, StoreError
from packages_store.memories import ADOPTED
from packages_store.model import ItemEnd, StageName, StageStatus
from packages_store.package import Package
from stages.contract import off_loop

_LITTLE_SPACE = 1 << 30
_NO_SPACE = 64 << 20
_FEW_WATCHES = 1024
_LARGE = 64 << 20
"""Bytes of a database that is read through only when somebody asks for it."""
_WATCHES = Path("/proc/sys/fs/inotify/max_user_watches")
_RESTART = "Restart the daemon; if it stays, run the stage again."


async def examine(daemon: Daemon, *, thorough: bool = True) -> list[Finding]:
    """Look at everything; takes as long as reading every database once. Nothing that is found is raised.

    Unless it is to be `thorough`, large databases are left out, and nobody is asked over the network.
    """
    findings = [_holder(daemon), _versions(), last_life(daemon)]
    findings += await off_loop(lambda: [*private(daemon.paths), *file_systems(daemon), *_room(daemon), watches()])
    findings += await present(daemon)
    findings += await off_loop(lambda: [*_linger(daemon), *_parsers(daemon)])
    if thorough:
        findings.append(await _network(daemon))
    limit = sys.maxsize if thorough else _LARGE
    for line in await daemon.packages():
        findings += await _examined(daemon, line, limit)
    return [*findings, await _repairs(daemon)]


# --- the machine -------------------------------------------------------------------------------------------------


def _holder(daemon: Daemon) -> Finding:
    where = daemon.address or "without an address"
    return Finding(severity="ok", subject="lock", found=f"held by process {daemon.owner.pid}, {where}")


def _versions() -> Finding:
    parts = f"entity-loom {version('entity-loom')}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    return Finding(severity="ok", subject="versions", found=f"{parts}, {platform.platform(terse=True)}")


async def _network(daemon: Daemon) -> Finding:
    engine = await daemon.engine.describe()
    if not engine.is_set:
        return Finding(severity="ok", subject="network", found="no host is contacted: the engine is offline")
    if engine.problem is not None:
        return Finding(severity="error", subject="engine", found=engine.problem, advice="`loom engine show` says more.")
    told = await daemon.engine.test()
    found = f"the only host that is contacted is {engine.origin}: {told.sentence}"
    advice = "" if told.works else "Imports wait until it works; `loom engine set` chooses another one."
    return Finding(severity="ok" if told.works else "error", subject="engine", found=found, advice=advice)


def _parsers(daemon: Daemon) -> Iterator[Finding]:
    loaded = daemon.parsers
    yield Finding(severity="ok", subject="parsers", found=f"{len(loaded.parsers)} platforms can be read")
    for problem in loaded.problems:
        advice = "Update or remove the package that brings it."
        yield Finding(severity="warning", subject="parsers", found=problem, advice=advice)


def _room(daemon: Daemon) -> Iterator[Finding]:
    try:
        yield space(daemon.watcher.disk.free_bytes(daemon.paths.root))
    except OSError as error:
        advice = "Look whether the disk is still there."
        yield Finding(severity="error", subject="disk", found=f"it cannot be asked: {error.strerror}", advice=advice)


def _linger(daemon: Daemon) -> Iterator[Finding]:
    try:
        finding = Linger().finding(read_record(daemon.paths))
    except StoreError as error:
        finding = Finding(severity="warning", subject="linger", found=str(error.args[0]), advice=error.advice)
    if finding is not None:
        yield finding


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


async def _examined(daemon: Daemon, line: PackageView, limit: int) -> list[Finding]:
    subject = f"package {line.name}"
    if line.state == "unusable":
        advice = f"Look at {line.path}; nothing in it was changed, and it is left alone."
        return [Finding(severity="error", subject=subject, found=line.waits_for or "it cannot be used", advice=advice)]
    if line.state != "running" and daemon.trouble_of(line.name) is not None:
        # What its files say is as old as the trouble.
        advice = "Mend what is in the way; it goes on by itself."
        return [Finding(severity="error", subject=subject, found=f"it waits for {line.waits_for}", advice=advice)]
    findings = [] if line.state == "running" else await off_loop(_package, daemon, line, subject, limit)
    # Asked again: while a stage runs, and one may have begun meanwhile, files are rightly behind the ledger.
    if "running" in (line.state, (await daemon.package_line(line.name)).state):
        return [Finding(severity="ok", subject=subject, found="it is being worked on, and examined when it rests")]
    return findings or [Finding(severity="ok", subject=subject, found=f"sound; {line.state}")]


def _package(daemon: Daemon, line: PackageView, subject: str, limit: int) -> list[Finding]:
    try:
        package = daemon.open_package(line.name)
        return [*_unsound(package, subject, limit), *_untrue(package, subject), *_failed(line, subject)]
    except (LoomError, OSError) as error:
        return [Finding(severity="error", subject=subject, found=str(error), advice=_RESTART)]


def _unsound(package: Package, subject: str, limit: int) -> Iterator[Finding]:
    """Databases of up to `limit` bytes that SQLite finds fault with."""
    for file in (package.ledger, package.chats, package.graph):
        if file.path.exists() and file.path.stat().st_size > limit:
            continue
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
