"""Message lists, as the REST API, the ADE and the SDK give them.

An entry is a part of a message: `{id, date, message_type, otid, …}`, with `message_id` and `created_at` instead in the
list over all agents. What the agent did in one step (reasoning, tool calls, words) are several entries with the same
id, whose `otid`s say their order. The list itself is newest first or oldest first, whichever was asked for.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from stages.parsers.contract import Record
from stages.parsers.letta.packed import spoken, texts
from stages.parsers.letta.turns import Turns
from stages.parsers.reading.each import Reading
from stages.parsers.reading.values import Tally, as_list, as_map, as_text, digest, milliseconds, one_line

Part = Mapping[str, object]

_USER, _ASSISTANT, _REASONING = "user_message", "assistant_message", "reasoning_message"
_SYSTEM, _CALL, _SUMMARY = "system_message", "tool_call_message", "summary_message"
_NEVER_SHOWN = frozenset(
    {
        "approval_request_message",
        "approval_response_message",
        "event_message",
        "hidden_reasoning_message",
        "tool_return_message",
    }
)
_TYPES = _NEVER_SHOWN | {_USER, _ASSISTANT, _REASONING, _SYSTEM, _CALL, _SUMMARY}


def is_part(record: object) -> bool:
    """Whether it is an entry of a message list, of a type that is known or not."""
    told = as_map(record)
    return isinstance(told.get("message_type"), str) and ("id" in told or "message_id" in told)


def is_known_part(record: object) -> bool:
    """Whether it is an entry of a message list, of one of Letta's types."""
    return is_part(record) and as_map(record).get("message_type") in _TYPES


def is_wrapper(record: object) -> bool:
    """Whether it holds a message list."""
    return any(map(is_known_part, as_list(as_map(record).get("messages"))))


def read_parts(
    parts: Sequence[Part], wrapper: Mapping[str, object], position: str, reading: Reading
) -> Iterator[Record]:
    """The conversations that `parts` make: one for each agent, and for each of its conversations, that they tell.

    `wrapper` holds what stands beside them: `{agent_id, instance, exported_at, message_count}`, or nothing.
    """
    chats: dict[tuple[str, str], list[Part]] = {}
    for part in parts:
        chats.setdefault((_told("agent_id", part, wrapper), _told("conversation_id", part, wrapper)), []).append(part)
    for told, own in chats.items():
        turns = Turns(reading.tally)
        steps = _steps(own, reading.tally)
        leaks = any(_monologue(step) is not None for step in steps)
        for step in steps:
            _Step(step, turns).take(leaks)
        id_ = "-".join(filter(None, told)) or _id_of(turns)
        yield turns.conversation(id_, _title(wrapper, turns), position, reading.file)


def _told(name: str, part: Part, wrapper: Mapping[str, object]) -> str:
    return as_text(part.get(name)) or as_text(wrapper.get(name))


def _id_of(turns: Turns) -> str:
    """By the first message, which every later list that goes back as far holds as well."""
    first = turns.first()
    return f"letta-{digest(first.key.partition(':')[0])[:16]}" if first else ""


def _title(wrapper: Mapping[str, object], turns: Turns) -> str:
    first = next((draft.content for draft in turns.drafts if draft.role == "user"), "")
    return as_text(wrapper.get("instance")) or one_line(first)


# --- order ---------------------------------------------------------------------------------------------------


def _steps(parts: Sequence[Part], tally: Tally) -> list[list[Part]]:
    """The parts, oldest first, those of one message together and each of them once.

    A list that goes back in time is turned around as a whole. Dates are in seconds: sorting keeps the order of the
    list where they are the same.
    """
    in_order = parts[::-1] if _goes_back(parts) else parts
    steps: dict[str, list[Part]] = {}
    begins: dict[str, int] = {}
    seen: set[tuple[str, str]] = set()
    at = 0
    for number, part in enumerate(in_order):
        id_, otid = _id(part) or f"#{number}", as_text(part.get("otid"))
        if otid and (id_, otid) in seen:
            tally.count("message[ was|s were] in the file more than once and [is|are] kept once")
            continue
        seen.add((id_, otid))
        at = _at(part) or at
        begins.setdefault(id_, at)
        steps.setdefault(id_, []).append(part)
    return [_by_otid(steps[id_]) for id_ in sorted(steps, key=begins.__getitem__)]


def _goes_back(parts: Sequence[Part]) -> bool:
    times = [at for at in map(_at, parts) if at is not None]
    if times and times[0] != times[-1]:
        return times[0] > times[-1]
    return any(
        _id(a) and _id(a) == _id(b) and as_text(a.get("otid")) > as_text(b.get("otid")) for a, b in pairwise(parts)
    )


def _by_otid(step: list[Part]) -> list[Part]:
    if all(as_text(part.get("otid")) for part in step):
        return sorted(step, key=lambda part: as_text(part.get("otid")))
    return step


def _id(part: Part) -> str:
    return as_text(part.get("id")) or as_text(part.get("message_id"))


def _at(part: Part) -> int | None:
    return milliseconds(part.get("date")) or milliseconds(part.get("created_at"))


# --- what is said --------------------------------------------------------------------------------------------


def _monologue(step: Sequence[Part]) -> int | None:
    """The place of an inner monologue that the list gives as if it were said; None when there is none.

    Lists that are not of one agent give every text as the agent's words (`text_is_assistant_message`), also of agents
    that speak by a tool. Texts that follow each other are given as one: where one message says two things, the first is
    a text, and the second came by the tool. Where the text is given as reasoning instead, nothing leaks.
    """
    if any(part.get("message_type") == _REASONING and part.get("source") == "non_reasoner_model" for part in step):
        return None
    types = [part.get("message_type") for part in step]
    return next((at for at, pair in enumerate(pairwise(types)) if pair == (_ASSISTANT, _ASSISTANT)), None)


@dataclass(slots=True)
class _Step:
    """The parts of one message, in order."""

    parts: Sequence[Part]
    turns: Turns

    def take(self, leaks: bool) -> None:
        """Hand them to the turns. `leaks`: elsewhere in the list, a monologue is given as if it were said."""
        inner = _monologue(self.parts)
        if inner is None and leaks:
            inner = self._before_a_call()
        numbers: Counter[str] = Counter()
        for place, part in enumerate(self.parts):
            kind = as_text(part.get("message_type"))
            if kind == _ASSISTANT and place == inner:
                self.turns.think("\n".join(texts(part.get("content"), self.turns.tally)))
            else:
                self._take(kind, part, _key(kind, numbers[kind], part))
            numbers[kind] += 1

    def _before_a_call(self) -> int | None:
        """The place of the words before a call of another tool: of an agent that speaks by one, what it thought."""
        types = [part.get("message_type") for part in self.parts]
        before = types[: types.index(_CALL)] if _CALL in types else []
        return before.index(_ASSISTANT) if _ASSISTANT in before else None

    def _take(self, kind: str, part: Part, key: str) -> None:
        turns, at = self.turns, _at(part)
        if kind == _USER:
            turns.hear(part.get("content"), at, key)
        elif kind == _ASSISTANT:
            turns.say("\n".join(texts(part.get("content"), turns.tally)), at, key)
        elif kind == _CALL:
            calls = as_list(part.get("tool_calls")) or [part.get("tool_call")]
            for number, words in enumerate(spoken(calls, turns.tally), start=1):
                turns.say(words, at, f"{key}:{number}")
        elif kind == _REASONING:
            turns.think(as_text(part.get("reasoning")))
        elif kind == _SYSTEM:
            turns.instruct(part.get("content"))
        else:
            _leave_out(kind, turns.tally)


def _key(kind: str, number: int, part: Part) -> str:
    """`id` and `otid`; without an otid, the type, and how many of that type stand before it in its message."""
    id_ = _id(part) or digest(str(_at(part)), repr(part.get("content")))[:16]
    return f"{id_}:{as_text(part.get('otid')) or f'{kind}:{number}'}"


def _leave_out(kind: str, tally: Tally) -> None:
    if kind == _SUMMARY:
        tally.count("summar[y|ies] of earlier messages [was|were] left out")
    elif kind not in _NEVER_SHOWN:
        tally.count(f"message[|s] had the unknown type {one_line(tally.clean(kind), 40)!r}")
