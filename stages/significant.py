"""significant: the moments of a conversation worth keeping. An item is a conversation."""

from collections.abc import Sequence

from packages_store.errors import ItemFailed
from packages_store.memories import significant_body, significant_file_name
from packages_store.model import Conversation, Memory, StageName, WorkItem
from stages.contract import Finished, MemoryDraft, StageContext, fingerprint, off_loop


class SignificantStage:
    """Asks the extractor for significant memories, and files them."""

    name = StageName.SIGNIFICANT

    def concurrency(self, context: StageContext) -> int:
        return context.extractor.concurrency

    def plan(self, context: StageContext) -> Sequence[WorkItem]:
        made_by = (context.extractor.name, context.extractor.version, context.persona)
        return [
            WorkItem(head.id, head.title or "", fingerprint(head.content_hash, *made_by))
            for head in context.package.staging.heads()
        ]

    async def process(self, context: StageContext, item: WorkItem) -> Finished[tuple[Memory, ...]]:
        conversation = await off_loop(context.package.staging.get, item.id)
        if conversation is None:
            raise ItemFailed(f"The conversation {item.label!r} is no longer in the ledger.")
        drafts = await context.extractor.significant(context.persona, conversation)
        memories = tuple(
            self._filed(context, conversation, ordinal, draft) for ordinal, draft in enumerate(drafts, start=1)
        )
        return Finished(item, memories, empty=None if memories else "nothing in it stood out")

    def _filed(self, context: StageContext, conversation: Conversation, ordinal: int, draft: MemoryDraft) -> Memory:
        identity = f"significant:{conversation.id}:{ordinal}"
        return Memory(
            id=identity,
            kind="significant",
            date=draft.date,
            file_name=significant_file_name(draft.date, draft.title, identity),
            body=significant_body(draft.date, draft.prose, conversation.id, conversation.platform),
            origin=context.extractor.name,
            conversation_ids=(conversation.id,),
            message_ids=draft.message_ids,
            requests=(draft.request,) if draft.request else (),
        )

    def store(self, context: StageContext, results: Sequence[Finished[tuple[Memory, ...]]]) -> None:
        for result in results:
            context.package.memories.replace_for_item("significant", result.item.id, result.value)

    def store_failure(self, context: StageContext, item: WorkItem, reason: str) -> None:
        pass

    def publish(self, context: StageContext, results: Sequence[Finished[tuple[Memory, ...]]]) -> None:
        context.package.memories.publish("significant", [result.item.id for result in results])

    def finish(self, context: StageContext) -> None:
        package = context.package
        package.memories.keep_only("significant", [head.id for head in package.staging.heads()])
        package.memories.materialise()
