"""A browser in front of a real daemon: what the tests of the page share.

Every page that is opened here watches itself: a line of error on its console, an exception, a violation of the
Content-Security-Policy or a request to anywhere else fails the test that opened it.
"""

import json
import os
import shutil
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    ViewportSize,
    async_playwright,
    expect,
)

from tests.doors.harness import DaemonProcess

PATIENCE = 60_000
"""Milliseconds after which a test gives up waiting for the page; far more than anything takes on a busy machine."""
WIDE: ViewportSize = {"width": 1280, "height": 900}
NARROW: ViewportSize = {"width": 390, "height": 844}

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_CSP_WATCH = """
    window.loomViolations = [];
    document.addEventListener("securitypolicyviolation", (event) => {
        console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
    });
"""
_EXPECTED = ("net::ERR_", "Failed to load resource")
"""What the browser says of refusals, and of a daemon that is away: tests bring that about on purpose."""


def chromium() -> str | None:
    """The Chromium of this machine, or LOOM_TEST_BROWSER."""
    named = os.environ.get("LOOM_TEST_BROWSER")
    return named or next((found for name in _NAMES if (found := shutil.which(name))), None)


@asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    """A Chromium with a profile of its own."""
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            await browser.close()


@dataclass
class Complaints:
    """What a page complained about while it was open."""

    of: str
    lines: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Listen to a page from now on."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.lines.append(f"exception: {error}"))
        page.on("request", self._request)
        page.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not any(words in message.text for words in _EXPECTED):
            self.lines.append(f"console: {message.text} ({message.location})")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.of, "blob:", "data:")):
            self.lines.append(f"asked somebody else: {request.url}")

    def _response(self, response: Response) -> None:
        if response.status >= 500 and response.status != 503:  # 503: while it repairs or stops
            self.lines.append(f"{response.status} {response.request.method} {response.url}")


@dataclass
class Stage:
    """A daemon and a browser that is logged in to it."""

    daemon: DaemonProcess
    browser: Browser

    @asynccontextmanager
    async def person(self, **options: Any) -> AsyncIterator[BrowserContext]:
        """Somebody with a browser of their own: cookies, tabs. `options` are playwright's, such as `color_scheme`."""
        context = await self.browser.new_context(**{"base_url": self.daemon.address, "viewport": WIDE, **options})
        context.set_default_timeout(PATIENCE)
        await context.add_init_script(_CSP_WATCH)
        complaints = Complaints(self.daemon.address)
        context.on("page", complaints.watch)
        try:
            yield context
        finally:
            await context.close()
        assert not complaints.lines, "\n".join(complaints.lines)

    async def enter(self, context: BrowserContext, path: str = "/") -> Page:
        """A new tab of a person, logged in by a link the first time, at `path`."""
        page = await context.new_page()
        if not await context.cookies():
            await page.goto(self.daemon.api("POST", "/api/login-links")["link"])
        await page.goto(path)
        return page

    @asynccontextmanager
    async def page(self, path: str = "/", **options: Any) -> AsyncIterator[Page]:
        """One tab of a new person at `path`."""
        async with self.person(**options) as context:
            yield await self.enter(context, path)


class SteeredDaemon(DaemonProcess):
    """A daemon process whose extractor a test holds and lets fail (steered_daemon.py); it comes back on its port."""

    def __init__(self, home: Path, env: Mapping[str, str] | None = None) -> None:
        self._steering = home.parent / f"{home.name}.steering.json"
        self.steer()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        arguments = (str(home), str(self._steering), str(port))
        super().__init__(home, env, entry=("-m", "tests.browser.steered_daemon"), arguments=arguments)

    def steer(self, *, hold: Sequence[str] = (), fail: Sequence[str] = ()) -> None:
        """Which conversations and days are held, and which fail, from now on; `*` means all."""
        new = self._steering.with_suffix(".new")
        new.write_text(json.dumps({"hold": list(hold), "fail": list(fail)}))
        new.replace(self._steering)
