"""The memories: texts in the ledger, and the files under memories/ that are written from them.

A file is ours when the ledger says so: by a memory that is not `adopted`, or by a note that its memory is gone and the
file is still to be removed. Every other file belongs to somebody else; it is read, and never written over or removed.
"""

import errno
import hashlib
import json
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Lock
from typing import Any, Literal

from packages_store.bodies import edited, with_passages
from packages_store.errors import UnknownItem
from packages_store.files import Disk
from packages_store.model import Memory, MemoryKind, Passage
from packages_store.paths import PackagePaths
from packages_store.sqlite import Database, Row, Value
from packages_store.times import Clock, iso, utc_now
from packages_store.touched import Touched, meet

KINDS: tuple[MemoryKind, ...] = ("daily", "significant")
ADOPTED = "adopted"
PERSON = "person"

_REMOVED = "removed:"
"""Facts with this beginning name files of ours whose memory is gone: `removed:<kind>/<file name>`."""
_AFTER_REMOVED = "removed;"

_PAGE = 200
_PASSAGE_FIELDS = tuple(field.name for field in fields(Passage))
_HEADER = re.compile(r"#\s*(?:Daily|Significant) Memory\s*[-–—]\s*(\d{4}-\d\d-\d\d)")
_TAG = re.compile(r"\[chat:([^\]\r\n]+)\]")


@dataclass(frozen=True, slots=True)
class Version:
    """A text that a memory had until it was changed, and why: `edited`, `replaced`, `deleted` or `restored`."""

    at: str
    why: str
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Story:
    """A memory with what became of it: before (`base`), as it reads now, and what its stage would say (`proposal`).

    `base` is what the stage said when a person edited it, None while nobody has.
    """

    memory: Memory
    item: str
    base: str | None
    proposal: str | None
    versions: tuple[Version, ...]


class Memories:
    """The memories of one package."""

    def __init__(self, db: Database, paths: PackagePaths, disk: Disk, clock: Clock = utc_now) -> None:
        self._db = db
        self._paths = paths
        self._disk = disk
        self._clock = clock
        self._publishing = Lock()
        self._told_by_others: Mapping[str, frozenset[str]] | None = None
        """By day, as `look_at_others` found it."""

    # --- changing ------------------------------------------------------------------------------------------------

    def replace_for_item(self, kind: MemoryKind, item_id: str, memories: Sequence[Memory]) -> None:
        """Make these the memories of this item; those it made before and are not among them go.

        Belongs into the transaction that marks the item done; `publish` then brings the files in line. A file name that
        somebody else's file or another memory has gets a number behind it. What the graph knows of a memory whose `id`
        stays is remembered. What a person has edited is not written over: another text is kept beside it as a proposal
        (R-42). What a person has deleted stays deleted. Raises ValueError for a memory of another kind and for a name
        that is no plain file name.
        """
        with self._db.transaction():
            before = self._db.rows(
                "SELECT * FROM memories WHERE origin <> ?"
                " AND ((kind = ? AND item_id = ?) OR id IN (SELECT value FROM json_each(?)))",
                (ADOPTED, kind, item_id, json.dumps([memory.id for memory in memories])),
            )
            touched = {row["id"]: row for row in before if row["base"] is not None or row["deleted"]}
            again, new = meet([_touched(row) for row in touched.values()], memories)
            gone = [row for row in before if row["id"] not in touched]
            self._db.many("DELETE FROM memories WHERE key = ?", [(row["key"],) for row in gone])
            names = {(row["kind"], row["file_name"]) for row in gone}
            graphed = {row["id"]: row["graphed"] for row in gone}
            for memory_id, row in touched.items():
                self._say_again(row, again.get(memory_id))
            for memory in new:
                if memory.kind != kind:
                    raise ValueError(f"{memory.id} is no {kind} memory")
                name = self._free_name(kind, memory.file_name, names)
                self._insert(replace(memory, file_name=name), item_id, graphed.get(memory.id))
            self._note_removed(names)

    def _say_again(self, row: Row, memory: Memory | None) -> None:
        """Let a touched memory know what its stage says now; None when it no longer speaks of it."""
        if memory is None:
            return
        if row["base"] is None:
            self._rewrite(replace(memory, file_name=row["file_name"], date=row["date"]))
        else:
            is_new = memory.body not in (row["base"], row["body"])
            proposal = json.dumps(asdict(memory), ensure_ascii=False) if is_new else None
            self._db.execute("UPDATE memories SET proposal = ? WHERE id = ?", (proposal, memory.id))

    def keep_only(self, kind: MemoryKind, item_ids: Iterable[str]) -> None:
        """Put away the memories of items that are no more, such as a conversation that was left out.

        Those of items that are here again come back as they were.
        """
        there = set(item_ids)
        with self._db.transaction():
            rows = self._db.rows("SELECT * FROM memories WHERE kind = ? AND origin <> ?", (kind, ADOPTED))
            of_items = [row for row in rows if not row["item_id"].startswith(f"{ADOPTED}:")]
            gone = [row for row in of_items if row["item_id"] not in there and not row["away"]]
            self._db.many("UPDATE memories SET away = 1 WHERE key = ?", [(row["key"],) for row in gone])
            self._note_removed((row["kind"], row["file_name"]) for row in gone)
            for row in of_items:
                if row["away"] and row["item_id"] in there:
                    self._bring_back(row, "away")

    def _insert(self, memory: Memory, item_id: str, graphed: str | None) -> None:
        columns = _columns(memory) | {"item_id": item_id, "graphed": graphed}
        names = ", ".join(columns)
        marks = ", ".join(f":{name}" for name in columns)
        self._db.many(f"INSERT INTO memories ({names}) VALUES ({marks})", [columns])  # noqa: S608 - names of ours

    def _rewrite(self, memory: Memory) -> None:
        """Store everything about a memory that is here already."""
        columns = _columns(memory)
        sets = ", ".join(f"{name} = :{name}" for name in columns)
        self._db.many(f"UPDATE memories SET {sets} WHERE id = :id", [columns])  # noqa: S608 - names of ours

    def _bring_back(self, row: Row, column: Literal["away", "deleted"]) -> None:
        """Let a memory be there again; its file gets another name when somebody else's has the name by now."""
        kind, name = row["kind"], row["file_name"]
        self._db.execute(f"UPDATE memories SET {column} = 0 WHERE key = ?", (row["key"],))  # noqa: S608 - names of ours
        if self._is_foreign(kind, name):
            free = self._free_name(kind, name, set())
            self._db.execute("UPDATE memories SET file_name = ? WHERE key = ?", (free, row["key"]))

    # --- a person's hand -----------------------------------------------------------------------------------------

    def edit(self, memory_id: str, text: str, title: str | None = None) -> Memory:
        """Give a memory another text, without or with its heading and tags, and if asked another title.

        It is marked as edited, and the text it had is kept among its versions. Raises UnknownItem, and NotAllowed for a
        text that cannot be filed.
        """
        with self._db.transaction():
            row = self._row(memory_id)
            before = memory_from_row(row)
            after = edited(before, text)
            if after.body == before.body and title in (None, before.title):
                return before
            self._keep_version(row, "edited")
            self._rewrite(replace(after, title=before.title if title is None else title, origin=_by_person(row)))
            self._db.execute("UPDATE memories SET base = coalesce(base, ?) WHERE id = ?", (row["body"], memory_id))
        return self._present(memory_id)

    def add(self, memory: Memory, item_id: str) -> None:
        """File one more memory of an item. One of its id that is here already gives it another number."""
        with self._db.transaction():
            there = self._db.rows("SELECT * FROM memories WHERE kind = ? AND item_id = ?", (memory.kind, item_id))
            if any(row["body"] == memory.body for row in there):
                return
            (renumbered,) = meet([Touched(row["id"], row["body"], frozenset()) for row in there], [memory])[1]
            name = self._free_name(memory.kind, memory.file_name, set())
            self._insert(replace(renumbered, file_name=name), item_id, graphed=None)

    def take_out(self, memory_id: str) -> tuple[Memory, str] | None:
        """Let go of a memory that nobody has touched: the memory and its item, None when there is none."""
        with self._db.transaction():
            row = self._db.one("SELECT * FROM memories_here WHERE id = ? AND base IS NULL", (memory_id,))
            if row is None:
                return None
            self._db.execute("DELETE FROM memories WHERE key = ?", (row["key"],))
            self._note_removed([(row["kind"], row["file_name"])])
            return memory_from_row(row), str(row["item_id"])

    def add_line(self, memory: Memory, item_id: str, position: int) -> None:
        """Put the line of `memory`, a day of one line, among those of its day, which may have none yet."""
        with self._db.transaction():
            row = self._db.one("SELECT * FROM memories WHERE id = ?", (memory.id,))
            if row is None:
                name = self._free_name(memory.kind, memory.file_name, set())
                self._insert(replace(memory, file_name=name), item_id, graphed=None)
                return
            day = memory_from_row(row)
            at = len(day.passages) if day.edited else min(position, len(day.passages))
            passages = (*day.passages[:at], *memory.passages, *day.passages[at:])
            self._rewrite(with_passages(day, passages))

    def take_proposal(self, memory_id: str) -> Memory:
        """Let what its stage says now be the text of an edited memory, which then counts as not edited.

        Raises UnknownItem when there is no such memory, or nothing is proposed for it.
        """
        with self._db.transaction():
            row = self._row(memory_id)
            if row["proposal"] is None:
                raise UnknownItem(f"Nothing else is proposed for {memory_id}.")
            self._keep_version(row, "replaced")
            proposed = memory_from_json(json.loads(row["proposal"]))
            self._rewrite(replace(proposed, file_name=row["file_name"], date=row["date"]))
            self._db.execute("UPDATE memories SET base = NULL, proposal = NULL WHERE id = ?", (memory_id,))
        return self._present(memory_id)

    def dismiss_proposal(self, memory_id: str) -> Memory:
        """Stay with the edited text; nothing is proposed again until the stage says something else."""
        with self._db.transaction():
            row = self._row(memory_id)
            if row["proposal"] is not None:
                base = json.loads(row["proposal"])["body"]
                self._db.execute("UPDATE memories SET base = ?, proposal = NULL WHERE id = ?", (base, memory_id))
        return self._present(memory_id)

    def delete(self, memory_id: str) -> None:
        """Take a memory out of the package. It stays out when its item is done again, until it is restored."""
        with self._db.transaction():
            row = self._row(memory_id)
            self._keep_version(row, "deleted")
            self._db.execute("UPDATE memories SET deleted = 1, origin = ? WHERE id = ?", (_by_person(row), memory_id))
            self._note_removed([(row["kind"], row["file_name"])])

    def restore(self, memory_id: str) -> Memory:
        """Put a deleted memory back as it was. Raises UnknownItem when none of this id was deleted."""
        with self._db.transaction():
            row = self._db.one("SELECT * FROM memories WHERE id = ? AND deleted", (memory_id,))
            if row is None:
                raise UnknownItem(f"No memory {memory_id} was deleted.")
            self._keep_version(row, "restored")
            self._bring_back(row, "deleted")
        return self._present(memory_id)

    def _keep_version(self, row: Row, why: str) -> None:
        self._db.execute(
            "INSERT INTO memory_versions (memory_id, at, why, title, body) VALUES (?, ?, ?, ?, ?)",
            (row["id"], iso(self._clock()), why, row["title"], row["body"]),
        )

    def _row(self, memory_id: str) -> Row:
        row = self._db.one("SELECT * FROM memories_here WHERE id = ?", (memory_id,))
        if row is None:
            raise UnknownItem(f"There is no memory {memory_id}.")
        return row

    def _present(self, memory_id: str) -> Memory:
        return memory_from_row(self._row(memory_id))

    # --- names ---------------------------------------------------------------------------------------------------

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

    def _is_there(self, kind: str, name: str) -> bool:
        sql = "SELECT 1 FROM memories_here WHERE kind = ? AND file_name = ?"
        return self._db.one(sql, (kind, name)) is not None

    def _is_foreign(self, kind: MemoryKind, name: str) -> bool:
        path = self._folder(kind) / name
        if not os.path.lexists(path):
            return False
        return self._db.one("SELECT 1 FROM facts WHERE name = ?", (f"{_REMOVED}{kind}/{name}",)) is None

    def _note_removed(self, names: Iterable[tuple[str, str]]) -> None:
        self._db.many(
            "INSERT OR IGNORE INTO facts SELECT ?, '' WHERE NOT EXISTS"
            " (SELECT 1 FROM memories_here WHERE kind = ? AND file_name = ?)",
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
        # A person and a stage may do this at once: who writes last must also have looked last.
        with self._publishing:
            self._write(self._of_items(kind, item_ids))
            self._remove_gone()

    def sweep(self) -> None:
        """Remove what a death left of files that were being written. Nobody writes meanwhile: the package is opened."""
        for kind in KINDS:
            for torso in self._folder(kind).glob(".*.md.new"):
                torso.unlink(missing_ok=True)

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
                if not self._is_there(kind, name) and path.exists():
                    self._disk.remove(path)
                    folders.add(path.parent)
                    removed += 1
            for folder in folders:
                self._disk.sync_dir(folder)
            self._db.execute("DELETE FROM facts WHERE name >= ? AND name < ?", (_REMOVED, _AFTER_REMOVED))
        return removed

    def missing_files(self, kind: MemoryKind) -> bool:
        """Whether a file of ours is not there; what the files hold is `materialise`'s to check."""
        rows = self._db.rows(
            "SELECT file_name FROM memories_here WHERE kind = ? AND origin <> ?",
            (kind, ADOPTED),
        )
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
        sql = "SELECT kind, file_name FROM memories_here WHERE origin <> ?"
        ours = {(row["kind"], row["file_name"]) for row in self._db.rows(sql, (ADOPTED,))}
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
        sql = "SELECT * FROM memories_here WHERE ? IN (kind, '') ORDER BY date, kind, file_name"
        return [memory_from_row(row) for row in self._db.rows(sql, (kind or "",))]

    def of_days(self, first: str, last: str) -> list[Memory]:
        """The daily memories from one day to another (`YYYY-MM-DD`), by date and file name."""
        sql = "SELECT * FROM memories_here WHERE kind = 'daily' AND date BETWEEN ? AND ? ORDER BY date, file_name"
        return [memory_from_row(row) for row in self._db.rows(sql, (first, last))]

    def get(self, memory_id: str) -> Memory | None:
        """One memory, or None."""
        row = self._db.one("SELECT * FROM memories_here WHERE id = ?", (memory_id,))
        return None if row is None else memory_from_row(row)

    def named(self, kind: MemoryKind, file_name: str) -> Memory | None:
        """The memory whose file has this name, or None."""
        sql = "SELECT * FROM memories_here WHERE kind = ? AND file_name = ?"
        row = self._db.one(sql, (kind, file_name))
        return None if row is None else memory_from_row(row)

    def deleted(self) -> list[Memory]:
        """The memories that a person has deleted, by date and file name."""
        rows = self._db.rows("SELECT * FROM memories WHERE deleted AND NOT away ORDER BY date, kind, file_name")
        return [memory_from_row(row) for row in rows]

    def story(self, memory_id: str) -> Story:
        """How a memory, also a deleted one, came to read as it does. Raises UnknownItem."""
        row = self._db.one("SELECT * FROM memories WHERE id = ?", (memory_id,))
        if row is None:
            raise UnknownItem(f"There is no memory {memory_id}.")
        versions = self._db.rows(
            "SELECT at, why, title, body FROM memory_versions WHERE memory_id = ? ORDER BY key", (memory_id,)
        )
        proposal = json.loads(row["proposal"])["body"] if row["proposal"] else None
        return Story(
            memory_from_row(row), row["item_id"], row["base"], proposal, tuple(Version(*one) for one in versions)
        )

    def look_at_others(self) -> None:
        """See what somebody else's files of days tell, for `told_by_others`: before any of the days is worked on.

        Once for all of them, since to look through the folder for each day would take time with its square.
        """
        told: dict[str, set[str]] = defaultdict(set)
        sql = "SELECT date, conversation_ids FROM memories WHERE kind = 'daily' AND origin = ?"
        for row in self._db.rows(sql, (ADOPTED,)):
            told[row["date"]].update(json.loads(row["conversation_ids"]))
        known = {row[0] for row in self._db.rows("SELECT file_name FROM memories WHERE kind = 'daily'")}
        for kind, path in self.files():
            if kind == "daily" and path.name not in known and self._is_foreign(kind, path.name):
                told[path.name[: len("YYYY-MM-DD")]].update(_read(kind, path).conversation_ids)
        self._told_by_others = {day: frozenset(chats) for day, chats in told.items()}

    def told_by_others(self, day: str) -> frozenset[str]:
        """The conversations of which somebody else's files of a day (`YYYY-MM-DD`) tell, by their tags."""
        if self._told_by_others is None:
            self.look_at_others()
        return (self._told_by_others or {}).get(day, frozenset())

    def _of_items(self, kind: MemoryKind, item_ids: Iterable[str]) -> list[Row]:
        return self._db.rows(
            "SELECT * FROM memories_here WHERE kind = ? AND item_id IN (SELECT value FROM json_each(?))"
            " AND origin <> ?",
            (kind, json.dumps(list(item_ids)), ADOPTED),
        )

    def _pages_of_ours(self) -> Iterator[list[Row]]:
        last = 0
        sql = "SELECT * FROM memories_here WHERE origin <> ? AND key > ? ORDER BY key LIMIT ?"
        while rows := self._db.rows(sql, (ADOPTED, last, _PAGE)):
            yield rows
            last = rows[-1]["key"]

    def _folder(self, kind: MemoryKind) -> Path:
        return self._paths.memories / kind


def memory_from_row(row: Row) -> Memory:
    """The memory in a row of the ledger."""
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
        title=row["title"],
        passages=tuple(map(_passage, json.loads(row["passages"]))),
        edited=row["base"] is not None,
    )


def _columns(memory: Memory) -> dict[str, Value]:
    """What the ledger holds of a memory, but for what its stage and a person decide about it."""
    return {
        "id": memory.id,
        "kind": memory.kind,
        "date": memory.date,
        "file_name": memory.file_name,
        "body": memory.body,
        "origin": memory.origin,
        "conversation_ids": json.dumps(memory.conversation_ids, ensure_ascii=False),
        "message_ids": json.dumps(memory.message_ids, ensure_ascii=False),
        "requests": json.dumps(memory.requests),
        "title": memory.title,
        "passages": json.dumps([_content(passage) for passage in memory.passages], ensure_ascii=False),
    }


def _content(passage: Passage) -> dict[str, Any]:
    """As `asdict`, which takes ten times as long; every line of every day is one."""
    return {name: getattr(passage, name) for name in _PASSAGE_FIELDS}


def memory_from_json(content: dict[str, Any]) -> Memory:
    """A memory out of what `asdict` made of it."""
    lists = {name: tuple(content[name]) for name in ("conversation_ids", "message_ids", "requests")}
    return Memory(**content | lists | {"passages": tuple(map(_passage, content["passages"]))})


def _passage(content: dict[str, Any]) -> Passage:
    return Passage(**content | {"message_ids": tuple(content["message_ids"])})


def _touched(row: Row) -> Touched:
    return Touched(row["id"], row["base"] or row["body"], frozenset(json.loads(row["message_ids"])))


def _by_person(row: Row) -> str:
    """The origin of what a person has changed: a file of somebody else becomes ours with it."""
    return PERSON if row["origin"] == ADOPTED else str(row["origin"])


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
        return _read_plain(path) == data
    except OSError:
        # Not readable: writing it says why.
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
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            return file.read()
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP):
            return None
        raise


def _sha256(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()
