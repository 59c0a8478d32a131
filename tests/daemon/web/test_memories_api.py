"""The API of memories, the review list, lineage and the graph: what a person does there is done, and stays."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from daemon.app import Parts
from stages.extractors.offline import OfflineExtractor
from tests.daemon.web.door import door
from tests.exports import chatgpt_conversation

API = "/api/packages/wren"
SAID = (
    "I moved to Lisbon with my sister Anna today, and I am so happy!",
    "My brother Jon married Zoe in Porto today, and I cried.",
    "<memories>I married my husband Robert in Nepal today, and I cried with joy.</memories>",
)


def export() -> bytes:
    talks = [
        chatgpt_conversation(
            f"talk-{at}",
            [("user", text), ("assistant", "I am so glad that you told me of it.")],
            datetime(2024, 3, 1, 8, tzinfo=UTC) + timedelta(days=20 * at),
            f"Talk {at}",
        )
        for at, text in enumerate(SAID)
    ]
    return json.dumps(talks).encode()


@asynccontextmanager
async def filled(home: Path) -> AsyncIterator[httpx2.AsyncClient]:
    async with door(home, Parts(extractor=OfflineExtractor())) as opened, opened.program() as program:
        await program.post("/api/packages", json={"name": "wren", "config": {"userName": "Mira"}})
        await program.put(f"{API}/uploads", params={"name": "chats.json"}, content=export())
        await settled(program)
        yield program


async def settled(program: httpx2.AsyncClient) -> None:
    detail = (await program.get(API, params={"wait": 60})).json()
    assert detail["state"] == "done", detail


async def get(program: httpx2.AsyncClient, path: str, **params: Any) -> Any:
    answer = await program.get(f"{API}/{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def send(program: httpx2.AsyncClient, path: str, method: str = "POST", **body: Any) -> Any:
    answer = await program.request(method, f"{API}/{path}", json=body)
    assert answer.status_code in (200, 201), answer.text
    await settled(program)
    return answer.json()


async def node_called(program: httpx2.AsyncClient, label: str) -> dict[str, Any]:
    page = await get(program, "graph/nodes", text=label)
    found: dict[str, Any] = next(node for node in page["nodes"] if node["label"] == label)
    return found


async def labels(program: httpx2.AsyncClient) -> list[str]:
    return [node["label"] for node in (await get(program, "graph/nodes", limit=1000))["nodes"]]


async def test_a_memory_is_read_edited_deleted_and_restored(tmp_path: Path) -> None:
    async with filled(tmp_path) as program:
        pages = [await get(program, "memories", kind="significant", limit=1)]
        while pages[-1]["next"]:
            pages.append(await get(program, "memories", kind="significant", limit=1, cursor=pages[-1]["next"]))
        found = [line for page in pages for line in page["memories"]]
        assert ["Lisbon" in found[0]["text"], "Porto" in found[1]["text"], len(found)] == [True, True, 2]
        one = found[0]["id"]

        text = "Mira told me: “I moved to Madrid with my sister Anna today.”"
        edited = await send(program, "memories/one", "PUT", id=one, text=text, seen=found[0]["text"])

        assert (edited["memory"]["edited"], edited["memory"]["text"]) == (True, text)
        assert edited["before"] == found[0]["text"]
        assert edited["sentences"][0]["message_ids"]
        assert "Madrid" in await labels(program)

        stale = await program.put(f"{API}/memories/one", json={"id": one, "text": "No.", "seen": "Something else"})
        assert stale.status_code == 409

        await program.delete(f"{API}/memories/one", params={"id": one})
        await settled(program)
        assert [line["id"] for line in (await get(program, "memories", deleted=True))["memories"]] == [one]
        assert "Madrid" not in await labels(program)

        await send(program, "memories/restore", id=one)
        story = await get(program, "memories/one", id=one)
        assert [version["why"] for version in story["versions"]] == ["edited", "deleted", "restored"]
        assert "Madrid" in await labels(program)

        await send(program, "memories/regenerate", id=one)
        await send(program, "memories/proposal", id=one, take=False)
        assert (await get(program, "memories/one", id=one))["memory"]["text"] == text


async def test_the_review_list_is_decided_about(tmp_path: Path) -> None:
    async with filled(tmp_path) as program:
        pages = [await get(program, "doubts", limit=1)]
        while pages[-1]["next"]:
            pages.append(await get(program, "doubts", limit=1, cursor=pages[-1]["next"]))
        held = [doubt for page in pages for doubt in page["doubts"]]
        assert {doubt["kind"] for doubt in held} == {"daily", "significant"}
        assert all("stored memories" in doubt["reasons"][0] for doubt in held)

        for doubt in held:
            act = "keep" if doubt["kind"] == "significant" else "drop"
            decided = await send(program, f"doubts/{act}", id=doubt["id"])
            assert decided["state"] == ("kept" if act == "keep" else "dropped")

        assert (await get(program, "doubts"))["doubts"] == []
        texts = [line["text"] for line in (await get(program, "memories"))["memories"]]
        assert sum("Nepal" in text for text in texts) == 1


async def test_lineage_leads_from_the_graph_to_messages_and_back(tmp_path: Path) -> None:
    async with filled(tmp_path) as program:
        anna = await node_called(program, "Anna")

        backwards = await get(program, "lineage", of=anna["id"])
        forwards = await get(program, "impact", of=backwards["messages"][0]["id"])

        assert "my sister Anna" in backwards["messages"][0]["excerpt"]
        assert "Anna" in [part["label"] for part in forwards["graph"]]
        assert {line["kind"] for line in forwards["memories"]} == {"daily", "significant"}
        detail = await get(program, "graph/nodes/one", id=anna["id"])
        assert detail["sources"] == backwards
        edge = detail["around"]["edges"][0]
        assert (await get(program, "graph/edges/one", id=edge["id"]))["sources"]["messages"]


async def test_the_graph_is_changed_by_hand_and_changed_back(tmp_path: Path) -> None:
    async with filled(tmp_path) as program:
        before = await labels(program)
        jon, zoe = await node_called(program, "Jon"), await node_called(program, "Anna")

        await send(program, "graph/edits", act="rename", node=jon["id"], text="Jonathan")
        await send(program, "graph/edits", act="merge", node=jon["id"], others=[zoe["id"]])
        assert "Jonathan" in await labels(program)
        assert "Anna" not in await labels(program)
        assert [edit["edit"]["act"] for edit in await get(program, "graph/edits")] == ["rename", "merge"]

        for _ in range(2):
            await send(program, "graph/undo")
        assert await labels(program) == before
        assert (await program.post(f"{API}/graph/undo")).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("GET", "memories/one?id=nobody", None, 404),
        ("PUT", "memories/one", {"id": "nobody", "text": "No."}, 404),
        ("POST", "memories/regenerate", {"id": "nobody"}, 404),
        ("POST", "doubts/keep", {"id": "nobody"}, 404),
        ("GET", "lineage?of=nobody", None, 404),
        ("GET", "impact?of=nobody", None, 404),
        ("GET", "graph/around?id=nobody", None, 404),
        ("GET", "graph/edges/one?id=nobody", None, 404),
        ("POST", "graph/edits", {"act": "delete", "node": "nobody"}, 404),
        ("POST", "graph/edits", {"act": "rename", "node": "nobody"}, 422),
        ("POST", "graph/pairs/decide", {"id": "nobody", "state": "same"}, 404),
    ],
)
async def test_what_is_not_there_is_a_problem_with_a_sentence(
    tmp_path: Path, method: str, path: str, content: Any, status: int
) -> None:
    async with door(tmp_path) as opened, opened.program() as program:
        await program.post("/api/packages", json={"name": "wren"})

        answer = await program.request(method, f"{API}/{path}", json=content)

        assert answer.status_code == status
        assert answer.json()["detail"]


async def test_the_graph_is_downloaded_and_shown_whole(tmp_path: Path) -> None:
    async with filled(tmp_path) as program:
        whole = await get(program, "graph/whole")
        graphml = await program.get(f"{API}/graph/export", params={"format": "graphml"})
        content = await get(program, "graph/export", format="json")

        assert len(content["nodes"]) == len(whole["nodes"]) == graphml.text.count("<node ")
        assert graphml.headers["content-disposition"] == 'attachment; filename="graph.graphml"'
        assert await get(program, "graph/pairs", state="all") == {"pairs": [], "next": None}
        assert (await get(program, "graph/edges", type=["sister_of"]))["edges"][0]["evidence"]
