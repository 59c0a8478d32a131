"""The foreground process: what is started and stopped, in which order, and what signals mean.

Start: log, lock, HTTP (it refuses changes meanwhile), repair, the ready line, work. Stop, on the first SIGTERM or
SIGINT: no change is accepted, event streams end, answers of a language model that are on their way are waited for
during the grace, what runs is interrupted and its end recorded, exit 0. A second signal ends the process at once, and
so does time when it cannot end in order; the next start repairs what that leaves behind. SIGHUP reads the settings
anew, or, where there is a terminal that may hang up, ends it too.
"""

import faulthandler
import gc
import os
import resource
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import anyio
import structlog

from daemon.app import Daemon, Parts, open_daemon
from daemon.doctor import examine
from daemon.events import DaemonReady
from daemon.home import HeldHome
from daemon.logs import configure, scrub
from daemon.repairing import RepairWorker
from daemon.service.memory import share_arenas
from daemon.service.notify import Notifier
from daemon.service.reloading import reloaded
from daemon.service.starts import Start, deaths_that_count
from daemon.service.telling import Teller
from daemon.settings import Settings, SettingsError
from daemon.web.app import make_app
from daemon.web.serve import serve as serve_http
from packages_store.errors import LoomError
from stages.contract import off_loop

_HUNG = 1
"""Exit code of a process that was told to stop and could not."""
_DESCRIPTORS = 8192
_AFTER_GRACE = 1.8
"""Seconds for recording how everything ended, after the grace is over."""

T = TypeVar("T")

Reread = Callable[[], Settings]
"""Reads the settings anew. Raises SettingsError."""


@dataclass(frozen=True, slots=True)
class _Begun:
    """How the process was begun."""

    settings: Settings
    tell: Callable[[str], None]
    workers: Sequence[RepairWorker]
    reread: Reread | None


def run(
    settings: Settings,
    tell: Callable[[str], None],
    parts: Parts | None = None,
    home: HeldHome | None = None,
    workers: Sequence[RepairWorker] = (),
    reread: Reread | None = None,
) -> None:
    """Run the daemon until a signal ends it; `tell` is handed the one line that says it is ready.

    `home` is held already, and `workers` have begun to repair it, when daemon/start.py came before. `reread` is asked
    on SIGHUP.

    Raises HomeBusy when another process holds the home, and OSError when the address cannot be bound.
    """
    _log(settings)
    keep_the_loop_swift()
    share_arenas()
    _take_descriptors()
    anyio.run(_run, _Begun(settings, tell, workers, reread), parts, home)


def _log(settings: Settings) -> None:
    configure(settings.log, sys.stderr, colors="NO_COLOR" not in os.environ, folder=settings.home)


def keep_the_loop_swift() -> None:
    """Let the event loop in between the steps of heavy work in other threads: measured, its worst wait halves.

    What has been imported is no garbage and need not be looked through again and again; collections are rarer, since
    parsing makes many short-lived objects; and a thread gives way after one millisecond instead of five.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    sys.setswitchinterval(0.001)


def _take_descriptors() -> None:
    """Clients and open packages take a few each; the 1,024 that a process usually begins with are soon gone."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(_DESCRIPTORS, hard)
    if resource.RLIM_INFINITY != soft < enough:
        with suppress(OSError, ValueError):  # some systems allow less than they say
            resource.setrlimit(resource.RLIMIT_NOFILE, (enough, hard))


async def _run(begun: _Begun, parts: Parts | None, home: HeldHome | None) -> None:
    async with open_daemon(begun.settings, parts, home) as daemon:
        died = await off_loop(_noted, lambda: daemon.starts.begin(os.getpid())) or ()
        with ExitStack() as stack:
            _noted(lambda: faulthandler.enable(stack.enter_context(daemon.starts.open_crash_log())))
            stack.callback(faulthandler.disable)
            try:
                await _Life(daemon, begun, died).live()
            except BaseException as error:
                cause = _cause(error)
                # One that refuses to start and says why, such as for a port in use, has not crashed.
                is_refusal = isinstance(cause, LoomError)
                _noted(daemon.starts.ended if is_refusal else partial(daemon.starts.failed, _evidence(cause)))
                raise
            await off_loop(_noted, daemon.starts.ended)


def _noted(act: Callable[[], T]) -> T | None:
    """What is only remembered for the next start must not keep the daemon from its work when the disk is full."""
    try:
        return act()
    except OSError as error:
        structlog.get_logger().warning("the start could not be noted", reason=str(error))
        return None


def _cause(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _evidence(error: BaseException) -> str:
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f" ({place.tb_frame.f_code.co_qualname}, line {place.tb_lineno})" if place is not None else ""
    return scrub(f"{type(error).__name__}: {error}{where}")


class _Life:
    """One life of a daemon, from the open door to the last word."""

    def __init__(self, daemon: Daemon, begun: _Begun, died: tuple[Start, ...]) -> None:
        self._daemon = daemon
        self._begun = begun
        self._died = died
        self._teller = Teller(daemon, Notifier.from_environment(os.environ))
        self._told_to_stop = anyio.Event()

    async def live(self) -> None:
        """Serve until a signal says otherwise."""
        with _signals() as signals:
            async with anyio.create_task_group() as outer:
                outer.start_soon(self._heed, signals)
                await self._serve()
                outer.cancel_scope.cancel()

    async def _serve(self) -> None:
        daemon = self._daemon
        async with anyio.create_task_group() as tasks:
            bound = await tasks.start(serve_http, make_app(daemon), daemon.settings.host, daemon.settings.port)
            address = address_of(*bound)
            daemon.announce(address)
            tasks.start_soon(self._teller.serve)
            tasks.start_soon(self._repair_and_work, address)
            await self._told_to_stop.wait()
            self._teller.stopping()
            await daemon.stop()
            tasks.cancel_scope.cancel()

    async def _repair_and_work(self, address: str) -> None:
        daemon = self._daemon
        await daemon.repair_all(self._begun.workers)
        await self._beware()
        async with anyio.create_task_group() as tasks:
            with daemon.events.listen() as events:
                tasks.start_soon(daemon.work)
                async for _number, event in events:
                    if isinstance(event, DaemonReady):
                        break
            self._teller.ready()
            self._begun.tell(f"entity-loom is ready: {address}/  drop folder: {daemon.paths.inbox}")
            if daemon.starts.was_unclean:
                await _examine(daemon)

    async def _beware(self) -> None:
        """After several deaths right after the start, begin in safe mode."""
        daemon = self._daemon
        limit = daemon.settings.safe_mode_after
        if limit and len(self._died) >= limit:
            has_set_aside = await daemon.has_set_aside()
            why = deaths_that_count(self._died, limit, has_set_aside=has_set_aside)
            if why is not None:
                structlog.get_logger().error("safe mode", reason=str(why), evidence=why.evidence)
                daemon.enter_safe_mode(why)

    # --- signals -----------------------------------------------------------------------------------------------

    async def _heed(self, signals: AsyncIterator[signal.Signals]) -> None:
        first = await anext(signals)
        while first == signal.SIGHUP and self._begun.reread is not None and not _has_terminal():
            await self._reload(self._begun.reread)
            first = await anext(signals)
        structlog.get_logger().info("stopping", signal=first.name)
        self._told_to_stop.set()
        grace = self._daemon.settings.grace_seconds
        with anyio.move_on_after(grace + _AFTER_GRACE):
            second = await anext(signals)
            os._exit(128 + second)
        structlog.get_logger().error("could not stop in order", grace_seconds=grace)
        os._exit(_HUNG)

    async def _reload(self, reread: Reread) -> None:
        self._teller.reloading()
        try:
            new = reloaded(self._daemon.settings, await off_loop(reread))
        except SettingsError as error:
            structlog.get_logger().error("the settings stay as they are", reason=str(error))
            self._teller.ready("the settings could not be read")
            return
        self._daemon.use(new.settings)
        _log(new.settings)
        structlog.get_logger().warning("settings read anew", changed=new.changed, at_the_next_start=new.later)
        self._teller.ready(str(new))


def _has_terminal() -> bool:
    """Whether a terminal may hang up: SIGHUP then means that its window was closed."""
    return sys.stderr.isatty()


def _signals() -> AbstractContextManager[AsyncIterator[signal.Signals]]:
    heeded = [signal.SIGTERM, signal.SIGINT]
    # Somebody who started us with nohup wants us to outlive the terminal.
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        heeded.append(signal.SIGHUP)
    return anyio.open_signal_receiver(*heeded)


async def _examine(daemon: Daemon) -> None:
    """After a start that did not end in order: look at everything, and tell what is not as it should be."""
    log = structlog.get_logger()
    wrong = [finding for finding in await examine(daemon, thorough=False) if finding.severity != "ok"]
    for finding in wrong:
        log.warning("found after a crash", subject=finding.subject, found=finding.found, advice=finding.advice)
    log.info("examined after a crash", findings=len(wrong))


def address_of(host: str, port: int) -> str:
    """Where a client on this machine finds a server that is bound to `host`."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - asked for, not bound
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
