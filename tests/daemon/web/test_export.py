"""The export over HTTP: a stream that cleans up behind itself."""

import io
import zipfile
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx2
import pytest

from daemon.app import Parts
from packages_store.errors import FileDamaged
from tests.daemon.web.door import door, pieces, served
from tests.exports import chatgpt_export
from tests.fakes import FakeExtractor

TARGET = "/api/packages/wren/export"


class Pieces:
    """An export of as many pieces as are asked for; knows whether it was closed."""

    def __init__(self, trouble: Exception | None = None, after: int = 0) -> None:
        self.made = 0
        self.is_closed = False
        self.trouble = trouble
        self.after = after

    def export(self, _name: str) -> Iterator[bytes]:
        try:
            while True:
                if self.trouble is not None and self.made == self.after:
                    raise self.trouble
                self.made += 1
                yield b"x" * (1 << 20)
        finally:
            self.is_closed = True


async def test_a_package_is_downloaded_as_a_zip(tmp_path: Path) -> None:
    async with door(tmp_path / "home", Parts(extractor=FakeExtractor())) as opened, opened.program() as program:
        await program.post("/api/packages", json={"name": "Ünï 1"})
        uploads = "/api/packages/Ünï 1/uploads"
        await program.put(uploads, params={"name": "chats.json"}, content=chatgpt_export(2))
        await program.get("/api/packages/Ünï 1", params={"wait": 60})
        answer = await program.get("/api/packages/Ünï 1/export")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/zip"
        assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''%C3%9Cn%C3%AF%201.zip"
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert archive.testzip() is None
            assert {"chats.db", "manifest.json"} <= set(archive.namelist())
        assert list((tmp_path / "home/packages/Ünï 1").glob(".export-*")) == []


async def test_a_client_that_leaves_closes_the_export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Pieces()
    async with door(tmp_path / "home") as opened:
        monkeypatch.setattr(opened.daemon, "export", made.export)
        with anyio.fail_after(60):
            await opened.call("GET", TARGET, pieces(b"", stays=False))
        assert made.is_closed


async def test_a_connection_that_breaks_closes_the_export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Pieces()
    async with door(tmp_path / "home") as opened, served(opened) as at, at.program() as program:
        monkeypatch.setattr(opened.daemon, "export", made.export)
        async with program.stream("GET", TARGET) as answer:
            assert answer.status_code == 200
            async for _piece in answer.aiter_raw():
                break
        with anyio.fail_after(60):
            while not made.is_closed:
                await anyio.lowlevel.checkpoint()
        assert made.made < 100


async def test_trouble_with_the_package_is_told_before_the_download_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: list[MutableMapping[str, Any]]
) -> None:
    made = Pieces(FileDamaged("chats.db", "it was cut short"))
    async with door(tmp_path / "home") as opened, opened.program() as program:
        monkeypatch.setattr(opened.daemon, "export", made.export)
        answer = await program.get(TARGET)
        assert answer.status_code == 500
        assert answer.json()["detail"] == "chats.db cannot be read: it was cut short."
        assert made.is_closed


async def test_half_a_download_does_not_look_like_a_whole_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: list[MutableMapping[str, Any]]
) -> None:
    made = Pieces(OSError("the drive is gone"), after=3)
    async with door(tmp_path / "home") as opened, served(opened) as at, at.program() as program:
        monkeypatch.setattr(opened.daemon, "export", made.export)
        with pytest.raises(httpx2.RemoteProtocolError):
            await program.get(TARGET)
        assert made.is_closed
        assert "the drive is gone" in str(log)


async def test_a_package_that_does_not_exist_has_no_export(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program:
        assert (await program.get(TARGET)).status_code == 404
