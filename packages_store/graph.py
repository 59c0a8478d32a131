"""graph.db: who and what the memories speak of, consolidated from what each batch of memories said.

The facts lie in the ledger, one JSON text per batch; graph.db is written anew from all of them, and the same facts give
the same rows whatever their order. Nothing is ever joined by likeness, only by type and exact key (upstream fault 17).
A graph.db that Entity Loom made is kept row by row under a batch of its own, and ours is joined onto it.
"""

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from packages_store.files import Probe, no_probe
from packages_store.model import GraphEdge, GraphFacts, GraphNode
from packages_store.sqlite import Database, Schema, Value

# Columns may be NULL where an adopted row may lack them: what somebody else wrote must fit in as it was.
GRAPH = Schema(
    version=1,
    wal=False,
    foreign=("graph_nodes", "graph_edges"),
    script="""
    CREATE TABLE graph_nodes (
        id TEXT PRIMARY KEY,
        type TEXT,
        label TEXT,
        description TEXT,
        properties TEXT,
        source_instance TEXT,
        confidence REAL,
        source_memory_id TEXT,
        created_at TEXT,
        updated_at TEXT,
        first_learned_at TEXT,
        last_confirmed_at TEXT,
        version INTEGER,
        deleted INTEGER DEFAULT 0
    );
    CREATE TABLE graph_edges (
        id TEXT PRIMARY KEY,
        from_id TEXT NOT NULL,
        to_id TEXT NOT NULL,
        type TEXT,
        properties TEXT,
        weight REAL,
        evidence TEXT,
        created_at TEXT,
        updated_at TEXT,
        occurred_at TEXT,
        valid_until TEXT,
        last_confirmed_at TEXT,
        version INTEGER,
        deleted INTEGER DEFAULT 0
    );
    CREATE INDEX idx_graph_edges_from ON graph_edges (from_id);
    CREATE INDEX idx_graph_edges_to ON graph_edges (to_id);
    """,
)

ADOPTED = "adopted"
"""The batch that holds the rows of a graph.db that was here before us."""

_SELF = ("self", "me")

LEAST_CONFIDENCE = 0.7
"""What is less sure is not delivered (upstream.md)."""

_CONFIRMED = 0.08
"""What each further batch that says the same, from other memories, adds to a confidence."""

_CERTAIN = 0.95
_INSTANCE = "entity-loom"
_MOST_EVIDENCE = 5

_COLUMNS = {
    "graph_nodes": (
        "id",
        "type",
        "label",
        "description",
        "properties",
        "source_instance",
        "confidence",
        "source_memory_id",
        "created_at",
        "updated_at",
        "first_learned_at",
        "last_confirmed_at",
        "version",
        "deleted",
    ),
    "graph_edges": (
        "id",
        "from_id",
        "to_id",
        "type",
        "properties",
        "weight",
        "evidence",
        "created_at",
        "updated_at",
        "occurred_at",
        "valid_until",
        "last_confirmed_at",
        "version",
        "deleted",
    ),
}

Record = dict[str, Value]
"""A row of graph.db, by column."""

_NodeKey = tuple[str, str]
_EdgeKey = tuple[_NodeKey, _NodeKey, str]
_Fact = TypeVar("_Fact", GraphNode, GraphEdge)
_Key = TypeVar("_Key")


def node_key(label: str) -> str:
    """The key of a name, equal for equal names: NFKC, casefolded, blanks folded, without marks at its ends."""
    plain = " ".join(unicodedata.normalize("NFKC", label).casefold().replace("’", "'").split())
    return plain.strip(" .,;:!?'\"-")


@dataclass(frozen=True, slots=True)
class _Graph:
    """The rows of a whole graph.db."""

    nodes: list[Record]
    edges: list[Record]


class GraphFile:
    """The graph of one package: facts in the ledger `db`, rows in graph.db at `path`."""

    def __init__(self, db: Database, path: Path, probe: Probe = no_probe) -> None:
        self.path = path
        self._db = db
        self._file = Database(path, GRAPH, probe)

    @property
    def exists(self) -> bool:
        """Whether there is a graph.db; asking anything of an absent one does not create it."""
        return self.path.exists()

    # --- facts ---------------------------------------------------------------------------------------------------

    def put_facts(self, batch: str, facts: GraphFacts) -> None:
        """Record what a batch of memories says, in place of what it said before."""
        if batch == ADOPTED:
            raise ValueError(f"a batch cannot be called {ADOPTED!r}")
        self._put(batch, asdict(facts))

    def keep_only(self, batches: Iterable[str]) -> None:
        """Forget what other batches than these said. The rows that were here before us stay."""
        self._db.execute(
            "DELETE FROM graph_facts WHERE batch <> ? AND batch NOT IN (SELECT value FROM json_each(?))",
            (ADOPTED, json.dumps(list(batches))),
        )

    def facts(self) -> Iterator[GraphFacts]:
        """What each batch says, in the order of the batches' names."""
        rows = self._db.rows("SELECT facts FROM graph_facts WHERE batch <> ? ORDER BY batch", (ADOPTED,))
        for row in rows:
            yield _facts(json.loads(row["facts"]))

    def adopt_existing(self) -> None:
        """Take over the rows of the graph.db that is here before this ledger, whoever made it. Done once only.

        Raises FileDamaged when the file cannot be read.
        """
        if self.exists and not self._has_adopted():
            self._put(ADOPTED, {table: self._table(table) for table in _COLUMNS})

    def _has_adopted(self) -> bool:
        return self._db.one("SELECT 1 FROM graph_facts WHERE batch = ?", (ADOPTED,)) is not None

    def _put(self, batch: str, content: object) -> None:
        self._db.execute(
            "INSERT INTO graph_facts (batch, facts) VALUES (?, ?)"
            " ON CONFLICT (batch) DO UPDATE SET facts = excluded.facts",
            (batch, json.dumps(content, ensure_ascii=False, sort_keys=True)),
        )

    def _adopted(self) -> _Graph:
        row = self._db.one("SELECT facts FROM graph_facts WHERE batch = ?", (ADOPTED,))
        rows = {} if row is None else json.loads(row["facts"])
        return _Graph(rows.get("graph_nodes", []), rows.get("graph_edges", []))

    # --- graph.db ------------------------------------------------------------------------------------------------

    def consolidate(self) -> None:
        """Write graph.db anew from all facts, in one transaction. The same facts give the same rows.

        Nodes and edges that stay below `LEAST_CONFIDENCE` are left out, and so are nodes (but `me`) that nothing is
        said about, edges without both ends, and edges from a node to itself. Adopted rows are all kept.
        """
        if self.exists and self._file.count("PRAGMA user_version") == 0:
            self.adopt_existing()
        graph = _join(self._adopted(), list(self.facts()))
        with self._file.transaction():
            self._file.execute("DELETE FROM graph_edges")
            self._file.execute("DELETE FROM graph_nodes")
            self._fill("graph_nodes", graph.nodes)
            self._fill("graph_edges", graph.edges)
            self._file.execute(f"PRAGMA user_version = {GRAPH.version}")

    def _fill(self, table: str, records: Iterable[Record]) -> None:
        columns = _COLUMNS[table]
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - ours
        self._file.many(sql, [[record[column] for column in columns] for record in records])

    def nodes(self) -> list[Record]:
        """The rows of graph.db's nodes that are not deleted, by column."""
        return [row for row in self._table("graph_nodes") if not row["deleted"]] if self.exists else []

    def edges(self) -> list[Record]:
        """The rows of graph.db's edges that are not deleted, by column."""
        return [row for row in self._table("graph_edges") if not row["deleted"]] if self.exists else []

    def counts(self) -> tuple[int, int]:
        """How many nodes and edges graph.db holds that are not deleted."""
        if not self.exists:
            return 0, 0
        return (
            self._file.count("SELECT count(*) FROM graph_nodes WHERE NOT coalesce(deleted, 0)"),
            self._file.count("SELECT count(*) FROM graph_edges WHERE NOT coalesce(deleted, 0)"),
        )

    def problems(self) -> list[str]:
        """What is wrong with graph.db, empty when it is sound or absent. Reads all of it."""
        return self._file.problems() if self.exists else []

    def copy_to(self, path: Path) -> None:
        """Write a consistent copy of graph.db, without pages that are no longer used, to the empty file at `path`."""
        self._file.execute("VACUUM INTO ?", (str(path),))

    def close(self) -> None:
        """Close graph.db; the next use opens it again."""
        self._file.close()

    def _table(self, table: str) -> list[Record]:
        # A column that another program left out is None.
        rows = self._file.rows(f"SELECT * FROM {table} WHERE id IS NOT NULL ORDER BY id")  # noqa: S608 - a name of ours
        present = set(rows[0].keys()) if rows else set()
        return [{name: _plain(row[name]) if name in present else None for name in _COLUMNS[table]} for row in rows]


def _plain(value: Value) -> Value:
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _facts(content: Mapping[str, Any]) -> GraphFacts:
    nodes = (GraphNode(**node | {"memory_ids": tuple(node["memory_ids"])}) for node in content["nodes"])
    return GraphFacts(tuple(nodes), tuple(_edge(edge) for edge in content["edges"]))


def _edge(edge: dict[str, Any]) -> GraphEdge:
    pairs = {name: tuple(edge[name]) for name in ("source", "target", "memory_ids")}
    return GraphEdge(**edge | pairs)


# --- consolidation -----------------------------------------------------------------------------------------------


def _join(adopted: _Graph, facts: Sequence[GraphFacts]) -> _Graph:
    """One graph of the rows that were here before us and of all facts."""
    ids = _adopted_ids(adopted.nodes)
    nodes, edges = _kept(facts)
    linked = {end for source, target, _ in edges for end in (source, target)}
    ours = [
        _node_record(ids.get(key) or _id(*key), key, said)
        for key, said in nodes.items()
        if key in linked or key in ids or key == _SELF
    ]
    joined = _merged(adopted.nodes, ours)
    there = {row["id"] for row in joined}
    whole = [row for row in adopted.edges if row["from_id"] in there and row["to_id"] in there]
    return _Graph(joined, _merged(whole, list(_edge_records(whole, ids, edges))))


def _kept(
    facts: Sequence[GraphFacts],
) -> tuple[dict[_NodeKey, list[GraphNode]], dict[_EdgeKey, list[GraphEdge]]]:
    """What is sure enough, by what it speaks of; edges join two different nodes that are kept."""
    nodes = _sure(_grouped((_end((node.type, node.key)), node) for one in facts for node in one.nodes))
    edges = _sure(_grouped((_relation(edge), edge) for one in facts for edge in one.edges))
    return nodes, {key: said for key, said in edges.items() if key[0] != key[1] and key[0] in nodes and key[1] in nodes}


def _sure(groups: dict[_Key, list[_Fact]]) -> dict[_Key, list[_Fact]]:
    return {key: said for key, said in groups.items() if _confidence(said) >= LEAST_CONFIDENCE}


def _end(end: _NodeKey) -> _NodeKey:
    # There is one self, whatever a batch calls it.
    return _SELF if end[0] == _SELF[0] else end


def _relation(edge: GraphEdge) -> _EdgeKey:
    return _end(edge.source), _end(edge.target), edge.type


def _grouped(pairs: Iterable[tuple[_Key, _Fact]]) -> dict[_Key, list[_Fact]]:
    """Facts by what they speak of. Each group is in the order of its days: the order of arrival does not matter."""
    groups: dict[_Key, list[_Fact]] = {}
    for key, fact in pairs:
        groups.setdefault(key, []).append(fact)
    return {key: sorted(said, key=_order) for key, said in groups.items()}


def _order(fact: GraphNode | GraphEdge) -> tuple[str, str, tuple[str, ...], str]:
    return fact.seen_from, fact.seen_to, fact.memory_ids, json.dumps(asdict(fact), sort_keys=True)


def _confidence(said: Sequence[_Fact]) -> float:
    """The highest confidence, raised by each batch that says the same from memories that were not heard before."""
    highest = max(fact.confidence for fact in said)
    heard: set[str] = set()
    voices = 0
    for fact in said:
        voices += not heard.issuperset(fact.memory_ids)
        heard.update(fact.memory_ids)
    return min(1.0, max(highest, min(_CERTAIN, round(highest + _CONFIRMED * max(voices - 1, 0), 4))))


def _node_record(row_id: str, key: _NodeKey, said: Sequence[GraphNode]) -> Record:
    best = max(said, key=lambda node: (node.confidence, len(node.description), node.description))
    sources = _sources(said)
    first, last = _days(said)
    return {
        "id": row_id,
        "type": key[0],
        "label": "me" if key == _SELF else _label(said),
        "description": best.description,
        "properties": _json({"sources": sources}),
        "source_instance": _INSTANCE,
        "confidence": _confidence(said),
        "source_memory_id": next(iter(sources), None),
        "created_at": first,
        "updated_at": last,
        "first_learned_at": first,
        "last_confirmed_at": last,
        "version": 1,
        "deleted": 0,
    }


def _edge_records(
    adopted: Sequence[Record], ids: Mapping[_NodeKey, str], edges: Mapping[_EdgeKey, Sequence[GraphEdge]]
) -> Iterator[Record]:
    known = {(row["from_id"], row["to_id"], row["type"]): str(row["id"]) for row in adopted if not row["deleted"]}
    for (source, target, kind), said in edges.items():
        ends = ids.get(source) or _id(*source), ids.get(target) or _id(*target)
        yield _edge_record(known.get((*ends, kind)) or _id(*ends, kind), ends, kind, said)


def _edge_record(row_id: str, ends: tuple[str, str], kind: str, said: Sequence[GraphEdge]) -> Record:
    evidence = list(dict.fromkeys(edge.evidence for edge in said if edge.evidence))[:_MOST_EVIDENCE]
    first, last = _days(said)
    return {
        "id": row_id,
        "from_id": ends[0],
        "to_id": ends[1],
        "type": kind,
        "properties": _json({"sources": _sources(said)}),
        "weight": _confidence(said),
        "evidence": "\n".join(evidence),
        "created_at": first,
        "updated_at": last,
        "occurred_at": first,
        "valid_until": None,
        "last_confirmed_at": last,
        "version": 1,
        "deleted": 0,
    }


def _label(said: Sequence[GraphNode]) -> str:
    """The spelling that most memories use; of several the first in the alphabet."""
    votes: dict[str, int] = {}
    for node in said:
        votes[node.label] = votes.get(node.label, 0) + len(node.memory_ids)
    return min(votes, key=lambda label: (-votes[label], label))


def _sources(said: Sequence[GraphNode] | Sequence[GraphEdge]) -> list[str]:
    return list(dict.fromkeys(memory_id for fact in said for memory_id in fact.memory_ids))


def _days(said: Sequence[GraphNode] | Sequence[GraphEdge]) -> tuple[str, str]:
    first, last = min(fact.seen_from for fact in said), max(fact.seen_to for fact in said)
    return f"{first}T00:00:00.000Z", f"{last}T00:00:00.000Z"


def _adopted_ids(nodes: Sequence[Record]) -> dict[_NodeKey, str]:
    """The adopted node for each type and key; of several the one with the lowest id, and none that was deleted."""
    ids: dict[_NodeKey, str] = {}
    for row in nodes:
        if not row["deleted"]:
            kind = str(row["type"])
            ids.setdefault(_end((kind, node_key(str(row["label"] or "")))), str(row["id"]))
    return ids


def _merged(adopted: Sequence[Record], ours: Iterable[Record]) -> list[Record]:
    """Adopted rows as they are, ours beside them; of one that is both, the adopted row learns our sources."""
    rows = {str(row["id"]): row for row in adopted}
    for row in ours:
        row_id = str(row["id"])
        rows[row_id] = _confirmed(rows[row_id], row) if row_id in rows else row
    return [rows[row_id] for row_id in sorted(rows)]


def _confirmed(adopted: Record, ours: Record) -> Record:
    properties = _object(adopted["properties"])
    if properties is None:
        return adopted
    latest = max(str(adopted["last_confirmed_at"] or ""), str(ours["last_confirmed_at"]))
    sources = _object(ours["properties"]) or {}
    return adopted | {"properties": _json({**sources, **properties}), "last_confirmed_at": latest}


def _object(text: Value) -> dict[str, Any] | None:
    """The JSON object in `text`, empty when there is no text, None when it is something else."""
    try:
        content = json.loads(str(text)) if text else {}
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def _json(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True)


def _id(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
