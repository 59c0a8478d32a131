"""manifest.json: what a package holds, so that a reader can tell whether it got all of it."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from packages_store.chats import ChatsFile
from packages_store.graph import GraphFile
from packages_store.memories import KINDS
from packages_store.package import Package

FORMAT = "entity-loom-package"
FORMAT_VERSION = 1
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A memory file: `path` in the package with `/`, `size` in bytes, `sha256` as hex."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Counts:
    """What the two databases hold; they are counted, not hashed, for their bytes may differ with the same content."""

    conversations: int
    messages: int
    span: tuple[str, str] | None
    """The instants of the first and the last message."""
    nodes: int
    edges: int


def write_manifest(package: Package) -> None:
    """Bring manifest.json in line with the package; one that says so already is left alone."""
    files = (entry_of(name, data) for name, data in package.memories.delivered())
    data = manifest_of(package, counted(package.chats, package.graph), files)
    path = package.paths.manifest
    if not path.is_file() or path.read_bytes() != data:
        package.disk.replace(path, data)


def manifest_of(package: Package, counts: Counts, files: Iterable[FileEntry]) -> bytes:
    """The content of manifest.json. The same package gives the same bytes: nothing in it tells when it was written."""
    config = package.config
    entries = sorted(files, key=lambda entry: entry.path)
    by_kind = {kind: sum(entry.path.startswith(f"memories/{kind}/") for entry in entries) for kind in KINDS}
    content = {
        "format": FORMAT,
        "formatVersion": FORMAT_VERSION,
        "package": package.name,
        "entityName": config.entity_name,
        "userName": config.user_name,
        "generatedBy": {"name": "entity-loom", "version": _version(), "engine": config.engine},
        "counts": {
            "conversations": counts.conversations,
            "messages": counts.messages,
            "memories": by_kind,
            "nodes": counts.nodes,
            "edges": counts.edges,
        },
        "dateRange": {"from": counts.span[0], "to": counts.span[1]} if counts.span else None,
        "files": [{"path": entry.path, "size": entry.size, "sha256": entry.sha256} for entry in entries],
    }
    return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


def counted(chats: ChatsFile, graph: GraphFile) -> Counts:
    """What these two files hold; one that is absent holds nothing."""
    return Counts(chats.count(), chats.message_count(), chats.span(), *graph.counts())


def entry_of(path: str, data: bytes) -> FileEntry:
    """The entry of a file with this content."""
    return FileEntry(path, len(data), hashlib.sha256(data).hexdigest())


def _version() -> str:
    try:
        return version("entity-loom")
    except PackageNotFoundError:
        # Run from a checkout that was never installed.
        return "unknown"
