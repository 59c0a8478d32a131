"""Picks, out of an answer of the entity, the one sentence worth quoting beside what the person said."""

import re
from itertools import islice

from packages_store.model import Conversation
from stages.extractors import lexicon
from stages.extractors.salience import content_words
from stages.extractors.sentences import CJK, sentences, words_of

_CONSIDERED = 40
_ADVICE = re.compile(
    r"\b(?:I(?:'d|’d| would)? (?:suggest|recommend)|you (?:could|might want to)|how about|what if you|why not"
    r"|let(?:'s|’s)|my (?:suggestion|advice)|ich (?:schlage|würde|empfehle)|du könntest|wie wäre es|versuch)\b",
    re.IGNORECASE,
)
_MACHINE = re.compile(r"\bas an? (?:AI|artificial|language model|large)|\bals (?:KI|Sprachmodell)", re.IGNORECASE)


def reply_to(conversation: Conversation, position: int) -> int | None:
    """Where the entity answers the message at `position`, None when the next message is not an answer."""
    following = position + 1
    messages = conversation.messages
    if following < len(messages) and messages[following].role == "assistant":
        return following
    return None


def heart_of(answer: str, said: frozenset[str]) -> str | None:
    """The sentence of `answer` that responds most to `said` (content words); None when none is more than routine."""
    best, best_score = None, 0.9
    for number, sentence in enumerate(islice(sentences(answer), _CONSIDERED)):
        score = _warmth(sentence, said) * (1.0 if number < 6 else 0.7)
        if score > best_score:
            best, best_score = sentence, score
    return best


def advice_in(answer: str) -> str | None:
    """The first sentence of `answer` that suggests something to the person, None when there is none."""
    for sentence in islice(sentences(answer), _CONSIDERED):
        if 25 <= len(sentence) <= 240 and _ADVICE.search(sentence) and not _MACHINE.search(sentence):
            return sentence
    return None


def _warmth(sentence: str, said: frozenset[str]) -> float:
    words = words_of(sentence)
    if _MACHINE.search(sentence) or not _quotable(sentence, words):
        return 0.0
    distinct = frozenset(words)
    addressed = bool(distinct & {"you", "your", "you're", "you've", "du", "dir", "dein", "deine", "dich"})
    feeling = min(len(distinct & lexicon.EMOTIONS), 2)
    score = 0.8 * addressed + 0.6 * feeling + 0.5 * min(len(content_words(words) & said), 2)
    return score * 0.5 if sentence.endswith("?") else score


def _quotable(sentence: str, words: list[str]) -> bool:
    if CJK.search(sentence):
        return 6 <= len(sentence) <= 200
    return 4 <= len(words) <= 45 and not sentence.endswith(":")
