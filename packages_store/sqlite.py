"""The one module that speaks SQLite.

One connection per file, used by one thread at a time (a lock sees to it), so that there is exactly one writer in the
process. A unit of work is one `transaction()`; what happens inside it happens entirely or not at all. Beside a
write-ahead log there is a second connection, for who only reads while somebody else writes: a commit waits for the
disk, and nobody else has to.
"""

import errno
import os
import sqlite3
import struct
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packages_store.errors import FileDamaged, NewerFormat
from packages_store.files import FILE_MODE, Probe, no_probe

Value = str | int | float | bytes | None
Row = sqlite3.Row

LOG_SUFFIXES = ("-wal", "-shm", "-journal")
"""What SQLite may keep beside a file; it goes where the file goes."""

_HEADER_SIZE = 100
_ENVIRONMENT = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_IOERR: errno.EIO,
    sqlite3.SQLITE_CANTOPEN: errno.EACCES,
    sqlite3.SQLITE_READONLY: errno.EROFS,
    sqlite3.SQLITE_BUSY: errno.EBUSY,
}
"""SQLite's primary result codes that mean trouble with the machine, not with the data: raised as OSError."""


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables of one kind of file. `version` is stored as `user_version`."""

    script: str
    version: int
    wal: bool = True
    """Write-ahead log with synchronous=FULL; otherwise a rollback journal, so that the file stands alone."""
    upgrades: Mapping[int, str] = field(default_factory=dict)
    """Version -> what makes the next one of it."""
    foreign: tuple[str, ...] = ()
    """Tables by which a file without `user_version` is known as another program's of this kind, and taken as it is."""


class Database:
    """One SQLite file, opened at first use. Thread-safe; raises OSError for a full disk and the like."""

    def __init__(self, path: Path, schema: Schema, probe: Probe = no_probe, *, brief: bool = False) -> None:
        """`brief` is for one short visit by the only user there is, whose changes may be made again after a power
        loss: nothing is shared with other processes, and a commit only goes into the log, without waiting for the disk.
        A log that a power loss cuts short is cut back to its last whole commit.
        """
        self.path = path
        self._brief = brief
        self._schema = schema
        self._probe = probe
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._reads_aside = schema.wal and not brief
        self._aside_lock = threading.Lock()
        self._aside: sqlite3.Connection | None = None
        self._is_retired = False
        self._inode = 0
        self._depth = 0
        self._turns = 0
        """How often it was opened or rolled back: SQLite's own count of changes goes on from before, or begins anew."""

    def open(self) -> None:
        """Open the file, creating it with its schema when it is absent.

        Raises FileDamaged when it is no intact database of ours, NewerFormat when a newer version wrote it.
        """
        with self._lock:
            if self._connection is None:
                self._connection = self._connect()

    def _connect(self) -> sqlite3.Connection:
        if self._is_retired:
            raise OSError(errno.ESTALE, "the folder was moved away or replaced", str(self.path))
        if not self.path.exists():
            self._create()
        check_header(self.path)
        self._turns += 1
        with _translated(self.path):
            connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=10)
            try:
                self._inode = _inode(self.path)
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
        return connection

    def _create(self) -> None:
        """Build the empty file under another name, so that a file of this name has all its tables or is not ours."""
        temporary = self.path.with_name(f".{self.path.name}.new")
        temporary.unlink(missing_ok=True)
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE))
        self._probe("create")
        with _translated(self.path):
            connection = sqlite3.connect(temporary, isolation_level=None)
            try:
                connection.execute(f"PRAGMA synchronous = {self._synchronous}")
                connection.execute(f"PRAGMA journal_mode = {'WAL' if self._schema.wal else 'DELETE'}")
                version = f"PRAGMA user_version = {self._schema.version}"
                connection.executescript(f"BEGIN; {self._schema.script}; {version}; COMMIT")
            finally:
                connection.close()
        # A log that was left beside a file of this name would be played into the new one.
        for suffix in LOG_SUFFIXES:
            self.path.with_name(f"{self.path.name}{suffix}").unlink(missing_ok=True)
        self._probe("rename")
        temporary.replace(self.path)

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        if self._brief:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute(f"PRAGMA synchronous = {self._synchronous}")
        found = connection.execute("PRAGMA user_version").fetchone()[0]
        if found > self._schema.version:
            raise NewerFormat(f"{self.path.name} has format {found}; this version knows {self._schema.version}.")
        if found == 0 and not self._is_foreign(connection):
            raise FileDamaged(self.path.name, "it holds no tables of ours")
        if 0 < found < self._schema.version:
            self._upgrade(connection, found)

    def _upgrade(self, connection: sqlite3.Connection, found: int) -> None:
        """Bring the file from version `found` to ours in one transaction; what it was is kept beside it."""
        self._back_up(connection, found)
        steps = "; ".join(self._schema.upgrades[version] for version in range(found, self._schema.version))
        self._probe("upgrade")
        connection.executescript(f"BEGIN IMMEDIATE; {steps}; PRAGMA user_version = {self._schema.version}; COMMIT")

    def _back_up(self, connection: sqlite3.Connection, found: int) -> None:
        backup = self.path.with_name(f"{self.path.name}.v{found}")
        temporary = self.path.with_name(f".{backup.name}.new")
        temporary.unlink(missing_ok=True)
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE))
        with closing(sqlite3.connect(temporary, isolation_level=None)) as copy:
            copy.execute("PRAGMA synchronous = FULL")
            connection.backup(copy)
            # One file, without a log beside it.
            copy.execute("PRAGMA journal_mode = DELETE")
        self._probe("rename")
        temporary.replace(backup)

    def _is_foreign(self, connection: sqlite3.Connection) -> bool:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        return bool(self._schema.foreign) and tables.issuperset(self._schema.foreign)

    @property
    def _synchronous(self) -> str:
        return "OFF" if self._brief else "FULL"

    @property
    def is_open(self) -> bool:
        return self._connection is not None

    def close(self) -> None:
        """Close the file; the write-ahead log is folded into it."""
        with self._lock, self._aside_lock:
            if self._aside is not None:
                self._aside.close()
                self._aside = None
            if self._connection is not None:
                # Folding the log in without waiting for the disk could leave half of it in the file.
                self._connection.execute("PRAGMA synchronous = FULL")
                self._connection.close()
                self._connection = None

    def retire(self) -> None:
        """Close the file and never open it again: another one may lie in its place. Every later use is an OSError."""
        with self._lock:
            self._is_retired = True
            self.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is durable when the block ends, or nothing of it is. Blocks nest into the outermost one."""
        with self._lock, _translated(self.path):
            connection = self._connected()
            if self._depth:
                yield
                return
            connection.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield
                self._probe("commit")
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                self._turns += 1
                raise
            finally:
                self._depth = 0
        self._probe("committed")

    @contextmanager
    def unchanging(self) -> Iterator[None]:
        """Everything that is read inside is of one moment: nobody else gets in between."""
        with self._lock:
            yield

    def state(self) -> tuple[int, int]:
        """Another value whenever anything in the file may have changed: what was read before may be out of date."""
        with self._lock:
            changes = self.count("SELECT total_changes()")
            return self._turns, changes

    def execute(self, sql: str, parameters: Sequence[Value] = ()) -> int:
        """Run one statement and return the number of rows it changed. Outside a transaction it is one by itself."""
        with self._lock, _translated(self.path):
            return self._connected().execute(sql, parameters).rowcount

    def insert(self, sql: str, parameters: Sequence[Value] = ()) -> int:
        """Run one INSERT and return the new rowid."""
        with self._lock, _translated(self.path):
            return self._connected().execute(sql, parameters).lastrowid or 0

    def many(self, sql: str, rows: Iterable[Sequence[Value] | Mapping[str, Value]]) -> None:
        """Run one statement for each row of parameters."""
        with self._lock, _translated(self.path):
            self._connected().executemany(sql, rows)

    def rows(self, sql: str, parameters: Sequence[Value] = ()) -> list[Row]:
        """All rows of a query."""
        with self._reading() as connection:
            return connection.execute(sql, parameters).fetchall()

    def one(self, sql: str, parameters: Sequence[Value] = ()) -> Row | None:
        """The first row of a query, or None."""
        with self._reading() as connection:
            row: Row | None = connection.execute(sql, parameters).fetchone()
            return row

    def count(self, sql: str, parameters: Sequence[Value] = ()) -> int:
        """The first column of the first row, which must be a whole number."""
        return int(self.single(sql, parameters)[0])

    def single(self, sql: str, parameters: Sequence[Value] = ()) -> Row:
        """The first row of a query that must have one. Raises LookupError."""
        row = self.one(sql, parameters)
        if row is None:
            raise LookupError(f"{self.path.name} has no row for {sql!r} with {parameters!r}")
        return row

    def checkpoint(self) -> None:
        """Fold the write-ahead log into the file."""
        with self._lock, _translated(self.path):
            self._connected().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def problems(self) -> list[str]:
        """What SQLite finds wrong with the file, empty when it is sound. Reads all of it."""
        try:
            found = [str(row[0]) for row in self.rows("PRAGMA quick_check")]
            found += [f"{row[0]} row {row[1]} points nowhere" for row in self.rows("PRAGMA foreign_key_check")]
        except FileDamaged as error:
            return [error.why]
        return [] if found == ["ok"] else [line for line in found if line != "ok"]

    def _connected(self) -> sqlite3.Connection:
        if not self._depth and not self._schema.wal and self.is_open and _inode(self.path) != self._inode:
            # It was deleted or replaced under us: what would be written to it, nobody would ever see.
            self.close()
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for one query. Who is inside a transaction sees what was changed in it, all others what is
        durable.
        """
        with _translated(self.path):
            if self._lock.acquire(blocking=not (self._reads_aside and self.is_open)):
                try:
                    yield self._connected()
                finally:
                    self._lock.release()
                return
            with self._aside_lock:
                if self.is_open:
                    yield self._connected_aside()
                    return
            # It was closed in between, and is opened again.
            with self._lock:
                yield self._connected()

    def _connected_aside(self) -> sqlite3.Connection:
        if self._aside is None:
            address = f"{self.path.absolute().as_uri()}?mode=ro"
            self._aside = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False, timeout=10)
            self._aside.row_factory = sqlite3.Row
        return self._aside


class Reader:
    """Reads another program's file."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection

    def rows(self, sql: str, parameters: Sequence[Value] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query. Raises FileDamaged when the file is none of SQLite's."""
        with _translated(self._path):
            return self._connection.execute(sql, parameters).fetchall()


@contextmanager
def reading(path: Path) -> Iterator[Reader]:
    """Another program's file that nobody writes to now: nothing is written to it or beside it.

    Raises FileDamaged when it is no database.
    """
    check_header(path)
    with _translated(path):
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    connection.text_factory = lambda text: text.decode(errors="replace")
    try:
        yield Reader(path, connection)
    finally:
        connection.close()


def fold_in(path: Path) -> None:
    """Fold what lies in the logs beside a database into it, so that the file stands alone. Raises FileDamaged."""
    with _translated(path), closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


def check_header(path: Path) -> None:
    """Tell an SQLite file from something else, or from its torso, without opening it. Raises FileDamaged.

    The header (sqlite.org/fileformat2.html, section 1.3) states the page size at 16 and the number of pages at 28; a
    file whose log has not been folded in may be shorter than that.
    """
    with path.open("rb") as file:
        header = file.read(_HEADER_SIZE)
    size = path.stat().st_size
    if not header:
        raise FileDamaged(path.name, "it is empty")
    if len(header) < _HEADER_SIZE or not header.startswith(b"SQLite format 3\0"):
        raise FileDamaged(path.name, "it is not a database")
    page_size = struct.unpack(">H", header[16:18])[0]
    pages = struct.unpack(">I", header[28:32])[0]
    logged = path.with_name(f"{path.name}-wal")
    unfinished = any(log.exists() and log.stat().st_size for log in (logged, path.with_name(f"{path.name}-journal")))
    if size < pages * (65536 if page_size == 1 else page_size) and not unfinished:
        raise FileDamaged(path.name, f"it was cut short ({size} of {pages * page_size} bytes)")


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return 0


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """SQLite's errors as the errors the rest of the program knows."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", None)
        if code is None:
            raise
        primary = code & 0xFF
        if primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise FileDamaged(path.name, str(error)) from error
        if primary in _ENVIRONMENT:
            raise OSError(_ENVIRONMENT[primary], str(error), str(path)) from error
        raise
