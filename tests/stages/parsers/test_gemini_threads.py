"""Gemini: threads of the community's thread exporter, merged with their activity or not."""

import json
from pathlib import Path

import pytest

from packages_store.errors import Unrecognised
from packages_store.model import Conversation, Edition
from stages.parsers.choose import inspect
from stages.parsers.contract import Broken, Empty, Note, Record, Skipped
from tests.stages.parsers.documents import Json, said, thread
from tests.stages.parsers.harness import as_json, conversations_in, imported, records_of, turns
from tests.stages.parsers.test_fixtures import EXPECTED, FIXTURES, LIST

with_fixtures = pytest.mark.skipif(not LIST.exists(), reason="the shared fixtures are not here")
GENERATED = FIXTURES / "gemini/lyrishark/generated"

EXACT = "activity-prompt-exact"
FOLLOWS = "inferred-from-preceding-activity-prompt"
DRAFT = "gemini-visible-chat-draft"


def threads(document: object) -> list[Record]:
    return records_of("gemini", as_json(document), "threads")


def talk(*messages: Json, **other: object) -> Conversation:
    (found,) = conversations_in(threads(thread("abc", *messages, **other)))
    return found


def spoken(role: str, content: str, time: str | None = None, status: str = EXACT, **other: object) -> Json:
    return said(role, content) | {"created_at": time, "timestamp_status": status, **other}


def at(clock: str) -> str:
    return f"2026-06-15T{clock}.000Z"


def times(conversation: Conversation) -> list[tuple[str, bool]]:
    return [(one.created_at[11:19], one.time_inferred) for one in conversation.messages]


def test_a_merged_thread_keeps_the_order_of_the_page_whatever_its_times() -> None:
    (found,) = conversations_in(
        threads(
            thread(
                "c_abc123",
                spoken("user", "A", at("09:00:00")),
                spoken("assistant", "B", at("09:00:01"), FOLLOWS),
                spoken("user", "C", at("08:00:00")),
                spoken("model", "D"),
            )
        )
    )

    assert (found.id, found.title, found.edition) == ("abc123", "Seeds", Edition.PAGE)
    assert turns(found) == [("u", "A"), ("a", "B"), ("u", "C"), ("a", "D")]
    assert times(found) == [("09:00:00", False), ("09:00:01", True), ("08:00:00", True), ("08:00:00", True)]


def test_the_times_that_a_wrong_match_dragged_along_are_marked_as_inferred() -> None:
    moved = f"{EXACT}-order-adjusted"
    records = threads(
        thread(
            "abc",
            spoken("user", "A", at("09:00:00")),
            spoken("user", "B", at("21:00:00")),
            spoken(
                "user", "C", at("21:00:01"), moved, timestamp_order_adjustment={"original_created_at": at("09:05:00")}
            ),
            spoken("assistant", "D", at("21:00:02"), f"{FOLLOWS}-order-adjusted"),
        )
    )

    (found,) = conversations_in(records)
    assert times(found) == [("09:00:00", False), ("21:00:00", False), ("21:00:01", True), ("21:00:02", True)]
    assert records[-1] == Note("2 messages have a time that the exporter moved to keep their order")


@pytest.mark.parametrize(
    ("status", "inferred"),
    [
        (EXACT, False),
        ("activity-item", False),
        ("activity-prompt-match-ambiguous", True),
        ("missing", True),
        ("missing-activity-match", True),
        ("unresolved", True),
        ("same-activity-item-not-message-exact", True),
        (FOLLOWS, True),
    ],
)
@pytest.mark.parametrize("moved", [False, True])
def test_a_time_is_inferred_unless_it_is_that_of_the_one_match(status: str, inferred: bool, moved: bool) -> None:
    found = talk(spoken("user", "A", at("09:00:00"), status + "-order-adjusted" * moved))

    assert times(found) == [("09:00:00", inferred or moved)]


def test_a_time_without_a_status_is_as_the_file_tells_it() -> None:
    message = said("user", "A") | {"created_at": at("09:00:00")}

    assert times(talk(message)) == [("09:00:00", False)]


def test_messages_without_a_time_stay_between_their_neighbours() -> None:
    found = talk(
        spoken("user", "A"),
        spoken("user", "B", at("09:00:00")),
        *(spoken("assistant", text) for text in "CDE"),
        spoken("user", "F", at("09:00:01")),
        spoken("assistant", "G"),
    )

    told = [one.created_at for one in found.messages]
    assert [one.content for one in found.messages] == list("ABCDEFG")
    assert told == sorted(told)
    assert [one.time_inferred for one in found.messages] == [True, False, True, True, True, False, True]


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
    assert conversations_in(records)[1].messages[0].model == "M"
    assert Note("2 messages without text, or of neither side, were left out") in records


def test_a_thread_without_any_time_gets_that_of_the_export_and_says_so() -> None:
    records = threads(thread("abc", spoken("user", "A"), spoken("assistant", "B")))

    (found,) = conversations_in(records)
    assert {(one.created_at, one.time_inferred) for one in found.messages} == {("2026-06-16T12:00:00.000Z", True)}
    assert records[-1] == Note("1 conversation tells no times; its is that of the export")


def test_a_thread_of_a_batch_can_leave_the_time_of_the_export_to_the_batch() -> None:
    inner = thread("abc", spoken("user", "A"), exported_at=None)

    (found,) = conversations_in(
        threads({"format": "gemini-merged-batch-draft", "exported_at": at("07:00:00"), "conversations": [inner]})
    )

    assert times(found) == [("07:00:00", True)]


def test_a_draft_of_a_thread_is_read_with_the_time_of_the_export(tmp_path: Path) -> None:
    path = tmp_path / "draft.json"
    path.write_bytes(
        as_json(
            thread(
                "a1b2c3d4e5f60718",
                spoken("user", "Hi", None, "missing"),
                spoken("assistant", "Hello", None, "missing"),
                format=DRAFT,
            )
        )
    )

    records, _ = imported(path)

    (found,) = conversations_in(records)
    assert inspect(path, path.name).found[0].variant == "thread-drafts"
    assert (found.id, found.edition) == ("a1b2c3d4e5f60718", Edition.PAGE)
    assert turns(found) == [("u", "Hi"), ("a", "Hello")]
    assert times(found) == [("12:00:00", True)] * 2
    assert records[-1] == Note("1 conversation tells no times; its is that of the export")


def test_a_thread_has_the_same_ids_before_and_after_the_merge() -> None:
    draft = talk(spoken("user", "A"), spoken("assistant", "B"), format=DRAFT)
    merged = talk(spoken("user", "A", at("09:00:00")), spoken("assistant", "B", at("09:00:01"), FOLLOWS))

    assert draft.id == merged.id
    assert [one.id for one in draft.messages] == [one.id for one in merged.messages]


@pytest.mark.parametrize("format_", ["gemini-activity-list-draft", "gemini-activity-detail-draft"])
def test_drafts_of_activity_are_explained(tmp_path: Path, format_: str) -> None:
    path = tmp_path / "draft.json"
    path.write_bytes(as_json({"provider": "gemini", "format": format_, "activities": [], "activity": {"messages": []}}))

    with pytest.raises(Unrecognised, match="needs a merge"):
        inspect(path, path.name)


def test_messages_keep_their_ids_when_more_of_the_page_was_loaded() -> None:
    short = talk(spoken("user", "B", id="abc-0"))
    longer = talk(spoken("user", "A", id="abc-0"), spoken("user", "B", id="abc-1"))

    assert short.messages[0].id == longer.messages[1].id


def test_a_message_said_twice_is_two_messages() -> None:
    assert len(talk(spoken("user", "Yes"), spoken("user", "Yes")).messages) == 2


def test_answers_stay_apart_where_a_question_of_nothing_but_an_image_is_missing() -> None:
    found = talk(spoken("user", "Look"), spoken("assistant", "A cat."), spoken("assistant", "A dog."))

    assert turns(found) == [("u", "Look"), ("a", "A cat."), ("a", "A dog.")]


@pytest.mark.parametrize("title", ["", " ", "Gemini", "Google Gemini", "google gemini", "gemini-conversation", None, 3])
def test_a_title_that_every_thread_could_have_gives_way_to_what_was_said_first(title: object) -> None:
    assert talk(spoken("assistant", "Hello"), spoken("user", "Which\ntea?"), title=title).title == "Which tea?"


def test_the_name_of_the_page_is_taken_off_the_title() -> None:
    assert talk(spoken("user", "A"), title="Tea with Wren - Google Gemini").title == "Tea with Wren"


def test_a_thread_without_an_id_takes_it_from_its_address_else_from_its_words() -> None:
    by_address = thread("", spoken("user", "A"), source_url="https://gemini.google.com/app/c_abc123?x=1")
    by_words = thread("", spoken("user", "A"), title="Google Gemini")

    first, second = conversations_in(
        threads({"format": "gemini-merged-batch-draft", "conversations": [by_address, by_words]})
    )

    assert first.id == "abc123"
    assert (second.id[:7], second.title) == ("gemini-", "A")


def test_an_id_made_of_words_stays_when_the_thread_goes_on() -> None:
    said_first = [spoken("user", "A"), spoken("assistant", "B")]

    (short,) = conversations_in(threads(thread("", *said_first)))
    (longer,) = conversations_in(threads(thread("", *said_first, spoken("user", "C"))))

    assert short.id == longer.id


HEAD: Json = {
    "schema": "psycheros.browser-thread-export.v1",
    "adapter_version": "0.3.2",
    "provider": "gemini",
    "exported_at": "2026-06-16T12:00:00.000Z",
}


def variant_of(tmp_path: Path, document: object) -> str:
    path = tmp_path / "whatever"
    path.write_bytes(as_json(document))
    (found,) = inspect(path, path.name).found
    return f"{found.platform}/{found.variant}"


@pytest.mark.parametrize(
    ("document", "variant"),
    [
        ({**HEAD, "format": DRAFT, "conversation_id": "abc", "messages": [said("user", "A")]}, "thread-drafts"),
        (HEAD | thread("abc", said("user", "A")), "threads"),
        (
            {
                **HEAD,
                "schema": "psycheros.browser-thread-export.batch.v1",
                "format": "gemini-merged-batch-draft",
                "diagnostics": {"conversations_merged": 1, "conversations_failed": 0},
                "conversations": [HEAD | thread("abc", said("user", "A"))],
            },
            "threads",
        ),
    ],
)
def test_the_format_that_a_file_names_tells_what_it_is(tmp_path: Path, document: Json, variant: str) -> None:
    assert variant_of(tmp_path, document) == f"gemini/{variant}"
    for format_ in ("gemini-something-else", None):
        path = tmp_path / "other"
        other = {**document, "format": format_, "conversations": []} if "conversations" in document else document
        path.write_bytes(as_json({**other, "format": format_}))
        with pytest.raises(Unrecognised):
            inspect(path, path.name)


def test_a_draft_of_a_visible_chat_has_what_the_page_showed(tmp_path: Path) -> None:
    def shown(number: int, role: str, content: str) -> Json:
        told = {"created_at": None, "timestamp_status": "missing", "source": "gemini.chat-dom.visible"}
        return {"id": f"abc123-{number}", "role": role, "content": content, **told}

    document = {
        **HEAD,
        "format": DRAFT,
        "source_url": "https://gemini.google.com/app/abc123",
        "conversation_id": "abc123",
        "title": "Google Gemini",
        "messages": [shown(1, "user", "Which tea?"), shown(2, "assistant", "*Jasmine*,\n  warm.")],
        "diagnostics": {"timestamp_status": "missing", "visible_messages": 2, "caveat": "draft"},
    }

    (found,) = conversations_in(records_of("gemini", as_json(document), "thread-drafts"))

    assert (found.id, found.title, found.edition) == ("abc123", "Which tea?", Edition.PAGE)
    assert turns(found) == [("u", "Which tea?"), ("a", "*Jasmine*,\n  warm.")]
    assert times(found) == [("12:00:00", True)] * 2


def test_a_draft_of_an_activity_list_holds_no_chat_and_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "gemini-activity-list_2026-06-16_draft.json"
    asked = {"id": "1", "prompt": "Which tea?", "response": "", "created_at": at("08:30:00"), "resolved_time": None}
    path.write_bytes(as_json({**HEAD, "format": "gemini-activity-list-draft", "activities": [asked]}))

    with pytest.raises(Unrecognised) as told:
        inspect(path, path.name)

    assert "a draft of Gemini's activity, which needs a merge" in str(told.value)
    assert "Merge it with the thread drafts" in told.value.advice


def test_a_draft_of_one_activity_is_no_chat_though_it_holds_messages(tmp_path: Path) -> None:
    path = tmp_path / "Which_tea_draft.json"
    activity = {"id": "1", "prompt": "Which tea?", "messages": [said("user", "Which tea?"), said("assistant", "Mint.")]}
    path.write_bytes(as_json({**HEAD, "format": "gemini-activity-detail-draft", "activity": activity}))

    with pytest.raises(Unrecognised) as told:
        inspect(path, path.name)

    assert "a draft of Gemini's activity, which needs a merge" in str(told.value)
    assert "Merge it with the thread drafts" in told.value.advice


def test_what_a_merged_thread_tells_of_the_match_is_no_text() -> None:
    evidence = {"source": "gemini.apps-activity", "prompt_match_score": 1, "local_time_text": "June 15, 2026"}
    asked = spoken("user", "A", at("09:00:00"), timestamp_confidence=0.9, timestamp_evidence=evidence)
    follows = {"source": "visible-thread-order", "inference": "next", "offset_seconds": 1}
    answered = spoken("assistant", "B", at("09:00:01"), FOLLOWS, timestamp_evidence=follows)

    plain = talk(spoken("user", "A", at("09:00:00")), spoken("assistant", "B", at("09:00:01"), FOLLOWS))

    assert talk(asked, answered, diagnostics={"matches": [evidence], "unmatched_user_message_ids": ["x"]}) == plain


def test_a_time_that_was_moved_is_kept_as_the_file_has_it_and_marked() -> None:
    moved = {"original_created_at": at("07:00:00"), "adjusted_created_at": at("09:00:02"), "reason": "order"}

    found = talk(spoken("user", "A", at("09:00:02"), f"{EXACT}-order-adjusted", timestamp_order_adjustment=moved))

    assert times(found) == [("09:00:02", True)]


@pytest.mark.parametrize(
    "resolution",
    [
        "relative-date-from-browser-clock",
        "absolute-date-from-activity",
        "absolute-date-current-year-from-browser-clock",
        "date-parse",
    ],
)
def test_the_time_of_the_one_match_is_the_messages_however_it_was_resolved(resolution: str) -> None:
    evidence = {"timestamp_resolution": resolution, "local_time_text": "June 15, 2026 at 8:30 AM"}

    assert times(talk(spoken("user", "A", at("08:30:00"), timestamp_evidence=evidence))) == [("08:30:00", False)]


def test_a_batch_has_no_title_and_each_thread_its_own() -> None:
    inner = [thread("one1", spoken("user", "A"), title="Tea"), thread("two2", spoken("user", "B"), title="Rain")]

    records = threads({**HEAD, "title": "Batch", "format": "gemini-merged-batch-draft", "conversations": inner})

    assert [(one.id, one.title) for one in conversations_in(records)] == [("one1", "Tea"), ("two2", "Rain")]


def test_a_batch_is_known_by_its_threads_when_its_format_comes_behind_them(tmp_path: Path) -> None:
    inner = [thread("one1", spoken("user", "A"), format=None)]

    assert variant_of(tmp_path, {"conversations": inner, **HEAD, "format": "gemini-merged-batch-draft"}) == (
        "gemini/threads"
    )


def test_the_id_can_stand_under_the_name_id() -> None:
    assert talk(spoken("user", "A"), conversation_id=None, id="c_fed123").id == "fed123"


def test_messages_of_the_system_and_of_tools_are_left_out_and_counted() -> None:
    records = threads(thread("abc", spoken("system", "S"), spoken("user", "A", at("09:00:00")), spoken("tool", "T")))

    assert turns(conversations_in(records)[0]) == [("u", "A")]
    assert records[-1] == Note("2 messages without text, or of neither side, were left out")


def test_reasoning_and_model_are_kept_where_a_message_tells_them() -> None:
    (told, plain) = talk(spoken("assistant", "A", reasoning="R", model="M"), spoken("assistant", "B")).messages

    assert [(one.reasoning, one.model) for one in (told, plain)] == [("R", "M"), (None, None)]


def test_a_thread_ends_with_its_latest_message() -> None:
    found = talk(spoken("user", "A", at("09:00:00")), spoken("assistant", "B", at("09:00:01"), FOLLOWS))

    assert (found.created_at, found.updated_at) == (at("09:00:00"), at("09:00:01"))


@with_fixtures
@pytest.mark.parametrize("path", sorted(GENERATED.glob("*_draft.json")), ids=lambda path: path.name)
def test_drafts_of_threads_are_read_and_drafts_of_activity_are_not(path: Path) -> None:
    told = json.loads(path.read_bytes())
    if told["format"] != DRAFT:
        with pytest.raises(Unrecognised, match="needs a merge"):
            inspect(path, path.name)
        return

    (found,) = conversations_in(imported(path)[0])

    assert (found.id, found.title) == (told["conversation_id"], told["title"])
    assert turns(found) == [(one["role"][0], one["content"]) for one in told["messages"]]
    assert all(one.time_inferred for one in found.messages)


@with_fixtures
@pytest.mark.parametrize("name", [name for name in EXPECTED if name.startswith("gemini/lyrishark/")])
def test_merged_threads_hold_what_the_files_tell_in_their_order(name: str) -> None:
    told = json.loads((FIXTURES / name).read_bytes())["conversations"]

    found = conversations_in(imported(FIXTURES / name)[0])

    for one, conversation in zip(told, found, strict=True):
        assert conversation.title == one["title"]
        assert turns(conversation) == [(message["role"][0], message["content"]) for message in one["messages"]]
        for message, read in zip(one["messages"], conversation.messages, strict=True):
            assert message["created_at"] in (None, read.created_at)
            doubtful = message["created_at"] is None or "inferred" in message.get("timestamp_status", "")
            assert read.time_inferred == (doubtful or "adjusted" in message.get("timestamp_status", ""))


@with_fixtures
def test_a_thread_alone_and_in_a_batch_is_the_same() -> None:
    (alone,) = conversations_in(imported(GENERATED / "Morning_tea_with_Wren_a1b2c3d4e5f60718_merged.json")[0])
    batch = conversations_in(imported(GENERATED / "gemini-merged-batch_2026-06-16.json")[0])

    assert alone in batch
