"""What every page has around its content, and how a form is answered (docs/page.md)."""

from dataclasses import dataclass
from importlib.metadata import version
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from daemon.app import Daemon
from daemon.events import Event
from daemon.web.login import Session
from daemon.web.problems import RETRY_AFTER, Problem, Refused
from daemon.web.security import SESSION
from daemon.web.templating import package_path, render, theme_of
from stages.contract import off_loop

_TABS = (("Overview", ""), ("Conversations", "conversations"), ("Memories", "memories"), ("Graph", "graph"))


@dataclass(frozen=True, slots=True)
class Tab:
    """One of the pages of a package."""

    label: str
    path: str
    current: str
    """For `aria-current`: `page`, `true` for a page below it, or nothing."""


@dataclass(frozen=True, slots=True)
class Chrome:
    """The frame of a page: `page` in every template that `show` renders."""

    token: str
    """Goes with every form and every change: the guard wants it back."""
    theme: str
    phase: str
    paused: str | None
    """What everything waits for, None when it does not."""
    is_safe: bool
    """Whether the daemon is in safe mode, which a person ends."""
    version: str
    last_event: str
    """The id of the last event when the page began to be made: its script asks for what came after."""
    event_kinds: str
    path: str
    default_package: str
    page_paths: frozenset[str]
    """The routes of all pages, as they are declared: what is not there is not linked."""

    def tabs(self, package: str) -> list[Tab]:
        """The pages of a package that there are."""
        found = []
        for label, rest in _TABS:
            route = "/packages/{name}" + (f"/{rest}" if rest else "")
            path = package_path(package, rest) if rest else package_path(package)
            if route in self.page_paths:
                is_above = bool(rest) and self.path.startswith(f"{path}/")
                found.append(Tab(label, path, "page" if self.path == path else "true" if is_above else ""))
        return found


def chrome(request: Request, daemon: Daemon) -> Chrome:
    """The frame for one answer. Take it before anything else is read: what happens later is told as an event."""
    session = request.scope.get(SESSION)
    return Chrome(
        token=session.token if isinstance(session, Session) else "",
        theme=theme_of(request.cookies),
        phase=daemon.phase,
        paused=daemon.paused,
        is_safe=daemon.safe_mode is not None,
        version=version("entity-loom"),
        last_event=f"{daemon.owner.instance}-{daemon.events.last_id}",
        event_kinds=" ".join(sorted({kind.kind for kind in Event.__subclasses__()})),
        path=request.scope.get("raw_path", b"").decode("latin-1").partition("?")[0],
        default_package=daemon.settings.default_package,
        page_paths=request.app.state.page_paths,
    )


async def show(request: Request, daemon: Daemon, template: str, frame: Chrome | None = None, **values: Any) -> Response:
    """A page or a fragment, rendered off the event loop. Templates get `values`, and the frame as `page`."""
    page = frame or chrome(request, daemon)
    return HTMLResponse(await off_loop(lambda: render(template, page=page, **values)))


def require_repaired(daemon: Daemon) -> None:
    """Raises Refused during the repair: what a package says of itself is not true yet."""
    if daemon.phase == "repairing":
        raise Refused(Problem(503, "repairing", "The daemon is repairing.", "Try again in a moment.", RETRY_AFTER))


async def all_fields(request: Request) -> dict[str, str]:
    """The fields of a form, without its token, which the guard has seen."""
    found = dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))
    found.pop("token", None)
    return found


async def fields(request: Request) -> dict[str, str]:
    """The fields of a form that are filled in."""
    return {name: value for name, value in (await all_fields(request)).items() if value}


def done(request: Request, go: str, said: str = "") -> Response:
    """The answer to a form whose work is done: `go` is the page that shows it, `said` a sentence about it.

    A browser without our script follows the redirect; the script (static/js/forms.js) shows the sentence, and stays
    where it is when it is there already.
    """
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"go": go, "said": said})
    return RedirectResponse(go, 303)
