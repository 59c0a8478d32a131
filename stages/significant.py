"""significant: the moments of a conversation worth keeping. An item is a conversation."""

from collections.abc import Sequence
from dataclasses import dataclass

from packages_store.bodies import significant_body, significant_file_name
from packages_store.doubts import NewDoubt
from packages_store.errors import ItemFailed
from packages_store.model import Conversation, Memory, StageName, WorkItem
from stages.contract import Finished, MemoryDraft, StageContext, length_of, off_loop, off_loop_if_long
from stages.extractors.llm.gate import GATE_VERSION, judge, repeated


@dataclass(frozen=True, slots=True)
class Moments:
    """What one conversation gave: memories, and those that a person should look at first."""

    memories: tuple[Memory, ...]
    doubts: tuple[NewDoubt, ...] = ()


class SignificantStage:
    """Asks the extractor for significant memories, lets the quality gate sort them, and files them."""

    name = StageName.SIGNIFICANT

    def concurrency(self, context: StageContext) -> int:
        return context.extractor.concurrency

    def plan(self, context: StageContext) -> Sequence[WorkItem]:
        return [
            WorkItem(head.id, head.title or "", f"{context.made_from(head.content_hash)} gate-{GATE_VERSION}")
            for head in context.package.staging.heads()
        ]

    async def process(self, context: StageContext, item: WorkItem) -> Finished[Moments]:
        conversation = await off_loop(context.package.staging.get, item.id, threads=context.threads)
        if conversation is None:
            raise ItemFailed(f"The conversation {item.label!r} is no longer in the ledger.")
        drafts = await context.extractor.significant(context.persona, conversation)
        length = length_of([conversation])
        moments = await off_loop_if_long(length, self._sorted, context, conversation, drafts, threads=context.threads)
        empty = "nothing in it stood out" if not drafts else "what stood out waits to be looked at"
        return Finished(item, moments, empty=None if moments.memories else empty)

    def _sorted(self, context: StageContext, conversation: Conversation, drafts: Sequence[MemoryDraft]) -> Moments:
        doubtful = {id(doubt.draft): doubt.reason for doubt in judge(context.persona, conversation, drafts).doubtful}
        memories: list[Memory] = []
        doubts: list[NewDoubt] = []
        for ordinal, draft in enumerate(drafts, start=1):
            memory = self._filed(context, conversation, ordinal, draft)
            if id(draft) in doubtful:
                doubts.append(NewDoubt(memory, (doubtful[id(draft)],), ordinal))
            else:
                memories.append(memory)
        return Moments(tuple(memories), tuple(doubts))

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
            title=draft.title,
        )

    def store(self, context: StageContext, results: Sequence[Finished[Moments]]) -> None:
        memories, doubts = context.package.memories, context.package.doubts
        for result in results:
            kept, held = doubts.sort(result.value.doubts)
            wanted = [memory for memory in result.value.memories if not doubts.is_dropped(memory)]
            wanted += [doubt.memory for doubt in kept]
            memories.replace_for_item("significant", result.item.id, wanted)
            doubts.replace_for_item("significant", result.item.id, held)

    def store_failure(self, context: StageContext, item: WorkItem, reason: str) -> None:
        pass

    def publish(self, context: StageContext, results: Sequence[Finished[Moments]]) -> None:
        context.package.memories.publish("significant", [result.item.id for result in results])

    def finish(self, context: StageContext) -> None:
        package = context.package
        there = [head.id for head in package.staging.heads()]
        package.memories.keep_only("significant", there)
        package.doubts.keep_only("significant", there)
        self._hold_back_repetitions(context)
        package.memories.materialise()

    def _hold_back_repetitions(self, context: StageContext) -> None:
        """Of memories that tell nearly the same the first stays, whichever was made first."""
        told = context.package.doubts.told("significant")
        fixed = {one.memory.id for one in told if one.is_fixed}
        twins = repeated((one.memory.id, one.text) for one in told)
        held = {memory_id: twin for memory_id, twin in twins.items() if memory_id not in fixed}
        context.package.doubts.set_repeats("significant", held)
