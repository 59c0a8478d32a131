"""commit: write staged conversations into chats.db, the deliverable. An item is a conversation.

chats.db is written and durable before the marks are: an item that was interrupted between the two is written again,
with the same rows.
"""

from collections.abc import Sequence

from packages_store.model import Conversation, StageName, WorkItem
from packages_store.package import Package
from stages.contract import Finished, StageContext
from stages.graph import batch_of, batches

_AT_ONCE = 500
"""Conversations per transaction of chats.db: many share its cost, and an abort still comes in within a second."""


class CommitStage:
    """Delivers conversations."""

    name = StageName.COMMIT

    def concurrency(self, context: StageContext) -> int:
        return _AT_ONCE

    def plan(self, context: StageContext) -> Sequence[WorkItem]:
        # In the order of the ids, which is that of chats.db's indexes: neighbours are written together.
        heads = sorted(context.package.staging.heads(), key=lambda head: head.id)
        return [WorkItem(head.id, head.title or "", head.content_hash) for head in heads]

    async def process(self, context: StageContext, item: WorkItem) -> Finished[None]:
        # The rows are copied where results are stored: many at once, straight from one database to the other.
        return Finished(item, None)

    def store(self, context: StageContext, results: Sequence[Finished[None]]) -> None:
        deliver(context.package, [result.item.id for result in results])

    def store_failure(self, context: StageContext, item: WorkItem, reason: str) -> None:
        pass

    def publish(self, context: StageContext, results: Sequence[Finished[None]]) -> None:
        pass

    def finish(self, context: StageContext) -> None:
        """Chats.db holds exactly the conversations that are not excluded, also after somebody deleted or damaged it.

        What rests on one that is excluded is put away.
        """
        package = context.package
        wanted = {head.id for head in package.staging.heads()}
        there = package.chats.conversation_ids()
        package.chats.remove(sorted(there - wanted))
        package.progress.keep_only(self.name, wanted)
        missing = sorted(wanted - there)
        for start in range(0, len(missing), _AT_ONCE):
            deliver(package, missing[start : start + _AT_ONCE])
        _put_memories_away(package, wanted)


def _put_memories_away(package: Package, wanted: set[str]) -> None:
    """Put away what rests on conversations that are left out, at once: the stages that make memories may not run.

    Days and batches of the graph without them are made anew by their stages, which also bring back what belongs to a
    conversation that is taken in again.
    """
    excluded = package.staging.conversation_ids() - wanted
    memories = package.memories
    known = (*memories.all(), *memories.deleted()) if excluded else ()
    touched = [memory for memory in known if not excluded.isdisjoint(memory.conversation_ids)]
    if not touched:
        return
    package.graph.keep_only(set(batches(package)) - set(map(batch_of, touched)))
    memories.keep_only("significant", wanted)
    memories.keep_only("daily", {m.date for m in known if m.kind == "daily"} - {m.date for m in touched})
    memories.publish("daily", ())
    package.chats.set_summaries(memories.all("daily"))
    if package.graph.exists:
        package.graph.consolidate()


def deliver(package: Package, conversation_ids: Sequence[str]) -> None:
    """Write these conversations into chats.db, replacing what it has of them."""
    found = (package.staging.get(conversation_id) for conversation_id in conversation_ids)
    conversations: list[Conversation] = [conversation for conversation in found if conversation is not None]
    package.chats.write(conversations)
