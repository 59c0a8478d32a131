"""Full-text search over the staged messages. Any text is a question, and none is an error.

The index knows words. It finds no part of a text whose script sets no blanks between words (日本語), and no sign that
is no letter: for these the messages themselves are looked through, so many at a time, and the answer says so.
"""

import json
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from packages_store.sqlite import Database, Row, Value

RANKED = 2_000
"""With more hits than these, the latest come first instead of the best: nobody waits while they are weighed."""

LOOKED_THROUGH = 60_000
"""Messages that one answer looks through letter by letter, the latest first: nobody waits while more are read."""

_MOST_WORDS = 50
_AROUND = 60
_TOKENS = 16
_PAGE = 200
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2600-\u27bf\u3040-\u30ff\u3100-\u312f\u3400-\u9fff\uf900-\ufaff"
    "\U0001f000-\U0001faff\U00020000-\U0003ffff]"
)
"""Thai, Lao, Burmese, Khmer, Japanese and Chinese; and pictures, which are no letters to the index."""
_LETTER = re.compile(r"[^\W_]")
_BEGINNING = re.compile(r"[^\W_]{3}$")
"""What may be the beginning of a word: with fewer letters begins every tenth of them."""
_CASED = re.compile("[A-Za-z]")
_BEGIN, _END = "\x02", "\x03"


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that holds every word. `marks` are the places (from, to) in `excerpt` where one of them stands."""

    conversation: str
    message: str
    title: str | None
    platform: str
    role: str
    created_at: str
    excluded: bool
    excerpt: str
    marks: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Hits:
    """A page of hits. `looked_through`: words of the question are none the index knows, see the head of this file."""

    hits: tuple[Hit, ...]
    more: bool
    looked_through: bool
    ranked: bool
    """Whether the best come first; otherwise the latest to come in do."""
    unindexed: int
    """Messages that the index does not hold yet, and that were not looked at."""
    older: int | None = None
    """Where to go on, as `before`, when there are messages that came in earlier and were not looked through."""


@dataclass(frozen=True, slots=True)
class Question:
    """A text as the database is asked for it: `query` for the index, empty when no word is for it, and the others."""

    query: str
    literal: tuple[str, ...]
    words: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for."""
        return not self.words

    @property
    def only_unspaced(self) -> bool:
        """Whether a hit must be one of the messages with such script."""
        return any(_UNSPACED.search(word) for word in self.literal)


def question(text: str) -> Question:
    """What is asked for: every word of `text`, literally; the last one may be the beginning of a word."""
    words = tuple(dict.fromkeys(text.replace("\0", " ").split()))[:_MOST_WORDS]
    known = [word for word in words if _LETTER.search(word) and not _UNSPACED.search(word)]
    phrases = ['"' + word.replace('"', '""') + '"' for word in known]
    if known and known[-1] == words[-1] and _BEGINNING.search(known[-1]):
        phrases[-1] += "*"
    return Question(" ".join(phrases), tuple(word for word in words if word not in known), words)


def note_unspaced(db: Database, after: int, to: int) -> None:
    """Note which of the messages with these keys, (after, to], must be looked through; part of indexing them."""
    while True:
        rows = db.rows(
            "SELECT key, content FROM messages WHERE key > ? AND key <= ?"
            " AND length(content) < length(CAST(content AS BLOB)) ORDER BY key LIMIT ?",
            (after, to, _PAGE),
        )
        if not rows:
            return
        found = [(row["key"],) for row in rows if _UNSPACED.search(row["content"])]
        db.many("INSERT OR IGNORE INTO messages_unspaced VALUES (?)", found)
        after = rows[-1]["key"]


class Search:
    """Questions to one package."""

    def __init__(self, db: Database, looked_through: int = LOOKED_THROUGH) -> None:
        self._db = db
        self._looked_through = looked_through

    def find(self, text: str, skip: int = 0, limit: int = 50, before: int | None = None) -> Hits:
        """The messages that hold every word of `text` as they read now, from the `skip`-th on.

        `before` is `older` of an earlier answer.
        """
        asked = self._asked(text)
        unindexed = self._db.count(
            "SELECT count(*) FROM messages WHERE key > (SELECT CAST(value AS INTEGER) FROM facts WHERE name = ?)",
            ("indexed_to",),
        )
        if asked.is_empty:
            return Hits((), False, False, True, unindexed)
        edited = self._edited(asked) if before is None else []
        rows = edited[skip : skip + limit + 1]
        ranked = bool(asked.query) and self._is_rare(asked.query)
        span = self._span(before) if asked.literal and not ranked else _EVERYTHING
        if len(rows) <= limit:
            rows += self._original(asked, ranked, span, (limit + 1 - len(rows), max(0, skip - len(edited))))
        hits = tuple(_hit(row, asked) for row in rows[:limit])
        has_older = self._db.one("SELECT 1 FROM messages WHERE key < ? LIMIT 1", (span[0],)) is not None
        return Hits(
            hits, len(rows) > limit, bool(asked.literal), ranked, unindexed, older=span[0] if has_older else None
        )

    def _span(self, before: int | None) -> tuple[int, int]:
        """The keys of the messages to look through: from the first to before the second."""
        end = self._db.count("SELECT coalesce(max(key), 0) + 1 FROM messages") if before is None else before
        return max(0, end - self._looked_through), end

    def conversations(self, text: str) -> list[int]:
        """The keys of the conversations that hold every word of `text` in one message, or in the title."""
        asked = self._asked(text)
        rows = self._db.rows(
            f"SELECT conversation FROM message_edits WHERE {_all_held('content', asked.words)}"  # noqa: S608 - constants
            f" UNION SELECT key FROM conversations WHERE {_all_held('title', asked.words)}",
            tuple(map(_sought, asked.words)) * 2,
        )
        found = {row[0] for row in rows}
        if asked.query and not asked.literal and self._unedited() == "1":
            return sorted(found.union(self._holding(asked.query)))
        source, where, values = _messages(asked)
        sql = f"SELECT DISTINCT m.conversation FROM {source} WHERE {where} AND {self._unedited()}"  # noqa: S608
        return sorted(found.union(row[0] for row in self._db.rows(sql, values)))

    def _holding(self, query: str) -> Iterator[int]:
        """The conversations of all messages that the index finds.

        Without a look at the messages, which would read most of the file for a frequent word: those of a conversation
        are written together, so their keys follow each other.
        """
        sql = "SELECT json_group_array(rowid) FROM messages_index WHERE messages_index MATCH ?"
        hits: list[int] = sorted(json.loads(self._db.single(sql, (query,))[0]))
        spans = self._db.rows(
            "SELECT c.key, m.key, c.message_count FROM conversations c"
            " JOIN messages m ON m.conversation = c.key AND m.position = 0"
        )
        for conversation, first, count in spans:
            at = bisect_left(hits, first)
            if at < len(hits) and hits[at] < first + count:
                yield conversation

    def _unedited(self) -> str:
        """The condition that a message reads as it came. Mostly all of them do, and none needs to be looked up."""
        return f"NOT {_IS_EDITED}" if self._db.one("SELECT 1 FROM message_edits LIMIT 1") else "1"

    def _asked(self, text: str) -> Question:
        """The question; its last word is no beginning when it is a frequent word itself: gathering them takes long."""
        asked = question(text)
        whole = asked.query.removesuffix("*")
        return replace(asked, query=whole) if whole != asked.query and not self._is_rare(whole) else asked

    def _is_rare(self, query: str) -> bool:
        sql = "SELECT count(*) FROM (SELECT 1 FROM messages_index WHERE messages_index MATCH ? LIMIT ?)"
        return self._db.count(sql, (query, RANKED + 1)) <= RANKED

    def _original(self, asked: Question, ranked: bool, span: tuple[int, int], page: tuple[int, int]) -> list[Row]:
        source, where, values = _messages(asked)
        excerpt = f"snippet(messages_index, 0, '{_BEGIN}', '{_END}', '…', {_TOKENS})" if asked.query else "NULL"
        latest = "messages_index.rowid" if asked.query else "u.key" if asked.only_unspaced else "m.key"
        order = "bm25(messages_index)" if ranked else f"{latest} DESC"
        return self._db.rows(
            f"SELECT {_SHOWN}, m.content, {excerpt} AS excerpt FROM {source}"  # noqa: S608 - constants only
            f" JOIN conversations c ON c.key = m.conversation"
            # First, so that nothing is compared outside of it.
            f" WHERE {latest} >= ? AND {latest} < ? AND {where} AND {self._unedited()}"
            f" ORDER BY {order} LIMIT ? OFFSET ?",
            (*span, *values, *page),
        )

    def _edited(self, asked: Question) -> list[Row]:
        """Hits in what a person wrote: few, and not in the index."""
        return self._db.rows(
            f"SELECT {_SHOWN}, e.content, NULL AS excerpt FROM message_edits e"  # noqa: S608 - constants only
            # CROSS: the few edits first, however SQLite would have it.
            " CROSS JOIN messages m ON m.conversation = e.conversation AND m.id = e.message"
            f" JOIN conversations c ON c.key = m.conversation WHERE {_all_held('e.content', asked.words)}"
            " ORDER BY e.at DESC, m.key",
            tuple(map(_sought, asked.words)),
        )


_EVERYTHING = (0, (1 << 63) - 1)
_SHOWN = "c.id AS conversation, m.id AS message, c.title, c.platform, m.role, m.created_at, c.excluded"
_IS_EDITED = "EXISTS (SELECT 1 FROM message_edits e WHERE e.conversation = m.conversation AND e.message = m.id)"


def _messages(asked: Question) -> tuple[str, str, tuple[Value, ...]]:
    """FROM, WHERE and their values for the messages, as they came, that hold all that is asked for."""
    source, values = "messages m", tuple(map(_sought, asked.literal))
    where = _all_held("m.content", asked.literal)
    if asked.query:
        source = "messages_index JOIN messages m ON m.key = messages_index.rowid"
        return source, f"messages_index MATCH ? AND {where}", (asked.query, *values)
    if asked.only_unspaced:
        # CROSS: these few, and not all messages in the order that is asked for.
        source = "messages_unspaced u CROSS JOIN messages m ON m.key = u.key"
    return source, where, values


def _all_held(column: str, words: Sequence[str]) -> str:
    """The condition that a column holds all words, each of which is `_sought`."""
    # LIKE knows upper and lower case of ASCII; where there is none, replace finds the same and reads on faster.
    like, replaced = f"{column} LIKE ? ESCAPE '\\'", f"replace({column}, ?, '') <> {column}"
    return " AND ".join(like if _CASED.search(word) else replaced for word in words) or "1"


def _sought(word: str) -> str:
    """The value that goes with the word: for LIKE, the pattern of a text that holds it."""
    return "%" + re.sub(r"([\\%_])", r"\\\1", word) + "%" if _CASED.search(word) else word


def _hit(row: Row, asked: Question) -> Hit:
    excerpt, marks = _cut(row["content"], asked.words) if row["excerpt"] is None else _marked(row["excerpt"])
    return Hit(
        conversation=row["conversation"],
        message=row["message"],
        title=row["title"],
        platform=row["platform"],
        role=row["role"],
        created_at=row["created_at"],
        excluded=bool(row["excluded"]),
        excerpt=excerpt,
        marks=marks,
    )


def _marked(snippet: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """An excerpt of the index without its marks, and where they stood."""
    text, marks = "", []
    pieces = snippet.split(_BEGIN)
    for number, piece in enumerate(pieces):
        inside, mark, outside = piece.partition(_END)
        if number and mark:
            marks.append((len(text), len(text) + len(inside)))
        text += inside + outside
    return text, tuple(marks)


def _cut(content: str, words: Sequence[str]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The text around the first word that is found, and the places of all of them in it."""
    found = re.compile("|".join(map(re.escape, words)), re.IGNORECASE)
    first = found.search(content)
    at = first.start() if first else 0
    start, end = max(0, at - _AROUND), at + 2 * _AROUND
    text = ("…" if start else "") + content[start:end] + ("…" if end < len(content) else "")
    return text, tuple(match.span() for match in found.finditer(text))
