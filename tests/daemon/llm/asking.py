"""Short ways to ask: what the tests of the client and the engine share."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio.to_thread

from daemon.llm.client import Client, Endpoint
from daemon.llm.engine import Engine, EngineSettings, World
from daemon.llm.exchange import Completion, Message, Request
from daemon.llm.outbound import origin_of
from daemon.llm.quirks import QuirkBook, Quirks
from daemon.llm.rates import RateSettings
from daemon.llm.retrying import Patience
from daemon.llm.secrets import BoundKey, Secret
from packages_store.files import Disk
from tests.provider.harness import FakeProvider
from tests.provider.script import Counts

CANARY = "sk-CANARY0123456789abcdefNARY"
SCHEMA = {
    "type": "object",
    "properties": {"text": {"type": "string"}},
    "required": ["text"],
    "additionalProperties": False,
}
HURRIED = Patience(seconds=1.0, tries=3, retry_in=60.0)
"""Gives up soon."""


def request(text: str = "What is it?", **more: Any) -> Request:
    """A question about `text`, for a JSON object."""
    usual: dict[str, Any] = {"most_tokens": 100, "schema": SCHEMA, "temperature": 0.0}
    messages = (Message("system", "You keep memories."), Message("user", text))
    return Request(messages, **(usual | more))


def endpoint(provider: FakeProvider, **more: Any) -> Endpoint:
    """The provider as an endpoint."""
    base_url = more.get("base_url", provider.base_url)
    usual: dict[str, Any] = {"base_url": base_url, "model": "muse-1", "key": key_at(base_url)}
    return Endpoint(**(usual | more))


def key_at(base_url: str) -> BoundKey:
    """The canary, entered for this address."""
    return BoundKey(Secret(CANARY), origin_of(base_url))


async def ask(
    provider: FakeProvider, quirks: Quirks | None = None, text: str = "What is it?", **more: Any
) -> Completion:
    """Ask the provider once."""
    async with Client(endpoint(provider, **more)) as client:
        return await client.complete(request(text), quirks or Quirks())


@asynccontextmanager
async def engine_at(
    provider: FakeProvider,
    home: Path,
    rates: RateSettings | None = None,
    patience: Patience = HURRIED,
    quirks: Quirks | None = None,
    **more: Any,
) -> AsyncIterator[Engine]:
    """An engine on the provider, which keeps what it learns in `home`. Its random pauses are as short as can be."""
    settings = EngineSettings(endpoint(provider, **more), rates or RateSettings(), patience, quirks or Quirks())
    async with Engine(settings, QuirkBook(home, Disk()), World(random=lambda: 0.0)) as engine:
        yield engine


async def until(provider: FakeProvider, condition: Callable[[Counts], bool], what: str) -> Counts:
    """Wait for what came, without keeping the event loop from asking."""
    return await anyio.to_thread.run_sync(provider.wait_for, condition, what)
