"""The same chats handed in again, in whatever form: each message is there once, and the outcomes say what happened."""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from daemon.app import Daemon
from tests.daemons import working_daemon
from tests.exports import chatgpt_export
from tests.stages.parsers.documents import Json, activity
from tests.stages.parsers.samples.gemini_takeout import card, page

CHAT = "a1b2c3d4e5f60718"


async def outcomes(daemon: Daemon, *files: tuple[str, bytes], folder: Path) -> list[str]:
    """Hand in files one after the other, and say what became of each in the end."""
    for number, (name, data) in enumerate(files):
        path = folder / str(number) / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        await daemon.hand_in("wren", path, name)
        await daemon.settled("wren")
    detail = await daemon.package("wren")
    assert detail.state == "done", detail.waits_for
    return [upload.outcome for upload in detail.uploads]


def said(home: Path) -> list[str]:
    """Every text in the delivered chats.db, in the order of conversations and times."""
    with closing(sqlite3.connect(home / "packages/wren/chats.db")) as chats:
        rows = chats.execute("SELECT content FROM messages ORDER BY conversation_id, created_at, rowid").fetchall()
    return [row[0] for row in rows]


def takeout(link: str = "") -> list[Json]:
    """Two turns a few minutes apart, with a link to their chat or, as before August 2026, without."""
    chats = [link] if link else []
    return [
        activity("Prompted Plant lavender?", "2026-08-20T10:00:00.100Z", "<p>By the <b>wall</b>.</p>", chats),
        activity("Prompted And thyme?", "2026-08-20T10:03:00.900Z", "<p>There too.</p>", chats),
    ]


def as_page(chats: Sequence[str] = ()) -> bytes:
    return page(
        [
            card("Prompted&nbsp;And thyme?", "Aug 20, 2026, 10:03:00\u202fAM UTC", "<p>There too.</p>", chats),
            card(
                "Prompted&nbsp;Plant lavender?",
                "Aug 20, 2026, 10:00:00\u202fAM UTC",
                "<p>By the <b>wall</b>.</p>",
                chats,
            ),
        ]
    )


GEMINI = ["Plant lavender?", "By the **wall**.", "And thyme?", "There too."]


async def test_the_same_export_twice(tmp_path: Path) -> None:
    export = chatgpt_export(3)
    async with working_daemon(tmp_path / "home") as daemon:
        told = await outcomes(daemon, ("a.json", export), ("b.json", export + b"\n"), folder=tmp_path)

    assert told == ["imported", "duplicate"]
    assert len(said(tmp_path / "home")) == 18


async def test_a_grown_export_and_then_the_older_one_again(tmp_path: Path) -> None:
    old, grown = chatgpt_export(3, turns=4), chatgpt_export(4, turns=6)
    async with working_daemon(tmp_path / "home") as daemon:
        files = (("old.json", old), ("grown.json", grown), ("old again.json", old + b"\n"))
        told = await outcomes(daemon, *files, folder=tmp_path)

    assert told == ["imported", "imported", "older_snapshot"]
    assert len(said(tmp_path / "home")) == len(set(said(tmp_path / "home"))) == 24


async def test_the_older_export_after_the_newer_one(tmp_path: Path) -> None:
    async with working_daemon(tmp_path / "home") as daemon:
        files = (("new.json", chatgpt_export(3, turns=6)), ("old.json", chatgpt_export(3, turns=4)))
        told = await outcomes(daemon, *files, folder=tmp_path)

    assert told == ["imported", "older_snapshot"]
    assert len(said(tmp_path / "home")) == 18


async def test_two_accounts_with_the_same_file_name(tmp_path: Path) -> None:
    async with working_daemon(tmp_path / "home") as daemon:
        mine, theirs = chatgpt_export(2, seed=1), chatgpt_export(2, seed=2)
        told = await outcomes(daemon, ("conversations.json", mine), ("conversations.json", theirs), folder=tmp_path)

    assert told == ["imported", "imported"]
    assert len(said(tmp_path / "home")) == 24


@pytest.mark.parametrize("link", ["", CHAT], ids=["without-links", "with-links"])
@pytest.mark.parametrize("page_first", [False, True])
async def test_gemini_as_json_and_as_a_page(tmp_path: Path, link: str, page_first: bool) -> None:
    files = [
        ("MyActivity.json", json.dumps(takeout(link)).encode()),
        ("MyActivity.html", as_page([link] if link else [])),
    ]
    async with working_daemon(tmp_path / "home") as daemon:
        told = await outcomes(daemon, *(reversed(files) if page_first else files), folder=tmp_path)

    assert told[0] == "imported"
    assert told[1] in ("duplicate", "older_snapshot", "updated")
    assert said(tmp_path / "home") == GEMINI


@pytest.mark.parametrize("old_first", [True, False])
async def test_gemini_before_and_after_google_began_to_tell_the_links(tmp_path: Path, old_first: bool) -> None:
    files = [
        ("july.json", json.dumps(takeout()).encode()),
        ("august.json", json.dumps(takeout(CHAT)).encode()),
    ]
    async with working_daemon(tmp_path / "home") as daemon:
        told = await outcomes(daemon, *(files if old_first else reversed(files)), folder=tmp_path)
        detail = await daemon.package("wren")

    assert told == (["imported", "imported"] if old_first else ["imported", "duplicate"])
    assert said(tmp_path / "home") == GEMINI
    assert detail.conversations == 1
