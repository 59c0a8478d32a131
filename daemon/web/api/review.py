"""The HTTP API of review: conversations before they are committed, and after.

Ids of conversations and messages come from exports and may hold any character: they travel as query parameters and in
bodies, never as a part of the path.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from daemon.reviewing import CHANGED, Asked, Change, commit_only, decide, page_of
from daemon.views import PackageDetail
from daemon.web.streams import receive_comparison
from daemon.web.wired import TheDaemon
from packages_store.comparing import Compared, forget_comparison, last_comparison
from packages_store.errors import UnknownItem
from packages_store.listing import Listed, Page
from packages_store.package import Package
from packages_store.review import Colour, Decided, Line, Lines, Pending
from packages_store.search import Hits

router = APIRouter()

_BYTES: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string"}}}}
}

Id = Annotated[str, Query(alias="id", max_length=2000, description="The id of the conversation.")]
MessageId = Annotated[str, Query(max_length=2000, description="The id of the message.")]
Limit = Annotated[int, Query(ge=1, le=200)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Edit(_Strict):
    """A new text for a message. `seen` is that of the text it replaces: refused when it reads otherwise by now."""

    conversation: Annotated[str, Field(max_length=2000)]
    message: Annotated[str, Field(max_length=2000)]
    content: Annotated[str, Field(min_length=1)]
    seen: str | None = None


Before = Annotated[
    int | None,
    Query(ge=0, le=1 << 53, description="`older` of an answer before: go on with the messages that came in earlier."),
]


class Conversation(BaseModel):
    """A conversation with its system prompts and instructions, which are never committed."""

    conversation: Listed
    instructions: tuple[str, ...]


class Tags(BaseModel):
    """Every tag that a conversation has, with their number, and the sets of tags with their colours."""

    tags: dict[str, int]
    sets: dict[str, dict[str, Colour]]


class TagSet(_Strict):
    """A set of tags in their order, each with its colour. Without tags it is no more."""

    name: Annotated[str, Field(max_length=200)]
    tags: Annotated[dict[str, Colour], Field(max_length=200)]


@router.get("/api/packages/{name}/conversations")
async def conversations(daemon: TheDaemon, name: str, asked: Annotated[Asked, Query()]) -> Page:
    """A page of conversations. `next` of the answer is the `cursor` of the following one, in the same order."""
    return await daemon.read(name, lambda package: page_of(package, asked))


@router.post("/api/packages/{name}/conversations/change")
async def change(daemon: TheDaemon, name: str, change: Change) -> Decided:
    """Exclude or include, tag and untag conversations: all of it or nothing. Answers how many are otherwise now."""
    return await daemon.change(name, CHANGED, lambda package: decide(package, change))


@router.get("/api/packages/{name}/conversations/one")
async def conversation(daemon: TheDaemon, name: str, id_: Id) -> Conversation:
    def look(package: Package) -> Conversation:
        found = package.review.listing.one(id_)
        if found is None:
            raise UnknownItem(f"There is no conversation {id_[:200]!r}.")
        return Conversation(conversation=found, instructions=package.review.instructions(id_))

    return await daemon.read(name, look)


@router.get("/api/packages/{name}/conversations/messages")
async def messages(
    daemon: TheDaemon, name: str, id_: Id, start: Annotated[int, Query(ge=0, le=1 << 53)] = 0, limit: Limit = 50
) -> Lines:
    """The messages of a conversation in their order, from the position `start` on."""
    return await daemon.read(name, lambda package: package.review.lines(id_, start, limit))


@router.put("/api/packages/{name}/conversations/messages")
async def edit(daemon: TheDaemon, name: str, new: Edit) -> Line:
    """Let a message read otherwise. What came is kept, and shown as `original`."""
    return await daemon.change(
        name, CHANGED, lambda package: package.review.edit(new.conversation, new.message, new.content, new.seen)
    )


@router.delete("/api/packages/{name}/conversations/messages")
async def undo(daemon: TheDaemon, name: str, id_: Id, message: MessageId, seen: str | None = None) -> Line:
    """Let a message read as it came."""
    return await daemon.change(name, CHANGED, lambda package: package.review.undo(id_, message, seen))


@router.get("/api/packages/{name}/search")
async def search(
    daemon: TheDaemon,
    name: str,
    q: Annotated[str, Query(max_length=1000)],
    skip: Annotated[int, Query(ge=0, le=10_000)] = 0,
    limit: Limit = 50,
    before: Before = None,
) -> Hits:
    """Messages that hold every word of `q`; the last one may be the beginning of a word. Any text will do."""
    return await daemon.read(name, lambda package: package.review.search.find(q, skip, limit, before))


@router.get("/api/packages/{name}/pending")
async def pending(daemon: TheDaemon, name: str) -> Pending:
    """What the next commit will bring in, write anew, and take out."""
    return await daemon.read(name, lambda package: package.review.pending())


@router.get("/api/packages/{name}/tags")
async def tags(daemon: TheDaemon, name: str) -> Tags:
    return await daemon.read(name, _tags)


def _tags(package: Package) -> Tags:
    return Tags(tags=package.review.listing.tags(), sets=package.review.tag_sets())


@router.put("/api/packages/{name}/tag-sets")
async def set_tag_set(daemon: TheDaemon, name: str, new: TagSet) -> Tags:
    """Make a set of tags, or change it. Conversations keep the tags they have."""

    def act(package: Package) -> Tags:
        package.review.set_tag_set(new.name, new.tags)
        return _tags(package)

    return await daemon.change(name, CHANGED, act)


@router.put("/api/packages/{name}/comparison", openapi_extra=_BYTES)
async def compare(
    request: Request,
    daemon: TheDaemon,
    name: str,
    file: Annotated[str, Query(alias="name", min_length=1, max_length=200)] = "chats.db",
) -> Compared:
    """Compare with the chats.db of a companion, sent as it is; it is read once and not kept."""
    return await receive_comparison(request, daemon, name, file)


@router.get("/api/packages/{name}/comparison")
async def comparison(daemon: TheDaemon, name: str) -> Compared | None:
    """What the last comparison found; null when there was none."""
    return await daemon.read(name, last_comparison)


@router.delete("/api/packages/{name}/comparison", status_code=204)
async def forget(daemon: TheDaemon, name: str) -> None:
    await daemon.change(name, CHANGED, forget_comparison)


@router.post("/api/packages/{name}/commit-only")
async def only_commit(daemon: TheDaemon, name: str) -> PackageDetail:
    """Commit what was reviewed and stop there, for an export without memories. `resume` goes on with them."""
    await daemon.change(name, CHANGED, commit_only)
    return await daemon.package(name)
