"""Time that passes only when nothing else happens: hours of waiting are over in milliseconds, and always the same."""

import asyncio
import selectors
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import anyio

T = TypeVar("T")


class _NoWait(selectors.DefaultSelector):
    """Instead of waiting for the time to pass, it lets it pass."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "everything waits, and nothing for time"
            self.now += timeout
        return ready


class _Loop(asyncio.SelectorEventLoop):
    """An event loop on such a time."""

    def __init__(self) -> None:
        self._virtual = _NoWait()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now


def in_virtual_time(work: Callable[..., Awaitable[T]], *arguments: Any) -> T:
    """What `work` returns, run in a time of its own, which `anyio.current_time()` tells."""
    return anyio.run(work, *arguments, backend_options={"loop_factory": _Loop})
