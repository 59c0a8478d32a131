"""Packages as a killed process leaves them: they say that `significant` runs, and nothing does.

    python -m bench.stale <export.json> <home>

makes three of them in `<home>/packages`: `theirs`, of Entity Loom 0.4 and without a ledger; `ours`, of this project,
whose files were closed; and `killed`, the same, but this process is killed by itself before it has closed the files, so
that the write-ahead logs stay as they do after a crash.
"""

import json
import os
import signal
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

from packages_store.checkpoint import write_checkpoint
from packages_store.config import PackageConfig
from packages_store.files import Disk
from packages_store.model import Conversation, ItemEnd, Owner, StageName, StageStatus, WorkItem
from packages_store.package import Package
from packages_store.paths import HomePaths
from packages_store.shelf import Shelf
from packages_store.times import utc_now
from stages.parsers.choose import inspect, read
from stages.parsers.contract import ReadContext

DEAD = Owner("00000000-0000-0000-0000-000000000000", 4_194_303, 1, "bench-of-the-dead")
"""Who held what is stale."""

_CLAIMED = 4
_DONE_SHARE = 0.3
"""How far `significant` was."""

KINDS = {
    "ours": "of this project",
    "killed": "of this project, their write-ahead logs not folded in",
    "theirs": "of Entity Loom 0.4, without a ledger",
}
"""Every kind of stale package, and what it is."""


def make_ours(package: Package, conversations: Sequence[Conversation]) -> None:
    """Fill a new package up to the middle of `significant`."""
    package.staging.add("bench", conversations)
    package.chats.write(conversations)
    _work_on(package, StageName.UPLOAD, [WorkItem("upload", "conversations.json", "1")])
    _work_on(package, StageName.CONVERT, [WorkItem("upload.source", "the file itself", "1")])
    heads = [WorkItem(head.id, head.title or "", head.content_hash) for head in package.staging.heads()]
    _work_on(package, StageName.COMMIT, heads)
    done = int(_DONE_SHARE * len(heads))
    _work_on(package, StageName.SIGNIFICANT, heads, done)
    write_checkpoint(package)


def _work_on(package: Package, name: StageName, items: Sequence[WorkItem], done: int | None = None) -> None:
    """Do `done` items and leave the next few claimed; all of them, and an end in order, when none is named."""
    progress = package.progress
    progress.request(name)
    generation = progress.begin(name, DEAD)
    progress.plan(name, items)
    chosen = items if done is None else items[: done + _CLAIMED]
    claims = progress.claim(name, generation, chosen)
    for claim in claims[:done]:
        progress.accept(claim, ItemEnd.DONE)
    if done is None:
        progress.end(name, generation, StageStatus.COMPLETED)


def make_theirs(root: Path, conversations: Sequence[Conversation]) -> None:
    """A package as Entity Loom 0.4 left it in the incident (upstream.md)."""
    root.mkdir(parents=True)
    ids = [conversation.id for conversation in conversations]
    done = ids[: int(_DONE_SHARE * len(ids))]
    stages = {
        "setup": _stage("completed", []),
        "convert": _stage("completed", ids),
        "significant": _stage("running", done),
        "daily": _stage("pending", []),
        "graph": _stage("pending", []),
    }
    names = {"platform": "chatgpt", "instanceId": "entity-loom", "entityName": "Sol", "userName": "Kim"}
    checkpoint = {"version": 2, "currentStage": "significant", **names, "contextNotes": "", "inputPath": "/tmp/raw"}  # noqa: S108
    checkpoint |= {"startedAt": "2026-09-01T08:00:00.000Z", "stages": stages}
    (root / "checkpoint.json").write_text(json.dumps(checkpoint, indent=2))
    (root / "config.json").write_text(json.dumps({**names, "entityPronouns": "they/them", "rateLimitMs": 2000}))
    memories = root / "memories" / "significant"
    memories.mkdir(parents=True)
    for id_ in done:
        text = f"# Significant Memory - 2026-09-01\n\nI remember that day.\n[chat:{id_}] [via:chatgpt]\n"
        (memories / f"2026-09-01_{id_[:8]}.md").write_text(text)
    _chats(root / "chats.db", conversations)


def _stage(status: str, processed: Sequence[str]) -> dict[str, object]:
    completed = status == "completed"
    return {"status": status, "completed": completed, "processedItems": list(processed), "failedItems": []}


def _chats(path: Path, conversations: Sequence[Conversation]) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(
            "CREATE TABLE conversations (id TEXT PRIMARY KEY, title TEXT, created_at TEXT, updated_at TEXT, platform);"
            "CREATE TABLE messages (id TEXT PRIMARY KEY, conversation_id TEXT, role TEXT, content TEXT NOT NULL,"
            " reasoning_content TEXT, tool_call_id TEXT, tool_calls TEXT, created_at TEXT NOT NULL, is_voice INTEGER)"
        )
        for c in conversations:
            connection.execute(
                "INSERT INTO conversations VALUES (?, ?, ?, ?, ?)",
                (c.id, c.title, c.created_at, c.updated_at, c.platform),
            )
            connection.executemany(
                "INSERT INTO messages (id, conversation_id, role, content, created_at) VALUES (?, ?, ?, ?, ?)",
                [(m.id, c.id, m.role, m.content, m.created_at) for m in c.messages],
            )


def _conversations(path: Path) -> list[Conversation]:
    found = inspect(path, path.name).found[0]
    records = read(path, found.member, found.parser, found.variant, ReadContext(ZoneInfo("UTC")))
    return [record for record in records if isinstance(record, Conversation)]


def main() -> None:
    """The child process."""
    path, home = map(Path, sys.argv[1:])
    paths = HomePaths(home)
    conversations = _conversations(path)
    shelf = Shelf(paths, Disk(), utc_now)
    make_theirs(paths.package("theirs").root, conversations)
    make_ours(shelf.create("ours", PackageConfig()), conversations)
    shelf.close()
    make_ours(shelf.create("killed", PackageConfig()), conversations)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
