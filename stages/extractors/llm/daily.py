"""What a day was about, in a few lines."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from packages_store.model import Conversation, StageName
from packages_store.times import parse_iso
from stages.contract import Answered, AnswerRejected, Bullet, Llm, Persona
from stages.extractors.llm.answers import (
    Entry,
    entries_of,
    refs_at,
    script_problems,
    text_at,
    voice_problems,
    writing_of,
)
from stages.extractors.llm.asking import Question, Task
from stages.extractors.llm.chunks import Chunk, halved
from stages.extractors.llm.junk import is_none, is_refusal
from stages.extractors.llm.likeness import distinct, told
from stages.extractors.llm.prompts import load_prompt, person_of
from stages.extractors.llm.scripts import Letters
from stages.extractors.llm.turns import Turn, followed, overlap_remark, record_of, spoke
from stages.extractors.sentences import fold

MOST_BULLETS = 8
"""Of one chunk; more is no longer what a day was about."""

_MOST_TOKENS = 3_000

SCHEMA: Mapping[str, object] = {
    "type": "object",
    "properties": {
        "bullets": {
            "anyOf": [
                {"type": "null"},
                {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "text": {"type": "string"},
                            "refs": {"type": "array", "items": {"type": "string"}},
                        },
                        "required": ["text", "refs"],
                        "additionalProperties": False,
                    },
                },
            ]
        }
    },
    "required": ["bullets"],
    "additionalProperties": False,
}

Placed = tuple[datetime, Bullet]
"""A bullet, and when the first message it rests on was said."""


def daily_task() -> Task:
    """What daily memories are asked with."""
    return Task(StageName.DAILY, load_prompt("daily"), SCHEMA, _MOST_TOKENS)


def questions(
    task: Task, llm: Llm, persona: Persona, day: str, parts: Sequence[Conversation]
) -> list[Question[tuple[Placed, ...]]]:
    """What to ask about a day; nothing when the person said nothing on it."""
    told_on_it = sorted((part for part in parts if spoke(part)), key=_beginning)
    if not told_on_it:
        return []
    record = record_of(persona, told_on_it)
    remark = f"The day is {day}."
    longest = (remark, overlap_remark("m999999", "m999999"))

    def about(chunk: Chunk) -> Question[tuple[Placed, ...]]:
        ask = task.ask(llm, persona, day, chunk, (remark, *followed(chunk)))
        reading = Reading(person_of(persona), chunk, record.turns)
        return Question(ask, reading.read, lambda: [about(half) for half in halved(chunk)])

    return [about(chunk) for chunk in task.chunks(llm, persona, record.parts, longest)]


def _beginning(conversation: Conversation) -> tuple[datetime, str]:
    return min(parse_iso(message.created_at) for message in conversation.messages), conversation.id


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads the answer about one chunk of a day, and checks it against that chunk."""

    person: str
    chunk: Chunk
    turns: Mapping[str, Turn]

    def read(self, answer: Entry) -> tuple[Placed, ...]:
        """The bullets of an answer, in the order in which things were said. Raises AnswerRejected."""
        problems: list[str] = []
        placed: list[Placed] = []
        fresh = {part.ref for part in self.chunk.fresh}
        writing = writing_of([part.text for part in self.chunk.parts])
        for number, entry in enumerate(entries_of(answer, "bullets", self.person)[:MOST_BULLETS], start=1):
            text = fold(text_at(entry, "text")).lstrip("-*•– ")
            if is_none(text):
                continue
            cited = self._cited(entry)
            problems += [f"Line {number}: {problem}" for problem in self._problems(text, cited, writing)]
            if fresh.intersection(cited):
                placed.append(self._placed(text, cited))
        if problems:
            raise AnswerRejected(" ".join(problems))
        return tuple(sorted(placed, key=lambda one: one[0]))

    def _cited(self, entry: Entry) -> list[str]:
        there = {part.ref for part in self.chunk.parts}
        return sorted((ref for ref in refs_at(entry, "refs") if ref in there), key=lambda ref: int(ref[1:]))

    def _problems(self, text: str, cited: Sequence[str], writing: Letters) -> list[str]:
        if is_refusal(text, self.person):
            return ["The model declined to write it."]
        problems = voice_problems(text, self.person, (part.text for part in self.chunk.parts))
        if not cited:
            problems.append('Its "refs" name no message of this day: give references such as m1.')
        return problems + script_problems(text, [self.turns[ref].message.content for ref in cited], writing)

    def _placed(self, text: str, cited: Sequence[str]) -> Placed:
        turns = [self.turns[ref] for ref in cited]
        # A line carries one source: the conversation that most of its messages are from, of several the first.
        votes = Counter(turn.conversation.id for turn in turns)
        main = max(turns, key=lambda turn: votes[turn.conversation.id]).conversation
        bullet = Bullet(text, main.id, main.platform, tuple(turn.message.id for turn in turns))
        return min(turn.moment for turn in turns), bullet


def joined(answers: Sequence[Answered[tuple[Placed, ...]]]) -> tuple[Bullet, ...]:
    """The bullets of all chunks in the order in which things were said, each once, with the request it came from."""
    placed = [(moment, replace(bullet, request=one.request)) for one in answers for moment, bullet in one.value]
    each_once = distinct([((moment, bullet), told(bullet.text, bullet.message_ids)) for moment, bullet in placed])
    return tuple(bullet for _, bullet in sorted(each_once, key=lambda one: one[0]))
