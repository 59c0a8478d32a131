"""The HTTP API of the graph's picture: a part of the graph with a place for each node."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.requests import Request

from daemon.web.pictures import Picture, Pictures
from daemon.web.wired import TheDaemon

router = APIRouter()

Steps = Annotated[int, Query(ge=1, le=4, description="How many edges away from `id`.")]
Most = Annotated[int, Query(ge=1, le=5000, description="Nodes at most; the nearest to `id` are chosen.")]


class PictureView(BaseModel):
    """Nodes with their places (0 to 1) and communities, and edges as pairs of positions in `nodes`."""

    picture: Picture


@router.get("/api/packages/{name}/graph/picture")
async def picture(
    request: Request,
    daemon: TheDaemon,
    name: str,
    id_: Annotated[str, Query(alias="id", max_length=200, description="Empty for the whole graph.")] = "",
    steps: Steps = 2,
    most: Most = 500,
) -> PictureView:
    """What surrounds a node, or all of the graph, laid out. The same graph gets the same places at every look."""
    pictures: Pictures = request.app.state.pictures
    return PictureView(picture=await daemon.read(name, lambda package: pictures.draw(package, id_, steps, most)))
