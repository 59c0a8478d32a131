"""Finds places: by what is done there, by being a well-known one, or by being named again and again."""

import re
from collections.abc import Sequence

from stages.extractors.atlas import PLACES
from stages.extractors.bodies import Line
from stages.extractors.gathering import Gathering, NodeId
from stages.extractors.names import FIRST_NAMES, NOT_NAMES
from stages.extractors.people import UPPER
from stages.extractors.sentences import bare_words
from stages.extractors.subjects import Subjects, real

_WORD = rf"[{UPPER}][\w'’.-]{{0,30}}\w"
_PLACE = rf"{_WORD}(?:\s(?:de\s|am\s|del\s)?{_WORD}){{0,2}}"
_LIST = rf"({_PLACE}(?:(?:,|,?\s+(?:and|und|&))\s+{_PLACE})*|[a-zà-ÿ]+(?:\s[a-zà-ÿ]+)?)"
"""One place or several; or one or two words in lower case, which must be well known."""
_LIVE = r"live|lives|living|wohne|wohnen|wohnt|lebe|leben|lebt"
_MOVE = r"moved|moving|move|moves|relocated|relocating|umgezogen|ziehe|zog|ziehen|gezogen"
_ORIGIN = r"grew up|was born|were born|born|raised|lived|aufgewachsen|geboren"
_TRAVEL = (
    r"trips?|travel|travels|traveled|travelled|traveling|travelling|flew|flight|flying"
    r"|drove|went|been|vacation|holidays?|honeymoon|weekend|returned|came back|back"
    r"|arrived|reise|urlaub|gereist|geflogen|gefahren|war|waren"
)
_DOES_WITHOUT = "visited|visiting|visit|besucht|toured"
_CUES: tuple[tuple[str, float, re.Pattern[str]], ...] = (
    ("lives_in", 0.84, re.compile(rf"\b(?i:{_LIVE})\s+(?:\w+\s+)?(?:in|near|outside|bei)\s+{_LIST}")),
    ("lives_in", 0.84, re.compile(rf"\b(?i:{_MOVE})\s+(?:\w+\s+)?(?:to|nach)\s+{_LIST}")),
    ("lived_in", 0.82, re.compile(rf"\b(?i:{_ORIGIN})\s+in\s+{_LIST}")),
    ("lived_in", 0.82, re.compile(rf"\bin\s+{_LIST}\s+(?:aufgewachsen|geboren)")),
    ("visited", 0.8, re.compile(rf"\b(?i:{_TRAVEL})\s+(?:back\s+)?(?:to|in|from|nach|aus)\s+{_LIST}")),
    ("visited", 0.72, re.compile(rf"\b(?i:{_DOES_WITHOUT})\s+{_LIST}")),
)
"""What is done in a place, how far that can be trusted, and how it is put."""

_LEADS = bare_words(f"in to from near around nach aus {_DOES_WITHOUT}")
_KNOWN_WORDS = bare_words(" ".join(PLACES))
_CAPITAL = re.compile(rf"[\s(\"'„‘“][{UPPER}]")
_ACTS = bare_words(f"{_LIVE} {_MOVE} {_ORIGIN} {_TRAVEL} {_DOES_WITHOUT}") | {"trip", "holiday"}
_ANYWHERE = re.compile(rf"\b(?:in|to|from|near|around|nach|aus)\s+{_LIST}")
_PARTS = re.compile(r",?\s+(?:and|und|&)\s+|,\s+")
_UNREAL_SHARE = 0.6


def read_places(gathering: Gathering, subjects: Subjects, owner_name: str, lines: Sequence[Line]) -> None:
    """Notes every place these lines speak of, and who lives or was there."""
    for line in lines:
        if not _may_name_a_place(line):
            continue
        if not line.words.isdisjoint(_ACTS):
            _read_cues(gathering, subjects, owner_name, line)
        _read_mentions(gathering, owner_name, line)


def _may_name_a_place(line: Line) -> bool:
    if line.words.isdisjoint(_LEADS):
        return False
    return bool(_CAPITAL.search(line.text)) or not line.words.isdisjoint(_KNOWN_WORDS)


def _read_cues(gathering: Gathering, subjects: Subjects, owner_name: str, line: Line) -> None:
    for kind, trust, cue in _CUES:
        for match in cue.finditer(line.text):
            who = subjects.at(line, match.start())
            share = 1.0 if real(line, match.start()) else _UNREAL_SHARE
            for label in _labels(gathering, match.group(1)):
                confidence = trust + (0.08 if label.casefold() in PLACES else -0.08 if kind == "visited" else 0.0)
                node = _note(gathering, owner_name, label, confidence, line)
                gathering.edge(who, node, kind, confidence * share, line)


def _read_mentions(gathering: Gathering, owner_name: str, line: Line) -> None:
    for match in _ANYWHERE.finditer(line.text):
        for label in _labels(gathering, match.group(1)):
            _note(gathering, owner_name, label, 0.78 if label.casefold() in PLACES else 0.55, line)


def _note(gathering: Gathering, owner_name: str, label: str, confidence: float, line: Line) -> NodeId | None:
    return gathering.node("place", label, confidence, f"A place {owner_name} speaks of.", line)


def _labels(gathering: Gathering, listed: str) -> list[str]:
    if listed.islower():
        return [place.title() for place in (listed, listed.split(maxsplit=1)[0]) if place in PLACES][:1]
    labels = (_whole(part) for part in _PARTS.split(listed))
    return [label for label in labels if label and not gathering.knows("person", label) and not _is_first_name(label)]


def _is_first_name(label: str) -> bool:
    return label.casefold().split()[0] in FIRST_NAMES and label.casefold() not in PLACES


def _whole(part: str) -> str:
    kept = []
    for word in part.split():
        plain = re.sub(r"['’]s$", "", word).rstrip(".")
        if plain.casefold().replace("’", "'") in NOT_NAMES:
            break
        kept.append(plain)
    return " ".join(kept)
