"""The API of review: what is chosen is changed, what is changed reaches the package, and every id is one."""

import io
import json
import sqlite3
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from daemon.app import Parts
from packages_store.chats import CHATS
from tests.daemon.web.door import Door, door
from tests.exports import chatgpt_conversation
from tests.fakes import FakeExtractor

TOPICS = ("owls", "tides", "bread", "stars")
API = "/api/packages/wren"


def export(*names: str, more: int = 0) -> bytes:
    """Conversations a day apart, each about what it is called."""
    talks = [
        chatgpt_conversation(
            name,
            [("user", f"Tell me of {name}"), ("assistant", f"{name} are many"), *([("user", "And more?")] * more)],
            datetime(2024, 3, 1, 8, tzinfo=UTC) + timedelta(days=number),
            f"About {name}",
        )
        for number, name in enumerate(names)
    ]
    return json.dumps(talks).encode()


@asynccontextmanager
async def filled(home: Path, *names: str, pause: bool = False) -> AsyncIterator[tuple[Door, httpx2.AsyncClient]]:
    """A daemon with one settled package; with `pause`, it waits for the review."""
    parts = Parts(extractor=FakeExtractor())
    async with door(home, parts, pause_before_commit=pause) as opened, opened.program() as program:
        await program.post("/api/packages", json={"name": "wren"})
        await hand_in(program, export(*(names or TOPICS)))
        yield opened, program


async def hand_in(program: httpx2.AsyncClient, content: bytes) -> None:
    answer = await program.put(f"{API}/uploads", params={"name": "chats.json"}, content=content)
    assert answer.status_code == 201
    await settled(program)


async def settled(program: httpx2.AsyncClient) -> dict[str, Any]:
    detail: dict[str, Any] = (await program.get(API, params={"wait": 60})).json()
    return detail


async def ids(program: httpx2.AsyncClient, **asked: Any) -> list[str]:
    answer = await program.get(f"{API}/conversations", params={"descending": "false", **asked})
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["rows"]]


async def change(program: httpx2.AsyncClient, **what: Any) -> dict[str, Any]:
    answer = await program.post(f"{API}/conversations/change", json=what)
    assert answer.status_code == 200, answer.text
    changed: dict[str, Any] = answer.json()
    return changed


async def first_message(program: httpx2.AsyncClient, id_: str) -> str:
    lines = (await program.get(f"{API}/conversations/messages", params={"id": id_})).json()["lines"]
    return str(lines[0]["id"])


async def delivered(program: httpx2.AsyncClient) -> str:
    """Everything that an export holds, as text."""
    answer = await program.get(f"{API}/export")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        return "".join(archive.read(name).decode(errors="replace") for name in archive.namelist())


async def test_a_list_is_filtered_sorted_and_paged(tmp_path: Path) -> None:
    async with filled(tmp_path / "home") as (_opened, program):
        assert await ids(program) == ["owls", "tides", "bread", "stars"]
        assert await ids(program, sort="title") == ["bread", "owls", "stars", "tides"]
        assert await ids(program, since="2024-03-02", until="2024-03-03") == ["tides", "bread"]
        assert await ids(program, text="bread are") == ["bread"]
        assert await ids(program, platform=["gemini", "chatgpt"], state="unchanged", limit=2) == ["owls", "tides"]
        first = (await program.get(f"{API}/conversations", params={"sort": "title", "limit": 3})).json()
        rest = await program.get(f"{API}/conversations", params={"sort": "title", "cursor": first["next"]})
        assert (first["total"], [row["id"] for row in rest.json()["rows"]]) == (4, ["bread"])


@pytest.mark.parametrize(
    "asked",
    [{"cursor": "x"}, {"sort": "colour"}, {"since": "yesterday"}, {"since": "0001-01-01"}, {"limit": "0"}, {"x": "1"}],
)
async def test_a_list_that_is_not_understood_is_refused(tmp_path: Path, asked: dict[str, str]) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program:
        await program.post("/api/packages", json={"name": "wren"})
        assert (await program.get(f"{API}/conversations", params=asked)).status_code == 422


async def test_what_is_excluded_before_the_commit_never_comes_into_the_package(tmp_path: Path) -> None:
    async with filled(tmp_path / "home", pause=True) as (_opened, program):
        assert (await settled(program))["waits_for"] == "Continue: review the conversations first"
        assert (await program.get(f"{API}/pending")).json() == {"new": 4, "updated": 0, "removed": 0, "unchanged": 0}
        answer = await change(program, choice={"text": "tides"}, excluded=True, tag=["sea"])
        assert answer == {"chosen": 1, "changed": 1, "unknown": []}
        await program.post(f"{API}/resume")
        assert (await settled(program))["state"] == "done"
        text = await delivered(program)
        assert "tides" not in text
        assert "owls are many" in text


async def test_what_is_excluded_or_edited_later_leaves_the_package_with_all_that_was_made_of_it(tmp_path: Path) -> None:
    async with filled(tmp_path / "home") as (_opened, program):
        assert "Tell me of tides" in await delivered(program)
        assert (await change(program, ids=["tides"], excluded=True))["changed"] == 1
        new = {"conversation": "bread", "message": await first_message(program, "bread"), "content": "Tell me of rolls"}
        assert (await program.put(f"{API}/conversations/messages", json=new)).status_code == 200
        assert (await settled(program))["state"] == "done"
        text = await delivered(program)
        assert [word in text for word in ("tides", "Tell me of bread", "Tell me of rolls")] == [False, False, True]


async def test_what_is_excluded_leaves_an_export_without_memories_as_well(tmp_path: Path) -> None:
    async with filled(tmp_path / "home") as (_opened, program):
        await program.put(f"{API}/until", json={"stage": "commit"})
        await change(program, ids=["tides"], excluded=True)
        assert (await settled(program))["waits_for"] == "Continue: it was to stop after commit"
        text = await delivered(program)
        assert ("tides" in text, "I remember: Tell me of owls" in text) == (False, True)
        await change(program, ids=["tides"], excluded=False)
        await program.post(f"{API}/resume")
        assert (await settled(program))["state"] == "done"
        assert "I remember: Tell me of tides" in await delivered(program)


async def test_an_import_keeps_what_was_decided(tmp_path: Path) -> None:
    async with filled(tmp_path / "home") as (_opened, program):
        await change(program, ids=["owls"], excluded=True, tag=["birds"])
        await hand_in(program, export(*TOPICS, more=1))
        row = (await program.get(f"{API}/conversations/one", params={"id": "owls"})).json()["conversation"]
        assert (row["excluded"], row["tags"], row["messages"]) == (True, ["birds"], 3)
        assert "owls" not in await delivered(program)


@pytest.mark.parametrize("id_", ["a/b", "..", "x?y=1&z#", "日本 語", "%2F%00", "<script>alert(1)</script>"])
async def test_an_id_may_hold_anything(tmp_path: Path, id_: str) -> None:
    async with filled(tmp_path / "home", id_) as (_opened, program):
        lines = (await program.get(f"{API}/conversations/messages", params={"id": id_})).json()
        message = lines["lines"][0]["id"]
        new = {"conversation": id_, "message": message, "content": "other", "seen": lines["lines"][0]["seen"]}
        edited = (await program.put(f"{API}/conversations/messages", json=new)).json()
        assert (edited["content"], edited["original"]) == ("other", f"Tell me of {id_}")
        undone = await program.delete(f"{API}/conversations/messages", params={"id": id_, "message": message})
        assert (undone.json()["original"], undone.json()["content"]) == (None, f"Tell me of {id_}")


async def test_what_cannot_be_done_is_a_problem_with_advice(tmp_path: Path) -> None:
    async with filled(tmp_path / "home") as (_opened, program):
        new = {
            "conversation": "owls",
            "message": await first_message(program, "owls"),
            "content": "x",
            "seen": "0" * 16,
        }
        answers = [
            await program.get(f"{API}/conversations/one", params={"id": "nobody"}),
            await program.get(f"{API}/conversations/messages", params={"id": "nobody"}),
            await program.put(f"{API}/conversations/messages", json=new),
            await program.post(f"{API}/conversations/change", json={"ids": ["owls"], "tag": ["a\nb" * 40]}),
            await program.post(f"{API}/conversations/change", json={"excluded": True}),
            await program.post(f"{API}/conversations/change", json={"ids": [], "choice": {}}),
        ]
        assert [answer.status_code for answer in answers] == [404, 404, 409, 422, 422, 422]
        assert all(answer.json()["advice"] for answer in answers)


async def test_messages_are_found_by_their_words(tmp_path: Path) -> None:
    async with filled(tmp_path / "home") as (_opened, program):
        found = (await program.get(f"{API}/search", params={"q": "tides tell"})).json()
        assert [(each["conversation"], each["excerpt"]) for each in found["hits"]] == [("tides", "Tell me of tides")]
        for text in ('" OR 1=1 --', "don't", "C++", "*", "日本語", "\0", "%"):
            answer = await program.get(f"{API}/search", params={"q": text})
            assert (answer.status_code, answer.json()["hits"]) == (200, [])


async def test_sets_of_tags_are_kept(tmp_path: Path) -> None:
    async with filled(tmp_path / "home") as (_opened, program):
        await change(program, ids=["owls", "tides"], tag=["nature"])
        kept = await program.put(f"{API}/tag-sets", json={"name": "Themes", "tags": {"nature": "green"}})
        assert kept.json() == {"tags": {"nature": 2}, "sets": {"Themes": {"nature": "green"}}}
        assert (await program.get(f"{API}/tags")).json() == kept.json()
        unknown = await program.put(f"{API}/tag-sets", json={"name": "Themes", "tags": {"nature": "#fff"}})
        assert unknown.status_code == 422


async def test_the_chats_of_a_companion_are_compared_and_not_kept(tmp_path: Path) -> None:
    theirs = tmp_path / "chats.db"
    with closing(sqlite3.connect(theirs)) as db, db:
        db.executescript(CHATS.script)
        db.execute("INSERT INTO conversations VALUES ('owls', '', '', '', NULL)")
    async with filled(tmp_path / "home") as (_opened, program):
        outcome = (await program.put(f"{API}/comparison", content=theirs.read_bytes())).json()
        assert (outcome["new"], outcome["changed"], outcome["name"]) == (3, 1, "chats.db")
        assert (await program.get(f"{API}/comparison")).json() == outcome
        assert await ids(program, compared="changed") == ["owls"]
        assert (await program.put(f"{API}/comparison", content=b"no database")).status_code == 422
        assert (await program.delete(f"{API}/comparison")).status_code == 204
        assert (await program.get(f"{API}/comparison")).json() is None
    assert not [path for path in (tmp_path / "home/packages/wren").iterdir() if path.name.startswith(".")]


async def test_a_package_can_be_committed_and_exported_without_memories(tmp_path: Path) -> None:
    async with filled(tmp_path / "home", pause=True) as (_opened, program):
        assert (await program.post(f"{API}/commit-only")).status_code == 200
        assert (await settled(program))["waits_for"] == "Continue: it was to stop after commit"
        with zipfile.ZipFile(io.BytesIO((await program.get(f"{API}/export")).content)) as archive:
            assert sorted(archive.namelist()) == ["chats.db", "manifest.json"]
        await program.post(f"{API}/resume")
        assert (await settled(program))["state"] == "done"
