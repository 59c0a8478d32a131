"""`loom review`, `loom lineage` and `loom impact`, answered by this process."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest

from daemon.app import Parts
from daemon.commands.exits import Exit
from daemon.commands.lineage import show_impact, show_lineage
from daemon.commands.local import LocalService
from daemon.commands.review import review
from packages_store.errors import UnknownItem
from stages.extractors.offline import OfflineExtractor
from tests.daemons import working_daemon
from tests.exports import chatgpt_conversation

SAID = "<memories>I married my husband Robert in Nepal today, and I cried with joy.</memories>"


@asynccontextmanager
async def service(home: Path) -> AsyncIterator[LocalService]:
    """A package with one conversation, of which the gate holds back what is told."""
    turns = [("user", SAID), ("assistant", "Noted."), ("user", "Anna, my sister, moved to Porto and I miss her.")]
    path = anyio.Path(home / "chats.json")
    await path.write_text(json.dumps([chatgpt_conversation("talk", turns, datetime(2024, 3, 1, 8, tzinfo=UTC))]))
    async with working_daemon(home / "home", Parts(extractor=OfflineExtractor())) as daemon:
        await daemon.hand_in("default", Path(path), path.name)
        await daemon.settled("default")
        yield LocalService(daemon)


async def test_what_is_held_back_is_listed_and_decided_about(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with service(tmp_path) as local:
        capsys.readouterr()
        assert await review(local, "default", keep=None, drop=None, as_json=False) == Exit.OK
        listed = capsys.readouterr().out
        assert "stored memories that were put into the chat" in listed
        assert "loom review default --keep ID" in listed

        await review(local, "default", keep=None, drop=None, as_json=True)
        held = json.loads(capsys.readouterr().out.splitlines()[-1])
        for doubt in held:
            await review(local, "default", keep=doubt["id"], drop=None, as_json=False)
            assert f"{doubt['id']} is kept." in capsys.readouterr().out
        with pytest.raises(UnknownItem):
            await review(local, "default", keep=None, drop="nothing", as_json=False)
        capsys.readouterr()

        await review(local, "default", keep=None, drop=None, as_json=False)
        assert "Nothing waits to be looked at." in capsys.readouterr().out


async def test_a_file_leads_to_its_messages_and_a_conversation_to_what_rests_on_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with service(tmp_path) as local:
        capsys.readouterr()
        await show_lineage(local, "default", "2024-03-01_entity-loom.md", as_json=False)
        told = capsys.readouterr().out
        assert "memory daily:2024-03-01" in told
        assert "my sister, moved to Porto" in told
        assert "Anna" in told

        await show_impact(local, "default", "talk", as_json=True)
        impact = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert impact["memories"][0]["id"] == "daily:2024-03-01"
        assert impact["doubts"]

        await show_impact(local, "default", "talk", as_json=False)
        assert "held back" in capsys.readouterr().out
        with pytest.raises(UnknownItem, match="no memory, node or edge"):
            await show_lineage(local, "default", "nothing.md", as_json=False)
