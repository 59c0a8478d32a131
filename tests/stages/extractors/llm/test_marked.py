"""Patterns that are looked for only where one of their words stands."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.extractors.llm.answers import OUTSIDE
from stages.extractors.llm.gate import PLAYED
from stages.extractors.llm.injected import ORDERS
from stages.extractors.llm.marked import Marked

EVERY = [pytest.param(OUTSIDE, id="outside"), pytest.param(PLAYED, id="played"), pytest.param(ORDERS, id="orders")]


@pytest.mark.parametrize("marked", EVERY)
@given(st.data())
@settings(max_examples=4 * settings().max_examples)
def test_whatever_the_pattern_matches_is_found_by_its_words(marked: Marked, data: st.DataObject) -> None:
    text = data.draw(st.from_regex(marked.pattern, fullmatch=True))

    assert marked.found_in(text)
    assert [match.group() for match in marked.all_in(text)] == [
        match.group() for match in marked.pattern.finditer(text)
    ]


@pytest.mark.parametrize("marked", EVERY)
def test_a_text_without_the_words_is_not_looked_through(marked: Marked) -> None:
    assert not marked.found_in("We went to the sea, and it was cold.")
    assert list(marked.all_in("We went to the sea, and it was cold.")) == []
