"""What happened in a package and when: runs of stages and arrivals of files, read from the ledger."""

from dataclasses import dataclass

from packages_store.model import StageName
from packages_store.sqlite import Database


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run of a stage; `ended_at` is None while it runs. Times are ISO-8601, UTC."""

    stage: StageName
    started_at: str
    ended_at: str | None


@dataclass(frozen=True, slots=True)
class Pace:
    """How far the last run of a stage has come: since when, and how many items have ended in it."""

    started_at: str
    ended_items: int


def runs(ledger: Database, limit: int) -> list[RunRecord]:
    """The last runs, latest first."""
    rows = ledger.rows("SELECT stage, started_at, ended_at FROM runs ORDER BY generation DESC LIMIT ?", (limit,))
    return [RunRecord(StageName(row["stage"]), row["started_at"], row["ended_at"]) for row in rows]


def last_activity(ledger: Database) -> str | None:
    """When something was last handed in or worked on; None when nothing ever was."""
    row = ledger.single(
        "SELECT max(at) AS at FROM (SELECT max(arrived_at) AS at FROM uploads"
        " UNION ALL SELECT max(coalesce(ended_at, started_at)) FROM runs)"
    )
    return None if row["at"] is None else str(row["at"])


def pace(ledger: Database, stage: StageName) -> Pace | None:
    """How fast a stage goes in its last run; None when it never ran."""
    sql = "SELECT generation, started_at FROM runs WHERE stage = ? ORDER BY generation DESC LIMIT 1"
    run = ledger.one(sql, (stage,))
    if run is None:
        return None
    ended = ledger.count(
        "SELECT count(*) FROM items WHERE stage = ? AND generation = ? AND coalesce(\"end\", 'claimed') <> 'claimed'",
        (stage, run["generation"]),
    )
    return Pace(run["started_at"], ended)


def refused(ledger: Database) -> int:
    """How many files were handed in that could not be imported."""
    return ledger.count("SELECT count(*) FROM uploads WHERE outcome IN ('failed', 'unsupported')")
