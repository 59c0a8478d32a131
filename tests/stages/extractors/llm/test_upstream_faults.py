"""What Entity Loom 0.4 does wrong at this place, and this engine must not: faults 5, 6, 10, 11, 12 and 17 there."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import anyio
import pytest
from anyio.lowlevel import checkpoint

from packages_store.bodies import significant_file_name
from packages_store.model import GraphFacts
from stages.contract import Ask, Extractor, MemoryDraft
from stages.extractors.llm.extractor import LlmExtractor
from tests.stages.extractors.golden import PERSONA, conversation, memory
from tests.stages.extractors.llm import fake_llm
from tests.stages.extractors.llm.fake_llm import FakeLlm, always

LONG = conversation("long", tuple(f"{at}: " + "we walked along the river " * 24 for at in range(240)))


def per_chunk(ask: Ask, _attempt: int) -> Mapping[str, object]:
    last = ask.material.rsplit("] ", 1)[0].rsplit(" ", 1)[1]
    return {"memory": [fake_llm.memory(date="", prose=f"Mira told me about {last} at last.", evidence=[last])]}


async def test_5_abort_inside_a_long_conversation_leaves_no_half_of_it() -> None:
    answered = 0

    def script(ask: Ask, attempt: int) -> Mapping[str, object]:
        nonlocal answered
        answered += 1
        if answered == 2:
            scope.cancel()
        return per_chunk(ask, attempt)

    llm = FakeLlm(script, context_tokens=16_000, concurrency=1)
    engine: Extractor = LlmExtractor(llm)
    drafts: tuple[MemoryDraft, ...] | None = None
    with anyio.CancelScope() as scope:
        drafts = await engine.significant(PERSONA, LONG)
    asked = len(llm.sent)

    assert drafts is None
    assert scope.cancelled_caught

    whole = await engine.significant(PERSONA, LONG)

    undisturbed = FakeLlm(per_chunk, context_tokens=16_000)
    assert whole == await LlmExtractor(undisturbed).significant(PERSONA, LONG)
    # What was answered before the abort is not paid for again.
    assert asked == 2
    assert len(llm.sent) == len(undisturbed.sent)


async def test_5_abort_while_answers_are_out_ends_at_once() -> None:
    llm = FakeLlm(per_chunk, context_tokens=16_000, gate=anyio.Event())
    ended = anyio.Event()

    async def work() -> None:
        try:
            await LlmExtractor(llm).significant(PERSONA, LONG)
        finally:
            ended.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(work)
        while llm.peak < llm.concurrency:
            await checkpoint()
        tasks.cancel_scope.cancel()

    assert ended.is_set()
    assert llm.journal == {}


async def test_6_memories_of_a_day_with_one_title_are_several() -> None:
    entries = [
        fake_llm.memory(title="A day", evidence=["m1"]),
        fake_llm.memory(title="A day", prose="Mira promised me to sleep at last.", evidence=["m2"]),
        fake_llm.memory(title="", prose="I promised Mira to be there in the morning.", evidence=["m2"]),
    ]
    talk = conversation("talk", ("My mother died.", "Sleep now, Mira."))

    drafts = await LlmExtractor(FakeLlm(always({"memory": entries}))).significant(PERSONA, talk)

    assert len(drafts) == 3
    names = {significant_file_name(one.date, one.title, f"talk:{at}") for at, one in enumerate(drafts)}
    assert len(names) == 3


@pytest.mark.parametrize("none", ["None", "NONE.", "**NONE**"])
async def test_10_a_none_is_no_memory(none: str) -> None:
    talk = conversation("talk", ("How do I sort a list?", "With sorted()."))
    for answer in (none, [none], [{"title": none, "date": none, "prose": none, "evidence": []}]):
        llm = FakeLlm(always({"memory": answer, "bullets": answer, "nodes": answer, "edges": answer}))
        engine = LlmExtractor(llm)

        assert await engine.significant(PERSONA, talk) == ()
        assert await engine.daily(PERSONA, "2024-05-03", (talk,)) == ()
        assert await engine.graph(PERSONA, (memory("- We sorted a list."),)) == GraphFacts()


@pytest.mark.parametrize(
    "text", ["$&", "$`", "$'", "$$", "$1", "\\1", "\\g<0>", "{}", "{0}", "%s", "{{user}}", "[[person]]"]
)
async def test_11_signs_of_a_template_come_through_as_they_are(text: str) -> None:
    llm = FakeLlm()
    engine = LlmExtractor(llm)
    said = f"It costs {text} or {text}{text}."

    await engine.significant(PERSONA, conversation("talk", (said, "Fine.")))
    await engine.daily(PERSONA, "2024-05-03", (conversation("talk", (said, "Fine.")),))
    await engine.graph(PERSONA, (memory(said),))

    assert [said in ask.material for ask in llm.sent] == [True] * 3


async def test_12_days_are_those_of_the_package_in_every_stage() -> None:
    berlin = replace(PERSONA, zone=ZoneInfo("Europe/Berlin"))
    late = conversation("talk", ("My mother died.", "I am here."), start=datetime(2024, 5, 3, 22, 55, tzinfo=UTC))
    told = fake_llm.memory(date="2024-05-04", evidence=["m1"])
    utc = fake_llm.memory(date="2024-05-03", evidence=["m1"])
    llm = FakeLlm(always({"memory": [utc], "bullets": None}, {"memory": [told]}))
    engine = LlmExtractor(llm)

    drafts = await engine.significant(berlin, late)
    await engine.daily(berlin, "2024-05-04", (late,))

    assert [draft.date for draft in drafts] == ["2024-05-04"]
    assert "2024-05-03 is none" in llm.reasons[0]
    assert all("Mira, 00:55 on 2024-05-04" in ask.material for ask in llm.sent)


async def test_17_a_name_inside_a_longer_name_is_another_person() -> None:
    body = "- Mira met Ann and Joanna Smith. Ann is the aunt of Joanna Smith."
    people = [
        {"type": "person", "name": name, "description": "Met by Mira.", "confidence": 0.9, "memories": ["m1"]}
        for name in ("Ann", "Joanna Smith", "ANN")
    ]
    aunt = {"from": "Ann", "to": "Joanna Smith", "type": "aunt_of", "evidence": "Ann is the aunt of Joanna Smith"}
    edges = [
        aunt | {"confidence": 0.9, "memories": ["m1"]},
        aunt | {"confidence": 0.8, "memories": ["m1"], "from": "ann"},
        aunt | {"confidence": 0.9, "memories": ["m1"], "to": "Ann"},
    ]
    llm = FakeLlm(always({"nodes": people, "edges": edges}))

    facts = await LlmExtractor(llm).graph(PERSONA, (memory(body),))

    assert [node.key for node in facts.nodes] == ["ann", "joanna smith"]
    assert [(edge.source[1], edge.target[1]) for edge in facts.edges] == [("ann", "joanna smith")]
    assert "stay two" in llm.sent[0].instructions
