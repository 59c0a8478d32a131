"""Memories as people look through them: pages of a list, and how many there are of each day.

A look at thousands of memories reads of each what the list is made of, and whole only those that it shows.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from packages_store.memories import memory_from_row
from packages_store.model import Memory, MemoryKind
from packages_store.sqlite import Database, Value


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which memories: of a kind, of a day or a month, with all these words in title or text; all when empty."""

    kind: MemoryKind | None = None
    when: str = ""
    """`YYYY-MM-DD`, `YYYY-MM`, or the beginning of one."""
    words: str = ""


class Made(NamedTuple):
    """What is known of a memory without reading it."""

    date: str
    kind: MemoryKind


class Remembered:
    """The memories of one package, to be looked through."""

    def __init__(self, ledger: Database) -> None:
        self._db = ledger

    def latest(self, wanted: Wanted, skip: int = 0, limit: int = 30) -> tuple[list[Memory], int]:
        """A page of memories, the latest first, and how many there are; a significant one goes before its day."""
        with self._db.unchanging():
            keys = self._keys(wanted)
            return self._whole(keys[skip : skip + limit]), len(keys)

    def _keys(self, wanted: Wanted) -> list[int]:
        which = "WHERE ? IN (kind, '') AND substr(date, 1, ?) = ?"
        values = wanted.kind or "", len(wanted.when), wanted.when
        in_order = f"SELECT key FROM memories_here {which} ORDER BY date DESC, kind DESC, id DESC"  # noqa: S608
        keys = [row["key"] for row in self._db.rows(in_order, values)]
        words = wanted.words.casefold().split()
        if not words:
            return keys
        # SQLite knows upper and lower case of ASCII only. The texts are not sorted, which would move all of them.
        texts = self._db.rows(f"SELECT key, title || ' ' || body FROM memories_here {which}", values)  # noqa: S608
        found = {key for key, text in texts for said in (text.casefold(),) if all(word in said for word in words)}
        return [key for key in keys if key in found]

    def page(
        self, kind: MemoryKind | None, after: str | None, limit: int, *, deleted: bool = False
    ) -> tuple[list[Memory], bool]:
        """Memories by date and file name behind the one with the id `after`, and whether others follow.

        Those that a person has deleted, or those that are there.
        """
        place, values = "1", tuple[Value, ...]()
        behind = self._db.one(f"SELECT {_PLACE} FROM memories WHERE id = ?", (after,))  # noqa: S608 - constants only
        if behind is not None:
            place, values = f"({_PLACE}) > (?, ?, ?)", tuple(behind)
        source = "memories WHERE deleted AND NOT away" if deleted else "memories_here WHERE 1"
        rows = self._db.rows(
            f"SELECT * FROM {source} AND ? IN (kind, '') AND {place}"  # noqa: S608 - constants only
            f" ORDER BY {_PLACE} LIMIT ?",
            (kind or "", *values, limit + 1),
        )
        return list(map(memory_from_row, rows[:limit])), len(rows) > limit

    def _whole(self, keys: Sequence[int]) -> list[Memory]:
        sql = "SELECT * FROM memories WHERE key IN (SELECT value FROM json_each(?))"
        found = {row["key"]: memory_from_row(row) for row in self._db.rows(sql, (json.dumps(keys),))}
        return [found[key] for key in keys]

    def made(self) -> list[Made]:
        """The day and the kind of every memory, by day."""
        return [Made(*row) for row in self._db.rows("SELECT date, kind FROM memories_here ORDER BY date, kind, id")]

    def count(self) -> int:
        """How many memories there are."""
        return self._db.count("SELECT count(*) FROM memories_here")

    def deleted(self) -> int:
        """How many memories a person has deleted."""
        return self._db.count("SELECT count(*) FROM memories WHERE deleted AND NOT away")

    def held_back(self) -> int:
        """How many texts wait for a person to keep or drop them."""
        return self._db.count("SELECT count(*) FROM doubts WHERE state = 'open'")


_PLACE = "date, kind, file_name"
