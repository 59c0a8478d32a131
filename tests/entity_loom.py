"""Packages as Entity Loom 0.4 leaves them on disk: the incident and its variations (upstream.md)."""

import json
import sqlite3
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

START = datetime(2024, 3, 1, 9, 0, tzinfo=UTC)

_CHATS_SCHEMA = """
CREATE TABLE conversations (id TEXT PRIMARY KEY, title TEXT, created_at TEXT, updated_at TEXT, platform TEXT);
CREATE TABLE messages (
    id TEXT PRIMARY KEY,
    conversation_id TEXT REFERENCES conversations (id) ON DELETE CASCADE,
    role TEXT CHECK (role IN ('system', 'user', 'assistant', 'tool')),
    content TEXT NOT NULL, reasoning_content TEXT, tool_call_id TEXT, tool_calls TEXT,
    created_at TEXT NOT NULL, is_voice INTEGER DEFAULT 0
);
CREATE INDEX messages_of ON messages (conversation_id);
CREATE INDEX messages_at ON messages (conversation_id, created_at);
CREATE INDEX conversations_at ON conversations (updated_at);
CREATE TABLE memory_summaries (
    id TEXT PRIMARY KEY, date TEXT, granularity TEXT, file_path TEXT, chat_ids TEXT, created_at TEXT
);
CREATE TABLE summarized_chats (
    chat_id TEXT, message_date TEXT, summary_id TEXT, summarized_at TEXT, PRIMARY KEY (chat_id, message_date)
);
"""

_TEXTS = (
    "I finally told my sister Anna that we are moving to Lisbon in May, and she cried.",
    "My doctor says the migraine comes from the new glasses, I am so relieved.",
    "Every Sunday we bake bread together, my grandmother taught me.",
    "I started my new job at the library today and I am proud of it.",
)


@dataclass(frozen=True)
class ForeignPackage:
    """How far Entity Loom came with a package of `conversations` chats, one a day, four messages each.

    `done` and `failed` map a stage (`significant`, `daily`, `graph`) to numbers of items; `status` maps it to what its
    checkpoint says. Stages that are not named are completed before the first one that is, and pending after it.
    """

    conversations: int = 338
    memories: int = 21
    stage: str = "significant"
    status: str = "running"
    done: int = 101
    failed: int = 3
    version: int = 2
    config: dict[str, Any] = field(default_factory=lambda: {"entityName": "Wren", "userName": "Mira"})

    def conversation_id(self, number: int) -> str:
        """The id of the n-th conversation."""
        return f"{number:016x}"

    def day(self, number: int) -> str:
        """The day of the n-th conversation."""
        return (START + timedelta(days=number)).date().isoformat()

    def ids(self, folder: Path, stage: str) -> list[str]:
        """The ids of all items of a stage, as Entity Loom names them."""
        if stage == "graph":
            return [str(path) for path in self.memory_paths(folder)]
        return [
            self.day(number) if stage == "daily" else self.conversation_id(number)
            for number in range(self.conversations)
        ]

    def memory_paths(self, folder: Path) -> list[Path]:
        """The memory files that exist; daily ones when the package had come to `graph`."""
        count = self.conversations if self.stage == "graph" else self.memories
        kind = "significant" if self.stage == "significant" else "daily"
        name = "{day}_moment.md" if kind == "significant" else "{day}_entity-loom.md"
        return [folder / "memories" / kind / name.format(day=self.day(number)) for number in range(count)]

    @property
    def processed(self) -> slice:
        return slice(0, self.done)

    def write(self, folder: Path) -> None:
        """Make the package in `folder`."""
        for kind in ("daily", "significant"):
            (folder / "memories" / kind).mkdir(parents=True)
        settings = {"instanceId": "entity-loom", "platform": "gemini", "llmApiKey": "sk-CANARY-0123456789abcdef"}
        (folder / "config.json").write_text(json.dumps(settings | self.config))
        self._write_chats(folder / "chats.db")
        for number, path in enumerate(self.memory_paths(folder)):
            title = "Significant" if path.parent.name == "significant" else "Daily"
            tags = f"[chat:{self.conversation_id(number)}] [via:gemini]"
            body = f"I remember what Mira told me. {tags}" if title == "Significant" else f"- Mira baked bread {tags}"
            path.write_text(f"# {title} Memory - {self.day(number)}\n\n{body}\n")
        (folder / "checkpoint.json").write_text(json.dumps(self.checkpoint(folder)))

    def _write_chats(self, path: Path) -> None:
        connection = sqlite3.connect(path)
        connection.executescript(_CHATS_SCHEMA)
        for number in range(self.conversations):
            conversation_id = self.conversation_id(number)
            times = [START + timedelta(days=number, minutes=minute) for minute in range(4)]
            stamps = [f"{moment:%Y-%m-%dT%H:%M:%S}.{number % 1000:03d}Z" for moment in times]
            connection.execute(
                "INSERT INTO conversations VALUES (?, ?, ?, ?, 'gemini')",
                (conversation_id, f"Chat {number}", stamps[0], stamps[-1]),
            )
            connection.executemany(
                "INSERT INTO messages (id, conversation_id, role, content, created_at) VALUES (?, ?, ?, ?, ?)",
                [
                    (
                        f"{conversation_id}-{position}",
                        conversation_id,
                        "user" if position % 2 == 0 else "assistant",
                        f"{_TEXTS[(number + position) % len(_TEXTS)]} ({number}.{position})",
                        stamp,
                    )
                    for position, stamp in enumerate(stamps)
                ],
            )
        connection.commit()
        connection.close()

    def checkpoint(self, folder: Path) -> dict[str, Any]:
        """The checkpoint.json of the version asked for."""
        head = {
            "platform": "gemini",
            "instanceId": "entity-loom",
            "entityName": "Wren",
            "userName": "Mira",
            "contextNotes": "",
            "inputPath": "/elsewhere/upload.json",
            "startedAt": "2024-06-01T10:00:00.000Z",
        }
        return head | (self._version_2(folder) if self.version == 2 else self._version_1(folder))

    def _version_2(self, folder: Path) -> dict[str, Any]:
        order = ["setup", "convert", "significant", "daily", "graph"]
        stages: dict[str, Any] = {}
        for name in order:
            before = order.index(name) < order.index(self.stage)
            items = [] if name == "setup" or not before else self.ids(folder, name)
            stages[name] = {
                "status": "completed" if before else "pending",
                "completed": before,
                "processedItems": items,
                "failedItems": [],
            }
        ids = self.ids(folder, self.stage)
        stages[self.stage] = {
            "status": self.status,
            "completed": False,
            "processedItems": ids[: self.done],
            "failedItems": ids[self.done : self.done + self.failed],
        }
        return {"version": 2, "currentStage": self.stage, "stages": stages}

    def _version_1(self, folder: Path) -> dict[str, Any]:
        def items(stage: str) -> tuple[bool, list[str], list[str]]:
            order = ["significant", "daily", "graph"]
            ids = self.ids(folder, stage)
            if stage == self.stage:
                return False, ids[: self.done], ids[self.done : self.done + self.failed]
            return (True, ids, []) if order.index(stage) < order.index(self.stage) else (False, [], [])

        conversations = [self.conversation_id(number) for number in range(self.conversations)]
        significant, daily, graph = items("significant"), items("daily"), items("graph")
        return {
            "version": 1,
            "pass1": {"completed": True, "conversationHashes": dict.fromkeys(conversations, "x"), "parseErrors": []},
            "pass2": {"completed": True, "storedIds": conversations},
            "pass3a": {"completed": daily[0], "processedDates": daily[1], "failedDates": daily[2]},
            "pass3b": {
                "completed": significant[0],
                "processedConversationIds": significant[1],
                "failedConversationIds": significant[2],
            },
            "pass4": {"completed": graph[0], "processedMemories": graph[1]},
            "pass5": {"completed": False},
        }
