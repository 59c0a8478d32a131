"""Markdown from the HTML of one of Gemini's answers, as Google's activity export holds it.

The tags are those of rendered Markdown, without classes or languages; formulas are text. Unknown tags are unwrapped.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from html import unescape

from selectolax.lexbor import LexborHTMLParser, LexborNode

_DEEPEST = 60
"""Levels of tags that are followed; deeper, only the text counts."""

_MOST_OPEN = 1000
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)[^<>]*>")
_OFTEN_NOT_CLOSED = frozenset({"br", "dd", "dt", "hr", "img", "input", "li", "option", "p", "td", "th", "tr", "wbr"})
_KEPT = "\x01"
"""Marks blank lines of code while the others are brought down to one."""

_PARAGRAPHS_ONLY = re.compile(r"\s*(?:<p>[^<\x01]*</p>\s*)+")
_SPACE = re.compile(r"[ \t\r\n\f]+")
_BLANK_LINES = re.compile(r"\n(?=\n)")
_FENCE = re.compile(r"`{3,}")


def markdown_of(html: str) -> str:
    """The Markdown that `html` stands for, without space around it."""
    if _PARAGRAPHS_ONLY.fullmatch(html):
        return _paragraphs(html)
    if _nests_too_deeply(html):
        return _tidy(unescape(_TAG.sub(" ", html)))
    body = LexborHTMLParser(html.replace(_KEPT, "")).body
    return _tidy(_inside(body, 0)).replace(_KEPT, "") if body is not None else ""


def images_of(html: str) -> list[str]:
    """Sources of the images in `html`."""
    if "<img" not in html or _nests_too_deeply(html):
        return []
    sources = (node.attributes.get("src") for node in LexborHTMLParser(html).css("img"))
    return [source for source in sources if source]


def _paragraphs(html: str) -> str:
    """What most short answers are: to set up a parser takes longer than to read them."""
    texts = (_squeezed(unescape(part.partition("<p>")[2])).strip() for part in html.split("</p>"))
    return "\n\n".join(filter(None, texts))


def _nests_too_deeply(html: str) -> bool:
    """Whether the parser, which takes quadratic time for it, is not to see it."""
    if html.count("<") <= _MOST_OPEN:
        return False
    open_tags = 0
    for tag in _TAG.finditer(html):
        if tag[2].lower() not in _OFTEN_NOT_CLOSED:
            open_tags += -1 if tag[1] else 1
        if open_tags > _MOST_OPEN:
            return True
    return False


def _tidy(text: str) -> str:
    if "\n" not in text:
        return text.strip()
    # Blanks at the end of a line come from the markup; inside code they mean nothing either.
    lines = "\n".join(map(str.rstrip, text.split("\n")))
    while "\n\n\n" in lines:  # several times faster than a pattern
        lines = lines.replace("\n\n\n", "\n\n")
    return lines.strip()


def _squeezed(text: str) -> str:
    """`text` with one blank for white space that stands together, as a browser shows it."""
    if text == "\n":  # what stands between blocks
        return " "
    # Most text has none such: to look for it costs far less than to replace every blank by itself.
    if "\n" in text or "  " in text or "\t" in text or "\r" in text or "\f" in text:
        return _SPACE.sub(" ", text)
    return text


def _inside(node: LexborNode, depth: int) -> str:
    if depth > _DEEPEST:
        return _squeezed(node.text())
    parts = []
    child = node.first_child
    while child is not None:
        if child.is_text_node:
            parts.append(_squeezed(child.text_content or ""))
        elif child.is_element_node:
            parts.append(_RENDERED.get(child.tag or "", _inside)(child, depth + 1))
        child = child.next
    return "".join(parts)


def _flat(node: LexborNode, depth: int) -> str:
    return " ".join(_inside(node, depth).split())


def _block(node: LexborNode, depth: int) -> str:
    return f"\n\n{_inside(node, depth).strip()}\n\n"


def _heading(mark: str, node: LexborNode, depth: int) -> str:
    return f"\n\n{mark} {_flat(node, depth)}\n\n"


def _around(mark: str, node: LexborNode, depth: int) -> str:
    """`mark` around the words; blanks stay outside, where Markdown needs them."""
    inner = _inside(node, depth)
    words = inner.strip()
    if not words:
        return inner
    before = " " if inner[0].isspace() else ""
    after = " " if inner[-1].isspace() else ""
    return f"{before}{mark}{words}{mark}{after}"


def _always(text: str, node: LexborNode, depth: int) -> str:
    del node, depth
    return text


def _code(node: LexborNode, depth: int) -> str:
    del depth
    text = node.text()
    return f"`` {text} ``" if "`" in text else f"`{text}`" if text else ""


def _preformatted(node: LexborNode, depth: int) -> str:
    del depth
    text = _BLANK_LINES.sub("\n" + _KEPT, node.text().strip("\n"))
    fence = "`" * max(3, 1 + max(map(len, _FENCE.findall(text)), default=0))
    return f"\n\n{fence}\n{text}\n{fence}\n\n"


def _quote(node: LexborNode, depth: int) -> str:
    return "\n\n" + _prefixed(_tidy(_inside(node, depth)), "> ", "> ") + "\n\n"


def _link(node: LexborNode, depth: int) -> str:
    words, target = _flat(node, depth), node.attributes.get("href") or ""
    if not target or target == words:
        return words or target
    return f"[{words}]({target})"


def _image(node: LexborNode, depth: int) -> str:
    del depth
    name = node.attributes.get("src") or node.attributes.get("alt") or ""
    return f"[image: {name}]" if name else "[image]"


def _list(node: LexborNode, depth: int) -> str:
    lines = []
    for number, item in enumerate((child for child in node.iter() if child.is_element_node), 1):
        mark = f"{number}. " if node.tag == "ol" else "- "
        lines.append(_prefixed(_tight(_tidy(_inside(item, depth))), mark, " " * len(mark)))
    return "\n\n" + "\n".join(lines) + "\n\n"


def _tight(text: str) -> str:
    """An item of a list without the blank lines that paragraphs in it bring, unless there is code in it."""
    return text if "```" in text else text.replace("\n\n", "\n")


def _prefixed(text: str, first: str, others: str) -> str:
    return first + text.replace("\n", "\n" + others)


def _table(node: LexborNode, depth: int) -> str:
    sections = [child for child in node.iter() if child.tag in ("thead", "tbody", "tfoot")]
    rows = [_row(row, depth) for section in sections for row in section.iter() if row.tag == "tr"]
    rows = [row for row in rows if row]
    if not rows:
        return ""
    width = max(map(len, rows))
    lines = ["| " + " | ".join(row + [""] * (width - len(row))) + " |" for row in rows]
    lines.insert(1, "|" + " --- |" * width)
    return "\n\n" + "\n".join(lines) + "\n\n"


def _row(node: LexborNode, depth: int) -> list[str]:
    return [_cell(cell, depth) for cell in node.iter() if cell.tag in ("td", "th")]


def _cell(node: LexborNode, depth: int) -> str:
    return _flat(node, depth + 2).replace("|", r"\|")


_RENDERED: Mapping[str, Callable[[LexborNode, int], str]] = {
    **dict.fromkeys(("script", "style", "head", "title", "noscript", "template"), partial(_always, "")),
    **dict.fromkeys(("p", "div", "section", "article"), _block),
    **{f"h{level}": partial(_heading, "#" * level) for level in range(1, 7)},
    **dict.fromkeys(("strong", "b"), partial(_around, "**")),
    **dict.fromkeys(("em", "i"), partial(_around, "*")),
    **dict.fromkeys(("del", "s"), partial(_around, "~~")),
    "a": _link,
    "blockquote": _quote,
    "br": partial(_always, "\n"),
    "code": _code,
    "hr": partial(_always, "\n\n---\n\n"),
    "img": _image,
    "ol": _list,
    "pre": _preformatted,
    "table": _table,
    "ul": _list,
}
