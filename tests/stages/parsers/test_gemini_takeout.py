"""Gemini's activity as JSON, put together to conversations."""

from itertools import permutations
from pathlib import Path

import pytest

from packages_store.model import Conversation
from packages_store.staging import Staging
from stages.parsers.contract import Bid, Broken, Empty, Note, ReadContext, Record, Skipped
from stages.parsers.reading.peeking import peek
from tests.builders import package_in
from tests.stages.parsers.documents import activity
from tests.stages.parsers.harness import (
    CONTEXT,
    MemoryFile,
    as_json,
    conversations_in,
    parser_named,
    records_of,
    turns,
)


def read(*records: object, context: ReadContext = CONTEXT) -> list[Record]:
    return records_of("gemini", as_json(list(records)), "takeout", context)


def talks(*records: object) -> list[Conversation]:
    return conversations_in(read(*records))


def at(minute: int, second: str = "00.500") -> str:
    return f"2026-08-20T{10 + minute // 60:02d}:{minute % 60:02d}:{second}Z"


def test_records_of_one_chat_are_one_conversation_in_the_order_of_time() -> None:
    (found,) = talks(
        activity("Prompted And thyme?", at(200), "<p>There <b>too</b>.</p>", ["c_a1b2c3d4"]),
        activity("Prompted Plant lavender?", at(3), "<p>By the wall.</p>", ["a1b2c3d4"]),
    )

    assert (found.id, found.title, found.platform) == ("a1b2c3d4", "Plant lavender?", "gemini")
    assert turns(found) == [
        ("u", "Plant lavender?"),
        ("a", "By the wall."),
        ("u", "And thyme?"),
        ("a", "There **too**."),
    ]
    assert [(one.created_at, one.time_inferred) for one in found.messages[:2]] == [
        ("2026-08-20T10:03:00.500Z", False),
        ("2026-08-20T10:03:00.501Z", True),
    ]
    assert (found.created_at, found.updated_at) == ("2026-08-20T10:03:00.500Z", "2026-08-20T13:20:00.501Z")


def test_a_record_of_several_chats_is_in_each_with_ids_of_its_own() -> None:
    first, second = talks(activity("Branched Why?", at(0), "<p>So.</p>", ["aaaaaa", "bbbbbb"]))

    assert turns(first) == turns(second) == [("u", "Why?"), ("a", "So.")]
    assert not {one.id for one in first.messages} & {one.id for one in second.messages}


def test_as_many_answers_as_chats_belong_to_one_each() -> None:
    first, second = talks(activity("Prompted Why?", at(0), ["<p>A</p>", "<p>B</p>"], ["aaaaaa", "bbbbbb"]))

    assert [turns(one)[1] for one in (first, second)] == [("a", "A"), ("a", "B")]


def test_several_answers_in_one_chat_are_joined_without_repeating() -> None:
    (found,) = talks(activity("Prompted Why?", at(0), ["<p>A</p>", "<p>B</p>", "<div>A</div>", "<i></i>"], ["aaaaaa"]))

    assert turns(found) == [("u", "Why?"), ("a", "A\n\nB")]


def test_records_without_a_chat_are_put_together_by_gaps() -> None:
    records = [activity(f"Prompted {minute}", at(minute), "<p>x</p>") for minute in (90, 0, 30, 121)]

    found = talks(*records, activity("Prompted linked", at(31), "<p>x</p>", ["aaaaaa"]))

    assert [[text for role, text in turns(one) if role == "u"] for one in found] == [
        ["0", "30"],
        ["linked"],
        ["90"],
        ["121"],
    ]
    assert found[0].id.startswith("gemini-takeout-1787220000-")
    wide = ReadContext(CONTEXT.zone, gap_minutes=60)
    assert len(conversations_in(read(*records, context=wide))) == 1


def test_a_conversation_by_gaps_keeps_its_ids_when_it_goes_on() -> None:
    early = activity("Prompted One", at(0), "<p>x</p>")

    (short,), (longer,) = talks(early), talks(activity("Prompted Two", at(9), "<p>y</p>"), early)

    assert short.id == longer.id
    assert short.messages == longer.messages[:2]


def test_a_turn_that_comes_twice_is_kept_once_with_its_answer() -> None:
    records = read(
        activity("Prompted One", at(0, "00.100"), chats=["aaaaaa"]),
        activity("Prompted One", at(0, "00.900"), "<p>x</p>", ["aaaaaa"]),
    )

    assert turns(conversations_in(records)[0]) == [("u", "One"), ("a", "x")]
    assert records[-1] == Note("1 turn was in the file more than once and is kept once")


@pytest.mark.parametrize(
    ("title", "prompt"),
    [
        ("Prompted Why?", "Why?"),
        ("Prompted\u00a0Why?", "Why?"),
        ("Prompted with: Why?", "Why?"),
        ("Branched Why?", "Why?"),
        ("Live Prompt Why?", "Why?"),
        ("Added chat from link: Why?", "Why?"),
        ("Eingegebener Prompt: Warum?", "Warum?"),
        ("送信したメッセージ: なぜ", "なぜ"),
        ("なぜ と入力しました", "なぜ"),
        ("분기된 왜", "왜"),
        ("Answered Blue", "Blue"),
        ("Asked Why?", "Why?"),
        ("Asked Gemini: Why?", "Why?"),
        ("Said Why?", "Why?"),
        ("Prompt : Pourquoi ?", "Pourquoi ?"),
        ("Prompt\u00a0:\u00a0Pourquoi ?", "Pourquoi ?"),
        ("Gav instruktionen Varför?", "Varför?"),
        ("Fez uma pergunta: Por quê?", "Por quê?"),
        ("Perguntou: Por quê?", "Por quê?"),
        ("Has dicho: ¿Por qué?", "¿Por qué?"),
        ("Hiciste la petición ¿Por qué?", "¿Por qué?"),
        ("Preguntó: ¿Por qué?", "¿Por qué?"),
        ("Preguntado ¿Por qué?", "¿Por qué?"),
        ("Υποβλήθηκε το ερώτημα Γιατί;", "Γιατί;"),
        ("已提示为什么？", "为什么？"),
        ("已提示 为什么？", "为什么？"),
        ("送信したメッセージ：なぜ", "なぜ"),
        ("Prompted Prompted twice", "Prompted twice"),
        ("Prompted one\n\n  two", "one\n\n  two"),
        ("Promptedly", None),
        ("Created Gemini Canvas titled X", None),
        ("Used Gemini Apps", None),
        ("Selected preferred draft", None),
        ("Gave feedback: good", None),
        ("Cleared previous feedback", None),
        ("Added an extension", None),
        ("Shared a chat", None),
        ("Deleted a chat", None),
        ("Visited Gemini", None),
        ("使用: Gemini アプリ", None),
        ("フィードバックを送信しました", None),
    ],
)
def test_a_prompt_is_told_by_what_stands_around_it(title: str, prompt: str | None) -> None:
    found = talks(activity(title, at(0)))

    assert [turns(one) for one in found] == ([] if prompt is None else [[("u", prompt)]])


def test_a_title_in_an_unknown_language_is_a_prompt_when_it_has_an_answer_or_a_chat() -> None:
    assert turns(talks(activity("왜 그래?", at(0), "<p>그냥</p>"))[0]) == [("u", "왜 그래?"), ("a", "그냥")]
    assert turns(talks(activity("왜 그래?", at(0), chats=["aaaaaa"]))[0]) == [("u", "왜 그래?")]
    assert not talks(activity("Used Gems", at(0), chats=["aaaaaa"]))


@pytest.mark.parametrize("lead", ["Zapytano: ", "Kysyttiin seuraava kysymys ", "Tanya "])
def test_what_stands_before_prompts_in_an_unknown_language_is_learnt_without_changing_ids(lead: str) -> None:
    records = [activity(f"{lead}{number} {number} {number}", at(number), "<p>x</p>") for number in range(10)]

    (few,), (many,) = talks(*records[:3]), talks(*records)

    assert [text for role, text in turns(many) if role == "u"] == [
        f"{number} {number} {number}" for number in range(10)
    ]
    assert [one.id for one in few.messages] == [one.id for one in many.messages[:6]]


def test_a_prompt_of_nothing_but_files_is_kept_with_their_names() -> None:
    (found,) = talks(
        activity(
            "Prompted ", at(0), "<p>A cat.</p>", attachedFiles=["cat.png", {"name": "a.pdf"}, 3], imageFile="cat.png"
        )
    )

    assert turns(found) == [("u", "[image: cat.png]\n[file: a.pdf]"), ("a", "A cat.")]


def test_a_picture_that_gemini_made_belongs_to_its_answer() -> None:
    html = '<p>Here:</p><img src="fox.png">'

    (found,) = talks(activity("Prompted Draw", at(0), html, attachedFiles=["fox.png", "sketch.jpg"]))

    assert turns(found) == [("u", "Draw\n[image: sketch.jpg]"), ("a", "Here:\n\n[image: fox.png]")]


def test_an_answer_without_any_prompt_is_kept_and_no_answer_is_none() -> None:
    assert turns(talks(activity("Prompted", at(0), "<p>A</p>"))[0]) == [("a", "A")]
    assert read(activity("Prompted", at(0))) == [Empty(_gap_id())]


def _gap_id() -> str:
    return "conversation gemini-takeout-1787220000-e3b0c442"


def test_other_products_and_other_acts_are_counted_apart() -> None:
    search = activity("Prompted private", at(0), "<p>x</p>", header="Search", products=["Search"])

    records = read(search, activity("Used Gems", at(0)), {"title": "no time"}, activity("Prompted x", "soon"), [])

    assert records[:2] == [Skipped("activity of another Google product"), Skipped("activity that is no turn of a chat")]
    assert [type(one) for one in records[2:]] == [Broken] * 3


def test_a_product_is_told_by_its_names_or_by_a_link() -> None:
    linked = activity("왜", at(0), chats=["abcdef"], header="?", products="odd")
    named = activity("왜", at(1), "<p>x</p>", header="Bard", products=[])
    titled = activity("왜", at(2), header=3, titleUrl="https://gemini.google.com/u/1/app/c_fedcba?hl=en")

    assert [one.id for one in talks(linked, titled, named)][:2] == ["abcdef", talks(named)[0].id]
    assert [one.id for one in talks(titled)] == ["fedcba"]


@pytest.mark.parametrize(
    "name",
    [
        "header",
        "details",
        "titleUrl",
        "safeHtmlItem",
        "attachedFiles",
        "products",
        "subtitles",
        "imageFile",
        "audioFiles",
        "description",
        "locationInfos",
        "activityControls",
    ],
)
@pytest.mark.parametrize("odd", [None, 3, "odd", ["odd", 3, None], {"a": 1}])
def test_members_of_an_odd_type_do_no_harm(name: str, odd: object) -> None:
    assert read({**activity("Prompted x", at(0), "<p>y</p>"), name: odd})


def test_a_title_is_the_first_prompt_in_one_line() -> None:
    (found,) = talks(activity(f"Prompted one\ntwo {'x' * 100}", at(0)))

    assert found.title == f"one two {'x' * 71}…"


def test_a_prompt_is_kept_whole_whatever_its_length() -> None:
    prompt = "\n".join(f"line {number}" for number in range(2000))

    (found,) = talks(activity(f"Prompted {prompt}", at(0)))

    assert turns(found) == [("u", prompt)]


def test_records_are_in_the_order_of_time_whatever_their_order_in_the_file() -> None:
    records = [activity(f"Prompted {minute}", at(minute), f"<p>{minute}</p>") for minute in (9, 1, 5)]

    assert talks(*records) == talks(*reversed(records))
    assert [text for _, text in turns(talks(*records)[0])] == ["1", "1", "5", "5", "9", "9"]


def test_two_prompts_in_the_same_millisecond_are_two_turns_in_any_order_of_the_file() -> None:
    first, second = activity("Prompted A", at(0), "<p>a</p>"), activity("Prompted B", at(0), "<p>b</p>")

    (found,) = talks(first, second)

    assert sorted(turns(found)) == [("a", "a"), ("a", "b"), ("u", "A"), ("u", "B")]
    assert [found] == talks(second, first)


def test_a_prompt_said_again_later_is_a_turn_of_its_own() -> None:
    (found,) = talks(activity("Prompted Go on", at(0), "<p>a</p>"), activity("Prompted Go on", at(0, "01.500")))

    assert len(found.messages) == 3


def test_a_pause_of_exactly_the_gap_ends_no_conversation() -> None:
    records = [activity(f"Prompted {time}", time) for time in (at(0, "00.999"), at(30, "00.001"), at(60, "01.000"))]

    assert [len(one.messages) for one in talks(*records)] == [2, 1]


def test_a_record_of_several_chats_is_in_each_of_them_with_all_that_was_said_before() -> None:
    trunk = [activity(f"Prompted {minute}", at(minute), "<p>x</p>", ["aaaaaa", "bbbbbb"]) for minute in (0, 1)]
    branches = [activity("Prompted left", at(2), chats=["aaaaaa"]), activity("Prompted right", at(3), chats=["bbbbbb"])]

    found = {one.id: [text for role, text in turns(one) if role == "u"] for one in talks(*trunk, *branches)}

    assert found == {"aaaaaa": ["0", "1", "left"], "bbbbbb": ["0", "1", "right"]}


def test_records_without_a_chat_never_join_a_linked_one() -> None:
    linked = activity("Prompted A", at(0), chats=["aaaaaa"])

    assert [len(one.messages) for one in talks(linked, activity("Prompted B", at(1)))] == [1, 1]


@pytest.mark.parametrize(
    ("address", "chat"),
    [
        ("https://gemini.google.com/app/a1b2c3d4e5f60718", "a1b2c3d4e5f60718"),
        ("https://gemini.google.com/app/c_a1b2c3d4e5f60718", "a1b2c3d4e5f60718"),
        ("https://gemini.google.com/app/c/a1b2c3d4", "a1b2c3d4"),
        ("https://gemini.google.com/u/2/app/a1b2c3d4?hl=de", "a1b2c3d4"),
        ("https://gemini.google.com/gem/coach-1/a1b2c3d4", "a1b2c3d4"),
        ("https://bard.google.com/chat/a1b2c3d4", "a1b2c3d4"),
        ("http://gemini.google.com/app/a1b2-c_d", "a1b2-c_d"),
        ("https://gemini.google.com/app/abcdef", "abcdef"),
        ("https://gemini.google.com/app/abcde", None),
        ("https://gemini.google.com/gems/view", None),
        ("https://example.com/app/a1b2c3d4", None),
    ],
)
def test_a_chat_is_known_by_its_address(address: str, chat: str | None) -> None:
    (found,) = talks(activity("Prompted x", at(0), details=[{"name": address, "url": address}]))

    assert found.id == (chat or "gemini-takeout-1787220000-2d711642")


def test_visits_to_gemini_in_a_browsers_history_are_none_of_its_activity() -> None:
    visit = activity("Visited Google Gemini", at(0), header="Chrome", products=["Chrome"])

    records = read({**visit, "titleUrl": "https://gemini.google.com/app/a1b2c3d4e5f60718"})

    assert records == [Skipped("activity of another Google product")]


@pytest.mark.parametrize(
    "product", ["Gemini Apps", "Bard", "Gemini アプリ", "Gemini 앱", "Gemini-Apps", "Gemini-appar", "Εφαρμογές Gemini"]
)
def test_a_product_is_gemini_in_any_language(product: str) -> None:
    assert talks(activity("Prompted x", at(0), header=product, products=[]))
    assert talks(activity("Prompted x", at(0), header="", products=[product]))


def test_a_canvas_is_counted_apart_and_its_body_is_no_answer() -> None:
    canvas = activity(
        "Created Gemini Canvas titled Poem", at(1), chats=["aaaaaa"], subtitles=[{"name": "Roses are red"}]
    )

    records = read(activity("Prompted A poem", at(0), "<p>Here.</p>", ["aaaaaa"]), canvas)

    assert records[0] == Skipped("canvases, which are no turns of a chat")
    assert turns(conversations_in(records)[0]) == [("u", "A poem"), ("a", "Here.")]


def test_notes_are_no_answers_and_name_files_as_the_person_did() -> None:
    (found,) = talks(
        activity(
            "Prompted Look",
            at(0),
            "<p>Nice.</p>",
            attachedFiles=["orig-1e9873211d1a6157.png", "talk-77aa.wav", "unnamed.bin"],
            imageFile="orig-1e9873211d1a6157.png",
            subtitles=[
                {
                    "name": "Coach was used in this chat. Manage your Gems.",
                    "url": "https://gemini.google.com/gems/view",
                },
                {"name": "Attached 2 files."},
                {"name": "-  orig.png", "url": "orig-1e9873211d1a6157.png"},
                {"name": "-  my talk.wav", "url": "talk-77aa.wav"},
                {"name": "http://googleusercontent.com/youtube_content/10"},
                {"name": "Was this helpful?"},
            ],
        )
    )

    assert turns(found) == [("u", "Look\n[image: orig.png]\n[audio: my talk.wav]\n[file: unnamed.bin]"), ("a", "Nice.")]


def test_pictures_that_a_note_counts_are_geminis_even_when_the_answer_does_not_show_them() -> None:
    (named,) = talks(
        activity("Prompted Draw", at(0), attachedFiles=["fox.png"], subtitles=[{"name": "1 generated image."}])
    )
    (nameless,) = talks(activity("Prompted 画", at(0), "<p></p>", subtitles=[{"name": "2 张生成的图片。"}]))

    assert turns(named) == [("u", "Draw"), ("a", "[image: fox.png]")]
    assert turns(nameless) == [("u", "画"), ("a", "[image]\n\n[image]")]


def test_code_and_formulas_of_an_answer_stay_as_they_are() -> None:
    html = "<p>Take $x_1 &lt; 2$:</p><pre><code>&lt;b&gt;no tag&lt;/b&gt;\n</code></pre>"

    (found,) = talks(activity("Prompted x", at(0), html))

    assert found.messages[1].content == "Take $x_1 < 2$:\n\n```\n<b>no tag</b>\n```"


def test_a_title_that_is_nothing_but_what_was_learnt_is_a_prompt_without_words() -> None:
    records = [activity(f"Zapytano: {number}", at(number), "<p>x</p>") for number in range(9)]

    (found,) = talks(*records, activity("Zapytano: ", at(9), "<p>A cat.</p>", attachedFiles=["cat.png"]))

    assert turns(found)[-2:] == [("u", "[image: cat.png]"), ("a", "A cat.")]


def test_what_few_titles_share_is_no_verb() -> None:
    titles = ["Translate: a", "Translate: b", "Translate: c", *(f"{number} apples" for number in range(7))]

    (found,) = talks(*(activity(title, at(place), "<p>x</p>") for place, title in enumerate(titles)))

    assert [text for role, text in turns(found) if role == "u"] == titles


def test_a_record_is_told_broken_with_its_place() -> None:
    records = read(activity("Prompted x", at(0)), {"title": "Prompted y", "header": "Gemini Apps"})

    assert isinstance(records[0], Broken)
    assert records[0].position.startswith("record 2, byte ")


def test_ten_thousand_records_of_one_second_are_read_at_once() -> None:
    records = [activity(f"Prompted {number}", at(0), "<p>x</p>", ["aaaaaa"]) for number in range(10_000)]

    assert len(talks(*records)[0].messages) == 20_000


def bid(document: object) -> Bid | None:
    return parser_named("gemini").bid(peek(MemoryFile(as_json(document))))


def test_activity_is_a_list_in_which_a_record_names_gemini_or_links_to_a_chat() -> None:
    video = activity("Watched x", at(0), header="YouTube", products=["YouTube"])

    for record in (activity("왜", at(0)), activity("왜", at(0), chats=["abcdef"], header="?", products=[])):
        assert bid([*[video] * 99, record]) == Bid("takeout", Bid.SHAPE)
    assert bid([video]) is None
    assert bid({"records": [activity("Prompted x", at(0))]}) is None
    for odd in ({"title": 3}, {"time": 3}):
        assert bid([{**activity("Prompted x", at(0)), **odd}]) is None


def test_a_search_for_gemini_is_none_of_its_activity() -> None:
    search = activity("Prompted by gemini", at(0), header="Search", products=["Search"], subtitles=[{"name": "Gemini"}])

    assert read({**search, "activityControls": ["Gemini Apps Activity"]}) == [
        Skipped("activity of another Google product")
    ]


def test_controls_descriptions_and_places_change_nothing() -> None:
    plain = activity("Prompted x", at(0), "<p>y</p>")
    told = {"activityControls": ["Gemini Apps Activity"], "description": "z", "locationInfos": [{"name": "Home"}]}

    assert read({**plain, **told}) == read(plain)


def test_a_recording_is_named_once_wherever_it_is_told() -> None:
    (found,) = talks(activity("Prompted Hear", at(0), attachedFiles=["talk.wav"], audioFiles=["talk.wav", "b.mp3"]))

    assert turns(found) == [("u", "Hear\n[audio: talk.wav]\n[audio: b.mp3]")]


def test_the_address_of_a_title_is_the_chat_where_no_details_tell_one() -> None:
    address = "https://gemini.google.com/app/fedcba"

    (alone,) = talks(activity("Prompted x", at(0), titleUrl=address))
    (beside,) = talks(activity("Prompted x", at(0), chats=["abcdef"], titleUrl=address))
    (null,) = talks(activity("Prompted x", at(0), chats=["abcdef"], titleUrl=None))

    assert [one.id for one in (alone, beside, null)] == ["fedcba", "abcdef", "abcdef"]


def test_a_record_of_four_chats_is_in_each() -> None:
    chats = ["aaaaaa", "bbbbbb", "cccccc", "dddddd"]

    assert [one.id for one in talks(activity("Prompted x", at(0), "<p>y</p>", chats))] == chats


def test_answers_that_are_more_than_the_chats_are_joined_in_each() -> None:
    found = talks(activity("Prompted Why?", at(0), ["<p>A</p>", "<p>B</p>", "<p>C</p>"], ["aaaaaa", "bbbbbb"]))

    assert [turns(one)[1] for one in found] == [("a", "A\n\nB\n\nC")] * 2


def test_remarks_of_a_prompt_without_an_answer_are_no_answer() -> None:
    (found,) = talks(activity("Prompted Look", at(0), subtitles=[{"name": "Attached 1 file."}, {"name": "Roses"}]))

    assert turns(found) == [("u", "Look")]


def test_activity_tells_no_model_and_no_reasoning() -> None:
    (found,) = talks(activity("Prompted x", at(0), "<p>y</p>"))

    assert [(one.model, one.reasoning) for one in found.messages] == [(None, None)] * 2


@pytest.mark.parametrize(
    "title",
    [
        "Created Gemini Canvas titled X",
        "Used Gemini Apps",
        "Selected preferred draft",
        "Gave feedback: Good response",
        "Cleared previous feedback",
        "Added an extension",
        "Shared a chat",
        "Deleted a chat",
        "使用: Gemini アプリ",
        "フィードバックを送信しました",
    ],
)
def test_a_verb_of_another_act_makes_no_turn_even_with_a_chat(title: str) -> None:
    (told,) = read(activity(title, at(0), chats=["aaaaaa"]))

    assert isinstance(told, Skipped)


def test_a_title_in_an_unknown_language_is_no_turn_without_an_answer_and_a_chat() -> None:
    assert read(activity("왜 그래?", at(0))) == [Skipped("activity that is no turn of a chat")]


def test_a_link_without_a_title_is_no_turn() -> None:
    assert read(activity(" ", at(0), chats=["aaaaaa"])) == [Skipped("activity that is no turn of a chat")]


def test_what_has_an_answer_is_a_turn_whatever_verb_it_begins_with() -> None:
    assert turns(talks(activity("Used cars?", at(0), "<p>No.</p>"))[0]) == [("u", "Used cars?"), ("a", "No.")]


def _asked(titles: list[str]) -> list[str]:
    records = [activity(title, at(place), "<p>x</p>") for place, title in enumerate(titles)]
    return [text for one in talks(*records) for role, text in turns(one) if role == "u"]


def test_seven_titles_are_too_few_to_learn_from_and_eight_are_enough() -> None:
    titles = [f"Zapytano: {number}" for number in range(8)]

    assert _asked(titles[:7]) == titles[:7]
    assert _asked(titles) == list("01234567")


def test_what_six_of_ten_titles_begin_with_is_learnt_and_what_five_do_is_not() -> None:
    others = ["ein Apfel", "zwei Birnen", "drei Kirschen", "vier Pflaumen"]
    titles = [f"Zapytano: {number}" for number in range(6)]

    assert _asked([*titles, *others]) == [*"012345", *others]
    assert _asked([*titles[:5], *others, "elf"]) == [*titles[:5], *others, "elf"]


def test_titles_without_an_answer_teach_nothing() -> None:
    answered = activity("Zapytano: 1", at(0), "<p>x</p>", ["aaaaaa"])
    unanswered = [activity(f"Zapytano: {number}", at(number), chats=["aaaaaa"]) for number in range(2, 20)]

    assert turns(talks(answered, *unanswered)[0])[0] == ("u", "Zapytano: 1")


def test_three_words_are_the_most_that_is_learnt() -> None:
    assert _asked([f"Ho chiesto a Gemini {number}" for number in range(9)]) == [
        f"Gemini {number}" for number in range(9)
    ]


def test_korean_prompts_have_nothing_before_them_and_stay_whole() -> None:
    titles = [f"{word} 그래?" for word in ["왜", "뭐", "누가", "언제", "어디", "어떻게", "얼마나", "무슨", "어느"]]

    assert _asked(titles) == titles


def test_ids_are_made_of_the_chat_the_second_and_the_prompt() -> None:
    (found,) = talks(activity("Prompted  Why\u00a0not? ", at(0), "<p>x</p>", ["aaaaaa"]))
    (alone,) = talks(activity("Prompted Why not?", at(0), "<p>x</p>"))

    assert [one.id for one in found.messages] == ["aaaaaa:1787220000:fae1cd1b:u", "aaaaaa:1787220000:fae1cd1b:a"]
    assert alone.id == "gemini-takeout-1787220000-fae1cd1b"


def test_a_prompt_is_the_same_however_its_accents_are_encoded() -> None:
    composed, decomposed = "Prompted Caf\u00e9", "Prompted Cafe\u0301"

    (found,) = talks(*(activity(title, at(0), "<p>x</p>", ["aaaaaa"]) for title in (composed, decomposed)))

    assert len(found.messages) == 2


def test_only_what_was_put_together_by_gaps_is_provisional() -> None:
    linked, grouped = talks(activity("Prompted A", at(0), chats=["aaaaaa"]), activity("Prompted B", at(9)))

    assert (linked.provisional, grouped.provisional) == (False, True)


def staged(path: Path, *exports: list[object]) -> Staging:
    staging = package_in(path).staging
    for number, records in enumerate(exports):
        staging.add(f"file-{number}", talks(*records))
    return staging


def told_in(staging: Staging) -> list[tuple[str, list[tuple[str, str]]]]:
    found = [staging.get(id_) for id_ in sorted(staging.conversation_ids())]
    return [(one.id, turns(one)) for one in found if one]


@pytest.mark.parametrize("links_first", [False, True])
def test_a_later_export_that_links_old_records_too_leaves_each_message_once(tmp_path: Path, links_first: bool) -> None:
    titles = ["Prompted A", "Prompted B"]
    linked: list[object] = [activity(title, at(0), "<p>x</p>", ["aaaaaa"]) for title in titles]
    unlinked: list[object] = [activity(title, at(0), "<p>x</p>") for title in titles]

    staging = staged(tmp_path, *((linked, unlinked) if links_first else (unlinked, linked)))

    ((id_, found),) = told_in(staging)
    assert (id_, sorted(found)) == ("aaaaaa", [("a", "x"), ("a", "x"), ("u", "A"), ("u", "B")])


def test_a_linked_chat_keeps_its_id_when_its_first_record_is_gone(tmp_path: Path) -> None:
    records: list[object] = [activity(f"Prompted {number}", at(number), chats=["aaaaaa"]) for number in range(3)]

    assert told_in(staged(tmp_path, records[:2], records[1:])) == [("aaaaaa", [("u", "0"), ("u", "1"), ("u", "2")])]


def test_within_a_second_turns_are_in_the_order_of_their_milliseconds() -> None:
    for prompts in (["A", "B"], ["B", "A"]):
        times = zip(prompts, (at(0, "00.100"), at(0, "00.200")), strict=True)

        (found,) = talks(*(activity(f"Prompted {prompt}", time) for prompt, time in times))

        assert [text for _, text in turns(found)] == prompts


def test_the_order_of_two_prompts_of_one_moment_is_that_of_their_words() -> None:
    records = [activity(f"Prompted {word}", at(0), f"<p>{word}</p>", ["aaaaaa"]) for word in ("one", "two", "three")]

    assert len({tuple(talks(*some)[0].messages) for some in permutations(records)}) == 1
