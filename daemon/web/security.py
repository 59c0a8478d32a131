"""The guard in front of everything: name, credential, origin, phase and body are checked before any route is found."""

import re
from collections.abc import Callable
from urllib.parse import parse_qs

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from daemon.web.hosts import check_host
from daemon.web.login import Logins, Session
from daemon.web.problems import RETRY_AFTER, Problem, Refused, respond

SESSION = "loom.session"
"""Where the scope of an admitted request holds its Session; None when it came with the token."""
TOKEN_HEADER = "x-loom-token"  # noqa: S105 - the name of a header
JSON_LIMIT = 1 << 20

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FREE = frozenset({("GET", "/livez"), ("HEAD", "/livez"), ("GET", "/login")})
_UPLOAD = re.compile(r"/api/packages/[^/]+/(uploads|comparison)")
_METRICS = "/metrics"
_LOG_IN = "/api/login-links"
_ACTIONS = "/actions/"
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"


class Guard:
    """Lets a request through to `app`, or answers it with a problem. Every answer leaves with the security headers."""

    def __init__(
        self,
        app: ASGIApp,
        logins: Logins,
        allowed_hosts: tuple[str, ...],
        phase: Callable[[], str],
        shows_metrics: Callable[[], bool] = lambda: False,
    ) -> None:
        self._app = app
        self._logins = logins
        self._allowed_hosts = allowed_hosts
        self._phase = phase
        self._shows_metrics = shows_metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        send = _with_headers(scope, send)
        try:
            receive = await self._admit(Request(scope, receive), receive)
        except Refused as refused:
            await respond(refused.problem, scope)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _admit(self, request: Request, receive: Receive) -> Receive:
        """What the routes receive from. Raises Refused."""
        server = request.scope.get("server")
        host = check_host(request.headers.getlist("host"), server[1] if server else None, self._allowed_hosts)
        request.scope[SESSION] = None
        if (request.method, request.url.path) in _FREE or (request.url.path == _METRICS and self._shows_metrics()):
            return receive
        session = request.scope[SESSION] = self._session(request)
        if request.method in _SAFE:
            return receive
        _check_origin(request, host, session)
        if self._phase() != "ready" and request.url.path != _LOG_IN:
            detail = f"The daemon is {self._phase()}: it accepts no changes now."
            raise Refused(Problem(503, "repairing", detail, "Try again in a moment.", RETRY_AFTER))
        if request.method == "PUT" and _UPLOAD.fullmatch(request.url.path):
            _check_token(session, request.headers.get(TOKEN_HEADER))
            return receive
        return await _checked_body(request, receive, session)

    def _session(self, request: Request) -> Session | None:
        """The session of a browser, None for whoever has the token. Raises Refused for all others."""
        given = request.headers.getlist("authorization")
        if given:
            scheme, _, value = given[0].partition(" ")
            if len(given) == 1 and scheme.lower() == "bearer" and self._logins.is_token(value.strip()):
                return None
            raise _unknown("The token is not the one of this home.")
        session = self._logins.session(request.cookies.get(self._logins.cookie, ""))
        if session is None:
            raise _unknown("You are not logged in.")
        return session


def _unknown(detail: str) -> Refused:
    advice = "`loom login` opens this page logged in; programs send the home's token as `Authorization: Bearer …`."
    return Refused(Problem(401, "unauthorized", detail, advice, {"WWW-Authenticate": "Bearer"}))


def _check_origin(request: Request, host: str, session: Session | None) -> None:
    """A change must come from our own page, or from no page at all when it has the token."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    # Forms of a page with `no-referrer` say `null`; there the browser's own word on the site decides.
    same_origin = origin is None or _is_ours(origin, host) or (origin == "null" and site == "same-origin")
    same_site = site in (None, "same-origin") or (site == "none" and session is None)
    somebody_says_so = origin is not None or site is not None or session is None
    if not (same_origin and same_site and somebody_says_so):
        detail = "The request is refused: it does not come from the daemon's own page."
        raise Refused(Problem(403, "foreign-origin", detail, "Use the page itself, the command line, or the token."))


def _is_ours(origin: str, host: str) -> bool:
    # A proxy in front of us may speak TLS to the browser.
    return origin.lower() in (f"http://{host}", f"https://{host}")


async def _checked_body(request: Request, receive: Receive, session: Session | None) -> Receive:
    """The whole body, read and checked; routes get it again."""
    body = await _read(request)
    is_action = request.url.path.startswith(_ACTIONS)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    wanted = _FORM if is_action else _JSON
    if kind != wanted and (body or kind):
        raise Refused(Problem(415, "unsupported-media-type", f"The body must be {wanted}."))
    given = request.headers.get(TOKEN_HEADER)
    if given is None and is_action:
        given = parse_qs(body.decode("latin-1")).get("token", [None])[0]
    _check_token(session, given)
    return _again(body, receive)


def _check_token(session: Session | None, given: str | None) -> None:
    if session is not None and not session.accepts(given or ""):
        detail = "The request is refused: it does not carry the token of the page."
        raise Refused(Problem(403, "page-token", detail, "Load the page again, then repeat what you did."))


async def _read(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > JSON_LIMIT:
            raise Refused(Problem(413, "too-large", f"The body is larger than {JSON_LIMIT} bytes."))
    return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    left = [body]

    async def receive_again() -> Message:
        return {"type": "http.request", "body": left.pop(), "more_body": False} if left else await receive()

    return receive_again


def _with_headers(scope: Scope, send: Send) -> Send:
    caching = "no-cache" if scope["path"].startswith("/static/") else "no-store"

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value
            headers["Cache-Control"] = caching
        await send(message)

    return send_with_headers
