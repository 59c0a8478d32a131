"""Loom Standard: the exchange format that Entity Loom documents for platforms it has no reader for.

`{"format": "loom-standard", "version", "originPlatform", "conversations": [{id, title?, createdAt, updatedAt,
originPlatform?, messages: [{id, role, content, createdAt, model?, reasoning?}]}]}`. The order of the messages is the
order of the list; they are never sorted. Messages of the role `system` are instructions; those of `tool` are no turns.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import tzinfo
from functools import partial

from stages.parsers.contract import Bid, Broken, Empty, Peek, ReadContext, Record, SourceFile, Variant
from stages.parsers.reading.drafts import Draft, conversation_of
from stages.parsers.reading.each import Reading, read_each
from stages.parsers.reading.json_stream import Item, envelope_behind
from stages.parsers.reading.values import Tally, as_map, as_text, digest, is_blank, local_milliseconds

MARKER = "loom-standard"
_ROLES = ("user", "assistant")
_PROMPT = "system"
_COUNTED = (*_ROLES, _PROMPT, "tool")


class LoomStandard:
    """Reads Loom Standard. What it imports counts as from the platform that the file names."""

    platform = "loom-standard"
    title = "Loom Standard"
    variants = (
        Variant(
            "",
            '`{"format": "loom-standard", …}`',
            "everything the format can say; system messages as instructions, no messages of tools",
        ),
    )
    not_chats = ()

    def bid(self, peek: Peek) -> Bid | None:
        """The file names its format, in any case of letters."""
        beside = peek.envelope if peek.wrapping == "wrapped" else as_map(peek.records[0] if peek.records else None)
        return Bid("", Bid.MARKER) if as_text(beside.get("format")).casefold() == MARKER else None

    def read(self, file: SourceFile, variant: str, context: ReadContext) -> Iterator[Record]:
        """See `Parser.read`. Times without a zone are those of `context`, and marked."""
        del variant
        with file.open() as stream:
            behind = envelope_behind(stream)  # where the list is long, what names the platform can stand behind it
        return read_each(file, partial(_conversation, behind, context.zone))


def _conversation(behind: Mapping[str, object], zone: tzinfo, item: Item, reading: Reading) -> Record:
    told, tally = as_map(item.value), reading.tally
    origin = reading.records.envelope.get("originPlatform", behind.get("originPlatform"))
    messages = told.get("messages")
    if not isinstance(messages, list):
        return Broken(reading.records.position, "a conversation has no list of messages")
    drafts = list(_drafts(messages, zone, tally))
    if not drafts:
        return Empty(reading.records.position)
    id_ = tally.clean(as_text(told.get("id"))) or f"loom-{digest(*(draft.content for draft in drafts[:2]))[:16]}"
    return conversation_of(
        id_,
        _platform(as_text(told.get("originPlatform")) or as_text(origin)),
        tally.clean(as_text(told.get("title"))),
        drafts,
        created=local_milliseconds(told.get("createdAt"), zone)[0],
        updated=local_milliseconds(told.get("updatedAt"), zone)[0],
        otherwise=reading.file.modified_at,
        instructions=[
            tally.clean(as_text(message.get("content")))
            for message in map(as_map, messages)
            if message.get("role") == _PROMPT
        ],
    )


def _drafts(messages: list[object], zone: tzinfo, tally: Tally) -> Iterator[Draft]:
    number = 0
    for message in map(as_map, messages):
        role, content = message.get("role"), message.get("content")
        # A message without an id is known by its number among all that say something, whoever's they are.
        number += role in _COUNTED and isinstance(content, str) and not is_blank(content)
        if role == _PROMPT:
            continue
        if role not in _ROLES:
            tally.count("message[|s] that neither the user nor the assistant wrote [was|were] left out")
        elif not isinstance(content, str):
            tally.count("message[|s] without text [was|were] left out")
        elif not is_blank(content):
            key = tally.clean(as_text(message.get("id"))) or f"msg-{number}"
            yield _draft(message, key, tally.clean(content), zone, tally)


def _draft(message: Mapping[str, object], key: str, content: str, zone: tzinfo, tally: Tally) -> Draft:
    at, assumed = local_milliseconds(message.get("createdAt"), zone)
    return Draft(
        key=key,
        role="user" if message.get("role") == "user" else "assistant",
        content=content,
        at=at,
        reasoning=tally.clean(as_text(message.get("reasoning"))) or None,
        model=tally.clean(as_text(message.get("model"))) or None,
        inferred=assumed,
    )


def _platform(origin: str) -> str:
    """`origin` as a provenance tag: lower case, without what would end the tag."""
    return re.sub(r"[^\w.-]+", "-", origin.strip().casefold()).strip("-") or "unknown"
