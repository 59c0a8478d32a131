"""What is asked of a language model and what comes back: frozen, without HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat. Its text is private: it stands in no error and no log."""

    role: Role
    content: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Request:
    """One question. How it is put (parameters, how the form of the answer is told) is decided by the quirks."""

    messages: tuple[Message, ...]
    """What is the same in every question comes first, so that providers can cache it."""
    most_tokens: int
    """The longest answer that makes sense, reasoning included."""
    schema: Mapping[str, object] | None = field(default=None, repr=False)
    """The JSON schema of the answer, an object; None asks for text."""
    temperature: float | None = None
    """None leaves it to the provider."""


class Finish(StrEnum):
    """Why a model stopped."""

    STOP = "stop"
    LENGTH = "length"
    """The answer is cut off: it reached `most_tokens`, or the end of the context."""
    REFUSED = "refused"
    """A filter or the model itself declined. The text, if any, says so and is no answer."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens, as the provider counts them. None is what it did not tell."""

    input: int | None = None
    """Everything that was sent, cached or not."""
    cached: int | None = None
    """The part of `input` that was read from the provider's cache."""
    output: int | None = None
    """Everything that was produced, reasoning included."""
    reasoning: int | None = None
    """The part of `output` that nobody sees."""
    cost: float | None = None
    """What it cost, where the provider says so (OpenRouter, in US dollars)."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a provider tells of one of its limits. `reset_seconds` is the time until all of it is there again."""

    limit: int
    remaining: int
    reset_seconds: float


@dataclass(frozen=True, slots=True)
class Limits:
    """What a provider tells of its limits with an answer."""

    requests: Allowance | None = None
    tokens: Allowance | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """One answer, complete or not: `finish` says which. It was paid for in any case."""

    text: str = field(repr=False)
    finish: Finish
    usage: Usage
    model: str
    """Which model answered, as it names itself; what was asked for when it does not."""
    limits: Limits
    seconds: float
    """From the request to the end of the answer."""
