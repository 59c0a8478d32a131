"""Sentences of messages: what is cut where, and in which time."""

import pytest

from stages.extractors.sentences import sentences
from tests.effort import costs_at_most


def test_sentences_end_with_their_marks_and_quotes() -> None:
    text = 'Wait... "Really?!" she said. He (Tom.) left!!! Dr. Abbott came at 3.5 today'

    found = ["Wait...", '"Really?!"', "she said.", "He (Tom.)", "left!!!", "Dr. Abbott came at 3.5 today"]
    assert list(sentences(text)) == found


@pytest.mark.parametrize("key", ["!", "?!", '."', ".)", "…", ". ", "*", "```", "[chat:", "<", "\n", "www.", "e.g. "])
def test_a_message_of_one_key_that_stuck_costs_what_its_length_costs(key: str) -> None:
    assert costs_at_most(100, lambda: list(sentences(key * 20_000)), than=lambda: list(sentences(key * 1_000)))
