"""The last record of a ZIP, which says where its table of contents is (PKWARE's APPNOTE.TXT, 4.3.14 to 4.3.16)."""

import io
import struct
from dataclasses import dataclass
from typing import BinaryIO

from packages_store.errors import SourceBroken

JOIN = "Put all its parts (.z01, .z02, …, .zip) into one folder, unpack it there and drop what was in it."
"""What to do about a part of a ZIP that was split."""

_END = b"PK\x05\x06"
_END_LENGTH = 22
_LARGE_END = b"PK\x06\x06"
_LARGE_LOCATOR = b"PK\x06\x07"
_MOST_16 = 0xFFFF


@dataclass(frozen=True, slots=True)
class Ends:
    """Where the table of contents ends, how long it is, where it says that it begins, and how many entries it has."""

    at: int
    length: int
    offset: int
    entries: int


def end_of(stream: BinaryIO, name: str) -> Ends:
    """The last record of the ZIP that `stream` holds. Raises SourceBroken when there is none, or it was split."""
    start, tail = _tail_of(stream)
    at = _last_record(tail)
    if at < 0:
        why = f"{name} is a ZIP without its table of contents"
        raise SourceBroken(why, "it is cut short, or one part of several", "Copy or download it again, whole.")
    disk, first_disk, _, entries, length, offset = struct.unpack_from("<4H2L", tail, at + 4)
    disks = {disk, first_disk} - {_MOST_16}
    ends = Ends(start + at, length, offset, entries)
    large = tail[at - 20 : at] if at >= 20 else b""
    if large.startswith(_LARGE_LOCATOR):
        ends, more = _large_end(stream, ends, large)
        disks |= more
    if disks - {0}:
        raise SourceBroken(f"{name} is the last part of a ZIP that was split", "its other parts are missing", JOIN)
    return ends


def is_last_part(stream: BinaryIO) -> bool:
    """Whether a file that does not begin like a ZIP ends like one that was split."""
    _, tail = _tail_of(stream)
    at = _last_record(tail)
    return at >= 0 and _reaches_to_end(tail, at) and 0 < int.from_bytes(tail[at + 4 : at + 6], "little") < _MOST_16


def _tail_of(stream: BinaryIO) -> tuple[int, bytes]:
    """The part of the file in which the record is, behind which a comment may be, and where that part begins."""
    start = max(0, stream.seek(0, io.SEEK_END) - _MOST_16 - _END_LENGTH)
    stream.seek(start)
    return start, stream.read()


def _last_record(tail: bytes) -> int:
    """The end record that reaches to the end of the file with its comment; else the last one; -1 when there is none."""
    last = -1
    at = tail.rfind(_END, 0, max(0, len(tail) - _END_LENGTH) + len(_END))
    while at >= 0:
        last = max(last, at)
        if _reaches_to_end(tail, at):
            return at
        at = tail.rfind(_END, 0, at + len(_END) - 1)
    return last


def _reaches_to_end(tail: bytes, at: int) -> bool:
    """Whether the record at this place ends with its comment where the file does."""
    return at + _END_LENGTH + int.from_bytes(tail[at + 20 : at + 22], "little") == len(tail)


def _large_end(stream: BinaryIO, ends: Ends, locator: bytes) -> tuple[Ends, set[int]]:
    """The record with the real numbers of a large archive, and the numbers of the disks that are named."""
    disk, told, disks = struct.unpack_from("<LQL", locator, 4)
    named = {disk} | ({disks - 1} if disks else set())
    for at in (ends.at - 20 - 56, told):
        if 0 <= at < ends.at:
            stream.seek(at)
            record = stream.read(56)
            if record.startswith(_LARGE_END) and len(record) == 56:
                here, first, _, entries, length, offset = struct.unpack_from("<2L4Q", record, 16)
                return Ends(at, length, offset, entries), named | {here, first}
    return ends, named
