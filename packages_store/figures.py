"""The figures of one package, as its ledger holds them now: for the metrics, which carry counts and no names."""

from dataclasses import dataclass
from decimal import Decimal

from packages_store.model import StageName, UploadOutcome
from packages_store.package import Package
from packages_store.times import parse_iso

_FILES = frozenset({"ledger.db", "checkpoint.json", "config.json", "chats.db", "graph.db"})


@dataclass(frozen=True, slots=True)
class Figures:
    """What one package comes to. Durations are in seconds, money in US dollars."""

    items: dict[tuple[str, str], int]
    """(stage, outcome) -> items; those that wait or are being worked on are `left`."""
    runs: dict[str, tuple[int, float]]
    """Stage -> how many of its runs have ended, and how long they took together."""
    tokens: dict[str, int]
    cost: Decimal
    repairs: dict[str, int]
    """Reason -> repairs: `interrupted_stage`, or `damaged_` and the file it was about."""
    waits_since: float | None
    """Epoch seconds at which the oldest file arrived that is not imported yet."""


def figures_of(package: Package) -> Figures:
    """Count everything, at one moment."""
    with package.ledger.unchanging():
        return Figures(
            items=_items(package),
            runs=_runs(package),
            tokens=_tokens(package),
            cost=sum((spent.cost for spent in package.journal.spent()), Decimal(0)),
            repairs=_repairs(package),
            waits_since=_waits_since(package),
        )


def _items(package: Package) -> dict[tuple[str, str], int]:
    sql = (
        "SELECT stage, coalesce(nullif(\"end\", 'claimed'), 'left') AS outcome, count(*) AS n FROM items GROUP BY 1, 2"
    )
    return {(row["stage"], row["outcome"]): row["n"] for row in package.ledger.rows(sql)}


def _runs(package: Package) -> dict[str, tuple[int, float]]:
    runs: dict[str, tuple[int, float]] = {}
    for row in package.ledger.rows("SELECT stage, started_at, ended_at FROM runs WHERE ended_at IS NOT NULL"):
        count, seconds = runs.get(row["stage"], (0, 0.0))
        took = (parse_iso(row["ended_at"]) - parse_iso(row["started_at"])).total_seconds()
        # The clock may have been set back between the two.
        runs[row["stage"]] = (count + 1, seconds + max(0.0, took))
    return runs


def _tokens(package: Package) -> dict[str, int]:
    sql = (
        "SELECT coalesce(sum(input_tokens), 0) AS input, coalesce(sum(output_tokens), 0) AS output,"
        " coalesce(sum(cached_tokens), 0) AS cached, coalesce(sum(reasoning_tokens), 0) AS reasoning FROM answers"
    )
    return dict(package.ledger.single(sql))


def _repairs(package: Package) -> dict[str, int]:
    repairs: dict[str, int] = {}
    for row in package.ledger.rows("SELECT subject, count(*) AS n FROM repairs GROUP BY subject"):
        reason = _reason(row["subject"])
        repairs[reason] = repairs.get(reason, 0) + row["n"]
    return repairs


def _reason(subject: str) -> str:
    if subject in set(StageName):
        return "interrupted_stage"
    return f"damaged_{subject.partition('.')[0]}" if subject in _FILES else "other"


def _waits_since(package: Package) -> float | None:
    row = package.ledger.one(
        "SELECT min(arrived_at) AS first FROM uploads WHERE outcome = ?", (UploadOutcome.RECEIVED.value,)
    )
    return parse_iso(row["first"]).timestamp() if row is not None and row["first"] is not None else None
