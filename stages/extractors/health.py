"""Finds health matters: what somebody was diagnosed with, is allergic to, suffers from, or calls his own."""

import re
from collections.abc import Iterator, Sequence

from stages.extractors.atlas import CONDITIONS
from stages.extractors.bodies import Line
from stages.extractors.gathering import Gathering
from stages.extractors.lexicon import FUNCTION_WORDS, WHEN, words
from stages.extractors.sentences import WORD, bare_words
from stages.extractors.subjects import Subjects, real

_PHRASE = r"((?:[\w'’-]+\s+){0,3}[\w'’-]+)"
_STATED = re.compile(
    r"\b(?:diagnosed\s+(?:\w+\s+)?(?:with|as having)|suffer(?:s|ed|ing)?\s+from"
    rf"|leide[tn]?\s+(?:an|unter)|diagnose)\s+{_PHRASE}",
    re.IGNORECASE,
)
_ALLERGIC = re.compile(
    rf"\b(?:(?:allergic|allergy|allergies)\s+to|allergi\w*\s+(?:gegen|auf))\s+{_PHRASE}", re.IGNORECASE
)
_ALLERGY = re.compile(r"\b([a-z]+)\s+allerg(?:y|ies)\b", re.IGNORECASE)
_CONDITION = re.compile(
    rf"\b(?:{'|'.join(sorted(map(re.escape, CONDITIONS), key=len, reverse=True))})(?!\w)", re.IGNORECASE
)
_OWNED = re.compile(
    r"(?:\b(?:my|his|her|our|your|mein\w*|dein\w*|have|has|had|got|having|with|from|habe|hat|hatte|bekommen|another|an?)"
    r"|'s|’s|'ve|’ve)\s+(?:\w+\s+)?$",
    re.IGNORECASE,
)
_HINTS = words(
    "diagnosed diagnose suffer suffers suffered suffering leide leidet leiden allergic allergy allergies allergie"
    " allergisch allergien"
) | bare_words(" ".join(CONDITIONS))
"""A line without any of these speaks of no health matter."""

_AFTER = words("last this next earlier recently early late back soon around seit letzte letzten letztes letzter vor")
_SKIPPED = words("a an the some mild severe chronic my his her their einer eine einem type stage")


def read_health(gathering: Gathering, subjects: Subjects, owner_name: str, lines: Sequence[Line]) -> None:
    """Notes every health matter these lines speak of, and whose it is."""
    for line in lines:
        if line.words.isdisjoint(_HINTS):
            continue
        for label, confidence, start in _found(line):
            who = subjects.at(line, start + 1)
            share = 1.0 if real(line, start) else 0.6
            node = gathering.node("health", label, confidence * share, f"A health matter {owner_name} speaks of.", line)
            gathering.edge(who, node, "has_condition", confidence * share, line)


def _found(line: Line) -> Iterator[tuple[str, float, int]]:
    """Label, confidence and place of each health matter in the line."""
    for match in _STATED.finditer(line.text):
        if label := _named(match.group(1)):
            yield label, 0.88 if label.casefold() in CONDITIONS else 0.76, match.start()
    for match in _ALLERGIC.finditer(line.text):
        if label := _named(match.group(1)):
            yield f"Allergy to {label.casefold()}", 0.86, match.start()
    for match in _ALLERGY.finditer(line.text):
        if (word := match.group(1).casefold()) not in FUNCTION_WORDS:
            yield f"Allergy to {word}", 0.74, match.start()
    for match in _CONDITION.finditer(line.text):
        label = CONDITIONS[match.group().casefold()]
        owned = _OWNED.search(line.text, max(0, match.start() - 24), match.start())
        yield label[:1].upper() + label[1:], 0.82 if owned else 0.6, match.start()


def _named(phrase: str) -> str:
    """The words of `phrase` up to the first that begins something else; a known matter under its one name."""
    kept: list[str] = []
    for word in WORD.findall(phrase):
        plain = word.casefold().replace("’", "'")
        if plain in _SKIPPED and not kept:
            continue
        if plain in FUNCTION_WORDS or plain in WHEN or plain in _AFTER:
            break
        kept.append(word)
        if known := CONDITIONS.get(" ".join(kept).casefold().replace("’", "'")):
            return known[:1].upper() + known[1:]
    name = " ".join(kept)
    return name[:1].upper() + name[1:]
