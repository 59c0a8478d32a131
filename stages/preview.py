"""What an import of a file would bring, found out without importing it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packages_store.errors import SourceBroken
from packages_store.model import Conversation, SourceReport
from stages.account import Account
from stages.parsers.choose import Found, inspect, read
from stages.parsers.contract import Broken, Parser, ReadContext

_SHOWN = 3
"""Conversations of each file whose first messages are shown."""
_TURNS = 4


@dataclass(frozen=True, slots=True)
class SourcePreview:
    """One file with chats. `member` is its path in the archive; times as in `Message`, None when there is nothing."""

    member: str | None
    size: int
    platform: str
    title: str
    """The platform's name, as it writes it."""
    variant: str
    report: SourceReport
    first_message_at: str | None
    last_message_at: str | None
    time_inferred: int
    """Messages that have no time of their own."""
    shown: tuple[Conversation, ...]
    """The first conversations."""


@dataclass(frozen=True, slots=True)
class Preview:
    """Everything that lies in a file."""

    sources: tuple[SourcePreview, ...]
    ignored: tuple[tuple[str, str], ...]
    """Member and reason of what is not read."""
    missing: tuple[str, ...]
    """Names of files that should be in an archive, as their neighbours show."""


def preview(path: Path, name: str, context: ReadContext, parsers: Sequence[Parser]) -> Preview:
    """Read the file at `path`, which a person knows as `name`, to its end, and keep nothing but the account.

    Raises Unrecognised when it holds no chat, SourceBroken when it is an archive that cannot be read, OSError.
    """
    inspection = inspect(path, name, parsers=parsers)
    sources = tuple(_source(path, name, found, context, parsers) for found in inspection.found)
    return Preview(sources, inspection.ignored, inspection.missing)


def _source(path: Path, name: str, found: Found, context: ReadContext, parsers: Sequence[Parser]) -> SourcePreview:
    parser = next(parser for parser in parsers if parser.platform == found.parser)
    account = Account()
    shown: list[Conversation] = []
    times: list[str] = []
    inferred = 0
    try:
        for record in read(path, found.member, found.parser, found.variant, context, name=name, parsers=parsers):
            account.count(record)
            if isinstance(record, Conversation):
                if len(shown) < _SHOWN:
                    shown.append(record)
                inferred += sum(message.time_inferred for message in record.messages)
                moments = [message.created_at for message in record.messages]
                times = [min(times[:1] + moments), max(times[1:] + moments)]
    except SourceBroken as error:
        account.count(Broken(error.position, str(error)))
    variant = next((one.what for one in parser.variants if one.name == found.variant), found.variant)
    first, last = times or (None, None)
    return SourcePreview(
        member=found.member,
        size=found.size,
        platform=found.platform,
        title=parser.title,
        variant=variant,
        report=account.report(),
        first_message_at=first,
        last_message_at=last,
        time_inferred=inferred,
        shown=tuple(shown),
    )


def opening(conversation: Conversation) -> tuple[tuple[str, str], ...]:
    """Who says what at the beginning of a conversation."""
    return tuple((message.role, message.content) for message in conversation.messages[:_TURNS])
