"""The table of contents of a ZIP, as PKWARE's APPNOTE.TXT describes it (sections are named by their number).

Read by hand, because the standard library's reader holds several hundred bytes for every entry before it can be asked
how many there are, believes the numbers it finds, and differs between versions of Python in what it objects to.
"""

import re
import stat
import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO

from packages_store.errors import SourceBroken
from stages.parsers.reading.limits import Allowance, too_many_files
from stages.parsers.reading.values import moment_ms
from stages.parsers.reading.zip_end import end_of

STORED, DEFLATED = 0, 8

_ENTRY = b"PK\x01\x02"
_SIGNATURE = b"PK\x05\x05"  # may follow the entries (4.3.13)
_FILE = b"PK\x03\x04"
_FILE_LENGTH = 30
_HEAD = struct.Struct("<4s4B4H3L5H2L")
_LENGTHS = struct.Struct("<3H").unpack_from  # of name, extra fields and comment
_MOST_16, _MOST_32 = 0xFFFF, 0xFFFFFFFF
_ENCRYPTED = 1 | 1 << 6
_MOST_INFLATED = 1032  # bytes out of one (https://zlib.net/zlib_tech.html)
_METHODS = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "xz", 98: "PPMd"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a ZIP, as the archive describes it. `name` has slashes only; `begins` is the place of its header."""

    name: str
    method: int
    flags: int
    crc: int
    packed: int
    size: int
    begins: int
    stamp: tuple[int, int]
    """Date and time of the last change, as DOS writes them."""
    mode: int
    """As Unix writes it, 0 when it is not told."""
    flaw: str = ""
    """Why the numbers cannot be relied on."""

    @property
    def is_folder(self) -> bool:
        return self.name.endswith("/")

    @property
    def ends(self) -> int:
        """Where its data ends at the earliest (4.3.7): the header and the name stand before it."""
        return self.begins + _FILE_LENGTH + len(self.name) + self.packed

    @property
    def modified_at(self) -> int | None:
        """In milliseconds since 1970, in a zone that is not told (taken as UTC); None when it is not known."""
        date, time = self.stamp
        year, month, day = 1980 + (date >> 9), date >> 5 & 15, date & 31
        try:
            told = datetime(year, month, day, time >> 11, time >> 5 & 63, (time & 31) * 2, tzinfo=UTC)
        except ValueError:
            return None
        # Writers that keep no times write the first one the format has.
        return moment_ms(told) if year > 1980 else None


class Directory:
    """The entries of a ZIP that `stream`, which can be moved in, holds and a person knows as `name`."""

    def __init__(self, stream: BinaryIO, name: str, allowance: Allowance) -> None:
        """Raises SourceBroken when there is no such table, or when it is too large."""
        self._name = name
        self._allowance = allowance
        ends = end_of(stream, name)
        self.begins = ends.at - ends.length
        """Where the data ends and this table begins."""
        self._before = self.begins - ends.offset
        if self.begins < 0 or self._before < 0:
            raise _damaged(name, "it does not fit into the file")
        if ends.entries > allowance.limits.entries or ends.length > allowance.limits.directory:
            raise too_many_files(name, allowance.limits)
        stream.seek(self.begins)
        self._data = stream.read(ends.length)

    def entries(self) -> Iterator[Entry]:
        """Every entry, in the order of the table. Raises SourceBroken when the table is damaged, or too long."""
        for at, name in self._names():
            self._allowance.list(self._name, 1)
            yield self._entry(at, _decoded(name))

    def find(self, path: str) -> Entry | None:
        """The entry of that name; of several, the last. Else the one that `path` leads into as if it were a folder.

        What is there is found without a walk from entry to entry, so that thousands of files can be read one by one.
        """
        wanted = path.encode("utf-8", "replace")
        begin = self._last_of(wanted)
        if begin is not None:
            return self._entry(begin, path)
        here = around = None
        for at, name in self._names():
            if name == wanted:
                here = at, path
            elif wanted.startswith(name) and wanted.startswith(b"/", len(name)):
                around = at, _decoded(name)
        found = here or around or self._find_decoded(path)
        return self._entry(*found) if found else None

    def _last_of(self, name: bytes) -> int | None:
        """The place of the last entry of that name. None as well where a header happens to end as the name begins.

        Searched from the front: from the back, `bytes` takes quadratic time where names repeat themselves.
        """
        found = None
        at = self._data.find(name, _HEAD.size)
        while name and at >= 0:
            begin = at - _HEAD.size
            if self._data.startswith(_ENTRY, begin) and _LENGTHS(self._data, begin + 28)[0] == len(name):
                found = begin
            at = self._data.find(name, at + len(name))
        return found

    def _find_decoded(self, path: str) -> tuple[int, str] | None:
        """As `find`, for names that are written in another way than they are told."""
        here = around = None
        for at, raw in self._names():
            name = _decoded(raw)
            if name == path:
                here = at, name
            elif path.startswith(f"{name}/"):
                around = at, name
        return here or around

    def _names(self) -> Iterator[tuple[int, bytes]]:
        """The place of each entry, and its name as it is written."""
        data, at, size = self._data, 0, _HEAD.size
        while data.startswith(_ENTRY, at) and at + size <= len(data):
            name, extra, comment = _LENGTHS(data, at + 28)
            begin = at + size
            ends = begin + name + extra + comment
            if ends > len(data):
                break
            yield at, data[begin : begin + name]
            at = ends
        if at < len(data) and not data.startswith(_SIGNATURE, at):
            raise _damaged(self._name, f"it is damaged at byte {self.begins + at}")

    def _entry(self, at: int, name: str) -> Entry:
        head = _HEAD.unpack_from(self._data, at)
        flags, method, time, date, crc, packed, size = head[5:12]
        name_length, extra_length, _, disk, _, attributes, offset = head[12:]
        begin = at + _HEAD.size + name_length
        flaw = ""
        try:
            extra = self._data[begin : begin + extra_length]
            size, packed, offset, disk = _large(extra, size, packed, offset, disk)
        except struct.error:
            flaw = "its sizes cannot be read"
        if disk:
            flaw = "it lies in another part of a split ZIP"
        return Entry(
            name=name,
            method=method,
            flags=flags,
            crc=crc,
            packed=packed,
            size=size,
            begins=offset + self._before,
            stamp=(date, time),
            mode=attributes >> 16,
            flaw=flaw,
        )


def data_of(stream: BinaryIO, entry: Entry, end: int) -> int:
    """Where the data of `entry` begins, which must end before `end`. Raises SourceBroken when it is not there."""
    head = b""
    if 0 <= entry.begins <= end:
        stream.seek(entry.begins)
        head = stream.read(_FILE_LENGTH)
    if len(head) < _FILE_LENGTH or not head.startswith(_FILE):
        raise SourceBroken(f"{entry.name} is not where the archive says", "in the ZIP")
    name, extra = struct.unpack_from("<2H", head, 26)
    begins = entry.begins + _FILE_LENGTH + name + extra
    if begins + entry.packed > end:
        raise SourceBroken(f"{entry.name} does not fit into the archive", "in the ZIP")
    return int(begins)


def objections(entries: Sequence[Entry], end: int) -> list[str]:
    """Why each entry is not read, judged by itself, by its neighbours, and by the `end` of the data; '' where it is."""
    reasons = [""] * len(entries)
    last = -1
    for place in sorted(range(len(entries)), key=lambda place: entries[place].begins):
        entry = entries[place]
        if last >= 0 and entries[last].ends > entry.begins:
            reasons[last] = reasons[place] = "it overlaps another entry"
        if last < 0 or entry.ends > entries[last].ends:
            last = place
        if entry.begins < 0 or entry.ends > end:
            reasons[place] = "it lies outside the archive"
    times = Counter(entry.name for entry in entries)
    for place, entry in enumerate(entries):
        if times[entry.name] > 1:
            # An archive that was appended to: the last one is what every other reader would unpack.
            times[entry.name] -= 1
            reasons[place] = reasons[place] or "another entry of the same name follows"
        reasons[place] = _objection(entry) or reasons[place]
    return reasons


def _objection(entry: Entry) -> str:
    parts = entry.name.split("/")
    if parts[0] == "" or re.match(r"[A-Za-z]:", entry.name):
        return "its path is absolute"
    if ".." in parts:
        return "its path leaves the archive"
    if stat.S_IFMT(entry.mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "it is a link or a device, not a file"
    if entry.flags & _ENCRYPTED:
        return "it is encrypted: unpack it with its password and drop the files"
    return _objection_to_data(entry)


def _objection_to_data(entry: Entry) -> str:
    if entry.method not in (STORED, DEFLATED):
        method = _METHODS.get(entry.method, f"method {entry.method}")
        return f"it is packed with {method}, which is not read: unpack it and drop what was in it"
    most = entry.packed if entry.method == STORED else entry.packed * _MOST_INFLATED + _MOST_INFLATED
    if not entry.flaw and entry.size > most:
        return "it says that it unpacks to more than is possible"
    return entry.flaw


def _damaged(name: str, why: str) -> SourceBroken:
    return SourceBroken(f"The table of contents of {name} cannot be read", why, "Copy or download it again.")


def _decoded(raw: bytes) -> str:
    """A name. Many writers use UTF-8 and do not say so (4.4.4, bit 11); what is none is of DOS."""
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        name = raw.decode("cp437")
    return name.replace("\\", "/")


def _large(extra: bytes, size: int, packed: int, offset: int, disk: int) -> tuple[int, int, int, int]:
    """Sizes, place and disk, with what is too large for 32 bits taken from `extra` (4.5.3). Raises struct.error."""
    fields = _field(extra, 1)
    if fields is None:
        return size, packed, offset, disk
    told = (size, packed, offset)
    wide = list(struct.unpack_from(f"<{told.count(_MOST_32)}Q", fields))
    if disk == _MOST_16:
        (disk,) = struct.unpack_from("<L", fields, 8 * len(wide))
    size, packed, offset = (wide.pop(0) if number == _MOST_32 else number for number in told)
    return size, packed, offset, disk


def _field(extra: bytes, wanted: int) -> bytes | None:
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == wanted:
            return extra[at + 4 : at + 4 + length]
        at += 4 + length
    return None
