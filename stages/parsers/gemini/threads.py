"""Threads of Gemini as a browser exporter of the community saw them, with or without the times of Google's activity.

One draft of a thread, one thread that was merged with the activity, or a batch `{"format": "gemini-merged-batch-draft",
"conversations": [...]}`. The order is the page's; times come from matching prompts with the activity, to the minute,
and a wrong match drags what follows with it: threads are never sorted. Text is without Markdown. The ids of messages
are places on the page, which shift when more of it was loaded.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from packages_store.model import Edition, Role
from stages.parsers.contract import Broken, Empty, Peek, ReadContext, Record, Skipped, SourceFile
from stages.parsers.reading.drafts import Draft, conversation_of
from stages.parsers.reading.each import Reading, read_each
from stages.parsers.reading.json_stream import Item
from stages.parsers.reading.values import Tally, as_map, as_text, digest, is_blank, milliseconds, one_line

UNTIMED = "conversation[ tells|s tell] no times; [its|theirs] is that of the export"

_DRAFT = "gemini-visible-chat-draft"
_THREAD = "gemini-thread-activity-merged-draft"
_BATCH = "gemini-merged-batch-draft"
# What the exporters write where the page has no title of its own.
_GENERIC_TITLES = frozenset(
    {"", "gemini", "google gemini", "gemini chat", "gemini-conversation", "new chat", "untitled"}
)
_ROLES: Mapping[str, Role] = {"user": "user", "assistant": "assistant", "model": "assistant"}
_CHAT = re.compile(r"/(?:app|chat|gem/[^/?#]+)/(?:c/)?(?:c_)?([A-Za-z0-9_-]{6,64})")
_PAGE = re.compile(r"\s+[-–—]\s+(?:Google )?Gemini$")
# Every other status says that the time is of a neighbour, of one of several matches, or was moved.
_EXACT = frozenset({"", "activity-prompt-exact", "activity-item"})


def holds_threads(peek: Peek) -> bool:
    """Whether it names itself a merged batch, or one of its records a merged thread."""
    return peek.envelope.get("format") == _BATCH or _THREAD in _formats(peek)


def holds_thread_drafts(peek: Peek) -> bool:
    """Whether one of its records names itself the draft of a thread, which has no times yet."""
    return _DRAFT in _formats(peek)


def _formats(peek: Peek) -> list[object]:
    return [as_map(record).get("format") for record in peek.records]


def read_threads(file: SourceFile, context: ReadContext) -> Iterator[Record]:
    """Every thread of the file, in its order."""
    del context
    return read_each(file, _record)


def chat_in(url: str) -> str:
    """The id of the chat that an address of Gemini's page leads to; '' for none."""
    found = _CHAT.search(url)
    return found[1] if found else ""


def id_by_words(drafts: Sequence[Draft]) -> str:
    """An id for what tells none, made of what a longer export of the same conversation still begins with."""
    return "gemini-" + digest(*(draft.content for draft in drafts[:2]))[:16]


def title_of(told: str, drafts: Sequence[Draft]) -> str:
    """The title of a page, unless it is the same for every chat: then what was said first."""
    title = _PAGE.sub("", told.strip())
    if title.casefold() not in _GENERIC_TITLES:
        return title
    return one_line(next((draft.content for draft in drafts if draft.role == "user"), drafts[0].content))


def keyed(drafts: Iterable[Draft]) -> Iterator[Draft]:
    """`drafts` with keys made of what was said, which stays when more of the page is loaded."""
    times: Counter[str] = Counter()
    for draft in drafts:
        key = f"{draft.role[0]}:{digest(' '.join(draft.content.split()))[:12]}"
        times[key] += 1
        yield draft._replace(key=key if times[key] == 1 else f"{key}:{times[key]}")


def _record(item: Item, reading: Reading) -> Record:
    told, tally = as_map(item.value), reading.tally
    messages = told.get("messages")
    if not isinstance(messages, list):
        return Skipped("no thread") if told else Broken(reading.records.position, "a thread is an object")
    drafts = list(keyed(_drafts(messages, tally)))
    if not drafts:
        return Empty(reading.records.position)
    if all(draft.at is None for draft in drafts):
        tally.count(UNTIMED)
    exported = milliseconds(told.get("exported_at")) or milliseconds(reading.records.envelope.get("exported_at"))
    return conversation_of(
        tally.clean(_id_of(told)) or id_by_words(drafts),
        "gemini",
        title_of(tally.clean(as_text(told.get("title"))), drafts),
        drafts,
        created=None,
        updated=None,
        otherwise=exported or reading.file.modified_at,
        edition=Edition.PAGE,
    )


def _id_of(told: Mapping[str, object]) -> str:
    """The platform's own id, as in every other export of the same chat."""
    ids = (as_text(told.get(name)).strip().removeprefix("c_") for name in ("conversation_id", "id"))
    return next(filter(None, ids), "") or chat_in(as_text(told.get("source_url")))


def _drafts(messages: Sequence[object], tally: Tally) -> Iterator[Draft]:
    latest = 0
    for message in map(as_map, messages):
        role = _ROLES.get(as_text(message.get("role")))
        content = tally.clean(as_text(message.get("content")))
        if role is None or is_blank(content):
            tally.count("message[|s] without text, or of neither side, [was|were] left out")
            continue
        at = milliseconds(message.get("created_at"))
        status = as_text(message.get("timestamp_status"))
        if status.endswith("-order-adjusted"):
            tally.count("message[ has|s have] a time that the exporter moved to keep [its place|their order]")
        # The order is certain: of two times that contradict it, one is wrong.
        contradicts = at is not None and at < latest
        latest = max(latest, at or 0)
        yield Draft(
            "",
            role,
            content,
            at,
            tally.clean(as_text(message.get("reasoning"))) or None,
            tally.clean(as_text(message.get("model"))) or None,
            status not in _EXACT or contradicts,
        )
