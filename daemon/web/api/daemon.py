"""The HTTP API of the daemon itself: how it is, what it watches, what happens."""

from importlib.metadata import version
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from daemon.doctor import examine
from daemon.finding import Finding
from daemon.service.starts import SafeMode
from daemon.views import RepairView
from daemon.web.events import EventStream
from daemon.web.folder import DropFileView, DropFolderView, Explanation, file_views, folder_view
from daemon.web.wired import TheDaemon, TheFeed, TheLogins

router = APIRouter()

_STREAM: dict[int | str, dict[str, Any]] = {200: {"content": {EventStream.media_type: {}}}}


class SafeModeView(BaseModel):
    """Nothing is worked on: why, and the last that is known of what the daemon died of."""

    reason: str
    deaths: list[str]
    """When the starts were that died."""
    evidence: str


class Status(BaseModel):
    """The daemon in a line."""

    phase: Literal["repairing", "ready", "stopping"]
    version: str
    instance: str
    pid: int
    address: str | None
    drop_folder: DropFolderView
    packages: int
    safe_mode: SafeModeView | None
    paused: str | None
    """What all packages wait for; None when they do not."""


class LoginLink(BaseModel):
    """A link that logs one browser in, once."""

    link: str


@router.post("/api/login-links", status_code=201)
async def make_login_link(request: Request, logins: TheLogins) -> LoginLink:
    return LoginLink(link=f"{request.url.scheme}://{request.headers['host']}/login?once={logins.make_link()}")


@router.get("/api/events", response_class=Response, responses=_STREAM)
async def events(request: Request, feed: TheFeed, last_event_id: str | None = None) -> EventStream:
    return EventStream(feed, request.headers.get("last-event-id", last_event_id))


@router.get("/api/repairs")
async def repairs(daemon: TheDaemon) -> list[RepairView]:
    return await daemon.repairs()


@router.get("/api/status")
async def status(daemon: TheDaemon) -> Status:
    return Status(
        phase=daemon.phase,
        version=version("entity-loom"),
        instance=daemon.owner.instance,
        pid=daemon.owner.pid,
        address=daemon.address,
        drop_folder=folder_view(daemon),
        packages=len(await daemon.names()),
        safe_mode=_safe_mode(daemon.safe_mode),
        paused=daemon.paused,
    )


def _safe_mode(found: SafeMode | None) -> SafeModeView | None:
    if found is None:
        return None
    return SafeModeView(reason=str(found), deaths=[start.at for start in found.died], evidence=found.evidence)


@router.get("/api/doctor")
async def doctor(daemon: TheDaemon) -> list[Finding]:
    return await examine(daemon)


@router.get("/api/drop-folder")
async def drop_folder(daemon: TheDaemon) -> DropFolderView:
    return folder_view(daemon)


@router.post("/api/drop-folder/scan")
async def scan(daemon: TheDaemon) -> list[DropFileView]:
    return file_views(await daemon.watcher.scan_once())


@router.get("/api/drop-folder/explain")
async def explain(daemon: TheDaemon, path: Annotated[str, Query(min_length=1, max_length=4096)]) -> Explanation:
    return Explanation(path=path, explanation=await daemon.watcher.explain(path))
