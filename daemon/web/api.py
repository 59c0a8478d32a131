"""The HTTP API: routes of a few lines, each one call of `Daemon`."""

from importlib.metadata import version
from typing import Annotated, Any, Literal
from urllib.parse import quote

import anyio
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, field_validator

from daemon.app import Daemon
from daemon.doctor import Finding, examine
from daemon.views import PackageDetail, PackageView, RepairView, UploadView, upload_view
from daemon.web.acts import ItemChoice, SkipChoice, StageChoice, skip
from daemon.web.events import EventFeed, EventStream
from daemon.web.folder import DropFileView, DropFolderView, Explanation, file_views, folder_view
from daemon.web.login import Logins
from daemon.web.problems import RETRY_AFTER, Problem, Refused
from daemon.web.streams import Download, receive_upload
from packages_store.config import PackageConfig, split_keys
from packages_store.model import StageName

router = APIRouter()

_STREAM: dict[int | str, dict[str, Any]] = {200: {"content": {EventStream.media_type: {}}}}
_ZIP: dict[int | str, dict[str, Any]] = {200: {"content": {"application/zip": {}}}}


def _daemon(request: Request) -> Daemon:
    daemon: Daemon = request.app.state.daemon
    return daemon


def _logins(request: Request) -> Logins:
    logins: Logins = request.app.state.logins
    return logins


def _feed(request: Request) -> EventFeed:
    feed: EventFeed = request.app.state.feed
    return feed


TheDaemon = Annotated[Daemon, Depends(_daemon)]
TheLogins = Annotated[Logins, Depends(_logins)]
TheFeed = Annotated[EventFeed, Depends(_feed)]


class NewPackage(BaseModel):
    """A package to make; what `config` leaves out is as the daemon's settings say."""

    model_config = ConfigDict(extra="forbid")

    name: str
    config: PackageConfig | None = None

    @field_validator("config", mode="before")
    @classmethod
    def _without_keys(cls, config: Any) -> Any:
        # A package would drop it in silence; somebody who hands in a key must learn that it is not kept here.
        if isinstance(config, dict) and split_keys(config)[1]:
            raise ValueError("no key belongs in a package")
        return config


class Status(BaseModel):
    """The daemon in a line."""

    phase: Literal["repairing", "ready", "stopping"]
    version: str
    instance: str
    pid: int
    address: str | None
    drop_folder: DropFolderView
    packages: int


class LoginLink(BaseModel):
    """A link that logs one browser in, once."""

    link: str


class Found(BaseModel):
    """A message that holds every word that was looked for."""

    conversation: str
    message: str
    excerpt: str


# --- the daemon ------------------------------------------------------------------------------------------------------


@router.get("/livez", include_in_schema=False)
async def livez() -> Response:
    return Response("ok", media_type="text/plain")


@router.get("/readyz")
async def readyz(daemon: TheDaemon) -> dict[str, str]:
    if daemon.phase != "ready":
        detail = f"The daemon is {daemon.phase}."
        raise Refused(Problem(503, daemon.phase, detail, "Try again in a moment.", RETRY_AFTER))
    return {"status": "ready"}


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
    )


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


# --- packages --------------------------------------------------------------------------------------------------------


@router.get("/api/packages")
async def packages(daemon: TheDaemon) -> list[PackageView]:
    return await daemon.packages()


@router.post("/api/packages", status_code=201)
async def create_package(daemon: TheDaemon, new: NewPackage) -> PackageDetail:
    return await daemon.create(new.name, _completed(daemon.new_config(), new.config))


def _completed(default: PackageConfig, given: PackageConfig | None) -> PackageConfig:
    if given is None:
        return default
    if given.model_extra:
        names = ", ".join(sorted(given.model_extra))
        raise Refused(Problem(422, "validation", f"There is no setting {names[:200]}.", "No key belongs in a package."))
    return default.model_copy(update=given.model_dump(exclude_unset=True))


@router.get("/api/packages/{name}")
async def package(
    daemon: TheDaemon, name: str, wait: Annotated[float, Query(ge=0, le=60, description="Seconds")] = 0
) -> PackageDetail:
    with anyio.move_on_after(wait):
        if wait:
            return await daemon.settled(name)
    return await daemon.package(name)


@router.post("/api/packages/{name}/start")
@router.post("/api/packages/{name}/resume")
async def resume(daemon: TheDaemon, name: str, choice: StageChoice | None = None) -> PackageDetail:
    return await daemon.resume(name, choice.stage if choice else None)


@router.post("/api/packages/{name}/abort")
async def abort(daemon: TheDaemon, name: str) -> PackageDetail:
    return await daemon.abort(name)


@router.post("/api/packages/{name}/retry")
async def retry(daemon: TheDaemon, name: str, choice: ItemChoice | None = None) -> PackageDetail:
    return await daemon.retry(name, choice.stage if choice else None, choice.item if choice else None)


@router.post("/api/packages/{name}/skip")
async def skip_items(daemon: TheDaemon, name: str, choice: SkipChoice | None = None) -> PackageDetail:
    return await skip(daemon, name, choice or SkipChoice())


@router.put("/api/packages/{name}/uploads", status_code=201)
async def upload(
    request: Request,
    daemon: TheDaemon,
    name: str,
    file: Annotated[str, Query(alias="name", min_length=1, max_length=1000)],
    until: StageName | None = None,
) -> UploadView:
    taken = await receive_upload(request, daemon.intake, name, file, daemon.settings.max_upload_bytes)
    if until is not None:
        await daemon.set_until(name, until)
    daemon.handed_in(name)
    return upload_view(taken)


@router.put("/api/packages/{name}/until")
async def stop_after(daemon: TheDaemon, name: str, choice: StageChoice) -> PackageDetail:
    await daemon.set_until(name, choice.stage)
    return await daemon.package(name)


@router.get("/api/packages/{name}/search")
async def search(daemon: TheDaemon, name: str, q: Annotated[str, Query(max_length=1000)]) -> list[Found]:
    rows = await daemon.search(name, q)
    return [Found(conversation=conversation, message=message, excerpt=text) for conversation, message, text in rows]


@router.get("/api/packages/{name}/export", response_class=Response, responses=_ZIP)
async def export(daemon: TheDaemon, name: str) -> Download:
    disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}.zip"
    return Download(daemon.export(name), "application/zip", {"Content-Disposition": disposition})
