"""The rules of rates: how many at once, how fast, and when again. No tasks, no network; time is handed in."""

from itertools import pairwise

import pytest

from daemon.llm.exchange import Allowance, Limits
from daemon.llm.pacing import Pace, Spacing, Told
from daemon.llm.rates import Rates, RateSettings, Ticket

NOTHING = Limits()


class Traffic:
    """Sends and answers by hand."""

    def __init__(self, most: int = 16, per_minute: float | None = None) -> None:
        self.now = 100.0
        self.rates = Rates(RateSettings(most, per_minute), self.now)
        self.under_way: list[Ticket] = []

    def send_all(self) -> int:
        """Send as many as may be sent now, and return how many."""
        before = len(self.under_way)
        while self.rates.wait(self.now, 10) == 0:
            self.under_way.append(self.rates.sent(self.now, 10))
        return len(self.under_way) - before

    def answer_all(self) -> None:
        for ticket in self.under_way:
            self.rates.answered(self.now, ticket, NOTHING)
        self.under_way.clear()

    def refuse_all(self, retry_after: float | None = 0.0) -> None:
        for ticket in self.under_way:
            self.rates.refused(self.now, ticket, retry_after)
        self.under_way.clear()

    def round(self) -> int:
        """One round of requests that are all answered a moment later."""
        sent = self.send_all()
        self.now += 0.2
        self.answer_all()
        return sent


def test_two_are_sent_until_one_was_answered_and_then_quickly_as_many_as_allowed() -> None:
    traffic = Traffic(16)

    assert [traffic.round() for _ in range(4)] == [2, 16, 16, 16]


def test_never_more_are_under_way_than_the_user_allows() -> None:
    traffic = Traffic(5)

    assert [traffic.round() for _ in range(4)] == [2, 5, 5, 5]
    assert Traffic(1).send_all() == 1


def test_a_refusal_halves_and_a_round_of_answers_adds_at_most_one() -> None:
    traffic = Traffic(16)
    for _ in range(4):
        traffic.round()
    traffic.send_all()
    traffic.refuse_all()

    limits = [traffic.rates.limit]
    for _ in range(12):
        traffic.under_way += [traffic.rates.sent(traffic.now, 10) for _ in range(traffic.rates.limit)]
        traffic.answer_all()
        limits.append(traffic.rates.limit)

    assert limits[0] == 8
    assert limits[-1] == 16
    assert {after - before for before, after in pairwise(limits)} == {0, 1}


def test_many_refusals_of_one_moment_count_once_and_there_is_always_one_left() -> None:
    traffic = Traffic(16)
    for _ in range(4):
        traffic.round()
    limits = []
    for _ in range(6):
        traffic.under_way += [traffic.rates.sent(traffic.now, 10) for _ in range(3)]
        traffic.refuse_all()
        limits.append(traffic.rates.limit)

    assert limits == [8, 4, 2, 1, 1, 1]


def test_little_traffic_does_not_raise_what_may_be_under_way() -> None:
    traffic = Traffic(16)
    for _ in range(50):
        ticket = traffic.rates.sent(traffic.now, 10)
        traffic.now += 0.1
        traffic.rates.answered(traffic.now, ticket, NOTHING)

    assert traffic.rates.limit <= 9


def test_after_a_rest_the_endpoint_has_to_show_again_that_it_answers() -> None:
    traffic = Traffic(16)
    for _ in range(4):
        traffic.round()
    assert traffic.round() == 16

    traffic.now += 5.0

    assert [traffic.round(), traffic.round()] == [2, 16]


def test_all_wait_as_long_as_one_was_told_to() -> None:
    traffic = Traffic(16)
    first, second = (traffic.rates.sent(traffic.now, 10) for _ in range(2))
    traffic.rates.refused(traffic.now, first, 7.0)
    traffic.rates.refused(traffic.now, second, 3.0)

    assert traffic.rates.wait(traffic.now, 10) == pytest.approx(7.0)
    traffic.now += 7.0
    assert traffic.rates.wait(traffic.now, 10) == 0


def test_refusals_that_say_nothing_make_wait_longer_and_longer() -> None:
    traffic = Traffic(16)
    waits = []
    for _ in range(9):
        ticket = traffic.rates.sent(traffic.now, 10)
        traffic.rates.refused(traffic.now, ticket, None)
        waits.append(traffic.rates.wait(traffic.now, 10))
        traffic.now += waits[-1]

    assert waits == pytest.approx([0.5, 1, 2, 4, 8, 16, 30, 30, 30])


def test_who_begins_again_is_not_kept_waiting_by_the_past() -> None:
    traffic = Traffic(16)
    traffic.rates.refused(traffic.now, traffic.rates.sent(traffic.now, 10), 3600.0)

    traffic.rates.resume(traffic.now)

    assert traffic.rates.wait(traffic.now, 10) == 0


def test_requests_per_minute_are_spread_evenly() -> None:
    traffic = Traffic(16, per_minute=30)

    sent = 0
    for _ in range(600):
        sent += traffic.send_all()
        traffic.answer_all()
        traffic.now += 0.1

    assert sent == 30


def test_a_limit_that_the_provider_tells_is_kept() -> None:
    traffic = Traffic(16)
    traffic.round()
    told = Limits(requests=Allowance(limit=60, remaining=3, reset_seconds=57.0))
    traffic.rates.answered(traffic.now, traffic.rates.sent(traffic.now, 10), told)

    assert traffic.send_all() == 3
    assert traffic.rates.wait(traffic.now, 10) == pytest.approx(1.0)


def test_a_limit_of_tokens_is_kept() -> None:
    traffic = Traffic(16)
    traffic.round()
    told = Limits(tokens=Allowance(limit=10_000, remaining=1_000, reset_seconds=9.0))
    traffic.rates.answered(traffic.now, traffic.rates.sent(traffic.now, 10), told)

    assert traffic.rates.wait(traffic.now, 900) == 0
    assert traffic.rates.wait(traffic.now, 2_000) == pytest.approx(1.0)
    assert traffic.rates.wait(traffic.now, 1_000_000) == pytest.approx(9.0)


def test_a_limit_by_the_day_is_not_waited_for_in_silence() -> None:
    told = Told()
    told.hear(Allowance(limit=50, remaining=0, reset_seconds=86_000.0), 0.0)

    assert told.wait(1.0, 1) == 0


def test_a_limit_of_which_nothing_is_used_is_no_obstacle() -> None:
    told = Told()
    told.hear(Allowance(limit=2, remaining=2, reset_seconds=0.0), 0.0)
    for _ in range(5):
        assert told.wait(1.0, 1) == 0
        told.take(1.0, 1)


def test_spacing_makes_up_for_late_wake_ups_and_for_nothing_else() -> None:
    spacing = Spacing(catch_up=0.01)
    spacing.take(10.0, 20.0)

    assert spacing.wait(10.0) == pytest.approx(0.04)
    assert spacing.wait(10.05) == 0
    spacing.take(20.0, 20.0)
    assert spacing.wait(20.0) == pytest.approx(0.04)


def used(pace: Pace, since: float, seconds: float) -> float:
    """The rate after so many seconds of sending."""
    for moment in range(round(seconds * 20)):
        pace.use(since + moment / 20)
    assert pace.rate is not None
    return pace.rate


def until_rate(pace: Pace, since: float, rate: float) -> float:
    """Seconds of sending until the rate is that high."""
    for moment in range(10_000):
        pace.use(since + moment / 20)
        if (pace.rate or 0.0) >= rate:
            return moment / 20
    raise AssertionError(f"it never was {rate}")


def test_nothing_is_paced_before_something_was_refused_and_measured() -> None:
    pace = Pace()
    pace.use(1.0)
    pace.refused(None, 2.0)

    assert pace.rate is None


def test_after_a_refusal_the_pace_is_a_little_below_what_was_accepted() -> None:
    pace = Pace()
    pace.refused(20.0, 1.0)

    assert pace.rate == pytest.approx(19.0)


def test_a_pace_that_was_found_again_is_kept_longer() -> None:
    pace = Pace()
    pace.refused(20.0, 0.0)
    first = until_rate(pace, 0.0, 20.5)
    for now in (1000.0, 2000.0, 3000.0):
        pace.refused(20.0, now)

    assert until_rate(pace, 3000.0, 20.5) > 5 * first


def test_a_limit_that_has_moved_is_looked_for_quickly() -> None:
    pace = Pace()
    for now in (0.0, 1.0, 2.0, 3.0):
        pace.refused(20.0, now)

    pace.refused(10.0, 4.0)

    assert until_rate(pace, 4.0, 20.0) < 5.0


def test_a_pace_that_is_refused_falls_also_when_nothing_can_be_measured() -> None:
    pace = Pace()
    pace.refused(20.0, 0.0)

    pace.refused(None, 0.0)

    assert pace.rate is not None
    assert pace.rate < 14.0


def test_a_pace_rises_without_end_while_it_is_used_and_never_refused() -> None:
    pace = Pace()
    pace.refused(20.0, 0.0)

    rates = [used(pace, 5.0 * step, 5.0) for step in range(8)]

    assert rates == sorted(rates)
    assert rates[-1] > 1000


def test_a_pace_does_not_rise_while_nothing_is_sent() -> None:
    pace = Pace()
    pace.refused(20.0, 0.0)
    pace.use(0.1)

    pace.use(3600.0)

    assert pace.rate is not None
    assert pace.rate < 20.5
