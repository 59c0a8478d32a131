"""The messages in Kindroid's files, of whatever shape.

KinLog 1.x: `{"about": [...], "meta": {"source": "KinLog"}, "chat": [[name, text], …]}`, or the same as text. KinLog
2.0: `{username, content, timestamp, signature}` each. The official interface: `{id, sender, sender_type?,
display_name?, timestamp, message?, image_urls?, …}` each, alone or in pages `{"messages": […], "pagination": {…}}`.
"""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from packages_store.model import Role
from stages.parsers.contract import SourceFile
from stages.parsers.reading.text import count_lost, open_text
from stages.parsers.reading.values import Tally, as_list, as_map, as_text, milliseconds, one_line

_SIDES: Mapping[str, Role] = {"ai": "assistant", "user": "user"}
_SHOWN = ("message", "image_urls", "video_description", "link_url")
_LINE_BREAK = re.compile(r"<br\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")


class Line(NamedTuple):
    """A message. `role` is None where the source tells only names; `at` is in milliseconds since 1970."""

    name: str
    text: str
    role: Role | None = None
    at: int | None = None
    id: str = ""


def is_kinlog(record: object) -> bool:
    """Whether it is a log of KinLog 1.x."""
    told = as_map(record)
    about = as_text(next(iter(as_list(told.get("about"))), None)).casefold()
    named = as_map(told.get("meta")).get("source") == "KinLog" or "kinlog" in about
    return named and isinstance(told.get("chat"), list)


def is_entry(record: object) -> bool:
    """Whether it is a line of KinLog 2.0."""
    told = as_map(record)
    return "timestamp" in told and all(isinstance(told.get(name), str) for name in ("username", "content", "signature"))


def is_of_interface(record: object) -> bool:
    """Whether it is a message of the official interface, or a page of them."""
    page = as_map(record).get("messages")
    if isinstance(page, list):
        return "hasMore" in as_map(as_map(record).get("pagination")) or any(map(_is_message, page))
    return _is_message(record)


def lines_in(record: object, tally: Tally) -> list[Line] | None:
    """The messages in one record; None when it is none of Kindroid's."""
    told = as_map(record)
    if is_kinlog(record):
        pairs = (as_list(pair) for pair in as_list(told.get("chat")))
        return [_line_of_page(as_text(pair[0]), as_text(pair[1]), tally) for pair in pairs if len(pair) == 2]
    if is_entry(record):
        line = _line_of_page(as_text(told.get("username")), as_text(told.get("content")), tally)
        id_ = tally.clean(as_text(told.get("signature")))
        return [line._replace(at=milliseconds(told.get("timestamp")), id=id_)]
    if is_of_interface(record):
        page = told.get("messages")
        listed = page if isinstance(page, list) else [record]
        found = [_line_of_interface(as_map(one), tally) for one in listed if _is_message(one)]
        odd = len(listed) - len(found)
        tally.count("entr[y|ies] of pages [was no message|were no messages] and [was|were] left out", odd)
        return found
    return None


def lines_of_text(file: SourceFile, tally: Tally) -> Iterator[Line]:
    """The messages of a log that was saved as text: two lines of header, then entries behind an empty line each.

    An entry is a name, a line break and the text. KinLog breaks lines with CR LF and what the page broke with LF, so
    that an empty line in a text is none of the log. Where the file was saved again with other line breaks, a paragraph
    of one line is taken for a part of the text before it.
    """
    with open_text(file) as text:
        whole = text.read()
        count_lost(text, tally)
    line_break = "\r\n" if "\r\n" in whole else "\n"
    paragraphs = whole.split(line_break * 2)[1:]
    for entry in paragraphs if line_break == "\r\n" else _entries(paragraphs):
        name, _line_break, said = entry.partition(line_break)
        if entry.strip():
            yield _line_of_page(name, said, tally)


def _entries(paragraphs: Sequence[str]) -> Iterator[str]:
    entry: list[str] = []
    for paragraph in (one.strip("\n") for one in paragraphs):
        if "\n" in paragraph and entry:
            yield "\n\n".join(entry)
            entry = []
        entry.append(paragraph)
    yield "\n\n".join(entry)


def _line_of_page(name: str, text: str, tally: Tally) -> Line:
    """Text that was read off a page is HTML, in which KinLog has marked actions with asterisks already."""
    plain = html.unescape(_TAG.sub("", _LINE_BREAK.sub("\n", text)))
    return Line(tally.clean(html.unescape(name)).strip(), tally.clean(plain).strip())


def _is_message(record: object) -> bool:
    told = as_map(record)
    return any(told.get(name) for name in _SHOWN) and "timestamp" in told and _side_of(told) is not None


def _side_of(told: Mapping[str, object]) -> Role | None:
    return _SIDES.get(as_text(told.get("sender_type"))) or _SIDES.get(as_text(told.get("sender")))


def _line_of_interface(told: Mapping[str, object], tally: Tally) -> Line:
    sender = as_text(told.get("sender"))
    name = as_text(told.get("display_name")) or ("" if sender in _SIDES else sender)
    id_ = told.get("id")
    return Line(
        tally.clean(name).strip(),
        tally.clean("\n".join(filter(None, (as_text(told.get("message")), *_attached(told))))),
        _side_of(told),
        milliseconds(told.get("timestamp")),
        tally.clean(str(id_)) if isinstance(id_, (str, int)) else "",
    )


def _attached(told: Mapping[str, object]) -> Iterator[str]:
    """One description stands for all pictures of a message."""
    description = one_line(as_text(told.get("image_description")), 200)
    for url in as_list(told.get("image_urls")):
        name = description or as_text(url).partition("?")[0].rpartition("/")[2]
        yield f"[image: {name}]" if name else "[image]"
    for kind in ("video", "link"):
        name = one_line(as_text(told.get(f"{kind}_description")) or as_text(told.get(f"{kind}_url")), 200)
        if name:
            yield f"[{kind}: {name}]"
