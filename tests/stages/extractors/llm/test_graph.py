"""The graph: how an answer is read, checked and joined."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from packages_store.errors import ItemFailed
from packages_store.model import GraphFacts, Memory
from stages.contract import Ask
from stages.extractors.llm.extractor import LlmExtractor
from stages.graph import batch_of
from tests.stages.extractors.golden import PERSONA, memory
from tests.stages.extractors.llm.fake_llm import FakeLlm, always

FIRST = memory(
    "- Mira told me that her sister Ann lives in Kyoto. [chat:c1] [via:chatgpt]", name="one", date="2024-05-03"
)
SECOND = memory("- Mira was glad that Ann “came home” for Christmas. [chat:c2] [via:x]", name="two", date="2024-05-05")
BOTH = (FIRST, SECOND)


async def facts_of(llm: FakeLlm, memories: Sequence[Memory] = BOTH) -> GraphFacts:
    return await LlmExtractor(llm).graph(PERSONA, memories)


def node(kind: str, name: str, *refs: str, confidence: object = 0.9, description: str = "") -> Mapping[str, object]:
    told = description or f"{name}, of whom Mira told me."
    return {
        "type": kind,
        "name": name,
        "description": told,
        "confidence": confidence,
        "memories": list(refs or ("m1",)),
    }


def edge(
    source: str, kind: str, target: str, evidence: str, *refs: str, confidence: object = 0.9
) -> Mapping[str, object]:
    cited = list(refs or ("m1",))
    fields = {"from": source, "to": target, "type": kind, "evidence": evidence, "confidence": confidence}
    return fields | {"memories": cited}


def answering(nodes: object = (), edges: object = ()) -> FakeLlm:
    listed = [list(one) if isinstance(one, tuple) else one for one in (nodes, edges)]
    return FakeLlm(always({"nodes": listed[0], "edges": listed[1]}))


ANN, KYOTO = node("person", "Ann", "m1", "m2"), node("place", "Kyoto")
SISTER = edge("Ann", "sister_of", "Mira", "her sister Ann")


def names(facts: GraphFacts) -> set[tuple[str, str]]:
    return {(one.type, one.label) for one in facts.nodes}


def relations(facts: GraphFacts) -> set[tuple[str, str, str]]:
    return {(one.source[1], one.type, one.target[1]) for one in facts.edges}


async def test_nodes_and_edges_name_their_memories_and_the_days_of_these() -> None:
    facts = await facts_of(answering((ANN, KYOTO), (SISTER, edge("Ann", "lives_in", "Kyoto", "Ann lives in Kyoto"))))

    ann = next(one for one in facts.nodes if one.key == "ann")
    assert (ann.memory_ids, ann.seen_from, ann.seen_to) == (("one", "two"), "2024-05-03", "2024-05-05")
    assert relations(facts) == {("ann", "sister_of", "mira"), ("ann", "lives_in", "kyoto")}
    assert all(one.memory_ids and one.evidence for one in facts.edges)
    assert all(one.memory_ids for one in facts.nodes)


async def test_memories_are_asked_about_without_their_frame_and_as_one_item() -> None:
    llm = answering()

    await facts_of(llm)

    (ask,) = llm.sent
    assert "[chat:" not in ask.material
    assert "# Daily Memory" not in ask.material
    assert "m2] A daily memory of 2024-05-05\n- Mira was glad" in ask.material
    assert ask.item == batch_of(FIRST)


@pytest.mark.parametrize("kind", ["organisation", "event", "thing", "", "persons"])
async def test_other_types_than_the_five_are_left_out(kind: str) -> None:
    assert await facts_of(answering((node(kind, "Ann"),))) == GraphFacts()


@pytest.mark.parametrize("confidence", [0.69, "0.5", 0, None, "sure", True, -1, 140, "60%"], ids=repr)
async def test_what_is_not_sure_is_left_out_with_what_hangs_on_it(confidence: object) -> None:
    unsure = answering(
        (node("person", "Ann", confidence=confidence), KYOTO), (edge("Ann", "lives_in", "Kyoto", "lives in Kyoto"),)
    )
    loose = answering((ANN, KYOTO), (edge("Ann", "lives_in", "Kyoto", "lives in Kyoto", confidence=confidence),))

    assert names(await facts_of(unsure)) == {("place", "Kyoto")}
    assert (await facts_of(loose)).edges == ()


@pytest.mark.parametrize("confidence", [0.7, "0.9", 90, "95%", 1], ids=repr)
async def test_confidence_is_understood_however_it_is_written(confidence: object) -> None:
    (one,) = (await facts_of(answering((node("person", "Ann", confidence=confidence),)))).nodes

    assert 0.7 <= one.confidence <= 1


@pytest.mark.parametrize("name", ["me", "Me", "I", "Wren", "wren", "myself"])
async def test_the_entity_is_me_whatever_it_is_called(name: str) -> None:
    for kind in ("self", "person"):
        (one,) = (await facts_of(answering((node(kind, name),)))).nodes
        assert (one.type, one.key, one.label) == ("self", "me", "me")


@pytest.mark.parametrize("name", ["the user", "User", "someone", "she", "None", "", "the assistant"])
async def test_a_name_that_names_nobody_makes_no_node(name: str) -> None:
    assert await facts_of(answering((node("person", name, description="A person."),))) == GraphFacts()


async def test_a_name_that_no_cited_memory_says_makes_no_node() -> None:
    assert await facts_of(answering((node("person", "Bertha"), node("place", "Kyoto", "m2")))) == GraphFacts()


async def test_references_that_do_not_exist_are_dropped() -> None:
    (one,) = (await facts_of(answering((node("person", "Ann", "m1", "m9"), node("place", "Kyoto", "m9"))))).nodes

    assert one.memory_ids == ("one",)


@pytest.mark.parametrize(
    "evidence",
    ["Ann lives in Osaka", "her sister is Ann", "", "Ann", "in", "Ann came home for Christmas"],
)
async def test_a_relation_whose_evidence_is_not_in_the_memory_is_left_out(evidence: str) -> None:
    facts = await facts_of(answering((ANN, KYOTO), (edge("Ann", "lives_in", "Kyoto", evidence),)))

    assert facts.edges == ()
    assert len(facts.nodes) == 2


@pytest.mark.parametrize(
    "evidence",
    ['that Ann "came home" for Christmas.', "that  ANN “came home”", "“Mira was glad that Ann", "Mira was glad…"],
)
async def test_evidence_is_found_whatever_its_quotes_case_and_blanks(evidence: str) -> None:
    facts = await facts_of(answering((ANN,), (edge("Ann", "friend_of", "Mira", evidence, "m2"),)))

    assert len(facts.edges) == 1


async def test_evidence_counts_only_in_the_memory_it_is_cited_for() -> None:
    facts = await facts_of(answering((ANN,), (edge("Ann", "sister_of", "Mira", "her sister Ann", "m1", "m2"),)))

    assert facts.edges[0].memory_ids == ("one",)
    assert (await facts_of(answering((ANN,), (edge("Ann", "sister_of", "Mira", "her sister Ann", "m2"),)))).edges == ()


async def test_an_answer_of_which_no_relation_quotes_anything_is_asked_for_once_more() -> None:
    made_up = [edge("Ann", f"knows_{number}", "Mira", "as everybody knows") for number in range(3)]
    llm = FakeLlm(always({"nodes": [ANN], "edges": made_up}, {"nodes": [ANN], "edges": [SISTER]}))

    assert relations(await facts_of(llm)) == {("ann", "sister_of", "mira")}
    assert len(llm.sent) == 2


async def test_a_relation_needs_two_different_ends_that_are_listed() -> None:
    loose = (
        edge("Ann", "knows", "Ann", "her sister Ann"),
        edge("me", "knows", "Wren", "her sister Ann"),
        edge("Ann", "knows", "Bertha", "her sister Ann"),
        edge("Ann", "?!", "Mira", "her sister Ann"),
    )

    assert (await facts_of(answering((ANN,), loose))).edges == ()


async def test_the_entity_and_the_person_need_not_be_listed() -> None:
    facts = await facts_of(answering((ANN,), (SISTER, edge("me", "companion_of", "Mira", "Mira told me"))))

    assert names(facts) == {("person", "Ann"), ("person", "Mira"), ("self", "me")}
    assert relations(facts) == {("ann", "sister_of", "mira"), ("me", "companion_of", "mira")}


async def test_a_name_that_is_both_a_person_and_a_place_means_the_person_in_a_relation() -> None:
    paris = memory("- Mira met Paris, her niece, in Paris.", name="p")
    answer = answering(
        (node("place", "Paris"), node("person", "Paris")), (edge("Paris", "niece_of", "Mira", "Paris, her niece"),)
    )

    (relation,) = (await facts_of(answer, (paris,))).edges

    assert relation.source == ("person", "paris")


async def test_the_same_thing_listed_twice_is_one_with_the_surest_words() -> None:
    facts = await facts_of(
        answering(
            (
                node("person", "ann", "m2", confidence=0.8),
                node("person", "Ann", confidence=0.95, description="Her sister."),
            ),
            (SISTER, edge("ANN", "Sister of", "mira", "sister Ann lives", confidence=0.7)),
        )
    )

    ann = next(one for one in facts.nodes if one.key == "ann")
    assert (ann.label, ann.description, ann.confidence, ann.memory_ids) == ("Ann", "Her sister.", 0.95, ("one", "two"))
    assert [(one.type, one.confidence) for one in facts.edges] == [("sister_of", 0.9)]


@pytest.mark.parametrize(
    "answer",
    [{"nodes": [], "edges": []}, {"nodes": None, "edges": "None"}, {"nodes": "NONE."}, {"edges": [None]}],
    ids=repr,
)
async def test_what_speaks_of_nobody_is_done_and_empty(answer: Mapping[str, object]) -> None:
    llm = FakeLlm(always(answer))

    assert await facts_of(llm) == GraphFacts()
    assert len(llm.sent) == 1


@pytest.mark.parametrize(
    "answer", [{}, {"a": 1, "b": []}, {"nodes": "I'm sorry, I can't help with that."}, {"nodes": 3}]
)
async def test_what_is_no_answer_fails(answer: Mapping[str, object]) -> None:
    with pytest.raises(ItemFailed):
        await facts_of(FakeLlm(always(answer)))


async def test_a_description_from_outside_is_asked_for_once_more() -> None:
    outside = node("person", "Ann", description="The sister of the user.")
    llm = FakeLlm(always({"nodes": [outside], "edges": []}, {"nodes": [ANN], "edges": []}))

    assert names(await facts_of(llm)) == {("person", "Ann")}
    assert len(llm.sent) == 2


async def test_a_batch_that_is_too_long_is_asked_in_several_questions_and_joined() -> None:
    filler = "- The river was high and the evening long, and nobody came by. " * 120
    batch = [
        memory(f"- Mira told me of Ann. {filler}", name=f"day-{day}", date=f"2024-05-{day:02}") for day in range(1, 9)
    ]

    def script(ask: Ask, _attempt: int) -> Mapping[str, object]:
        refs = [line.split("] ")[0].split(" ")[1] for line in ask.material.split("\n") if "] A daily memory" in line]
        return {
            "nodes": [node("person", "Ann", *refs)],
            "edges": [edge("me", "knows", "Ann", "Mira told me of Ann", *refs)],
        }

    llm = FakeLlm(script, context_tokens=12_000)
    facts = await facts_of(llm, batch)

    assert len(llm.sent) > 1
    assert facts.nodes[0].memory_ids == facts.edges[0].memory_ids == tuple(sorted(one.id for one in batch))
    assert len(facts.edges) == 1


async def test_memories_without_text_are_not_asked_about() -> None:
    llm = FakeLlm()

    assert (
        await facts_of(llm, (replace(FIRST, body="# Daily Memory - 2024-05-03\n\n[chat:x] [via:y]\n"),)) == GraphFacts()
    )
    assert llm.sent == []
