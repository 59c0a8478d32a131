"""Exports in which no two messages are alike: what is remembered of one is never taken for a memory of another."""

import json
import random
from datetime import UTC, datetime, timedelta

from tests.exports import chatgpt_conversation

_CONSONANTS, _VOWELS = "bdfgklmnprst", "aeio"
FIRST_DAY = datetime(2024, 3, 1, 8, 0, tzinfo=UTC)


def diary_export(
    conversations: int, turns: int = 4, seed: int = 0, first_day: datetime = FIRST_DAY, padding: int = 0
) -> bytes:
    """An export of ChatGPT's with one conversation a day; the same arguments give the same bytes.

    Each message says something of its own, and is longer by `padding` sentences.
    """
    found = []
    for number in range(conversations):
        chance = random.Random(f"{seed}.{number}")
        talk = [
            ("user" if turn % 2 == 0 else "assistant", " ".join(_sentence(chance) for _ in range(1 + padding)))
            for turn in range(turns)
        ]
        start = first_day + timedelta(days=number)
        found.append(chatgpt_conversation(f"{seed:04x}-{number:04d}", talk, start, f"Chat {seed}.{number}"))
    return json.dumps(found).encode()


def _sentence(chance: random.Random) -> str:
    things = [_word(chance) for _ in range(5)]
    return f"At the {things[0]} I met {_word(chance).title()} about the {things[1]}, and {' '.join(things[2:])} helped."


def _word(chance: random.Random) -> str:
    return "".join(chance.choice(_CONSONANTS) + chance.choice(_VOWELS) for _ in range(4))
