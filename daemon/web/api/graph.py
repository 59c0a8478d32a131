"""The HTTP API of the graph: nodes and edges, what surrounds a node, changes by hand, pairs of names, files."""

from typing import Annotated, Any, Literal, Self, TypeVar

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from daemon.web.wired import TheDaemon
from packages_store import by_hand
from packages_store.graph_edits import Act, GraphEdit, NodeRef, Pair, PairState, StoredEdit
from packages_store.lineage import Lineage, lineage
from packages_store.network import EdgeView, Filter, Format, NodeView, Part, as_graphml, as_json
from packages_store.package import Package

router = APIRouter()

View = TypeVar("View", NodeView, EdgeView)

CHANGED = "graph"
"""What `PackageChanged` says after each of these changes."""

_FILES: dict[Format, tuple[str, str]] = {
    "graphml": ("application/graphml+xml", "graph.graphml"),
    "json": ("application/json", "graph.json"),
}
_EXPORT: dict[int | str, dict[str, Any]] = {200: {"content": {media: {} for media, _ in _FILES.values()}}}

Id = Annotated[str, Query(alias="id", max_length=200)]
Ref = Annotated[str, Field(max_length=200)]
Day = Annotated[str, Field(pattern=r"^(\d{4}-\d\d-\d\d)?$", description="YYYY-MM-DD, or empty.")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Asked(BaseModel):
    """Which nodes or edges, and which page of them."""

    type: Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=50)] = []
    since: Day = ""
    until: Day = ""
    text: Annotated[str, Field(max_length=500)] = ""
    cursor: Annotated[str | None, Field(max_length=200)] = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100

    @property
    def filter(self) -> Filter:
        return Filter(frozenset(self.type), self.since, self.until, self.text)


class NodePage(BaseModel):
    """Some nodes by label; `next` is the `cursor` of the following page, None at the end."""

    nodes: list[NodeView]
    next: str | None


class EdgePage(BaseModel):
    """Some edges by the labels of their ends; `next` as in `NodePage`."""

    edges: list[EdgeView]
    next: str | None


class NodeDetail(BaseModel):
    """A node with its neighbours, and everything that it rests on."""

    node: NodeView
    around: Part
    sources: Lineage


class EdgeDetail(BaseModel):
    """An edge with its two ends, and everything that it rests on."""

    edge: EdgeView
    ends: Part
    sources: Lineage


class Change(_Strict):
    """A change by hand. `node` is what it is done to.

    `rename` and `describe` set `text`; `merge` takes the nodes `others` into it; `split` takes away what was said under
    the names `names`, or in the memories `memories`, as a node called `text`; `delete` removes it; `delete-edge`
    removes its relation of the type `text` to the first of `others`.
    """

    act: Act
    node: Ref
    text: Annotated[str, Field(max_length=2000)] = ""
    others: Annotated[list[Ref], Field(max_length=200)] = []
    names: Annotated[list[Ref], Field(max_length=200)] = []
    memories: Annotated[list[Annotated[str, Field(max_length=2100)]], Field(max_length=2000)] = []

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.act in ("rename", "split", "delete-edge") and not self.text.strip():
            raise ValueError(f"{self.act} needs a text")
        if self.act in ("merge", "delete-edge") and not self.others:
            raise ValueError(f"{self.act} needs others")
        if self.act == "split" and not (self.names or self.memories):
            raise ValueError("split needs names or memories")
        return self


class PairPage(BaseModel):
    """Some pairs by type and names; `next` as in `NodePage`."""

    pairs: list[Pair]
    next: str | None


class PairChoice(_Strict):
    """Whether two names are the same or different; `open` takes the decision back."""

    id: Ref
    state: PairState


@router.get("/api/packages/{name}/graph/nodes")
async def nodes(daemon: TheDaemon, name: str, asked: Annotated[Asked, Query()]) -> NodePage:
    """A page of nodes, of these types, seen in these days, with every word of `text` in name or description."""
    found = await daemon.read(name, lambda package: package.graph.network().nodes(asked.filter))
    page, following = _page(found, asked)
    return NodePage(nodes=page, next=following)


@router.get("/api/packages/{name}/graph/edges")
async def edges(daemon: TheDaemon, name: str, asked: Annotated[Asked, Query()]) -> EdgePage:
    """A page of edges, of these types, seen in these days, with every word of `text` in the evidence or a label."""
    found = await daemon.read(name, lambda package: package.graph.network().edges(asked.filter))
    page, following = _page(found, asked)
    return EdgePage(edges=page, next=following)


@router.get("/api/packages/{name}/graph/whole")
async def whole(daemon: TheDaemon, name: str) -> Part:
    """All of the graph."""

    def look(package: Package) -> Part:
        network = package.graph.network()
        return network.part(node.id for node in network.nodes())

    return await daemon.read(name, look)


@router.get("/api/packages/{name}/graph/around")
async def around(
    daemon: TheDaemon,
    name: str,
    id_: Id,
    steps: Annotated[int, Query(ge=1, le=4)] = 1,
    most: Annotated[int, Query(ge=1, le=5000)] = 500,
) -> Part:
    """A node and what is at most so many edges away from it."""
    return await daemon.read(name, lambda package: package.graph.network().around(id_, steps, most))


@router.get("/api/packages/{name}/graph/nodes/one")
async def node(daemon: TheDaemon, name: str, id_: Id) -> NodeDetail:
    def look(package: Package) -> NodeDetail:
        network = package.graph.network()
        found = network.node(id_)
        return NodeDetail(node=found, around=network.around(id_), sources=lineage(package, id_))

    return await daemon.read(name, look)


@router.get("/api/packages/{name}/graph/edges/one")
async def edge(daemon: TheDaemon, name: str, id_: Id) -> EdgeDetail:
    def look(package: Package) -> EdgeDetail:
        network = package.graph.network()
        found = network.edge(id_)
        ends = network.part((found.source, found.target))
        return EdgeDetail(edge=found, ends=ends, sources=lineage(package, id_))

    return await daemon.read(name, look)


@router.get("/api/packages/{name}/graph/edits")
async def edits(daemon: TheDaemon, name: str) -> list[StoredEdit]:
    """What was changed by hand, in order; it is done anew on top of each run."""
    return await daemon.read(name, lambda package: package.graph.edits.all())


@router.post("/api/packages/{name}/graph/edits", status_code=201)
async def change(daemon: TheDaemon, name: str, new: Change) -> StoredEdit:
    edit = GraphEdit(
        new.act, NodeRef(new.node), new.text.strip(), tuple(map(NodeRef, new.others)), tuple(new.names),
        tuple(new.memories),
    )  # fmt: skip
    return await daemon.change(name, CHANGED, lambda package: by_hand.edit_graph(package, edit))


@router.post("/api/packages/{name}/graph/undo")
async def undo(daemon: TheDaemon, name: str) -> StoredEdit:
    """Take the last change by hand back."""
    return await daemon.change(name, CHANGED, by_hand.undo_graph_edit)


@router.get("/api/packages/{name}/graph/pairs")
async def pairs(
    daemon: TheDaemon,
    name: str,
    state: PairState | Literal["all"] = "open",
    cursor: Annotated[str, Query(max_length=64)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> PairPage:
    """Names that may be one. They stay two until a person says otherwise."""
    wanted = None if state == "all" else state
    found = await daemon.read(name, lambda package: package.graph.edits.pairs(wanted, cursor, limit + 1))
    page = found[:limit]
    return PairPage(pairs=page, next=page[-1].id if len(found) > limit else None)


@router.post("/api/packages/{name}/graph/pairs/decide")
async def decide(daemon: TheDaemon, name: str, choice: PairChoice) -> Pair:
    return await daemon.change(name, CHANGED, lambda package: by_hand.decide_pair(package, choice.id, choice.state))


@router.get("/api/packages/{name}/graph/export", response_class=Response, responses=_EXPORT)
async def export(daemon: TheDaemon, name: str, format_: Annotated[Format, Query(alias="format")] = "json") -> Response:
    """The graph as a file that other programs read."""
    write = as_graphml if format_ == "graphml" else as_json
    content = await daemon.read(name, lambda package: write(package.graph.consolidated()))
    media, file = _FILES[format_]
    return Response(content, media_type=media, headers={"Content-Disposition": f'attachment; filename="{file}"'})


def _page(found: list[View], asked: Asked) -> tuple[list[View], str | None]:
    ids = [one.id for one in found]
    start = ids.index(asked.cursor) + 1 if asked.cursor in ids else 0
    page = found[start : start + asked.limit]
    return page, page[-1].id if start + asked.limit < len(found) else None
