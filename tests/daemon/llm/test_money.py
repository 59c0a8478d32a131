"""Prices that are known or are not, and budgets that are kept."""

from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from daemon.llm.money import Budget, Limits, Price, Prices, Tariff, Till, dollars
from packages_store.errors import EngineStopped
from packages_store.journal import Usage
from tests.clocks import FakeClock

OPENAI = "https://api.openai.com"
HERE = "http://127.0.0.1:11434"
DOLLAR_A_TOKEN = Price(Decimal(1_000_000), Decimal(1_000_000), "the test")
"""One token sent or received costs one dollar."""


# --- prices --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def listed() -> Prices:
    """The prices of the list."""
    prices = Prices(None, FakeClock(datetime(2026, 11, 1, tzinfo=UTC)))
    prices.warm()
    return prices


def test_a_listed_model_has_a_price_that_says_where_it_is_from(listed: Prices) -> None:
    price = listed.of(OPENAI, "gpt-5-mini")

    assert price is not None
    assert 0 < price.input < price.output
    assert price.source.startswith("genai-prices ")
    assert listed.cost(OPENAI, "gpt-5-mini", Usage(1_000_000)) == price.input
    assert listed.cost(OPENAI, "gpt-5-mini", Usage(output=1_000_000)) == price.output


def test_cached_tokens_cost_less_and_reasoning_is_paid_as_output(listed: Prices) -> None:
    def cost(usage: Usage) -> Decimal:
        found = listed.cost(OPENAI, "gpt-5-mini", usage)
        assert found is not None
        return found

    assert 0 < cost(Usage(input=1000, cached=1000)) < cost(Usage(input=1000))
    assert cost(Usage(input=10, output=500, reasoning=400)) == cost(Usage(input=10, output=500))


@pytest.mark.parametrize(
    ("origin", "model"),
    [
        (OPENAI, "a-model-nobody-has-heard-of"),
        ("https://llm.example.org", "gpt-5-mini"),
        (HERE, "gpt-5-mini"),
        (OPENAI, "whisper-1"),
    ],
    ids=["unknown model", "unknown provider", "own machine", "paid by the second"],
)
def test_what_is_not_listed_by_tokens_has_no_price(listed: Prices, origin: str, model: str) -> None:
    assert listed.of(origin, model) is None
    assert listed.cost(origin, model, Usage(1000, 1000)) is None


def test_a_price_of_ones_own_goes_before_the_list_and_may_be_nothing() -> None:
    own = Prices(Price(Decimal(2), Decimal(8), "the settings of 2026-11-01"), FakeClock())
    free = Prices(Price(Decimal(0), Decimal(0), "the settings"), FakeClock())

    assert own.cost(OPENAI, "gpt-5-mini", Usage(500_000, 250_000, cached=400_000)) == 3
    assert own.of(HERE, "anything") == Price(Decimal(2), Decimal(8), "the settings of 2026-11-01")
    assert free.cost(HERE, "anything", Usage(1_000_000, 1_000_000)) == 0


def test_amounts_are_told_in_cents_and_small_ones_more_exactly() -> None:
    assert [dollars(Decimal(text)) for text in ("0", "0.0123", "1.5", "1234.567")] == [
        "$0.00",
        "$0.0123",
        "$1.50",
        "$1,234.57",
    ]


# --- budgets -------------------------------------------------------------------------------------------------------


@pytest.fixture
def clock() -> FakeClock:
    """Shortly before midnight in Berlin."""
    return FakeClock(datetime(2026, 11, 23, 22, 0, tzinfo=UTC))


@pytest.fixture
def till(clock: FakeClock) -> Till:
    """A day on which nothing was spent so far."""
    return opened(clock)


def opened(clock: FakeClock, spent_since: Callable[[str], Decimal] = lambda _since: Decimal(0)) -> Till:
    """A till that knows what was spent before."""
    found = Till(clock, ZoneInfo("Europe/Berlin"), spent_since)
    found.open()
    return found


def budget(till: Till, package: str = "wren", notices: list[str] | None = None, **more: object) -> Budget:
    """A budget at a dollar a token; by keyword its limits, what was `spent`, and its `prices`."""
    limits = Limits(*(None if more.get(name) is None else Decimal(str(more[name])) for name in ("limit", "day")))
    prices = more.get("prices") or Prices(DOLLAR_A_TOKEN, FakeClock())
    assert isinstance(prices, Prices)
    heard = [] if notices is None else notices
    tariff = Tariff(prices, HERE, "muse-1", allows_unpriced=bool(more.get("allows_unpriced")))
    spent = Decimal(str(more.get("spent", 0)))
    return Budget(package, limits, spent, till, tariff, lambda _package, sentence: heard.append(sentence))


def answered(purse: Budget, sent: int, received: int, at_most: int = 0) -> Decimal | None:
    """One request and its answer."""
    with purse.admit(sent, at_most):
        return purse.cost(HERE, "muse-1", Usage(sent, received), None)


def test_without_a_budget_everything_passes(till: Till) -> None:
    purse = budget(till)

    assert answered(purse, 1_000_000, 1_000_000) == 2_000_000


def test_a_request_that_does_not_fit_any_more_is_not_sent_and_the_reason_says_how_to_go_on(till: Till) -> None:
    purse = budget(till, limit=10)
    answered(purse, 8, 0)

    with pytest.raises(EngineStopped) as stopped, purse.admit(3, 0):
        pytest.fail("it was sent")

    assert stopped.value.is_spent
    assert "$8.00 of the $10.00 that wren may cost is spent" in str(stopped.value)
    assert "`loom budget wren 20`" in str(stopped.value)
    assert answered(purse, 2, 0) == 2


def test_what_was_spent_before_counts(till: Till) -> None:
    purse = budget(till, limit=10, spent=9)

    with pytest.raises(EngineStopped), purse.admit(2, 0):
        pass


def test_a_raised_limit_counts_at_once(till: Till) -> None:
    purse = budget(till, limit=10, spent=10)
    purse.limits = Limits(Decimal(20))

    assert answered(purse, 5, 0) == 5


def test_requests_in_flight_hold_what_they_are_expected_to_cost(till: Till) -> None:
    purse = budget(till, limit=10)
    with ExitStack() as in_flight:
        in_flight.enter_context(purse.admit(4, 0))
        in_flight.enter_context(purse.admit(4, 0))
        with pytest.raises(EngineStopped):
            in_flight.enter_context(purse.admit(4, 0))

    # Both came to nothing, such as a connection that broke: nothing is spent, nothing is held.
    assert answered(purse, 10, 0) == 10


def test_expected_answers_grow_as_long_as_those_that_came(till: Till) -> None:
    purse = budget(till, limit=1000)
    with ExitStack() as in_flight:
        in_flight.enter_context(purse.admit(0, 100))
        assert till.in_flight == 25

    answered(purse, 0, 80, at_most=100)
    answered(purse, 0, 80, at_most=100)

    with purse.admit(0, 100):
        assert till.in_flight == 80


def test_what_the_provider_says_it_cost_counts_before_every_list(till: Till) -> None:
    purse = budget(till, limit=10)

    with purse.admit(1, 0):
        assert purse.cost(HERE, "muse-1", Usage(1, 1), 0.25) == Decimal("0.25")
    assert till.spent == Decimal("0.25")


def test_an_answer_is_counted_when_what_was_held_for_it_is_let_go_and_not_before(till: Till) -> None:
    purse = budget(till, limit=10)

    with purse.admit(4, 0):
        purse.cost(HERE, "muse-1", Usage(4), None)
        assert till.spent + till.in_flight == 4
        # Something else may fail meanwhile.
        with suppress(OSError), purse.admit(5, 0):
            raise OSError
    assert (till.spent, till.in_flight) == (Decimal(4), Decimal(0))


def test_a_person_is_told_once_when_most_is_spent(till: Till) -> None:
    notices: list[str] = []
    purse = budget(till, limit=10, notices=notices)
    for _ in range(10):
        answered(purse, 1, 0)

    assert notices == ["$8.00 is spent of the $10.00 that wren may cost."]


def test_nobody_is_told_again_of_what_was_spent_before(till: Till) -> None:
    notices: list[str] = []
    answered(budget(till, limit=10, spent=9, notices=notices), 1, 0)

    assert notices == []


def test_a_budget_for_a_model_of_unknown_price_sends_nothing_until_a_person_decides(till: Till) -> None:
    unknown = Prices(None, FakeClock())

    with pytest.raises(EngineStopped) as stopped, budget(till, limit=10, prices=unknown).admit(1, 1):
        pass
    assert stopped.value.is_spent
    assert "What muse-1 costs is not known" in str(stopped.value)
    assert "price_in" in str(stopped.value)

    allowed = budget(till, limit=10, prices=unknown, allows_unpriced=True)
    with allowed.admit(1, 1):
        assert allowed.cost(HERE, "muse-1", Usage(1, 1), None) is None
    with allowed.admit(1, 1):
        assert allowed.cost(HERE, "muse-1", Usage(1, 1), 11.0) == 11
    with pytest.raises(EngineStopped), allowed.admit(1, 1):
        pass


# --- days ----------------------------------------------------------------------------------------------------------


def test_a_day_is_shared_by_all_packages_and_ends_at_midnight_of_its_zone(clock: FakeClock, till: Till) -> None:
    wren, owl = budget(till, day=10), budget(till, "owl", day=10)
    answered(wren, 6, 0)

    with pytest.raises(EngineStopped) as stopped, owl.admit(5, 0):
        pass
    assert "$6.00 of the $10.00 that a day may cost is spent" in str(stopped.value)
    assert "`loom budget owl --day 20`" in str(stopped.value)
    assert "It goes on by itself tomorrow" in str(stopped.value)
    assert stopped.value.retry_in == 3600

    clock.advance(3600)
    assert answered(owl, 10, 0) == 10


def test_what_was_spent_today_before_this_process_began_is_looked_up_once(clock: FakeClock) -> None:
    asked: list[str] = []

    def spent_since(instant: str) -> Decimal:
        asked.append(instant)
        return Decimal(7)

    till = opened(clock, spent_since)
    till.open()

    assert asked == ["2026-11-22T23:00:00.000Z"]
    assert till.spent == 7
