"""Commands about money: plan, costs, budget."""

from typing import Any

from daemon.commands.exits import Exit
from daemon.commands.output import answer, plain, say, table
from daemon.commands.service import Json, Service
from daemon.settings import SettingsError

_SHOWN = 20
"""Items of a stage that `loom plan --explain` lists; `--json` has all of them."""


async def show_plan(service: Service, name: str | None, *, explain: bool, as_json: bool) -> Exit:
    """`loom plan [NAME]`: what would be done, why, and what it would cost. Changes nothing and asks nobody."""
    names = [line["name"] for line in await service.packages() if line["stages"]] if name is None else [name]
    plans = [await service.plan(each, explain=explain) for each in names]
    if as_json:
        answer(plans if name is None else plans[0])
        return Exit.OK
    for number, plan in enumerate(plans):
        if number:
            say("")
        _say_plan(plan, explain=explain)
    if not plans:
        say("There is no package yet.")
    return Exit.OK


def _say_plan(plan: Json, *, explain: bool) -> None:
    say(f"{plain(plan['package'])}  {plain(plan['sentence'])}")
    left = [stage for stage in plan["stages"] if stage["left"] or stage["failed"]]
    if not left:
        return
    head = ("STAGE", "LEFT", "DONE", "FAILED", "REQUESTS", "TOKENS IN", "TOKENS OUT", "DOLLARS", "WHY")
    table([head, *(_row(stage) for stage in left)])
    for stage in left if explain else []:
        say("")
        say(f"{stage['stage']}:")
        for item in stage["items"][:_SHOWN]:
            say(f"  {plain(item['label'] or item['id'])}: {plain(item['explanation'])}")
        more = stage["left"] - min(_SHOWN, len(stage["items"]))
        if more > 0:
            say(f"  … and {more} more")


def _row(stage: Json) -> tuple[object, ...]:
    why = ", ".join(f"{count} {reason}" for reason, count in stage["why"].items())
    cost = "unknown" if stage["cost"] is None else _span(stage["cost"], ".4f")
    counted = (_span(stage[what], "d") for what in ("requests", "tokens_in", "tokens_out"))
    return stage["stage"], stage["left"], stage["done"], stage["failed"], *counted, cost, why


def _span(range_: Json, form: str) -> str:
    low, high = format(range_["low"], form), format(range_["high"], form)
    return low if low == high else f"{low}-{high}"


async def show_costs(service: Service, name: str | None, *, as_json: bool) -> Exit:
    """`loom costs [NAME]`: what was spent, by stage and model."""
    names = [line["name"] for line in await service.packages() if line["stages"]] if name is None else [name]
    costs = [await service.costs(each) for each in names]
    if as_json:
        answer(costs if name is None else costs[0])
        return Exit.OK
    rows = [_cost_row(each["package"], stage) for each in costs for stage in each["stages"]]
    if rows:
        head = ("PACKAGE", "STAGE", "MODEL", "REQUESTS", "TOKENS IN", "CACHED", "TOKENS OUT", "REASONING", "DOLLARS")
        table([(*head, "UNPRICED"), *rows])
    else:
        say("No language model was asked so far.")
    for each in costs:
        _say_budget(each["package"], each["budget"])
    return Exit.OK


def _cost_row(package: str, stage: Json) -> tuple[object, ...]:
    cached = f"{stage['cached']} ({stage['cache_share']:.0%})"
    tokens = (stage["tokens_in"], cached, stage["tokens_out"], stage["reasoning"])
    return (
        package,
        stage["stage"],
        stage["model"],
        stage["requests"],
        *tokens,
        f"{stage['cost']:.4f}",
        stage["unpriced"],
    )


def _say_budget(name: str, budget: Json) -> None:
    package, day = _of(budget["package"]), _of(budget["day"])
    spent, today = f"${budget['spent']:.4f}", f"${budget['spent_today']:.4f}"
    say(f"{plain(name)}: {spent} spent {package}; today, with all packages, {today} {day}")
    for notice in budget["notices"]:
        say(f"    {plain(notice)}")


def _of(limit: float | None) -> str:
    return "without a limit" if limit is None else f"of ${limit:.2f}"


async def budget(
    service: Service, name: str, amount: str | None, day: str | None, *, waits: bool, as_json: bool
) -> Exit:
    """`loom budget NAME [AMOUNT] [--day AMOUNT]`: set what may be spent, or show it.

    With `waits`, and without a daemon, it returns when the package rests again.
    """
    changes: dict[str, Any] = {}
    if amount is not None:
        changes["budget"] = _amount(amount)
    if day is not None:
        changes["budget_per_day"] = _amount(day)
    if changes:
        await service.set_budget(name, changes)
    if waits or (changes and not service.goes_on):
        await service.settle(name, lambda _line: None)
    told = (await service.costs(name))["budget"]
    if as_json:
        answer(told)
    else:
        _say_budget(name, told)
    return Exit.OK


def _amount(text: str) -> float | str | None:
    """What a person typed: US dollars, `none` for no limit, or `default` for what the daemon's settings say.

    Raises SettingsError for anything else.
    """
    if text in ("none", "default"):
        return None if text == "default" else text
    try:
        amount = float(text.removeprefix("$"))
    except ValueError:
        amount = -1.0
    if not 0 <= amount < float("inf"):
        raise SettingsError((f"{plain(text)} is no amount: say US dollars such as 5 or 0.50, none, or default.",))
    return amount
