"""Two snapshots of one conversation: every message of either, once."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packages_store.model import Conversation, Edition, Message, Role
from packages_store.uniting import unite

EARLY = "2024-01-01T00:00:00.000Z"
LATE = "2024-02-01T00:00:00.000Z"


def snapshot(*said: str, edition: Edition = Edition.EXPORT, updated: str = EARLY, **other: object) -> Conversation:
    """Turns like `u Hello`, a minute apart; ids are of the edition's own."""
    messages = tuple(
        Message(
            f"{edition.name}-{text}",
            _role(text),
            text[2:],
            f"2024-01-01T00:{minute:02}:00.000Z",
            edition=edition,
            time_inferred=edition == Edition.PAGE,
        )
        for minute, text in enumerate(said)
    )
    return replace(Conversation("c", "Tea", "gemini", EARLY, updated, messages, edition), **other)  # type: ignore[arg-type]


def _role(text: str) -> Role:
    return "user" if text.startswith("u") else "assistant"


def texts(conversation: Conversation) -> list[str]:
    return [f"{message.role[0]} {message.content}" for message in conversation.messages]


def test_what_the_later_export_does_not_hold_any_more_is_kept_and_marked_as_gone() -> None:
    united = unite(snapshot("u a", "a b", "u c"), snapshot("u a", "u c", updated=LATE))

    assert [(m.content, m.gone) for m in united.messages] == [("a", False), ("b", True), ("c", False)]


def test_what_lies_outside_a_later_export_of_a_part_is_not_gone() -> None:
    united = unite(snapshot("u a", "a b", "u c"), snapshot("u c", "a d", updated=LATE))

    assert texts(united) == ["u a", "a b", "u c", "a d"]
    assert not any(message.gone for message in united.messages)


def test_what_an_older_export_does_not_hold_yet_is_not_gone() -> None:
    united = unite(snapshot("u a", "a b", updated=LATE), snapshot("u a"))

    assert not any(message.gone for message in united.messages)


@pytest.mark.parametrize("export_first", [True, False])
def test_a_page_and_an_export_of_one_chat_are_one_with_the_words_of_the_export(export_first: bool) -> None:
    export = snapshot("u Which *tea*?", "a **Jasmine**, with `water`.")
    page = snapshot("u Which tea?", "a Jasmine, with water.", edition=Edition.PAGE, updated=LATE)

    united = unite(export, page) if export_first else unite(page, export)

    assert texts(united) == ["u Which *tea*?", "a **Jasmine**, with `water`."]
    assert united.edition == Edition.EXPORT
    assert not any(message.gone or message.time_inferred for message in united.messages)


def test_an_answer_that_reads_a_little_different_is_the_same_when_the_question_is() -> None:
    export = snapshot("u Why?", "a Because the sea is warm and [calm](https://example.org/sea) today.")
    page = snapshot("u Why?", "a Because the sea is warm and calm today. Sources", edition=Edition.PAGE)

    assert texts(unite(export, page)) == texts(export)


def test_another_answer_to_the_same_question_is_kept() -> None:
    export = snapshot("u Why?", "a Because of the moon.")
    page = snapshot("u Why?", "a Wind moves water across oceans.", edition=Edition.PAGE)

    assert texts(unite(export, page)) == ["u Why?", "a Wind moves water across oceans.", "a Because of the moon."]


def test_what_only_the_page_showed_keeps_its_place() -> None:
    export = snapshot("u One", "a Two", "u Five")
    page = snapshot("u One", "a Two", "u Three", "a Four", "u Five", edition=Edition.PAGE)

    assert texts(unite(export, page)) == ["u One", "a Two", "u Three", "a Four", "u Five"]


def test_what_the_page_alone_showed_gives_way_when_a_later_export_holds_it() -> None:
    mixed = unite(snapshot("u One", "a Two"), snapshot("u One", "a Two", "u Three", edition=Edition.PAGE))

    united = unite(mixed, snapshot("u One", "a Two", "u Three", updated=LATE))

    assert [message.id for message in united.messages] == ["EXPORT-u One", "EXPORT-a Two", "EXPORT-u Three"]


def test_a_word_said_twice_is_kept_twice() -> None:
    export = snapshot("u Hi", "a Hello", "u Hi", "a Yes?")
    page = snapshot("u Hi", "a Hello", "u Hi", "a Yes?", edition=Edition.PAGE)

    assert texts(unite(export, page)) == texts(export)


def test_signs_alone_are_told_apart() -> None:
    export = snapshot("u 🌿", "a 🌊")
    page = snapshot("u 🌿", "a 🔥", edition=Edition.PAGE)

    assert texts(unite(export, page)) == ["u 🌿", "a 🔥", "a 🌊"]


def test_the_time_that_tells_more_is_kept() -> None:
    fine = snapshot("u Hi")
    fine = replace(fine, messages=(fine.messages[0]._replace(created_at="2024-01-01T00:00:00.250Z"),))

    united = unite(fine, snapshot("u Hi", updated=LATE))

    assert united.messages[0].created_at == "2024-01-01T00:00:00.250Z"


def test_a_time_that_was_made_up_does_not_move_with_every_import() -> None:
    first = snapshot("u Hi", "a Hello", edition=Edition.PAGE)
    moved = tuple(message._replace(created_at=LATE) for message in first.messages)

    united = unite(first, replace(first, messages=moved, updated_at=LATE))

    assert united.messages == first.messages


def test_instructions_are_united_too() -> None:
    united = unite(snapshot("u a", instructions=("Be kind.",)), snapshot("u a", instructions=("Be kind.", "Be brief.")))

    assert united.instructions == ("Be kind.", "Be brief.")


said = st.lists(st.sampled_from(["u a", "a b", "u c", "a d", "u e", "a f"]), unique=True, min_size=1, max_size=6)
editions = st.sampled_from(list(Edition))


@given(said, said, editions, editions)
def test_nothing_said_is_lost_and_a_second_time_changes_nothing(
    first: list[str], second: list[str], one: Edition, other: Edition
) -> None:
    old = snapshot(*first, edition=one)
    new = snapshot(*second, edition=other, updated=LATE)

    united = unite(old, new)

    assert set(texts(united)) == {*first, *second}
    assert len(texts(united)) == len({*first, *second})
    assert unite(united, new).messages == united.messages
    assert set(texts(unite(united, old))) == set(texts(united))


letters = st.lists(st.sampled_from("abcdefgh"), unique=True, min_size=1)


@given(letters, letters, st.booleans())
def test_uniting_two_snapshots_keeps_every_message_once(first: list[str], second: list[str], later: bool) -> None:
    old = letters_of(first, "2024-01-01T00:00:00.000Z")
    new = letters_of(second, "2024-01-02T00:00:00.000Z" if later else "2023-01-01T00:00:00.000Z")

    united = [message.id for message in unite(old, new).messages]

    assert sorted(united) == sorted(set(first) | set(second))
    leading = second if later else first
    assert [each for each in united if each in set(leading)] == leading


def letters_of(letters: list[str], updated_at: str) -> Conversation:
    messages = tuple(Message(letter, "user", letter, "2024-01-01T00:00:00.000Z") for letter in letters)
    return Conversation("c", None, "chatgpt", "2024-01-01T00:00:00.000Z", updated_at, messages)
