"""The real daemon process with an extractor of its own.

    python -m bench.page_daemon HOME CONVERSATIONS NODES EDGES RATE

It makes a memory of every third conversation and one of every day, and of all memories together a graph of so many
nodes and edges. A rate is a number of items a second, which it keeps as evenly as it can; 0 is as fast as it goes.
"""

import os
import sys
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Literal

import anyio

from daemon.app import Parts
from daemon.process import run
from daemon.settings import load_settings
from packages_store.model import Conversation, GraphEdge, GraphFacts, GraphNode, Memory
from stages.contract import Bullet, MemoryDraft, Persona

_ONE_IN = 3
_LONGEST = 300
_SYLLABLES = ("ba", "ce", "di", "fo", "gu", "ka", "le", "mi", "no", "pu", "ra", "se", "ti", "vo", "zu", "xe")
_TYPES: tuple[Literal["person", "place", "health", "tradition"], ...] = ("person", "place", "health", "tradition")


class EvenExtractor:
    """Says little of everything, without a thought."""

    name = "offline"
    version = "bench"
    concurrency = 16

    def __init__(self, conversations: int, nodes: int, edges: int, rate: float) -> None:
        self._nodes = nodes
        self._edges = edges
        self._per_batch = -(-edges * _ONE_IN // conversations)
        self._rounds = -(-edges // self._per_batch)
        self._batches = count()
        self._pause = 1 / rate if rate else 0.0
        self._next = 0.0

    async def significant(self, persona: Persona, conversation: Conversation) -> tuple[MemoryDraft, ...]:
        await self._turn()
        if sum(conversation.id.encode()) % _ONE_IN:
            return ()
        first = conversation.messages[0]
        prose = f"In {conversation.id} I remember: {first.content[:_LONGEST]}"
        return (MemoryDraft(first.created_at[:10], conversation.title or "A moment", prose, (first.id,)),)

    async def daily(self, persona: Persona, day: str, parts: Sequence[Conversation]) -> tuple[Bullet, ...]:
        await self._turn()
        firsts = [(part, part.messages[0]) for part in parts]
        return tuple(
            Bullet(f"In {part.id}: {first.content[:_LONGEST]}", part.id, part.platform, (first.id,))
            for part, first in firsts
        )

    async def graph(self, persona: Persona, memories: Sequence[Memory]) -> GraphFacts:
        begin = next(self._batches) % self._rounds * self._per_batch
        memory = memories[0]
        nodes, edges = [], []
        for number in range(begin, min(begin + self._per_batch, self._edges)):
            one = number % self._nodes
            other = (one * 7 + 1 + number // self._nodes) % self._nodes
            ends = [_node(each, memory) for each in (one, other)]
            nodes += ends
            edges.append(_edge(ends[0], ends[1], memory))
        return GraphFacts(tuple(nodes), tuple(edges))

    async def _turn(self) -> None:
        if self._pause:
            now = time.monotonic()
            self._next = max(now - 1, self._next) + self._pause
            await anyio.sleep(max(0.0, self._next - now))


def _node(number: int, memory: Memory) -> GraphNode:
    digits = (number * 40_503 + 77) % (1 << 16)
    name = "".join(_SYLLABLES[digits >> shift & 15] for shift in (0, 4, 8, 12)).capitalize()
    kind = _TYPES[number % len(_TYPES)]
    return GraphNode(kind, name.casefold(), name, f"{name} is spoken of.", 0.9, (memory.id,), memory.date, memory.date)


def _edge(one: GraphNode, other: GraphNode, memory: Memory) -> GraphEdge:
    ends = (one.type, one.key), (other.type, other.key)
    return GraphEdge(*ends, "knows", f"{one.label} and {other.label}", 0.9, (memory.id,), memory.date, memory.date)


if __name__ == "__main__":
    home, conversations, nodes, edges, rate = sys.argv[1:]
    run(
        load_settings({"home": Path(home), "port": 0}, os.environ),
        lambda line: print(line, flush=True),
        Parts(extractor=EvenExtractor(int(conversations), int(nodes), int(edges), float(rate))),
    )
