"""Citation marks in ChatGPT's answers, which mean nothing outside its own page.

New ones are spans between private-use characters, `\\ue200<kind>\\ue202<token>[\\ue202<token>…]\\ue201`; old ones
look like `【4†report.pdf】`.
"""

import re
from collections.abc import Mapping

from stages.parsers.reading.values import as_list, as_map, as_text

_SPAN = re.compile("\ue200([^\ue200-\ue206]*)((?:\ue202[^\ue200-\ue202]*)*)\ue201")
_STRAY = re.compile("[\ue200-\ue206]")
_SPAN_BEGINS = "\ue200"
_OLD = re.compile(r"【[^【】\n]{1,200}】")
_WITHOUT_WORDS = frozenset({"cite", "filecite", "navlist"})
# `turn0search1`: where in the conversation a source was found.
_REFERENCE = re.compile(r"(?:turn\d+\w+|[\d\W_]*)")


def without_marks(text: str, metadata: Mapping[str, object]) -> str:
    """`text` with each mark replaced by what the message's metadata says stands for it, or removed."""
    if text.isascii() or not _can_have_marks(text):
        return text
    if _SPAN_BEGINS in text:
        for reference in map(as_map, as_list(metadata.get("content_references"))):
            matched = as_text(reference.get("matched_text"))
            if _SPAN_BEGINS in matched:  # others match a single blank
                text = text.replace(matched, as_text(reference.get("alt")))
        text = _SPAN.sub(_words_of, text)
    if "【" in text:
        text = _resolved(text, metadata)
    return _STRAY.sub("", text)


def _can_have_marks(text: str) -> bool:
    # In UTF-8 every private-use mark begins with this byte, and little else does: far cheaper than a search for each.
    return b"\xee" in text.encode() or "【" in text


def _words_of(span: re.Match[str]) -> str:
    """The last token of a span that has words: a kind that is not known here can carry a name to show."""
    if span[1] in _WITHOUT_WORDS:
        return ""
    words = [token for token in span[2].split("\ue202") if not _REFERENCE.fullmatch(token)]
    return words[-1] if words else ""


def _resolved(text: str, metadata: Mapping[str, object]) -> str:
    """Old marks are replaced by the name of their source where the metadata tells it (by code points), or stay."""
    names = {}
    for citation in map(as_map, as_list(metadata.get("citations"))):
        source = as_map(citation.get("metadata"))
        names[citation.get("start_ix")] = as_text(source.get("title")) or as_text(source.get("name"))
    return _OLD.sub(lambda mark: f" ({names[mark.start()]})" if names.get(mark.start()) else mark[0], text)
