"""The HTTP API of packages: routes of a few lines, each one call of `Daemon`."""

from typing import Annotated, Any
from urllib.parse import quote

import anyio
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, field_validator

from daemon.views import PackageDetail, PackageView, UploadView, upload_view
from daemon.web.acts import ItemChoice, SkipChoice, StageChoice, skip
from daemon.web.problems import Problem, Refused
from daemon.web.streams import Download, receive_upload
from daemon.web.wired import TheDaemon
from packages_store.config import PackageConfig, split_keys
from packages_store.model import StageName
from packages_store.times import LATEST_MS

router = APIRouter()

_ZIP: dict[int | str, dict[str, Any]] = {200: {"content": {"application/zip": {}}}}


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
    modified: Annotated[int | None, Query(ge=1, le=LATEST_MS)] = None,
) -> UploadView:
    """Take in the file that is the body; `modified` is when it was last changed, in milliseconds since 1970."""
    taken = await receive_upload(request, daemon.intake, name, file, daemon.settings.max_upload_bytes, modified)
    if until is not None:
        await daemon.set_until(name, until)
    daemon.handed_in(name)
    return upload_view(taken)


@router.put("/api/packages/{name}/until")
async def stop_after(daemon: TheDaemon, name: str, choice: StageChoice) -> PackageDetail:
    await daemon.set_until(name, choice.stage)
    return await daemon.package(name)


@router.get("/api/packages/{name}/export", response_class=Response, responses=_ZIP)
async def export(daemon: TheDaemon, name: str) -> Download:
    disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}.zip"
    return Download(daemon.export(name), "application/zip", {"Content-Disposition": disposition})
