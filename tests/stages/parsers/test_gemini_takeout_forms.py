"""One export in both forms, JSON and page: the same conversations with the same ids."""

import random
import re
from html import escape
from itertools import pairwise

import pytest

from packages_store.model import Conversation
from packages_store.uniting import unite
from stages.parsers.gemini import takeout
from stages.parsers.reading.values import as_list, as_map, as_text
from tests.stages.parsers.documents import Json, activity
from tests.stages.parsers.harness import as_json, conversations_in, records_of, turns
from tests.stages.parsers.samples.gemini_takeout import card, page

CHAT, BRANCH = "a1b2c3d4e5f60718", "b2c3d4e5f6071829"


def as_card(record: Json) -> str:
    """The card that Google makes of a record."""
    title = escape(str(record["title"])).replace("Prompted ", "Prompted&nbsp;", 1).replace("\n", "<br>")
    time = str(record["time"])
    notes = [
        re.sub(r"^(- +)?(.*)$", rf'\1<a href="{note["url"]}">\2</a>', as_text(note["name"]))
        if "url" in note
        else as_text(note["name"])
        for note in map(as_map, as_list(record.get("subtitles")))
    ]
    hour = int(time[11:13])
    return card(
        title,
        f"Aug {int(time[8:10])}, 2026, {hour % 12 or 12}:{time[14:19]}\u202f{'AM' if hour < 12 else 'PM'} UTC",
        "\n<br>".join(as_text(as_map(item).get("html")) for item in as_list(record.get("safeHtmlItem"))),
        [as_text(as_map(detail).get("url")).rpartition("/")[2] for detail in as_list(record.get("details"))],
        notes=notes,
        header=str(record["header"]),
    )


def both(records: list[Json]) -> tuple[list[Conversation], list[Conversation]]:
    as_page = page([as_card(record) for record in records])
    return (
        conversations_in(records_of("gemini", as_json(records), "takeout")),
        conversations_in(records_of("gemini", as_page, "takeout-page")),
    )


def ids(conversations: list[Conversation]) -> list[tuple[str, list[str]]]:
    return [(one.id, [message.id for message in one.messages]) for one in conversations]


RECORDS = [
    activity("Prompted Plant lavender?", "2026-08-20T10:00:00.100Z", "<p>By the <b>wall</b>.</p>", [CHAT, BRANCH]),
    activity("Prompted And thyme?", "2026-08-20T10:03:00.999Z", ["<p>There.</p>", "<p>Here.</p>"], [CHAT]),
    activity('Branched Or "rose" & <mint>?', "2026-08-20T10:04:00.001Z", ["<p>No.</p>", "<p>Yes.</p>"], [CHAT, BRANCH]),
    activity("Prompted one\ntwo\n\n  three   four", "2026-08-19T23:59:59.999Z", "<pre><code>a\n\n\nb\n</code></pre>"),
    activity("Prompted no answer", "2026-08-20T00:29:59.000Z"),
    activity("Prompted a new talk", "2026-08-20T01:00:00.000Z", "<ul><li>x</li></ul>"),
    activity("Prompted B in the same second", "2026-08-20T03:00:00.100Z", "<p>b</p>"),
    activity("Prompted A in the same second", "2026-08-20T03:00:00.900Z", "<p>a</p>"),
    activity("Zapytano: hello", "2026-08-21T10:00:00.000Z", "<p>x</p>"),
    activity("Prompted über Cafe\u0301", "2026-08-22T10:00:00.000Z", "<p>x</p>"),
    activity(
        "Prompted Read",
        "2026-08-23T10:00:00.000Z",
        "<p>x</p>",
        subtitles=[{"name": "Attached 1 file."}, {"name": "- note.txt", "url": "note-1e98.txt"}],
        attachedFiles=["note-1e98.txt"],
    ),
    # In JSON the title of a prompt of nothing but files is the bare verb, in the page the names of the files follow it.
    # Readers that take the names for the prompt count more prompts in the page than in JSON.
    activity(
        "Prompted ",
        "2026-08-24T10:00:00.000Z",
        "<p>A cat.</p>",
        subtitles=[{"name": "Attached 1 file."}, {"name": "- cat.png", "url": "cat-1e98.png"}],
        attachedFiles=["cat-1e98.png"],
    ),
    activity("Prompted Draw", "2026-08-25T10:00:00.000Z", "<p></p>", subtitles=[{"name": "1 generated image."}]),
    activity("Used Gems", "2026-08-25T10:00:01.000Z", chats=[CHAT]),
    activity("Created Gemini Canvas titled X", "2026-08-25T10:00:02.000Z", chats=[CHAT]),
    activity("Prompted private", "2026-08-25T10:00:03.000Z", "<p>x</p>", header="Search", products=["Search"]),
]


def test_both_forms_give_the_same_ids_and_words() -> None:
    from_json, from_page = both(RECORDS)

    assert ids(from_json) == ids(from_page)
    assert [one.title for one in from_json] == [one.title for one in from_page]
    assert [turns(one) for one in from_json] == [turns(one) for one in from_page]


@pytest.mark.parametrize("seed", range(30))
def test_any_activity_gives_the_same_ids_in_both_forms_and_in_any_order(seed: int) -> None:
    dice = random.Random(seed)
    records = [
        activity(
            f"Prompted {dice.choice('ABCDEF')}\n{dice.randrange(3)}",
            f"2026-08-2{dice.randrange(3)}T{dice.randrange(24):02d}:{dice.randrange(60):02d}:0{dice.randrange(3)}.{dice.randrange(1000):03d}Z",
            f"<p>{dice.randrange(9)}</p>" if dice.random() < 0.8 else (),
            dice.sample([CHAT, BRANCH], dice.choice([0, 0, 1, 2])),
        )
        for _ in range(60)
    ]

    from_json, from_page = both(records)
    dice.shuffle(records)

    assert sorted(ids(from_json)) == sorted(ids(from_page))
    assert ids(both(records)[0]) == ids(from_json)


def times(conversation: Conversation, role: str = "") -> list[str]:
    return [one.created_at for one in conversation.messages if one.role.startswith(role)]


def test_the_milliseconds_of_json_are_not_lost_to_the_page_whichever_comes_first() -> None:
    from_json, from_page = both(RECORDS)

    for exact, rough in zip(from_json, from_page, strict=True):
        assert [time[:19] for time in times(exact, "user")] == [time[:19] for time in times(rough, "user")]
        for united in (unite(exact, rough), unite(rough, exact)):
            assert times(united, "user") == times(exact, "user")
            pairs = pairwise(united.messages)
            assert all(one.created_at <= other.created_at for one, other in pairs if other.role == "assistant")


def test_the_milliseconds_of_json_are_not_lost_to_a_later_page_that_goes_on() -> None:
    on = activity("Prompted On", "2026-08-20T10:05:00.250Z", "<p>on</p>", [CHAT])
    exact, rough = both(RECORDS[:3])[0][0], both([*RECORDS[:3], on])[1][0]

    found = unite(exact, rough)

    assert times(found)[:6] == times(exact)
    assert times(found, "user")[-1] == "2026-08-20T10:05:00.000Z"


def test_a_later_export_that_links_to_chats_gives_the_same_keys_within_other_conversations() -> None:
    unlinked = [{**record, "details": []} for record in RECORDS[:3]]

    (before,), (after, _) = both(unlinked)[0], both(RECORDS[:3])[0]

    assert (before.id, after.id) == ("gemini-takeout-1787220000-cee1b8f1", CHAT)
    assert [one.id.removeprefix(before.id) for one in before.messages] == [
        one.id.removeprefix(after.id) for one in after.messages
    ]


def test_conversations_by_gaps_begin_at_the_same_turn_when_milliseconds_would_decide() -> None:
    times = ["2026-08-20T10:00:00.999Z", "2026-08-20T10:30:00.000Z", "2026-08-20T11:00:00.999Z"]

    from_json, from_page = both([activity(f"Prompted {time}", time) for time in times])

    assert ids(from_json) == ids(from_page)
    assert all(one.created_at <= other.created_at for one, other in pairwise(from_json))


def test_a_prompt_of_nothing_but_files_is_as_many_turns_in_both_forms() -> None:
    notes = [{"name": "Attached 1 file."}, {"name": "- cat.png", "url": "cat-1e98.png"}]
    plain = activity("Prompted Why?", "2026-08-24T10:00:00.000Z", "<p>So.</p>")
    bare = activity(
        "Prompted ", "2026-08-24T10:01:00.000Z", "<p>A cat.</p>", subtitles=notes, attachedFiles=["cat-1e98.png"]
    )

    (from_json,), (from_page,) = both([plain, bare])

    assert turns(from_json) == turns(from_page)
    assert turns(from_json)[2:] == [("u", "[image: cat.png]"), ("a", "A cat.")]


def test_an_export_so_long_that_turns_are_held_compressed_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    twice = [activity("Prompted Why?", "2026-08-20T10:00:00.000Z", f"<p>{answer}</p>", [CHAT]) for answer in "ab"]
    records = [*RECORDS, *twice, *twice]
    plain = both(records)

    for held in (0, 60):
        monkeypatch.setattr(takeout, "HELD_AS_IT_IS", held)
        assert both(records) == both(records[::-1]) == plain
