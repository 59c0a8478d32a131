"""The shared collection of exports, where it is at hand: what a correct import finds in each file."""

import json
from pathlib import Path
from typing import cast

import pytest

from packages_store.errors import Unrecognised
from packages_store.model import Conversation
from stages.parsers.choose import inspect
from stages.parsers.contract import Skipped
from tests.stages.parsers.harness import conversations_in, imported

FIXTURES = Path(__file__).parents[4] / "shared" / "fixtures"
LIST = FIXTURES / "EXPECTED.json"
EXPECTED: dict[str, dict[str, object]] = json.loads(LIST.read_bytes()) if LIST.exists() else {}
COUNTED = [name for name, told in EXPECTED.items() if not {"conversations", "messages"}.isdisjoint(told)]

pytestmark = pytest.mark.skipif(not LIST.exists(), reason="the shared fixtures are not here")


def _said(found: list[Conversation], role: str) -> int:
    return sum(message.role == role for one in found for message in one.messages)


@pytest.mark.parametrize("name", COUNTED)
def test_a_file_holds_the_conversations_and_messages_that_it_is_known_to_hold(name: str) -> None:
    expected = EXPECTED[name]
    try:
        found = conversations_in(imported(FIXTURES / name)[0])
        platforms = {one.platform for one in inspect(FIXTURES / name, name).found}
    except Unrecognised:
        found, platforms = [], {str(expected["platform"])}

    counts = {
        "conversations": len(found),
        "messages": sum(len(one.messages) for one in found),
        "user": _said(found, "user"),
        "assistant": _said(found, "assistant"),
    }
    assert {what: count for what, count in counts.items() if what in expected} == {
        what: expected[what] for what in counts if what in expected
    }
    assert platforms == {expected["platform"]}


@pytest.mark.parametrize("name", [name for name in EXPECTED if name.startswith("gemini/lyrishark/")])
def test_merged_threads_hold_the_messages_they_are_known_to_hold(name: str) -> None:
    facts = cast(dict[str, object], EXPECTED[name]["facts"])

    found = conversations_in(imported(FIXTURES / name)[0])

    assert {one.id: len(one.messages) for one in found} == facts["conversations"]
    told = (FIXTURES / name).read_text().count('"created_at": null')
    assert told == facts.get("null_created_at", 0)
    assert sum(message.time_inferred for one in found for message in one.messages) >= told


def test_activity_without_links_is_put_together_by_gaps() -> None:
    name = "gemini/takeout-json/420ai-sample-gemini-export.json"
    facts = cast(dict[str, int], EXPECTED[name]["facts"])

    records, _ = imported(FIXTURES / name)
    found = conversations_in(records)

    assert len(found) == facts["by_30min_gap"]
    assert (_said(found, "user"), _said(found, "assistant")) == (facts["prompted"], facts["answered_prompts"])
    assert sum(one.count for one in records if isinstance(one, Skipped)) == facts["non_conversation"]


def test_activity_of_other_products_is_left_out() -> None:
    name = "gemini/takeout-json/portable-ai-context-gemini_my_activity.synthetic.json"
    facts = cast(dict[str, object], EXPECTED[name]["facts"])

    records, _ = imported(FIXTURES / name)

    assert [len(one.messages) for one in conversations_in(records)] == facts["by_30min_gap_messages"]
    assert "NON_GEMINI" not in repr(records)
