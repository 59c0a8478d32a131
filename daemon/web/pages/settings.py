"""Settings and health: the engine, the drop folder, the trash, what was repaired, what an examination finds."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import ValidationError
from starlette.responses import HTMLResponse

from daemon.app import Daemon
from daemon.doctor import examine
from daemon.finding import Finding
from daemon.llm.engines import NotSetUp, SetElsewhere
from daemon.llm.errors import WrongAddress
from daemon.llm.secrets import KeyInvalid
from daemon.llm.views import EngineView
from daemon.service.health import health
from daemon.settings import EngineOptions
from daemon.web.folder import folder_view
from daemon.web.page import all_fields, chrome, done, fields, show
from daemon.web.problems import Problem, Refused
from daemon.web.templating import package_path
from daemon.web.wired import TheDaemon

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

_PAGE = 20
_OFFERED = ("preset", "base_url", "model", "budget_per_package", "budget_per_day")
_ORDER = {"error": 0, "warning": 1, "ok": 2}


@dataclass(frozen=True, slots=True)
class Health:
    """What an examination found, the worst first."""

    findings: list[Finding]

    @property
    def state(self) -> tuple[str, str]:
        """The whole in a word: a state for the badge, and how it is told."""
        severities = {finding.severity for finding in self.findings}
        if "error" in severities:
            return "error", "Needs you"
        return ("warning", "Look at this") if "warning" in severities else ("ok", "All is well")


@router.get("/settings")
async def settings(request: Request, daemon: TheDaemon, page: Annotated[int, Query(ge=1, le=100_000)] = 1) -> Response:
    frame = chrome(request, daemon)
    repairs = (await daemon.repairs())[::-1] if daemon.phase != "repairing" else []
    return await show(
        request,
        daemon,
        "settings.html",
        frame,
        engine=await daemon.engine.describe(),
        folder=folder_view(daemon),
        trash=await daemon.trashed(),
        repairs=repairs[(page - 1) * _PAGE : page * _PAGE],
        here=page,
        more=len(repairs) > page * _PAGE,
        checks=(await health(daemon)).checks,
        home=daemon.paths.root,
        address=daemon.address,
        pid=daemon.owner.pid,
    )


@router.get("/fragments/engine")
async def engine_fragment(request: Request, daemon: TheDaemon) -> Response:
    return await show(request, daemon, "settings/engine.html", engine=await daemon.engine.describe())


@router.get("/fragments/trash")
async def trash_fragment(request: Request, daemon: TheDaemon) -> Response:
    return await show(request, daemon, "settings/trash.html", trash=await daemon.trashed())


@router.get("/settings/doctor")
async def doctor_page(request: Request, daemon: TheDaemon) -> Response:
    frame = chrome(request, daemon)
    return await show(request, daemon, "doctor.html", frame, health=await _health(daemon))


async def _health(daemon: Daemon) -> Health:
    findings = [] if daemon.phase == "repairing" else await examine(daemon)
    return Health(sorted(findings, key=lambda finding: _ORDER[finding.severity]))


# --- the engine ------------------------------------------------------------------------------------------------------


@router.post("/actions/engine")
async def configure(request: Request, daemon: TheDaemon) -> Response:
    daemon.require_ready()
    given = {name: value.strip() for name, value in (await all_fields(request)).items() if name in _OFFERED}
    values = {name: None if name.startswith("budget") and not value else value for name, value in given.items()}
    try:
        view = await daemon.engine.configure(EngineOptions.model_validate(values))
    except ValidationError as error:
        first = error.errors()[0]
        detail = f"The engine was not changed. {first['loc'][0]}: {first['msg']}."
        raise Refused(Problem(422, "engine", detail, "Correct that field.")) from error
    except (WrongAddress, SetElsewhere) as error:
        raise Refused(Problem(422, "engine", str(error.args[0]), error.advice)) from error
    return done(request, "/settings", _told(view))


def _told(view: EngineView) -> str:
    return f"{view.model or 'The model'} at {view.origin} is asked from now on." if view.is_set else "It works offline."


@router.post("/actions/engine/key")
async def set_key(request: Request, daemon: TheDaemon) -> Response:
    daemon.require_ready()
    key = (await fields(request)).get("key", "").strip()
    try:
        await daemon.engine.set_key(key)
    except (KeyInvalid, NotSetUp, SetElsewhere) as error:
        raise Refused(Problem(422, "engine", str(error.args[0]), error.advice)) from error
    return done(request, "/settings", "The key is kept on this machine. It is never shown again.")


@router.post("/actions/engine/forget-key")
async def forget_key(request: Request, daemon: TheDaemon) -> Response:
    daemon.require_ready()
    try:
        await daemon.engine.forget_key()
    except (NotSetUp, SetElsewhere) as error:
        raise Refused(Problem(422, "engine", str(error.args[0]), error.advice)) from error
    return done(request, "/settings", "The key is deleted.")


@router.post("/actions/engine/test")
async def test_engine(request: Request, daemon: TheDaemon) -> Response:
    daemon.require_ready()
    told = await daemon.engine.test()
    if not told.works:
        raise Refused(Problem(502, "engine", told.sentence, "Nothing was changed."))
    return done(request, "/settings", told.sentence)


# --- the trash -------------------------------------------------------------------------------------------------------


@router.post("/actions/trash/{entry_id}/restore")
async def restore(request: Request, daemon: TheDaemon, entry_id: str) -> Response:
    detail = await daemon.restore(entry_id)
    return done(request, package_path(detail.name), f"{detail.name} is back.")
