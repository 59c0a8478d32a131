"""The staging area: conversations and messages as they were read, before anything is delivered.

The same conversation met again is united with what is here by message: nothing is ever removed by an import (R-43).
"""

import hashlib
import json
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from operator import itemgetter

from packages_store.marks import Marks, follow, hand_on, lay_over, take
from packages_store.model import Conversation, Edition, Message
from packages_store.search import note_unspaced
from packages_store.sqlite import Database, Row, Value
from packages_store.uniting import unite

_FIELD_END = "\x1f"
_INSERT_MESSAGES = (
    "INSERT INTO messages (conversation, position, id, role, content, reasoning, model, created_at, time_inferred,"
    " edition, gone, hash) VALUES "
)
_ALL_MESSAGES = (
    "SELECT json_group_array(json_array(position, id, role, content, created_at, reasoning, model, time_inferred,"
    " edition, gone)) FROM messages WHERE conversation = ?"
)
_MESSAGE = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_TOGETHER = 10
"""Messages in one statement: measured, that takes a tenth less than one by one, and more of them no less."""
_INDEX_STEP = 5_000


@dataclass(frozen=True, slots=True)
class Staged:
    """What a source brought: conversations that are new, grew, were here already, or were here in a longer form."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    older: int = 0

    def __add__(self, other: "Staged") -> "Staged":
        return Staged(
            self.new + other.new,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.older + other.older,
        )


@dataclass(frozen=True, slots=True)
class ConversationHead:
    """A staged conversation without its messages. `content_hash` changes when any message does, or its edit."""

    id: str
    platform: str
    title: str | None
    updated_at: str
    content_hash: str
    message_count: int


class Staging:
    """The staged conversations of one package."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, source_id: str, conversations: Sequence[Conversation]) -> Staged:
        """Stage conversations in one transaction.

        Staging the same source again, after a crash in the middle, gives the same account: what this source brought
        counts as new, and what it changed as updated.
        """
        total = Staged()
        with self._db.transaction():
            for conversation in conversations:
                total += self._add(source_id, conversation)
        return total

    def _add(self, source_id: str, new: Conversation) -> Staged:
        if new.provisional:
            new = self._without_what_is_elsewhere(new)
            if not new.messages:
                return Staged(unchanged=1)
        is_part = new.excerpt or new.provisional
        new, taken = self._joined(new) if is_part else (new, self._take_from_provisional(source_id, new))
        account = self._put(source_id, new)
        if taken:
            hand_on(self._db, taken, new, is_new=bool(account.new))
        return account

    def _put(self, source_id: str, new: Conversation) -> Staged:
        hashes = [message_hash(message) for message in new.messages]
        row = self._db.one("SELECT * FROM conversations WHERE id = ?", (new.id,))
        if row is None:
            self._insert(source_id, new, hashes)
            return Staged(new=1)
        self._add_instructions(row, new.instructions)
        if row["content_hash"] == content_hash(hashes):
            return _account_again(row, source_id)
        old = self._conversation(row)
        united = unite(old, new)
        hashes = [message_hash(message) for message in united.messages]
        if row["content_hash"] != content_hash(hashes):
            self._change(row, source_id, united, hashes)
            if row["edits_hash"] is not None:
                follow(self._db, row["key"], old, united)
            return Staged(updated=1)
        marked = zip(united.messages, old.messages, strict=True)
        self._mark_gone(row, [message for message, before in marked if message.gone != before.gone])
        # A tool's copy of everything that is here is no older snapshot.
        return Staged(older=1) if new.edition == old.edition else Staged(unchanged=1)

    def _without_what_is_elsewhere(self, new: Conversation) -> Conversation:
        """A provisional conversation without the messages that others of the platform hold."""
        elsewhere = {
            other.key_of(message)
            for row in self._overlapping(new, provisional=False)
            for other in [self._conversation(row)]
            for message in other.messages
        }
        return replace(new, messages=tuple(m for m in new.messages if new.key_of(m) not in elsewhere))

    def _joined(self, new: Conversation) -> tuple[Conversation, list[tuple[str, Marks]]]:
        """An excerpt as a part of the chat that shares a message with it, if one is here.

        It can be the missing link between several excerpts: they become the first of them, and are removed. Returns
        also what a person had put on those. What was put together by pauses is joined in the same way: its id comes
        from its first record, which an export may hold no longer.
        """
        keys = {new.key_of(message) for message in new.messages}
        rows = self._overlapping(replace(new, id=""), provisional=new.provisional)  # also one with the same id
        same = [
            (row, other)
            for row in sorted(rows, key=lambda row: row["first_message_at"])
            for other in [self._conversation(row)]
            if any(other.key_of(message) in keys for message in other.messages)
        ]
        if not same:
            return new, []
        new = _called(new, same[0][1].id)
        taken = []
        for row, other in same[1:]:
            new = unite(_called(other, new.id), new)
            taken.append((other.id, take(self._db, row, replace(other, messages=()))))
            self._db.execute("DELETE FROM conversations WHERE key = ?", (row["key"],))
        return new, taken

    def _take_from_provisional(self, source_id: str, new: Conversation) -> list[tuple[str, Marks]]:
        """Remove from provisional conversations what `new` turns out to hold; an empty one goes.

        Returns what a person had put on what was removed, by the id of the conversation it was removed from.
        """
        taken = []
        provisional = self._overlapping(new, provisional=True)
        keys = {new.key_of(message) for message in new.messages} if provisional else set()
        for row in provisional:
            old = self._conversation(row)
            left = replace(old, messages=tuple(m for m in old.messages if old.key_of(m) not in keys))
            if left != old:
                taken.append((old.id, take(self._db, row, left)))
            if not left.messages:
                self._db.execute("DELETE FROM conversations WHERE key = ?", (row["key"],))
            elif left != old:
                self._change(row, source_id, left, [message_hash(message) for message in left.messages])
        return taken

    def _overlapping(self, new: Conversation, *, provisional: bool) -> list[Row]:
        """Conversations of the same platform, of the kind asked for, that have messages from the same time."""
        first, last = _span(new)
        # A condition, not a parameter: only so does SQLite see that its index of the provisional ones will do.
        kind = "provisional" if provisional else "NOT provisional"
        return self._db.rows(
            f"SELECT * FROM conversations WHERE platform = ? AND {kind} AND id <> ?"  # noqa: S608 - constants only
            " AND first_message_at <= ? AND last_message_at >= ?",
            # Forms of an export tell times to the second or finer: whole seconds, and one to spare.
            (new.platform, new.id, f"{last[:19]}.999Z", first[:19]),
        )

    def _insert(self, source_id: str, conversation: Conversation, hashes: list[int]) -> None:
        key = self._db.insert(
            "INSERT INTO conversations (id, platform, title, created_at, updated_at, first_message_at, last_message_at,"
            " content_hash, revision, message_count, characters, first_source, last_source, instructions, provisional)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?)",
            (
                conversation.id,
                conversation.platform,
                conversation.title,
                conversation.created_at,
                conversation.updated_at,
                *_span(conversation),
                content_hash(hashes),
                len(conversation.messages),
                _characters(conversation),
                source_id,
                source_id,
                json.dumps(conversation.instructions),
                int(conversation.provisional),
            ),
        )
        self._insert_messages(key, conversation.messages, hashes)

    def _add_instructions(self, row: Row, new: Sequence[str]) -> None:
        kept = json.loads(row["instructions"])
        if not set(new).issubset(kept):
            both = json.dumps(list(dict.fromkeys((*kept, *new))))
            self._db.execute("UPDATE conversations SET instructions = ? WHERE key = ?", (both, row["key"]))

    def _mark_gone(self, row: Row, messages: Sequence[Message]) -> None:
        self._db.many(
            "UPDATE messages SET gone = ? WHERE conversation = ? AND id = ?",
            [(int(message.gone), row["key"], message.id) for message in messages],
        )

    def _change(self, row: Row, source_id: str, united: Conversation, hashes: list[int]) -> None:
        self._db.execute("DELETE FROM messages WHERE conversation = ?", (row["key"],))
        self._db.execute(
            "UPDATE conversations SET title = ?, created_at = ?, updated_at = ?, first_message_at = ?,"
            " last_message_at = ?, content_hash = ?, message_count = ?, characters = ?, revision = revision + 1,"
            " last_source = ? WHERE key = ?",
            (
                united.title,
                united.created_at,
                united.updated_at,
                *_span(united),
                content_hash(hashes),
                len(united.messages),
                _characters(united),
                source_id,
                row["key"],
            ),
        )
        self._insert_messages(row["key"], united.messages, hashes)

    def _insert_messages(self, key: int, messages: Sequence[Message], hashes: Sequence[int]) -> None:
        rows = [(key, at, *_columns(m), hash_) for at, (m, hash_) in enumerate(zip(messages, hashes, strict=True))]
        whole = len(rows) - len(rows) % _TOGETHER
        together = (list(chain.from_iterable(rows[at : at + _TOGETHER])) for at in range(0, whole, _TOGETHER))
        self._db.many(_INSERT_MESSAGES + ", ".join([_MESSAGE] * _TOGETHER), together)
        self._db.many(_INSERT_MESSAGES + _MESSAGE, rows[whole:])

    # --- reading -----------------------------------------------------------------------------------------------

    def heads(self) -> list[ConversationHead]:
        """All conversations that are not excluded, oldest first."""
        rows = self._db.rows(
            "SELECT id, platform, title, updated_at, content_hash || coalesce(edits_hash, ''), message_count"
            " FROM conversations"
            " WHERE NOT excluded ORDER BY created_at, id"
        )
        return [ConversationHead(*row) for row in rows]

    def get(self, conversation_id: str) -> Conversation | None:
        """One conversation with all its messages as a person edited them, or None."""
        row = self._db.one("SELECT * FROM conversations WHERE id = ?", (conversation_id,))
        return None if row is None else self._edited(row)

    def conversation_ids(self) -> set[str]:
        """The ids of all staged conversations, excluded ones included."""
        return {row[0] for row in self._db.rows("SELECT id FROM conversations")}

    def moments(self) -> Iterator[tuple[str, str, int]]:
        """(conversation id, created_at, hash) of every message that is not excluded, conversation by conversation."""
        last = 0
        while rows := self._db.rows(
            "SELECT m.key, c.id, m.created_at, m.hash, e.hash FROM messages m"
            " JOIN conversations c ON c.key = m.conversation"
            " LEFT JOIN message_edits e ON e.conversation = m.conversation AND e.message = m.id"
            " WHERE m.key > ? AND NOT c.excluded ORDER BY m.key LIMIT 20000",
            (last,),
        ):
            yield from ((row[1], row[2], row[3] ^ (row[4] or 0)) for row in rows)
            last = rows[-1][0]

    def between(self, start: str, end: str) -> list[Conversation]:
        """Each conversation that has messages in [start, end), with these messages only, oldest first."""
        heads = self._db.rows(
            "SELECT * FROM conversations WHERE first_message_at < ? AND last_message_at >= ? AND NOT excluded"
            " ORDER BY first_message_at, id",
            (end, start),
        )
        found = (self._edited(row, " AND created_at >= ? AND created_at < ?", (start, end)) for row in heads)
        return [conversation for conversation in found if conversation.messages]

    def totals(self) -> tuple[int, int]:
        """How many conversations and messages are staged."""
        row = self._db.single("SELECT count(*), coalesce(sum(message_count), 0) FROM conversations")
        return row[0], row[1]

    def _edited(self, row: Row, where: str = "", parameters: Sequence[Value] = ()) -> Conversation:
        conversation = self._conversation(row, where, parameters)
        return conversation if row["edits_hash"] is None else lay_over(self._db, row["key"], conversation)

    def _conversation(self, row: Row, where: str = "", parameters: Sequence[Value] = ()) -> Conversation:
        messages = self._messages(row["key"], where, parameters)
        editions = [message.edition for message in messages]
        return Conversation(
            id=row["id"],
            title=row["title"],
            platform=row["platform"],
            created_at=row["created_at"],
            updated_at=row["updated_at"],
            messages=messages,
            edition=max(editions, default=Edition.EXPORT),
            instructions=tuple(json.loads(row["instructions"])),
            provisional=bool(row["provisional"]),
        )

    def _messages(self, key: int, where: str, parameters: Sequence[Value]) -> tuple[Message, ...]:
        # In one row: at each row that SQLite steps to a thread gives the interpreter away, and waits for it again.
        sql = _ALL_MESSAGES + where
        rows = json.loads(self._db.single(sql, (key, *parameters))[0])
        rows.sort(key=itemgetter(0))
        return tuple(
            Message(
                id=message_id,
                role=role,
                content=content,
                created_at=created_at,
                reasoning=reasoning,
                model=model,
                time_inferred=bool(time_inferred),
                edition=Edition(edition),
                gone=bool(gone),
            )
            for _, message_id, role, content, created_at, reasoning, model, time_inferred, edition, gone in rows
        )

    # --- searching ---------------------------------------------------------------------------------------------

    def index_some(self) -> bool:
        """Bring the search index a step forward; True while there is more to do.

        One INSERT…SELECT per step: a trigger per row costs more than twice as much.
        """
        with self._db.transaction():
            start = self._db.count("SELECT CAST(value AS INTEGER) FROM facts WHERE name = 'indexed_to'")
            end = self._db.count(
                "SELECT coalesce(max(key), 0) FROM (SELECT key FROM messages WHERE key > ? ORDER BY key LIMIT ?)",
                (start, _INDEX_STEP),
            )
            if end == 0:
                return False
            self._db.execute(
                "INSERT INTO messages_index (rowid, content)"
                " SELECT key, content FROM messages WHERE key > ? AND key <= ?",
                (start, end),
            )
            note_unspaced(self._db, start, end)
            self._db.execute("UPDATE facts SET value = ? WHERE name = 'indexed_to'", (str(end),))
        return True


def _called(conversation: Conversation, id_: str) -> Conversation:
    """The same messages under another id."""
    messages = tuple(m._replace(id=f"{id_}:{conversation.key_of(m)}") for m in conversation.messages)
    return replace(conversation, id=id_, messages=messages)


def _columns(message: Message) -> tuple[Value, ...]:
    id_, role, content, created_at, reasoning, model, inferred, edition, gone = message
    return id_, role, content, reasoning, model, created_at, int(inferred), int(edition), int(gone)


def message_hash(message: Message) -> int:
    """A 64-bit hash of everything in a message that a memory could rest on."""
    id_, role, content, created_at, reasoning, *_ = message
    fields = (id_, role, created_at, content, reasoning or "")
    digest = hashlib.blake2b(_FIELD_END.join(fields).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def content_hash(hashes: Sequence[int]) -> str:
    """The hash of a conversation whose messages have these hashes, in this order."""
    return hashlib.blake2b(struct.pack(f">{len(hashes)}q", *hashes), digest_size=16).hexdigest()


def _span(conversation: Conversation) -> tuple[str, str]:
    times = [message.created_at for message in conversation.messages]
    return min(times, default=conversation.created_at), max(times, default=conversation.updated_at)


def _characters(conversation: Conversation) -> int:
    return sum(len(message.content) for message in conversation.messages)


def _account_again(row: Row, source_id: str) -> Staged:
    if row["first_source"] == source_id:
        return Staged(new=1)
    return Staged(updated=1) if row["last_source"] == source_id else Staged(unchanged=1)
