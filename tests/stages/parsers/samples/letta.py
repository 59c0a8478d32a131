"""Small documents of Letta, built from what the documentation of the formats says."""

import json
from collections.abc import Sequence

from tests.stages.parsers.harness import Sample, as_document

Json = dict[str, object]

BOOT_THOUGHT = "Bootup sequence complete. Persona activated. Testing messaging functionality."
BOOT_REPLY = "More human than human is our motto."


def part(kind: str, id_: str, second: int, /, **payload: object) -> Json:
    """An entry of a message list: `user`, `assistant`, … without `_message`, at 12:00 and some seconds."""
    head: Json = {"id": f"message-{id_}", "date": f"2025-03-24T12:00:{second:02}+00:00", "name": None}
    return {**head, "message_type": f"{kind}_message", "otid": None, "sender_id": None, **payload}


def step(id_: str, second: int, /, *parts: tuple[str, Json]) -> list[Json]:
    """The entries of one message, in order: they share the id, and their otids count."""
    return [
        part(kind, id_, second, **{"otid": f"{id_}{number:02x}", **payload})
        for number, (kind, payload) in enumerate(parts)
    ]


def packed(kind: str, /, **told: object) -> str:
    """A text as Letta packs it."""
    return json.dumps({"type": kind, **told, "time": "2025-03-24 05:00:00 AM PDT-0700"}, indent=2)


def call(name: str, /, **arguments: object) -> Json:
    """A tool call of an agent file."""
    return {"id": "call-1", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}


def listed_call(name: str, /, **arguments: object) -> Json:
    """A tool call of a message list."""
    return {"name": name, "arguments": json.dumps(arguments), "tool_call_id": "call-1"}


def af(role: str, second: int, /, *content: object, **other: object) -> Json:
    """A message of an agent file: texts, or parts that are something else."""
    parts = [{"type": "text", "text": one} if isinstance(one, str) else one for one in content]
    head: Json = {"role": role, "content": parts, "created_at": f"2025-03-24T12:00:{second:02}.500000+00:00"}
    return {**head, "tool_calls": [], "model": "gpt-4o" if role == "assistant" else None, **other}


def agent(agent_type: str, /, *messages: Json, **other: object) -> Json:
    """An agent with its messages; as a file, it is version 1."""
    head: Json = {"agent_type": agent_type, "name": "Sam", "system": "You are Sam.", "core_memory": []}
    return {**head, "messages": list(messages), "version": "0.6.47", **other}


def bundle(*agents: Json, **other: object) -> Json:
    """An agent file of version 2."""
    beside: Json = {"groups": [], "blocks": [], "files": [], "sources": [], "tools": [], "mcp_servers": []}
    return {"agents": list(agents), **beside, "metadata": {}, "created_at": "2025-11-21T03:09:19+00:00", **other}


def wrapper(*messages: Json, **other: object) -> Json:
    """An object that holds a message list."""
    head: Json = {"agent_id": "agent-1", "instance": "Sam", "exported_at": "2025-03-24T13:00:00+00:00"}
    return {**head, "message_count": len(messages), "messages": list(messages), **other}


CHAT: Sequence[Json] = (
    part("system", "a", 0, content="You are Sam."),
    part("user", "b", 1, content="Which tea?"),
    *step("c", 2, ("reasoning", {"reasoning": "Something calm."}), ("assistant", {"content": "Jasmine."})),
    part("user", "d", 3, content=[{"type": "text", "text": "And now?"}]),
    *step("e", 4, ("tool_call", {"tool_call": listed_call("archival_memory_insert", content="tea")})),
    part("tool_return", "f", 5, tool_return="OK", status="success"),
    *step("g", 6, ("assistant", {"content": [{"type": "text", "text": "Rest."}]})),
)

SAMPLES = (
    Sample("letta", "messages", CHAT, kind="log"),
    Sample("letta", "wrapped", [wrapper(*CHAT)], as_document, kind="document", is_json=False),
    Sample(
        "letta",
        "agent-file-v1",
        [
            agent(
                "memgpt_agent",
                af("assistant", 3, "Tea it is.", tool_calls=[call("send_message", message="Jasmine.")]),
                af("user", 2, packed("user_message", message="Which tea?")),
            )
        ],
        as_document,
        kind="document",
        is_json=False,
    ),
    Sample(
        "letta",
        "agent-file-v2",
        [bundle(agent("letta_v1_agent", af("user", 1, "Which tea?"), af("assistant", 2, "Jasmine.")))],
        as_document,
        kind="document",
        is_json=False,
    ),
)
