"""Chance that falls the same way every time, in every version of Python."""

import random
import uuid
from collections.abc import Sequence
from typing import TypeVar

from bench.vocabulary import Sentence

T = TypeVar("T")


class Dice:
    """Seeded by an integer. Asks of `random.Random` only what stays the same: `random` and `getrandbits`."""

    def __init__(self, seed: int) -> None:
        source = random.Random(seed)
        self._random = source.random
        self._bits = source.getrandbits

    def share(self) -> float:
        """At least 0, below 1."""
        return self._random()

    def below(self, limit: int) -> int:
        """0 to `limit` - 1."""
        return int(self._random() * limit)

    def falls(self, share: float) -> bool:
        """True in this share of all cases."""
        return self._random() < share

    def one_of(self, things: Sequence[T]) -> T:
        """Any of `things`."""
        return things[int(self._random() * len(things))]

    def uneven(self) -> float:
        """1 on average, mostly less, at times up to 7: how much people write at once."""
        share = self._random()
        return 0.25 + 0.9 * share + (60.0 * (share - 0.9) if share > 0.9 else 0.0)

    def uuid(self) -> str:
        """A random id in its usual form."""
        return str(uuid.UUID(int=self._bits(128)))

    def sentence(self, sentence: Sentence) -> str:
        """A sentence with its gaps filled."""
        pick = self._random
        return "".join([piece if isinstance(piece, str) else piece[int(pick() * len(piece))] for piece in sentence])
