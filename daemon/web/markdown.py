"""Chat messages as HTML: Markdown as people and models write it, and nothing in it that could act or ask somebody else.

Raw HTML in a message is shown as the text it is. Pictures become links: what is shown must not tell a stranger that it
was looked at.
"""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_LONGEST = 100_000
"""Letters from which a message is shown as plain text: nobody reads its formatting, and all wait for it."""
_TAGS = set(
    "p br strong em s code pre blockquote ul ol li a hr table thead tbody tr th td".split()  # noqa: SIM905 - short
)
_ATTRIBUTES = {"a": {"href"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto"}


class Html(str):
    """HTML that was made here and is clean: templates put it into the page as it is."""

    __slots__ = ()

    def __html__(self) -> str:
        """What MarkupSafe, and so Jinja, asks for instead of escaping it."""
        return str(self)


def as_html(text: str) -> Html | None:
    """A message as clean HTML; None when it is too long to be shown so."""
    if len(text) > _LONGEST:
        return None
    import nh3

    return Html(
        nh3.clean(
            _parser().render(text),
            tags=_TAGS,
            attributes=_ATTRIBUTES,
            url_schemes=_SCHEMES,
            link_rel="noopener noreferrer nofollow",
        )
    )


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
    parser.disable(["image", "html_block", "html_inline"])
    # The page has headings of its own: those of a message would stand among them.
    parser.add_render_rule("heading_open", _heading_open)
    parser.add_render_rule("heading_close", _heading_close)
    return parser


def _heading_open(_self: Any, _tokens: Sequence[Any], _at: int, _options: Any, _env: Any) -> str:
    return "<p><strong>"


def _heading_close(_self: Any, _tokens: Sequence[Any], _at: int, _options: Any, _env: Any) -> str:
    return "</strong></p>\n"
