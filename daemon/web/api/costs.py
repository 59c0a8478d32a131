"""The HTTP API of money: what would be done and what it would cost, what was spent, and what may be spent."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from daemon.llm.plan import PackagePlan
from daemon.llm.spending import BudgetView, PackageCosts
from daemon.web.plans import Plans
from daemon.web.wired import TheDaemon
from packages_store.config import Amount

router = APIRouter()


class BudgetChoice(BaseModel):
    """US dollars; `none` is no limit, null what the daemon's settings say. What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    budget: Amount = Field(default=None, description="What the language model may cost for this package.")
    budget_per_day: Amount = Field(default=None, description="What all packages together may cost on a day.")


@router.get("/api/packages/{name}/plan")
async def plan(
    request: Request,
    daemon: TheDaemon,
    name: str,
    explain: Annotated[bool, Query(description="List every item, and why.")] = False,
) -> PackagePlan:
    plans: Plans = request.app.state.plans
    found = await daemon.read(name, lambda package: plans.plan(daemon.look_at(package)))
    return found if explain else found.without_items()


@router.get("/api/packages/{name}/costs")
async def costs(daemon: TheDaemon, name: str) -> PackageCosts:
    return await daemon.read(name, lambda package: daemon.spending.costs(package, daemon.engine.options))


@router.put("/api/packages/{name}/budget")
async def set_budget(daemon: TheDaemon, name: str, choice: BudgetChoice) -> BudgetView:
    changes, options = choice.model_dump(exclude_unset=True), daemon.engine.options
    act = daemon.spending.set_budget
    return await daemon.change(name, "budget", lambda package: act(package, options, changes))
