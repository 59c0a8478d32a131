"""The real daemon process, whose extractor does what a file says: hold everything, or fail some conversations and days.

python -m tests.browser.steered_daemon HOME STEERING PORT
"""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio

from daemon.app import Parts
from daemon.process import run
from daemon.settings import load_settings
from packages_store.errors import ItemFailed
from packages_store.model import Conversation, GraphFacts, Memory
from stages.contract import Bullet, MemoryDraft, Persona
from stages.extractors.offline import OfflineExtractor


@dataclass(frozen=True)
class SteeredExtractor:
    """The offline extractor. `steering` holds {"hold": [ids], "fail": [ids]}; `*` means all."""

    steering: Path
    offline: OfflineExtractor
    name: str = "offline"
    version: str = "steered"
    concurrency: int = 2

    async def significant(self, persona: Persona, conversation: Conversation) -> tuple[MemoryDraft, ...]:
        await self._heed(conversation.id)
        return await self.offline.significant(persona, conversation)

    async def daily(self, persona: Persona, day: str, parts: Sequence[Conversation]) -> tuple[Bullet, ...]:
        await self._heed(day)
        return await self.offline.daily(persona, day, parts)

    async def graph(self, persona: Persona, memories: Sequence[Memory]) -> GraphFacts:
        return await self.offline.graph(persona, memories)

    async def _heed(self, what: str) -> None:
        while self._says("hold", what):  # noqa: ASYNC110 - another process says when
            await anyio.sleep(0.02)
        if self._says("fail", what):
            raise ItemFailed(f"The provider refused {what}.", retryable=True)

    def _says(self, word: str, what: str) -> bool:
        named = json.loads(self.steering.read_bytes()).get(word, [])
        return what in named or "*" in named


if __name__ == "__main__":
    home, steering, port = sys.argv[1:]
    run(
        load_settings({"home": Path(home), "port": int(port)}, os.environ),
        lambda line: print(line, flush=True),
        Parts(extractor=SteeredExtractor(Path(steering), OfflineExtractor())),
    )
