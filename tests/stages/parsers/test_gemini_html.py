"""Markdown from the HTML of answers."""

import pytest

from stages.parsers.gemini.markdown import images_of, markdown_of


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<p>One</p>\n<p>two<br>three</p>", "One\n\ntwo\nthree"),
        ("<div><div>A</div>B</div>", "A\n\nB"),
        ("A <strong>bold </strong>word, <em>soft</em> <del>gone</del><b></b>", "A **bold** word, *soft* ~~gone~~"),
        ("<h3>Head <code>x</code></h3><p>y</p>", "### Head `x`\n\ny"),
        ("<ul><li>a</li><li><p>b</p><ul><li>c</li></ul></li></ul>", "- a\n- b\n  - c"),
        ("<ol><li>a</li><li>b</li></ol>", "1. a\n2. b"),
        ("<pre><code>if a &lt; b:\n    pass\n\n\nend\n</code></pre>", "```\nif a < b:\n    pass\n\n\nend\n```"),
        ("<pre>```</pre>", "````\n```\n````"),
        ("<li><pre>a\n\n\nb</pre></li>", "```\na\n\n\nb\n```"),
        ("<code>a`b</code>", "`` a`b ``"),
        ("<blockquote><p>q</p><p>r</p></blockquote>", "> q\n>\n> r"),
        ("<hr>", "---"),
        (
            '<a href="https://x.y">words</a> <a href="https://x.y">https://x.y</a> <a>z</a>',
            "[words](https://x.y) https://x.y z",
        ),
        ('<img src="a.png"> <img alt="b"> <img>', "[image: a.png] [image: b] [image]"),
        (
            "<table><thead><tr><th>A</th><th>B</th></tr></thead><tbody><tr><td>1|2</td></tr></tbody></table>",
            "| A | B |\n| --- | --- |\n| 1\\|2 |  |",
        ),
        ("<table></table>", ""),
        ("<script>x</script><style>y</style><!-- z --><custom-tag>kept</custom-tag>", "kept"),
        ("a &amp; b &lt;c&gt; $x_1$", "a & b <c> $x_1$"),
        ("plain text", "plain text"),
        ("<p>a &lt;b&gt; &amp;\n  c&nbsp;d</p>\n<p> </p><p>&#32;e\t f&#10;g</p>\n", "a <b> & c\xa0d\n\ne f g"),
        ("<P>a</P><p>b", "a\n\nb"),
        ("<p>a</p>\n<p>b <i>c</i></p>", "a\n\nb *c*"),
        ("<ul><!-- x --><li>a</li>\n<!-- y --><li>b</li></ul>", "- a\n- b"),
        ("<ol>\n<li><p>a</p>\n<p>b</p></li>\n<li>c</li></ol>", "1. a\n   b\n2. c"),
        ("<p>a\r\nb\fc</p><div>d\r\ne</div>", "a b c\n\nd e"),
        ("<p>a \x01 b</p>", "a b"),
        ("", ""),
    ],
)
def test_html_becomes_the_markdown_it_stands_for(html: str, markdown: str) -> None:
    assert markdown_of(html) == markdown


@pytest.mark.parametrize(
    ("tag", "html", "markdown"),
    [
        ("strong", "<p>a <strong>b</strong></p>", "a **b**"),
        ("p", "<p>a</p><p>b</p>", "a\n\nb"),
        ("p among others", "<p>a</p><p><b>b</b></p>", "a\n\n**b**"),
        ("code", "<p><code>a &lt; b</code></p>", "`a < b`"),
        ("li", "<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ("h2", "<h2>a</h2>b", "## a\n\nb"),
        ("h3", "<h3>a</h3>b", "### a\n\nb"),
        ("h4", "<h4>a</h4>b", "#### a\n\nb"),
        ("hr", "<p>a</p><hr><p>b</p>", "a\n\n---\n\nb"),
        ("ul", "<p>a</p><ul><li>b</li></ul>", "a\n\n- b"),
        ("ol", "<ol><li>a</li><li>b</li></ol>", "1. a\n2. b"),
        ("td", "<table><tr><td>a</td><td>b</td></tr></table>", "| a | b |\n| --- | --- |"),
        ("th", "<table><tr><th>a</th></tr><tr><td>b</td></tr></table>", "| a |\n| --- |\n| b |"),
        ("tr", "<table><tr><td>a</td></tr><tr><td>b</td></tr></table>", "| a |\n| --- |\n| b |"),
        ("table", "<p>a</p><table><tr><td>b</td></tr></table><p>c</p>", "a\n\n| b |\n| --- |\n\nc"),
        ("pre", "<pre><code>a\n  b\n</code></pre>", "```\na\n  b\n```"),
        ("em", "<em>a</em> b", "*a* b"),
        ("br", "<p>a<br>b</p>", "a\nb"),
        ("blockquote", "<blockquote>a</blockquote>b", "> a\n\nb"),
        ("a", '<a href="https://x.y/">a</a>', "[a](https://x.y/)"),
        ("img", 'a <img src="fox.png">', "a [image: fox.png]"),
        ("div", "<div>a</div><div>b</div>", "a\n\nb"),
        ("span", "a<span>b</span> <span>c</span>", "ab c"),
        ("thead", "<table><thead><tr><th>a</th></tr></thead></table>", "| a |\n| --- |"),
        ("tbody", "<table><tbody><tr><td>a</td></tr></tbody></table>", "| a |\n| --- |"),
        ("script", "a<script>b()</script>", "a"),
        ("style", "a<style>b{}</style>", "a"),
        ("unknown", "a <blink-tag>b</blink-tag>", "a b"),
        ("formula", "<p>$x_1 &lt; \\frac{1}{2}$</p>", "$x_1 < \\frac{1}{2}$"),
        ("escaped", "<pre><code>&lt;p&gt;a&lt;/p&gt;</code></pre>", "```\n<p>a</p>\n```"),
    ],
)
def test_each_tag_that_answers_were_seen_with_is_rendered(tag: str, html: str, markdown: str) -> None:
    assert (tag, markdown_of(html)) == (tag, markdown)


@pytest.mark.parametrize("tag", ["div", "b", "ul><li", "table><tr><td", "blockquote", "a"])
@pytest.mark.parametrize("depth", [100, 300, 50_000])
def test_deep_nesting_is_read_at_once_and_keeps_its_words(tag: str, depth: int) -> None:
    assert "deep" in markdown_of(f"<{tag}>" * depth + "deep")


def test_many_tags_side_by_side_are_not_taken_for_deep_nesting() -> None:
    assert markdown_of("<p>a</p>" * 2000).count("a") == 2000
    assert markdown_of("<p><b>a</b>" * 2000).count("**a**") == 2000


def test_a_paragraph_reads_the_same_with_and_without_others_of_another_kind() -> None:
    texts = [
        "a",
        " a  b ",
        "a\n b",
        "&lt;p&gt; &amp;amp; &#x41; &nbsp; &copy b",
        "",
        "\u2028x\u00a0",
        "*a* `b`",
        "a\tb\u0085c",
    ]

    for text in texts:
        alone, among = markdown_of(f"<p>{text}</p>"), markdown_of(f"<p>{text}</p><hr>")
        assert among == f"{alone}\n\n---".strip()


def test_the_images_of_an_answer_are_listed() -> None:
    assert images_of('<p><img src="a.png"><img></p>') == ["a.png"]
    assert images_of("<p>none</p>") == []
