"""The server: it says where it answers, and lets go at once, whatever its clients do."""

import errno
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import SocketStream

from daemon.views import PackageView
from daemon.web.serve import AddressUnusable, serve
from tests.daemon.web.door import Door, door, served

SOON = 60.0
"""Seconds. A client that kept it would keep it for ever; a machine that is slow does not count."""


async def connect(at: Door, head: str) -> SocketStream:
    host, port = at.address.removeprefix("http://").split(":")
    stream = await anyio.connect_tcp(host, int(port))
    credentials = f"Host: {host}:{port}\r\nAuthorization: Bearer {at.daemon.token}\r\n"
    await stream.send(head.replace("CREDENTIALS\r\n", credentials).encode())
    return stream


async def test_a_free_port_is_taken_and_told(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, served(opened) as at, at.client() as stranger:
        assert not at.address.endswith(":0")
        assert (await stranger.get("/livez")).text == "ok"


async def test_a_port_in_use_is_told_in_words(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        async with door(tmp_path / "home") as opened:
            with pytest.raises(AddressUnusable) as unusable:
                await serve(opened.app, "127.0.0.1", port)
    assert unusable.value.errno == errno.EADDRINUSE
    assert f"port {port}" in str(unusable.value)
    assert "--port" in str(unusable.value)


@pytest.mark.parametrize("host", ["203.0.113.1", "no-such-host.invalid"])
async def test_an_address_of_somebody_else_is_told_in_words(tmp_path: Path, host: str) -> None:
    async with door(tmp_path / "home") as opened:
        with pytest.raises(OSError, match=host):
            await serve(opened.app, host, 0)


async def test_the_port_is_free_again_at_once(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened:
        async with served(opened) as at, at.client() as stranger:
            await stranger.get("/livez")
            port = int(at.address.rpartition(":")[2])
        async with anyio.create_task_group() as tasks:
            assert (await tasks.start(serve, opened.app, "127.0.0.1", port))[1] == port
            tasks.cancel_scope.cancel()


async def test_an_idle_server_ends_at_once(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened:
        async with served(opened):
            before = time.monotonic()
        assert time.monotonic() - before < SOON


HANGING = {
    "a client that says nothing": "",
    "a client that stops in its headers": "GET / HTTP/1.1\r\nHost: 127",
    "a client that stops in its body": (
        "POST /api/packages HTTP/1.1\r\nCREDENTIALS\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{"
    ),
    "an upload that stands still": (
        "PUT /api/packages/wren/uploads?name=a HTTP/1.1\r\nCREDENTIALS\r\nContent-Length: 10\r\n\r\nx"
    ),
    "an idle connection": "GET /livez HTTP/1.1\r\nCREDENTIALS\r\n\r\n",
    "an event stream": "GET /api/events HTTP/1.1\r\nCREDENTIALS\r\n\r\n",
}


@pytest.mark.parametrize("head", HANGING.values(), ids=HANGING)
async def test_hanging_clients_do_not_keep_it(tmp_path: Path, head: str) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program:
        await program.post("/api/packages", json={"name": "wren"})
        async with served(opened) as at:
            clients = [await connect(at, head) for _ in range(5)]
            await anyio.wait_all_tasks_blocked()
            before = time.monotonic()
        assert time.monotonic() - before < SOON
        for client in clients:
            await client.aclose()
        assert list((tmp_path / "home/packages/wren/uploads").glob("*")) == []


async def test_event_streams_that_nobody_reads_do_not_keep_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def many() -> list[PackageView]:
        return [PackageView(name="x" * 64, path="y" * 1000, state="done", waits_for=None, stages=[])] * 20_000

    async with door(tmp_path / "home") as opened:
        monkeypatch.setattr(opened.daemon, "packages", many)
        async with served(opened) as at:
            client = await connect(at, "GET /api/events HTTP/1.1\r\nCREDENTIALS\r\n\r\n")
            await client.receive()
            before = time.monotonic()
        assert time.monotonic() - before < SOON
        await client.aclose()


async def test_downloads_that_nobody_reads_do_not_keep_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = []

    def endless(_name: str) -> Iterator[bytes]:
        try:
            while True:
                yield b"x" * (1 << 20)
        finally:
            closed.append(True)

    async with door(tmp_path / "home") as opened:
        monkeypatch.setattr(opened.daemon, "export", endless)
        async with served(opened) as at:
            client = await connect(at, "GET /api/packages/wren/export HTTP/1.1\r\nCREDENTIALS\r\n\r\n")
            await client.receive()
            before = time.monotonic()
        assert time.monotonic() - before < SOON
        assert closed == [True]
        await client.aclose()


async def test_who_still_waits_is_told_that_the_daemon_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_name: str) -> None:
        await anyio.sleep_forever()

    async with door(tmp_path / "home") as opened:
        monkeypatch.setattr(opened.daemon, "settled", never)
        async with served(opened) as at:
            client = await connect(at, "GET /api/packages/wren?wait=60 HTTP/1.1\r\nCREDENTIALS\r\n\r\n")
            await anyio.wait_all_tasks_blocked()
            before = time.monotonic()
        assert time.monotonic() - before < SOON
        assert b"urn:entity-loom:stopping" in await client.receive()
        await client.aclose()


async def test_headers_without_end_are_refused(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, served(opened) as at:
        client = await connect(at, "GET /livez HTTP/1.1\r\nX: " + "x" * 100_000)
        assert b"400" in await client.receive()
        await client.aclose()


@pytest.mark.parametrize("hosts", ["", "Host: a\r\nHost: b\r\n", "Host: evil.example\r\n"])
async def test_the_host_is_checked_on_the_wire(tmp_path: Path, hosts: str) -> None:
    async with door(tmp_path / "home") as opened, served(opened) as at:
        for version in ("1.1", "1.0"):
            client = await connect(at, f"GET /livez HTTP/{version}\r\n{hosts}\r\n")
            assert (await client.receive()).split()[1] in (b"400", b"421")
            await client.aclose()
