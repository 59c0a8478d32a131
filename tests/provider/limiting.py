"""The provider's rate limit: how many requests are answered, and the many ways to say when to come back."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from tests.provider.script import Rate, RetryForm


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request may pass; seconds until the next may; how many more may now."""

    may_pass: bool
    wait: float
    remaining: int


class Limiter:
    """A token bucket, or fixed windows. Asked under the provider's lock."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._level = float(self._most)
        self._at = time.monotonic()

    @property
    def _most(self) -> int:
        return round(self._rate.per_second * self._rate.window) if self._rate.window else self._rate.burst

    def ask(self) -> Verdict:
        """Let one request pass, or not."""
        now = time.monotonic()
        self._refill(now)
        may_pass = self._level >= 1
        if may_pass:
            self._level -= 1
        return Verdict(may_pass, self._wait(now), int(self._level))

    def _refill(self, now: float) -> None:
        if self._rate.window is None:
            self._level = min(float(self._most), self._level + (now - self._at) * self._rate.per_second)
            self._at = now
        elif now - self._at >= self._rate.window:
            self._at += math.floor((now - self._at) / self._rate.window) * self._rate.window
            self._level = float(self._most)

    def _wait(self, now: float) -> float:
        if self._level >= 1:
            return 0.0
        if self._rate.window is not None:
            return self._at + self._rate.window - now
        return (1 - self._level) / self._rate.per_second

    def headers(self, verdict: Verdict) -> dict[str, str]:
        """What every answer tells of the limit."""
        if self._rate.window is not None:
            full = self._at + self._rate.window - time.monotonic()
        else:
            full = (self._most - self._level) / self._rate.per_second
        match self._rate.tells:
            case "openai":
                return {
                    "x-ratelimit-limit-requests": str(self._most),
                    "x-ratelimit-remaining-requests": str(verdict.remaining),
                    "x-ratelimit-reset-requests": span(full),
                }
            case "anthropic":
                return {
                    "anthropic-ratelimit-requests-limit": str(self._most),
                    "anthropic-ratelimit-requests-remaining": str(verdict.remaining),
                    "anthropic-ratelimit-requests-reset": instant(full),
                }
        return {}


def span(seconds: float) -> str:
    """As OpenAI writes a time: `6m0s`, `1.5s`, `20ms`."""
    if seconds < 1:
        return f"{math.ceil(seconds * 1000)}ms"
    minutes, rest = divmod(seconds, 60)
    return f"{minutes:.0f}m{rest:.0f}s" if minutes else f"{rest:.3f}".rstrip("0").rstrip(".") + "s"


def instant(seconds: float) -> str:
    """RFC 3339, so many seconds from now, rounded up as one would."""
    moment = datetime.now(UTC) + timedelta(seconds=math.ceil(seconds))
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def too_many(form: RetryForm, seconds: float) -> tuple[dict[str, str], Any]:
    """Headers and body of a 429 that says in this form to come back in so many seconds."""
    body = _TELLING_BODIES.get(form)
    if body is not None:
        return {}, body(seconds)
    return _headers(form, seconds), {"error": _error("Rate limit reached")}


def _headers(form: RetryForm, seconds: float) -> dict[str, str]:
    whole = math.ceil(seconds)
    forms: dict[RetryForm, dict[str, str]] = {
        "seconds": {"Retry-After": str(whole)},
        "date": {"Retry-After": format_datetime(datetime.now(UTC) + timedelta(seconds=whole), usegmt=True)},
        "ms": {"retry-after-ms": str(math.ceil(seconds * 1000))},
        "openai": {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": span(seconds)},
        "anthropic": {
            "anthropic-ratelimit-requests-remaining": "0",
            "anthropic-ratelimit-requests-reset": instant(seconds),
        },
        "reset": {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(math.ceil(time.time() + seconds))},
    }
    return forms.get(form, {})


def _error(message: str) -> dict[str, Any]:
    return {"message": message, "type": "requests", "param": None, "code": "rate_limit_exceeded"}


def _openrouter(seconds: float) -> Any:
    at = f"{(time.time() + seconds) * 1000:.0f}"
    told = {"X-RateLimit-Limit": "20", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": at}
    message = "Rate limit exceeded: free-models-per-min."
    return {"error": {"message": message, "code": 429, "metadata": {"headers": told}}}


def _google(seconds: float) -> Any:
    kind = "type.googleapis.com/google.rpc.RetryInfo"
    details = [{"@type": kind, "retryDelay": f"{math.ceil(seconds)}s"}]
    # The words are those with which OpenAI says that the money is spent.
    message = "You exceeded your current quota, please check your plan and billing details."
    return [{"error": {"code": 429, "message": message, "status": "RESOURCE_EXHAUSTED", "details": details}}]


def _words(seconds: float) -> Any:
    message = (
        "Rate limit reached for gpt-4o in organization org-x on requests per min (RPM): Limit 3, Used 3, Requested 1. "
        f"Please try again in {span(seconds)}. Visit https://platform.openai.com/account/rate-limits to learn more."
    )
    return {"error": _error(message)}


_TELLING_BODIES: dict[RetryForm, Callable[[float], Any]] = {
    "openrouter": _openrouter,
    "google": _google,
    "words": _words,
}
