"""Messages that name the one they follow: a tree, of which one branch is read.

Editing a question, or asking for another answer, makes a branch. Links can be absent, dangling or circular.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from stages.parsers.reading.drafts import Draft
from stages.parsers.reading.values import Tally

Parents = Mapping[str, str | None]
"""Every key, in the order of the source, and the key of what it follows; one that is not among them is none."""

LEFT_OUT = "message[|s] on [a branch|branches] that [was|were] not followed (edited or regenerated) [was|were] left out"
"""What to count of the messages on other branches."""


def distinct(keys: Iterable[str]) -> list[str]:
    """`keys`, with `~2` and so on behind those that come again."""
    times: dict[str, int] = {}
    found: dict[str, None] = {}
    for key in keys:
        told, number = key, times.get(key, 0)
        while told in found:
            number += 1
            told = f"{key}~{number + 1}"
        times[key] = number
        found[told] = None
    return list(found)


def follow(parents: Parents, shown: Mapping[str, Sequence[Draft]], leaf: str | None, tally: Tally) -> list[Draft]:
    """What is `shown`, from the beginning to `leaf`; what is shown on other branches is counted.

    Where there is no such leaf, or nothing is shown on the way to it, to the newest one. Without any link between two
    keys, everything, in the order of `parents`.
    """
    keys = list(parents) if _are_unlinked(parents) else _branch(parents, shown, leaf)
    drafts = [draft for key in keys for draft in shown.get(key, ())]
    tally.count(LEFT_OUT, sum(map(len, shown.values())) - len(drafts))
    return drafts


def chain(leaf: str, parents: Parents) -> list[str]:
    """The keys from the beginning to `leaf`. A circle ends where it closes."""
    keys: dict[str, None] = {}
    key: str | None = leaf
    while key is not None and key in parents and key not in keys:
        keys[key] = None
        key = parents[key]
    return list(keys)[::-1]


def last_leaf(parents: Parents, shown: Iterable[str]) -> str | None:
    """The end of the branch that takes the last way at each fork, of those that lead to something shown."""
    shown = dict.fromkeys(shown)
    leading = _before(parents, shown) | shown.keys()
    next_ = {parent if parent in parents else None: key for key, parent in parents.items() if key in leading}
    seen: dict[str, None] = {}
    key = next_.get(None)
    while key is not None and key not in seen:
        seen[key] = None
        key = next_.get(key)
    return next(reversed(seen), None)


def _branch(parents: Parents, shown: Mapping[str, Sequence[Draft]], leaf: str | None) -> list[str]:
    if leaf is not None and leaf in parents:
        keys = chain(leaf, parents)
        if any(shown.get(key) for key in keys):
            return keys
    newest = _newest_leaf(parents, shown)
    return chain(newest, parents) if newest is not None else []


def _newest_leaf(parents: Parents, shown: Mapping[str, Sequence[Draft]]) -> str | None:
    """Of what is shown and has nothing shown behind it, the newest; of several, the last of the source."""
    times = {key: drafts[-1].at or 0 for key, drafts in shown.items() if drafts and key in parents}
    inner = _before(parents, times)
    leaves = [key for key in times if key not in inner] or list(times)
    return max(reversed(leaves), key=times.__getitem__, default=None)


def _before(parents: Parents, keys: Collection[str]) -> set[str]:
    """Everything that lies on the way to one of `keys`."""
    found: set[str] = set()
    for key in keys:
        parent = parents.get(key)
        while parent is not None and parent in parents and parent not in found:
            found.add(parent)
            parent = parents[parent]
    return found


def _are_unlinked(parents: Parents) -> bool:
    return not any(parent in parents for parent in parents.values() if parent is not None)
