"""The nouns of a package, frozen: something new happened means a new value."""

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Literal, NamedTuple

Role = Literal["user", "assistant"]
MemoryKind = Literal["daily", "significant"]


class StageName(StrEnum):
    """The six stages, in the order in which they run."""

    UPLOAD = "upload"
    CONVERT = "convert"
    COMMIT = "commit"
    SIGNIFICANT = "significant"
    DAILY = "daily"
    GRAPH = "graph"


class StageStatus(StrEnum):
    """What a stage is. `RUNNING` is true only while this process holds the package's stage lock."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    COMPLETED_WITH_FAILURES = "completed_with_failures"
    ERROR = "error"
    ABORTED = "aborted"
    SKIPPED = "skipped"

    @property
    def ended(self) -> bool:
        """Whether the stages after this one may run."""
        return self in (StageStatus.COMPLETED, StageStatus.COMPLETED_WITH_FAILURES, StageStatus.SKIPPED)


class Interruption(StrEnum):
    """Why a stage that was started is `aborted`. Decides whether it goes on by itself."""

    USER = "user"
    """A person aborted it: it waits for Continue."""
    CRASH = "crash"
    """The process died: it goes on by itself."""
    SHUTDOWN = "shutdown"
    """The daemon was stopped in order: it goes on by itself."""
    BUDGET = "budget"
    """The money that a person allowed is spent: it waits for Continue."""


class ItemEnd(StrEnum):
    """How an item ended (R-27), or `CLAIMED` while somebody works on it."""

    CLAIMED = "claimed"
    DONE = "done"
    EMPTY = "done_empty"
    FAILED = "failed"
    """Failed for a reason that may pass: tried again by itself, or on Retry."""
    REJECTED = "failed_final"
    """Failed because of its content: tried again only when the content changes or a person asks."""
    POISONED = "poisoned"
    """Interrupted too often: set aside, so that the rest can go on."""
    SKIPPED = "skipped"

    @property
    def processed(self) -> bool:
        """Whether nothing is left to do for the item."""
        return self in (ItemEnd.DONE, ItemEnd.EMPTY, ItemEnd.SKIPPED)

    @property
    def failed(self) -> bool:
        """Whether the item keeps its stage from being `completed`."""
        return self in (ItemEnd.FAILED, ItemEnd.REJECTED, ItemEnd.POISONED)


class UploadOutcome(StrEnum):
    """What became of a file that was handed in (R-05). `RECEIVED` is the only one that is not an end."""

    RECEIVED = "received"
    IMPORTED = "imported"
    UPDATED = "updated"
    DUPLICATE = "duplicate"
    OLDER_SNAPSHOT = "older_snapshot"
    UNSUPPORTED = "unsupported"
    FAILED = "failed"
    WAITING = "waiting"
    """Still in the drop folder: not yet quiet, or not readable just now. Never stored in a ledger."""


class Edition(IntEnum):
    """How a conversation came to us. The higher one says how it reads; ids of messages are comparable within one."""

    PAGE = 1
    """Read off a web page: plain text, no times or ids of its own."""
    COPY = 2
    """Saved by a tool that rewrote it, with its formatting."""
    EXPORT = 3
    """What the platform itself holds, with its own ids."""


class Message(NamedTuple):
    """One visible turn. A tuple, because exports hold them by the hundred thousand.

    `id` is unique in the package and stable across exports; `created_at` is ISO-8601 UTC with milliseconds and `Z`;
    `time_inferred` says that the export had no time for it and a neighbour's was used; `gone`, that the latest export
    does not hold it any more.
    """

    id: str
    role: Role
    content: str
    created_at: str
    reasoning: str | None = None
    model: str | None = None
    time_inferred: bool = False
    edition: Edition = Edition.EXPORT
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Conversation:
    """One thread, its messages in the order in which the source means them. Times as in `Message`.

    `instructions` are system prompts, custom instructions and saved memories: kept, and never turns. The id of a
    `provisional` one was made up by putting records together: what another conversation of the platform turns out to
    hold belongs there. An `excerpt` is a piece of a chat that has no id and never ends: one of the platform that shares
    a message with it is the same chat, whatever it is called here.
    """

    id: str
    title: str | None
    platform: str
    created_at: str
    updated_at: str
    messages: tuple[Message, ...]
    edition: Edition = Edition.EXPORT
    instructions: tuple[str, ...] = ()
    provisional: bool = False
    excerpt: bool = False

    def key_of(self, message: Message) -> str:
        """The id of a message without that of the conversation."""
        return message.id.removeprefix(f"{self.id}:")


@dataclass(frozen=True, slots=True)
class Source:
    """A file inside an upload, as `upload` found it and `convert` reads it.

    `member` is the path inside the archive, or None when the upload is the file itself.
    """

    id: str
    upload_id: str
    member: str | None
    platform: str
    parser: str
    variant: str
    size: int


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What was found in one source; `records` = conversations + empty + the sums of `skipped` and `broken`."""

    records: int = 0
    conversations: int = 0
    messages: int = 0
    empty: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    """Reason -> number of records that hold no chat."""
    broken: tuple[str, ...] = ()
    """One sentence per record that could not be read, with its position."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Upload:
    """A file handed in. `id` is short and safe in paths and addresses; `name` is what the person called it."""

    id: str
    name: str
    sha256: str
    size: int
    origin: str
    """`inbox:<path relative to the drop folder>`, `api`, `cli` or `adopted`."""
    arrived_at: str
    outcome: UploadOutcome
    reason: str | None = None
    duplicate_of: str | None = None
    platform: str | None = None
    conversations: int = 0
    messages: int = 0
    skipped: int = 0
    missing: tuple[str, ...] = ()
    """Names of files that should be in it, as their neighbours show."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who held a claim: enough to prove, under the daemon's lock, that it is not us (R-21)."""

    boot_id: str
    pid: int
    start_ticks: int
    instance: str


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One unit of work. Everything else about it is found in the ledger, so it can be handed to another process.

    `fingerprint` covers every input of the result (content, engine, prompt version, names): while it is the one that
    was stored with the result, the item is not done again.
    """

    id: str
    label: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on an item, recorded before the work starts. A result counts while its claim is current."""

    stage: StageName
    item: WorkItem
    attempt: int
    generation: int


@dataclass(frozen=True, slots=True)
class LeftItem:
    """An item that waits to be done. One that was in flight when the process died is suspect: it is run alone."""

    item: WorkItem
    suspect: bool


@dataclass(frozen=True, slots=True)
class StageState:
    """One row of the stage line, as the ledger holds it."""

    name: StageName
    status: StageStatus
    interruption: Interruption | None
    reason: str | None
    """A sentence for a person: why it stands where it stands."""
    interrupted_count: int
    started_at: str | None
    ended_at: str | None
    retry_at: str | None
    """When a stage that ended in an error of the environment is tried again by itself."""
    wanted: bool
    """Whether more was asked of it than its last run knew of."""


@dataclass(frozen=True, slots=True)
class ItemState:
    """One item of a stage."""

    stage: StageName
    id: str
    end: ItemEnd
    attempts: int
    interrupted: int
    fingerprint: str | None
    reason: str | None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class StageCounts:
    """How far a stage is; `left` is known only while it runs or after it ran."""

    processed: int
    failed: int
    left: int


@dataclass(frozen=True, slots=True)
class Repair:
    """What a repair found and did, for people to read (R-30)."""

    at: str
    subject: str
    """A stage name or a file name."""
    found: str
    done: str
    advice: str
    owner: str | None = None
    processed: int = 0
    failed: int = 0
    interrupted_items: int = 0
    times: int = 1


@dataclass(frozen=True, slots=True)
class Passage:
    """One line of a daily memory with what it rests on."""

    text: str
    conversation_id: str
    platform: str
    message_ids: tuple[str, ...]
    request: str | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """A memory text with its sources. `id` is its identity, the file name only carries it (R-47).

    `date` is `YYYY-MM-DD` in the package's time zone. `body` is the whole file. `origin` is `offline`, `llm`,
    `adopted` for a file somebody else wrote, which is never rewritten, or `person` for one of those that a person has
    changed here.
    """

    id: str
    kind: MemoryKind
    date: str
    file_name: str
    body: str
    origin: str
    conversation_ids: tuple[str, ...]
    message_ids: tuple[str, ...]
    requests: tuple[str, ...] = ()
    """Fingerprints of the requests to a model that it came from (packages_store/journal.py)."""
    title: str = ""
    passages: tuple[Passage, ...] = ()
    """The lines of a day, each with its own messages; empty for prose, all of which rests on all the messages."""
    edited: bool = False
    """Whether a person has changed the text: no re-run writes over it."""


@dataclass(frozen=True, slots=True)
class GraphNode:
    """A node that one batch of memories speaks of. `key` is the normalised name within its type."""

    type: Literal["self", "person", "place", "health", "tradition"]
    key: str
    label: str
    description: str
    confidence: float
    memory_ids: tuple[str, ...]
    seen_from: str
    """`YYYY-MM-DD` of the first memory that speaks of it."""
    seen_to: str
    requests: tuple[str, ...] = ()
    """Fingerprints of the requests to a model that found it."""


@dataclass(frozen=True, slots=True)
class GraphEdge:
    """A relation between two nodes, named by (type, key), with the words it rests on."""

    source: tuple[str, str]
    target: tuple[str, str]
    type: str
    evidence: str
    confidence: float
    memory_ids: tuple[str, ...]
    seen_from: str
    seen_to: str
    requests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GraphFacts:
    """What one batch of memories says."""

    nodes: tuple[GraphNode, ...] = ()
    edges: tuple[GraphEdge, ...] = ()
