"""Turns of chats with Gemini, and the conversations that they make.

Turns that link to chats belong to each of them (a branch is a chat of its own). The others, as all were before August
2026, are put together by time: a conversation ends where nothing was said for longer than the gap. An export is not
sorted, and times in it are not unique; ids come from times and prompts alone, so that every export of the same activity
gives the same ones:

- in seconds, because the form that is a web page has no more;
- from prompts without regard to white space, which the two forms write differently;
- without what is not in each of them: names of files, answers, links.

Still, activity that was exported without links and later with them comes in two conversations: nothing in the first
export tells that they are the same. Their messages have the same keys.
"""

import hashlib
import json
import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import NamedTuple

from stages.parsers.contract import Empty, Record
from stages.parsers.gemini.titles import learnt_lead, without_lead
from stages.parsers.reading.drafts import Draft, conversation_of
from stages.parsers.reading.values import Tally, is_blank, one_line

_TWICE = "turn[ was|s were] in the file more than once and [is|are] kept once"


class Said(NamedTuple):
    """What was said in a turn. `files` are placeholders of what the person attached."""

    prompt: str
    answers: Sequence[str]
    files: Sequence[str] = ()


class Turn(NamedTuple):
    """A prompt with its answers."""

    at: int
    """In milliseconds since 1970."""
    key: str
    """What identifies it in every export."""
    held: Said | bytes
    """What was said, compressed when it is bytes."""
    chats: tuple[str, ...]
    """Ids of the conversations it belongs to: several where a chat was branched."""
    known: bool
    """Whether what stands before the prompt was recognised and is gone."""
    sure: bool
    """Whether the zone of its time was told."""

    @classmethod
    def of(cls, at: int, said: Said, *, chats: tuple[str, ...], known: bool, sure: bool) -> "Turn":
        """A turn that holds its text as it is."""
        return cls(at, _key(at, said.prompt), said, chats, known, sure)

    def packed(self) -> "Turn":
        """The same with its text compressed: all turns of an export are held at once."""
        return self._replace(held=zlib.compress(json.dumps(self.said, ensure_ascii=False).encode(), 1))

    @property
    def said(self) -> Said:
        """What was said."""
        return Said(*json.loads(zlib.decompress(self.held))) if isinstance(self.held, bytes) else self.held

    @property
    def second(self) -> int:
        """Since 1970."""
        return self.at // 1000


class _Part(NamedTuple):
    """A turn in one of its chats, of which it is the one with this number."""

    turn: Turn
    number: int


def conversations_in(turns: list[Turn], gap_minutes: int, otherwise: int, tally: Tally) -> Iterator[Record]:
    """The conversations that `turns` make, oldest first. `otherwise` is the time of what has none."""
    turns.sort(key=attrgetter("at", "key", "chats"))  # never by the place in the file
    lead = learnt_lead(said.prompt for turn in turns if not turn.known and (said := turn.said).answers)
    for id_, parts in _grouped(turns, gap_minutes * 60).items():
        yield _conversation(id_, parts, lead, otherwise, tally)


def _key(at: int, prompt: str) -> str:
    words = " ".join((prompt if prompt.isascii() else unicodedata.normalize("NFC", prompt)).split())
    return f"{at // 1000}:{hashlib.sha256(words.encode()).hexdigest()[:8]}"


def _grouped(turns: Sequence[Turn], gap: int) -> dict[str, list[_Part]]:
    groups: dict[str, list[_Part]] = {}
    session, last = "", None
    # By seconds and prompts: where a conversation begins must not depend on milliseconds, which only one form has.
    for turn in sorted(turns, key=lambda turn: (turn.second, turn.key)):
        for number, chat in enumerate(turn.chats):
            groups.setdefault(chat, []).append(_Part(turn, number))
        if not turn.chats:
            if last is None or turn.second - last > gap:
                session = f"gemini-takeout-{turn.key.replace(':', '-')}"
            last = turn.second
            groups.setdefault(session, []).append(_Part(turn, 0))
    return groups


def _conversation(id_: str, parts: list[_Part], lead: str, otherwise: int, tally: Tally) -> Record:
    kept: dict[str, tuple[Turn, Said, str]] = {}
    for turn, number in sorted(parts, key=lambda part: (part.turn.at, part.turn.key)):
        said = turn.said
        answer = _answer(said.answers, number, len(turn.chats))
        if turn.key in kept:
            tally.count(_TWICE)
        if turn.key not in kept or _tells_more((turn, said, answer), kept[turn.key]):
            kept[turn.key] = turn, said, answer
    drafts = [draft for turn, said, answer in kept.values() for draft in _drafts(turn, said, answer, lead)]
    if not drafts:
        return Empty(f"conversation {id_}")
    title = one_line(next((draft.content for draft in drafts if draft.role == "user"), drafts[0].content))
    return conversation_of(
        id_,
        "gemini",
        title,
        drafts,
        created=None,
        updated=None,
        otherwise=otherwise,
        provisional=not parts[0].turn.chats,
    )


def _tells_more(one: tuple[Turn, Said, str], other: tuple[Turn, Said, str]) -> bool:
    """Whether of two readings of a turn the first is to be kept, whichever of them stands first in the file."""
    return _worth(*one) > _worth(*other)


def _worth(turn: Turn, said: Said, answer: str) -> tuple[object, ...]:
    return len(answer), -turn.at, answer, said.prompt, tuple(said.files)


def _answer(answers: Sequence[str], number: int, chats: int) -> str:
    """The answer in the chat with this number: its own where there is one for each chat, else all of them."""
    if len(answers) == chats > 1:
        return answers[number]
    return "\n\n".join(dict.fromkeys(answer for answer in answers if not is_blank(answer)))


def _drafts(turn: Turn, said: Said, answer: str, lead: str) -> Iterator[Draft]:
    prompt = said.prompt if turn.known else without_lead(said.prompt, lead)
    asked = "\n".join([prompt, *said.files]).strip()
    if asked:
        yield Draft(f"{turn.key}:u", "user", asked, turn.at, inferred=not turn.sure)
    if not is_blank(answer):
        # The export has one time for both; the answer's comes after it. Without fractions it is the end of the second:
        # another export can time the prompt anywhere in it, and that is the time which the store keeps.
        at = turn.at + (1 if turn.at % 1000 else 999)
        yield Draft(f"{turn.key}:a", "assistant", answer, at, inferred=True)
