"""Says which texts tell the same, by the runs of words they share. It knows no meaning: other words, other text."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

_RUN = 5
"""Words in a run (a shingle)."""

NEAR = 0.5
"""From this share of common runs on, two texts are the same text with some words changed (Jaccard)."""

_SAME_SOURCES = 0.5
_SAME_WORDS = 0.4
"""Texts that rest on the same messages, to this share, and share so many of their words, tell the same."""

_COMMON = 64
"""A run that stands in so many different texts is a phrase, and says nothing about any two of them."""

_UNPARTED = "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
"""Letters of scripts that do not part words; they are read one by one."""
_LETTER = re.compile(_UNPARTED)
_WORD = re.compile(rf"{_UNPARTED}|[^\W_]+")
_ASCII_WORDS = "".join(chr(code) if chr(code).isalnum() else " " for code in range(128))
"""What is between words of ASCII, as blanks: several times as fast as the pattern, and most text is ASCII."""
_FEW = 16
"""Texts up to which each is compared with all others; an index of their runs costs more than it saves."""

Item = TypeVar("Item")
T = TypeVar("T")

Runs = frozenset[tuple[str, ...]]
"""The runs of words in a text, each once."""


def words_in(text: str) -> list[str]:
    """The words of `text` in order: casefolded, in one form, without marks."""
    if text.isascii():
        return text.casefold().translate(_ASCII_WORDS).split()
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def parts_words(text: str) -> bool:
    """Whether nothing of `text` is in a script that does not part words."""
    return text.isascii() or _LETTER.search(text) is None


def runs_of(words: Sequence[str], length: int = _RUN) -> Runs:
    """Every run of `length` words; the whole when there are fewer."""
    if len(words) < length:
        return frozenset([tuple(words)] if words else [])
    return frozenset(zip(*(words[start:] for start in range(length)), strict=False))


def jaccard(one: frozenset[T], other: frozenset[T]) -> float:
    """The share of what both have in what either has, 0 to 1."""
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared) if one or other else 0.0


def contained(part: Runs, whole: Runs) -> float:
    """How much of `part` stands in `whole`, 0 to 1."""
    return len(part & whole) / len(part) if part else 0.0


@dataclass(frozen=True, slots=True)
class Told:
    """A text as it is compared, with the messages it rests on."""

    words: frozenset[str]
    runs: Runs
    sources: frozenset[str]

    def tells_the_same(self, other: "Told") -> bool:
        """Whether one of the two is enough."""
        if jaccard(self.runs, other.runs) >= NEAR:
            return True
        fewer = min(len(self.sources), len(other.sources))
        shared = len(self.sources & other.sources)
        return shared > 0 and shared >= _SAME_SOURCES * fewer and jaccard(self.words, other.words) >= _SAME_WORDS


def told(text: str, sources: Iterable[str] = ()) -> Told:
    """`text` made comparable."""
    words = words_in(text)
    return Told(frozenset(words), runs_of(words), frozenset(sources))


def distinct(items: Sequence[tuple[Item, Told]]) -> list[Item]:
    """The items without repetitions, in their order; of those that tell the same the richest stays, in its own place.

    For a handful: every two are compared.
    """
    richest = sorted(range(len(items)), key=lambda at: (-_riches(items[at][1]), at))
    kept: list[int] = []
    for at in richest:
        if not any(items[at][1].tells_the_same(items[other][1]) for other in kept):
            kept.append(at)
    return [items[at][0] for at in sorted(kept)]


def _riches(one: Told) -> int:
    return len(one.words) + len(one.sources)


class Known:
    """Texts by their keys, no two of them nearly the same; a new one is compared with those it shares a run with."""

    def __init__(self, texts: Iterable[tuple[str, str]] = ()) -> None:
        self._keys: list[str] = []
        self._runs: list[Runs] = []
        self._exact: dict[str, int] = {}
        self._where: dict[tuple[str, ...], list[int]] = {}
        self._indexed = 0
        """So many of the texts have their runs in `_where`: none of a few, all of many."""
        for key, text in texts:
            self.meet(key, text)

    def meet(self, key: str, text: str) -> str | None:
        """The key of the known text that is nearly the same; when there is none, `text` is known from now on."""
        words = words_in(text)
        runs = runs_of(words)
        twin = self._twin(words, runs)
        if twin is None and words:
            number = len(self._keys)
            self._keys.append(key)
            self._runs.append(runs)
            self._exact[" ".join(words)] = number
            if len(self._keys) > _FEW:
                self._index()
        return twin

    def _index(self) -> None:
        for number in range(self._indexed, len(self._keys)):
            for run in self._runs[number]:
                self._where.setdefault(run, []).append(number)
        self._indexed = len(self._keys)

    def twin_of(self, text: str) -> str | None:
        """The key of the known text that is nearly the same, None when there is none."""
        if not self._keys:
            return None
        words = words_in(text)
        return self._twin(words, runs_of(words))

    def _twin(self, words: list[str], runs: Runs) -> str | None:
        if (same := self._exact.get(" ".join(words))) is not None:
            return self._keys[same]
        candidates = self._candidates(runs)
        likeness = {number: jaccard(runs, self._runs[number]) for number in candidates}
        best = max(candidates, key=lambda number: (likeness[number], -number), default=None)
        return self._keys[best] if best is not None and likeness[best] >= NEAR else None

    def _candidates(self, runs: Runs) -> list[int]:
        """The texts that share enough runs, the common ones not counted but for what they could add."""
        if not self._indexed:
            return list(range(len(self._keys)))
        places = [where for run in runs if (where := self._where.get(run)) is not None]
        telling = [where for where in places if len(where) <= _COMMON]
        common = len(places) - len(telling)
        shared = Counter(chain.from_iterable(telling))
        return [
            number
            for number, count in shared.items()
            if count + common >= NEAR * (len(runs) + len(self._runs[number]) - count - common)
        ]
