"""Puts the questions of one item, and fits what is asked about into the model's context."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import anyio

from packages_store.errors import EngineStopped, ItemFailed
from packages_store.model import StageName
from stages.contract import Answered, AnswerTooLong, Ask, Llm, Persona, off_loop
from stages.extractors.llm.chunks import Chunk, cut
from stages.extractors.llm.material import Part, enclosed
from stages.extractors.llm.prompts import Prompt

_UNDERCOUNT = 0.1
"""`Llm.tokens` may be too low by this share (its contract)."""

_SECOND_TRY = 600
"""Tokens kept free for what is said when a question is put again."""

_LEAST_ROOM = 600
"""Tokens of chat below which a question is not worth its instructions."""

_ANSWER_SHARE = 4
"""An answer takes at most this part (one n-th) of the context."""

_MOST_HALVINGS = 3
"""A question is cut into so many times halves: what is too long even then is too long for another reason."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Task:
    """One kind of question."""

    stage: StageName
    prompt: Prompt
    schema: Mapping[str, object]
    most_tokens: int

    def chunks(self, llm: Llm, persona: Persona, parts: Sequence[Part], remarks: Sequence[str]) -> list[Chunk]:
        """The parts in as few questions as possible; `remarks` are the longest ones that any of them is sent with.

        Raises EngineStopped when the model's context is too small for any question of this kind.
        """
        answer = self._answer_tokens(llm)
        counted = (self.prompt.filled(persona), json.dumps(self.schema), enclosed((), remarks))
        spare = int((llm.context_tokens - answer) * (1 - _UNDERCOUNT)) - _SECOND_TRY
        room = spare - sum(map(llm.tokens, counted))
        if room < _LEAST_ROOM:
            raise EngineStopped(
                f"The model takes {llm.context_tokens:,} tokens at once, which leaves no room for a chat.",
                "Choose a model with a larger context, or allow it more of it.",
            )
        return cut(parts, room, llm.tokens)

    def ask(self, llm: Llm, persona: Persona, item: str, chunk: Chunk, remarks: Sequence[str]) -> Ask:
        """The question about one chunk."""
        return Ask(
            stage=self.stage,
            item=item,
            prompt=self.prompt.name,
            instructions=self.prompt.filled(persona),
            material=enclosed(chunk.parts, remarks),
            schema=self.schema,
            most_tokens=self._answer_tokens(llm),
        )

    def _answer_tokens(self, llm: Llm) -> int:
        return min(self.most_tokens, llm.context_tokens // _ANSWER_SHARE)


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """A question, and what makes something of its answer."""

    ask: Ask
    accept: Callable[[Mapping[str, object]], T]
    halves: "Callable[[], Sequence[Question[T]]]" = tuple
    """Asks about each half of the same, for when the answer is too long; nothing when it cannot be halved."""


class Asker:
    """Puts questions to one model. However many items are worked on, `llm.concurrency` questions at most are out."""

    def __init__(self, llm: Llm) -> None:
        self._llm = llm
        self._slots = anyio.CapacityLimiter(max(1, llm.concurrency))

    async def ask_all(self, questions: Sequence[Question[T]]) -> list[Answered[T]]:
        """The answers, in the order of the questions, which are put together.

        A question whose answer is too long is put again in halves, which then have an answer each. When one fails the
        others are still put: their answers are in the journal when the item is tried again. When the engine has
        stopped nothing more is put. Raises the EngineStopped, else the first ItemFailed.
        """
        answers: dict[int, list[Answered[T]]] = {}
        failures: dict[int, ItemFailed] = {}
        stopped: list[EngineStopped] = []

        async def put(number: int, question: Question[T]) -> None:
            try:
                answers[number] = await self._answers(question, stopped)
            except ItemFailed as failure:
                failures[number] = failure
            except EngineStopped as stop:
                stopped.append(stop)

        async with anyio.create_task_group() as tasks:
            for number, question in enumerate(questions):
                tasks.start_soon(put, number, question)
        if stopped:
            raise stopped[0]
        if failures:
            raise failures[min(failures)]
        return [answer for number in range(len(questions)) for answer in answers[number]]

    async def _answers(
        self, question: Question[T], stopped: Sequence[EngineStopped], halvings: int = 0
    ) -> list[Answered[T]]:
        async with self._slots:
            if stopped:
                raise stopped[0]
            try:
                return [await self._llm.ask(question.ask, question.accept)]
            except AnswerTooLong:
                halves = await off_loop(question.halves) if halvings < _MOST_HALVINGS else ()
                if not halves:
                    raise
        return [answer for half in halves for answer in await self._answers(half, stopped, halvings + 1)]
