"""What was handed in: one row per arrival, one private copy per content, and the files found inside."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packages_store.files import Copied, Disk
from packages_store.model import Source, SourceReport, StageName, Upload, UploadOutcome
from packages_store.paths import PackagePaths
from packages_store.sqlite import Database, Row
from packages_store.staging import Staged
from packages_store.times import Clock, iso


@dataclass(frozen=True, slots=True)
class SoFar:
    """What the files inside an upload have come to: what was new of them, why some failed, what could not be read."""

    staged: Staged
    failures: tuple[str, ...]
    broken: int
    """Records; of more than are named in an account only the sentence that counts them."""
    first_broken: str | None


class Uploads:
    """The uploads of one package."""

    def __init__(self, db: Database, paths: PackagePaths, disk: Disk, clock: Clock) -> None:
        self._db = db
        self._paths = paths
        self._disk = disk
        self._clock = clock

    def copy_of(self, upload: Upload) -> Path:
        """Where the private copy of an upload's bytes lies."""
        return self._paths.uploads / upload.sha256

    def register(self, copied: Copied, name: str, origin: str, identity: str | None = None) -> Upload:
        """Record an arrival whose bytes already lie in uploads/. Equal bytes that arrived before make it a duplicate.

        A new one asks `upload` for work in the same transaction. An earlier arrival that failed is no reason to refuse
        the bytes: they are tried again under the new arrival.
        """
        with self._db.transaction():
            number = self._db.count("SELECT coalesce(max(key), 0) + 1 FROM uploads")
            earlier = self._db.one(
                "SELECT id, name FROM uploads WHERE sha256 = ? AND outcome NOT IN (?, ?) ORDER BY key LIMIT 1",
                (copied.sha256, UploadOutcome.DUPLICATE, UploadOutcome.FAILED),
            )
            upload_id = f"{number}-{copied.sha256[:12]}"
            outcome = UploadOutcome.RECEIVED if earlier is None else UploadOutcome.DUPLICATE
            reason = None if earlier is None else f"the same bytes as {earlier['name']}"
            self._db.execute(
                "INSERT INTO uploads"
                " (id, name, sha256, size, origin, identity, arrived_at, outcome, reason, duplicate_of)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    upload_id,
                    name,
                    copied.sha256,
                    copied.size,
                    origin,
                    identity,
                    iso(self._clock()),
                    outcome,
                    reason,
                    None if earlier is None else earlier["id"],
                ),
            )
            if earlier is None:
                self._request_upload()
        return _upload(self._db.single(f"{_SELECT} WHERE uploads.id = ? GROUP BY uploads.key", (upload_id,)))

    def _request_upload(self) -> None:
        self._db.execute(
            "UPDATE stages SET requested = requested + 1,"
            " status = CASE WHEN status IN ('completed', 'completed_with_failures') THEN 'pending' ELSE status END"
            " WHERE name = ?",
            (StageName.UPLOAD,),
        )

    def get(self, upload_id: str) -> Upload | None:
        """One upload, or None."""
        row = self._db.one(f"{_SELECT} WHERE uploads.id = ? GROUP BY uploads.key", (upload_id,))
        return None if row is None else _upload(row)

    def all(self) -> list[Upload]:
        """Every arrival, oldest first."""
        return [_upload(row) for row in self._db.rows(f"{_SELECT} GROUP BY uploads.key ORDER BY uploads.key")]

    def seen(self, origin: str, identity: str) -> Upload | None:
        """The arrival that took exactly this file of the drop folder, or None."""
        row = self._db.one(
            f"{_SELECT} WHERE origin = ? AND identity = ? GROUP BY uploads.key ORDER BY uploads.key DESC LIMIT 1",
            (origin, identity),
        )
        return None if row is None else _upload(row)

    def taken(self) -> dict[tuple[str, str], tuple[str, UploadOutcome]]:
        """Every file of the drop folder taken so far: (origin, identity) -> upload id and outcome."""
        rows = self._db.rows(
            "SELECT origin, identity, id, outcome FROM uploads WHERE identity IS NOT NULL ORDER BY key"
        )
        return {(row[0], row[1]): (row[2], UploadOutcome(row[3])) for row in rows}

    def set_outcome(self, upload_id: str, outcome: UploadOutcome, reason: str | None, platform: str | None) -> None:
        """Name what became of an upload."""
        self._db.execute(
            "UPDATE uploads SET outcome = ?, reason = ?, platform = coalesce(?, platform) WHERE id = ?",
            (outcome, reason, platform, upload_id),
        )

    def set_contents(self, upload_id: str, ignored: Sequence[tuple[str, str]], missing: Sequence[str]) -> None:
        """Files inside an upload that hold no chats, each with the reason, and names of those that should be there."""
        self._db.execute(
            "UPDATE uploads SET ignored = ?, missing = ? WHERE id = ?",
            (json.dumps(list(ignored)), json.dumps(list(missing)), upload_id),
        )

    def ignored(self, upload_id: str) -> list[tuple[str, str]]:
        """Files inside an upload that hold no chats, each with the reason."""
        row = self._db.one("SELECT ignored FROM uploads WHERE id = ?", (upload_id,))
        return [] if row is None else [(member, reason) for member, reason in json.loads(row[0])]

    # --- files inside --------------------------------------------------------------------------------------------

    def set_sources(self, upload_id: str, sources: list[Source]) -> None:
        """Record the files inside an upload; those known already keep their account."""
        self._db.many(
            "INSERT INTO sources (id, upload_id, member, platform, parser, variant, size) VALUES (?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET platform = excluded.platform, parser = excluded.parser,"
            " variant = excluded.variant",
            [(s.id, upload_id, s.member, s.platform, s.parser, s.variant, s.size) for s in sources],
        )

    def sources(self, upload_id: str | None = None) -> list[Source]:
        """The files inside one upload, or inside all of them, in order of arrival."""
        rows = self._db.rows(
            "SELECT * FROM sources WHERE ? IS NULL OR upload_id = ? ORDER BY key", (upload_id, upload_id)
        )
        return [_source(row) for row in rows]

    def source(self, source_id: str) -> Source | None:
        """One source, or None."""
        row = self._db.one("SELECT * FROM sources WHERE id = ?", (source_id,))
        return None if row is None else _source(row)

    def set_report(self, source_id: str, report: SourceReport, staged: Staged) -> None:
        """The account of one source: what was found, and what of it the package did not have."""
        text = json.dumps(
            {
                "records": report.records,
                "conversations": report.conversations,
                "messages": report.messages,
                "empty": report.empty,
                "skipped": report.skipped,
                "broken": list(report.broken),
                "notes": list(report.notes),
            },
            ensure_ascii=False,
        )
        self._db.execute(
            "UPDATE sources SET report = ?, new = ?, updated = ?, unchanged = ?, older = ? WHERE id = ?",
            (text, staged.new, staged.updated, staged.unchanged, staged.older, source_id),
        )

    def so_far(self, upload_id: str) -> "SoFar":
        """What is known by now of all files inside an upload, added up in the database: there may be thousands."""
        row = self._db.single(
            "SELECT coalesce(sum(new), 0), coalesce(sum(updated), 0), coalesce(sum(unchanged), 0),"
            " coalesce(sum(older), 0), coalesce(sum(json_array_length(report, '$.broken')), 0),"
            " min(json_extract(report, '$.broken[0]')) FROM sources WHERE upload_id = ? AND report IS NOT NULL",
            (upload_id,),
        )
        failures = self._db.rows(
            "SELECT items.reason FROM sources JOIN items ON items.stage = 'convert' AND items.id = sources.id"
            " WHERE sources.upload_id = ? AND items.\"end\" IN ('failed', 'failed_final', 'poisoned')"
            " ORDER BY sources.key",
            (upload_id,),
        )
        return SoFar(Staged(*row[:4]), tuple(failure[0] for failure in failures), row[4], row[5])

    def reports(self, upload_id: str) -> list[tuple[Source, SourceReport, Staged]]:
        """The accounts of the converted files inside an upload: each file, what was found, what was new of it."""
        rows = self._db.rows(
            "SELECT * FROM sources WHERE upload_id = ? AND report IS NOT NULL ORDER BY key", (upload_id,)
        )
        return [(_source(row), _report(row["report"]), _staged(row)) for row in rows]


_SELECT = """
SELECT uploads.*, coalesce(sum(json_extract(report, '$.conversations')), 0) AS conversations,
    coalesce(sum(json_extract(report, '$.messages')), 0) AS messages,
    coalesce(sum(json_extract(report, '$.records') - json_extract(report, '$.conversations')), 0) AS skipped
FROM uploads LEFT JOIN sources ON sources.upload_id = uploads.id"""


def _upload(row: Row) -> Upload:
    return Upload(
        id=row["id"],
        name=row["name"],
        sha256=row["sha256"],
        size=row["size"],
        origin=row["origin"],
        arrived_at=row["arrived_at"],
        outcome=UploadOutcome(row["outcome"]),
        reason=row["reason"],
        duplicate_of=row["duplicate_of"],
        platform=row["platform"],
        conversations=row["conversations"],
        messages=row["messages"],
        skipped=row["skipped"],
        missing=tuple(json.loads(row["missing"])),
    )


def _source(row: Row) -> Source:
    return Source(
        id=row["id"],
        upload_id=row["upload_id"],
        member=row["member"],
        platform=row["platform"],
        parser=row["parser"],
        variant=row["variant"],
        size=row["size"],
    )


def _staged(row: Row) -> Staged:
    return Staged(row["new"], row["updated"], row["unchanged"], row["older"])


def _report(text: str) -> SourceReport:
    data = json.loads(text)
    return SourceReport(**data | {"broken": tuple(data["broken"]), "notes": tuple(data["notes"])})
