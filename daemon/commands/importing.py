"""`loom import`: hand files in, wait for the end, and account for each of them."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from daemon.commands.exits import Exit, Unavailable
from daemon.commands.output import plain
from daemon.commands.service import Json, Service
from packages_store.errors import LoomError, StoreError
from packages_store.model import Interruption, StageName, StageStatus, UploadOutcome

STDIN = "-"

_GOOD = frozenset(
    {UploadOutcome.IMPORTED, UploadOutcome.UPDATED, UploadOutcome.DUPLICATE, UploadOutcome.OLDER_SNAPSHOT}
)
_DONE = frozenset({StageStatus.COMPLETED, StageStatus.SKIPPED})


@dataclass(frozen=True, slots=True)
class Handed:
    """One file as it was given: its upload, or the reason why there is none."""

    file: str
    upload: Json | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What became of an import: `account` is what `--json` prints, `waits_for` why the package does not go on."""

    account: Json
    exit: Exit
    waits_for: str | None


def named_files(arguments: Sequence[str]) -> list[str]:
    """The files that are meant: a folder stands for the files in it and below, except hidden ones and links.

    Raises StoreError when there is none of them at all: no package is made for that.
    """
    files: list[str] = []
    for argument in arguments:
        path = Path(argument)
        if argument != STDIN and path.is_dir():
            inside = (found for found in sorted(path.rglob("*")) if found.is_file() and not found.is_symlink())
            files += [str(found) for found in inside if not _is_hidden(found.relative_to(path))]
        else:
            files.append(argument)
    if not files:
        raise StoreError("There is no file in that folder.", "Name the export itself.")
    if not any(file == STDIN or os.path.lexists(file) for file in files):
        lost = "; ".join(f"{plain(file)} was not imported: there is no such file" for file in files)
        raise StoreError(f"{lost}.", "Check the path; `loom import` takes files and folders.")
    return files


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


async def import_files(
    service: Service, files: Sequence[str], package: str, until: StageName | None, tell: Callable[[Json], None]
) -> Report:
    """Hand files to a package, let it work until `until`, and return what became of each."""
    await service.stop_after(package, until)
    handed = [await _hand_in(service, package, file) for file in files]
    return _report(await service.settle(package, tell), handed, until)


async def _hand_in(service: Service, package: str, file: str) -> Handed:
    try:
        with _readable(file) as path:
            name = "stdin" if file == STDIN else Path(file).name
            return Handed(file, await service.hand_in(package, path, name))
    except Unavailable:
        raise
    except OSError as error:
        return Handed(file, None, f"{error.strerror or error}")
    except LoomError as error:
        return Handed(file, None, str(error))


@contextmanager
def _readable(file: str) -> Iterator[Path]:
    """A regular file with the content of `file`: itself, or a private copy of what comes through a pipe."""
    path = Path(file)
    if file != STDIN and (path.is_file() or not path.exists()):
        yield path.resolve(strict=True)
        return
    with TemporaryDirectory(prefix="loom-") as folder:
        copy = Path(folder) / (path.name if file != STDIN else "stdin")
        with copy.open("wb") as target:
            if file == STDIN:
                shutil.copyfileobj(sys.stdin.buffer, target)
            else:
                with path.open("rb") as source:
                    shutil.copyfileobj(source, target)
        yield copy


def _report(detail: Json, handed: Sequence[Handed], until: StageName | None) -> Report:
    uploads = {upload["id"]: upload for upload in detail["uploads"]}
    entries = [_entry(given, uploads) for given in handed]
    named = ("status", "processed", "failed")
    stages = {stage["name"]: {name: stage[name] for name in named} for stage in detail["stages"]}
    account = {"package": detail["name"], "path": detail["path"], "uploads": entries, "stages": stages}
    is_spent = any(stage["interruption"] == Interruption.BUDGET for stage in detail["stages"])
    code = Exit.BUDGET if is_spent else _exit(entries, stages, until)
    return Report(account, code, detail["waits_for"])


def _entry(given: Handed, uploads: dict[str, Json]) -> Json:
    if given.upload is None:
        lost = {"outcome": UploadOutcome.FAILED, "platform": None, "conversations": 0, "messages": 0, "skipped": 0}
        return {"file": given.file, **lost, "reason": given.reason}
    upload = uploads.get(given.upload["id"], given.upload)
    names = ("outcome", "platform", "conversations", "messages", "skipped", "reason")
    return {"file": given.file, **{name: upload[name] for name in names}}


def _exit(entries: Sequence[Json], stages: dict[str, Json], until: StageName | None) -> Exit:
    # Before convert has looked at it nobody can say more of an upload than that it was received.
    good = _GOOD | {UploadOutcome.RECEIVED} if until == StageName.UPLOAD else _GOOD
    came_in = [entry["outcome"] in good for entry in entries]
    if not any(came_in):
        return Exit.FAILURE
    names = list(stages)
    asked = names[: names.index(until) + 1] if until else names
    ended_well = all(stages[name]["status"] in _DONE for name in asked)
    return Exit.OK if all(came_in) and ended_well else Exit.PARTIAL
