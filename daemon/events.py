"""What happened, told to whoever listens. Events are facts in the past tense; losing one loses no state."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import ClassVar

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from packages_store.model import StageName, StageStatus

_BUFFER = 1000


@dataclass(frozen=True, slots=True)
class Event:
    """The base of all events; `kind` is their name on the wire."""

    kind: ClassVar[str] = "event"

    def data(self) -> dict[str, object]:
        """The event as JSON-ready values."""
        return {"kind": self.kind, **asdict(self)}


@dataclass(frozen=True, slots=True)
class StageStarted(Event):
    kind: ClassVar[str] = "stage_started"
    package: str
    stage: StageName


@dataclass(frozen=True, slots=True)
class StageProgressed(Event):
    kind: ClassVar[str] = "stage_progressed"
    package: str
    stage: StageName
    processed: int
    failed: int
    left: int


@dataclass(frozen=True, slots=True)
class StageEnded(Event):
    kind: ClassVar[str] = "stage_ended"
    package: str
    stage: StageName
    status: StageStatus
    reason: str | None


@dataclass(frozen=True, slots=True)
class PackageSettled(Event):
    """Nothing of this package can run now; `waits_for` says for what it waits, None when everything is done."""

    kind: ClassVar[str] = "package_settled"
    package: str
    waits_for: str | None


@dataclass(frozen=True, slots=True)
class PackageRepaired(Event):
    kind: ClassVar[str] = "package_repaired"
    package: str
    subject: str
    done: str


@dataclass(frozen=True, slots=True)
class PackageChanged(Event):
    """Somebody changed what a package holds or how it is made; `what` names it, such as `settings` or `memories`."""

    kind: ClassVar[str] = "package_changed"
    package: str
    what: str


@dataclass(frozen=True, slots=True)
class PackageDeleted(Event):
    kind: ClassVar[str] = "package_deleted"
    package: str


@dataclass(frozen=True, slots=True)
class BudgetNoticed(Event):
    """Most of what a language model may cost is spent; `notice` says of what, and how much."""

    kind: ClassVar[str] = "budget_noticed"
    package: str
    notice: str


@dataclass(frozen=True, slots=True)
class UploadReceived(Event):
    kind: ClassVar[str] = "upload_received"
    package: str
    upload_id: str
    name: str
    outcome: str


@dataclass(frozen=True, slots=True)
class DropFolderChanged(Event):
    kind: ClassVar[str] = "drop_folder_changed"
    state: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class DroppedFilesChanged(Event):
    """Other files wait in the drop folder than before, or for other reasons; `files` are not in a package."""

    kind: ClassVar[str] = "dropped_files_changed"
    files: int


@dataclass(frozen=True, slots=True)
class DaemonReady(Event):
    kind: ClassVar[str] = "daemon_ready"
    packages: int


@dataclass(frozen=True, slots=True)
class DaemonStopping(Event):
    kind: ClassVar[str] = "shutdown"


class EventBus:
    """Hands each event to every listener. A listener that is too slow is closed: it starts again with a fresh look."""

    def __init__(self) -> None:
        self._listeners: dict[MemoryObjectSendStream[tuple[int, Event]], None] = {}
        self._last = 0

    @property
    def last_id(self) -> int:
        """The number of the last event; 0 before the first."""
        return self._last

    def publish(self, event: Event) -> None:
        """Tell everybody. Never blocks; called on the event loop only."""
        self._last += 1
        for listener in list(self._listeners):
            try:
                listener.send_nowait((self._last, event))
            except (anyio.WouldBlock, anyio.BrokenResourceError):
                del self._listeners[listener]
                listener.close()

    @contextmanager
    def listen(self, buffer: float = _BUFFER) -> Iterator[MemoryObjectReceiveStream[tuple[int, Event]]]:
        """A stream of (number, event) from now on; it ends when the listener fell too far behind."""
        send, receive = anyio.create_memory_object_stream[tuple[int, Event]](buffer)
        self._listeners[send] = None
        try:
            with receive:
                yield receive
        finally:
            self._listeners.pop(send, None)
            send.close()

    @contextmanager
    def listen_to_all(self) -> Iterator[MemoryObjectReceiveStream[tuple[int, Event]]]:
        """Like `listen`, without a limit: for a listener inside the process that must not miss anything."""
        with self.listen(math.inf) as receive:
            yield receive
