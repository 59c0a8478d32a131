"""The page of the graph: a picture on a canvas, the same in tables, one node or relation, names that may be one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import HTMLResponse

from daemon.web.api.graph import CHANGED
from daemon.web.page import chrome, done, fields, show
from daemon.web.templating import counted, package_path
from daemon.web.wired import TheDaemon
from packages_store import by_hand
from packages_store.graph_edits import Act, GraphEdit, NodeRef, Pair, StoredEdit
from packages_store.lineage import Lineage, lineage
from packages_store.network import EdgeView, Filter, Network, NodeView
from packages_store.package import Package

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

_ROWS = 100
_PAIRS = 50

Table = Literal["nodes", "edges"]
Sort = Literal["label", "type", "degree", "seen"]
Day = Annotated[str, Field(pattern=r"^(\d{4}-\d\d-\d\d)?$")]


class Asked(BaseModel):
    """What the page is asked for. `focus` is the node in the middle of the picture, empty for the usual one."""

    model_config = ConfigDict(frozen=True)

    focus: Annotated[str, Field(max_length=200)] = ""
    whole: bool = False
    table: Table = "nodes"
    sort: Sort = "degree"
    type: Annotated[str, Field(max_length=100)] = ""
    since: Day = ""
    until: Day = ""
    q: Annotated[str, Field(max_length=500)] = ""
    page: Annotated[int, Field(ge=1, le=100_000)] = 1

    @property
    def filter(self) -> Filter:
        """Which rows the table shows."""
        return Filter(frozenset({self.type} if self.type else ()), self.since, self.until, self.q)


@dataclass(frozen=True, slots=True)
class GraphPage:
    """Everything the page shows."""

    name: str
    asked: Asked
    focus: NodeView | None
    nodes: int
    edges: int
    types: tuple[str, ...]
    rows: list[NodeView] | list[EdgeView]
    fitting: int
    labels: Mapping[str, str]
    pairs: list[Pair]
    last_edit: StoredEdit | None

    def address(self, **changes: object) -> str:
        """The page asked for something else."""
        asked = self.asked.model_dump(exclude={"page"}) | changes
        usual = Asked().model_dump()
        given = {key: value for key, value in asked.items() if value != usual[key]}
        query = urlencode({key: "true" if value is True else value for key, value in given.items()})
        return package_path(self.name, "graph") + (f"?{query}" if query else "")

    @property
    def pages(self) -> str:
        """The address to which the number of a page is added."""
        address = self.address()
        return address + ("&" if "?" in address else "?")

    @property
    def fragment(self) -> str:
        """The address of the tables and questions alone."""
        return f"/fragments{self.pages}page={self.asked.page}"

    @property
    def has_more(self) -> bool:
        """Whether rows follow."""
        return self.asked.page * _ROWS < self.fitting

    @property
    def picture(self) -> str:
        """Where the picture's data is."""
        around = {"most": 5000} if self.asked.whole or self.focus is None else {"id": self.focus.id, "steps": 2}
        return f"/api{package_path(self.name, 'graph', 'picture')}?{urlencode(around)}"

    @property
    def sentence(self) -> str:
        """For those who hear the page."""
        return f"{counted(self.nodes, 'node')} and {counted(self.edges, 'relation')}."


@dataclass(frozen=True, slots=True)
class Chosen:
    """A node with its relations, and what it rests on."""

    name: str
    node: NodeView
    relations: list[tuple[EdgeView, NodeView, bool]]
    """Each edge, its other end, and whether it leads there."""
    sources: Lineage
    like: list[NodeView]
    """Other nodes of its type, with which it can be made one."""


# --- looking ---------------------------------------------------------------------------------------------------------


@router.get("/packages/{name}/graph")
async def graph(request: Request, daemon: TheDaemon, name: str, asked: Annotated[Asked, Query()]) -> Response:
    frame = chrome(request, daemon)
    found, chosen = await daemon.read(name, lambda package: _page(package, asked))
    return await show(request, daemon, "graph/graph.html", frame, name=name, graph=found, chosen=chosen)


@router.get("/fragments/packages/{name}/graph")
async def graph_fragment(request: Request, daemon: TheDaemon, name: str, asked: Annotated[Asked, Query()]) -> Response:
    found, _chosen = await daemon.read(name, lambda package: _page(package, asked))
    return await show(request, daemon, "graph/tables.html", name=name, graph=found)


@router.get("/fragments/packages/{name}/graph/node")
async def node_fragment(
    request: Request, daemon: TheDaemon, name: str, id_: Annotated[str, Query(alias="id", max_length=200)]
) -> Response:
    chosen = await daemon.read(name, lambda package: _chosen(package, id_))
    return await show(request, daemon, "graph/node.html", name=name, chosen=chosen)


def _page(package: Package, asked: Asked) -> tuple[GraphPage, Chosen | None]:
    network = package.graph.network()
    nodes, edges = network.nodes(), network.edges()
    focus = _focus(network, nodes, asked.focus)
    fitting = _rows(network, asked)
    begin = (asked.page - 1) * _ROWS
    edits = package.graph.edits.all()
    found = GraphPage(
        name=package.name,
        asked=asked,
        focus=focus,
        nodes=len(nodes),
        edges=len(edges),
        types=tuple(sorted({one.type for one in (nodes if asked.table == "nodes" else edges)})),
        rows=fitting[begin : begin + _ROWS],
        fitting=len(fitting),
        labels={node.id: node.label for node in nodes},
        pairs=package.graph.edits.pairs("open", "", _PAIRS),
        last_edit=edits[-1] if edits else None,
    )
    return found, None if focus is None else _chosen(package, focus.id)


def _focus(network: Network, nodes: list[NodeView], wanted: str) -> NodeView | None:
    """The node that is asked for; else the person, or whatever has most relations."""
    if wanted and any(node.id == wanted for node in nodes):
        return network.node(wanted)
    return max(nodes, key=lambda node: (node.degree, node.type == "person", node.id), default=None)


def _rows(network: Network, asked: Asked) -> list[NodeView] | list[EdgeView]:
    if asked.table == "edges":
        edges = network.edges(asked.filter)
        if asked.sort == "seen":
            return sorted(edges, key=lambda edge: edge.seen_to or "", reverse=True)
        return sorted(edges, key=lambda edge: edge.type) if asked.sort == "type" else edges
    nodes = network.nodes(asked.filter)
    if asked.sort == "seen":
        return sorted(nodes, key=lambda node: node.seen_to or "", reverse=True)
    if asked.sort == "degree":
        return sorted(nodes, key=lambda node: -node.degree)
    return sorted(nodes, key=lambda node: node.type) if asked.sort == "type" else nodes


def _chosen(package: Package, node_id: str) -> Chosen:
    network = package.graph.network()
    node = network.node(node_id)
    relations = [
        (edge, network.node(edge.target if edge.source == node_id else edge.source), edge.source == node_id)
        for edge in network.touching(node_id)
    ]
    like = [other for other in network.of_type(node.type) if other.id != node_id]
    return Chosen(package.name, node, relations, lineage(package, node_id), like)


# --- changing --------------------------------------------------------------------------------------------------------


@router.post("/actions/packages/{name}/graph/undo")
async def undo(request: Request, daemon: TheDaemon, name: str) -> Response:
    undone = await daemon.change(name, CHANGED, by_hand.undo_graph_edit)
    return done(request, _at(name, undone.edit.node.id), "The last change is taken back.")


@router.post("/actions/packages/{name}/graph/pairs/{state}")
async def decide(request: Request, daemon: TheDaemon, name: str, state: Literal["same", "different"]) -> Response:
    id_ = (await fields(request)).get("id", "")
    await daemon.change(name, CHANGED, lambda package: by_hand.decide_pair(package, id_, state))
    return done(request, package_path(name, "graph"), "They are one." if state == "same" else "They stay two.")


@router.post("/actions/packages/{name}/graph/{act}")
async def change(request: Request, daemon: TheDaemon, name: str, act: Act) -> Response:
    sent = parse_qsl((await request.body()).decode("utf-8", "replace"))
    form = dict(sent)
    others = tuple(NodeRef(value) for key, value in sent if key == "other")
    names = tuple(value for key, value in sent if key == "name")
    memories = tuple(value for key, value in sent if key == "memory")
    edit = GraphEdit(act, NodeRef(form.get("node", "")), form.get("text", "").strip(), others, names, memories)
    await daemon.change(name, CHANGED, lambda package: by_hand.edit_graph(package, edit))
    go = package_path(name, "graph") if act == "delete" else _at(name, edit.node.id)
    return done(request, go, _SAID[act])


_SAID: Mapping[Act, str] = {
    "rename": "It has another name now.",
    "describe": "It is described anew.",
    "merge": "They are one now.",
    "split": "It is two now.",
    "delete": "It is out of the graph.",
    "delete-edge": "The relation is out of the graph.",
}


def _at(name: str, node_id: str) -> str:
    return f"{package_path(name, 'graph')}?{urlencode({'focus': node_id})}"
