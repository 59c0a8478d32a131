"""The quality gate (R-46): sorts memories into those to keep and those a person should look at first, with the reason.

It looks at words alone, asks nobody, and gives the same verdict for the same memories in the same order.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from packages_store.model import Conversation, Message
from stages.contract import Bullet, MemoryDraft, Persona
from stages.extractors.llm.injected import Sifted, repeats, runs_in, sift
from stages.extractors.llm.junk import is_none, is_refusal, is_template
from stages.extractors.llm.likeness import Known, Runs, parts_words, runs_of, words_in
from stages.extractors.llm.marked import Marked
from stages.extractors.llm.prompts import entity_of, person_of
from stages.extractors.note import without_note

GATE_VERSION = "3"
"""Raised whenever the same memories could be sorted otherwise."""

_LEAST_WORDS = 5
"""Fewer words tell nothing."""

_NEIGHBOURS = 2
"""So many messages before and after a cited one count as its surroundings."""

_TELLING = 8
"""So many telling words a memory and the messages it cites need, before sharing none of them says anything."""

_BORROWED_RUN = 3
_BORROWED = 5
"""So many runs of words out of injected text, and more than out of what was said, make a memory of that text."""

PLAYED = Marked(
    r"\b(?:let['’]?s|let us|lass uns|wollen wir) (?:play|pretend|role-?play|spielen)\b"
    r"[^.!?\n]{0,40}\b(?:i am|i'm|you are|you're|ich bin|du bist)\b"
    r"|\b(?:start|begin|continue|do|play|our|the|this) (?:a |an |our |the |this )?role-?play\b|\(OOC\b|\bOOC:",
    words=("play", "pretend", "spielen", "(ooc", "ooc:"),
)
"""How people say that what follows is invented. "Let us play chess" is none of it."""

_LETTERS = 4
_STEM = 5
"""A word of at least so many letters is telling, and is known by its first ones: endings change."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A memory that a person should look at, and why: a sentence for that person."""

    draft: MemoryDraft
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Drafts, sorted; in both the order is the one they were handed in."""

    kept: tuple[MemoryDraft, ...]
    doubtful: tuple[Doubt, ...]


def judge(
    persona: Persona, conversation: Conversation, drafts: Sequence[MemoryDraft], others: Known | None = None
) -> Verdict:
    """Sort the drafts made of one conversation; `others` are texts of the package's other memories (not changed)."""
    court = _Court(persona, (conversation,), others or Known())
    judged = [(draft, court.reason_against(draft)) for draft in drafts]
    return Verdict(
        tuple(draft for draft, reason in judged if reason is None),
        tuple(Doubt(draft, reason) for draft, reason in judged if reason is not None),
    )


def reasons_against(
    persona: Persona, day: str, parts: Sequence[Conversation], bullets: Sequence[Bullet]
) -> list[str | None]:
    """For each bullet of a day why a person should look at it, None where nothing speaks against it."""
    court = _Court(persona, parts, Known())
    drafts = (MemoryDraft(day, "", bullet.text, bullet.message_ids) for bullet in bullets)
    return [court.reason_against(draft) for draft in drafts]


def repeated(texts: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Which memories nearly repeat an earlier one: its key by theirs.

    Takes (key, text) in the order in which they happened, so that the first to tell something stays, whichever was
    written first. Time grows with the texts, not with their square.
    """
    known = Known()
    return {key: twin for key, text in texts if (twin := known.meet(key, without_note(text))) is not None}


class _Heard:
    """A message as memories are held against it. What is asked of it is found once, however many rest on it."""

    def __init__(self, message: Message, instructions: Runs) -> None:
        self.message = message
        self._instructions = instructions

    @cached_property
    def telling(self) -> frozenset[str]:
        """Its telling words."""
        return _telling(self.message.content)

    @cached_property
    def sifted(self) -> Sifted:
        """What was said in it, and what was put in."""
        return sift(self.message.content, self._instructions)

    @cached_property
    def is_played(self) -> bool:
        """Whether it says that a story or a game follows."""
        return PLAYED.found_in(self.message.content)


class _Court:
    """What the drafts of one conversation, or of the conversations of a day, are held against."""

    def __init__(self, persona: Persona, conversations: Sequence[Conversation], others: Known) -> None:
        self._person = person_of(persona)
        self._names = _telling(f"{self._person} {entity_of(persona)}")
        instructions = [text for conversation in conversations for text in conversation.instructions]
        self._instructions = runs_in(instructions)
        messages = [message for conversation in conversations for message in conversation.messages]
        self._heard = [_Heard(message, self._instructions) for message in messages]
        self._positions = {message.id: at for at, message in enumerate(messages)}
        self._days = {persona.day_of(message.created_at) for message in messages}
        self._instructed = "\n".join(instructions)
        self._others = others
        self._siblings = Known()

    def reason_against(self, draft: MemoryDraft) -> str | None:
        """Why a person should look at the draft; None when nothing speaks against it."""
        reason = self._junk(draft) or self._unfounded(draft) or self._injected(draft)
        if reason:
            return reason
        told = without_note(draft.prose)
        if self._others.twin_of(told) is not None:
            return "It nearly repeats a memory of another conversation."
        if self._siblings.meet(draft.title, told) is not None:
            return "It nearly repeats another memory of the same conversation."
        return None

    def _junk(self, draft: MemoryDraft) -> str | None:
        if is_none(draft.prose):
            return "It says that there is nothing to remember."
        if is_refusal(draft.prose, self._person):
            return "The model declined to write it."
        if is_template(draft.prose) or is_template(draft.title):
            return "It is a template that nobody filled."
        if len(words_in(draft.prose)) < _LEAST_WORDS:
            return "It tells nothing."
        return None

    def _unfounded(self, draft: MemoryDraft) -> str | None:
        if not draft.message_ids:
            return "It names no message that it rests on."
        if not all(message_id in self._positions for message_id in draft.message_ids):
            return "It rests on a message that is not in this conversation."
        if not min(self._days) <= draft.date <= max(self._days):
            return f"Its date {draft.date} is not a day of this conversation."
        if not self._is_heard_of(draft):
            return "Nothing of what it tells is in the messages it rests on."
        return None

    def _is_heard_of(self, draft: MemoryDraft) -> bool:
        """Whether a telling word of it is in a message that it cites, or near one; True when there are too few."""
        ours = _telling(draft.prose) - self._names
        if len(ours) < _TELLING:
            return True
        around: set[str] = set()
        for heard in self._around(draft):
            if not ours.isdisjoint(heard.telling):
                return True
            around |= heard.telling
        return len(around - self._names) < _TELLING

    def _injected(self, draft: MemoryDraft) -> str | None:
        cited = [self._heard[self._positions[message_id]] for message_id in draft.message_ids]
        by_person = [heard for heard in cited if heard.message.role == "user"]
        sifted = [heard.sifted for heard in by_person or cited]
        if any(one.injected for one in sifted) and not any(one.said for one in sifted):
            return "It rests on instructions or stored memories that were put into the chat, and not on what was said."
        if repeats(draft.prose, self._instructions) or self._is_borrowed(draft, cited, sifted):
            return "It repeats instructions or stored memories that were put into the chat."
        if any(heard.is_played for heard in by_person or cited):
            return "It tells of a story or a game that was played, and not of what happened."
        return None

    def _is_borrowed(self, draft: MemoryDraft, cited: Sequence[_Heard], sifted: Sequence[Sifted]) -> bool:
        injected = _runs("\n".join((self._instructed, *(one.injected for one in sifted))))
        if not injected:
            return False
        said = _runs("\n".join(heard.sifted.said for heard in cited))
        ours = _runs(draft.prose)
        borrowed = len(ours & injected - said)
        return borrowed >= _BORROWED and borrowed > len(ours & said)

    def _around(self, draft: MemoryDraft) -> list[_Heard]:
        """The cited messages, and then their neighbours."""
        near: dict[int, None] = dict.fromkeys(self._positions[message_id] for message_id in draft.message_ids)
        for at in tuple(near):
            first, behind = max(0, at - _NEIGHBOURS), min(len(self._heard), at + _NEIGHBOURS + 1)
            near.update(dict.fromkeys(range(first, behind)))
        return [self._heard[at] for at in near]


def _runs(text: str) -> Runs:
    return runs_of(words_in(text), _BORROWED_RUN)


def _telling(text: str) -> frozenset[str]:
    """The longer words of a text by their stems; pairs of characters where words are not parted."""
    words = words_in(text)
    telling = {word[:_STEM] for word in set(words) if len(word) >= _LETTERS}
    if not parts_words(text):
        pairs = {one + other for one, other in pairwise(words) if len(one) == len(other) == 1}
        telling |= {pair for pair in pairs if not pair.isascii()}
    return frozenset(telling)
