"""Large bodies, in and out, in pieces: memory does not grow with them, and nothing of them stays when a client goes."""

from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager
from typing import TypeVar

import anyio
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from daemon.app import Daemon
from daemon.intake import Intake
from daemon.reviewing import CHANGED
from daemon.web.problems import Problem, Refused
from packages_store.comparing import Compared, compare, incoming
from packages_store.model import Upload
from stages.contract import off_loop

T = TypeVar("T")

_WRITE = 1 << 20


async def receive_upload(
    request: Request, intake: Intake, package: str, name: str, limit: int, modified_ms: int | None = None
) -> Upload:
    """Take the body of a request into a package. Raises Refused, PackageNotFound, OSError, ClientDisconnect.

    `modified_ms` says when the file was last changed where it lies, in milliseconds since 1970.
    """
    _check_length(request, limit)
    async with _in_thread(intake.begin(package, name)) as arrival:
        if modified_ms is not None:
            arrival.incoming.modified_ns = modified_ms * 1_000_000
        await _pour(request, arrival.write, limit)
        return await off_loop(arrival.keep)


async def receive_comparison(request: Request, daemon: Daemon, package: str, name: str) -> Compared:
    """Compare a package with the chats.db that is the body of a request. Raises as `receive_upload`, and NotAllowed."""
    limit = daemon.settings.max_upload_bytes
    _check_length(request, limit)
    async with _in_thread(incoming(await daemon.read(package, lambda found: found))) as file:
        await _pour(request, file.write, limit)
        copied = await off_loop(file.keep)
        return await daemon.change(package, CHANGED, lambda found: compare(found, copied.path, name))


def _check_length(request: Request, limit: int) -> None:
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Refused(Problem(415, "content-encoding", "An upload must be the file itself, without Content-Encoding."))
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise _too_large(limit)


async def _pour(request: Request, write: Callable[[bytes], None], limit: int) -> None:
    size = 0
    buffer = bytearray()
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        buffer += chunk
        if len(buffer) >= _WRITE:
            await off_loop(write, bytes(buffer))
            buffer.clear()
    await off_loop(write, bytes(buffer))


def _too_large(limit: int) -> Refused:
    detail = f"The file is larger than {limit} bytes."
    advice = "Put it into the drop folder, or raise max_upload_bytes."
    return Refused(Problem(413, "too-large", detail, advice, {"Connection": "close"}))


@asynccontextmanager
async def _in_thread(manager: AbstractContextManager[T]) -> AsyncIterator[T]:
    """A context manager that waits for the disk: entered and left in a worker thread, left even when cancelled."""
    entered = await off_loop(manager.__enter__)
    try:
        yield entered
    except BaseException as error:
        with anyio.CancelScope(shield=True):
            await off_loop(manager.__exit__, type(error), error, error.__traceback__)
        raise
    else:
        await off_loop(manager.__exit__, None, None, None)


class Download(Response):
    """Bytes that are made while they are sent, in worker threads; the iterator is closed whatever happens."""

    def __init__(self, pieces: Iterator[bytes], media_type: str, headers: dict[str, str]) -> None:
        super().__init__(media_type=media_type, headers=headers)
        del self.headers["content-length"]
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            # What is wrong with the package is known with the first piece, when the answer can still say so.
            piece = await off_loop(next, self._pieces, None)
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(until_gone, receive, tasks.cancel_scope)
                while piece is not None:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                    piece = await off_loop(next, self._pieces, None)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                tasks.cancel_scope.cancel()
        finally:
            if isinstance(self._pieces, Generator):
                with anyio.CancelScope(shield=True):
                    await off_loop(self._pieces.close)


async def until_gone(receive: Receive, scope: anyio.CancelScope) -> None:
    """Cancel `scope` when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()
