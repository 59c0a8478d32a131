"""The memories: texts in the ledger, and the files under memories/ that are written from them.

A file is ours when the ledger says so: by a memory that is not `adopted`, or by a note that its memory is gone and the
file is still to be removed. Every other file belongs to somebody else; it is read, and never written over or removed.
"""

import errno
import hashlib
import json
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import cast

from packages_store.files import Disk
from packages_store.model import Memory, MemoryKind
from packages_store.paths import PackagePaths
from packages_store.sqlite import Database, Row

KINDS: tuple[MemoryKind, ...] = ("daily", "significant")
ADOPTED = "adopted"

_REMOVED = "removed:"
"""Facts with this beginning name files of ours whose memory is gone: `removed:<kind>/<file name>`."""
_AFTER_REMOVED = "removed;"

_PAGE = 200
_SLUG_BYTES = 60
_INSTANCE_BYTES = 160
_HEADER = re.compile(r"#\s*(?:Daily|Significant) Memory\s*[-–—]\s*(\d{4}-\d\d-\d\d)")
_TAG = re.compile(r"\[chat:([^\]\r\n]+)\]")
_LIKE_A_TAG = re.compile(r"\[(\s*(?:chat|via)\s*:)([^\[\]\r\n]*)(\])?", re.IGNORECASE)
_LINE_ENDS = re.compile(r"\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")


class Memories:
    """The memories of one package."""

    def __init__(self, db: Database, paths: PackagePaths, disk: Disk) -> None:
        self._db = db
        self._paths = paths
        self._disk = disk

    # --- changing ------------------------------------------------------------------------------------------------

    def replace_for_item(self, kind: MemoryKind, item_id: str, memories: Sequence[Memory]) -> None:
        """Make these the memories of this item; those it made before and are not among them go.

        Belongs into the transaction that marks the item done; `publish` then brings the files in line. A file name that
        somebody else's file or another memory has gets a number behind it. What the graph knows of a memory whose `id`
        stays is remembered. Raises ValueError for a memory of another kind and for a name that is no plain file name.
        """
        with self._db.transaction():
            before = self._db.rows(
                "SELECT * FROM memories WHERE origin <> ?"
                " AND ((kind = ? AND item_id = ?) OR id IN (SELECT value FROM json_each(?)))",
                (ADOPTED, kind, item_id, json.dumps([memory.id for memory in memories])),
            )
            self._db.many("DELETE FROM memories WHERE key = ?", [(row["key"],) for row in before])
            names = {(row["kind"], row["file_name"]) for row in before}
            graphed = {row["id"]: row["graphed"] for row in before}
            for memory in memories:
                if memory.kind != kind:
                    raise ValueError(f"{memory.id} is no {kind} memory")
                name = self._free_name(kind, memory.file_name, names)
                self._insert(replace(memory, file_name=name), item_id, graphed.get(memory.id))
            self._note_removed(names)

    def keep_only(self, kind: MemoryKind, item_ids: Iterable[str]) -> None:
        """Let go of the memories of items that are no more, such as a conversation that was left out."""
        with self._db.transaction():
            gone = self._db.rows(
                "SELECT key, kind, file_name FROM memories WHERE kind = ? AND origin <> ?"
                " AND item_id NOT IN (SELECT value FROM json_each(?))",
                (kind, ADOPTED, json.dumps(list(item_ids))),
            )
            self._db.many("DELETE FROM memories WHERE key = ?", [(row["key"],) for row in gone])
            self._note_removed((row["kind"], row["file_name"]) for row in gone)

    def _insert(self, memory: Memory, item_id: str, graphed: str | None) -> None:
        self._db.execute(
            "INSERT INTO memories (id, kind, date, file_name, body, origin, conversation_ids, message_ids, item_id,"
            " requests, graphed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                memory.id,
                memory.kind,
                memory.date,
                memory.file_name,
                memory.body,
                memory.origin,
                json.dumps(memory.conversation_ids, ensure_ascii=False),
                json.dumps(memory.message_ids, ensure_ascii=False),
                item_id,
                json.dumps(memory.requests),
                graphed,
            ),
        )

    def _free_name(self, kind: MemoryKind, wanted: str, ours: set[tuple[str, str]]) -> str:
        path = Path(wanted)
        if path.name != wanted or path.suffix != ".md" or wanted.startswith(".") or "\0" in wanted:
            raise ValueError(f"{wanted!r} cannot be the name of a memory file")
        name, number = wanted, 1
        while self._is_known(kind, name) or ((kind, name) not in ours and self._is_foreign(kind, name)):
            number += 1
            name = f"{path.stem}-{number}.md"
        return name

    def _is_known(self, kind: MemoryKind, name: str) -> bool:
        return self._db.one("SELECT 1 FROM memories WHERE kind = ? AND file_name = ?", (kind, name)) is not None

    def _is_foreign(self, kind: MemoryKind, name: str) -> bool:
        path = self._folder(kind) / name
        if not path.exists() and not path.is_symlink():
            return False
        return self._db.one("SELECT 1 FROM facts WHERE name = ?", (f"{_REMOVED}{kind}/{name}",)) is None

    def _note_removed(self, names: Iterable[tuple[str, str]]) -> None:
        self._db.many(
            "INSERT OR IGNORE INTO facts SELECT ?, '' WHERE NOT EXISTS"
            " (SELECT 1 FROM memories WHERE kind = ? AND file_name = ?)",
            [(f"{_REMOVED}{kind}/{name}", kind, name) for kind, name in sorted(names)],
        )

    def mark_graphed(self, memory_ids: Iterable[str]) -> None:
        """Record that the graph knows these memories as they read now."""
        with self._db.transaction():
            for row in self._db.rows(
                "SELECT id, body FROM memories WHERE id IN (SELECT value FROM json_each(?))",
                (json.dumps(list(memory_ids)),),
            ):
                self._db.execute("UPDATE memories SET graphed = ? WHERE id = ?", (_sha256(row["body"]), row["id"]))

    # --- files ---------------------------------------------------------------------------------------------------

    def publish(self, kind: MemoryKind, item_ids: Iterable[str]) -> None:
        """Write the files of these items' memories, and remove those whose memory is gone."""
        self._write(self._of_items(kind, item_ids))
        self._remove_gone()

    def materialise(self) -> int:
        """Make every file of ours as its memory reads; returns how many were missing or different, or to be removed."""
        changed = 0
        for rows in self._pages_of_ours():
            changed += self._write(rows)
        return changed + self._remove_gone()

    def _write(self, rows: Iterable[Row]) -> int:
        files = [(self._folder(row["kind"]) / row["file_name"], row["body"].encode()) for row in rows]
        stale = [(path, data) for path, data in files if not _holds(path, data)]
        for folder in {path.parent for path, _ in stale}:
            self._disk.make_dir(folder)
        self._disk.replace_many(stale)
        return len(stale)

    def _remove_gone(self) -> int:
        """Remove the files that `_note_removed` named.

        Inside one transaction, so that no memory can take such a name between the look and the removal.
        """
        if not self._removed():
            return 0
        removed = 0
        with self._db.transaction():
            folders = set()
            for fact in self._removed():
                kind, _, name = fact.removeprefix(_REMOVED).partition("/")
                path = self._paths.memories / kind / name
                if not self._is_known(cast("MemoryKind", kind), name) and path.exists():
                    self._disk.remove(path)
                    folders.add(path.parent)
                    removed += 1
            for folder in folders:
                self._disk.sync_dir(folder)
            self._db.execute("DELETE FROM facts WHERE name >= ? AND name < ?", (_REMOVED, _AFTER_REMOVED))
        return removed

    def missing_files(self, kind: MemoryKind) -> bool:
        """Whether a file of ours is not there; what the files hold is `materialise`'s to check."""
        rows = self._db.rows("SELECT file_name FROM memories WHERE kind = ? AND origin <> ?", (kind, ADOPTED))
        folder = self._folder(kind)
        there = {entry.name for entry in folder.iterdir()} if rows and folder.is_dir() else set[str]()
        return any(row["file_name"] not in there for row in rows)

    def files(self) -> Iterator[tuple[MemoryKind, Path]]:
        """Every memory file that lies in the package, whoever wrote it, in order. Symbolic links are not followed."""
        for kind in KINDS:
            folder = self._folder(kind)
            if not self._paths.memories.is_symlink() and not folder.is_symlink() and folder.is_dir():
                yield from ((kind, path) for path in sorted(folder.glob("*.md")) if _is_plain(path))

    def delivered(self) -> Iterator[tuple[str, bytes]]:
        """Each memory file as (path in the package, content), in order: what an export holds.

        Ours are taken from the ledger, so that a file somebody deleted or changed is delivered as it should be; those
        of others as they lie there.
        """
        ours = {
            (row[0], row[1]) for row in self._db.rows("SELECT kind, file_name FROM memories WHERE origin <> 'adopted'")
        }
        gone = {name.removeprefix(_REMOVED) for name in self._removed()}
        others = {(kind, path.name) for kind, path in self.files() if f"{kind}/{path.name}" not in gone}
        for kind, name in sorted(ours | others):
            data = self._body(kind, name) if (kind, name) in ours else _read_plain(self._folder(kind) / name)
            if data is not None:
                yield f"memories/{kind}/{name}", data

    def _body(self, kind: MemoryKind, name: str) -> bytes | None:
        row = self._db.one("SELECT body FROM memories WHERE kind = ? AND file_name = ?", (kind, name))
        return None if row is None else row["body"].encode()

    def _removed(self) -> list[str]:
        rows = self._db.rows("SELECT name FROM facts WHERE name >= ? AND name < ?", (_REMOVED, _AFTER_REMOVED))
        return [row["name"] for row in rows]

    # --- adopting ------------------------------------------------------------------------------------------------

    def read_files(self) -> Iterator[Memory]:
        """The files that somebody else wrote, as memories. Anything can be read; what it lacks is empty or guessed.

        The date is that of the first line, of the file name, or the day on which the file was last changed. The
        conversations are those of its `[chat:…]` tags.
        """
        for kind, path in self.files():
            if self._is_adopted(kind, path.name) or (
                not self._is_known(kind, path.name) and self._is_foreign(kind, path.name)
            ):
                yield _read(kind, path)

    def _is_adopted(self, kind: MemoryKind, name: str) -> bool:
        sql = "SELECT 1 FROM memories WHERE kind = ? AND file_name = ? AND origin = ?"
        return self._db.one(sql, (kind, name, ADOPTED)) is not None

    def adopt(self) -> int:
        """Register the files that somebody else wrote, or read them again; nothing on disk is touched.

        Returns how many there are.
        """
        with self._db.transaction():
            found = list(self.read_files())
            for memory in found:
                known = self._db.execute(
                    "UPDATE memories SET date = ?, body = ?, conversation_ids = ? WHERE id = ?",
                    (memory.date, memory.body, json.dumps(memory.conversation_ids, ensure_ascii=False), memory.id),
                )
                if not known:
                    self._insert(memory, item_id=memory.id, graphed=None)
        return len(found)

    # --- reading -------------------------------------------------------------------------------------------------

    def all(self, kind: MemoryKind | None = None) -> list[Memory]:
        """All memories, or those of one kind, by date and file name."""
        rows = self._db.rows(
            "SELECT * FROM memories WHERE ? IN (kind, '') ORDER BY date, kind, file_name", (kind or "",)
        )
        return [_memory(row) for row in rows]

    def get(self, memory_id: str) -> Memory | None:
        """One memory, or None."""
        row = self._db.one("SELECT * FROM memories WHERE id = ?", (memory_id,))
        return None if row is None else _memory(row)

    def _of_items(self, kind: MemoryKind, item_ids: Iterable[str]) -> list[Row]:
        return self._db.rows(
            "SELECT * FROM memories WHERE kind = ? AND item_id IN (SELECT value FROM json_each(?)) AND origin <> ?",
            (kind, json.dumps(list(item_ids)), ADOPTED),
        )

    def _pages_of_ours(self) -> Iterator[list[Row]]:
        last = 0
        sql = "SELECT * FROM memories WHERE origin <> ? AND key > ? ORDER BY key LIMIT ?"
        while rows := self._db.rows(sql, (ADOPTED, last, _PAGE)):
            yield rows
            last = rows[-1]["key"]

    def _folder(self, kind: MemoryKind) -> Path:
        return self._paths.memories / kind


def _memory(row: Row) -> Memory:
    return Memory(
        id=row["id"],
        kind=row["kind"],
        date=row["date"],
        file_name=row["file_name"],
        body=row["body"],
        origin=row["origin"],
        conversation_ids=tuple(json.loads(row["conversation_ids"])),
        message_ids=tuple(json.loads(row["message_ids"])),
        requests=tuple(json.loads(row["requests"])),
    )


def _read(kind: MemoryKind, path: Path) -> Memory:
    body = (_read_plain(path) or b"").decode(errors="replace")
    header = _HEADER.match(body.lstrip("\ufeff \t\r\n"))
    stated = _valid_date(header[1]) if header else None
    return Memory(
        id=f"{ADOPTED}:{kind}/{path.name}",
        kind=kind,
        date=stated or _valid_date(path.name[:10]) or f"{datetime.fromtimestamp(path.stat().st_mtime, UTC):%Y-%m-%d}",
        file_name=path.name,
        body=body,
        origin=ADOPTED,
        conversation_ids=tuple(dict.fromkeys(_TAG.findall(body))),
        message_ids=(),
    )


def _valid_date(text: str) -> str | None:
    try:
        return text if date.fromisoformat(text).isoformat() == text else None
    except ValueError:
        return None


def _holds(path: Path, data: bytes) -> bool:
    try:
        return not path.is_symlink() and path.stat().st_size == len(data) and path.read_bytes() == data
    except OSError:
        # Not there, or not readable: writing it says which.
        return False


def _is_plain(path: Path) -> bool:
    """Whether `path` is a finished file with a name that can be stored, and no link."""
    try:
        path.name.encode()
    except UnicodeEncodeError:
        return False
    return not path.name.startswith(".") and not path.is_symlink() and path.is_file()


def _read_plain(path: Path) -> bytes | None:
    """The content of a file that is not a link, None when it is one by now or gone."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
            return file.read()
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP):
            return None
        raise


def _sha256(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


# --- names -------------------------------------------------------------------------------------------------------


def daily_file_name(day: str, instance_id: str) -> str:
    """The file of a day (`YYYY-MM-DD`), as Entity Loom names it."""
    return f"{day}_{_cut(instance_id, _INSTANCE_BYTES)}.md"


def significant_file_name(day: str, title: str, identity: str) -> str:
    """A file name that no other memory has: `identity` (conversation and place in it) makes it so, `title` decorates.

    At most 83 bytes; letters, marks and digits of any script, lower case, and `-`.
    """
    return f"{day}_{_slug(title)}-{hashlib.sha256(identity.encode(errors='replace')).hexdigest()[:8]}.md"


def _slug(title: str) -> str:
    lowered = unicodedata.normalize("NFKC", title).lower()
    words = "".join(c if unicodedata.category(c)[0] in "LMN" else "-" for c in unicodedata.normalize("NFC", lowered))
    return _cut(re.sub("-+", "-", words).strip("-"), _SLUG_BYTES).strip("-") or "memory"


def _cut(text: str, limit: int) -> str:
    return text.encode()[:limit].decode(errors="ignore")


# --- bodies ------------------------------------------------------------------------------------------------------


def daily_body(day: str, bullets: Sequence[tuple[str, str, str]]) -> str:
    """The whole file of a day from (text, conversation id, platform) triples: one line each, ended by its sources.

    Text in a memory comes from chats, where anybody can have written anything: line ends in it become blanks, and what
    looks like a source tag gets round brackets (`[chat:x]` becomes `(chat:x)`). A bullet without text is left out.
    """
    lines = [(" ".join(_plain(text).split()), _tags(chat, platform)) for text, chat, platform in bullets]
    return f"# Daily Memory - {day}\n\n" + "".join(f"- {text} {tags}\n" for text, tags in lines if text)


def significant_body(day: str, prose: str, conversation_id: str, platform: str) -> str:
    """The whole file of a significant memory. Prose keeps its lines, and forges no tags (`daily_body`)."""
    return f"# Significant Memory - {day}\n\n{_plain(prose).strip()}\n\n{_tags(conversation_id, platform)}\n"


def _tags(conversation_id: str, platform: str) -> str:
    return f"[chat:{_inside_tag(conversation_id)}] [via:{_inside_tag(platform)}]"


def _inside_tag(text: str) -> str:
    """`text` without what would end the tag: an id that an export made up decides nothing about the file."""
    return " ".join(_plain(text).split()).replace("[", "(").replace("]", ")")


def _plain(text: str) -> str:
    """`text` with our line ends only, without control characters, lone surrogates, and anything like a tag."""
    lines = _LINE_ENDS.sub("\n", text.encode(errors="replace").decode())
    clean = "".join(c for c in lines if c in "\n\t" or unicodedata.category(c) != "Cc")
    return _LIKE_A_TAG.sub(lambda tag: f"({tag[1]}{tag[2]}{')' if tag[3] else ''}", clean)
