"""The foreground process: what is started and stopped, in which order, and what signals mean.

Start: log, lock, HTTP (it refuses changes meanwhile), repair, the ready line, work. Stop, on the first SIGTERM, SIGINT
or SIGHUP: what runs is interrupted and its end recorded, event streams end, HTTP goes down, exit 0. A second signal, or
`grace_seconds` later, ends the process at once; the next start repairs what that leaves behind.
"""

import gc
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager

import anyio
import structlog

from daemon.app import Daemon, Parts, open_daemon
from daemon.events import DaemonReady
from daemon.home import HeldHome
from daemon.logs import configure
from daemon.repairing import RepairWorker
from daemon.settings import Settings
from daemon.web.app import make_app
from daemon.web.serve import serve as serve_http

_HUNG = 1
"""Exit code of a process that was told to stop and could not."""


def run(
    settings: Settings,
    tell: Callable[[str], None],
    parts: Parts | None = None,
    home: HeldHome | None = None,
    workers: Sequence[RepairWorker] = (),
) -> None:
    """Run the daemon until a signal ends it; `tell` is handed the one line that says it is ready.

    `home` is held already, and `workers` have begun to repair it, when daemon/start.py came before.

    Raises HomeBusy when another process holds the home, and OSError when the address cannot be bound.
    """
    configure(settings.log, sys.stderr, colors="NO_COLOR" not in os.environ)
    keep_the_loop_swift()
    anyio.run(_run, settings, tell, parts, home, workers)


def keep_the_loop_swift() -> None:
    """Let the event loop in between the steps of heavy work in other threads: measured, its worst wait halves.

    What has been imported is no garbage and need not be looked through again and again; collections are rarer, since
    parsing makes many short-lived objects; and a thread gives way after one millisecond instead of five.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    sys.setswitchinterval(0.001)


async def _run(
    settings: Settings,
    tell: Callable[[str], None],
    parts: Parts | None,
    home: HeldHome | None,
    workers: Sequence[RepairWorker],
) -> None:
    told_to_stop = anyio.Event()
    with _signals() as signals:
        async with anyio.create_task_group() as outer:
            outer.start_soon(_heed, signals, told_to_stop, settings.grace_seconds)
            async with open_daemon(settings, parts, home) as daemon:
                await _live(daemon, workers, tell, told_to_stop)
            outer.cancel_scope.cancel()


def _signals() -> AbstractContextManager[AsyncIterator[signal.Signals]]:
    stop = [signal.SIGTERM, signal.SIGINT]
    # Somebody who started us with nohup wants us to outlive the terminal.
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        stop.append(signal.SIGHUP)
    return anyio.open_signal_receiver(*stop)


async def _heed(signals: AsyncIterator[signal.Signals], told_to_stop: anyio.Event, grace: float) -> None:
    first = await anext(signals)
    structlog.get_logger().info("stopping", signal=first.name)
    told_to_stop.set()
    with anyio.move_on_after(grace):
        second = await anext(signals)
        os._exit(128 + second)
    structlog.get_logger().error("could not stop in order", grace_seconds=grace)
    os._exit(_HUNG)


async def _live(
    daemon: Daemon, workers: Sequence[RepairWorker], tell: Callable[[str], None], told_to_stop: anyio.Event
) -> None:
    async with anyio.create_task_group() as tasks:
        bound = await tasks.start(serve_http, make_app(daemon), daemon.settings.host, daemon.settings.port)
        address = address_of(*bound)
        daemon.announce(address)
        tasks.start_soon(_repair_and_work, daemon, workers, address, tell)
        await told_to_stop.wait()
        await daemon.stop()
        tasks.cancel_scope.cancel()


def address_of(host: str, port: int) -> str:
    """Where a client on this machine finds a server that is bound to `host`."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - asked for, not bound
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


async def _repair_and_work(
    daemon: Daemon, workers: Sequence[RepairWorker], address: str, tell: Callable[[str], None]
) -> None:
    await daemon.repair_all(workers)
    async with anyio.create_task_group() as tasks:
        with daemon.events.listen() as events:
            tasks.start_soon(daemon.work)
            async for _number, event in events:
                if isinstance(event, DaemonReady):
                    break
        tell(f"entity-loom is ready: {address}/  drop folder: {daemon.paths.inbox}")
