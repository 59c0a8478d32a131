"""What a chats.db holds, as one number, so that two can be told to be the same."""

import hashlib
import sqlite3
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

_CONVERSATIONS = "SELECT id, title, created_at, updated_at, platform FROM conversations ORDER BY id"
_MESSAGES = "SELECT id, conversation_id, role, content, reasoning_content, created_at FROM messages ORDER BY id"


@dataclass(frozen=True, slots=True)
class Rows:
    """How many rows there are, how many bytes of UTF-8 their `content` has, and a hash of all of them."""

    conversations: int
    messages: int
    text: int
    digest: str

    def as_json(self) -> dict[str, int | str]:
        """By name."""
        return asdict(self)


def rows_of(path: Path) -> Rows:
    """Read all of a chats.db."""
    digest = hashlib.blake2b(digest_size=16)
    counts = []
    with closing(sqlite3.connect(path)) as connection:
        for query in (_CONVERSATIONS, _MESSAGES):
            counts.append(0)
            for row in connection.execute(query):
                counts[-1] += 1
                digest.update(repr(row).encode())
        (text,) = connection.execute("SELECT coalesce(sum(length(CAST(content AS BLOB))), 0) FROM messages").fetchone()
    return Rows(counts[0], counts[1], text, digest.hexdigest())
