"""Commands that change something, or hand something out: import, resume, abort, retry, skip, scan, export, login."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from daemon.commands.exits import Exit
from daemon.commands.importing import import_files, named_files
from daemon.commands.looking import show_package, upload_table
from daemon.commands.output import answer, note, plain, say, table
from daemon.commands.service import Act, Json, Service
from packages_store.errors import StoreError
from packages_store.files import Disk
from packages_store.model import StageName
from packages_store.paths import package_name

_WELL = frozenset({"imported", "updated", "duplicate", "older_snapshot", "waiting", "received"})


async def hand_in(
    service: Service, arguments: Sequence[str], package: str, until: StageName | None, *, as_json: bool
) -> Exit:
    """`loom import FILE…`: hand the files in, wait for the end, and say what became of each."""
    package_name(package)
    files = named_files(arguments)
    report = await import_files(service, files, package, until, _progress())
    for entry in report.account["uploads"]:
        if entry["outcome"] in ("failed", "unsupported"):
            note(f"loom: {plain(entry['file'])} was not imported: {_bare(plain(entry['reason']))}")
    if as_json:
        answer(report.account)
        return report.exit
    upload_table(report.account["uploads"])
    say("")
    stages = report.account["stages"].items()
    table([("STAGE", "STATUS", "DONE", "FAILED"), *((name, *stage.values()) for name, stage in stages)])
    say(f"package {plain(package)} in {plain(report.account['path'])}")
    if report.waits_for and report.exit != Exit.OK:
        note(f"loom: {plain(package)} waits for {plain(report.waits_for)}")
    return report.exit


def _bare(reason: str) -> str:
    """A reason without the words with which those of whole files begin."""
    return reason.removeprefix("Not imported: ")


def _progress() -> Callable[[Json], None]:
    """Tells on a terminal, in one line that is written over, how far the work is."""
    if not sys.stderr.isatty():
        return lambda _line: None
    return _tell


def _tell(line: Json) -> None:
    for stage in line["stages"]:
        if stage["status"] == "running":
            total = stage["processed"] + stage["failed"] + stage["left"]
            sys.stderr.write(f"\r\x1b[K{stage['name']} {stage['processed']}/{total}\r")
            sys.stderr.flush()


async def act(
    service: Service, verb: Act, name: str, stage: StageName | None, item: str | None, *, waits: bool, as_json: bool
) -> Exit:
    """`loom resume`, `abort`, `retry` and `skip`; with `waits`, and without a daemon, until the package rests again."""
    detail = await service.act(verb, name, stage, item)
    if waits or not service.goes_on:
        await service.settle(name, _progress())
    elif as_json:
        answer(detail)
        return Exit.OK
    return await show_package(service, name, as_json=as_json)


async def scan(service: Service, *, as_json: bool) -> Exit:
    """`loom scan --once`: take what is in the drop folder and say what became of each file."""
    found = await service.scan()
    if as_json:
        answer(found)
    elif found:
        upload_rows = [(each["file"], each["package"], each["outcome"], each["reason"] or "") for each in found]
        table([("FILE", "PACKAGE", "OUTCOME", "WHY"), *upload_rows])
    else:
        say("The drop folder is empty.")
    return Exit.OK if all(each["outcome"] in _WELL for each in found) else Exit.PARTIAL


async def export(service: Service, name: str, target: str, *, force: bool, as_json: bool) -> Exit:
    """`loom export NAME`: the finished package as a ZIP, in one step; `-` writes to standard output."""
    if target == "-":
        async with service.export(name) as pieces:
            async for piece in pieces:
                sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        return Exit.OK
    path = _free(target, force=force)
    size = await _write_file(service, name, path)
    if as_json:
        answer({"package": name, "path": str(path), "bytes": size})
    else:
        say(f"{plain(path)}  {size} bytes")
    return Exit.OK


def _free(target: str, *, force: bool) -> Path:
    path = Path(target).absolute()
    if path.exists() and not force:
        raise StoreError(f"{path} exists already.", "Name another file with --output, or use --force.")
    return path


async def _write_file(service: Service, name: str, path: Path) -> int:
    disk = Disk()
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        async with service.export(name) as pieces:
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                async for piece in pieces:
                    file.write(piece)
                size = file.tell()
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    disk.sync_dir(path.parent)
    return size


async def login(service: Service, *, as_json: bool) -> Exit:
    """`loom login`: a link that opens the page once."""
    link = await service.login_link()
    if as_json:
        answer({"url": link})
    else:
        say(link)
    return Exit.OK
