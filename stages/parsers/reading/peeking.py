"""A first look into a file: what it is, and its first records."""

import re
from typing import BinaryIO, Literal, NamedTuple

from packages_store.errors import SourceBroken
from stages.parsers.contract import Peek, SourceFile
from stages.parsers.reading.encodings import encoding_of
from stages.parsers.reading.json_stream import Item, Records, envelope_behind

Kind = Literal["json", "text", "binary", "empty"]

MOST_RECORDS = 100
MOST_TEXT = 4 << 20
HEAD = 256 << 10
SNIFFED = 4096
"""Bytes by which the kind of a file is told."""

# An array or an object, or a string that holds one: some tools encode twice.
_LIKE_JSON = re.compile(r'\s*(?:"(?:\s|\\[nrt])*)?[\[{]')
_CHUNK = 128 << 10  # most files need little of it, and an archive can hold thousands
_LARGEST = 64 << 20  # a look takes no more memory than this and as much again
_PATIENCE = 32 << 10  # enough for a record of a megabyte; a thousand bombs take seconds
_MOST_FLAWS = 3  # where nothing good is among the first records

ZIP = "ZIP"
GZIP = "gzip"
SPLIT_ZIP = "split ZIP"
_ARCHIVES = (
    (b"PK\x03\x04", ZIP),
    (b"PK\x05\x06", ZIP),  # an empty one
    (b"\x1f\x8b", GZIP),
    (b"PK\x07\x08", SPLIT_ZIP),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (b"Rar!", "RAR"),
    (b"\xfd7zXZ", "xz"),
    (b"BZh", "bzip2"),
    (b"\x28\xb5\x2f\xfd", "Zstandard"),
)
_TAR_MAGIC = (257, b"ustar")
# The first entry of a ZIP that is an office document (ISO/IEC 29500-2 and 26300-3), an electronic book or a program.
_FIRST_IN_DOCUMENTS = (b"[Content_Types].xml", b"mimetype", b"_rels/", b"META-INF/", b"docProps/")


class Look(NamedTuple):
    """What a file is: an archive in the format of that name, else what can be seen of it."""

    archive: str | None
    peek: Peek
    head: bytes
    """The first bytes, as many as were needed to tell."""


def look(file: SourceFile, largest: int = _LARGEST) -> Look:
    """What `file` is, without reading it whole. Raises SourceBroken when an archive is damaged.

    A first record of more than `largest` characters is not looked at.
    """
    with file.open() as stream:
        head = stream.read(SNIFFED)
        archive = archive_of(head)
        if archive is not None:
            return Look(archive, Peek("binary"), head)
        return Look(None, _peek(file, stream, head, largest), head)


def peek(file: SourceFile) -> Peek:
    """What can be known of `file`, which is no archive, without reading it whole."""
    return look(file).peek


def archive_of(head: bytes) -> str | None:
    """The name of the archive format that a file with this beginning has, None when it is none."""
    for magic, name in _ARCHIVES:
        if head.startswith(magic):
            return name
    place, magic = _TAR_MAGIC
    return "tar" if head.startswith(magic, place) else None


def is_document(head: bytes) -> bool:
    """Whether a ZIP with this beginning is a document or a program rather than an archive."""
    return head.startswith(_FIRST_IN_DOCUMENTS, 30)


def _peek(file: SourceFile, stream: BinaryIO, head: bytes, largest: int) -> Peek:
    kind = _kind(head)
    if kind == "json":
        found, done = _json(stream, head, largest)
        if found.wrapping == "wrapped" and not done:
            found = _with_envelope_behind(file, found)
        if found.records or found.wrapping != "none":
            return found
        return _text(file, found.flaw)
    return _text(file) if kind == "text" else Peek(kind)


def _kind(head: bytes) -> Kind:
    encoding, mark = encoding_of(head)
    body = head[mark:]
    if not body.strip():
        return "empty"
    text = body.decode(encoding, "replace")
    if "\0" in text or text.count("\ufffd") > len(text) // 20 + 1:
        return "binary"
    return "json" if _LIKE_JSON.match(text) else "text"


class _Glance:
    """A stream, of which `head` was read already, that ends when enough has been seen."""

    def __init__(self, stream: BinaryIO, head: bytes) -> None:
        self._stream = stream
        self._head = head
        self._given = 0
        self.suffices = False
        """Whether what has been read would do."""
        self.ended = False
        """Whether it was ended."""

    def read(self, size: int, /) -> bytes:
        if self.suffices and self._given >= MOST_TEXT:
            self.ended = True
            return b""
        data, self._head = self._head or self._stream.read(size), b""
        self._given += len(data)
        return data


def _json(stream: BinaryIO, head: bytes, largest: int) -> tuple[Peek, bool]:
    """The peek, and whether it has seen everything."""
    glance = _Glance(stream, head)
    records = Records(glance, chunk=_CHUNK, largest=largest, patience=_PATIENCE)
    found: list[object] = []
    flaws: list[str] = []
    for item in records:
        if isinstance(item, Item):
            found.append(item.value)
            glance.suffices = True
        elif not glance.ended:
            flaws.append(f"{item.why} ({item.position})")
        if len(found) >= MOST_RECORDS or (records.taken >= MOST_TEXT and (found or len(flaws) >= _MOST_FLAWS)):
            break
    flaw = flaws[-1] if flaws else ""
    return Peek("json", records.wrapping, tuple(found), dict(records.envelope), flaw=flaw), records.done


def _with_envelope_behind(file: SourceFile, found: Peek) -> Peek:
    try:
        with file.open() as stream:
            behind = envelope_behind(stream)
    except SourceBroken:
        return found
    return Peek("json", "wrapped", found.records, {**found.envelope, **behind}, flaw=found.flaw)


def _text(file: SourceFile, flaw: str = "") -> Peek:
    with file.open() as stream:
        data = stream.read(HEAD)
    encoding, mark = encoding_of(data)
    return Peek("text", head=data[mark:].decode(encoding, "replace"), flaw=flaw)
