"""Claude: the shapes in which its conversations come, and what Anthropic hands out beside them.

A record tells itself what it is, so that all of claude.ai is read alike, also where one file holds several shapes. Logs
of Claude Code are no list of conversations, and the "Exporter" extension has a format of its own for three platforms.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from stages.parsers.claude.chats import PLATFORM, chat_record, is_chat, is_empty_chat, is_saved_by_community
from stages.parsers.claude.code import could_be_log, has_titles_only, is_log, is_web_log, read_log
from stages.parsers.claude.design import design_record, is_design, is_empty_design
from stages.parsers.contract import Bid, Broken, NotAChat, Peek, ReadContext, Record, Skipped, SourceFile, Variant
from stages.parsers.reading.chat_exporter import VARIANT as EXPORTER
from stages.parsers.reading.chat_exporter import bid_for, read_exporter
from stages.parsers.reading.each import Reading, read_each
from stages.parsers.reading.json_stream import Item
from stages.parsers.reading.refusals import records_have
from stages.parsers.reading.values import as_list, as_map

_KEPT = (
    "the thread that was shown last, with text, spoken and pasted words, artifacts as titled blocks, pictures and files"
    " as placeholders, reasoning, and the model where it is told"
)
_LAYOUTS = {
    "array": "official export: `conversations.json` of any year, alone or in the ZIP",
    "object-of-records": "conversations keyed by their id",
    "wrapped": '`{"conversations": […]}`',
    "single": "one conversation, as the page's own API gives it and browser extensions save it",
    "lines": "one conversation a line",
}
_COMMUNITY = Variant("community", "one conversation that the community's thread exporter saved", _KEPT)
_DESIGN = Variant(
    "design",
    "Claude Design: `design_chats/*.json` of the official export",
    "prompts, what was said while Claude worked, answers, reasoning, attachments as placeholders",
)
_OF_LOGS = "prompts and answers in the order of the log, reasoning, model; no tools, subagents or commands"
_CODE = Variant("code", "Claude Code: the log of a session (`.jsonl`)", _OF_LOGS)
_CODE_WEB = Variant("code-web", 'Claude Code on the web: `{"loglines": […]}`', _OF_LOGS)
_DATA = "The chats are in conversations.json, alone in conversations-000.zip since August 2026."
_ARCHIVE = re.compile(
    r"(?:https?://\S*/)?(?:conversations|design_chats|projects|memories|users|light_metadata)-\d+\.zip(?:\?\S*)?"
)
_VALUES_SEARCHED = 2000


def _is_memory(record: Mapping[str, object]) -> bool:
    names = ("conversations_memory", "project_memories", "memory_files")
    return "account_uuid" in record and any(name in record for name in names)


def _is_project(record: Mapping[str, object]) -> bool:
    return "docs" in record and ("prompt_template" in record or "creator" in record)


def _names_archives(record: Mapping[str, object]) -> bool:
    """Whether one of its first values is the name or the address of an archive of an export."""
    values: list[object] = [record]
    for value in values:  # grows while it is gone through
        if isinstance(value, str) and _ARCHIVE.fullmatch(value):
            return True
        inner = list(as_map(value).values()) or as_list(value)
        values.extend(inner[: max(0, _VALUES_SEARCHED - len(values))])
    return False


def _any(test: Callable[[Mapping[str, object]], bool]) -> Callable[[Peek], bool]:
    """A test of a file: whether one of its first records passes `test`."""
    return lambda peek: any(test(as_map(record)) for record in peek.records)


_SHAPES: tuple[tuple[Callable[[Peek], bool], str | None, int], ...] = (
    (_any(is_saved_by_community), _COMMUNITY.name, Bid.MARKER),
    (_any(is_chat), None, Bid.SHAPE),
    (_any(is_design), _DESIGN.name, Bid.SHAPE),
    (is_log, _CODE.name, Bid.SHAPE),
    (is_web_log, _CODE_WEB.name, Bid.SHAPE),
    (could_be_log, _CODE.name, Bid.GUESS),
    (_any(is_empty_chat), None, Bid.GUESS),
    (_any(is_empty_design), _DESIGN.name, Bid.GUESS),
)
"""A test of a file, the variant of what passes it (None: its layout), and how sure that is. The first one counts."""


class Claude:
    """Reads the conversations of claude.ai, Claude Design and Claude Code."""

    platform = PLATFORM
    title = "Claude"
    variants = (
        *(Variant(name, what, _KEPT) for name, what in _LAYOUTS.items()),
        _COMMUNITY,
        _DESIGN,
        _CODE,
        _CODE_WEB,
        EXPORTER,
    )
    not_chats = (
        NotAChat(
            _any(_names_archives),
            "it is the list of archives that Claude's export sends; it holds no messages.",
            "Download the archives that it names, and drop in those of the conversations and design chats.",
        ),
        NotAChat(_any(_is_memory), "it is what Claude remembers of its user, no chats.", _DATA),
        NotAChat(_any(_is_project), "it is a Claude project (instructions and documents), no chats.", _DATA),
        NotAChat(
            records_have("uuid", "full_name", "email_address"), "it lists the accounts of a Claude export.", _DATA
        ),
        NotAChat(
            has_titles_only,
            "it holds the titles of Claude Code sessions, no messages.",
            "The messages are in the other .jsonl files of the same folder.",
        ),
    )

    def bid(self, peek: Peek) -> Bid | None:
        """The first shape that fits; a guess for conversations of which none holds a message."""
        if peek.kind != "json":
            return None
        found = (Bid(name or peek.wrapping, weight) for fits, name, weight in _SHAPES if fits(peek))
        return bid_for(peek, PLATFORM) or next(found, None)

    def read(self, file: SourceFile, variant: str, context: ReadContext) -> Iterator[Record]:
        """See `Parser.read`; but of a log, the conversations come after what could not be read."""
        if variant in (_CODE.name, _CODE_WEB.name):
            return read_log(file)
        return read_exporter(file, PLATFORM, context) if variant == EXPORTER.name else read_each(file, _record)


def _record(item: Item, reading: Reading) -> Record:
    told = item.value
    if not isinstance(told, dict):
        return Broken(reading.records.position, "a conversation is an object, and this is none")
    if is_chat(told) or is_empty_chat(told):
        return chat_record(item, told, reading)
    if is_design(told) or is_empty_design(told):
        return design_record(told, reading)
    return Skipped("no Claude conversation")
