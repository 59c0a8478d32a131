"""Small packages and conversations for tests."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from packages_store.config import PackageConfig
from packages_store.files import Disk, Probe, no_probe
from packages_store.model import Conversation, Message, Owner
from packages_store.package import Package
from packages_store.paths import HomePaths
from packages_store.shelf import Shelf
from packages_store.times import Clock, iso
from tests.clocks import FakeClock

OWNER = Owner(boot_id="this-boot", pid=4711, start_ticks=1, instance="instance-a")
DAY_ONE = datetime(2024, 3, 1, 9, 0, tzinfo=UTC)


def shelf_in(home: Path, probe: Probe = no_probe, clock: Clock | None = None, poison_after: int = 3) -> Shelf:
    """A shelf on an otherwise empty home."""
    paths = HomePaths(home)
    paths.packages.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Shelf(paths, Disk(probe), clock or FakeClock(), poison_after)


def package_in(home: Path, name: str = "wren", probe: Probe = no_probe) -> Package:
    """An empty package, repaired and ready."""
    return shelf_in(home, probe).create(name, PackageConfig(entity_name="Wren", user_name="Mira"))


def conversation(number: int = 0, texts: tuple[str, ...] = ("Hello", "Hello Mira"), **changes: str) -> Conversation:
    """The n-th conversation: one a day, its messages a minute apart, user and assistant in turn."""
    start = DAY_ONE + timedelta(days=number)
    conversation_id = changes.get("id", f"chat-{number}")
    messages = tuple(
        Message(
            id=f"{conversation_id}:{position}",
            role="user" if position % 2 == 0 else "assistant",
            content=text,
            created_at=iso(start + timedelta(minutes=position)),
        )
        for position, text in enumerate(texts)
    )
    return Conversation(
        id=conversation_id,
        title=changes.get("title", f"Chat {number}"),
        platform=changes.get("platform", "chatgpt"),
        created_at=iso(start),
        updated_at=iso(start + timedelta(minutes=max(0, len(texts) - 1))),
        messages=messages,
    )
