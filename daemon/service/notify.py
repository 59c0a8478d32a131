"""Tells systemd how the daemon is (sd_notify(3)): datagrams to the socket that NOTIFY_SOCKET names.

Without that variable nothing is told. What cannot be told is passed over: a service manager that does not listen must
not keep the daemon from its work.
"""

import os
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Self

_WATCHDOG_SHARE = 0.4
"""The watchdog is fed well before half its time is over, as sd_watchdog_enabled(3) advises."""


class Notifier:
    """The line to the service manager. Its methods never block and never raise."""

    def __init__(
        self,
        address: str | None,
        watchdog_seconds: float | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`address` is a path, or a name that begins with `@` for an abstract socket; None: there is nobody to tell."""
        self._address = None if address is None else _unabbreviated(address)
        self._monotonic = monotonic
        self.feed_seconds = None if watchdog_seconds is None else watchdog_seconds * _WATCHDOG_SHARE
        """How often `alive` is expected; None when there is no watchdog."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], pid: int | None = None) -> Self:
        """Whom the environment names. A watchdog that was meant for another process is not ours to feed."""
        address = environ.get("NOTIFY_SOCKET") or None
        is_ours = environ.get("WATCHDOG_PID", str(pid or os.getpid())) == str(pid or os.getpid())
        microseconds = environ.get("WATCHDOG_USEC", "")
        seconds = int(microseconds) / 1e6 if is_ours and microseconds.isdecimal() and int(microseconds) else None
        return cls(address, seconds if address else None)

    @property
    def is_heard(self) -> bool:
        """Whether there is anybody to tell."""
        return self._address is not None

    def ready(self, status: str) -> None:
        """The lock is held, everything is repaired, and clients can connect; or the settings have been read anew."""
        self._tell("READY=1", _status(status))

    def status(self, status: str) -> None:
        """How far it is, in a line."""
        self._tell(_status(status))

    def alive(self) -> None:
        """Feed the watchdog."""
        self._tell("WATCHDOG=1")

    def extend(self, seconds: float) -> None:
        """Starting or stopping takes longer: do not give up within so many seconds."""
        self._tell(f"EXTEND_TIMEOUT_USEC={int(seconds * 1e6)}")

    def reloading(self) -> None:
        """The settings are being read anew; `ready` says when that is done."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={int(self._monotonic() * 1e6)}")

    def stopping(self, status: str) -> None:
        """It ends, in order."""
        self._tell("STOPPING=1", _status(status))

    def _tell(self, *lines: str) -> None:
        if self._address is None:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
            line.setblocking(False)
            line.sendto("\n".join(lines).encode(), self._address)


def _unabbreviated(address: str) -> str:
    return f"\0{address[1:]}" if address.startswith("@") else address


def _status(text: str) -> str:
    # One line: what follows a line end would be read as another assignment.
    return f"STATUS={' '.join(text.split())}"
