"""The graph: facts in the ledger, consolidated into graph.db."""

import json
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packages_store.consolidation import Consolidated, consolidate
from packages_store.errors import FileDamaged
from packages_store.files import Probe
from packages_store.graph import GraphFile
from packages_store.ledger import LEDGER
from packages_store.model import GraphEdge, GraphFacts, GraphNode
from packages_store.naming import node_key
from packages_store.sqlite import Database

NodeType = Literal["self", "person", "place", "health", "tradition"]


class Bench:
    """A ledger, and graph.db beside it."""

    def __init__(self, root: Path) -> None:
        self.path = root / "graph.db"
        self.ledger = Database(root / "ledger.db", LEDGER)
        self.graph = GraphFile(self.ledger, self.path)

    def with_probe(self, probe: Probe) -> GraphFile:
        return GraphFile(self.ledger, self.path, probe)

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        db = sqlite3.connect(self.path)
        try:
            return db.execute(sql).fetchall()
        finally:
            db.close()

    def labels(self) -> list[object]:
        return [row[0] for row in self.rows("SELECT label FROM graph_nodes ORDER BY label")]

    def everything(self) -> list[tuple[object, ...]]:
        nodes = self.rows("SELECT * FROM graph_nodes ORDER BY rowid")
        return nodes + self.rows("SELECT * FROM graph_edges ORDER BY rowid")

    def close(self) -> None:
        self.graph.close()
        self.ledger.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.close()


def node(
    label: str,
    kind: NodeType = "person",
    confidence: float = 0.9,
    sources: tuple[str, ...] = ("d1",),
    seen: tuple[str, str] = ("2024-03-01", "2024-03-02"),
    description: str = "",
) -> GraphNode:
    return GraphNode(kind, node_key(label), label, description, confidence, sources, *seen)


def edge(
    source: GraphNode,
    target: GraphNode,
    confidence: float = 0.9,
    sources: tuple[str, ...] = ("d1",),
    seen: tuple[str, str] = ("2024-03-01", "2024-03-02"),
    evidence: str = "she said so",
    kind: str = "knows",
) -> GraphEdge:
    ends = ((source.type, source.key), (target.type, target.key))
    return GraphEdge(*ends, kind, evidence, confidence, sources, *seen)


ME = node("me", "self", 1.0)
ANN = node("Ann")
JOANNA = node("Joanna Smith")


def facts(*parts: GraphNode | GraphEdge) -> GraphFacts:
    nodes = tuple(part for part in parts if isinstance(part, GraphNode))
    return GraphFacts(nodes, tuple(part for part in parts if isinstance(part, GraphEdge)))


# --- facts -------------------------------------------------------------------------------------------------------


def test_facts_are_kept_by_batch(bench: Bench) -> None:
    first, second = facts(ME, ANN, edge(ME, ANN)), facts(JOANNA)
    bench.graph.put_facts("b", second)
    bench.graph.put_facts("a", facts(ME))

    bench.graph.put_facts("a", first)

    assert list(bench.graph.facts()) == [first, second]


def test_facts_of_a_batch_that_is_no_more_are_left_out_until_it_is_back(bench: Bench) -> None:
    for batch in "abcd":
        bench.graph.put_facts(batch, facts(ME))

    bench.graph.keep_only(["b", "c", "z"])

    assert len(list(bench.graph.facts())) == 2

    bench.graph.keep_only("abcd")

    assert len(list(bench.graph.facts())) == 4


def test_the_name_of_the_adopted_rows_is_no_batch(bench: Bench) -> None:
    with pytest.raises(ValueError, match="adopted"):
        bench.graph.put_facts("adopted", facts(ME))


# --- consolidation -----------------------------------------------------------------------------------------------


def test_a_node_and_an_edge_have_the_columns_that_are_read(bench: Bench) -> None:
    ann = node("Ann", sources=("d2",), description="A neighbour.")
    bench.graph.put_facts("a", facts(ME, ann, edge(ME, ann, sources=("d2",), evidence="Ann lives next door.")))

    bench.graph.consolidate()

    me, person = sorted(bench.graph.nodes(), key=lambda row: str(row["type"]), reverse=True)
    (knows,) = bench.graph.edges()
    start, end = "2024-03-01T00:00:00.000Z", "2024-03-02T00:00:00.000Z"
    assert me["label"] == "me"
    assert person == {
        "id": person["id"],
        "type": "person",
        "label": "Ann",
        "description": "A neighbour.",
        "properties": '{"sources": ["d2"]}',
        "source_instance": "entity-loom",
        "confidence": 0.9,
        "source_memory_id": "d2",
        "created_at": start,
        "updated_at": end,
        "first_learned_at": start,
        "last_confirmed_at": end,
        "version": 1,
        "deleted": 0,
    }
    assert knows == {
        "id": knows["id"],
        "from_id": me["id"],
        "to_id": person["id"],
        "type": "knows",
        "properties": '{"sources": ["d2"]}',
        "weight": 0.9,
        "evidence": "Ann lives next door.",
        "created_at": start,
        "updated_at": end,
        "occurred_at": start,
        "valid_until": None,
        "last_confirmed_at": end,
        "version": 1,
        "deleted": 0,
    }
    assert bench.graph.counts() == (2, 1)


def test_what_batches_say_of_one_node_is_joined(bench: Bench) -> None:
    early = node("ANN", sources=("d1",), seen=("2024-01-01", "2024-01-05"), confidence=0.8, description="old")
    late = node("Ann", sources=("d2", "d3"), seen=("2024-02-01", "2024-02-09"), confidence=0.9, description="new")
    bench.graph.put_facts("z", facts(ME, early, edge(ME, early, evidence="first", sources=("d1",))))
    bench.graph.put_facts("a", facts(ME, late, edge(ME, late, evidence="second", sources=("d2",))))

    bench.graph.consolidate()

    ann = next(row for row in bench.graph.nodes() if row["type"] == "person")
    (knows,) = bench.graph.edges()
    assert (ann["label"], ann["description"], ann["source_memory_id"]) == ("Ann", "new", "d1")
    assert (ann["first_learned_at"], ann["last_confirmed_at"]) == (
        "2024-01-01T00:00:00.000Z",
        "2024-02-09T00:00:00.000Z",
    )
    assert json.loads(str(ann["properties"])) == {"sources": ["d1", "d2", "d3"]}
    assert knows["evidence"] == "first\nsecond"
    assert knows["weight"] == pytest.approx(0.95)


def test_different_people_are_never_joined_by_likeness(bench: Bench) -> None:
    bench.graph.put_facts("a", facts(ME, ANN, JOANNA, node("Anna"), edge(ME, ANN), edge(ME, JOANNA)))
    bench.graph.put_facts("b", facts(ME, node("Anna"), edge(ME, node("Anna"))))

    bench.graph.consolidate()

    assert bench.labels() == ["Ann", "Anna", "Joanna Smith", "me"]


def test_the_same_name_of_another_type_is_another_node(bench: Bench) -> None:
    paris, city = node("Paris"), node("Paris", "place")
    bench.graph.put_facts("a", facts(ME, paris, city, edge(ME, paris), edge(ME, city)))

    bench.graph.consolidate()

    assert bench.labels() == ["Paris", "Paris", "me"]


def test_what_is_not_sure_is_left_out_with_everything_that_hangs_on_it(bench: Bench) -> None:
    unsure = node("Rumour", confidence=0.69)
    bench.graph.put_facts(
        "a",
        facts(
            ME, ANN, JOANNA, unsure, edge(ME, unsure), edge(ME, ANN, confidence=0.7), edge(ME, JOANNA, confidence=0.6)
        ),
    )

    bench.graph.consolidate()

    assert bench.labels() == ["Ann", "me"]
    assert bench.graph.counts() == (2, 1)


def test_further_batches_confirm_what_one_alone_is_not_sure_of(bench: Bench) -> None:
    for batch, source in (("a", "d1"), ("b", "d2"), ("c", "d2")):
        faint = node("Ben", confidence=0.65, sources=(source,))
        bench.graph.put_facts(batch, facts(ME, faint, edge(ME, faint, confidence=0.65, sources=(source,))))

    bench.graph.consolidate()

    assert bench.rows("SELECT confidence FROM graph_nodes WHERE label = 'Ben'") == [(0.73,)]


def test_a_batch_that_repeats_the_same_memory_confirms_nothing(bench: Bench) -> None:
    for batch in "ab":
        faint = node("Ben", confidence=0.65)
        bench.graph.put_facts(batch, facts(ME, faint, edge(ME, faint)))

    bench.graph.consolidate()

    assert bench.labels() == ["me"]


def test_edges_to_oneself_and_to_nobody_are_left_out_and_lonely_nodes_too(bench: Bench) -> None:
    bench.graph.put_facts("a", facts(ME, ANN, JOANNA, edge(ANN, ANN), edge(ANN, node("Nobody")), edge(ME, JOANNA)))

    bench.graph.consolidate()

    assert bench.labels() == ["Joanna Smith", "me"]


def test_there_is_one_self_whatever_it_is_called(bench: Bench) -> None:
    nova = GraphNode("self", "nova", "Nova", "", 1.0, ("d2",), "2024-03-01", "2024-03-01")
    bench.graph.put_facts("a", facts(ME, ANN, edge(ME, ANN)))
    bench.graph.put_facts("b", facts(nova, ANN, edge(nova, ANN), edge(nova, ME)))

    bench.graph.consolidate()

    assert bench.labels() == ["Ann", "me"]
    assert bench.graph.counts() == (2, 1)


def test_what_was_taken_back_is_not_shown(bench: Bench) -> None:
    def fail() -> None:
        with bench.ledger.transaction():
            bench.graph.put_facts("a", facts(ME, ANN, edge(ME, ANN)))
            assert len(bench.graph.consolidated().nodes) > before
            raise OSError("the disk is full")

    before = len(bench.graph.consolidated().nodes)
    with pytest.raises(OSError, match="full"):
        fail()

    assert len(bench.graph.consolidated().nodes) == before


def test_a_graph_is_put_together_again_only_when_what_it_is_made_of_has_changed(bench: Bench) -> None:
    bench.graph.put_facts("a", facts(ME, ANN, edge(ME, ANN)))
    graph, network = bench.graph.consolidated(), bench.graph.network()

    bench.ledger.execute("INSERT INTO facts VALUES ('something', 'else')")
    assert bench.graph.consolidated() is graph
    assert bench.graph.network() is network

    bench.graph.keep_only([])
    assert bench.graph.consolidated().nodes == []
    assert bench.graph.network().nodes() == []


def test_no_facts_make_an_empty_graph(bench: Bench) -> None:
    bench.graph.consolidate()

    assert bench.graph.exists
    assert bench.graph.counts() == (0, 0)
    assert bench.graph.problems() == []


def test_asking_an_absent_graph_does_not_create_it(bench: Bench) -> None:
    bench.graph.adopt_existing()

    assert bench.graph.counts() == (0, 0)
    assert bench.graph.nodes() == bench.graph.edges() == []
    assert bench.graph.problems() == []
    assert not bench.graph.exists


NAMES = ("Ann", "Anna", "Joanna Smith", "me", "Bo")
drawn_nodes = st.builds(
    node,
    st.sampled_from(NAMES),
    st.sampled_from(["self", "person", "place"]),
    st.sampled_from([0.5, 0.65, 0.7, 0.9, 1.0]),
    st.lists(st.sampled_from(["d1", "d2", "d3"]), min_size=1, unique=True).map(lambda ids: tuple(sorted(ids))),
    st.sampled_from([("2024-01-01", "2024-01-01"), ("2024-01-01", "2024-03-01"), ("2023-01-01", "2024-02-01")]),
    st.sampled_from(["", "a", "b"]),
)
drawn_facts = st.lists(drawn_nodes, max_size=6).flatmap(
    lambda nodes: st.lists(
        st.builds(
            edge, st.sampled_from(nodes or [ME]), st.sampled_from(nodes or [ME]), st.sampled_from([0.6, 0.8, 1.0])
        ),
        max_size=6,
    ).map(lambda edges: facts(*nodes, *edges))
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.lists(drawn_facts, max_size=5), data=st.data())
def test_the_order_of_batches_makes_no_difference(bench: Bench, said: list[GraphFacts], data: st.DataObject) -> None:
    def consolidated(batches: list[GraphFacts]) -> list[tuple[object, ...]]:
        bench.graph.keep_only([])
        for number, batch in enumerate(batches):
            bench.graph.put_facts(f"{number}", batch)
        bench.graph.consolidate()
        return bench.everything()

    one = consolidated(said)
    other = consolidated(data.draw(st.permutations(said)))

    assert one == other
    assert bench.rows("SELECT count(*) FROM graph_edges WHERE from_id = to_id OR weight <= 0 OR weight > 1") == [(0,)]
    dangling = "SELECT count(*) FROM graph_edges WHERE from_id NOT IN (SELECT id FROM graph_nodes)"
    assert bench.rows(dangling) == [(0,)]


@pytest.mark.parametrize("step", ["create", "rename", "commit", "committed"])
def test_a_failure_at_any_step_leaves_all_or_nothing_and_a_second_run_completes(bench: Bench, step: str) -> None:
    def fail(at: str) -> None:
        if at == step:
            raise OSError(28, "No space left on device")

    bench.graph.put_facts("a", facts(ME, ANN, edge(ME, ANN)))
    broken = bench.with_probe(fail)

    with pytest.raises(OSError, match="No space left"):
        broken.consolidate()
    broken.close()
    found = bench.graph.counts()
    bench.graph.consolidate()

    assert found == ((2, 1) if step == "committed" else (0, 0))
    assert bench.graph.counts() == (2, 1)


# --- a graph that was here before us -----------------------------------------------------------------------------


def lay_graph(path: Path) -> None:
    """A graph.db as Entity Loom leaves it: with NULLs, something deleted, and an edge that points nowhere."""
    db = sqlite3.connect(path)
    db.executescript(
        """
        CREATE TABLE graph_nodes (id TEXT PRIMARY KEY, type TEXT, label TEXT, description TEXT, properties TEXT,
            source_instance TEXT, confidence REAL, source_memory_id TEXT, created_at TEXT, updated_at TEXT,
            first_learned_at TEXT, last_confirmed_at TEXT, version INTEGER, deleted INTEGER);
        CREATE TABLE graph_edges (id TEXT PRIMARY KEY, from_id TEXT, to_id TEXT, type TEXT, properties TEXT,
            weight REAL, evidence TEXT, created_at TEXT, updated_at TEXT, occurred_at TEXT, valid_until TEXT,
            last_confirmed_at TEXT, version INTEGER, deleted INTEGER);
        INSERT INTO graph_nodes (id, type, label, version) VALUES ('n-me', 'self', 'me', 3);
        INSERT INTO graph_nodes (id, type, label, description, properties, confidence, deleted)
            VALUES ('n-ann', 'person', 'ANN ', 'theirs', '{"colour": "red"}', 0.4, 0);
        INSERT INTO graph_nodes (id, type, label) VALUES ('n-lonely', 'place', 'Oslo');
        INSERT INTO graph_nodes (id, type, label, deleted) VALUES ('n-gone', 'person', 'Joanna Smith', 1);
        INSERT INTO graph_edges (id, from_id, to_id, type, weight, properties)
            VALUES ('e-1', 'n-me', 'n-ann', 'knows', 0.2, 'no json');
        INSERT INTO graph_edges (id, from_id, to_id, type) VALUES ('e-2', 'n-me', 'n-me', 'likes');
        INSERT INTO graph_edges (id, from_id, to_id, type) VALUES ('e-3', 'n-me', 'nowhere', 'likes');
        """
    )
    db.close()


def test_what_was_in_the_graph_before_survives_row_by_row_but_for_edges_that_point_nowhere(bench: Bench) -> None:
    lay_graph(bench.path)
    before = bench.everything()

    bench.graph.adopt_existing()
    bench.graph.consolidate()
    bench.graph.consolidate()

    assert set(bench.everything()) == {row for row in before if row[0] != "e-3"}


def test_ours_is_joined_onto_what_was_there_by_type_and_name(bench: Bench) -> None:
    lay_graph(bench.path)
    bench.graph.adopt_existing()
    bench.graph.put_facts("a", facts(ME, ANN, JOANNA, edge(ME, ANN), edge(ANN, JOANNA, kind="sister_of")))

    bench.graph.consolidate()

    ann = next(row for row in bench.graph.nodes() if row["id"] == "n-ann")
    joanna = next(row for row in bench.graph.nodes() if row["label"] == "Joanna Smith")
    edges = {(row["from_id"], row["to_id"], row["type"]): row["id"] for row in bench.graph.edges()}
    assert (ann["label"], ann["description"], ann["confidence"]) == ("ANN ", "theirs", 0.4)
    assert json.loads(str(ann["properties"])) == {"colour": "red", "sources": ["d1"]}
    assert joanna["id"] != "n-gone"
    assert edges["n-me", "n-ann", "knows"] == "e-1"
    assert ("n-ann", joanna["id"], "sister_of") in edges
    assert bench.labels() == ["ANN ", "Joanna Smith", "Joanna Smith", "Oslo", "me"]


def test_a_graph_of_entity_loom_is_adopted_before_it_is_written(bench: Bench) -> None:
    lay_graph(bench.path)

    bench.graph.consolidate()

    assert bench.labels() == ["ANN ", "Joanna Smith", "Oslo", "me"]


def test_what_was_adopted_survives_the_loss_of_graph_db(bench: Bench) -> None:
    lay_graph(bench.path)
    bench.graph.adopt_existing()
    bench.graph.close()
    bench.path.unlink()

    bench.graph.consolidate()

    assert bench.labels() == ["ANN ", "Joanna Smith", "Oslo", "me"]


def test_a_new_ledger_takes_over_the_graph_we_wrote(tmp_path: Path) -> None:
    first = Bench(tmp_path)
    first.graph.put_facts("a", facts(ME, ANN, edge(ME, ANN)))
    first.graph.consolidate()
    first.close()
    first.ledger.path.unlink()
    again = Bench(tmp_path)
    before = again.everything()

    again.graph.adopt_existing()
    again.graph.consolidate()
    again.graph.put_facts("a", facts(ME, ANN, edge(ME, ANN)))
    again.graph.consolidate()

    assert again.everything() == before
    again.close()


def test_a_graph_is_adopted_once_so_that_ours_does_not_become_theirs(bench: Bench) -> None:
    lay_graph(bench.path)
    bench.graph.adopt_existing()
    bench.graph.put_facts("a", facts(ME, JOANNA, edge(ME, JOANNA)))
    bench.graph.consolidate()

    bench.graph.adopt_existing()
    bench.graph.keep_only([])
    bench.graph.consolidate()

    assert bench.labels() == ["ANN ", "Joanna Smith", "Oslo", "me"]


def test_a_database_of_something_else_is_damaged(bench: Bench) -> None:
    with sqlite3.connect(bench.path) as db:
        db.execute("CREATE TABLE recipes (id TEXT)")
    db.close()

    with pytest.raises(FileDamaged):
        bench.graph.consolidate()
    assert bench.graph.problems() != []


@pytest.mark.parametrize(
    ("one", "other"),
    [("Ann", "ANN "), ("O’Brien", "o'brien"), ("Straße", "STRASSE"), ("Mary  Lou", "mary lou"), ("“Bo”.", "“bo”")],
)
def test_names_are_the_same_when_only_their_writing_differs(one: str, other: str) -> None:
    assert node_key(one) == node_key(other)


def test_others_use_the_ledger_while_a_graph_is_put_together(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.graph.put_facts("batch-1", GraphFacts((), ()))
    counts: list[int] = []

    def look_meanwhile(*sources: Any) -> Consolidated:
        with ThreadPoolExecutor() as others:
            counts.append(others.submit(lambda: bench.ledger.count("SELECT count(*) FROM graph_facts")).result(60))
            others.submit(bench.graph.put_facts, "batch-2", GraphFacts((), ())).result(60)
        return consolidate(*sources)

    monkeypatch.setattr("packages_store.graph.consolidate", look_meanwhile)
    first = bench.graph.consolidated()
    monkeypatch.undo()

    assert counts == [1]
    assert bench.graph.consolidated() is not first, "what came meanwhile is in the next one"
