"""What a day was about, in a few bullets that quote it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from packages_store.model import Conversation
from packages_store.times import parse_iso
from stages.contract import Bullet, Persona, breathe
from stages.extractors.moments import quoted
from stages.extractors.replies import advice_in, reply_to
from stages.extractors.salience import Statement, alike, statements
from stages.extractors.sentences import CJK, fold

_Place = tuple[datetime, int, int, int]
"""When, in which part, message and sentence."""

MOST_BULLETS = 6
TEXT_LIMIT = 300
"""Characters of one bullet."""

_BAR = 1.4
_CONSIDERED = 48
_SAME = 0.6
_VARIETY = 2.0
"""How much score a full likeness to a chosen bullet costs."""

_SUBSTANCE = 3
"""Content words that make a sentence worth a bullet on a day that has nothing else."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A statement with the part of the day it stands in."""

    part: int
    statement: Statement


def bullets(persona: Persona, parts: Sequence[Conversation]) -> tuple[Bullet, ...]:
    """Up to `MOST_BULLETS` bullets in the order in which things were said; none for a day of mere courtesies."""
    said = _said(parts)
    told = [one for one in said if one.statement.score >= _BAR and not one.statement.asks]
    ranked = _varied(sorted(told, key=_rank)[:_CONSIDERED])
    chosen = ranked or _one_honest(said)
    name = fold(persona.user_name) or "My person"
    placed = [(_place(parts, one), _told(name, parts[one.part], one.statement)) for one in chosen]
    placed.extend(_advice(parts, ranked))
    placed.sort(key=lambda pair: pair[0])
    return tuple(bullet for _, bullet in placed)


def _said(parts: Sequence[Conversation]) -> list[_Candidate]:
    said: list[_Candidate] = []
    for part, conversation in enumerate(parts):
        for position, message in enumerate(conversation.messages):
            if message.role == "user":
                breathe()
                said.extend(_Candidate(part, statement) for statement in statements(position, message.content))
    return said


def _rank(candidate: _Candidate) -> tuple[float, int, int, int]:
    statement = candidate.statement
    return (-statement.score, candidate.part, statement.message, statement.number)


def _varied(ranked: list[_Candidate]) -> list[_Candidate]:
    """Takes the best again and again, after what is like the ones taken has lost (maximal marginal relevance)."""
    chosen: list[_Candidate] = []
    left = list(ranked)
    while left and len(chosen) < MOST_BULLETS - 1:
        best = max(left, key=lambda one: (_marginal(one, chosen), -left.index(one)))
        if _marginal(best, chosen) < _BAR / 2:
            break
        chosen.append(best)
        left = [one for one in left if alike(one.statement.words, best.statement.words) < _SAME]
    return chosen


def _marginal(candidate: _Candidate, chosen: list[_Candidate]) -> float:
    likeness = max((alike(candidate.statement.words, one.statement.words) for one in chosen), default=0.0)
    return candidate.statement.score - _VARIETY * likeness


def _one_honest(said: list[_Candidate]) -> list[_Candidate]:
    """For a day without anything personal: the fullest thing that was said, if it has substance."""
    return sorted((one for one in said if _has_substance(one.statement)), key=_fullness)[:1]


def _has_substance(statement: Statement) -> bool:
    enough = len(statement.words) >= (_SUBSTANCE * 2 if CJK.search(statement.text) else _SUBSTANCE)
    return enough and len(statement.text) >= 16


def _fullness(candidate: _Candidate) -> tuple[float, int, int, int]:
    statement = candidate.statement
    opening = 1.0 if statement.message == 0 and statement.number == 0 else 0.7
    return (-opening * min(len(statement.words), 12), candidate.part, statement.message, statement.number)


def _place(parts: Sequence[Conversation], candidate: _Candidate) -> _Place:
    message = parts[candidate.part].messages[candidate.statement.message]
    return (parse_iso(message.created_at), candidate.part, candidate.statement.message, candidate.statement.number)


def _told(name: str, conversation: Conversation, statement: Statement) -> Bullet:
    verb = "asked me" if statement.asks else "told me"
    lead = f"{name[:60]} {verb}: "
    text = lead + quoted(statement.text, TEXT_LIMIT - len(lead) - 2)
    return Bullet(text, conversation.id, conversation.platform, (conversation.messages[statement.message].id,))


def _advice(parts: Sequence[Conversation], ranked: list[_Candidate]) -> list[tuple[_Place, Bullet]]:
    """What the entity suggested about the most telling statement that it answered with a suggestion."""
    for candidate in ranked:
        conversation = parts[candidate.part]
        answer = reply_to(conversation, candidate.statement.message)
        if answer is None or not (suggestion := advice_in(conversation.messages[answer].content)):
            continue
        lead = "I suggested: "
        text = lead + quoted(suggestion, TEXT_LIMIT - len(lead) - 2)
        bullet = Bullet(text, conversation.id, conversation.platform, (conversation.messages[answer].id,))
        moment = parse_iso(conversation.messages[answer].created_at)
        return [((moment, candidate.part, answer, 0), bullet)]
    return []
