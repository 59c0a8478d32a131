"""Threads of Gemini as a browser exporter of the community saw them, merged with the times of Google's activity.

One thread, or a batch `{"format": "gemini-merged-batch-draft", "conversations": [...]}`. The order is the page's;
times come from matching prompts with the activity, to the minute, and a wrong match drags what follows with it: threads
are never sorted. Text is without Markdown. The ids of messages are places on the page, which shift when more of it was
loaded.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from packages_store.model import Edition, Role
from stages.parsers.contract import Broken, Empty, Record, Skipped, SourceFile
from stages.parsers.reading.drafts import Draft, conversation_of
from stages.parsers.reading.each import Reading, read_each
from stages.parsers.reading.json_stream import Item
from stages.parsers.reading.values import Tally, as_map, as_text, digest, is_blank, milliseconds, one_line

_THREAD = "gemini-thread-activity-merged-draft"
_BATCH = "gemini-merged-batch-draft"
_GENERIC_TITLES = frozenset({"", "gemini", "google gemini"})
_ROLES: Mapping[object, Role] = {"user": "user", "assistant": "assistant", "model": "assistant"}
_CHAT = re.compile(r"/app/(?:c_)?([^/?#]+)")


def is_thread(record: object) -> bool:
    """Whether it is a merged thread."""
    return as_map(record).get("format") == _THREAD


def is_batch(envelope: Mapping[str, object]) -> bool:
    """Whether what stands beside the records names a merged batch."""
    return envelope.get("format") == _BATCH


def read_threads(file: SourceFile) -> Iterator[Record]:
    """Every thread of the file, in its order."""
    return read_each(file, _record)


def _record(item: Item, reading: Reading) -> Record:
    told, tally = as_map(item.value), reading.tally
    messages = told.get("messages")
    if not isinstance(messages, list):
        return Skipped("no merged thread") if told else Broken(reading.records.position, "a thread is an object")
    drafts = list(_drafts(messages, tally))
    if not drafts:
        return Empty(reading.records.position)
    exported = milliseconds(told.get("exported_at")) or milliseconds(reading.records.envelope.get("exported_at"))
    return conversation_of(
        tally.clean(_id_of(told, drafts)),
        "gemini",
        _title_of(tally.clean(as_text(told.get("title"))), drafts),
        drafts,
        created=None,
        updated=None,
        otherwise=exported or reading.file.modified_at,
        edition=Edition.PAGE,
    )


def _id_of(told: Mapping[str, object], drafts: list[Draft]) -> str:
    """The platform's own id, as in every other export of the same chat."""
    for name in ("conversation_id", "id"):
        if found := as_text(told.get(name)).removeprefix("c_"):
            return found
    link = _CHAT.search(as_text(told.get("source_url")))
    return link[1] if link else "gemini-" + digest(*(draft.content for draft in drafts[:2]))[:16]


def _title_of(title: str, drafts: list[Draft]) -> str:
    if title.strip().casefold() not in _GENERIC_TITLES:
        return title
    return one_line(next((draft.content for draft in drafts if draft.role == "user"), drafts[0].content))


def _drafts(messages: list[object], tally: Tally) -> Iterator[Draft]:
    times: Counter[str] = Counter()
    for message in map(as_map, messages):
        role = _ROLES.get(as_text(message.get("role")))
        content = tally.clean(as_text(message.get("content")))
        if role is None or is_blank(content):
            tally.count("messages without text, or of neither side, were left out")
            continue
        key = f"{role[0]}:{digest(' '.join(content.split()))[:12]}"
        times[key] += 1
        yield Draft(
            key if times[key] == 1 else f"{key}:{times[key]}",
            role,
            content,
            milliseconds(message.get("created_at")),
            tally.clean(as_text(message.get("reasoning"))) or None,
            tally.clean(as_text(message.get("model"))) or None,
            as_text(message.get("timestamp_status")).startswith("inferred"),
        )
