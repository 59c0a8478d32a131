"""Perplexity: the official export, and the two forms of the community's thread exporter.

Everywhere a turn is a question with its answer. The official export is `{"conversations": [{context_uuid,
context_title, created_at, updated_at, entries: [{entry_uuid, query, answer, created_at}]}]}`; the exporter writes a
file for each thread, once `{"metadata": {thread_id, thread_title, …}, "conversations": [{uuid, query, answer, model,
timestamp}]}`, now what the page's own API says: `{"entries": [{uuid, context_uuid, query_str, display_model,
entry_created_datetime, blocks: [{markdown_block: {answer, chunks}}]}], "thread_metadata"}`.

Thread ids are the same in all of them, ids of turns are not. Times without a zone are the server's: UTC.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from packages_store.model import Edition
from stages.parsers.contract import Bid, Broken, Empty, Peek, ReadContext, Record, Skipped, SourceFile, Variant
from stages.parsers.reading.drafts import Draft, conversation_of
from stages.parsers.reading.each import Reading, read_each
from stages.parsers.reading.json_stream import Item, Records, envelope_behind
from stages.parsers.reading.values import (
    Tally,
    as_list,
    as_map,
    as_text,
    digest,
    is_blank,
    milliseconds,
    one_line,
)

OFFICIAL = "official"
THREAD = "thread"
ENTRIES = "entries"
_KEPT = "questions and answers, with the model where it is told; sources are left out"

_Told = Mapping[str, object]

_ANSWER = "ask_text"
"""What the block with the whole answer is for; others repeat pieces of it."""


class Perplexity:
    """Reads Perplexity's threads."""

    platform = "perplexity"
    title = "Perplexity"
    variants = (
        Variant(OFFICIAL, "official export: `conversations-….json`, alone or in the ZIP", _KEPT),
        Variant(THREAD, "a thread of the community's thread exporter, older form (`metadata`, `conversations`)", _KEPT),
        Variant(ENTRIES, "a thread of the community's thread exporter, newer form (`entries`)", _KEPT),
    )
    not_chats = ()

    def bid(self, peek: Peek) -> Bid | None:
        """Sure of entries with their questions; of bare questions and answers where a thread is told beside them."""
        if peek.kind != "json":
            return None
        records = [as_map(record) for record in peek.records]
        if any(map(_is_official, records)):
            return Bid(OFFICIAL, Bid.SHAPE)
        if any(map(_has_entries, records)):
            return Bid(ENTRIES, Bid.SHAPE)
        metadata = as_map(peek.envelope.get("metadata"))
        is_thread = "thread_id" in metadata or "thread_title" in metadata
        return Bid(THREAD, Bid.SHAPE) if is_thread and any(map(_is_turn, records)) else None

    def read(self, file: SourceFile, variant: str, context: ReadContext) -> Iterator[Record]:
        """See `Parser.read`. The records of the older form are turns: the file is held until its end."""
        del context
        return _read_thread(file) if variant == THREAD else read_each(file, _record)


def _is_official(told: _Told) -> bool:
    return "context_uuid" in told and any("query" in as_map(entry) for entry in as_list(told.get("entries")))


def _has_entries(told: _Told) -> bool:
    entries = map(as_map, as_list(told.get("entries")))
    return any("query_str" in entry and ("blocks" in entry or "context_uuid" in entry) for entry in entries)


def _is_turn(told: _Told) -> bool:
    return "query" in told and "answer" in told


@dataclass(frozen=True, slots=True)
class _Thread:
    """What each of the forms tells of a thread."""

    id: str
    title: str
    turns: Sequence[_Told]
    created: int | None
    updated: int | None
    edition: Edition


def _read_thread(file: SourceFile) -> Iterator[Record]:
    tally = Tally()
    turns: list[_Told] = []
    with file.open() as stream:
        behind = envelope_behind(stream)  # the reading keeps no objects of what stands behind the turns
    with file.open() as stream:
        records = Records(stream)
        for item in records:
            if isinstance(item, Broken):
                yield item
            elif not isinstance(item.value, dict):
                yield Broken(records.position, "a turn is an object, and this is none")
            elif _is_turn(item.value):
                turns.append(item.value)
            else:
                yield Skipped("no turn of a Perplexity thread")
    if turns:
        told = as_map(records.envelope.get("metadata")) or as_map(behind.get("metadata"))
        thread = _Thread(
            as_text(told.get("thread_id")),
            as_text(told.get("thread_title")),
            turns,
            milliseconds(told.get("thread_created_at")),
            milliseconds(told.get("thread_updated_at")),
            Edition.COPY,
        )
        yield _conversation(thread, "record 1, byte 0", file.modified_at, tally)
    yield from tally.notes()


def _record(item: Item, reading: Reading) -> Record:
    told = item.value
    if not isinstance(told, dict):
        return Broken(reading.records.position, "a conversation is an object, and this is none")
    if _is_official(told):
        thread = _official(told)
    elif _has_entries(told):
        thread = _saved(told)
    else:
        return Skipped("no Perplexity thread")
    return _conversation(thread, reading.records.position, reading.file.modified_at, reading.tally)


def _entries(told: _Told) -> list[_Told]:
    return [as_map(entry) for entry in as_list(told.get("entries"))]


def _official(told: _Told) -> _Thread:
    return _Thread(
        as_text(told.get("context_uuid")),
        as_text(told.get("context_title")),
        _entries(told),
        milliseconds(told.get("created_at")),
        milliseconds(told.get("updated_at")),
        Edition.EXPORT,
    )


def _saved(told: _Told) -> _Thread:
    entries, about = _entries(told), as_map(told.get("thread_metadata"))
    ids = (as_text(entry.get(name)) for name in ("context_uuid", "thread_url_slug") for entry in entries)
    titles = (as_text(one) for one in (about.get("title"), *(entry.get("thread_title") for entry in entries)))
    return _Thread(
        next(filter(None, ids), ""),
        next(filter(None, titles), ""),
        entries,
        milliseconds(about.get("created_at")),
        milliseconds(about.get("updated_at")),
        Edition.COPY,
    )


def _conversation(thread: _Thread, position: str, otherwise: int, tally: Tally) -> Record:
    drafts = [draft for turn in _in_order(thread.turns) for draft in _drafts(turn, tally)]
    if not drafts:
        return Empty(position)
    # A thread's own time can be older than its last turn.
    last = max((draft.at for draft in drafts if draft.at is not None), default=None)
    return conversation_of(
        tally.clean(thread.id) or f"perplexity-{digest(drafts[0].key, drafts[0].content)[:16]}",
        Perplexity.platform,
        one_line(tally.clean(thread.title)),
        drafts,
        created=thread.created,
        updated=max(filter(None, (thread.updated, last)), default=None),
        otherwise=otherwise,
        edition=thread.edition,
    )


def _in_order(turns: Sequence[_Told]) -> Sequence[_Told]:
    """By their times where all are told, else as they stand."""
    times = [_at(turn) for turn in turns]
    if None in times:
        return turns
    return [turn for _, turn in sorted(zip(times, turns, strict=True), key=lambda timed: timed[0] or 0)]


def _at(turn: _Told) -> int | None:
    names = ("timestamp", "created_at", "entry_created_datetime", "entry_updated_datetime", "updated_datetime")
    return next(filter(None, (milliseconds(turn.get(name)) for name in names)), None)


def _drafts(turn: _Told, tally: Tally) -> Iterator[Draft]:
    question = tally.clean(_first(turn, "query", "query_str"))
    answer = tally.clean(as_text(turn.get("answer")) or _answer(turn))
    key = tally.clean(_first(turn, "uuid", "entry_uuid", "backend_uuid")) or digest(question, str(_at(turn)))[:16]
    at = _at(turn)
    if not is_blank(question):
        yield Draft(f"{key}:u", "user", question, at)
    if not is_blank(answer):
        model = tally.clean(_first(turn, "model", "display_model", "user_selected_model")) or None
        # There is one time for both; the answer's comes after it.
        yield Draft(f"{key}:a", "assistant", answer, at and at + 1, model=model, inferred=True)


def _first(turn: _Told, *names: str) -> str:
    return next(filter(None, (as_text(turn.get(name)) for name in names)), "")


def _answer(turn: _Told) -> str:
    """The block that holds the whole answer; where none is called that, all different ones."""
    texts: dict[str, None] = {}
    for block in map(as_map, as_list(turn.get("blocks"))):
        told = as_map(block.get("markdown_block"))
        chunks = (as_text(chunk) for chunk in as_list(told.get("chunks")))
        text = as_text(told.get("answer")) or "".join(chunks)
        if block.get("intended_usage") == _ANSWER and not is_blank(text):
            return text
        texts[text] = None
    return "\n\n".join(text for text in texts if not is_blank(text))
