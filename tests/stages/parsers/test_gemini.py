"""Gemini: activity put together to conversations, and merged threads."""

import pytest

from packages_store.model import Conversation
from stages.parsers.contract import Broken, Empty, Note, ReadContext, Record, Skipped
from tests.stages.parsers.documents import Json, activity, said, thread
from tests.stages.parsers.harness import CONTEXT, as_json, conversations_in, records_of, turns


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
    assert records[-1] == Note("1 turns were in the file more than once and are kept once")


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
        ("Prompt : Pourquoi ?", "Pourquoi ?"),
        ("Gav instruktionen Varför?", "Varför?"),
        ("Fez uma pergunta: Por quê?", "Por quê?"),
        ("Hiciste la petición ¿Por qué?", "¿Por qué?"),
        ("Υποβλήθηκε το ερώτημα Γιατί;", "Γιατί;"),
        ("Prompted Prompted twice", "Prompted twice"),
        ("Promptedly", None),
        ("Created Gemini Canvas titled X", None),
        ("Used Gemini Apps", None),
        ("Selected preferred draft", None),
        ("Gave feedback: good", None),
        ("Added an extension", None),
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


@pytest.mark.parametrize("name", ["details", "safeHtmlItem", "attachedFiles", "products", "subtitles", "imageFile"])
@pytest.mark.parametrize("odd", [None, 3, "odd", ["odd", 3, None], {"a": 1}])
def test_members_of_an_odd_type_do_no_harm(name: str, odd: object) -> None:
    assert read({**activity("Prompted x", at(0), "<p>y</p>"), name: odd})


def threads(document: object) -> list[Record]:
    return records_of("gemini", as_json(document), "threads")


def spoken(
    role: str, content: str, time: str | None = None, status: str = "activity-prompt-exact", **other: object
) -> Json:
    return said(role, content) | {"created_at": time, "timestamp_status": status, **other}


def test_a_merged_thread_keeps_the_order_of_the_page_whatever_its_times() -> None:
    (found,) = conversations_in(
        threads(
            thread(
                "c_abc123",
                spoken("user", "A", "2026-06-15T09:00:00.000Z"),
                spoken("assistant", "B", "2026-06-15T09:00:01.000Z", "inferred-from-preceding-activity-prompt"),
                spoken("user", "C", "2026-06-15T08:00:00.000Z"),
                spoken("model", "D"),
            )
        )
    )

    assert (found.id, found.title) == ("abc123", "Seeds")
    assert turns(found) == [("u", "A"), ("a", "B"), ("u", "C"), ("a", "D")]
    assert [(one.created_at[11:19], one.time_inferred) for one in found.messages] == [
        ("09:00:00", False),
        ("09:00:01", True),
        ("08:00:00", False),
        ("08:00:00", True),
    ]


def test_a_batch_gives_each_of_its_threads() -> None:
    batch = {
        "format": "gemini-merged-batch-draft",
        "conversations": [
            thread("one1", spoken("user", "A")),
            thread("two2"),
            {"format": "gemini-activity-list-draft", "activities": []},
            7,
            thread("three", spoken("tool", "x"), spoken("user", " "), spoken("user", "C", reasoning="R", model="M")),
        ],
    }

    records = threads(batch)

    assert [one.id for one in conversations_in(records)] == ["one1", "three"]
    assert [type(one) for one in records[1:4]] == [Empty, Skipped, Broken]
    assert conversations_in(records)[1].messages[0].reasoning == "R"
    assert records[-1] == Note("2 messages without text, or of neither side, were left out")


def test_a_thread_without_any_time_gets_that_of_the_export_marked_as_inferred() -> None:
    (found,) = conversations_in(threads(thread("abc", spoken("user", "A"), spoken("assistant", "B"))))

    assert {(one.created_at, one.time_inferred) for one in found.messages} == {("2026-06-16T12:00:00.000Z", True)}


def test_messages_keep_their_ids_when_more_of_the_page_was_loaded() -> None:
    (short,) = conversations_in(threads(thread("abc", spoken("user", "B", id="abc-0"))))
    (longer,) = conversations_in(
        threads(thread("abc", spoken("user", "A", id="abc-0"), spoken("user", "B", id="abc-1")))
    )

    assert short.messages[0].id == longer.messages[1].id


def test_a_message_said_twice_is_two_messages() -> None:
    (found,) = conversations_in(threads(thread("abc", spoken("user", "Yes"), spoken("user", "Yes"))))

    assert len(found.messages) == 2


def test_a_thread_without_an_id_takes_it_from_its_address_else_from_its_words() -> None:
    by_address = thread("", spoken("user", "A"), source_url="https://gemini.google.com/app/c_abc123?x=1")
    by_words = thread("", spoken("user", "A"), title="Google Gemini")

    first, second = conversations_in(
        threads({"format": "gemini-merged-batch-draft", "conversations": [by_address, by_words]})
    )

    assert first.id == "abc123"
    assert (second.id[:7], second.title) == ("gemini-", "A")
