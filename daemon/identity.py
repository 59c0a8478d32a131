"""Which process this is: what it writes into its claims, so that a later one can tell them from its own (R-21).

The instance alone decides, under the daemon's lock. Boot and start time make it provable to a person, where the system
tells them: on Linux. Elsewhere they are `unknown` and 0, and nothing else changes.
"""

import os
import uuid
from pathlib import Path

from packages_store.model import Owner

UNKNOWN_BOOT = "unknown"
UNKNOWN_START = 0

_PROC = Path("/proc")
_START_TIME = 22
"""The number of the field in proc_pid_stat(5), counted from 1."""


def new_instance() -> str:
    """A name for one run of one process that nothing else ever has."""
    return str(uuid.uuid4())


def this_process(instance: str, proc: Path = _PROC) -> Owner:
    """What this process writes into its claims."""
    pid = os.getpid()
    return Owner(boot_id(proc), pid, start_ticks(pid, proc), instance)


def boot_id(proc: Path = _PROC) -> str:
    """A name for the time since the machine was started, or `unknown`."""
    try:
        return (proc / "sys/kernel/random/boot_id").read_text("ascii").strip() or UNKNOWN_BOOT
    except (OSError, ValueError):
        return UNKNOWN_BOOT


def start_ticks(pid: int, proc: Path = _PROC) -> int:
    """When `pid` was started, in clock ticks since the boot; 0 when there is no such process or no way to know."""
    try:
        stat = (proc / str(pid) / "stat").read_bytes()
        # The second field is the program's name in parentheses and may hold spaces and parentheses itself.
        return int(stat.rpartition(b")")[2].split()[_START_TIME - 3])
    except (OSError, ValueError, IndexError):
        return UNKNOWN_START
