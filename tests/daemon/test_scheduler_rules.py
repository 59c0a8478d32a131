"""Which stage comes next: the rule, as a table."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from daemon.scheduler import Decision, Holds, decide
from packages_store.model import Interruption, StageName, StageState, StageStatus

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NO_HOLDS = Holds()


def line(**states: StageState) -> list[StageState]:
    """Six stages: those not given are completed before the first that is given, and pending after it."""
    names = list(StageName)
    first = min((names.index(StageName(name)) for name in states), default=len(names))
    return [
        states.get(name, state(StageStatus.COMPLETED if names.index(name) < first else StageStatus.PENDING, name))
        for name in names
    ]


def state(status: StageStatus, name: StageName = StageName.SIGNIFICANT, **changes: object) -> StageState:
    plain = StageState(name, status, None, None, 0, None, None, None, wanted=status == StageStatus.PENDING)
    return replace(plain, **changes)  # type: ignore[arg-type] # a test's shorthand for the fields of StageState


def test_nothing_comes_next_when_everything_is_done() -> None:
    assert decide(line(), NO_HOLDS, NOW) == Decision()


@pytest.mark.parametrize("status", [StageStatus.COMPLETED, StageStatus.COMPLETED_WITH_FAILURES, StageStatus.SKIPPED])
def test_an_ended_stage_lets_the_next_one_run(status: StageStatus) -> None:
    stages = line(significant=state(status), daily=state(StageStatus.PENDING, StageName.DAILY))

    assert decide(stages, NO_HOLDS, NOW).stage == StageName.DAILY


@pytest.mark.parametrize("why", [Interruption.CRASH, Interruption.SHUTDOWN])
def test_an_interrupted_stage_continues_by_itself(why: Interruption) -> None:
    stages = line(significant=state(StageStatus.ABORTED, interruption=why))

    assert decide(stages, NO_HOLDS, NOW).stage == StageName.SIGNIFICANT


def test_a_stage_a_person_aborted_waits_for_continue() -> None:
    stages = line(significant=state(StageStatus.ABORTED, interruption=Interruption.USER))

    decision = decide(stages, NO_HOLDS, NOW)

    assert decision.stage is None
    assert "Continue" in (decision.waits_for or "")


def test_a_stage_whose_budget_is_spent_waits_for_continue() -> None:
    stages = line(
        significant=state(StageStatus.ABORTED, interruption=Interruption.BUDGET, reason="5 dollars are spent.")
    )

    decision = decide(stages, NO_HOLDS, NOW)

    assert decision.stage is None
    assert decision.waits_for == "Continue: 5 dollars are spent."


def test_a_stage_in_error_waits_for_a_person() -> None:
    decision = decide(line(daily=state(StageStatus.ERROR, StageName.DAILY, reason="a bug")), NO_HOLDS, NOW)

    assert decision.stage is None
    assert "a bug" in (decision.waits_for or "")


@pytest.mark.parametrize(
    ("retry_at", "runs"), [("2025-12-31T23:59:59.000Z", True), ("2026-01-01T00:00:05.000Z", False)]
)
def test_a_stage_the_machine_stopped_is_tried_again_when_its_time_has_come(retry_at: str, runs: bool) -> None:
    decision = decide(line(commit=state(StageStatus.ERROR, StageName.COMMIT, retry_at=retry_at)), NO_HOLDS, NOW)

    assert (decision.stage == StageName.COMMIT) is runs
    assert (decision.look_again_at is None) is runs


def test_a_new_package_waits_for_a_file() -> None:
    stages = line(upload=state(StageStatus.PENDING, StageName.UPLOAD, wanted=False))

    assert decide(stages, NO_HOLDS, NOW) == Decision(waits_for="a file to import")


def test_running_on_disk_without_a_lock_is_stale() -> None:
    assert decide(line(graph=state(StageStatus.RUNNING, StageName.GRAPH)), NO_HOLDS, NOW).stale


def test_commit_waits_for_a_review_that_was_asked_for() -> None:
    stages = line(commit=state(StageStatus.PENDING, StageName.COMMIT))

    assert decide(stages, Holds(review=True), NOW).stage is None
    assert decide(stages, NO_HOLDS, NOW).stage == StageName.COMMIT


@pytest.mark.parametrize("until", list(StageName))
def test_nothing_after_the_stage_to_stop_after_is_run(until: StageName) -> None:
    names = list(StageName)
    for position, name in enumerate(names):
        stages = [
            state(StageStatus.COMPLETED if names.index(each) < position else StageStatus.PENDING, each)
            for each in names
        ]
        expected = name if position <= names.index(until) else None
        assert decide(stages, Holds(until=until), NOW).stage == expected
