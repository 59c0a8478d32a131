"""Whether the home can be written: tried for real, now and then, because permissions and free space do not tell."""

import threading
from collections.abc import Callable
from pathlib import Path

from packages_store.files import Disk

_BELIEVED_SECONDS = 10.0
_PIECE = b"Can this be written? " * 200
"""A full disk still has room for a file without content: a block is needed to tell."""


class WriteTest:
    """Thread-safe."""

    def __init__(self, home: Path, disk: Disk, monotonic: Callable[[], float]) -> None:
        self._path = home / ".writable"
        self._disk = disk
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._tried_at = -_BELIEVED_SECONDS
        self._reason: str | None = None

    def reason(self) -> str | None:
        """Why nothing can be written, None when it can; believed for some seconds when it could."""
        with self._lock:
            now = self._monotonic()
            if self._reason is not None or now - self._tried_at >= _BELIEVED_SECONDS:
                self._reason = self._try()
                self._tried_at = now
            return self._reason

    def _try(self) -> str | None:
        try:
            self._disk.replace(self._path, _PIECE)
            self._disk.remove(self._path)
        except OSError as error:
            return f"{self._path.parent} cannot be written: {error.strerror or error}"
        return None
