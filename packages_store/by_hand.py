"""What a person does to memories, to the review list and to the graph, with everything that follows from it.

Each act is one transaction of the ledger; the files are written behind it, and again by the next run should that fail.
The stages that have to look again are asked to: so the graph comes to know of a changed memory, and only its batch is
done anew.
"""

from dataclasses import replace

from packages_store.bodies import text_of
from packages_store.consolidation import Consolidated
from packages_store.doubts import Doubt
from packages_store.errors import ChangedMeanwhile, NotAllowed, UnknownItem
from packages_store.graph_edits import GraphEdit, NodeRef, Pair, PairState, StoredEdit
from packages_store.manifest import write_manifest
from packages_store.memories import Story
from packages_store.model import Memory, StageName
from packages_store.package import Package

# --- memories ------------------------------------------------------------------------------------------------------


def edit_memory(
    package: Package, memory_id: str, text: str, title: str | None = None, seen: str | None = None
) -> Story:
    """See `Memories.edit`. Raises ChangedMeanwhile when it does not read as whoever edits it has `seen` it."""
    with package.ledger.transaction():
        if seen is not None and text_of(_memory(package, memory_id).body) != text_of(seen):
            raise ChangedMeanwhile(f"{memory_id} reads otherwise by now.")
        memory = package.memories.edit(memory_id, text, title)
        package.progress.request(StageName(memory.kind))
    return _published(package, memory_id)


def take_proposal(package: Package, memory_id: str) -> Story:
    """See `Memories.take_proposal`."""
    with package.ledger.transaction():
        memory = package.memories.take_proposal(memory_id)
        package.progress.request(StageName(memory.kind))
    return _published(package, memory_id)


def dismiss_proposal(package: Package, memory_id: str) -> Story:
    """See `Memories.dismiss_proposal`."""
    package.memories.dismiss_proposal(memory_id)
    return package.memories.story(memory_id)


def delete_memory(package: Package, memory_id: str) -> Story:
    """See `Memories.delete`."""
    kind = _memory(package, memory_id).kind
    with package.ledger.transaction():
        package.memories.delete(memory_id)
        package.progress.request(StageName(kind))
    return _published(package, memory_id)


def restore_memory(package: Package, memory_id: str) -> Story:
    """See `Memories.restore`."""
    with package.ledger.transaction():
        memory = package.memories.restore(memory_id)
        package.progress.request(StageName(memory.kind))
    return _published(package, memory_id)


def regenerate_memory(package: Package, memory_id: str) -> Story:
    """Let the item of a memory be done anew, and a language model be asked again, which is paid for.

    An edited memory is not written over by it: what comes is proposed. Raises UnknownItem, also for a memory that
    somebody else wrote: nothing here made it.
    """
    story = package.memories.story(memory_id)
    stage = StageName(story.memory.kind)
    with package.ledger.transaction():
        package.journal.forget(stage, story.item)
        if not package.progress.redo(stage, story.item):
            raise UnknownItem(f"{memory_id} was not made here, so it cannot be made anew.")
    return story


def _memory(package: Package, memory_id: str) -> Memory:
    memory = package.memories.get(memory_id)
    if memory is None:
        raise UnknownItem(f"There is no memory {memory_id}.")
    return memory


def _published(package: Package, memory_id: str) -> Story:
    story = package.memories.story(memory_id)
    package.memories.publish(story.memory.kind, [story.item])
    return story


# --- the review list -----------------------------------------------------------------------------------------------


def keep_doubt(package: Package, doubt_id: str) -> Doubt:
    """See `Doubts.keep`."""
    with package.ledger.transaction():
        doubt = package.doubts.keep(doubt_id)
        package.progress.request(StageName(doubt.kind))
    package.memories.publish(doubt.kind, [doubt.item])
    return doubt


def drop_doubt(package: Package, doubt_id: str) -> Doubt:
    """See `Doubts.drop`."""
    return package.doubts.drop(doubt_id)


# --- the graph -----------------------------------------------------------------------------------------------------


def edit_graph(package: Package, edit: GraphEdit) -> StoredEdit:
    """Change the graph by hand.

    Raises UnknownItem when a node or relation that is named is not there, NotAllowed when it means nothing.
    """
    with package.ledger.transaction():
        graph = package.graph.consolidated()
        known = _with_names(graph, edit)
        _check(graph, known)
        stored = package.graph.edits.add(known, package.now())
        _write_graph(package)
    return stored


def undo_graph_edit(package: Package) -> StoredEdit:
    """Take the last change by hand back. Raises UnknownItem when there is none."""
    with package.ledger.transaction():
        undone = package.graph.edits.undo()
        _write_graph(package)
    return undone


def decide_pair(package: Package, pair_id: str, state: PairState) -> Pair:
    """Say whether two names are one. Raises UnknownItem."""
    with package.ledger.transaction():
        pair = package.graph.edits.decide(pair_id, state)
        _write_graph(package)
    return pair


def _with_names(graph: Consolidated, edit: GraphEdit) -> GraphEdit:
    """`edit` with the names that its nodes have now, by which they are known when their ids change."""

    def named(ref: NodeRef) -> NodeRef:
        origin = graph.origins.get(ref.id)
        if origin is None or not origin.names:
            raise UnknownItem(f"There is no node {ref.id}.")
        return NodeRef(ref.id, origin.names)

    return replace(edit, node=named(edit.node), others=tuple(map(named, edit.others)))


def _check(graph: Consolidated, edit: GraphEdit) -> None:
    kind = edit.node.names[0][0]
    origin = graph.origins[edit.node.id]
    if kind == "self" and edit.act not in ("describe", "delete-edge"):
        raise NotAllowed("This is the companion itself, of which there is one.")
    if edit.act == "merge" and any(other.names[0][0] != kind for other in edit.others):
        raise NotAllowed("Only nodes of one type can be one.")
    if edit.act == "split":
        told = set(edit.memories) & set(origin.memory_ids)
        names = set(edit.names) & {key for _, key in origin.names}
        if not told and not names:
            raise NotAllowed("None of these names or memories belongs to it.")
        if told >= set(origin.memory_ids) or (names and len(names) == len(origin.names)):
            raise NotAllowed("Something has to stay.")
    if edit.act == "delete-edge":
        ends = (edit.node.id, edit.others[0].id, edit.text)
        if not any((row["from_id"], row["to_id"], row["type"]) == ends for row in graph.edges):
            raise UnknownItem(f"There is no relation {edit.text} between them.")


def _write_graph(package: Package) -> None:
    package.graph.consolidate()
    if package.paths.manifest.exists():
        write_manifest(package)
