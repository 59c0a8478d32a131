"""Is it alive, is it ready, and how is it? (R-92)"""

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from daemon.service.health import Check, Health, health
from daemon.web.problems import RETRY_AFTER, Problem, Refused
from daemon.web.wired import TheDaemon

router = APIRouter()


class Resumed(BaseModel):
    """What `loom resume --all` came to."""

    left_safe_mode: bool
    packages: list[str]


@router.get("/livez", include_in_schema=False)
async def livez() -> Response:
    return Response("ok", media_type="text/plain")


@router.get("/readyz")
async def readyz(daemon: TheDaemon, only: Literal["phase"] | None = None) -> dict[str, str]:
    if daemon.phase != "ready":
        detail = f"The daemon is {daemon.phase}."
        raise Refused(Problem(503, daemon.phase, detail, "Try again in a moment.", RETRY_AFTER))
    missing = None if only else _first_missing(await health(daemon))
    if missing is not None:
        detail = f"The daemon is not ready: {missing.name}: {missing.found}."
        raise Refused(Problem(503, "not-ready", detail, missing.advice, RETRY_AFTER))
    return {"status": "ready"}


def _first_missing(found: Health) -> Check | None:
    return next((check for check in found.checks if check.needed and not check.ok), None)


@router.get("/healthz")
async def healthz(daemon: TheDaemon, response: Response, verbose: str | None = None) -> Health:
    found = await health(daemon)
    if found.status == "unready":
        response.status_code = 503
    return found if verbose is not None else Health(status=found.status, checks=[])


@router.post("/api/resume")
async def resume_all(daemon: TheDaemon) -> Resumed:
    was_safe = daemon.safe_mode is not None
    return Resumed(left_safe_mode=was_safe, packages=await daemon.resume_all())
