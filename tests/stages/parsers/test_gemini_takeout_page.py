"""Gemini's activity as a web page, cut into cards."""

import io
from collections.abc import Iterator
from datetime import timedelta, timezone
from typing import BinaryIO
from zoneinfo import ZoneInfo

import pytest

from packages_store.errors import SourceBroken
from packages_store.model import Conversation, Edition
from stages.parsers.contract import Bid, Broken, Note, Peek, ReadContext, Record, Skipped
from stages.parsers.gemini import pages
from stages.parsers.gemini.pages import cards_of
from tests.stages.parsers.harness import (
    CONTEXT,
    MODIFIED_AT,
    MemoryFile,
    check,
    conversations_in,
    parser_named,
    records_of,
    turns,
)
from tests.stages.parsers.samples.gemini_takeout import card, page

NOON = "Sep 2, 2026, 12:00:00\u202fPM UTC"


def read(*cards: str, context: ReadContext = CONTEXT) -> list[Record]:
    return records_of("gemini", page(cards), "takeout-page", context)


def talks(*cards: str, context: ReadContext = CONTEXT) -> list[Conversation]:
    return conversations_in(read(*cards, context=context))


def at(minute: int) -> str:
    return f"Sep 2, 2026, {12 + minute // 60}:{minute % 60:02d}:00 UTC"


def bid(text: str) -> Bid | None:
    return parser_named("gemini").bid(Peek("text", head=text))


def test_cards_of_one_chat_are_one_conversation_in_the_order_of_time() -> None:
    (found,) = talks(
        card("Prompted&nbsp;And thyme?", at(200), "<p>There <b>too</b>.</p>", ["c_a1b2c3d4"]),
        card(
            "Prompted&nbsp;Plant &lt;lavender&gt; &amp; co?", at(3), "<p>By the wall.</p>\n<p>Or not.</p>", ["a1b2c3d4"]
        ),
    )

    assert (found.id, found.title, found.edition) == ("a1b2c3d4", "Plant <lavender> & co?", Edition.EXPORT)
    assert turns(found) == [
        ("u", "Plant <lavender> & co?"),
        ("a", "By the wall.\n\nOr not."),
        ("u", "And thyme?"),
        ("a", "There **too**."),
    ]
    assert [(one.created_at, one.time_inferred) for one in found.messages[:2]] == [
        ("2026-09-02T12:03:00.000Z", False),
        ("2026-09-02T12:03:00.999Z", True),
    ]


def test_cards_without_a_chat_are_put_together_by_gaps() -> None:
    found = talks(*(card(f"Prompted {minute}", at(minute), "<p>x</p>") for minute in (90, 0, 30, 121)))

    assert [[text for role, text in turns(one) if role == "u"] for one in found] == [["0", "30"], ["90"], ["121"]]
    assert found[0].id.startswith("gemini-takeout-1788350400-")


def test_a_card_of_several_chats_is_in_each() -> None:
    found = talks(card("Branched Why?", at(0), "<p>So.</p>", ["aaaaaa", "bbbbbb"]))

    assert [one.id for one in found] == ["aaaaaa", "bbbbbb"]
    assert [turns(one) for one in found] == [[("u", "Why?"), ("a", "So.")]] * 2


def test_a_link_that_a_prompt_or_an_answer_quotes_is_no_chat_of_the_card() -> None:
    quoted = "https://gemini.google.com/app/deadbeef01"
    link = f'<a href="{quoted}">{quoted}</a>'

    (found,) = talks(card(f"Prompted&nbsp;See {quoted}", at(0), f"<p>{link} is <a href='{quoted}'>here</a></p>"))
    (linked,) = talks(card(f"Prompted&nbsp;{link}", at(0), f"<p>{link}</p>", ["cafe0001"]))

    assert found.id.startswith("gemini-takeout-")
    assert linked.id == "cafe0001"


def test_a_title_that_is_a_link_to_its_chat_belongs_to_it() -> None:
    link = '<a href="https://gemini.google.com/app/abc123">Which are you?</a>'

    (found,) = talks(card(f"Prompted {link}", at(0), "<p>Gemini.</p>"))

    assert (found.id, found.messages[0].content) == ("abc123", "Which are you?")


def test_cards_of_other_products_are_counted_whatever_they_hold() -> None:
    records = read(
        card(
            'Watched&nbsp;<a href="https://www.youtube.com/watch?v=1">Gemini Apps explained</a>',
            at(0),
            header="YouTube",
        ),
        card("Prompted&nbsp;private", at(1), "<p>Gemini</p>", header="Search"),
        card("Prompted&nbsp;mine", at(2), "<p>yes</p>"),
    )

    assert records[:2] == [Skipped("activity of another Google product")] * 2
    assert [turns(one) for one in conversations_in(records)] == [[("u", "mine"), ("a", "yes")]]


@pytest.mark.parametrize(
    "product", ["Gemini Apps", "Bard", "Gemini アプリ", "Gemini 앱", "Gemini-Apps", "Gemini-appar", "Εφαρμογές Gemini"]
)
def test_a_card_is_geminis_in_any_language(product: str) -> None:
    html = page([card("Prompted&nbsp;x", at(0), header=product)])

    assert bid(html.decode()) == Bid("takeout-page", Bid.SHAPE)
    assert talks(card("Prompted&nbsp;x", at(0), header=product))


def test_a_page_is_known_when_geminis_cards_come_after_others_and_long_styles() -> None:
    head = f"<html><style>{'.x{y:z}' * 20_000}</style>"
    others = [card("Watched x", at(0), header="YouTube")] * 5

    assert bid("".join([head, *others, card("Prompted x", at(1))])) == Bid("takeout-page", Bid.SHAPE)
    assert bid("".join([head, *others])) is None


def test_a_prompt_of_several_lines_is_kept_whole() -> None:
    (found,) = talks(card("Prompted&nbsp;one<br>  two &lt;br&gt;<br><br>three", at(0), "<p>ok</p>"))

    assert found.messages[0].content == "one\n  two <br>\n\nthree"


def test_a_time_within_a_prompt_does_not_end_it() -> None:
    title = f"Prompted&nbsp;What happened<br>{at(30)}<br>and on Sep 2, 2026, 12:12:52 PM PDT?"

    (found,) = talks(card(title, at(0), f"<p>Nothing.<br>{at(45)}<br>at all</p>"))

    assert found.messages[0].content == f"What happened\n{at(30)}\nand on Sep 2, 2026, 12:12:52 PM PDT?"
    assert found.messages[0].created_at == "2026-09-02T12:00:00.000Z"
    assert found.messages[1].content == f"Nothing.\n{at(45)}\nat all"


def test_the_first_time_behind_a_block_in_the_prompt_ends_it() -> None:
    (found,) = talks(card("Prompted&nbsp;Hi<p>you</p>there", at(0), f"<p>Hello</p>{at(30)}<br>"))

    assert found.created_at == "2026-09-02T12:00:00.000Z"
    assert turns(found)[0] == ("u", "Hiyouthere")


def test_an_answer_without_blocks_begins_behind_the_time() -> None:
    (found,) = talks(card("Prompted&nbsp;Hi", at(0), "Hello <b>there</b>."))
    (close,) = talks(card("Prompted&nbsp;Hi", f"{at(0)}<p>Hello</p>"))

    assert turns(found) == [("u", "Hi"), ("a", "Hello **there**.")]
    assert turns(close) == [("u", "Hi"), ("a", "Hello")]


def test_an_answer_keeps_its_own_blocks_and_breaks() -> None:
    html = "<div><p>one<br>two</p></div>\n<ul><li>a</li></ul><pre><code>x &lt; y\n</code></pre><table></table>"

    (found,) = talks(card("Prompted&nbsp;Hi", at(0), html))

    assert found.messages[1].content == "one\ntwo\n\n- a\n\n```\nx < y\n```"


def test_several_answers_are_joined_without_repeating_or_shared_among_as_many_chats() -> None:
    html = "<p>A</p>\n<br><p>B</p>\n<br><p>A</p>"

    (one,) = talks(card("Prompted&nbsp;Hi", at(0), html, ["aaaaaa"]))
    shared = talks(card("Prompted&nbsp;Hi", at(0), "<p>A</p>\n<br><p>B</p>", ["aaaaaa", "bbbbbb"]))

    assert turns(one)[1] == ("a", "A\n\nB")
    assert [turns(found)[1] for found in shared] == [("a", "A"), ("a", "B")]


@pytest.mark.parametrize(
    "notes",
    [
        ["Attached 1 file.", '- <a href="note%20one.txt">note.txt</a>'],
        ["1 Datei angehängt.", '-&nbsp;&nbsp;<a href="note%20one.txt">note.txt</a>'],
        ["添付ファイル 1 件", '<a href="note%20one.txt">-  note.txt</a>'],
        ["Attached 1 file.", '<a href="note%20one.txt">note.txt</a>'],
    ],
)
def test_attached_files_are_named_as_the_person_did_and_leave_the_prompt(notes: list[str]) -> None:
    (found,) = talks(card("Prompted&nbsp;Read<br>this", at(0), "<p>Done.</p>", notes=notes))

    assert turns(found) == [("u", "Read\nthis\n[file: note.txt]"), ("a", "Done.")]


def test_a_prompt_of_nothing_but_files_keeps_its_answer() -> None:
    (found,) = talks(
        card(
            "Prompted&nbsp;",
            at(0),
            "<p>A cat.</p>",
            notes=["Attached 2 files.", '- <a href="cat-1.png">cat.png</a>', '- <a href="a.pdf">a.pdf</a>'],
            previews='<img src="cat-1.png" class="image-preview">',
        )
    )

    assert turns(found) == [("u", "[image: cat.png]\n[file: a.pdf]"), ("a", "A cat.")]


def test_a_preview_without_a_note_is_an_attached_picture() -> None:
    (found,) = talks(card("Prompted&nbsp;What?", at(0), "<p>A cat.</p>", previews='<img src="my%20cat.png">'))

    assert turns(found)[0] == ("u", "What?\n[image: my cat.png]")


def test_a_generated_picture_belongs_to_the_answer() -> None:
    (shown,) = talks(
        card("Prompted&nbsp;Draw", at(0), '<p><img alt="" src="106-dfb.png"></p>', notes=["1 generated image."])
    )
    (hidden,) = talks(card("Prompted&nbsp;Draw", at(0), "<p></p>", notes=["2 generated images."]))

    assert turns(shown) == [("u", "Draw"), ("a", "[image: 106-dfb.png]")]
    assert turns(hidden) == [("u", "Draw"), ("a", "[image]\n\n[image]")]


def test_notes_of_gems_pages_and_videos_leave_the_prompt() -> None:
    notes = [
        '<a href="https://gemini.google.com/gems/view">Coach was used in this chat. Manage your Gems.</a>',
        '<a href="https://takeout.google.com/?pli=1">https://takeout.google.com/?pli=1</a>',
        "http://googleusercontent.com/youtube_content/10",
    ]

    (found,) = talks(card("Prompted&nbsp;No threads? What?", at(0), "<p>Well.</p>", notes=notes))

    assert turns(found)[0] == ("u", "No threads? What?")


def test_lines_of_a_prompt_that_look_like_notes_stay() -> None:
    (found,) = talks(card("Prompted&nbsp;Buy<br>- 2 apples<br>- milk<br>https://example.com/", at(0), "<p>ok</p>"))

    assert turns(found)[0] == ("u", "Buy\n- 2 apples\n- milk\nhttps://example.com/")


def test_what_is_no_turn_is_counted() -> None:
    records = read(
        card("Used Gemini Apps", at(0)),
        card("Gave feedback: Good response", at(1)),
        card("Created Gemini Canvas titled Poem", at(2), notes=["Roses are red", "Violets are blue"]),
        card("使用:&nbsp;Gemini アプリ", at(3), chats=["aaaaaa"]),
    )

    told = [one.reason for one in records if isinstance(one, Skipped)]
    assert told.count("activity that is no turn of a chat") == 3
    assert told.count("canvases, which are no turns of a chat") == 1
    assert not conversations_in(records)


def test_a_time_that_cannot_be_read_is_told_with_its_words_and_stops_nothing() -> None:
    records = read(
        card("Prompted&nbsp;A", "2 Smarch 2026, 12:00:00 CET", "<p>a</p>"),
        card("Prompted&nbsp;B", "some day", "<p>b</p>"),
        card("Prompted&nbsp;C", at(0), "<p>c</p>"),
    )

    assert records[:2] == [
        Broken("card 1", "its time cannot be read: 2 Smarch 2026, 12:00:00 CET"),
        Broken("card 2", "there is no time in it"),
    ]
    assert [turns(one) for one in conversations_in(records)] == [[("u", "C"), ("a", "c")]]


def test_a_time_without_a_known_zone_is_local_and_marked_and_told() -> None:
    context = ReadContext(ZoneInfo("Europe/Berlin"))

    records = read(card("Prompted&nbsp;A", "Sep 2, 2026, 2:00:00 PM XYZ", "<p>a</p>"), context=context)

    (found,) = conversations_in(records)
    assert {(one.created_at[:19], one.time_inferred) for one in found.messages} == {("2026-09-02T12:00:00", True)}
    assert records[-1] == Note("1 time named no zone that is known, and was read as a local one")


def test_a_turn_that_comes_twice_is_kept_once() -> None:
    once = card("Prompted&nbsp;One", at(0), "<p>x</p>", ["aaaaaa"])

    records = read(once, once)

    assert turns(conversations_in(records)[0]) == [("u", "One"), ("a", "x")]
    assert records[-1] == Note("1 turn was in the file more than once and is kept once")


def test_a_layout_with_label_and_time_in_the_header_is_read() -> None:
    def other(label: str, time: str, *paragraphs: str, product: str = "Gemini Apps") -> str:
        body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
        header = f'<div class="header-cell"><h3>{product}</h3><p>{label}</p><p>{time}</p></div>'
        return f'<div class="outer-cell">{header}<div class="content-cell">{body}</div></div>\n'

    records = read(
        other("Prompted", "Jan 2, 2025, 3:04:05 PM EDT", "first prompt", "first answer", "more"),
        other("Canvas", "Jan 3, 2025, 3:04:05 PM PST", "canvas", "words"),
        other("Prompted", "Jan 5, 2025, 3:04:05 PM PST", "second prompt"),
        other("Watched", "Jan 5, 2025, 3:04:05 PM PST", "a video", product="YouTube"),
    )

    found = conversations_in(records)
    assert [turns(one) for one in found] == [
        [("u", "first prompt"), ("a", "first answer\n\nmore")],
        [("u", "second prompt")],
    ]
    assert [one.created_at for one in found] == ["2025-01-02T19:04:05.000Z", "2025-01-05T23:04:05.000Z"]
    assert sum(isinstance(one, Skipped) for one in records) == 2


def test_markup_may_be_spaced_quoted_and_closed_in_other_ways() -> None:
    html = """<!doctype html><HTML><body>
      <DIV  class='mdl-cell outer-cell'> <div class='header-cell'>
        Gemini Apps </div>
        <div data-x="1" class='content-cell mdl-typography--body-1'>
          Prompted Hello<br />
          Sep 2, 2026, 12:00:00 PM UTC<BR/>
          <p>Hi</p>
        <div class="content-cell mdl-typography--text-right"></div>
        <div class="content-cell mdl-typography--caption">https://gemini.google.com/app/cafe0001</div>
      </div></div></DIV></body></HTML>
    """

    (found,) = conversations_in(records_of("gemini", html.encode(), "takeout-page"))

    assert (found.id, turns(found)) == ("cafe0001", [("u", "Hello"), ("a", "Hi")])


def test_an_answer_with_blocks_of_its_own_ends_with_its_cell() -> None:
    html = "<div><div><p>one</p></div></div><div>two</div>"

    (found,) = talks(card("Prompted&nbsp;Hi", at(0), html, ["cafe0001"], previews='<img src="cat.png">'))

    assert (found.id, turns(found)) == ("cafe0001", [("u", "Hi\n[image: cat.png]"), ("a", "one\n\ntwo")])


@pytest.mark.parametrize("title", ["My Activity History", "활동 기록", "Gemini", ""])
def test_the_title_of_the_page_tells_nothing(title: str) -> None:
    def titled(header: str) -> str:
        html = page([card("Prompted&nbsp;x", at(0), header=header)]).decode()
        return html.replace("My Activity History", title)

    assert bid(titled("Gemini Apps")) == Bid("takeout-page", Bid.SHAPE)
    assert bid(titled("Search")) is None


@pytest.mark.parametrize(
    ("time", "instant"),
    [
        ("Sep 2, 2026, 12:12:52\u202fPM PDT", "2026-09-02T19:12:52"),
        ("Sep 2, 2026, 12:12:52 PM GMT-03:00", "2026-09-02T15:12:52"),
        ("18 Sept 2025, 12:02:52 CET", "2025-09-18T11:02:52"),
        ("18.04.2026, 17:38:51 MESZ", "2026-04-18T15:38:51"),
        ("18.01.2026, 17:38:51 MEZ", "2026-01-18T16:38:51"),
        ("10 de mai. de 2026, 03:46:09 BRT", "2026-05-10T06:46:09"),
        ("4 juli 2026 09:15:00 CEST", "2026-07-04T07:15:00"),
        ("2 sept. 2026, 09:00:00 UTC+02:00", "2026-09-02T07:00:00"),
        ("2026年6月19日 12:23:08 CST", "2026-06-19T04:23:08"),
        ("2026年6月19日 下午12:23:08 CST", "2026-06-19T04:23:08"),
        ("4 Dec 2025, 23:07:41 GMT+05:30", "2025-12-04T17:37:41"),
    ],
)
def test_a_card_is_timed_to_the_second_in_the_language_of_its_account(time: str, instant: str) -> None:
    (found,) = talks(card("Prompted&nbsp;x", time, "<p>y</p>"))

    assert (found.messages[0].created_at, found.messages[0].time_inferred) == (f"{instant}.000Z", False)
    assert turns(found) == [("u", "x"), ("a", "y")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_page_is_read_in_any_encoding_of_unicode(encoding: str) -> None:
    html = page([card("Prompted&nbsp;Grüße 🌿", NOON, "<p>Ä</p>")]).decode()

    (found,) = conversations_in(records_of("gemini", html.encode(encoding), "takeout-page"))

    assert turns(found) == [("u", "Grüße 🌿"), ("a", "Ä")]


def test_bytes_that_are_no_text_are_replaced_and_counted() -> None:
    data = page([card("Prompted&nbsp;A", at(0), "<p>x#y</p>")]).replace(b"#", b"\xff")

    records = records_of("gemini", data, "takeout-page")

    assert turns(conversations_in(records)[0])[1] == ("a", "x\ufffdy")
    assert Note("1 character could not be decoded and was replaced by U+FFFD") in records


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8, 0.95])
def test_a_page_cut_short_gives_its_whole_cards_and_says_so(share: float) -> None:
    data = page([card(f"Prompted&nbsp;{number}", at(number), f"<p>{number}</p>") for number in range(20)])
    whole = {
        message.content
        for one in conversations_in(records_of("gemini", data, "takeout-page"))
        for message in one.messages
    }

    cut = data[: int(len(data) * share)]
    records = records_of("gemini", cut, "takeout-page")

    found = {message.content for one in conversations_in(records) for message in one.messages}
    assert found < whole
    broken = [one for one in records if isinstance(one, Broken)]
    assert [one.why for one in broken] == [f"the file is cut short at byte {len(cut)}"] * len(broken)
    assert broken or not found


def test_a_damaged_archive_gives_the_cards_before_the_damage() -> None:
    data = page([card(f"Prompted&nbsp;{number}", at(number), "<p>x</p>") for number in range(2000)])

    class Damaged(MemoryFile):
        def open(self) -> BinaryIO:
            return _Damaged(data)

    records = list(parser_named("gemini").read(Damaged(data, "x", MODIFIED_AT), "takeout-page", CONTEXT))

    check(records)
    assert conversations_in(records)
    assert any(isinstance(one, Broken) and one.position == "in the ZIP" for one in records)


class _Damaged(io.BytesIO):
    """A stream that breaks after its first half."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() > len(self.getbuffer()) // 2:
            raise SourceBroken("it cannot be unpacked", "in the ZIP")
        return super().read(size)

    read1 = read


def _in_pieces(text: str, size: int) -> Iterator[pages.Card]:
    class Slow(io.StringIO):
        def read(self, _size: int | None = -1, /) -> str:
            return super().read(size)

    return cards_of(Slow(text))


@pytest.mark.parametrize("size", [1, 7, 64, 1000, 100_000])
def test_cards_are_the_same_however_the_page_arrives(size: int) -> None:
    text = page([card(f"Prompted&nbsp;{number}", at(number), "<p>x</p>") for number in range(3)]).decode()

    assert list(_in_pieces(text, size)) == list(cards_of(io.StringIO(text)))


def test_a_card_that_is_too_large_is_told_and_the_others_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "LARGEST_CARD", 1 << 20)
    huge = card("Prompted&nbsp;A", at(0), f"<p>{'x ' * (1 << 20)}</p>")

    records = read(card("Prompted&nbsp;0", at(0), "<p>0</p>"), huge, card("Prompted&nbsp;B", at(1), "<p>b</p>"))

    assert [one for one in records if isinstance(one, Broken)] == [Broken("card 2", "it is larger than 1 MiB")]
    assert turns(conversations_in(records)[0]) == [("u", "0"), ("a", "0"), ("u", "B"), ("a", "b")]


@pytest.mark.parametrize(
    "filler",
    [
        '<div class="',
        "<div ",
        "<div outer-cell ",
        '<div class="outer-cell ',
        "<br>",
        "Sep 2, 2026, 12:00:00 ",
        "<a href='",
        "</div>",
        " ",
    ],
)
def test_a_page_of_one_thing_over_and_over_is_read_at_once(filler: str) -> None:
    noise = filler * 60_000
    data = page([card("Prompted&nbsp;A", at(0), f"<p>a</p>{noise}"), noise, card(noise, at(1), noise)])

    assert records_of("gemini", data, "takeout-page")


def test_local_times_are_read_in_the_zone_of_the_package_by_its_offset() -> None:
    context = ReadContext(timezone(timedelta(hours=8)))

    (found,) = talks(card("已提示&nbsp;你好", "2026年6月19日 12:23:08", "<p>好</p>"), context=context)

    assert found.created_at == "2026-06-19T04:23:08.000Z"
