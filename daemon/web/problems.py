"""Errors as problem details (RFC 9457): what happened, and what to do next. Never a traceback, never a secret."""

import errno
from dataclasses import dataclass, field
from http import HTTPStatus

import structlog
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Scope

from daemon.web.openapi import MEDIA_TYPE
from daemon.web.templating import render, theme_of
from packages_store.errors import (
    ChangedMeanwhile,
    EngineStopped,
    InvalidName,
    LoomError,
    NotAllowed,
    NothingToDo,
    PackageNotFound,
    Repairing,
    StageBusy,
    StageNotReady,
    UnknownItem,
)

RETRY_AFTER = {"Retry-After": "2"}

_TYPE = "urn:entity-loom:"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FULL = (errno.ENOSPC, errno.EDQUOT)
_OF_OURS: dict[type[LoomError], tuple[int, str]] = {
    PackageNotFound: (404, "package-not-found"),
    UnknownItem: (404, "unknown-item"),
    NotAllowed: (422, "not-allowed"),
    ChangedMeanwhile: (409, "changed-meanwhile"),
    StageBusy: (409, "stage-busy"),
    StageNotReady: (409, "stage-not-ready"),
    NothingToDo: (409, "nothing-to-do"),
    EngineStopped: (409, "engine-stopped"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """An answer that is a refusal or a failure. `kind` is stable and made for programs; the rest is for people."""

    status: int
    kind: str
    detail: str
    advice: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    errors: tuple[dict[str, str], ...] = ()
    """For values that are not allowed: one `{"where", "what"}` each."""

    def body(self) -> dict[str, object]:
        """The members of the problem details."""
        body: dict[str, object] = {
            "type": _TYPE + self.kind,
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "advice": self.advice,
        }
        return body | {"errors": list(self.errors)} if self.errors else body


class Refused(Exception):
    """Raised anywhere behind the door to answer with a problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def respond(problem: Problem, scope: Scope) -> Response:
    """The answer: a page for people who follow links and send forms, JSON for everything else."""
    if _wants_page(scope):
        page = render("problem.html", problem=problem, theme=theme_of(Request(scope).cookies))
        return HTMLResponse(page, problem.status, problem.headers)
    return JSONResponse(problem.body(), problem.status, problem.headers, media_type=MEDIA_TYPE)


def _wants_page(scope: Scope) -> bool:
    if scope["path"].startswith(("/api/", "/static/")):
        return False
    accept = Request(scope).headers.get("accept", "")
    return scope["path"] in ("/", "/login") or "text/html" in accept


async def answer(request: Request, error: Exception) -> Response:
    """FastAPI's handler for every exception there is."""
    problem = problem_of(error, request.method)
    if problem.status >= 500 and not isinstance(error, Refused | Repairing):
        structlog.get_logger().error("request failed", path=request.url.path, method=request.method, exc_info=error)
    return respond(problem, request.scope)


def problem_of(error: Exception, method: str) -> Problem:
    """What an exception means to the one who asked."""
    match error:
        case Refused():
            return error.problem
        case LoomError():
            return _of_ours(error, method)
        case RequestValidationError() | ValidationError():
            return _of_values(error)
        case HTTPException():
            return _of_http(error)
        case OSError() if error.errno in _FULL:
            return Problem(507, "disk-full", "The disk is full; nothing was changed.", "Make room, then try again.")
        case _:
            detail = "Something went wrong inside the daemon."
            return Problem(500, "internal", detail, "Its log says what; `loom doctor` may help.")


def _of_ours(error: LoomError, method: str) -> Problem:
    said = str(error.args[0])
    match error:
        case InvalidName():
            return Problem(404 if method in _SAFE else 422, "invalid-name", said, error.advice)
        case Repairing():
            return Problem(503, "repairing", said, error.advice, RETRY_AFTER)
        case _:
            status, kind = _OF_OURS.get(type(error), (500, "store"))
            return Problem(status, kind, said, error.advice)


def _of_values(error: RequestValidationError | ValidationError) -> Problem:
    # The values themselves are left out: somebody may have put a key into the wrong field.
    errors = tuple({"where": _place(each["loc"]), "what": str(each["msg"])} for each in error.errors())
    detail = "; ".join(f"{each['where']}: {each['what']}" for each in errors) or "The request is not understood."
    return Problem(422, "validation", detail, "`/api/openapi.json` describes every request.", errors=errors)


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part)[:80] for part in location)


def _of_http(error: HTTPException) -> Problem:
    kinds = {404: "not-found", 405: "method-not-allowed", 413: "too-large"}
    sentences = {404: "There is nothing at this address.", 405: "This cannot be asked of this address."}
    detail = sentences.get(error.status_code, f"{error.detail}.")
    return Problem(error.status_code, kinds.get(error.status_code, "http"), detail, headers=dict(error.headers or {}))
