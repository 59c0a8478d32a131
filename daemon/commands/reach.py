"""Finds who answers a command: the daemon that holds the home, or this process."""

import os
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

import anyio
from anyio.to_thread import run_sync

from daemon.client import Client
from daemon.commands.exits import Exit, Unavailable
from daemon.commands.service import Service
from daemon.home import Holder, read_holder
from daemon.settings import Settings
from packages_store.errors import HomeBusy, StoreError

Command = Callable[[Service], Awaitable[Exit]]
"""What is to be done with whoever answers."""

PATIENCE = 30.0
"""Seconds to wait for a daemon that holds the home and has not opened its door, or is still repairing."""
_PAUSE = 0.05
_WHAT_HELPS = "Restart the daemon, or set LOOM_TOKEN."


class InThisProcess(Protocol):
    """`daemon.commands.local.in_this_process`, handed in because importing it takes most of a second."""

    async def __call__(self, settings: Settings, use: Command, *, works: bool) -> Exit: ...


async def ask(
    settings: Settings,
    use: Command,
    in_this_process: InThisProcess,
    *,
    works: bool,
    patience: float = PATIENCE,
) -> Exit:
    """Let `use` talk to whoever serves the home. Raises Unavailable when its holder cannot be talked to in time."""
    deadline = time.monotonic() + patience
    while True:
        holder = await run_sync(read_holder, settings.paths)
        if holder is None:
            try:
                return await in_this_process(settings, use, works=works)
            except HomeBusy:
                # Somebody was quicker.
                holder = Holder()
        elif holder.address is not None:
            async with Client(holder.address, read_token(settings), patience) as client:
                return await use(client)
        if time.monotonic() > deadline:
            raise Unavailable(f"{settings.home} is held by {holder}.")
        await anyio.sleep(_PAUSE)


def read_token(settings: Settings) -> str:
    """The token of the home, or LOOM_TOKEN. Raises StoreError when it cannot be read."""
    if token := os.environ.get("LOOM_TOKEN"):
        return token
    try:
        token = settings.paths.token.read_text("ascii").strip()
    except (OSError, ValueError) as error:
        raise StoreError(f"{settings.paths.token} cannot be read: {error}.", _WHAT_HELPS) from error
    if not token:
        raise StoreError(f"{settings.paths.token} is empty.", _WHAT_HELPS)
    return token
