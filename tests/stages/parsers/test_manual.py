"""The manual says what the parsers say."""

from pathlib import Path

from stages.parsers.manual import manual
from stages.parsers.registry import PARSERS

PAGE = Path(__file__).parents[3] / "docs/platforms.md"


def test_the_page_lists_what_the_parsers_read() -> None:
    assert PAGE.read_text() == manual(), "run: python -m stages.parsers.manual > docs/platforms.md"


def test_every_form_says_what_it_is_and_what_is_kept() -> None:
    assert all(variant.what and variant.kept for parser in PARSERS for variant in parser.variants)
    names = [(parser.platform, variant.name) for parser in PARSERS for variant in parser.variants]
    assert len(set(names)) == len(names)
