"""The least that an import can cost: decode the file once, insert the rows in one transaction, and nothing else.

    python -m bench.floor walk|parser <export.json> <chats.db> <result.json>

The file is decoded conversation by conversation with the project's JSON reader; the rows go into Entity Loom's tables
and indexes (upstream.md) by plain `executemany`, with a write-ahead log and synchronous=FULL. `walk` makes the rows by
the shortest walk of the tree that gives the same ones for generated exports: this is the floor. `parser` lets the
project's ChatGPT parser make them, to show what that one costs.
"""

import json
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from bench.meters import Spent, peak_rss
from bench.rows import rows_of
from packages_store.model import Conversation
from packages_store.times import from_epoch_ms
from stages.parsers.choose import inspect, read
from stages.parsers.contract import ReadContext
from stages.parsers.reading.json_stream import Item, Records

_SCHEMA = """
CREATE TABLE conversations (
    id TEXT PRIMARY KEY, title TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL, platform TEXT
);
CREATE TABLE messages (
    id TEXT PRIMARY KEY,
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('system', 'user', 'assistant', 'tool')),
    content TEXT NOT NULL, reasoning_content TEXT, tool_call_id TEXT, tool_calls TEXT,
    created_at TEXT NOT NULL, is_voice INTEGER DEFAULT 0
);
CREATE INDEX idx_messages_conversation ON messages (conversation_id);
CREATE INDEX idx_messages_conversation_time ON messages (conversation_id, created_at);
CREATE INDEX idx_conversations_updated ON conversations (updated_at);
"""


class Row(NamedTuple):
    """A row of `messages`."""

    id: str
    conversation_id: str
    role: str
    content: str
    reasoning_content: str | None
    created_at: str


class Head(NamedTuple):
    """A row of `conversations`."""

    id: str
    title: str | None
    created_at: str
    updated_at: str
    platform: str


Source = Callable[[Path], Iterator[tuple[Head, list[Row]]]]


def walked(path: Path) -> Iterator[tuple[Head, list[Row]]]:
    """The rows of each conversation, by the shortest walk."""
    with path.open("rb") as file:
        for item in Records(file):
            assert isinstance(item, Item)
            yield _walk(item.value)


def parsed(path: Path) -> Iterator[tuple[Head, list[Row]]]:
    """The rows of each conversation, by the project's parser."""
    found = inspect(path, path.name).found[0]
    for record in read(path, found.member, found.parser, found.variant, ReadContext(ZoneInfo("UTC"))):
        if isinstance(record, Conversation):
            head = Head(record.id, record.title, record.created_at, record.updated_at, record.platform)
            yield head, [Row(m.id, record.id, m.role, m.content, m.reasoning, m.created_at) for m in record.messages]


def _walk(told: Any) -> tuple[Head, list[Row]]:
    nodes = told["mapping"]
    keys = []
    key = told["current_node"]
    while key is not None:
        keys.append(key)
        key = nodes[key]["parent"]
    rows: list[Row] = []
    reasoning: str | None = None
    at = ""
    for key in reversed(keys):
        message = nodes[key]["message"]
        if message is None:
            continue
        if message["create_time"] is not None:
            at = _instant(message["create_time"])
        role = message["author"]["role"]
        if role == "user":
            reasoning = None
        elif message["content"]["content_type"] == "thoughts":
            reasoning = message["content"]["thoughts"][0]["content"]
        if role in ("user", "assistant") and (text := _text(message)):
            rows.append(
                Row(f"{told['id']}:{key}", told["id"], role, text, reasoning, at or _instant(told["create_time"]))
            )
            reasoning = None
    times = (_instant(told["create_time"]), _instant(told["update_time"]))
    return Head(told["id"], told["title"], *times, "chatgpt"), rows


def _text(message: Any) -> str:
    content, metadata = message["content"], message["metadata"]
    if message["recipient"] != "all" or "is_visually_hidden_from_conversation" in metadata:
        return ""
    parts = content.get("parts", ())
    if content["content_type"] == "multimodal_text":
        parts = [f"[image: {metadata['attachments'][0]['name']}]", *parts[1:]]
    text = "\n".join(parts)
    for reference in metadata.get("content_references", ()):
        text = text.replace(reference["matched_text"], reference["alt"])
    return text


def _instant(seconds: float) -> str:
    return from_epoch_ms(round(seconds * 1000))


def insert(path: Path, target: Path, source: Source) -> None:
    """Make `target` out of `path`, in one transaction."""
    with closing(sqlite3.connect(target, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript(_SCHEMA)
        connection.execute("BEGIN IMMEDIATE")
        for head, rows in source(path):
            connection.execute(
                "INSERT INTO conversations (id, title, created_at, updated_at, platform) VALUES (?, ?, ?, ?, ?)", head
            )
            connection.executemany(
                "INSERT INTO messages (id, conversation_id, role, content, reasoning_content, created_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                rows,
            )
        connection.execute("COMMIT")


def main() -> None:
    """The child process."""
    kind, path, target, result = sys.argv[1], *map(Path, sys.argv[2:])
    before = Spent.so_far()
    insert(path, target, walked if kind == "walk" else parsed)
    spent = Spent.so_far() - before
    peak = peak_rss()
    result.write_text(json.dumps({"spent": spent.as_json(), "peak_rss": peak, "rows": rows_of(target).as_json()}))


if __name__ == "__main__":
    main()
