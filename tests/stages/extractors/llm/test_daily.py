"""Daily memories: how an answer is read, checked and joined."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from packages_store.errors import ItemFailed
from packages_store.model import Conversation
from stages.contract import Ask, Bullet
from stages.extractors.llm.extractor import LlmExtractor
from tests.stages.extractors.golden import PERSONA, START, conversation
from tests.stages.extractors.llm.fake_llm import FakeLlm, always

DAY = "2024-05-03"
MORNING = conversation("morning", ("I baked bread with Ann.", "How did it turn out?"))
EVENING = conversation("evening", ("The bread was gone by six.", "Of course."), start=START + timedelta(hours=8))
PARTS = (EVENING, MORNING)


async def bullets_of(llm: FakeLlm, parts: Sequence[Conversation] = PARTS) -> tuple[Bullet, ...]:
    return await LlmExtractor(llm).daily(PERSONA, DAY, parts)


def bullet(text: str, *refs: str) -> Mapping[str, object]:
    return {"text": text, "refs": list(refs)}


def answering(*entries: object) -> FakeLlm:
    return FakeLlm(always({"bullets": list(entries)}))


async def test_a_bullet_names_its_conversation_its_messages_and_its_request() -> None:
    llm = answering(bullet("- Mira told me that she had baked bread with Ann.", "m1", "m2"))

    assert await bullets_of(llm) == (
        Bullet(
            text="Mira told me that she had baked bread with Ann.",
            conversation_id="morning",
            platform="chatgpt",
            message_ids=("morning:0", "morning:1"),
            request=next(iter(llm.journal))[0],
        ),
    )


async def test_bullets_stand_in_the_order_in_which_things_were_said() -> None:
    llm = answering(bullet("In the evening Mira had no bread left.", "m3"), bullet("Mira baked with Ann.", "m1"))

    assert [one.conversation_id for one in await bullets_of(llm)] == ["morning", "evening"]


async def test_all_conversations_of_the_day_are_asked_about_at_once_in_the_order_in_which_they_began() -> None:
    llm = FakeLlm()

    await bullets_of(llm)

    (ask,) = llm.sent
    assert ask.item == DAY
    assert ask.material.index("I baked bread") < ask.material.index("gone by six")
    assert ask.material.count("A conversation on chatgpt") == 2


async def test_a_bullet_over_two_conversations_carries_the_one_it_rests_on_most() -> None:
    (one,) = await bullets_of(answering(bullet("Mira baked bread, and it was gone by six.", "m1", "m3", "m4")))

    assert one.conversation_id == "evening"
    assert one.message_ids == ("morning:0", "evening:0", "evening:1")


@pytest.mark.parametrize("none", [None, [], "None", "NONE.", "**none**", "", [bullet("None", "m1")], [None]], ids=repr)
async def test_any_spelling_of_none_is_a_day_without_bullets(none: object) -> None:
    assert await bullets_of(FakeLlm(always({"bullets": none}))) == ()


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (bullet("Mira baked bread."), "refs"),
        (bullet("Mira baked bread.", "m9", "c1"), "refs"),
        (bullet("The user baked bread.", "m1"), "the user"),
        (bullet("Mira asked the assistant for advice.", "m1"), "the assistant"),
        (bullet("I'm sorry, but I can't help with that.", "m1"), "declined"),
        (bullet("Мира испекла хлеб вместе с подругой Анной.", "m1"), "cyrillic"),
    ],
)
async def test_a_bullet_that_cannot_be_used_is_asked_for_once_more(entry: object, reason: str) -> None:
    llm = FakeLlm(always({"bullets": [entry]}, {"bullets": None}))

    assert await bullets_of(llm) == ()
    assert len(llm.sent) == 2
    assert reason in llm.reasons[0].casefold()


async def test_references_that_do_not_exist_are_dropped() -> None:
    (one,) = await bullets_of(answering(bullet("Mira baked bread.", "m1", "m77")))

    assert one.message_ids == ("morning:0",)


async def test_a_long_day_is_cut_and_told_without_repetition_in_the_order_of_time() -> None:
    long = conversation("long", tuple(f"{at}: " + "we walked along the river " * 24 for at in range(240)))
    told = "Mira told me that they had walked along the river until it was dark."

    def script(ask: Ask, _attempt: int) -> Mapping[str, object]:
        last = ask.material.rsplit("] ", 1)[0].rsplit(" ", 1)[1]
        own = f"Around {last} there was something else altogether, number {last}, that Mira spoke of."
        return {"bullets": [bullet(told, last), bullet(own, last)]}

    llm = FakeLlm(script, context_tokens=16_000)
    found = await bullets_of(llm, (long, EVENING))

    assert len(llm.sent) > 2
    assert [one.text for one in found].count(told) == 1
    assert len(found) == len(llm.sent) + 1
    positions = [int(one.message_ids[0].split(":")[1]) for one in found if one.conversation_id == "long"]
    assert positions == sorted(positions)


async def test_where_the_person_said_nothing_nothing_is_asked() -> None:
    llm = FakeLlm()
    silent = replace(EVENING, messages=EVENING.messages[1:])

    assert await bullets_of(llm, (silent,)) == ()
    assert await bullets_of(llm, ()) == ()
    assert llm.sent == []


async def test_a_day_that_fails_twice_fails() -> None:
    with pytest.raises(ItemFailed):
        await bullets_of(answering(bullet("The user baked bread.", "m1")))
