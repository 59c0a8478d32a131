"""The fake provider does what it is told."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from tests.provider.harness import FakeProvider
from tests.provider.script import Act, Dialect, Rate, Rule, Script

HURRIED = httpx2.Timeout(60, read=0.2)
"""Of a client that goes before the answer comes."""


def shout(body: dict[str, Any]) -> str:
    """A model that repeats the last message in capitals."""
    return str(body["messages"][-1]["content"]).upper()


@pytest.fixture(scope="module")
def _running() -> Iterator[FakeProvider]:
    with FakeProvider() as provider:
        yield provider


@pytest.fixture
def provider(_running: FakeProvider) -> FakeProvider:
    _running.begin_anew()
    return _running


def test_it_starts_again_on_the_same_port_and_plays_on() -> None:
    with FakeProvider() as provider:
        provider.play(Script(rules=(Rule(act=Act(status=418)),)))
        before = provider.origin
        provider.stop()

        provider.start()

        assert provider.origin == before
        assert ask(provider).status_code == 418


def ask(provider: FakeProvider, **more: Any) -> httpx2.Response:
    body = {"model": "m", "messages": [{"role": "user", "content": "hello"}], **more}
    return httpx2.post(f"{provider.base_url}/chat/completions", json=body, trust_env=False, timeout=60)


def test_it_answers_with_the_text_of_a_function_and_remembers_what_was_asked(provider: FakeProvider) -> None:
    provider.play(Script(content="tests.provider.test_provider:shout"))

    answer = ask(provider).json()

    assert answer["choices"][0]["message"]["content"] == "HELLO"
    assert answer["choices"][0]["finish_reason"] == "stop"
    (asked,) = provider.asked
    assert asked.body["messages"][0]["content"] == "hello"
    assert asked.status == 200


def test_it_counts_equal_requests_once(provider: FakeProvider) -> None:
    for temperature in (0, 0, 1):
        ask(provider, temperature=temperature)

    assert provider.counts.requests == 3
    assert provider.counts.distinct == 2


def test_rules_are_used_up_and_chosen_by_what_a_request_contains(provider: FakeProvider) -> None:
    once = Rule(act=Act(status=500), times=1)
    for_some = Rule(act=Act(status=418), containing="special")
    provider.play(Script(rules=(once, for_some)))

    statuses = [ask(provider).status_code, ask(provider, user="special").status_code, ask(provider).status_code]

    assert statuses == [500, 418, 200]


def test_each_so_manieth_request_fails(provider: FakeProvider) -> None:
    provider.always(Act(status=503), every=3)

    assert [ask(provider).status_code for _ in range(6)] == [200, 200, 503, 200, 200, 503]


def test_more_than_the_rate_allows_is_answered_with_429(provider: FakeProvider) -> None:
    provider.play(Script(rate=Rate(per_second=0.001, burst=2, form="seconds")))

    answers = [ask(provider) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[2].headers["Retry-After"]) > 900


def test_a_model_refuses_parameters_in_the_words_of_its_provider(provider: FakeProvider) -> None:
    provider.play(Script(dialect=Dialect(provider="lmstudio", formats=("json_schema", "text"))))

    refused = ask(provider, response_format={"type": "json_object"})

    assert refused.status_code == 400
    assert refused.json() == {"error": "'response_format.type' must be 'json_schema' or 'text'"}
    assert ask(provider).status_code == 200


def test_a_hanging_request_ends_with_its_client(provider: FakeProvider) -> None:
    provider.then(Act(hang=True))

    with pytest.raises(httpx2.ReadTimeout):
        httpx2.post(f"{provider.base_url}/chat/completions", json={"messages": []}, trust_env=False, timeout=HURRIED)

    provider.wait_for(lambda counts: counts.requests == 1 and counts.in_flight == 0, "the request to end")
    (asked,) = provider.asked
    assert asked.was_left
    assert asked.status is None


def test_a_cut_answer_announces_more_than_it_sends(provider: FakeProvider) -> None:
    provider.then(Act(cut_after=10))

    with pytest.raises(httpx2.RemoteProtocolError):
        ask(provider)


def test_it_takes_many_requests_at_once_and_loses_none(provider: FakeProvider) -> None:
    def work(count: int) -> None:
        with httpx2.Client(trust_env=False, timeout=60) as client:
            for _ in range(count):
                client.post(f"{provider.base_url}/chat/completions", json={"model": "m", "messages": []})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, [75] * 8))

    assert provider.counts.requests == 600


def test_a_late_answer_is_sent_though_nobody_waits(provider: FakeProvider) -> None:
    provider.then(Act(seconds=1))
    url = f"{provider.base_url}/chat/completions"

    with pytest.raises(httpx2.ReadTimeout):
        httpx2.post(url, json={"model": "m", "messages": []}, trust_env=False, timeout=HURRIED)

    provider.wait_for(lambda counts: counts.requests == 1 and counts.in_flight == 0, "the late answer")
    assert provider.asked[0].was_left
