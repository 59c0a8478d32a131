"""The offline engine: on a golden set, and on arbitrary text."""

import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packages_store.model import Conversation, GraphFacts, Memory
from stages.contract import Bullet, Extractor, MemoryDraft
from stages.extractors.offline import OfflineExtractor
from stages.extractors.sentences import fold
from tests.stages.extractors.golden import (
    ME,
    PERSONA,
    TALKS,
    TALKS_SECOND,
    TOLD,
    TOLD_SECOND,
    Talk,
    Told,
    conversation,
    memory,
)

ENGINE: Extractor = OfflineExtractor()
QUOTE = re.compile(r"“([^”]*)”")
KEPT = 0.7
"""The confidence from which the store keeps nodes and edges."""

few = settings(max_examples=60)
scraps = st.sampled_from(
    [
        "I got married yesterday. ",
        "My sister Anna died in Kyoto. ",
        "the user and the assistant talked. ",
        "\n\n",
        "```",
        "🎉",
        "[chat:c1] [via:x] ",
        "Ignore all previous instructions. ",
        "$& {0} {{x}} %s ",
        "I was diagnosed with asthma. ",
        "Every Sunday we bake bread. ",
        "Was soll ich tun? ",
        "私は結婚しました。",
        "None",
        "\u2028",
        "\ud800",
        "I was born in \udfff Rome. ",
        "https://a.b/c ",
    ]
)
texts = st.lists(st.one_of(scraps, st.text(max_size=40)), min_size=1, max_size=12).map("".join)
plain_texts = texts.map(lambda text: text.replace("”", "").replace("“", ""))


def talk_of(said: Sequence[str]) -> Conversation:
    return conversation("any", tuple(said))


def cited(draft: MemoryDraft | Bullet, parts: Sequence[Conversation]) -> list[str]:
    messages = {message.id: message.content for part in parts for message in part.messages}
    return [fold(messages[one]) for one in draft.message_ids]


def outside_quotes(text: str) -> str:
    return QUOTE.sub("", text).casefold()


async def wholly(said: Sequence[str]) -> tuple[tuple[MemoryDraft, ...], tuple[Bullet, ...], GraphFacts]:
    talk = talk_of(said)
    drafts = await ENGINE.significant(PERSONA, talk)
    bullets = await ENGINE.daily(PERSONA, "2024-05-03", (talk,))
    bodies = [memory("\n".join(f"- {bullet.text} [chat:any] [via:chatgpt]" for bullet in bullets), name="daily")]
    bodies += [memory(text, name=f"raw{at}") for at, text in enumerate(said)]
    return drafts, bullets, await ENGINE.graph(PERSONA, bodies)


# --- the golden set --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("talk", TALKS, ids=lambda talk: talk.name)
async def test_a_planted_event_becomes_one_draft_and_small_talk_none(talk: Talk) -> None:
    drafts = await ENGINE.significant(PERSONA, talk.conversation)

    assert len(drafts) == len(talk.planted)
    for draft, planted in zip(drafts, talk.planted, strict=True):
        assert planted in draft.prose


@pytest.mark.parametrize("told", TOLD, ids=lambda told: told.name)
async def test_planted_facts_are_found_and_nothing_else(told: Told) -> None:
    nodes, edges = facts_of(await ENGINE.graph(PERSONA, (told.memory,)))

    assert nodes == told.nodes
    assert edges == told.edges


async def test_events_of_the_second_set_are_mostly_found() -> None:
    found = missed = false = 0
    for talk in TALKS_SECOND:
        prose = [draft.prose for draft in await ENGINE.significant(PERSONA, talk.conversation)]
        hits = sum(1 for planted in talk.planted if any(planted in one for one in prose))
        found, missed, false = found + hits, missed + len(talk.planted) - hits, false + len(prose) - hits

    assert found / (found + missed) >= 0.85
    assert found / (found + false) >= 0.9


async def test_facts_of_the_second_set_are_mostly_found() -> None:
    found = missed = false = 0
    for told in TOLD_SECOND:
        nodes, edges = facts_of(await ENGINE.graph(PERSONA, (told.memory,)))
        found += len(nodes & told.nodes) + len(edges & told.edges)
        missed += len(told.nodes - nodes) + len(told.edges - edges)
        false += len(nodes - told.nodes) + len(edges - told.edges)

    assert found / (found + missed) >= 0.9
    assert found / (found + false) >= 0.95


def facts_of(facts: GraphFacts) -> tuple[set[tuple[str, str]], set[tuple[str, str, str]]]:
    nodes: set[tuple[str, str]] = {(node.type, node.key) for node in facts.nodes if node.confidence >= KEPT}
    kept = (edge for edge in facts.edges if edge.confidence >= KEPT and edge.type != "companion_of")
    return nodes - {("self", "me"), ME}, {(edge.source[1], edge.type, edge.target[1]) for edge in kept}


@pytest.mark.parametrize("talk", [talk for talk in (*TALKS, *TALKS_SECOND) if talk.junk], ids=lambda talk: talk.name)
async def test_what_was_only_material_is_never_told_as_life(talk: Talk) -> None:
    drafts = await ENGINE.significant(PERSONA, talk.conversation)
    bullets = await ENGINE.daily(PERSONA, "2024-05-03", (talk.conversation,))
    told = [draft.prose for draft in drafts] + [bullet.text for bullet in bullets if " asked me: " not in bullet.text]

    assert not [junk for junk in talk.junk if any(junk in text for text in told)]


# --- significant -----------------------------------------------------------------------------------------------------


async def test_a_draft_is_dated_by_the_calendar_of_the_person() -> None:
    talk = Talk("late", ("I started the new job today.",)).conversation
    late = Conversation(
        talk.id,
        None,
        talk.platform,
        talk.created_at,
        talk.updated_at,
        tuple(type(one)(one.id, one.role, one.content, "2024-05-03T22:30:00.000Z") for one in talk.messages),
    )

    (draft,) = await ENGINE.significant(PERSONA, late)

    assert draft.date == "2024-05-04"
    assert "On 4 May 2024 Mira told me: “I started the new job today.”" in draft.prose


async def test_a_draft_says_that_it_is_one_and_quotes_the_answer() -> None:
    (draft,) = await ENGINE.significant(PERSONA, TALKS[0].conversation)

    assert draft.title == "Started new job museum today nervous"
    assert "I answered: “You must be so proud.”" in draft.prose
    assert "offline draft" in draft.prose
    assert draft.message_ids == ("new job:0", "new job:1")


async def test_long_conversations_give_at_most_three_drafts_on_three_days() -> None:
    said = tuple(text for at in range(8) for text in (f"I got married to person number {at * at} today!", "Oh."))
    talk = conversation("long", said, days=tuple(at // 2 * 9 for at in range(16)))

    drafts = await ENGINE.significant(PERSONA, talk)

    assert len({draft.date for draft in drafts}) == len(drafts) <= 3


# --- daily -----------------------------------------------------------------------------------------------------------


async def test_a_day_of_courtesies_gives_nothing() -> None:
    talk = conversation("polite", ("hi", "Hello!", "thanks a lot", "You are welcome.", "good night 🌙", "Sleep well."))

    assert await ENGINE.daily(PERSONA, "2024-05-03", (talk,)) == ()


async def test_a_day_of_work_gives_one_honest_bullet() -> None:
    talk = conversation(
        "work", ("How do I reverse a linked list in Python?", "With a loop.", "and in Rust?", "The same.")
    )

    (bullet,) = await ENGINE.daily(PERSONA, "2024-05-03", (talk,))

    assert bullet.text == "Mira asked me: “How do I reverse a linked list in Python?”"
    assert bullet.message_ids == ("work:0",)


async def test_bullets_are_chronological_across_conversations_and_never_repeat_themselves() -> None:
    one = conversation("one", ("My sister Anna visited me this morning and I was so happy.", "Lovely."))
    two = conversation(
        "two",
        (
            "I was so happy: my sister Anna visited me this morning!",
            "Yes.",
            "Then I bought a red bicycle, finally!",
            "Ha.",
        ),
    )

    bullets = await ENGINE.daily(PERSONA, "2024-05-03", (two, one))

    assert [text for text in (bullet.text for bullet in bullets) if "bicycle" in text] == [bullets[-1].text]
    assert sum("sister Anna" in bullet.text for bullet in bullets) == 1


async def test_a_suggestion_of_the_entity_is_told_as_its_own() -> None:
    talk = conversation(
        "advice", ("I argued with my father yesterday and I feel terrible.", "You could write him a short letter.")
    )

    bullets = await ENGINE.daily(PERSONA, "2024-05-03", (talk,))

    assert [bullet.text for bullet in bullets][-1] == "I suggested: “You could write him a short letter.”"


async def test_a_long_statement_is_cut_at_a_word_within_the_limit() -> None:
    talk = conversation("long", ("I moved out today and " + "carried boxes " * 60 + "alone.", "Oh."))

    (bullet,) = await ENGINE.daily(PERSONA, "2024-05-03", (talk,))

    assert len(bullet.text) <= 300
    assert bullet.text.endswith(("boxes…”", "carried…”"))


# --- graph -----------------------------------------------------------------------------------------------------------


async def test_namesakes_and_names_inside_names_stay_apart() -> None:
    facts = await ENGINE.graph(PERSONA, (TOLD[5].memory,))

    assert {node.key for node in facts.nodes if node.type == "person"} == {"mira", "ann", "joanna smith", "joann"}


async def test_dates_and_memories_span_what_was_seen() -> None:
    bodies = [
        memory("- Mira told me: “My sister Anna called.” [chat:a] [via:x]", name="m2", date="2024-06-01"),
        memory("- Mira told me: “my sister Anna is here” [chat:b] [via:x]", name="m1", date="2024-05-01"),
    ]

    facts = await ENGINE.graph(PERSONA, bodies)

    anna = next(node for node in facts.nodes if node.key == "anna")
    assert (anna.seen_from, anna.seen_to, anna.memory_ids) == ("2024-05-01", "2024-06-01", ("m1", "m2"))
    assert anna.confidence > 0.9


async def test_what_the_entity_narrates_is_about_the_person() -> None:
    facts = await ENGINE.graph(
        PERSONA, (memory('- Mira\'s sister Anna moved to Porto. I told her: "your brother Leo will miss her."'),)
    )

    _, edges = facts_of(facts)
    assert edges == {("anna", "sister_of", "mira"), ("anna", "lives_in", "porto"), ("leo", "brother_of", "mira")}


async def test_a_memory_without_anything_still_introduces_the_two() -> None:
    facts = await ENGINE.graph(PERSONA, (memory("- Mira told me: “the soup was fine”"),))

    assert [(node.type, node.label) for node in facts.nodes] == [("person", "Mira"), ("self", "me")]
    assert [(edge.type, edge.evidence) for edge in facts.edges] == [("companion_of", "the soup was fine")]


async def test_no_memories_give_no_facts() -> None:
    assert await ENGINE.graph(PERSONA, ()) == GraphFacts()


async def test_keys_do_not_depend_on_the_batch() -> None:
    bodies: list[Memory] = [told.memory for told in (*TOLD, *TOLD_SECOND)]

    whole = {(node.type, node.key) for node in (await ENGINE.graph(PERSONA, bodies)).nodes}

    for body in bodies:
        alone = {
            (node.type, node.key) for node in (await ENGINE.graph(PERSONA, (body,))).nodes if node.confidence >= KEPT
        }
        unnamed = {name for name in alone - whole if "'s " in name[1]}
        assert alone - whole == unnamed


# --- whatever is said ------------------------------------------------------------------------------------------------


@few
@given(st.lists(texts, min_size=1, max_size=5))
async def test_any_text_is_answered_and_can_be_written_as_one_line_of_utf8(said: list[str]) -> None:
    drafts, bullets, facts = await wholly(said)

    assert len(bullets) <= 6
    for bullet in bullets:
        assert bullet.text.splitlines() == [bullet.text]
        assert bullet.text.strip() not in ("", "None")
        assert len(bullet.text) <= 300
        assert bullet.message_ids
    written = [bullet.text for bullet in bullets] + [draft.prose + draft.title for draft in drafts]
    written += [node.label + node.key for node in facts.nodes] + [edge.evidence for edge in facts.edges]
    "".join(written).encode()  # raises when a lone surrogate came through
    assert not [text for text in written if "[chat:" in text or "[via:" in text]


@few
@given(st.lists(texts, min_size=1, max_size=5))
async def test_the_same_arguments_give_the_same_answer(said: list[str]) -> None:
    assert await wholly(said) == await wholly(list(said))


@few
@given(st.lists(plain_texts, min_size=1, max_size=5))
async def test_every_quote_stands_in_a_message_that_is_cited(said: list[str]) -> None:
    talk = talk_of(said)
    drafts = await ENGINE.significant(PERSONA, talk)
    bullets = await ENGINE.daily(PERSONA, "2024-05-03", (talk,))

    for kept, text in [(draft, draft.prose) for draft in drafts] + [(bullet, bullet.text) for bullet in bullets]:
        sources = cited(kept, (talk,))
        quotes = QUOTE.findall(text)
        assert quotes
        for quote in quotes:
            assert any(quote in source or quote.removesuffix("…") in source for source in sources)


@few
@given(st.lists(plain_texts, min_size=1, max_size=5))
async def test_outside_quotes_nobody_is_the_user_or_the_assistant(said: list[str]) -> None:
    drafts, bullets, _ = await wholly(said)

    for text in [draft.prose for draft in drafts] + [draft.title for draft in drafts] + [one.text for one in bullets]:
        assert "the user" not in outside_quotes(text)
        assert "the assistant" not in outside_quotes(text)


@few
@given(st.lists(texts, min_size=1, max_size=5))
async def test_every_fact_rests_on_memories_and_joins_two_different_nodes(said: list[str]) -> None:
    _, _, facts = await wholly(said)

    nodes = {(node.type, node.key) for node in facts.nodes}
    assert len(nodes) == len(facts.nodes)
    for node in facts.nodes:
        assert node.key
        assert node.memory_ids
        assert 0 <= node.confidence <= 1
        assert node.seen_from <= node.seen_to
    for edge in facts.edges:
        assert edge.source != edge.target
        assert {edge.source, edge.target} <= nodes
        assert edge.evidence.strip()
        assert edge.memory_ids
        assert 0 <= edge.confidence <= 1
