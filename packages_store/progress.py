"""How far each stage is: its status, its plan, its claims, and what was repaired.

Only the runner, the repair and the acts of a person write here. A change that belongs together is one transaction; the
runner opens an outer one around "results, their marks, and the next claims".
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from packages_store.model import (
    Claim,
    Interruption,
    ItemEnd,
    ItemState,
    LeftItem,
    Owner,
    Repair,
    StageCounts,
    StageName,
    StageState,
    StageStatus,
    WorkItem,
)
from packages_store.sqlite import Database, Row
from packages_store.times import Clock, iso
from packages_store.words import with_number

_FAILED = (ItemEnd.FAILED, ItemEnd.REJECTED, ItemEnd.POISONED)
_PROCESSED = (ItemEnd.DONE, ItemEnd.EMPTY, ItemEnd.SKIPPED)


@dataclass(frozen=True, slots=True)
class StageItems:
    """The ids of a stage's items: adopted ones that no item of ours answers to, processed ones, failed ones."""

    foreign: list[str]
    processed: list[str]
    failed: list[str]


@dataclass(frozen=True, slots=True)
class DueItem:
    """An item that would be done now. `before` is the fingerprint it was done with last, None when it never was."""

    item: WorkItem
    before: str | None = None
    attempts: int = 0
    interrupted: int = 0


class Progress:
    """The stage line and the items of one package."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    # --- reading -----------------------------------------------------------------------------------------------

    def stages(self) -> tuple[StageState, ...]:
        """All six stages, in order."""
        return tuple(_stage(row) for row in self._db.rows("SELECT * FROM stages ORDER BY position"))

    def stage(self, name: StageName) -> StageState:
        """One stage."""
        return _stage(self._db.single("SELECT * FROM stages WHERE name = ?", (name,)))

    def overview(self) -> dict[StageName, StageItems]:
        """The item ids of all stages at once, adopted ones included; see `processed_ids` and `failed_ids`."""
        found = {
            StageName(row["name"]): StageItems(
                json.loads(row["foreign_processed"]), [], json.loads(row["foreign_failed"])
            )
            for row in self._db.rows("SELECT name, foreign_processed, foreign_failed FROM stages ORDER BY position")
        }
        for name, item_id, end in self._db.rows('SELECT stage, id, "end" FROM items ORDER BY key'):
            if end in _PROCESSED:
                found[name].processed.append(item_id)
            elif end in _FAILED:
                found[name].failed.append(item_id)
        return found

    def counts(self, name: StageName) -> StageCounts:
        """How many items of a stage are processed, failed and left; adopted items included."""
        ends = {
            row["end"]: row["n"]
            for row in self._db.rows('SELECT "end", count(*) AS n FROM items WHERE stage = ? GROUP BY "end"', (name,))
        }
        foreign_processed, foreign_failed = self._foreign(name)
        return StageCounts(
            processed=sum(ends.get(end, 0) for end in _PROCESSED) + len(foreign_processed),
            failed=sum(ends.get(end, 0) for end in _FAILED) + len(foreign_failed),
            left=ends.get(None, 0) + ends.get(ItemEnd.CLAIMED, 0),
        )

    def processed_ids(self, name: StageName) -> list[str]:
        """The ids of all processed items, in the order in which they were adopted or planned."""
        return self._foreign(name)[0] + self._ids(name, _PROCESSED)

    def failed_ids(self, name: StageName) -> list[str]:
        """The ids of all failed and poisoned items."""
        return self._foreign(name)[1] + self._ids(name, _FAILED)

    def foreign_processed(self, name: StageName) -> list[str]:
        """The ids that an adopted checkpoint.json called processed and no item of ours answers to, word for word."""
        return self._foreign(name)[0]

    def _ids(self, name: StageName, ends: Sequence[ItemEnd]) -> list[str]:
        sql = 'SELECT id FROM items WHERE stage = ? AND "end" IN (SELECT value FROM json_each(?)) ORDER BY key'
        return [row["id"] for row in self._db.rows(sql, (name, json.dumps(ends)))]

    def _foreign(self, name: StageName) -> tuple[list[str], list[str]]:
        row = self._db.single("SELECT foreign_processed, foreign_failed FROM stages WHERE name = ?", (name,))
        return json.loads(row[0]), json.loads(row[1])

    def items(self, name: StageName, ends: Sequence[ItemEnd] = (), limit: int = 1000) -> list[ItemState]:
        """Items of a stage in order of the plan, all or those that ended in one of `ends`."""
        wanted = ends or tuple(ItemEnd)
        rows = self._db.rows(
            'SELECT * FROM items WHERE stage = ? AND "end" IN (SELECT value FROM json_each(?))'
            " ORDER BY position, key LIMIT ?",
            (name, json.dumps(wanted), limit),
        )
        return [_item(row) for row in rows]

    def repairs(self) -> list[Repair]:
        """Everything that was repaired, oldest first."""
        rows = self._db.rows(
            "SELECT at, subject, found, done, advice, owner, processed, failed, interrupted_items, times"
            " FROM repairs ORDER BY key"
        )
        return [Repair(**dict(row)) for row in rows]

    # --- asking for work ---------------------------------------------------------------------------------------

    def request(self, name: StageName) -> None:
        """Say that a stage may have something to do. One that a person aborted, or that failed, keeps waiting."""
        ended = (StageStatus.COMPLETED, StageStatus.COMPLETED_WITH_FAILURES)
        with self._db.transaction():
            self._db.execute("UPDATE stages SET requested = requested + 1 WHERE name = ?", (name,))
            self._db.execute(
                "UPDATE stages SET status = ?, reason = NULL WHERE name = ? AND status IN (?, ?)",
                (StageStatus.PENDING, name, *ended),
            )

    def resume(self, name: StageName) -> None:
        """Continue: an aborted stage, or one in error, becomes pending. Items keep how they ended."""
        self._db.execute(
            "UPDATE stages SET status = ?, interruption = NULL, reason = NULL, retry_at = NULL,"
            " requested = requested + 1 WHERE name = ? AND status IN (?, ?)",
            (StageStatus.PENDING, name, StageStatus.ABORTED, StageStatus.ERROR),
        )

    def retry(self, name: StageName, item_id: str | None = None) -> int:
        """Make failed and poisoned items of a stage (or the one named) left again; returns how many."""
        return self._reopen(name, item_id, None)

    def skip(self, name: StageName, item_id: str | None = None) -> int:
        """A person decides that failed items (or the one named) are not to be done; returns how many."""
        return self._reopen(name, item_id, ItemEnd.SKIPPED)

    def _reopen(self, name: StageName, item_id: str | None, end: ItemEnd | None) -> int:
        with self._db.transaction():
            changed = self._db.execute(
                'UPDATE items SET "end" = ?, interrupted = 0, reason = NULL WHERE stage = ?'
                ' AND "end" IN (SELECT value FROM json_each(?)) AND (? IS NULL OR id = ?)',
                (end, name, json.dumps(_FAILED), item_id, item_id),
            )
            if item_id is None:
                changed += len(self._foreign(name)[1])
                self._db.execute("UPDATE stages SET foreign_failed = '[]' WHERE name = ?", (name,))
            if changed:
                self.request(name)
                self.resume(name)
        return changed

    def redo(self, name: StageName, item_id: str) -> bool:
        """Let an item be done anew although nothing about it has changed; False when the stage knows none of this id.

        A stage that a person aborted goes on doing nothing, until they continue.
        """
        with self._db.transaction():
            changed = self._db.execute(
                'UPDATE items SET "end" = NULL, fingerprint = NULL, interrupted = 0, reason = NULL'
                " WHERE stage = ? AND id = ? AND coalesce(\"end\", '') <> 'claimed'",
                (name, item_id),
            )
            if changed:
                self.request(name)
        return bool(changed)

    def set_skipped(self, name: StageName, skipped: bool, reason: str | None = None) -> None:
        """Leave a whole stage out, or take it in again."""
        status = StageStatus.SKIPPED if skipped else StageStatus.PENDING
        self._db.execute(
            "UPDATE stages SET status = ?, interruption = NULL, retry_at = NULL, reason = ? WHERE name = ?",
            (status, reason, name),
        )

    def requested(self, name: StageName) -> int:
        """How often work was asked of a stage."""
        return self._db.count("SELECT requested FROM stages WHERE name = ?", (name,))

    # --- running -----------------------------------------------------------------------------------------------

    def begin(self, name: StageName, owner: Owner) -> int:
        """Mark a stage running, before it is planned, and return the generation of this run.

        The caller holds the in-memory lock.
        """
        now = iso(self._clock())
        with self._db.transaction():
            self._db.execute(
                "UPDATE stages SET status = ?, interruption = NULL, reason = NULL, retry_at = NULL,"
                " started_at = coalesce(started_at, ?), ended_at = NULL, planned = requested WHERE name = ?",
                (StageStatus.RUNNING, now, name),
            )
            return self._db.insert(
                "INSERT INTO runs (stage, boot_id, pid, start_ticks, instance, started_at) VALUES (?, ?, ?, ?, ?, ?)",
                (name, owner.boot_id, owner.pid, owner.start_ticks, owner.instance, now),
            )

    def plan(self, name: StageName, plan: Sequence[WorkItem]) -> list[LeftItem]:
        """Compare what there is with what is done, and return what is left in the order of the plan.

        Done with the same fingerprint stays done; changed is left again; failed stays failed until it changes or is
        retried; an unfinished item that is no longer there is forgotten. An adopted item has no fingerprint yet: one
        that is done is trusted and takes the present one, one that failed elsewhere is left.
        """
        known = {row["id"]: row for row in self._db.rows("SELECT * FROM items WHERE stage = ?", (name,))}
        with self._db.transaction():
            for position, item in enumerate(plan):
                row = known.pop(item.id, None)
                if row is None:
                    self._add(name, position, item)
                elif _differs(row, position, item):
                    self._update(row, position, item)
            self._db.execute("UPDATE stages SET foreign_failed = '[]' WHERE name = ?", (name,))
            gone = [(row["key"],) for row in known.values() if row["end"] not in _PROCESSED]
            self._db.many("DELETE FROM items WHERE key = ?", gone)
        return self._left(name)

    def keep_only(self, name: StageName, item_ids: Iterable[str]) -> None:
        """Forget all other items of a stage: what came of them has been taken back."""
        self._db.execute(
            "DELETE FROM items WHERE stage = ? AND id NOT IN (SELECT value FROM json_each(?))",
            (name, json.dumps(list(item_ids))),
        )

    def _add(self, name: StageName, position: int, item: WorkItem) -> None:
        self._db.execute(
            "INSERT INTO items (stage, id, position, label, planned_fingerprint) VALUES (?, ?, ?, ?, ?)",
            (name, item.id, position, item.label, item.fingerprint),
        )

    def _update(self, row: Row, position: int, item: WorkItem) -> None:
        reopened = _is_reopened(row, item)
        fingerprint = row["fingerprint"] or (item.fingerprint if row["end"] in _PROCESSED else None)
        self._db.execute(
            'UPDATE items SET position = ?, label = ?, planned_fingerprint = ?, fingerprint = ?, "end" = ?,'
            " interrupted = CASE WHEN ? THEN 0 ELSE interrupted END WHERE key = ?",
            (
                position,
                item.label,
                item.fingerprint,
                fingerprint,
                None if reopened else row["end"],
                reopened,
                row["key"],
            ),
        )

    def due(self, name: StageName, plan: Sequence[WorkItem]) -> list[DueItem]:
        """The items that `plan` would leave, in the order of the plan; changes nothing."""
        known = {row["id"]: row for row in self._db.rows("SELECT * FROM items WHERE stage = ?", (name,))}
        found = ((item, known.get(item.id)) for item in plan)
        return [
            DueItem(item) if row is None else DueItem(item, row["fingerprint"], row["attempts"], row["interrupted"])
            for item, row in found
            if row is None or row["end"] in (None, ItemEnd.CLAIMED) or _is_reopened(row, item)
        ]

    def all_made(self, name: StageName, by: str) -> bool:
        """Whether no item of a stage is left, and the fingerprints of all that are done end with `by`."""
        row = self._db.one(
            'SELECT 1 FROM items WHERE stage = ? AND ("end" IS NULL OR "end" = \'claimed\' OR'
            ' ("end" IN (SELECT value FROM json_each(?)) AND substr(fingerprint, -length(?)) IS NOT ?)) LIMIT 1',
            (name, json.dumps(_PROCESSED), by, by),
        )
        return row is None

    def _left(self, name: StageName) -> list[LeftItem]:
        rows = self._db.rows(
            "SELECT id, label, planned_fingerprint, interrupted FROM items"
            ' WHERE stage = ? AND "end" IS NULL ORDER BY interrupted > 0, position',
            (name,),
        )
        return [
            LeftItem(WorkItem(row["id"], row["label"] or "", row["planned_fingerprint"] or ""), row["interrupted"] > 0)
            for row in rows
        ]

    def claim(self, name: StageName, generation: int, items: Iterable[WorkItem]) -> list[Claim]:
        """Count an attempt for each item, durably, before any work on it starts."""
        claims = []
        for item in items:
            self._db.execute(
                "UPDATE items SET \"end\" = 'claimed', attempts = attempts + 1, generation = ?"
                ' WHERE stage = ? AND id = ? AND "end" IS NULL',
                (generation, name, item.id),
            )
            attempt = self._db.count("SELECT attempts FROM items WHERE stage = ? AND id = ?", (name, item.id))
            claims.append(Claim(name, item, attempt, generation))
        return claims

    def accept(self, claim: Claim, end: ItemEnd, reason: str | None = None) -> bool:
        """Mark a claimed item as ended. False when the claim is no longer current: the result is only noted (R-26)."""
        fingerprint = claim.item.fingerprint if end.processed else None
        changed = self._db.execute(
            'UPDATE items SET "end" = ?, reason = ?, interrupted = 0, fingerprint = coalesce(?, fingerprint)'
            " WHERE stage = ? AND id = ? AND generation = ? AND attempts = ? AND \"end\" = 'claimed'",
            (end, reason, fingerprint, claim.stage, claim.item.id, claim.generation, claim.attempt),
        )
        if not changed:
            self._db.execute(
                "INSERT INTO late_results VALUES (?, ?, ?, ?, ?)",
                (claim.stage, claim.item.id, claim.attempt, claim.generation, iso(self._clock())),
            )
        return bool(changed)

    def release(self, name: StageName) -> None:
        """Give back what was claimed and not done, as not attempted: nobody's fault, nothing to count."""
        self._db.execute(
            'UPDATE items SET "end" = NULL, attempts = attempts - 1 WHERE stage = ? AND "end" = \'claimed\'', (name,)
        )

    def end(
        self,
        name: StageName,
        generation: int,
        status: StageStatus,
        *,
        interruption: Interruption | None = None,
        reason: str | None = None,
        retry_at: str | None = None,
    ) -> StageStatus:
        """Record how a run ended and return what the stage now is.

        A stage that is done is `pending` again at once when more was asked of it meanwhile; otherwise the next stage is
        asked to look.
        """
        now = iso(self._clock())
        with self._db.transaction():
            self.release(name)
            row = self._db.single("SELECT position, requested > planned AS more FROM stages WHERE name = ?", (name,))
            if status.ended:
                for follower in self._db.rows("SELECT name FROM stages WHERE position = ?", (row["position"] + 1,)):
                    self.request(StageName(follower["name"]))
            if status.ended and row["more"]:
                status, reason = StageStatus.PENDING, None
            if status == StageStatus.PENDING:
                self._db.execute("UPDATE stages SET requested = max(requested, planned + 1) WHERE name = ?", (name,))
            self._db.execute(
                "UPDATE stages SET status = ?, interruption = ?, reason = ?, retry_at = ?, ended_at = ? WHERE name = ?",
                (status, interruption, reason, retry_at, now, name),
            )
            self._db.execute("UPDATE runs SET ended_at = ? WHERE generation = ?", (now, generation))
        return status

    # --- repairing ---------------------------------------------------------------------------------------------

    def stale(self) -> list[StageName]:
        """Stages that say they run, or have claimed items. Whoever asks knows that nothing runs."""
        rows = self._db.rows(
            "SELECT name FROM stages WHERE status = 'running' OR name IN"
            " (SELECT DISTINCT stage FROM items WHERE \"end\" = 'claimed') ORDER BY position"
        )
        return [StageName(row["name"]) for row in rows]

    def interrupt(self, name: StageName, poison_after: int) -> tuple[int, int, str | None]:
        """Make a stale stage `aborted`, interrupted by a crash; processed and failed items stay as they are.

        Items that were in flight are left again, or poisoned when that happened `poison_after` times. Returns how many
        were in flight, how many of them are poisoned now, and who held them.
        """
        now = iso(self._clock())
        owner = self._owner(name)
        times = with_number(poison_after, "time[|s]")
        evidence = f"interrupted {times} while it was worked on, last by {owner}"
        with self._db.transaction():
            in_flight = self._db.execute(
                'UPDATE items SET interrupted = interrupted + 1, "end" = CASE WHEN interrupted + 1 >= ? THEN ? END,'
                " reason = CASE WHEN interrupted + 1 >= ? THEN ? END WHERE stage = ? AND \"end\" = 'claimed'",
                (poison_after, ItemEnd.POISONED, poison_after, evidence, name),
            )
            poisoned = self._db.count(
                'SELECT count(*) FROM items WHERE stage = ? AND "end" = ? AND reason = ?',
                (name, ItemEnd.POISONED, evidence),
            )
            self._db.execute(
                "UPDATE stages SET status = ?, interruption = ?, reason = ?, ended_at = ?,"
                " interrupted_count = interrupted_count + 1 WHERE name = ? AND status = 'running'",
                (StageStatus.ABORTED, Interruption.CRASH, f"Interrupted: {owner} ended without finishing.", now, name),
            )
            self._db.execute("UPDATE runs SET ended_at = ? WHERE stage = ? AND ended_at IS NULL", (now, name))
        return in_flight, poisoned, owner

    def _owner(self, name: StageName) -> str:
        row = self._db.one("SELECT * FROM runs WHERE stage = ? ORDER BY generation DESC LIMIT 1", (name,))
        if row is None:
            return "an earlier program"
        return f"process {row['pid']} (started {row['started_at']}, run {row['generation']})"

    def note_repairs(self, repairs: Iterable[Repair]) -> None:
        """Leave records that people see (R-30)."""
        self._db.many(
            "INSERT INTO repairs (at, subject, found, done, advice, owner, processed, failed, interrupted_items, times)"
            " VALUES (:at, :subject, :found, :done, :advice, :owner, :processed, :failed, :interrupted_items, :times)",
            [asdict(repair) for repair in repairs],
        )

    # --- adopting ----------------------------------------------------------------------------------------------

    def create(self) -> None:
        """The six rows of a new package. Nothing is asked of any stage yet."""
        self._db.many(
            "INSERT INTO stages (position, name, status, requested) VALUES (?, ?, ?, 0)",
            [(position, name, StageStatus.PENDING) for position, name in enumerate(StageName)],
        )

    def adopt(
        self,
        name: StageName,
        status: StageStatus,
        interruption: Interruption | None,
        processed: Sequence[str],
        failed: Sequence[str],
    ) -> None:
        """Take over what another program's checkpoint says of a stage."""
        self._db.execute(
            "UPDATE stages SET status = ?, interruption = ?, requested = 1, planned = ? WHERE name = ?",
            (status, interruption, int(status.ended), name),
        )
        if name in (StageName.CONVERT, StageName.GRAPH):
            # Its items are conversations or memory files there, and files or batches here: kept word for word.
            self._db.execute(
                "UPDATE stages SET foreign_processed = ?, foreign_failed = ? WHERE name = ?",
                (json.dumps(list(processed)), json.dumps(list(failed)), name),
            )
            return
        ends = dict.fromkeys(processed, ItemEnd.DONE)
        ends |= {item_id: ItemEnd.FAILED for item_id in failed if item_id not in ends}
        self._db.many(
            'INSERT INTO items (stage, id, position, "end", reason) VALUES (?, ?, ?, ?, ?)',
            [
                (name, item_id, position, end, "failed in Entity Loom" if end == ItemEnd.FAILED else None)
                for position, (item_id, end) in enumerate(ends.items())
            ],
        )

    def adopt_done(self, name: StageName, item_ids: Sequence[str]) -> None:
        """Take over items as done that another program did; items known already stay as they are."""
        self._db.many(
            "INSERT OR IGNORE INTO items (stage, id, position, \"end\") VALUES (?, ?, ?, 'done')",
            [(name, item_id, position) for position, item_id in enumerate(item_ids)],
        )


def _is_reopened(row: Row, item: WorkItem) -> bool:
    """Whether an item that has ended is left again, because what it depends on has changed."""
    if row["end"] in _PROCESSED:
        return row["fingerprint"] not in (None, item.fingerprint)
    return row["end"] is not None and row["planned_fingerprint"] != item.fingerprint


def _differs(row: Row, position: int, item: WorkItem) -> bool:
    return (
        row["position"] != position
        or row["label"] != item.label
        or row["planned_fingerprint"] != item.fingerprint
        or (row["fingerprint"] != item.fingerprint and row["end"] in _PROCESSED)
    )


def _stage(row: Row) -> StageState:
    return StageState(
        name=StageName(row["name"]),
        status=StageStatus(row["status"]),
        interruption=Interruption(row["interruption"]) if row["interruption"] else None,
        reason=row["reason"],
        interrupted_count=row["interrupted_count"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        retry_at=row["retry_at"],
        wanted=row["requested"] > row["planned"],
    )


def _item(row: Row) -> ItemState:
    return ItemState(
        stage=StageName(row["stage"]),
        id=row["id"],
        end=ItemEnd(row["end"]),
        attempts=row["attempts"],
        interrupted=row["interrupted"],
        fingerprint=row["fingerprint"],
        reason=row["reason"],
        label=row["label"],
    )
