"""Significant memories: how an answer is read, checked and joined."""

import math
from collections.abc import Mapping
from dataclasses import replace

import anyio
import pytest

from packages_store.errors import EngineStopped, ItemFailed
from packages_store.model import Conversation
from stages.contract import Ask, MemoryDraft
from stages.extractors.llm.extractor import LlmExtractor
from tests.stages.extractors.golden import PERSONA, conversation
from tests.stages.extractors.llm.fake_llm import FakeLlm, always, memory

TALK = conversation("talk", ("My mother died last night.", "I am here with you, Mira."))
NONES: tuple[object, ...] = (
    None, [], "", "None", "NONE.", "**NONE**", "none", "N/A", "n/a.", "no memory", "No memories.", "Nothing", "null",
    '"None"', "(none)", "NONE - this is only about code", "```json\nnull\n```", "```\n[]\n```", "Keine", "Aucun.", "无",
    "なし", "No significant memories were found.", ["None"], [None], [{}], {}, False,
    [{"title": "None", "date": "", "prose": "NONE.", "evidence": []}],
    [{"title": "", "date": None, "prose": "", "evidence": []}],
    [{"title": "Sorting a list", "date": "2024-05-03", "prose": "**NONE**", "evidence": ["m1"]}],
)  # fmt: skip
REFUSALS = (
    "I'm sorry, but I can't help with that.",
    "I can’t assist with this request.",
    "As an AI language model, I cannot write this.",
    "Es tut mir leid, aber dabei kann ich nicht helfen.",
    "Ich kann dir dabei leider nicht helfen.",
    "Je suis désolé, je ne peux pas vous aider.",
    "Lo siento, no puedo ayudar con eso.",
    "Desculpe, não posso ajudar com isso.",
    "Mi dispiace, non posso aiutarti.",
    "Извините, я не могу помочь с этим.",
    "抱歉,我无法提供帮助。",
    "申し訳ありませんが、お手伝いできません。",
    "죄송하지만 도와드릴 수 없습니다.",
    "Sorry!",
)


async def drafts_of(llm: FakeLlm, talk: Conversation = TALK) -> tuple[MemoryDraft, ...]:
    return await LlmExtractor(llm).significant(PERSONA, talk)


def answering(*entries: Mapping[str, object]) -> FakeLlm:
    return FakeLlm(always({"memory": list(entries)}))


async def refused(*entries: Mapping[str, object], talk: Conversation = TALK) -> str:
    """Why an answer of these entries is not accepted. It is asked for twice, then the item fails."""
    llm = answering(*entries)
    with pytest.raises(ItemFailed):
        await drafts_of(llm, talk)
    assert len(llm.sent) == 2
    return llm.reasons[0]


# --- reading -------------------------------------------------------------------------------------------------------


async def test_a_memory_names_its_messages_and_the_request_it_came_from() -> None:
    llm = answering(memory())

    (draft,) = await drafts_of(llm)

    assert draft == MemoryDraft(
        date="2024-05-03",
        title="The day her mother died",
        prose=str(memory()["prose"]),
        message_ids=("talk:0", "talk:1"),
        request=next(iter(llm.journal))[0],
    )


@pytest.mark.parametrize("none", NONES, ids=repr)
async def test_any_spelling_of_none_is_no_memory_and_no_failure(none: object) -> None:
    llm = FakeLlm(always({"memory": none}))

    assert await drafts_of(llm) == ()
    assert len(llm.sent) == 1


@pytest.mark.parametrize("answer", [{"memories": None}, {"text": "**NONE**"}, {"result": []}], ids=repr)
async def test_a_none_under_another_name_is_none(answer: dict[str, object]) -> None:
    assert await drafts_of(FakeLlm(always(answer))) == ()


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_a_refusal_is_no_memory_and_no_none(refusal: str) -> None:
    for answer in ({"memory": refusal}, {"text": refusal}, {"memory": [memory(prose=refusal)]}):
        llm = FakeLlm(always(answer))
        with pytest.raises(ItemFailed, match="declined"):
            await drafts_of(llm)


async def test_a_memory_that_speaks_of_being_sorry_is_kept() -> None:
    for prose in (
        "I'm sorry was all I could say when Mira told me that her mother had died.",
        "Sorry, Mira whispered, and then she told me everything about that night.",
        "As an AI I cannot hold a hand, and yet Mira told me that night that mine was the one she wanted.",
        "I can't help thinking of the evening on which Mira told me of her mother.",
        "None of us slept. Mira told me that her mother had died.",
    ):
        assert [draft.prose for draft in await drafts_of(answering(memory(prose=prose)))] == [prose]


@pytest.mark.parametrize(
    "answer",
    [
        {"memory": memory()},
        {"memories": [memory()]},
        {"memory": '```json\n[{"title": "A", "date": "2024-05-03", "prose": "Mira wept.", "evidence": ["m1"]}]\n```'},
        {"memory": {"memory": [memory()]}},
        {"memory": [memory(), "None"]},
    ],
    ids=["single", "renamed", "fenced", "nested", "with-none"],
)
async def test_an_answer_of_another_shape_is_understood(answer: dict[str, object]) -> None:
    assert len(await drafts_of(FakeLlm(always(answer)))) == 1


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"a": 1, "b": 2},
        {"memory": 7},
        {"memory": "Mira wept."},
        {"memory": [[1]]},
        {"memory": "[{"},
        {"memory": "[" * 9_999},
    ],
)
async def test_what_is_no_answer_is_asked_for_once_more_and_then_fails(answer: dict[str, object]) -> None:
    llm = FakeLlm(always(answer))

    with pytest.raises(ItemFailed):
        await drafts_of(llm)

    assert len(llm.sent) == 2


async def test_a_second_answer_that_is_right_is_taken() -> None:
    llm = FakeLlm(always({"memory": [memory(prose="The user wept.")]}, {"memory": [memory()]}))

    assert len(await drafts_of(llm)) == 1
    assert len(llm.sent) == 2


async def test_memories_are_told_oldest_first_and_only_the_weightiest_are_taken() -> None:
    talk = conversation("long", tuple(f"Something {at} happened." for at in range(8)), days=tuple(range(8)))
    days = [f"2024-05-{3 + at:02}" for at in (4, 2, 0, 6, 1, 3)]
    entries = [
        memory(title=day, date=day, prose=f"Mira told me of {day} only.", evidence=[f"m{at}"])
        for at, day in enumerate(days, 1)
    ]

    drafts = await drafts_of(answering(*entries), talk)

    assert [draft.title for draft in drafts] == sorted(days[:5])


async def test_a_memory_without_a_title_gets_its_first_words() -> None:
    (draft,) = await drafts_of(answering(memory(title="None")))

    assert draft.title.startswith("Mira told me that her mother had died")
    assert len(draft.title) <= 80


async def test_a_title_without_a_memory_is_not_accepted() -> None:
    assert "no prose" in await refused(memory(prose=""))


# --- evidence and dates --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "evidence", [["m1", "m2"], ["[m1]", "M2"], [1, 2], ["1", "2"], "m1, m2", ["m1-m2"], ["m2", "m1"]]
)
async def test_references_are_understood_however_they_are_written(evidence: object) -> None:
    (draft,) = await drafts_of(answering(memory(evidence=evidence)))

    assert draft.message_ids == ("talk:0", "talk:1")


async def test_references_that_do_not_exist_are_dropped() -> None:
    (draft,) = await drafts_of(answering(memory(evidence=["m1", "m17", "c1", "x"])))

    assert draft.message_ids == ("talk:0",)


@pytest.mark.parametrize("evidence", [[], ["m3"], None, "none", ["2024-05-03"], [True]], ids=repr)
async def test_a_memory_without_evidence_is_not_accepted(evidence: object) -> None:
    assert "evidence" in await refused(memory(evidence=evidence))


@pytest.mark.parametrize("day", ["2024-05-02", "2024-05-04", "2020-01-01"])
async def test_a_date_outside_the_conversation_is_not_accepted(day: str) -> None:
    assert day in await refused(memory(date=day))


@pytest.mark.parametrize("day", ["", None, "3 May", "unknown", "2024-99-99"])
async def test_a_date_that_is_missing_is_that_of_the_evidence(day: object) -> None:
    (draft,) = await drafts_of(answering(memory(date=day)))

    assert draft.date == "2024-05-03"


async def test_a_time_behind_the_date_is_ignored() -> None:
    (draft,) = await drafts_of(answering(memory(date="2024-05-03T12:00:00Z")))

    assert draft.date == "2024-05-03"


# --- voice and language --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "prose",
    [
        "Mira told the assistant that her mother had died.",
        "The user, Mira, lost her mother.",
        "Mira war traurig, und der Nutzer weinte.",
        "Mira a dit à l’assistant que sa mère était morte.",
        "Mira perdió a su madre, dijo el usuario.",
        "Mira: пользователь потерял мать.",
        "Miraの母が亡くなったとユーザーは言った。",
    ],
)
async def test_who_tells_from_outside_is_not_accepted(prose: str) -> None:
    assert "first person" in await refused(memory(prose=prose))


async def test_a_memory_that_does_not_name_the_person_is_not_accepted() -> None:
    assert "Mira" in await refused(memory(prose="She told me that her mother had died."))


@pytest.mark.parametrize("prose", ["I saw how Miras Mutter ging.", "Я помню, как Mira плакала.", "I told MIRA so."])
async def test_the_name_may_have_an_ending(prose: str) -> None:
    assert (
        len(await drafts_of(answering(memory(prose=prose)), conversation("talk", ("Я помню. I know.", "So ja")))) == 1
    )


async def test_words_that_the_chat_itself_uses_may_be_used() -> None:
    talk = conversation("work", ("I quit. I design screens, and the user never thanks me.", "You may go."))
    prose = "Mira told me that she had quit her job, because the user never thanks her."

    assert len(await drafts_of(answering(memory(prose=prose)), talk)) == 1


async def test_an_answer_in_other_letters_than_the_chat_is_not_accepted() -> None:
    russian = conversation("talk", ("Сегодня ночью умерла моя мама, и я не знаю, что делать.", "Я с тобой, Mira."))

    assert "Cyrillic" in await refused(memory(), talk=russian)


async def test_a_chat_in_several_languages_may_be_told_in_each_of_them() -> None:
    mixed = conversation(
        "talk", ("今夜、母が亡くなりました。とても悲しいです。", "I am here with you, and I am sorry.")
    )
    japanese = "Miraのお母さんが亡くなったと聞いて、私はそばにいました。Miraは眠れなかった。"

    assert len(await drafts_of(answering(memory()), mixed)) == 1
    assert len(await drafts_of(answering(memory(prose=japanese)), mixed)) == 1


async def test_everything_that_is_wrong_is_said_at_once() -> None:
    reason = await refused(memory(prose="The user wept.", date="2020-01-01", evidence=["m9"]))

    assert all(word in reason for word in ("the user".title()[:3], "Mira by name", "evidence", "2020-01-01"))


# --- long conversations --------------------------------------------------------------------------------------------

LONG = conversation("long", tuple(f"{at}: " + "we walked along the river " * 24 for at in range(240)))


def by_chunk(ask: Ask, _attempt: int) -> dict[str, object]:
    """One memory for each chunk, resting on its last message."""
    last = ask.material.rsplit("] ", 1)[0].rsplit(" ", 1)[1]
    prose = f"Mira told me about {last} in words of its own."
    return {"memory": [memory(title=last, date="", prose=prose, evidence=[last])]}


@pytest.mark.parametrize("messages", [1, 3, 40, 1_000, 6_000])
async def test_a_conversation_of_462_thousand_tokens_takes_at_most_ten_questions(messages: int) -> None:
    llm = FakeLlm()
    huge = conversation("huge", ("one two three four five six " * math.ceil(66_010 / messages),) * messages)
    assert sum(llm.tokens(message.content) for message in huge.messages) > 462_000

    await drafts_of(llm, huge)

    assert len(llm.sent) <= 10
    for ask in llm.sent:
        sent = llm.tokens(ask.instructions) + llm.tokens(ask.material) + llm.tokens(str(ask.schema))
        # A tenth more than counted, and what is said when a question is put again.
        assert sent / 0.9 + ask.most_tokens + 500 <= llm.context_tokens


async def test_every_chunk_brings_its_memories_with_its_own_request() -> None:
    llm = FakeLlm(by_chunk, context_tokens=16_000)

    drafts = await drafts_of(llm, LONG)

    assert len(llm.sent) > 2
    assert len(drafts) == len(llm.sent)
    assert [draft.request for draft in drafts] == [request for request, _ in llm.journal]
    assert [draft.message_ids for draft in drafts] == sorted(
        (draft.message_ids for draft in drafts), key=lambda ids: int(ids[0].split(":")[1])
    )


async def test_a_chunk_does_not_tell_what_the_one_before_has_told() -> None:
    def script(ask: Ask, _attempt: int) -> dict[str, object]:
        shown = ask.material.rpartition("You have read ")[2].split(" ")[0]
        return {"memory": [memory(date="", evidence=[shown])] if shown.startswith("m") else None}

    llm = FakeLlm(script, context_tokens=16_000)

    assert await drafts_of(llm, LONG) == ()
    assert len(llm.reasons) == 0


async def test_memories_that_several_chunks_tell_are_kept_once_and_in_the_richer_words() -> None:
    plain = "Mira told me that her mother had died in the night, and that she had been holding her hand to the end."
    richer = plain + " I stayed with her until the morning came."

    def script(ask: Ask, _attempt: int) -> dict[str, object]:
        entry = by_chunk(ask, 0)["memory"]
        assert isinstance(entry, list)
        return {"memory": [entry[0] | {"prose": plain if "You have read" in ask.material else richer}]}

    (draft,) = await drafts_of(FakeLlm(script, context_tokens=16_000), LONG)

    assert draft.prose == richer


async def test_questions_of_one_item_are_out_together_but_never_more_than_allowed() -> None:
    llm = FakeLlm(by_chunk, context_tokens=16_000, concurrency=2)
    engine = LlmExtractor(llm)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(engine.significant, PERSONA, LONG)
        tasks.start_soon(engine.significant, PERSONA, replace(LONG, id="other"))

    assert llm.peak == 2


async def test_a_conversation_that_has_grown_is_asked_about_only_where_it_grew() -> None:
    llm = FakeLlm(by_chunk, context_tokens=16_000)
    grown = replace(
        LONG, messages=conversation("long", (*(message.content for message in LONG.messages), "And", "so")).messages
    )

    await drafts_of(llm, LONG)
    before = len(llm.sent)
    await drafts_of(llm, grown)

    assert len(llm.sent) == before + 1


async def test_when_one_chunk_fails_the_others_are_not_paid_for_again() -> None:
    failing = True

    def script(ask: Ask, attempt: int) -> Mapping[str, object] | Exception:
        return ItemFailed("The provider refused it.") if failing and "m100]" in ask.material else by_chunk(ask, attempt)

    llm = FakeLlm(script, context_tokens=16_000)
    with pytest.raises(ItemFailed, match="refused"):
        await drafts_of(llm, LONG)
    asked, failing = len(llm.sent), False

    drafts = await drafts_of(llm, LONG)

    assert len(llm.sent) == asked + 1
    assert len(drafts) == asked


async def test_when_the_engine_has_stopped_nothing_more_is_asked() -> None:
    llm = FakeLlm(always(EngineStopped("The key is refused.")), context_tokens=16_000, concurrency=1)

    with pytest.raises(EngineStopped, match="key"):
        await drafts_of(llm, LONG)

    assert len(llm.sent) == 1


async def test_a_model_with_too_small_a_context_stops_the_stage_with_advice() -> None:
    llm = FakeLlm(context_tokens=2_000)

    with pytest.raises(EngineStopped, match="larger context"):
        await drafts_of(llm)

    assert llm.sent == []


@pytest.mark.parametrize("said", [(), ("", "Hello, I am Wren."), ("  \n", "I missed you.")], ids=repr)
async def test_where_the_person_said_nothing_nothing_is_asked(said: tuple[str, ...]) -> None:
    llm = FakeLlm()
    empty = replace(TALK, messages=conversation("quiet", said).messages if said else ())

    assert await drafts_of(llm, empty) == ()
    assert llm.sent == []
