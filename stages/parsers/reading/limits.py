"""How much an archive may hold, and what is left of it while one is read."""

from dataclasses import dataclass

from packages_store.errors import SourceBroken

USUAL_RATIO = 20
"""Bytes of chats per packed byte, at most. The exports that the tests read shrink to a third up to a thirteenth."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much an archive may hold. Sizes are in bytes that were really unpacked, not in bytes that were promised.

    They leave room for the largest export that was reported, a ZIP of 6 GB that is mostly voice recordings
    (https://github.com/Superkikim/nexus-ai-chat-importer/issues/45), and end the looking through a bomb in seconds.
    """

    entries: int = 100_000
    """Of all archives in an upload together; each costs half a millisecond."""
    directory: int = 16 << 20
    """Bytes of a table of contents, which must be held in memory: 100 000 entries with names of 100 characters."""
    entry: int = 8 << 30
    total: int = 32 << 30
    ratio: int = 250
    """Unpacked bytes per packed byte of one file. Deflate cannot exceed 1032 (https://zlib.net/zlib_tech.html)."""
    ratio_after: int = 32 << 20
    """Small files may be as repetitive as they like."""
    depth: int = 2
    """Archives around an archive that is opened. OpenAI's portal puts exports into one, and people pack it again."""
    archives: int = 1000
    """That are opened in one upload."""
    glance: int = 64 << 20
    """Bytes that may be unpacked to find out what is in an upload, beside the usual ratio of its size."""


DEFAULT_LIMITS = Limits()


class Allowance:
    """What may still be unpacked of one upload. Every method raises SourceBroken when that is not enough."""

    def __init__(self, limits: Limits, total: int | None = None) -> None:
        self.limits = limits
        self._bytes = limits.total if total is None else min(total, limits.total)
        self._entries = limits.entries
        self._archives = limits.archives

    def spend(self, name: str, count: int) -> None:
        """Take `count` bytes that were unpacked."""
        self._bytes -= count
        if self._bytes < 0:
            raise SourceBroken(f"{name} was not read to its end: the archive unpacks to too much", "size limit")

    def spend_of(self, name: str, count: int, given: int, packed: int) -> None:
        """Take `count` bytes of a file of which `given` were unpacked, with them, out of `packed`."""
        limits = self.limits
        if given > limits.entry:
            raise SourceBroken(f"{name} was not read to its end: it unpacks to too much", "size limit")
        if given > limits.ratio_after and given > limits.ratio * max(1, packed):
            raise SourceBroken(f"{name} was not read to its end: it unpacks to far too much", "size limit")
        self.spend(name, count)

    def enter(self, name: str) -> None:
        """Open one more archive."""
        self._archives -= 1
        if self._archives < 0:
            raise SourceBroken(f"{name} was not opened: there are too many archives beside it", "size limit")

    def list(self, name: str, count: int) -> None:
        """List `count` more entries."""
        self._entries -= count
        if self._entries < 0:
            raise too_many_files(name, self.limits)


def too_many_files(name: str, limits: Limits) -> SourceBroken:
    """What to raise for an archive with more entries than are read."""
    return SourceBroken(
        f"{name} holds too many files (more than {limits.entries})", "size limit", "Drop only its chats."
    )
