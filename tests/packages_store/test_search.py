"""Search: any text is a question, and none is an error."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packages_store.package import Package
from packages_store.search import RANKED, Hits, Search, question
from tests.builders import conversation, package_in
from tests.effort import steps_of


@pytest.fixture
def package(tmp_path: Path) -> Package:
    return package_in(tmp_path)


def fill(package: Package, *texts: str) -> None:
    package.staging.add("file-1", [conversation(texts=texts)])
    index(package)


def index(package: Package) -> None:
    while package.staging.index_some():
        pass


def every_page(search: Search, text: str) -> Iterator[Hits]:
    """All answers, two hits each."""
    before, skip = None, 0
    while True:
        answer = search.find(text, skip, 2, before)
        yield answer
        if answer.more:
            skip += 2
        elif answer.older is not None:
            before, skip = answer.older, 0
        else:
            return


def found(package: Package, text: str) -> list[str]:
    """The ids of the messages."""
    return [hit.message for hit in package.review.search.find(text).hits]


@pytest.mark.parametrize(
    ("asked", "hits"),
    [
        ("lisbon", 1),
        ("LISBON mov", 1),
        ("don't", 1),
        ("C++", 1),
        ('"', 0),
        ("*", 0),
        ("", 0),
        ("%", 0),
        ("\\", 0),
        ("lisbon absent", 0),
        ("naïve", 1),
        ("naive", 1),
        ("NEAR( OR AND", 0),
        ("日本語", 1),
        ("語を", 1),
        ("東京", 0),
        ("lisbon 🌿", 0),
        ("🌿", 1),
        ("naive 日本語", 0),
    ],
)
def test_any_text_is_a_question_and_none_is_an_error(package: Package, asked: str, hits: int) -> None:
    fill(package, "We are moving to Lisbon", "I don't know C++, I was naïve", "私は日本語を話す", "leaf 🌿")

    assert len(found(package, asked)) == hits


def test_no_search_ever_fails(package: Package) -> None:
    fill(package, "Hello", "Hello Mira")

    @given(st.text(st.characters(codec="utf-8")))
    def ask(asked: str) -> None:
        package.review.search.find(asked)
        package.review.search.conversations(asked)

    ask()


def test_the_answer_says_when_messages_were_looked_through(package: Package) -> None:
    fill(package, "日本語", "Lisbon")

    assert package.review.search.find("日本語").looked_through
    assert not package.review.search.find("lisbon").looked_through


def test_the_answer_says_how_many_messages_are_not_indexed_yet(package: Package) -> None:
    package.staging.add("file-1", [conversation()])
    before = package.review.search.find("hello")
    index(package)

    assert (before.hits, before.unindexed) == ((), 2)
    assert package.review.search.find("hello").unindexed == 0


def test_an_excerpt_shows_where_the_words_stand(package: Package) -> None:
    fill(package, "a " * 200 + "moving to Lisbon" + " b" * 200, "私は日本語を話す")

    (lisbon,), (japanese,) = (package.review.search.find(text).hits for text in ("Lisbon", "日本語"))

    for hit, word in ((lisbon, "Lisbon"), (japanese, "日本語")):
        assert [hit.excerpt[start:end] for start, end in hit.marks] == [word]
        assert len(hit.excerpt) < 250


def test_pages_of_hits_hold_each_hit_once(package: Package) -> None:
    fill(package, *(f"Lisbon {number}" for number in range(7)))
    first = package.review.search.find("lisbon", 0, 3)
    pages = [package.review.search.find("lisbon", skip, 3) for skip in (0, 3, 6)]

    assert first.more
    assert not pages[-1].more
    assert sorted(hit.message for page in pages for hit in page.hits) == sorted(f"chat-0:{n}" for n in range(7))


def test_signs_are_looked_for_in_so_many_messages_at_a_time_and_every_hit_is_shown_once(package: Package) -> None:
    fill(package, *(f"{number} ¤" if number % 4 == 0 else f"{number}" for number in range(20)))
    search = Search(package.ledger, looked_through=6)

    answers = list(every_page(search, "¤"))

    assert [hit.message for answer in answers for hit in answer.hits] == [f"chat-0:{n}" for n in (16, 12, 8, 4, 0)]
    assert all(answer.looked_through for answer in answers)
    assert search.find("lisbon").older is None


def test_what_looking_for_a_sign_takes_does_not_grow_with_the_package(package: Package) -> None:
    def looked_for(text: str) -> int:
        return steps_of(package.ledger, lambda: Search(package.ledger, looked_through=200).find(text))

    fill(package, *(f"the {number}" for number in range(400)))
    before = {text: looked_for(text) for text in ("¤", "日本")}
    package.staging.add("file-2", [conversation(1, tuple(f"the {number}" for number in range(4000)))])
    index(package)

    assert all(looked_for(text) <= 2 * steps for text, steps in before.items())


def test_with_very_many_hits_the_latest_come_first(package: Package) -> None:
    fill(package, *("so be it" for _ in range(RANKED + 1)))
    answer = package.review.search.find("so", 0, 2)

    assert not answer.ranked
    assert [hit.message for hit in answer.hits] == [f"chat-0:{RANKED}", f"chat-0:{RANKED - 1}"]


def test_the_index_follows_a_conversation_that_changes(package: Package) -> None:
    package.staging.add("file-1", [conversation(texts=("alpha", "日本"))])
    index(package)
    package.staging.add("file-2", [conversation(texts=("alpha", "日本", "gamma"))])
    index(package)

    assert found(package, "alpha") == ["chat-0:0"]
    assert found(package, "本") == ["chat-0:1"]
    assert found(package, "gamma") == ["chat-0:2"]


def test_what_a_person_wrote_is_found_and_what_it_replaced_is_not(package: Package) -> None:
    fill(package, "My password is swordfish", "Noted")
    package.review.edit("chat-0", "chat-0:0", "My password is [removed] 日本")

    assert found(package, "swordfish") == []
    assert found(package, "removed") == found(package, "日本") == ["chat-0:0"]
    assert package.review.search.conversations("swordfish") == []


def test_the_last_word_may_be_a_beginning_from_three_letters_on() -> None:
    assert [question(text).query for text in ("go ho", "go hom", "go C++")] == [
        '"go" "ho"',
        '"go" "hom"*',
        '"go" "C++"',
    ]
