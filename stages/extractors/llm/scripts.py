"""Tells in which writing a text is, to notice an answer in another language than the chat's. It knows no languages."""

import re

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

_SCRIPTS = {name: re.compile(f"[{letters}]+") for name, letters in _LETTERS.items()}
_ENOUGH = 24
"""Letters below which nothing is said about a text."""
_PRESENT = 0.1
"""The share of letters from which a chat is held to be written in a script as well."""


def foreign_script(answer: str, said: str) -> tuple[str, str] | None:
    """The script of `answer` and that of `said`, when the former does not occur in the latter.

    None when it does, and when there are too few letters to tell.
    """
    ours, theirs = _counts(answer), _counts(said)
    if min(sum(ours.values()), sum(theirs.values())) < _ENOUGH:
        return None
    main, usual = (max(counts, key=lambda name: counts[name]) for counts in (ours, theirs))
    return None if _is_written_in(main, theirs) else (main, usual)


def is_written_in(script: str, text: str) -> bool:
    """Whether `text`, however short, is written in `script` as well."""
    return _is_written_in(script, _counts(text))


def _is_written_in(script: str, counts: dict[str, int]) -> bool:
    return counts[script] > 0 and counts[script] >= _PRESENT * sum(counts.values())


def _counts(text: str) -> dict[str, int]:
    """The letters of each script in `text`."""
    return {name: sum(map(len, pattern.findall(text))) for name, pattern in _SCRIPTS.items()}
