"""Looks for patterns of many branches, which take a hundred times as long as looking for a word."""

import re
from collections.abc import Iterator


class Marked:
    """A pattern, and words of which at least one stands in everything that it matches: without them it is not tried."""

    def __init__(self, pattern: str, words: tuple[str, ...], flags: re.RegexFlag = re.IGNORECASE) -> None:
        """`words` are casefolded, as the text is in which they are looked for."""
        self.pattern = re.compile(pattern, flags)
        self._words = words

    def found_in(self, text: str) -> bool:
        """Whether the pattern matches anywhere in `text`."""
        return self._may_match(text) and self.pattern.search(text) is not None

    def all_in(self, text: str) -> Iterator[re.Match[str]]:
        """Every match in `text`."""
        return self.pattern.finditer(text) if self._may_match(text) else iter(())

    def _may_match(self, text: str) -> bool:
        folded = text.casefold()
        return any(word in folded for word in self._words)
