"""The money of a daemon: who may spend how much, what was spent, and whether a person has to be asked first.

A person is asked before the first paid stage of an import when nothing limits what it may cost: no budget is set, or
there is one that cannot be kept because the model's price is not known (then a person is asked in any case). Continue
is the answer, and holds until there are new conversations, or another engine or persona. See
docs/decisions/0005-money.md.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from daemon.llm.bound import Model, PackageLlm
from daemon.llm.estimate import PAID, Dollars, Priced
from daemon.llm.money import Budget, Limits, Price, Prices, Tariff, Till, most_is_spent, unpriced, unpriced_advice
from daemon.llm.outbound import origin_of, written_address
from daemon.llm.plan import PackagePlan, plan_of
from daemon.llm.question import Question
from daemon.settings import EngineOptions
from packages_store.config import Amount, PackageConfig
from packages_store.errors import PackageNotFound, PackageUnusable
from packages_store.journal import Spent
from packages_store.model import Interruption, StageName, StageStatus
from packages_store.package import Package
from packages_store.paths import HomePaths
from packages_store.shelf import Shelf
from packages_store.times import Clock, parse_iso
from stages.contract import Stage, StageContext, fingerprint


class StageCosts(BaseModel):
    """What a stage has cost with one model. `cost` covers the answers of known price, `unpriced` counts the others."""

    stage: StageName
    model: str
    requests: int
    tokens_in: int
    cached: int
    """Of `tokens_in`, those that the provider had in its cache; `cache_share` is their share."""
    cache_share: float
    tokens_out: int
    reasoning: int
    """Of `tokens_out`, those that nobody sees."""
    cost: Dollars
    unpriced: int


class BudgetView(BaseModel):
    """What may be spent and what is, in US dollars. None is no limit."""

    package: Dollars | None
    day: Dollars | None
    """Of all packages together."""
    spent: Dollars
    spent_today: Dollars
    """Of all packages together."""
    notices: list[str]
    """A sentence for each of the two of which most is spent."""


class PackageCosts(BaseModel):
    """What a package has cost so far."""

    package: str
    cost: Dollars
    unpriced: int
    stages: list[StageCosts]
    budget: BudgetView


@dataclass(frozen=True, slots=True)
class Look:
    """What is needed to look at a package without changing it. `llm` is None when nobody is, or can be, asked."""

    context: StageContext
    stages: Sequence[Stage[Any]]
    options: EngineOptions
    llm: PackageLlm | None


@dataclass(frozen=True, slots=True)
class _Reason:
    """Why a person is asked, and what they can do."""

    why: str
    advice: str


class Spending:
    """The money of all packages. What is not said to belong to the event loop belongs to worker threads."""

    def __init__(
        self, shelf: Shelf, paths: HomePaths, clock: Clock, zone: tzinfo, notice: Callable[[str, str], None]
    ) -> None:
        """`zone` decides when a day begins; `notice` is told, on the event loop, of a budget that is nearly spent."""
        self._shelf = shelf
        self._paths = paths
        self._clock = clock
        self._notice = notice
        self._till = Till(clock, zone, self._spent_since)
        self._budgets: dict[str, Budget] = {}

    # --- spending ------------------------------------------------------------------------------------------------

    def purse_of(self, package: Package, options: EngineOptions, model: Model) -> Budget:
        """The budget of a package for one run of a stage; its methods belong to the event loop."""
        prices, question = self._prices(options), Question.of(package)
        prices.warm()
        self._till.open()
        spent = package.journal.spent()
        tariff = Tariff(
            prices,
            model.origin,
            model.name,
            usual=_usual(spent, model.name),
            allows_unpriced=question.why == unpriced(model.name) and question.is_answered(package),
        )
        total = sum((each.cost for each in spent), Decimal(0))
        budget = Budget(package.name, limits_of(package.config, options), total, self._till, tariff, self._notice)
        self._budgets[package.name] = budget
        return budget

    def _prices(self, options: EngineOptions) -> Prices:
        return Prices(own_price(options), self._clock)

    def _spent_since(self, instant: str) -> Decimal:
        return sum((package.journal.total(instant) for package in self._touched_since(instant)), Decimal(0))

    def _touched_since(self, instant: str) -> Iterator[Package]:
        """The packages that may have spent something since: opening all of them can take long."""
        moment = parse_iso(instant).timestamp()
        for name in self._shelf.names():
            ledger = self._paths.package(name).ledger
            changed = max(map(_changed_at, (ledger, ledger.with_name(f"{ledger.name}-wal"))))
            if changed >= moment:
                with suppress(PackageUnusable, PackageNotFound):
                    yield self._shelf.get(name)

    # --- looking -------------------------------------------------------------------------------------------------

    def plan(self, look: Look, *, explain: bool = False) -> PackagePlan:
        """What would be done, why, and what it would cost."""
        return plan_of(look.context, look.stages, self._priced(look), explain=explain)

    def _priced(self, look: Look) -> Priced | None:
        if look.llm is None:
            return None
        return Priced(look.llm.model.name, look.llm.model.origin, look.llm, self._prices(look.options))

    def costs(self, package: Package, options: EngineOptions) -> PackageCosts:
        """What a package has cost so far."""
        spent = package.journal.spent()
        return PackageCosts(
            package=package.name,
            cost=sum((each.cost for each in spent), Decimal(0)),
            unpriced=sum(each.unpriced for each in spent),
            stages=[
                StageCosts(
                    stage=each.stage,
                    model=each.model,
                    requests=each.answers,
                    tokens_in=each.usage.input,
                    cached=each.usage.cached,
                    cache_share=each.usage.cached / each.usage.input if each.usage.input else 0.0,
                    tokens_out=each.usage.output,
                    reasoning=each.usage.reasoning,
                    cost=each.cost,
                    unpriced=each.unpriced,
                )
                for each in spent
            ],
            budget=self.budget(package, options),
        )

    def budget(self, package: Package, options: EngineOptions) -> BudgetView:
        """What may be spent on a package, and what is."""
        limits = limits_of(package.config, options)
        return BudgetView(
            package=limits.package,
            day=limits.day,
            spent=package.journal.total(),
            spent_today=self._spent_today(),
            notices=self.notices(package, options),
        )

    def notices(self, package: Package, options: EngineOptions) -> list[str]:
        """A sentence for each budget of a package of which most is spent."""
        limits = limits_of(package.config, options)
        found: list[str | None] = []
        if limits.package is not None:
            found.append(most_is_spent(package.journal.total(), limits.package, package.name))
        if limits.day is not None:
            found.append(most_is_spent(self._spent_today(), limits.day, "a day"))
        return [notice for notice in found if notice]

    def _spent_today(self) -> Decimal:
        self._till.open()
        return self._till.spent

    # --- deciding ------------------------------------------------------------------------------------------------

    def set_budget(self, package: Package, options: EngineOptions, changes: dict[str, Amount]) -> BudgetView:
        """Set `budget` and `budget_per_day`, as far as they are among the changes; what was stopped by them goes on."""
        with package.ledger.transaction():
            package.save_config(PackageConfig.model_validate(package.config.model_dump() | changes))
            for state in package.progress.stages():
                if state.status == StageStatus.ABORTED and state.interruption == Interruption.BUDGET:
                    package.progress.resume(state.name)
        if package.name in self._budgets:
            self._budgets[package.name].limits = limits_of(package.config, options)
        return self.budget(package, options)

    def ask(self, package: Package, look_at: Callable[[Package], Look]) -> None:
        """See whether a person has to be asked before a package goes on, and note the question."""
        following = next((state for state in package.progress.stages() if not state.status.ended), None)
        if following is None or following.name not in PAID:
            return
        look, before = look_at(package), Question.of(package)
        reason = self._reason(look)
        if reason is None:
            if before.sentence:
                Question().keep(package)
            return
        subject = self._subject(look, reason.why)
        seen = fingerprint(subject, *(package.progress.requested(name) for name in PAID))
        if before.seen != seen and not Question(subject=subject).is_answered(package):
            plan = self.plan(look)
            sentence = f"{reason.why} {plan.sentence} {reason.advice}" if plan.requests.high else ""
            Question(reason.why, seen, subject, sentence).keep(package)

    def _reason(self, look: Look) -> _Reason | None:
        """Why a person has to be asked before anything is paid for; None when nobody has to."""
        if look.llm is None:
            return None
        model, prices = look.llm.model, self._prices(look.options)
        price = prices.of(model.origin, model.name)
        package = look.context.package
        config, is_limited = package.config, limits_of(package.config, look.options).is_set
        if price is None and is_limited:
            return _Reason(unpriced(model.name), f"Continue asks it all the same. {unpriced_advice(package.name)}")
        costs_nothing = price.is_free if price is not None else _is_own(model.origin)
        decided = is_limited or config.budget == "none" or costs_nothing
        wants = not decided if config.ask_before_paid is None else config.ask_before_paid
        if not wants or (price is not None and price.is_free):
            return None
        advice = f"Continue starts it; `loom budget {package.name} 5` starts it and stops it at $5."
        return _Reason(f"{model.name} may cost money.", advice)

    def _subject(self, look: Look, why: str) -> str:
        """What an answer of a person holds for: these conversations, this engine, this persona, and this reason."""
        context = look.context
        wanted = context.package.progress.requested(StageName.COMMIT)
        return fingerprint(why, wanted, context.extractor.name, context.extractor.version, context.persona)


def _changed_at(path: Path) -> float:
    """When a file was changed, in seconds since 1970; 0 for one that is not there."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _usual(spent: Sequence[Spent], model: str) -> Decimal:
    """What an answer of a model has cost so far, 0 before any has."""
    priced = [each for each in spent if each.model == model]
    answers = sum(each.answers - each.unpriced for each in priced)
    return sum((each.cost for each in priced), Decimal(0)) / max(1, answers)


def limits_of(config: PackageConfig, options: EngineOptions) -> Limits:
    """The budgets of a package: its own, or what the daemon's settings say."""
    return Limits(
        _limit(config.budget, options.budget_per_package), _limit(config.budget_per_day, options.budget_per_day)
    )


def _limit(own: Amount, usual: float | None) -> Decimal | None:
    amount = usual if own is None else own
    return None if amount is None or amount == "none" else Decimal(str(amount))


def _is_own(origin: str) -> bool:
    """Whether an endpoint is in the person's own house, where a model without a price most likely costs nothing."""
    host = origin_of(origin).host
    address = written_address(host)
    return address.is_private if address is not None else "." not in host or host.endswith(".local")


def own_price(options: EngineOptions) -> Price | None:
    """The price that a person has set; both sides belong to it."""
    if options.price_in is None or options.price_out is None:
        return None
    dated = f" of {options.price_date}" if options.price_date else ""
    return Price(Decimal(str(options.price_in)), Decimal(str(options.price_out)), f"the settings{dated}")
