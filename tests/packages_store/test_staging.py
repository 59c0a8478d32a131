"""The staging area: what is brought in is kept, once."""

from dataclasses import replace
from pathlib import Path

import pytest

from packages_store.model import Conversation, Edition
from packages_store.staging import Staged, Staging
from tests.builders import conversation, package_in


@pytest.fixture
def staging(tmp_path: Path) -> Staging:
    return package_in(tmp_path).staging


def shorter(whole: Conversation, count: int) -> Conversation:
    messages = whole.messages[:count]
    return replace(whole, messages=messages, updated_at=messages[-1].created_at)


def test_what_was_staged_reads_back_the_same(staging: Staging) -> None:
    chat = conversation(texts=("Grüße, 世界", "\U0001f33f"))

    staging.add("file-1", [chat])

    assert staging.get(chat.id) == chat


def test_a_conversation_met_again_unchanged_is_unchanged(staging: Staging) -> None:
    staging.add("file-1", [conversation()])

    assert staging.add("file-2", [conversation()]) == Staged(unchanged=1)


def test_a_grown_conversation_is_updated_and_holds_each_message_once(staging: Staging) -> None:
    whole = conversation(texts=("a", "b", "c", "d"))
    staging.add("file-1", [shorter(whole, 2)])

    assert staging.add("file-2", [whole]) == Staged(updated=1)
    assert staging.get(whole.id) == whole


def test_an_older_snapshot_removes_nothing(staging: Staging) -> None:
    whole = conversation(texts=("a", "b", "c", "d"))
    staging.add("file-1", [whole])

    assert staging.add("file-2", [shorter(whole, 2)]) == Staged(older=1)
    assert staging.get(whole.id) == whole


def test_reading_a_source_again_after_a_crash_gives_the_same_account(staging: Staging) -> None:
    whole = conversation(texts=("a", "b", "c", "d"))
    staging.add("file-1", [shorter(whole, 2)])
    first = staging.add("file-2", [whole, conversation(1)])

    assert staging.add("file-2", [whole, conversation(1)]) == first == Staged(new=1, updated=1)


def test_the_same_chat_exported_by_another_tool_is_recognised_by_what_was_said(staging: Staging) -> None:
    ours = conversation(texts=("a", "b"))
    theirs = replace(ours, messages=tuple(m._replace(id=f"other-{m.id}") for m in ours.messages))
    staging.add("file-1", [ours])

    staging.add("file-2", [theirs])

    found = staging.get(ours.id)
    assert found is not None
    assert [m.content for m in found.messages] == ["a", "b"]


def test_a_tools_copy_of_what_is_here_already_is_unchanged(staging: Staging) -> None:
    ours = conversation(texts=("a", "b"))
    copied = tuple(
        m._replace(id=f"page-{m.id}", edition=Edition.PAGE, content=f"**{m.content}**") for m in ours.messages
    )
    staging.add("file-1", [ours])

    assert staging.add("file-2", [replace(ours, messages=copied, edition=Edition.PAGE)]) == Staged(unchanged=1)
    assert staging.get(ours.id) == ours


def test_what_the_source_no_longer_holds_is_kept_and_marked(staging: Staging) -> None:
    whole = conversation(texts=("a", "b", "c"))
    staging.add("file-1", [whole])
    later = replace(whole, messages=(whole.messages[0], whole.messages[2]), updated_at="2030-01-01T00:00:00.000Z")

    staging.add("file-2", [later])

    found = staging.get(whole.id)
    assert found is not None
    assert [(m.content, m.gone) for m in found.messages] == [("a", False), ("b", True), ("c", False)]


def test_instructions_are_kept_apart_and_gathered(staging: Staging) -> None:
    staging.add("file-1", [replace(conversation(), instructions=("Be kind.",))])
    staging.add("file-2", [replace(conversation(), instructions=("Be kind.", "Be brief."))])

    found = staging.get("chat-0")
    assert found is not None
    assert found.instructions == ("Be kind.", "Be brief.")


def grouped(whole: Conversation, id_: str, *, provisional: bool) -> Conversation:
    """The same messages as another conversation."""
    messages = tuple(m._replace(id=f"{id_}:{whole.key_of(m)}") for m in whole.messages)
    return replace(whole, id=id_, messages=messages, provisional=provisional)


@pytest.mark.parametrize("known_first", [True, False])
def test_what_was_grouped_by_guess_gives_way_to_the_conversation_it_belongs_to(
    staging: Staging, known_first: bool
) -> None:
    whole = conversation(texts=("a", "b", "c"))
    guessed = grouped(whole, "guessed", provisional=True)
    known = grouped(shorter(whole, 2), "known", provisional=False)

    accounts = [staging.add("file", [one]) for one in ([known, guessed] if known_first else [guessed, known])]

    left = [staging.get(id_) for id_ in ("known", "guessed")]
    assert [[m.content for m in one.messages] for one in left if one] == [["a", "b"], ["c"]]
    assert accounts == [Staged(new=1), Staged(new=1)]


def test_a_guessed_conversation_of_which_nothing_is_left_goes(staging: Staging) -> None:
    whole = conversation(texts=("a", "b"))
    staging.add("file-1", [grouped(whole, "guessed", provisional=True)])
    staging.add("file-2", [grouped(whole, "known", provisional=False)])

    assert staging.conversation_ids() == {"known"}
    assert staging.add("file-1", [grouped(whole, "guessed", provisional=True)]) == Staged(unchanged=1)


def test_branches_that_share_a_beginning_both_keep_it(staging: Staging) -> None:
    whole = conversation(texts=("a", "b"))
    staging.add("file", [grouped(whole, id_, provisional=False) for id_ in ("one", "other")])

    assert [len(one.messages) for id_ in ("one", "other") if (one := staging.get(id_))] == [2, 2]


def test_messages_of_a_time_span_come_with_their_conversation(staging: Staging) -> None:
    staging.add("file-1", [conversation(number, ("a", "b")) for number in range(3)])

    (found,) = staging.between("2024-03-02T00:00:00.000Z", "2024-03-03T00:00:00.000Z")

    assert found.id == "chat-1"
    assert len(found.messages) == 2
