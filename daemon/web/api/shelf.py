"""The HTTP API of a package's settings and of the trash."""

from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import BaseModel

from daemon.configuring import CHANGEABLE, change_settings
from daemon.views import PackageDetail
from daemon.web.problems import Problem, Refused
from daemon.web.wired import TheDaemon
from packages_store.trash import Trashed

router = APIRouter()


class PackageSettings(BaseModel):
    """The settings of a package that can be changed, and the names of those that just were."""

    settings: dict[str, Any]
    changed: list[str]


class TrashedPackage(BaseModel):
    """A deleted package. `id` is what restores it."""

    id: str
    name: str
    deleted_at: str


def trashed_package(entry: Trashed) -> TrashedPackage:
    """A deleted package for people and programs."""
    return TrashedPackage(id=entry.id, name=entry.name, deleted_at=entry.deleted_at)


@router.get("/api/packages/{name}/settings")
async def settings(daemon: TheDaemon, name: str) -> PackageSettings:
    config = await daemon.read(name, lambda package: package.config)
    return PackageSettings(settings={key: getattr(config, key) for key in CHANGEABLE}, changed=[])


@router.put("/api/packages/{name}/settings")
async def save_settings(daemon: TheDaemon, name: str, given: Annotated[dict[str, Any], Body()]) -> PackageSettings:
    """Change the settings that are given; what depends on them is made anew."""
    if unknown := sorted(given.keys() - set(CHANGEABLE)):
        advice = f"These can be changed: {', '.join(CHANGEABLE)}."
        raise Refused(Problem(422, "validation", f"There is no setting {', '.join(unknown)[:200]}.", advice))
    changed = await daemon.change(name, "settings", lambda package: change_settings(package, given))
    return (await settings(daemon, name)).model_copy(update={"changed": changed})


@router.delete("/api/packages/{name}")
async def delete(daemon: TheDaemon, name: str) -> TrashedPackage:
    """Move a package into the trash; what runs of it is stopped first."""
    return trashed_package(await daemon.delete(name))


@router.get("/api/trash")
async def trash(daemon: TheDaemon) -> list[TrashedPackage]:
    return [trashed_package(entry) for entry in await daemon.trashed()]


@router.post("/api/trash/{entry_id}/restore")
async def restore(daemon: TheDaemon, entry_id: str) -> PackageDetail:
    return await daemon.restore(entry_id)
