"""convert: read every conversation of a file into the staging area. An item is a file inside an upload.

Conversations are staged in batches while the file is read, so that memory stays bounded and other work on the package
is not held up; the item is done when its account is stored. Reading a file again stages nothing twice.
"""

from collections.abc import Iterator, Sequence

from packages_store.errors import ItemFailed, LoomError, SourceBroken
from packages_store.model import Conversation, Source, StageName, Upload, UploadOutcome, WorkItem
from packages_store.package import Package
from packages_store.staging import Staged
from packages_store.words import with_number
from stages.account import Account
from stages.contract import Finished, StageContext, breathe, fingerprint, off_loop
from stages.parsers.contract import PARSERS_VERSION, Broken, ReadContext, Record

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
                fingerprint(
                    PARSERS_VERSION,
                    source.parser,
                    source.variant,
                    config.time_zone,
                    config.gap_minutes,
                    config.user_name,
                ),
            )
            for source in context.package.uploads.sources()
        ]

    async def process(self, context: StageContext, item: WorkItem) -> Finished[Account]:
        return await off_loop(self._read, context, item)

    def _read(self, stage: StageContext, item: WorkItem) -> Finished[Account]:
        package = stage.package
        # Here for the same reason as in upload.py.
        from stages.parsers.choose import read

        source = package.uploads.source(item.id)
        upload = package.uploads.get(source.upload_id) if source else None
        if source is None or upload is None:
            raise ItemFailed(f"{item.label} is no longer in the ledger.")
        config = package.config
        context = ReadContext(config.zone, config.gap_minutes, config.user_name)
        account = Account()
        batch: list[Conversation] = []
        characters = 0
        try:
            path = package.uploads.copy_of(upload)
            records = read(
                path, source.member, source.parser, source.variant, context, name=upload.name, parsers=stage.parsers
            )
            for record in _named(records, upload, source):
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
        for result in results:
            context.package.uploads.set_report(result.item.id, result.value.report(), result.value.staged)
            _settle(context.package, result.item)

    def store_failure(self, context: StageContext, item: WorkItem, reason: str) -> None:
        _settle(context.package, item)

    def publish(self, context: StageContext, results: Sequence[Finished[Account]]) -> None:
        pass

    def finish(self, context: StageContext) -> None:
        pass


def _named(records: Iterator[Record], upload: Upload, source: Source) -> Iterator[Record]:
    """The records; a fault of the parser, which may be somebody else's, fails this file and tells which it is."""
    try:
        yield from records
    except (OSError, LoomError):
        raise
    except Exception as error:
        where = f"{upload.name}: {source.member}" if source.member else upload.name
        what = f"{type(error).__name__}: {error}"
        raise ItemFailed(f"The parser {source.parser} failed on {where} ({what}).", "Please report it.") from error


def _settle(package: Package, item: WorkItem) -> None:
    """Name what became of the upload in which a file lies, from what is known of all files in it by now."""
    source = package.uploads.source(item.id)
    if source is None:
        return
    so_far = package.uploads.so_far(source.upload_id)
    reasons = list(so_far.failures[:1])
    if len(so_far.failures) > 1:
        reasons.append(with_number(len(so_far.failures) - 1, "more file[|s] failed"))
    if so_far.broken:
        broken = with_number(so_far.broken, "record[|s] could not be read[|, the first]")
        reasons.append(f"{broken}: {so_far.first_broken}")
    outcome = _outcome(so_far.staged, failed=bool(so_far.failures))
    if outcome == UploadOutcome.DUPLICATE:
        reasons.append("every conversation in it was here already")
    if outcome == UploadOutcome.OLDER_SNAPSHOT:
        reasons.append("the package holds longer versions of these conversations")
    if outcome == UploadOutcome.UNSUPPORTED:
        reasons.append("it was recognised and holds no conversation")
    package.uploads.set_outcome(source.upload_id, outcome, "; ".join(reasons) or None, None)


def _outcome(total: Staged, *, failed: bool) -> UploadOutcome:
    if total.new:
        return UploadOutcome.IMPORTED
    if total.updated:
        return UploadOutcome.UPDATED
    if failed:
        return UploadOutcome.FAILED
    if total.older:
        return UploadOutcome.OLDER_SNAPSHOT
    return UploadOutcome.DUPLICATE if total.unchanged else UploadOutcome.UNSUPPORTED
