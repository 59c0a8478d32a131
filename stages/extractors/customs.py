"""Finds traditions: what comes back every week or year, feasts that are kept, and what is called a ritual."""

import re
from collections.abc import Iterator, Sequence

from stages.extractors.atlas import HOLIDAYS, RECURRENCES
from stages.extractors.bodies import Line, Speaker
from stages.extractors.gathering import Gathering, NodeId
from stages.extractors.lexicon import FUNCTION_WORDS, words
from stages.extractors.sentences import bare_words, words_of
from stages.extractors.subjects import Subjects, real

_TIMES = "|".join(sorted(RECURRENCES, key=len, reverse=True))
_EVERY = re.compile(
    rf"\b(?:every|each|jeden|jedes|jede)\s+({_TIMES})\b,?\s*(?:(?:I|we|ich|wir)\s+)?([^.,;!?]*)", re.IGNORECASE
)
_DOING = re.compile(
    rf"\b(?:we|wir)\s+((?:(?!\b(?:and|und)\b)[^.,;!?]){{3,60}}?)\s+(?:every|each|jeden|jedes|jede)\s+({_TIMES})\b",
    re.IGNORECASE,
)
_CALLED = re.compile(
    r"\b(?:our|my|family|unsere?|meine?)\s+(?:\w+\s+){0,2}?(\w+)\s+(?:tradition|ritual|custom)\b", re.IGNORECASE
)
_HOLIDAY = re.compile(
    rf"\b(?:{'|'.join(sorted(map(re.escape, HOLIDAYS), key=len, reverse=True))})(?!\w)", re.IGNORECASE
)
_KEPT = re.compile(
    r"\b(?:always|every|each|tradition\w*|ritual\w*|celebrat\w*|together|family|immer|jedes|jede|feier\w*|familie)\b",
    re.IGNORECASE,
)
_BIRTHDAY = re.compile(
    r"\b(?:my|our|mein\w*)\s+(?:\w+\s+)?(birthday|anniversary|geburtstag|hochzeitstag|jahrestag)\b", re.IGNORECASE
)
_FEASTS = {
    "birthday": "birthday",
    "geburtstag": "birthday",
    "anniversary": "anniversary",
    "hochzeitstag": "anniversary",
    "jahrestag": "anniversary",
}
_HINTS = words("every each jeden jedes jede tradition ritual custom") | _FEASTS.keys() | bare_words(" ".join(HOLIDAYS))
"""A line without any of these speaks of no tradition."""

_SHARED = re.compile(r"\b(?:we|our|wir|unser\w*)\b", re.IGNORECASE)
_IDLE = FUNCTION_WORDS | {"always", "together", "usually", "gemeinsam", "immer", "since", "time"}


def read_customs(
    gathering: Gathering, subjects: Subjects, owner: NodeId, owner_name: str, lines: Sequence[Line]
) -> None:
    """Notes every tradition these lines speak of, and that the person keeps it."""
    for line in lines:
        if line.words.isdisjoint(_HINTS):
            continue
        for label, confidence, start in _found(line, owner_name):
            share = 1.0 if real(line, start) else 0.6
            node = gathering.node("tradition", label, confidence * share, f"Something {owner_name} keeps.", line)
            if subjects.includes_owner(line):
                gathering.edge(owner, node, "observes", confidence * share, line)


def _found(line: Line, owner_name: str) -> Iterator[tuple[str, float, int]]:
    """Label, confidence and place of each tradition in the line."""
    for match in _EVERY.finditer(line.text):
        yield from _recurring(match.group(1), match.group(2), line, match.start())
    for match in _DOING.finditer(line.text):
        yield from _recurring(match.group(2), match.group(1), line, match.start())
    for match in _CALLED.finditer(line.text):
        if (word := match.group(1).casefold()) not in _IDLE:
            yield f"{word.capitalize()} tradition", 0.78, match.start()
    for match in _HOLIDAY.finditer(line.text):
        yield HOLIDAYS[match.group().casefold()], 0.8 if _KEPT.search(line.text) else 0.62, match.start()
    if line.speaker is Speaker.PERSON:
        for match in _BIRTHDAY.finditer(line.text):
            yield f"{owner_name}'s {_FEASTS[match.group(1).casefold()]}", 0.74, match.start()


def _recurring(time: str, doing: str, line: Line, start: int) -> Iterator[tuple[str, float, int]]:
    what = [word for word in words_of(doing) if word not in _IDLE and word not in RECURRENCES][:2]
    if what:
        label = f"Every {RECURRENCES[time.casefold()]}: {' '.join(what)}"
        yield label, 0.76 if _SHARED.search(line.text) else 0.6, start
