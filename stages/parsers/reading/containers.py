"""What lies inside an upload: the file itself, or the members of a ZIP, which is known by its content.

A ZIP is never unpacked to disk. Its members are streams that count the bytes they really give, because what an archive
says about itself can be a lie.
"""

import io
import re
import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import IO, BinaryIO

from packages_store.errors import SourceBroken
from stages.parsers.contract import SourceFile
from stages.parsers.reading.values import moment_ms

ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much an archive may hold. Sizes are in bytes that were really unpacked, not in bytes that were promised."""

    entries: int = 100_000
    directory: int = 16 << 20
    """Bytes of the table of contents, which must be held in memory."""
    entry: int = 8 << 30
    total: int = 32 << 30
    ratio: int = 250
    """Unpacked bytes per packed byte. Chats reach 20; the format cannot exceed 1032."""
    ratio_after: int = 32 << 20
    """Small files may be as repetitive as they like."""


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class PlainFile:
    """The upload is the file."""

    path: Path
    name: str

    @property
    def size(self) -> int:
        return self.path.stat().st_size

    @property
    def modified_at(self) -> int:
        return self.path.stat().st_mtime_ns // 1_000_000

    def open(self) -> BinaryIO:
        return self.path.open("rb")


class Allowance:
    """How many bytes may still be unpacked from one archive."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._left = limits.total

    def spend(self, name: str, count: int) -> None:
        """Raises SourceBroken when the archive as a whole unpacks to too much."""
        self._left -= count
        if self._left < 0:
            raise SourceBroken(f"{name} was not read to its end: the ZIP unpacks to too much", "size limit")


@dataclass(frozen=True, slots=True)
class ZipMember:
    """A file in a ZIP. It can be read while the archive is open."""

    archive: zipfile.ZipFile
    info: zipfile.ZipInfo
    allowance: Allowance
    archive_modified_at: int

    @property
    def name(self) -> str:
        return self.info.filename

    @property
    def size(self) -> int:
        return self.info.file_size

    @property
    def modified_at(self) -> int:
        """As the archive tells, in a zone that it does not tell (taken as UTC); else when the archive was changed."""
        try:
            told = datetime(*self.info.date_time, tzinfo=UTC)
        except ValueError:
            return self.archive_modified_at
        at = moment_ms(told)
        # Writers that keep no times write the first one the format has.
        return at if at is not None and told.year > 1980 else self.archive_modified_at

    def open(self) -> BinaryIO:
        try:
            stream = self.archive.open(self.info)
        except _DAMAGE as error:
            raise _damaged(self.name, error) from error
        return io.BufferedReader(_Counted(stream, self), buffer_size=1 << 18)


# What the standard library raises for archives that are damaged or use a method it does not know.
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, struct.error)


def _damaged(name: str, error: Exception) -> SourceBroken:
    return SourceBroken(f"{name} cannot be unpacked: {str(error) or type(error).__name__}", "in the ZIP")


class _Counted(io.RawIOBase):
    """The bytes of a member, counted. Raises SourceBroken for damage, and where a limit is passed."""

    def __init__(self, stream: IO[bytes], member: ZipMember) -> None:
        self._stream = stream
        self._member = member
        self._given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._stream.read(len(buffer))
        except _DAMAGE as error:
            raise _damaged(self._member.name, error) from error
        self._count(len(data))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()

    def _count(self, count: int) -> None:
        self._given += count
        member, limits = self._member, self._member.allowance.limits
        if self._given > limits.entry:
            raise SourceBroken(f"{member.name} was not read to its end: it unpacks to too much", "size limit")
        packed = max(1, member.info.compress_size)
        if self._given > limits.ratio_after and self._given > limits.ratio * packed:
            raise SourceBroken(f"{member.name} was not read to its end: it unpacks to far too much", "size limit")
        member.allowance.spend(member.name, count)


@dataclass(frozen=True, slots=True)
class Container:
    """An open upload. `member` of a file in it is its name in the archive, or None for the upload itself."""

    files: tuple[tuple[str | None, SourceFile], ...]
    refused: tuple[tuple[str, str], ...] = ()
    """Name and reason of what lies in the archive and is not read."""

    def file(self, member: str | None) -> SourceFile:
        """Raises SourceBroken when there is no such file, or when it was refused."""
        for name, file in self.files:
            if name == member:
                return file
        raise SourceBroken(f"{member or 'the file'} is not in the upload", "nowhere")


@contextmanager
def open_container(path: Path, name: str, limits: Limits = DEFAULT_LIMITS) -> Iterator[Container]:
    """What lies in the upload at `path`, which a person knows as `name`. Raises SourceBroken for a damaged ZIP."""
    with path.open("rb") as stream:
        if stream.read(4) not in ZIP_MAGIC:
            yield Container(files=((None, PlainFile(path, name)),))
            return
        _refuse_large_directory(stream, name, limits)
        try:
            archive = zipfile.ZipFile(stream)
        except _DAMAGE as error:
            raise _damaged(name, error) from error
        with archive:
            yield _contents(archive, Allowance(limits), path.stat().st_mtime_ns // 1_000_000)


def _contents(archive: zipfile.ZipFile, allowance: Allowance, modified_at: int) -> Container:
    files: list[tuple[str | None, SourceFile]] = []
    refused: list[tuple[str, str]] = []
    doubts = _doubts(archive.infolist(), archive.start_dir)
    for info in sorted(archive.infolist(), key=lambda info: info.filename):
        reason = doubts.get(info.header_offset) or _objection(info)
        if reason:
            refused.append((info.filename, reason))
        elif not info.is_dir():
            files.append((info.filename, ZipMember(archive, info, allowance, modified_at)))
    return Container(tuple(files), tuple(refused))


def _objection(info: zipfile.ZipInfo) -> str | None:
    """Why an entry is not read, judged by itself."""
    parts = re.split(r"[/\\]", info.filename)
    if parts[0] == "" or re.match(r"[A-Za-z]:", info.filename):
        return "its path is absolute"
    if ".." in parts:
        return "its path leaves the archive"
    if info.flag_bits & 0x1:
        return "it is encrypted: unpack it with its password and drop the files"
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "it is a link or a device, not a file"
    return None


def _doubts(infos: list[zipfile.ZipInfo], end: int) -> dict[int, str]:
    """Why entries are not read, judged by their neighbours and by the `end` of the data.

    By the place of their header, because names may be double.
    """
    doubts: dict[int, str] = {}
    times = Counter(info.filename for info in infos)
    for info in infos:
        if times[info.filename] > 1:
            # An archive that was appended to: the last one is what every other reader would unpack.
            times[info.filename] -= 1
            doubts[info.header_offset] = "another entry of the same name follows"
    in_place = sorted(infos, key=lambda info: info.header_offset)
    for first, second in pairwise(in_place):
        if _end_of(first) > second.header_offset:
            doubts[first.header_offset] = doubts[second.header_offset] = "it overlaps another entry"
    for info in infos:
        if info.header_offset < 0 or _end_of(info) > end:
            doubts[info.header_offset] = "it lies outside the archive"
    return doubts


def _end_of(info: zipfile.ZipInfo) -> int:
    """Where the data of an entry ends at the earliest: 30 bytes and the name stand before it (APPNOTE.TXT, 4.3.7)."""
    return info.header_offset + 30 + len(info.filename) + info.compress_size


def _refuse_large_directory(stream: BinaryIO, name: str, limits: Limits) -> None:
    """Read the end record (APPNOTE.TXT, 4.3.16) before the directory is read into memory. Raises SourceBroken."""
    size = stream.seek(0, io.SEEK_END)
    stream.seek(max(0, size - (1 << 16) - 22))
    tail = stream.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < 22:
        raise SourceBroken(f"{name} is a ZIP without its table of contents", "it is cut short", "Copy it again.")
    entries, directory = struct.unpack_from("<HL", tail, at + 10)
    large = tail.rfind(b"PK\x06\x06", 0, at)  # ZIP64 writes the real numbers here (4.3.14)
    if 0xFFFF in (entries, directory & 0xFFFF) and 0 <= large <= len(tail) - 56:
        entries, directory = struct.unpack_from("<QQ", tail, large + 32)
    if entries > limits.entries or directory > limits.directory:
        raise SourceBroken(f"{name} holds too many files ({entries})", "size limit", "Drop only its chats.")
