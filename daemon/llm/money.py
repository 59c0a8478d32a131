"""What requests cost and what they may cost: prices, and the budgets of a package and of a day, in US dollars.

A price that is not known stays unknown: nothing here is ever guessed. A request is let through when what is spent, what
the requests in flight are expected to cost and what it is expected to cost itself stay within the budget; so a budget
is overrun at most by what the requests in flight cost more than expected.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from functools import cached_property
from importlib.metadata import version

from packages_store.errors import EngineStopped
from packages_store.journal import Usage
from packages_store.times import Clock, iso

_MILLION = 1_000_000
_NOTICE = Decimal("0.8")
"""The share of a budget at which a person is told."""
_FIRST_SHARE = 0.25
"""The share of the longest possible answer that is expected before the first answers have come."""


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens sent and received. `source` says for people where that is from."""

    input: Decimal
    output: Decimal
    source: str

    @property
    def is_free(self) -> bool:
        return not self.input and not self.output


class Prices:
    """What models cost: as a person has set it, else as the package genai-prices lists it, else unknown.

    A model on one's own machine is unknown too: what it costs its owner may say (0 is a price). The list knows that
    cached tokens and long prompts have other prices; with a price of one's own all tokens are alike.
    """

    def __init__(self, own: Price | None, clock: Clock) -> None:
        self._own = own
        self._clock = clock

    def warm(self) -> None:
        """Load the list, which takes most of a second: called in a worker thread before anything else is asked."""
        self.of("", "")

    def of(self, origin: str, model: str) -> Price | None:
        """The price of a model, None when it is not known."""
        if self._own is not None:
            return self._own
        # Some models cost something for each request beside; and long prompts may cost more for each token.
        uses = (Usage(), Usage(input=1000), Usage(output=1000))
        costs = [cost for use in uses if (cost := self.cost(origin, model, use)) is not None]
        if len(costs) < len(uses):
            return None
        for_request, sent, received = costs
        return Price((sent - for_request) * 1000, (received - for_request) * 1000, f"genai-prices {self._version}")

    def cost(self, origin: str, model: str, usage: Usage) -> Decimal | None:
        """What an answer of this usage costs, None when the price is not known."""
        if self._own is not None:
            return (self._own.input * usage.input + self._own.output * usage.output) / _MILLION
        import genai_prices  # noqa: PLC0415 - takes a third of a second, for which nobody need wait who has own prices

        tokens = genai_prices.Usage(
            input_tokens=usage.input,
            cache_read_tokens=min(usage.cached, usage.input),
            output_tokens=usage.output,
        )
        try:
            found = genai_prices.calc_price(
                tokens, model, provider_api_url=origin, genai_request_timestamp=self._clock()
            )
        except (LookupError, ValueError):
            return None
        # A model that is priced by something else, such as seconds, would come out as free.
        is_by_token = found.model_price.input_mtok is not None or found.model_price.output_mtok is not None
        return found.total_price if is_by_token else None

    @cached_property
    def _version(self) -> str:
        return version("genai-prices")


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be spent: on the package in all, and by all packages together on one day. None is no limit."""

    package: Decimal | None = None
    day: Decimal | None = None

    @property
    def is_set(self) -> bool:
        return self.package is not None or self.day is not None


class Till:
    """What all packages together have spent today, and what their requests in flight are expected to cost.

    A day is a local day of the daemon's time zone. `open` belongs to a worker thread, what is spent to the event loop.
    """

    def __init__(self, clock: Clock, zone: tzinfo, spent_since: Callable[[str], Decimal]) -> None:
        """`spent_since` sums up what all packages have spent since an instant; it may read the disk."""
        self._clock = clock
        self._zone = zone
        self._spent_since = spent_since
        self._lock = threading.Lock()
        self._day: date | None = None
        self._spent = Decimal(0)
        self.in_flight = Decimal(0)

    def open(self) -> None:
        """Count what was spent today before this process began. Done once; called before anything is spent."""
        with self._lock:
            if self._day is None:
                today = self._today()
                self._spent = self._spent_since(iso(datetime.combine(today, time(), self._zone)))
                self._day = today

    @property
    def spent(self) -> Decimal:
        """What was spent today."""
        today = self._today()
        if self._day != today:
            self._day, self._spent = today, Decimal(0)
        return self._spent

    @property
    def seconds_left(self) -> float:
        """Until the next day begins."""
        tomorrow = datetime.combine(self._today() + timedelta(days=1), time(), self._zone)
        return (tomorrow - self._clock()).total_seconds()

    def add(self, cost: Decimal) -> None:
        """Something was spent now."""
        self._spent = self.spent + cost

    def _today(self) -> date:
        return self._clock().astimezone(self._zone).date()


@dataclass(frozen=True, slots=True)
class Tariff:
    """By what requests to one model are weighed before they are sent."""

    prices: Prices
    origin: str
    model: str
    usual: Decimal = Decimal(0)
    """What an answer has cost so far: for models that no list knows, of a provider that says what each answer costs."""
    allows_unpriced: bool = False
    """A person has decided that the model may be asked within a budget although its price is not known."""


class Budget:
    """A `Purse` (daemon/llm/bound.py): the money of one package while a stage of it runs."""

    def __init__(
        self,
        package: str,
        limits: Limits,
        spent: Decimal,
        till: Till,
        tariff: Tariff,
        notice: Callable[[str, str], None],
    ) -> None:
        """`spent` is what the package has cost so far; `notice` is told, with the package, that most is spent."""
        self.limits = limits
        self._package = package
        self._spent = spent
        self._till = till
        self._tariff = tariff
        self._notice = notice
        self._in_flight = Decimal(0)
        self._answered: deque[tuple[Decimal | None, int]] = deque()
        self._most = 0
        self._used = 0
        self._usual = tariff.usual

    @contextmanager
    def admit(self, tokens_in: int, tokens_out: int) -> Iterator[None]:
        """See `Purse`. Raises EngineStopped (`is_spent`) as well when there is a budget and the price is not known."""
        expected = self._expected(tokens_in, tokens_out)
        self._require(expected)
        self._hold(expected)
        try:
            yield
        finally:
            self._hold(-expected)
            self._settle(tokens_out)

    def cost(self, origin: str, model: str, usage: Usage, told: float | None) -> Decimal | None:
        """See `Purse`. What the provider tells counts before any list."""
        cost = self._tariff.prices.cost(origin, model, usage) if told is None else Decimal(str(told))
        self._answered.append((cost, usage.output))
        return cost

    def _settle(self, tokens_out: int) -> None:
        """Count an answer in the moment in which what was held for it is let go: never twice, and never not at all.

        It may be the answer of another request that is about to end as well; in sum that is the same.
        """
        if self._answered:
            cost, output = self._answered.popleft()
            self._used += output
            self._most += tokens_out
            if cost is not None:
                self._usual = cost
                self._spend(cost)

    def _expected(self, tokens_in: int, tokens_out: int) -> Decimal:
        """What a request will probably cost: few answers are as long as they may be."""
        tariff, share = self._tariff, self._used / self._most if self._most else _FIRST_SHARE
        usage = Usage(input=tokens_in, output=round(tokens_out * share))
        cost = tariff.prices.cost(tariff.origin, tariff.model, usage)
        if cost is None and self.limits.is_set and not tariff.allows_unpriced:
            raise EngineStopped(unpriced(tariff.model), unpriced_advice(self._package), is_spent=True)
        return self._usual if cost is None else cost

    def _require(self, expected: Decimal) -> None:
        limit, day = self.limits.package, self.limits.day
        if limit is not None and self._spent + self._in_flight + expected > limit:
            spent = f"{dollars(self._spent)} of the {dollars(limit)} that {self._package} may cost is spent"
            raise _stopped(spent, self._in_flight, expected, f"loom budget {self._package} {_more(limit)}", None)
        if day is not None and self._till.spent + self._till.in_flight + expected > day:
            spent = f"{dollars(self._till.spent)} of the {dollars(day)} that a day may cost is spent today"
            command = f"loom budget {self._package} --day {_more(day)}"
            raise _stopped(spent, self._till.in_flight, expected, command, self._till.seconds_left)

    def _hold(self, expected: Decimal) -> None:
        self._in_flight += expected
        self._till.in_flight += expected

    def _spend(self, cost: Decimal) -> None:
        before, before_today = self._spent, self._till.spent
        self._spent += cost
        self._till.add(cost)
        self._tell(before, self._spent, self.limits.package, self._package)
        self._tell(before_today, self._till.spent, self.limits.day, "a day")

    def _tell(self, before: Decimal, now: Decimal, limit: Decimal | None, whose: str) -> None:
        sentence = most_is_spent(now, limit, whose)
        if sentence is not None and most_is_spent(before, limit, whose) is None:
            self._notice(self._package, sentence)


def _stopped(spent: str, in_flight: Decimal, expected: Decimal, command: str, seconds: float | None) -> EngineStopped:
    under_way = f", about {dollars(in_flight)} is under way" if in_flight else ""
    message = f"{spent}{under_way}, and the next request would take about {dollars(expected)}."
    later = "It goes on by itself tomorrow; to go on now" if seconds is not None else "To go on"
    return EngineStopped(message, f"{later}, raise it with `{command}`.", is_spent=True, retry_in=seconds)


def most_is_spent(spent: Decimal, limit: Decimal | None, whose: str) -> str | None:
    """The sentence about a budget of which most is spent; None while there is enough."""
    if limit is None or spent < limit * _NOTICE:
        return None
    return f"{dollars(spent)} is spent of the {dollars(limit)} that {whose} may cost."


def unpriced(model: str) -> str:
    """Why a budget cannot be kept."""
    return f"What {model} costs is not known, so a budget for it cannot be kept."


def unpriced_advice(package: str) -> str:
    """What to do when a budget cannot be kept."""
    return (
        "Say it with `loom engine set price_in=… price_out=…` (US dollars for a million tokens, 0 for a model of your"
        f" own), or take the budget away with `loom budget {package} none`."
    )


def dollars(amount: Decimal) -> str:
    """An amount for people: cents, and two digits more while it is small."""
    return f"${amount:,.2f}" if amount >= 1 or not amount else f"${amount:.4f}"


def _more(limit: Decimal) -> str:
    """A larger amount, as an example of what to type."""
    return f"{max(limit * 2, Decimal('0.01')).normalize():f}"
