"""Which parser reads which file of an upload. By content only: names are for people."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from packages_store.errors import SourceBroken, Unrecognised
from stages.parsers.contract import Bid, Parser, Peek, ReadContext, Record, SourceFile
from stages.parsers.reading.containers import Archive, Upload, open_upload
from stages.parsers.reading.json_window import LARGEST_VALUE
from stages.parsers.reading.limits import DEFAULT_LIMITS, Limits
from stages.parsers.reading.peeking import GZIP, SPLIT_ZIP, ZIP, Look, is_document, look
from stages.parsers.reading.refusals import explain
from stages.parsers.reading.sets import missing_parts, set_of, shards_named_in
from stages.parsers.reading.siblings import Names
from stages.parsers.reading.zip_end import JOIN
from stages.parsers.registry import PARSERS

_REASONS_TOLD = 3
_BESIDE_CHATS = "it is an archive beside chats and was left closed. If it holds chats of yours, drop it alone."


@dataclass(frozen=True, slots=True)
class Found:
    """A file with chats. `member` is its path in the archive, None for the upload itself; `size` is in bytes.

    The path of a file in an archive that lies in an archive goes on through it: `portal.zip/conversations.json`. The
    size of a gzip file is that of what is packed.
    """

    member: str | None
    platform: str
    parser: str
    variant: str
    size: int


@dataclass(frozen=True, slots=True)
class Inspection:
    """What lies in an upload: every file of it is in one of the first two."""

    found: tuple[Found, ...]
    ignored: tuple[tuple[str, str], ...]
    """Member and reason of every file that is not read. Of an archive without chats, only the archive is named."""
    missing: tuple[str, ...] = ()
    """Names of shards and parts that others in the same archive show to be missing from it."""


def _without_pause() -> None:
    pass


def inspect(
    path: Path,
    name: str,
    *,
    parsers: Sequence[Parser] = PARSERS,
    limits: Limits = DEFAULT_LIMITS,
    breathe: Callable[[], None] = _without_pause,
) -> Inspection:
    """What lies in the upload at `path`, which a person knows as `name`. `breathe` is called between two files.

    Raises Unrecognised when there is no chat in it, with the reason (for an archive, those of its first files),
    SourceBroken when it is an archive that cannot be read, and OSError when there is no space to unpack what lies in
    another archive.
    """
    with open_upload(path, name, limits, at_a_glance=True) as upload:
        inspector = _Inspector(upload, parsers, breathe)
        try:
            archive = inspector.look_at(upload.file, None)
        except _NotRead as reason:
            raise Unrecognised(f"Not imported: {reason.what}", reason.advice) from None
        if archive is not None:
            with upload.archive(archive) as opened:
                inspector.look_into(opened)
    if not inspector.found:
        raise Unrecognised(f"{name} holds no chat that can be read. {_told(inspector.ignored)}")
    return Inspection(tuple(inspector.found), tuple(inspector.ignored), inspector.missing())


def read(
    path: Path,
    member: str | None,
    parser: str,
    variant: str,
    context: ReadContext,
    *,
    name: str | None = None,
    parsers: Sequence[Parser] = PARSERS,
    limits: Limits = DEFAULT_LIMITS,
) -> Iterator[Record]:
    """The records of a file that `inspect` found, named as it was found. `name` is what a person calls the upload.

    Raises SourceBroken when the file is not there any more, and Unrecognised when there is no such parser. What is
    wrong inside the file is told by the records. What other files of the archive tell about names is added to
    `context`.
    """
    chosen = next((one for one in parsers if one.platform == parser), None)
    if chosen is None:
        raise Unrecognised(f"There is no parser {parser!r}.", "Install the version that found the file.")
    with open_upload(path, name or path.name, limits) as upload:
        file, archive = upload.find(member)
        names = Names(lambda: archive.contents.files if archive else ())
        yield from chosen.read(file, variant, replace(context, names=names))


class _NotRead(Exception):
    """Why a file is not read, as a sentence about "it", and what to do."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(what)
        self.what = what
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.what} {self.advice}".strip()


class _Inspector:
    """What has been found so far in one upload."""

    def __init__(self, upload: Upload, parsers: Sequence[Parser], breathe: Callable[[], None]) -> None:
        self._upload = upload
        self._breathe = breathe
        self._parsers = parsers
        self.found: list[Found] = []
        self.ignored: list[tuple[str, str]] = []
        self._sure = 0  # chats that are more than a guess
        self._with_chats: list[str] = []  # archives
        self._names: set[str] = set()
        self._declared: set[str] = set()

    def missing(self) -> tuple[str, ...]:
        """What is missing from the sets to which files with chats belong; what people sent can be numbered as well."""
        with_chats = [*(found.member for found in self.found if found.member), *self._with_chats]
        sets = set(map(set_of, with_chats)) - {None}
        if not sets:
            return ()
        there = [name for name in self._names if set_of(name) in sets]
        return missing_parts(there, [name for name in self._declared if set_of(name) in sets])

    def look_into(self, archive: Archive) -> None:
        """Look at every file in `archive`, and into the archives in it when there is no chat beside them.

        Beside chats an archive was attached to one of them: what a person once sent is no export of theirs.
        """
        contents = archive.contents
        self._names.update(file.name for file in contents.files)
        self._names.update(name for name, _ in contents.refused)
        sure, archives = self._sure, list[SourceFile]()
        for file in contents.files:
            self._breathe()
            try:
                packed = self.look_at(file, file.name)
            except (_NotRead, SourceBroken) as reason:
                self.ignored.append((file.name, str(reason)))
            else:
                archives += [packed] if packed else []
        self.ignored.extend(contents.refused)
        if self._sure > sure:
            self.ignored.extend((inner.name, _BESIDE_CHATS) for inner in archives)
        else:
            for inner in archives:
                self._look_inside(inner, archive)

    def look_at(self, file: SourceFile, member: str | None) -> SourceFile | None:
        """Find out whose the file is; when it is an archive to look into, hand it back.

        Raises _NotRead when nobody, or more than one, claims the file, and SourceBroken when it cannot be unpacked.
        """
        # What was handed in as it is cannot be a bomb; one whole life in one chat is a large first record.
        seen = look(file, LARGEST_VALUE) if member is None else look(file)
        if seen.archive == GZIP:
            file = self._upload.gunzipped(file)
            seen = look(file)
        if seen.archive == ZIP and not (member and is_document(seen.head)):
            return file
        if reason := self._not_to_be_read(seen, member):
            raise reason
        parser, bid = self._highest(seen.peek, member)
        self._sure += bid.weight > Bid.GUESS
        self.found.append(Found(member, parser.platform, parser.platform, bid.variant, file.size))
        return None

    def _not_to_be_read(self, seen: Look, member: str | None) -> _NotRead | None:
        if seen.archive == ZIP:
            return _NotRead("it is a document or a program, no chat.", "")
        if seen.archive == SPLIT_ZIP or (member is None and seen.peek.kind == "binary" and self._upload.is_last_part()):
            return _NotRead("it is a part of a ZIP that was split.", JOIN)
        if seen.archive:
            return _NotRead(f"it is an archive ({seen.archive}).", "Unpack it and drop what was in it.")
        return None

    def _look_inside(self, file: SourceFile, around: Archive) -> None:
        found, ignored = len(self.found), len(self.ignored)
        try:
            with self._upload.archive(file, around) as archive:
                self.look_into(archive)
        except SourceBroken as error:
            self.ignored.append((file.name, str(error)))
        else:
            if len(self.found) == found:
                reason = f"it is an archive without chats. {_told(self.ignored[ignored:])}"
                self.ignored[ignored:] = [(file.name, reason)]
            else:
                self._with_chats.append(file.name)

    def _highest(self, seen: Peek, member: str | None) -> tuple[Parser, Bid]:
        bids = [(parser, bid) for parser in self._parsers if (bid := parser.bid(seen)) is not None]
        if not bids:
            if member is not None:
                folder = member[: member.rfind("/") + 1]
                self._declared.update(shards_named_in(list(seen.records), folder))
            raise _NotRead(*explain(seen, self._parsers))
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
