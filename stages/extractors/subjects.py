"""Says of whom a clause speaks, and whether it says that something is, or only that it may be."""

import re
from collections.abc import Iterator

from stages.extractors.bodies import Line, Speaker
from stages.extractors.gathering import Gathering, NodeId, key_of
from stages.extractors.names import RELATIONS

_FIRST = re.compile(
    r"\b(?:i|i'm|i've|i'd|i'll|im|ive|we|we're|we've|my|our|me|us|ich|wir|mir|mein\w*|unser\w*)\b", re.IGNORECASE
)
_SECOND = re.compile(r"\b(?:you|you're|you've|your|du|dir|dein\w*)\b", re.IGNORECASE)
_THIRD = re.compile(r"\b(?:he|she|they|it|er|sie|who|people|someone|everyone|her|his|their)\b", re.IGNORECASE)
_WORDS = "|".join(sorted(RELATIONS, key=len, reverse=True))
_KIN = re.compile(rf"\b(?:my|our|your|mein\w*|unser\w*|dein\w*)\s+(?:\w+\s+)?({_WORDS})\b", re.IGNORECASE)
_UNREAL = re.compile(
    r"\b(?:want|wants|wish|would|could|might|may|maybe|perhaps|if|plan|plans|planning|hope|hoping|thinking|dream|dreaming|never"
    r"|not|someday|should|consider|considering|wonder|imagine|about to|möchte|würde|vielleicht|nie|nicht|falls|wenn"
    r"|can you|do you|how|why|what|don't|didn't|doesn't|haven't|isn't|wasn't|hasn't|won't|can't|without)\b|n['’]t\b",
    re.IGNORECASE,
)
_REACH = 90
"""Characters before a finding that are looked at."""


def real(line: Line, start: int) -> bool:
    """Whether the words before `start` leave what follows as a fact."""
    return not line.text.endswith("?") and not _UNREAL.search(line.text, max(0, start - _REACH), start)


class Subjects:
    """Knows the persons of a batch, all of whom must have been gathered before."""

    def __init__(self, gathering: Gathering, owner: NodeId, owner_name: str) -> None:
        self._gathering = gathering
        self._owner = owner
        self._owner_name = owner_name
        labels = sorted(gathering.labels("person"), key=lambda label: (-len(label), label))
        self._named = re.compile(rf"\b({'|'.join(map(re.escape, labels))})(?!\w)", re.IGNORECASE)

    def at(self, line: Line, start: int) -> NodeId | None:
        """Of whom the words at `start` speak: the nearest one before them; None when that is unclear."""
        before = line.text[max(0, start - _REACH) : start]
        found = [*self._persons(line, before), *((match.end(), None) for match in _THIRD.finditer(before))]
        if not found:
            return self._owner if line.speaker is Speaker.PERSON and len(before.split()) < 3 else None
        return max(found, key=lambda one: one[0])[1]

    def includes_owner(self, line: Line) -> bool:
        """Whether the person speaks of himself anywhere in the line, or is spoken of by name."""
        if line.speaker is Speaker.NARRATION:
            return self._owner_name in line.text
        return bool((_FIRST if line.speaker is Speaker.PERSON else _SECOND).search(line.text))

    def _persons(self, line: Line, before: str) -> Iterator[tuple[int, NodeId | None]]:
        # A name ends one further than the word before it would: "my sister Anna" is Anna.
        for match in self._named.finditer(before):
            yield match.end() + 1, ("person", key_of(match.group()))
        if line.speaker is Speaker.NARRATION:
            return
        for match in (_FIRST if line.speaker is Speaker.PERSON else _SECOND).finditer(before):
            yield match.end(), self._owner
        for match in _KIN.finditer(before):
            yield match.end(), self._kin(RELATIONS[match.group(1).casefold()])

    def _kin(self, relation: str) -> NodeId | None:
        """The one who is known to stand in this relation; None when that could be several, or nobody known."""
        known = self._gathering.related(self._owner, f"{relation}_of")
        return known[0] if len(known) == 1 else None
