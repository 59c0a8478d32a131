"""Names in the graph: when two of them are the same one, and when a person should say so.

Measured with rapidfuzz `token_sort_ratio` (0 to 100): Daniel and Daniela Schneider are 97 alike, Maximilian and
Maximiliane 95, Martin and Martina 92, Katharina and Katarina Müller 97. No likeness below 100 tells people apart, so
persons are joined without asking only when their names are the same words in another order or with other marks. Other
things are joined from 95 on, which is a letter in ten, unless numbers are in them (diabetes of type 1 and 2: 93).
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_SAFE = 95.0
_SAFE_FOR_PERSONS = 100.0
_DOUBTFUL = 85.0
"""From here on, a person is asked: Jon and John are 86 alike, and so are Ann and Anna."""

_WORD = re.compile(r"\w+")
_LONG_ENOUGH = 4
"""Letters below which a likeness of other things than persons says nothing."""

_KIN = frozenset(
    f"{relation}_of"
    for relation in (
        "mother", "father", "sister", "brother", "twin", "daughter", "son", "wife", "husband", "partner", "girlfriend",
        "boyfriend", "grandmother", "grandfather", "aunt", "uncle", "cousin", "fiance", "fiancee", "spouse", "pet",
    )
)  # fmt: skip
"""Relations in which nobody has two people of one first name."""

_ALIASES = frozenset(
    {"same_as", "alias_of", "also_called", "also_known_as", "known_as", "called", "nickname_of", "nicknamed", "is"}
)
"""Relations that say of two names that they are one."""


def node_key(label: str) -> str:
    """The key of a name, equal for equal names: NFKC, casefolded, blanks folded, without marks at its ends."""
    plain = " ".join(unicodedata.normalize("NFKC", label).casefold().replace("’", "'").split())
    return plain.strip(" .,;:!?'\"-")


@dataclass(frozen=True, slots=True)
class Named:
    """A name, and (type, other end) of each relation that is told of it."""

    key: str
    relations: frozenset[tuple[str, str]] = frozenset()


def says_same(relation: str, evidence: str, one: str, other: str) -> bool:
    """Whether a relation between two names says that they are one, in words that hold both."""
    said = set(words_of(evidence))
    return relation in _ALIASES and said.issuperset(words_of(one)) and said.issuperset(words_of(other))


def words_of(name: str) -> list[str]:
    """The words of a name in one form: casefolded, without accents and marks."""
    parted = unicodedata.normalize("NFKD", name.casefold().replace("ß", "ss"))
    return _WORD.findall("".join(c for c in parted if not unicodedata.combining(c)))


def certain(kind: str, names: Sequence[Named]) -> Iterator[tuple[str, str]]:
    """Pairs of one type that are the same beyond doubt: by their words, or by their context; the earlier one first."""
    least = _SAFE_FOR_PERSONS if kind == "person" else _SAFE
    for one, other, ratio in _alike([named.key for named in names], least):
        if ratio == _SAFE_FOR_PERSONS or _is_spelling(one, other):
            yield one, other
    if kind == "person":
        yield from _by_context(names)


def _is_spelling(one: str, other: str) -> bool:
    """Whether two names that are not those of persons may differ in their spelling only."""
    numbers = any(map(str.isdigit, one + other))
    return not numbers and min(len(one), len(other)) >= _LONG_ENOUGH


def _by_context(names: Sequence[Named]) -> Iterator[tuple[str, str]]:
    """A first name alone is that of a full name when both are the same kin of the same one, and no other fits."""
    full = [named for named in names if len(words_of(named.key)) > 1]
    for short in names:
        words = words_of(short.key)
        kin = {relation for relation in short.relations if relation[0] in _KIN}
        if len(words) != 1 or not kin:
            continue
        fitting = [named for named in full if words_of(named.key)[0] == words[0]]
        if len(fitting) == 1 and kin & fitting[0].relations:
            yield fitting[0].key, short.key


def doubtful(keys: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Pairs of one type, in alphabetical order, that a person should decide about, and why."""
    found = {(one, other): "Their names are nearly the same." for one, other, _ in _alike(keys, _DOUBTFUL)}
    by_word: dict[str, list[str]] = {}
    for key in keys:
        for word in dict.fromkeys(words_of(key)):
            by_word.setdefault(word, []).append(key)
    for key in keys:
        words = words_of(key)
        for longer in by_word.get(words[0], []) if len(words) == 1 else []:
            if longer != key and words[0] in (words_of(longer)[0], words_of(longer)[-1]):
                found.setdefault(_sorted(key, longer), "One name may be short for the other.")
    for (one, other), reason in sorted(found.items()):
        yield one, other, reason


def _alike(keys: Sequence[str], least: float) -> Iterator[tuple[str, str, float]]:
    """Pairs of names whose words, sorted, are so much alike; the earlier one first."""
    from rapidfuzz import fuzz, process

    plain = [" ".join(sorted(words_of(key))) for key in keys]
    for at, words in enumerate(plain):
        if words:
            rest = plain[at + 1 :]
            for _, ratio, later in process.extract(words, rest, scorer=fuzz.ratio, score_cutoff=least, limit=None):
                yield keys[at], keys[at + 1 + later], ratio


def _sorted(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one <= other else (other, one)
