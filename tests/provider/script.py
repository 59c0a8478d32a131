"""What the fake provider does: values that a test hands to it, and what it tells of the requests it got."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

RetryForm = Literal["seconds", "date", "ms", "openai", "anthropic", "reset", "openrouter", "google", "words", "none"]
"""How a 429 says when to come back:

seconds     Retry-After: 2
date        Retry-After: Wed, 21 Oct 2026 07:28:00 GMT
ms          retry-after-ms: 1500
openai      x-ratelimit-reset-requests: 6m0s
anthropic   anthropic-ratelimit-requests-reset: 2026-10-21T07:28:00Z
reset       X-RateLimit-Reset: seconds since 1970
openrouter  the same in milliseconds, in the body: error.metadata.headers
google      retryDelay in the body: error.details
words       "Please try again in 1.5s." in the message
none        not at all
"""
Provider = Literal[
    "openai", "openrouter", "anthropic", "google", "ollama", "llamacpp", "vllm", "lmstudio", "deepseek", "mistral",
    "moonshot", "groq",
]  # fmt: skip
"""Whose wording errors have; see wordings.py."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Act(_Frozen):
    """What becomes of one request. As it stands: an answer at once, with the text of the script's `content`."""

    seconds: float = 0.0
    """Time until the answer, beside the script's own latency. It is sent even when nobody waits for it any more."""
    status: int = 200
    headers: dict[str, str] = {}
    body: Any = None
    """The JSON of the whole body; None is made from what follows."""
    raw: str | None = None
    """The whole body as it is, JSON or not."""
    text: str | None = None
    """What the model says; None asks the script's `content`."""
    finish: str | None = "stop"
    refusal: str | None = None
    usage: dict[str, Any] | None = None
    """None is counted from the texts."""
    cut_after: int | None = None
    """Bytes of the body after which the connection is closed, although more were announced."""
    dribble: float | None = None
    """Seconds between one byte of the body and the next."""
    hang: bool = False
    """Read the request and never answer, until the client goes away."""
    echo_key: bool = False
    """Say the key that came with the request in the error message, as careless gateways do."""


class Rule(_Frozen):
    """An act, and the requests it is for: those not taken by a rule before it."""

    act: Act
    times: int | None = None
    """After so many requests the rule is used up."""
    every: int = 1
    """Only each so manieth of the requests that fit."""
    containing: str | None = None
    """Only requests in whose body this stands."""


class Rate(_Frozen):
    """So many requests are answered; more get a 429."""

    per_second: float
    burst: int = 1
    """As many may come at once after a pause (a token bucket). Ignored for windows."""
    window: float | None = None
    """Seconds of a fixed window in which per_second * window requests are answered; None is a token bucket."""
    form: RetryForm = "none"
    tells: Literal["openai", "anthropic", "none"] = "none"
    """Which headers tell the limit with every answer."""


class Dialect(_Frozen):
    """Which parameters the model takes; others get the wording of `provider`."""

    provider: Provider = "openai"
    temperature: Literal["any", "none"] | float = "any"
    """A number is the only one that is accepted."""
    limit: Literal["any", "max_tokens", "max_completion_tokens"] = "any"
    most_output: int | None = None
    formats: tuple[str, ...] = ("json_schema", "json_object", "text")
    system: bool = True
    context_tokens: int | None = None
    """Longer requests (four bytes to a token) are refused."""


class Script(_Frozen):
    """Everything the provider does, until another script is played."""

    latency: float = 0.0
    """Seconds until an answer; refusals are not delayed."""
    rules: tuple[Rule, ...] = ()
    rate: Rate | None = None
    dialect: Dialect = Dialect()
    key: str | None = None
    """The only key that is accepted; None accepts all and none."""
    models: tuple[str, ...] | None = None
    """The models there are; None is all."""
    content: str | None = None
    """`module:function`: called with the request's JSON, returns the text of the answer, or an Act. None says `{}`."""


class Asked(_Frozen):
    """One request that came, and what became of it."""

    number: int
    path: str
    """As in the request line: absolute when it came through us as a proxy."""
    body: Any = None
    """Its JSON; left out when only the counts are asked for."""
    authorization: str | None
    at: float
    """Seconds since the provider was started or told to forget."""
    until: float | None
    """When it was answered; None while it is not."""
    status: int | None
    """None while it is not answered, and for one that never was."""
    was_left: bool
    """The client was gone before the answer."""


class Counts(_Frozen):
    """What came so far."""

    requests: int
    distinct: int
    """How many different bodies there were."""
    in_flight: int
    most_in_flight: int
    statuses: dict[int, int]
