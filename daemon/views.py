"""What a person is told about a package: the same values on the page, over HTTP and on the command line."""

from collections import defaultdict
from collections.abc import Sequence

from pydantic import BaseModel

from packages_store.model import ItemEnd, Repair, StageName, StageState, StageStatus, Upload
from packages_store.package import Package
from packages_store.progress import StageItems
from stages.parsers.reading.sets import missing_parts, set_of

_LISTED = 1000
_NAMED = 5
"""Missing parts that are named in a sentence."""


class ItemView(BaseModel):
    """An item that needs a person: failed, rejected or poisoned."""

    id: str
    label: str | None
    end: ItemEnd
    attempts: int
    reason: str | None


class StageView(BaseModel):
    """One stage. `status` is `running` only while it really runs; `actions` are what a person can do now."""

    name: StageName
    status: StageStatus
    completed: bool
    processed: int
    failed: int
    left: int
    interruption: str | None
    interrupted_count: int
    reason: str | None
    retry_at: str | None
    actions: list[str]


class StageDetail(StageView):
    """A stage with its items by name."""

    processed_items: list[str]
    failed_items: list[str]
    failures: list[ItemView]


class UploadView(BaseModel):
    """One file that was handed in, and what became of it."""

    id: str
    file: str
    outcome: str
    platform: str | None
    conversations: int
    messages: int
    skipped: int
    reason: str | None
    size: int
    arrived_at: str
    origin: str


class RepairView(BaseModel):
    """One repair: what was found, what was done about it, and what to do next."""

    package: str
    at: str
    subject: str
    found: str
    done: str
    advice: str
    owner: str | None
    processed: int
    failed: int
    interrupted_items: int
    times: int


class PackageView(BaseModel):
    """One package in a line. `state` is `running`, `waiting`, `done` or `unusable`; `waits_for` says for what."""

    name: str
    path: str
    state: str
    waits_for: str | None
    stages: list[StageView]


class PackageDetail(BaseModel):
    """One package with everything a person may want to know."""

    name: str
    path: str
    state: str
    waits_for: str | None
    stages: list[StageDetail]
    uploads: list[UploadView]
    repairs: list[RepairView]
    conversations: int
    messages: int
    cost: float = 0.0
    """What the language model has cost so far, in US dollars, as far as prices are known."""
    notices: list[str] = []
    """A sentence for each budget of which most is spent."""


def actions_for(state: StageState, status: StageStatus, failed: int) -> list[str]:
    """What a person can do with a stage that stands so."""
    match status:
        case StageStatus.RUNNING:
            return ["abort"]
        case StageStatus.ABORTED | StageStatus.ERROR:
            actions = ["continue"]
        case StageStatus.PENDING:
            actions = ["start"] if state.wanted else []
        case StageStatus.SKIPPED:
            return ["start"]
        case _:
            actions = []
    if failed:
        actions += ["retry", "skip"]
    if state.name == StageName.GRAPH and not status.ended:
        actions.append("skip stage")
    return actions


def stage_view(package: Package, state: StageState, running: StageName | None) -> StageView:
    """A stage as it truly stands: what says `running` and does not run is told as aborted."""
    counts = package.progress.counts(state.name)
    status = state.status
    if status == StageStatus.RUNNING and running != state.name:
        status = StageStatus.ABORTED
    return StageView(
        name=state.name,
        status=status,
        completed=status == StageStatus.COMPLETED,
        processed=counts.processed,
        failed=counts.failed,
        left=counts.left,
        interruption=state.interruption,
        interrupted_count=state.interrupted_count,
        reason=state.reason,
        retry_at=state.retry_at,
        actions=actions_for(state, status, counts.failed),
    )


def stage_detail(package: Package, state: StageState, running: StageName | None, items: StageItems) -> StageDetail:
    """A stage with its failures, and with these of its items by id."""
    view = stage_view(package, state, running)
    # Most stages have no failure, which is known by now: looking for some reads all items.
    ends = (ItemEnd.FAILED, ItemEnd.REJECTED, ItemEnd.POISONED)
    failures = package.progress.items(state.name, ends, _LISTED) if view.failed else []
    return StageDetail(
        **view.model_dump(),
        processed_items=items.foreign + items.processed,
        failed_items=items.failed,
        failures=[
            ItemView(id=item.id, label=item.label, end=item.end, attempts=item.attempts, reason=item.reason)
            for item in failures
        ],
    )


def upload_views(uploads: Sequence[Upload]) -> list[UploadView]:
    """The uploads of a package for people: of files that came in parts, each tells which parts have not come."""
    missing: dict[object, list[str]] = defaultdict(list)
    for name in missing_parts([upload.name for upload in uploads]):
        missing[set_of(name)].append(name)
    return [upload_view(upload, missing.get(set_of(upload.name), ())) for upload in uploads]


def upload_view(upload: Upload, missing: Sequence[str] = ()) -> UploadView:
    """An upload for people. `missing` are the names of other files of the same export that have not come."""
    reasons = [upload.reason or ""]
    if missing:
        reasons.append(f"{_named(missing)} of the same export did not come: drop what is missing as well")
    if upload.missing:
        reasons.append(f"{_named(upload.missing)} should be in it and is not: download the export again")
    return UploadView(
        id=upload.id,
        file=upload.name,
        outcome=upload.outcome,
        platform=upload.platform,
        conversations=upload.conversations,
        messages=upload.messages,
        skipped=upload.skipped,
        reason="; ".join(filter(None, reasons)) or None,
        size=upload.size,
        arrived_at=upload.arrived_at,
        origin=upload.origin,
    )


def _named(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def repair_view(package: str, repair: Repair) -> RepairView:
    """A repair for people."""
    return RepairView(
        package=package,
        at=repair.at,
        subject=repair.subject,
        found=repair.found,
        done=repair.done,
        advice=repair.advice,
        owner=repair.owner,
        processed=repair.processed,
        failed=repair.failed,
        interrupted_items=repair.interrupted_items,
        times=repair.times,
    )
