"""The HTTP API of the review list: what the quality gate holds back, to be kept or dropped."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from daemon.doubt_views import DoubtView, view
from daemon.web.wired import TheDaemon
from packages_store import by_hand
from packages_store.doubts import DoubtState

router = APIRouter()

CHANGED = "doubts"
"""What `PackageChanged` says after each of these changes."""


class DoubtPage(BaseModel):
    """Some entries, by date; `next` is the `cursor` of the following page, None at the end."""

    doubts: list[DoubtView]
    next: str | None


class Chosen(BaseModel):
    """An entry by its id."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, Field(max_length=64)]


@router.get("/api/packages/{name}/doubts")
async def doubts(
    daemon: TheDaemon,
    name: str,
    state: DoubtState | Literal["all"] = "open",
    cursor: Annotated[str, Query(max_length=64)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> DoubtPage:
    found = await daemon.read(
        name, lambda package: package.doubts.all(None if state == "all" else state, cursor, limit + 1)
    )
    page = list(map(view, found[:limit]))
    return DoubtPage(doubts=page, next=page[-1].id if len(found) > limit else None)


@router.post("/api/packages/{name}/doubts/keep")
async def keep(daemon: TheDaemon, name: str, chosen: Chosen) -> DoubtView:
    """Let an entry be a memory, or a line of its day; it stays one for as long as the same is said."""
    return await daemon.change(name, CHANGED, lambda package: view(by_hand.keep_doubt(package, chosen.id)))


@router.post("/api/packages/{name}/doubts/drop")
async def drop(daemon: TheDaemon, name: str, chosen: Chosen) -> DoubtView:
    return await daemon.change(name, CHANGED, lambda package: view(by_hand.drop_doubt(package, chosen.id)))
