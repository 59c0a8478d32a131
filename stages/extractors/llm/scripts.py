"""Tells in which writing a text is, to notice an answer in another language than the chat's. It knows no languages."""

import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

_LETTERS = {
    "Latin": "A-Za-z\u00c0-\u024f\u1e00-\u1eff",
    "Greek": "\u0370-\u03ff\u1f00-\u1fff",
    "Cyrillic": "\u0400-\u052f",
    "Hebrew": "\u0590-\u05ff",
    "Arabic": "\u0600-\u06ff\u0750-\u077f",
    "Devanagari": "\u0900-\u097f",
    "Thai": "\u0e00-\u0e7f",
    "Korean": "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af",
    "Chinese or Japanese": "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff",
}
"""Chinese and Japanese count as one: a short text in either may hold the same characters only."""

_SCRIPTS = {name: re.compile(f"[{letters}]") for name, letters in _LETTERS.items()}
_NO_ASCII_LETTERS = bytes(code for code in range(128) if not chr(code).isalpha())
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
_ENOUGH = 24
"""Letters below which nothing is said about a text."""
_PRESENT = 0.1
"""The share of letters from which a chat is held to be written in a script as well."""


Letters = Mapping[str, int]
"""How many letters of each script a text has."""


def letters_of(text: str) -> Letters:
    """The letters of each script in `text`."""
    counts = dict.fromkeys(_SCRIPTS, 0)
    # Counted at once: most of what people write is ASCII, and a chat is long.
    counts["Latin"] = len(text.encode("ascii", "ignore").translate(None, _NO_ASCII_LETTERS))
    other = "\n".join(line for line in text.split("\n") if not line.isascii())
    for letter, number in Counter("".join(_BEYOND_ASCII.findall(other))).items():
        if (name := _script_of(letter)) is not None:
            counts[name] += number
    return counts


@lru_cache(maxsize=4096)
def _script_of(letter: str) -> str | None:
    return next((name for name, pattern in _SCRIPTS.items() if pattern.match(letter)), None)


def foreign_script(ours: Letters, theirs: Letters) -> tuple[str, str] | None:
    """The script of an answer and that of a chat, by their letters, when the former does not occur in the latter.

    None when it does, and when there are too few letters to tell.
    """
    if min(sum(ours.values()), sum(theirs.values())) < _ENOUGH:
        return None
    main, usual = (max(counts, key=lambda name: counts[name]) for counts in (ours, theirs))
    return None if is_written_in(main, theirs) else (main, usual)


def is_written_in(script: str, letters: Letters) -> bool:
    """Whether a text of these letters, however few, is written in `script` as well."""
    return letters[script] > 0 and letters[script] >= _PRESENT * sum(letters.values())
