"""The page: rendered here, brought up to date by a script, and usable without one."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response
from starlette.responses import HTMLResponse, RedirectResponse

from daemon.app import Daemon
from daemon.views import PackageDetail, RepairView, StageDetail
from daemon.web.acts import Act, perform
from daemon.web.folder import DropFolderView, folder_view
from daemon.web.login import Session
from daemon.web.problems import Problem, Refused
from daemon.web.security import SESSION
from daemon.web.templating import render
from daemon.web.wired import TheDaemon, TheLogins
from packages_store.model import StageStatus
from stages.contract import off_loop

router = APIRouter(default_response_class=HTMLResponse)

_LISTED = 20
"""Failures, uploads and repairs on the page; the API lists all of them."""


@dataclass(frozen=True, slots=True)
class Button:
    """An act of a person. `fields` go with it; the label says what happens."""

    act: Act
    label: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class StageRow:
    """A stage with what can be done about it."""

    stage: StageDetail
    buttons: list[Button]
    failures: list[tuple[str, str, Button | None]]
    """Item, why it failed, and the button that tries it again."""


@dataclass(frozen=True, slots=True)
class Card:
    """A package on the page."""

    package: PackageDetail
    rows: list[StageRow]

    @property
    def failed(self) -> int:
        """How many items of all stages have failed."""
        return sum(row.stage.failed for row in self.rows)


@dataclass(frozen=True, slots=True)
class Shelf:
    """Everything the page shows."""

    phase: str
    cards: list[Card]
    repairs: list[RepairView]
    folder: DropFolderView
    listed: int = _LISTED

    @property
    def summary(self) -> str:
        """The whole in a sentence."""
        if self.phase != "ready":
            return f"The daemon is {self.phase}."
        states = [card.package.state for card in self.cards]
        parts = [f"{states.count(state)} {state}" for state in ("running", "waiting", "done", "unusable")]
        known = [part for part in parts if not part.startswith("0 ")]
        return f"Packages: {', '.join(known)}." if known else "There is no package yet."


@router.get("/")
async def home(request: Request, daemon: TheDaemon) -> str:
    shelf = await _shelf(daemon)
    return await off_loop(lambda: render("home.html", shelf=shelf, token=_token(request), daemon=daemon))


@router.get("/fragments/shelf")
async def shelf_fragment(request: Request, daemon: TheDaemon) -> str:
    shelf = await _shelf(daemon)
    return await off_loop(lambda: render("shelf.html", shelf=shelf, token=_token(request)))


@router.get("/login")
async def login(logins: TheLogins, once: str = "") -> Response:
    value = logins.enter(once)
    if value is None:
        advice = "`loom login` makes a new one."
        raise Refused(Problem(403, "login-link", "This link was used already, or is too old.", advice))
    response = RedirectResponse("/", 303)
    response.set_cookie(logins.cookie, value, path="/", httponly=True, samesite="strict")
    return response


@router.post("/actions/packages")
async def create(request: Request, daemon: TheDaemon) -> Response:
    await daemon.create((await _fields(request)).get("name", "").strip())
    return RedirectResponse("/", 303)


@router.post("/actions/packages/{name}/{act}")
async def act_on_package(request: Request, daemon: TheDaemon, name: str, act: Act) -> Response:
    await perform(daemon, name, act, await _fields(request))
    return RedirectResponse("/", 303)


async def _fields(request: Request) -> dict[str, str]:
    """The fields of a form that are filled in, without its token, which the guard has seen."""
    fields = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
    fields.pop("token", None)
    return fields


def _token(request: Request) -> str:
    session = request.scope[SESSION]
    return session.token if isinstance(session, Session) else ""


# --- what the page shows ---------------------------------------------------------------------------------------------


async def _shelf(daemon: Daemon) -> Shelf:
    if daemon.phase == "repairing":
        return Shelf(daemon.phase, [], [], folder_view(daemon))
    details = [await daemon.package(name, with_items=False) for name in await daemon.names()]
    repairs = (await daemon.repairs())[::-1]
    return Shelf(daemon.phase, [_card(detail) for detail in details], repairs, folder_view(daemon))


def _card(package: PackageDetail) -> Card:
    return Card(package, _rows(package.stages) if package.uploads else [_row(stage, False) for stage in package.stages])


def _rows(stages: Sequence[StageDetail]) -> list[StageRow]:
    # Only the first stage that has not ended can be started: the others wait for it.
    first = next((stage.name for stage in stages if not stage.status.ended), None)
    return [_row(stage, stage.name == first or stage.status == StageStatus.SKIPPED) for stage in stages]


def _row(stage: StageDetail, is_next: bool) -> StageRow:
    buttons = [button for action in stage.actions if (button := _button(stage, action, is_next))]
    failures = [(item.label or item.id, item.reason or item.end, _again(stage, item.id)) for item in stage.failures]
    return StageRow(stage, buttons, failures[:_LISTED])


def _button(stage: StageDetail, action: str, is_next: bool) -> Button | None:
    fields = {"stage": str(stage.name)}
    start = "Make {} after all" if stage.status == StageStatus.SKIPPED else "Start {}"
    is_late = stage.status.ended and action == "skip stage"
    if is_late or (not is_next and action in ("start", "continue")):
        return None
    buttons = {
        "start": Button("start", start.format(stage.name), fields),
        "continue": Button("resume", f"Continue {stage.name}", fields),
        "abort": Button("abort", f"Abort {stage.name}", {}),
        "retry": Button("retry", f"Retry {stage.failed} failed of {stage.name}", fields),
        "skip": Button("skip", f"Leave out {stage.failed} failed of {stage.name}", fields),
        "skip stage": Button("skip", f"Leave out {stage.name}", fields | {"whole_stage": "true"}),
    }
    return buttons.get(action)


def _again(stage: StageDetail, item: str) -> Button | None:
    return Button("retry", "Retry", {"stage": str(stage.name), "item": item}) if "retry" in stage.actions else None
