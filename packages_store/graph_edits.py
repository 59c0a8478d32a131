"""What a person decides about the graph: which names are one, and changes of their own, in order.

Both lie in the ledger and are applied anew on top of each consolidation, so that no re-run ever loses them. Nodes are
known by their id and by their names, for an id is made of a name.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal, cast

from packages_store.errors import UnknownItem
from packages_store.sqlite import Database, Row

Act = Literal["rename", "describe", "merge", "split", "delete", "delete-edge"]
PairState = Literal["open", "same", "different"]


@dataclass(frozen=True, slots=True)
class NodeRef:
    """A node as it was when somebody pointed at it: its id, and its (type, key) names."""

    id: str
    names: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class GraphEdit:
    """One change. `node` is what it is done to.

    `text` is the new label (rename, split), the new description (describe), or the type of the relation (delete-edge).
    `others` are the nodes that go into it (merge), or where the relation leads to (delete-edge). `names` (keys) and
    `memories` (ids) say what a split takes away.
    """

    act: Act
    node: NodeRef
    text: str = ""
    others: tuple[NodeRef, ...] = ()
    names: tuple[str, ...] = ()
    memories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredEdit:
    """A change with its number and the instant it was made."""

    number: int
    at: str
    edit: GraphEdit


@dataclass(frozen=True, slots=True)
class Pair:
    """Two names of a type that may be one node, and what a person said about it."""

    id: str
    type: str
    one: str
    other: str
    reason: str
    state: PairState


@dataclass(frozen=True, slots=True)
class Decisions:
    """What a person said of pairs: (type, name, name) with the names in alphabetical order."""

    same: frozenset[tuple[str, str, str]] = frozenset()
    different: frozenset[tuple[str, str, str]] = frozenset()

    def parts(self, kind: str, one: str, other: str) -> bool:
        """Whether these two are not one."""
        return (kind, *sorted((one, other))) in self.different

    def is_decided(self, kind: str, one: str, other: str) -> bool:
        """Whether nothing is left to ask about these two."""
        return (kind, *sorted((one, other))) in self.different | self.same


class GraphEdits:
    """The edits and pairs of one package."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # --- edits -----------------------------------------------------------------------------------------------------

    def all(self) -> list[StoredEdit]:
        """Every edit, in the order in which they are applied."""
        return [_edit(row) for row in self._db.rows("SELECT * FROM graph_edits ORDER BY key")]

    def add(self, edit: GraphEdit, at: str) -> StoredEdit:
        """Record one more edit, made at the instant `at`."""
        arguments = asdict(edit)
        arguments.pop("act")
        content = json.dumps(arguments, ensure_ascii=False)
        key = self._db.insert("INSERT INTO graph_edits (at, act, arguments) VALUES (?, ?, ?)", (at, edit.act, content))
        return StoredEdit(key, at, edit)

    def undo(self) -> StoredEdit:
        """Take the last edit back. Raises UnknownItem when there is none."""
        with self._db.transaction():
            row = self._db.one("SELECT * FROM graph_edits ORDER BY key DESC LIMIT 1")
            if row is None:
                raise UnknownItem("Nothing was changed in the graph by hand.")
            self._db.execute("DELETE FROM graph_edits WHERE key = ?", (row["key"],))
        return _edit(row)

    # --- pairs -----------------------------------------------------------------------------------------------------

    def pairs(self, state: PairState | None = "open", after: str = "", limit: int = 1_000) -> list[Pair]:
        """Pairs by type and names; at most `limit` behind the one called `after`; of every state for None."""
        rows = self._db.rows(
            "SELECT id, type, one, other, reason, state FROM pairs WHERE ? IN (state, '') AND (? = '' OR"
            " (type, one, other) > (SELECT type, one, other FROM pairs WHERE id = ?))"
            " ORDER BY type, one, other LIMIT ?",
            (state or "", after, after, limit),
        )
        return [Pair(*row) for row in rows]

    def decisions(self) -> Decisions:
        """What a person said of pairs."""
        said: dict[str, set[tuple[str, str, str]]] = {"same": set(), "different": set()}
        for pair in self.pairs(None, limit=-1):
            if pair.state != "open":
                said[pair.state].add((pair.type, pair.one, pair.other))
        return Decisions(frozenset(said["same"]), frozenset(said["different"]))

    def decide(self, pair_id: str, state: PairState) -> Pair:
        """Say that two names are the same or different, or ask again (`open`). Raises UnknownItem."""
        with self._db.transaction():
            if not self._db.execute("UPDATE pairs SET state = ? WHERE id = ?", (state, pair_id)):
                raise UnknownItem(f"There is no pair {pair_id}.")
            row = self._db.single("SELECT id, type, one, other, reason, state FROM pairs WHERE id = ?", (pair_id,))
        return Pair(*row)

    def offer(self, found: Iterable[tuple[str, str, str, str]]) -> None:
        """Make these (type, name, name, reason) the open pairs; what a person has decided about stays decided."""
        wanted = {_pair_id(kind, one, other): (kind, one, other, reason) for kind, one, other, reason in found}
        with self._db.transaction():
            self._db.execute(
                "DELETE FROM pairs WHERE state = 'open' AND id NOT IN (SELECT value FROM json_each(?))",
                (json.dumps(list(wanted)),),
            )
            self._db.many(
                "INSERT OR IGNORE INTO pairs (id, type, one, other, reason) VALUES (?, ?, ?, ?, ?)",
                [(pair_id, *pair) for pair_id, pair in wanted.items()],
            )


def _pair_id(kind: str, one: str, other: str) -> str:
    return hashlib.sha256(json.dumps((kind, *sorted((one, other)))).encode()).hexdigest()[:16]


def _edit(row: Row) -> StoredEdit:
    content = json.loads(row["arguments"])
    others = tuple(map(_ref, content["others"]))
    edit = GraphEdit(
        cast("Act", row["act"]),
        _ref(content["node"]),
        content["text"],
        others,
        tuple(content["names"]),
        tuple(content["memories"]),
    )
    return StoredEdit(row["key"], row["at"], edit)


def _ref(content: dict[str, Sequence[Sequence[str]]]) -> NodeRef:
    return NodeRef(str(content["id"]), tuple((kind, key) for kind, key in content["names"]))
