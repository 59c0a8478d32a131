"""Makes what a package says about itself true again, before anything works on it.

The status of every package is repaired at start-up, before the daemon is ready; its other files are looked through
before anybody in this process gets hold of the package (packages_store/shelf.py), and both are done when it is resumed.
Whoever calls knows that no stage of it runs: the daemon's lock is held and the package's stage lock is free. Then
whatever says `running` is stale by proof. Repairing twice changes nothing the second time; being killed in the middle
is no harm.
"""

import json
from pathlib import Path

from packages_store.adopt import adopt_progress
from packages_store.checkpoint import checkpoint_bytes, read_checkpoint
from packages_store.config import PackageConfig, split_keys
from packages_store.errors import FileDamaged
from packages_store.files import tighten
from packages_store.memories import KINDS
from packages_store.model import Repair, StageName
from packages_store.package import Package
from packages_store.sqlite import LOG_SUFFIXES, check_header
from packages_store.words import with_number

POISON_AFTER = 3
_CHECKED_AT_START = 64 << 20
"""Bytes up to which a ledger is read through at start; `loom doctor` reads larger ones too."""


def repair_status(
    package: Package, secrets: Path, poison_after: int = POISON_AFTER, *, thorough: bool = True
) -> list[Repair]:
    """Make the status of one package true, in the ledger and in checkpoint.json, and return what was done.

    The quick half of the repair: it precedes everything for all packages there are. Unless it is to be `thorough`, a
    ledger that was left open is not read through; that is done before its first use. Raises NewerFormat when a newer
    version wrote the ledger, OSError when the disk does not let us.
    """
    notes = _open_ledger(package, thorough=thorough)
    if not package.progress.stages():
        config, config_notes = _usable_config(package, secrets)
        notes += config_notes
        notes += adopt_progress(package, config)
    stale = package.progress.stale()
    if notes or stale:
        with package.ledger.transaction():
            notes += [_interrupt(package, name, poison_after) for name in stale]
            package.progress.note_repairs(notes)
    if notes or _says_running(package):
        notes += _refresh_checkpoint(package)
    return notes


def repair_contents(package: Package, secrets: Path) -> list[Repair]:
    """Look through the other files of a package before its first use, and return what was done about them.

    Its status is true already (`repair_status`). Raises as that does.
    """
    _config, notes = _usable_config(package, secrets)
    package.memories.sweep()
    notes += _ask_for_what_is_missing(package)
    package.progress.note_repairs(notes)
    return notes + _refresh_checkpoint(package)


def _says_running(package: Package) -> bool:
    """Whether checkpoint.json is missing, or says something that cannot be true now."""
    try:
        return b'"running"' in package.paths.checkpoint.read_bytes()
    except FileNotFoundError:
        return True


def _open_ledger(package: Package, *, thorough: bool) -> list[Repair]:
    """Open the ledger, or set a damaged one aside so that a new one is made from checkpoint.json."""
    try:
        unclean = thorough and _was_left_open(package)
        package.ledger.open()
        small = package.paths.ledger.stat().st_size <= _CHECKED_AT_START
        problems = package.ledger.problems() if small and unclean else []
        if problems:
            raise FileDamaged(package.paths.ledger.name, problems[0])
        package.progress.stages()
    except FileDamaged as error:
        package.close()
        aside = _set_database_aside(package, package.paths.ledger)
        package.ledger.open()
        done = f"The file was kept as {aside.name}; the ledger was rebuilt from checkpoint.json and the other files."
        advice = "Drop the exports in again if conversations are missing; what is there is not imported twice."
        return [Repair(package.now(), error.path, error.why, done, advice)]
    return []


def _set_database_aside(package: Package, path: Path) -> Path:
    for suffix in LOG_SUFFIXES:
        log = path.with_name(f"{path.name}{suffix}")
        if log.exists():
            package.disk.set_aside(log, package.stamp)
    return package.disk.set_aside(path, package.stamp)


def _was_left_open(package: Package) -> bool:
    """Whether the last one to use the ledger died: in order, SQLite folds the write-ahead log in and removes it."""
    log = package.paths.ledger.with_name(f"{package.paths.ledger.name}-wal")
    return log.exists() and log.stat().st_size > 0


def _usable_config(package: Package, secrets: Path) -> tuple[PackageConfig, list[Repair]]:
    """The package's settings; a damaged config.json is set aside and its last good form written, keys are moved out."""
    try:
        _move_keys_out(package, secrets)
        return package.config, []
    except FileDamaged as error:
        last = package.last_config()
        aside = package.disk.set_aside(package.paths.config, package.stamp)
        config = last or PackageConfig()
        package.save_config(config)
        restored = "the last good settings were restored" if last else "the defaults were taken"
        advice = "Check names, pronouns and time zone of this package."
        done = f"The file was kept as {aside.name}; {restored}."
        return config, [Repair(package.now(), error.path, error.why, done, advice)]


def _move_keys_out(package: Package, secrets: Path) -> None:
    """An Entity Loom config.json carries the API key; no package of ours does (R-66)."""
    try:
        settings = json.loads(package.paths.config.read_bytes())
    except FileNotFoundError:
        return
    except (ValueError, RecursionError) as error:
        raise FileDamaged(package.paths.config.name, "it is empty or not JSON") from error
    if not isinstance(settings, dict):
        raise FileDamaged(package.paths.config.name, "it is not a JSON object")
    kept, keys = split_keys(settings)
    if keys:
        # In a folder of their own: a package may be called like any file of the daemon's.
        folder = secrets / "packages"
        package.disk.make_dir(folder)
        package.disk.replace(folder / f"{package.name}.json", json.dumps(keys).encode())
        package.disk.replace(package.paths.config, json.dumps(kept, ensure_ascii=False, indent=2).encode())
    tighten(package.paths.config)


def _interrupt(package: Package, name: StageName, poison_after: int) -> Repair:
    in_flight, poisoned, owner = package.progress.interrupt(name, poison_after)
    state = package.progress.stage(name)
    counts = package.progress.counts(name)
    done = f"Set to aborted; {counts.processed} processed and {counts.failed} failed items were kept."
    if poisoned:
        times = with_number(poison_after, "interruption[|s]")
        done += f" {with_number(poisoned, 'item[ was|s were]')} set aside after {times}."
    return Repair(
        at=package.now(),
        subject=name,
        found="It said running, and nothing was running.",
        done=done,
        advice="Retry the item that was set aside, or skip it." if poisoned else "It continues by itself.",
        owner=owner,
        processed=counts.processed,
        failed=counts.failed,
        interrupted_items=in_flight,
        times=state.interrupted_count,
    )


def _ask_for_what_is_missing(package: Package) -> list[Repair]:
    """Deliverables that are gone or damaged are asked for: the stage that made them writes them from the ledger."""
    notes = []
    for path, maker in ((package.paths.chats, StageName.COMMIT), (package.paths.graph, StageName.GRAPH)):
        missing = not path.exists()
        try:
            if not missing:
                check_header(path)
        except FileDamaged as error:
            package.chats.close()
            package.graph.close()
            aside = _set_database_aside(package, path)
            done = f"The file was kept as {aside.name}; it is written again from the ledger."
            notes.append(Repair(package.now(), error.path, error.why, done, "Nothing; it heals."))
            missing = True
        if missing and package.progress.counts(maker).processed:
            package.progress.request(maker)
    for kind in KINDS:
        if package.memories.missing_files(kind):
            package.progress.request(StageName(kind))
    return notes


def _refresh_checkpoint(package: Package) -> list[Repair]:
    """Bring checkpoint.json in line with the ledger; a damaged one is set aside first."""
    wanted = checkpoint_bytes(package)
    notes = []
    try:
        if package.paths.checkpoint.read_bytes() == wanted:
            return []
        read_checkpoint(package.paths.checkpoint)
    except FileNotFoundError:
        pass
    except FileDamaged as error:
        aside = package.disk.set_aside(package.paths.checkpoint, package.stamp)
        done = f"The file was kept as {aside.name} and written again from the ledger."
        notes = [Repair(package.now(), error.path, error.why, done, "Nothing; nothing was lost.")]
        package.progress.note_repairs(notes)
    package.disk.replace(package.paths.checkpoint, wanted)
    return notes
