"""A large package with everything in it, made by the real daemon out of an export."""

from dataclasses import dataclass
from pathlib import Path

from bench.generate import Workload, write_export
from tests.doors.harness import DaemonProcess

NAME = "wren"
API, PAGE = f"/api/packages/{NAME}", f"/packages/{NAME}"
_PATIENCE = 3_600.0


@dataclass(frozen=True, slots=True)
class Size:
    """How large the package is."""

    workload: Workload
    nodes: int
    edges: int


def daemon_of(home: Path, size: Size, rate: float = 0.0) -> DaemonProcess:
    """A daemon whose stages do so many items a second, 0 for as many as they can; not started yet."""
    shape = (home, size.workload.conversations, size.nodes, size.edges, rate)
    return DaemonProcess(home, entry=("-m", "bench.page_daemon"), arguments=tuple(map(str, shape)))


def fill(home: Path, size: Size) -> None:
    """Let a daemon import so much, to the end of the last stage."""
    export = home.parent / "conversations.json"
    write_export(export, size.workload)
    with daemon_of(home, size) as daemon:
        daemon.start().wait_ready()
        folder = daemon.inbox / NAME
        folder.mkdir(parents=True)
        export.rename(folder / export.name)
        state = daemon.wait_settled(NAME, seconds=_PATIENCE)["state"]
        assert state == "done", daemon.output
        for number in range(3):
            tags = [f"tag {number}", f"tag {number + 3}"]
            body = {"choice": {"least_messages": 5 * number}, "tag": tags}
            daemon.api("POST", f"{API}/conversations/change", body=body)
        daemon.terminate()
