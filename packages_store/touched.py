"""Which of the memories that a stage makes anew is the one that a person has edited or deleted.

A stage numbers the memories of an item, and a model that is asked again may find another one first. So a memory is
known again by what it says and rests on, and only then by its number.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from packages_store.model import Memory

_SAME_SOURCES = 0.5
"""Of the messages of the one that rests on fewer, as many as this share make two memories the same one."""


@dataclass(frozen=True, slots=True)
class Touched:
    """A memory that a person has edited or deleted; `base` is what its stage said last."""

    id: str
    base: str
    message_ids: frozenset[str]


def meet(touched: Sequence[Touched], memories: Sequence[Memory]) -> tuple[dict[str, Memory], list[Memory]]:
    """The memories that are touched ones anew, by the id of these, and all others.

    None of the others has the id of a touched one: it takes a number that is free.
    """
    matched: dict[str, Memory] = {}
    left = list(memories)
    for one in touched:
        same = _same(one, left)
        if same is not None:
            matched[one.id] = replace(same, id=one.id)
            left.remove(same)
    taken = {one.id for one in touched}
    freed = [memory.id for memory in memories if memory.id not in taken and memory not in left]
    return matched, _renumbered(left, taken, freed)


def _same(touched: Touched, memories: Sequence[Memory]) -> Memory | None:
    exact = next((memory for memory in memories if memory.body == touched.base), None)
    if exact is not None or not memories:
        return exact
    if memories[0].kind == "daily":
        # A day has one memory.
        return next((memory for memory in memories if memory.id == touched.id), None)
    shares = {memory.id: _share(touched.message_ids, frozenset(memory.message_ids)) for memory in memories}
    best = max(memories, key=lambda memory: (shares[memory.id], memory.id == touched.id))
    return best if shares[best.id] >= _SAME_SOURCES else None


def _share(ours: frozenset[str], theirs: frozenset[str]) -> float:
    fewer = min(len(ours), len(theirs))
    return len(ours & theirs) / fewer if fewer else 0.0


def _renumbered(memories: Sequence[Memory], taken: set[str], freed: list[str]) -> list[Memory]:
    free = _Numbers(taken | {memory.id for memory in memories}, freed)
    return [replace(memory, id=free.next(memory.id)) if memory.id in taken else memory for memory in memories]


class _Numbers:
    """Ids that no memory of the item has: first those that became free, then higher numbers."""

    def __init__(self, used: set[str], freed: list[str]) -> None:
        self._used = used
        self._freed = freed

    def next(self, memory_id: str) -> str:
        if self._freed:
            return self._freed.pop(0)
        stem, _, _ = memory_id.rpartition(":")
        number = 1
        while f"{stem}:{number}" in self._used:
            number += 1
        self._used.add(f"{stem}:{number}")
        return f"{stem}:{number}"
