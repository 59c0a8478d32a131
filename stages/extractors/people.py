"""Finds persons, and how they are related: by what they are called, or by being named again and again."""

import re
from collections.abc import Iterator, Sequence

from stages.extractors.atlas import PLACES
from stages.extractors.bodies import Line, Speaker
from stages.extractors.gathering import Gathering, NodeId, key_of
from stages.extractors.names import FIRST_NAMES, NOT_NAMES, ONLY_ONES, PLURAL_RELATIONS, RELATIONS
from stages.extractors.sentences import bare_words

UPPER = "".join(chr(code) for code in range(0x41, 0x530) if chr(code).isupper())
NAME = rf"[{UPPER}][\w'’-]{{0,30}}\w(?:\s[{UPPER}][\w'’-]{{0,30}}\w)?"
"""A capitalised word or two."""

_NAMES = rf"{NAME}(?:(?:,|,?\s+(?:and|und|&|y|et))\s+{NAME})*"
_MINE = {
    Speaker.PERSON: r"my|our|mein(?:e[rmns]?)?|unser(?:e[rmns]?)?|mon|ma|mi",
    Speaker.ENTITY: r"your|dein(?:e[rmns]?)?",
    Speaker.NARRATION: r"her|his|their",
}
_KIND = (
    r"(?:(?:\w{1,12}er|little|big|best|dear|late|old|new|twin|half|only|beloved"
    r"|beste[rn]?|kleine[rn]?|große[rn]?|gute[rn]?)\s+){0,2}"
)
_WORDS = "|".join(sorted(map(re.escape, RELATIONS), key=len, reverse=True))
_PLURALS = "|".join(sorted(PLURAL_RELATIONS, key=len, reverse=True))
_CALLED = r"(?:\s*[,(]\s*|\s+(?:named|called|namens|is called|is named|heißt)\s+|(?:['’]s)?\s+name is\s+|\s+)"
_RELATION_WORDS = frozenset(re.split(r"\W", name, maxsplit=1)[0] for name in (*RELATIONS, *PLURAL_RELATIONS))
_THIRD = re.compile(rf"\b({NAME}?)(?:['’]s|s)\s+{_KIND}(?i:({_WORDS}))\b,?\s+({NAME})")
_SPEAKS = (
    "said|says|told|asked|called|texted|wrote|laughed|cried|hugged|loves|thinks|wants|smiled"
    "|sagte|meinte|rief|lachte|schrieb"
)
_DEALT_WITH = r"told|asked|met|hugged|kissed|called|texted|married|traf|getroffen|umarmte"
_ACTING = re.compile(rf"\b(?:{_DEALT_WITH})\s+({NAME})|\b({NAME})\s+(?:{_SPEAKS})\b")
_BESIDE = re.compile(rf"\b(?:with|and|from|for|love|miss|mit|und|von|für|bei)\s+({NAME})")

_COMPANY_WORDS = bare_words(f"{_SPEAKS} {_DEALT_WITH} with and from for love miss mit und von für bei")
_POSSESSIVE = re.compile(r"['’]s?$")

_CUED = 0.86
_CUED_LOOSELY = 0.76
_UNNAMED = 0.72
_REPEATED = 0.72


class _Cues:
    """The patterns of relation for one way of speaking."""

    def __init__(self, mine: str) -> None:
        whose = rf"\b(?i:{mine})\s+(?i:{_KIND})"
        self.named = re.compile(rf"{whose}(?i:({_WORDS}))({_CALLED})({NAME})")
        self.named_lower = re.compile(rf"{whose}(?i:({_WORDS})){_CALLED}([a-zà-ÿ]{{2,}})\b")
        self.several = re.compile(rf"{whose}(?i:({_PLURALS})){_CALLED}({_NAMES})")
        self.apposed = re.compile(
            rf"\b({NAME})(?:,\s+|\s+(?:is|was|ist|war)\s+)(?i:{mine})\s+(?i:{_KIND})(?i:({_WORDS}))\b"
        )
        self.unnamed = re.compile(rf"{whose}(?i:({_WORDS}))\b")


_CUES = {speaker: _Cues(mine) for speaker, mine in _MINE.items()}


class People:
    """Reads lines for persons around one person, whose node is `owner`. `known` are keys that are nobody new."""

    def __init__(self, gathering: Gathering, owner: NodeId, owner_name: str, known: frozenset[str]) -> None:
        self._gathering = gathering
        self._owner = owner
        self._owner_name = owner_name
        self._known = known
        self._narrated = _Cues(rf"{re.escape(owner_name)}(?:['’]s|['’]|s)") if owner_name else None

    def read(self, lines: Sequence[Line]) -> None:
        """Notes every person these lines speak of."""
        hinted = [line for line in lines if not line.words.isdisjoint(_RELATION_WORDS)]
        for line in hinted:
            for cues, trust in self._cues_for(line):
                self._named(cues, line, trust)
            self._third_parties(line)
        for line in hinted:
            for cues, trust in self._cues_for(line):
                self._unnamed(cues, line, trust)
        self._repeated(lines)

    def _cues_for(self, line: Line) -> Iterator[tuple[_Cues, float]]:
        if line.speaker is not Speaker.NARRATION:
            yield _CUES[line.speaker], 1.0
        elif line.about_person:
            yield _CUES[Speaker.NARRATION], 0.85
        if self._narrated is not None and self._owner_name in line.text:
            yield self._narrated, 1.0

    def _named(self, cues: _Cues, line: Line, trust: float) -> None:
        for match in cues.named.finditer(line.text):
            confidence = _CUED_LOOSELY if match.group(2).strip() in (",", "(") else _CUED
            self._note(match.group(3), RELATIONS[match.group(1).casefold()], confidence * trust, line)
        for match in cues.apposed.finditer(line.text):
            self._note(match.group(1), RELATIONS[match.group(2).casefold()], _CUED * trust, line)
        if not line.words.isdisjoint(FIRST_NAMES):
            self._named_lower(cues, line, trust)
        if not line.words.isdisjoint(PLURAL_RELATIONS):
            self._several(cues, line, trust)

    def _named_lower(self, cues: _Cues, line: Line, trust: float) -> None:
        for match in cues.named_lower.finditer(line.text):
            word, name = match.groups()
            if name in FIRST_NAMES:
                self._note(name.title(), RELATIONS[word.casefold()], _CUED_LOOSELY * trust, line)

    def _several(self, cues: _Cues, line: Line, trust: float) -> None:
        for match in cues.several.finditer(line.text):
            relation = PLURAL_RELATIONS[match.group(1).casefold()]
            for name in re.findall(NAME, match.group(2)):
                self._note(name, relation, _CUED * trust, line)

    def _note(self, name: str, relation: str, confidence: float, line: Line) -> None:
        label = self._whole(name)
        if label is None:
            return
        described = f"{relation.replace('_', ' ').capitalize()} of {self._owner_name}."
        node = self._gathering.node("person", label, confidence, described, line)
        self._gathering.edge(node, self._owner, f"{relation}_of", confidence, line)

    def _unnamed(self, cues: _Cues, line: Line, trust: float) -> None:
        for match in cues.unnamed.finditer(line.text):
            relation = RELATIONS[match.group(1).casefold()]
            label = f"{self._owner_name}'s {relation.replace('_', ' ')}"
            named = set(self._gathering.related(self._owner, f"{relation}_of")) - {("person", key_of(label))}
            if relation in ONLY_ONES and not named:
                node = self._gathering.node("person", label, _UNNAMED * trust, "Spoken of without a name.", line)
                self._gathering.edge(node, self._owner, f"{relation}_of", _UNNAMED * trust, line)

    def _third_parties(self, line: Line) -> None:
        for match in _THIRD.finditer(line.text):
            one, other = self._whole(match.group(1)), self._whole(match.group(3))
            if one is None or other is None:
                continue
            relation = RELATIONS[match.group(2).casefold()]
            source = self._gathering.node("person", other, _CUED_LOOSELY, f"{relation.capitalize()} of {one}.", line)
            target = self._gathering.node("person", one, _CUED_LOOSELY, f"{self._owner_name} speaks of {one}.", line)
            self._gathering.edge(source, target, f"{relation}_of", _CUED_LOOSELY, line)

    def _repeated(self, lines: Sequence[Line]) -> None:
        """Names of those who speak and are met; and common first names that stand beside others."""
        seen: dict[str, list[Line]] = {}
        for line in lines:
            if line.words.isdisjoint(_COMPANY_WORDS):
                continue
            for name in self._in_company(line.text):
                seen.setdefault(name, []).append(line)
        for label, where in seen.items():
            self._confirm(label, where)

    def _in_company(self, text: str) -> Iterator[str]:
        for match in _ACTING.finditer(text):
            if label := self._whole(match.group(1) or match.group(2)):
                yield label
        for match in _BESIDE.finditer(text):
            if (label := self._whole(match.group(1))) and _is_common(label):
                yield label

    def _confirm(self, label: str, where: list[Line]) -> None:
        alone = 0.62 if _is_common(label) else 0.4
        repeated = _REPEATED + (0.06 if _is_common(label) else 0.0)
        for line in where:
            confidence = repeated if len(where) > 1 else alone
            self._gathering.node("person", label, confidence, f"{self._owner_name} speaks of {label}.", line)

    def _whole(self, name: str) -> str | None:
        """The name without words that are none; None when nothing, or somebody known, is left."""
        parts: list[str] = []
        for part in name.split():
            plain = _POSSESSIVE.sub("", part)
            if _names_nobody(plain):
                if parts:
                    break
                continue
            parts.append(plain)
        label = " ".join(parts)
        key = key_of(label)
        if not key or key in self._known or key in PLACES or len(key) < 2:
            return None
        return label


def _names_nobody(word: str) -> bool:
    plain = word.casefold().replace("’", "'")
    return plain in NOT_NAMES or plain in RELATIONS or plain in PLURAL_RELATIONS


def _is_common(label: str) -> bool:
    return label.casefold().split()[0] in FIRST_NAMES
