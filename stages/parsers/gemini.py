"""Gemini: Google Takeout's activity in JSON, and what the community's thread exporter merges.

Two shapes that have little in common but the platform and its conversation ids: a log of prompts with their answers
(`gemini_takeout`), and threads as the page showed them (`gemini_threads`).
"""

from collections.abc import Iterator

from stages.parsers.contract import Bid, Peek, ReadContext, Record, SourceFile
from stages.parsers.gemini_records import is_activity, is_of_gemini
from stages.parsers.gemini_takeout import read_activity
from stages.parsers.gemini_threads import is_batch, is_thread, read_threads

TAKEOUT = "takeout"
THREADS = "threads"


class Gemini:
    """Reads Gemini's conversations. The variant says which of the two shapes the file has."""

    platform = "gemini"

    def bid(self, peek: Peek) -> Bid | None:
        """Threads name their format; activity is known by its shape and by the product it tells."""
        if peek.kind != "json":
            return None
        if is_batch(peek.envelope) or any(map(is_thread, peek.records)):
            return Bid(THREADS, Bid.MARKER)
        if peek.wrapping == "array" and any(is_activity(one) and is_of_gemini(one) for one in peek.records):
            return Bid(TAKEOUT, Bid.SHAPE)
        return None

    def read(self, file: SourceFile, variant: str, context: ReadContext) -> Iterator[Record]:
        """See `Parser.read`; but activity is grouped: its conversations come after everything else of the file."""
        return read_threads(file) if variant == THREADS else read_activity(file, context.gap_minutes)
