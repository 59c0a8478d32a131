"""JanitorAI: the order of messages, which answers were chosen, and names in the place of macros."""

import pytest

from packages_store.model import Conversation, Edition
from stages.parsers.contract import Bid, Broken, Empty, Note, Peek, Record, Skipped
from tests.stages.parsers.harness import as_json, conversations_in, parser_named, records_of, turns
from tests.stages.parsers.samples.janitor_ai import Json, chat, message


def read(document: object) -> list[Record]:
    return records_of("janitor-ai", as_json(document))


def one(*messages: Json, **other: object) -> Conversation:
    (found,) = conversations_in(read(chat(*messages, **other)))
    return found


def texts(*messages: Json) -> list[str]:
    return [content for _role, content in turns(one(*messages))]


def test_a_chat_tells_sides_times_ids_and_its_character() -> None:
    found = one(message(1, True, "Hello."), message(2, False, "Row me over."))

    assert (found.title, found.platform, found.edition) == ("Wren the Ferryman", "janitor-ai", Edition.EXPORT)
    assert turns(found) == [("a", "Hello."), ("u", "Row me over.")]
    assert [(one.id.rpartition(":")[2], one.created_at, one.time_inferred) for one in found.messages] == [
        ("1", "2025-03-01T10:01:00.250Z", False),
        ("2", "2025-03-01T10:02:00.250Z", False),
    ]


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({}, "Ned, I am Wren. {{time}}"),
        ({"persona_name": None, "username": "ned77"}, "ned77, I am Wren. {{time}}"),
        ({"persona_name": {}}, "user, I am Wren. {{time}}"),
        ({"character": {"name": "Wren the Ferryman"}}, "Ned, I am Wren the Ferryman. {{time}}"),
        ({"character": {"name": "The Ferryman", "chat_name": None}}, "Ned, I am The Ferryman. {{time}}"),
        ({"character": None}, "Ned, I am {{CHAR}}. {{time}}"),
    ],
)
def test_names_stand_in_the_place_of_macros(other: Json, expected: str) -> None:
    assert turns(one(message(1, True, "{{User}}, I am {{CHAR}}. {{time}}"), **other)) == [("a", expected)]


def test_the_order_is_that_of_the_times() -> None:
    newest_first = [message(4, True, "D"), message(3, False, "C"), message(2, True, "B"), message(1, False, "A")]

    assert texts(*newest_first) == texts(*newest_first[::-1]) == ["A", "B", "C", "D"]
    assert texts(message(1, False, "A", 9), message(2, True, "B", 3), message(3, False, "C", 5)) == ["B", "C", "A"]


def test_messages_of_one_moment_or_without_one_stay_beside_their_neighbours() -> None:
    assert texts(message(1, True, "A", 1), message(2, False, "B", 1), message(3, True, "C", 1)) == ["A", "B", "C"]
    later = {**message(3, False, "C"), "created_at": None}
    assert texts(message(1, True, "A"), message(2, False, "B"), later, message(4, True, "D")) == ["A", "B", "C", "D"]


def test_of_the_answers_at_the_end_the_first_is_kept_and_the_others_are_counted() -> None:
    records = read(chat(message(1, False, "Hi."), *(message(n, True, f"answer {n}") for n in (2, 3, 4))))

    assert turns(conversations_in(records)[0]) == [("u", "Hi."), ("a", "answer 2")]
    assert Note("2 alternative answers that were not chosen were left out") in records


def test_the_answer_that_the_site_marks_as_the_main_one_is_kept_wherever_it_stands() -> None:
    answers = [message(n, True, f"answer {n}", is_main=n == 3) for n in (2, 3, 4)]

    assert texts(message(1, False, "Hi."), *answers) == ["Hi.", "answer 3"]
    assert texts(message(1, False, "Hi."), *answers, message(5, False, "Ho.")) == ["Hi.", "answer 3", "Ho."]


def test_answers_in_a_row_in_the_middle_are_all_kept_where_none_is_marked() -> None:
    assert texts(message(1, True, "A"), message(2, True, "B"), message(3, False, "C")) == ["A", "B", "C"]


def test_a_user_who_writes_twice_is_heard_twice() -> None:
    assert texts(message(1, False, "A", is_main=False), message(2, False, "B", is_main=True)) == ["A", "B"]


def test_the_summary_of_the_chat_is_an_instruction() -> None:
    found = one(message(1, True, "Hi."), chat={"id": 5, "summary": "They met.", "updated_at": "2025-03-02T00:00:00Z"})

    assert (found.id, found.instructions, found.updated_at) == (
        "janitor-ai-5",
        ("They met.",),
        "2025-03-02T00:00:00.000Z",
    )


def test_a_chat_keeps_its_id_when_it_goes_on() -> None:
    for other in ({}, {"chat": {"id": 5}}):
        short = one(message(1, True, "Hi."), message(2, False, "Ho."), **other)
        longer = one(message(1, True, "Hi."), message(2, False, "Ho."), message(3, True, "Hm."), **other)
        assert short.id == longer.id
        assert short.messages == longer.messages[:2]


def test_chats_are_told_apart_by_the_ids_of_their_messages() -> None:
    assert one(message(1, True, "Hi.")).id != one(message(2, True, "Hi.")).id
    assert one(message(1, True, "Hi.", chat_id=8)).id == one(message(2, True, "Hi.", chat_id=8)).id == "janitor-ai-8"


def test_messages_without_text_are_counted_and_stop_nothing() -> None:
    document = chat(message(1, True, "Hi."), message(2, False, " "))
    document["chatMessages"] = [None, 7, {}, {"message": 3, "is_bot": True}, *document["chatMessages"]]  # type: ignore[misc]

    records = read(document)

    assert turns(conversations_in(records)[0]) == [("a", "Hi.")]
    assert Note("4 messages without text were left out") in records


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (chat(), Empty("record 1, byte 1")),
        ({"chatMessages": 3}, Skipped("no JanitorAI chat")),
        ({"messages": []}, Skipped("no JanitorAI chat")),
        (7, Broken("record 1, byte 1", "a chat is an object, and this is none")),
    ],
)
def test_a_record_of_another_kind_is_accounted_for(record: object, expected: Record) -> None:
    assert read([record, chat(message(1, True, "Hi."))])[0] == expected


@pytest.mark.parametrize(
    ("record", "is_claimed"),
    [
        (chat(message(1, True, "Hi.")), True),
        ({"chatMessages": [message(1, True, "Hi.")]}, True),
        (chat(), True),
        ({"chatMessages": []}, False),
        ({"chatMessages": [{"role": "user", "content": "Hi."}]}, False),
        ({"chatMessages": {}}, False),
        ({"messages": [message(1, True, "Hi.")]}, False),
        ([], False),
        (None, False),
    ],
)
def test_only_chats_with_its_own_messages_are_claimed(record: object, is_claimed: bool) -> None:
    found = parser_named("janitor-ai").bid(Peek("json", "single", (record,)))

    assert found == (Bid("", Bid.SHAPE) if is_claimed else None)
