"""Puts a question into the form that an endpoint takes: the body of a chat completion request."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from daemon.llm.exchange import Message, Request
from daemon.llm.quirks import Form, Quirks

_SCHEMA_NAME = "answer"
_TOLD = "Answer with one JSON object and with nothing else. It must be valid against this JSON schema:"
_BYTES_PER_TOKEN = 4
"""A rule of thumb, for limits that are counted in tokens."""


def body_of(request: Request, model: str, quirks: Quirks) -> bytes:
    """The request's body. Equal arguments give equal bytes; what is the same in every question stands first."""
    body: dict[str, Any] = {"model": model, "stream": False}
    if request.schema is not None and quirks.form is not Form.TEXT:
        body["response_format"] = _response_format(request.schema, quirks.form)
    temperature = _temperature(request, quirks)
    if temperature is not None:
        body["temperature"] = temperature
    body[quirks.limit_name.value] = min(request.most_tokens, quirks.most_output or request.most_tokens)
    body["messages"] = [{"role": message.role, "content": message.content} for message in _messages(request, quirks)]
    # Lone surrogates, which some exports hold, cannot be sent; a model can do without them.
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def tokens_of(request: Request) -> int:
    """About how many tokens of a limit this request takes."""
    sent = sum(len(message.content.encode("utf-8", "replace")) for message in request.messages)
    return max(sent // _BYTES_PER_TOKEN, request.most_tokens)


def _temperature(request: Request, quirks: Quirks) -> float | None:
    if request.temperature is None or not quirks.takes_temperature:
        return None
    return quirks.only_temperature if quirks.only_temperature is not None else request.temperature


def _response_format(schema: Mapping[str, object], form: Form) -> dict[str, Any]:
    if form is Form.OBJECT:
        return {"type": "json_object"}
    # Without `strict`, providers that could hold the model to the schema treat it as a hint.
    named = {"name": _SCHEMA_NAME, "schema": schema, "strict": is_strict(schema)}
    return {"type": "json_schema", "json_schema": named}


def is_strict(schema: object) -> bool:
    """Whether OpenAI's strict mode takes a schema: every property required, no others allowed, at every depth."""
    if isinstance(schema, list):
        return all(map(is_strict, schema))
    if not isinstance(schema, Mapping):
        return True
    if schema.get("type") == "object" or "properties" in schema:
        properties = schema.get("properties", {})
        if schema.get("additionalProperties") is not False or set(schema.get("required", ())) != set(properties):
            return False
        return all(map(is_strict, properties.values()))
    return all(map(is_strict, schema.values()))


def _messages(request: Request, quirks: Quirks) -> Sequence[Message]:
    messages = list(request.messages)
    if request.schema is not None and quirks.form is not Form.SCHEMA:
        # Behind the first message, which is the same for every question of a kind, as the schema is.
        schema = json.dumps(request.schema, ensure_ascii=False)
        messages[0] = replace(messages[0], content=f"{messages[0].content}\n\n{_TOLD}\n{schema}")
    if not quirks.takes_system:
        messages = _without_system(messages)
    return messages


def _without_system(messages: list[Message]) -> list[Message]:
    """What the system said stands before what the user says next."""
    kept: list[Message] = []
    before: list[str] = []
    for message in messages:
        if message.role == "system":
            before.append(message.content)
        elif before and message.role == "user":
            kept.append(replace(message, content="\n\n".join([*before, message.content])))
            before.clear()
        else:
            kept.append(message)
    return kept + [Message("user", text) for text in before]
