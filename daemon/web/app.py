"""The ASGI application: the guard in front, the routes behind it."""

import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import anyio
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.staticfiles import StaticFiles
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from daemon.app import Daemon
from daemon.web import api, pages
from daemon.web.calendar import Days
from daemon.web.events import EventFeed
from daemon.web.login import Logins
from daemon.web.openapi import Documented
from daemon.web.pictures import Pictures
from daemon.web.plans import Plans
from daemon.web.problems import RETRY_AFTER, Problem, Refused, answer, respond
from daemon.web.security import Guard
from packages_store.errors import LoomError

_STATIC = Path(__file__).parent / "static"


def make_app(daemon: Daemon, monotonic: Callable[[], float] = time.monotonic) -> "WebApp":
    """Door 3 of a daemon, to be served by `daemon.web.serve`."""
    logins = Logins(daemon.token, monotonic)
    feed = EventFeed(daemon)
    routes = _routes(daemon, logins, feed)
    guard = Guard(
        routes,
        logins,
        daemon.settings.allowed_hosts,
        lambda: daemon.phase,
        lambda: daemon.settings.metrics_open,
    )
    return WebApp(guard, routes, feed)


def _routes(daemon: Daemon, logins: Logins, feed: EventFeed) -> FastAPI:
    # The documentation pages of FastAPI load scripts from elsewhere; the document itself is enough.
    app = Documented(
        title="entity-loom",
        version=version("entity-loom"),
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.daemon, app.state.logins, app.state.feed = daemon, logins, feed
    app.state.pictures = Pictures()
    app.state.days = Days()
    app.state.plans = Plans(daemon.spending)
    app.state.page_paths = frozenset(getattr(route, "path", "") for router in pages.ROUTERS for route in router.routes)
    # Not include_router(): it would work out anew, for each application, what every route takes and answers.
    app.router.routes.extend(route for router in (*api.ROUTERS, *pages.ROUTERS) for route in router.routes)
    app.mount("/static", StaticFiles(directory=_STATIC))
    for kind in (HTTPException, RequestValidationError, ValidationError, Refused, LoomError, OSError, Exception):
        app.add_exception_handler(kind, answer)
    app.add_exception_handler(ClientDisconnect, _nobody_is_there)
    return app


async def _nobody_is_there(_request: Request, _error: Exception) -> Response:
    return Response(status_code=204)


class _Running:
    """One request that is being answered."""

    def __init__(self) -> None:
        self.scope = anyio.CancelScope()
        self.has_begun_to_answer = False
        self.is_answered = False


class WebApp:
    """What a server calls for each request. It can end the requests that are under way."""

    def __init__(self, guard: Guard, routes: FastAPI, feed: EventFeed) -> None:
        self.routes = routes
        self.feed = feed
        self._guard = guard
        self._running: set[_Running] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"{scope['type']} is not spoken here")
        running = _Running()

        async def send_and_note(message: Message) -> None:
            running.has_begun_to_answer = True
            await send(message)
            running.is_answered = message["type"] == "http.response.body" and not message.get("more_body", False)

        self._running.add(running)
        try:
            with running.scope:
                await self._answer(scope, receive, send_and_note, running)
        finally:
            self._running.discard(running)
        if running.scope.cancelled_caught and not running.has_begun_to_answer:
            problem = Problem(503, "stopping", "The daemon is stopping.", "Start it again first.", RETRY_AFTER)
            await respond(problem, scope)(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, running: _Running) -> None:
        try:
            await self._guard(scope, receive, send)
        except ClientDisconnect:
            pass
        except Exception as error:
            if running.is_answered:
                return  # by FastAPI, which tells us as well
            if running.has_begun_to_answer:
                raise  # the server logs it whole and cuts the connection: half an answer must not look like one
            await (await answer(Request(scope), error))(scope, receive, send)

    def end_waiting(self) -> None:
        """End the requests that have not begun to be answered: they are told that the daemon stops."""
        for running in list(self._running):
            if not running.has_begun_to_answer:
                running.scope.cancel()

    def end_all(self) -> None:
        """End every request."""
        for running in list(self._running):
            running.scope.cancel()
