"""The staging area: what is brought in is kept, once."""

from dataclasses import replace
from pathlib import Path

import pytest

from packages_store.model import Conversation, Edition
from packages_store.review import Decision
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


@pytest.mark.parametrize("later_first", [True, False])
def test_a_guess_that_begins_elsewhere_in_another_export_is_the_same_conversation(
    staging: Staging, later_first: bool
) -> None:
    whole = conversation(texts=("a", "b", "c", "d"))
    early = grouped(shorter(whole, 3), "early", provisional=True)
    late = grouped(replace(whole, messages=whole.messages[1:]), "late", provisional=True)

    for one in (late, early) if later_first else (early, late):
        staging.add("file", [one])

    (id_,) = staging.conversation_ids()
    found = staging.get(id_)
    assert id_ == ("late" if later_first else "early")
    assert found is not None
    assert [(found.key_of(m), m.content, m.gone) for m in found.messages] == [
        (whole.key_of(m), m.content, False) for m in whole.messages
    ]


def test_guesses_that_a_wider_one_holds_give_way_to_it(staging: Staging) -> None:
    whole = conversation(texts=("a", "b", "c", "d"))
    rest = replace(whole, messages=whole.messages[2:])
    staging.add("file-1", [grouped(shorter(whole, 2), "one", provisional=True)])
    staging.add("file-1", [grouped(rest, "other", provisional=True)])

    staging.add("file-2", [grouped(whole, "one", provisional=True)])

    found = staging.get("one")
    assert staging.conversation_ids() == {"one"}
    assert found is not None
    assert [m.content for m in found.messages] == ["a", "b", "c", "d"]


def test_a_guessed_conversation_of_which_nothing_is_left_goes(staging: Staging) -> None:
    whole = conversation(texts=("a", "b"))
    staging.add("file-1", [grouped(whole, "guessed", provisional=True)])
    staging.add("file-2", [grouped(whole, "known", provisional=False)])

    assert staging.conversation_ids() == {"known"}
    assert staging.add("file-1", [grouped(whole, "guessed", provisional=True)]) == Staged(unchanged=1)


def piece(whole: Conversation, first: int, last: int) -> Conversation:
    """An excerpt of a chat, named after its first message."""
    messages = whole.messages[first:last]
    id_ = f"from-{first}"
    named = tuple(m._replace(id=f"{id_}:{whole.key_of(m)}") for m in messages)
    return replace(whole, id=id_, messages=named, updated_at=messages[-1].created_at, excerpt=True)


def test_excerpts_that_share_a_message_are_one_chat_and_others_are_not(staging: Staging) -> None:
    whole = conversation(texts=("a", "b", "c", "d", "e"))

    accounts = [staging.add(f"file-{n}", [piece(whole, *ends)]) for n, ends in enumerate([(0, 2), (3, 5), (1, 3)])]

    assert accounts == [Staged(new=1), Staged(new=1), Staged(updated=1)]
    held = {id_: [m.content for m in one.messages] for id_ in ("from-0", "from-3") if (one := staging.get(id_))}
    assert held == {"from-0": ["a", "b", "c"], "from-3": ["d", "e"]}


def test_an_excerpt_that_links_two_others_makes_them_one_and_keeps_what_lay_on_them(tmp_path: Path) -> None:
    package = package_in(tmp_path)
    whole = conversation(texts=("a", "b", "c", "d", "e"))
    for ends in ((0, 2), (3, 5)):
        package.staging.add("file", [piece(whole, *ends)])
    package.review.decide(["from-3"], Decision(tag=("sea",)))
    package.review.edit("from-3", "from-3:4", "edited")

    assert package.staging.add("link", [piece(whole, 1, 4)]) == Staged(updated=1)

    assert package.staging.conversation_ids() == {"from-0"}
    found, row = package.staging.get("from-0"), package.review.listing.one("from-0")
    assert found is not None
    assert [m.id for m in found.messages] == [f"from-0:{n}" for n in range(5)]
    assert [m.content for m in found.messages] == ["a", "b", "c", "d", "edited"]
    assert row is not None
    assert (row.tags, row.excluded) == (("sea",), False)
    assert package.staging.add("again", [piece(whole, 0, 5)]) == Staged(unchanged=1)


def test_an_excerpt_joins_also_where_a_chat_of_its_own_id_is_here_beside_another(staging: Staging) -> None:
    whole = conversation(texts=("a", "b", "c", "d"))
    staging.add("file-1", [piece(whole, 0, 2)])
    staging.add("file-2", [piece(whole, 2, 4)])

    assert staging.add("file-3", [piece(whole, 0, 3)]) == Staged(updated=1)
    assert staging.conversation_ids() == {"from-0"}


def test_excerpts_of_chats_on_two_platforms_are_never_one(staging: Staging) -> None:
    whole = conversation(texts=("a", "b"))
    staging.add("file-1", [piece(whole, 0, 2)])
    staging.add("file-2", [replace(piece(whole, 1, 2), platform="other")])

    assert staging.conversation_ids() == {"from-0", "from-1"}


def test_branches_that_share_a_beginning_both_keep_it(staging: Staging) -> None:
    whole = conversation(texts=("a", "b"))
    staging.add("file", [grouped(whole, id_, provisional=False) for id_ in ("one", "other")])

    assert [len(one.messages) for id_ in ("one", "other") if (one := staging.get(id_))] == [2, 2]


def test_messages_of_a_time_span_come_with_their_conversation(staging: Staging) -> None:
    staging.add("file-1", [conversation(number, ("a", "b")) for number in range(3)])

    (found,) = staging.between("2024-03-02T00:00:00.000Z", "2024-03-03T00:00:00.000Z")

    assert found.id == "chat-1"
    assert len(found.messages) == 2
