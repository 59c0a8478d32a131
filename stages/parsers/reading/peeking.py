"""A first look into a file: what it is, and its first records."""

import re
from typing import BinaryIO, Literal

from packages_store.errors import SourceBroken
from stages.parsers.contract import Peek, SourceFile
from stages.parsers.reading.containers import ZIP_MAGIC
from stages.parsers.reading.json_stream import Item, Records, envelope_behind
from stages.parsers.reading.json_window import encoding_of

Kind = Literal["json", "text", "binary", "empty"]

MOST_RECORDS = 100
MOST_TEXT = 4 << 20
HEAD = 256 << 10
_SNIFFED = 4096
# An array or an object, or a string that holds one: some tools encode twice.
_LIKE_JSON = re.compile(r'\s*(?:"(?:\s|\\[nrt])*)?[\[{]')
_CHUNK = 128 << 10  # most files need little of it, and an archive can hold thousands


def peek(file: SourceFile) -> Peek:
    """What can be known of `file` without reading it whole. Raises SourceBroken when an archive is damaged."""
    with file.open() as stream:
        head = stream.read(_SNIFFED)
    kind = _kind(head)
    if kind == "json":
        with file.open() as stream:
            found, done = _json(stream)
        if found.wrapping == "wrapped" and not done:
            found = _with_envelope_behind(file, found)
        if found.records or found.wrapping != "none":
            return found
        return _text(file, found.flaw)
    return _text(file) if kind == "text" else Peek(kind)


def archive_kind(file: SourceFile) -> str | None:
    """The name of the archive format that the file begins like, None when it is none."""
    with file.open() as stream:
        head = stream.read(8)
    for magic, name in _ARCHIVES:
        if head.startswith(magic):
            return name
    return None


_ARCHIVES = (
    *((magic, "ZIP") for magic in ZIP_MAGIC),
    (b"\x1f\x8b", "gzip"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (b"Rar!", "RAR"),
    (b"\xfd7zXZ", "xz"),
    (b"BZh", "bzip2"),
    (b"\x28\xb5\x2f\xfd", "Zstandard"),
)


def _kind(head: bytes) -> Kind:
    encoding, mark = encoding_of(head)
    body = head[mark:]
    if not body.strip():
        return "empty"
    text = body.decode(encoding, "replace")
    if "\0" in text or text.count("\ufffd") > len(text) // 20 + 1:
        return "binary"
    return "json" if _LIKE_JSON.match(text) else "text"


def _json(stream: BinaryIO) -> tuple[Peek, bool]:
    """The peek, and whether it has seen everything."""
    records = Records(stream, chunk=_CHUNK)
    found: list[object] = []
    flaw = ""
    for item in records:
        if isinstance(item, Item):
            found.append(item.value)
        else:
            flaw = f"{item.why} ({item.position})"
        if len(found) >= MOST_RECORDS or records.taken >= MOST_TEXT:
            break
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
