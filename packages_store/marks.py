"""What a person put on a conversation (edits of its messages, tags, exclusion), and how it stays there.

The messages stay as they came; an edit lies beside its message and is laid over it for whoever works on what was said.
A later export may give a message another id, or another conversation: its edit goes with it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from packages_store.model import Conversation
from packages_store.sqlite import Database, Row
from packages_store.uniting import matches


@dataclass(frozen=True, slots=True)
class Marks:
    """What lay on the messages of a conversation that another one takes over, or on all of it when nothing is left."""

    edits: tuple[Row, ...] = ()
    tags: tuple[str, ...] = ()
    excluded: bool = False


def text_hash(content: str) -> int:
    """A 64-bit hash of a text."""
    return int.from_bytes(hashlib.blake2b(content.encode(), digest_size=8).digest(), "big", signed=True)


def lay_over(db: Database, key: int, conversation: Conversation) -> Conversation:
    """The conversation with this key as a person edited it."""
    rows = db.rows("SELECT message, content FROM message_edits WHERE conversation = ?", (key,))
    edits = {row["message"]: row["content"] for row in rows}
    messages = tuple(m._replace(content=edits[m.id]) if m.id in edits else m for m in conversation.messages)
    return replace(conversation, messages=messages)


def note_edits(db: Database, key: int) -> None:
    """Bring the hash of a conversation's edits up to date: by it everybody sees that something was edited."""
    rows = db.rows("SELECT message, hash FROM message_edits WHERE conversation = ? ORDER BY message", (key,))
    digest = hashlib.blake2b(repr([tuple(row) for row in rows]).encode(), digest_size=16).hexdigest()
    db.execute("UPDATE conversations SET edits_hash = ? WHERE key = ?", (digest if rows else None, key))


def follow(db: Database, key: int, before: Conversation, after: Conversation) -> None:
    """Let edits follow messages that another edition of the conversation gave other ids."""
    present = {message.id for message in after.messages}
    rows = db.rows("SELECT message FROM message_edits WHERE conversation = ?", (key,))
    lost = {row["message"] for row in rows} - present
    if not lost:
        return
    for place, now in matches(after.messages, before.messages).items():
        if before.messages[place].id in lost:
            db.execute(
                "UPDATE OR IGNORE message_edits SET message = ? WHERE conversation = ? AND message = ?",
                (after.messages[now].id, key, before.messages[place].id),
            )
    note_edits(db, key)


def take(db: Database, row: Row, left: Conversation) -> Marks:
    """Take from the conversation of `row` the edits of messages that are not among those `left`.

    Nothing left: its tags and its exclusion as well.
    """
    key, kept = row["key"], {message.id for message in left.messages}
    edits = db.rows("SELECT * FROM message_edits WHERE conversation = ?", (key,))
    taken = tuple(edit for edit in edits if edit["message"] not in kept)
    db.many("DELETE FROM message_edits WHERE conversation = ? AND message = ?", [(key, e["message"]) for e in taken])
    if taken:
        note_edits(db, key)
    if left.messages:
        return Marks(taken)
    tags = db.rows("SELECT tag FROM tags WHERE conversation = ?", (key,))
    return Marks(taken, tuple(tag["tag"] for tag in tags), bool(row["excluded"]))


def hand_on(db: Database, marks: Sequence[tuple[str, Marks]], to: Conversation, *, is_new: bool) -> None:
    """Put what was taken from other conversations (id, marks) on the one that took over their messages.

    One that `is_new` is left out of the package when one of those it took over was: nobody took it in again.
    """
    row = db.single("SELECT key FROM conversations WHERE id = ?", (to.id,))
    key = row["key"]
    for other, each in marks:
        db.many(
            "INSERT OR IGNORE INTO message_edits VALUES (?, ?, ?, ?, ?, ?)",
            [(key, f"{to.id}:{edit['message'].removeprefix(f'{other}:')}", *tuple(edit)[2:]) for edit in each.edits],
        )
        db.many("INSERT OR IGNORE INTO tags VALUES (?, ?)", [(key, tag) for tag in each.tags])
        if each.excluded and is_new:
            db.execute("UPDATE conversations SET excluded = 1 WHERE key = ?", (key,))
    note_edits(db, key)
