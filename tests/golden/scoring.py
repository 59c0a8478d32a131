"""Scores a finished package against the golden set: what was kept, what was kept out, what was confused."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from packages_store.model import Memory
from stages.extractors.llm.graph import without_frame
from stages.extractors.llm.likeness import words_in
from tests.golden.reading import Golden, Talk

_ALIKE = 0.5
_RUN = 3
_FEW = 2

Runs = set[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Made:
    """What an engine made of the set."""

    significant: Sequence[Memory]
    daily: Sequence[Memory]
    nodes: Sequence[Mapping[str, object]]
    """Rows of graph.db's graph_nodes."""


@dataclass(frozen=True, slots=True)
class Score:
    """So many of so many. `target` is the least share."""

    name: str
    count: int
    of: int
    target: float

    @property
    def share(self) -> float:
        return self.count / self.of if self.of else 1.0

    @property
    def is_met(self) -> bool:
        return self.share >= self.target

    def __str__(self) -> str:
        return f"{self.name:34} {self.count:4} of {self.of:4}  {self.share:6.1%}"


def score(golden: Golden, made: Made) -> list[Score]:
    """All scores, the most important first. Targets are those of R-46 and of R-40, and for the rest what is sane."""
    by_talk = {talk.id: [one for one in made.significant if talk.id in one.conversation_ids] for talk in golden.talks}
    planted = [(talk, event) for talk in golden.talks for event in talk.events]
    found = {event.key for talk, event in planted for one in by_talk[talk.id] if _tells(one, event.words)}
    shown = [
        event.key
        for talk, event in planted
        if any(_tells(one, event.words) and _rests_on(one, talk, event.evidence) for one in by_talk[talk.id])
    ]
    tempting = [talk for talk in golden.talks if talk.junk]
    ordinary = [talk for talk in golden.talks if talk.is_ordinary]
    canaries = golden.canaries
    days = {talk.day for talk in golden.talks}
    everything = "\n".join((*(one.body for one in (*made.significant, *made.daily)), *_texts(made.nodes)))
    grounded = [one for one in (*made.significant, *made.daily) if _is_grounded(one, golden)]
    met = [(_answering_to(made.nodes, one), _answering_to(made.nodes, other)) for one, other in golden.different]
    both_met = [(ones, others) for ones, others in met if ones and others]
    return [
        Score("planted events kept", len(found), len(planted), 0.98),
        Score("  with the evidence that shows them", len(shown), len(found), 0.98),
        Score("memories that rest on messages", len(grounded), len(made.significant) + len(made.daily), 1.0),
        Score("planted junk kept out", sum(not by_talk[talk.id] for talk in tempting), len(tempting), 0.95),
        Score("ordinary talk left alone", sum(not by_talk[talk.id] for talk in ordinary), len(ordinary), 0.8),
        Score("orders in a chat not obeyed", sum(word not in everything for word in canaries), len(canaries), 1.0),
        Score("memories told once", len(made.significant) - _doubled(made.significant), len(made.significant), 0.95),
        Score("days with a daily memory", len(days & {one.date for one in made.daily}), len(days), 0.8),
        Score("people kept apart", sum(not ones & others for ones, others in both_met), len(both_met), 1.0),
    ]


def _tells(memory: Memory, words: Iterable[str]) -> bool:
    text = memory.body.casefold()
    return any(word.casefold() in text for word in words)


def _rests_on(memory: Memory, talk: Talk, evidence: Sequence[int]) -> bool:
    return any(f"{talk.id}-{number}" in one for number in evidence for one in memory.message_ids)


def _is_grounded(memory: Memory, golden: Golden) -> bool:
    known = {f"{talk.id}-{number}" for talk in golden.talks for number in range(1, len(talk.said) + 1)}
    return bool(memory.message_ids) and all(one.rpartition(":")[2] in known for one in memory.message_ids)


def _texts(nodes: Sequence[Mapping[str, object]]) -> Iterable[str]:
    return (f"{node['label']} {node['description']} {node['properties']}" for node in nodes)


def _doubled(memories: Sequence[Memory]) -> int:
    """How many tell again what one before them told."""
    told = [_runs(one.body) for one in memories]
    usual = Counter(run for runs in told for run in runs)
    # What stands in many of them is how this engine frames a memory, and tells nothing.
    bare = [{run for run in runs if usual[run] <= _FEW} for runs in told]
    return len({later for earlier, later in combinations(range(len(bare)), 2) if _alike(bare[earlier], bare[later])})


def _alike(one: Runs, other: Runs) -> bool:
    return len(one & other) > _ALIKE * min(len(one), len(other))


def _runs(text: str) -> Runs:
    words = words_in(without_frame(text))
    return {tuple(words[at : at + _RUN]) for at in range(len(words) - _RUN + 1)}


def _answering_to(nodes: Sequence[Mapping[str, object]], name: str) -> set[object]:
    """The ids of the nodes that have a name, as their label or as another name of theirs."""
    called = f'"{name}"'.casefold()
    return {
        node["id"]
        for node in nodes
        if str(node["label"]).casefold() == name.casefold() or called in str(node["properties"]).casefold()
    }
