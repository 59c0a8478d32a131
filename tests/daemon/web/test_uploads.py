"""Uploads over HTTP: streamed, bounded, and nothing stays of what did not arrive whole."""

import gzip
import hashlib
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from tests.daemon.web.door import Door, door, pieces, served

MIB = 1 << 20
TARGET = "/api/packages/wren/uploads?name=chats.json"


def uploads(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "home/packages/wren/uploads").glob("*"))


async def make_package(opened: Door) -> None:
    async with opened.program() as program:
        assert (await program.post("/api/packages", json={"name": "wren"})).status_code == 201


async def test_a_large_file_is_stored_as_it_is_in_little_memory(tmp_path: Path) -> None:
    whole = hashlib.sha256()

    async def body() -> AsyncIterator[bytes]:
        for number in range(1600):
            piece = number.to_bytes(2, "big") * (32 << 10)
            whole.update(piece)
            yield piece

    async with door(tmp_path / "home") as opened, served(opened) as at, at.program() as program:
        await make_package(opened)
        tracemalloc.start()
        try:
            answer = await program.put(TARGET, content=body())
            _now, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert answer.status_code == 201
        assert (answer.json()["size"], answer.json()["file"]) == (100 * MIB, "chats.json")
        (stored,) = uploads(tmp_path)
        assert stored.name == whole.hexdigest()
        assert stored.stat().st_size == 100 * MIB
        assert stored.stat().st_mode & 0o777 == 0o600
        assert peak < 16 * MIB


async def test_a_copy_is_as_old_as_the_file_that_was_sent(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program:
        await make_package(opened)
        assert (await program.put(f"{TARGET}&modified=1600000000123", content=b"[]")).status_code == 201
        (stored,) = uploads(tmp_path)
        assert stored.stat().st_mtime_ns == 1_600_000_000_123_000_000


@pytest.mark.parametrize("modified", ["-1", "0", "yesterday", "9" * 30])
async def test_a_time_that_no_file_has_is_refused(tmp_path: Path, modified: str) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program:
        await make_package(opened)
        assert (await program.put(f"{TARGET}&modified={modified}", content=b"[]")).status_code == 422
        assert uploads(tmp_path) == []


@pytest.mark.parametrize("bodies", [(), (b"x",), (b"x" * (3 * MIB), b"y" * MIB)])
async def test_of_a_client_that_leaves_nothing_stays(tmp_path: Path, bodies: tuple[bytes, ...]) -> None:
    async with door(tmp_path / "home") as opened:
        await make_package(opened)
        with anyio.fail_after(60):
            sent = await opened.call("PUT", TARGET, pieces(*bodies, stays=False))
        assert [message.get("status") for message in sent[:1]] in ([], [204])
        assert uploads(tmp_path) == []
        assert (await opened.daemon.package("wren")).uploads == []


async def test_of_a_connection_that_breaks_nothing_stays(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, served(opened) as at:
        await make_package(opened)
        host, port = at.address.removeprefix("http://").split(":")
        async with await anyio.connect_tcp(host, int(port)) as stream:
            head = f"PUT {TARGET} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {opened.daemon.token}\r\n"
            await stream.send(f"{head}Content-Length: {8 * MIB}\r\n\r\n".encode() + b"x" * (3 * MIB))
            with anyio.fail_after(60):
                while not uploads(tmp_path):
                    await anyio.lowlevel.checkpoint()
        with anyio.fail_after(60):
            while uploads(tmp_path):
                await anyio.lowlevel.checkpoint()
        assert (await opened.daemon.package("wren")).uploads == []


async def test_a_file_may_be_as_large_as_the_settings_say_and_not_larger(tmp_path: Path) -> None:
    async with door(tmp_path / "home", max_upload_bytes=1000) as opened, opened.program() as program:
        await make_package(opened)
        assert (await program.put(TARGET, content=b"x" * 1000)).status_code == 201

        async def unannounced() -> AsyncIterator[bytes]:
            yield b"y" * 1000
            yield b"y"
            raise AssertionError("it was read on")

        for content in (b"y" * 1001, unannounced()):
            answer = await program.put(TARGET, content=content)
            assert (answer.status_code, answer.json()["type"]) == (413, "urn:entity-loom:too-large")
        assert len(uploads(tmp_path)) == 1


async def test_a_compressed_body_is_refused(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program:
        await make_package(opened)
        answer = await program.put(TARGET, content=gzip.compress(b"{}"), headers={"Content-Encoding": "gzip"})
        assert answer.status_code == 415
        assert uploads(tmp_path) == []


@pytest.mark.parametrize("query", ["", "?name=", "?name=a.json&until=lunch"])
async def test_an_upload_needs_a_name_and_a_real_stage(tmp_path: Path, query: str) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program:
        await make_package(opened)
        assert (await program.put(f"/api/packages/wren/uploads{query}", content=b"{}")).status_code == 422
        assert uploads(tmp_path) == []


async def test_a_package_that_does_not_exist_takes_nothing(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program:
        answer = await program.put(TARGET, content=b"{}")
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:entity-loom:package-not-found")


async def test_the_same_bytes_again_are_a_duplicate(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program:
        await make_package(opened)
        await program.put(TARGET, content=b"[]")
        again = await program.put(TARGET, content=b"[]")
        assert (again.status_code, again.json()["outcome"]) == (201, "duplicate")
        assert len(uploads(tmp_path)) == 1


async def test_a_browser_uploads_with_the_token_of_its_page(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.browser() as (browser, token):
        await make_package(opened)
        ours = {"Origin": "http://127.0.0.1:8377"}
        assert (await browser.put(TARGET, content=b"[]", headers=ours)).status_code == 403
        assert (await browser.put(TARGET, content=b"[]", headers=ours | {"X-Loom-Token": token})).status_code == 201
