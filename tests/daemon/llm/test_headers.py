"""What providers tell about limits, in every form that was met."""

from datetime import UTC, datetime
from typing import Any

import pytest

from daemon.llm.exchange import Allowance
from daemon.llm.headers import limits, retry_after

NOW = datetime(2026, 10, 21, 7, 28, 0, tzinfo=UTC)
EPOCH = int(NOW.timestamp())


def clock() -> datetime:
    return NOW


def google(delay: str) -> Any:
    kind = "type.googleapis.com/google.rpc.RetryInfo"
    details = [{"@type": "type.googleapis.com/google.rpc.Help"}, {"@type": kind, "retryDelay": delay}]
    return [{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": details}}]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": " 0.5 "}, 0.5),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"}, 30),
        ({"retry-after": "Wed, 21 Oct 2026 07:27:00 GMT"}, 0),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"x-ratelimit-reset-requests": "1s"}, 1),
        ({"x-ratelimit-reset-requests": "6m0s"}, 360),
        ({"x-ratelimit-reset-requests": "2m59.56s"}, 179.56),
        ({"x-ratelimit-reset-requests": "1h2m3s"}, 3723),
        ({"x-ratelimit-reset-requests": "20ms"}, 0.02),
        ({"anthropic-ratelimit-requests-reset": "2026-10-21T07:28:12Z"}, 12),
        ({"x-ratelimit-reset": str(EPOCH + 9)}, 9),
        ({"x-ratelimit-reset": str((EPOCH + 9) * 1000)}, 9),
        ({"x-ratelimit-reset": "40"}, 40),
        ({"ratelimit-reset": "3"}, 3),
        ({}, None),
        ({"retry-after": "soon"}, None),
    ],
)
def test_every_form_of_come_back_later_is_understood(headers: dict[str, str], seconds: float | None) -> None:
    told = retry_after(headers, None, clock)

    assert told == (None if seconds is None else pytest.approx(seconds, abs=1e-6))


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        (
            {
                "error": {
                    "metadata": {"headers": {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": (EPOCH + 5) * 1000}}
                }
            },
            5,
        ),
        ({"error": {"metadata": {"headers": {"Retry-After": "4"}}}}, 4),
        (google("34s"), 34),
        (google("34.074824224s"), 34.074824224),
        ({"error": {"message": "Rate limit reached on RPM. Please try again in 1.5s. Visit our page."}}, 1.5),
        ({"error": {"message": "Please try again in 644ms."}}, 0.644),
        ({"error": {"message": "Please retry in 1m2s."}}, 62),
        ({"error": {"message": "Too fast."}}, None),
        ({"error": "Too fast."}, None),
        ([], None),
    ],
)
def test_what_stands_only_in_the_body_is_found_as_well(body: Any, seconds: float | None) -> None:
    assert retry_after({}, body, clock) == seconds


def test_a_header_goes_before_what_is_said_in_words() -> None:
    body = {"error": {"message": "Please try again in 90s."}}

    assert retry_after({"retry-after": "2"}, body, clock) == 2


def test_the_allowance_that_is_used_up_decides_when_several_are_told() -> None:
    headers = {
        "x-ratelimit-remaining-requests": "59",
        "x-ratelimit-reset-requests": "6m0s",
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "2s",
    }

    assert retry_after(headers, None, clock) == 2


def test_dates_are_meant_by_the_providers_clock() -> None:
    headers = {"date": "Wed, 21 Oct 2026 09:00:00 GMT", "retry-after": "Wed, 21 Oct 2026 09:00:20 GMT"}

    assert retry_after(headers, None, clock) == 20


def test_limits_are_read_as_openai_tells_them() -> None:
    headers = {
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "59",
        "x-ratelimit-reset-requests": "1s",
        "x-ratelimit-limit-tokens": "150000",
        "x-ratelimit-remaining-tokens": "149984",
        "x-ratelimit-reset-tokens": "6m0s",
    }

    told = limits(headers, clock)

    assert told.requests == Allowance(60, 59, 1)
    assert told.tokens == Allowance(150_000, 149_984, 360)


def test_limits_are_read_as_anthropic_tells_them_less_the_second_they_are_rounded_up_by() -> None:
    headers = {
        "anthropic-ratelimit-requests-limit": "50",
        "anthropic-ratelimit-requests-remaining": "40",
        "anthropic-ratelimit-requests-reset": "2026-10-21T07:28:13Z",
        "anthropic-ratelimit-input-tokens-limit": "40000",
        "anthropic-ratelimit-input-tokens-remaining": "39000",
        "anthropic-ratelimit-input-tokens-reset": "2026-10-21T07:28:02Z",
    }

    told = limits(headers, clock)

    assert told.requests == Allowance(50, 40, 12)
    assert told.tokens == Allowance(40_000, 39_000, 1)


@pytest.mark.parametrize(
    "headers", [{}, {"x-ratelimit-limit-requests": "60"}, {"x-ratelimit-limit": "x", "x-ratelimit-remaining": "-1"}]
)
def test_half_of_a_limit_is_none(headers: dict[str, str]) -> None:
    assert limits(headers, clock).requests is None
