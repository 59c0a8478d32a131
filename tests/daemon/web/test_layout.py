"""The places of nodes in the graph's picture."""

import math
import random
from itertools import combinations, pairwise
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.web.layout import Edge, Place, lay_out


def distance(one: Place, other: Place) -> float:
    return math.hypot(one.x - other.x, one.y - other.y)


def cliques(count: int, size: int) -> tuple[list[str], list[Edge]]:
    groups = [[f"{group}-{number}" for number in range(size)] for group in range(count)]
    edges = [edge for group in groups for edge in combinations(group, 2)]
    edges += [(one[0], other[0]) for one, other in pairwise(groups)]
    return [node for group in groups for node in group], edges


@given(
    st.lists(st.text(max_size=3), max_size=30, unique=True),
    st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3)), max_size=60),
)
def test_every_node_of_whatever_graph_has_a_place_inside_the_picture(nodes: list[str], edges: list[Edge]) -> None:
    places = lay_out(nodes, edges)

    assert list(places) == nodes
    assert all(0 <= place.x <= 1 and 0 <= place.y <= 1 and place.community >= 0 for place in places.values())


def test_the_same_graph_gets_the_same_places() -> None:
    nodes, edges = cliques(5, 6)

    assert lay_out(nodes, edges) == lay_out(nodes, edges)


def test_what_is_closely_joined_is_one_community_and_stands_together() -> None:
    nodes, edges = cliques(6, 8)

    places = lay_out(nodes, edges)

    for group in range(6):
        assert len({places[f"{group}-{number}"].community for number in range(8)}) == 1
    assert len({place.community for place in places.values()}) == 6
    inside = [distance(places[a], places[b]) for a, b in combinations(nodes, 2) if a[0] == b[0]]
    across = [distance(places[a], places[b]) for a, b in combinations(nodes, 2) if a[0] != b[0]]
    assert fmean(inside) < fmean(across) / 2


def test_no_two_nodes_hide_each_other() -> None:
    dice = random.Random(7)
    nodes = [str(number) for number in range(300)]
    edges = [(dice.choice(nodes), dice.choice(nodes)) for _ in range(700)]

    places = lay_out(nodes, edges)

    nearest = min(distance(one, other) for one, other in combinations(places.values(), 2))
    assert nearest > 0.001


def test_it_can_be_ended_between_two_steps() -> None:
    class Ended(Exception):
        pass

    def end() -> None:
        raise Ended

    nodes, edges = cliques(3, 4)

    with pytest.raises(Ended):
        lay_out(nodes, edges, end)
