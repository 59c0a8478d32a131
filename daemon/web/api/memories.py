"""The HTTP API of memories: read, edit, delete, restore, have made anew.

Ids of memories hold those of conversations, which come from exports: they travel as query parameters and in bodies.
"""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from daemon.web.wired import TheDaemon
from packages_store import by_hand
from packages_store.bodies import text_of
from packages_store.lineage import Sentence, sentences
from packages_store.memories import Story
from packages_store.model import Memory, MemoryKind
from packages_store.package import Package
from packages_store.remembered import Remembered

router = APIRouter()

CHANGED = "memories"
"""What `PackageChanged` says after each of these changes."""

Id = Annotated[str, Query(alias="id", max_length=2100, description="The id of the memory.")]
MemoryId = Annotated[str, Field(max_length=2100)]
Cursor = Annotated[str | None, Query(max_length=2100, description="`next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=500)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class MemoryLine(BaseModel):
    """A memory in a list. `text` is its text without heading and tags."""

    id: str
    kind: MemoryKind
    date: str
    title: str
    file: str
    text: str
    origin: str
    edited: bool
    conversations: tuple[str, ...]


class MemoryPage(BaseModel):
    """Some memories, by date; `next` is the `cursor` of the following page, None at the end."""

    memories: list[MemoryLine]
    next: str | None


class VersionView(BaseModel):
    """A text that the memory had until it was `edited`, `replaced`, `deleted` or `restored`."""

    at: str
    why: str
    title: str
    text: str


class MemoryDetail(BaseModel):
    """A memory with everything a person needs to judge it.

    For a view of three texts: `before` is what was made, `memory` how it reads, `proposal` what would be made now.
    """

    memory: MemoryLine
    sentences: tuple[Sentence, ...]
    before: str | None
    proposal: str | None
    versions: list[VersionView]


class Edit(_Strict):
    """A new text. `seen` is the text it replaces: refused when the memory reads otherwise by now."""

    id: MemoryId
    text: Annotated[str, Field(min_length=1, max_length=1_000_000)]
    title: Annotated[str, Field(max_length=500)] | None = None
    seen: str | None = None


class Named(_Strict):
    """A memory by its id."""

    id: MemoryId


class ProposalChoice(_Strict):
    """Whether to take what is proposed for an edited memory, or to stay with it as it is."""

    id: MemoryId
    take: bool


@router.get("/api/packages/{name}/memories")
async def memories(
    daemon: TheDaemon,
    name: str,
    kind: MemoryKind | None = None,
    deleted: Annotated[bool, Query(description="Those that a person has deleted.")] = False,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> MemoryPage:
    def look(package: Package) -> MemoryPage:
        found, has_more = Remembered(package.ledger).page(kind, cursor, limit, deleted=deleted)
        return MemoryPage(memories=list(map(line, found)), next=found[-1].id if has_more else None)

    return await daemon.read(name, look)


@router.get("/api/packages/{name}/memories/one")
async def memory(daemon: TheDaemon, name: str, id_: Id) -> MemoryDetail:
    return await daemon.read(name, lambda package: detail(package.memories.story(id_)))


@router.put("/api/packages/{name}/memories/one")
async def edit(daemon: TheDaemon, name: str, new: Edit) -> MemoryDetail:
    """Give a memory another text. It is never written over: what a later run would say is a `proposal`."""
    return await daemon.change(
        name, CHANGED, lambda package: detail(by_hand.edit_memory(package, new.id, new.text, new.title, new.seen))
    )


@router.delete("/api/packages/{name}/memories/one")
async def delete(daemon: TheDaemon, name: str, id_: Id) -> MemoryDetail:
    return await daemon.change(name, CHANGED, lambda package: detail(by_hand.delete_memory(package, id_)))


@router.post("/api/packages/{name}/memories/restore")
async def restore(daemon: TheDaemon, name: str, chosen: Named) -> MemoryDetail:
    return await daemon.change(name, CHANGED, lambda package: detail(by_hand.restore_memory(package, chosen.id)))


@router.post("/api/packages/{name}/memories/regenerate")
async def regenerate(daemon: TheDaemon, name: str, chosen: Named) -> MemoryDetail:
    """Have the memory made anew; a language model is asked, and paid, again."""
    return await daemon.change(name, CHANGED, lambda package: detail(by_hand.regenerate_memory(package, chosen.id)))


@router.post("/api/packages/{name}/memories/proposal")
async def decide(daemon: TheDaemon, name: str, choice: ProposalChoice) -> MemoryDetail:
    act = by_hand.take_proposal if choice.take else by_hand.dismiss_proposal
    return await daemon.change(name, CHANGED, lambda package: detail(act(package, choice.id)))


def line(memory: Memory) -> MemoryLine:
    """A memory in a list."""
    return MemoryLine(
        id=memory.id,
        kind=memory.kind,
        date=memory.date,
        title=memory.title,
        file=f"memories/{memory.kind}/{memory.file_name}",
        text=text_of(memory.body),
        origin=memory.origin,
        edited=memory.edited,
        conversations=memory.conversation_ids,
    )


def detail(story: Story) -> MemoryDetail:
    """A memory with its sentences, versions and proposal."""
    return MemoryDetail(
        memory=line(story.memory),
        sentences=sentences(story.memory),
        before=None if story.base is None else text_of(story.base),
        proposal=None if story.proposal is None else text_of(story.proposal),
        versions=[
            VersionView(at=one.at, why=one.why, title=one.title, text=text_of(one.body)) for one in story.versions
        ],
    )
