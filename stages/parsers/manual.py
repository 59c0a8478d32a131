"""The page of the manual that lists what is read, made from what the parsers say of themselves.

python -m stages.parsers.manual > docs/platforms.md
"""

import sys
from collections.abc import Iterable, Iterator

from stages.parsers.contract import Parser
from stages.parsers.registry import PARSERS

_HEAD = """\
# Platforms

Made from the parsers by `python -m stages.parsers.manual > docs/platforms.md`; a test compares the two.

A file is recognised by its content: its name, its ending and its place do not matter. Any of these forms may lie in a
ZIP, in a ZIP within a ZIP, or be packed with gzip; how that works, and what is never imported, is in
[formats.md](formats.md).
"""


def manual(parsers: Iterable[Parser] = PARSERS) -> str:
    """The page, in Markdown."""
    return _HEAD + "".join(_lines(parsers))


def _lines(parsers: Iterable[Parser]) -> Iterator[str]:
    for parser in sorted(parsers, key=lambda parser: parser.title.casefold()):
        yield f"\n## {parser.title}\n\n| form | kept |\n|---|---|\n"
        for variant in parser.variants:
            yield f"| {_cell(variant.what)} | {_cell(variant.kept)} |\n"
        if parser.not_chats:
            yield "\nKnown to hold no chat, and explained to whoever drops it:\n\n"
            yield from (f"- {kind.what} {kind.advice}".rstrip() + "\n" for kind in parser.not_chats)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(manual())
