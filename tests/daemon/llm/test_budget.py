"""What a run may cost, told by a real provider: it stops, asks, and goes on; nothing that is paid for is lost."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from anyio.streams.memory import MemoryObjectReceiveStream

from daemon.app import Daemon
from daemon.commands.exits import Exit
from daemon.commands.importing import import_files
from daemon.commands.local import LocalService
from daemon.events import BudgetNoticed, Event
from daemon.scheduler import Holds, decide
from daemon.views import PackageDetail
from packages_store.config import PackageConfig
from packages_store.model import Interruption, StageName, StageState, StageStatus
from packages_store.times import iso
from tests.daemons import working_daemon
from tests.diaries import diary_export
from tests.provider.harness import FakeProvider
from tests.provider.remembering import REMEMBERS
from tests.provider.script import Act, Rule, Script

WREN = PackageConfig(entity_name="Wren", user_name="Mira", time_zone="UTC")
DOLLAR = Act(usage={"prompt_tokens": 0, "completion_tokens": 1000, "total_tokens": 1000})
"""An answer that costs a dollar by the price of `engine`."""
ALL = 8 + 8 + 8 + 2
"""Requests for eight conversations, each on a day of its own: each, its day, its memory, and the fortnights."""


@pytest.fixture
def provider(provider: FakeProvider) -> FakeProvider:
    """One that can do all three tasks, at a dollar each, slowly enough to have several in flight."""
    provider.play(Script(content=REMEMBERS, latency=0.05, rules=(Rule(act=DOLLAR),)))
    return provider


def engine(provider: FakeProvider, **changes: Any) -> dict[str, Any]:
    """Settings of a daemon that asks this provider, at a dollar for a thousand tokens of an answer."""
    usual = {"base_url": provider.base_url, "model": "muse-1", "most_in_flight": 4, "price_in": 0, "price_out": 1000}
    return usual | changes


async def imported(daemon: Daemon, folder: Path, name: str = "wren", seed: int = 0, **config: Any) -> PackageDetail:
    """Hand in eight conversations, and wait until the package rests."""
    export = written(folder / f"{name}.json", diary_export(8, seed=seed))
    await daemon.create(name, PackageConfig.model_validate(WREN.model_dump() | config))
    await daemon.hand_in(name, export, export.name)
    return await daemon.settled(name)


def written(path: Path, data: bytes) -> Path:
    """A new file."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return path


async def raise_budget(daemon: Daemon, name: str = "wren", **changes: Any) -> PackageDetail:
    """Set a budget, and wait until the package rests again."""
    options = daemon.engine.options
    await daemon.change(name, "budget", lambda package: daemon.spending.set_budget(package, options, changes))
    return await daemon.settled(name)


async def spent(daemon: Daemon, name: str = "wren") -> Decimal:
    """What the journal of a package adds up to."""
    return await daemon.read(name, lambda package: package.journal.total())


@pytest.mark.parametrize("in_flight", [1, 16])
async def test_a_run_that_would_cost_more_stops_and_asks_and_finishes_when_it_may_cost_more(
    provider: FakeProvider, tmp_path: Path, in_flight: int
) -> None:
    settings = engine(provider, most_in_flight=in_flight)
    async with working_daemon(tmp_path / "home", engine=settings) as daemon:
        stopped = await imported(daemon, tmp_path / "in", budget=5)
        at_stop = await spent(daemon)
        sent = provider.counts
        done = await raise_budget(daemon, budget=100)

    significant = stopped.stages[3]
    assert (significant.status, significant.interruption) == (StageStatus.ABORTED, Interruption.BUDGET)
    assert "$5.00 that wren may cost is spent" in (stopped.waits_for or "")
    assert "`loom budget wren 10`" in (stopped.waits_for or "")
    # Never more beyond the budget than was in flight; and nothing that was paid for is lost.
    assert 4 <= at_stop <= 5 + in_flight - 1
    assert at_stop == sent.requests
    assert sent.in_flight == 0
    assert done.state == "done", done.waits_for
    assert provider.counts.requests == provider.counts.distinct == ALL
    assert done.cost == ALL


async def test_a_budget_that_is_enough_stops_nothing_and_most_of_it_is_told_once(
    provider: FakeProvider, tmp_path: Path
) -> None:
    async with working_daemon(tmp_path / "home", engine=engine(provider)) as daemon:
        with daemon.events.listen_to_all() as events:
            done = await imported(daemon, tmp_path / "in", budget=30)
            told = await heard(events)

    assert done.state == "done", done.waits_for
    assert told == [BudgetNoticed("wren", "$24.00 is spent of the $30.00 that wren may cost.")]
    assert done.notices == ["$26.00 is spent of the $30.00 that wren may cost."]
    assert done.cost == ALL


async def test_what_is_under_way_is_waited_for_before_a_budget_is_said_to_be_spent(
    provider: FakeProvider, tmp_path: Path
) -> None:
    # All ten questions of the graph may be out at once, and each is thought to cost twice what it does.
    async with working_daemon(tmp_path / "home", engine=engine(provider, most_in_flight=16)) as daemon:
        done = await imported(daemon, tmp_path / "in", budget=ALL + 2)

    assert done.state == "done", done.waits_for
    assert done.cost == ALL


async def test_an_import_that_a_spent_budget_stopped_ends_with_a_code_of_its_own(
    provider: FakeProvider, tmp_path: Path
) -> None:
    settings = engine(provider, budget_per_package=3)
    async with working_daemon(tmp_path / "home", engine=settings) as daemon:
        export = written(tmp_path / "in" / "chats.json", diary_export(8))
        report = await import_files(LocalService(daemon), [str(export)], "wren", None, lambda _line: None)

    assert report.exit == Exit.BUDGET
    assert "that wren may cost is spent" in (report.waits_for or "")


def test_a_spent_day_waits_for_a_person_or_for_the_next_day() -> None:
    tomorrow = datetime(2026, 11, 24, tzinfo=UTC)
    spent = StageState(
        StageName.DAILY, StageStatus.ABORTED, Interruption.BUDGET, "$5 is spent.", 0, None, None, iso(tomorrow), False
    )

    waiting = decide([spent], Holds(), tomorrow - timedelta(hours=3))

    assert (waiting.stage, waiting.waits_for) == (None, "Continue: $5 is spent.")
    assert waiting.look_again_at == tomorrow
    assert decide([spent], Holds(), tomorrow).stage == StageName.DAILY


async def heard(events: MemoryObjectReceiveStream[tuple[int, Event]]) -> list[Event]:
    """The notices among everything that was told so far."""
    found = [(await events.receive())[1] for _ in range(events.statistics().current_buffer_used)]
    return [event for event in found if isinstance(event, BudgetNoticed)]


async def test_a_day_is_shared_by_packages_and_remembered_by_the_next_daemon(
    provider: FakeProvider, tmp_path: Path
) -> None:
    settings = engine(provider, most_in_flight=1, budget_per_day=30)
    async with working_daemon(tmp_path / "home", engine=settings) as daemon:
        first = await imported(daemon, tmp_path / "in")
    async with working_daemon(tmp_path / "home", engine=settings) as daemon:
        second = await imported(daemon, tmp_path / "in", "owl", seed=1)
        stopped_at = await spent(daemon, "owl")
        done = await raise_budget(daemon, "owl", budget_per_day=1000)

    assert first.state == "done", first.waits_for
    assert "of the $30.00 that a day may cost is spent today" in (second.waits_for or "")
    assert stopped_at == 4
    assert done.state == "done", done.waits_for


async def test_without_a_budget_a_person_is_asked_before_the_first_request_and_only_once(
    provider: FakeProvider, tmp_path: Path
) -> None:
    async with working_daemon(tmp_path / "home", engine=engine(provider)) as daemon:
        asked = await imported(daemon, tmp_path / "in")
        sent = provider.counts.requests
        await daemon.resume("wren")
        done = await daemon.settled("wren")

    assert sent == 0
    assert (asked.state, asked.stages[3].status) == ("waiting", StageStatus.PENDING)
    question = asked.waits_for or ""
    assert question.startswith("Continue: muse-1 may cost money. It takes 1")
    assert "requests to muse-1" in question
    assert "(by the prices of the settings)" in question
    assert "`loom budget wren 5`" in question
    assert done.state == "done", done.waits_for


async def test_continue_is_no_answer_to_a_question_that_nobody_has_seen(provider: FakeProvider, tmp_path: Path) -> None:
    async with working_daemon(tmp_path / "home", engine=engine(provider)) as daemon:
        await daemon.set_until("wren", StageName.COMMIT)
        stopped = await imported(daemon, tmp_path / "in")
        await daemon.resume("wren")
        asked = await daemon.settled("wren")

    assert "it was to stop after commit" in (stopped.waits_for or "")
    assert "may cost money" in (asked.waits_for or "")
    assert provider.counts.requests == 0


async def test_new_conversations_are_asked_about_anew_and_the_same_again_are_not(
    provider: FakeProvider, tmp_path: Path
) -> None:
    async with working_daemon(tmp_path / "home", engine=engine(provider)) as daemon:
        await imported(daemon, tmp_path / "in")
        await daemon.resume("wren")
        await daemon.settled("wren")
        await daemon.hand_in("wren", written(tmp_path / "again.json", diary_export(8) + b"\n"), "again.json")
        again = await daemon.settled("wren")
        await daemon.hand_in("wren", written(tmp_path / "more.json", diary_export(9)), "more.json")
        more = await daemon.settled("wren")

    assert again.state == "done", again.waits_for
    assert "may cost money" in (more.waits_for or "")
    assert provider.counts.requests == ALL


@pytest.mark.parametrize("amount", [100, "none"])
async def test_saying_what_it_may_cost_answers_the_question(
    provider: FakeProvider, tmp_path: Path, amount: object
) -> None:
    async with working_daemon(tmp_path / "home", engine=engine(provider)) as daemon:
        await imported(daemon, tmp_path / "in")
        done = await raise_budget(daemon, budget=amount)

    assert done.state == "done", done.waits_for


@pytest.mark.parametrize(
    ("prices", "config"),
    [
        ({}, {"ask_before_paid": False}),
        ({"price_in": 0, "price_out": 0}, {}),
        ({"price_in": 0, "price_out": 0}, {"budget": 0}),
        ({"price_in": None, "price_out": None}, {}),
    ],
    ids=["not to be asked", "free", "free within a budget of nothing", "an own machine"],
)
async def test_nobody_is_asked_when_it_need_not_be(
    provider: FakeProvider, tmp_path: Path, prices: dict[str, Any], config: dict[str, Any]
) -> None:
    async with working_daemon(tmp_path / "home", engine=engine(provider, **prices)) as daemon:
        done = await imported(daemon, tmp_path / "in", **config)

    assert done.state == "done", done.waits_for


async def test_a_budget_that_cannot_be_kept_is_never_broken_in_silence(provider: FakeProvider, tmp_path: Path) -> None:
    unknown = engine(provider, price_in=None, price_out=None)
    async with working_daemon(tmp_path / "home", engine=unknown) as daemon:
        asked = await imported(daemon, tmp_path / "in", budget=5)
        sent = provider.counts.requests
        await daemon.resume("wren")
        done = await daemon.settled("wren")
        costs = await daemon.read("wren", lambda package: daemon.spending.costs(package, daemon.engine.options))

    assert sent == 0
    assert "What muse-1 costs is not known, so a budget for it cannot be kept." in (asked.waits_for or "")
    assert "Continue asks it all the same" in (asked.waits_for or "")
    assert done.state == "done", done.waits_for
    assert (costs.cost, costs.unpriced) == (Decimal(0), ALL)


async def test_what_the_provider_says_it_cost_is_spent_although_no_list_knows_the_model(
    provider: FakeProvider, tmp_path: Path
) -> None:
    told = Act(usage={"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20, "cost": 0.5})
    provider.change(rules=(Rule(act=told),))
    unknown = engine(provider, price_in=None, price_out=None, most_in_flight=1)
    async with working_daemon(tmp_path / "home", engine=unknown) as daemon:
        await imported(daemon, tmp_path / "in", budget=2)
        await daemon.resume("wren")
        stopped = await daemon.settled("wren")

    assert "of the $2.00 that wren may cost is spent" in (stopped.waits_for or "")
    # Two are let in before the first answer tells what one costs: the one in flight, and the one that waits behind it.
    assert 2 <= stopped.cost <= 2.5


async def test_costs_are_told_by_stage_and_model_with_all_kinds_of_tokens(
    provider: FakeProvider, tmp_path: Path
) -> None:
    usage = {
        "prompt_tokens": 100,
        "completion_tokens": 50,
        "total_tokens": 150,
        "prompt_tokens_details": {"cached_tokens": 75},
        "completion_tokens_details": {"reasoning_tokens": 40},
    }
    provider.change(rules=(Rule(act=Act(usage=usage)),))
    async with working_daemon(tmp_path / "home", engine=engine(provider, price_in=10_000)) as daemon:
        await imported(daemon, tmp_path / "in", budget=1000)
        costs = await daemon.read("wren", lambda package: daemon.spending.costs(package, daemon.engine.options))

    significant, daily, graph = costs.stages
    assert [stage.stage for stage in costs.stages] == [StageName.SIGNIFICANT, StageName.DAILY, StageName.GRAPH]
    assert [stage.requests for stage in costs.stages] == [8, 8, 10]
    assert (daily.tokens_in, daily.cached, daily.cache_share) == (800, 600, 0.75)
    assert (graph.tokens_out, graph.reasoning) == (500, 400)
    assert significant.cost == 8 * (100 * Decimal("0.01") + 50 * Decimal("0.001"))
    assert costs.cost == sum(stage.cost for stage in costs.stages)
    assert (costs.budget.package, costs.budget.spent, costs.budget.spent_today) == (
        Decimal(1000),
        costs.cost,
        costs.cost,
    )
