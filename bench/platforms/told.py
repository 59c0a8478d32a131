"""What is said on every platform: the conversations of a generated export, without its form."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from bench.floor import walked
from bench.vocabulary import MODELS

_BEGIN = 1_690_000_000
_APART = {"user": 95, "assistant": 20}
"""Seconds that pass before each side speaks."""
_REST = 3 * 3600
"""Seconds between two conversations: longer than any pause within one."""
_DEEPEST = 200


class Turn(NamedTuple):
    """A message. `at` is in seconds since 1970, and no two of all conversations are of the same second."""

    id: str
    role: str
    text: str
    reasoning: str
    at: int

    @property
    def by_user(self) -> bool:
        """Whether the person said it."""
        return self.role == "user"

    @property
    def iso(self) -> str:
        """The time with milliseconds and a Z, as most platforms write it."""
        return iso(self.at)


class Told(NamedTuple):
    """A conversation, in which the two sides take turns."""

    id: str
    title: str
    model: str
    turns: Sequence[Turn]

    @property
    def begin(self) -> int:
        """When the first message was sent, in seconds since 1970."""
        return self.turns[0].at

    @property
    def end(self) -> int:
        """When the last message was sent."""
        return self.turns[-1].at

    @property
    def short_id(self) -> str:
        """Sixteen hexadecimal digits."""
        return self.id.replace("-", "")[:16]

    def parent(self, place: int) -> str | None:
        """The id of the message before the one at `place`."""
        return self.turns[place - 1].id if place else None

    def pairs(self) -> Iterator[tuple[Turn, Turn | None]]:
        """Each question with its answer; the last one may have none."""
        asked = self.turns[::2]
        answered = self.turns[1::2]
        for place, question in enumerate(asked):
            yield question, answered[place] if place < len(answered) else None


def iso(at: int) -> str:
    """Seconds since 1970 as ISO-8601."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def tell(export: Path) -> list[Told]:
    """What is said in an export that `bench.generate` wrote, the oldest conversation first."""
    found = []
    now = _BEGIN
    for number, (head, rows) in enumerate(walked(export)):
        turns = []
        for row in rows:
            now += _APART[row.role]
            id_ = row.id.removeprefix(f"{head.id}:")
            turns.append(Turn(id_, row.role, row.content, row.reasoning_content or "", now))
        found.append(Told(head.id, f"{head.title} ({number})", MODELS[number % len(MODELS)], turns))
        now += _REST
    return found


def as_they_are(told: Sequence[Told]) -> Sequence[Told]:
    """For platforms that export many conversations."""
    return told


def newest_first(told: Sequence[Told]) -> Sequence[Told]:
    """For platforms that export a log, in which each conversation is written backwards as well."""
    return told[::-1]


def as_one(told: Sequence[Told]) -> Sequence[Told]:
    """For platforms where one chat goes on for years."""
    turns: list[Turn] = []
    for turn in chain.from_iterable(one.turns for one in told):
        # Where a conversation ends with a question, the next one's is left out: the sides take turns.
        if not turns or turn.role != turns[-1].role:
            turns.append(turn)
    return [told[0]._replace(turns=turns)]


def as_greeted(told: Sequence[Told]) -> Sequence[Told]:
    """For companions, who speak first."""
    return [one._replace(turns=one.turns[1:]) for one in as_one(told)]


def in_pieces(told: Sequence[Told]) -> Sequence[Told]:
    """For platforms that write each message into the one before it: no decoder goes as deep as the longest talk."""
    return [
        one._replace(id=f"{one.id[:-4]}{place:04x}", turns=one.turns[place : place + _DEEPEST])
        for one in told
        for place in range(0, len(one.turns), _DEEPEST)
    ]
