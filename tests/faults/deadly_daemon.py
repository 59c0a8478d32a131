"""The real daemon process, in which one conversation kills it whenever it is worked on.

python -m tests.faults.deadly_daemon HOME CONVERSATION_ID
"""

import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from daemon.app import Parts
from daemon.process import run
from daemon.settings import load_settings
from packages_store.model import Conversation, GraphFacts, Memory
from stages.contract import Bullet, MemoryDraft, Persona
from stages.extractors.offline import OfflineExtractor


@dataclass(frozen=True)
class DeadlyExtractor:
    """The offline extractor, which does not survive one conversation."""

    deadly: str
    offline: OfflineExtractor
    name: str = "offline"
    version: str = "deadly"
    concurrency: int = 4

    async def significant(self, persona: Persona, conversation: Conversation) -> tuple[MemoryDraft, ...]:
        if conversation.id == self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        return await self.offline.significant(persona, conversation)

    async def daily(self, persona: Persona, day: str, parts: Sequence[Conversation]) -> tuple[Bullet, ...]:
        return await self.offline.daily(persona, day, parts)

    async def graph(self, persona: Persona, memories: Sequence[Memory]) -> GraphFacts:
        return await self.offline.graph(persona, memories)


if __name__ == "__main__":
    home, deadly = sys.argv[1:]
    run(
        load_settings({"home": Path(home), "port": 0}, os.environ),
        lambda line: print(line, flush=True),
        Parts(extractor=DeadlyExtractor(deadly, OfflineExtractor())),
    )
