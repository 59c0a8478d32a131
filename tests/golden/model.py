"""A model that knows the golden set: it tells every planted event well, and falls for everything that tempts it.

What it writes for junk must be kept out by the checks and the gate, and not by its own good sense. It is played by the
fake provider (`Script(content="tests.golden.model:answer")`), so everything between a question and its answer is real.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from tests.golden.reading import PERSON, Golden, Talk, load

_FENCE = re.compile(r"^=== ([0-9a-f]{8,}) begins ===$", re.MULTILINE)
_PEOPLE = "Anna Lindqvist|Anna|Ann|Joanna Smith|Ingrid|Tom Becker|Tom|Alexandra|Lex|Pip|Paris Hilton|Nora"
_NAMES = {
    "person": _PEOPLE.split("|"),
    "place": ["Bergen", "Hamburg", "Kiel", "Paris", "Flensburg", "Sandviken"],
    "health": ["coeliac disease", "broke her hip"],
    "tradition": ["kettle hour", "Sunday soup"],
}
_RELATIONS = {
    "sister Anna": ("Anna", "Nora", "sister_of"),
    "mother Ingrid": ("Ingrid", "Nora", "mother_of"),
    "brother Tom": ("Tom", "Nora", "brother_of"),
    "neighbour Ann": ("Ann", "Nora", "neighbour_of"),
    "has coeliac disease": ("Nora", "coeliac disease", "has_condition"),
}


def answer(body: Mapping[str, Any]) -> str:
    """The text of the answer to one chat completion request."""
    messages = [message["content"] for message in body["messages"]]
    parts = dict(_parts("\n".join(messages)))
    asked = messages[0]
    answers: dict[str, Callable[[Mapping[str, str], bool], object]] = {
        '"memory"': _significant,
        '"bullets"': _daily,
        '"nodes"': _graph,
    }
    told = next(made for word, made in answers.items() if word in asked)
    return json.dumps(told(parts, len(messages) > 2))


@cache
def _golden() -> Golden:
    return load()


def _parts(material: str) -> Iterator[tuple[str, str]]:
    """Reference and text of every piece between the lines of the fence."""
    fence = _FENCE.search(material)
    if fence is None:
        return
    mark = fence[1]
    inside = material[fence.end() : material.index(f"=== {mark} ends ===")]
    for piece in re.split(rf"^\[{mark} ", inside, flags=re.MULTILINE)[1:]:
        head, _, text = piece.partition("\n")
        yield head.partition("]")[0], text.strip()


def _known(parts: Mapping[str, str]) -> dict[str, dict[int, str]]:
    """The conversations that are shown: number of a message -> its reference."""
    shown: dict[str, dict[int, str]] = {}
    for talk in _golden().talks:
        by_text = {one.text: number for number, one in enumerate(talk.said, start=1)}
        refs = {by_text[text]: ref for ref, text in parts.items() if text in by_text}
        if len(refs) == len(talk.said):
            shown[talk.id] = refs
    return shown


def _talk(id_: str) -> Talk:
    return next(talk for talk in _golden().talks if talk.id == id_)


def _significant(parts: Mapping[str, str], again: bool) -> object:
    memories = []
    for id_, refs in _known(parts).items():
        talk = _talk(id_)
        for planted in talk.planted:
            # It gets the year of one event wrong until it is told.
            day = talk.day if again or "exam" not in planted.title else talk.day.replace("2026", "2016")
            evidence = [refs[number] for number in planted.evidence]
            memories.append({"title": planted.title, "date": day, "prose": planted.prose, "evidence": evidence})
    return {"memory": memories or None}


def _daily(parts: Mapping[str, str], _again: bool) -> object:
    bullets = []
    for id_, refs in _known(parts).items():
        talk = _talk(id_)
        texts = [junk.prose for junk in talk.junk] or [f"{PERSON} told me: {' '.join(talk.said[0].text.split()[:60])}"]
        bullets += [{"text": text, "refs": [refs[1]]} for text in texts]
    return {"bullets": bullets or None}


def _graph(parts: Mapping[str, str], _again: bool) -> object:
    nodes = []
    edges = []
    for kind, names in _NAMES.items():
        for name in names:
            refs = [ref for ref, text in parts.items() if re.search(rf"\b{name}\b", text)]
            if refs:
                about = f"{name} is spoken of in {len(refs)} memories."
                nodes.append({"type": kind, "name": name, "description": about, "confidence": 0.9, "memories": refs})
    edges += [edge for name in (*_NAMES["person"], *_NAMES["place"]) if (edge := _known_to(name, parts))]
    for words, (one, other, relation) in _RELATIONS.items():
        refs = [ref for ref, text in parts.items() if words in text]
        if refs:
            edge = {"from": one, "to": other, "type": relation, "evidence": words, "confidence": 0.95}
            edges.append(edge | {"memories": refs})
    return {"nodes": nodes, "edges": edges}


def _known_to(name: str, parts: Mapping[str, str]) -> dict[str, object] | None:
    """Whoever is spoken of belongs to Nora somehow; the words that say so are those around the name."""
    for ref, text in parts.items():
        found = re.search(rf"[^.\n]*\b{name}\b[^.\n]*", text)
        if found and name != PERSON:
            evidence = found[0].strip()
            edge = {"from": name, "to": PERSON, "type": "known_to", "evidence": evidence, "confidence": 0.9}
            return edge | {"memories": [ref]}
    return None
