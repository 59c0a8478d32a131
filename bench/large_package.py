"""A large package with everything in it, made by the real daemon out of an export."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.generate import Workload, write_export
from tests.doors.harness import DaemonProcess, until

NAME = "wren"
API, PAGE = f"/api/packages/{NAME}", f"/packages/{NAME}"
_EXPORTS = 4
"""Files that the conversations come in: they are written at the same time."""
_PATIENCE = 3_600.0
_WAIT = 60
"""Seconds for which the daemon is asked to wait before it tells how a package stands, which takes it a while."""
_PACE = {"LOOM_INBOX__RESCAN_SECONDS": "30"}
"""As it usually is: tests let the drop folder, and all files of a package that is new, be looked at all the time."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large the package is."""

    workload: Workload
    nodes: int
    edges: int


def daemon_of(home: Path, size: Size, rate: float = 0.0) -> DaemonProcess:
    """A daemon whose stages do so many items a second, 0 for as many as they can; not started yet."""
    shape = (home, size.workload.conversations, size.nodes, size.edges, rate)
    return DaemonProcess(home, _PACE, entry=("-m", "bench.page_daemon"), arguments=tuple(map(str, shape)))


def fill(home: Path, size: Size) -> None:
    """Let a daemon import so much, to the end of the last stage."""
    exports = _write_exports(home.parent, size.workload)
    with daemon_of(home, size) as daemon:
        daemon.start().wait_ready()
        folder = daemon.inbox / NAME
        folder.mkdir(parents=True)
        for export in exports:
            export.rename(folder / export.name)
        state = until(lambda: _settled(daemon), "the import", _PATIENCE)
        assert state == "done", daemon.output
        for number in range(3):
            tags = [f"tag {number}", f"tag {number + 3}"]
            body = {"choice": {"least_messages": 5 * number}, "tag": tags}
            daemon.api("POST", f"{API}/conversations/change", body=body)
        daemon.terminate()


def _write_exports(folder: Path, workload: Workload) -> list[Path]:
    """Files that hold so much together, with other conversations in each."""
    numbers = range(_EXPORTS)
    part = Workload(*(count // _EXPORTS for count in (workload.conversations, workload.messages, workload.size)))
    paths = [folder / f"export {number}.json" for number in numbers]
    with ProcessPoolExecutor(_EXPORTS) as processes:
        list(processes.map(write_export, paths, [part] * _EXPORTS, numbers))
    return paths


def _settled(daemon: DaemonProcess) -> str | None:
    """The state of the package once all exports are in it and nothing of it can run now."""
    answer = daemon.ask("GET", f"{API}?wait={_WAIT}")
    if answer.status == 404 or len(answer.json["uploads"]) < _EXPORTS:
        return None
    detail = answer.json
    return None if detail["state"] == "running" or detail["waits_for"] == "its turn" else str(detail["state"])
