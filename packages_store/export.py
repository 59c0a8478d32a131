"""The package as one ZIP, for the companion that imports it: chats.db, graph.db, the memories and manifest.json.

Nothing else is in it: no ledger, no uploads, no settings. Databases are copied first, so that a full disk or a damaged
file is known before the first byte is sent, and the rest is made while it is being sent.
"""

import os
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from packages_store.chats import CHATS, ChatsFile
from packages_store.files import CHUNK, DIR_MODE, FILE_MODE
from packages_store.graph import GRAPH, GraphFile
from packages_store.manifest import MANIFEST, Counts, counted, entry_of, manifest_of
from packages_store.package import Package
from packages_store.paths import PackagePaths
from packages_store.sqlite import Database, Schema

_SCRATCH = ".export-"
_LEVEL = 1
"""Higher levels of deflate take three times as long for a tenth less."""

_ZIP64_FROM = 1 << 30


def export(package: Package) -> Iterator[bytes]:
    """The bytes of the ZIP, in pieces of about a megabyte; memory does not grow with the package.

    Entries have the date of 1980 that the format begins with: the same content gives the same entries. What was copied
    on the disk meanwhile is removed when the iterator ends, fails or is closed. Raises FileDamaged or OSError, of the
    databases before the first piece.
    """
    with scratch(package.paths) as folder:
        databases, counts = _copies(package, folder)
        sink = _Sink()
        # Opened by name, never by ZipInfo: only so does the level count (it is a private field of ZipInfo until 3.13).
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
            for path in databases:
                for _ in _pack(archive, path):
                    if sink.size >= CHUNK:
                        yield sink.take()
            entries = []
            for name, data in package.memories.delivered():
                with archive.open(name, "w") as entry:
                    entry.write(data)
                entries.append(entry_of(name, data))
                if sink.size >= CHUNK:
                    yield sink.take()
            with archive.open(MANIFEST, "w") as entry:
                entry.write(manifest_of(package, counts, entries))
        yield sink.take()


def remove_leftovers(paths: PackagePaths) -> None:
    """Remove what exports left behind that were killed. No export of this package may be under way."""
    for folder in paths.root.glob(f"{_SCRATCH}*"):
        shutil.rmtree(folder)


@contextmanager
def scratch(paths: PackagePaths) -> Iterator[Path]:
    """A private folder inside the package (the system's own may be small, or in memory), removed at the end."""
    folder = paths.root / f"{_SCRATCH}{os.urandom(8).hex()}"
    folder.mkdir(DIR_MODE)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copies(package: Package, folder: Path) -> tuple[list[Path], Counts]:
    """The databases there are as the companion expects them, and what they hold."""
    chats, graph = ChatsFile(folder / "chats.db"), GraphFile(package.ledger, folder / "graph.db")
    with closing(chats), closing(graph):
        for source, copy in ((package.chats, chats), (package.graph, graph)):
            if source.exists:
                os.close(os.open(copy.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE))
                source.copy_to(copy.path)
        counts = counted(chats, graph)
    if chats.exists:
        _make_plain(chats.path, CHATS, without_platform=True)
    if graph.exists:
        _make_plain(graph.path, GRAPH)
    return [copy.path for copy in (chats, graph) if copy.exists], counts


def _make_plain(path: Path, schema: Schema, *, without_platform: bool = False) -> None:
    """Take from a copy what only we know: the format's number, and the platform of conversations."""
    with closing(Database(path, schema)) as copy:
        if without_platform:
            for row in copy.rows(
                "SELECT type, name FROM sqlite_master WHERE type <> 'table' AND sql LIKE '%platform%'"
            ):
                copy.execute(f'DROP {row["type"]} "{row["name"]}"')
            copy.execute("ALTER TABLE conversations DROP COLUMN platform")
        copy.execute("PRAGMA user_version = 0")


def _pack(archive: zipfile.ZipFile, path: Path) -> Iterator[None]:
    """Add a file, pausing after each piece."""
    large = path.stat().st_size >= _ZIP64_FROM
    with path.open("rb") as file, archive.open(path.name, "w", force_zip64=large) as entry:
        while chunk := file.read(CHUNK):
            entry.write(chunk)
            yield


class _Sink:
    """What zipfile writes into: it keeps the bytes until they are taken, and cannot be sought in."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.size = 0

    def write(self, data: bytes, /) -> int:
        self._pieces.append(bytes(data))
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing lies behind this to be flushed,"""

    def close(self) -> None:
        """or to be closed."""

    def take(self) -> bytes:
        """What was written since the last time."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        self.size = 0
        return taken
