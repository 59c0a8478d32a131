"""One browser and one daemon for each module of browser tests; skipped where there is no Chromium."""

from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser

from tests.browser.hands import Hand, Keyboard, Mouse
from tests.browser.harness import Stage, chromium, open_browser
from tests.doors.harness import DaemonProcess


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say plainly why nothing is tested here."""
    if chromium() is None:
        reason = "no Chromium was found: install Debian's `chromium`, or name one in LOOM_TEST_BROWSER"
        for item in items:
            if "/tests/browser/" in item.path.as_posix():
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """One event loop for each module, in which its browser lives."""
    return "asyncio"


@pytest.fixture(scope="module")
async def browser(anyio_backend: str) -> AsyncIterator[Browser]:
    """A Chromium for the module."""
    async with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """A daemon on a home that nobody has used; ready, and killed at the end."""
    with DaemonProcess(tmp_path_factory.mktemp("browser") / "home") as process:
        yield process.start().wait_ready()


@pytest.fixture
def stage(daemon: DaemonProcess, browser: Browser) -> Stage:
    """The daemon and the browser of the module."""
    return Stage(daemon, browser)


@pytest.fixture(params=[Mouse, pytest.param(Keyboard, marks=pytest.mark.slow)], ids=["mouse", "keyboard"])
def hand(request: pytest.FixtureRequest) -> Hand:
    """Whoever lives the story: once with a mouse, once with the keyboard alone."""
    kind: type[Hand] = request.param
    return kind()
