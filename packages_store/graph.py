"""graph.db: who and what the memories speak of, consolidated from what each batch of memories said.

The facts lie in the ledger, one JSON text per batch; graph.db is written anew from all of them (consolidation.py), and
the same facts give the same rows whatever their order. A graph.db that Entity Loom made is kept row by row under a
batch of its own, and ours is joined onto it.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from packages_store.consolidation import Adopted, Batch, Consolidated, Record, consolidate
from packages_store.files import Probe, no_probe
from packages_store.graph_edits import GraphEdits
from packages_store.model import GraphEdge, GraphFacts, GraphNode
from packages_store.network import Network
from packages_store.sqlite import Database, Row, Schema, Value

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


@dataclass(frozen=True, slots=True)
class _Latest:
    """The graph as it was put together last: of what, and in which state the ledger was then."""

    state: tuple[int, int]
    made_of: bytes
    graph: Consolidated


class GraphFile:
    """The graph of one package: facts in the ledger `db`, rows in graph.db at `path`."""

    def __init__(self, db: Database, path: Path, probe: Probe = no_probe) -> None:
        self.path = path
        self._db = db
        self._file = Database(path, GRAPH, probe)
        self.edits = GraphEdits(db)
        self._latest: _Latest | None = None
        self._network: Network | None = None

    @property
    def exists(self) -> bool:
        """Whether there is a graph.db; asking anything of an absent one does not create it."""
        return self.path.exists()

    # --- facts ---------------------------------------------------------------------------------------------------

    def put_facts(self, batch: str, facts: GraphFacts, at: str = "") -> None:
        """Record what a batch of memories says, in place of what it said before; `at` is the instant of now."""
        if batch == ADOPTED:
            raise ValueError(f"a batch cannot be called {ADOPTED!r}")
        self._put(batch, asdict(facts), at)

    def keep_only(self, batches: Iterable[str]) -> None:
        """Leave out what other batches than these said, until they are back. Rows that were here before us stay."""
        self._db.execute(
            "UPDATE graph_facts SET away = batch NOT IN (SELECT value FROM json_each(?)) WHERE batch <> ?",
            (json.dumps(list(batches)), ADOPTED),
        )

    def facts(self) -> Iterator[GraphFacts]:
        """What each batch says, in the order of the batches' names."""
        for row in self._batch_rows():
            yield _batch(row).facts

    def _batch_rows(self) -> list[Row]:
        return self._db.rows(
            "SELECT facts, learned_at, confirmed_at FROM graph_facts WHERE batch <> ? AND NOT away ORDER BY batch",
            (ADOPTED,),
        )

    def adopt_existing(self) -> None:
        """Take over the rows of the graph.db that is here before this ledger, whoever made it. Done once only.

        Raises FileDamaged when the file cannot be read.
        """
        if self.exists and not self._has_adopted():
            self._put(ADOPTED, {table: self._table(table) for table in _COLUMNS}, "")

    def _has_adopted(self) -> bool:
        return self._db.one("SELECT 1 FROM graph_facts WHERE batch = ?", (ADOPTED,)) is not None

    def _put(self, batch: str, content: object, at: str) -> None:
        self._db.execute(
            "INSERT INTO graph_facts (batch, facts, learned_at, confirmed_at) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (batch) DO UPDATE SET facts = excluded.facts, confirmed_at = excluded.confirmed_at, away = 0",
            (batch, json.dumps(content, ensure_ascii=False, sort_keys=True), at, at),
        )

    def _adopted(self) -> Adopted:
        row = self._db.one("SELECT facts FROM graph_facts WHERE batch = ?", (ADOPTED,))
        rows = {} if row is None else json.loads(row["facts"])
        return Adopted(rows.get("graph_nodes", []), rows.get("graph_edges", []))

    # --- graph.db ------------------------------------------------------------------------------------------------

    def consolidate(self) -> None:
        """Write graph.db anew from all facts, in one transaction. The same facts give the same rows.

        Nodes and edges that stay below `LEAST_CONFIDENCE` are left out, and so are nodes (but `me`) that nothing is
        said about, edges without both ends, and edges from a node to itself. Adopted rows are all kept. What a person
        decided and changed is done on top (graph_edits.py), and new pairs of names are offered for review.
        """
        # The ledger is held, so that of two who write the later one knows all that the earlier one knew.
        with self._db.transaction():
            if self.exists and self._file.count("PRAGMA user_version") == 0:
                self.adopt_existing()
            graph = self.consolidated()
            self.edits.offer((one.type, one.one, one.other, one.reason) for one in graph.doubtful)
            with self._file.transaction():
                self._file.execute("DELETE FROM graph_edges")
                self._file.execute("DELETE FROM graph_nodes")
                self._fill("graph_nodes", graph.nodes)
                self._fill("graph_edges", graph.edges)
                self._file.execute(f"PRAGMA user_version = {GRAPH.version}")

    def consolidated(self) -> Consolidated:
        """The graph of everything that the ledger holds, with where each row comes from; nothing is written.

        It is put together again only when what it is made of has changed.
        """
        with self._db.unchanging():
            latest, state = self._latest, self._db.state()
            if latest is not None and latest.state == state:
                return latest.graph
            made_of = self._made_of()
            put_together = self._read() if latest is None or latest.made_of != made_of else lambda: latest.graph
        # That takes seconds, for which neither a stage nor another look at the package has to wait.
        graph = put_together()
        self._latest = _Latest(state, made_of, graph)
        return graph

    def _read(self) -> Callable[[], Consolidated]:
        """Everything that a graph is made of, read now, to be put together."""
        adopted, batches, decisions = self._adopted(), self._batch_rows(), self.edits.decisions()
        edits = [stored.edit for stored in self.edits.all()]
        return lambda: consolidate(adopted, list(map(_batch, batches)), decisions, edits)

    def network(self) -> Network:
        """The same to be looked at."""
        graph, network = self.consolidated(), self._network
        if network is None or network.graph is not graph:
            self._network = network = Network(graph)
        return network

    def _made_of(self) -> bytes:
        """A hash of everything that a graph is put together of: a hundred times quicker than to put it together."""
        digest = hashlib.blake2b(digest_size=16)
        for sql in (
            "SELECT batch, facts, learned_at, confirmed_at FROM graph_facts WHERE NOT away ORDER BY batch",
            "SELECT id, type, one, other, state FROM pairs WHERE state <> 'open' ORDER BY id",
            "SELECT * FROM graph_edits ORDER BY key",
        ):
            for row in self._db.rows(sql):
                digest.update(repr(tuple(row)).encode())
        return digest.digest()

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
        self._latest = self._network = None
        self._file.close()

    def _table(self, table: str) -> list[Record]:
        # A column that another program left out is None.
        rows = self._file.rows(f"SELECT * FROM {table} WHERE id IS NOT NULL ORDER BY id")  # noqa: S608 - a name of ours
        present = set(rows[0].keys()) if rows else set()
        return [{name: _plain(row[name]) if name in present else None for name in _COLUMNS[table]} for row in rows]


def _plain(value: Value) -> Value:
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _batch(row: Row) -> Batch:
    return Batch(_facts(json.loads(row["facts"])), row["learned_at"], row["confirmed_at"])


def _facts(content: Mapping[str, Any]) -> GraphFacts:
    nodes = (GraphNode(**node | _tuples(node, "memory_ids", "requests")) for node in content["nodes"])
    return GraphFacts(tuple(nodes), tuple(_edge(edge) for edge in content["edges"]))


def _edge(edge: dict[str, Any]) -> GraphEdge:
    return GraphEdge(**edge | _tuples(edge, "source", "target", "memory_ids", "requests"))


def _tuples(fact: dict[str, Any], *names: str) -> dict[str, tuple[str, ...]]:
    """The fields that JSON made lists of; facts of an earlier version lack some."""
    return {name: tuple(fact.get(name, ())) for name in names}
