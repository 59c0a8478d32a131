"""Lists of staged conversations: filtered, sorted, and cut into pages that stay in step while the package changes.

A page goes on behind the last row of the one before, by its value and its key: what comes or goes meanwhile neither
repeats a row nor hides one.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from packages_store.errors import NotAllowed
from packages_store.search import Search
from packages_store.sqlite import Database, Row, Value

Sort = Literal["date", "title", "platform", "messages", "size"]
"""`date` is that of the last message; `size` counts characters."""
State = Literal["new", "updated", "unchanged"]
"""Against what was committed last."""
Compared = Literal["new", "existing", "changed"]
"""Against the companion's own chats (comparing.py)."""

STATE = (
    "CASE WHEN i.id IS NULL OR (i.fingerprint IS NULL AND i.\"end\" IS NOT 'done') THEN 'new'"
    " WHEN coalesce(i.fingerprint, {hash}) = {hash} THEN 'unchanged' ELSE 'updated' END"
).format(hash="(c.content_hash || coalesce(c.edits_hash, ''))")
"""The State of conversation `c`, whose item of commit is `i`."""
WITH_ITEMS = "conversations c LEFT JOIN items i ON i.stage = 'commit' AND i.id = c.id"

_MOST = 1 << 63
"""Of SQLite's numbers."""
_ORDERS: dict[Sort, str] = {
    "date": "c.last_message_at",
    "title": "substr(coalesce(c.title, ''), 1, 100) COLLATE NOCASE",
    "platform": "c.platform",
    "messages": "c.message_count",
    "size": "c.characters",
}


@dataclass(frozen=True, slots=True)
class Filter:
    """What conversations are asked for; every condition that is set must hold."""

    platforms: tuple[str, ...] = ()
    """Any of these."""
    tags: tuple[str, ...] = ()
    """All of these."""
    untagged: bool = False
    since: str | None = None
    """Instants: conversations with messages in [since, until)."""
    until: str | None = None
    least_messages: int | None = None
    most_messages: int | None = None
    least_size: int | None = None
    most_size: int | None = None
    excluded: bool | None = None
    edited: bool | None = None
    states: tuple[State, ...] = ()
    compared: tuple[Compared, ...] = ()
    text: str = ""
    """Words that one message holds all of, or the title."""


@dataclass(frozen=True, slots=True)
class Order:
    """How a list is sorted; rows of the same value in the order in which they came in."""

    by: Sort = "date"
    descending: bool = True


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a companion that has chats of its own would take of a conversation (comparing.py)."""

    state: Compared
    added: int
    passed_over: int
    different: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A conversation as a list shows it. `size` is the number of characters as they came."""

    id: str
    title: str | None
    platform: str
    created_at: str
    updated_at: str
    first_message_at: str
    last_message_at: str
    messages: int
    size: int
    excluded: bool
    edited: bool
    provisional: bool
    state: State
    tags: tuple[str, ...]
    comparison: Comparison | None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list. `total` counts all that the filter lets through; `next` is the cursor of what follows."""

    rows: tuple[Listed, ...]
    total: int
    next: str | None


class Listing:
    """The conversations of one package."""

    def __init__(self, db: Database, search: Search) -> None:
        self._db = db
        self._search = search

    def page(self, chosen: Filter, order: Order, cursor: str | None = None, limit: int = 50) -> Page:
        """A page from `cursor` on. Raises NotAllowed for one of another order, or of no list at all."""
        where, values = self._condition(chosen)
        with self._db.unchanging():
            total = self._db.count(f"SELECT count(*) FROM {_FROM} WHERE {where}", values)  # noqa: S608 - constants
            rows = self._rows(where, values, order, cursor, limit + 1)
            listed = self._listed(rows[:limit])
        follows = _cursor(order, rows[limit - 1]) if len(rows) > limit else None
        return Page(listed, total, follows)

    def _rows(self, where: str, values: Sequence[Value], order: Order, cursor: str | None, limit: int) -> Sequence[Row]:
        value = _ORDERS[order.by]
        direction, beyond = ("DESC", "<") if order.descending else ("ASC", ">")
        if cursor is not None:
            after, key = _place(order, cursor)
            where = f"({where}) AND ({value} {beyond} ? OR ({value} = ? AND c.key {beyond} ?))"
            values = (*values, after, after, key)
        return self._db.rows(
            f"SELECT {_COLUMNS}, {value} AS place FROM {_FROM} WHERE {where}"  # noqa: S608 - constants only
            f" ORDER BY {value} {direction}, c.key {direction} LIMIT ?",
            (*values, limit),
        )

    def one(self, conversation_id: str) -> Listed | None:
        """One conversation, or None."""
        with self._db.unchanging():
            sql = f"SELECT {_COLUMNS} FROM {_FROM} WHERE c.id = ?"  # noqa: S608 - constants only
            rows = self._listed(self._db.rows(sql, (conversation_id,)))
        return rows[0] if rows else None

    def keys(self, chosen: Filter) -> list[int]:
        """The keys of all conversations that a filter lets through."""
        where, values = self._condition(chosen)
        rows = self._db.rows(f"SELECT c.key FROM {_FROM} WHERE {where}", values)  # noqa: S608 - constants only
        return [row[0] for row in rows]

    def platforms(self) -> dict[str, int]:
        """How many conversations of each platform there are."""
        rows = self._db.rows("SELECT platform, count(*) FROM conversations GROUP BY platform ORDER BY platform")
        return {row[0]: row[1] for row in rows}

    def tags(self) -> dict[str, int]:
        """How many conversations have each tag."""
        rows = self._db.rows("SELECT tag, count(*) FROM tags GROUP BY tag ORDER BY tag")
        return {row[0]: row[1] for row in rows}

    def _listed(self, rows: Sequence[Row]) -> tuple[Listed, ...]:
        tags: dict[int, list[str]] = {row["key"]: [] for row in rows}
        found = self._db.rows(
            "SELECT conversation, tag FROM tags WHERE conversation IN (SELECT value FROM json_each(?)) ORDER BY tag",
            (json.dumps(list(tags)),),
        )
        for row in found:
            tags[row["conversation"]].append(row["tag"])
        return tuple(_listed(row, tuple(tags[row["key"]])) for row in rows)

    def _condition(self, chosen: Filter) -> tuple[str, tuple[Value, ...]]:
        """The filter as SQL, and its values."""
        conditions = [(sql, value) for sql, value in _simple(chosen) if value is not None]
        if chosen.excluded is not None:
            conditions.append(("c.excluded = ?", int(chosen.excluded)))
        if chosen.edited is not None:
            conditions.append(("(c.edits_hash IS NOT NULL) = ?", int(chosen.edited)))
        conditions += [(f"EXISTS ({_TAGS} AND t.tag = ?)", tag) for tag in chosen.tags]
        for column, wanted in (("c.platform", chosen.platforms), (STATE, chosen.states), ("x.state", chosen.compared)):
            if wanted:
                conditions.append((f"{column} {_AMONG}", json.dumps(wanted)))
        if chosen.text.strip():
            keys = json.dumps(self._search.conversations(chosen.text))
            conditions.append((f"c.key {_AMONG}", keys))
        clauses = [sql for sql, _ in conditions]
        if chosen.untagged:
            clauses.append(f"NOT EXISTS ({_TAGS})")
        return " AND ".join(clauses) or "1", tuple(value for _, value in conditions)


_FROM = f"{WITH_ITEMS} LEFT JOIN comparison x ON x.conversation = c.key"
_AMONG = "IN (SELECT value FROM json_each(?))"
_TAGS = "SELECT 1 FROM tags t WHERE t.conversation = c.key"
_COLUMNS = (
    "c.key, c.id, c.title, c.platform, c.created_at, c.updated_at, c.first_message_at, c.last_message_at,"
    " c.message_count, c.characters, c.excluded, c.edits_hash, c.provisional,"
    f" {STATE} AS state, x.state AS compared, x.added, x.passed_over, x.different"
)


def _simple(chosen: Filter) -> tuple[tuple[str, Value], ...]:
    return (
        ("c.last_message_at >= ?", chosen.since),
        ("c.first_message_at < ?", chosen.until),
        ("c.message_count >= ?", chosen.least_messages),
        ("c.message_count <= ?", chosen.most_messages),
        ("c.characters >= ?", chosen.least_size),
        ("c.characters <= ?", chosen.most_size),
    )


def _listed(row: Row, tags: tuple[str, ...]) -> Listed:
    compared = row["compared"]
    return Listed(
        id=row["id"],
        title=row["title"],
        platform=row["platform"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        first_message_at=row["first_message_at"],
        last_message_at=row["last_message_at"],
        messages=row["message_count"],
        size=row["characters"],
        excluded=bool(row["excluded"]),
        edited=row["edits_hash"] is not None,
        provisional=bool(row["provisional"]),
        state=row["state"],
        tags=tags,
        comparison=compared and Comparison(compared, row["added"], row["passed_over"], row["different"]),
    )


def _cursor(order: Order, row: Row) -> str:
    place = json.dumps([order.by, order.descending, row["place"], row["key"]])
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def _place(order: Order, cursor: str) -> tuple[str | int, int]:
    """The value and the key behind which a page begins. Raises NotAllowed."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
        match json.loads(text):
            case [str(by), bool(descending), str() | int() as value, int(key)]:
                numbers = (key, value) if isinstance(value, int) else (key,)
                if (by, descending) == (order.by, order.descending) and all(-_MOST <= n < _MOST for n in numbers):
                    str(value).encode()  # half a letter cannot be asked for
                    return value, key
    except (ValueError, binascii.Error, RecursionError):
        pass
    raise NotAllowed("This cursor belongs to no list of this order.", "Begin with the first page.")
