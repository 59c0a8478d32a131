"""Weighs what a person said: how much one sentence tells about this life rather than about the world or a task."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from stages.extractors import lexicon
from stages.extractors.sentences import CJK, sentences, words_of

_SENTENCES_A_MESSAGE = 200
_ASKED_FOR = 0.4
"""What a request keeps of its weight."""

_STRONG = 3.0
"""What one event of the kind that happens few times in a life gives; any other gives 1."""

_INJECTION = re.compile(
    r"(?:ignore|disregard|forget|override)\s+(?:\w+\s+){0,3}?(?:previous|prior|above|earlier|preceding|system|safety|your)\s+"
    r"(?:\w+\s+)?(?:instructions?|prompts?|messages?|rules|context|guidelines)"
    r"|ignorier\w*\s+(?:\w+\s+){0,3}?(?:anweisung|vorherig|bisherig)"
    r"|system\s*prompt|developer\s+mode|jailbreak|\bDAN\b"
    r"|\byou\s+are\s+(?:now\s+)?(?:ChatGPT|GPT-?\d|Claude|Gemini|an?\s+(?:\w+\s+){0,3}?(?:AI|assistant|chatbot|language\s+model|expert))"
    r"|\b(?:save|store|write|add|commit)\s+(?:\w+\s+){0,6}?(?:to|in|into)\s+(?:your\s+|the\s+|long[- ]term\s+)*memor"
    r"|(?:new|update[ds]?)\s+(?:core\s+)?memory\s*:|\[INST\]|<<SYS>>|^\s*#{2,}\s*(?:system|instructions?)\b"
    r"|^\s*(?:system|assistant|developer)\s*:",
    re.IGNORECASE | re.MULTILINE,
)
_INJECTION_HINTS = (
    "instruction", "anweisung", "prompt", "memor", "mode", "jailbreak", "you are", "system", "assistant", "dan", "inst",
    "rules", "message", "context", "guideline", "ignorier",
)  # fmt: skip
_TELLING = lexicon.STRONG_EVENTS | lexicon.PHRASE_HEADS | lexicon.EVENTS | lexicon.EMOTIONS | lexicon.WHEN
"""A sentence without any of these weighs nothing."""

_QUOTED_MAIL = re.compile(r"^(?:From|Subject|To|Von|Betreff|An):\s", re.MULTILINE)
_SYMBOLS = re.compile(r"[{}\[\]()<>=;|\\/_$#@&*+^~`]")
_CAPITAL = re.compile(r"(?<=[a-zäöüß,] )[A-ZÄÖÜ][a-zäöüß]+")
_NUMBER = re.compile(r"\d")
_GERMAN = lexicon.words("ich und nicht ist der die das mein meine habe hat wir")


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of the person, folded. `score` has no unit; `event` is the part of it that life events gave."""

    message: int
    """Position of the message in the conversation."""
    number: int
    """Position of the sentence in the message."""
    text: str
    score: float
    event: float
    words: frozenset[str]
    """The content words, casefolded; pairs of characters in scripts that do not part words."""
    asks: bool
    """Whether it is a question or a request."""


def statements(message: int, content: str) -> Iterator[Statement]:
    """The sentences of one message of the person that say something, weighed; in order.

    None when the message is an instruction to a machine or a pasted prompt: that is nobody's life.
    """
    frame = _frame(content)
    if not frame:
        return
    for number, sentence in enumerate(sentences(content)):
        if number == _SENTENCES_A_MESSAGE:
            return
        statement = _weigh((message, number), sentence, frame)
        if statement.words:
            yield statement


def alike(one: frozenset[str], other: frozenset[str]) -> float:
    """How much of the smaller of two sets of words is in the other: 0 to 1."""
    smaller = min(len(one), len(other))
    return len(one & other) / smaller if smaller else 0.0


def content_words(words: Iterable[str]) -> frozenset[str]:
    """The words that say what a sentence is about."""
    return frozenset(words) - lexicon.FUNCTION_WORDS


def _frame(content: str) -> float:
    """What the message as a whole is worth: 0 for instructions to a machine, 1 for plain talk."""
    head = content[:2000]
    lowered = content.casefold()
    if any(hint in lowered for hint in _INJECTION_HINTS) and _INJECTION.search(content):
        return 0.0
    worth = _request_worth(words_of(head[:120])[:8])
    if len(content) > 3000:
        worth *= 0.6
    if "```" in content or len(_SYMBOLS.findall(head)) > 0.06 * len(head):
        worth *= 0.4
    if _QUOTED_MAIL.search(head):
        worth *= 0.3
    return worth


def _request_worth(words: list[str]) -> float:
    first = next((word for word in words[:8] if word not in lexicon.POLITE), "")
    if first not in lexicon.REQUESTS:
        return 1.0
    return 0.3 if first in lexicon.FIRM_REQUESTS else 0.7


def _weigh(place: tuple[int, int], sentence: str, frame: float) -> Statement:
    words = words_of(sentence)
    distinct = frozenset(words)
    asks = sentence.rstrip("\"”’')*_ ").endswith(("?", "？"))
    requests = _request_worth(words) < 1.0
    if not sentence.isascii() and CJK.search(sentence):
        event, rest, factor, distinct = _weigh_cjk(sentence)
    elif distinct.isdisjoint(_TELLING):
        return Statement(*place, sentence, 0.0, 0.0, content_words(distinct), asks or requests)
    else:
        event = _event(words, distinct)
        rest = _colour(sentence, distinct)
        factor = _factor(words, distinct)
        distinct = content_words(distinct)
    if asks:
        factor *= 0.85 if event and words and words[0] in lexicon.FIRST_PERSON else 0.3
    factor *= frame * (_ASKED_FOR if requests else 1.0)
    return Statement(*place, sentence, (event + rest) * factor, event * factor, distinct, asks or requests)


def _event(words: list[str], distinct: frozenset[str]) -> float:
    strong = len(distinct & lexicon.STRONG_EVENTS)
    if not distinct.isdisjoint(lexicon.PHRASE_HEADS):
        strong += sum(_phrases_at(words, at) for at, word in enumerate(words) if word in lexicon.PHRASE_HEADS)
    return _STRONG * min(strong, 2) + 1.0 * min(len(distinct & lexicon.EVENTS), 3)


def _phrases_at(words: list[str], at: int) -> int:
    return sum(1 for end in (at + 2, at + 3) if " ".join(words[at:end]) in lexicon.STRONG_EVENTS)


def _colour(sentence: str, distinct: frozenset[str]) -> float:
    feeling = 0.9 * min(len(distinct & lexicon.EMOTIONS), 2)
    when = 0.5 * min(len(distinct & lexicon.WHEN), 2)
    names = 0.0 if distinct & _GERMAN else 0.4 * min(len(_CAPITAL.findall(sentence)), 2)
    return feeling + when + names + (0.3 if _NUMBER.search(sentence) else 0.0)


def _factor(words: list[str], distinct: frozenset[str]) -> float:
    own = bool(distinct & lexicon.FIRST_PERSON) or (bool(words) and words[0] in lexicon.ELIDED)
    factor = 1.0 if own else 0.8 if distinct & lexicon.KIN_BY_NAME else 0.4
    if distinct & lexicon.HYPOTHETICAL:
        factor *= 0.5
    if distinct & lexicon.TECHNICAL:
        factor *= 0.35
    if distinct & lexicon.INVENTED:
        factor *= 0.35
    if len(words) < 4:
        return factor * (1.0 if own and distinct & lexicon.STRONG_EVENTS else 0.5)
    return factor * (0.6 if len(words) > 60 else 1.0)


def _weigh_cjk(sentence: str) -> tuple[float, float, float, frozenset[str]]:
    # No word boundaries: events by their characters, and pairs of characters stand for words.
    event = _STRONG * min(_hits(sentence, lexicon.CJK_EVENTS), 2) + min(_hits(sentence, lexicon.CJK_PEOPLE), 2)
    feeling = 0.9 * min(_hits(sentence, lexicon.CJK_FEELINGS), 2) + 0.5 * min(_hits(sentence, lexicon.CJK_WHEN), 2)
    factor = 1.0 if _hits(sentence, lexicon.CJK_FIRST_PERSON) else 0.8
    pairs = frozenset(one + other for one, other in pairwise(sentence[:400]) if one.isalnum() and other.isalnum())
    return event, feeling, factor if len(sentence) > 5 else factor * 0.5, pairs


def _hits(sentence: str, marks: tuple[str, ...]) -> int:
    return sum(1 for mark in marks if mark in sentence)
