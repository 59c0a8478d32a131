"""Whatever happens to a client of the event stream, in the end it knows what the API says, and nothing came twice."""

import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import anyio
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from daemon.events import DropFolderChanged
from daemon.web.events import KEPT
from packages_store.model import StageName
from tests.daemon.web.door import Door, door, served
from tests.daemon.web.test_events import Told, listening

ACTS = st.sampled_from(["create", "change", "chatter", "flood", "connect", "read", "disconnect", "restart"])


class Client:
    """Knows of packages only what the stream makes it ask for."""

    def __init__(self) -> None:
        self.packages: dict[str, Any] = {}
        self.last: str | None = None
        self.told: list[str] = []
        self._stream = AsyncExitStack()
        self._events: AsyncIterator[Told] | None = None

    async def connect(self, at: Door) -> None:
        if self._events is None:
            self._events = await self._stream.enter_async_context(listening(at, self.last))

    async def disconnect(self) -> None:
        await self._stream.aclose()
        self._stream, self._events = AsyncExitStack(), None

    async def catch_up(self, at: Door) -> None:
        """Read on until the last event there is; nothing while there is no connection."""
        while self._events is not None and self.last != f"{at.daemon.owner.instance}-{at.daemon.events.last_id}":
            told = await anext(self._events, None)
            if told is None:  # it was let go for reading too slowly: a browser comes back by itself
                await self.disconnect()
                await self.connect(at)
            elif told.id is not None:
                await self._take(told, at)

    async def _take(self, told: Told, at: Door) -> None:
        self.last = told.id
        if told.kind == "snapshot":
            self.packages = {package["name"]: package for package in told.data}
            return
        assert told.id is not None
        self.told.append(told.id)
        if name := told.data.get("package"):
            async with at.program() as program:
                listed = (await program.get("/api/packages")).json()
            self.packages[name] = next(package for package in listed if package["name"] == name)


class World:
    """A daemon on a home that outlives it."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._running = AsyncExitStack()
        self._made = 0
        self.at: Door

    async def start(self) -> None:
        opened = await self._running.enter_async_context(door(self._home))
        self.at = await self._running.enter_async_context(served(opened))

    async def stop(self) -> None:
        await self._running.aclose()
        self._running = AsyncExitStack()

    async def do(self, act: str, client: Client) -> None:
        daemon = self.at.daemon
        match act:
            case "create":
                self._made += 1
                await daemon.create(f"package {self._made}")
                await daemon.settled(f"package {self._made}")
            case "change" if self._made:
                until = StageName.COMMIT if daemon.events.last_id % 2 else None
                await daemon.set_until("package 1", until)
                await daemon.settled("package 1")
            case "chatter" | "flood":
                for _ in range(KEPT + 1 if act == "flood" else 3):
                    daemon.events.publish(DropFolderChanged("available", None))
            case "connect":
                await client.connect(self.at)
            case "read":
                await client.catch_up(self.at)
            case "disconnect":
                await client.disconnect()
            case "restart":
                await client.disconnect()
                await self.stop()
                await self.start()


@settings(max_examples=settings().max_examples // 8, suppress_health_check=list(HealthCheck))
@given(acts=st.lists(ACTS, min_size=3, max_size=12))
@example(acts=["create", "connect", "read", "disconnect", "change", "flood"])
@example(acts=["create", "connect", "read", "restart", "create"])
@example(acts=["connect", "create", "flood", "read", "change"])
async def test_a_client_ends_with_the_state_of_the_api_and_is_told_nothing_twice(acts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder, anyio.fail_after(120):
        world, client = World(Path(folder) / "home"), Client()
        await world.start()
        try:
            for act in acts:
                await world.do(act, client)
            await client.disconnect()
            await client.connect(world.at)
            await client.catch_up(world.at)
            async with world.at.program() as program:
                listed = (await program.get("/api/packages")).json()
        finally:
            await client.disconnect()
            await world.stop()

        assert sorted(client.packages.values(), key=lambda package: str(package["name"])) == listed
        assert len(client.told) == len(set(client.told))
        numbers: dict[str, list[int]] = defaultdict(list)
        for told in client.told:
            instance, _, number = told.rpartition("-")
            numbers[instance].append(int(number))
        assert all(each == sorted(each) for each in numbers.values())
