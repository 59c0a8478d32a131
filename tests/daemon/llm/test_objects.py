"""The JSON object in what a model said."""

import pytest

from daemon.llm.objects import object_in, storable
from daemon.llm.replies import declines
from tests.effort import costs_at_most


@pytest.mark.parametrize(
    "text",
    [
        '{"kind": "none"}',
        '  \n{"kind": "none"}\n',
        '```json\n{"kind": "none"}\n```',
        'Here you are:\n```\n{"kind": "none"}\n```\nAnything else?',
        'Sure! {"kind": "none"} I hope this helps.',
        '<think>Is it {"kind": "memory"}? No.</think>{"kind": "none"}',
        'It is {"kind": "memory"}... no.</think>\n{"kind": "none"}',
        '{"kind": "none",}',
        'For example {}. Now: {"kind": "none"}',
        '{broken} and then {"kind": "none"}',
    ],
)
def test_an_object_is_found_wherever_it_stands(text: str) -> None:
    assert object_in(text) == {"kind": "none"}


@pytest.mark.parametrize(
    "text", ["", "none", "null", "[1, 2]", '"text"', '{"cut": "off', "{", "{" * 5000, "[" * 100_000, '{"a": NaN}']
)
def test_what_is_no_object_is_none(text: str) -> None:
    assert object_in(text) is None


def test_line_breaks_inside_texts_are_kept() -> None:
    assert object_in('{"prose": "one\ntwo"}') == {"prose": "one\ntwo"}


def test_lone_surrogates_are_replaced_and_pairs_are_joined() -> None:
    assert object_in('{"a\\ud83d": ["\\ud83d\\ude00", "x\\udc00"]}') == {"a\ufffd": ["\U0001f600", "x\ufffd"]}
    assert storable("a\ud800").encode() == b"a\xef\xbf\xbd"


def test_numbers_too_long_to_read_make_no_object() -> None:
    assert object_in('{"n": ' + "9" * 10_000 + "}") is None


@pytest.mark.parametrize("loop", ["<think>", "```json\n", "\n", "[", "{", "but ", "sorry ", '"', "<think></think>"])
@pytest.mark.parametrize("opening", ["", "```json\n", "<think>"])
def test_a_model_that_says_the_same_for_ever_is_read_in_time_that_grows_with_what_it_said(
    opening: str, loop: str
) -> None:
    def read(times: int) -> None:
        text = opening + loop * times
        object_in(text)
        declines(text)

    assert costs_at_most(100, lambda: read(20_000), than=lambda: read(1_000))


@pytest.mark.parametrize("text", ["I'm sorry, but I can't help.", "Sorry. I cannot.", "But we are unable to"])
def test_polite_words_decline(text: str) -> None:
    assert declines(text)


@pytest.mark.parametrize("text", ["", "Sorry sights can't be seen.", "None.", 'I cannot {"kind": "none"}'])
def test_other_words_do_not_decline(text: str) -> None:
    assert not declines(text)
