"""The graph as people look at it: parts of it by type, time and text, what surrounds a node, and files for others."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal
from xml.etree import ElementTree as ET

from packages_store.consolidation import Consolidated, Origin, Record
from packages_store.errors import UnknownItem

Format = Literal["graphml", "json"]

_NODE_FIELDS = ("type", "label", "description", "confidence", "first_learned_at", "last_confirmed_at")
_EDGE_FIELDS = ("type", "weight", "evidence", "occurred_at", "last_confirmed_at")


@dataclass(frozen=True, slots=True)
class NodeView:
    """A node. `seen_from` and `seen_to` are when it happened, `learned_at` and `confirmed_at` when it was imported."""

    id: str
    type: str
    label: str
    description: str
    confidence: float | None
    seen_from: str | None
    seen_to: str | None
    learned_at: str | None
    confirmed_at: str | None
    names: tuple[str, ...]
    memories: int
    degree: int


@dataclass(frozen=True, slots=True)
class EdgeView:
    """A relation, with the words it rests on. Times as in `NodeView`."""

    id: str
    source: str
    target: str
    type: str
    evidence: str
    confidence: float | None
    seen_from: str | None
    seen_to: str | None
    learned_at: str | None
    confirmed_at: str | None
    memories: int


@dataclass(frozen=True, slots=True)
class Part:
    """Some nodes with the edges between them."""

    nodes: tuple[NodeView, ...]
    edges: tuple[EdgeView, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which nodes or edges: of these types (all when empty), seen in these days, with this text in their words."""

    types: frozenset[str] = frozenset()
    since: str = ""
    until: str = ""
    text: str = ""

    def takes(self, kind: str, seen: tuple[str | None, str | None], words: Iterable[str]) -> bool:
        first, last = (moment[:10] if moment else "" for moment in seen)
        return (
            (not self.types or kind in self.types)
            and (not self.since or not last or last >= self.since)
            and (not self.until or not first or first <= self.until)
            and all(any(word in said.casefold() for said in words) for word in self.text.casefold().split())
        )


class Network:
    """One graph, to be looked at. Deleted rows are not in it. What is worked out once is kept."""

    def __init__(self, graph: Consolidated) -> None:
        self.graph = graph
        self._origins = graph.origins
        rows = [row for row in graph.nodes if not row["deleted"]]
        there = {row["id"] for row in rows}
        links = [row for row in graph.edges if not row["deleted"] and row["from_id"] in there and row["to_id"] in there]
        degrees: dict[str, int] = {}
        for row in links:
            for end in {str(row["from_id"]), str(row["to_id"])}:
                degrees[end] = degrees.get(end, 0) + 1
        self._nodes = {str(row["id"]): self._node(row, degrees.get(str(row["id"]), 0)) for row in rows}
        self._edges = {str(row["id"]): self._edge(row) for row in links}

    def _node(self, row: Record, degree: int) -> NodeView:
        origin = self._origin(row)
        return NodeView(
            id=str(row["id"]),
            type=str(row["type"]),
            label=str(row["label"] or ""),
            description=str(row["description"] or ""),
            confidence=_number(row["confidence"]),
            seen_from=_text(row["first_learned_at"]),
            seen_to=_text(row["last_confirmed_at"]),
            learned_at=origin.learned_at,
            confirmed_at=origin.confirmed_at,
            names=tuple(key for _, key in origin.names),
            memories=len(origin.memory_ids),
            degree=degree,
        )

    def _edge(self, row: Record) -> EdgeView:
        origin = self._origin(row)
        return EdgeView(
            id=str(row["id"]),
            source=str(row["from_id"]),
            target=str(row["to_id"]),
            type=str(row["type"]),
            evidence=str(row["evidence"] or ""),
            confidence=_number(row["weight"]),
            seen_from=_text(row["occurred_at"]),
            seen_to=_text(row["last_confirmed_at"]),
            learned_at=origin.learned_at,
            confirmed_at=origin.confirmed_at,
            memories=len(origin.memory_ids),
        )

    def _origin(self, row: Record) -> Origin:
        return self._origins.get(str(row["id"])) or Origin((), ())

    # --- looking -----------------------------------------------------------------------------------------------------

    def nodes(self, wanted: Filter | None = None) -> list[NodeView]:
        """Nodes by label."""
        if wanted is None or wanted == Filter():
            return list(self._by_label)
        return [
            node
            for node in self._by_label
            if wanted.takes(node.type, (node.seen_from, node.seen_to), (node.label, node.description, *node.names))
        ]

    @cached_property
    def _by_label(self) -> list[NodeView]:
        return sorted(self._nodes.values(), key=lambda node: (node.label.casefold(), node.id))

    def edges(self, wanted: Filter | None = None) -> list[EdgeView]:
        """Edges by the labels of their ends."""
        if wanted is None or wanted == Filter():
            return list(self._by_ends)
        return [
            edge
            for edge in self._by_ends
            if wanted.takes(edge.type, (edge.seen_from, edge.seen_to), (edge.evidence, edge.type, *self._ends(edge)))
        ]

    @cached_property
    def _by_ends(self) -> list[EdgeView]:
        return sorted(self._edges.values(), key=lambda edge: (*map(str.casefold, self._ends(edge)), edge.type, edge.id))

    def _ends(self, edge: EdgeView) -> tuple[str, str]:
        return self._nodes[edge.source].label, self._nodes[edge.target].label

    def node(self, node_id: str) -> NodeView:
        """One node. Raises UnknownItem."""
        if node_id not in self._nodes:
            raise UnknownItem(f"There is no node {node_id}.")
        return self._nodes[node_id]

    def edge(self, edge_id: str) -> EdgeView:
        """One edge. Raises UnknownItem."""
        if edge_id not in self._edges:
            raise UnknownItem(f"There is no edge {edge_id}.")
        return self._edges[edge_id]

    def of_type(self, kind: str) -> list[NodeView]:
        """The nodes of a type, by label."""
        return [node for node in self._by_label if node.type == kind]

    def touching(self, node_id: str) -> list[EdgeView]:
        """The edges that begin or end at a node, in the order in which the graph has them."""
        return self._touching.get(node_id, [])

    def around(self, node_id: str, steps: int = 1, most: int = 500) -> Part:
        """A node and what is at most `steps` edges away, `most` nodes at most, the nearest ones. Raises UnknownItem."""
        near = {self.node(node_id).id: None}
        ring = list(near)
        for _ in range(steps):
            found = dict.fromkeys(other for one in ring for other in self._neighbours.get(one, ()))
            ring = [other for other in found if other not in near][: most - len(near)]
            near.update(dict.fromkeys(ring))
        return self.part(near)

    def part(self, node_ids: Iterable[str]) -> Part:
        """These nodes, and the edges between them."""
        chosen = set(node_ids)
        edges = (edge for edge in self._edges.values() if edge.source in chosen and edge.target in chosen)
        return Part(tuple(self._nodes[one] for one in sorted(chosen)), tuple(edges))

    @cached_property
    def _touching(self) -> dict[str, list[EdgeView]]:
        found: dict[str, list[EdgeView]] = {}
        for edge in self._edges.values():
            for end in {edge.source, edge.target}:
                found.setdefault(end, []).append(edge)
        return found

    @cached_property
    def _neighbours(self) -> dict[str, list[str]]:
        found: dict[str, set[str]] = {}
        for edge in self._edges.values():
            found.setdefault(edge.source, set()).add(edge.target)
            found.setdefault(edge.target, set()).add(edge.source)
        return {node: sorted(others) for node, others in found.items()}


# --- files ---------------------------------------------------------------------------------------------------------


def as_json(graph: Consolidated) -> bytes:
    """The graph as one JSON object: `nodes` and `edges`, each with the columns of graph.db and its `memories`."""

    def rows(records: Sequence[Record]) -> Iterator[dict[str, object]]:
        for record in records:
            origin = graph.origins.get(str(record["id"]))
            yield {**record, "memories": list(origin.memory_ids) if origin else []}

    content = {"nodes": list(rows(graph.nodes)), "edges": list(rows(graph.edges))}
    return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


def as_graphml(graph: Consolidated) -> bytes:
    """The graph as GraphML (graphml.graphdrawing.org), which Gephi, yEd and networkx read."""
    root = ET.Element("graphml", xmlns="http://graphml.graphdrawing.org/xmlns")
    for what, fields in (("node", _NODE_FIELDS), ("edge", _EDGE_FIELDS)):
        for name in fields:
            kind = "double" if name in ("confidence", "weight") else "string"
            attributes = {"id": f"{what}_{name}", "for": what, "attr.name": name, "attr.type": kind}
            ET.SubElement(root, "key", attributes)
    drawn = ET.SubElement(root, "graph", {"id": "memories", "edgedefault": "directed"})
    for row in graph.nodes:
        _data(ET.SubElement(drawn, "node", {"id": _xml(row["id"])}), "node", row, _NODE_FIELDS)
    for row in graph.edges:
        ends = {"id": _xml(row["id"]), "source": _xml(row["from_id"]), "target": _xml(row["to_id"])}
        _data(ET.SubElement(drawn, "edge", ends), "edge", row, _EDGE_FIELDS)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _data(element: ET.Element, what: str, row: Record, fields: Sequence[str]) -> None:
    for name in fields:
        if row[name] is not None:
            ET.SubElement(element, "data", {"key": f"{what}_{name}"}).text = _xml(row[name])


def _xml(value: object) -> str:
    """`value` without the characters that XML 1.0 has no way to write (w3.org/TR/xml, section 2.2)."""
    return "".join(
        c for c in str(value) if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff"
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _text(value: object) -> str | None:
    return None if value is None else str(value)
