"""Changes to a document, in its structure and in its bytes. The same dice give the same document."""

import copy
import json
import random
from collections.abc import Callable
from typing import Any

Json = object
Holder = Any  # a dict or a list,
Key = Any  # and a key or an index of it
Place = tuple[Holder, Key]

STRANGE: tuple[Json, ...] = (
    None,
    True,
    0,
    -1,
    7,
    1e308,
    float("nan"),
    float("inf"),
    10**30,
    "",
    " ",
    "\0",
    "\ud83d",
    "\ue200cite\ue202turn0search1",
    "2024-13-45T99:99:99Z",
    "<details type='reasoning'><summary>",
    "x" * 5_000,
    [],
    {},
    [[]],
    [None],
    {"": ""},
    {"id": []},
    {"$date": {"$numberLong": "x"}},
)


def mutated(data: bytes, dice: random.Random) -> bytes:
    """`data` with one to a few changes."""
    for _ in range(dice.choice((1, 1, 1, 2, 3, 8))):
        changed = _in_structure(data, dice) if dice.random() < 0.75 else None
        data = dice.choice(_IN_BYTES)(data, dice) if changed is None else changed
    return data


def _in_structure(data: bytes, dice: random.Random) -> bytes | None:
    """A change of the JSON value that `data` is, or of one of its lines; None when it is neither."""
    try:
        return _written(_changed(json.loads(data), dice))
    except (ValueError, RecursionError):
        pass
    lines = data.split(b"\n")
    place = dice.randrange(len(lines))
    try:
        lines[place] = _written(_changed(json.loads(lines[place]), dice))
    except (ValueError, RecursionError):
        return None
    return b"\n".join(lines)


def _written(value: Json) -> bytes:
    return json.dumps(value).encode()


def _changed(root: Json, dice: random.Random) -> Json:
    places = _places(root)
    if not places:
        return dice.choice(STRANGE)
    holder, key = dice.choice(places)
    dice.choice(_IN_PLACE)(holder, key, places, dice)
    return root


def _places(root: Json) -> list[Place]:
    """Every place in the document at which a value stands."""
    found: list[Place] = []
    open_: list[Json] = [root]
    while open_:
        value = open_.pop()
        if isinstance(value, dict):
            found.extend((value, key) for key in value)
            open_.extend(value.values())
        elif isinstance(value, list):
            found.extend((value, place) for place in range(len(value)))
            open_.extend(value)
    return found


def _replace(holder: Holder, key: Key, places: list[Place], dice: random.Random) -> None:
    holder[key] = copy.deepcopy(dice.choice(STRANGE))


def _drop(holder: Holder, key: Key, places: list[Place], dice: random.Random) -> None:
    del holder[key]


def _rename(holder: Holder, key: Key, places: list[Place], dice: random.Random) -> None:
    if isinstance(holder, dict) and isinstance(key, str):
        holder[dice.choice((key.upper(), f"{key}_", "", key[:-1]))] = holder.pop(key)


def _copy_from_elsewhere(holder: Holder, key: Key, places: list[Place], dice: random.Random) -> None:
    other, there = dice.choice(places)
    holder[key] = copy.deepcopy(other[there])


def _swap(holder: Holder, key: Key, places: list[Place], dice: random.Random) -> None:
    """Copies, so that nothing comes to hold itself."""
    other, there = dice.choice(places)
    holder[key], other[there] = copy.deepcopy(other[there]), copy.deepcopy(holder[key])


def _nest(holder: Holder, key: Key, places: list[Place], dice: random.Random) -> None:
    value = holder[key]
    for _ in range(dice.choice((1, 2, 300))):
        value = [value] if dice.random() < 0.5 else {"parts": value}
    holder[key] = value


def _repeat(holder: Holder, key: Key, places: list[Place], dice: random.Random) -> None:
    value = holder[key]
    if isinstance(value, list):
        holder[key] = [copy.deepcopy(one) for one in value * dice.choice((2, 3, 20))]
    elif isinstance(value, str):
        holder[key] = value * dice.choice((2, 50))


def _shuffle(holder: Holder, key: Key, places: list[Place], dice: random.Random) -> None:
    if isinstance(holder[key], list):
        dice.shuffle(holder[key])


def _tangle(holder: Holder, key: Key, places: list[Place], dice: random.Random) -> None:
    """Let links point anywhere: what makes cycles and orphans."""
    texts = [value for at, there in places if isinstance(value := at[there], str) and len(value) < 64]
    for at, there in places:
        if texts and isinstance(at[there], str) and "parent" in str(there).casefold():
            at[there] = dice.choice(texts)


_IN_PLACE: tuple[Callable[[Holder, Key, list[Place], random.Random], None], ...] = (
    _replace,
    _replace,
    _replace,
    _drop,
    _drop,
    _rename,
    _copy_from_elsewhere,
    _swap,
    _nest,
    _repeat,
    _shuffle,
    _tangle,
)


def _flip(data: bytes, dice: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(dice.choice((1, 4, 30)) if data else 0):
        changed[dice.randrange(len(changed))] = dice.randrange(256)
    return bytes(changed)


def _cut(data: bytes, dice: random.Random) -> bytes:
    return data[: dice.randrange(len(data) + 1)]


def _leave_out(data: bytes, dice: random.Random) -> bytes:
    begin = dice.randrange(len(data) + 1)
    return data[:begin] + data[begin + dice.choice((1, 10, 500)) :]


def _double(data: bytes, dice: random.Random) -> bytes:
    begin, length = dice.randrange(len(data) + 1), dice.choice((1, 40, 2_000))
    return data[: begin + length] + data[begin:]


def _insert(data: bytes, dice: random.Random) -> bytes:
    place = dice.randrange(len(data) + 1)
    inserted = dice.choice((b"\0", b"\n", b'"', b"\\", b"[" * 3_000, b"{", b"\xff", b",,", b"<br>"))
    return data[:place] + inserted + data[place:]


def _encode(data: bytes, dice: random.Random) -> bytes:
    text = data.decode("utf-8", "replace")
    return text.encode(dice.choice(("utf-16", "utf-8-sig", "utf-32", "utf-16-be")))


def _line_ends(data: bytes, dice: random.Random) -> bytes:
    return data.replace(b"\n", dice.choice((b"\r\n", b"\r", b"\n\n")))


_IN_BYTES = (_flip, _cut, _leave_out, _double, _insert, _encode, _line_ends)
