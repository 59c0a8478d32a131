"""What a refusal is, by the words of real providers."""

from collections.abc import Callable
from typing import Any

import pytest

from daemon.llm import errors
from daemon.llm.errors import LlmError
from daemon.llm.faults import Fault, error_of, message_in
from tests.provider import wordings
from tests.provider.wordings import Refusal

Said = dict[Any, Callable[..., Refusal]]


def cases(kind: type[LlmError], situation: Said, *given: object) -> list[Any]:
    """One case for each provider that is known in a situation."""
    named = next(name for name, value in vars(wordings).items() if value is situation)
    return [pytest.param(say(*given), kind, id=f"{named}-{name}") for name, say in situation.items()]


def judged(status: int, body: Any, **more: Any) -> LlmError:
    """The error that an answer is. An error inside an answer that says 200 counts as 400, as in client.py."""
    usual: dict[str, Any] = {"retry_after": None, "host": "https://here", "model": "muse-1", "has_key": True}
    return error_of(Fault(400 if status == 200 else status, body, **(usual | more)))


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        *cases(errors.Unauthorised, wordings.BAD_KEY),
        *cases(errors.Unauthorised, wordings.FORBIDDEN),
        *cases(errors.QuotaSpent, wordings.QUOTA_SPENT),
        *cases(errors.UnknownModel, wordings.UNKNOWN_MODEL, "muse-1"),
        *cases(errors.TooLong, wordings.TOO_LONG),
        *cases(errors.Refused, wordings.CONTENT_REFUSED),
        *cases(errors.Garbled, wordings.NO_JSON_MADE),
        *cases(errors.Rejected, wordings.FORMAT_UNKNOWN, "json_schema"),
        *cases(errors.Rejected, wordings.TEMPERATURE_REFUSED),
        *cases(errors.Rejected, wordings.SYSTEM_REFUSED),
        *cases(errors.Rejected, wordings.OUTPUT_TOO_LONG, 10, 20),
    ],
)
def test_every_provider_is_understood(said: Refusal, kind: type[LlmError]) -> None:
    error = judged(said.status, said.body)

    assert type(error) is kind
    assert str(error).endswith(".")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.Rejected),
        (401, errors.Unauthorised),
        (402, errors.QuotaSpent),
        (403, errors.Unauthorised),
        (404, errors.WrongAddress),
        (405, errors.WrongAddress),
        (408, errors.Unavailable),
        (409, errors.Unavailable),
        (413, errors.TooLong),
        (422, errors.Rejected),
        (425, errors.Unavailable),
        (429, errors.Busy),
        (500, errors.Unavailable),
        (502, errors.Unavailable),
        (503, errors.Busy),
        (504, errors.Unavailable),
        (529, errors.Busy),
    ],
)
def test_without_words_the_status_decides(status: int, kind: type[LlmError]) -> None:
    assert type(judged(status, None)) is kind


def test_google_counts_too_fast_and_not_spent_when_it_speaks_of_quota() -> None:
    message = "You exceeded your current quota, please check your plan and billing details."

    assert type(judged(429, [{"error": {"message": message, "status": "RESOURCE_EXHAUSTED"}}])) is errors.Busy
    assert type(judged(429, {"error": {"message": message, "code": "insufficient_quota"}})) is errors.QuotaSpent


def test_a_context_that_is_too_small_is_told_also_with_a_status_of_trouble() -> None:
    said = wordings.TOO_LONG["llamacpp"]()

    assert type(judged(500, said.body)) is errors.TooLong


def test_a_server_that_breaks_over_a_parameter_rejects_it() -> None:
    assert type(judged(500, {"error": "failed to parse grammar"})) is errors.Rejected


def test_how_long_to_wait_is_passed_on() -> None:
    busy, down = judged(429, None, retry_after=7.0), judged(503, None, retry_after=9.0)

    assert isinstance(busy, errors.Busy)
    assert isinstance(down, errors.Busy)
    assert (busy.retry_after, down.retry_after) == (7.0, 9.0)


def test_a_missing_key_and_a_refused_one_are_told_apart() -> None:
    assert "refuses the key" in str(judged(401, None))
    assert "wants a key" in str(judged(401, None, has_key=False))


def test_what_needs_a_person_says_what_to_do() -> None:
    for status in (401, 402, 404):
        error = judged(status, {"error": {"message": "The model `x` does not exist"}})
        assert isinstance(error, errors.NeedsPerson)
        assert error.advice


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": {"message": "one"}}, "one"),
        ({"error": "two"}, "two"),
        ([{"error": {"message": "three"}}], "three"),
        ({"object": "error", "message": "four", "code": 400}, "four"),
        ({"error": {"error": {"message": "five", "code": 402}, "code": 402}}, "five"),
        ({"message": {"detail": [{"msg": "x", "detail": "six"}]}}, "six"),
        ({"detail": "seven"}, "seven"),
        ({"error": {}}, ""),
        ([], ""),
        (None, ""),
        (7, ""),
    ],
)
def test_the_sentence_is_found_in_every_form(body: Any, message: str) -> None:
    assert message_in(body) == message


def test_what_a_provider_repeats_of_the_content_does_not_decide() -> None:
    body = {"error": {"message": "Bad request", "failed_generation": "model not found, insufficient_quota"}}

    assert type(judged(400, body)) is errors.Rejected


def test_nesting_without_end_does_no_harm() -> None:
    body: Any = "deep"
    for _ in range(500):
        body = {"error": [body]}

    assert type(judged(400, body)) is errors.Rejected
