"""The first page: every package, what was repaired, what lies in the drop folder, and where to hand files in."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import HTMLResponse, RedirectResponse

from daemon.app import Daemon
from daemon.views import PackageDetail, PackageView, RepairView
from daemon.web.folder import DropFolderView, folder_view
from daemon.web.page import all_fields, chrome, done, fields, show
from daemon.web.problems import Problem, Refused
from daemon.web.steps import Step, steps_of
from daemon.web.templating import THEME_COOKIE, counted, package_path, theme_of
from daemon.web.wired import TheDaemon, TheLogins
from packages_store.errors import PackageUnusable
from packages_store.history import last_activity, refused
from packages_store.package import Package

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

SEEN_COOKIE = "loom-repairs-seen"
YEAR = 365 * 86_400

_PAGE = 50
"""Packages on one page."""
_LISTED = 20
"""Files of the drop folder on the page; the API lists all of them."""
_REPAIRS = 5
"""Repairs in the notice; the settings page lists all of them."""


@dataclass(frozen=True, slots=True)
class Totals:
    """What a package holds. `cost` is in US dollars; None when nothing was paid for."""

    conversations: int = 0
    messages: int = 0
    last_activity: str | None = None
    cost: Decimal | None = None
    archived: bool = False
    refused: int = 0
    """Files that could not be imported."""


@dataclass(frozen=True, slots=True)
class Line:
    """A package on the shelf."""

    package: PackageView
    totals: Totals

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


@dataclass(frozen=True, slots=True)
class Shelf:
    """Everything the page shows."""

    lines: list[Line]
    repairs: list[RepairView]
    folder: DropFolderView
    packages: int
    here: int
    listed: int = _LISTED
    told_repairs: int = _REPAIRS

    @property
    def more(self) -> bool:
        """Whether there is a next page."""
        return self.here * _PAGE < self.packages

    @property
    def summary(self) -> str:
        """The whole in a sentence."""
        states = [line.package.state for line in self.lines]
        known = [f"{states.count(state)} {state}" for state in ("running", "waiting", "done", "unusable")]
        parts = ", ".join(part for part in known if not part.startswith("0 "))
        return f"{counted(self.packages, 'package')}: {parts}." if parts else "There is no package yet."


def state_in_words(package: PackageView | PackageDetail, failed: int, has_content: bool) -> tuple[str, str]:
    """A state for the badge of a package, and how it is told."""
    match package.state:
        case "running":
            return "running", "Running"
        case "unusable":
            return "unusable", "Cannot be used"
        case "done":
            return _done(failed, has_content)
        case _:
            return _waiting(package.waits_for or "", has_content)


def _done(failed: int, has_content: bool) -> tuple[str, str]:
    if failed:
        return "completed_with_failures", "Done, some failed"
    return ("done", "Done") if has_content else ("warning", "Nothing imported")


def _waiting(waits_for: str, has_content: bool) -> tuple[str, str]:
    if waits_for.startswith("Continue"):
        return "aborted", "Waits for you"
    if waits_for == "a file to import":
        return ("done", "Up to date") if has_content else ("waiting", "Waits for a file")
    return "waiting", "Waits"


@router.get("/")
async def home(request: Request, daemon: TheDaemon, page: Annotated[int, Query(ge=1, le=100_000)] = 1) -> Response:
    frame = chrome(request, daemon)
    return await show(request, daemon, "shelf.html", frame, shelf=await _shelf(request, daemon, page))


@router.get("/fragments/shelf")
async def shelf_fragment(
    request: Request, daemon: TheDaemon, page: Annotated[int, Query(ge=1, le=100_000)] = 1
) -> Response:
    return await show(request, daemon, "shelf/packages.html", shelf=await _shelf(request, daemon, page))


@router.get("/fragments/drop-folder")
async def folder_fragment(request: Request, daemon: TheDaemon) -> Response:
    return await show(request, daemon, "shelf/folder.html", folder=folder_view(daemon), listed=_LISTED)


@router.get("/login")
async def login(logins: TheLogins, once: str = "") -> Response:
    value = logins.enter(once)
    if value is None:
        advice = "`loom login` makes a new one."
        raise Refused(Problem(403, "login-link", "This link was used already, or is too old.", advice))
    response = RedirectResponse("/", 303)
    response.set_cookie(logins.cookie, value, path="/", httponly=True, samesite="strict")
    return response


@router.post("/actions/theme")
async def set_theme(request: Request) -> Response:
    chosen = await fields(request)
    theme = theme_of({THEME_COOKIE: chosen.get("theme", "")})
    response = done(request, own_path(chosen.get("back", "")))
    response.set_cookie(THEME_COOKIE, theme, max_age=YEAR, path="/", httponly=True, samesite="strict")
    return response


def own_path(path: str) -> str:
    """A path of ours to go back to; anything else is the first page."""
    return path if path.startswith("/") and not path.startswith("//") and "\\" not in path else "/"


@router.post("/actions/repairs/seen")
async def repairs_seen(request: Request) -> Response:
    last = (await all_fields(request)).get("last", "")
    response = done(request, "/")
    response.set_cookie(SEEN_COOKIE, last[:40], max_age=YEAR, path="/", httponly=True, samesite="strict")
    return response


@router.post("/actions/resume-all")
async def resume_all(request: Request, daemon: TheDaemon) -> Response:
    was_safe = daemon.safe_mode is not None
    resumed = await daemon.resume_all()
    told = "Safe mode is over; work goes on." if was_safe else f"{counted(len(resumed), 'package')} go on."
    return done(request, "/", told)


@router.post("/actions/packages")
async def create(request: Request, daemon: TheDaemon) -> Response:
    name = (await fields(request)).get("name", "").strip()
    await daemon.create(name)
    return done(request, package_path(name), f"{name} is there.")


# --- what the page shows ---------------------------------------------------------------------------------------------


async def _shelf(request: Request, daemon: Daemon, here: int) -> Shelf:
    if daemon.phase == "repairing":
        return Shelf([], [], folder_view(daemon), 0, 1)
    names = await daemon.names()
    chosen = names[(here - 1) * _PAGE : here * _PAGE]
    lines = [Line(await daemon.package_line(name), await _totals(daemon, name)) for name in chosen]
    lines.sort(key=lambda line: line.totals.archived)
    seen = request.cookies.get(SEEN_COOKIE, "")
    repairs = [repair for repair in (await daemon.repairs())[::-1] if repair.at > seen]
    return Shelf(lines, repairs, folder_view(daemon), len(names), here)


async def _totals(daemon: Daemon, name: str) -> Totals:
    try:
        return await daemon.read(name, totals_of)
    except PackageUnusable:
        return Totals()


def totals_of(package: Package) -> Totals:
    """What a package holds, in a few queries."""
    conversations, messages = package.staging.totals()
    return Totals(
        conversations=conversations,
        messages=messages,
        last_activity=last_activity(package.ledger),
        cost=cost_of(package),
        archived=package.fact("archived") == "yes",
        refused=refused(package.ledger),
    )


def cost_of(package: Package) -> Decimal | None:
    """What was paid for a package so far, as far as prices are known; None when no model was asked."""
    spent = package.journal.spent()
    return sum((each.cost or Decimal(0) for each in spent), Decimal(0)) if spent else None
