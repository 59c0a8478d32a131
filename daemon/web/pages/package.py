"""The page of one package: how far it is, what failed, what was handed in, what happened, and its settings."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, get_args
from zoneinfo import available_timezones

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import HTMLResponse

from daemon.app import Daemon
from daemon.configuring import CHANGEABLE, change_settings
from daemon.views import ItemView, PackageDetail, RepairView, StageView
from daemon.web.acts import Act, perform
from daemon.web.page import all_fields, chrome, done, fields, require_repaired, show
from daemon.web.pages.costs import COST_WORDS, costs_of
from daemon.web.pages.shelf import Totals, own_path, state_in_words, totals_of
from daemon.web.problems import Problem, Refused
from daemon.web.steps import TITLES, Speed, Step, speed_of, steps_of
from daemon.web.templating import duration, package_path, words
from daemon.web.wired import TheDaemon
from packages_store.config import PackageConfig
from packages_store.errors import FileDamaged, PackageUnusable
from packages_store.history import RunRecord, pace, runs
from packages_store.model import ItemEnd, StageName, StageStatus
from packages_store.package import Package
from packages_store.times import parse_iso

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

_LISTED = 10
"""Failed items and uploads on the page itself; pages of their own list all of them."""
_PAGE = 50
_HAPPENED = 60
_TITLES = {stage.value: title for stage, title in TITLES.items()}
_FAILED = (ItemEnd.FAILED, ItemEnd.REJECTED, ItemEnd.POISONED)


@dataclass(frozen=True, slots=True)
class Button:
    """An act of a person. `fields` go with it; the label says what happens."""

    act: Act
    label: str
    fields: dict[str, str]
    kind: str
    sign: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed item. `Retry` and `Leave out` exist for it while its stage can be retried."""

    stage: StageName
    item: ItemView
    can_retry: bool

    @property
    def name(self) -> str:
        """What a person knows it by."""
        return self.item.label or self.item.id


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of what happened: when, what, and the details."""

    at: str
    sign: str
    what: str
    more: str = ""


@dataclass(frozen=True, slots=True)
class PackagePage:
    """Everything the live part of the page shows."""

    package: PackageDetail
    totals: Totals
    speed: Speed | None
    listed: int = _LISTED

    @property
    def name(self) -> str:
        """The package."""
        return self.package.name

    @property
    def steps(self) -> list[Step]:
        """Its stages."""
        return steps_of(self.package.stages)

    @property
    def now(self) -> Step | None:
        """The stage it is at; None when all have ended."""
        return next((step for step in self.steps if step.is_now), None)

    @property
    def failed(self) -> int:
        """How many items of all stages have failed."""
        return sum(stage.failed for stage in self.package.stages)

    @property
    def state(self) -> tuple[str, str]:
        """How it stands: a state for the badge, and words."""
        return state_in_words(self.package, self.failed, self.totals.conversations > 0)

    @property
    def interrupted(self) -> list[Step]:
        """Stages that stand still although nobody stopped them."""
        return [step for step in self.steps if step.state == "interrupted"]

    @property
    def repaired(self) -> RepairView | None:
        """The last repair of a stage that has not ended since: what the page says before anything else."""
        open_stages = {step.name.value for step in self.steps if not step.stage.status.ended}
        return next((each for each in self.package.repairs[::-1] if each.subject in open_stages), None)

    @property
    def buttons(self) -> list[Button]:
        """What a person can do now, the most likely first."""
        return _buttons(self.steps) if self.package.uploads or self.failed or self._has_begun else []

    @property
    def _has_begun(self) -> bool:
        return any(step.total or step.stage.status != StageStatus.PENDING for step in self.steps)

    @property
    def failures(self) -> list[tuple[Step, list[Failure]]]:
        """The first failed items of each stage that has some."""
        found = zip(self.steps, self.package.stages, strict=True)
        return [(step, _failures(stage, stage.failures[:_LISTED])) for step, stage in found if stage.failed]

    @property
    def sentence(self) -> str:
        """How it stands, for those who hear the page. No counters: they would be read out all the time."""
        now = self.now
        if self.package.state == "running" and now:
            return f"{self.name}: {now.title} is running."
        return f"{self.name}: {self.package.waits_for or 'everything is done'}."


def _failures(stage: StageView, items: Sequence[ItemView]) -> list[Failure]:
    return [Failure(stage.name, item, "retry" in stage.actions) for item in items]


def _buttons(steps: list[Step]) -> list[Button]:
    found: list[Button] = []
    for step in steps:
        stage, title = step.stage, step.title.lower()
        where = {"stage": stage.name.value}
        if "abort" in stage.actions:
            found.append(Button("abort", f"Stop {title}", {}, "", "stop"))
        if step.is_now and "continue" in stage.actions:
            found.append(Button("resume", f"Continue {title}", where, "main", "play"))
        if step.is_now and "start" in stage.actions:
            found.append(Button("start", f"Start {title}", where, "main", "play"))
        if stage.status == StageStatus.SKIPPED:
            found.append(Button("start", f"Make the {title} after all", where, "", "play"))
        if "retry" in stage.actions:
            one, many = step.items
            found.append(
                Button("retry", f"Retry {stage.failed} failed {one if stage.failed == 1 else many}", where, "", "again")
            )
        if "skip stage" in stage.actions:
            found.append(Button("skip", f"Leave out the {title}", where | {"whole_stage": "true"}, "quiet", "skip"))
    return found


# --- routes: looking -------------------------------------------------------------------------------------------------


@router.get("/packages/{name}")
async def package_page(request: Request, daemon: TheDaemon, name: str) -> Response:
    frame = chrome(request, daemon)
    found = await _page(daemon, name)
    config = await _config(daemon, name)
    values = {"config": config, "happened": await _happened(daemon, name), "settings": _settings(config), **COST_WORDS}
    costs = None if config is None else await costs_of(daemon, name)
    return await show(request, daemon, "package.html", frame, view=found, costs=costs, **values)


@router.get("/fragments/packages/{name}")
async def live_fragment(request: Request, daemon: TheDaemon, name: str) -> Response:
    return await show(request, daemon, "package/live.html", view=await _page(daemon, name))


@router.get("/fragments/packages/{name}/happened")
async def happened_fragment(request: Request, daemon: TheDaemon, name: str) -> Response:
    happened = await _happened(daemon, name)
    return await show(request, daemon, "package/happened.html", name=name, happened=happened)


@router.get("/fragments/packages/{name}/away")
async def away_fragment(request: Request, daemon: TheDaemon, name: str) -> Response:
    return await show(request, daemon, "package/put_away.html", view=await _page(daemon, name))


@router.get("/packages/{name}/failed/{stage}")
async def failed_page(
    request: Request,
    daemon: TheDaemon,
    name: str,
    stage: StageName,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    frame = chrome(request, daemon)
    return await show(request, daemon, "failed.html", frame, **await _failed(daemon, name, stage, page))


@router.get("/fragments/packages/{name}/failed/{stage}")
async def failed_fragment(
    request: Request,
    daemon: TheDaemon,
    name: str,
    stage: StageName,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    return await show(request, daemon, "package/failed.html", **await _failed(daemon, name, stage, page))


# --- routes: changing ------------------------------------------------------------------------------------------------


@router.post("/actions/packages/{name}/settings")
async def save_settings(request: Request, daemon: TheDaemon, name: str) -> Response:
    given = {key: value for key, value in (await all_fields(request)).items() if key in CHANGEABLE}
    given_all = {**given, "pause_before_commit": given.get("pause_before_commit") == "yes"}
    changed = await daemon.change(name, "settings", lambda package: change_settings(package, given_all))
    said = "The settings are saved. What depends on them is made anew." if changed else "Nothing was changed."
    return done(request, package_path(name), said)


@router.post("/actions/packages/{name}/archive")
async def put_away(request: Request, daemon: TheDaemon, name: str) -> Response:
    archived = (await fields(request)).get("archived", "")
    await daemon.change(name, "shelf", lambda package: package.set_fact("archived", archived))
    return done(request, package_path(name), "It is put away." if archived else "It is back among the others.")


@router.post("/actions/packages/{name}/delete")
async def delete(request: Request, daemon: TheDaemon, name: str) -> Response:
    typed = (await fields(request)).get("typed", "").strip()
    if typed != name:
        detail = "The package was not deleted: the name is not the one you typed."
        raise Refused(Problem(422, "not-confirmed", detail, f"Type {name} to delete it."))
    await daemon.delete(name)
    return done(request, "/", f"{name} is in the trash.")


@router.post("/actions/packages/{name}/{act}")
async def act_on_package(request: Request, daemon: TheDaemon, name: str, act: Act) -> Response:
    given = await fields(request)
    back = own_path(given.pop("back", package_path(name)))
    await perform(daemon, name, act, given)
    return done(request, back)


# --- what the page shows ---------------------------------------------------------------------------------------------


async def _page(daemon: Daemon, name: str) -> PackagePage:
    require_repaired(daemon)
    detail = await daemon.package(name, with_items=False)
    running = next((stage for stage in detail.stages if stage.status == StageStatus.RUNNING), None)
    try:
        totals = await daemon.read(name, totals_of)
        so_far = await daemon.read(name, lambda package: pace(package.ledger, running.name)) if running else None
    except PackageUnusable:
        return PackagePage(detail, Totals(), None)
    return PackagePage(detail, totals, speed_of(so_far, running.left if running else 0, daemon.clock()))


async def _config(daemon: Daemon, name: str) -> PackageConfig | None:
    try:
        return await daemon.read(name, lambda package: package.config)
    except (PackageUnusable, FileDamaged):
        return None


@cache
def _zones() -> list[str]:
    return sorted(available_timezones())


def _settings(config: PackageConfig | None) -> dict[str, object]:
    """What the form offers beside the values: choices, and whether a day may start later than at midnight."""
    names = PackageConfig.model_fields
    return {
        "engines": get_args(names["engine"].annotation),
        "zones": _zones(),
        "has_day_start": "day_starts_at" in names,
        "values": {} if config is None else config.model_dump(),
    }


async def _failed(daemon: Daemon, name: str, stage: StageName, here: int) -> dict[str, Any]:
    require_repaired(daemon)
    detail = await daemon.package(name, with_items=False)
    step = next(step for step in steps_of(detail.stages) if step.name == stage)
    states = await daemon.read(name, lambda package: package.progress.items(stage, _FAILED, here * _PAGE + 1))
    shown = states[(here - 1) * _PAGE : here * _PAGE]
    items = [ItemView(id=e.id, label=e.label, end=e.end, attempts=e.attempts, reason=e.reason) for e in shown]
    failures = _failures(step.stage, items)
    return {"name": name, "step": step, "failures": failures, "here": here, "more": len(states) > here * _PAGE}


async def _happened(daemon: Daemon, name: str) -> list[Happened]:
    try:
        return await daemon.read(name, _story)
    except PackageUnusable:
        return []


def _story(package: Package) -> list[Happened]:
    """What happened, latest first: runs of stages, arrivals of files, repairs."""
    found = [_told_run(run) for run in runs(package.ledger, _HAPPENED)]
    found += [
        Happened(upload.arrived_at, "file", f"{upload.name} was handed in", upload.reason or words(upload.outcome))
        for upload in package.uploads.all()[-_HAPPENED:]
    ]
    found += [
        Happened(
            repair.at,
            "repair",
            f"{_TITLES.get(repair.subject, repair.subject)} was repaired",
            f"{repair.found} {repair.done}",
        )
        for repair in package.progress.repairs()[-_HAPPENED:]
    ]
    return sorted(found, key=lambda line: line.at, reverse=True)[:_HAPPENED]


def _told_run(run: RunRecord) -> Happened:
    if run.ended_at is None:
        return Happened(run.started_at, "work", f"{TITLES[run.stage]} began")
    lasted = (parse_iso(run.ended_at) - parse_iso(run.started_at)).total_seconds()
    return Happened(run.ended_at, "history", f"{TITLES[run.stage]} ran", f"for {duration(lasted)}")
