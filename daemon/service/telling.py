"""Keeps the service manager informed: ready, how far, alive, stopping (R-91)."""

from collections import Counter

import anyio
from anyio.abc import TaskGroup

from daemon.app import Daemon
from daemon.events import Event, StageEnded, StageProgressed
from daemon.service.notify import Notifier

_STATUS_SECONDS = 1.0
"""How often the status line is written at most."""
_EXTENSION_SECONDS = 60.0
_SPARE_SECONDS = 10.0


class Teller:
    """Tells a `Notifier` how a `Daemon` is. All methods belong to the event loop."""

    def __init__(self, daemon: Daemon, notifier: Notifier) -> None:
        self._daemon = daemon
        self._notifier = notifier
        self._progress: dict[str, StageProgressed] = {}
        self._told = ""

    async def serve(self) -> None:
        """Tell for ever; returns at once when nobody listens."""
        if not self._notifier.is_heard:
            return
        async with anyio.create_task_group() as tasks:
            self._start(tasks)

    def _start(self, tasks: TaskGroup) -> None:
        tasks.start_soon(self._follow)
        tasks.start_soon(self._tell_status)
        tasks.start_soon(self._ask_for_time)
        if self._notifier.feed_seconds is not None:
            tasks.start_soon(self._feed, self._notifier.feed_seconds)

    async def _follow(self) -> None:
        with self._daemon.events.listen_to_all() as events:
            async for _number, event in events:
                self._note(event)

    def _note(self, event: Event) -> None:
        match event:
            case StageProgressed():
                self._progress[event.package] = event
            case StageEnded():
                self._progress.pop(event.package, None)

    async def _tell_status(self) -> None:
        while True:
            status = self.status()
            if status != self._told:
                self._notifier.status(status)
                self._told = status
            await anyio.sleep(_STATUS_SECONDS)

    async def _ask_for_time(self) -> None:
        """A repair or a migration of many packages may last longer than a start usually may."""
        while self._daemon.phase == "repairing":
            self._notifier.extend(_EXTENSION_SECONDS)
            await anyio.sleep(_EXTENSION_SECONDS / 6)

    async def _feed(self, seconds: float) -> None:
        while True:
            self.feed()
            await anyio.sleep(seconds)

    def feed(self) -> None:
        """Feed the watchdog, unless work stands still for no known reason; being called shows that the loop turns."""
        if self._daemon.keeper.stalled is None:
            self._notifier.alive()

    def ready(self, note: str = "") -> None:
        """Everything is repaired and clients can connect, or the settings were read anew."""
        self._told = "; ".join(filter(None, (note, self.status())))
        self._notifier.ready(self._told)

    def reloading(self) -> None:
        """The settings are being read anew."""
        self._notifier.reloading()

    def stopping(self) -> None:
        """It ends in order."""
        self._notifier.stopping("ending in order")
        self._notifier.extend(self._daemon.settings.grace_seconds + _SPARE_SECONDS)

    def status(self) -> str:
        """The daemon in a line: what runs in how many packages, and how far it is. No names."""
        daemon = self._daemon
        if daemon.phase != "ready":
            return daemon.phase
        if daemon.paused is not None:
            return f"paused: {daemon.paused}"
        stages = Counter(lock.stage for lock in daemon.stage_locks.all())
        if not stages:
            return "ready; nothing to do"
        works = ", ".join(f"{stage} of {count} package{'s' * (count > 1)}" for stage, count in sorted(stages.items()))
        return f"ready; {works}{self._percent()}"

    def _percent(self) -> str:
        done = sum(event.processed + event.failed for event in self._progress.values())
        left = sum(event.left for event in self._progress.values())
        return f", {100 * done // (done + left)} %" if done + left else ""
