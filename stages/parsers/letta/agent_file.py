"""Agent files (`.af`): one agent (version 1, until 2025) or several (version 2).

Version 1 is the agent itself: `{agent_type, name, system, messages, version, …}`. Its messages have no ids, are in no
order, and some have times without a zone, which are UTC. Version 2 is `{agents: […], blocks, tools, …}`; its messages
are in order, and their ids are numbers of the file. In both a message is `{role, content, tool_calls, created_at,
model, …}`.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from stages.parsers.contract import Broken, Record, Skipped
from stages.parsers.letta.packed import speaks_by_tool, spoken, texts
from stages.parsers.letta.turns import Turns
from stages.parsers.reading.each import Reading
from stages.parsers.reading.values import as_list, as_map, as_text, digest, milliseconds, one_line

_BACKGROUND = frozenset({"sleeptime_agent", "voice_sleeptime_agent"})
"""Agents that work on the memory of another one; what they are told are transcripts."""

_BY_TOOL = frozenset({"memgpt_agent", "memgpt_v2_agent"})
_BY_TEXT = "letta_v1_agent"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def is_agent(record: object) -> bool:
    """Whether it is an agent with its messages: version 1, or one of the agents of version 2."""
    told = as_map(record)
    return isinstance(told.get("agent_type"), str) and isinstance(told.get("messages"), list)


def is_bundle(record: object) -> bool:
    """Whether it is a file of version 2."""
    told = as_map(record)
    return any(map(is_agent, as_list(told.get("agents")))) and ("blocks" in told or "tools" in told)


def read_agents(record: object, reading: Reading) -> Iterator[Record]:
    """The conversation of each agent of a file."""
    position = reading.records.position
    if is_agent(record):
        yield _conversation(as_map(record), position, reading, sort=True)
        return
    for number, agent in enumerate(as_list(as_map(record).get("agents")), start=1):
        yield _one_of_many(agent, f"{position}, agent {number}", reading)


def _one_of_many(agent: object, position: str, reading: Reading) -> Record:
    if as_text(as_map(agent).get("agent_type")) in _BACKGROUND:
        return Skipped("an agent that works in the background, and whose messages are transcripts")
    if not is_agent(agent):
        return Broken(position, "an agent has a type and a list of messages, and this has not")
    return _conversation(as_map(agent), position, reading, sort=False)


def _conversation(agent: Mapping[str, object], position: str, reading: Reading, *, sort: bool) -> Record:
    turns = Turns(reading.tally)
    messages = [as_map(message) for message in as_list(agent.get("messages"))]
    by_tool = _speaks_by_tool(as_text(agent.get("agent_type")), messages)
    for message, at in _timed(messages, sort):
        _take(message, at, by_tool, turns)
    if not turns.instructions:
        turns.instruct(agent.get("system"))
    name, first = as_text(agent.get("name")), turns.first()
    id_ = f"letta-{digest(name, str(first.at), first.content)[:16]}" if first else ""
    return turns.conversation(id_, name, position, reading.file)


def _speaks_by_tool(agent_type: str, messages: Sequence[Mapping[str, object]]) -> bool:
    """Whether the text of the agent's messages is its inner monologue, and its words are arguments of a tool."""
    return agent_type in _BY_TOOL or (agent_type != _BY_TEXT and any(map(speaks_by_tool, messages)))


def _timed(messages: Sequence[Mapping[str, object]], sort: bool) -> list[tuple[Mapping[str, object], int | None]]:
    """The messages with their times; those without one stand first when they are sorted."""
    in_order = sorted(messages, key=lambda message: _microseconds(message.get("created_at"))) if sort else messages
    return [(message, milliseconds(message.get("created_at"))) for message in in_order]


def _microseconds(value: object) -> int:
    """A time, as finely as the file tells it: what an agent does by itself takes less than a millisecond."""
    try:
        moment = datetime.fromisoformat(as_text(value))
    except ValueError:
        return (milliseconds(value) or 0) * 1000
    since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH
    return since // timedelta(microseconds=1)


def _take(message: Mapping[str, object], at: int | None, by_tool: bool, turns: Turns) -> None:
    role = as_text(message.get("role"))
    if role == "system":
        turns.instruct(message.get("content"))
    elif role == "user":
        turns.hear(message.get("content"), at)
    elif role in ("assistant", "approval"):
        _take_answer(message, at, by_tool, turns)
    elif role == "summary":
        turns.tally.count("summar[y|ies] of earlier messages [was|were] left out")
    elif role != "tool":
        turns.tally.count(f"message[|s] had the unknown role {one_line(turns.tally.clean(role), 40)!r}")


def _take_answer(message: Mapping[str, object], at: int | None, by_tool: bool, turns: Turns) -> None:
    """Take what the agent thought, wrote and said by its tool; what waits for an approval is not said yet."""
    content, model = message.get("content"), as_text(message.get("model"))
    for part in map(as_map, as_list(content)):
        turns.think(_reasoning(part))
    text = "\n".join(texts(content, turns.tally))
    if by_tool:
        turns.think(text)
    else:
        turns.say(text, at, model=model)
    if message.get("role") == "assistant":
        for words in spoken(message.get("tool_calls"), turns.tally):
            turns.say(words, at, model=model)


def _reasoning(part: Mapping[str, object]) -> str:
    """What a part of a message tells of the model's reasoning, as it is or summed up."""
    kind = part.get("type")
    if kind == "reasoning":
        return as_text(part.get("reasoning"))
    summary = as_list(part.get("summary")) if kind == "summarized_reasoning" else ()
    return "\n\n".join(as_text(as_map(piece).get("text")) for piece in summary)
