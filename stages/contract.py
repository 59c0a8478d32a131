"""What a stage is, what it is handed, and the ports it asks: the contract between the rooms.

A stage is stateless. It never touches a lock, a checkpoint, a counter or another stage: the runner does
(daemon/runner.py).
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import tzinfo
from functools import lru_cache
from typing import Generic, Protocol, TypeVar, TypeVarTuple

import anyio
import anyio.from_thread
import anyio.to_thread

from packages_store.errors import ItemFailed
from packages_store.model import Conversation, GraphFacts, Memory, StageName, WorkItem
from packages_store.package import Package
from packages_store.times import Clock, local_day
from stages.parsers.contract import Parser

T = TypeVar("T")
Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")


@dataclass(frozen=True, slots=True)
class Finished(Generic[Result]):
    """The result of one item, not yet stored. `empty` says that it was done and held nothing worth keeping, and why."""

    item: WorkItem
    value: Result
    empty: str | None = None


@dataclass(frozen=True, slots=True)
class Persona:
    """Who speaks in the memories (the entity) and about whom (the person)."""

    entity_name: str
    user_name: str
    entity_pronouns: str
    user_pronouns: str
    relationship: str
    notes: str
    zone: tzinfo
    day_starts_at: int = 0
    """The hour, 0 to 23, at which a day begins: what is said before it belongs to the day before (R-51)."""

    def day_of(self, instant: str) -> str:
        """The day, `YYYY-MM-DD`, of an instant as the package writes it."""
        return local_day(instant, self.zone, self.day_starts_at)


@dataclass(frozen=True, slots=True)
class MemoryDraft:
    """A significant memory before it is filed. `message_ids` are the messages it rests on, at least one."""

    date: str
    title: str
    prose: str
    message_ids: tuple[str, ...]
    request: str | None = None
    """The fingerprint of the request to a model that it came from."""


@dataclass(frozen=True, slots=True)
class Bullet:
    """One line of a daily memory, with the conversation and the messages it rests on."""

    text: str
    conversation_id: str
    platform: str
    message_ids: tuple[str, ...]
    request: str | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to a language model. Together with the engine's settings it decides the answer."""

    stage: StageName
    item: str
    """The item it is asked for."""
    prompt: str
    """Name and version of the prompt, such as `significant-1`."""
    instructions: str
    """The same for every question of a kind and a persona; sent first, so that providers can cache it."""
    material: str
    """What is asked about; imported text in it is fenced off as data."""
    schema: Mapping[str, object]
    """The JSON schema of the answer, which is an object."""
    most_tokens: int
    """The longest answer that makes sense."""


@dataclass(frozen=True, slots=True)
class Answered(Generic[T]):
    """An accepted answer, and the fingerprint of the request it came from."""

    value: T
    request: str


class AnswerRejected(Exception):
    """What a model said is no answer to the question; the message says why, in words for a person."""


class AnswerTooLong(ItemFailed):
    """The model was cut off although it was given more room, or the question does not fit: ask about less of it."""


class Llm(Protocol):
    """A language model, for one package: every answer is journalled, so that no question is paid for twice."""

    @property
    def version(self) -> str:
        """Changes when the same question could be answered otherwise: model and parameters."""
        ...

    @property
    def context_tokens(self) -> int:
        """Tokens that a question and its answer may have together."""
        ...

    @property
    def concurrency(self) -> int:
        """How many questions may be in flight at most."""
        ...

    def tokens(self, text: str) -> int:
        """About how many tokens `text` has; never too few by more than a tenth."""
        ...

    async def ask(self, ask: Ask, accept: Callable[[Mapping[str, object]], T]) -> Answered[T]:
        """Ask, or find the answer in the journal, and hand it to `accept`.

        The answer is journalled before `accept` sees it. `accept` raises AnswerRejected for one that cannot be used:
        then the question is put once more in other words (what was wrong is said), and after that the item fails.
        Raises ItemFailed for this question alone (rejected, refused by the provider for its content; AnswerTooLong
        when it has to be asked in parts), and EngineStopped when no question can be answered now.
        """
        ...


class Extractor(Protocol):
    """Turns what was said into memories.

    Obligations: an answer depends on the arguments alone (the same ones give the same answer, or a journalled one);
    every draft, bullet, node and edge names what it rests on; raises `ItemFailed` for an expected failure and nothing
    else; may be cancelled at any await; heavy computation leaves the event loop (`off_loop`).
    """

    @property
    def name(self) -> str:
        """`offline` or `llm`; stored as the origin of each memory."""
        ...

    @property
    def version(self) -> str:
        """Changes when the same arguments could give another answer; part of every fingerprint."""
        ...

    @property
    def concurrency(self) -> int:
        """How many items may be in flight at once (at least 1)."""
        ...

    async def significant(self, persona: Persona, conversation: Conversation) -> tuple[MemoryDraft, ...]:
        """The moments of one conversation worth keeping, oldest first; empty when there is none."""
        ...

    async def daily(self, persona: Persona, day: str, parts: Sequence[Conversation]) -> tuple[Bullet, ...]:
        """What `day` (`YYYY-MM-DD`, the package's zone) was about.

        `parts` holds each conversation of that day with that day's messages only.
        """
        ...

    async def graph(self, persona: Persona, memories: Sequence[Memory]) -> GraphFacts:
        """The people, places, health matters and traditions these memories speak of, and how they relate."""
        ...


def fingerprint(*inputs: object) -> str:
    """A hash of everything a result depends on; inputs are told apart by their text and their order."""
    digest = hashlib.blake2b(digest_size=16)
    for value in inputs:
        text = str(value).encode("utf-8", "surrogatepass")
        digest.update(len(text).to_bytes(8, "big") + text)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class MadeFrom:
    """Everything a memory depends on, in parts: the fingerprint of an item that is done by an extractor.

    Two of them tell not only that something has changed, but what.
    """

    content: str
    """A hash of what is read."""
    engine: str
    persona: str
    """A hash of the persona."""
    version: str
    """The extractor's: words with one blank between them."""

    def __str__(self) -> str:
        return f"{self.content} {self.engine} {self.persona} {self.version}"

    @classmethod
    def parsed(cls, text: str) -> "MadeFrom | None":
        """The parts of a fingerprint; None for one without parts."""
        parts = text.split(" ", 3)
        return cls(*parts) if len(parts) == len(fields(cls)) else None


_THREADS = 2
"""Worker threads for the items of one run. Their steps are short and hold the interpreter: measured with 32 items in
flight, more threads only take it from each other, and from the event loop (a quarter more processor time for each)."""
_LITTLE = 20_000
"""Characters that are looked through in a few milliseconds: to change threads for them takes nearly as long."""


@dataclass(frozen=True, slots=True)
class StageContext:
    """Everything a stage can reach. What is not in here does not exist for it."""

    package: Package
    extractor: Extractor
    persona: Persona
    clock: Clock
    parsers: Sequence[Parser]
    instance_id: str = "entity-loom"
    """What memory files are named after beside their day."""
    threads: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(_THREADS))
    """For the short steps of items that are in flight together (see `off_loop`)."""

    def made_from(self, content: str) -> str:
        """The fingerprint of an item for the extractor, of which `content` is a hash of what it reads."""
        engine = self.extractor
        return str(MadeFrom(content, engine.name, _persona_hash(self.persona), engine.version))


@lru_cache(maxsize=16)
def _persona_hash(persona: Persona) -> str:
    # Asked for with every item, of which there may be ten thousands.
    return fingerprint(persona)


class Stage(Protocol[Result]):
    """One step of the import. The methods without `async` are called in a worker thread, never on the event loop."""

    @property
    def name(self) -> StageName: ...

    def concurrency(self, context: StageContext) -> int:
        """How many items may be in flight at once (at least 1)."""
        ...

    def plan(self, context: StageContext) -> Sequence[WorkItem]:
        """Every item there is, with its present fingerprint, in a fixed order.

        Which of them are left is not the stage's to know: the ledger compares fingerprints (see `Progress.plan`).
        """
        ...

    async def process(self, context: StageContext, item: WorkItem) -> Finished[Result]:
        """Do one item. May be called twice for the same item without harm; may be cancelled at any await.

        Raises `ItemFailed` when the item cannot be done; anything else ends the stage in `error`.
        """
        ...

    def store(self, context: StageContext, results: Sequence[Finished[Result]]) -> None:
        """Write results into the ledger; called inside the transaction that also marks the items done."""
        ...

    def store_failure(self, context: StageContext, item: WorkItem, reason: str) -> None:
        """Note that an item failed where people look for it; called inside the transaction that marks it."""
        ...

    def publish(self, context: StageContext, results: Sequence[Finished[Result]]) -> None:
        """Write the files derived from results that are now durable. Whatever is lost here, `finish` writes again."""
        ...

    def finish(self, context: StageContext) -> None:
        """Called when nothing is left: bring everything derived from this stage's results up to date. Idempotent."""
        ...


async def off_loop(
    work: Callable[[*Arguments], T], *arguments: *Arguments, threads: anyio.CapacityLimiter | None = None
) -> T:
    """Run `work` in a worker thread, of `threads` or of those for everything.

    It is not abandoned on cancellation: long work calls `breathe` now and then.
    """
    return await anyio.to_thread.run_sync(work, *arguments, limiter=threads)


async def off_loop_if_long(
    length: int, work: Callable[[*Arguments], T], *arguments: *Arguments, threads: anyio.CapacityLimiter | None = None
) -> T:
    """Run `work`, which looks through `length` characters and at nothing on the disk, at once when they are few."""
    return work(*arguments) if length <= _LITTLE else await off_loop(work, *arguments, threads=threads)


def length_of(conversations: Iterable[Conversation]) -> int:
    """The characters of all messages."""
    return sum(len(message.content) for conversation in conversations for message in conversation.messages)


def breathe() -> None:
    """Called in a worker thread between two steps of long work: ends it when the stage has been aborted."""
    anyio.from_thread.check_cancelled()
