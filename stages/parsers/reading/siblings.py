"""What other files of an upload know about a chat: how a person called what was attached.

ChatGPT exports hold attachments under names of its own, and two files that tell the person's: an object of names by the
name in the archive (`conversation_asset_file_names.json`: `{"file-….dat": "photo.png"}`), and a list of the files of
its library (`library_files.json`: `[{"file_id": "file_…", "file_name": "photo.png", …}]`).
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property

from packages_store.errors import SourceBroken
from stages.parsers.contract import SourceFile
from stages.parsers.reading.encodings import encoding_of
from stages.parsers.reading.values import as_map, as_text

LARGEST = 16 << 20
"""Bytes of such a file; a name takes about 100."""

LOOKED_AT = 200
"""Files whose beginning is looked at. Those whose name is the usual one come first, so that many chats cost nothing."""

_HEAD = 4096
_USUAL = re.compile(r"(?:^|/)(?:conversation_asset_file_names|library_files)[^/]*\.json$", re.IGNORECASE)
_TEXT = r'"(?:[^"\\]|\\.)*"'
# Texts by texts, and a name that begins as the platform's ids do; a list of objects, and what they hold.
_BY_NAME = re.compile(rf'\s*\{{\s*(?:{_TEXT}\s*:\s*{_TEXT}\s*,\s*)*?"(?:[^"/\\]*/)*file[-_][^"]*"\s*:\s*"')
_LIBRARY = re.compile(r'\s*\[\s*\{(?=.*"file_id"\s*:).*"file_name"\s*:', re.DOTALL)


class Names(Mapping[str, str]):
    """The names that `files` tell, looked for when the first one is asked for. Never raises for what is in them."""

    def __init__(self, files: Callable[[], Iterable[SourceFile]]) -> None:
        self._files = files

    @cached_property
    def _found(self) -> dict[str, str]:
        try:
            return names_in(self._files())
        except SourceBroken:
            return {}

    def __getitem__(self, key: str) -> str:
        return self._found[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def names_in(files: Iterable[SourceFile]) -> dict[str, str]:
    """What a person called each attachment, by its id, and by its name in the archive where that is another."""
    small = [file for file in files if 0 < file.size <= LARGEST]
    small.sort(key=lambda file: (not _USUAL.search(file.name), file.name))
    names: dict[str, str] = {}
    for file in small[:LOOKED_AT]:
        for key, name in _told_by(file):
            names.setdefault(key, name)
    return names


def _told_by(file: SourceFile) -> Iterator[tuple[str, str]]:
    try:
        document = _document(file)
    except (SourceBroken, ValueError, RecursionError):
        return
    for key, name in _pairs(document):
        if key and name:
            yield key, name
            id_ = key.rpartition("/")[2].removesuffix(".dat")
            if id_ != key:
                yield id_, name


def _document(file: SourceFile) -> object:
    """The JSON in `file` when it begins like one of the two, None when not. Raises ValueError when it is no JSON."""
    with file.open() as stream:
        data = stream.read(_HEAD)
        encoding, mark = encoding_of(data)
        head = data[mark:].decode(encoding, "replace")
        if not _BY_NAME.match(head) and not _LIBRARY.match(head):
            return None
        data += stream.read(LARGEST + 1 - len(data))
    if len(data) > LARGEST:
        return None
    return json.loads(data[mark:].decode(encoding, "replace"), strict=False)


def _pairs(document: object) -> Iterator[tuple[str, str]]:
    if isinstance(document, dict):
        yield from ((key, name) for key, name in document.items() if isinstance(name, str))
    elif isinstance(document, list):
        for record in map(as_map, document):
            name = as_text(record.get("file_name"))
            yield as_text(record.get("file_id")), name
            yield as_text(as_map(record.get("id")).get("id")), name
