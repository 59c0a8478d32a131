"""The sentences of a memory, each leading to what it rests on."""

from dataclasses import replace

from packages_store.lineage import sentences
from packages_store.model import Memory

TEXT = "She said: “I am here.” We drank tea. 好。「走吧。」"
MEMORY = Memory(
    id="significant:c1:1",
    kind="significant",
    date="2026-01-10",
    file_name="2026-01-10_tea.md",
    body=f"# Significant Memory - 2026-01-10\n\n{TEXT}\n\n[chat:c1] [via:x]\n",
    origin="llm",
    conversation_ids=("c1",),
    message_ids=("c1:m1", "c1:m2"),
)


def test_what_closes_a_quotation_belongs_to_its_sentence() -> None:
    assert [one.text for one in sentences(MEMORY)] == ["She said: “I am here.”", "We drank tea.", "好。", "「走吧。」"]


def test_every_sentence_rests_on_messages_exactly_when_there_is_only_one() -> None:
    assert all(one.message_ids == MEMORY.message_ids and not one.exact for one in sentences(MEMORY))
    alone = replace(MEMORY, message_ids=("c1:m1",))
    assert all(one.exact for one in sentences(alone))
