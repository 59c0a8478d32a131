"""The pages of review: conversations in a list, one to read and edit, words looked for, and sets of tags.

Ids of conversations and messages may hold any character: they travel as query parameters and as fields of forms.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import HTMLResponse, RedirectResponse

from daemon.reviewing import CHANGED, Asked, Choice, commit_only, filter_of, page_of
from daemon.web.markdown import Html, as_html
from daemon.web.page import chrome, done, fields, show
from daemon.web.templating import counted, package_path
from daemon.web.wired import TheDaemon
from packages_store.comparing import Compared, forget_comparison, last_comparison
from packages_store.errors import NotAllowed, UnknownItem
from packages_store.listing import Filter, Listed, Page, Sort
from packages_store.package import Package
from packages_store.review import COLOURS, Colour, Decided, Decision, Line, Lines, Pending
from packages_store.search import Hit, Hits

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

_PAGE = 50
_LISTS = ("platform", "tag", "state", "compared")
"""Fields of a choice that may be given several times."""
_ACTS = {
    "exclude": Decision(excluded=True),
    "include": Decision(excluded=False),
}
_NEW_LINES = 3
"""Empty lines at the end of a set of tags, for more."""

Id = Annotated[str, Query(alias="id", max_length=2000)]


@dataclass(frozen=True, slots=True)
class ListPage:
    """Everything the list shows. `query` is what was asked, as it stands in the address, without the cursor."""

    name: str
    asked: Asked
    query: str
    page: Page
    pending: Pending
    awaits_review: bool
    platforms: dict[str, int]
    tags: dict[str, int]
    colours: dict[str, Colour]
    comparison: Compared | None
    zone: str

    @property
    def path(self) -> str:
        """The address of its first page."""
        return _address(self.name, self.query)

    @property
    def next(self) -> str | None:
        """The address of the page that follows."""
        return self.page.next and _address(self.name, self.query, cursor=self.page.next)

    @property
    def here(self) -> str:
        """The address of this page."""
        return _address(self.name, self.query, **({"cursor": self.asked.cursor} if self.asked.cursor else {}))

    @property
    def fragment(self) -> str:
        """The address of the list alone, as it is here."""
        return f"/fragments{self.here}"

    @property
    def was_committed(self) -> bool:
        """Whether there has been a commit: before the first one all are new, and none needs to say so."""
        return bool(self.pending.updated or self.pending.removed or self.pending.unchanged)

    @property
    def order_in_words(self) -> str:
        """How it is sorted."""
        names = {"date": "last message", "size": "number of characters", "messages": "number of messages"}
        by = names.get(self.asked.sort, self.asked.sort)
        return f"by {by}, {'descending' if self.asked.descending else 'ascending'}"

    @property
    def known_tags(self) -> list[str]:
        """Tags to choose from."""
        return list(dict.fromkeys((*self.colours, *self.tags)))

    def sorted(self, by: Sort) -> str:
        """The address of the list sorted so; the other way round when it is already."""
        is_same = by == self.asked.sort
        descending = not self.asked.descending if is_same else by not in ("title", "platform")
        return _address(self.name, _query(self.asked.model_copy(update={"sort": by, "descending": descending})))

    def read(self, row: Listed) -> str:
        """The address of a conversation."""
        return _read(self.name, id=row.id)

    @property
    def is_chosen(self) -> bool:
        """Whether anything is filtered."""
        return self.asked.model_dump(include=set(Choice.model_fields)) != Choice().model_dump()

    @property
    def has_more_filters(self) -> bool:
        """Whether one of the filters is set that do not stand in the first row."""
        usual = {"text", "platform", "tag", "excluded"}
        rest = set(Choice.model_fields) - usual
        return self.asked.model_dump(include=rest) != Choice().model_dump(include=rest)

    @property
    def sentence(self) -> str:
        """For those who hear the page."""
        return f"{counted(self.page.total, 'conversation')}."


@dataclass(frozen=True, slots=True)
class Turn:
    """A message on the page: its text as HTML, None when it is to be shown as it is."""

    line: Line
    html: Html | None


@dataclass(frozen=True, slots=True)
class Reading:
    """A conversation that is read."""

    name: str
    conversation: Listed
    instructions: tuple[str, ...]
    lines: Lines
    turns: tuple[Turn, ...]
    colours: dict[str, Colour]
    known_tags: tuple[str, ...]
    names: dict[str, str]
    """Who spoke, by role."""
    start: int
    is_plain: bool
    editing: str | None

    def address(self, **changes: Any) -> str:
        """The address of this page with other values; None takes one away."""
        here = {"id": self.conversation.id, "start": self.start or None, "plain": "1" if self.is_plain else None}
        return _read(self.name, **(here | changes))


class Choices:
    """Values of fields as a form holds them."""

    @staticmethod
    def named(counts: dict[str, int]) -> list[tuple[str, str]]:
        """Options with their counts."""
        return [(name, f"{name} ({count:,})") for name, count in counts.items()]

    @staticmethod
    def of_bool(value: bool | None) -> str:
        """A condition that may be left open."""
        return "" if value is None else str(value).lower()

    @staticmethod
    def of_number(value: int | None) -> str:
        """A number that may be left open."""
        return "" if value is None else str(value)


# --- what is shown ---------------------------------------------------------------------------------------------------


@router.get("/packages/{name}/conversations")
async def conversations(request: Request, daemon: TheDaemon, name: str) -> Response:
    frame = chrome(request, daemon)
    asked = _asked(request.query_params.multi_items())
    found = await daemon.read(name, lambda package: _list(package, asked))
    if request.url.query != found.here.partition("?")[2]:
        # A form sends its empty fields too: without them the address can be read, and is the same for the same list.
        return RedirectResponse(found.here, 303)
    return await show(request, daemon, "review/conversations.html", frame, name=name, list=found, choices=Choices)


@router.get("/fragments/packages/{name}/conversations")
async def conversations_fragment(request: Request, daemon: TheDaemon, name: str) -> Response:
    asked = _asked(request.query_params.multi_items())
    found = await daemon.read(name, lambda package: _list(package, asked))
    return await show(request, daemon, "review/list.html", name=name, list=found)


@router.get("/packages/{name}/conversations/search")
async def search(
    request: Request,
    daemon: TheDaemon,
    name: str,
    q: Annotated[str, Query(max_length=1000)] = "",
    skip: Annotated[int, Query(ge=0, le=10_000)] = 0,
    before: Annotated[int | None, Query(ge=0, le=1 << 53)] = None,
) -> Response:
    frame = chrome(request, daemon)
    found: Hits = await daemon.read(name, lambda package: package.review.search.find(q, skip, _PAGE, before))
    here = {"q": q} if before is None else {"q": q, "before": before}
    more = urlencode({**here, "skip": skip + _PAGE}) if found.more else None
    older = urlencode({"q": q, "before": found.older}) if found.older is not None and not found.more else None
    hits = [(hit, _pieces(hit), _read(name, id=hit.conversation, message=hit.message)) for hit in found.hits]
    return await show(
        request,
        daemon,
        "review/search.html",
        frame,
        name=name,
        q=q,
        found=found,
        hits=hits,
        more=more,
        older=older,
        skip=skip,
        is_first=not skip and before is None,
    )


@router.get("/packages/{name}/conversations/read")
async def read(
    request: Request,
    daemon: TheDaemon,
    name: str,
    id_: Id,
    start: Annotated[int, Query(ge=0, le=1 << 53)] = 0,
    message: Annotated[str | None, Query(max_length=2000)] = None,
    edit: Annotated[str | None, Query(max_length=2000)] = None,
    plain: bool = False,
) -> Response:
    frame = chrome(request, daemon)
    found = await daemon.read(name, lambda package: _reading(package, id_, start, message, edit, plain))
    return await show(request, daemon, "review/read.html", frame, name=name, read=found, wanted=message)


@router.get("/packages/{name}/conversations/tags")
async def tags(request: Request, daemon: TheDaemon, name: str) -> Response:
    frame = chrome(request, daemon)
    sets, known, colours = await daemon.read(
        name, lambda p: (p.review.tag_sets(), p.review.listing.tags(), p.review.colours())
    )
    return await show(
        request,
        daemon,
        "review/tags.html",
        frame,
        name=name,
        sets=sets,
        known=known,
        tag_colours=colours,
        colours=COLOURS,
        new_lines=_NEW_LINES,
    )


@router.get("/fragments/packages/{name}/conversations/read")
async def read_fragment(
    request: Request,
    daemon: TheDaemon,
    name: str,
    id_: Id,
    start: Annotated[int, Query(ge=0, le=1 << 53)] = 0,
    plain: bool = False,
) -> Response:
    found = await daemon.read(name, lambda package: _reading(package, id_, start, None, None, plain))
    return await show(request, daemon, "review/head.html", name=name, read=found)


def _list(package: Package, asked: Asked) -> ListPage:
    review = package.review
    return ListPage(
        name=package.name,
        asked=asked,
        query=_query(asked),
        page=page_of(package, asked),
        pending=review.pending(),
        awaits_review=package.awaits_review(),
        platforms=review.listing.platforms(),
        tags=review.listing.tags(),
        colours=review.colours(),
        comparison=last_comparison(package),
        zone=package.config.time_zone,
    )


def _reading(package: Package, id_: str, start: int, message: str | None, edit: str | None, is_plain: bool) -> Reading:
    review = package.review
    found = review.listing.one(id_)
    if found is None:
        raise UnknownItem(f"There is no conversation {id_[:200]!r}.")
    wanted = message if edit is None else edit
    if wanted is not None:
        start = review.line(id_, wanted).position // _PAGE * _PAGE
    lines = review.lines(id_, start, _PAGE)
    return Reading(
        name=package.name,
        conversation=found,
        instructions=review.instructions(id_),
        lines=lines,
        turns=tuple(Turn(line, None if is_plain else as_html(line.content)) for line in lines.lines),
        colours=review.colours(),
        known_tags=_known_tags(package),
        names={"user": package.config.user_name, "assistant": package.config.entity_name},
        start=start,
        is_plain=is_plain,
        editing=edit,
    )


def _known_tags(package: Package) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*package.review.colours(), *package.review.listing.tags())))


def _pieces(hit: Hit) -> list[tuple[str, bool]]:
    """An excerpt in pieces: each with whether it was looked for."""
    pieces, last = [], 0
    for start, end in hit.marks:
        pieces += [(hit.excerpt[last:start], False), (hit.excerpt[start:end], True)]
        last = end
    return [*pieces, (hit.excerpt[last:], False)]


# --- what is done ----------------------------------------------------------------------------------------------------


@router.post("/actions/packages/{name}/conversations/change")
async def change(request: Request, daemon: TheDaemon, name: str) -> Response:
    """The bulk bar: `do` with the conversations ticked (`id`), or with all that the list of `query` lets through."""
    sent = parse_qsl((await request.body()).decode("utf-8", "replace"))
    form = dict(sent)
    query = form.get("query", "")
    asked = _asked(parse_qsl(query))
    ids = [value for key, value in sent if key == "id"]
    decision = _decision(form)

    def act(package: Package) -> Decided:
        chosen: Filter | list[str] = filter_of(package, asked) if form.get("of") == "all" else ids
        return package.review.decide(chosen, decision)

    decided = await daemon.change(name, CHANGED, act)
    go = form.get("back", "") if form.get("back", "").startswith(package_path(name, "conversations")) else None
    return done(request, go or _address(name, _query(asked)), _told(form, decided))


def _decision(form: dict[str, str]) -> Decision:
    do, tag = form.get("do", ""), form.get("tag", "").strip()
    if do in _ACTS:
        return _ACTS[do]
    if do not in ("tag", "untag") or not tag:
        raise NotAllowed("There is no tag to set or to take away.", "Write one into the field first.")
    return Decision(tag=(tag,)) if do == "tag" else Decision(untag=(tag,))


def _told(form: dict[str, str], decided: Decided) -> str:
    done_to = {"exclude": "excluded", "include": "included", "tag": "tagged", "untag": "untagged"}[form["do"]]
    if not decided.chosen:
        return "No conversation was ticked: nothing was changed."
    rest = decided.chosen - decided.changed
    return f"{counted(decided.changed, 'conversation')} {done_to}." + (f" {rest} needed no change." if rest else "")


@router.post("/actions/packages/{name}/conversations/edit")
async def edit(request: Request, daemon: TheDaemon, name: str) -> Response:
    form = await fields(request)
    id_, message, seen = form.get("id", ""), form.get("message", ""), form.get("seen")
    # A form sends every line end as CR LF.
    content = form.get("content", "").replace("\r\n", "\n")

    def act(package: Package) -> Line:
        line = package.review.line(id_, message)
        came = line.content if line.original is None else line.original
        # What came with other line ends, and was not touched, stays as it came.
        same = next((old for old in (line.content, came) if _with_line_feeds(old) == content), content)
        return package.review.edit(id_, message, same, seen)

    line = await daemon.change(name, CHANGED, act)
    said = "The message reads as it came." if line.original is None else "The message is changed; what came is kept."
    return done(request, f"{_read(name, id=id_, message=message, plain=form.get('plain'))}#m{line.position}", said)


def _with_line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@router.post("/actions/packages/{name}/conversations/undo")
async def undo(request: Request, daemon: TheDaemon, name: str) -> Response:
    form = await fields(request)
    id_, message, seen = form.get("id", ""), form.get("message", ""), form.get("seen")
    line = await daemon.change(name, CHANGED, lambda package: package.review.undo(id_, message, seen))
    go = f"{_read(name, id=id_, message=message, plain=form.get('plain'))}#m{line.position}"
    return done(request, go, "The message reads as it came.")


@router.post("/actions/packages/{name}/conversations/tag-set")
async def set_tag_set(request: Request, daemon: TheDaemon, name: str) -> Response:
    """A set of tags: `name`, and pairs of `tag` and `colour` in their order; lines without a tag are left out."""
    sent = parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True)
    form = dict(sent)
    tags = [value.strip() for key, value in sent if key == "tag"]
    chosen: list[Colour] = [_colour(value) for key, value in sent if key == "colour"]
    wanted = {} if form.get("do") == "remove" else {t: c for t, c in zip(tags, chosen, strict=False) if t}
    await daemon.change(name, CHANGED, lambda package: package.review.set_tag_set(form.get("set", ""), wanted))
    said = (
        f"The set has {counted(len(wanted), 'tag')}." if wanted else "The set is gone; conversations keep their tags."
    )
    return done(request, package_path(name, "conversations", "tags"), said)


def _colour(text: str) -> Colour:
    return next((colour for colour in COLOURS if colour == text), COLOURS[-1])


@router.post("/actions/packages/{name}/conversations/commit-only")
async def only_commit(request: Request, daemon: TheDaemon, name: str) -> Response:
    await daemon.change(name, CHANGED, commit_only)
    said = "What is included is committed; memories are not made until you press Continue."
    return done(request, package_path(name, "conversations"), said)


@router.post("/actions/packages/{name}/conversations/forget-comparison")
async def forget(request: Request, daemon: TheDaemon, name: str) -> Response:
    await daemon.change(name, CHANGED, forget_comparison)
    return done(request, package_path(name, "conversations"), "The comparison is forgotten.")


# --- addresses -------------------------------------------------------------------------------------------------------


def _asked(pairs: Iterable[tuple[str, str]]) -> Asked:
    """What an address asks for; a filter form sends its empty fields too. Raises ValidationError."""
    given: dict[str, Any] = {}
    for key, value in pairs:
        if value and key in Asked.model_fields:
            if key in _LISTS:
                given.setdefault(key, []).append(value)
            else:
                given[key] = value
    return Asked.model_validate(given)


def _query(asked: Asked) -> str:
    """What is asked for as it stands in an address; without the cursor, which belongs to one page only."""
    given = asked.model_dump(mode="json", exclude_defaults=True, exclude={"cursor"})
    return urlencode({key: _plain(value) for key, value in given.items()}, doseq=True)


def _plain(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value


def _address(name: str, query: str, **more: str) -> str:
    both = "&".join(filter(None, (query, urlencode(more))))
    return package_path(name, "conversations") + (f"?{both}" if both else "")


def _read(name: str, **values: Any) -> str:
    given = {key: value for key, value in values.items() if value is not None}
    return f"{package_path(name, 'conversations', 'read')}?{urlencode(given)}"
