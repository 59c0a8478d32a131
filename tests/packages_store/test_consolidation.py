"""Who is who in the graph: what is joined, what is asked, and what a person decides."""

import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from packages_store.errors import UnknownItem
from packages_store.graph_edits import GraphEdit, NodeRef
from packages_store.model import GraphNode
from packages_store.network import Filter, Network, as_graphml, as_json
from tests.packages_store.test_graph import ME, Bench, bench, edge, facts, node

__all__ = ["bench"]  # the fixture

MIRA = node("Mira")


def put(bench: Bench, *people: GraphNode, batch: str = "a") -> None:
    """Each of them is a friend of Mira's."""
    friends = (edge(person, MIRA, kind="friend_of") for person in people)
    bench.graph.put_facts(batch, facts(ME, MIRA, edge(ME, MIRA, kind="companion_of"), *people, *friends))
    bench.graph.consolidate()


def labels(bench: Bench) -> list[str]:
    return sorted(str(row["label"]) for row in bench.graph.nodes() if row["label"] not in ("me", "Mira"))


def ref(bench: Bench, label: str) -> NodeRef:
    (row,) = [row for row in bench.graph.nodes() if row["label"] == label]
    return NodeRef(str(row["id"]), bench.graph.consolidated().origins[str(row["id"])].names)


def by_hand(bench: Bench, edit: GraphEdit) -> None:
    bench.graph.edits.add(edit, "2024-04-01T00:00:00.000Z")
    bench.graph.consolidate()


def pairs(bench: Bench) -> list[tuple[str, str]]:
    return [(pair.one, pair.other) for pair in bench.graph.edits.pairs()]


# --- names -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [("Anna Schmidt", "Schmidt, Anna"), ("José Díaz", "Jose Diaz"), ("Anna-Lena", "Anna Lena"), ("Groß", "Gross")],
)
def test_the_same_words_are_one_person(bench: Bench, one: str, other: str) -> None:
    put(bench, node(one), node(other, sources=("d2",)))

    assert len(labels(bench)) == 1
    assert len([row for row in bench.graph.edges() if row["type"] == "friend_of"]) == 1
    assert pairs(bench) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Daniel Schneider", "Daniela Schneider"),
        ("Maximilian", "Maximiliane"),
        ("Jon", "John"),
        ("Martin", "Martina"),
        ("Anna", "Anna Schmidt"),
        ("Paris", "Paris Hilton"),
    ],
)
def test_people_whose_names_are_alike_stay_two_and_a_person_is_asked(bench: Bench, one: str, other: str) -> None:
    put(bench, node(one), node(other))

    assert labels(bench) == sorted((one, other))
    assert [sorted(pair) for pair in pairs(bench)] == [sorted((one.casefold(), other.casefold()))]


def test_ann_and_joanna_smith_are_two_without_a_question(bench: Bench) -> None:
    put(bench, node("Ann"), node("Joanna Smith"))

    assert labels(bench) == ["Ann", "Joanna Smith"]
    assert pairs(bench) == []


def test_a_place_and_a_person_of_one_name_are_two_without_a_question(bench: Bench) -> None:
    put(bench, node("Paris Hilton"), node("Paris", "place"))

    assert labels(bench) == ["Paris", "Paris Hilton"]
    assert pairs(bench) == []


def test_one_illness_in_two_spellings_is_one_and_two_types_of_it_are_two(bench: Bench) -> None:
    put(bench, node("tonsilitis", "health"), node("tonsillitis", "health"), node("Type 1 diabetes", "health"))
    put(bench, node("Type 2 diabetes", "health"), batch="b")

    assert len(labels(bench)) == 3
    assert pairs(bench) == [("type 1 diabetes", "type 2 diabetes")]


def test_a_first_name_is_a_full_name_when_both_are_the_same_kin(bench: Bench) -> None:
    short, full = node("Anna", sources=("d1",)), node("Anna Schmidt", sources=("d2",))
    sister = [edge(who, MIRA, kind="sister_of", sources=who.memory_ids) for who in (short, full)]
    bench.graph.put_facts("a", facts(ME, MIRA, short, full, edge(ME, MIRA), *sister))

    bench.graph.consolidate()

    assert len(labels(bench)) == 1
    (row,) = [row for row in bench.graph.edges() if row["type"] == "sister_of"]
    assert json.loads(str(row["properties"]))["sources"] == ["d1", "d2"]


def test_a_first_name_that_fits_two_full_names_is_asked_about(bench: Bench) -> None:
    people = [node(name) for name in ("Anna", "Anna Schmidt", "Anna Weber")]
    sisters = [edge(who, MIRA, kind="sister_of") for who in people]
    bench.graph.put_facts("a", facts(ME, MIRA, *people, edge(ME, MIRA), *sisters))

    bench.graph.consolidate()

    assert len(labels(bench)) == 3
    assert len(pairs(bench)) == 2


@pytest.mark.parametrize(("evidence", "people"), [("Hanna, whom we call Johanna Berg", 1), ("We call her that", 2)])
def test_an_alias_counts_when_the_words_hold_both_names(bench: Bench, evidence: str, people: int) -> None:
    hanna, johanna = node("Hanna"), node("Johanna Berg")
    alias = edge(hanna, johanna, kind="also_called", evidence=evidence)
    bench.graph.put_facts("a", facts(ME, MIRA, edge(ME, MIRA), hanna, johanna, alias, edge(johanna, MIRA)))

    bench.graph.consolidate()

    assert len(labels(bench)) == people
    assert all(row["from_id"] != row["to_id"] for row in bench.graph.edges())


def test_merging_leaves_no_twin_edges_and_no_loops(bench: Bench) -> None:
    one, other = node("Anna Schmidt"), node("Schmidt Anna", sources=("d2",))
    known = [edge(one, MIRA), edge(other, MIRA, sources=("d2",), evidence="again"), edge(one, other)]
    bench.graph.put_facts("a", facts(ME, MIRA, one, other, edge(ME, MIRA), *known))

    bench.graph.consolidate()

    rows = [(row["from_id"], row["to_id"], row["type"]) for row in bench.graph.edges()]
    assert len(rows) == len(set(rows)) == 2
    assert all(source != target for source, target, _ in rows)


# --- decisions ---------------------------------------------------------------------------------------------------


def test_what_a_person_says_of_a_pair_counts_through_every_run(bench: Bench) -> None:
    put(bench, node("Jon"), node("John"), node("Jan"))
    decided = {(pair.one, pair.other): pair.id for pair in bench.graph.edits.pairs()}

    bench.graph.edits.decide(decided["john", "jon"], "same")
    for pair in bench.graph.edits.pairs():
        bench.graph.edits.decide(pair.id, "different")
    put(bench, node("Jon"), node("John"), node("Jan"))

    assert len(labels(bench)) == 2
    assert pairs(bench) == []

    bench.graph.edits.decide(decided["john", "jon"], "open")
    bench.graph.consolidate()

    assert labels(bench) == ["Jan", "John", "Jon"]


def test_names_that_a_person_parted_are_not_joined_by_rule(bench: Bench) -> None:
    put(bench, node("Anna Schmidt"), node("Schmidt Anna"))
    bench.graph.edits.offer([("person", "anna schmidt", "schmidt anna", "They may be one.")])
    (pair,) = bench.graph.edits.pairs()

    bench.graph.edits.decide(pair.id, "different")
    bench.graph.consolidate()

    assert len(labels(bench)) == 2
    with pytest.raises(UnknownItem):
        bench.graph.edits.decide("nobody", "same")


# --- edits -------------------------------------------------------------------------------------------------------


def test_edits_are_kept_through_runs_and_undone_one_by_one(bench: Bench) -> None:
    put(bench, node("Jon"), node("Johnny"), node("Zoe"))
    jon = ref(bench, "Jon")

    by_hand(bench, GraphEdit("merge", jon, others=(ref(bench, "Johnny"),)))
    by_hand(bench, GraphEdit("rename", jon, "John Berg"))
    by_hand(bench, GraphEdit("describe", jon, "A neighbour."))
    by_hand(bench, GraphEdit("delete", ref(bench, "Zoe")))
    put(bench, node("Jon"), node("Johnny"), node("Zoe"), node("Tim"))

    assert labels(bench) == ["John Berg", "Tim"]
    (row,) = [row for row in bench.graph.nodes() if row["label"] == "John Berg"]
    assert (row["id"], row["description"]) == (jon.id, "A neighbour.")

    seen = []
    for _ in range(4):
        bench.graph.edits.undo()
        bench.graph.consolidate()
        seen.append(labels(bench))

    assert seen[0] == ["John Berg", "Tim", "Zoe"]
    assert seen[2] == ["Johnny", "Tim", "Zoe"] or seen[2] == ["Jon", "Tim", "Zoe"]
    assert seen[3] == ["Johnny", "Jon", "Tim", "Zoe"]
    with pytest.raises(UnknownItem, match="by hand"):
        bench.graph.edits.undo()


def test_one_name_of_two_people_is_parted_by_memories(bench: Bench) -> None:
    anna = node("Anna", sources=("d1", "d2", "d3"))
    told = [
        edge(anna, MIRA, kind="sister_of", sources=("d1", "d3")),
        edge(anna, MIRA, kind="colleague_of", sources=("d2",)),
    ]
    bench.graph.put_facts("a", facts(ME, MIRA, edge(ME, MIRA), anna, *told))
    bench.graph.consolidate()

    by_hand(bench, GraphEdit("split", ref(bench, "Anna"), "Anna from work", memories=("d2",)))

    assert labels(bench) == ["Anna", "Anna from work"]
    names = {str(row["id"]): row["label"] for row in bench.graph.nodes()}
    told_of = {str(row["type"]): names[str(row["from_id"])] for row in bench.graph.edges()}
    assert told_of["sister_of"] == "Anna"
    assert told_of["colleague_of"] == "Anna from work"


def test_names_that_were_joined_are_parted_again(bench: Bench) -> None:
    put(bench, node("Anna Schmidt", sources=("d1",)), node("Schmidt Anna", sources=("d2",)))
    (label,) = labels(bench)

    by_hand(bench, GraphEdit("split", ref(bench, label), "The other Anna", names=("schmidt anna",)))

    assert len(labels(bench)) == 2
    assert len([row for row in bench.graph.edges() if row["type"] == "friend_of"]) == 2


def test_a_relation_that_is_deleted_stays_away(bench: Bench) -> None:
    put(bench, node("Jon"), node("Zoe"))

    by_hand(bench, GraphEdit("delete-edge", ref(bench, "Jon"), "friend_of", others=(ref(bench, "Mira"),)))
    put(bench, node("Jon"), node("Zoe"))

    # Nothing else is said of Jon.
    assert labels(bench) == ["Zoe"]


def test_an_edit_of_what_is_no_more_waits_until_it_is_back(bench: Bench) -> None:
    put(bench, node("Jon"))
    by_hand(bench, GraphEdit("rename", ref(bench, "Jon"), "Jonathan"))

    put(bench, node("Zoe"))
    assert labels(bench) == ["Zoe"]

    put(bench, node("Jon"))
    assert labels(bench) == ["Jonathan"]


def test_an_edit_of_what_another_edit_has_taken_away_by_now_does_nothing(bench: Bench) -> None:
    put(bench, node("Jon"), node("John"), node("Zoe"))
    by_hand(bench, GraphEdit("delete", ref(bench, "John")))
    jon, zoe = ref(bench, "Jon"), ref(bench, "Zoe")
    by_hand(bench, GraphEdit("merge", zoe, others=(jon,)))
    bench.graph.edits.offer([("person", "john", "jon", "They may be one.")])

    bench.graph.edits.decide(bench.graph.edits.pairs()[0].id, "same")
    bench.graph.consolidate()

    assert labels(bench) == ["Zoe"]


def test_a_node_of_entity_loom_can_be_renamed_merged_and_deleted(bench: Bench) -> None:
    put(bench, node("Jon"), node("Johnny"), node("Zoe"))
    bench.graph.close()
    bench.ledger.execute("DELETE FROM graph_facts")
    bench.graph.adopt_existing()

    by_hand(bench, GraphEdit("merge", ref(bench, "Jon"), others=(ref(bench, "Johnny"),)))
    by_hand(bench, GraphEdit("rename", ref(bench, "Jon"), "John"))
    by_hand(bench, GraphEdit("delete", ref(bench, "Zoe")))

    assert labels(bench) == ["John"]
    assert len([row for row in bench.graph.edges() if row["type"] == "friend_of"]) == 1


# --- looking -----------------------------------------------------------------------------------------------------


def test_event_time_and_import_time_are_told_apart(bench: Bench) -> None:
    jon = node("Jon", seen=("2020-05-01", "2020-05-01"))
    said = facts(ME, MIRA, jon, edge(jon, MIRA, seen=("2020-05-01", "2020-05-01")), edge(ME, MIRA))
    bench.graph.put_facts("a", said, "2024-01-01T00:00:00.000Z")
    bench.graph.put_facts("a", said, "2024-06-01T00:00:00.000Z")
    bench.graph.consolidate()

    network = Network(bench.graph.consolidated())

    (found,) = network.nodes(Filter(text="jon"))
    assert (found.seen_from, found.learned_at, found.confirmed_at) == (
        "2020-05-01T00:00:00.000Z",
        "2024-01-01T00:00:00.000Z",
        "2024-06-01T00:00:00.000Z",
    )


def test_the_network_is_filtered_and_walked(bench: Bench) -> None:
    jon, zoe = node("Jon", seen=("2020-01-01", "2020-02-01")), node("Zoe")
    berlin = node("Berlin", "place")
    said = (edge(jon, MIRA), edge(zoe, jon, evidence="Zoe met Jon"), edge(zoe, berlin, kind="lives_in"))
    bench.graph.put_facts("a", facts(ME, MIRA, jon, zoe, berlin, edge(ME, MIRA), *said))
    network = Network(bench.graph.consolidated())

    def found(**wanted: object) -> list[str]:
        return [one.label for one in network.nodes(Filter(**wanted))]  # type: ignore[arg-type] # each in its test

    assert found(types=frozenset({"place"})) == ["Berlin"]
    assert found(until="2020-06-01") == ["Jon"]
    assert found(since="2024-01-01", types=frozenset({"person"})) == ["Mira", "Zoe"]
    assert [one.type for one in network.edges(Filter(text="zoe met"))] == ["knows"]
    start = network.nodes(Filter(text="berlin"))[0].id
    assert sorted(one.label for one in network.around(start).nodes) == ["Berlin", "Zoe"]
    assert sorted(one.label for one in network.around(start, 2).nodes) == ["Berlin", "Jon", "Zoe"]
    assert len(network.around(start, 4, most=2).nodes) == 2
    with pytest.raises(UnknownItem):
        network.around("nobody")


def test_the_graph_is_written_for_other_programs_whatever_is_in_it(bench: Bench) -> None:
    odd = replace(node("Jon"), label='<Jon & "Zoe">\x00\x0b', description="]]>")
    put(bench, odd)
    graph = bench.graph.consolidated()

    root = ET.fromstring(as_graphml(graph))  # noqa: S314 - our own
    content = json.loads(as_json(graph))

    space = "{http://graphml.graphdrawing.org/xmlns}"
    assert len(root.findall(f".//{space}node")) == len(content["nodes"]) == 3
    assert len(root.findall(f".//{space}edge")) == len(content["edges"]) == 2
    assert '<Jon & "Zoe">' in [data.text for data in root.iter(f"{space}data")]
    assert content["edges"][0]["memories"] == ["d1"]
