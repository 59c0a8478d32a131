"""What to say about a file that nobody claims. Platforms tell what they hand out beside chats (`Parser.not_chats`)."""

from collections.abc import Callable, Sequence

from stages.parsers.contract import NotAChat, Parser, Peek
from stages.parsers.reading.values import as_map, as_text

_FORMATS = "docs/formats.md lists what is read."


def explain(peek: Peek, parsers: Sequence[Parser]) -> tuple[str, str]:
    """Why none of `parsers` claims the file, and what to do about it. The first kind that fits is told."""
    for kind in (*(kind for parser in parsers for kind in parser.not_chats), *_ANYBODYS):
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


def records_have(*names: str, without: str = "") -> Callable[[Peek], bool]:
    """A test: whether every record has these members, and not the one named last."""

    def test(peek: Peek) -> bool:
        records = [as_map(record) for record in peek.records]
        return bool(records) and all(
            all(name in record for name in names) and without not in record for record in records
        )

    return test


def format_is(*formats: str) -> Callable[[Peek], bool]:
    """A test: whether a record calls its own format one of these."""
    return lambda peek: any(as_map(record).get("format") in formats for record in peek.records)


def id_begins(start: str) -> Callable[[Peek], bool]:
    """A test: whether the id of a record begins with `start`."""
    return lambda peek: any(as_text(as_map(record).get("id")).startswith(start) for record in peek.records)


def page_holds(*words: str) -> Callable[[Peek], bool]:
    """A test: whether it is a web page that holds all of these."""

    def test(peek: Peek) -> bool:
        head = peek.head.casefold()
        return peek.kind == "text" and head.lstrip().startswith("<") and all(word in head for word in words)

    return test


_ANYBODYS = (
    NotAChat(
        lambda peek: "polylogue_capture_kind" in as_map(next(iter(peek.records), None)),
        "it is a capture of a browser page, not an export.",
        "Drop the export of the platform itself.",
    ),
    NotAChat(page_holds("<"), "it is a web page.", "Drop the JSON file that came with it."),
)
