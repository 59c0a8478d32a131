"""What is too long for one answer is asked for in halves: all of it, in order, nothing twice."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.contract import AnswerTooLong, Ask
from stages.extractors.llm.chunks import OVERLAP_PARTS, Chunk, halved
from stages.extractors.llm.extractor import LlmExtractor
from stages.extractors.llm.material import Part
from tests.builders import conversation
from tests.stages.extractors.golden import PERSONA
from tests.stages.extractors.llm.fake_llm import NONE, FakeLlm

_texts = st.lists(st.text("ab \n.", min_size=1, max_size=900), min_size=1, max_size=12)


def chunk_of(texts: list[str], known: int = 0) -> Chunk:
    """Parts of one conversation with these texts."""
    return Chunk(tuple(Part(f"m{number}", "Mira", text) for number, text in enumerate(texts, 1)), known)


@given(_texts, st.integers(0, 11))
def test_halves_hold_every_fresh_part_once_and_in_order(texts: list[str], known: int) -> None:
    chunk = chunk_of(texts, min(known, len(texts) - 1))

    halves = halved(chunk)

    if halves:
        first, second = halves
        assert "".join(part.text for part in (*first.fresh, *second.fresh)) == "".join(p.text for p in chunk.fresh)
        assert first.fresh
        assert second.fresh
        assert first.parts[: first.known] == chunk.parts[: chunk.known]
        assert second.known <= OVERLAP_PARTS
        assert second.parts[: second.known] == first.parts[len(first.parts) - second.known :]


@given(_texts)
def test_halving_comes_to_an_end(texts: list[str]) -> None:
    left, cuts = [chunk_of(texts)], 0
    while left:
        left += halved(left.pop())
        cuts += 1
        assert cuts < 2_000


def test_a_short_message_alone_is_not_halved() -> None:
    assert halved(chunk_of(["I am tired."])) == ()
    assert len(halved(chunk_of(["I am tired. " * 100]))) == 2


async def test_a_question_whose_answer_is_too_long_is_put_in_parts_until_they_fit() -> None:
    talk = conversation(texts=tuple(f"What I said at {number} o'clock. " * 30 for number in range(16)))

    def script(ask: Ask, _attempt: int) -> Mapping[str, object] | Exception:
        return AnswerTooLong("It comes to no end.") if ask.material.count("] M") > 3 else NONE

    llm = FakeLlm(script)
    await LlmExtractor(llm).significant(PERSONA, talk)

    accepted = [ask for ask in llm.sent if ask.material.count("] M") <= 3]
    assert len(accepted) >= 3
    assert len({ask.material for ask in llm.sent}) == len(llm.sent)
    for number in range(16):
        assert any(f"at {number} o'clock" in ask.material for ask in accepted)


async def test_what_stays_too_long_fails_after_a_few_questions() -> None:
    talk = conversation(texts=tuple(f"What I said at {number} o'clock. " * 30 for number in range(64)))
    llm = FakeLlm(lambda _ask, _attempt: AnswerTooLong("It comes to no end."))

    with pytest.raises(AnswerTooLong):
        await LlmExtractor(llm).significant(PERSONA, talk)

    assert len(llm.sent) <= 4
