"""The journal: an answer is kept before anybody looks at it, and found again whatever happened."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from packages_store.journal import Journal, NewAnswer, Usage
from packages_store.model import StageName
from tests.builders import package_in

ANSWER = NewAnswer(
    fingerprint="f1",
    stage=StageName.SIGNIFICANT,
    item="chat-1",
    prompt="significant-1",
    model="wren-large",
    text='{"memories": []}',
    finish="stop",
    usage=Usage(1000, 50, 800, 10),
    cost=Decimal("0.0125"),
)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return package_in(tmp_path).journal


def test_an_answer_is_found_again_before_and_after_it_was_accepted(journal: Journal) -> None:
    kept = journal.record(ANSWER)

    assert journal.find("f1") == kept
    journal.judge(kept.key, "")
    assert journal.find("f1") == replace(kept, verdict="")
    assert journal.find("f2") is None


def test_a_rejected_answer_is_found_too_for_it_was_paid_for(journal: Journal) -> None:
    kept = journal.record(ANSWER)
    journal.judge(kept.key, "It names nobody.")

    assert journal.find("f1") == replace(kept, verdict="It names nobody.")
    assert [spent.answers for spent in journal.spent()] == [1]


def test_of_a_failed_item_only_what_could_not_be_used_is_asked_anew(journal: Journal) -> None:
    journal.judge(journal.record(ANSWER).key, "")
    journal.judge(journal.record(replace(ANSWER, fingerprint="f2")).key, "It names nobody.")
    journal.judge(journal.record(replace(ANSWER, fingerprint="f3", finish="length")).key, "It is cut off.")

    assert journal.forget_rejected(StageName.SIGNIFICANT, "chat-1") == 1

    assert [journal.find(name) is not None for name in ("f1", "f2", "f3")] == [True, False, True]
    assert journal.forget_rejected(StageName.SIGNIFICANT, "chat-1") == 0


def test_an_answer_outlives_the_process(tmp_path: Path) -> None:
    package = package_in(tmp_path)
    package.journal.record(ANSWER)
    package.close()

    found = package_in(tmp_path).journal.find("f1")

    assert found is not None
    assert found.text == ANSWER.text


def test_what_was_spent_is_told_by_stage_and_model_to_the_last_digit(journal: Journal) -> None:
    for _ in range(3):
        journal.record(ANSWER)
    journal.record(replace(ANSWER, fingerprint="f2", stage=StageName.DAILY, model="free", cost=None))

    significant, daily = journal.spent()

    assert (significant.cost, significant.usage, significant.unpriced) == (
        Decimal("0.0375"),
        Usage(3000, 150, 2400, 30),
        0,
    )
    assert (daily.stage, daily.model, daily.cost, daily.unpriced) == (StageName.DAILY, "free", Decimal(0), 1)


def test_what_was_spent_before_a_moment_is_not_counted(journal: Journal) -> None:
    journal.record(ANSWER)

    assert journal.spent(since="2999-01-01T00:00:00.000Z") == []


def test_an_item_that_is_to_be_answered_anew_is_asked_again(journal: Journal) -> None:
    journal.judge(journal.record(ANSWER).key, "")
    journal.record(replace(ANSWER, fingerprint="f2", item="chat-2"))

    assert journal.forget(StageName.SIGNIFICANT, "chat-1") == 1
    assert journal.find("f1") is None
    assert journal.find("f2") is not None


def test_the_requests_of_an_item_are_those_whose_answers_were_accepted(journal: Journal) -> None:
    journal.judge(journal.record(ANSWER).key, "")
    journal.judge(journal.record(replace(ANSWER, fingerprint="f2")).key, "no JSON")

    assert journal.fingerprints("chat-1") == ["f1"]
