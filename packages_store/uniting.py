"""Two snapshots of one conversation as one: every message of either, once (R-43).

Snapshots come from exports of different ages, and from tools of different kinds. Within one edition (`Edition`) a
message is known by its id. Between editions ids mean nothing to each other: there a message is known by who said what,
in which order, whatever is left of its formatting.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from packages_store.model import Conversation, Message

_WORD = re.compile(r"\w+")
_ENOUGH_SHARED = 0.6
"""Share of the shorter answer's words that two readings of one answer have in common; regenerated ones share fewer."""
_ENOUGH_WORDS = 4
"""Different words below which nothing can be said: `Yes` stands in many answers."""


def unite(old: Conversation, new: Conversation) -> Conversation:
    """Both snapshots as one.

    The snapshot of the higher edition, of two equal ones the later, says how a shared message reads and in which order
    messages stand. A message that only the other one has keeps its place behind the message it followed there. It is
    marked as gone from the source when the leading snapshot is a later one of the same edition, and has messages from
    before it and after it: what lies outside may be left out because that snapshot is a part of the conversation.
    """
    leading, other = _in_order(old, new)
    same = matches(leading.messages, other.messages)
    twins = {same[place]: message for place, message in enumerate(other.messages) if place in same}
    missing: dict[int, list[Message]] = {}
    anchor = -1
    last = max(same, default=-1)
    later = leading.updated_at > other.updated_at
    for place, message in enumerate(other.messages):
        if place in same:
            anchor = same[place]
        else:
            is_inside = anchor >= 0 and place < last
            gone = message.gone or (later and is_inside and leading.edition == message.edition)
            missing.setdefault(anchor, []).append(message._replace(gone=gone))
    return replace(
        leading,
        title=leading.title or other.title,
        created_at=min(old.created_at, new.created_at),
        updated_at=max(old.updated_at, new.updated_at),
        messages=tuple(_interleaved(leading.messages, twins, missing, other is old)),
        instructions=tuple(dict.fromkeys((*old.instructions, *new.instructions))),
    )


def _in_order(old: Conversation, new: Conversation) -> tuple[Conversation, Conversation]:
    """The leading snapshot, then the other."""
    if new.edition != old.edition:
        return (new, old) if new.edition > old.edition else (old, new)
    return (new, old) if new.updated_at >= old.updated_at else (old, new)


def _interleaved(
    leading: Sequence[Message],
    twins: Mapping[int, Message],
    missing: Mapping[int, Sequence[Message]],
    twins_are_old: bool,
) -> Iterator[Message]:
    yield from missing.get(-1, ())
    for place, message in enumerate(leading):
        yield _better_timed(message, twins[place], twins_are_old) if place in twins else message
        yield from missing.get(place, ())


def _better_timed(message: Message, twin: Message, twin_is_old: bool) -> Message:
    """`message`, with the time of its twin when that knows more: its own instead of a neighbour's, or the fractions.

    Where neither knows, the old time stays: what an import made up must not move with every later one.
    """
    if message.time_inferred != twin.time_inferred:
        better = message.time_inferred
    elif message.time_inferred:
        better = twin_is_old
    else:
        better = message.created_at.endswith(".000Z") and twin.created_at[:-5] == message.created_at[:-5]
    return message._replace(created_at=twin.created_at, time_inferred=twin.time_inferred) if better else message


def matches(leading: Sequence[Message], other: Sequence[Message]) -> dict[int, int]:
    """Place in `other` -> place in `leading` of the same message. Each place is used once."""
    by_id = {message.id: place for place, message in enumerate(leading)}
    found = {place: by_id[message.id] for place, message in enumerate(other) if message.id in by_id}
    by_sense = _places(leading, set(found.values()), _exactly)
    for place, message in enumerate(other):
        if place not in found and by_sense.get(_exactly(message)):
            found[place] = by_sense[_exactly(message)].pop()
    if len({message.edition for message in (*leading, *other)}) > 1:
        _match_editions(leading, other, found)
    return found


def _match_editions(leading: Sequence[Message], other: Sequence[Message], found: dict[int, int]) -> None:
    """Add to `found` the messages that different editions tell of in their own ways.

    First those whose letters are the same, in order; then an answer that follows the same question.
    """
    by_letters = _places(leading, set(found.values()), _letters)
    for place, message in enumerate(other):
        same = by_letters.get(_letters(message))
        if place not in found and same and leading[same[-1]].edition != message.edition:
            found[place] = same.pop()
    taken = set(found.values())
    for place, message in enumerate(other):
        before = found.get(place - 1)
        if place in found or before is None or before + 1 >= len(leading) or before + 1 in taken:
            continue
        answer = leading[before + 1]
        if message.role == answer.role == "assistant" and message.edition != answer.edition and _alike(message, answer):
            found[place] = before + 1
            taken.add(before + 1)


def _places(
    messages: Sequence[Message], taken: set[int], sense: Callable[[Message], object]
) -> dict[object, list[int]]:
    """The places of the messages that make the same sense, the first one last."""
    places: dict[object, list[int]] = {}
    for place in range(len(messages) - 1, -1, -1):
        if place not in taken:
            places.setdefault(sense(messages[place]), []).append(place)
    return places


def _exactly(message: Message) -> object:
    return message.role, message.created_at, message.content


def _letters(message: Message) -> object:
    """Who said which letters: formatting, punctuation and white space are what tools change."""
    letters = "".join(_WORD.findall(unicodedata.normalize("NFKC", message.content).casefold())).replace("_", "")
    return message.role, letters or message.content.strip()


def _alike(one: Message, other: Message) -> bool:
    """Whether two texts are readings of one answer."""
    words, others = (set(_WORD.findall(message.content.casefold())) for message in (one, other))
    fewer = min(len(words), len(others))
    return fewer >= _ENOUGH_WORDS and len(words & others) >= _ENOUGH_SHARED * fewer
