"""Review: what a person decides about staged conversations before they are committed, and after.

Each decision is one transaction. What it changes in the package is asked of `commit` again, which asks the stages
behind it; the plan then finds the items whose content is no longer the same (stages/commit.py).
"""

import json
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from packages_store.errors import ChangedMeanwhile, NotAllowed, UnknownItem
from packages_store.listing import STATE, WITH_ITEMS, Filter, Listing, State
from packages_store.marks import note_edits, text_hash
from packages_store.model import StageName
from packages_store.progress import Progress
from packages_store.search import Search
from packages_store.sqlite import Database, Row
from packages_store.times import Clock, iso

Colour = Literal["red", "orange", "yellow", "green", "teal", "blue", "violet", "pink", "brown", "grey"]
COLOURS: tuple[Colour, ...] = get_args(Colour)
"""Names, not values: what they look like in a light and in a dark page is the page's to say."""

LONGEST_TAG = 64
_MOST_TAGS = 200


@dataclass(frozen=True, slots=True)
class Decision:
    """What to change of a conversation; None and nothing leave it as it is."""

    excluded: bool | None = None
    tag: tuple[str, ...] = ()
    untag: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decided:
    """How many conversations were chosen, how many of them are otherwise now, and which ids nobody has."""

    chosen: int
    changed: int
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pending:
    """What the next commit will do: conversations it brings in, writes anew, takes out, and leaves as they are."""

    new: int
    updated: int
    removed: int
    unchanged: int

    @property
    def any(self) -> bool:
        """Whether it will do anything."""
        return bool(self.new or self.updated or self.removed)


@dataclass(frozen=True, slots=True)
class Line:
    """A message as a reader sees it. `content` is what goes into the package; `original` is what came, if edited.

    `source_changed`: what came is no longer what stood there when it was edited. `seen` names the present text: whoever
    changes it says what they have seen.
    """

    position: int
    id: str
    role: str
    content: str
    created_at: str
    time_inferred: bool
    model: str | None
    reasoning: str | None
    gone: bool
    original: str | None
    edited_at: str | None
    source_changed: bool
    seen: str


@dataclass(frozen=True, slots=True)
class Lines:
    """A page of messages, in order. `next` and `previous` are the positions at which the pages beside it begin."""

    lines: tuple[Line, ...]
    total: int
    previous: int | None
    next: int | None


class Review:
    """What a person sees and decides of one package's conversations."""

    def __init__(self, db: Database, progress: Progress, clock: Clock) -> None:
        self._db = db
        self._progress = progress
        self._clock = clock
        self.search = Search(db)
        self.listing = Listing(db, self.search)

    # --- deciding ------------------------------------------------------------------------------------------------

    def decide(self, chosen: Sequence[str] | Filter, decision: Decision) -> Decided:
        """Change the conversations of these ids, or all that a filter lets through. Raises NotAllowed for a tag."""
        add, remove = (tuple(map(tag_name, tags)) for tags in (decision.tag, decision.untag))
        with self._db.transaction():
            keys, unknown = self._keys(chosen)
            of = json.dumps(keys)
            changed: set[int] = set()
            if decision.excluded is not None:
                moved = self._returned(
                    f"UPDATE conversations SET excluded = ? WHERE excluded <> ? AND key {_AMONG}"  # noqa: S608
                    " RETURNING key",
                    [(int(decision.excluded), int(decision.excluded), of)],
                )
                if moved:
                    self._progress.request(StageName.COMMIT)
                changed |= moved
            changed |= self._returned(
                f"INSERT OR IGNORE INTO tags SELECT key, ? FROM conversations WHERE key {_AMONG}"  # noqa: S608
                " RETURNING conversation",
                [(tag, of) for tag in add],
            )
            changed |= self._returned(
                f"DELETE FROM tags WHERE tag = ? AND conversation {_AMONG} RETURNING conversation",  # noqa: S608
                [(tag, of) for tag in remove],
            )
        return Decided(len(keys), len(changed), unknown)

    def _keys(self, chosen: Sequence[str] | Filter) -> tuple[list[int], tuple[str, ...]]:
        if isinstance(chosen, Filter):
            return self.listing.keys(chosen), ()
        # One by one: what json_each is handed ends at a NUL, and an id may hold one.
        rows = {
            id_: self._db.one("SELECT key FROM conversations WHERE id = ?", (id_,)) for id_ in dict.fromkeys(chosen)
        }
        return [row["key"] for row in rows.values() if row], tuple(id_ for id_, row in rows.items() if row is None)

    def _returned(self, sql: str, values: Sequence[tuple[str | int, ...]]) -> set[int]:
        return {row[0] for each in values for row in self._db.rows(sql, each)}

    def pending(self) -> Pending:
        """What the next commit will do."""
        rows = self._db.rows(
            f"SELECT c.excluded, {STATE} AS state, count(*) FROM {WITH_ITEMS} GROUP BY 1, 2"  # noqa: S608 - constants
        )
        counts = {(bool(row[0]), row[1]): row[2] for row in rows}
        removed = counts.get((True, "updated"), 0) + counts.get((True, "unchanged"), 0)
        new, updated, unchanged = (counts.get((False, state), 0) for state in get_args(State))
        return Pending(new, updated, removed, unchanged)

    # --- tag sets ------------------------------------------------------------------------------------------------

    def tag_sets(self) -> dict[str, dict[str, Colour]]:
        """Every set of tags, by name: its tags in their order, each with its colour."""
        found: dict[str, dict[str, Colour]] = {}
        for row in self._db.rows("SELECT tag_set, tag, colour FROM palette ORDER BY tag_set, position"):
            found.setdefault(row["tag_set"], {})[row["tag"]] = row["colour"]
        return found

    def set_tag_set(self, name: str, tags: dict[str, Colour]) -> None:
        """Make these the tags of a set; one without tags is no more. Conversations keep theirs. Raises NotAllowed."""
        if len(tags) > _MOST_TAGS:
            raise NotAllowed(f"A set of tags has at most {_MOST_TAGS}.", "Make two of it.")
        rows = [(tag_name(name), at, tag_name(tag), colour) for at, (tag, colour) in enumerate(tags.items())]
        with self._db.transaction():
            self._db.execute("DELETE FROM palette WHERE tag_set = ?", (tag_name(name),))
            self._db.many("INSERT OR REPLACE INTO palette VALUES (?, ?, ?, ?)", rows)

    def colours(self) -> dict[str, Colour]:
        """The colour of each tag that is in a set; in several, that of the first."""
        return {tag: colour for tags in reversed(self.tag_sets().values()) for tag, colour in tags.items()}

    # --- reading and editing -------------------------------------------------------------------------------------

    def lines(self, conversation_id: str, start: int = 0, limit: int = 50) -> Lines:
        """The messages of a conversation from a position on. Raises UnknownItem."""
        with self._db.unchanging():
            conversation = self._conversation(conversation_id)
            rows = self._db.rows(
                f"{_LINES} AND m.position >= ? ORDER BY m.position LIMIT ?",
                (
                    conversation["key"],
                    start,
                    limit + 1,
                ),
            )
        follows = rows[limit]["position"] if len(rows) > limit else None
        previous = max(0, start - limit) if start else None
        return Lines(tuple(map(_line, rows[:limit])), conversation["message_count"], previous, follows)

    def line(self, conversation_id: str, message_id: str) -> Line:
        """One message. Raises UnknownItem."""
        rows = self._db.rows(f"{_LINES} AND m.id = ? LIMIT 1", (self._conversation(conversation_id)["key"], message_id))
        if not rows:
            raise UnknownItem(f"{conversation_id!r} has no message {message_id!r}.")
        return _line(rows[0])

    def instructions(self, conversation_id: str) -> tuple[str, ...]:
        """The system prompts and instructions of a conversation. Raises UnknownItem."""
        return tuple(json.loads(self._conversation(conversation_id)["instructions"]))

    def edit(self, conversation_id: str, message_id: str, content: str, seen: str | None = None) -> Line:
        """Let a message read otherwise; what came is kept. The same text as what came undoes the edit.

        Raises UnknownItem, NotAllowed for an empty text, and ChangedMeanwhile unless `seen` names the present text.
        """
        if not content.strip():
            raise NotAllowed("A message cannot be empty.", "Exclude the conversation if nothing of it is to be kept.")
        return self._change(conversation_id, message_id, seen, lambda row: self._write(row, content))

    def undo(self, conversation_id: str, message_id: str, seen: str | None = None) -> Line:
        """Let a message read as it came. Raises as `edit` does."""
        return self._change(conversation_id, message_id, seen, lambda row: self._write(row, row["content"]))

    def _change(self, conversation_id: str, message_id: str, seen: str | None, act: Callable[[Row], None]) -> Line:
        with self._db.transaction():
            before = self.line(conversation_id, message_id)
            if seen not in (None, before.seen):
                raise ChangedMeanwhile("This message was changed meanwhile.")
            conversation = self._conversation(conversation_id)
            sql = "SELECT * FROM messages WHERE conversation = ? AND id = ? ORDER BY position LIMIT 1"
            act(self._db.single(sql, (conversation["key"], message_id)))
            note_edits(self._db, conversation["key"])
            after = self.line(conversation_id, message_id)
            if after.content != before.content and not conversation["excluded"]:
                self._progress.request(StageName.COMMIT)
        return after

    def _write(self, row: Row, content: str) -> None:
        where = (row["conversation"], row["id"])
        if content == row["content"]:
            self._db.execute("DELETE FROM message_edits WHERE conversation = ? AND message = ?", where)
            return
        self._db.execute(
            "INSERT OR REPLACE INTO message_edits VALUES (?, ?, ?, ?, ?, ?)",
            (*where, content, row["content"], iso(self._clock()), text_hash(content)),
        )

    def _conversation(self, conversation_id: str) -> Row:
        row = self._db.one("SELECT * FROM conversations WHERE id = ?", (conversation_id,))
        if row is None:
            raise UnknownItem(f"There is no conversation {conversation_id[:200]!r}.")
        return row


_AMONG = "IN (SELECT value FROM json_each(?))"
_LINES = (
    "SELECT m.*, e.content AS edit, e.original, e.at AS edited_at FROM messages m"
    " LEFT JOIN message_edits e ON e.conversation = m.conversation AND e.message = m.id WHERE m.conversation = ?"
)


def _line(row: Row) -> Line:
    is_edited = row["edit"] is not None
    content = row["edit"] if is_edited else row["content"]
    return Line(
        position=row["position"],
        id=row["id"],
        role=row["role"],
        content=content,
        created_at=row["created_at"],
        time_inferred=bool(row["time_inferred"]),
        model=row["model"],
        reasoning=row["reasoning"],
        gone=bool(row["gone"]),
        original=row["content"] if is_edited else None,
        edited_at=row["edited_at"],
        source_changed=is_edited and row["original"] != row["content"],
        seen=f"{text_hash(content) & (1 << 64) - 1:016x}",
    )


def tag_name(text: str) -> str:
    """`text` as a tag, or as the name of a set: one line, without blanks around it. Raises NotAllowed."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    is_plain = not any(unicodedata.category(letter) in ("Cc", "Cs") for letter in name)
    if not name or len(name) > LONGEST_TAG or not is_plain:
        raise NotAllowed(f"{text[:80]!r} cannot be a tag.", f"A tag has 1 to {LONGEST_TAG} letters, in one line.")
    return name
