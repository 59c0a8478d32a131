"""Serves the application on a port, inside a task group, and lets go of it at once when told to.

uvicorn alone waits for ever for open event streams, takes the process's signals, and cannot say which port it got.
"""

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
import uvicorn
from anyio.abc import TaskStatus

from daemon.web.app import WebApp
from packages_store.errors import LoomError

_GRACE_SECONDS = 0.3
"""For requests that are under way when the daemon stops."""
_LAST_WORD_SECONDS = 0.1
"""For telling those who still wait."""
_KEEP_ALIVE_SECONDS = 30
_LARGEST_HEADERS = 32 << 10


class AddressUnusable(LoomError, OSError):
    """The address cannot be listened on. `errno` is the system's."""


async def serve(
    app: WebApp, host: str, port: int, *, task_status: TaskStatus[tuple[str, int]] = anyio.TASK_STATUS_IGNORED
) -> None:
    """Serve until cancelled; reports (host, port) as soon as clients can connect. Port 0 takes any free one.

    Raises AddressUnusable. When cancelled it returns within a second, whatever the clients do.
    """
    with _listening(host, port) as listener, app.feed.recording():
        server = _Server(app)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.run_to_end, listener)
            try:
                task_status.started((host, listener.getsockname()[1]))
                await anyio.sleep_forever()
            finally:
                with anyio.CancelScope(shield=True):
                    await server.end(app)


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    with _bound(host, port) as listener:
        listener.listen(socket.SOMAXCONN)
        listener.setblocking(False)
        yield listener


def _bound(host: str, port: int) -> socket.socket:
    listener = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        if listener is not None:
            listener.close()
        raise _unusable(host, port, error) from error
    return listener


def _unusable(host: str, port: int, error: OSError) -> AddressUnusable:
    advice = "Set another one with --host and --port; port 0 takes any that is free."
    if error.errno == errno.EADDRINUSE:
        advice = f"Stop the program that uses port {port}, or take another port with --port; 0 takes any that is free."
    unusable = AddressUnusable(f"{host}, port {port}, cannot be listened on: {error.strerror}.", advice)
    unusable.errno = error.errno
    return unusable


class _Server(uvicorn.Server):
    """uvicorn without its signals, its lifespan and its polling."""

    def __init__(self, app: WebApp) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
                h11_max_incomplete_event_size=_LARGEST_HEADERS,
            )
        )
        self._told_to_end = anyio.Event()
        self._ended = anyio.Event()

    async def run_to_end(self, listener: socket.socket) -> None:
        """Serve until `end` is called: cancellation is its business, in steps."""
        with anyio.CancelScope(shield=True):
            try:
                await self._serve([listener])
            finally:
                self._ended.set()

    async def main_loop(self) -> None:
        second = 10
        counter = 0
        while not await self.on_tick(counter):
            counter += second
            with anyio.move_on_after(1):
                await self._told_to_end.wait()

    async def end(self, app: WebApp) -> None:
        """End streams at once, requests after a moment, and what is left with its connection."""
        self.should_exit = True
        self._told_to_end.set()
        app.feed.close()
        if await self._has_ended_within(_GRACE_SECONDS):
            return
        app.end_waiting()
        if await self._has_ended_within(_LAST_WORD_SECONDS):
            return
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        app.end_all()
        await self._ended.wait()

    async def _has_ended_within(self, seconds: float) -> bool:
        with anyio.move_on_after(seconds):
            await self._ended.wait()
        return self._ended.is_set()
