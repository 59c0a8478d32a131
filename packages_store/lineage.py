"""Where everything comes from, both ways (R-40): message, request to a model, memory, node and edge of the graph."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from packages_store.bodies import text_of
from packages_store.consolidation import Consolidated
from packages_store.errors import UnknownItem
from packages_store.model import Memory, MemoryKind
from packages_store.package import Package

_SENTENCE = re.compile(r"(?<=[.!?…])\s+|(?<=[.!?…][\"”’»)\]])\s+|(?<=[。！？])(?![」』”）])|(?<=[。！？][」』”）])|\n+")
"""Between two sentences; what closes a quotation belongs to the one before."""
_EXCERPT = 200


@dataclass(frozen=True, slots=True)
class SourceMessage:
    """A message that something rests on. `excerpt` is its beginning."""

    id: str
    conversation: str
    title: str | None
    role: str
    at: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class SourceRequest:
    """A request to a language model: what it was for, with which prompt and model, and when it was answered."""

    fingerprint: str
    stage: str
    item: str
    prompt: str
    model: str
    at: str


@dataclass(frozen=True, slots=True)
class GraphPart:
    """A node or an edge. The label of an edge is `from · type · to`."""

    id: str
    is_edge: bool
    type: str
    label: str


@dataclass(frozen=True, slots=True)
class SourceMemory:
    """A memory in a line."""

    id: str
    kind: MemoryKind
    date: str
    title: str
    file: str
    edited: bool


@dataclass(frozen=True, slots=True)
class Lineage:
    """Everything that a memory, node or edge rests on, and what rests on it."""

    subject: str
    memories: tuple[SourceMemory, ...]
    requests: tuple[SourceRequest, ...]
    messages: tuple[SourceMessage, ...]
    missing: tuple[str, ...]
    """Ids of messages that are no longer in the package."""
    graph: tuple[GraphPart, ...]
    """Nodes and edges that rest on it, or on the same memories."""


@dataclass(frozen=True, slots=True)
class Impact:
    """Everything that rests on a conversation, or on one message of it."""

    conversation: str
    message: str | None
    memories: tuple[SourceMemory, ...]
    doubts: tuple[str, ...]
    requests: tuple[SourceRequest, ...]
    graph: tuple[GraphPart, ...]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A stretch of a memory's text and the messages it rests on.

    `exact` says that these are its own messages; otherwise they are those of the whole memory.
    """

    text: str
    message_ids: tuple[str, ...]
    exact: bool


# --- sentences -----------------------------------------------------------------------------------------------------


def sentences(memory: Memory) -> tuple[Sentence, ...]:
    """The text of a memory, sentence by sentence, or line by line for a day, each with what it rests on."""
    if memory.passages:
        return tuple(Sentence(passage.text, passage.message_ids, exact=True) for passage in memory.passages)
    text = text_of(memory.body)
    pieces = text.splitlines() if memory.kind == "daily" else _SENTENCE.split(text)
    plain = (piece.strip().removeprefix("- ") for piece in pieces)
    exact = len(memory.message_ids) == 1 and not memory.edited
    return tuple(Sentence(piece, memory.message_ids, exact) for piece in plain if piece)


# --- backwards -----------------------------------------------------------------------------------------------------


def lineage(package: Package, subject: str) -> Lineage:
    """What `subject` rests on: a memory's id or file, or the id of a node or edge. Raises UnknownItem."""
    graph = package.graph.consolidated()
    memory = _find_memory(package, subject)
    if memory is not None:
        memories, requests = [memory], list(memory.requests)
    elif subject in graph.origins:
        origin = graph.origins[subject]
        found = (package.memories.get(memory_id) for memory_id in origin.memory_ids)
        memories = [one for one in found if one is not None]
        requests = [*origin.requests, *(request for one in memories for request in one.requests)]
    else:
        raise UnknownItem(f"{subject} is no memory, node or edge of {package.name}.")
    wanted = list(dict.fromkeys(message_id for one in memories for message_id in one.message_ids))
    messages = _messages(package, {chat for one in memories for chat in one.conversation_ids}, wanted)
    resting = {one.id for one in memories}
    return Lineage(
        subject=memory.id if memory else subject,
        memories=tuple(map(_line, memories)),
        requests=_requests(package, requests),
        messages=messages,
        missing=tuple(sorted(set(wanted) - {message.id for message in messages})),
        graph=_resting_on(graph, resting),
    )


def _find_memory(package: Package, subject: str) -> Memory | None:
    """A memory by its id, or by the end of the path of its file."""
    by_id = package.memories.get(subject)
    if by_id is not None:
        return by_id
    name = subject.replace("\\", "/").rpartition("/")[2]
    kinds: Sequence[MemoryKind] = ("daily", "significant")
    wanted = [kind for kind in kinds if f"{kind}/" in subject] or kinds
    return next((found for kind in wanted if (found := package.memories.named(kind, name))), None)


# --- forwards ------------------------------------------------------------------------------------------------------


def impact(package: Package, subject: str) -> Impact:
    """What rests on `subject`, the id of a conversation or of a message. Raises UnknownItem."""
    conversation, message = _find_source(package, subject)
    memories = [
        memory
        for memory in package.memories.all()
        if (message in memory.message_ids if message else conversation in memory.conversation_ids)
    ]
    doubts = [
        doubt.id
        for doubt in package.doubts.all()
        if (message in doubt.memory.message_ids if message else conversation in doubt.memory.conversation_ids)
    ]
    resting = {memory.id for memory in memories}
    return Impact(
        conversation=conversation,
        message=message,
        memories=tuple(map(_line, memories)),
        doubts=tuple(doubts),
        requests=_requests(package, (request for memory in memories for request in memory.requests)),
        graph=_resting_on(package.graph.consolidated(), resting),
    )


def _find_source(package: Package, subject: str) -> tuple[str, str | None]:
    if package.ledger.one("SELECT 1 FROM conversations WHERE id = ?", (subject,)):
        return subject, None
    row = package.ledger.one(
        "SELECT c.id FROM messages m JOIN conversations c ON c.key = m.conversation WHERE m.id = ?", (subject,)
    )
    if row is None:
        raise UnknownItem(f"{subject} is no conversation or message of {package.name}.")
    return str(row["id"]), subject


# --- below ---------------------------------------------------------------------------------------------------------


def _line(memory: Memory) -> SourceMemory:
    file = f"memories/{memory.kind}/{memory.file_name}"
    return SourceMemory(memory.id, memory.kind, memory.date, memory.title, file, memory.edited)


_SELECT = (
    "SELECT m.id, c.id, c.title, m.role, m.created_at, substr(m.content, 1, ?)"
    " FROM messages m JOIN conversations c ON c.key = m.conversation WHERE m.id IN (SELECT value FROM json_each(?))"
)


def _messages(package: Package, conversations: Iterable[str], ids: Sequence[str]) -> tuple[SourceMessage, ...]:
    """Messages by id, oldest first. They stand in these conversations as a rule; all are looked through if not."""
    of_these = f"{_SELECT} AND c.id IN (SELECT value FROM json_each(?))"  # noqa: S608 - constants only
    parameters = (_EXCERPT, json.dumps(list(ids)))
    rows = package.ledger.rows(of_these, (*parameters, json.dumps(list(conversations))))
    if len(rows) < len(ids):
        rows = package.ledger.rows(_SELECT, parameters)
    return tuple(sorted((SourceMessage(*row) for row in rows), key=lambda message: (message.at, message.id)))


def _requests(package: Package, fingerprints: Iterable[str]) -> tuple[SourceRequest, ...]:
    rows = package.ledger.rows(
        "SELECT fingerprint, stage, item, prompt, model, max(at) FROM answers"
        " WHERE fingerprint IN (SELECT value FROM json_each(?)) AND coalesce(verdict, '') = ''"
        " GROUP BY fingerprint ORDER BY min(key)",
        (json.dumps(list(dict.fromkeys(fingerprints))),),
    )
    return tuple(SourceRequest(*row) for row in rows)


def _resting_on(graph: Consolidated, memory_ids: set[str]) -> tuple[GraphPart, ...]:
    labels = {str(row["id"]): str(row["label"] or "") for row in graph.nodes}
    resting = {row_id for row_id, origin in graph.origins.items() if not memory_ids.isdisjoint(origin.memory_ids)}
    nodes = [
        GraphPart(str(row["id"]), is_edge=False, type=str(row["type"]), label=labels[str(row["id"])])
        for row in graph.nodes
        if row["id"] in resting
    ]
    edges = [
        GraphPart(
            str(row["id"]),
            is_edge=True,
            type=str(row["type"]),
            label=" · ".join((labels[str(row["from_id"])], str(row["type"]), labels[str(row["to_id"])])),
        )
        for row in graph.edges
        if row["id"] in resting
    ]
    return (*nodes, *edges)
