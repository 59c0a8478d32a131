"""What would be done, why, and what it would cost: said beforehand, and then compared with what is really done."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from daemon.app import Daemon, Parts
from daemon.configuring import change_settings
from daemon.llm.plan import PackagePlan, StagePlan
from packages_store import by_hand
from packages_store.config import PackageConfig
from packages_store.model import StageName
from packages_store.package import Package
from packages_store.review import Decision
from stages.contract import MadeFrom
from tests.daemons import working_daemon
from tests.diaries import diary_export
from tests.effort import steps_of
from tests.fakes import FakeExtractor
from tests.provider.harness import FakeProvider
from tests.provider.remembering import REMEMBERS
from tests.provider.script import Script

WREN = PackageConfig(entity_name="Wren", user_name="Mira", time_zone="UTC")
TWO_YEARS = 735
"""Days; the next one is in the middle of a fortnight."""


@pytest.fixture
def provider(provider: FakeProvider) -> FakeProvider:
    """One that can do all three tasks."""
    provider.play(Script(content=REMEMBERS))
    return provider


def engine(provider: FakeProvider, **changes: Any) -> dict[str, Any]:
    """Settings of a daemon that asks this provider, for a dollar a million tokens."""
    usual = {"base_url": provider.base_url, "model": "muse-1", "most_in_flight": 8, "price_in": 1, "price_out": 1}
    return usual | {"budget_per_package": 1000} | changes


async def import_until(daemon: Daemon, path: Path, data: bytes, until: StageName | None = None) -> None:
    """Hand in an export, and wait until the package rests."""
    await daemon.create("wren", WREN)
    await daemon.set_until("wren", until)
    await daemon.hand_in("wren", written(path, data), path.name)
    await daemon.settled("wren")


def written(path: Path, data: bytes) -> Path:
    """A new file."""
    path.write_bytes(data)
    return path


async def go_on(daemon: Daemon) -> None:
    """Continue to the end."""
    await daemon.resume("wren")
    detail = await daemon.settled("wren")
    assert detail.state == "done", detail.waits_for


async def plan(daemon: Daemon, *, explain: bool = True) -> PackagePlan:
    """What would be done now."""
    return await daemon.read("wren", lambda package: daemon.spending.plan(daemon.look_at(package), explain=explain))


def stages(plan: PackagePlan) -> dict[StageName, StagePlan]:
    """The stages of a plan by name."""
    return {stage.stage: stage for stage in plan.stages}


def left(plan: PackagePlan) -> dict[str, set[str]]:
    """The items of a plan, by stage, of those stages that have any."""
    return {stage.stage: {item.id for item in stage.items} for stage in plan.stages if stage.items}


# --- what and why --------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_one_more_day_of_two_years_touches_only_what_depends_on_it_and_the_plan_lists_it_first(
    tmp_path: Path,
) -> None:
    extractor = FakeExtractor(concurrency=200)
    async with working_daemon(tmp_path / "home", Parts(extractor=extractor)) as daemon:
        await import_until(daemon, tmp_path / "first.json", diary_export(TWO_YEARS))
        before = await plan(daemon)
        await import_until(daemon, tmp_path / "more.json", diary_export(TWO_YEARS + 1), StageName.COMMIT)
        extractor.asked.clear()
        explained = await plan(daemon)
        await go_on(daemon)
        after = await plan(daemon)

    assert left(before) == left(after) == {}
    assert before.sentence == "Nothing is left to do."
    conversation, day, fortnight = "0000-0735", "2026-03-06", "daily:2026-03-01"
    assert left(explained) == {"significant": {conversation}, "daily": {day}, "graph": {fortnight}}
    assert {item.explanation for stage in explained.stages for item in stage.items} == {
        "it was never done",
        "the daily memory of 2026-03-06 will be written anew",
    }
    # What was then done is what was listed, and the memory that came of it.
    assert extractor.asked[:2] == [conversation, day]
    assert len(extractor.asked) == 4
    assert f"significant:{conversation}:1" in extractor.asked[2:]


async def test_a_conversation_that_has_grown_is_read_again_with_its_day_and_its_memory(tmp_path: Path) -> None:
    async with working_daemon(tmp_path / "home", Parts(extractor=FakeExtractor())) as daemon:
        await import_until(daemon, tmp_path / "first.json", diary_export(20))
        await import_until(daemon, tmp_path / "more.json", grown_by_a_turn(20, 7), StageName.COMMIT)
        explained = await plan(daemon)

    day = explained.stages[4].items[0].id
    assert left(explained) == {
        "significant": {"0000-0007"},
        "daily": {day},
        "graph": {"daily:2024-03-03", "significant:0000-0007:1"},
    }
    assert stages(explained)[StageName.SIGNIFICANT].why == {"content": 1}
    assert stages(explained)[StageName.DAILY].items[0].explanation == "what it reads has changed"
    assert stages(explained)[StageName.GRAPH].why == {"depends": 2}


def grown_by_a_turn(conversations: int, number: int) -> bytes:
    """An export in which one conversation has a turn more than in `diary_export(conversations)`."""
    export, longer = json.loads(diary_export(conversations)), json.loads(diary_export(conversations, turns=6))
    export[number] = longer[number]
    return json.dumps(export).encode()


async def test_changes_that_touch_everything_are_told_apart(tmp_path: Path) -> None:
    extractor = FakeExtractor(version="muse-1 at 0.2 significant-1.1 daily-1.1")
    async with working_daemon(tmp_path / "home", Parts(extractor=extractor)) as daemon:
        await import_until(daemon, tmp_path / "first.json", diary_export(2))

        extractor.version = "muse-2 at 0.2 significant-1.1 daily-1.1"
        model = await plan(daemon)
        extractor.version = "muse-1 at 0.2 significant-1.1 daily-1.2"
        prompt = await plan(daemon)
        extractor.name = "llm"
        other_engine = await plan(daemon)
        extractor.name, extractor.version = "offline", "muse-1 at 0.2 significant-1.1 daily-1.1"
        renamed = WREN.model_copy(update={"user_name": "Mirabel"})
        await daemon.read("wren", lambda package: package.save_config(renamed))
        persona = await plan(daemon)

    assert reasons(model) == {("model", "it was done with muse-1 at 0.2, and would be with muse-2 at 0.2")}
    assert reasons(prompt) == {("prompt", "it was done by daily-1.1, and would be by daily-1.2")}
    assert reasons(other_engine) == {("engine", "it was done by the engine offline, and would be by llm")}
    assert reasons(persona) == {("persona", "names, pronouns, relationship, notes or time zone have changed")}


def reasons(plan: PackagePlan) -> set[tuple[str, str]]:
    """Why items of the three stages are left that an extractor does; what depends on others is left aside."""
    items = [item for stage in plan.stages[3:] for item in stage.items]
    assert len(items) >= 6
    return {(why, item.explanation) for item in items for why in item.why if why != "depends"}


async def test_what_has_ended_is_not_read_through_again_and_the_plan_says_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a person does, what is told without reading everything is what is told by reading everything."""
    async with working_daemon(tmp_path / "home", Parts(extractor=FakeExtractor())) as daemon:
        await import_until(daemon, tmp_path / "first.json", diary_export(6))
        # Stays, so that what is asked for is not done before it is looked at.
        await daemon.set_until("wren", StageName.CONVERT)
        settled, work = await work_of_plan(daemon), 0
        talk, day = "0000-0003", "daily:2024-03-02"
        message = (await daemon.read("wren", lambda package: package.review.lines(talk))).lines[0].id
        acts: list[Callable[[Package], object]] = [
            lambda _package: None,
            lambda package: package.review.edit(talk, message, "It never was."),
            lambda package: package.review.undo(talk, message),
            lambda package: package.review.decide([talk], Decision(excluded=True)),
            lambda package: by_hand.edit_memory(package, day, "- Nothing of it is true."),
            lambda package: by_hand.delete_memory(package, day),
            lambda package: by_hand.regenerate_memory(package, f"significant:{talk}:1"),
            lambda package: change_settings(package, {"user_name": "Mirabel"}),
            lambda package: package.save_config(package.config.model_copy(update={"day_starts_at": 4})),
        ]
        for act in acts:
            await daemon.read("wren", act)
            quick = await plan(daemon)
            with monkeypatch.context() as patched:
                patched.setattr("daemon.llm.plan._is_settled", lambda _context, _name: False)
                thorough, work = await plan(daemon), await work_of_plan(daemon)
            assert quick == thorough, acts.index(act)

    assert settled * 2 < work


async def work_of_plan(daemon: Daemon) -> int:
    """How much of the ledger a plan reads."""

    def planned(package: Package) -> int:
        look = daemon.look_at(package)
        return steps_of(package.ledger, lambda: daemon.spending.plan(look))

    return await daemon.read("wren", planned)


async def test_what_failed_waits_for_retry_and_then_says_that_it_was_tried(tmp_path: Path) -> None:
    extractor = FakeExtractor(fail={"0000-0001"})
    async with working_daemon(tmp_path / "home", Parts(extractor=extractor)) as daemon:
        await import_until(daemon, tmp_path / "first.json", diary_export(3))
        failed = await plan(daemon)
        await daemon.read("wren", lambda package: package.progress.retry(StageName.SIGNIFICANT))
        retried = await plan(daemon)

    assert (stages(failed)[StageName.SIGNIFICANT].failed, left(failed)) == (1, {})
    assert stages(retried)[StageName.SIGNIFICANT].why == {"again": 1}
    assert stages(retried)[StageName.SIGNIFICANT].items[0].explanation == "it was tried before"


async def test_offline_there_are_items_and_no_requests_and_no_cost(tmp_path: Path) -> None:
    async with working_daemon(tmp_path / "home") as daemon:
        await import_until(daemon, tmp_path / "first.json", diary_export(4), StageName.CONVERT)
        found = await plan(daemon, explain=False)

    assert [stage.left for stage in found.stages[2:]] == [4, 4, 4, 2]
    assert all(not stage.items for stage in found.stages)
    assert (found.engine, found.model, found.requests.high) == ("offline", None, 0)
    assert found.cost is not None
    assert found.cost.high == 0
    assert found.sentence == "It costs nothing: no language model is asked."


def test_a_fingerprint_without_parts_is_no_fingerprint_of_the_extractor() -> None:
    whole = MadeFrom("c0ffee", "llm", "facade", "muse-1 at 0.2 daily-1.1")

    assert MadeFrom.parsed(str(whole)) == whole
    assert MadeFrom.parsed("0123456789abcdef") is None


# --- how much ------------------------------------------------------------------------------------------------------


async def test_the_estimate_holds_asks_nobody_and_changes_nothing(provider: FakeProvider, tmp_path: Path) -> None:
    async with working_daemon(tmp_path / "home", engine=engine(provider)) as daemon:
        await import_until(daemon, tmp_path / "first.json", diary_export(12), StageName.COMMIT)
        before = await daemon.read("wren", everything_in)
        found = await plan(daemon)
        assert await daemon.read("wren", everything_in) == before
        assert provider.counts.requests == 0
        await go_on(daemon)
        costs = await daemon.read("wren", lambda package: daemon.spending.costs(package, daemon.engine.options))

    for name, (requests, tokens_in, tokens_out) in taken(costs.stages).items():
        estimate = stages(found)[name]
        assert estimate.requests.low <= requests <= estimate.requests.high
        assert estimate.tokens_in.low <= tokens_in <= estimate.tokens_in.high
        assert estimate.tokens_out.low <= tokens_out <= estimate.tokens_out.high
    assert found.cost is not None
    assert 0 < found.cost.low <= costs.cost <= found.cost.high
    assert found.price is not None
    assert found.price.source == "the settings"


def everything_in(package: Package) -> list[str]:
    """All rows of the ledger."""
    package.ledger.checkpoint()
    with closing(sqlite3.connect(f"file:{package.paths.ledger}?mode=ro", uri=True)) as ledger:
        return list(ledger.iterdump())


def taken(stages: list[Any]) -> dict[StageName, tuple[int, int, int]]:
    """Requests, and tokens sent and received, of each stage."""
    return {stage.stage: (stage.requests, stage.tokens_in, stage.tokens_out) for stage in stages}


async def test_the_first_answers_make_the_estimate_narrower_and_it_still_holds(
    provider: FakeProvider, tmp_path: Path
) -> None:
    async with working_daemon(tmp_path / "home", engine=engine(provider)) as daemon:
        await import_until(daemon, tmp_path / "first.json", diary_export(12), StageName.COMMIT)
        first = await plan(daemon)
        await go_on(daemon)
        so_far = taken((await costs_of(daemon)).stages)
        await import_until(daemon, tmp_path / "more.json", diary_export(24), StageName.COMMIT)
        second = await plan(daemon)
        await go_on(daemon)
        in_all = taken((await costs_of(daemon)).stages)

    for name in (StageName.SIGNIFICANT, StageName.DAILY):
        estimate, before = stages(second)[name], stages(first)[name]
        _, tokens_in, tokens_out = (later - earlier for later, earlier in zip(in_all[name], so_far[name], strict=True))
        assert estimate.tokens_in.low <= tokens_in <= estimate.tokens_in.high
        assert estimate.tokens_out.low <= tokens_out <= estimate.tokens_out.high
        for narrow, wide in ((estimate.tokens_in, before.tokens_in), (estimate.tokens_out, before.tokens_out)):
            assert narrow.high - narrow.low < wide.high - wide.low


async def costs_of(daemon: Daemon) -> Any:
    """What the package has cost so far."""
    return await daemon.read("wren", lambda package: daemon.spending.costs(package, daemon.engine.options))


async def test_what_the_journal_has_answers_to_is_free(provider: FakeProvider, tmp_path: Path) -> None:
    async with working_daemon(tmp_path / "home", engine=engine(provider)) as daemon:
        await import_until(daemon, tmp_path / "first.json", diary_export(3))
        await daemon.read("wren", forget_what_is_done)
        found = await plan(daemon)

    assert [(stage.left, stage.answered) for stage in found.stages[3:]] == [(3, 3), (3, 3), (5, 5)]
    assert found.requests.high == 0
    assert found.sentence == "It costs nothing: all answers of muse-1 are there."


def forget_what_is_done(package: Package) -> None:
    """As if all items had changed; the journal is left."""
    package.ledger.execute("UPDATE items SET fingerprint = 'other' WHERE stage IN ('significant', 'daily', 'graph')")


async def test_without_a_price_the_estimate_says_so(provider: FakeProvider, tmp_path: Path) -> None:
    unknown = engine(provider, price_in=None, price_out=None)
    async with working_daemon(tmp_path / "home", engine=unknown) as daemon:
        await import_until(daemon, tmp_path / "first.json", diary_export(3), StageName.COMMIT)
        found = await plan(daemon)

    assert (found.price, found.cost) == (None, None)
    assert found.sentence.endswith("what they cost is not known.")
    assert found.requests.low > 0
