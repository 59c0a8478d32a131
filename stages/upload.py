"""upload: find out what a dropped file is and which files inside it hold chats. An item is an upload."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from packages_store.errors import ItemFailed, SourceBroken, Unrecognised
from packages_store.files import sha256_of
from packages_store.model import Source, StageName, Upload, UploadOutcome, WorkItem
from stages.contract import Finished, StageContext, breathe, fingerprint, off_loop
from stages.parsers.contract import PARSERS_VERSION


@dataclass(frozen=True, slots=True)
class Contents:
    """What is inside one upload: files with chats, others with why they are not read, and names of missing ones."""

    sources: tuple[Source, ...]
    ignored: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()


class UploadStage:
    """Recognises uploads by their content."""

    name = StageName.UPLOAD

    def concurrency(self, context: StageContext) -> int:
        return 4

    def plan(self, context: StageContext) -> Sequence[WorkItem]:
        return [
            WorkItem(upload.id, upload.name, fingerprint(upload.sha256, PARSERS_VERSION))
            for upload in context.package.uploads.all()
            if upload.outcome != UploadOutcome.DUPLICATE
        ]

    async def process(self, context: StageContext, item: WorkItem) -> Finished[Contents]:
        upload = context.package.uploads.get(item.id)
        if upload is None:
            raise ItemFailed(f"{item.label} is no longer in the ledger.")
        return await off_loop(self._look_into, context, upload, item)

    def _look_into(self, context: StageContext, upload: Upload, item: WorkItem) -> Finished[Contents]:
        # Here, because the parsers take a quarter of a second to import, for which the daemon's start need not wait.
        from stages.parsers.choose import inspect

        path = context.package.uploads.copy_of(upload)
        try:
            if sha256_of(path) != upload.sha256:
                raise ItemFailed(f"The private copy of {upload.name} was changed.", "Drop the file in again.")
            inspection = inspect(path, upload.name, parsers=context.parsers, breathe=breathe)
        except FileNotFoundError as error:
            raise ItemFailed(f"The private copy of {upload.name} is gone.", "Drop the file in again.") from error
        except Unrecognised as reason:
            return Finished(item, Contents(()), empty=str(reason))
        except SourceBroken as error:
            raise ItemFailed(str(error)) from error
        sources = tuple(
            Source(
                id=f"{upload.id}.{hashlib.sha256((found.member or '').encode()).hexdigest()[:8]}",
                upload_id=upload.id,
                member=found.member,
                platform=found.platform,
                parser=found.parser,
                variant=found.variant,
                size=found.size,
            )
            for found in inspection.found
        )
        return Finished(item, Contents(sources, inspection.ignored, inspection.missing))

    def store(self, context: StageContext, results: Sequence[Finished[Contents]]) -> None:
        uploads = context.package.uploads
        for result in results:
            contents = result.value
            uploads.set_sources(result.item.id, list(contents.sources))
            uploads.set_contents(result.item.id, contents.ignored, contents.missing)
            if contents.sources:
                platforms = sorted({source.platform for source in contents.sources})
                uploads.set_outcome(result.item.id, UploadOutcome.RECEIVED, None, ", ".join(platforms))
            else:
                uploads.set_outcome(result.item.id, UploadOutcome.UNSUPPORTED, result.empty, None)

    def store_failure(self, context: StageContext, item: WorkItem, reason: str) -> None:
        context.package.uploads.set_outcome(item.id, UploadOutcome.FAILED, reason, None)

    def publish(self, context: StageContext, results: Sequence[Finished[Contents]]) -> None:
        pass

    def finish(self, context: StageContext) -> None:
        pass
