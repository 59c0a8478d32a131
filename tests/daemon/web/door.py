"""A daemon of the test's own with its HTTP door: called without sockets, or served on a port where that matters."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import anyio
import anyio.lowlevel
import httpx2
from starlette.types import Message

from daemon.app import Daemon, Parts, open_daemon
from daemon.web.app import WebApp, make_app
from daemon.web.serve import serve
from tests.clocks import FakeClock
from tests.daemons import settings_for, working_daemon

Receive = Callable[[], Awaitable[Message]]

ADDRESS = "http://127.0.0.1:8377"
PAGE_TOKEN = re.compile(r'<meta name="loom-token" content="([^"]+)">')


@dataclass
class Door:
    """The application of a daemon, and clients of it."""

    daemon: Daemon
    app: WebApp
    clock: FakeClock
    address: str = ADDRESS
    is_served: bool = False

    def client(self, token: str | None = None, **options: Any) -> httpx2.AsyncClient:
        """A program that knows `token`; without one, somebody who knows nothing."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        transport = None if self.is_served else httpx2.ASGITransport(self.app)
        return httpx2.AsyncClient(
            base_url=self.address,
            headers=headers,
            transport=transport,
            trust_env=False,
            verify=False,  # reading the certificates of the world takes longer than most tests
            timeout=60,
            **options,
        )

    def program(self) -> httpx2.AsyncClient:
        """A program that knows the home's token."""
        return self.client(self.daemon.token)

    async def call(self, method: str, target: str, receive: Receive | None = None) -> list[Message]:
        """What a program is sent for a request whose target is not tidied up, as uvicorn hands it on."""
        raw_path, _, query = target.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(raw_path),
            "raw_path": raw_path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(b"host", b"127.0.0.1:8377"), (b"authorization", f"Bearer {self.daemon.token}".encode())],
            "client": ("127.0.0.1", 50_000),
            "server": ("127.0.0.1", 8377),
        }
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        await self.app(scope, receive or pieces(b""), send)
        return sent

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[tuple[httpx2.AsyncClient, str]]:
        """A browser that is logged in, and the token of its page."""
        async with self.program() as program, self.client() as browser:
            link = (await program.post("/api/login-links")).json()["link"]
            entered = await browser.get(link)
            assert entered.status_code == 303
            page = await browser.get("/")
            found = PAGE_TOKEN.search(page.text)
            assert found is not None
            yield browser, found[1]


def pieces(*bodies: bytes, stays: bool = True) -> Receive:
    """A body that arrives in these pieces. A client that does not stay goes after the last, before the body's end."""
    left = list(bodies)

    async def receive() -> Message:
        await anyio.lowlevel.checkpoint()
        if left:
            return {"type": "http.request", "body": left.pop(0), "more_body": bool(left) or not stays}
        if stays:
            await anyio.sleep_forever()
        return {"type": "http.disconnect"}

    return receive


@asynccontextmanager
async def door(home: Path, parts: Parts | None = None, **settings: Any) -> AsyncIterator[Door]:
    """A daemon that works, called without sockets."""
    async with working_daemon(home, parts, **settings) as daemon:
        clock = FakeClock()
        yield Door(daemon, make_app(daemon, clock.monotonic), clock)


@asynccontextmanager
async def repairing_door(home: Path) -> AsyncIterator[Door]:
    """A daemon that holds its home and has not repaired it yet."""
    async with open_daemon(settings_for(home)) as daemon:
        clock = FakeClock()
        yield Door(daemon, make_app(daemon, clock.monotonic), clock)


@asynccontextmanager
async def served(opened: Door) -> AsyncIterator[Door]:
    """The same door on a port."""
    async with anyio.create_task_group() as tasks:
        host, port = await tasks.start(serve, opened.app, "127.0.0.1", 0)
        yield Door(opened.daemon, opened.app, opened.clock, f"http://{host}:{port}", is_served=True)
        tasks.cancel_scope.cancel()
