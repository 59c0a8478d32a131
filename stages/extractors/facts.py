"""The graph of one batch of memories: who, where, what of health, which customs, each with the words it rests on."""

from collections.abc import Iterable, Sequence

from packages_store.model import GraphFacts, Memory
from stages.contract import Persona, breathe
from stages.extractors.bodies import Line, Speaker, lines_of
from stages.extractors.customs import read_customs
from stages.extractors.gathering import Gathering, key_of
from stages.extractors.health import read_health
from stages.extractors.people import People
from stages.extractors.places import read_places
from stages.extractors.sentences import fold
from stages.extractors.subjects import Subjects


def facts(persona: Persona, memories: Sequence[Memory]) -> GraphFacts:
    """Nodes and edges with their confidence (0 to 1) and evidence; keys depend on names alone, never on the batch."""
    gathering = Gathering()
    lines = _lines(persona, memories)
    name = fold(persona.user_name)
    if not lines or not name:
        return gathering.facts()
    owner = ("person", key_of(name))
    known = frozenset({key_of(name), key_of(persona.entity_name)})
    _introduce(gathering, persona, lines)
    People(gathering, owner, name, known).read(lines)
    breathe()
    subjects = Subjects(gathering, owner, name)
    read_places(gathering, subjects, name, lines)
    breathe()
    read_health(gathering, subjects, name, lines)
    read_customs(gathering, subjects, owner, name, lines)
    return gathering.facts()


def _lines(persona: Persona, memories: Sequence[Memory]) -> list[Line]:
    lines: list[Line] = []
    for memory in memories:
        breathe()
        lines.extend(lines_of(persona, memory))
    return lines


def _introduce(gathering: Gathering, persona: Persona, lines: Sequence[Line]) -> None:
    """The entity and the person themselves: certain, and met in every memory."""
    name, entity_name = fold(persona.user_name), fold(persona.entity_name)
    met = f"The person {entity_name} talks with ({fold(persona.relationship) or 'no word for it yet'})."
    for line in _openings(lines):
        entity = gathering.node("self", "me", 1.0, f"{entity_name}, who remembers.", line)
        person = gathering.node("person", name, 1.0, met, line)
        gathering.edge(entity, person, "companion_of", 1.0 if line.speaker is Speaker.PERSON else 0.99, line)


def _openings(lines: Sequence[Line]) -> Iterable[Line]:
    """One line of each memory: the first in the person's own words, which is the better evidence, else the first."""
    openings: dict[str, Line] = {}
    for line in lines:
        known = openings.setdefault(line.memory_id, line)
        if known.speaker is not Speaker.PERSON and line.speaker is Speaker.PERSON:
            openings[line.memory_id] = line
    return openings.values()
