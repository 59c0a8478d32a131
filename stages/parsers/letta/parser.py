"""Letta: message lists of its API, and agent files.

Agents of the older kinds think in their text and speak by a tool (`send_message`); newer ones speak in their text.
What is visible is decided as Letta's server does it.
"""

from collections.abc import Iterator

from stages.parsers.contract import Bid, Broken, NotAChat, Peek, ReadContext, Record, Skipped, SourceFile, Variant
from stages.parsers.letta.agent_file import is_agent, is_bundle, read_agents
from stages.parsers.letta.messages import is_known_part, is_part, is_wrapper, read_parts
from stages.parsers.letta.turns import PLATFORM
from stages.parsers.reading.each import Reading
from stages.parsers.reading.json_stream import Records
from stages.parsers.reading.refusals import records_have
from stages.parsers.reading.values import NOTHING, Tally, as_list, as_map

MESSAGES, WRAPPED, AGENT, BUNDLE = "messages", "wrapped", "agent-file-v1", "agent-file-v2"
_KEPT = (
    "what was said to the agent and what it said, pictures as placeholders; its thoughts as reasoning, system prompts"
    " as instructions; no events of Letta's own"
)


class Letta:
    """Reads what agents of Letta (formerly MemGPT) said."""

    platform = PLATFORM
    title = "Letta"
    variants = (
        Variant(MESSAGES, "message list of the REST API, the ADE or the SDK, as a list or as lines", _KEPT),
        Variant(WRAPPED, 'message list in an object (`{"messages": […]}`), with or without the id of the agent', _KEPT),
        Variant(AGENT, "agent file (`.af`) of one agent, as written until 2025", f"{_KEPT}; the model"),
        Variant(BUNDLE, "agent file (`.af`) of one or more agents", f"{_KEPT}; the model; no background agents"),
    )
    not_chats = (
        NotAChat(
            records_have("agent_type", "llm_config", without="messages"),
            "it describes Letta agents; it holds no messages.",
            "Export the agent as an agent file (.af), or list its messages.",
        ),
    )

    def bid(self, peek: Peek) -> Bid | None:
        """An agent with its messages, or entries of a type that only Letta has."""
        tests = ((BUNDLE, is_bundle), (AGENT, is_agent), (WRAPPED, is_wrapper), (MESSAGES, is_known_part))
        for variant, test in tests:
            if any(map(test, peek.records)):
                return Bid(variant, Bid.SHAPE)
        return None

    def read(self, file: SourceFile, variant: str, context: ReadContext) -> Iterator[Record]:
        """See `Parser.read`. The entries of a bare list are one conversation, which is held whole."""
        del variant, context
        with file.open() as stream:
            reading = Reading(file, Records(stream), Tally())
            loose = []
            for item in reading.records:
                if isinstance(item, Broken):
                    yield item
                elif is_part(item.value):
                    loose.append(as_map(item.value))
                else:
                    yield from _read(item.value, reading)
            yield from read_parts(loose, NOTHING, "the list of messages", reading)
            yield from reading.tally.notes()


def _read(record: object, reading: Reading) -> Iterator[Record]:
    """The conversations of one value: an agent file, or an object that holds a list of messages."""
    told = as_map(record)
    if is_agent(told) or isinstance(told.get("agents"), list):
        yield from read_agents(told, reading)
    elif is_wrapper(told):
        entries = as_list(told.get("messages"))
        parts = [as_map(entry) for entry in entries if is_part(entry)]
        odd = "entr[y|ies] of a message list [was no message|were no messages] and [was|were] left out"
        reading.tally.count(odd, len(entries) - len(parts))
        yield from read_parts(parts, told, reading.records.position, reading)
    else:
        yield Skipped("no Letta messages")
