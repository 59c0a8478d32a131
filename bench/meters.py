"""What the kernel says about this process."""

import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

_SELF = Path("/proc/self")


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of processor (all threads, user and system) and of wall clock, and bytes, since some moment.

    `written` are the bytes that were sent towards the disk; `asked` those that were handed to `write` and its kin, of
    which a file that is deleted soon, or written over, never reaches the disk.
    """

    cpu: float = 0.0
    wall: float = 0.0
    written: int = 0
    asked: int = 0

    @classmethod
    def so_far(cls) -> Self:
        """Since the process was started."""
        io = dict(line.split(": ") for line in (_SELF / "io").read_text().splitlines())
        written = int(io["write_bytes"]) - int(io["cancelled_write_bytes"])
        return cls(time.process_time(), time.perf_counter(), written, int(io["wchar"]))

    def __sub__(self, earlier: Self) -> "Spent":
        return Spent(
            self.cpu - earlier.cpu,
            self.wall - earlier.wall,
            self.written - earlier.written,
            self.asked - earlier.asked,
        )

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(
            self.cpu + other.cpu, self.wall + other.wall, self.written + other.written, self.asked + other.asked
        )

    def as_json(self) -> dict[str, float]:
        """The four numbers by name."""
        return asdict(self)


def peak_rss() -> int:
    """The most memory this process has ever had resident, in bytes; what its parent had does not count."""
    for line in (_SELF / "status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("the kernel tells no VmHWM")


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0))
