"""Review as every door asks for it: the choice of conversations in words for people, and the acts behind it."""

from datetime import date, datetime, time, timedelta
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from packages_store.listing import Compared, Filter, Order, Page, Sort, State
from packages_store.model import StageName, StageStatus
from packages_store.package import Package
from packages_store.review import Decided, Decision
from packages_store.times import iso

CHANGED = "conversations"
"""What `PackageChanged` says after each change of a review."""

_MANY = 1 << 53
Count = Annotated[int | None, Field(ge=0, le=_MANY)]
Day = Annotated[date | None, Field(ge=date(1900, 1, 1), le=date(9000, 1, 1))]
Names = Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=100)]


class Choice(BaseModel):
    """Which conversations are meant: those for which every condition that is given holds.

    `platform`, `state` and `compared` are lists: any of them will do; of `tag` all must be there. Days are those of the
    package's time zone, both included. Sizes are in characters.
    """

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(max_length=1000)] = ""
    platform: Names = []
    tag: Names = []
    untagged: bool = False
    since: Day = None
    until: Day = None
    least_messages: Count = None
    most_messages: Count = None
    least_size: Count = None
    most_size: Count = None
    excluded: bool | None = None
    edited: bool | None = None
    state: list[State] = []
    compared: list[Compared] = []


class Asked(Choice):
    """A choice of conversations, and which page of them in which order."""

    sort: Sort = "date"
    descending: bool = True
    cursor: Annotated[str | None, Field(max_length=1500)] = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class Change(BaseModel):
    """What to change, of which conversations: those of `ids`, or all that `choice` lets through. One of the two."""

    model_config = ConfigDict(extra="forbid")

    ids: Annotated[list[Annotated[str, Field(max_length=2000)]], Field(max_length=20_000)] | None = None
    choice: Choice | None = None
    excluded: bool | None = None
    tag: Names = []
    untag: Names = []

    @model_validator(mode="after")
    def _names_conversations(self) -> Self:
        if (self.ids is None) == (self.choice is None):
            raise ValueError("name conversations by `ids` or by `choice`")
        return self


def page_of(package: Package, asked: Asked) -> Page:
    """The page that is asked for."""
    order = Order(asked.sort, asked.descending)
    return package.review.listing.page(filter_of(package, asked), order, asked.cursor, asked.limit)


def decide(package: Package, change: Change) -> Decided:
    """Make a change; all of it or nothing."""
    chosen = change.ids or [] if change.choice is None else filter_of(package, change.choice)
    return package.review.decide(chosen, Decision(change.excluded, tuple(change.tag), tuple(change.untag)))


def filter_of(package: Package, choice: Choice) -> Filter:
    """The choice, with its days as instants."""
    return Filter(
        platforms=tuple(choice.platform),
        tags=tuple(choice.tag),
        untagged=choice.untagged,
        since=_begin_of(package, choice.since),
        until=_begin_of(package, choice.until and choice.until + timedelta(days=1)),
        least_messages=choice.least_messages,
        most_messages=choice.most_messages,
        least_size=choice.least_size,
        most_size=choice.most_size,
        excluded=choice.excluded,
        edited=choice.edited,
        states=tuple(choice.state),
        compared=tuple(choice.compared),
        text=choice.text,
    )


def _begin_of(package: Package, day: date | None) -> str | None:
    return None if day is None else iso(datetime.combine(day, time(), package.config.zone))


def commit_only(package: Package) -> None:
    """Let a package commit what is staged, and stop there: what it then exports holds no new memories and no graph.

    It is a decision to go on as well: a commit that waits for the review, or for Continue, does not wait any more.
    """
    package.mark_reviewed()
    package.set_fact("until", StageName.COMMIT)
    if package.progress.stage(StageName.COMMIT).status in (StageStatus.ABORTED, StageStatus.ERROR):
        package.progress.resume(StageName.COMMIT)
