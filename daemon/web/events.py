"""Server-sent events (R-94): a snapshot, then what happens, with ids by which a client that was away goes on."""

import json
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream
from pydantic import TypeAdapter
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from daemon.app import Daemon
from daemon.events import DaemonReady, DaemonStopping, Event
from daemon.views import PackageView
from daemon.web.streams import until_gone

KEPT = 1000
"""Events a client may have missed without having to start with a snapshot again."""
HEARTBEAT_SECONDS = 10.0
_PACE_SECONDS = 0.1
_PACE_SECONDS_PER_CLIENT = 0.002
"""Measured: 200 clients that are told ten times a second take a quarter of the event loop's time."""

_RETRY = b"retry: 2000\n\n"
_HEARTBEAT = b": still here\n\n"
_SHUTDOWN = b"event: shutdown\ndata: {}\n\n"
_VIEWS = TypeAdapter(list[PackageView])

Numbered = tuple[int, Event]


class EventFeed:
    """The last events, and the word that the server ends. One for each application."""

    def __init__(self, daemon: Daemon, heartbeat_seconds: float = HEARTBEAT_SECONDS) -> None:
        self.daemon = daemon
        self.heartbeat_seconds = heartbeat_seconds
        self.closed = anyio.Event()
        self._recent: deque[Numbered] = deque(maxlen=KEPT)
        self._listening = ExitStack()
        self._live: MemoryObjectReceiveStream[Numbered] | None = None
        self._told: dict[int, bytes] = {}
        self.clients = 0
        """How many listen."""

    @property
    def pace_seconds(self) -> float:
        """The least time between two pieces for one client: the more of them listen, the more is told together."""
        return max(_PACE_SECONDS, self.clients * _PACE_SECONDS_PER_CLIENT)

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Keep the last events as long as this is open; without it every client starts with a snapshot."""
        self._listen()
        try:
            yield
        finally:
            self._live = None
            self._listening.close()

    def _listen(self) -> None:
        self._listening.close()
        self._live = self._listening.enter_context(self.daemon.events.listen(KEPT))

    @contextmanager
    def counting(self) -> Iterator[None]:
        """One client more listens as long as this is open."""
        self.clients += 1
        try:
            yield
        finally:
            self.clients -= 1

    def close(self) -> None:
        """End every stream."""
        self.closed.set()

    def collect(self) -> None:
        """Take up what happened since the last time. The bus keeps as many events for us as we do."""
        while self._live is not None:
            try:
                self._recent.append(self._live.receive_nowait())
            except anyio.WouldBlock:
                return
            except anyio.EndOfStream:  # more than that while nobody asked: whoever comes back needs a snapshot anyway
                self._recent.clear()
                self._listen()

    def id_of(self, number: int) -> str:
        """The id by which a client says what it has heard."""
        return f"{self.daemon.owner.instance}-{number}"

    def told(self, entry: Numbered) -> bytes:
        """An event as it is sent; written out once for all clients."""
        number, event = entry
        if number not in self._told:
            self._told[number] = _event(self.id_of(number), event.kind, json.dumps(event.data(), ensure_ascii=False))
            if len(self._told) > KEPT:
                del self._told[next(iter(self._told))]
        return self._told[number]

    def since(self, last_event_id: str | None) -> list[Numbered] | None:
        """What happened after an id, oldest first; None when that is not known any more."""
        self.collect()
        instance, _, text = (last_event_id or "").rpartition("-")
        last = self.daemon.events.last_id
        if instance != self.daemon.owner.instance or not (text.isascii() and text.isdecimal()) or int(text) > last:
            return None
        missed = [entry for entry in self._recent if entry[0] > int(text)]
        return missed if len(missed) == last - int(text) else None


class EventStream(Response):
    """The answer to one client; it ends when the client goes, falls too far behind, or the server stops."""

    media_type = "text/event-stream"

    def __init__(self, feed: EventFeed, last_event_id: str | None) -> None:
        super().__init__()
        del self.headers["content-length"]
        self._feed = feed
        self._last_event_id = last_event_id
        self._is_told = False
        """Whether the client knows already that the daemon ends."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._feed.daemon.events.listen() as live:
            # Listening comes first: what happens while the snapshot is taken is told after it.
            first = await self._first()
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await self._write(_RETRY + first, send)
            with self._feed.counting():
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(until_gone, receive, tasks.cancel_scope)
                    tasks.start_soon(self._until_closed, tasks.cancel_scope)
                    await self._stream(live, send)
                    tasks.cancel_scope.cancel()
        await self._write(_SHUTDOWN if self._feed.closed.is_set() and not self._is_told else b"", send)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _write(self, piece: bytes, send: Send) -> None:
        await send({"type": "http.response.body", "body": piece, "more_body": True})

    async def _until_closed(self, scope: anyio.CancelScope) -> None:
        await self._feed.closed.wait()
        scope.cancel()

    async def _first(self) -> bytes:
        missed = self._feed.since(self._last_event_id)
        if missed is None:
            return await self._snapshot(self._feed.daemon.events.last_id)
        return b"".join(map(self._feed.told, missed))

    async def _stream(self, live: MemoryObjectReceiveStream[Numbered], send: Send) -> None:
        while True:
            entries: list[Numbered] = []
            with anyio.move_on_after(self._feed.heartbeat_seconds):
                try:
                    entries = await _gathered(live)
                except anyio.EndOfStream:
                    return
            if not entries:
                await self._write(_HEARTBEAT, send)
                continue
            self._feed.collect()
            await self._write(b"".join(map(self._feed.told, entries)), send)
            match entries[-1][1]:
                case DaemonReady():
                    # During the repair nobody could be told about packages.
                    await self._write(await self._snapshot(entries[-1][0]), send)
                case DaemonStopping():
                    self._is_told = True
                    return
            # While much happens, what comes meanwhile is told together: each piece costs as much as a short answer.
            await anyio.sleep(self._feed.pace_seconds)

    async def _snapshot(self, number: int) -> bytes:
        daemon = self._feed.daemon
        packages = [] if daemon.phase == "repairing" else await daemon.packages()
        return _event(self._feed.id_of(number), "snapshot", _VIEWS.dump_json(packages).decode())


async def _gathered(live: MemoryObjectReceiveStream[Numbered]) -> list[Numbered]:
    """The next event with all that have happened since, up to one after which there is more to say."""
    entries = [await live.receive()]
    while not isinstance(entries[-1][1], DaemonReady | DaemonStopping):
        try:
            entries.append(live.receive_nowait())
        except (anyio.WouldBlock, anyio.EndOfStream):
            break  # the end, if it is one, is met again at the next call
    return entries


def _event(event_id: str, kind: str, data: str) -> bytes:
    # JSON has no line ends of its own: one `data:` line is enough.
    return f"id: {event_id}\nevent: {kind}\ndata: {data}\n\n".encode()
