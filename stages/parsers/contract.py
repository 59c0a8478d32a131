"""What a parser is: it bids for a file by its content, then reads it record by record.

A parser holds no state and does no I/O of its own: it is handed a `SourceFile`. It never raises for one bad record;
it yields a `Broken` and goes on.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import BinaryIO, Literal, Protocol

from packages_store.model import Conversation

PARSERS_VERSION = 3
"""Raised when a parser reads the same file differently: what was read with an older one is read again."""


@dataclass(frozen=True, slots=True)
class Bid:
    """How sure a parser is that a file is its own. The highest `weight` wins; a tie is refused by name.

    Use the three weights below and nothing between them.
    """

    variant: str
    weight: int

    MARKER = 100  # the file names its format
    SHAPE = 50  # its records have the shape of this platform and of no other known one
    GUESS = 10  # it could be


@dataclass(frozen=True, slots=True)
class Peek:
    """What can be known of a file without reading it whole.

    `records` are the first records (at most 100, and at most 4 MiB of text, but at least one) after unwrapping one
    level; `envelope` holds the values that stand beside them, before the records and, where they are found near the end
    of the file, behind them. A single object is its own only record; of `lines` (JSONL), each line is one.
    `head` is the beginning (at most 256 KiB) of what is text and not JSON. `flaw` says, of what begins like JSON but
    cannot be read to the end of a first record, why.
    """

    kind: Literal["json", "text", "binary", "empty"]
    wrapping: Literal["array", "object-of-records", "wrapped", "single", "lines", "none"] = "none"
    records: tuple[object, ...] = ()
    envelope: Mapping[str, object] = field(default_factory=dict)
    head: str = ""
    flaw: str = ""


class SourceFile(Protocol):
    """One file to read: a plain file, or a member of an archive. `name` is for people and never decides anything."""

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int: ...

    @property
    def modified_at(self) -> int:
        """When it was last changed, in milliseconds since 1970: the last resort for what has no time of its own."""
        ...

    def open(self) -> BinaryIO:
        """A new stream at the first byte; the caller closes it. Raises SourceBroken when the archive is damaged."""
        ...


@dataclass(frozen=True, slots=True)
class ReadContext:
    """What a parser may know about the package it reads for."""

    zone: tzinfo
    """For local times without a zone."""
    gap_minutes: int = 30
    """Records without a conversation id are grouped into conversations by gaps longer than this."""
    user: str = ""
    """What the person is called in the package, '' when it is not told: for logs that tell names and no sides."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What a person called an attachment, by its id or its file name, as other files of the same upload tell.

    Asking for the first time can take seconds: they are looked for then. It never raises.
    """


@dataclass(frozen=True, slots=True)
class Empty:
    """A conversation without a visible message."""

    position: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A record that holds no chat. `reason` is one of few, so that it can be counted."""

    reason: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Broken:
    """A record that cannot be read. `position` is in words: `record 17, byte 40960`."""

    position: str
    why: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth telling once per file (an unknown content type, a page that was cut off)."""

    text: str


Record = Conversation | Empty | Skipped | Broken | Note


@dataclass(frozen=True, slots=True)
class Variant:
    """A form in which the conversations of a platform come. `name` is what a bid says; the rest is for the manual."""

    name: str
    what: str
    """What a person would call it: `official export (conversations.json, its shards, or the ZIP)`."""
    kept: str
    """What is imported of it: `the thread shown last; reasoning, model, attachments as placeholders`."""


@dataclass(frozen=True, slots=True)
class NotAChat:
    """A file that is known and holds no chat: how it is recognised, what "it" is, and what to do instead."""

    test: Callable[[Peek], bool]
    what: str
    """A sentence that begins with "it": `it holds ratings of ChatGPT's answers, no messages.`"""
    advice: str = ""


class Parser(Protocol):
    """One platform."""

    @property
    def platform(self) -> str:
        """Lower case, as in `[via:platform]`."""
        ...

    @property
    def title(self) -> str:
        """As the platform writes its name."""
        ...

    @property
    def variants(self) -> tuple[Variant, ...]:
        """Every variant that a bid can name."""
        ...

    @property
    def not_chats(self) -> tuple[NotAChat, ...]:
        """What this platform hands out beside its chats; asked when nobody bids for a file."""
        ...

    def bid(self, peek: Peek) -> Bid | None:
        """How sure this parser is that the file is its own, None when it is not."""
        ...

    def read(self, file: SourceFile, variant: str, context: ReadContext) -> Iterator[Record]:
        """Every record of the file, in its order.

        Memory is bounded by the largest record. A file that is cut short yields its good records and then a `Broken`
        that says at which byte. Ids of conversations and messages do not depend on the file's name, on its place, or
        on what else is in it.
        """
        ...


@dataclass(frozen=True, slots=True)
class Parsers:
    """The parsers to ask, and a sentence for each that was left out, which names the package it came from."""

    parsers: tuple[Parser, ...]
    problems: tuple[str, ...] = ()
