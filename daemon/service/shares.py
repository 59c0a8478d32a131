"""Drop folders on network shares: nothing reports what other machines write there, so nobody waits for reports."""

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import structlog

from daemon.watcher import Watch, file_events
from packages_store.files import Disk, is_network


def watching(disk: Disk, events: Watch = file_events) -> Watch:
    """How to watch a folder: by `events`, or not at all where there are none; it is looked through all the same."""

    def watch(folder: Path) -> AsyncIterator[object]:
        kind = disk.file_system(folder)
        if not is_network(kind):
            return events(folder)
        structlog.get_logger().info("the drop folder is looked through at intervals only", file_system=kind)
        return _silence()

    return watch


async def _silence() -> AsyncIterator[object]:
    await anyio.sleep_forever()
    yield None
