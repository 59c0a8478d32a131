"""A daemon inside the test's own process, with time, disk and extractor in the test's hands."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio

from daemon.app import Daemon, Parts, open_daemon
from daemon.events import DaemonReady
from daemon.settings import Settings


def settings_for(home: Path, **changes: Any) -> Settings:
    """Settings of a daemon on `home`, quick enough for tests."""
    quick = {"rescan_seconds": 0.05, "settle_seconds": 0.02, "unfinished_seconds": 0.1}
    usual: dict[str, Any] = {"home": home, "port": 0, "inbox": quick, "time_zone": "Europe/Berlin"}
    return Settings(**(usual | changes))


@asynccontextmanager
async def working_daemon(
    home: Path, parts: Parts | None = None, *, watch: bool = False, **changes: Any
) -> AsyncIterator[Daemon]:
    """A daemon that has repaired its home and works; stopped in order at the end."""
    async with open_daemon(settings_for(home, **changes), parts) as daemon:
        await daemon.repair_all()
        async with anyio.create_task_group() as tasks:
            with daemon.events.listen() as events:
                tasks.start_soon(lambda: daemon.work(watch=watch))
                async for _number, event in events:
                    if isinstance(event, DaemonReady):
                        break
            yield daemon
            await daemon.stop()
            tasks.cancel_scope.cancel()
