"""The engine whole: questions in, answers out, over HTTP, with all that real endpoints do to it."""

import json
from pathlib import Path
from typing import Any

import anyio
import pytest

from daemon.llm.engine import Engine
from daemon.llm.errors import Refused, Rejected, TooLong, Unavailable
from daemon.llm.exchange import Completion, Finish
from daemon.llm.presets import PRESETS, preset, preset_for
from daemon.llm.quirks import Form, LimitName, Quirks
from daemon.llm.rates import RateSettings
from daemon.llm.retrying import Patience
from packages_store.errors import EngineStopped
from tests.daemon.llm.asking import CANARY, SCHEMA, engine_at, request, until
from tests.provider import wordings
from tests.provider.harness import FakeProvider
from tests.provider.script import Act, Dialect, Rate, Rule, Script


def says_it_works(body: dict[str, Any]) -> str:
    """A model that always answers in the form it is asked for."""
    return json.dumps({"text": "The sea is wide and grey, and it comes and goes. " * 4})


def answers_in_prose_unless_told(body: dict[str, Any]) -> str:
    """A model behind an endpoint that ignores schemas: it knows the form only when it stands in the question."""
    is_told = json.dumps(SCHEMA) in body["messages"][0]["content"]
    return says_it_works(body) if is_told else "A day by the sea, it was lovely."


WORKS = "tests.daemon.llm.test_engine:says_it_works"
PROSE = "tests.daemon.llm.test_engine:answers_in_prose_unless_told"


async def ask_many(engine: Engine, count: int, package: str = "p") -> list[Completion]:
    """Ask so many different questions at once."""
    answers: list[Completion] = []

    async def one(number: int) -> None:
        answers.append(await engine.complete(request(f"Question {number}"), package))

    async with anyio.create_task_group() as tasks:
        for number in range(count):
            tasks.start_soon(one, number)
    return answers


def only(group: BaseException) -> list[BaseException]:
    """The single errors in a group."""
    if isinstance(group, BaseExceptionGroup):
        return [inner for one in group.exceptions for inner in only(one)]
    return [group]


# --- learning ------------------------------------------------------------------------------------------------------


async def test_an_odd_model_is_learned_at_once_and_remembered(provider: FakeProvider, tmp_path: Path) -> None:
    dialect = Dialect(temperature=0.6, limit="max_completion_tokens", formats=("text",), system=False)
    provider.play(Script(dialect=dialect, content=WORKS))

    async with engine_at(provider, tmp_path) as engine:
        answer = await engine.complete(request(), "p")
        learned = engine.quirks
    assert answer.finish is Finish.STOP
    assert learned == Quirks(Form.TEXT, True, 0.6, LimitName.MAX_COMPLETION_TOKENS, None, takes_system=False)
    assert provider.counts.statuses == {400: 5, 200: 1}

    provider.forget()
    async with engine_at(provider, tmp_path) as engine:
        await engine.complete(request(), "p")
    assert provider.counts.statuses == {200: 1}


async def test_what_one_request_learned_the_others_know(provider: FakeProvider, tmp_path: Path) -> None:
    provider.play(Script(dialect=Dialect(temperature="none"), content=WORKS, latency=0.01))

    async with engine_at(provider, tmp_path) as engine:
        assert len(await ask_many(engine, 40)) == 40

    assert provider.counts.statuses[400] <= 2


async def test_a_model_with_short_answers_is_asked_for_short_ones(provider: FakeProvider, tmp_path: Path) -> None:
    provider.play(Script(dialect=Dialect(most_output=64)))

    async with engine_at(provider, tmp_path) as engine:
        await engine.complete(request(most_tokens=8000), "p")
        assert engine.quirks.most_output == 64

    assert [asked.body["max_tokens"] for asked in provider.asked] == [8000, 64]


async def test_an_endpoint_that_ignores_the_schema_is_told_in_words_the_next_time(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.play(Script(content=PROSE))

    async with engine_at(provider, tmp_path) as engine:
        first = await engine.complete(request(), "p")
        second = await engine.complete(request(), "p")

    assert "{" not in first.text
    assert json.loads(second.text)["text"].startswith("The sea")
    assert provider.counts.requests == 2


async def test_a_rejection_that_teaches_nothing_is_told(provider: FakeProvider, tmp_path: Path) -> None:
    provider.then(Act(status=400, body={"error": {"message": "Your request is odd."}}))

    async with engine_at(provider, tmp_path) as engine:
        with pytest.raises(Rejected, match=r"rejects the request \(400\): “Your request is odd.”"):
            await engine.complete(request(), "p")

    assert provider.counts.requests == 1


async def test_a_model_that_can_never_be_pleased_is_given_up(provider: FakeProvider, tmp_path: Path) -> None:
    refusals = (wordings.COMPLETION_TOKENS_WANTED["openai"](), wordings.MAX_TOKENS_WANTED["openai"]())
    acts = [Act(status=said.status, body=said.body) for said in refusals * 20]
    provider.then(*acts)

    async with engine_at(provider, tmp_path) as engine:
        with pytest.raises(Rejected):
            await engine.complete(request(), "p")

    assert provider.counts.requests < 12


# --- what concerns one question ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("situation", "kind"), [(wordings.TOO_LONG, TooLong), (wordings.CONTENT_REFUSED, Refused)], ids=["long", "refused"]
)
async def test_one_question_that_fails_leaves_the_others_alone(
    provider: FakeProvider, tmp_path: Path, situation: wordings.Said, kind: type[Exception]
) -> None:
    said = situation["openai"]()
    provider.play(Script(rules=(Rule(act=Act(status=said.status, body=said.body), containing="special"),)))

    async with engine_at(provider, tmp_path) as engine:
        with pytest.raises(kind):
            await engine.complete(request("special"), "p")
        await engine.complete(request("ordinary"), "p")

    assert provider.counts.requests == 2


async def test_one_request_in_ten_that_fails_costs_no_question(provider: FakeProvider, tmp_path: Path) -> None:
    provider.play(Script(rules=(Rule(act=Act(status=500), every=10),), content=WORKS, latency=0.01))

    async with engine_at(provider, tmp_path, patience=Patience(seconds=20, tries=10)) as engine:
        assert len(await ask_many(engine, 100)) == 100

    counts = provider.counts
    assert counts.distinct == 100
    assert counts.statuses[200] == 100


async def test_cut_and_garbled_answers_are_asked_for_again(provider: FakeProvider, tmp_path: Path) -> None:
    provider.then(Act(text="x" * 99, cut_after=20), Act(raw="{no"), Act(hang=True))

    async with engine_at(provider, tmp_path, patience=Patience(seconds=20), total_seconds=0.3) as engine:
        await engine.complete(request(), "p")

    assert provider.counts.requests == 4


# --- what concerns all ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(wordings.BAD_KEY["openai"](), id="key"),
        pytest.param(wordings.FORBIDDEN["openai"](), id="forbidden"),
        pytest.param(wordings.QUOTA_SPENT["openai"](), id="quota"),
        pytest.param(wordings.QUOTA_SPENT["openrouter"](), id="credits"),
        pytest.param(wordings.UNKNOWN_MODEL["openai"]("muse-1"), id="model"),
        pytest.param(wordings.Refusal(404, None), id="path"),
    ],
)
async def test_what_needs_a_person_stops_all_after_at_most_three_requests(
    provider: FakeProvider, tmp_path: Path, said: wordings.Refusal
) -> None:
    provider.always(Act(status=said.status, body=said.body, seconds=0.02))

    async with engine_at(provider, tmp_path) as engine:
        with pytest.raises(BaseExceptionGroup) as group:
            await ask_many(engine, 16)

    errors = only(group.value)
    assert all(isinstance(error, EngineStopped) and error.retry_in is None for error in errors)
    assert all("CANARY" not in str(error) for error in errors)
    assert provider.counts.requests <= 3


async def test_a_key_that_is_refused_later_stops_after_at_most_three_requests_as_well(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.play(Script(content=WORKS, latency=0.02))
    async with engine_at(provider, tmp_path) as engine:
        await ask_many(engine, 64)
        engine.doubt()
        provider.play(Script(key="another"))
        provider.forget()

        with pytest.raises(BaseExceptionGroup) as group:
            await ask_many(engine, 16)

        assert all(isinstance(error, EngineStopped) for error in only(group.value))
        assert provider.counts.requests <= 3

        provider.play(Script(key=CANARY))
        assert len(await ask_many(engine, 16)) == 16


async def test_nobody_there_stops_all_and_says_when_to_try_again(provider: FakeProvider, tmp_path: Path) -> None:
    hurried = Patience(seconds=0.3, tries=3, retry_in=77.0)
    async with engine_at(provider, tmp_path, base_url="http://127.0.0.1:1/v1", patience=hurried) as engine:
        with pytest.raises(BaseExceptionGroup) as group:
            await ask_many(engine, 16)

    errors = only(group.value)
    assert all(isinstance(error, EngineStopped) and error.retry_in == 77.0 for error in errors)
    assert "cannot be reached" in str(errors[0])


async def test_one_that_hangs_while_others_are_answered_is_given_up_alone(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.play(Script(rules=(Rule(act=Act(hang=True), containing="stuck"),), latency=0.005))
    failed: list[Unavailable] = []

    async with (
        engine_at(provider, tmp_path, patience=Patience(seconds=10, tries=2), total_seconds=0.2) as engine,
        anyio.create_task_group() as tasks,
    ):

        async def stuck() -> None:
            with pytest.raises(Unavailable) as caught:
                await engine.complete(request("stuck"), "p")
            failed.append(caught.value)
            tasks.cancel_scope.cancel()

        async def others() -> None:
            while True:
                await engine.complete(request("fine"), "p")

        tasks.start_soon(others)
        tasks.start_soon(stuck)

    assert len(failed) == 1


async def test_who_is_cancelled_leaves_at_once_and_takes_nothing_along(provider: FakeProvider, tmp_path: Path) -> None:
    provider.play(Script(rules=(Rule(act=Act(hang=True), containing="Question"),)))

    async with engine_at(provider, tmp_path) as engine:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask_many, engine, 8)
            await until(provider, lambda counts: counts.in_flight == 2, "the first requests")
            tasks.cancel_scope.cancel()
        await until(provider, lambda counts: counts.in_flight == 0, "them to end")
        assert engine.gate.rates.in_flight == 0

        provider.play(Script())
        assert (await engine.complete(request(), "p")).finish is Finish.STOP


# --- how fast ------------------------------------------------------------------------------------------------------


# Shares of the time and of what is allowed are measured in tests/daemon/llm/test_gate.py, where no machine can be slow.


async def test_without_limits_sixteen_are_under_way_and_never_more(provider: FakeProvider, tmp_path: Path) -> None:
    provider.play(Script(content=WORKS))

    async with engine_at(provider, tmp_path, RateSettings(most_in_flight=16)) as engine:
        await ask_many(engine, 200)
        assert provider.counts.requests == 200

        provider.always(Act(hang=True))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask_many, engine, 40)
            await until(provider, lambda counts: counts.in_flight == 16, "as many as may be under way")
            tasks.cancel_scope.cancel()

    assert provider.counts.most_in_flight == 16


async def test_with_fifty_a_second_allowed_all_are_answered_and_few_refused(
    provider: FakeProvider, tmp_path: Path
) -> None:
    rate = Rate(per_second=50, burst=50, form="seconds")
    provider.play(Script(content=WORKS, rate=rate))

    async with engine_at(provider, tmp_path, patience=Patience(seconds=600)) as engine:
        await ask_many(engine, 150)

    answered, refused = (provider.counts.statuses.get(status, 0) for status in (200, 429))
    assert (answered, provider.counts.distinct) == (150, 150)
    assert refused < 0.3 * answered


async def test_requests_per_minute_are_kept(provider: FakeProvider, tmp_path: Path) -> None:
    async with engine_at(provider, tmp_path, RateSettings(16, per_minute=600)) as engine:
        await ask_many(engine, 11)

    times = [asked.at for asked in provider.times]
    assert times[-1] - times[0] >= 0.5  # on the way the first may lose time that the last does not


async def test_two_packages_share_what_there_is(provider: FakeProvider, tmp_path: Path) -> None:
    provider.play(Script(latency=0.02))
    ended: list[str] = []

    async with engine_at(provider, tmp_path, RateSettings(most_in_flight=2)) as engine:

        async def work(package: str, count: int) -> None:
            await ask_many(engine, count, package)
            ended.append(package)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work, "large", 60)
            tasks.start_soon(work, "small", 10)

    assert ended == ["small", "large"]


# --- the test of an endpoint ---------------------------------------------------------------------------------------


async def test_an_endpoint_that_works_is_described(provider: FakeProvider, tmp_path: Path) -> None:
    provider.play(Script(content=WORKS, latency=0.05, dialect=Dialect(temperature="none")))

    async with engine_at(provider, tmp_path) as engine:
        tested = await engine.test()

    assert tested.works
    assert tested.model == "muse-1"
    assert tested.origin == provider.origin
    assert tested.seconds is not None
    assert tested.seconds >= 0.05
    assert tested.tokens_per_second is not None
    assert tested.sentence.startswith(f"muse-1 at {provider.origin} answers in {tested.seconds:.1f}")
    assert "tokens per second" in tested.sentence
    assert tested.quirks == ("Its answers follow a JSON schema.", "It takes no temperature.")


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (Act(status=401, echo_key=True), "refuses the key"),
        (Act(status=404, body=wordings.UNKNOWN_MODEL["openai"]("muse-1").body), "does not offer the model muse-1"),
        (Act(status=429), "too much to do"),
        (Act(status=500), "trouble of its own"),
        (Act(text="nothing but words and words"), "not with the JSON"),
        (Act(text='{"text": "the sea is', finish="length"), "does not come to an end"),
        (Act(text="", refusal="No."), "declines a harmless question"),
        (Act(raw="<html>", headers={"Content-Type": "text/html"}), "web page"),
    ],
)
async def test_an_endpoint_that_does_not_work_says_why(
    provider: FakeProvider, tmp_path: Path, act: Act, said: str
) -> None:
    provider.always(act)

    async with engine_at(provider, tmp_path) as engine:
        tested = await engine.test()

    assert not tested.works
    assert said in tested.sentence
    assert "CANARY" not in repr(tested)


async def test_a_test_neither_waits_nor_tries_again(provider: FakeProvider, tmp_path: Path) -> None:
    provider.always(Act(status=429, headers={"Retry-After": "600"}))

    async with engine_at(provider, tmp_path) as engine:
        await engine.test()

    assert provider.counts.requests == 1


def test_an_engine_does_not_show_its_key(provider: FakeProvider) -> None:
    assert "CANARY" not in repr(preset("openai"))
    assert "CANARY" not in str(PRESETS)


# --- presets -------------------------------------------------------------------------------------------------------


def test_every_preset_has_a_name_of_its_own_and_an_address_that_may_be_asked() -> None:
    assert [one.name for one in PRESETS] == [
        "openrouter",
        "openai",
        "anthropic",
        "google",
        "ollama",
        "llamacpp",
        "vllm",
        "lmstudio",
    ]
    for one in PRESETS:
        assert preset(one.name) is one
        assert preset_for(one.base_url) is one
        assert one.needs_key == one.base_url.startswith("https://")
        assert one.in_flight >= 1


def test_an_address_that_nobody_knows_is_asked_the_usual_way() -> None:
    unknown = preset_for("https://models.example.org/v1")

    assert unknown.quirks == Quirks()
    assert not unknown.needs_key
    assert preset("unheard of") is None


def test_presets_begin_with_what_is_known_of_them() -> None:
    assert preset_for("https://api.openai.com/v1").quirks.limit_name is LimitName.MAX_COMPLETION_TOKENS
    assert preset_for("https://api.anthropic.com/v1/").quirks.form is Form.TEXT
