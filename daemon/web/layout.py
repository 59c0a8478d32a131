"""Where the nodes of a graph stand in its picture, and which of them belong together.

Computed here and not in the browser, so that the picture is the same at every look. Pure Python: a graph of 2,000 nodes
and 5,000 edges takes some seconds, so it is called in a worker thread and its result is kept by whoever asks.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

_ROUNDS = 20
"""Label propagation settles in a few rounds; what still swings after so many would swing for ever."""

_STEPS = 40
_GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))
_DRAWN_IN = 0.5

_FEW = 6
_ANGLE = 1.2
"""A crowd that is no wider than so many times its distance is seen as one."""
_TOUCHING = 1e-9

_GRAVITY = 0.6
"""How strongly everything is drawn to the middle, so that what is joined to nothing does not fly off."""

Edge = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Place:
    """A node's place, from 0 to 1 in both directions, and the number of its community, the largest first."""

    x: float
    y: float
    community: int


def lay_out(
    nodes: Sequence[str], edges: Sequence[Edge], breathe: Callable[[], None] = lambda: None
) -> dict[str, Place]:
    """A place for each node; edges that name others are passed over. The same graph gets the same places.

    Communities by label propagation (Raghavan and others, 2007), places by forces (Fruchterman and Reingold, 1991)
    from a start in which communities stand apart. `breathe` is called after each step and may end it.
    """
    neighbours = _neighbours(nodes, edges)
    communities = _communities(nodes, neighbours)
    places = _spread(nodes, communities)
    ideal = 1 / math.sqrt(max(1, len(nodes)))
    for step in range(_STEPS if len(nodes) > 1 else 0):
        breathe()
        places = _moved(places, neighbours, ideal, heat=ideal * (1 - step / _STEPS))
    return _scaled({node: _drawn_in(place) for node, place in places.items()}, communities)


def _neighbours(nodes: Sequence[str], edges: Sequence[Edge]) -> dict[str, list[str]]:
    neighbours: dict[str, dict[str, None]] = {node: {} for node in nodes}
    for one, other in edges:
        if one != other and one in neighbours and other in neighbours:
            neighbours[one][other] = neighbours[other][one] = None
    return {node: list(others) for node, others in neighbours.items()}


def _communities(nodes: Sequence[str], neighbours: Mapping[str, Sequence[str]]) -> dict[str, int]:
    labels = {node: number for number, node in enumerate(nodes)}
    for _ in range(_ROUNDS):
        changed = False
        for node in sorted(nodes, key=lambda one: (len(neighbours[one]), labels[one])):
            votes = Counter(labels[other] for other in neighbours[node])
            if not votes:
                continue
            most = max(votes.values())
            best = min(label for label, count in votes.items() if count == most)
            if votes[labels[node]] < most:
                labels[node], changed = best, True
        if not changed:
            break
    return _numbered(nodes, labels)


def _numbered(nodes: Sequence[str], labels: Mapping[str, Hashable]) -> dict[str, int]:
    order = [label for label, _ in Counter(labels[node] for node in nodes).most_common()]
    numbers = {label: number for number, label in enumerate(order)}
    return {node: numbers[labels[node]] for node in nodes}


def _spread(nodes: Sequence[str], communities: Mapping[str, int]) -> dict[str, complex]:
    """Nodes in the order of their communities along a sunflower's spiral: what belongs together begins together."""
    order = sorted(range(len(nodes)), key=lambda at: (communities[nodes[at]], at))
    size = max(1, len(nodes))
    return {
        nodes[at]: 0.5 * math.sqrt((rank + 0.5) / size) * complex(math.cos(angle), math.sin(angle))
        for rank, at in enumerate(order)
        for angle in (rank * _GOLDEN_ANGLE,)
    }


def _moved(
    places: Mapping[str, complex], neighbours: Mapping[str, Sequence[str]], ideal: float, heat: float
) -> dict[str, complex]:
    """All places after one step of at most `heat`."""
    everything = _crowd(list(places.values()))
    moved: dict[str, complex] = {}
    for node, place in places.items():
        force = _push(place, everything) * ideal**2 - _GRAVITY * place
        for other in neighbours[node]:
            toward = places[other] - place
            force += toward * abs(toward) / ideal
        strength = abs(force)
        moved[node] = place + (force / strength * min(strength, heat) if strength else 0)
    return moved


class _Crowd(NamedTuple):
    """Places within a square. Who is far away sees all of them in their middle (Barnes and Hut, 1986).

    A tuple of numbers, since every node looks at dozens of these in every step.
    """

    x: float
    y: float
    """Their middle."""
    seen_from: float
    """The square of the distance from which on the middle will do."""
    size: int
    quarters: Sequence["_Crowd"]
    places: Sequence[tuple[float, float]]
    """Of those that are not parted further."""


def _crowd(places: Sequence[complex]) -> _Crowd:
    xs, ys = [one.real for one in places], [one.imag for one in places]
    left, right, top, bottom = min(xs), max(xs), min(ys), max(ys)
    width = max(right - left, bottom - top)
    middle = sum(places) / len(places)
    if len(places) <= _FEW or width < _TOUCHING:
        return _Crowd(middle.real, middle.imag, math.inf, len(places), (), list(zip(xs, ys, strict=True)))
    x, y = (left + right) / 2, (top + bottom) / 2
    quarters: dict[tuple[bool, bool], list[complex]] = defaultdict(list)
    for place in places:
        quarters[place.real > x, place.imag > y].append(place)
    parts = [_crowd(quarter) for quarter in quarters.values()]
    return _Crowd(middle.real, middle.imag, (width / _ANGLE) ** 2, len(places), parts, ())


def _push(place: complex, everything: _Crowd) -> complex:
    x, y = place.real, place.imag
    push_x = push_y = 0.0
    waiting = [everything]
    while waiting:
        middle_x, middle_y, seen_from, size, quarters, places = waiting.pop()
        right, down = x - middle_x, y - middle_y
        squared = right * right + down * down
        if squared > seen_from:
            push_x += right * size / squared
            push_y += down * size / squared
        elif quarters:
            waiting += quarters
        else:
            for other_x, other_y in places:
                right, down = x - other_x, y - other_y
                # Nodes that all but touch are not thrown out of the picture.
                squared = max(right * right + down * down, _TOUCHING)
                push_x += right / squared
                push_y += down / squared
    return complex(push_x, push_y)


def _drawn_in(place: complex) -> complex:
    """The few that are joined to little stand far out; drawn in, they leave room for the others."""
    distance = abs(place)
    return place * distance**_DRAWN_IN / distance if distance else place


def _scaled(places: Mapping[str, complex], communities: Mapping[str, int]) -> dict[str, Place]:
    if not places:
        return {}
    left, right = min(one.real for one in places.values()), max(one.real for one in places.values())
    top, bottom = min(one.imag for one in places.values()), max(one.imag for one in places.values())
    size = max(right - left, bottom - top) or 1.0
    middle = complex((left + right) / 2, (top + bottom) / 2)
    found = {}
    for node, place in places.items():
        point = (place - middle) / size + complex(0.5, 0.5)
        found[node] = Place(round(point.real, 5), round(point.imag, 5), communities[node])
    return found
