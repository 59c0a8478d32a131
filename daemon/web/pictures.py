"""Pictures of graphs, kept for as long as the graph stays as it is."""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

from daemon.web.layout import Place, lay_out
from packages_store.network import NodeView, Part
from packages_store.package import Package
from stages.contract import breathe

_KEPT = 16


@dataclass(frozen=True, slots=True)
class Dot:
    """A node in the picture. `x` and `y` are from 0 to 1, `community` counts from 0, the largest first."""

    id: str
    type: str
    label: str
    degree: int
    x: float
    y: float
    community: int


@dataclass(frozen=True, slots=True)
class Line:
    """An edge in the picture, from the dot at one position of `dots` to that at another."""

    id: str
    source: int
    target: int
    type: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A part of a graph, to be drawn. `left_out` nodes of the graph are not in it."""

    dots: tuple[Dot, ...]
    lines: tuple[Line, ...]
    left_out: int


class Pictures:
    """Lays graphs out, and remembers the last ones. Its methods may be called from any thread."""

    def __init__(self) -> None:
        self._places: OrderedDict[bytes, dict[str, Place]] = OrderedDict()
        self._lock = Lock()

    def draw(self, package: Package, focus: str = "", steps: int = 2, most: int = 500) -> Picture:
        """What is at most `steps` edges from the node `focus`, or the whole graph without one; `most` nodes at most.

        Raises UnknownItem when there is no such node.
        """
        network = package.graph.network()
        nodes = network.nodes()
        part = network.around(focus, steps, most) if focus else network.part(_weightiest(nodes, most))
        places = self._laid_out(part)
        position = {node.id: number for number, node in enumerate(part.nodes)}
        dots = tuple(_dot(node, places[node.id]) for node in part.nodes)
        lines = tuple(Line(edge.id, position[edge.source], position[edge.target], edge.type) for edge in part.edges)
        return Picture(dots, lines, len(nodes) - len(dots))

    def _laid_out(self, part: Part) -> dict[str, Place]:
        nodes = [node.id for node in part.nodes]
        edges = sorted((edge.source, edge.target) for edge in part.edges)
        key = hashlib.blake2b(repr((nodes, edges)).encode()).digest()
        with self._lock:
            known = self._places.get(key)
        places = known if known is not None else lay_out(nodes, edges, breathe)
        with self._lock:
            self._places[key] = places
            self._places.move_to_end(key)
            while len(self._places) > _KEPT:
                self._places.popitem(last=False)
        return places


def _weightiest(nodes: Sequence[NodeView], most: int) -> list[str]:
    return [node.id for node in sorted(nodes, key=lambda node: (-node.degree, node.id))[:most]]


def _dot(node: NodeView, place: Place) -> Dot:
    return Dot(node.id, node.type, node.label, node.degree, place.x, place.y, place.community)
