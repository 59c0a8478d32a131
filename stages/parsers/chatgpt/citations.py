"""Citation marks in ChatGPT's answers, which mean nothing outside its own page.

New ones are spans between private-use characters, `\\ue200<kind>\\ue202<token>[\\ue202<token>…]\\ue201`; old ones
look like `【4†report.pdf】`.
"""

import json
import re
from collections.abc import Mapping

from stages.parsers.reading.values import as_list, as_map, as_text

_SPAN = re.compile("\ue200([^\ue200-\ue206]*)((?:\ue202[^\ue200-\ue202]*)*)\ue201")
# The last one of an answer that was interrupted.
_CUT_SHORT = re.compile("\ue200(?:cite|filecite|navlist)(?:\ue202[^\\s\ue200-\ue206]*)*\\s*$")
_STRAY = re.compile("[\ue200-\ue206]")
_SPAN_BEGINS = "\ue200"
_OLD_BEGINS = "【"
_OLD = re.compile(r"【[^【】\n]{1,200}】")
_WITHOUT_WORDS = frozenset({"cite", "filecite", "navlist"})
# `turn0search1`: where in the conversation a source was found.
_REFERENCE = re.compile(r"(?:turn\d+\w+|[\d\W_]*)")


def without_marks(text: str, metadata: Mapping[str, object]) -> str:
    """`text` with each mark replaced by what the message's metadata says stands for it, or removed."""
    if text.isascii() or not _can_have_marks(text):
        return text
    if _OLD_BEGINS in text:  # first: their places are told for the text as it was
        text = _resolved(text, metadata)
    if _SPAN_BEGINS in text:
        text = _without_spans(text, metadata)
    return _STRAY.sub("", text)


def _can_have_marks(text: str) -> bool:
    # In UTF-8 every private-use mark begins with this byte, and little else does: far cheaper than a search for each.
    return b"\xee" in text.encode() or _OLD_BEGINS in text


def _without_spans(text: str, metadata: Mapping[str, object]) -> str:
    told = _told_of(metadata, _SPAN_BEGINS)
    for matched, alt in told.items():
        if not _SPAN.fullmatch(matched):  # several of them, or one with what stands around it
            text = text.replace(matched, alt)
    text = _SPAN.sub(lambda span: told[span[0]] if span[0] in told else _words_of(span), text)
    return _CUT_SHORT.sub("", text)


def _told_of(metadata: Mapping[str, object], mark: str) -> dict[str, str]:
    """What stands for each text with such a mark; others match a single blank."""
    references = map(as_map, as_list(metadata.get("content_references")))
    told = ((as_text(one.get("matched_text")), as_text(one.get("alt"))) for one in references)
    return {matched: alt for matched, alt in told if mark in matched}


def _words_of(span: re.Match[str]) -> str:
    """The last token of a span that has words: a kind that is not known here can carry a name to show."""
    if span[1] in _WITHOUT_WORDS:
        return ""
    words = [token for token in span[2].split("\ue202") if not _REFERENCE.fullmatch(token)]
    return _readable(words[-1]) if words else ""


def _readable(token: str) -> str:
    """The words of a token. Some are JSON: `["city", "Paris", …]` names a thing, an object is for the page only."""
    if not token.startswith(("[", "{")):
        return token
    try:
        told = [text for text in as_list(json.loads(token)) if isinstance(text, str)]
    except (ValueError, RecursionError):
        return ""
    return next(iter(told[1:] or told), "")


def _resolved(text: str, metadata: Mapping[str, object]) -> str:
    """Old marks are replaced by the name of their source where the metadata tells it (by code points), or stay."""
    told, names = _told_of(metadata, _OLD_BEGINS), {}
    for citation in map(as_map, as_list(metadata.get("citations"))):
        source, place = as_map(citation.get("metadata")), citation.get("start_ix")
        if isinstance(place, int):
            names[place] = as_text(source.get("title")) or as_text(source.get("name"))

    def named(mark: re.Match[str]) -> str:
        name = names.get(mark.start())
        return f" ({name})" if name else told.get(mark[0]) or mark[0]

    return _OLD.sub(named, text)
