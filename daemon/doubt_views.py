"""What a person is told of the review list, through every door."""

from pydantic import BaseModel

from packages_store.doubts import Doubt, DoubtState
from packages_store.model import MemoryKind


class DoubtView(BaseModel):
    """What is held back, and why. `repeats` is the id of the memory that says the same, if that is why."""

    id: str
    kind: MemoryKind
    item: str
    date: str
    title: str
    text: str
    reasons: tuple[str, ...]
    repeats: str | None
    conversations: tuple[str, ...]
    messages: tuple[str, ...]
    requests: tuple[str, ...]
    state: DoubtState


def view(doubt: Doubt) -> DoubtView:
    """An entry of the list."""
    return DoubtView(
        id=doubt.id,
        kind=doubt.kind,
        item=doubt.item,
        date=doubt.date,
        title=doubt.memory.title,
        text=doubt.text,
        reasons=doubt.reasons,
        repeats=doubt.repeats,
        conversations=doubt.memory.conversation_ids,
        messages=doubt.memory.message_ids,
        requests=doubt.memory.requests,
        state=doubt.state,
    )
