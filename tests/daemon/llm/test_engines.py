"""How the language model is set up while the daemon runs: what wins, what is kept, and to whom a key belongs."""

import json
from pathlib import Path
from typing import Any

import pytest

from daemon.llm.bound import Unlimited
from daemon.llm.engines import FILE_NAME, Engines, NotSetUp, SetElsewhere
from daemon.llm.errors import WrongAddress
from daemon.llm.presets import PRESETS
from daemon.llm.secrets import KeyInvalid
from daemon.settings import EngineOptions
from packages_store.files import Disk
from packages_store.paths import HomePaths
from tests.daemon.llm.asking import CANARY
from tests.daemon.web.door import door
from tests.provider.harness import FakeProvider
from tests.provider.remembering import REMEMBERS
from tests.provider.script import Script

HERE = "http://127.0.0.1:9/v1"


def engines(home: Path, environ: dict[str, str] | None = None, **given: Any) -> Engines:
    """The language model of a daemon whose settings say what is `given`."""
    options = EngineOptions(**given)
    return Engines(options, HomePaths(home), Disk(), environ or {}, lambda _package, _options, _model: Unlimited())


async def test_without_a_base_url_and_a_preset_there_is_none(tmp_path: Path) -> None:
    view = await engines(tmp_path).describe()

    assert (view.is_set, view.problem, view.origin, view.has_key) == (False, None, None, False)
    assert not (await engines(tmp_path).test()).works


async def test_what_is_chosen_while_it_runs_outlives_it(tmp_path: Path) -> None:
    await engines(tmp_path).configure(EngineOptions(preset="ollama", model="wren", temperature=None))
    await engines(tmp_path).configure(EngineOptions(context_tokens=8000))

    view = await engines(tmp_path).describe()

    assert (view.is_set, view.model, view.options.context_tokens, view.options.temperature) == (
        True,
        "wren",
        8000,
        None,
    )
    assert view.origin == "http://127.0.0.1:11434"
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600


async def test_what_the_settings_say_goes_first_and_cannot_be_changed(tmp_path: Path) -> None:
    await engines(tmp_path).configure(EngineOptions(base_url=HERE, model="mine"))

    fixed = engines(tmp_path, model="theirs")
    view = await fixed.describe()

    assert (view.base_url, view.model, view.fixed) == (HERE, "theirs", ["model"])
    with pytest.raises(SetElsewhere, match="model cannot be changed here"):
        await fixed.configure(EngineOptions(model="mine"))
    assert (await fixed.configure(EngineOptions(model="theirs", context_tokens=5000))).options.context_tokens == 5000


async def test_an_address_that_may_not_be_asked_changes_nothing(tmp_path: Path) -> None:
    found = engines(tmp_path)
    await found.configure(EngineOptions(base_url=HERE, model="wren"))

    with pytest.raises(WrongAddress):
        await found.configure(EngineOptions(base_url="http://169.254.169.254/v1"))

    assert (await found.describe()).base_url == HERE
    assert (await engines(tmp_path).describe()).base_url == HERE


async def test_settings_that_cannot_be_asked_say_why_and_stop_nobody(tmp_path: Path) -> None:
    no_model = await engines(tmp_path, base_url=HERE).describe()
    no_key = await engines(tmp_path, preset="openai", model="m").describe()
    nowhere = await engines(tmp_path, base_url="http://169.254.169.254", model="m").describe()

    assert "No model is chosen." in (no_model.problem or "")
    assert "OpenAI wants a key." in (no_key.problem or "")
    assert "link-local" in (nowhere.problem or "")


async def test_a_key_belongs_to_the_origin_it_was_entered_for(tmp_path: Path) -> None:
    found = engines(tmp_path)
    with pytest.raises(NotSetUp):
        await found.set_key(CANARY)
    await found.configure(EngineOptions(base_url=HERE, model="wren"))
    assert (await found.set_key(CANARY)).key_from == "entered"

    elsewhere = await found.configure(EngineOptions(base_url="https://other.example/v1"))
    back = await found.configure(EngineOptions(base_url=HERE))

    assert (elsewhere.has_key, back.has_key) == (False, True)
    assert CANARY not in back.model_dump_json()
    assert not (await found.forget_key()).has_key


async def test_a_key_of_the_environment_belongs_to_the_endpoint_of_the_start(tmp_path: Path) -> None:
    found = engines(tmp_path, {"LOOM_LLM_KEY": CANARY}, base_url=HERE, model="wren")
    assert (await found.describe()).key_from == "environment"

    chosen_later = engines(tmp_path, {"LOOM_LLM_KEY": CANARY})
    assert not (await chosen_later.configure(EngineOptions(base_url=HERE, model="wren"))).has_key


async def test_a_key_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    view = await engines(tmp_path, {"LOOM_LLM_KEY_FILE": str(tmp_path / "none")}, base_url=HERE, model="m").describe()

    assert "LOOM_LLM_KEY_FILE names cannot be read" in (view.problem or "")


async def test_what_cannot_be_a_key_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(KeyInvalid):
        await engines(tmp_path, base_url=HERE, model="m").set_key("two words")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"model": 5}', b'{"unheard": 1}'])
async def test_a_file_that_says_nothing_is_set_aside(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)

    view = await engines(tmp_path).describe()

    assert not view.is_set
    assert kept_aside(tmp_path) == [content]


def kept_aside(home: Path) -> list[bytes]:
    """What lies beside engine.json as unreadable."""
    return [path.read_bytes() for path in home.glob("engine.json.corrupt-*")]


def test_the_presets_of_the_settings_are_those_there_are() -> None:
    schema = EngineOptions.model_json_schema()["properties"]["preset"]

    assert schema["enum"] == ["", *(preset.name for preset in PRESETS)]


# --- over HTTP -----------------------------------------------------------------------------------------------------


async def test_it_is_set_up_tested_and_asked_over_http(provider: FakeProvider, tmp_path: Path) -> None:
    provider.play(Script(content=REMEMBERS, key=CANARY))
    async with door(tmp_path) as opened, opened.program() as program:
        before = await program.post("/api/engine/test")
        chosen = await program.put("/api/engine", json={"base_url": provider.base_url, "model": "muse-1"})
        refused = await program.post("/api/engine/test")
        keyed = await program.put("/api/engine/key", json={"key": CANARY})
        works = await program.post("/api/engine/test")
        shown = await program.get("/api/engine")
        forgotten = await program.delete("/api/engine/key")

    assert [answer.json()["works"] for answer in (before, refused, works)] == [False, False, True]
    assert chosen.json()["model"] == "muse-1"
    assert (keyed.json()["has_key"], forgotten.json()["has_key"]) == (True, False)
    assert "Its answers follow a JSON schema." in shown.json()["quirks"]
    assert not any(CANARY in answer.text for answer in (before, chosen, refused, keyed, works, shown, forgotten))


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PUT", "/api/engine", {"base_url": "http://169.254.169.254/v1"}, 422),
        ("PUT", "/api/engine", {"base_url": "ftp://x"}, 422),
        ("PUT", "/api/engine", {"modle": "m"}, 422),
        ("PUT", "/api/engine/key", {"key": "sk-CANARY and more"}, 409),
        ("DELETE", "/api/engine/key", None, 409),
    ],
)
async def test_what_is_wrong_is_refused_without_repeating_it(
    tmp_path: Path, method: str, path: str, body: dict[str, Any] | None, status: int
) -> None:
    async with door(tmp_path) as opened, opened.program() as program:
        answer = await program.request(method, path, json=body)

    assert answer.status_code == status
    assert json.loads(answer.content)["detail"]
    assert "CANARY" not in answer.text
