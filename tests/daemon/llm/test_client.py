"""One question to one endpoint, over HTTP, and everything that may come back."""

import json
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import anyio
import pytest

from daemon.llm import errors
from daemon.llm.client import Client
from daemon.llm.errors import Busy, Garbled, LlmError, Rejected, Unavailable, WrongAddress
from daemon.llm.exchange import Allowance, Completion, Finish, Usage
from daemon.llm.quirks import Quirks
from tests.daemon.llm.asking import CANARY, ask, endpoint, key_at, request, until
from tests.provider import wordings
from tests.provider.harness import FakeProvider
from tests.provider.limiting import too_many
from tests.provider.script import Act, Dialect, Rate, RetryForm, Script

PRIVATE = "I was in hospital in March and told nobody about it."


async def test_an_answer_is_read_with_what_it_took(provider: FakeProvider) -> None:
    usage = {
        "prompt_tokens": 1200,
        "completion_tokens": 90,
        "total_tokens": 1290,
        "prompt_tokens_details": {"cached_tokens": 1024},
        "completion_tokens_details": {"reasoning_tokens": 50},
        "cost": 0.0021,
    }
    provider.then(Act(text='{"text": "yes"}', usage=usage, seconds=0.05))

    completion = await ask(provider)

    assert completion.text == '{"text": "yes"}'
    assert completion.finish is Finish.STOP
    assert completion.usage == Usage(1200, 1024, 90, 50, 0.0021)
    assert completion.model == "muse-1"
    assert completion.seconds >= 0.05


async def test_the_key_is_sent_and_no_other_header_tells_of_it(provider: FakeProvider) -> None:
    await ask(provider)
    await ask(provider, key=None)

    assert [asked.authorization for asked in provider.times] == [f"Bearer {CANARY}", None]


@pytest.mark.parametrize(
    ("told", "usage"),
    [
        ({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 40}, Usage(10, None, 30)),
        ({"prompt_tokens": 10, "completion_tokens": 5, "prompt_cache_hit_tokens": 8}, Usage(10, 8, 5)),
        ({"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": 4}, Usage(10, 4, 5)),
        ({"prompt_tokens": None, "completion_tokens": "many"}, Usage()),
        ({}, Usage()),
    ],
)
async def test_every_way_to_count_tokens_is_read(provider: FakeProvider, told: dict[str, object], usage: Usage) -> None:
    provider.then(Act(text="{}", usage=told))

    assert (await ask(provider)).usage == usage


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("stop", Finish.STOP),
        ("STOP", Finish.STOP),
        (None, Finish.STOP),
        ("length", Finish.LENGTH),
        ("MAX_TOKENS", Finish.LENGTH),
        ("content_filter", Finish.REFUSED),
        ("SAFETY", Finish.REFUSED),
        ("PROHIBITED_CONTENT", Finish.REFUSED),
    ],
)
async def test_why_a_model_stopped_is_told(provider: FakeProvider, reason: str | None, finish: Finish) -> None:
    provider.then(Act(text='{"text": "cut', finish=reason))

    assert (await ask(provider)).finish is finish


async def test_a_refusal_field_is_a_refusal(provider: FakeProvider) -> None:
    provider.then(Act(text="", refusal="I can't help with that."))

    completion = await ask(provider)

    assert completion.finish is Finish.REFUSED
    assert completion.text == "I can't help with that."


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I’m sorry, I cannot assist with this request.",
        "Sorry, I can't do that.",
        "I cannot write about this.",
        "As an AI, I am not able to do this.",
        "Unfortunately, I am unable to continue with this conversation.",
    ],
)
async def test_polite_words_in_place_of_an_object_are_a_refusal(provider: FakeProvider, text: str) -> None:
    provider.then(Act(text=text))

    assert (await ask(provider)).finish is Finish.REFUSED


@pytest.mark.parametrize(
    "text",
    [
        '{"text": "I\'m sorry, but I can\'t help with that."}',
        "I remember a day at the sea.",
        "I felt that we can go on.",
    ],
)
async def test_other_words_are_none(provider: FakeProvider, text: str) -> None:
    provider.then(Act(text=text))

    assert (await ask(provider)).finish is Finish.STOP


async def test_text_in_parts_is_put_together(provider: FakeProvider) -> None:
    parts = [{"type": "text", "text": '{"a":'}, {"type": "text", "text": " 1}"}, {"type": "image"}]
    provider.then(Act(body={"choices": [{"message": {"content": parts}, "finish_reason": "stop"}]}))

    completion = await ask(provider)

    assert completion.text == '{"a": 1}'
    assert completion.model == "muse-1"
    assert completion.usage == Usage()


async def test_limits_are_read_from_the_headers(provider: FakeProvider) -> None:
    provider.play(Script(rate=Rate(per_second=1, burst=10, tells="openai")))

    told = (await ask(provider)).limits.requests

    assert told is not None
    assert (told.limit, told.remaining) == (10, 9)
    assert 0 < told.reset_seconds <= 1
    assert isinstance(told, Allowance)


# --- trouble -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "form", ["seconds", "date", "ms", "openai", "anthropic", "reset", "openrouter", "google", "words"]
)
async def test_a_429_says_when_to_come_back_in_every_form(provider: FakeProvider, form: RetryForm) -> None:
    headers, body = too_many(form, 40)
    provider.then(Act(status=429, headers=headers, body=body))

    with pytest.raises(Busy) as busy:
        await ask(provider)

    assert busy.value.retry_after is not None
    assert 37 < busy.value.retry_after <= 41


async def test_a_429_that_says_nothing_says_nothing(provider: FakeProvider) -> None:
    provider.then(Act(status=429))

    with pytest.raises(Busy) as busy:
        await ask(provider)

    assert busy.value.retry_after is None


async def test_an_error_in_an_answer_that_says_it_is_fine_is_an_error(provider: FakeProvider) -> None:
    openrouter = wordings.OVERLOADED["openrouter"]()
    lm_studio = wordings.TOO_LONG["lmstudio"]()
    in_choice = {"choices": [{"error": {"code": 502, "message": "Upstream broke"}, "finish_reason": "error"}]}
    provider.then(Act(body=openrouter.body), Act(body=lm_studio.body), Act(body=in_choice))

    for kind in (Busy, errors.TooLong, Unavailable):
        with pytest.raises(kind):
            await ask(provider)


@pytest.mark.parametrize(
    "act",
    [
        Act(raw="{cut off"),
        Act(raw=""),
        Act(raw="[]"),
        Act(body={"choices": []}),
        Act(body={"choices": [{"finish_reason": "stop"}]}),
        Act(raw="[" * 100_000),
        Act(text="x" * 500, cut_after=100),
    ],
)
async def test_an_answer_that_broke_off_or_is_none_is_garbled(provider: FakeProvider, act: Act) -> None:
    provider.then(act)

    with pytest.raises(Garbled):
        await ask(provider)


async def test_a_connection_that_ends_before_the_answer_is_unavailable(provider: FakeProvider) -> None:
    provider.then(Act(hang=True))
    other = FakeProvider()
    with other:
        other.then(Act(hang=True))

        async def kill() -> None:
            await until(other, lambda counts: counts.in_flight == 1, "the request")
            other.stop()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(kill)
            with pytest.raises(Unavailable, match="ended before the answer"):
                await ask(other)


async def test_nobody_there_is_unavailable(provider: FakeProvider) -> None:
    with pytest.raises(Unavailable, match="cannot be reached"):
        await ask(provider, base_url="http://127.0.0.1:1/v1")


@pytest.mark.parametrize(
    "act", [Act(hang=True), Act(text="{}", dribble=0.05), Act(seconds=1)], ids=["hangs", "dribbles", "is slow"]
)
async def test_the_time_for_an_answer_is_kept_to(provider: FakeProvider, act: Act) -> None:
    provider.then(act)

    with anyio.fail_after(60), pytest.raises(Unavailable, match=r"within 0\.3 seconds"):
        await ask(provider, total_seconds=0.3)


@pytest.mark.parametrize("act", [Act(hang=True), Act(text="{}", dribble=0.05)], ids=["waiting", "reading"])
async def test_who_is_cancelled_has_left_at_once(provider: FakeProvider, act: Act) -> None:
    provider.then(act)
    async with Client(endpoint(provider)) as client, anyio.create_task_group() as tasks:
        tasks.start_soon(client.complete, request(), Quirks())
        await until(provider, lambda counts: counts.in_flight == 1, "the request")
        tasks.cancel_scope.cancel()

    await until(provider, lambda counts: counts.in_flight == 0, "the request to end")
    assert provider.times[0].was_left


async def test_an_answer_of_any_length_is_not_read(provider: FakeProvider) -> None:
    provider.then(Act(text="x" * 3_000_000))

    with pytest.raises(Garbled, match="more than 1 MB"):
        await ask(provider, most_bytes=1 << 20)


async def test_a_web_page_is_no_model(provider: FakeProvider) -> None:
    provider.then(Act(raw="<html>Welcome</html>", headers={"Content-Type": "text/html; charset=utf-8"}))

    with pytest.raises(WrongAddress, match="web page"):
        await ask(provider)


async def test_a_wrong_path_is_told(provider: FakeProvider) -> None:
    provider.then(Act(status=404, raw="404 page not found"))

    with pytest.raises(WrongAddress, match="base URL"):
        await ask(provider)


async def test_a_server_without_tls_is_told(provider: FakeProvider) -> None:
    with pytest.raises(WrongAddress, match="does not speak TLS"):
        await ask(provider, base_url=provider.base_url.replace("http:", "https:"))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes the certificate")
async def test_a_certificate_that_nobody_vouches_for_is_not_accepted(provider: FakeProvider, tmp_path: Path) -> None:
    with impostor(tmp_path) as port, pytest.raises(WrongAddress, match="certificate is not valid"):
        await ask(provider, base_url=f"https://localhost:{port}/v1")


@contextmanager
def impostor(folder: Path) -> Iterator[int]:
    """A TLS server that says itself that it is localhost, and its port."""
    files = ["-keyout", str(folder / "key"), "-out", str(folder / "certificate")]
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost"]
    subprocess.run(["openssl", "req", *kind, *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate", folder / "key")

    def serve() -> None:
        with suppress(OSError):
            connection, _ = listener.accept()
            with connection, suppress(OSError), context.wrap_socket(connection, server_side=True) as secured:
                secured.recv(1)

    with socket.create_server(("localhost", 0)) as listener:
        server = threading.Thread(target=serve)
        server.start()
        yield listener.getsockname()[1]
        server.join()


# --- redirects and proxies -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_leads_to_another_origin(provider: FakeProvider, status: int) -> None:
    with FakeProvider() as other:
        target = f"{other.base_url}/chat/completions"
        provider.then(Act(status=status, headers={"Location": target}, raw=""))

        with pytest.raises(WrongAddress, match="neither questions nor the key follow"):
            await ask(provider)

        assert other.counts.requests == 0


async def test_a_redirect_to_a_metadata_address_is_not_followed(provider: FakeProvider) -> None:
    provider.then(Act(status=307, headers={"Location": "http://169.254.169.254/latest/"}, raw=""))

    with pytest.raises(WrongAddress):
        await ask(provider)


async def test_a_redirect_under_the_same_origin_is_followed(provider: FakeProvider) -> None:
    provider.then(Act(status=307, headers={"Location": "/v2/chat/completions"}, raw=""))

    completion = await ask(provider)

    assert isinstance(completion, Completion)
    assert [asked.path for asked in provider.times] == ["/v1/chat/completions", "/v2/chat/completions"]


async def test_redirects_in_a_circle_end(provider: FakeProvider) -> None:
    provider.always(Act(status=308, headers={"Location": "/v1/chat/completions"}, raw=""))

    with pytest.raises(WrongAddress, match="in a circle"):
        await ask(provider)

    assert provider.counts.requests == 3


async def test_the_proxies_of_the_environment_are_not_used(
    provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)

    await ask(provider)

    assert provider.counts.requests == 1


async def test_a_proxy_is_used_when_it_is_configured(provider: FakeProvider) -> None:
    await ask(provider, base_url="http://192.0.2.7:8000/v1", proxy=provider.origin)

    assert [asked.path for asked in provider.times] == ["http://192.0.2.7:8000/v1/chat/completions"]


def test_a_key_is_not_sent_to_another_origin_than_it_was_entered_for(provider: FakeProvider) -> None:
    elsewhere = key_at("https://api.example.org/v1")

    with pytest.raises(WrongAddress, match=r"entered for https://api\.example\.org") as refused:
        Client(endpoint(provider, key=elsewhere))

    assert "CANARY" not in str(refused.value)


# --- keys and private texts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429, 500, 503])
async def test_a_key_that_comes_back_stands_in_no_error(provider: FakeProvider, status: int) -> None:
    provider.then(Act(status=status, echo_key=True))

    with pytest.raises(LlmError) as failed:
        await ask(provider)

    said = [str(failed.value), repr(failed.value), repr(failed.value.__dict__)]
    assert not any("CANARY" in text for text in said)


async def test_a_key_that_comes_back_stands_in_no_answer(provider: FakeProvider) -> None:
    provider.then(Act(text=json.dumps({"text": f"Your key is {CANARY}."}), headers={"x-request": CANARY}))

    completion = await ask(provider)

    assert "CANARY" not in completion.text
    assert "[key]" in completion.text


async def test_what_was_asked_stands_in_no_error(provider: FakeProvider) -> None:
    body = {"error": {"message": f"Cannot handle '{PRIVATE}' in messages[1].content", "code": "bad"}}
    provider.then(Act(status=400, body=body))

    with pytest.raises(Rejected) as failed:
        await ask(provider, text=PRIVATE)

    assert "hospital" not in str(failed.value)
    assert "Cannot handle" in str(failed.value)
    assert "in messages[1].content" in str(failed.value)


async def test_a_request_does_not_show_what_it_asks() -> None:
    assert "hospital" not in repr(request(PRIVATE))


async def test_models_refuse_parameters_over_http_as_their_providers_do(provider: FakeProvider) -> None:
    provider.play(Script(dialect=Dialect(provider="deepseek", formats=("json_object", "text"))))

    with pytest.raises(Rejected, match="This response_format type is unavailable now"):
        await ask(provider)


async def test_nothing_of_the_client_stays_open(provider: FakeProvider, tmp_path: Path) -> None:
    async with Client(endpoint(provider)) as client:
        for _ in range(3):
            await client.complete(request(), Quirks())

    await until(provider, lambda counts: counts.in_flight == 0, "all to be answered")
