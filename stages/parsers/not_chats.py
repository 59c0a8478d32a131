"""Files that people hand in beside or instead of their chats, and what to say about them."""

from collections.abc import Callable
from dataclasses import dataclass

from stages.parsers.contract import Peek
from stages.parsers.values import as_map, as_text

_FORMATS = "docs/formats.md lists what is read."
_GEMINI_ADVICE = "In Google Takeout choose My Activity > Gemini Apps, in JSON."


@dataclass(frozen=True, slots=True)
class NotAChat:
    """A kind of file that is known and holds no chat: how it is recognised, what it is, what to do instead."""

    test: Callable[[Peek], bool]
    what: str
    advice: str = ""


def explain(peek: Peek) -> tuple[str, str]:
    """Why nobody claims the file, and what to do about it."""
    for kind in NOT_CHATS:
        if kind.test(peek):
            return kind.what, kind.advice
    return _by_kind(peek)


def _by_kind(peek: Peek) -> tuple[str, str]:
    if peek.kind == "empty":
        return "it is empty.", "Download or copy it again."
    if peek.kind == "binary":
        return "it is not text (a picture, a recording or a program).", _FORMATS
    if peek.flaw and not peek.records:
        return f"it begins like JSON but cannot be read: {peek.flaw}.", "Download or copy it again."
    if peek.kind == "text":
        return "it is text, but not JSON.", _FORMATS
    if not peek.records:
        return "it is JSON without any record.", _FORMATS
    return f"it is JSON, but no known chat export. {_shape(peek)}", _FORMATS


def _shape(peek: Peek) -> str:
    first = peek.records[0]
    if not isinstance(first, dict):
        return "Its records are no objects."
    names = ", ".join(repr(str(key))[:40] for key in list(first)[:6])
    return f"Its records hold {names}." if names else "Its records are empty."


def _records_have(*names: str, without: str = "") -> Callable[[Peek], bool]:
    """Whether every record has these members, and not the one named last."""

    def test(peek: Peek) -> bool:
        records = [as_map(record) for record in peek.records]
        return bool(records) and all(
            all(name in record for name in names) and without not in record for record in records
        )

    return test


def _format_is(*formats: str) -> Callable[[Peek], bool]:
    return lambda peek: any(as_map(record).get("format") in formats for record in peek.records)


def _id_begins(start: str) -> Callable[[Peek], bool]:
    return lambda peek: any(as_text(as_map(record).get("id")).startswith(start) for record in peek.records)


def _page_holds(*words: str) -> Callable[[Peek], bool]:
    """Whether it is a web page that holds all of these."""

    def test(peek: Peek) -> bool:
        head = peek.head.casefold()
        return peek.kind == "text" and head.lstrip().startswith("<") and all(word in head for word in words)

    return test


def _is_google_activity(peek: Peek) -> bool:
    return peek.wrapping == "array" and _records_have("header", "title", "time", "products")(peek)


def _is_saved_page(peek: Peek) -> bool:
    """Whether records have messages, and the address of Gemini's page."""
    records = map(as_map, peek.records)
    return any("messages" in record and "gemini.google.com/" in as_text(record.get("url")) for record in records)


NOT_CHATS = (
    NotAChat(
        _records_have("conversation_id", "is_anonymous", without="mapping"),
        "it lists the ChatGPT conversations that were shared by link; it holds no messages.",
        "The messages are in conversations.json.",
    ),
    NotAChat(
        _records_have("conversation_id", "rating", without="mapping"),
        "it holds ratings of ChatGPT's answers, no messages.",
        "The messages are in conversations.json.",
    ),
    NotAChat(_id_begins("task_e_"), "it holds Codex tasks, no chats."),
    NotAChat(
        _format_is("gemini-activity-list-draft", "gemini-activity-detail-draft"),
        "it is a draft of Gemini's activity, which needs a merge with the threads.",
        "Merge it with the thread drafts in the exporter, and drop the merged file.",
    ),
    NotAChat(
        _format_is("gemini-visible-chat-draft"),
        "it is a draft of a Gemini thread without times, which needs a merge with the activity.",
        "Merge it with an activity export in the exporter, and drop the merged file.",
    ),
    NotAChat(
        _is_saved_page,
        "it is a thread of Gemini as a browser extension saved it, which is not read yet.",
        _GEMINI_ADVICE,
    ),
    NotAChat(
        lambda peek: "polylogue_capture_kind" in as_map(next(iter(peek.records), None)),
        "it is a capture of a browser page, not an export.",
        "Drop the export of the platform itself.",
    ),
    NotAChat(
        _is_google_activity,
        "it is Google activity, but none of it is Gemini's.",
        _GEMINI_ADVICE,
    ),
    NotAChat(
        _page_holds("outer-cell", "header-cell"),
        "it is Google activity as a web page, which is not read yet.",
        _GEMINI_ADVICE,
    ),
    NotAChat(
        _page_holds("gemini", "gem"),
        "it is a page about Gemini (such as Gems or scheduled actions) without conversations.",
        _GEMINI_ADVICE,
    ),
    NotAChat(_page_holds("<"), "it is a web page.", "Drop the JSON file that came with it."),
)
"""Tried in this order; the first that fits is told."""
