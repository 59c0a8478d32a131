"""Conversations as they are shown to a model: each message under a reference, with who said it and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from packages_store.model import Conversation, Message
from packages_store.times import parse_iso
from stages.contract import Persona
from stages.extractors.llm.answers import shortened
from stages.extractors.llm.chunks import Chunk
from stages.extractors.llm.material import Part
from stages.extractors.llm.prompts import entity_of, person_of

_TITLE_LIMIT = 120


@dataclass(frozen=True, slots=True)
class Turn:
    """A message, in which conversation it stands, and when it was said in the package's zone."""

    conversation: Conversation
    message: Message
    moment: datetime
    day: str
    """`YYYY-MM-DD`; before the hour at which a day starts it is the day before."""


@dataclass(frozen=True, slots=True)
class Record:
    """What was said, as parts to be sent, and what each reference in it means."""

    parts: tuple[Part, ...]
    turns: dict[str, Turn]


def record_of(persona: Persona, conversations: Sequence[Conversation]) -> Record:
    """Every message with something in it, conversation by conversation in the given order, referred to as m1, m2 …"""
    parts: list[Part] = []
    turns: dict[str, Turn] = {}
    speakers = {"user": person_of(persona), "assistant": entity_of(persona)}
    for group, conversation in enumerate(conversations):
        heading = _heading(conversation)
        for message in conversation.messages:
            if message.content.strip():
                turn = Turn(conversation, message, local(message, persona.zone), persona.day_of(message.created_at))
                ref = f"m{len(turns) + 1}"
                turns[ref] = turn
                label = f"{speakers[message.role]}, {turn.moment:%H:%M} on {turn.day}"
                parts.append(Part(ref, label, message.content, group, heading))
    return Record(tuple(parts), turns)


def _heading(conversation: Conversation) -> str:
    title = shortened(conversation.title or "", _TITLE_LIMIT)
    platform = shortened(conversation.platform, _TITLE_LIMIT)
    return f'A conversation on {platform}, "{title}"' if title else f"A conversation on {platform}"


def local(message: Message, zone: tzinfo) -> datetime:
    """When a message was said, in `zone`."""
    return parse_iso(message.created_at).astimezone(zone)


def spoke(conversation: Conversation) -> bool:
    """Whether the person said anything at all; a greeting of the entity alone is nothing to remember."""
    return any(message.role == "user" and message.content.strip() for message in conversation.messages)


def followed(chunk: Chunk) -> tuple[str, ...]:
    """The remark about what a chunk only repeats; none when it repeats nothing."""
    if not chunk.known:
        return ()
    first, last = chunk.parts[0].ref, chunk.parts[chunk.known - 1].ref
    return (overlap_remark(first, last),)


def overlap_remark(first: str, last: str) -> str:
    """Says which parts were in the question before."""
    return f"You have read {first} to {last} before; they only show what came last. Write about what follows on them."
