"""Streams of what archives hold. They count what they really give: what an archive says about itself can be a lie."""

import io
import zlib
from abc import abstractmethod
from typing import BinaryIO

from packages_store.errors import SourceBroken
from packages_store.words import with_number
from stages.parsers.reading.limits import Allowance
from stages.parsers.reading.zip_directory import STORED, Entry

_PACKED = 64 << 10
_PIECE = 64 << 10
"""Bytes unpacked at a time. Where data is damaged, what was unpacked in the same piece is lost."""

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP = 31  # what zlib calls a stream with gzip's header and checksum
_RAW = -15


class Section(io.RawIOBase):
    """The bytes of `stream`, which can be moved in, from `begin` on."""

    def __init__(self, stream: BinaryIO, begin: int, size: int) -> None:
        self._stream = stream
        self._begin = begin
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        wanted = min(len(buffer), max(0, self._size - self._at))
        # Others read from the same stream in between.
        self._stream.seek(self._begin + self._at)
        data = self._stream.read(wanted)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


class _Unpacked(io.RawIOBase):
    """Bytes that are unpacked while they are read. Raises SourceBroken for damage, and where a limit is passed."""

    def __init__(self, name: str, packed: BinaryIO, allowance: Allowance) -> None:
        self._name = name
        self._packed = packed
        self._allowance = allowance
        self._given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        try:
            data = self._more(len(buffer))
        except zlib.error as error:
            raise self._damaged(str(error)) from error
        self._given += len(data)
        self._allowance.spend_of(self._name, len(data), self._given, self._taken())
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._packed.close()
        super().close()

    @abstractmethod
    def _more(self, size: int) -> bytes:
        """At most `size` bytes more, none at the end."""
        ...

    @abstractmethod
    def _taken(self) -> int:
        """How many packed bytes they came from."""
        ...

    def _damaged(self, why: str) -> SourceBroken:
        return SourceBroken(f"{self._name} cannot be unpacked to its end: {why}", "in the archive")


class Unpacking(io.BufferedReader):
    """A stream of what is unpacked. What comes before damage can be read before the damage is raised, by the next call.

    So `read(size)` may give less than `size` bytes where more would follow. `read()` gives everything, or raises.
    """

    _broken: SourceBroken | None = None

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            return super().read()
        pieces: list[bytes] = []
        while size and (piece := self._piece(size, pieces)):
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def _piece(self, size: int, before: list[bytes]) -> bytes:
        if self._broken is None:
            try:
                return self.read1(size)
            except SourceBroken as error:
                self._broken = error
        if not before:
            raise self._broken
        return b""


class OfZip(_Unpacked):
    """A file in a ZIP, out of its `packed` data."""

    def __init__(self, name: str, packed: BinaryIO, allowance: Allowance, entry: Entry) -> None:
        super().__init__(name, packed, allowance)
        self._entry = entry
        self._crc = 0
        self._inflate = None if entry.method == STORED else zlib.decompressobj(_RAW)

    def _more(self, size: int) -> bytes:
        data = self._packed.read(size) if self._inflate is None else self._inflated(size)
        self._crc = zlib.crc32(data, self._crc)
        if not data and size:
            self._check()
        return data

    def _inflated(self, size: int) -> bytes:
        inflate = self._inflate
        while inflate is not None and not inflate.eof:
            packed = inflate.unconsumed_tail or self._packed.read(_PACKED)
            data = inflate.decompress(packed, min(size, _PIECE))
            if data:
                return data
            if not packed:
                raise self._damaged("its data ends too early")
        return b""

    def _check(self) -> None:
        if self._given != self._entry.size:
            raise self._damaged(f"it has {with_number(self._given, 'byte[|s]')} and should have {self._entry.size}")
        if self._crc != self._entry.crc:
            raise self._damaged("its checksum is wrong")

    def _taken(self) -> int:
        return self._entry.packed


class OfGzip(_Unpacked):
    """What a gzip file (RFC 1952) holds: one member, or several one after the other."""

    def __init__(self, name: str, packed: BinaryIO, allowance: Allowance) -> None:
        super().__init__(name, packed, allowance)
        self._inflate = zlib.decompressobj(_GZIP)
        self._rest = b""
        self._read = 0

    def _more(self, size: int) -> bytes:
        while True:
            if self._inflate.eof and not self._next_member():
                return b""
            packed = self._inflate.unconsumed_tail or self._next()
            data = self._inflate.decompress(packed, min(size, _PIECE))
            if data:
                return data
            if not packed and not self._inflate.eof:
                raise self._damaged("it is cut short")

    def _next_member(self) -> bool:
        rest = self._inflate.unused_data
        while len(rest) < len(_GZIP_MAGIC) and (more := self._next()):
            rest += more
        if not rest.startswith(_GZIP_MAGIC):
            return False  # padding, as tapes have it
        self._inflate = zlib.decompressobj(_GZIP)
        self._rest = rest
        return True

    def _next(self) -> bytes:
        if self._rest:
            data, self._rest = self._rest, b""
            return data
        data = self._packed.read(_PACKED)
        self._read += len(data)
        return data

    def _taken(self) -> int:
        return self._read
