"""The guard: every request, whatever it asks for, is checked by name, credential, origin, phase and body."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import anyio
import pytest
from starlette.routing import BaseRoute, Mount
from starlette.types import Message

from daemon.web.security import JSON_LIMIT
from tests.daemon.web.door import Door, door, pieces, repairing_door

FREE = {("GET", "/livez"), ("GET", "/login")}
HEADERS = (
    "content-security-policy",
    "x-content-type-options",
    "referrer-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "cache-control",
)
STATIC = ["/static/css/base.css", "/static/js/main.js", "/static/icon.svg", "/static/none", "/favicon.ico", "/nowhere"]


def routes_of(opened: Door, routes: list[BaseRoute] | None = None) -> Iterator[tuple[str, str]]:
    """(method, path) of everything there is, with names filled in."""
    for route in opened.app.routes.routes if routes is None else routes:
        if inner := getattr(getattr(route, "original_router", None), "routes", None):
            yield from routes_of(opened, inner)
        elif not isinstance(route, Mount):
            path = re.sub(r"\{[^}]*\}", "wren", getattr(route, "path", ""))
            for method in sorted(getattr(route, "methods", None) or {"GET"}):
                yield method, path
    if routes is None:
        yield from (("GET", path) for path in STATIC)


async def test_the_matrix_covers_every_route_of_the_openapi_document(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program:
        document = (await program.get("/api/openapi.json")).json()
        described = {
            (method.upper(), re.sub(r"\{[^}]*\}", "wren", path))
            for path, methods in document["paths"].items()
            for method in methods
        }
        assert len(described) > 15
        assert described <= set(routes_of(opened))


async def test_without_a_token_everything_but_livez_is_refused(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.client() as stranger:
        for method, path in routes_of(opened):
            answer = await stranger.request(method, path)
            if (method, path) == ("GET", "/livez"):
                assert (answer.status_code, answer.text) == (200, "ok")
            elif (method, path) == ("GET", "/login"):
                assert answer.status_code == 403
            else:
                assert answer.status_code == 401, (method, path)
            assert "wren" not in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic dXNlcjp3cm9uZw=="},
        {"Authorization": "Bearer ünï".encode().decode("latin-1")},
        {"Cookie": "loom-none=1"},
    ],
)
async def test_a_wrong_credential_is_refused(tmp_path: Path, headers: dict[str, str]) -> None:
    async with door(tmp_path / "home") as opened, opened.client() as stranger:
        encoded = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
        answer = await stranger.get("/api/packages", headers=encoded)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == "urn:entity-loom:unauthorized"


async def test_a_wrong_token_is_refused_even_with_a_good_cookie(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.browser() as (browser, _token):
        answer = await browser.get("/api/packages", headers={"Authorization": "Bearer wrong"})
        assert answer.status_code == 401


async def test_the_page_tells_a_stranger_how_to_log_in(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.client() as stranger:
        answer = await stranger.get("/")
        assert answer.status_code == 401
        assert answer.headers["content-type"].startswith("text/html")
        assert "loom login" in answer.text
        assert "/static/" not in answer.text


async def test_every_answer_carries_the_security_headers_and_none_of_cors(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.client() as stranger, opened.program() as program:
        for client in (stranger, program):
            for method, path in routes_of(opened):
                if path in ("/api/events", "/api/packages/wren/export"):
                    continue
                headers = {"Origin": "http://evil.example", "Access-Control-Request-Method": "PUT"}
                answer = await client.request(method, path, headers=headers)
                assert all(name in answer.headers for name in HEADERS), (method, path)
                assert not [name for name in answer.headers if name.startswith("access-control-")]
                assert "unsafe" not in answer.headers["content-security-policy"]
                wanted = "no-cache" if path.startswith("/static/") else "no-store"
                assert answer.headers["cache-control"] == wanted


async def test_every_path_is_closed_to_foreign_names(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program:
        for method, path in routes_of(opened):
            for host in ("evil.example:8377", "127.0.0.1.evil.example:8377", "localhost:8377."):
                answer = await program.request(method, path, headers={"Host": host})
                assert answer.status_code in (400, 421), (method, path, host)
                assert method == "HEAD" or "refused" in answer.text


async def test_a_preflight_is_not_answered_in_the_affirmative(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program:
        answer = await program.options("/api/packages", headers={"Origin": "http://evil.example"})
        assert answer.status_code == 405


# --- changes -------------------------------------------------------------------------------------------------------

OURS = {"Origin": "http://127.0.0.1:8377", "Sec-Fetch-Site": "same-origin"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Origin": "http://127.0.0.1:8377"}, 201),
        ({"Origin": "HTTP://127.0.0.1:8377"}, 201),
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        (OURS, 201),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 201),
        ({"Origin": "null"}, 403),
        ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://localhost:3000", "Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://127.0.0.1:3000"}, 403),
        ({"Origin": "http://127.0.0.1"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:8377.evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:8377@evil.example"}, 403),
        ({"Origin": "file://127.0.0.1:8377"}, 403),
        ({"Origin": "http://[broken"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Origin": "http://127.0.0.1:8377", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"}, 403),
    ],
)
async def test_a_change_by_cookie_must_come_from_our_own_page(
    tmp_path: Path, headers: dict[str, str], status: int
) -> None:
    async with door(tmp_path / "home") as opened, opened.browser() as (browser, token):
        answer = await browser.post("/api/packages", json={"name": "wren"}, headers={"X-Loom-Token": token} | headers)
        assert answer.status_code == status
        assert (tmp_path / "home/packages/wren").exists() == (status == 201)


@pytest.mark.parametrize("token", [None, "", "wrong"])
async def test_a_change_by_cookie_needs_the_token_of_the_page(tmp_path: Path, token: str | None) -> None:
    async with door(tmp_path / "home") as opened, opened.browser() as (browser, _token):
        headers = OURS if token is None else OURS | {"X-Loom-Token": token}
        for method, path in routes_of(opened):
            if method in ("POST", "PUT"):
                answer = await browser.request(method, path, headers=headers)
                assert (answer.status_code, answer.json()["type"]) == (403, "urn:entity-loom:page-token")


async def test_the_token_of_another_session_is_not_enough(tmp_path: Path) -> None:
    async with (
        door(tmp_path / "home") as opened,
        opened.browser() as (_first, other),
        opened.browser() as (browser, _token),
    ):
        answer = await browser.post("/api/packages", json={"name": "wren"}, headers=OURS | {"X-Loom-Token": other})
        assert answer.status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"Origin": "http://127.0.0.1:8377"}, 201),
        ({"Sec-Fetch-Site": "none"}, 201),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
async def test_the_token_is_enough_except_from_a_foreign_page(
    tmp_path: Path, headers: dict[str, str], status: int
) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program:
        answer = await program.post("/api/packages", json={"name": "wren"}, headers=headers)
        assert answer.status_code == status


async def test_forms_carry_the_token_in_a_field(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.browser() as (browser, token):
        refused = await browser.post("/actions/packages", data={"name": "wren"}, headers=OURS)
        assert refused.status_code == 403
        foreign = await browser.post(
            "/actions/packages", data={"name": "wren", "token": token}, headers={"Origin": "http://evil.example"}
        )
        assert foreign.status_code == 403
        made = await browser.post("/actions/packages", data={"name": "wren", "token": token}, headers=OURS)
        assert (made.status_code, made.headers["location"]) == (303, "/packages/wren")
        assert (tmp_path / "home/packages/wren").is_dir()


async def test_the_field_counts_for_forms_only(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.browser() as (browser, token):
        answer = await browser.post("/api/packages", json={"name": "wren", "token": token}, headers=OURS)
        assert answer.status_code == 403


# --- bodies --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp", None]
)
async def test_a_body_that_is_not_declared_as_json_is_refused(tmp_path: Path, kind: str | None) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program:
        headers = {} if kind is None else {"Content-Type": kind}
        answer = await program.post("/api/packages", content=b'{"name": "wren"}', headers=headers)
        assert answer.status_code == 415
        assert not (tmp_path / "home/packages/wren").exists()


async def test_json_may_name_its_character_set(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program:
        kind = {"Content-Type": "application/json; charset=utf-8"}
        answer = await program.post("/api/packages", content=b'{"name": "wren"}', headers=kind)
        assert answer.status_code == 201


async def test_a_form_takes_no_json(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program:
        assert (await program.post("/actions/packages", json={"name": "wren"})).status_code == 415


async def test_a_body_of_more_than_a_mebibyte_is_refused(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program:

        async def endless() -> AsyncIterator[bytes]:
            yield b" " * (JSON_LIMIT // 2)
            yield b" " * (JSON_LIMIT // 2)
            yield b" "
            raise AssertionError("it was read on")

        headers = {"Content-Type": "application/json"}
        answer = await program.post("/api/packages", content=endless(), headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (413, "urn:entity-loom:too-large")


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"name": 1}', b'{"name": "a", "x": 1}', b"\xff", b"[" * 100_000])
async def test_json_that_is_not_understood_is_named_as_such(tmp_path: Path, body: bytes) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program:
        answer = await program.post("/api/packages", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 422)
        assert answer.headers["content-type"] == "application/problem+json"


# --- phases --------------------------------------------------------------------------------------------------------


async def test_while_repairing_no_change_is_accepted(tmp_path: Path) -> None:
    async with repairing_door(tmp_path / "home") as opened, opened.program() as program:
        changes = [(method, path) for method, path in routes_of(opened) if method in ("POST", "PUT")]
        assert ("PUT", "/api/packages/wren/uploads") in changes
        for method, path in changes:
            if path == "/api/login-links":
                continue
            answer = await program.request(method, path, content=b"")
            assert (answer.status_code, answer.json()["type"]) == (503, "urn:entity-loom:repairing")
            assert answer.headers["retry-after"].isdecimal()
        assert list((tmp_path / "home/packages").iterdir()) == []


async def test_while_repairing_one_can_log_in_and_look(tmp_path: Path) -> None:
    async with repairing_door(tmp_path / "home") as opened, opened.browser() as (browser, _token):
        page = await browser.get("/")
        assert (page.status_code, "repairing" in page.text) == (200, True)
        ready = await browser.get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["detail"] == "The daemon is repairing."


async def test_readyz_says_ready_when_it_is(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program:
        answer = await program.get("/readyz")
        assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


# --- protocol ------------------------------------------------------------------------------------------------------


async def test_only_http_is_spoken(tmp_path: Path) -> None:
    async def receive() -> Message:
        raise AssertionError

    async def send(message: Message) -> None:
        raise AssertionError(message)

    async with door(tmp_path / "home") as opened:
        with pytest.raises(RuntimeError, match="websocket"):
            await opened.app({"type": "websocket", "path": "/api/events"}, receive, send)


async def test_a_client_that_leaves_in_the_middle_of_its_body_is_no_error(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened:
        with anyio.fail_after(60):
            assert await opened.call("POST", "/api/packages", pieces(b'{"name"', stays=False)) == []
