"""What lies in an upload: the file itself, or the members of an archive, which is known by its content.

A ZIP is read where it lies. One that lies packed in another is unpacked into a file without a name beside the upload,
for as long as it is read; nothing else is ever unpacked to disk.
"""

import io
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from packages_store.errors import SourceBroken
from stages.parsers.contract import SourceFile
from stages.parsers.reading.limits import DEFAULT_LIMITS, USUAL_RATIO, Allowance, Limits
from stages.parsers.reading.peeking import GZIP, SNIFFED, ZIP, archive_of
from stages.parsers.reading.unpacking import OfGzip, OfZip, Section, Unpacking
from stages.parsers.reading.zip_directory import STORED, Directory, Entry, data_of, objections
from stages.parsers.reading.zip_end import is_last_part

_COPIED = 1 << 20
# Written by macOS and Windows into folders and archives beside what people put there.
_OF_THE_SYSTEM = re.compile(r"(?:^|/)(?:__MACOSX(?:/|$)|\._[^/]*$|\.DS_Store$|(?i:thumbs\.db|desktop\.ini)$)")


@dataclass(frozen=True)
class PlainFile:
    """The upload is the file."""

    path: Path
    name: str

    @property
    def size(self) -> int:
        return self.path.stat().st_size

    @cached_property
    def modified_at(self) -> int:
        return self.path.stat().st_mtime_ns // 1_000_000

    def open(self) -> BinaryIO:
        return self.path.open("rb")


@dataclass(frozen=True, slots=True)
class ZipMember:
    """A file in a ZIP. It can be read while the archive is open; `name` is its whole path in the upload."""

    name: str
    entry: Entry
    archive: BinaryIO
    end: int
    """Where the data of the archive ends."""
    allowance: Allowance
    archive_modified_at: int

    @property
    def size(self) -> int:
        return self.entry.size

    @property
    def modified_at(self) -> int:
        """As the archive tells, else when the archive was changed."""
        return self.entry.modified_at or self.archive_modified_at

    def open(self) -> BinaryIO:
        return Unpacking(OfZip(self.name, self.packed(), self.allowance, self.entry))

    def packed(self) -> BinaryIO:
        """Its bytes as they lie in the archive, to be moved in."""
        begin = data_of(self.archive, self.entry, self.end)
        return io.BufferedReader(Section(self.archive, begin, self.entry.packed))


@dataclass(frozen=True, slots=True)
class Gunzipped:
    """What a gzip file holds. Its size is that of the packed file: the other is known at its end only."""

    packed: SourceFile
    allowance: Allowance

    @property
    def name(self) -> str:
        return self.packed.name

    @property
    def size(self) -> int:
        return self.packed.size

    @property
    def modified_at(self) -> int:
        return self.packed.modified_at

    def open(self) -> BinaryIO:
        return Unpacking(OfGzip(self.name, self.packed.open(), self.allowance))


@dataclass(frozen=True, slots=True)
class Contents:
    """What lies in an archive: the files, by name, and name and reason of what is not read of it."""

    files: tuple[ZipMember, ...]
    refused: tuple[tuple[str, str], ...]


class Archive:
    """An open ZIP. `prefix` stands before the names of its files: its own path in the upload."""

    def __init__(self, stream: BinaryIO, file: SourceFile, around: "Archive | None", allowance: Allowance) -> None:
        """Raises SourceBroken when it has no table of contents, or one that is too long."""
        self.prefix = f"{file.name}/" if around else ""
        self.depth: int = around.depth + 1 if around else 0
        self._stream = stream
        self._allowance = allowance
        self._modified_at = file.modified_at
        self._directory = Directory(stream, file.name, allowance)

    @cached_property
    def contents(self) -> Contents:
        """Raises SourceBroken when the table of contents is damaged, or too long."""
        entries = sorted(self._directory.entries(), key=lambda entry: entry.name)
        files: list[ZipMember] = []
        refused: list[tuple[str, str]] = []
        of_the_system: list[str] = []
        for entry, reason in zip(entries, objections(entries, self._directory.begins), strict=True):
            if _OF_THE_SYSTEM.search(entry.name):
                of_the_system.append(self.prefix + entry.name)
            elif reason:
                refused.append((self.prefix + entry.name, reason))
            elif not entry.is_folder:
                files.append(self._member(entry))
        if of_the_system:
            refused.append((of_the_system[0], _kept_by_the_system(len(of_the_system))))
        return Contents(tuple(files), tuple(refused))

    def find(self, path: str) -> ZipMember | None:
        """The file at `path` in the upload, else the file that may be the archive in which it lies."""
        entry = self._directory.find(path.removeprefix(self.prefix))
        return self._member(entry) if entry else None

    def _member(self, entry: Entry) -> ZipMember:
        name = self.prefix + entry.name
        return ZipMember(name, entry, self._stream, self._directory.begins, self._allowance, self._modified_at)


class Upload:
    """An open upload. `file` is what was handed in, as it is."""

    def __init__(self, file: PlainFile, allowance: Allowance, stack: ExitStack) -> None:
        self.file = file
        self._allowance = allowance
        self._stack = stack

    def gunzipped(self, file: SourceFile) -> SourceFile:
        """What a gzip file holds."""
        return Gunzipped(file, self._allowance)

    @contextmanager
    def archive(self, file: SourceFile, around: Archive | None = None) -> Iterator[Archive]:
        """The ZIP that `file` is, which lies in the archive `around`.

        Raises SourceBroken when it cannot be read, and OSError when there is no space to unpack it.
        """
        with ExitStack() as stack:
            yield self._opened(file, around, stack)

    def find(self, member: str | None) -> tuple[SourceFile, Archive | None]:
        """The file of that path (unpacked, when it is a gzip file), and the archive in which it lies.

        Raises SourceBroken when there is none.
        """
        archive = None
        found: SourceFile = self.file
        while True:
            file, kind = self._peeled(found)
            if member is None or (archive and found.name == member):
                return file, archive
            if kind != ZIP:
                raise _nowhere(member)
            archive = self._opened(file, archive, self._stack)
            inner = archive.find(member)
            if inner is None:
                raise _nowhere(member)
            found = inner

    def is_last_part(self) -> bool:
        """Whether the upload is the last part of a split ZIP, which does not begin like one."""
        with self.file.open() as stream:
            return is_last_part(stream)

    def _opened(self, file: SourceFile, around: Archive | None, stack: ExitStack) -> Archive:
        self._allowance.enter(file.name)
        if around and around.depth >= self._allowance.limits.depth:
            advice = "Unpack the archives around it and drop what was in them."
            raise SourceBroken(f"{file.name} was not opened", "it lies too deep in other archives", advice)
        return Archive(stack.enter_context(self._movable(file)), file, around, self._allowance)

    @contextmanager
    def _movable(self, file: SourceFile) -> Iterator[BinaryIO]:
        """The bytes of `file`, to be moved in; unpacked to disk where they have to be."""
        if isinstance(file, PlainFile):
            with file.open() as stream:
                yield stream
        elif isinstance(file, ZipMember) and file.entry.method == STORED:
            yield file.packed()
        else:
            with tempfile.TemporaryFile(dir=self.file.path.parent) as spool, file.open() as stream:
                shutil.copyfileobj(stream, spool, _COPIED)
                yield spool

    def _peeled(self, file: SourceFile) -> tuple[SourceFile, str | None]:
        """What is in `file` when it is packed with gzip, and what kind of archive that is."""
        layers = self._allowance.limits.depth
        while (kind := _kind_of(file)) == GZIP and layers:
            file = self.gunzipped(file)
            layers -= 1
        return file, kind


@contextmanager
def open_upload(
    path: Path, name: str, limits: Limits = DEFAULT_LIMITS, *, at_a_glance: bool = False
) -> Iterator[Upload]:
    """The upload at `path`, which a person knows as `name`; `at_a_glance` when little of it is going to be read."""
    file = PlainFile(path, name)
    total = limits.glance + USUAL_RATIO * file.size if at_a_glance else limits.total
    with ExitStack() as stack:
        yield Upload(file, Allowance(limits, total), stack)


def _kind_of(file: SourceFile) -> str | None:
    with file.open() as stream:
        return archive_of(stream.read(SNIFFED))


def _nowhere(member: str) -> SourceBroken:
    return SourceBroken(f"{member} is not in the upload", "nowhere")


def _kept_by_the_system(count: int) -> str:
    one = "it is a file that macOS or Windows keeps for itself"
    return f"{one}, as {'is' if count == 2 else 'are'} {count - 1} more" if count > 1 else one
