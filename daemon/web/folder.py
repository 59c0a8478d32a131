"""The drop folder as JSON and on the page."""

from collections.abc import Sequence

from pydantic import BaseModel

from daemon.app import Daemon
from daemon.watcher import DropFile


class DropFileView(BaseModel):
    """A file in the drop folder. `outcome` is what became of it, or `waiting`, `failed`, `ignored`, …"""

    file: str
    package: str | None
    outcome: str
    reason: str | None
    retry_at: str | None


class DropFolderView(BaseModel):
    """The drop folder: whether it can be looked through, how many files are in each state, and which are not taken."""

    path: str
    state: str
    reason: str | None
    counts: dict[str, int]
    files: list[DropFileView]


class Explanation(BaseModel):
    """Why a file is imported or not."""

    path: str
    explanation: str


def folder_view(daemon: Daemon) -> DropFolderView:
    """How the drop folder is now."""
    watcher = daemon.watcher
    return DropFolderView(
        path=str(daemon.paths.inbox),
        state=watcher.state.state,
        reason=watcher.state.reason,
        counts=watcher.counts(),
        files=file_views(watcher.files()),
    )


def file_views(files: Sequence[DropFile]) -> list[DropFileView]:
    """Files of the drop folder for people; of one that was taken, what its upload says."""
    return [
        DropFileView(
            file=file.path,
            package=file.package,
            outcome=file.upload.outcome if file.upload else file.state,
            reason=file.upload.reason if file.upload else file.reason,
            retry_at=file.retry_at,
        )
        for file in files
    ]
