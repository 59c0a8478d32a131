"""Sentences that say how many."""

import pytest

from packages_store.words import with_number


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "0 entries were left out with their texts"),
        (1, "1 entry was left out with its texts"),
        (2, "2 entries were left out with their texts"),
        (1234, "1234 entries were left out with their texts"),
    ],
)
def test_a_sentence_says_one_as_one_and_others_as_many(number: int, expected: str) -> None:
    assert with_number(number, "entr[y|ies] [was|were] left out with [its|their] texts") == expected


@pytest.mark.parametrize("phrase", ["of many", "of type '[odd]'", "of type 'a|b'", "of type '['"])
def test_a_sentence_without_a_choice_is_told_as_it_is(phrase: str) -> None:
    assert with_number(1, phrase) == f"1 {phrase}"
