"""How much was said when: for the calendar of a package."""

import hashlib

from packages_store.sqlite import Database


def said_by_quarter(ledger: Database) -> list[tuple[str, int]]:
    """Each quarter of an hour (UTC, `YYYY-MM-DDTHH:MM:00.000Z`) in which something was said, and how many messages.

    No zone is off by less than a quarter of an hour, so days of any zone can be added up from these. Conversations that
    were left out do not count.
    """
    rows = ledger.rows(
        "SELECT substr(m.created_at, 1, 14) || (CAST(substr(m.created_at, 15, 2) AS INTEGER) / 15) AS quarter, count(*)"
        " FROM messages m JOIN conversations c ON c.key = m.conversation WHERE NOT c.excluded GROUP BY quarter"
    )
    return [(f"{row[0][:14]}{15 * int(row[0][14:]):02}:00.000Z", row[1]) for row in rows]


def state_of_days(ledger: Database) -> str:
    """Another text whenever `said_by_quarter` could answer otherwise. Asking costs a hundredth of it."""
    row = ledger.one(
        "SELECT group_concat(key || ' ' || revision || ' ' || content_hash || ' ' || excluded) FROM conversations"
    )
    return hashlib.blake2b(str(row and row[0]).encode(), digest_size=16).hexdigest()
