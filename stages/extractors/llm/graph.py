"""Who and what a batch of memories speaks of, and how these belong together."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar, get_args

from packages_store.consolidation import LEAST_CONFIDENCE
from packages_store.model import GraphEdge, GraphFacts, GraphNode, Memory, StageName
from packages_store.naming import node_key
from stages.contract import Answered, AnswerRejected, Llm, Persona
from stages.extractors.gathering import NodeType
from stages.extractors.lexicon import words
from stages.extractors.llm.answers import (
    Entry,
    confidence_at,
    entries_of,
    refs_at,
    shortened,
    text_at,
    voice_problems,
)
from stages.extractors.llm.asking import Question, Task
from stages.extractors.llm.chunks import Chunk, halved
from stages.extractors.llm.junk import is_none
from stages.extractors.llm.likeness import words_in
from stages.extractors.llm.material import Part
from stages.extractors.llm.prompts import entity_of, load_prompt, person_of
from stages.extractors.sentences import fold
from stages.graph import batch_of

_MOST_TOKENS = 8_000
_LABEL_LIMIT = 120
_DESCRIPTION_LIMIT = 400
_EVIDENCE_LIMIT = 300
_TYPE_LIMIT = 40
_LEAST_EVIDENCE = 6
"""Letters: one short word stands in every memory and shows nothing."""
_UNFOUNDED = 3
"""From so many relations on, of which none quotes a memory, the answer is not to be trusted."""

_KINDS: tuple[NodeType, ...] = get_args(NodeType)
_ME = "me"
_SELVES = frozenset({"me", "i", "myself", "self"})
_NOBODY = words(
    "user human assistant someone somebody they he she it we you everyone people friend friends family unknown"
) | {"the user", "the human", "the assistant"}
"""Names that name nobody."""

SCHEMA: Mapping[str, object] = {
    "type": "object",
    "properties": {
        "nodes": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "type": {"type": "string", "enum": list(_KINDS)},
                    "name": {"type": "string"},
                    "description": {"type": "string"},
                    "confidence": {"type": "number"},
                    "memories": {"type": "array", "items": {"type": "string"}},
                },
                "required": ["type", "name", "description", "confidence", "memories"],
                "additionalProperties": False,
            },
        },
        "edges": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "from": {"type": "string"},
                    "to": {"type": "string"},
                    "type": {"type": "string"},
                    "evidence": {"type": "string"},
                    "confidence": {"type": "number"},
                    "memories": {"type": "array", "items": {"type": "string"}},
                },
                "required": ["from", "to", "type", "evidence", "confidence", "memories"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["nodes", "edges"],
    "additionalProperties": False,
}

_HEADING = re.compile(r"\A\ufeff?\s*#{1,3}[^\S\n]*(?:daily|significant) memory\b[^\n]*\n", re.IGNORECASE)
_TAGS = re.compile(r"[^\S\n]{0,9}\[(?:chat|via):[^\]\n]{0,300}\]")
_MARKS = re.compile(r"[*_`#>]+")
_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "–": "-", "—": "-"})

NodeKey = tuple[str, str]
_Fact = TypeVar("_Fact", GraphNode, GraphEdge)


def graph_task() -> Task:
    """What the graph is asked with."""
    return Task(StageName.GRAPH, load_prompt("graph"), SCHEMA, _MOST_TOKENS)


def questions(task: Task, llm: Llm, persona: Persona, memories: Sequence[Memory]) -> list[Question[GraphFacts]]:
    """What to ask about a batch of memories, which is known by the first of them; nothing when they hold no text."""
    parts: list[Part] = []
    shown: dict[str, Shown] = {}
    for memory in memories:
        text = without_frame(memory.body)
        if text:
            ref = f"m{len(shown) + 1}"
            shown[ref] = Shown(memory, searchable(text))
            parts.append(Part(ref, f"A {memory.kind} memory of {memory.date}", text, group=len(shown)))
    if not parts:
        return []
    item = batch_of(memories[0])

    def about(chunk: Chunk) -> Question[GraphFacts]:
        there = {part.ref: shown[part.ref] for part in chunk.parts}
        reading = Reading(person_of(persona), entity_of(persona), there)
        ask = task.ask(llm, persona, item, chunk, ())
        return Question(ask, reading.read, lambda: [about(half) for half in halved(chunk)])

    return [about(chunk) for chunk in task.chunks(llm, persona, parts, ())]


def without_frame(body: str) -> str:
    """The text of a memory file without its heading and the tags that say where it came from."""
    return _TAGS.sub("", _HEADING.sub("", body)).strip()


def searchable(text: str) -> str:
    """`text` in the form in which words are looked for: one case, one kind of quote, single blanks, no Markdown."""
    plain = unicodedata.normalize("NFKC", text).translate(_QUOTES).casefold()
    return " ".join(_MARKS.sub(" ", plain).split())


@dataclass(frozen=True, slots=True)
class Shown:
    """A memory as a model saw it, and its text as it is searched."""

    memory: Memory
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads the answer about some memories, and keeps of it what these memories bear out."""

    person: str
    entity: str
    shown: Mapping[str, Shown]

    def read(self, answer: Entry) -> GraphFacts:
        """The nodes and edges of an answer; empty when there are none. Raises AnswerRejected."""
        if "nodes" not in answer and "edges" not in answer:
            raise AnswerRejected('The answer has neither "nodes" nor "edges".')
        listed = entries_of({"nodes": answer.get("nodes")}, "nodes", self.person)
        related = entries_of({"edges": answer.get("edges")}, "edges", self.person)
        nodes = _united(node for entry in listed if (node := self._node(entry)))
        problems = voice_problems("\n".join(node.description for node in nodes), self.person, self._texts())
        if problems:
            raise AnswerRejected(" ".join(problems))
        quoting = [(entry, cited) for entry in related if (cited := self._quoted(entry))]
        if len(related) >= _UNFOUNDED and not quoting:
            raise AnswerRejected('No "evidence" stands in a memory: copy the words letter by letter.')
        ends: set[NodeKey] = {(node.type, node.key) for node in nodes}
        edges = _united(edge for entry, cited in quoting if (edge := self._edge(entry, cited, ends)))
        return GraphFacts(tuple(_united((*nodes, *self._introduced(nodes, edges)))), tuple(edges))

    def _texts(self) -> list[str]:
        return [one.text for one in self.shown.values()]

    # --- nodes ---------------------------------------------------------------------------------------------------

    def _node(self, entry: Entry) -> GraphNode | None:
        name = self._node_key(text_at(entry, "type"), text_at(entry, "name"))
        confidence = confidence_at(entry, "confidence")
        if name is None or confidence < LEAST_CONFIDENCE:
            return None
        kind, key = name
        cited = [one for one in self._cited(entry) if kind == "self" or _speaks_of(one.text, key)]
        if not cited:
            return None
        label = _ME if kind == "self" else shortened(text_at(entry, "name"), _LABEL_LIMIT)
        description = shortened(text_at(entry, "description"), _DESCRIPTION_LIMIT)
        return GraphNode(kind, key, label, "" if is_none(description) else description, confidence, *_span(cited))

    def _node_key(self, kind: str, name: str) -> tuple[NodeType, str] | None:
        key = node_key(shortened(name, _LABEL_LIMIT))
        found = next((one for one in _KINDS if one == kind.casefold()), None)
        if found in ("self", "person") and self._is_me(key):
            return "self", _ME
        if found is None or found == "self" or is_none(key) or key in _NOBODY:
            return None
        return found, key

    def _is_me(self, key: str) -> bool:
        return key in _SELVES or key == node_key(self.entity)

    def _cited(self, entry: Entry) -> list[Shown]:
        return [self.shown[ref] for ref in refs_at(entry, "memories") if ref in self.shown]

    # --- edges ---------------------------------------------------------------------------------------------------

    def _quoted(self, entry: Entry) -> list[Shown]:
        """The cited memories in which the evidence stands word for word."""
        quote = searchable(text_at(entry, "evidence")).strip(" .,;:!?…\"'-")
        if sum(map(str.isalnum, quote)) < _least_letters(quote):
            return []
        return [one for one in self._cited(entry) if quote in one.text]

    def _edge(self, entry: Entry, cited: Sequence[Shown], ends: set[NodeKey]) -> GraphEdge | None:
        source = self._end(text_at(entry, "from"), ends)
        target = self._end(text_at(entry, "to"), ends)
        kind = re.sub(r"\W+", "_", text_at(entry, "type").casefold()).strip("_")[:_TYPE_LIMIT]
        confidence = confidence_at(entry, "confidence")
        if source is None or target is None or source == target or not kind or confidence < LEAST_CONFIDENCE:
            return None
        evidence = shortened(text_at(entry, "evidence"), _EVIDENCE_LIMIT)
        return GraphEdge(source, target, kind, evidence, confidence, *_span(cited))

    def _end(self, name: str, ends: set[NodeKey]) -> NodeKey | None:
        """What a name means here: the entity, the person, else the node of that very name, people before places."""
        key = node_key(shortened(name, _LABEL_LIMIT))
        if self._is_me(key):
            return "self", _ME
        if key == node_key(self.person):
            return "person", key
        return next(((kind, key) for kind in _KINDS if (kind, key) in ends), None)

    def _introduced(self, nodes: Sequence[GraphNode], edges: Sequence[GraphEdge]) -> Iterator[GraphNode]:
        """The entity and the person, where edges speak of them and the answer did not list them."""
        there = {(node.type, node.key) for node in nodes}
        person = node_key(self.person)
        for edge in edges:
            for end in {edge.source, edge.target} - there:
                seen = (edge.memory_ids, edge.seen_from, edge.seen_to)
                if end == ("self", _ME):
                    yield GraphNode("self", _ME, _ME, f"{self.entity}, who remembers.", 1.0, *seen)
                elif end == ("person", person):
                    met = f"The person {self.entity} talks with."
                    yield GraphNode("person", person, fold(self.person), met, 1.0, *seen)


def _least_letters(quote: str) -> int:
    """How many letters of evidence are enough; scripts without blanks say more with fewer."""
    return _LEAST_EVIDENCE if quote.isascii() else _LEAST_EVIDENCE // 2


def _speaks_of(text: str, key: str) -> bool:
    """Whether a memory says any word of a name: what it never mentions, it does not speak of."""
    return any(word in text for word in words_in(key) if len(word) > 1 or not word.isascii())


def _span(cited: Sequence[Shown]) -> tuple[tuple[str, ...], str, str]:
    ids = tuple(sorted({one.memory.id for one in cited}))
    days = sorted(one.memory.date for one in cited)
    return ids, days[0], days[-1]


# --- joining -------------------------------------------------------------------------------------------------------


def joined(answers: Sequence[Answered[GraphFacts]]) -> GraphFacts:
    """What all questions of a batch found: one node for each type and key, one edge for each pair and type."""
    nodes = _united(
        replace(node, requests=(answered.request,)) for answered in answers for node in answered.value.nodes
    )
    edges = _united(
        replace(edge, requests=(answered.request,)) for answered in answers for edge in answered.value.edges
    )
    return GraphFacts(tuple(nodes), tuple(edges))


def _united(facts: Iterable[_Fact | None]) -> list[_Fact]:
    """Facts of the same thing as one, sorted: the surest words, all the memories, the whole time."""
    found: dict[tuple[object, ...], _Fact] = {}
    for fact in facts:
        if fact is not None:
            name = _name(fact)
            found[name] = _both(found[name], fact) if name in found else fact
    return [found[name] for name in sorted(found, key=repr)]


def _name(fact: GraphNode | GraphEdge) -> tuple[object, ...]:
    return (fact.type, fact.key) if isinstance(fact, GraphNode) else (fact.source, fact.target, fact.type)


def _both(one: _Fact, other: _Fact) -> _Fact:
    surer = max((one, other), key=lambda fact: (fact.confidence, len(_words_of(fact))))
    return replace(
        surer,
        memory_ids=tuple(sorted({*one.memory_ids, *other.memory_ids})),
        seen_from=min(one.seen_from, other.seen_from),
        seen_to=max(one.seen_to, other.seen_to),
        requests=tuple(dict.fromkeys((*one.requests, *other.requests))),
    )


def _words_of(fact: GraphNode | GraphEdge) -> str:
    return fact.description if isinstance(fact, GraphNode) else fact.evidence
