"""convert: read every conversation of a file into the staging area. An item is a file inside an upload.

Conversations are staged in batches while the file is read, so that memory stays bounded and other work on the package
is not held up; the item is done when its account is stored. Reading a file again stages nothing twice.
"""

from collections.abc import Sequence

from packages_store.errors import ItemFailed, SourceBroken
from packages_store.model import Conversation, Source, StageName, UploadOutcome, WorkItem
from packages_store.package import Package
from packages_store.staging import Staged
from stages.account import Account
from stages.contract import Finished, StageContext, breathe, fingerprint, off_loop
from stages.parsers.contract import PARSERS_VERSION, Broken, ReadContext

_BATCH_CHARACTERS = 4_000_000


class ConvertStage:
    """Reads files with the parser that claimed them."""

    name = StageName.CONVERT

    def concurrency(self, context: StageContext) -> int:
        # One file at a time: with several, which of them brings a shared conversation first would be chance.
        return 1

    def plan(self, context: StageContext) -> Sequence[WorkItem]:
        config = context.package.config
        return [
            WorkItem(
                source.id,
                source.member or "the file itself",
                fingerprint(PARSERS_VERSION, source.parser, source.variant, config.time_zone, config.gap_minutes),
            )
            for source in context.package.uploads.sources()
        ]

    async def process(self, context: StageContext, item: WorkItem) -> Finished[Account]:
        return await off_loop(self._read, context.package, item)

    def _read(self, package: Package, item: WorkItem) -> Finished[Account]:
        # Here for the same reason as in upload.py.
        from stages.parsers.choose import read

        source = package.uploads.source(item.id)
        upload = package.uploads.get(source.upload_id) if source else None
        if source is None or upload is None:
            raise ItemFailed(f"{item.label} is no longer in the ledger.")
        config = package.config
        context = ReadContext(config.zone, config.gap_minutes)
        account = Account()
        batch: list[Conversation] = []
        characters = 0
        try:
            path = package.uploads.copy_of(upload)
            for record in read(path, source.member, source.parser, source.variant, context):
                breathe()
                account.count(record)
                if not isinstance(record, Conversation):
                    continue
                batch.append(record)
                characters += sum(len(message.content) for message in record.messages)
                if characters > _BATCH_CHARACTERS:
                    account.staged += package.staging.add(source.id, batch)
                    batch, characters = [], 0
        except FileNotFoundError as error:
            raise ItemFailed(f"The private copy of {upload.name} is gone.", "Drop the file in again.") from error
        except SourceBroken as error:
            account.count(Broken(error.position, str(error)))
        account.staged += package.staging.add(source.id, batch)
        return self._judge(item, source, account)

    def _judge(self, item: WorkItem, source: Source, account: Account) -> Finished[Account]:
        if account.conversations:
            return Finished(item, account)
        if account.broken:
            raise ItemFailed(f"Nothing in it could be read as {source.platform}: {account.broken[0]}")
        return Finished(item, account, empty=f"it looks like {source.platform} and holds no conversation")

    def store(self, context: StageContext, results: Sequence[Finished[Account]]) -> None:
        uploads = context.package.uploads
        for result in results:
            uploads.set_report(result.item.id, result.value.report(), result.value.staged)
            self._settle(context.package, result.item, None)

    def store_failure(self, context: StageContext, item: WorkItem, reason: str) -> None:
        self._settle(context.package, item, reason)

    def _settle(self, package: Package, item: WorkItem, failure: str | None) -> None:
        source = package.uploads.source(item.id)
        if source is not None:
            settle_outcome(package, source.upload_id, failure)

    def publish(self, context: StageContext, results: Sequence[Finished[Account]]) -> None:
        pass

    def finish(self, context: StageContext) -> None:
        pass


def settle_outcome(package: Package, upload_id: str, failure: str | None = None) -> None:
    """Name what became of an upload, from the accounts of the files in it that have been read so far."""
    reports = package.uploads.reports(upload_id)
    total = sum((staged for _source, _report, staged in reports), Staged())
    broken = [sentence for _source, report, _staged in reports for sentence in report.broken]
    reasons = [failure] if failure else []
    if broken:
        reasons.append(f"{len(broken)} records could not be read, the first: {broken[0]}")
    outcome = _outcome(total, failure)
    if outcome == UploadOutcome.DUPLICATE:
        reasons.append("every conversation in it was here already")
    if outcome == UploadOutcome.OLDER_SNAPSHOT:
        reasons.append("the package holds longer versions of these conversations")
    if outcome == UploadOutcome.UNSUPPORTED:
        reasons.append("it was recognised and holds no conversation")
    package.uploads.set_outcome(upload_id, outcome, "; ".join(reasons) or None, None)


def _outcome(total: Staged, failure: str | None) -> UploadOutcome:
    if total.new:
        return UploadOutcome.IMPORTED
    if total.updated:
        return UploadOutcome.UPDATED
    if failure is not None:
        return UploadOutcome.FAILED
    if total.older:
        return UploadOutcome.OLDER_SNAPSHOT
    return UploadOutcome.DUPLICATE if total.unchanged else UploadOutcome.UNSUPPORTED
