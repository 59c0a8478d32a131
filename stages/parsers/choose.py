"""Which parser reads which file of an upload. By content only: names are for people."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from packages_store.errors import SourceBroken, Unrecognised
from stages.parsers.contract import Bid, Parser, Peek, ReadContext, Record, SourceFile
from stages.parsers.reading.containers import DEFAULT_LIMITS, Limits, open_container
from stages.parsers.reading.peeking import archive_kind, peek
from stages.parsers.reading.refusals import explain
from stages.parsers.registry import PARSERS

_REASONS_TOLD = 3


@dataclass(frozen=True, slots=True)
class Found:
    """A file with chats. `member` is its path in the archive, None for the upload itself; `size` is in bytes."""

    member: str | None
    platform: str
    parser: str
    variant: str
    size: int


@dataclass(frozen=True, slots=True)
class Inspection:
    """What lies in an upload: every file of it is in one of the two."""

    found: tuple[Found, ...]
    ignored: tuple[tuple[str, str], ...]
    """Member and reason of every file that is not read."""


def inspect(
    path: Path, name: str, *, parsers: Sequence[Parser] = PARSERS, limits: Limits = DEFAULT_LIMITS
) -> Inspection:
    """What lies in the upload at `path`, which a person knows as `name`.

    Raises Unrecognised when there is no chat in it, with the reason (for an archive, those of its first files), and
    SourceBroken when it is an archive that cannot be read.
    """
    found: list[Found] = []
    ignored: list[tuple[str, str]] = []
    with open_container(path, name, limits) as container:
        for member, file in container.files:
            try:
                found.append(_choose(file, member, parsers))
            except _NotRead as reason:
                if member is None:
                    raise Unrecognised(f"Not imported: {reason.what}", reason.advice) from None
                ignored.append((member, f"{reason.what} {reason.advice}".strip()))
            except SourceBroken as error:
                ignored.append((member or name, str(error)))
        ignored.extend(container.refused)
    if not found:
        raise Unrecognised(f"{name} holds no chat that can be read. {_told(ignored)}")
    return Inspection(tuple(found), tuple(ignored))


def read(
    path: Path,
    member: str | None,
    parser: str,
    variant: str,
    context: ReadContext,
    *,
    parsers: Sequence[Parser] = PARSERS,
    limits: Limits = DEFAULT_LIMITS,
) -> Iterator[Record]:
    """The records of a file that `inspect` found, named as it was found.

    Raises SourceBroken when the file is not there any more, and Unrecognised when there is no such parser. What is
    wrong inside the file is told by the records.
    """
    chosen = next((one for one in parsers if one.platform == parser), None)
    if chosen is None:
        raise Unrecognised(f"There is no parser {parser!r}.", "Install the version that found the file.")
    with open_container(path, path.name, limits) as container:
        yield from chosen.read(container.file(member), variant, context)


class _NotRead(Exception):
    """Why a file is not read, as a sentence about "it", and what to do."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(what)
        self.what = what
        self.advice = advice


def _choose(file: SourceFile, member: str | None, parsers: Sequence[Parser]) -> Found:
    """Raises _NotRead when nobody, or more than one, claims the file, and SourceBroken when it cannot be unpacked."""
    archive = archive_kind(file)
    if archive:
        raise _NotRead(f"it is a {archive} archive.", "Unpack it and drop what was in it.")
    parser, bid = _highest(peek(file), parsers)
    return Found(member, parser.platform, parser.platform, bid.variant, file.size)


def _highest(seen: Peek, parsers: Sequence[Parser]) -> tuple[Parser, Bid]:
    bids = [(parser, bid) for parser in parsers if (bid := parser.bid(seen)) is not None]
    if not bids:
        raise _NotRead(*explain(seen, parsers))
    best = max(bid.weight for _, bid in bids)
    tied = [(parser, bid) for parser, bid in bids if bid.weight == best]
    if len(tied) > 1:
        names = " and ".join(sorted(parser.platform for parser, _ in tied))
        raise _NotRead(f"it could be from {names}, and none of them is surer than the other.", "Please report it.")
    return tied[0]


def _told(ignored: Sequence[tuple[str, str]]) -> str:
    if not ignored:
        return "The archive is empty."
    told = [f"{member}: {reason}" for member, reason in ignored[:_REASONS_TOLD]]
    more = len(ignored) - len(told)
    return " ".join(told) + (f" And {more} more." if more else "")
