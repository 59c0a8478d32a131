"""What Letta packs into the text of a message.

A message of the user can be JSON: what a person wrote, with the time (`{"type": "user_message", "message", "time"}`),
or an event of Letta's own (`login`, `heartbeat`, `system_alert`, …). An agent that speaks by a tool has its words in
the arguments of a call, which are JSON as well. In both, line breaks can stand raw in strings.
"""

import json
import re
from collections.abc import Iterator, Mapping

from stages.parsers.reading.values import Tally, as_list, as_map, as_text, one_line

BOOT_THOUGHT = "Bootup sequence complete. Persona activated. Testing messaging functionality."
BOOT_REPLY = "More human than human is our motto."
"""What every agent that speaks by a tool is made to think and to say before anybody has spoken to it."""

SPEAKING_TOOL = "send_message"

_EVENTS = frozenset({"login", "heartbeat", "system_alert"})
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [AP]M ")
"""As Letta writes it into everything it packs: `2025-03-23 08:03:18 PM PDT-0700`."""

_REMINDER, _REMINDER_ENDS = "<system-reminder>", "</system-reminder>"
_NEVER_SHOWN = frozenset(
    {
        "omitted_reasoning",
        "reasoning",
        "redacted_reasoning",
        "summarized_reasoning",
        "tool_call",
        "tool_return",
    }
)


def written(text: str, tally: Tally) -> str:
    """What a person wrote of the text of a user's message; '' when Letta wrote all of it."""
    told = _object(text)
    if told.get("type") == "user_message" and isinstance(told.get("message"), str):
        text = as_text(told["message"])
    elif is_event(told):
        tally.count("event[|s] of Letta's own (logins, heartbeats, alerts) [was|were] left out")
        return ""
    return _without_reminders(text)


def is_alert(text: str) -> bool:
    """Whether the text of a system's message is an event, not a prompt."""
    return is_event(_object(text))


def is_event(told: Mapping[str, object]) -> bool:
    """Whether a packed message tells of something that happened to the agent."""
    kind = as_text(told.get("type"))
    if kind == "user_message":
        return False
    return kind in _EVENTS or bool(kind and _TIME.match(as_text(told.get("time"))))


def _object(text: str) -> Mapping[str, object]:
    """The JSON object that `text` is; an empty one when it is none."""
    bare = text.strip()
    if not bare.startswith("{") or not bare.endswith("}"):
        return {}
    try:
        return as_map(json.loads(bare, strict=False))
    except (ValueError, RecursionError):
        return {}


def _without_reminders(text: str) -> str:
    """`text` without the blocks that a program puts between the words of a person for the model."""
    kept, at = [], 0
    while (begin := text.find(_REMINDER, at)) >= 0 and (end := text.find(_REMINDER_ENDS, begin)) >= 0:
        kept.append(text[at:begin])
        at = end + len(_REMINDER_ENDS)
    return "".join([*kept, text[at:]]).strip() if at else text


def texts(content: object, tally: Tally) -> list[str]:
    """The pieces that a message's `content` shows: a text, or parts, with placeholders for pictures."""
    if isinstance(content, str):
        return [content]
    return [piece for part in as_list(content) if (piece := _piece(as_map(part), tally))]


def _piece(part: Mapping[str, object], tally: Tally) -> str:
    kind = as_text(part.get("type"))
    if kind in ("text", ""):
        return as_text(part.get("text"))
    if kind == "image":
        return _picture(as_map(part.get("source")))
    if kind not in _NEVER_SHOWN:
        tally.count(f"message[|s] had the unknown content type {one_line(tally.clean(kind), 40)!r}")
    return ""


def _picture(source: Mapping[str, object]) -> str:
    url = as_text(source.get("url"))
    name = "" if url.startswith("data:") else url.partition("?")[0].rpartition("/")[2]
    name = one_line(name or as_text(source.get("file_id")), 200)
    return f"[image: {name}]" if name else "[image]"


def spoken(calls: object, tally: Tally) -> Iterator[str]:
    """What is said to the person by a list of tool calls: `{name, arguments}`, or the same in `function`."""
    for call in map(as_map, as_list(calls)):
        function = as_map(call.get("function")) or call
        if function.get("name") != SPEAKING_TOOL:
            continue
        arguments = function.get("arguments")
        told = _object(arguments) if isinstance(arguments, str) else as_map(arguments)
        words = as_text(told.get("message"))
        if not words:
            tally.count("repl[y|ies] could not be read from the arguments of [its|their] tool call")
        yield words


def speaks_by_tool(message: Mapping[str, object]) -> bool:
    """Whether a message in an agent file calls the tool by which agents speak."""
    calls = map(as_map, as_list(message.get("tool_calls")))
    return any(as_map(call.get("function")).get("name") == SPEAKING_TOOL for call in calls)
