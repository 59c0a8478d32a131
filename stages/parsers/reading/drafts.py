"""From what an export tells to a `Conversation`: times for messages that have none, ids that are unique."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from packages_store.model import Conversation, Edition, Message, Role
from packages_store.times import from_epoch_ms
from stages.parsers.reading.values import is_blank


class Draft(NamedTuple):
    """A message whose time, in milliseconds since 1970, may be unknown. `key` is its id within the conversation."""

    key: str
    role: Role
    content: str
    at: int | None
    reasoning: str | None = None
    model: str | None = None
    inferred: bool = False
    """The export itself says that `at` is not the message's own."""


def conversation_of(  # noqa: PLR0913 - everything a conversation has
    id_: str,
    platform: str,
    title: str,
    drafts: Sequence[Draft],
    *,
    created: int | None,
    updated: int | None,
    otherwise: int,
    edition: Edition = Edition.EXPORT,
    instructions: Sequence[str] = (),
    provisional: bool = False,
    excerpt: bool = False,
) -> Conversation:
    """The conversation that `drafts` (at least one, in order) make.

    The id of a message is `<id of the conversation>:<key>`, with `~2` and so on behind a key that comes again. A
    message without a time gets that of the one before it; the first ones get the time of the conversation, else the
    first time known; where there is no time at all, `otherwise`. Such times are marked as inferred. Blank and double
    `instructions` are dropped.
    """
    known = [draft.at for draft in drafts if draft.at is not None]
    begin = created or (min(known) if known else updated or otherwise)
    end = updated or (max(known) if known else begin)
    before_first = created or (known[0] if known else begin)
    messages = tuple(_messages(id_, drafts, before_first, edition))
    kept = tuple(dict.fromkeys(text for text in instructions if not is_blank(text)))
    return Conversation(
        id_,
        title.strip() or None,
        platform,
        from_epoch_ms(begin),
        from_epoch_ms(end),
        messages,
        edition,
        kept,
        provisional,
        excerpt,
    )


def _messages(id_: str, drafts: Sequence[Draft], at: int, edition: Edition) -> Iterator[Message]:
    seen: dict[str, int] = {}
    for draft in drafts:
        key, role, content, told_at, reasoning, model, inferred = draft
        if key in seen:
            key = _another(key, seen)
        seen[key] = 1
        if told_at is None:
            inferred = True
        else:
            at = told_at
        yield Message(f"{id_}:{key}", role, content, from_epoch_ms(at), reasoning, model, inferred, edition)


def _another(key: str, seen: dict[str, int]) -> str:
    """A key that was not `seen`, for one that comes again."""
    times = seen[key] + 1
    while f"{key}~{times}" in seen:
        times += 1
    seen[key] = times
    return f"{key}~{times}"
