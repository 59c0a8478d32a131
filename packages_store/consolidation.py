"""One graph of everything that batches of memories say: who is who, what belongs together, and what a person changed.

The same facts, decisions and edits give the same rows, whatever their order of arrival. Two names are one node when
they are the same words, when a memory says so, or when a person does; what is merely alike is offered for review and
never joined in silence (upstream fault 17).
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from packages_store.graph_edits import Decisions, GraphEdit, NodeRef
from packages_store.model import GraphEdge, GraphFacts, GraphNode
from packages_store.naming import Named, certain, doubtful, node_key, says_same
from packages_store.sqlite import Value

LEAST_CONFIDENCE = 0.7
"""What is less sure is not delivered (upstream.md)."""

_SELF = ("self", "me")
_CONFIRMED = 0.08
"""What each further batch that says the same, from other memories, adds to a confidence."""

_CERTAIN = 0.95
_INSTANCE = "entity-loom"
_MOST_EVIDENCE = 5

Record = dict[str, Value]
"""A row of graph.db, by column."""

_NodeKey = tuple[str, str]
_Fact = TypeVar("_Fact", GraphNode, GraphEdge)
_Facts = Sequence[GraphNode] | Sequence[GraphEdge]


@dataclass(frozen=True, slots=True)
class Adopted:
    """The rows of a graph.db that was here before us."""

    nodes: list[Record]
    edges: list[Record]


@dataclass(frozen=True, slots=True)
class Batch:
    """What one batch says, when we heard it first, and when last: instants of the import."""

    facts: GraphFacts
    learned_at: str = ""
    confirmed_at: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a node or edge comes from. `names` are the (type, key) pairs that are one node; none for an edge."""

    memory_ids: tuple[str, ...]
    requests: tuple[str, ...]
    names: tuple[_NodeKey, ...] = ()
    learned_at: str | None = None
    confirmed_at: str | None = None


@dataclass(frozen=True, slots=True)
class Likeness:
    """Two names of a type that may be one; `reason` is a sentence for a person."""

    type: str
    one: str
    other: str
    reason: str


@dataclass(frozen=True, slots=True)
class Consolidated:
    """The rows of a whole graph.db, where each comes from (by its id), and what a person should decide."""

    nodes: list[Record]
    edges: list[Record]
    origins: dict[str, Origin]
    doubtful: list[Likeness]


@dataclass(eq=False, slots=True)
class _Node:
    """One node while it is put together."""

    type: str
    keys: list[str]
    said: list[GraphNode] = field(default_factory=list)
    row: Record | None = None
    label: str | None = None
    description: str | None = None
    by_hand: bool = False
    id: str = ""
    """That of the adopted row, or made of the first name it had."""

    def __post_init__(self) -> None:
        self.id = str(self.row["id"]) if self.row else _id(self.type, self.keys[0])

    @property
    def names(self) -> tuple[_NodeKey, ...]:
        return tuple((self.type, key) for key in self.keys)

    @property
    def first_seen(self) -> str:
        return min((fact.seen_from for fact in self.said), default="")


@dataclass(eq=False, slots=True)
class _Edge:
    """One relation while it is put together."""

    source: _Node
    target: _Node
    type: str
    said: list[GraphEdge] = field(default_factory=list)
    rows: list[Record] = field(default_factory=list)


def consolidate(
    adopted: Adopted, batches: Sequence[Batch], decisions: Decisions, edits: Sequence[GraphEdit]
) -> Consolidated:
    """One graph of the rows that were here before us, of what all batches say, and of what a person decided."""
    web = _Web(adopted, [batch.facts for batch in batches])
    web.unite(decisions)
    for edit in edits:
        web.apply(edit)
    return web.rows(_Times(batches), decisions)


class _Web:
    """All nodes and edges while they are put together."""

    def __init__(self, adopted: Adopted, facts: Sequence[GraphFacts]) -> None:
        self._nodes: dict[str, _Node] = {}
        self._places: dict[_NodeKey, _Node] = {}
        self._edges: dict[tuple[_Node, _Node, str], _Edge] = {}
        # Rows that somebody else deleted, and what hangs on them, go through as they are.
        self._passed_nodes = [row for row in adopted.nodes if row["deleted"]]
        self._passed_edges: list[Record] = []
        self._adopt(adopted)
        for node in _ordered(fact for one in facts for fact in one.nodes):
            self._at(_end((node.type, node.key))).said.append(node)
        for edge in _ordered(fact for one in facts for fact in one.edges):
            self._between(self._at(_end(edge.source)), self._at(_end(edge.target)), edge.type).said.append(edge)

    # --- gathering -------------------------------------------------------------------------------------------------

    def _adopt(self, adopted: Adopted) -> None:
        for row in adopted.nodes:
            if not row["deleted"]:
                kind = str(row["type"])
                name = _end((kind, node_key(str(row["label"] or ""))))
                node = _Node(kind, [name[1]], row=row)
                self._nodes[node.id] = node
                self._places.setdefault(name, node)
        passed = {row["id"] for row in self._passed_nodes}
        for row in adopted.edges:
            ends = [self._nodes.get(str(row[column])) for column in ("from_id", "to_id")]
            if ends[0] and ends[1] and not row["deleted"]:
                self._between(ends[0], ends[1], str(row["type"])).rows.append(row)
            elif all(end or row[column] in passed for end, column in zip(ends, ("from_id", "to_id"), strict=True)):
                self._passed_edges.append(row)

    def _at(self, name: _NodeKey) -> _Node:
        node = self._places.get(name)
        if node is None:
            node = _Node(name[0], [name[1]])
            self._places[name] = self._nodes[node.id] = node
        return node

    def _between(self, source: _Node, target: _Node, kind: str) -> _Edge:
        return self._edges.setdefault((source, target, kind), _Edge(source, target, kind))

    # --- who is who ------------------------------------------------------------------------------------------------

    def unite(self, decisions: Decisions) -> None:
        """Join nodes that are one: by a person's decision, by a memory that says so, by the same words."""
        for kind, one, other in sorted(decisions.same):
            self._join_names((kind, one), (kind, other), decisions)
        for edge in sorted(self._edges.values(), key=lambda edge: (edge.source.id, edge.target.id, edge.type)):
            names = edge.source.names[0], edge.target.names[0]
            if any(says_same(edge.type, fact.evidence, names[0][1], names[1][1]) for fact in edge.said):
                self._join_names(*names, decisions)
        for kind, names_of_kind in self._by_type().items():
            for one, other in certain(kind, names_of_kind):
                self._join_names((kind, one), (kind, other), decisions)

    def _by_type(self) -> dict[str, list[Named]]:
        """The names of each type but `self`, the ones that were seen first in front."""
        relations: dict[_Node, set[tuple[str, str]]] = {}
        for edge in self._edges.values():
            relations.setdefault(edge.source, set()).add((edge.type, edge.target.id))
        found: dict[str, list[Named]] = {}
        for node in sorted(self._nodes.values(), key=lambda node: (node.type, node.first_seen, node.keys[0])):
            if node.type != _SELF[0]:
                named = Named(node.keys[0], frozenset(relations.get(node, ())))
                found.setdefault(node.type, []).append(named)
        return found

    def _join_names(self, name: _NodeKey, other: _NodeKey, decisions: Decisions) -> None:
        into, gone = self._places.get(name), self._places.get(other)
        if into is None or gone is None or into is gone or into.type != gone.type:
            return
        if any(decisions.parts(into.type, one, two) for one in into.keys for two in gone.keys):
            return
        if gone.row and not into.row:
            into, gone = gone, into
        if not (into.row and gone.row) or (name[0], *sorted((name[1], other[1]))) in decisions.same:
            self._merge(into, gone)

    def _merge(self, into: _Node, gone: _Node) -> None:
        into.keys.extend(gone.keys)
        into.said.extend(gone.said)
        into.by_hand = into.by_hand or gone.by_hand
        self._nodes.pop(gone.id)
        self._places.update(dict.fromkeys(gone.names, into))
        for key, edge in [(key, edge) for key, edge in self._edges.items() if gone in key[:2]]:
            del self._edges[key]
            source, target = (into if end is gone else end for end in (edge.source, edge.target))
            if source is not target:
                there = self._between(source, target, edge.type)
                there.said.extend(edge.said)
                there.rows.extend(edge.rows)

    # --- a person's edits ------------------------------------------------------------------------------------------

    def apply(self, edit: GraphEdit) -> None:
        """Do what a person did, as far as what it was done to is here."""
        node = self._find(edit.node)
        if edit.act == "delete-edge":
            self._delete_edge(edit)
        elif node is None:
            return
        elif edit.act == "rename":
            node.label, node.by_hand = edit.text, True
        elif edit.act == "describe":
            node.description, node.by_hand = edit.text, True
        elif edit.act == "merge":
            for other in map(self._find, edit.others):
                if other is not None and other is not node and other.type == node.type:
                    self._merge(node, other)
        elif edit.act == "split":
            self._split(node, edit)
        else:
            self._drop(node)

    def _find(self, ref: NodeRef | None) -> _Node | None:
        if ref is None:
            return None
        by_name = (self._places.get((kind, key)) for kind, key in ref.names)
        return self._nodes.get(ref.id) or next(filter(None, by_name), None)

    def _split(self, node: _Node, edit: GraphEdit) -> None:
        """Part a node: what was said under some of its names, or in some memories, is another one."""
        other = _Node(node.type, [self._free_key(node.type, node_key(edit.text))], label=edit.text, by_hand=True)
        ours, theirs = _parted(node.said, edit.memories, set(edit.names))
        if not theirs:
            return
        node.said, other.said = ours, theirs
        moved = [key for key in edit.names if key in node.keys and len(node.keys) > 1]
        for key in moved:
            node.keys.remove(key)
        self._nodes[other.id] = other
        self._places.update({(node.type, key): other for key in (*other.keys, *moved)})
        told = {memory_id for fact in theirs for memory_id in fact.memory_ids}
        for edge in [edge for edge in self._edges.values() if node in (edge.source, edge.target)]:
            kept, gone = _parted_edges(edge.said, told - {m for fact in ours for m in fact.memory_ids}, set(moved))
            edge.said = kept
            source, target = (other if end is node else end for end in (edge.source, edge.target))
            if gone:
                self._between(source, target, edge.type).said.extend(gone)

    def _free_key(self, kind: str, key: str) -> str:
        number, free = 2, key
        while (kind, free) in self._places:
            free = f"{key} ({number})"
            number += 1
        return free

    def _drop(self, node: _Node) -> None:
        self._nodes.pop(node.id)
        self._places = {name: there for name, there in self._places.items() if there is not node}
        self._edges = {key: edge for key, edge in self._edges.items() if node not in key[:2]}

    def _delete_edge(self, edit: GraphEdit) -> None:
        source, target = self._find(edit.node), self._find(edit.others[0] if edit.others else None)
        if source is not None and target is not None:
            self._edges.pop((source, target, edit.text), None)

    # --- rows ------------------------------------------------------------------------------------------------------

    def rows(self, times: "_Times", decisions: Decisions) -> Consolidated:
        """What is sure enough, as rows."""
        nodes = {
            node for node in self._nodes.values() if node.row or (node.said and node.by_hand) or _is_sure(node.said)
        }
        edges = [
            edge
            for edge in self._edges.values()
            if edge.source in nodes and edge.target in nodes and (edge.rows or self._is_kept(edge))
        ]
        linked = {end for edge in edges for end in (edge.source, edge.target)}
        kept = [node for node in nodes if node in linked or node.row or node.by_hand or node.type == _SELF[0]]
        node_rows = [*self._passed_nodes, *map(_node_record, kept)]
        edge_rows = [*self._passed_edges, *(row for edge in edges for row in self._edge_rows(edge))]
        origins = {node.id: times.origin(node.said, node.names) for node in kept}
        origins |= {_edge_id(edge): times.origin(edge.said, ()) for edge in edges}
        return Consolidated(
            sorted(node_rows, key=lambda row: str(row["id"])),
            sorted(edge_rows, key=lambda row: str(row["id"])),
            origins,
            list(self._doubtful(kept, decisions)),
        )

    @staticmethod
    def _is_kept(edge: _Edge) -> bool:
        return edge.source is not edge.target and _is_sure(edge.said)

    def _edge_rows(self, edge: _Edge) -> Iterator[Record]:
        """The row of a relation; of adopted ones all that were twins there, and one of those a merge made twins."""
        first = edge.rows[0] if edge.rows else None
        ours = _edge_record(edge) if self._is_kept(edge) else None
        if first is None:
            if ours is not None:
                yield ours
            return
        ends: Record = {"from_id": edge.source.id, "to_id": edge.target.id}
        yield (_confirmed(first, ours) if ours else first) | ends
        for row in edge.rows[1:]:
            if (row["from_id"], row["to_id"]) == (first["from_id"], first["to_id"]):
                yield row | ends

    def _doubtful(self, nodes: Sequence[_Node], decisions: Decisions) -> Iterator[Likeness]:
        by_type: dict[str, list[str]] = {}
        for node in sorted(nodes, key=lambda node: node.keys[0]):
            if node.type != _SELF[0]:
                by_type.setdefault(node.type, []).append(node.keys[0])
        for kind, keys in sorted(by_type.items()):
            for one, other, reason in doubtful(keys):
                if not decisions.is_decided(kind, one, other):
                    yield Likeness(kind, one, other, reason)


class _Times:
    """When the batches were imported, by the memories in them."""

    def __init__(self, batches: Sequence[Batch]) -> None:
        self._of: dict[str, tuple[str, str]] = {}
        for batch in batches:
            told = (*_sources(batch.facts.nodes), *_sources(batch.facts.edges))
            self._of.update(dict.fromkeys(told, (batch.learned_at, batch.confirmed_at)))

    def origin(self, said: _Facts, names: tuple[_NodeKey, ...]) -> Origin:
        memories = _sources(said)
        known = [self._of[memory_id] for memory_id in memories if memory_id in self._of]
        return Origin(
            memory_ids=tuple(memories),
            requests=tuple(dict.fromkeys(request for fact in said for request in fact.requests)),
            names=names,
            learned_at=min((first for first, _ in known if first), default=None),
            confirmed_at=max((last for _, last in known if last), default=None),
        )


# --- facts ---------------------------------------------------------------------------------------------------------


def _end(end: _NodeKey) -> _NodeKey:
    # There is one self, whatever a batch calls it.
    return _SELF if end[0] == _SELF[0] else end


def _ordered(facts: Iterable[_Fact]) -> list[_Fact]:
    """Facts in the order of their days: the order of arrival does not matter."""
    return sorted(facts, key=_order)


def _order(fact: GraphNode | GraphEdge) -> tuple[str, str, tuple[str, ...], str]:
    return *_order_of_memories(fact), repr(fact)


def _order_of_memories(fact: GraphNode | GraphEdge) -> tuple[str, str, tuple[str, ...]]:
    """The same without the order of facts that rest on the same memories, which takes longest to find."""
    return fact.seen_from, fact.seen_to, fact.memory_ids


def _parted(
    said: Sequence[GraphNode], memories: Sequence[str], names: set[str]
) -> tuple[list[GraphNode], list[GraphNode]]:
    """Facts of one node: those that stay, and those under the given names or of the given memories."""
    kept = [fact for fact in said if fact.key not in names]
    return _parted_by(kept, set(memories), [fact for fact in said if fact.key in names])


def _parted_edges(
    said: Sequence[GraphEdge], memories: set[str], names: set[str]
) -> tuple[list[GraphEdge], list[GraphEdge]]:
    named = [fact for fact in said if {fact.source[1], fact.target[1]} & names]
    return _parted_by([fact for fact in said if fact not in named], memories, named)


def _parted_by(said: Sequence[_Fact], memories: set[str], gone: list[_Fact]) -> tuple[list[_Fact], list[_Fact]]:
    kept: list[_Fact] = []
    for fact in said:
        stays = tuple(one for one in fact.memory_ids if one not in memories)
        goes = tuple(one for one in fact.memory_ids if one in memories)
        if stays:
            kept.append(replace(fact, memory_ids=stays))
        if goes:
            gone.append(replace(fact, memory_ids=goes))
    return kept, gone


def _is_sure(said: _Facts) -> bool:
    return bool(said) and _confidence(said) >= LEAST_CONFIDENCE


def _confidence(said: _Facts) -> float:
    """The highest confidence, raised by each batch that says the same from memories that were not heard before."""
    highest = max(fact.confidence for fact in said)
    heard: set[str] = set()
    voices = 0
    for fact in sorted(said, key=_order_of_memories):
        voices += not heard.issuperset(fact.memory_ids)
        heard.update(fact.memory_ids)
    return min(1.0, max(highest, min(_CERTAIN, round(highest + _CONFIRMED * max(voices - 1, 0), 4))))


def _sources(said: _Facts) -> list[str]:
    return list(dict.fromkeys(memory_id for fact in said for memory_id in fact.memory_ids))


def _days(said: _Facts) -> tuple[str, str]:
    first, last = min(fact.seen_from for fact in said), max(fact.seen_to for fact in said)
    return f"{first}T00:00:00.000Z", f"{last}T00:00:00.000Z"


# --- records -------------------------------------------------------------------------------------------------------


def _node_record(node: _Node) -> Record:
    said = _ordered(node.said)
    ours = _said_record(node, said) if _is_sure(said) or (said and node.by_hand) else None
    record = dict(node.row or ours or {})
    if node.row and ours:
        record = _confirmed(node.row, ours)
    if node.label is not None:
        record["label"] = node.label
    if node.description is not None:
        record["description"] = node.description
    return record


def _said_record(node: _Node, said: Sequence[GraphNode]) -> Record:
    best = max(said, key=lambda fact: (fact.confidence, len(fact.description), fact.description))
    sources = _sources(said)
    first, last = _days(said)
    return {
        "id": node.id,
        "type": node.type,
        "label": "me" if node.type == _SELF[0] else _label(said),
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


def _edge_id(edge: _Edge) -> str:
    return str(edge.rows[0]["id"]) if edge.rows else _id(edge.source.id, edge.target.id, edge.type)


def _edge_record(edge: _Edge) -> Record:
    said = _ordered(edge.said)
    evidence = list(dict.fromkeys(fact.evidence for fact in said if fact.evidence))[:_MOST_EVIDENCE]
    first, last = _days(said)
    return {
        "id": _edge_id(edge),
        "from_id": edge.source.id,
        "to_id": edge.target.id,
        "type": edge.type,
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


def _confirmed(adopted: Record, ours: Record) -> Record:
    """An adopted row that learns our sources."""
    properties = _object(adopted["properties"])
    if properties is None:
        return dict(adopted)
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


def _json(content: Mapping[str, object]) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True)


def _id(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
