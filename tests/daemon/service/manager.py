"""A service manager's end of the notify socket, and a daemon process that is told where it is."""

import select
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.doors.harness import DEADLINE


class Manager:
    """Receives what daemons tell. `lines` is everything so far, one assignment each."""

    def __init__(self, listening: socket.socket, address: str) -> None:
        self._socket = listening
        self.address = address
        self.lines: list[str] = []
        self.messages: list[list[str]] = []

    def collect(self, seconds: float = 0) -> None:
        """Take what has come, or comes within so many seconds."""
        while select.select([self._socket], [], [], seconds)[0]:
            message = self._socket.recv(65536).decode().splitlines()
            self.messages.append(message)
            self.lines += message
            seconds = 0

    def wait_for(self, condition: Callable[[str], bool], what: str) -> str:
        """The first line that fits, waiting until it comes."""
        seen = 0
        for _ in range(int(DEADLINE * 10)):
            for line in self.lines[seen:]:
                if condition(line):
                    return line
            seen = len(self.lines)
            self.collect(0.1)
        raise AssertionError(f"waited in vain for {what}: {self.lines}")


@contextmanager
def manager(folder: Path, abstract: str = "") -> Iterator[Manager]:
    """A socket at a path in `folder`, or an abstract one of that name."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        address = f"@{abstract}" if abstract else str(folder / "notify")
        listening.bind(f"\0{abstract}" if abstract else address)
        yield Manager(listening, address)
