"""Google's activity as a web page, Takeout's default: one card for each activity.

A card is a `<div class="outer-cell …">` of four cells. The header names the product; the body holds the title, remarks
(attached files, generated images), the time and the answer, with `<br>` between them; a cell holds previews; and the
caption, among other things, the links to the chats. Only classes are fixed: every word is in the language of the
account. A page can have hundreds of megabytes: it is cut into cards while it is read.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import tzinfo
from html import unescape
from typing import NamedTuple, TextIO
from urllib.parse import unquote

from stages.parsers.contract import Broken, Record, Skipped
from stages.parsers.gemini.dates import Moment, is_like_a_time, moment_of
from stages.parsers.gemini.records import Activity, Remark, chats_in, counts_pictures, is_name_of_gemini, turn_of
from stages.parsers.gemini.titles import prompt_of
from stages.parsers.gemini.turns import Turn
from stages.parsers.reading.values import Tally, one_line

_CHUNK = 1 << 18
LARGEST_CARD = 16 << 20
"""Characters. A larger one is given up."""

# Google's tags are shorter; the bound keeps the search for them linear.
_TAG_LENGTH = 300
_INSIDE = rf"[^<>]{{0,{_TAG_LENGTH}}}"
_LONGEST_CARD_TAG = 2 * _TAG_LENGTH + len("<div outer-cell>")
_CARD = re.compile(rf"<div\b{_INSIDE}?\bouter-cell\b{_INSIDE}>", re.IGNORECASE)
_DIV_TAG = re.compile(rf"<div\b([^<>]{{0,{2 * _TAG_LENGTH}}})>", re.IGNORECASE)
_DIV = re.compile(r"<(/?)div\b", re.IGNORECASE)
_END = re.compile(r"</(?:html|body)\s*>\s*\Z", re.IGNORECASE)
_SPACE_BEHIND_END = 1000

_BLOCK_TAGS = r"(?:p|div|h[1-6]|ul|ol|pre|table|blockquote|hr)\b"
_BLOCK = re.compile(rf"<{_BLOCK_TAGS}", re.IGNORECASE)
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
# Several answers stand one behind the other, each with a line break behind it.
_END_OF_ANSWER = re.compile(rf"(</{_BLOCK_TAGS}>|<hr>)\n?<br\s*/?>(?=\s*<{_BLOCK_TAGS})", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_LINK = re.compile(r"<a\b[^<>]*?\bhref\s*=\s*[\"']([^\"'<>]*)[\"'][^<>]*>([^<>]*)</a>", re.IGNORECASE)
_IMAGE = re.compile(r"<img\b[^<>]*?\bsrc\s*=\s*[\"']([^\"'<>]*)[\"']", re.IGNORECASE)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|/", re.IGNORECASE)
_YOUTUBE = re.compile(r"https?://googleusercontent\.com/youtube_content/\d+")
_LONGEST_COUNT = 60
_LONGEST_TIME = 400  # with its tags and entities
_TAILS = ("<br>", "</div>", "\n", " ", "<br/>", "<br />")


class Card(NamedTuple):
    """One card of a page: its number, from 1, and its HTML.

    `is_followed`: whether another card comes behind it, or the end of the page.
    """

    number: int
    html: str
    is_followed: bool = True

    @property
    def is_closed(self) -> bool:
        """Whether nothing of it is missing."""
        return self.is_followed or sum(-1 if tag[1] else 1 for tag in _DIV.finditer(self.html)) <= 0


class _Cells(NamedTuple):
    header: str
    body: str
    previews: str
    caption: str

    @property
    def product(self) -> str:
        """The first words of the header."""
        return next(filter(None, map(_words, _TAG.split(self.header))), "")


class _Line(NamedTuple):
    """Where a line begins and ends, and where the next one begins."""

    begin: int
    end: int
    after: int


class _Told(NamedTuple):
    """A body cut at its time. `lines` and `answer` are HTML."""

    lines: Sequence[str]
    moment: Moment
    answer: str


def cards_of(page: TextIO) -> Iterator[Card]:
    """The cards of `page`, of which it holds one at a time. One that is too large comes empty."""
    text, looked, number, lost = "", 0, 0, False
    while more := page.read(max(_CHUNK, len(text))):
        text += more
        begin = 0
        while found := _CARD.search(text, looked):
            if number:
                yield Card(number, "" if lost else text[begin : found.start()])
            begin, looked, number, lost = found.start(), found.end(), number + 1, False
        lost = lost or len(text) - begin > LARGEST_CARD
        looked = max(looked, len(text) - _LONGEST_CARD_TAG)
        if lost or not number:
            begin = looked
        text, looked = text[begin:], looked - begin
    if number:
        yield Card(number, "" if lost else text, _END.search(text[-_SPACE_BEHIND_END:]) is not None)


def is_card_of_gemini(card: Card) -> bool:
    """Whether the header of the card names Gemini, or its caption links to a chat."""
    return _are_of_gemini(_cells(card.html))


def turn_in_card(card: Card, zone: tzinfo, tally: Tally) -> Turn | Record:
    """The turn that a card is, else what is to be said about it. What has no known zone is read in `zone`."""
    position = f"card {card.number}"
    if not card.html:
        return Broken(position, f"it is larger than {LARGEST_CARD >> 20} MiB")
    cells = _cells(card.html)
    if not _are_of_gemini(cells):
        return Skipped("activity of another Google product")
    activity = _activity(cells, zone) or _activity_by_header(cells, zone)
    if activity is None:
        return Broken(position, _why_without_time(cells))
    if not activity.sure:
        tally.count("time[|s] named no zone that is known, and [was read as a local one|were read as local ones]")
    return turn_of(activity, tally)


def _are_of_gemini(cells: _Cells) -> bool:
    return is_name_of_gemini(cells.product) or bool(chats_in(unescape(cells.caption)))


def _cells(html: str) -> _Cells:
    """The cells of a card. Each ends where the next begins: what closes it is left in it, and harms nobody."""
    tags = [tag for tag in _DIV_TAG.finditer(html) if "header-cell" in tag[1] or "content-cell" in tag[1]]
    found: dict[str, str] = {}
    for place, tag in enumerate(tags):
        end = tags[place + 1].start() if place + 1 < len(tags) else len(html)
        found.setdefault(_role(tag[1]), html[tag.end() : end])
    return _Cells(*(found.get(role, "") for role in _Cells._fields))


def _role(attributes: str) -> str:
    if "header-cell" in attributes:
        return "header"
    if "caption" in attributes:
        return "caption"
    return "previews" if "text-right" in attributes else "body"


def _activity(cells: _Cells, zone: tzinfo) -> Activity | None:
    """What the card tells, None when no line of its body is a time."""
    told = _told(cells.body, zone)
    if told is None:
        return None
    title, remarks = _title_and_remarks(told.lines)
    return Activity(
        title,
        *told.moment,
        answers=_answers(told.answer),
        chats=chats_in(unescape(cells.caption)) or _chat_of_title(told.lines[:1]),
        remarks=remarks,
        stored=[unquote(unescape(source)) for source in _IMAGE.findall(cells.previews)],
    )


def _told(body: str, zone: tzinfo) -> _Told | None:
    """The body cut at its time, None when it has none.

    It is the last line that is a time before the first block, with which the answer begins: a prompt can hold such
    lines as well. Where there is none, the first one behind.
    """
    block = _BLOCK.search(body)
    before = _lines(body[: block.start()] if block else body)
    found = _time_among(before, range(len(before) - 1, -1, -1), body, zone)
    if found or not block:
        return found
    lines = _lines(body)
    return _time_among(lines, range(len(before) - 1, len(lines)), body, zone)


def _time_among(lines: Sequence[_Line], places: Iterable[int], body: str, zone: tzinfo) -> _Told | None:
    for place in places:
        begin, end, after = lines[place]
        moment = moment_of(_words(body[begin:end]), zone) if end - begin <= _LONGEST_TIME else None
        if moment:
            return _Told([body[line.begin : line.end] for line in lines[:place]], moment, body[after:])
    return None


def _lines(html: str) -> list[_Line]:
    lines, begin = [], 0
    for found in _BREAK.finditer(html):
        lines.append(_Line(begin, found.start(), found.end()))
        begin = found.end()
    return [*lines, _Line(begin, len(html), len(html))]


def _words(html: str) -> str:
    return unescape(_TAG.sub("", html)).strip()


def _title_and_remarks(lines: Sequence[str]) -> tuple[str, list[Remark]]:
    """The title, whose prompt can have several lines, and the remarks behind it.

    A remark that is not recognised stays in the prompt, and gives the turn another id than JSON does.
    """
    remarks: list[Remark] = []
    title = list(lines)
    while len(title) > 1 and (remark := _remark(title[-1], remarks[-1:])):
        remarks.append(remark)
        title.pop()
    return "\n".join(map(_indented, title)), remarks[::-1]


def _indented(html: str) -> str:
    """The words of a line with the blanks before them, unless those are of the markup."""
    text = unescape(_TAG.sub("", html))
    return text.strip() if text[:1] in ("\n", "\r") else text.rstrip()


def _remark(html: str, below: Sequence[Remark]) -> Remark | None:
    """The remark that a line is, None when it is none: nothing but this tells it from a line of the prompt.

    It is one when all of it is a link; when it counts the files on the lines `below`; and when it is one of few known.
    """
    words, link = _words(html), _LINK.search(html)
    name = words.removeprefix("-").strip()
    if link and _words(link[2]).removeprefix("-").strip() == name:
        address = unescape(link[1])
        is_file = words.startswith("-") or not _ELSEWHERE.match(address)
        return Remark(f"- {name}" if is_file else words, address)
    counts = len(words) <= _LONGEST_COUNT and any(char.isdecimal() for char in words)
    if counts_pictures(words) or _YOUTUBE.fullmatch(words) or (counts and below and below[0].url):
        return Remark(words)
    return None


def _chat_of_title(lines: Sequence[str]) -> tuple[str, ...]:
    """The chat to which all of the prompt links; an address that was typed links to itself at most."""
    for line in lines:
        link = _LINK.search(line)
        if link and not _words(line[link.end() :]) and link[2] != link[1]:
            return chats_in(unescape(link[1]))
    return ()


def _answers(html: str) -> list[str]:
    """The answers in what stands behind the time, without what only separates and closes."""
    end = len(html)
    while end:
        last = next((tail for tail in _TAILS if html.endswith(tail, 0, end)), "")
        if not last:
            break
        end -= len(last)
    answers, begin = [], 0
    for found in _END_OF_ANSWER.finditer(html, 0, end):
        answers.append(html[begin : found.end(1)])
        begin = found.end()
    answers.append(html[begin:end])
    return [answer for answer in answers if answer.strip()]


def _activity_by_header(cells: _Cells, zone: tzinfo) -> Activity | None:
    """What a card of another layout tells: label and time in the header, prompt and answer as blocks in the body."""
    words = [words for words in map(_words, _TAG.split(cells.header)) if words][1:]
    moments = [moment for one in words if (moment := moment_of(one, zone))]
    if not moments:
        return None
    label = " ".join(one for one in words if moment_of(one, zone) is None)
    prompt, _, answer = cells.body.partition("</p>")
    title = f"{label} {_words(prompt)}"
    # Where the label is not known, nothing tells that what follows is an answer.
    answers = _answers(answer) if prompt_of(title)[1] else ()
    return Activity(title, *moments[0], answers=answers, chats=chats_in(unescape(cells.caption)))


def _why_without_time(cells: _Cells) -> str:
    lines = (_words(cells.body[line.begin : line.end]) for line in _lines(cells.body))
    unread = next(filter(is_like_a_time, lines), "")
    return f"its time cannot be read: {one_line(unread)}" if unread else "there is no time in it"
