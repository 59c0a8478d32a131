"""Sentences that say how many."""

import re

_CHOICE = re.compile(r"\[([^\[\]|]*)\|([^\[\]|]*)\]")


def with_number(number: int, phrase: str) -> str:
    """`number` and `phrase`, in which every `[one|many]` is a choice that the number makes.

    `message[|s] without text [was|were] left out` becomes `1 message without text was left out`, or `2 messages …`.
    """
    return f"{number} " + _CHOICE.sub(lambda choice: choice[1 if number == 1 else 2], phrase)
