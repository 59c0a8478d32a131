"""The canonical thread of a claude.ai conversation: which of its messages are in it, in order.

Newer exports say which message each one follows (`parent_message_uuid`), because editing a question or asking again
makes a branch. The page's own API also says where the branch that was last looked at ends. Every part of that can be
absent, dangling or circular, and a message can be in the list twice.
"""

from collections.abc import Mapping, Sequence

from stages.parsers.reading.values import as_list, as_map, as_text, milliseconds

Messages = Sequence[Mapping[str, object]]

_PARENT = "parent_message_uuid"
_ROOT = "00000000-0000-4000-8000-000000000000"
_NONE = -1


def without_doubles(messages: Messages) -> list[Mapping[str, object]]:
    """The messages, each once: of those with the same id the one that says most, at the place of the first."""
    kept: dict[object, Mapping[str, object]] = {}
    for place, message in enumerate(messages):
        key = as_text(message.get("uuid")) or place
        known = kept.get(key)
        if known is None or _size(message) > _size(known):
            kept[key] = message
    return list(kept.values())


def thread(messages: Messages, current: object) -> list[int]:
    """The places of the messages from the beginning to `current`; to the newest end where there is no such message.

    Messages of which none says that it follows another one of them are taken in the order of the list.
    """
    places = {uuid: place for place, message in enumerate(messages) if (uuid := as_text(message.get("uuid")))}
    parents = [places.get(as_text(message.get(_PARENT)), _NONE) for message in messages]
    if all(parent == _NONE for parent in parents):
        return list(range(len(messages)))
    place = places.get(as_text(current), _NONE)
    if place == _NONE:
        place = _newest_end(messages, parents)
    way: dict[int, None] = {}
    while place != _NONE and place not in way:
        way[place] = None
        place = parents[place] if parents[place] != _NONE else _before(place, messages)
    return list(way)[::-1]


def _before(place: int, messages: Messages) -> int:
    """What is before a message that follows none of the list: nothing at a root, else its neighbour in the list.

    It is a root when it says so. It is none when it says nothing, as messages did before there were branches, or when
    what it follows is missing: the head of the conversation would be lost.
    """
    message = messages[place]
    is_root = message.get(_PARENT) in (None, "", _ROOT) and _PARENT in message
    return _NONE if is_root else place - 1


def _newest_end(messages: Messages, parents: Sequence[int]) -> int:
    """The message that nothing follows and that is newest; of several, the last in the list."""
    inner = set(parents)
    ends = [place for place in range(len(messages)) if place not in inner] or list(range(len(messages)))
    return max(ends, key=lambda place: (milliseconds(messages[place].get("created_at")) or 0, place))


def _size(message: Mapping[str, object]) -> int:
    """How many characters it says, roughly."""
    blocks = message.get("content")
    if isinstance(blocks, str):
        return len(blocks) + len(as_text(message.get("text")))
    texts = (as_text(as_map(block).get(name)) for block in as_list(blocks) for name in ("text", "thinking"))
    pasted = (as_text(as_map(one).get("extracted_content")) for one in as_list(message.get("attachments")))
    return len(as_text(message.get("text"))) + sum(map(len, texts)) + sum(map(len, pasted))
