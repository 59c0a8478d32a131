"""The moments of one conversation worth keeping."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from packages_store.model import Conversation, StageName
from stages.contract import Answered, AnswerRejected, Llm, MemoryDraft, Persona
from stages.extractors.llm.answers import (
    Entry,
    date_at,
    entries_of,
    is_named,
    refs_at,
    script_problems,
    shortened,
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

MOST_MEMORIES = 5
"""Of one chunk."""

_TITLE_LIMIT = 80
_MOST_TOKENS = 4_000

SCHEMA: Mapping[str, object] = {
    "type": "object",
    "properties": {
        "memory": {
            "anyOf": [
                {"type": "null"},
                {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "title": {"type": "string"},
                            "date": {"type": "string", "description": "YYYY-MM-DD"},
                            "prose": {"type": "string"},
                            "evidence": {"type": "array", "items": {"type": "string"}},
                        },
                        "required": ["title", "date", "prose", "evidence"],
                        "additionalProperties": False,
                    },
                },
            ]
        }
    },
    "required": ["memory"],
    "additionalProperties": False,
}


def significant_task() -> Task:
    """What significant memories are asked with."""
    return Task(StageName.SIGNIFICANT, load_prompt("significant"), SCHEMA, _MOST_TOKENS)


def questions(
    task: Task, llm: Llm, persona: Persona, conversation: Conversation
) -> list[Question[tuple[MemoryDraft, ...]]]:
    """What to ask about a conversation; nothing when the person said nothing in it."""
    if not spoke(conversation):
        return []
    record = record_of(persona, (conversation,))
    longest = (_span("YYYY-MM-DD", "YYYY-MM-DD"), overlap_remark("m999999", "m999999"))

    def about(chunk: Chunk) -> Question[tuple[MemoryDraft, ...]]:
        # Of this chunk alone: what it is asked with must not change when the conversation grows behind it.
        days = sorted({record.turns[part.ref].day for part in chunk.parts})
        ask = task.ask(llm, persona, conversation.id, chunk, (_span(days[0], days[-1]), *followed(chunk)))
        reading = Reading(person_of(persona), chunk, record.turns, days[0], days[-1])
        return Question(ask, reading.read, lambda: [about(half) for half in halved(chunk)])

    return [about(chunk) for chunk in task.chunks(llm, persona, record.parts, longest)]


def _span(first_day: str, last_day: str) -> str:
    return f"It was said from {first_day} to {last_day}."


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads the answer about one chunk, and checks it against that chunk."""

    person: str
    chunk: Chunk
    turns: Mapping[str, Turn]
    first_day: str
    last_day: str

    def read(self, answer: Entry) -> tuple[MemoryDraft, ...]:
        """The memories of an answer, oldest first. Raises AnswerRejected with everything that is wrong."""
        problems: list[str] = []
        drafts: list[tuple[str, int, MemoryDraft]] = []
        writing = writing_of([part.text for part in self.chunk.parts])
        for number, entry in enumerate(entries_of(answer, "memory", self.person)[:MOST_MEMORIES], start=1):
            prose = text_at(entry, "prose")
            if is_none(prose) and (prose or is_none(text_at(entry, "title"))):
                continue
            cited = self._cited(entry)
            problems += [f"Memory {number}: {problem}" for problem in self._problems(entry, prose, cited, writing)]
            if cited and not self._told_before(cited):
                draft = self._draft(entry, prose, cited)
                drafts.append((draft.date, int(cited[0][1:]), draft))
        if problems:
            raise AnswerRejected(" ".join(problems))
        return tuple(draft for _, _, draft in sorted(drafts, key=lambda placed: placed[:2]))

    def _cited(self, entry: Entry) -> list[str]:
        """The references of an entry that this chunk holds, in the order of the chunk."""
        there = {part.ref for part in self.chunk.parts}
        return sorted((ref for ref in refs_at(entry, "evidence") if ref in there), key=lambda ref: int(ref[1:]))

    def _told_before(self, cited: Sequence[str]) -> bool:
        """Whether an entry rests on what the chunk before has seen as well: that one told it."""
        return not {part.ref for part in self.chunk.fresh} & set(cited)

    def _problems(self, entry: Entry, prose: str, cited: Sequence[str], writing: Letters) -> list[str]:
        if not prose:
            return ["It has a title and no prose."]
        if is_refusal(prose, self.person):
            return ["The model declined to write it."]
        chat = (part.text for part in self.chunk.parts)
        problems = voice_problems(f"{text_at(entry, 'title')}\n{prose}", self.person, chat)
        if not is_named(prose, self.person):
            problems.append(f"It does not call {self.person} by name.")
        if not cited:
            problems.append('Its "evidence" names no message of this chat: give references such as m1.')
        problems += script_problems(prose, [self.turns[ref].message.content for ref in cited], writing)
        day = date_at(entry, "date")
        if day is not None and not self.first_day <= day <= self.last_day:
            problems.append(f"Its date {day} is none from {self.first_day} to {self.last_day}.")
        return problems

    def _draft(self, entry: Entry, prose: str, cited: Sequence[str]) -> MemoryDraft:
        day = date_at(entry, "date") or self.turns[cited[0]].day
        title = text_at(entry, "title")
        return MemoryDraft(
            date=day,
            title=shortened(prose if is_none(title) else title, _TITLE_LIMIT),
            prose=prose,
            message_ids=tuple(self.turns[ref].message.id for ref in cited),
        )


def joined(answers: Sequence[Answered[tuple[MemoryDraft, ...]]]) -> tuple[MemoryDraft, ...]:
    """The memories of all chunks, oldest first, each once, with the request it came from."""
    drafts = [replace(draft, request=answered.request) for answered in answers for draft in answered.value]
    each_once = distinct([(draft, told(draft.prose, draft.message_ids)) for draft in drafts])
    return tuple(sorted(each_once, key=lambda draft: draft.date))
