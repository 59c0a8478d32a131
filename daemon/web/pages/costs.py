"""The money of a package: what it has cost, what it may cost, and what is left to do and would cost."""

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError
from starlette.responses import HTMLResponse

from daemon.app import Daemon
from daemon.llm.money import dollars
from daemon.llm.plan import cost_span, span
from daemon.llm.spending import PackageCosts
from daemon.web.page import all_fields, chrome, done, show
from daemon.web.plans import Plans
from daemon.web.problems import Problem, Refused
from daemon.web.steps import ITEMS, TITLES
from daemon.web.templating import package_path
from daemon.web.wired import TheDaemon
from packages_store.config import Amount

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

COST_WORDS: dict[str, Any] = {
    "dollars": dollars,
    "span": span,
    "cost_span": cost_span,
    "titles": TITLES,
    "items": ITEMS,
}
"""What the templates say amounts, ranges and stages with."""


@router.get("/packages/{name}/plan")
async def plan_page(request: Request, daemon: TheDaemon, name: str) -> Response:
    frame = chrome(request, daemon)
    plans: Plans = request.app.state.plans
    plan = await daemon.read(name, lambda package: plans.plan(daemon.look_at(package)))
    return await show(request, daemon, "plan.html", frame, name=name, plan=plan, **COST_WORDS)


@router.get("/fragments/packages/{name}/costs")
async def costs_fragment(request: Request, daemon: TheDaemon, name: str) -> Response:
    costs = await costs_of(daemon, name)
    return await show(request, daemon, "package/costs.html", name=name, costs=costs, **COST_WORDS)


@router.post("/actions/packages/{name}/budget")
async def set_budget(request: Request, daemon: TheDaemon, name: str) -> Response:
    given = await all_fields(request)
    changes: dict[str, Amount] = {key: _amount(given[key]) for key in ("budget", "budget_per_day") if key in given}
    act, options = daemon.spending.set_budget, daemon.engine.options
    try:
        await daemon.change(name, "budget", lambda package: act(package, options, changes))
    except ValidationError as error:
        raise Refused(_no_amount()) from error
    return done(request, package_path(name), "The budget is saved.")


def _amount(text: str) -> Amount:
    """What was typed: nothing is the daemon's own limit."""
    match text.strip().removeprefix("$"):
        case "":
            return None
        case "none":
            return "none"
        case amount:
            try:
                return float(amount)
            except ValueError as error:
                raise Refused(_no_amount()) from error


def _no_amount() -> Problem:
    return Problem(422, "budget", "The budget was not changed.", "Give an amount such as 2.50, `none`, or nothing.")


async def costs_of(daemon: Daemon, name: str) -> PackageCosts:
    """What a package has cost and may cost. Raises PackageNotFound or PackageUnusable."""
    return await daemon.read(name, lambda package: daemon.spending.costs(package, daemon.engine.options))
