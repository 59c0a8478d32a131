"""Markdown from the HTML of one of Gemini's answers, as Google's activity export holds it.

The tags are those of rendered Markdown, without classes or languages; formulas are text. Unknown tags are unwrapped.
"""

import re
from collections.abc import Iterator
from html import unescape

from selectolax.lexbor import LexborHTMLParser, LexborNode

_DEEPEST = 60
"""Levels of tags that are followed; deeper, only the text counts."""

_MOST_OPEN = 1000
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)[^<>]*>")
_OFTEN_NOT_CLOSED = frozenset({"br", "dd", "dt", "hr", "img", "input", "li", "option", "p", "td", "th", "tr", "wbr"})
_KEPT = "\x01"
"""Marks blank lines of code while the others are brought down to one."""

_DROPPED = frozenset({"script", "style", "head", "title", "noscript", "template"})
_BLOCKS = frozenset({"p", "div", "section", "article", "blockquote", "pre", "ul", "ol", "table", "hr", "body", "html"})
_HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)}
_AROUND = {"strong": "**", "b": "**", "em": "*", "i": "*", "del": "~~", "s": "~~"}
_SPACE = re.compile(r"[ \t\r\n\f]+")
_MANY_BREAKS = re.compile(r"\n{3,}")
_BLANK_LINES = re.compile(r"\n(?=\n)")
_FENCE = re.compile(r"`{3,}")


def markdown_of(html: str) -> str:
    """The Markdown that `html` stands for, without space around it."""
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
    # Blanks at the end of a line come from the markup; inside code they mean nothing either.
    lines = (line.rstrip() for line in text.split("\n"))
    return _MANY_BREAKS.sub("\n\n", "\n".join(lines)).strip()


def _children(node: LexborNode) -> Iterator[LexborNode]:
    return node.iter(include_text=True)


def _inside(node: LexborNode, depth: int) -> str:
    if depth > _DEEPEST:
        return _SPACE.sub(" ", node.text())
    return "".join(_one(child, depth + 1) for child in _children(node))


def _one(node: LexborNode, depth: int) -> str:
    tag = node.tag or ""
    if tag == "-text":
        return _SPACE.sub(" ", node.text(deep=False))
    if tag in _DROPPED or tag.startswith("-"):
        return ""
    if tag in _HEADINGS:
        return f"\n\n{_HEADINGS[tag]} {_flat(node, depth)}\n\n"
    if tag in _AROUND:
        return _around(_AROUND[tag], _inside(node, depth))
    render = _RENDERED.get(tag)
    if render is not None:
        return render(node, depth)
    inner = _inside(node, depth)
    return f"\n\n{inner.strip()}\n\n" if tag in _BLOCKS else inner


def _around(mark: str, inner: str) -> str:
    """`mark` around the words; blanks stay outside, where Markdown needs them."""
    words = inner.strip()
    if not words:
        return inner
    before = " " if inner[0].isspace() else ""
    after = " " if inner[-1].isspace() else ""
    return f"{before}{mark}{words}{mark}{after}"


def _flat(node: LexborNode, depth: int) -> str:
    return " ".join(_inside(node, depth).split())


def _break(node: LexborNode, depth: int) -> str:
    del node, depth
    return "\n"


def _rule(node: LexborNode, depth: int) -> str:
    del node, depth
    return "\n\n---\n\n"


def _code(node: LexborNode, depth: int) -> str:
    del depth
    text = node.text()
    return f"`` {text} ``" if "`" in text else f"`{text}`" if text else ""


def _preformatted(node: LexborNode, depth: int) -> str:
    del depth
    text = _BLANK_LINES.sub(lambda lines: lines[0].replace("\n", "\n" + _KEPT), node.text().strip("\n"))
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
    numbered = node.tag == "ol"
    items = [child for child in _children(node) if child.tag not in ("-text", "-comment")]
    lines = []
    for number, item in enumerate(items, 1):
        mark = f"{number}. " if numbered else "- "
        lines.append(_prefixed(_tight(_tidy(_inside(item, depth))), mark, " " * len(mark)))
    return "\n\n" + "\n".join(lines) + "\n\n"


def _tight(text: str) -> str:
    """An item of a list without the blank lines that paragraphs in it bring, unless there is code in it."""
    return text if "```" in text else text.replace("\n\n", "\n")


def _prefixed(text: str, first: str, others: str) -> str:
    lines = text.split("\n")
    return "\n".join((first if number == 0 else others) + line for number, line in enumerate(lines))


def _table(node: LexborNode, depth: int) -> str:
    sections = [child for child in _children(node) if child.tag in ("thead", "tbody", "tfoot")]
    rows = [_row(row, depth) for section in sections for row in _children(section) if row.tag == "tr"]
    rows = [row for row in rows if row]
    if not rows:
        return ""
    width = max(map(len, rows))
    lines = ["| " + " | ".join(row + [""] * (width - len(row))) + " |" for row in rows]
    lines.insert(1, "|" + " --- |" * width)
    return "\n\n" + "\n".join(lines) + "\n\n"


def _row(node: LexborNode, depth: int) -> list[str]:
    return [_cell(cell, depth) for cell in _children(node) if cell.tag in ("td", "th")]


def _cell(node: LexborNode, depth: int) -> str:
    return _flat(node, depth + 2).replace("|", r"\|")


_RENDERED = {
    "a": _link,
    "blockquote": _quote,
    "br": _break,
    "code": _code,
    "hr": _rule,
    "img": _image,
    "ol": _list,
    "pre": _preformatted,
    "table": _table,
    "ul": _list,
}
