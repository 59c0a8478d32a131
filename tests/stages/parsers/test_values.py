"""Narrowing, times and cleaning of what exports hold."""

from zoneinfo import ZoneInfo

import pytest

from stages.parsers.contract import Note
from stages.parsers.reading.values import Tally, digest, iso, local_milliseconds, milliseconds, one_line


@pytest.mark.parametrize(
    ("told", "instant"),
    [
        (1699999999.123456, "2023-11-14T22:13:19.123Z"),
        (1699999999.9996, "2023-11-14T22:13:20.000Z"),
        (1699999999.001, "2023-11-14T22:13:19.001Z"),
        (1767000000, "2025-12-29T09:20:00.000Z"),
        (1748387000123.0, "2025-05-27T23:03:20.123Z"),
        (1748387000123456, "2025-05-27T23:03:20.123Z"),
        ("1748387000.5", "2025-05-27T23:03:20.500Z"),
        ("2026-06-15T08:30:00.1235+02:00", "2026-06-15T06:30:00.124Z"),
        ("2026-06-15T06:30:00Z", "2026-06-15T06:30:00.000Z"),
        ("2026-06-15 06:30:00", "2026-06-15T06:30:00.000Z"),
        ("9999-12-31T23:59:59Z", None),
    ],
)
def test_an_instant_is_read_to_the_millisecond(told: object, instant: str | None) -> None:
    found = milliseconds(told)

    assert (None if found is None else iso(found)) == instant


@pytest.mark.parametrize("told", [None, True, 0, -5, 0.0001, float("-inf"), 10**30, "", "soon", "NaN", [], {}, "0.0"])
def test_what_is_no_instant_is_none(told: object) -> None:
    assert milliseconds(told) is None


@pytest.mark.parametrize(
    ("told", "instant", "assumed"),
    [
        ("2026-06-15T08:30:00", "2026-06-15T06:30:00.000Z", True),
        (" 2026-01-15 08:30:00.5 ", "2026-01-15T07:30:00.500Z", True),
        ("2026-06-15T08:30:00Z", "2026-06-15T08:30:00.000Z", False),
        ("1767000000", "2025-12-29T09:20:00.000Z", False),
        (1767000000, "2025-12-29T09:20:00.000Z", False),
        ("soon", None, False),
        (None, None, False),
    ],
    ids=repr,
)
def test_a_time_without_a_zone_can_be_read_as_what_a_clock_showed(
    told: object, instant: str | None, assumed: bool
) -> None:
    found, is_assumed = local_milliseconds(told, ZoneInfo("Europe/Berlin"))

    assert (None if found is None else iso(found), is_assumed) == (instant, assumed)


def test_halves_of_characters_are_joined_or_replaced_and_counted() -> None:
    tally = Tally()

    assert tally.clean("a \ud83d\ude00 b") == "a 😀 b"
    assert tally.clean("a \ud83d b \udcff \0") == "a \ufffd b \ufffd \ufffd"
    assert tally.clean("é — \ufffd") == "é — \ufffd"
    assert list(tally.notes()) == [
        Note("1 text held NUL characters, which were replaced by U+FFFD"),
        Note("1 text held halves of characters, which were replaced by U+FFFD"),
    ]


def test_a_digest_takes_any_text_and_tells_parts_apart() -> None:
    assert digest("a", "b") != digest("ab")
    assert len(digest("\ud800", "\0")) == 32


def test_a_title_is_one_short_line() -> None:
    assert one_line(" a\n b ") == "a b"
    assert one_line("x" * 100, 10) == "x" * 9 + "…"
