"""Collects what the finders see, and joins what has the same exact key. Nothing is ever joined by likeness."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from packages_store.model import GraphEdge, GraphFacts, GraphNode
from stages.extractors.bodies import Line
from stages.extractors.sentences import fold, shorten

NodeType = Literal["self", "person", "place", "health", "tradition"]
NodeId = tuple[str, str]


_FAINT = 0.5
"""Below this, nothing is handed on: the store keeps from 0.7, and a second batch can only confirm what it was told."""

_CONFIRMED = 0.08
"""What each further memory adds to a confidence."""

_CERTAIN = 0.95
_EVIDENCE_LIMIT = 300


def key_of(name: str) -> str:
    """The exact key of a name: NFKC, casefolded, blanks folded, without marks at its ends."""
    plain = fold(unicodedata.normalize("NFKC", name).casefold().replace("’", "'"))
    return plain.strip(" .,;:!?'\"-")


@dataclass(slots=True)
class _Node:
    label: str
    description: str
    confidence: float
    dates: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Edge:
    evidence: str
    confidence: float
    dates: dict[str, str] = field(default_factory=dict)


class Gathering:
    """The nodes and edges of one batch while it is read."""

    def __init__(self) -> None:
        self._nodes: dict[NodeId, _Node] = {}
        self._edges: dict[tuple[NodeId, NodeId, str], _Edge] = {}

    def node(self, kind: NodeType, label: str, confidence: float, description: str, line: Line) -> NodeId | None:
        """Notes that `line` speaks of a node; returns its id, or None when the label is empty."""
        name = (kind, "me" if kind == "self" else key_of(label))
        if not name[1]:
            return None
        found = self._nodes.setdefault(name, _Node(fold(label), description, confidence))
        if confidence > found.confidence:
            found.confidence, found.description = confidence, description
        found.dates[line.memory_id] = line.date
        return name

    def edge(self, source: NodeId | None, target: NodeId | None, kind: str, confidence: float, line: Line) -> None:
        """Notes a relation that `line` states. Ends that are missing or the same make no edge."""
        if source is None or target is None or source == target:
            return
        found = self._edges.setdefault((source, target, kind), _Edge(line.text, confidence))
        if confidence > found.confidence:
            found.confidence, found.evidence = confidence, line.text
        found.dates[line.memory_id] = line.date

    def knows(self, kind: NodeType, label: str) -> bool:
        """Whether a node of this type and exact key was noted."""
        return (kind, key_of(label)) in self._nodes

    def related(self, target: NodeId, kind: str) -> list[NodeId]:
        """From where edges of this kind lead to `target`, in the order in which they were noted."""
        return [source for source, end, name in self._edges if end == target and name == kind]

    def labels(self, kind: NodeType) -> tuple[str, ...]:
        """The labels noted of this type, in a fixed order."""
        return tuple(sorted(node.label for name, node in self._nodes.items() if name[0] == kind))

    def facts(self) -> GraphFacts:
        """Everything that is not faint, sorted; edges only between nodes that are there."""
        nodes = tuple(self._whole_nodes())
        there = {(node.type, node.key) for node in nodes}
        edges = (edge for edge in self._whole_edges() if edge.source in there and edge.target in there)
        return GraphFacts(nodes, tuple(edges))

    def _whole_nodes(self) -> Iterable[GraphNode]:
        for (kind, key), node in sorted(self._nodes.items()):
            confidence = _confirmed(node.confidence, len(node.dates))
            if confidence >= _FAINT:
                ids, first, last = _span(node.dates)
                yield GraphNode(_typed(kind), key, node.label, node.description, confidence, ids, first, last)

    def _whole_edges(self) -> Iterable[GraphEdge]:
        for (source, target, kind), edge in sorted(self._edges.items()):
            confidence = _confirmed(edge.confidence, len(edge.dates))
            if confidence >= _FAINT:
                ids, first, last = _span(edge.dates)
                evidence = shorten(edge.evidence, _EVIDENCE_LIMIT)
                yield GraphEdge(source, target, kind, evidence, confidence, ids, first, last)


def _confirmed(confidence: float, memories: int) -> float:
    if confidence >= _CERTAIN:
        return confidence
    return round(min(_CERTAIN, confidence + _CONFIRMED * (min(memories, 4) - 1)), 2)


def _span(dates: dict[str, str]) -> tuple[tuple[str, ...], str, str]:
    return tuple(sorted(dates)), min(dates.values()), max(dates.values())


def _typed(kind: str) -> NodeType:
    kinds: tuple[NodeType, ...] = ("self", "person", "place", "health", "tradition")
    return next(one for one in kinds if one == kind)
