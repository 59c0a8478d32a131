"""Gemini: a table of the shapes in which its conversations come, and what Google hands out beside them.

The shapes have little in common but the platform and its conversation ids. Each has a module that tells what it is and
reads it; here stand their names, their order (the first that claims a file has it) and what is said about them.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from stages.parsers.contract import Bid, NotAChat, Peek, ReadContext, Record, SourceFile, Variant
from stages.parsers.gemini.ai_studio import holds_prompts, read_prompts
from stages.parsers.gemini.cli import holds_sessions, read_sessions
from stages.parsers.gemini.exporters import (
    VOYAGER_REPORT,
    holds_saved_chats,
    holds_voyager,
    is_voyagers_elsewhere,
    lists_chats,
    read_saved_chats,
)
from stages.parsers.gemini.markdown_chats import holds_markdown_chat, read_markdown_chat
from stages.parsers.gemini.siblings import TAKEOUT_SIBLINGS
from stages.parsers.gemini.takeout import holds_activity, holds_page, read_activity, read_page
from stages.parsers.gemini.threads import holds_thread_drafts, holds_threads, read_threads
from stages.parsers.gemini.workspace import holds_workspace_chat, read_workspace
from stages.parsers.reading.chat_exporter import VARIANT, bid_for, read_exporter
from stages.parsers.reading.refusals import format_is, records_have


class Shape(NamedTuple):
    """A variant, what is claimed as one (and how surely), and what reads it."""

    variant: Variant
    fits: Callable[[Peek], bool]
    weight: int
    read: Callable[[SourceFile, ReadContext], Iterator[Record]]


SHAPES = (
    Shape(
        Variant(
            "threads",
            "threads and batches merged with their activity by the community's thread exporter",
            "messages in the order of the thread",
        ),
        holds_threads,
        Bid.MARKER,
        read_threads,
    ),
    Shape(
        Variant(
            "thread-drafts",
            "threads of the community's thread exporter before the merge with their activity",
            "messages in the order of the thread; they tell no times and get that of the export, marked as inferred",
        ),
        holds_thread_drafts,
        Bid.MARKER,
        read_threads,
    ),
    Shape(
        Variant(
            "voyager",
            "a chat that the Voyager extension saved as JSON",
            "questions and answers in Markdown, attachments as placeholders; it tells no times",
        ),
        holds_voyager,
        Bid.MARKER,
        read_saved_chats,
    ),
    Shape(
        VARIANT,
        lambda peek: bid_for(peek, "gemini") is not None,
        Bid.MARKER,
        lambda file, context: read_exporter(file, "gemini", context),
    ),
    Shape(
        Variant(
            "chat-exporter-markdown",
            'a chat that the "Gemini Exporter" extension saved as Markdown',
            "prompts and answers in their order, with the times that it tells",
        ),
        holds_markdown_chat,
        Bid.SHAPE,
        read_markdown_chat,
    ),
    Shape(
        Variant(
            "ai-studio",
            "a prompt of Google AI Studio: a file of Google Drive, mostly without an extension, alone or in a ZIP",
            "the thread with code and results, reasoning, model, files as placeholders, the system instruction",
        ),
        holds_prompts,
        Bid.SHAPE,
        read_prompts,
    ),
    Shape(
        Variant(
            "workspace",
            "Google Takeout, Gemini in Workspace > Conversation History (conversation_….txt)",
            "the last version of each turn that was not deleted, reasoning, names of pictures",
        ),
        holds_workspace_chat,
        Bid.SHAPE,
        read_workspace,
    ),
    Shape(
        Variant(
            "gemini-cli",
            "a session of gemini-cli (session-….json or .jsonl)",
            "what was said, with reasoning and model; no calls of tools, and nothing that was taken back",
        ),
        holds_sessions,
        Bid.SHAPE,
        read_sessions,
    ),
    Shape(
        Variant(
            "takeout",
            "Google Takeout, My Activity > Gemini Apps, in JSON, with and without links to the chats",
            "prompts and answers; without links, grouped by pauses (`gapMinutes` in config.json, 30 minutes)",
        ),
        holds_activity,
        Bid.SHAPE,
        read_activity,
    ),
    Shape(
        Variant(
            "takeout-page",
            "Google Takeout, My Activity > Gemini Apps, in HTML (what Takeout offers first), in any language",
            "the same, with times to the second; where their zone is not told, they are read as local",
        ),
        holds_page,
        Bid.SHAPE,
        read_page,
    ),
    Shape(
        Variant(
            "saved-chats",
            "chats that other extensions saved as JSON, with the address of the chat",
            "messages in their order, reasoning where it is told; times where they are not those of the export",
        ),
        holds_saved_chats,
        Bid.SHAPE,
        read_saved_chats,
    ),
)


class Gemini:
    """Reads Gemini's conversations, in any of `SHAPES`."""

    platform = "gemini"
    title = "Gemini"
    variants = tuple(shape.variant for shape in SHAPES)
    not_chats = (
        NotAChat(
            format_is("gemini-activity-list-draft", "gemini-activity-detail-draft"),
            "it is a draft of Gemini's activity, which needs a merge with the threads.",
            "Merge it with the thread drafts in the exporter, and drop the merged file.",
        ),
        NotAChat(
            format_is(VOYAGER_REPORT),
            "it is a report that Gemini wrote, as Voyager saved it, and no chat.",
            "Save the chat in which it was written.",
        ),
        NotAChat(
            is_voyagers_elsewhere,
            "it is a chat that Voyager saved from another site than Gemini.",
            "Drop the export of that site itself.",
        ),
        NotAChat(
            lists_chats,
            "it has addresses of chats with Gemini that a browser extension saved, and nothing that was said in them.",
            "Drop the files that hold the messages.",
        ),
        NotAChat(
            records_have("runSettings"),
            "it holds settings of Google AI Studio, and no chat.",
            "Drop the prompts themselves, from the folder Google AI Studio of Google Drive.",
        ),
        *TAKEOUT_SIBLINGS,
    )

    def bid(self, peek: Peek) -> Bid | None:
        """The first shape that fits."""
        return next((Bid(shape.variant.name, shape.weight) for shape in SHAPES if shape.fits(peek)), None)

    def read(self, file: SourceFile, variant: str, context: ReadContext) -> Iterator[Record]:
        """See `Parser.read`; but activity is grouped: its conversations come after everything else of the file."""
        return _READERS[variant](file, context)


_READERS = {shape.variant.name: shape.read for shape in SHAPES}
