"""How many questions are left to ask, with how many tokens and at what price: counted without asking anybody.

The questions are those that would really be put (stages/extractors/llm); answers that are in the journal cost nothing.
What nobody can know before, how long answers get and how many memories there will be for the graph, is a range, which
narrows to what the answers of this package were like so far.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Protocol

from pydantic import BaseModel, PlainSerializer

from daemon.llm.money import Prices
from packages_store.journal import Spent, Usage
from packages_store.model import Memory, StageName
from stages.contract import Ask, Llm, StageContext
from stages.daily import bounds
from stages.graph import batches

PAID = (StageName.SIGNIFICANT, StageName.DAILY, StageName.GRAPH)
"""The stages that ask a language model."""

_ENOUGH = 5
"""Answers of a stage from which on they are taken as typical."""
_SAMPLE = 40
"""Items done before that are counted again, to learn how far counted tokens are from real ones."""
_SECOND_TRIES = 0.1
"""The share of questions that may have to be put twice."""
_OFF = 0.15
"""By this share counted tokens may be off, before answers have told how many they really were …"""
_OFF_LEARNED = 0.03
"""… and after that."""
_TYPICAL = (0.8, 1.25)
"""How far the answers to come may be from the mean of those that came."""
_ANSWERS = {StageName.SIGNIFICANT: (20, 600), StageName.DAILY: (40, 700), StageName.GRAPH: (60, 2500)}
"""Tokens of one answer, before there are any."""
_MEMORIES = (0.05, 1.0)
"""Significant memories that one conversation may give, before any was read."""
_MEMORY_TOKENS = (80, 400)
"""Tokens of a memory that is still to be written."""

Dollars = Annotated[Decimal, PlainSerializer(float, return_type=float)]


class Range(BaseModel):
    """From `low` to `high`; what is known exactly has both the same."""

    low: int = 0
    high: int = 0

    def __add__(self, other: "Range") -> "Range":
        return Range(low=self.low + other.low, high=self.high + other.high)


class CostRange(BaseModel):
    """US dollars."""

    low: Dollars = Decimal(0)
    high: Dollars = Decimal(0)

    def __add__(self, other: "CostRange") -> "CostRange":
        return CostRange(low=self.low + other.low, high=self.high + other.high)


class Estimate(BaseModel):
    """What one stage has to ask. `answered` questions have their answers in the journal: they are free.

    `expected` counts items that do not exist yet, because an earlier stage makes them. `cost` is None when the price is
    not known.
    """

    expected: Range = Range()
    requests: Range = Range()
    answered: int = 0
    tokens_in: Range = Range()
    tokens_out: Range = Range()
    cost: CostRange | None = CostRange()


class Scales(Llm, Protocol):
    """A language model that can say of a question how the journal knows it, and weigh it."""

    def weighed(self, ask: Ask) -> tuple[str, int]:
        """The fingerprint of a question, and about how many tokens are sent with it."""
        ...


@dataclass(frozen=True, slots=True)
class Priced:
    """Who would be asked, and what they cost. `origin` is the endpoint's."""

    name: str
    origin: str
    scales: Scales
    prices: Prices


@dataclass(frozen=True, slots=True)
class Left:
    """The items of all stages that are left. `depending` are batches of the graph that other left items will change,
    each with how many memories may come to it; `new` counts conversations that were never read."""

    items: Mapping[StageName, Sequence[str]]
    depending: Mapping[str, int]
    new: int


@dataclass(frozen=True, slots=True)
class _Questions:
    """Questions that are left: how many, and how many tokens are sent with all of them."""

    count: Range
    low: float
    high: float

    def __add__(self, other: "_Questions") -> "_Questions":
        return _Questions(self.count + other.count, self.low + other.low, self.high + other.high)


class Estimator:
    """Counts what one package has left to ask. Reads only; belongs in a worker thread."""

    def __init__(self, context: StageContext, model: Priced, left: Left) -> None:
        self._context = context
        self._package = context.package
        self._model = model
        self._left = left

    def estimate(self, name: StageName) -> Estimate:
        """What a stage has to ask."""
        asked, answered = self._asked(name)
        expected = Range()
        if name == StageName.GRAPH:
            expected = self._memories_to_come()
            asked += self._depending() + self._new_batches(expected)
        if not asked.count.high:
            return Estimate(answered=answered)
        low, high = self._answer_tokens(name)
        requests = Range(low=asked.count.low, high=math.ceil(asked.count.high * (1 + _SECOND_TRIES)))
        tokens_in = Range(low=round(asked.low), high=round(asked.high * (1 + _SECOND_TRIES)))
        tokens_out = Range(low=round(requests.low * low), high=round(requests.high * high))
        return Estimate(
            expected=expected,
            requests=requests,
            answered=answered,
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            cost=self._cost(name, requests, tokens_in, tokens_out),
        )

    # --- questions -----------------------------------------------------------------------------------------------

    def _asked(self, name: StageName) -> tuple[_Questions, int]:
        """The questions about items that are there, and how many of them are answered."""
        weighed = list(self._weighed(name, self._left.items.get(name, ())))
        tokens = [tokens for fingerprint, tokens in weighed if self._package.journal.usage(fingerprint) is None]
        ratio, off = self._accuracy(name) if tokens else (1.0, 0.0)
        whole = sum(tokens) * ratio
        count = Range(low=len(tokens), high=len(tokens))
        return _Questions(count, whole * (1 - off), whole * (1 + off)), len(weighed) - len(tokens)

    def _weighed(self, name: StageName, items: Iterable[str]) -> Iterator[tuple[str, int]]:
        """Fingerprint and tokens of every question about these items."""
        return (self._model.scales.weighed(ask) for item in items for ask in self._asks(name, item))

    def _asks(self, name: StageName, item: str) -> list[Ask]:
        # Here, because the start of the daemon need not wait for it.
        from stages.extractors.llm import daily, graph, significant  # noqa: PLC0415

        package, persona, llm = self._package, self._context.persona, self._model.scales
        match name:
            case StageName.SIGNIFICANT:
                conversation = package.staging.get(item)
                if conversation is None:
                    return []
                task = significant.significant_task()
                return [one.ask for one in significant.questions(task, llm, persona, conversation)]
            case StageName.DAILY:
                parts = package.staging.between(*bounds(item, persona.zone, persona.day_starts_at))
                return [one.ask for one in daily.questions(daily.daily_task(), llm, persona, item, parts)]
            case _:
                memories = self._batches.get(item, [])
                return [one.ask for one in graph.questions(graph.graph_task(), llm, persona, memories)]

    @cached_property
    def _batches(self) -> Mapping[str, Sequence[Memory]]:
        return batches(self._package)

    def _depending(self) -> _Questions:
        """Batches that will have other memories than now, when the stages before the graph are done."""
        found = _Questions(Range(), 0.0, 0.0)
        for batch, new in self._left.depending.items():
            weights = [tokens for _, tokens in self._weighed(StageName.GRAPH, (batch,))] or [self._graph_overhead]
            count = Range(low=len(weights), high=len(weights))
            low, high = (sum(weights) + new * each for each in _MEMORY_TOKENS)
            found += _Questions(count, low * (1 - _OFF), high * (1 + _OFF))
        return found

    def _memories_to_come(self) -> Range:
        """How many significant memories the conversations may give that are still to be read."""
        done = self._package.progress.counts(StageName.SIGNIFICANT).processed
        made = len(self._package.memories.all("significant"))
        is_typical = self._answers(StageName.SIGNIFICANT).answers >= _ENOUGH and done
        low, high = (share * made / done for share in _TYPICAL) if is_typical else _MEMORIES
        return Range(low=math.floor(self._left.new * low), high=math.ceil(self._left.new * high))

    def _new_batches(self, memories: Range) -> _Questions:
        low, high = (self._graph_overhead + each for each in _MEMORY_TOKENS)
        return _Questions(memories, memories.low * low, memories.high * high)

    @cached_property
    def _graph_overhead(self) -> int:
        """Tokens that are sent with every question of the graph."""
        from stages.extractors.llm import graph  # noqa: PLC0415 - see above

        task, llm = graph.graph_task(), self._model.scales
        return llm.tokens(task.prompt.filled(self._context.persona)) + llm.tokens(json.dumps(task.schema))

    # --- what answers were like so far ---------------------------------------------------------------------------

    def _answers(self, name: StageName) -> Spent:
        found = (spent for spent in self._spent if spent.stage == name and spent.model == self._model.name)
        return next(found, Spent(name, self._model.name, 0, Usage(), Decimal(0), 0))

    @cached_property
    def _spent(self) -> list[Spent]:
        return self._package.journal.spent()

    def _accuracy(self, name: StageName) -> tuple[float, float]:
        """Real tokens for each counted one, and the share by which that may be off."""
        counted = real = answers = 0
        for fingerprint, tokens in self._weighed(name, self._package.progress.processed_ids(name)[-_SAMPLE:]):
            usage = self._package.journal.usage(fingerprint)
            if usage is not None and usage.input:
                counted, real, answers = counted + tokens, real + usage.input, answers + 1
        return (real / counted, _OFF_LEARNED) if answers >= _ENOUGH else (1.0, _OFF)

    def _answer_tokens(self, name: StageName) -> tuple[float, float]:
        """Tokens of one answer, low and high."""
        spent = self._answers(name)
        if spent.answers < _ENOUGH:
            return _ANSWERS[name]
        low, high = (share * spent.usage.output / spent.answers for share in _TYPICAL)
        return low, high

    def _cost(self, name: StageName, requests: Range, tokens_in: Range, tokens_out: Range) -> CostRange | None:
        """At best as much comes from the provider's cache as did so far, at worst nothing does."""
        so_far = self._answers(name)
        cached = so_far.usage.cached / so_far.usage.input if so_far.usage.input else 0.0
        low = self._price(requests.low, tokens_in.low, tokens_out.low, cached)
        high = self._price(requests.high, tokens_in.high, tokens_out.high, 0.0)
        if low is not None and high is not None:
            return CostRange(low=low, high=high)
        priced = so_far.answers - so_far.unpriced
        if priced < _ENOUGH:
            return None
        # The list does not know the model, but its provider says what each answer takes.
        least, most = (Decimal(share) * so_far.cost / priced for share in _TYPICAL)
        return CostRange(low=requests.low * least, high=requests.high * most)

    def _price(self, requests: int, tokens_in: int, tokens_out: int, cached: float) -> Decimal | None:
        """What so many requests cost that are all alike: long ones may have another price for each token."""
        count = max(1, requests)
        sent = tokens_in // count
        usage = Usage(sent, tokens_out // count, cached=round(sent * cached))
        cost = self._model.prices.cost(self._model.origin, self._model.name, usage)
        return None if cost is None else cost * requests
