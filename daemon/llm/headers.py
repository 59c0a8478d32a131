"""What providers tell about limits beside an answer: when to come back, and how much is left.

Forms met in public reports: `Retry-After` in seconds or as an HTTP date, `retry-after-ms` (Azure),
`x-ratelimit-reset-requests: 6m0s` (OpenAI, Groq), `anthropic-ratelimit-requests-reset: 2026-10-21T07:28:00Z`,
`X-RateLimit-Reset` in seconds or milliseconds since 1970 or in seconds from now, OpenRouter's headers inside the body
(`error.metadata.headers`), Google's `retryDelay: 34s` inside the body, and OpenAI's "Please try again in 1.5s".
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from daemon.llm.exchange import Allowance, Limits
from packages_store.times import Clock

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_SPAN = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|h|m|s))+")
_SPAN_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_WORDS = re.compile(r"(?:try again|retry) in\s+((?:\d+(?:\.\d+)?\s?(?:ms|h|m|s))+)", re.IGNORECASE)
_EPOCH_FROM = 1e9
_EPOCH_MS_FROM = 1e11
_TIMESTAMP_STEP = 1.0
"""Timestamps are rounded up to whole seconds: an allowance may be back up to so much sooner."""

_REQUESTS = (
    ("x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    (
        "anthropic-ratelimit-requests-limit",
        "anthropic-ratelimit-requests-remaining",
        "anthropic-ratelimit-requests-reset",
    ),
    ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"),
    ("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"),
)
_TOKENS = (
    ("x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    ("anthropic-ratelimit-tokens-limit", "anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"),
    (
        "anthropic-ratelimit-input-tokens-limit",
        "anthropic-ratelimit-input-tokens-remaining",
        "anthropic-ratelimit-input-tokens-reset",
    ),
)


def retry_after(headers: Mapping[str, str], body: Any, clock: Clock) -> float | None:
    """Seconds until the provider wants to be asked again, as told in its refusal; None when it does not say.

    `headers` have lower-case names; `body` is the JSON of the answer, or None.
    """
    now = _now(headers, clock)
    inner = {str(name).lower(): str(value) for name, value in _inner_headers(body).items()}
    candidates = (
        _milliseconds(headers.get("retry-after-ms")),
        seconds_until(headers.get("retry-after"), now),
        _milliseconds(inner.get("retry-after-ms")),
        seconds_until(inner.get("retry-after"), now),
        next((seconds_until(delay, now) for delay in _retry_delays(body)), None),
        _spent_until(headers, now),
        _spent_until(inner, now),
        _in_words(body),
    )
    return next((seconds for seconds in candidates if seconds is not None), None)


def limits(headers: Mapping[str, str], clock: Clock) -> Limits:
    """The limits that stand in the headers of an answer; names in lower case."""
    now = _now(headers, clock)
    return Limits(_allowance(headers, _REQUESTS, now), _allowance(headers, _TOKENS, now))


def seconds_until(text: str | None, now: datetime) -> float | None:
    """Seconds from `now` to what `text` says, 0 for the past: a span, a number, a timestamp or an HTTP date."""
    text = (text or "").strip()
    if _NUMBER.fullmatch(text):
        number = float(text)
        if number >= _EPOCH_MS_FROM:
            number /= 1000
        return max(0.0, number - now.timestamp()) if number >= _EPOCH_FROM else number
    if _SPAN.fullmatch(text):
        return sum(float(number) * _UNITS[unit] for number, unit in _SPAN_PART.findall(text))
    moment = _moment(text)
    return None if moment is None else max(0.0, (moment - now).total_seconds())


def _now(headers: Mapping[str, str], clock: Clock) -> datetime:
    # The provider's own clock, where it tells it: ours may be wrong, and its dates are meant by it.
    return _http_date(headers.get("date", "")) or clock()


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _http_date(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _milliseconds(text: str | None) -> float | None:
    return float(text) / 1000 if text and _NUMBER.fullmatch(text.strip()) else None


def _spent_until(headers: Mapping[str, str], now: datetime) -> float | None:
    """When the allowance that is used up is there again; without such a one, the latest time that is told."""
    told = [(headers.get(left), seconds_until(headers.get(reset), now)) for _, left, reset in (*_REQUESTS, *_TOKENS)]
    known = [(left, seconds) for left, seconds in told if seconds is not None]
    spent = [seconds for left, seconds in known if left is not None and left.strip() == "0"]
    return max(spent or [seconds for _, seconds in known], default=None)


def _allowance(headers: Mapping[str, str], names: Iterable[tuple[str, str, str]], now: datetime) -> Allowance | None:
    for limit, remaining, reset in names:
        told = headers.get(limit, ""), headers.get(remaining, "")
        seconds = seconds_until(headers.get(reset), now)
        if told[0].isdecimal() and told[1].isdecimal() and seconds is not None:
            if _moment(headers[reset]) is not None:
                seconds = max(0.0, seconds - _TIMESTAMP_STEP)
            return Allowance(int(told[0]), int(told[1]), seconds)
    return None


def _inner_headers(body: Any) -> Mapping[str, Any]:
    found = _at(body, "error", "metadata", "headers")
    return found if isinstance(found, Mapping) else {}


def _retry_delays(body: Any) -> Iterator[str]:
    details = _at(body, "error", "details")
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, Mapping) and isinstance(detail.get("retryDelay"), str):
            yield detail["retryDelay"]


def _in_words(body: Any) -> float | None:
    message = _at(body, "error", "message")
    found = _WORDS.search(message) if isinstance(message, str) else None
    if found is None:
        return None
    parts = _SPAN_PART.findall(found[1].replace(" ", ""))
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def _at(value: Any, *path: str) -> Any:
    # Google wraps its error into an array.
    if isinstance(value, list) and value:
        value = value[0]
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value
