"""Gemini: Google Takeout's activity in JSON, and what the community's thread exporter merges.

Two shapes that have little in common but the platform and its conversation ids: a log of prompts with their answers
(`takeout.py`), and threads as the page showed them (`threads.py`).
"""

from collections.abc import Iterator

from stages.parsers.contract import Bid, NotAChat, Peek, ReadContext, Record, SourceFile, Variant
from stages.parsers.gemini.records import is_activity, is_of_gemini
from stages.parsers.gemini.takeout import read_activity
from stages.parsers.gemini.threads import is_batch, is_thread, read_threads
from stages.parsers.reading.refusals import format_is, page_holds, records_have
from stages.parsers.reading.values import as_map, as_text

TAKEOUT = "takeout"
THREADS = "threads"
_ADVICE = "In Google Takeout choose My Activity > Gemini Apps, in JSON."


def _is_google_activity(peek: Peek) -> bool:
    return peek.wrapping == "array" and records_have("header", "title", "time", "products")(peek)


def _is_saved_page(peek: Peek) -> bool:
    """Whether records have messages, and the address of Gemini's page."""
    records = map(as_map, peek.records)
    return any("messages" in record and "gemini.google.com/" in as_text(record.get("url")) for record in records)


class Gemini:
    """Reads Gemini's conversations. The variant says which of the two shapes the file has."""

    platform = "gemini"
    title = "Gemini"
    variants = (
        Variant(
            TAKEOUT,
            "Google Takeout, My Activity > Gemini Apps, in JSON, with and without links to the chats",
            "prompts and answers; without links, grouped by pauses (`gapMinutes` in config.json, 30 minutes)",
        ),
        Variant(
            THREADS,
            "threads and batches merged with their activity by the community's thread exporter",
            "messages in the order of the thread",
        ),
    )
    not_chats = (
        NotAChat(
            format_is("gemini-activity-list-draft", "gemini-activity-detail-draft"),
            "it is a draft of Gemini's activity, which needs a merge with the threads.",
            "Merge it with the thread drafts in the exporter, and drop the merged file.",
        ),
        NotAChat(
            format_is("gemini-visible-chat-draft"),
            "it is a draft of a Gemini thread without times, which needs a merge with the activity.",
            "Merge it with an activity export in the exporter, and drop the merged file.",
        ),
        NotAChat(
            _is_saved_page,
            "it is a thread of Gemini as a browser extension saved it, which is not read yet.",
            _ADVICE,
        ),
        NotAChat(_is_google_activity, "it is Google activity, but none of it is Gemini's.", _ADVICE),
        NotAChat(
            page_holds("outer-cell", "header-cell"),
            "it is Google activity as a web page, which is not read yet.",
            _ADVICE,
        ),
        NotAChat(
            page_holds("gemini", "gem"),
            "it is a page about Gemini (such as Gems or scheduled actions) without conversations.",
            _ADVICE,
        ),
    )

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
