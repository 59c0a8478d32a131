"""What would be done to a package now, why, and what it would cost: a pure look, which asks nobody and changes nothing.

It puts beside each other what every stage plans (`Stage.plan`) and what the ledger knows as done. What a stage will
bring to the graph is told with the graph, although its batches do not exist, or are not changed, yet.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, Self

from pydantic import BaseModel

from daemon.llm.estimate import PAID, CostRange, Dollars, Estimate, Estimator, Left, Priced, Range
from daemon.llm.money import dollars
from packages_store.model import StageName, StageStatus
from packages_store.progress import DueItem
from stages.contract import MadeFrom, Stage, StageContext
from stages.extractors.llm.gate import GATE_VERSION
from stages.graph import batch_of_day, batches

_LISTED = 1000
_FEW = (StageName.UPLOAD, StageName.CONVERT)
"""Stages with an item for a file, which are read through quickly; they may depend on settings that ask for nothing."""
_RULES = ("significant-", "daily-", "graph-", "chunks-", "checks-", "gate-")
"""How those words of an extractor's version begin that are no part of the model (stages/extractors/llm)."""

Why = Literal["new", "content", "persona", "engine", "model", "prompt", "again", "interrupted", "depends"]
"""Why an item is left: it was never done; since then what it reads, the persona, the engine, the model, or the prompts
and rules have changed; it failed or was given up before; it was interrupted; a memory that it reads will change."""


class PlannedItem(BaseModel):
    """An item that would be done, and why."""

    id: str
    label: str
    why: list[Why]
    explanation: str


class StagePlan(Estimate):
    """What a stage would do. `items` are listed when they are asked for; `more` says how many are not."""

    stage: StageName
    left: int
    done: int
    failed: int
    why: dict[Why, int]
    items: list[PlannedItem]
    more: int


class PriceView(BaseModel):
    """US dollars for a million tokens sent and received, and where that is from."""

    input: Dollars
    output: Dollars
    source: str


class PackagePlan(BaseModel):
    """What would be done to a package. `model` is None when nobody is asked, `price` and `cost` when not known.

    `sentence` says what it takes, for people.
    """

    package: str
    engine: str
    model: str | None
    price: PriceView | None
    stages: list[StagePlan]
    requests: Range
    tokens_in: Range
    tokens_out: Range
    cost: CostRange | None
    sentence: str

    def without_items(self) -> Self:
        """The same without its items one by one."""
        stages = [stage.model_copy(update={"items": [], "more": 0}) for stage in self.stages]
        return self.model_copy(update={"stages": stages})


def plan_of(
    context: StageContext, stages: Sequence[Stage[Any]], model: Priced | None, *, explain: bool = False
) -> PackagePlan:
    """The plan of a package, all its items listed when they are to be explained. Belongs in a worker thread.

    `model` is who would be asked, None for nobody.
    """
    package = context.package
    with package.ledger.unchanging():
        due = _due(context, stages)
        coming = _coming(context, due)
    planned = {name: [_planned(one) for one in found] for name, found in due.items()}
    if StageName.GRAPH in planned:
        planned[StageName.GRAPH] += _depending(coming)
    # Counting takes seconds when there is much to read: others may use the package meanwhile.
    estimates = _estimates(context, model, due, coming) if model else {}
    found = [_stage_plan(context, name, planned[name], estimates.get(name), explain=explain) for name in planned]
    return _package_plan(context, found, model)


def _due(context: StageContext, stages: Sequence[Stage[Any]]) -> dict[StageName, list[DueItem]]:
    """What is left of each stage. What has ended, and nobody has asked anything of since, is not read through again."""
    progress = context.package.progress
    found: dict[StageName, list[DueItem]] = {}
    is_settled = True
    for stage in stages:
        if not is_settled or not _is_settled(context, stage.name):
            found[stage.name] = progress.due(stage.name, stage.plan(context))
            is_settled = is_settled and stage.name in _FEW and not found[stage.name]
        else:
            found[stage.name] = []
    return found


def _is_settled(context: StageContext, name: StageName) -> bool:
    """Whether a stage would do nothing, as far as can be told without reading what it is made of."""
    state = context.package.progress.stage(name)
    has_ended = state.status in (StageStatus.COMPLETED, StageStatus.COMPLETED_WITH_FAILURES)
    if name in _FEW or state.wanted or not has_ended:
        return False
    if name not in PAID:
        return True
    gate = "" if name == StageName.GRAPH else f" gate-{GATE_VERSION}"
    return context.package.progress.all_made(name, f"{context.made_from('')}{gate}")


def _estimates(
    context: StageContext,
    model: Priced,
    due: Mapping[StageName, Sequence[DueItem]],
    coming: Mapping[str, Sequence[str]],
) -> dict[StageName, Estimate]:
    """What each stage has to ask."""
    items = {name: [one.item.id for one in found] for name, found in due.items()}
    new = sum(one.before is None for one in due.get(StageName.SIGNIFICANT, ()))
    left = Left(items, {batch: len(memories) for batch, memories in coming.items()}, new)
    estimator = Estimator(context, model, left)
    return {name: estimator.estimate(name) for name in due if name in PAID}


def _stage_plan(
    context: StageContext, name: StageName, items: Sequence[PlannedItem], estimate: Estimate | None, *, explain: bool
) -> StagePlan:
    counts = context.package.progress.counts(name)
    return StagePlan(
        **(estimate or Estimate()).model_dump(),
        stage=name,
        left=len(items),
        done=counts.processed,
        failed=counts.failed,
        why=dict(Counter(why for item in items for why in item.why)),
        items=list(items[:_LISTED]) if explain else [],
        more=max(0, len(items) - _LISTED) if explain else 0,
    )


def _package_plan(context: StageContext, stages: list[StagePlan], model: Priced | None) -> PackagePlan:
    price = model.prices.of(model.origin, model.name) if model else None
    costs = [stage.cost for stage in stages if stage.cost is not None]
    plan = PackagePlan(
        package=context.package.name,
        engine=context.extractor.name,
        model=model.name if model else None,
        price=PriceView(input=price.input, output=price.output, source=price.source) if price else None,
        stages=stages,
        requests=sum((stage.requests for stage in stages), Range()),
        tokens_in=sum((stage.tokens_in for stage in stages), Range()),
        tokens_out=sum((stage.tokens_out for stage in stages), Range()),
        cost=sum(costs, CostRange()) if len(costs) == len(stages) else None,
        sentence="",
    )
    return plan.model_copy(update={"sentence": _sentence(plan)})


# --- in words --------------------------------------------------------------------------------------------------------


def _sentence(plan: PackagePlan) -> str:
    if not any(stage.left for stage in plan.stages):
        return "Nothing is left to do."
    if plan.model is None:
        return "It costs nothing: no language model is asked."
    if not plan.requests.high:
        return f"It costs nothing: all answers of {plan.model} are there."
    asked = (
        f"It takes {span(plan.requests)} requests to {plan.model}, with {span(plan.tokens_in)} tokens sent and"
        f" {span(plan.tokens_out)} received"
    )
    if plan.cost is None:
        return f"{asked}; what they cost is not known."
    source = f" (by the prices of {plan.price.source})" if plan.price else ""
    return f"{asked}, for {cost_span(plan.cost)}{source}."


def span(counted: Range) -> str:
    """A range for people, such as `12,000 to 14,000`."""
    low, high = _short(counted.low), _short(counted.high)
    return low if low == high else f"{low} to {high}"


def _short(number: int) -> str:
    if number >= 1_000_000:
        return f"{number / 1_000_000:.1f} million"
    return f"{round(number, -3) if number >= 10_000 else number:,}"


def cost_span(cost: CostRange) -> str:
    """A price range for people."""
    low, high = dollars(cost.low), dollars(cost.high)
    return low if low == high else f"{low} to {high}"


# --- why -------------------------------------------------------------------------------------------------------------


def _planned(due: DueItem) -> PlannedItem:
    reasons = list(_reasons(due))
    explanation = "; ".join(words for _, words in reasons)
    return PlannedItem(id=due.item.id, label=due.item.label, why=[why for why, _ in reasons], explanation=explanation)


def _reasons(due: DueItem) -> Iterator[tuple[Why, str]]:
    if due.interrupted:
        yield "interrupted", "it was interrupted"
    elif due.before is None:
        yield ("again", "it was tried before") if due.attempts else ("new", "it was never done")
    elif due.before == due.item.fingerprint:
        yield "again", "it is to be done again"
    else:
        yield from _changes(MadeFrom.parsed(due.before), MadeFrom.parsed(due.item.fingerprint))


def _changes(before: MadeFrom | None, now: MadeFrom | None) -> Iterator[tuple[Why, str]]:
    if before is None or now is None or before.content != now.content:
        yield "content", "what it reads has changed"
    if before is None or now is None:
        return
    if before.persona != now.persona:
        yield "persona", "names, pronouns, relationship, notes or time zone have changed"
    if before.engine != now.engine:
        yield "engine", f"it was done by the engine {before.engine}, and would be by {now.engine}"
        return
    old_model, old_rules = _model_and_rules(before.version)
    new_model, new_rules = _model_and_rules(now.version)
    if old_model != new_model:
        yield "model", f"it was done with {old_model}, and would be with {new_model}"
    if old_rules != new_rules:
        gone, come = (" ".join(sorted(words)) for words in (old_rules - new_rules, new_rules - old_rules))
        yield "prompt", f"it was done by {gone or 'other rules'}, and would be by {come or 'other rules'}"


def _model_and_rules(version: str) -> tuple[str, set[str]]:
    words = version.split(" ")
    return " ".join(word for word in words if not word.startswith(_RULES)), {w for w in words if w.startswith(_RULES)}


def _coming(context: StageContext, due: Mapping[StageName, Sequence[DueItem]]) -> dict[str, list[str]]:
    """The batches of the graph that will change although nothing of them is changed yet, with what will change it."""
    known = {one.item.id for one in due.get(StageName.GRAPH, ())}
    days = [one.item.id for one in due.get(StageName.DAILY, ())]
    left = {one.item.id for one in due.get(StageName.SIGNIFICANT, ())}
    found: dict[str, list[str]] = {}
    if not days and not left:
        return found
    for day in days:
        found.setdefault(batch_of_day(day), []).append(f"the daily memory of {day}")
    for batch, (memory, *_) in batches(context.package).items():
        if memory.kind == "significant" and left.intersection(memory.conversation_ids):
            found[batch] = [f"the memory {memory.title or memory.file_name!r}"]
    return {batch: found[batch] for batch in sorted(found.keys() - known)}


def _depending(coming: Mapping[str, Sequence[str]]) -> list[PlannedItem]:
    return [
        PlannedItem(id=batch, label=batch, why=["depends"], explanation=f"{_listed(memories)} will be written anew")
        for batch, memories in coming.items()
    ]


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
