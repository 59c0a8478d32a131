"""Archives built byte by byte, so that they can be damaged and lie."""

import gzip
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

STORED, DEFLATED = 0, 8
STAMP = (2026 - 1980 << 9 | 1 << 5 | 2, 3 << 11 | 4 << 5 | 3)  # 2026-01-02 03:04:06


@dataclass(frozen=True)
class Member:
    """A file in a ZIP. What is None is told truly; everything else is told as it stands here."""

    name: str | bytes
    data: bytes = b""
    method: int = DEFLATED
    flags: int = 0
    raw: bytes | None = None
    """Its data as it lies in the archive."""
    crc: int | None = None
    packed: int | None = None
    size: int | None = None
    offset: int | None = None
    extra: bytes = b""
    mode: int = 0
    stamp: tuple[int, int] = STAMP
    large: bool = False
    """Whether its numbers stand in the extra field of ZIP64."""
    described: bool = False
    """Whether its header defers to a descriptor behind the data."""

    @property
    def bytes_of_name(self) -> bytes:
        return self.name if isinstance(self.name, bytes) else self.name.encode()

    @property
    def body(self) -> bytes:
        if self.raw is not None:
            return self.raw
        return deflated(self.data) if self.method == DEFLATED else self.data


def deflated(data: bytes, level: int = 9) -> bytes:
    packer = zlib.compressobj(level, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def zip_of(
    *members: Member,
    before: bytes = b"",
    comment: bytes = b"",
    large: bool = False,
    behind: bytes = b"",
    end: Mapping[str, int] = MappingProxyType({}),
) -> bytes:
    """A ZIP. `end` replaces numbers of its last record: disk, first_disk, here, entries, length, offset."""
    out = bytearray(before)
    directory = b""
    for member in members:
        told = len(out) - len(before) if member.offset is None else member.offset
        directory += _entry(member, told)
        out += _header(member) + member.body
        if member.described:
            out += struct.pack("<4s3L", b"PK\x07\x08", *_numbers(member))
    begins = len(out)
    out += directory
    numbers = {
        "disk": 0,
        "first_disk": 0,
        "here": len(members),
        "entries": len(members),
        "length": len(directory),
        "offset": begins - len(before),
    } | dict(end)
    if large:
        at = len(out)
        real = (numbers["entries"], numbers["entries"], numbers["length"], numbers["offset"])
        out += struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, *real)
        out += struct.pack("<4sLQL", b"PK\x06\x07", 0, at, 1)
        numbers |= {"here": 0xFFFF, "entries": 0xFFFF, "length": 0xFFFFFFFF, "offset": 0xFFFFFFFF}
    out += struct.pack("<4s4H2LH", b"PK\x05\x06", *numbers.values(), len(comment)) + comment
    return bytes(out) + behind


def gzip_of(*parts: bytes, behind: bytes = b"") -> bytes:
    """A gzip file with a member for each of `parts`."""
    return b"".join(gzip.compress(part, mtime=0) for part in parts) + behind


def tar_of(name: str, data: bytes) -> bytes:
    """A tar archive with one file, as POSIX writes it (without a checksum)."""
    head = name.encode().ljust(100, b"\0") + b"0000644\0".ljust(24, b"\0") + f"{len(data):011o}\0".encode()
    head = head.ljust(257, b"\0") + b"ustar\x0000"
    return head.ljust(512, b"\0") + data.ljust(-len(data) % 512 + len(data), b"\0") + bytes(1024)


def overlapping(kernel: bytes, count: int) -> bytes:
    """Entries that all unpack to `kernel`: each quotes the headers behind it (https://www.bamsoftware.com/hacks/zipbomb)."""
    members = [Member(f"{count - 1:04}.json", kernel)]
    data, body, whole = kernel, members[0].body, b""
    for number in reversed(range(count - 1)):
        header = _header(members[0])
        # A stored block of deflate (RFC 1951, 3.2.4) holds the header, so that the next entry's data can follow.
        body = struct.pack("<BHH", 0, len(header), len(header) ^ 0xFFFF) + header + body
        data = header + data
        members.insert(0, Member(f"{number:04}.json", data[:0], raw=body, crc=zlib.crc32(data), size=len(data)))
    whole = _header(members[0]) + body
    step = len(_header(members[0])) + 5
    directory = b"".join(_entry(member, place * step) for place, member in enumerate(members))
    return whole + directory + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(directory), len(whole), 0)


def _numbers(member: Member) -> tuple[int, int, int]:
    crc = zlib.crc32(member.data) if member.crc is None else member.crc
    packed = len(member.body) if member.packed is None else member.packed
    size = len(member.data) if member.size is None else member.size
    return crc, packed, size


def _header(member: Member) -> bytes:
    crc, packed, size = (0, 0, 0) if member.described else _numbers(member)
    flags = member.flags | (8 if member.described else 0)
    date, time = member.stamp
    numbers = (crc, packed & 0xFFFFFFFF, size & 0xFFFFFFFF, len(member.bytes_of_name), 0)
    head = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, flags, member.method, time, date, *numbers)
    return head + member.bytes_of_name


def _entry(member: Member, offset: int) -> bytes:
    crc, packed, size = _numbers(member)
    extra = member.extra
    if member.large:
        extra = struct.pack("<2H3Q", 1, 24, size, packed, offset) + extra
        packed = size = offset = 0xFFFFFFFF
    date, time = member.stamp
    flags = member.flags | (8 if member.described else 0)
    lengths = (len(member.bytes_of_name), len(extra), 0, 0, 0)
    numbers = (crc, packed & 0xFFFFFFFF, size & 0xFFFFFFFF, *lengths, member.mode << 16, offset & 0xFFFFFFFF)
    head = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 3 << 8 | 20, 20, flags, member.method, time, date, *numbers)
    return head + member.bytes_of_name + extra
