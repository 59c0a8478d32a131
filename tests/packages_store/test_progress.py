"""The bookkeeping of stages and items."""

from pathlib import Path

import pytest

from packages_store.model import (
    Claim,
    Interruption,
    ItemEnd,
    LeftItem,
    StageName,
    StageStatus,
    WorkItem,
)
from packages_store.package import Package
from packages_store.progress import Progress
from tests.builders import OWNER, package_in

STAGE = StageName.SIGNIFICANT
ITEMS = [WorkItem(f"item-{number}", f"Item {number}", "v1") for number in range(4)]


@pytest.fixture
def package(tmp_path: Path) -> Package:
    return package_in(tmp_path)


@pytest.fixture
def progress(package: Package) -> Progress:
    return package.progress


def begin(progress: Progress, items: list[WorkItem] = ITEMS) -> tuple[int, list[LeftItem]]:
    generation = progress.begin(STAGE, OWNER)
    return generation, progress.plan(STAGE, items)


def complete(progress: Progress, items: list[WorkItem] = ITEMS) -> None:
    generation, left = begin(progress, items)
    for claim in progress.claim(STAGE, generation, [each.item for each in left]):
        assert progress.accept(claim, ItemEnd.DONE)
    progress.end(STAGE, generation, StageStatus.COMPLETED)


def ids(left: list[LeftItem]) -> list[str]:
    return [each.item.id for each in left]


def test_a_new_package_waits_for_nothing_and_has_six_stages_in_order(progress: Progress) -> None:
    assert [state.name for state in progress.stages()] == list(StageName)
    assert not any(state.wanted for state in progress.stages())


def test_everything_is_left_at_first_in_the_order_of_the_plan(progress: Progress) -> None:
    _generation, left = begin(progress)

    assert ids(left) == ["item-0", "item-1", "item-2", "item-3"]
    assert progress.counts(STAGE).left == 4


def test_items_already_done_are_not_left_again(progress: Progress) -> None:
    complete(progress)

    assert begin(progress)[1] == []
    assert progress.processed_ids(STAGE) == [item.id for item in ITEMS]


def test_only_items_whose_inputs_changed_are_left_again(progress: Progress) -> None:
    complete(progress)
    changed = [ITEMS[0], WorkItem("item-1", "Item 1", "v2"), *ITEMS[2:]]

    assert ids(begin(progress, changed)[1]) == ["item-1"]


def test_an_attempt_is_counted_when_an_item_is_claimed_not_when_it_ends(progress: Progress) -> None:
    generation, _left = begin(progress)

    (claim,) = progress.claim(STAGE, generation, [ITEMS[0]])

    assert claim.attempt == 1
    assert progress.items(STAGE)[0].attempts == 1
    assert progress.items(STAGE)[0].end == ItemEnd.CLAIMED


def test_a_result_is_refused_when_its_claim_was_given_back_and_taken_again(progress: Progress) -> None:
    generation, _left = begin(progress)
    (late,) = progress.claim(STAGE, generation, [ITEMS[0]])
    progress.interrupt(STAGE, poison_after=3)
    again, _left = begin(progress)
    (current,) = progress.claim(STAGE, again, [ITEMS[0]])

    assert not progress.accept(late, ItemEnd.DONE)
    assert progress.items(STAGE)[0].end == ItemEnd.CLAIMED
    assert progress.accept(current, ItemEnd.DONE)


def test_a_late_result_leaves_a_trace(package: Package) -> None:
    generation, _left = begin(package.progress)
    package.progress.accept(Claim(STAGE, ITEMS[0], 7, generation), ItemEnd.DONE)

    row = package.ledger.single("SELECT * FROM late_results")

    assert (row["item_id"], row["attempt"], row["generation"]) == ("item-0", 7, generation)


def test_a_failed_item_stays_failed_until_it_is_retried_or_changes(progress: Progress) -> None:
    generation, _left = begin(progress)
    (claim,) = progress.claim(STAGE, generation, [ITEMS[0]])
    progress.accept(claim, ItemEnd.REJECTED, "unreadable")

    assert "item-0" not in ids(begin(progress)[1])
    assert progress.failed_ids(STAGE) == ["item-0"]
    assert "item-0" in ids(begin(progress, [WorkItem("item-0", "", "v2"), *ITEMS[1:]])[1])


def test_retry_makes_failed_items_left_again_and_asks_the_stage_for_work(progress: Progress) -> None:
    generation, _left = begin(progress)
    for claim in progress.claim(STAGE, generation, ITEMS):
        progress.accept(claim, ItemEnd.FAILED, "timeout")
    progress.end(STAGE, generation, StageStatus.COMPLETED_WITH_FAILURES)

    assert progress.retry(STAGE, "item-2") == 1

    assert progress.stage(STAGE).status == StageStatus.PENDING
    assert ids(begin(progress)[1]) == ["item-2"]


def test_a_skipped_item_counts_as_processed_and_is_not_left_again(progress: Progress) -> None:
    generation, _left = begin(progress)
    (claim,) = progress.claim(STAGE, generation, [ITEMS[0]])
    progress.accept(claim, ItemEnd.FAILED, "timeout")

    assert progress.skip(STAGE) == 1

    assert progress.counts(STAGE).failed == 0
    assert progress.processed_ids(STAGE) == ["item-0"]


def test_an_item_that_is_gone_from_the_plan_is_forgotten_unless_it_was_done(progress: Progress) -> None:
    generation, _left = begin(progress)
    (claim,) = progress.claim(STAGE, generation, [ITEMS[0]])
    progress.accept(claim, ItemEnd.DONE)
    progress.end(STAGE, generation, StageStatus.ABORTED, interruption=Interruption.USER)

    begin(progress, [])

    assert progress.processed_ids(STAGE) == ["item-0"]
    assert progress.counts(STAGE).left == 0


def test_the_end_of_a_run_gives_claims_back_as_not_attempted(progress: Progress) -> None:
    generation, _left = begin(progress)
    progress.claim(STAGE, generation, ITEMS[:2])

    progress.end(STAGE, generation, StageStatus.ABORTED, interruption=Interruption.USER)

    assert progress.counts(STAGE).left == 4
    (claim,) = progress.claim(STAGE, begin(progress)[0], [ITEMS[0]])
    assert claim.attempt == 1


def test_a_completed_stage_asks_the_next_one_to_look(progress: Progress) -> None:
    complete(progress)

    assert progress.stage(StageName.DAILY).wanted


def test_a_stage_that_was_asked_for_more_meanwhile_is_pending_again_at_its_end(progress: Progress) -> None:
    generation, _left = begin(progress)
    progress.request(STAGE)

    assert progress.end(STAGE, generation, StageStatus.COMPLETED) == StageStatus.PENDING
    assert progress.stage(STAGE).wanted


def test_a_stage_a_person_aborted_is_not_started_by_a_request(progress: Progress) -> None:
    generation, _left = begin(progress)
    progress.end(STAGE, generation, StageStatus.ABORTED, interruption=Interruption.USER)

    progress.request(STAGE)

    assert progress.stage(STAGE).status == StageStatus.ABORTED


def test_continue_makes_an_aborted_stage_pending_and_keeps_how_items_ended(progress: Progress) -> None:
    generation, _left = begin(progress)
    (claim,) = progress.claim(STAGE, generation, [ITEMS[0]])
    progress.accept(claim, ItemEnd.DONE)
    progress.end(STAGE, generation, StageStatus.ABORTED, interruption=Interruption.USER)

    progress.resume(STAGE)

    assert progress.stage(STAGE).status == StageStatus.PENDING
    assert ids(begin(progress)[1]) == ["item-1", "item-2", "item-3"]


def test_an_interrupted_item_is_suspect_and_comes_last(progress: Progress) -> None:
    generation, _left = begin(progress)
    progress.claim(STAGE, generation, [ITEMS[0]])
    progress.interrupt(STAGE, poison_after=3)

    _generation, left = begin(progress)

    assert ids(left) == ["item-1", "item-2", "item-3", "item-0"]
    assert [each.suspect for each in left] == [False, False, False, True]


def test_the_third_interruption_poisons_the_item_and_not_the_stage(progress: Progress) -> None:
    deaths = []
    for _death in range(3):
        generation, _left = begin(progress)
        progress.claim(STAGE, generation, [ITEMS[0]])
        deaths.append(progress.interrupt(STAGE, poison_after=3))

    assert [(in_flight, poisoned) for in_flight, poisoned, _owner in deaths] == [(1, 0), (1, 0), (1, 1)]
    assert "process 4711" in (deaths[-1][2] or "")
    assert progress.failed_ids(STAGE) == ["item-0"]
    assert ids(begin(progress)[1]) == ["item-1", "item-2", "item-3"]


def test_a_success_forgives_earlier_interruptions(progress: Progress) -> None:
    generation, _left = begin(progress)
    progress.claim(STAGE, generation, [ITEMS[0]])
    progress.interrupt(STAGE, poison_after=3)
    generation, _left = begin(progress)
    (claim,) = progress.claim(STAGE, generation, [ITEMS[0]])
    progress.accept(claim, ItemEnd.DONE)

    assert progress.items(STAGE, (ItemEnd.DONE,))[0].interrupted == 0


def test_a_stage_left_out_is_taken_in_again_on_request_of_a_person(progress: Progress) -> None:
    progress.set_skipped(StageName.GRAPH, skipped=True, reason="Left out by a person.")
    assert progress.stage(StageName.GRAPH).status.ended

    progress.set_skipped(StageName.GRAPH, skipped=False)

    assert progress.stage(StageName.GRAPH).status == StageStatus.PENDING
