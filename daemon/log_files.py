"""Where lines of the log go: how often the same complaint is told, the journal's priorities, files that stay small."""

import logging
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

from packages_store.files import FILE_MODE

_WINDOW_SECONDS = 60.0
_KEPT = 500
"""Complaints that are remembered at most."""
_DAY = 86_400.0
_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6), (logging.DEBUG, 7))
"""Levels as syslog(3) counts them, which the journal reads from `<3>` at the beginning of a line (sd-daemon(3))."""

Monotonic = Callable[[], float]


@dataclass(slots=True)
class _Complaint:
    """A line that was told, and how often it came again since."""

    record: logging.LogRecord
    told_at: float
    again: int = 0


class Complaints:
    """Warnings and errors that say the same within a minute are told once, and then how often they came again."""

    def __init__(self, monotonic: Monotonic) -> None:
        self._monotonic = monotonic
        self._known: OrderedDict[str, _Complaint] = OrderedDict()

    def admit(self, record: logging.LogRecord) -> list[logging.LogRecord]:
        """What to tell now: counts of earlier complaints whose minute is over, and `record` unless it was just told."""
        now = self._monotonic()
        told = self._over(now)
        if record.levelno < logging.WARNING:
            return [*told, record]
        key = _key(record)
        known = self._known.get(key)
        if known is not None:
            known.again += 1
            return told
        self._known[key] = _Complaint(record, now)
        return [*told, record]

    def _over(self, now: float) -> list[logging.LogRecord]:
        told = []
        while self._known:
            key, first = next(iter(self._known.items()))
            if now - first.told_at < _WINDOW_SECONDS and len(self._known) <= _KEPT:
                break
            del self._known[key]
            if first.again:
                told.append(_counted(first))
        return told


def _key(record: logging.LogRecord) -> str:
    """What makes two complaints the same: everything but the time."""
    said = record.msg
    if isinstance(said, Mapping):
        parts = sorted((str(name), str(value)) for name, value in said.items() if name != "timestamp")
        return repr((record.levelno, parts))
    return repr((record.levelno, record.name, record.getMessage()))


def _counted(complaint: _Complaint) -> logging.LogRecord:
    record = copy(complaint.record)
    if isinstance(record.msg, Mapping):
        said = {name: value for name, value in record.msg.items() if name != "exc_info"}
        record.msg = {**said, "came_again": complaint.again}
    else:
        record.msg, record.args = f"{record.getMessage()} (came again {complaint.again} times)", None
    record.exc_info = None
    return record


class Lines(logging.StreamHandler[TextIO]):
    """Writes to a stream; to the journal with the priority of each line."""

    def __init__(self, stream: TextIO, *, is_journal: bool, monotonic: Monotonic = time.monotonic) -> None:
        super().__init__(stream)
        self._is_journal = is_journal
        self._complaints = Complaints(monotonic)

    def emit(self, record: logging.LogRecord) -> None:
        for each in self._complaints.admit(record):
            super().emit(each)

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        if not self._is_journal:
            return text
        priority = next(number for level, number in _PRIORITIES if record.levelno >= level or level == logging.DEBUG)
        return "\n".join(f"<{priority}>{line}" for line in text.splitlines())


class LogFile(RotatingFileHandler):
    """Writes to a file, 0600; a new one is begun when it is large or old, and only so many are kept."""

    def __init__(
        self,
        path: Path,
        size: int,
        days: float,
        files: int,
        monotonic: Monotonic = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._seconds = days * _DAY
        self._now = now
        self._complaints = Complaints(monotonic)
        super().__init__(path, maxBytes=size, backupCount=max(1, files - 1), encoding="utf-8")
        self._began_at = now()
        if path.stat().st_size:
            self._began_at = path.stat().st_mtime

    def _open(self) -> TextIO:  # type: ignore[override]
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, FILE_MODE)
        return os.fdopen(descriptor, "a", encoding="utf-8")

    def emit(self, record: logging.LogRecord) -> None:
        for each in self._complaints.admit(record):
            super().emit(each)

    def shouldRollover(self, record: logging.LogRecord) -> int:  # noqa: N802 - as the standard library calls it
        is_old = self._now() - self._began_at >= self._seconds
        return int(is_old or bool(super().shouldRollover(record)))

    def doRollover(self) -> None:  # noqa: N802 - as the standard library calls it
        super().doRollover()
        self._began_at = self._now()


def is_journal(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether a stream leads to the journal: JOURNAL_STREAM names its device and inode (systemd.exec(5))."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError, AttributeError):
        return False
    return environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"
