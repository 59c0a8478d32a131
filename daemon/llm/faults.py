"""Tells from status and words of a provider what went wrong: one error of errors.py for each kind of trouble.

The words are those that real providers use, as quoted in public reports; tests/provider/wordings.py holds them with
their sources. What is not known is taken at its status.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from daemon.llm.errors import (
    Busy,
    Garbled,
    LlmError,
    QuotaSpent,
    Refusal,
    Refused,
    Rejected,
    TooLong,
    Unauthorised,
    Unavailable,
    UnknownModel,
    WrongAddress,
)

_LONGEST_WORDS = 20_000
_PRIVATE_FIELDS = frozenset({"failed_generation", "flagged_input", "input", "ctx"})
"""Where providers repeat what was asked or answered."""

_TOO_LONG = re.compile(
    r"context[_ ]length|maximum context|exceed_context_size|available context size|context the overflows"
    r"|prompt is too long|input is too long|too many (?:input )?tokens|input token count|context window"
    r"|tokens to keep from the initial|reduce the length"
)
_NEVER_FITS = re.compile(r"request too large|tokens must be reduced")
"""OpenAI says with a 429 that one request takes more tokens than a whole minute allows: waiting does not help."""
_QUOTA = re.compile(
    r"insufficient_quota|insufficient (?:balance|credits|quota|funds)|credit balance is too low|billing_hard_limit"
    r"|billing_not_active|more credits|exceeded your current quota|out of credits|payment required"
)
_BAD_KEY = re.compile(
    r"api_key_invalid|api key not valid|invalid_api_key|invalid api key|incorrect api key|no auth cred"
)
_REFUSED = re.compile(
    r"content_filter|content management policy|responsibleaipolicy|flagged|moderation|safety system|usage polic"
    r"|prohibited_content|data_inspection|content_policy|violat"
)
_NO_MODEL = re.compile(
    r"model_not_found|not a valid model|model.{0,200}(?:does not exist|not found)|no such model|unknown model"
    r"|no models loaded|\| model: |no endpoints found"
)
_PARAMETERS = re.compile(r"requested parameters|that support|response_format")
_BUSY = re.compile(r"overloaded|rate limit|rate_limit|too many requests|resource_exhausted|resource has been exhausted")
_NO_JSON = re.compile(r"json_validate_failed|failed to generate json")
_OWN_TROUBLE = re.compile(r"grammar|response_format|json_schema|system role")
"""What servers that break over a parameter say with a status of their own trouble."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A refusal as it came. `host` and `model` name the endpoint for people."""

    status: int
    body: Any
    """Its JSON; None when it has none."""
    retry_after: float | None
    host: str
    model: str
    has_key: bool
    """Whether a key was sent."""
    shown: str = field(default="")
    """What the provider said, made fit to be shown."""

    @property
    def words(self) -> str:
        """Everything it says, in lower case, without what it repeats."""
        return " | ".join(_leaves(self.body))[:_LONGEST_WORDS].lower()


def message_in(body: Any) -> str:
    """The sentence in a provider's error; empty when there is none."""
    body = body[0] if isinstance(body, list) and body else body
    while isinstance(body, Mapping):
        inner = next((body[name] for name in ("error", "message", "detail") if body.get(name)), None)
        if isinstance(inner, str):
            return inner
        body = inner[0] if isinstance(inner, list) and inner else inner
    return body if isinstance(body, str) else ""


def error_of(fault: Fault) -> LlmError:
    """The error that a refusal is."""
    words = fault.words
    return _about_the_question(fault, words) or _about_the_account(fault, words) or _by_status(fault, words)


def _about_the_question(fault: Fault, words: str) -> LlmError | None:
    if fault.status == 413 or _NEVER_FITS.search(words) or (_TOO_LONG.search(words) and fault.status != 429):
        return TooLong(f"The question is longer than {fault.model} takes.")
    if fault.status in (400, 403, 422, 451) and _REFUSED.search(words):
        return Refused(f"{fault.host} declined this question because of its content.")
    if _NO_JSON.search(words):
        return Garbled(f"{fault.model} made no valid JSON.")
    return None


def _about_the_account(fault: Fault, words: str) -> LlmError | None:
    # Google says of too many requests in a minute what others say of an empty account.
    is_passing = "resource_exhausted" in words
    if fault.status == 402 or (_QUOTA.search(words) and not is_passing):
        return QuotaSpent(f"The account at {fault.host} has no money or quota left.")
    if fault.status in (401, 403, 407) or (_BAD_KEY.search(words) and fault.status < 500):
        return Unauthorised(f"{fault.host} {'refuses the key' if fault.has_key else 'wants a key'} ({fault.status}).")
    if fault.status in (400, 404, 422) and _NO_MODEL.search(words) and not _PARAMETERS.search(words):
        return UnknownModel(f"{fault.host} does not offer the model {fault.model}.")
    return None


def _by_status(fault: Fault, words: str) -> LlmError:
    if fault.status in (429, 503, 529) or (_BUSY.search(words) and fault.status != 400):
        return Busy(f"{fault.host} has too much to do ({fault.status}).", retry_after=fault.retry_after)
    if fault.status in (408, 409, 425) or (fault.status >= 500 and not _OWN_TROUBLE.search(words)):
        return Unavailable(f"{fault.host} has trouble of its own ({fault.status}).", retry_after=fault.retry_after)
    if fault.status in (404, 405) and not _PARAMETERS.search(words):
        return WrongAddress(f"Nothing at {fault.host} answers chat completions under this base URL ({fault.status}).")
    said = f": “{fault.shown}”" if fault.shown else ""
    return Rejected(f"{fault.host} rejects the request ({fault.status}){said}.", Refusal(fault.status, words))


def _leaves(value: Any, depth: int = 0) -> Iterator[str]:
    if depth > 20:
        return
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name not in _PRIVATE_FIELDS:
                yield from _leaves(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, depth + 1)
    elif isinstance(value, str | int):
        yield str(value)
