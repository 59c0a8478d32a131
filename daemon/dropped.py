"""What is known about a file in the drop folder, and when it may be taken. Pure: no clock, no disk, no loop.

A file is looked at again and again. It is taken once it has looked the same for `settle_seconds` and is read to its
end; one that stays quiet but looks cut short is taken as it is after `unfinished_seconds`. A file that grows waits,
however long it takes: it has not failed.
"""

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum, StrEnum, auto
from io import SEEK_END
from typing import BinaryIO, Protocol

_EDGE = 64 << 10
"""Bytes read at both ends of a file; more white space than that makes JSON look unfinished, which only delays it."""
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_CLOSERS = {b"{": b"}", b"[": b"]"}
_ZIP_BEGINNINGS = (b"PK\3\4", b"PK\5\6", b"PK\7\x08")
_ZIP_ENDING = struct.Struct("<4s4H2LH")
"""The end of the central directory (APPNOTE.TXT 4.3.16), without the comment that follows it."""
_TEMPORARY = re.compile(
    r"\..*|~\$.*|~syncthing~.*|@eadir|thumbs\.db|desktop\.ini|.*\.(part|partial|crdownload|download|tmp)", re.DOTALL
)


class DropState(StrEnum):
    """Where a file in the drop folder stands."""

    WAITING = "waiting"
    FAILED = "failed"
    """The machine did not let us take it; tried again by itself."""
    UNSUPPORTED = "unsupported"
    IGNORED = "ignored"
    """Not a file: a link, a pipe, a device."""
    TAKEN = "taken"
    """In the package's ledger, which knows what became of it."""


class Patience(Protocol):
    """The part of the settings that decides when a file is taken."""

    @property
    def rescan_seconds(self) -> float: ...

    @property
    def settle_seconds(self) -> float: ...

    @property
    def unfinished_seconds(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Look:
    """A file as one look found it."""

    size: int
    mtime_ns: int
    inode: int

    @property
    def identity(self) -> str:
        """Tells this state of this file from any other, for as long as it lies in its folder."""
        return f"{self.size}:{self.mtime_ns}:{self.inode}"


class Act(Enum):
    """What to do with a file now."""

    WAIT = auto()
    TRY = auto()
    """Take it, if it is read to its end."""
    TAKE = auto()
    """Take it as it is."""
    REFUSE_EMPTY = auto()


@dataclass(frozen=True, slots=True)
class Dropped:
    """What is known about one path. Moments are monotonic seconds; `since` is when it was first seen as it is now."""

    look: Look | None
    since: float
    looks: int = 1
    changes: int = 0
    state: DropState = DropState.WAITING
    reason: str | None = None
    unfinished: bool = False
    failures: int = 0
    retry_at: float | None = None
    held: bool = False
    """Whether it could be taken, but waits for the other parts of its set."""


def met(before: Dropped | None, look: Look, started: float, ended: float) -> Dropped:
    """What is known after one more look, which was taken at some time between `started` and `ended`."""
    if before is None or before.look is None:
        return Dropped(look, ended)
    if before.look != look:
        return Dropped(look, ended, changes=before.changes + 1)
    if before.state in (DropState.TAKEN, DropState.UNSUPPORTED):
        return before
    # A look that began before the first one ended proves nothing.
    return replace(before, looks=before.looks + (started >= before.since))


def decide(dropped: Dropped, now: float, patience: Patience) -> Act:
    """What to do with a file whose last look began at `now`."""
    if dropped.look is None or dropped.state not in (DropState.WAITING, DropState.FAILED):
        return Act.WAIT
    if dropped.retry_at is not None and now < dropped.retry_at:
        return Act.WAIT
    quiet = now - dropped.since
    if dropped.looks < 2 or quiet < patience.settle_seconds:
        return Act.WAIT
    if quiet >= patience.unfinished_seconds:
        return Act.TAKE if dropped.look.size else Act.REFUSE_EMPTY
    return Act.WAIT if dropped.unfinished or not dropped.look.size else Act.TRY


def held_back(known: Mapping[str, Dropped], acts: Mapping[str, Act], sets: Mapping[str, object]) -> set[str]:
    """The files that could be taken and wait, because other parts of the same set (path -> set) are not quiet yet.

    A set is imported as one. A part that cannot be taken for now (`FAILED`) keeps nothing waiting.
    """
    arriving = {
        sets[path]
        for path, act in acts.items()
        if path in sets and act is Act.WAIT and known[path].state == DropState.WAITING
    }
    return {path for path, act in acts.items() if act is not Act.WAIT and sets.get(path) in arriving}


def is_due_at(dropped: Dropped, patience: Patience) -> float | None:
    """When a file that stays as it is wants to be decided on next; None when never."""
    if dropped.look is None or dropped.held or dropped.state not in (DropState.WAITING, DropState.FAILED):
        return None
    if dropped.retry_at is not None:
        return dropped.retry_at
    slow = dropped.unfinished or not dropped.look.size
    wait = max(patience.unfinished_seconds, patience.settle_seconds) if slow else patience.settle_seconds
    return dropped.since + wait


def failed(dropped: Dropped, reason: str, now: float, first: float, most: float) -> Dropped:
    """After the machine stood in the way: tried again in `first` seconds, then twice as many, up to `most`."""
    pause = min(most, first * 2 ** min(dropped.failures, 30))
    return replace(dropped, state=DropState.FAILED, reason=reason, failures=dropped.failures + 1, retry_at=now + pause)


def changed(dropped: Dropped, now: float) -> Dropped:
    """After a file changed while it was taken: it is waited for again."""
    return Dropped(dropped.look, now, looks=0, changes=dropped.changes + 1)


def why_waiting(dropped: Dropped, patience: Patience) -> str:
    """A sentence's end: why a file in state `waiting` is not taken yet."""
    quiet = f"{patience.settle_seconds:g} s"
    at_last = f"{patience.unfinished_seconds:g} s"
    size = 0 if dropped.look is None else dropped.look.size
    if dropped.held:
        return "other parts of the same export are still arriving; they are taken together"
    if not size:
        return f"it is empty so far; it is given up when nothing has come for {at_last}"
    if dropped.unfinished:
        return f"it looks unfinished ({size} bytes, without its end); it is taken as it is when quiet for {at_last}"
    if dropped.changes:
        return f"it is still changing ({size} bytes so far); it is taken when quiet for {quiet}"
    return f"it has only just been seen ({size} bytes); it is taken when quiet for {quiet}"


# --- names -------------------------------------------------------------------------------------------------------


def is_temporary(name: str) -> bool:
    """Whether programs call files so that are not there for people: unfinished downloads, locks, folder settings."""
    return _TEMPORARY.fullmatch(name.lower()) is not None


def spell(path: str) -> str:
    """A path of the file system as storable, printable text: `%XX` for undecodable bytes, control characters and `%`.

    Different paths are spelled differently; `unspell` gives the path back.
    """
    return re.sub("[%\x00-\x1f\x7f\udc80-\udcff]", _percent, path)


def unspell(text: str) -> str:
    """The path that `spell` spelled so."""
    return re.sub("%([0-9A-F]{2})", _character, text)


def storable(name: str) -> str:
    """A file's name as the person wrote it, with `%XX` only for bytes that are no text."""
    return re.sub("[\udc80-\udcff]", _percent, name)


def _percent(found: re.Match[str]) -> str:
    return f"%{ord(found[0]) & 0xFF:02X}"


def _character(found: re.Match[str]) -> str:
    code = int(found[1], 16)
    return chr(code if code < 0x80 else 0xDC00 + code)


# --- content -----------------------------------------------------------------------------------------------------


def is_whole(file: BinaryIO) -> bool:
    """Whether the content is there to its end, as its form tells it: ZIP by its directory, JSON by its last bracket.

    Anything else says nothing about its end and counts as whole. Reads a few kilobytes, however large the file is.
    """
    head = file.read(_EDGE)
    if head.startswith(_ZIP_BEGINNINGS):
        return _ends_as_zip(file)
    bom = next((mark for mark in _BOMS if head.startswith(mark)), b"")
    # In UTF-16 every bracket comes with a NUL; elsewhere a NUL is a hole in a file that was laid out beforehand.
    padding = b" \t\r\n\0" if len(bom) == 2 else b" \t\r\n"
    closer = _CLOSERS.get(head[len(bom) :].lstrip(padding)[:1])
    return closer is None or _tail(file).rstrip(padding).endswith(closer)


def _tail(file: BinaryIO) -> bytes:
    size = file.seek(0, SEEK_END)
    file.seek(max(0, size - _EDGE - _ZIP_ENDING.size))
    return file.read()


def _ends_as_zip(file: BinaryIO) -> bool:
    tail = _tail(file)
    found = tail.rfind(b"PK\5\6")
    if found < 0 or found + _ZIP_ENDING.size > len(tail):
        return False
    *_others, size, _offset, comment = _ZIP_ENDING.unpack_from(tail, found)
    if found + _ZIP_ENDING.size + comment > len(tail):
        return False
    if tail[max(0, found - 20) : found].startswith(b"PK\6\7"):
        return True  # ZIP64: its own ending, with the true numbers, is complete where this locator follows it
    return _has_directory(file, size, len(tail) - found)


def _has_directory(file: BinaryIO, size: int, from_end: int) -> bool:
    """Whether a central directory of `size` bytes lies before the ending, which is the last `from_end` bytes."""
    start = file.seek(0, SEEK_END) - from_end - size
    if start < 0:
        return False
    file.seek(start)
    return size == 0 or file.read(4) == b"PK\1\2"
