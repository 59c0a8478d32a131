"""The HTTP API of lineage: what something rests on, and what rests on it."""

from typing import Annotated

from fastapi import APIRouter, Query

from daemon.web.wired import TheDaemon
from packages_store.lineage import Impact, Lineage
from packages_store.lineage import impact as impact_of
from packages_store.lineage import lineage as lineage_of

router = APIRouter()


@router.get("/api/packages/{name}/lineage")
async def lineage(
    daemon: TheDaemon,
    name: str,
    of: Annotated[str, Query(max_length=2100, description="The id or file of a memory, the id of a node or edge.")],
) -> Lineage:
    return await daemon.read(name, lambda package: lineage_of(package, of))


@router.get("/api/packages/{name}/impact")
async def impact(
    daemon: TheDaemon,
    name: str,
    of: Annotated[str, Query(max_length=2100, description="The id of a conversation or of a message.")],
) -> Impact:
    return await daemon.read(name, lambda package: impact_of(package, of))
