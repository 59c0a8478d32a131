"""The moments of one conversation worth keeping, told by quoting them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from packages_store.model import Conversation
from stages.contract import MemoryDraft, Persona, breathe
from stages.extractors import lexicon
from stages.extractors.note import NOTE
from stages.extractors.replies import heart_of, reply_to
from stages.extractors.salience import Statement, alike, statements
from stages.extractors.sentences import CJK, WORD, fold, shorten

MOST_DRAFTS = 3
"""Per conversation, on as many different days."""

_BAR = 3.0
"""What a sentence must score, together with what the rest of its message lends it."""

_EVENT_BAR = 2.0
"""What life events alone must give it: one that happens few times in a life, or two that reinforce each other."""

_LENT = 0.4
_MOST_LENT = 1.0
"""What share of their score the other sentences of a message lend to each, and how much in all."""

_FURTHER_BAR = 2.0
"""What a second or third quote of the same day must score."""

_SAME_MESSAGE = 0.5
_MOST_QUOTES = 3
_QUOTE_LIMIT = 420
_REPLY_LIMIT = 260
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Moment:
    """What was said on one day: the main statement first, the others in the order of the conversation."""

    day: date
    main: Statement
    further: tuple[Statement, ...]


def moments(persona: Persona, conversation: Conversation) -> tuple[MemoryDraft, ...]:
    """At most `MOST_DRAFTS` drafts, oldest first; none when nothing was said that clears the bar."""
    found = [statement for statement in _said(conversation) if statement.score >= _FURTHER_BAR]
    candidates = sorted((one for one in found if one.score >= _BAR and one.event >= _EVENT_BAR), key=_rank)
    chosen: list[_Moment] = []
    for candidate in candidates:
        day = _day_of(persona, conversation, candidate)
        if all(day != moment.day and alike(candidate.words, moment.main.words) < 0.6 for moment in chosen):
            chosen.append(_Moment(day, candidate, ()))
        if len(chosen) == MOST_DRAFTS:
            break
    whole = [_with_context(persona, moment, found, conversation) for moment in chosen]
    return tuple(_draft(persona, conversation, moment) for moment in sorted(whole, key=lambda moment: moment.day))


def _said(conversation: Conversation) -> Iterator[Statement]:
    for position, message in enumerate(conversation.messages):
        if message.role == "user":
            breathe()
            yield from _lending(list(statements(position, message.content)))


def _lending(message: list[Statement]) -> Iterator[Statement]:
    """Lifts each sentence by what is said around it: "We lost the baby" weighs more where tears follow."""
    total = sum(statement.score for statement in message)
    for statement in message:
        lent = min(_MOST_LENT, _LENT * (total - statement.score)) if statement.event else 0.0
        yield replace(statement, score=statement.score + lent) if lent else statement


def _rank(statement: Statement) -> tuple[float, int, int]:
    return (-statement.score, statement.message, statement.number)


def _day_of(persona: Persona, conversation: Conversation, statement: Statement) -> date:
    return date.fromisoformat(persona.day_of(conversation.messages[statement.message].created_at))


def _with_context(persona: Persona, moment: _Moment, found: list[Statement], conversation: Conversation) -> _Moment:
    """Adds what else was said that day: by its score, what stands in the same message a little before the rest."""
    kept = [moment.main]
    for other in sorted(found, key=lambda one: _rank(_nearer(one, moment.main))):
        if len(kept) == _MOST_QUOTES:
            break
        if any(alike(other.words, one.words) >= 0.6 for one in kept):
            continue
        if _day_of(persona, conversation, other) == moment.day:
            kept.append(other)
    return replace(moment, further=tuple(kept[1:]))


def _nearer(statement: Statement, main: Statement) -> Statement:
    return replace(statement, score=statement.score + _SAME_MESSAGE) if statement.message == main.message else statement


def _draft(persona: Persona, conversation: Conversation, moment: _Moment) -> MemoryDraft:
    said = sorted((moment.main, *moment.further), key=lambda one: (one.message, one.number))
    name = fold(persona.user_name) or "my person"
    lines, cited = _retell(conversation, moment, said, name)
    prose = f"On {moment.day.day} {_MONTHS[moment.day.month - 1]} {moment.day.year} " + " ".join(lines) + "\n\n" + NOTE
    return MemoryDraft(moment.day.isoformat(), title_of(moment.main.text), prose, tuple(dict.fromkeys(cited)))


def _retell(
    conversation: Conversation, moment: _Moment, said: list[Statement], name: str
) -> tuple[list[str], list[str]]:
    """The sentences that quote, and the ids of the messages they quote."""
    lines: list[str] = []
    cited: list[str] = []
    for statement in said:
        verb = "also said" if lines else "told me"
        lines.append(_cite(f"{name} {verb}", statement.text, _QUOTE_LIMIT))
        cited.append(conversation.messages[statement.message].id)
    answer = reply_to(conversation, moment.main.message)
    if answer is not None and (heart := heart_of(conversation.messages[answer].content, moment.main.words)):
        lines.append(_cite("I answered", heart, _REPLY_LIMIT))
        cited.append(conversation.messages[answer].id)
    return lines, cited


def _cite(lead: str, text: str, limit: int) -> str:
    quote = quoted(text, limit)
    return f"{lead}: {quote}" + ("" if quote[-2] in ".!?…。！？" else ".")


def quoted(text: str, limit: int) -> str:
    """`text` between quotation marks, shortened to `limit` characters."""
    return "“" + shorten(text, limit) + "”"


def title_of(text: str) -> str:
    """A few key words of a sentence in their order, without punctuation; its beginning where words are not parted."""
    if CJK.search(text):
        return "".join(WORD.findall(text))[:16]
    words = [word for word in WORD.findall(text) if word.casefold().replace("’", "'") not in lexicon.FUNCTION_WORDS]
    title = " ".join(words[:6] or WORD.findall(text)[:6])[:60].rstrip()
    return title[:1].upper() + title[1:]
