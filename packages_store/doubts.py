"""The review list of the quality gate: what was made and is not in the package until a person says so (R-46).

A doubt is known by its content. So what a person decided counts for as long as the same is said, however often its item
is done again, and for nothing else.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from packages_store.bodies import text_of
from packages_store.errors import UnknownItem
from packages_store.memories import ADOPTED, Memories, memory_from_json, memory_from_row
from packages_store.model import Memory, MemoryKind
from packages_store.sqlite import Database, Row

DoubtState = Literal["open", "kept", "dropped"]

REPEATS = "It nearly repeats a memory of {date}."


@dataclass(frozen=True, slots=True)
class NewDoubt:
    """What the gate holds back. `memory` is what it would be, of a day with this one line; `position` its place."""

    memory: Memory
    reasons: tuple[str, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Doubt:
    """One entry of the review list. `repeats` is the id of the memory that says the same, if that is why."""

    id: str
    kind: MemoryKind
    item: str
    date: str
    reasons: tuple[str, ...]
    repeats: str | None
    memory: Memory
    state: DoubtState

    @property
    def text(self) -> str:
        """What it says, without heading and tags."""
        return text_of(self.memory.body)


@dataclass(frozen=True, slots=True)
class Told:
    """A memory, or a doubt that only repeats one, to be looked through for repetitions. Fixed ones stay as they are."""

    memory: Memory
    text: str
    is_fixed: bool


class Doubts:
    """The review list of one package."""

    def __init__(self, db: Database, memories: Memories) -> None:
        self._db = db
        self._memories = memories

    # --- what stages do --------------------------------------------------------------------------------------------

    def sort(self, doubts: Iterable[NewDoubt]) -> tuple[list[NewDoubt], list[NewDoubt]]:
        """Those that a person said to keep, and the others."""
        kept: list[NewDoubt] = []
        others: list[NewDoubt] = []
        for doubt in doubts:
            (kept if self._state(doubt.memory) == "kept" else others).append(doubt)
        return kept, others

    def is_dropped(self, memory: Memory) -> bool:
        """Whether a person has said that this is not to be kept."""
        return self._state(memory) == "dropped"

    def replace_for_item(self, kind: MemoryKind, item_id: str, doubts: Sequence[NewDoubt]) -> None:
        """Make these the open doubts of an item; decisions stay. Belongs into the transaction that marks it done."""
        with self._db.transaction():
            self._db.execute("DELETE FROM doubts WHERE kind = ? AND item = ? AND state = 'open'", (kind, item_id))
            for doubt in doubts:
                self._add(item_id, doubt, None)

    def told(self, kind: MemoryKind) -> list[Told]:
        """All memories of a kind with the doubts that only repeat one, in the order in which things happened.

        Files of others come first, for nothing is held back because of them but ours. What a person has touched or
        decided about is fixed, and what was deleted counts as told. An edited one counts for what it said before.
        """
        rows = self._db.rows(
            "SELECT m.*, coalesce(base, body) AS said, base IS NOT NULL OR deleted OR origin = ? AS fixed"
            " FROM memories m WHERE kind = ? AND NOT away",
            (ADOPTED, kind),
        )
        kept = {row["id"] for row in self._db.rows("SELECT id FROM doubts WHERE state = 'kept'")}
        memories = [(memory_from_row(row), text_of(row["said"]), bool(row["fixed"])) for row in rows]
        found = [Told(memory, text, fixed or doubt_id(memory) in kept) for memory, text, fixed in memories]
        repeating = self._db.rows(
            "SELECT * FROM doubts WHERE kind = ? AND repeats IS NOT NULL AND state = 'open'", (kind,)
        )
        found += [Told(one.memory, one.text, is_fixed=False) for one in map(_doubt, repeating)]
        return sorted(found, key=lambda told: (told.memory.origin != ADOPTED, told.memory.date, told.memory.id))

    def set_repeats(self, kind: MemoryKind, twins: Mapping[str, str]) -> None:
        """Hold back the memories that nearly repeat another one (id by id), and let go of those that do not any more.

        Whatever the order in which items were done, the same memories give the same result.
        """
        with self._db.transaction():
            held = self._db.rows(
                "SELECT * FROM doubts WHERE kind = ? AND repeats IS NOT NULL AND state = 'open'", (kind,)
            )
            known = {doubt.memory.id: doubt for doubt in map(_doubt, held)}
            for memory_id, doubt in known.items():
                if memory_id not in twins:
                    self._db.execute("DELETE FROM doubts WHERE id = ?", (doubt.id,))
                    self._memories.add(doubt.memory, doubt.item)
            for memory_id, twin in twins.items():
                if memory_id not in known:
                    self._hold_back(memory_id, twin)

    def _hold_back(self, memory_id: str, twin: str) -> None:
        first = self._memories.get(twin)
        taken = self._memories.take_out(memory_id)
        if taken is not None:
            memory, item_id = taken
            reason = REPEATS.format(date=first.date if first else memory.date)
            self._add(item_id, NewDoubt(memory, (reason,), 0), twin)

    def keep_only(self, kind: MemoryKind, item_ids: Iterable[str]) -> None:
        """Forget the open doubts of items that are no more."""
        self._db.execute(
            "DELETE FROM doubts WHERE kind = ? AND state = 'open' AND item NOT IN (SELECT value FROM json_each(?))",
            (kind, json.dumps(list(item_ids))),
        )

    def _add(self, item_id: str, doubt: NewDoubt, repeats: str | None) -> None:
        memory = doubt.memory
        self._db.execute(
            "INSERT OR IGNORE INTO doubts (id, kind, item, date, position, reasons, repeats, memory)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                doubt_id(memory),
                memory.kind,
                item_id,
                memory.date,
                doubt.position,
                json.dumps(doubt.reasons, ensure_ascii=False),
                repeats,
                json.dumps(asdict(memory), ensure_ascii=False),
            ),
        )

    def _state(self, memory: Memory) -> str | None:
        row = self._db.one("SELECT state FROM doubts WHERE id = ?", (doubt_id(memory),))
        return None if row is None else str(row["state"])

    # --- what a person does ----------------------------------------------------------------------------------------

    def all(self, state: DoubtState | None = "open", after: str = "", limit: int = 1_000) -> list[Doubt]:
        """Entries of the list, by date; at most `limit` behind the one called `after`; of every state for None."""
        rows = self._db.rows(
            "SELECT * FROM doubts WHERE ? IN (state, '') AND (date, id) >"
            " (coalesce((SELECT date FROM doubts WHERE id = ?), ''), ?) ORDER BY date, id LIMIT ?",
            (state or "", after, after, limit),
        )
        return [_doubt(row) for row in rows]

    def get(self, doubt_id: str) -> Doubt:
        """One entry. Raises UnknownItem."""
        row = self._db.one("SELECT * FROM doubts WHERE id = ?", (doubt_id,))
        if row is None:
            raise UnknownItem(f"There is no entry {doubt_id} in the review list.")
        return _doubt(row)

    def keep(self, doubt_id: str) -> Doubt:
        """Let an entry be a memory, or a line of its day. Raises UnknownItem when there is none, or it is kept."""
        with self._db.transaction():
            doubt = self._decide(doubt_id, "kept")
            if doubt.kind == "daily":
                position = self._db.count("SELECT position FROM doubts WHERE id = ?", (doubt_id,))
                self._memories.add_line(doubt.memory, doubt.item, position)
            else:
                self._memories.add(doubt.memory, doubt.item)
        return self.get(doubt_id)

    def drop(self, doubt_id: str) -> Doubt:
        """Say that an entry is not to be kept. Raises UnknownItem when there is none, or it is kept."""
        with self._db.transaction():
            self._decide(doubt_id, "dropped")
        return self.get(doubt_id)

    def _decide(self, doubt_id: str, state: DoubtState) -> Doubt:
        doubt = self.get(doubt_id)
        if doubt.state == "kept":
            raise UnknownItem(f"{doubt_id} is a memory already.", "Delete the memory if it is not to stay.")
        self._db.execute("UPDATE doubts SET state = ? WHERE id = ?", (state, doubt_id))
        return doubt


def doubt_id(memory: Memory) -> str:
    """The id of what is held back: 16 hexadecimal digits made of where it belongs and what it says."""
    said = json.dumps((memory.kind, memory.date, memory.conversation_ids, text_of(memory.body)))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _doubt(row: Row) -> Doubt:
    return Doubt(
        id=row["id"],
        kind=row["kind"],
        item=row["item"],
        date=row["date"],
        reasons=tuple(json.loads(row["reasons"])),
        repeats=row["repeats"],
        memory=memory_from_json(json.loads(row["memory"])),
        state=row["state"],
    )
