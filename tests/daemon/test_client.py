"""The command line's way to a running daemon, and how it is found."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from daemon.client import Client
from daemon.commands.exits import Exit, Unavailable, exit_code
from daemon.commands.reach import Command, ask, read_token
from daemon.commands.service import Json, Service
from daemon.home import HomeLock
from daemon.settings import Settings
from packages_store.errors import HomeBusy, InvalidName, LoomError, StoreError
from packages_store.files import Disk
from tests.builders import OWNER
from tests.daemons import settings_for

READY = httpx2.Response(200, json={"status": "ready"})


def problem(status: int, kind: str) -> httpx2.Response:
    """A refusal as the daemon writes it."""
    body = {"type": f"urn:entity-loom:{kind}", "detail": f"It is {kind}.", "advice": "Do something else."}
    return httpx2.Response(status, json=body)


def client_of(answer: Callable[[httpx2.Request], httpx2.Response], patience: float = 0.0) -> Client:
    """A client of a daemon that is ready and answers everything else so."""

    def answered(request: httpx2.Request) -> httpx2.Response:
        return READY if request.url.path == "/readyz" else answer(request)

    return Client("http://127.0.0.1:1", "secret", patience, httpx2.MockTransport(answered))


async def test_every_request_carries_the_token() -> None:
    seen: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200, json=[])

    async with client_of(answer) as client:
        assert await client.packages() == []

    assert [request.headers["authorization"] for request in seen] == ["Bearer secret"]


async def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    async with client_of(lambda _request: httpx2.Response(200, json=[])) as client:
        assert await client.repairs() == []


async def test_names_of_packages_stay_names_in_addresses() -> None:
    paths: list[bytes] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        paths.append(request.url.raw_path)
        return httpx2.Response(200, json={})

    async with client_of(answer) as client:
        await client.package("a/../b?c#d")

    assert paths == [b"/api/packages/a%2F..%2Fb%3Fc%23d"]


async def test_a_daemon_that_repairs_is_waited_for() -> None:
    answers = iter([problem(503, "repairing"), problem(503, "repairing"), READY])

    async with Client("http://127.0.0.1:1", "secret", 30, httpx2.MockTransport(lambda _request: next(answers))):
        pass

    assert list(answers) == []


async def test_a_daemon_that_repairs_for_too_long_is_a_reason_to_come_back_later() -> None:
    transport = httpx2.MockTransport(lambda _request: problem(503, "repairing"))

    with pytest.raises(Unavailable, match="It is repairing") as raised:
        await Client("http://127.0.0.1:1", "secret", 0, transport).__aenter__()

    assert exit_code(raised.value) == Exit.TEMPORARY


@pytest.mark.parametrize(
    ("error", "words"),
    [(httpx2.ReadTimeout("slow"), "does not answer"), (httpx2.ReadError("gone"), "The connection .* ended")],
)
async def test_a_connection_that_fails_is_said_so(error: Exception, words: str) -> None:
    def answer(_request: httpx2.Request) -> httpx2.Response:
        raise error

    async with client_of(answer) as client:
        with pytest.raises(Unavailable, match=words):
            await client.packages()


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (problem(404, "package-not-found"), LoomError),
        (problem(422, "invalid-name"), InvalidName),
        (problem(503, "stopping"), Unavailable),
    ],
)
async def test_a_refusal_comes_back_in_the_words_of_the_daemon(
    response: httpx2.Response, kind: type[LoomError]
) -> None:
    async with client_of(lambda _request: response) as client:
        with pytest.raises(kind, match=r"It is .*\. Do something else\."):
            await client.package("wren")


async def test_an_answer_that_is_no_problem_of_ours_is_told_by_its_number() -> None:
    async with client_of(lambda _request: httpx2.Response(502, text="<html>")) as client:
        with pytest.raises(LoomError, match="502"):
            await client.package("wren")


async def test_an_export_is_refused_before_its_first_piece() -> None:
    async with client_of(lambda _request: problem(404, "package-not-found")) as client:
        with pytest.raises(LoomError, match="package-not-found"):
            async with client.export("wren"):
                pytest.fail("nothing may be written")


async def test_a_package_is_asked_about_until_it_rests() -> None:
    details: Iterator[Json] = iter(
        [
            {"state": "running", "waits_for": None},
            {"state": "waiting", "waits_for": "its turn"},
            {"state": "waiting", "waits_for": "Continue: daily was aborted by a person"},
        ]
    )
    told: list[Json] = []

    async with client_of(lambda _request: httpx2.Response(200, json=next(details))) as client:
        detail = await client.settle("wren", told.append)

    assert detail["waits_for"] == "Continue: daily was aborted by a person"
    assert len(told) == 2


# --- finding it ------------------------------------------------------------------------------------------------------


async def in_process(settings: Settings, use: Command, *, works: bool) -> Exit:
    """Stands for a process that does the work itself, and says whether it would."""
    return Exit.OK if works else Exit.PARTIAL


async def never(_service: Service) -> Exit:
    pytest.fail("nobody is to be asked")


async def test_without_a_daemon_the_work_is_done_here(tmp_path: Path) -> None:
    settings = settings_for(tmp_path / "home")

    assert await ask(settings, never, in_process, works=True) == Exit.OK
    assert await ask(settings, never, in_process, works=False) == Exit.PARTIAL


async def test_a_holder_without_a_door_is_waited_for_and_then_named(tmp_path: Path) -> None:
    settings = settings_for(tmp_path / "home")
    Disk().make_dir(settings.home)

    with HomeLock(settings.paths).acquire(OWNER), pytest.raises(Unavailable, match=f"process {OWNER.pid}"):
        await ask(settings, never, in_process, works=True, patience=0)


async def test_losing_the_race_for_the_home_is_no_failure(tmp_path: Path) -> None:
    tries: list[bool] = []

    async def too_late_once(settings: Settings, use: Command, *, works: bool) -> Exit:
        tries.append(works)
        if len(tries) == 1:
            raise HomeBusy("Somebody was quicker.", {})
        return Exit.OK

    assert await ask(settings_for(tmp_path / "home"), never, too_late_once, works=True) == Exit.OK
    assert len(tries) == 2


def test_the_token_comes_from_the_home_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_for(tmp_path)
    with pytest.raises(StoreError, match="LOOM_TOKEN"):
        read_token(settings)
    settings.home.mkdir(exist_ok=True)
    settings.paths.token.write_text("")
    with pytest.raises(StoreError, match="is empty"):
        read_token(settings)

    (tmp_path / "token").write_text("from-the-home\n", encoding="ascii")
    assert read_token(settings) == "from-the-home"

    monkeypatch.setenv("LOOM_TOKEN", "from-the-environment")
    assert read_token(settings) == "from-the-environment"
