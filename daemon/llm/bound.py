"""A language model for one package: the `Llm` of the stages, with the package's journal and purse.

What is asked is known by a fingerprint of everything that decides the answer, and of nothing else: not where the
package lies, and not by which way the model is reached. What was answered is in the journal before anybody looks at
it; so whatever happens next, the same question is not paid for again (R-29).
"""

import json
import math
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Protocol, TypeVar

import anyio

from daemon.llm import exchange
from daemon.llm.errors import Passing, QuestionFailed, Refused, TooLong
from daemon.llm.exchange import Completion, Finish, Message, Request
from daemon.llm.objects import object_in
from daemon.llm.scribe import Scribe
from packages_store.errors import EngineStopped, ItemFailed, LoomError
from packages_store.journal import JournalledAnswer, NewAnswer, Usage
from packages_store.package import Package
from stages.contract import Answered, AnswerRejected, AnswerTooLong, Ask, fingerprint, off_loop, off_loop_if_long

_TOO_LONG = "too long"
"""How the journal says that a question did not fit: an answer too, and the same one every time."""
_MORE = 2
"""A cut off answer gets this many times the room, once."""
_LONGEST_COMPLAINT = 1500
"""Characters; stages/extractors/llm/asking.py keeps room for so much."""
_AGAIN = (
    "This answer cannot be used. {why}\nAnswer the whole question again, in the same form and without this mistake."
)
_QUIETLY = "The next question is asked all the same; Retry asks this one anew."

T = TypeVar("T")


class Purse(Protocol):
    """The money of one package. Made in a worker thread; its methods belong to the event loop and touch no disk."""

    @contextmanager
    def admit(self, tokens_in: int, tokens_out: int) -> Iterator[None]:
        """Reserve what one request is expected to cost while it is in flight: about so many tokens, at most so many.

        Raises EngineStopped (`is_spent`) when the budget leaves nothing for it: then it is not sent.
        """
        ...

    def cost(self, origin: str, model: str, usage: Usage, told: float | None) -> Decimal | None:
        """What an answer cost in US dollars, None when that is not known; it is spent from now on.

        Called once for each answer, inside the `admit` of its request. `origin` is the endpoint's
        (`https://api.openai.com`), `model` the one that was asked for, `told` what the provider says that it took.
        """
        ...


class Unlimited:
    """A purse that never closes, and knows no price but what it is told."""

    @contextmanager
    def admit(self, tokens_in: int, tokens_out: int) -> Iterator[None]:
        """Let everything pass."""
        yield

    def cost(self, origin: str, model: str, usage: Usage, told: float | None) -> Decimal | None:
        """What the provider says."""
        return None if told is None else Decimal(str(told))


@dataclass(frozen=True, slots=True)
class Model:
    """Which model is asked, and how much it takes."""

    name: str
    origin: str
    """The endpoint's, such as `https://api.openai.com`."""
    temperature: float | None
    context_tokens: int
    concurrency: int
    """How many questions may be put at once; the engine lets as many pass as the provider takes."""


class Asking(Protocol):
    """What answers requests: an Engine, as long as it may be used."""

    @property
    def most_output(self) -> int | None:
        """The longest answer that may be asked for, when the endpoint has said so."""
        ...

    async def complete(self, request: Request, package: str) -> Completion:
        """See `Engine.complete`."""
        ...

    def measured(self, sent: int, tokens: int) -> None:
        """So many bytes were so many tokens, the provider says."""
        ...


@dataclass(frozen=True, slots=True)
class _Question:
    """A request, what it is known by, and about how many tokens it has."""

    request: Request
    fingerprint: str
    tokens: int


class PackageLlm:
    """Implements `Llm`. Made in a worker thread, for one run of a stage."""

    def __init__(self, package: Package, model: Model, asking: Asking, purse: Purse, bytes_per_token: float) -> None:
        """`bytes_per_token` decides how conversations are cut: it stays the same while an item is half done."""
        self._package = package
        self._model = model
        self._asking = asking
        self._purse = purse
        self._bytes_per_token = bytes_per_token
        self._journal = package.journal
        self._scribe = Scribe(package.journal)
        self._known = self._journal.known()
        self._locks: dict[str, anyio.Lock] = {}
        self._stopped: EngineStopped | None = None
        """Why nothing more is asked in this run: an item that comes late must not ask once more what was refused."""
        self._under_way = 0
        """Requests that the purse has admitted."""
        self._ended = anyio.Event()
        """Set when one of them ends; another one follows."""
        self._out = 0
        """Questions that are being dealt with."""

    @property
    def version(self) -> str:
        """The model and its parameters, as they stand in fingerprints."""
        temperature = self._model.temperature
        return self._model.name + ("" if temperature is None else f" at {temperature:g}")

    @property
    def context_tokens(self) -> int:
        """See `Llm`."""
        return self._model.context_tokens

    @property
    def concurrency(self) -> int:
        """See `Llm`."""
        return self._model.concurrency

    def tokens(self, text: str) -> int:
        """See `Llm`."""
        return math.ceil(len(text.encode("utf-8", "surrogatepass")) / self._bytes_per_token)

    @property
    def model(self) -> Model:
        """Which model is asked."""
        return self._model

    def weighed(self, ask: Ask) -> tuple[str, int]:
        """The fingerprint by which the journal knows a question, and about how many tokens are sent with it."""
        question = self._question(ask)
        return question.fingerprint, question.tokens

    async def ask(self, ask: Ask, accept: Callable[[Mapping[str, object]], T]) -> Answered[T]:
        """See `Llm`."""
        self._out += 1
        try:
            return await self._accepted(ask, accept)
        finally:
            self._out -= 1
            if not self._out:
                await self._scribe.flush()

    async def _accepted(self, ask: Ask, accept: Callable[[Mapping[str, object]], T]) -> Answered[T]:
        question = self._question(ask)
        answer = await self._whole(ask, question)
        try:
            return await self._judged(answer, accept)
        except AnswerRejected as rejected:
            question = self._again(question, answer.text, str(rejected))
        answer = await self._whole(ask, question)
        try:
            return await self._judged(answer, accept)
        except AnswerRejected as rejected:
            why = f"The model's answer could not be used, and neither could its second one: {rejected}"
            raise ItemFailed(why, _QUIETLY, retryable=True) from rejected

    # --- questions -----------------------------------------------------------------------------------------------

    def _question(self, ask: Ask) -> _Question:
        messages = (Message("system", ask.instructions), Message("user", ask.material))
        schema = json.dumps(ask.schema, sort_keys=True)
        name = fingerprint(self.version, ask.prompt, ask.instructions, ask.material, schema, ask.most_tokens)
        request = Request(messages, ask.most_tokens, ask.schema, self._model.temperature)
        return _Question(request, name, sum(map(self.tokens, (ask.instructions, ask.material, schema))))

    def _again(self, question: _Question, said: str, why: str) -> _Question:
        """The same question, after what was answered, where there is room for it, and what is wrong with that."""
        words = _AGAIN.format(why=why[:_LONGEST_COMPLAINT])
        tokens = question.tokens + self.tokens(words)
        added = [Message("user", words)]
        if tokens + self.tokens(said) + question.request.most_tokens <= self._model.context_tokens:
            tokens += self.tokens(said)
            added.insert(0, Message("assistant", said))
        request = replace(question.request, messages=(*question.request.messages, *added))
        return _Question(request, fingerprint(question.fingerprint, "again", said, words), tokens)

    def _longer(self, question: _Question) -> _Question | None:
        """The same question with more room for the answer; None when there is none."""
        before = question.request.most_tokens
        limits = (before * _MORE, self._model.context_tokens - question.tokens, self._asking.most_output or math.inf)
        room = int(min(limits))
        if room <= before:
            return None
        request = replace(question.request, most_tokens=room)
        return replace(question, request=request, fingerprint=fingerprint(question.fingerprint, "longer"))

    # --- answers -------------------------------------------------------------------------------------------------

    async def _whole(self, ask: Ask, question: _Question) -> JournalledAnswer:
        """An answer that has come to its end. Raises AnswerTooLong, or ItemFailed when it is a refusal."""
        answer = await self._answer(ask, question)
        if answer.finish == Finish.LENGTH and (longer := self._longer(question)) is not None:
            await self._reject(answer, "It is cut off.")
            answer = await self._answer(ask, longer)
        if answer.finish in (Finish.LENGTH, _TOO_LONG):
            await self._reject(answer, "It is cut off.")
            raise self._too_long(answer)
        if answer.finish == Finish.REFUSED:
            await self._reject(answer, "The model declined.")
            raise ItemFailed(f"{self._model.name} declined to answer.", _QUIETLY, retryable=True)
        return answer

    def _too_long(self, answer: JournalledAnswer) -> ItemFailed:
        name = self._model.name
        if answer.finish == _TOO_LONG:
            return AnswerTooLong(f"The question is longer than {name} takes.", TooLong.advice)
        if not answer.text.strip():
            # Less to read would not make it think less, and every half is paid for.
            why = f"{name} spends all the room for an answer on its thoughts."
            return ItemFailed(why, "Choose a model that thinks less.", retryable=True)
        return AnswerTooLong(f"{name} comes to no end: there is too much to tell in one answer.")

    async def _reject(self, answer: JournalledAnswer, why: str) -> None:
        if answer.verdict != why:
            await off_loop(self._journal.judge, answer.key, why)

    async def _answer(self, ask: Ask, question: _Question) -> JournalledAnswer:
        async with self._alone(question.fingerprint):
            kept = None
            if question.fingerprint in self._known:
                kept = await off_loop(self._journal.find, question.fingerprint)
            return kept or await self._asked(ask, question)

    @asynccontextmanager
    async def _alone(self, name: str) -> AsyncIterator[None]:
        """Two items may have the same question at the same time; the second one finds the answer in the journal."""
        lock = self._locks.setdefault(name, anyio.Lock())
        try:
            async with lock:
                yield
        finally:
            if not lock.locked():
                self._locks.pop(name, None)

    async def _asked(self, ask: Ask, question: _Question) -> JournalledAnswer:
        try:
            async with self._admitted(question):
                new = await self._new_answer(ask, question)
                # It is paid for: it is kept, whatever has become of its item meanwhile.
                kept = await self._scribe.record(new)
        except EngineStopped as stopped:
            self._stopped = stopped
            raise
        self._known.add(kept.fingerprint)
        return kept

    @asynccontextmanager
    async def _admitted(self, question: _Question) -> AsyncIterator[None]:
        """What a request is expected to cost, held while it is under way.

        Answers are often cheaper than expected: a budget that does not reach for this one, beside those under way, is
        asked again when one of them has ended, and has run out when none is left.
        """
        with ExitStack() as held:
            while True:
                if self._stopped is not None:
                    raise self._stopped
                try:
                    held.enter_context(self._purse.admit(question.tokens, question.request.most_tokens))
                    break
                except EngineStopped as stopped:
                    if not (stopped.is_spent and self._under_way):
                        raise
                    await self._ended.wait()
            self._under_way += 1
            try:
                yield
            finally:
                self._under_way -= 1
                self._ended.set()
                self._ended = anyio.Event()

    async def _new_answer(self, ask: Ask, question: _Question) -> NewAnswer:
        """Raises ItemFailed when there is none. That a question is not accepted as it is, is an answer to it."""
        new = NewAnswer(
            fingerprint=question.fingerprint,
            stage=ask.stage,
            item=ask.item,
            prompt=ask.prompt,
            model=self._model.name,
            text="",
            finish=_TOO_LONG,
            usage=Usage(),
            cost=Decimal(0),
        )
        try:
            completion = await self._asking.complete(question.request, self._package.name)
        except TooLong:
            return new
        except Refused:
            return replace(new, finish=Finish.REFUSED)
        except (QuestionFailed, Passing) as error:
            raise ItemFailed(str(error.args[0]), error.advice, retryable=True) from error
        told = completion.usage
        if told.input:
            self._asking.measured(round(question.tokens * self._bytes_per_token), told.input)
        usage = Usage(told.input or 0, told.output or 0, told.cached or 0, told.reasoning or 0)
        cost = self._cost(told, usage)
        return replace(new, text=completion.text, finish=completion.finish, usage=usage, cost=cost)

    def _cost(self, told: exchange.Usage, usage: Usage) -> Decimal | None:
        if told.input is None and told.output is None and told.cost is None:
            # Who does not count tokens has no price for them.
            return None
        return self._purse.cost(self._model.origin, self._model.name, usage, told.cost)

    async def _judged(self, answer: JournalledAnswer, accept: Callable[[Mapping[str, object]], T]) -> Answered[T]:
        """What `accept` makes of an answer, which the journal is told."""
        try:
            value = await off_loop_if_long(len(answer.text), _first_accepted, answer.text, accept)
        except AnswerRejected as rejected:
            await self._reject(answer, str(rejected) or "It cannot be used.")
            raise
        if answer.verdict != "":
            self._scribe.accept(answer.key)
        return Answered(value, answer.fingerprint)


class NoLlm:
    """Stands for a language model that cannot be asked: whoever wants to know it is told why (EngineStopped)."""

    context_tokens = 0
    concurrency = 1

    def __init__(self, why: LoomError) -> None:
        self._why = why

    @property
    def version(self) -> str:
        """Raises EngineStopped: so a stage ends before it has planned anything."""
        raise EngineStopped(str(self._why.args[0]), self._why.advice)

    def tokens(self, text: str) -> int:
        """See `Llm`; nothing is ever asked."""
        return len(text)

    async def ask(self, ask: Ask, accept: Callable[[Mapping[str, object]], T]) -> Answered[T]:
        """Raises EngineStopped."""
        raise EngineStopped(str(self._why.args[0]), self._why.advice)


def _readings(text: str) -> Iterator[Mapping[str, object]]:
    """What an answer may mean: the object in it, and, when it is not one object, its words."""
    found = object_in(text)
    if found is not None:
        yield found
    if found is None or text.lstrip("` \n").removeprefix("json").lstrip().startswith("["):
        yield {"text": text}


def _first_accepted(text: str, accept: Callable[[Mapping[str, object]], T]) -> T:
    """Raises the AnswerRejected of the first reading when none is accepted, and for no text at all.

    "Nothing to remember" is said in words. Silence comes from models that call a tool instead, or from a failing form.
    """
    if not text.strip():
        raise AnswerRejected("It is empty.")
    first: AnswerRejected | None = None
    for reading in _readings(text):
        try:
            return accept(reading)
        except AnswerRejected as rejected:
            first = first or rejected
    raise first or AnswerRejected("It cannot be read.")
