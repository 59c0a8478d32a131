"""Chat messages as HTML: what people meant is shown, and nothing of it acts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from daemon.web.markdown import as_html


def html(text: str) -> str:
    made = as_html(text)
    assert made is not None
    return str(made)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**bold** and *soft*", "<p><strong>bold</strong> and <em>soft</em></p>"),
        ("one\ntwo", "<p>one<br>\ntwo</p>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("```python\nx < 1\n```", "<pre><code>x &lt; 1\n</code></pre>"),
        ("# Title", "<p><strong>Title</strong></p>"),
        ("<b>raw</b>", "<p>&lt;b&gt;raw&lt;/b&gt;</p>"),
        ("~~gone~~", "<p><s>gone</s></p>"),
    ],
)
def test_markdown_is_shown_as_it_was_meant(text: str, expected: str) -> None:
    assert html(text).strip() == expected


def test_links_know_nothing_of_the_page_they_were_on() -> None:
    made = html("[here](https://example.org/?a=1&b=2)")

    assert 'href="https://example.org/?a=1&amp;b=2"' in made
    assert 'rel="noopener noreferrer nofollow"' in made


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![](https://example.org/x.png)",
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:x)",
        "<svg/onload=alert(1)>",
        "`<script>`</script><iframe src=x>",
        "[a]: javascript:alert(1)\n[a]",
        "<a href=javascript:alert(1) style=x onclick=y>z</a>",
        "\x00<scr\x00ipt>",
    ],
)
def test_nothing_in_a_message_acts(text: str) -> None:
    assert_harmless(html(text))


@given(st.text(st.sampled_from(list("<>\"'&/=![]()#*_`~|-\n :abjscript")), max_size=60))
def test_no_message_makes_an_element_that_acts(text: str) -> None:
    assert_harmless(html(text))


def assert_harmless(made: str) -> None:
    allowed = {"p", "br", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a", "hr"}
    allowed |= {"table", "thead", "tbody", "tr", "th", "td", "html", "head", "body"}
    for node in LexborHTMLParser(made).css("*"):
        assert node.tag in allowed, made
        assert set(node.attributes) <= {"href", "rel", "start"}, made
        assert (node.attributes.get("href") or "https:").startswith(("http:", "https:", "mailto:")), made


def test_a_message_that_is_very_long_is_shown_as_plain_text() -> None:
    assert as_html("x" * 100_001) is None
