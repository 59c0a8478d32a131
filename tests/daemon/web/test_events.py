"""The event stream (R-94)."""

import json
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest

from daemon.events import DropFolderChanged
from daemon.web.events import KEPT, EventFeed
from tests.daemon.web.door import Door, door, repairing_door, served

CHANGED = DropFolderChanged("available", None)


@dataclass(frozen=True)
class Told:
    """One event as a client sees it; a heartbeat is a comment."""

    kind: str | None = None
    id: str | None = None
    data: Any = None
    retry: str | None = None
    comment: str | None = None

    @property
    def number(self) -> int:
        assert self.id is not None
        return int(self.id.rpartition("-")[2])


@asynccontextmanager
async def listening(at: Door, last: str | None = None, query: str = "") -> AsyncIterator[AsyncIterator[Told]]:
    headers = {} if last is None else {"Last-Event-ID": last}
    async with at.program() as program, program.stream("GET", f"/api/events{query}", headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"
        with anyio.fail_after(60):
            yield _told(answer)


async def _told(answer: httpx2.Response) -> AsyncIterator[Told]:
    fields: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
            continue
        data = json.loads(fields["data"]) if "data" in fields else None
        yield Told(fields.get("event"), fields.get("id"), data, fields.get("retry"), fields.get(""))
        fields = {}


async def test_a_client_gets_a_snapshot_and_then_what_happens(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, served(opened) as at, at.program() as program:
        await program.post("/api/packages", json={"name": "wren"})
        async with listening(at) as events:
            assert (await anext(events)).retry == "2000"
            snapshot = await anext(events)
            assert snapshot.kind == "snapshot"
            assert snapshot.data == (await program.get("/api/packages")).json()
            opened.daemon.events.publish(CHANGED)
            told = await anext(events)
            assert (told.kind, told.data["state"]) == ("drop_folder_changed", "available")
            assert told.id == f"{opened.daemon.owner.instance}-{snapshot.number + 1}"


@pytest.mark.parametrize("by_query", [False, True])
async def test_a_client_that_was_away_gets_what_it_missed_and_nothing_twice(tmp_path: Path, by_query: bool) -> None:
    async with door(tmp_path / "home") as opened, served(opened) as at:
        async with listening(at) as events:
            await anext(events)
            seen = await anext(events)
            opened.daemon.events.publish(CHANGED)
            seen = await anext(events)
        for _ in range(3):
            opened.daemon.events.publish(CHANGED)
        last, query = (None, f"?last_event_id={seen.id}") if by_query else (seen.id, "")
        async with listening(at, last, query) as events:
            await anext(events)
            opened.daemon.events.publish(CHANGED)
            numbers = [(await anext(events)).number for _ in range(4)]
        assert numbers == [seen.number + 1, seen.number + 2, seen.number + 3, seen.number + 4]


async def test_a_client_that_missed_nothing_gets_no_snapshot(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, served(opened) as at:
        async with listening(at) as events:
            await anext(events)
            seen = await anext(events)
        async with listening(at, seen.id) as events:
            await anext(events)
            opened.daemon.events.publish(CHANGED)
            assert (await anext(events)).number == seen.number + 1


@pytest.mark.parametrize(
    "last", ["", "x", "-1", "other-1", "{instance}-", "{instance}-x", "{instance}-²", "{instance}-99"]
)
async def test_an_id_that_is_not_ours_is_answered_with_a_snapshot(tmp_path: Path, last: str) -> None:
    async with door(tmp_path / "home") as opened:
        feed = EventFeed(opened.daemon)
        with feed.recording():
            assert feed.since(last.format(instance=opened.daemon.owner.instance)) is None


@pytest.mark.parametrize(("missed", "is_known"), [(KEPT, True), (KEPT + 1, False), (3 * KEPT, False)])
async def test_a_gap_larger_than_the_buffer_is_answered_with_a_snapshot(
    tmp_path: Path, missed: int, is_known: bool
) -> None:
    async with door(tmp_path / "home") as opened:
        feed = EventFeed(opened.daemon)
        with feed.recording():
            instance, last = opened.daemon.owner.instance, opened.daemon.events.last_id
            for _ in range(missed):
                opened.daemon.events.publish(CHANGED)
            found = feed.since(f"{instance}-{last}")
            assert (found is not None) == is_known
            if found is not None:
                assert [number for number, _event in found] == list(range(last + 1, last + missed + 1))
            opened.daemon.events.publish(CHANGED)
            latest = opened.daemon.events.last_id
            assert [number for number, _event in feed.since(f"{instance}-{latest - 1}") or []] == [latest]


async def test_silence_is_broken_by_heartbeats(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened:
        opened.app.feed.heartbeat_seconds = 0.01
        async with served(opened) as at, listening(at) as events:
            await anext(events)
            await anext(events)
            assert [(await anext(events)).comment for _ in range(2)] == ["still here"] * 2


async def test_the_heartbeat_is_not_rarer_than_every_fifteen_seconds(tmp_path: Path) -> None:
    async with repairing_door(tmp_path / "home") as opened:
        assert opened.app.feed.heartbeat_seconds <= 15


async def test_the_stream_ends_with_a_word_when_the_daemon_stops(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, served(opened) as at, listening(at) as events:
        await anext(events)
        await anext(events)
        await opened.daemon.stop()
        assert [event.kind async for event in events] == ["shutdown"]


async def test_a_client_that_came_during_the_repair_gets_a_snapshot_after_it(tmp_path: Path) -> None:
    async with repairing_door(tmp_path / "home") as opened, served(opened) as at, listening(at) as events:
        await anext(events)
        assert (await anext(events)).data == []
        await opened.daemon.repair_all()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: opened.daemon.work(watch=False))
            assert (await anext(events)).kind == "daemon_ready"
            assert (await anext(events)).kind == "snapshot"
            tasks.cancel_scope.cancel()


async def test_a_client_that_does_not_read_is_let_go_and_finds_its_way_back(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, served(opened) as at:
        async with listening(at) as events:
            await anext(events)
            snapshot = await anext(events)
            for _ in range(2 * KEPT):
                opened.daemon.events.publish(CHANGED)
            seen = [event async for event in events]
        assert [event.number for event in seen] == list(range(snapshot.number + 1, snapshot.number + len(seen) + 1))
        async with listening(at, seen[-1].id if seen else snapshot.id) as events:
            await anext(events)
            first = await anext(events)
            assert first.kind == "snapshot"
            assert first.number == opened.daemon.events.last_id


async def test_the_more_clients_listen_the_more_is_told_to_them_together(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened:
        feed = EventFeed(opened.daemon)
        with ExitStack() as clients:
            clients.enter_context(feed.counting())
            alone = feed.pace_seconds
            for _ in range(200):
                clients.enter_context(feed.counting())
            assert feed.pace_seconds >= 4 * alone

        assert feed.pace_seconds == alone
