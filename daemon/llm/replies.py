"""Reads the body of a chat completion: the answer in it, or the refusal that it is."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from daemon.llm.errors import Garbled
from daemon.llm.exchange import Finish, Usage
from daemon.llm.objects import storable

_LENGTH = frozenset({"length", "max_tokens", "model_length", "max_output_tokens"})
_REFUSED = frozenset(
    {
        "content_filter",
        "refusal",
        "safety",
        "recitation",
        "blocklist",
        "prohibited_content",
        "spii",
        "guardrail_intervened",
    }
)
"""In lower case: Google's endpoint hands its own names through (github.com/HKUDS/Vibe-Trading/pull/308)."""
_DECLINES = re.compile(
    r"\A\W*(?:(?:(?:i['’]?m|i am) (?:really |very |so )?sorry|sorry|apologies|unfortunately)\W*)?(?:but\s\W*)?"
    r"(?:i|we|as an ai)\b.{0,60}?"
    r"(?:can['’]?t|cannot|can not|won['’]?t|(?:am|['’]m|are) (?:not able|unable)|not comfortable|must decline)\b",
    re.IGNORECASE | re.DOTALL,
)
"""No two of its parts take the same characters: there may be a hundred thousand brackets, and nothing else."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it stands in a body. `model` is None when it is not named."""

    text: str
    finish: Finish
    usage: Usage
    model: str | None


def parsed(data: bytes) -> Any:
    """The JSON of a body. Raises Garbled when it is none."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Garbled("The answer is no JSON: it is damaged, or comes from something else than a model.") from error


def refusal_status(body: Any) -> int | None:
    """The status of an error that stands in an answer which says it is fine; None when it is an answer.

    OpenRouter and LM Studio do so (github.com/BerriAI/litellm/issues/8448, lmstudio-bug-tracker/issues/2322).
    """
    error = body.get("error") if isinstance(body, Mapping) else None
    if not error and (choice := _choice(body)) is not None:
        error = choice.get("error")
    if not error:
        return None
    code = error.get("code") if isinstance(error, Mapping) else None
    status = int(code) if isinstance(code, int) or (isinstance(code, str) and code.isdecimal()) else 400
    return status if 400 <= status < 600 else 400


def reply_in(body: Any, *, wants_object: bool) -> Reply:
    """The answer in a body. Raises Garbled when there is none. With `wants_object`, polite words are a refusal."""
    choice = _choice(body)
    message = choice.get("message") if choice is not None else None
    if choice is None or not isinstance(message, Mapping):
        raise Garbled("The answer holds no message.")
    refusal = message.get("refusal")
    text = storable(str(refusal) if refusal else _text(message.get("content")))
    finish = _finish(choice)
    if refusal or (wants_object and finish is Finish.STOP and declines(text)):
        finish = Finish.REFUSED
    model = body.get("model")
    return Reply(text, finish, _usage(body.get("usage")), model if isinstance(model, str) and model else None)


def declines(text: str) -> bool:
    """Whether a text that should be a JSON object politely declines instead."""
    return "{" not in text and _DECLINES.search(text) is not None


def _choice(body: Any) -> Mapping[str, Any] | None:
    choices = body.get("choices") if isinstance(body, Mapping) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, Mapping) else None


def _text(content: Any) -> str:
    """The text of a message, which some providers give in parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(str(part["text"]) for part in parts if isinstance(part, Mapping) and "text" in part)


def _finish(choice: Mapping[str, Any]) -> Finish:
    reason = str(choice.get("finish_reason") or "").lower()
    if reason in _LENGTH:
        return Finish.LENGTH
    return Finish.REFUSED if reason in _REFUSED else Finish.STOP


def _usage(told: Any) -> Usage:
    if not isinstance(told, Mapping):
        return Usage()
    sent = _count(told, "prompt_tokens", "input_tokens")
    produced = _count(told, "completion_tokens", "output_tokens")
    total = _count(told, "total_tokens")
    if None not in (sent, produced, total):
        # Google leaves what a model thought out of its completion tokens, and charges for it.
        produced = max(produced or 0, (total or 0) - (sent or 0))
    read = _count(_inner(told, "prompt_tokens_details"), "cached_tokens")
    if read is None:
        read = _count(told, "prompt_cache_hit_tokens", "cache_read_input_tokens")
    thought = _count(_inner(told, "completion_tokens_details"), "reasoning_tokens")
    cost = told.get("cost")
    return Usage(sent, read, produced, thought, float(cost) if isinstance(cost, int | float) else None)


def _inner(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    inner = told.get(name)
    return inner if isinstance(inner, Mapping) else {}


def _count(told: Mapping[str, Any], *names: str) -> int | None:
    found = (told.get(name) for name in names)
    return next((number for number in found if isinstance(number, int) and number >= 0), None)
