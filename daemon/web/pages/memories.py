"""The pages of memories: a calendar and a list, one to read and change, what the gate holds back, what was deleted.

Ids of memories hold those of conversations, which come from exports: they travel as query parameters and in forms.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import HTMLResponse

from daemon.doubt_views import DoubtView, view
from daemon.web.api.doubts import CHANGED as DOUBTS_CHANGED
from daemon.web.api.memories import CHANGED, MemoryDetail, MemoryLine, detail, line
from daemon.web.calendar import Calendar, Days
from daemon.web.page import chrome, done, fields, show
from daemon.web.problems import Problem, Refused
from daemon.web.templating import counted, package_path
from daemon.web.wired import TheDaemon
from packages_store import by_hand
from packages_store.doubts import DoubtState
from packages_store.lineage import Lineage, SourceMessage, lineage
from packages_store.package import Package
from packages_store.remembered import Remembered, Wanted

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

_PAGE = 30

Id = Annotated[str, Query(alias="id", max_length=2100)]
Kind = Literal["", "significant", "daily"]
Act = Literal["edit", "delete", "restore", "regenerate", "take", "dismiss"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the list is asked for. `when` is a day or a month, or empty."""

    kind: Kind = ""
    when: str = ""
    q: str = ""
    page: int = 1

    @property
    def wanted(self) -> Wanted:
        """Which memories the list shows."""
        return Wanted(self.kind or None, self.when, self.q)


@dataclass(frozen=True, slots=True)
class MemoryList:
    """Everything the list shows. `groups` are months with their memories."""

    name: str
    asked: Asked
    groups: list[tuple[str, list[MemoryLine]]]
    total: int
    all: int
    has_more: bool
    held_back: int
    deleted: int
    messages: int
    """What was said on the day or in the month that is asked for."""

    def address(self, **changes: object) -> str:
        """The list with something asked for otherwise."""
        asked = {"kind": self.asked.kind, "when": self.asked.when, "q": self.asked.q, **changes}
        query = urlencode({key: value for key, value in asked.items() if value})
        return package_path(self.name, "memories") + (f"?{query}" if query else "")

    @property
    def pages(self) -> str:
        """The address to which the number of a page is added."""
        address = self.address()
        return address + ("&" if "?" in address else "?")

    @property
    def fragment(self) -> str:
        """The address of the list alone, as it is here."""
        return f"/fragments{self.pages}page={self.asked.page}"

    @property
    def review(self) -> str:
        """The conversations of the day or month that is asked for."""
        day = self.asked.when
        ends = (
            {"since": day, "until": day} if len(day) > len("YYYY-MM") else {"since": f"{day}-01", "until": f"{day}-31"}
        )
        return f"{package_path(self.name, 'conversations')}?{urlencode(ends)}"

    @property
    def sentence(self) -> str:
        """For those who hear the page."""
        return f"{counted(self.total, 'memory', 'memories')}."


@dataclass(frozen=True, slots=True)
class Reading:
    """One memory with everything it rests on."""

    name: str
    found: MemoryDetail
    sources: Lineage
    is_deleted: bool

    def evidence(self, messages: Sequence[str]) -> list[tuple[SourceMessage, str]]:
        """The messages with their addresses, as far as they are still there."""
        wanted = set(messages)
        return [(one, self.message(one)) for one in self.sources.messages if one.id in wanted]

    def message(self, message: SourceMessage) -> str:
        """Where a message can be read in its conversation."""
        query = urlencode({"id": message.conversation, "message": message.id})
        return f"{package_path(self.name, 'conversations', 'read')}?{query}#wanted"


# --- looking ---------------------------------------------------------------------------------------------------------


@router.get("/packages/{name}/memories")
async def memories(
    request: Request,
    daemon: TheDaemon,
    name: str,
    kind: Kind = "",
    when: Annotated[str, Query(pattern=r"^(\d{4}-\d\d(-\d\d)?)?$")] = "",
    q: Annotated[str, Query(max_length=500)] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    frame = chrome(request, daemon)
    days: Days = request.app.state.days
    asked = Asked(kind, when, q, page)

    def look(package: Package) -> tuple[MemoryList, Calendar]:
        calendar = days.calendar(package)
        return _list(package, asked, calendar.said), calendar

    found, calendar = await daemon.read(name, look)
    return await show(request, daemon, "memories/memories.html", frame, name=name, list=found, calendar=calendar)


@router.get("/fragments/packages/{name}/memories")
async def memories_fragment(
    request: Request,
    daemon: TheDaemon,
    name: str,
    kind: Kind = "",
    when: Annotated[str, Query(pattern=r"^(\d{4}-\d\d(-\d\d)?)?$")] = "",
    q: Annotated[str, Query(max_length=500)] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    days: Days = request.app.state.days
    asked = Asked(kind, when, q, page)
    found = await daemon.read(name, lambda package: _list(package, asked, days.said(package) if when else {}))
    return await show(request, daemon, "memories/list.html", name=name, list=found)


@router.get("/packages/{name}/memories/read")
async def read(request: Request, daemon: TheDaemon, name: str, id_: Id) -> Response:
    frame = chrome(request, daemon)
    found = await daemon.read(name, lambda package: _reading(package, id_))
    return await show(request, daemon, "memories/read.html", frame, name=name, read=found)


@router.get("/fragments/packages/{name}/memories/read")
async def read_fragment(request: Request, daemon: TheDaemon, name: str, id_: Id) -> Response:
    found = await daemon.read(name, lambda package: _reading(package, id_))
    return await show(request, daemon, "memories/one.html", name=name, read=found)


@router.get("/packages/{name}/memories/held-back")
async def held_back(request: Request, daemon: TheDaemon, name: str, state: DoubtState = "open") -> Response:
    frame = chrome(request, daemon)
    found = await daemon.read(name, lambda package: list(map(view, package.doubts.all(state))))
    return await show(request, daemon, "memories/held_back.html", frame, name=name, state=state, doubts=found)


@router.get("/fragments/packages/{name}/memories/held-back")
async def held_back_fragment(request: Request, daemon: TheDaemon, name: str, state: DoubtState = "open") -> Response:
    found: list[DoubtView] = await daemon.read(name, lambda package: list(map(view, package.doubts.all(state))))
    return await show(request, daemon, "memories/doubts.html", name=name, state=state, doubts=found)


@router.get("/packages/{name}/memories/deleted")
async def deleted(request: Request, daemon: TheDaemon, name: str) -> Response:
    frame = chrome(request, daemon)
    found = await daemon.read(name, lambda package: list(map(line, package.memories.deleted())))
    return await show(request, daemon, "memories/deleted.html", frame, name=name, memories=found)


def _list(package: Package, asked: Asked, said: Mapping[str, int]) -> MemoryList:
    remembered = Remembered(package.ledger)
    begin = (asked.page - 1) * _PAGE
    fitting, total = remembered.latest(asked.wanted, begin, _PAGE)
    return MemoryList(
        name=package.name,
        asked=asked,
        groups=[(month, list(group)) for month, group in groupby(map(line, fitting), lambda one: one.date[:7])],
        total=total,
        all=remembered.count(),
        has_more=total > begin + _PAGE,
        held_back=remembered.held_back(),
        deleted=remembered.deleted(),
        messages=sum(count for day, count in said.items() if day.startswith(asked.when)) if asked.when else 0,
    )


def _reading(package: Package, memory_id: str) -> Reading:
    package.graph.consolidated()  # before: nobody else waits while it is put together
    # At one moment: a memory that somebody deletes meanwhile is read as one that is there, or as one that is not.
    with package.ledger.unchanging():
        found = detail(package.memories.story(memory_id))
        is_deleted = package.memories.get(memory_id) is None
        sources = Lineage(memory_id, (), (), (), (), ()) if is_deleted else lineage(package, memory_id)
    return Reading(package.name, found, sources, is_deleted)


# --- changing --------------------------------------------------------------------------------------------------------


@router.post("/actions/packages/{name}/memories/{act}")
async def change(request: Request, daemon: TheDaemon, name: str, act: Act) -> Response:
    form = await fields(request)
    id_ = form.get("id", "")
    await daemon.change(name, CHANGED, lambda package: _change(package, act, id_, form))
    gone = package_path(name, "memories", "deleted") if act == "delete" else _read(name, id_)
    return done(request, gone, _SAID[act])


@router.post("/actions/packages/{name}/held-back/{act}")
async def decide(request: Request, daemon: TheDaemon, name: str, act: Literal["keep", "drop"]) -> Response:
    id_ = (await fields(request)).get("id", "")
    decide_it = by_hand.keep_doubt if act == "keep" else by_hand.drop_doubt
    await daemon.change(name, DOUBTS_CHANGED, lambda package: decide_it(package, id_))
    said = "It is a memory now." if act == "keep" else "It stays out of the package."
    return done(request, package_path(name, "memories", "held-back"), said)


_SAID: Mapping[Act, str] = {
    "edit": "Your text is kept, and never written over.",
    "delete": "The memory is deleted; it can be restored here.",
    "restore": "The memory is back.",
    "regenerate": "It is being made anew.",
    "take": "The new text is the memory now.",
    "dismiss": "The memory stays as it is.",
}


def _change(package: Package, act: Act, id_: str, form: Mapping[str, str]) -> None:
    match act:
        case "edit":
            # A form sends every line end as CR LF.
            text = form.get("text", "").replace("\r\n", "\n").strip()
            if not text:
                raise Refused(
                    Problem(422, "validation", "A memory needs a text.", "Delete it if it is to say nothing.")
                )
            seen = form.get("seen", "").replace("\r\n", "\n")
            by_hand.edit_memory(package, id_, text, form.get("title"), seen or None)
        case "delete":
            by_hand.delete_memory(package, id_)
        case "restore":
            by_hand.restore_memory(package, id_)
        case "regenerate":
            by_hand.regenerate_memory(package, id_)
        case "take":
            by_hand.take_proposal(package, id_)
        case "dismiss":
            by_hand.dismiss_proposal(package, id_)


def _read(name: str, id_: str) -> str:
    return f"{package_path(name, 'memories', 'read')}?{urlencode({'id': id_})}"
