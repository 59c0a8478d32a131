"""chats.db: the conversations as the companion will read them, in the tables of Entity Loom 0.4.

While a package is worked on the file also names each conversation's platform; the delivered copy does not
(packages_store/export.py). A file that Entity Loom made is taken as it is; what its tables lack is added.
"""

import hashlib
import json
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import cast

from packages_store.files import Probe, no_probe
from packages_store.model import Conversation, Memory, Message, Role
from packages_store.sqlite import Database, Row, Schema, Value
from packages_store.times import iso, parse_iso

_TABLES = """
CREATE TABLE IF NOT EXISTS conversations (
    id TEXT PRIMARY KEY,
    title TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    platform TEXT
);
CREATE TABLE IF NOT EXISTS messages (
    id TEXT PRIMARY KEY,
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('system', 'user', 'assistant', 'tool')),
    content TEXT NOT NULL,
    reasoning_content TEXT,
    tool_call_id TEXT,
    tool_calls TEXT,
    created_at TEXT NOT NULL,
    is_voice INTEGER DEFAULT 0
);
CREATE TABLE IF NOT EXISTS memory_summaries (
    id TEXT PRIMARY KEY,
    date TEXT NOT NULL,
    granularity TEXT NOT NULL CHECK (granularity IN ('daily', 'weekly', 'monthly', 'yearly')),
    file_path TEXT NOT NULL,
    chat_ids TEXT NOT NULL,
    created_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS summarized_chats (
    chat_id TEXT NOT NULL,
    message_date TEXT NOT NULL,
    summary_id TEXT NOT NULL,
    summarized_at TEXT NOT NULL,
    PRIMARY KEY (chat_id, message_date)
);
"""
_INDEXES = """
CREATE INDEX idx_messages_conversation ON messages (conversation_id);
CREATE INDEX idx_messages_conversation_time ON messages (conversation_id, created_at);
CREATE INDEX idx_conversations_updated ON conversations (updated_at);
"""

CHATS = Schema(version=1, script=_TABLES + _INDEXES, wal=False, foreign=("conversations", "messages"))

_ADDED = {"conversations": "platform", "messages": "reasoning_content"}
"""Columns that older or delivered files may lack, by table."""

_BATCH = 10_000
"""Messages that are held in memory at once while writing."""

_PAGE = 500
_NO_TIME = "1970-01-01T00:00:00.000Z"
_UNKNOWN_PLATFORM = "unknown"
_EXACT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


class ChatsFile:
    """The chats.db of one package, created at the first write. Raises FileDamaged, NewerFormat and OSError."""

    def __init__(self, path: Path, probe: Probe = no_probe) -> None:
        self.path = path
        self._file = Database(path, CHATS, probe)
        self._opening = threading.Lock()
        self._complete = False

    @property
    def exists(self) -> bool:
        """Whether there is a file; asking anything else of an absent one does not create it."""
        return self.path.exists()

    # --- writing -----------------------------------------------------------------------------------------------

    def write(self, conversations: Iterable[Conversation]) -> None:
        """Make the file hold exactly these messages of these conversations: all of them, durably, or nothing.

        Others stay. Writing the same again changes nothing. A message id that another conversation holds already is
        told apart by the conversation's id in front of it, for the reader of the file knows messages by id alone.
        """
        db = self._opened()
        with db.transaction():
            for batch in _batches(conversations):
                self._replace(db, batch)

    def _replace(self, db: Database, batch: dict[str, Conversation]) -> None:
        db.execute("DELETE FROM messages WHERE conversation_id IN (SELECT value FROM json_each(?))", (_json(batch),))
        db.many(
            "INSERT INTO conversations (id, title, created_at, updated_at, platform) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET title = excluded.title, created_at = excluded.created_at,"
            " updated_at = excluded.updated_at, platform = excluded.platform",
            [(c.id, c.title, c.created_at, c.updated_at, c.platform) for c in batch.values()],
        )
        before = db.count("SELECT total_changes()")
        db.many(f"INSERT OR IGNORE {_INTO_MESSAGES}", _message_rows(batch))
        wanted = sum(len(c.messages) for c in batch.values())
        if db.count("SELECT total_changes()") - before < wanted:
            self._replace_distinct(db, batch)

    def _replace_distinct(self, db: Database, batch: dict[str, Conversation]) -> None:
        """The same one by one, for the rare batch in which message ids are not unique."""
        db.execute("DELETE FROM messages WHERE conversation_id IN (SELECT value FROM json_each(?))", (_json(batch),))
        for row in _message_rows(batch):
            db.execute(f"INSERT {_INTO_MESSAGES}", (_free_id(db, row[1], row[0]), *row[1:]))

    def remove(self, conversation_ids: Iterable[str]) -> None:
        """Take conversations out with all their messages; those that are not there are out already."""
        if not self.exists:
            return
        ids = _json(conversation_ids)
        db = self._opened()
        with db.transaction():
            db.execute("DELETE FROM messages WHERE conversation_id IN (SELECT value FROM json_each(?))", (ids,))
            db.execute("DELETE FROM conversations WHERE id IN (SELECT value FROM json_each(?))", (ids,))

    def set_summaries(self, memories: Iterable[Memory]) -> None:
        """Say which daily memory tells of which conversations; what was said before is replaced as a whole.

        Significant memories are passed over: the tables know days, weeks, months and years only. Nothing depends on
        the time of the call, so that the same memories give the same rows.
        """
        daily = [memory for memory in memories if memory.kind == "daily"]
        db = self._opened()
        with db.transaction():
            db.execute("DELETE FROM summarized_chats")
            db.execute("DELETE FROM memory_summaries")
            db.many("INSERT INTO memory_summaries VALUES (?, ?, 'daily', ?, ?, ?)", map(_summary_row, daily))
            db.many(
                "INSERT OR IGNORE INTO summarized_chats VALUES (?, ?, ?, ?)",
                ((chat, m.date, _summary_id(m), _midnight(m)) for m in daily for chat in m.conversation_ids),
            )

    # --- reading -----------------------------------------------------------------------------------------------

    def conversation_ids(self) -> set[str]:
        """The ids of all conversations."""
        return {str(row[0]) for row in self._rows("SELECT id FROM conversations WHERE id IS NOT NULL")}

    def count(self) -> int:
        """How many conversations there are."""
        return self._number("SELECT count(*) FROM conversations WHERE id IS NOT NULL")

    def message_count(self) -> int:
        """How many messages there are."""
        return self._number("SELECT count(*) FROM messages")

    def span(self) -> tuple[str, str] | None:
        """The instants of the first and the last message, None when there is none."""
        for row in self._rows("SELECT min(created_at), max(created_at) FROM messages"):
            if row[0] is not None:
                return str(row[0]), str(row[1])
        return None

    def read(self, conversation_id: str) -> Conversation | None:
        """One conversation, or None. Messages stand in the order in which they were written."""
        rows = self._rows(f"{_SELECT_CONVERSATIONS} WHERE id = ?", (conversation_id,))
        return self._conversation(rows[0]) if rows else None

    def iterate(self) -> Iterator[Conversation]:
        """All conversations as they lie there, one in memory at a time, whoever wrote them.

        Roles other than user and assistant are left out. An instant in another notation is brought into ours; a message
        without a readable one takes that of the message before it and says so. A missing platform is `unknown`.
        """
        last = -1
        while rows := self._rows(
            f"{_SELECT_CONVERSATIONS} WHERE rowid > ? AND id IS NOT NULL ORDER BY rowid LIMIT ?", (last, _PAGE)
        ):
            yield from map(self._conversation, rows)
            last = rows[-1]["position"]

    def _conversation(self, row: Row) -> Conversation:
        rows = self._rows(_SELECT_MESSAGES, (row["id"],))
        times = [instant for m in rows if (instant := in_our_notation(m["created_at"]))]
        updated = in_our_notation(row["updated_at"])
        created = in_our_notation(row["created_at"]) or min(times, default=updated or _NO_TIME)
        return Conversation(
            id=_text(row["id"]),
            title=None if row["title"] is None else _text(row["title"]),
            platform=_text(row["platform"]) or _UNKNOWN_PLATFORM,
            created_at=created,
            updated_at=updated or max(times, default=created),
            messages=tuple(_messages(_text(row["id"]), rows, times[0] if times else created)),
        )

    # --- keeping -----------------------------------------------------------------------------------------------

    def problems(self) -> list[str]:
        """What is wrong with the file, empty when it is sound or absent. Reads all of it."""
        return self._file.problems() if self.exists else []

    def copy_to(self, path: Path) -> None:
        """Write a consistent copy of the file, without pages that are no longer used, to the empty file at `path`."""
        self._opened().execute("VACUUM INTO ?", (str(path),))

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._opening:
            self._complete = False
            self._file.close()

    def _opened(self) -> Database:
        if not self._complete:
            with self._opening:
                self._add_what_is_missing()
                self._complete = True
        return self._file

    def _add_what_is_missing(self) -> None:
        # A file of another program: nothing that it holds is changed.
        missing = [
            (table, column)
            for table, column in _ADDED.items()
            if all(row["name"] != column for row in self._file.rows(f"PRAGMA table_info({table})"))
        ]
        tables = {row["name"] for row in self._file.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not missing and tables >= {"memory_summaries", "summarized_chats"}:
            return
        with self._file.transaction():
            for table, column in missing:
                self._file.execute(f"ALTER TABLE {table} ADD COLUMN {column} TEXT")
            for statement in filter(str.strip, _TABLES.split(";")):
                self._file.execute(statement)

    def _rows(self, sql: str, parameters: Sequence[Value] = ()) -> list[Row]:
        return self._opened().rows(sql, parameters) if self.exists else []

    def _number(self, sql: str) -> int:
        rows = self._rows(sql)
        return int(rows[0][0]) if rows else 0


_INTO_MESSAGES = (
    "INTO messages (id, conversation_id, role, content, reasoning_content, created_at) VALUES (?, ?, ?, ?, ?, ?)"
)
_SELECT_CONVERSATIONS = "SELECT rowid AS position, id, title, created_at, updated_at, platform FROM conversations"
# By rowid, not by time: many exports give several messages the same instant, and the order of the rows is theirs.
_SELECT_MESSAGES = (
    "SELECT id, role, content, reasoning_content, created_at FROM messages"
    " WHERE conversation_id = ? AND role IN ('user', 'assistant') ORDER BY rowid"
)

_MessageRow = tuple[str, str, Role, str, str | None, str]


def _batches(conversations: Iterable[Conversation]) -> Iterator[dict[str, Conversation]]:
    """Conversations by id, as many as hold `_BATCH` messages; of two with the same id the later counts."""
    batch: dict[str, Conversation] = {}
    messages = 0
    for conversation in conversations:
        batch[conversation.id] = conversation
        messages += len(conversation.messages)
        if messages >= _BATCH:
            yield batch
            batch, messages = {}, 0
    if batch:
        yield batch


def _message_rows(batch: dict[str, Conversation]) -> Iterator[_MessageRow]:
    for conversation in batch.values():
        for m in conversation.messages:
            yield m.id, conversation.id, m.role, m.content, m.reasoning, m.created_at


def _free_id(db: Database, conversation_id: str, message_id: str) -> str:
    candidate, number = message_id, 1
    while db.one("SELECT 1 FROM messages WHERE id = ?", (candidate,)):
        candidate = f"{conversation_id}:{message_id}" if number == 1 else f"{conversation_id}:{message_id}:{number}"
        number += 1
    return candidate


def _json(ids: Iterable[str]) -> str:
    return json.dumps(list(ids))


def _messages(conversation_id: str, rows: Iterable[Row], first: str) -> Iterator[Message]:
    last = first
    for position, row in enumerate(rows):
        instant = in_our_notation(row["created_at"])
        last = instant or last
        yield Message(
            id=f"{conversation_id}:{position}" if row["id"] is None else _text(row["id"]),
            role=cast("Role", row["role"]),
            content=_text(row["content"]),
            created_at=last,
            reasoning=None if row["reasoning_content"] is None else _text(row["reasoning_content"]),
            time_inferred=instant is None,
        )


def _text(value: Value) -> str:
    if value is None:
        return ""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def in_our_notation(value: Value) -> str | None:
    """`value` in our notation, to the letter if it is in it already; an instant without a zone is meant as UTC."""
    text = _text(value)
    if _EXACT.fullmatch(text):
        return text
    for notation in (text, f"{text}Z"):
        with suppress(ValueError, OverflowError):
            return iso(parse_iso(notation))
    return None


def _summary_row(memory: Memory) -> tuple[str, str, str, str, str]:
    path = f"memories/{memory.kind}/{memory.file_name}"
    return _summary_id(memory), memory.date, path, ",".join(memory.conversation_ids), _midnight(memory)


def _summary_id(memory: Memory) -> str:
    return hashlib.sha256(f"{memory.kind}/{memory.file_name}".encode()).hexdigest()[:32]


def _midnight(memory: Memory) -> str:
    return f"{memory.date}T00:00:00.000Z"
