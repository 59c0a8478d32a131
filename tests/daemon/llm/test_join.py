"""The daemon with a language model: a real provider process, all stages, and nothing asked twice."""

import json
import shutil
from pathlib import Path
from typing import Any

import anyio
import pytest

from daemon.app import Daemon
from daemon.settings import EngineOptions
from daemon.views import PackageDetail
from packages_store.config import PackageConfig
from packages_store.model import StageName, StageStatus
from packages_store.package import Package
from tests.daemon.llm.asking import until
from tests.daemons import working_daemon
from tests.diaries import diary_export
from tests.entity_loom import ForeignPackage
from tests.provider.harness import FakeProvider
from tests.provider.remembering import REMEMBERS, remembers
from tests.provider.script import Act, Script

WREN = PackageConfig(entity_name="Wren", user_name="Mira", time_zone="UTC")
MODEL = "muse-1"
ASKING = (StageName.SIGNIFICANT, StageName.DAILY, StageName.GRAPH)


@pytest.fixture
def provider(provider: FakeProvider) -> FakeProvider:
    """One that can do all three tasks."""
    provider.play(Script(content=REMEMBERS))
    return provider


def engine(provider: FakeProvider, **changes: Any) -> dict[str, Any]:
    """Settings of a daemon that asks this provider."""
    usual = {"base_url": provider.base_url, "model": MODEL, "most_in_flight": 8, "patience_seconds": 2.0}
    return usual | changes


async def imported(daemon: Daemon, folder: Path, data: bytes, name: str = "chats.json") -> PackageDetail:
    """Hand in an export, and wait until the package rests."""
    await begun(daemon, folder, data, name)
    return await daemon.settled("wren")


async def begun(daemon: Daemon, folder: Path, data: bytes, name: str = "chats.json") -> None:
    """Hand in an export."""
    await daemon.create("wren", WREN)
    await daemon.hand_in("wren", written(folder, data, name), name)


def written(folder: Path, data: bytes, name: str) -> Path:
    """A file of this name in `folder`."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(data)
    return folder / name


def states(detail: PackageDetail) -> dict[StageName, StageStatus]:
    """The status of the three stages that ask."""
    return {stage.name: stage.status for stage in detail.stages[3:]}


async def test_all_three_stages_are_done_by_the_model_with_one_request_for_each_item(
    provider: FakeProvider, tmp_path: Path
) -> None:
    async with working_daemon(tmp_path / "home", engine=engine(provider)) as daemon:
        detail = await imported(daemon, tmp_path / "in", diary_export(12))

        assert detail.state == "done", detail.waits_for
        memories = await daemon.read("wren", lambda package: package.memories.all())

    assert {memory.origin for memory in memories} == {"llm"}
    assert sum(memory.kind == "significant" for memory in memories) == 12
    assert all(memory.requests and memory.message_ids for memory in memories)
    # Twelve conversations, each on a day of its own; each memory alone, and the days in windows of two weeks.
    assert provider.counts.requests == provider.counts.distinct == 12 + 12 + 12 + 2


# --- paid once -----------------------------------------------------------------------------------------------------


def forget_what_is_done(package: Package) -> None:
    """As if all items had changed; the journal is left."""
    package.ledger.execute("UPDATE items SET fingerprint = 'other' WHERE stage IN ('significant', 'daily', 'graph')")
    ask_for_all(package)


def ask_for_all(package: Package) -> None:
    """As if files had come that change nothing."""
    for stage in ASKING:
        package.progress.request(stage)


async def test_doing_everything_again_sends_nothing_wherever_the_package_lies(
    provider: FakeProvider, tmp_path: Path
) -> None:
    settings = engine(provider)
    async with working_daemon(tmp_path / "home", engine=settings) as daemon:
        await imported(daemon, tmp_path / "in", diary_export(5))
        first = await daemon.read("wren", lambda package: package.memories.all())
    (tmp_path / "elsewhere").mkdir()
    shutil.move(tmp_path / "home", tmp_path / "elsewhere/home")
    packages = tmp_path / "elsewhere/home/packages"
    shutil.copytree(packages / "wren", packages / "copy")
    provider.forget()

    async with working_daemon(tmp_path / "elsewhere/home", engine=settings) as daemon:
        for name in ("wren", "copy"):
            await daemon.change(name, "asked for again", forget_what_is_done)
            detail = await daemon.settled(name)
            assert detail.state == "done", detail.waits_for
            assert await daemon.read(name, lambda package: package.memories.all()) == first

    assert provider.counts.requests == 0


async def test_the_same_question_asked_for_two_items_at_once_is_sent_once(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.change(latency=0.1)
    twin = json.loads(diary_export(1))[0]
    twins = [twin, {**twin, "id": "twin", "conversation_id": "twin"}]
    async with working_daemon(tmp_path / "home", engine=engine(provider)) as daemon:
        detail = await imported(daemon, tmp_path / "in", json.dumps(twins).encode())

    assert detail.conversations == 2
    significant = [one for one in provider.asked if "'memory'" in str(one.body["response_format"])]
    assert len(significant) == 1


async def test_one_more_day_asks_for_what_depends_on_it_alone(provider: FakeProvider, tmp_path: Path) -> None:
    async with working_daemon(tmp_path / "home", engine=engine(provider)) as daemon:
        await imported(daemon, tmp_path / "in", diary_export(20), "first.json")
        provider.forget()
        await imported(daemon, tmp_path / "in", diary_export(21), "second.json")

    # The conversation, its day, its memory, and the fortnight.
    assert provider.counts.requests == 4


async def test_an_adopted_package_is_not_asked_about_again_nor_by_the_address_in_it(
    provider: FakeProvider, tmp_path: Path
) -> None:
    theirs = {"llmBaseUrl": provider.base_url, "llmModel": MODEL, "llmApiKey": "sk-CANARY-of-entity-loom"}
    names = {"entityName": "Wren", "userName": "Mira"}
    finished = ForeignPackage(6, 6, "graph", "completed", done=6, failed=0, config=names | theirs)
    finished.write(tmp_path / "home/packages/wren")

    async with working_daemon(tmp_path / "home") as daemon:
        await daemon.settled("wren")
        offline = provider.counts.requests
    async with working_daemon(tmp_path / "home", engine=engine(provider)) as daemon:
        await daemon.change("wren", "asked for again", ask_for_all)
        detail = await daemon.settled("wren")

    assert detail.state == "done", detail.waits_for
    assert (offline, provider.counts.requests) == (0, 0)


# --- what goes wrong -----------------------------------------------------------------------------------------------


async def test_what_fails_is_listed_and_retry_finishes_only_that(provider: FakeProvider, tmp_path: Path) -> None:
    declines = {"error": {"message": "Your request was flagged by our moderation.", "code": "content_policy"}}
    third = json.loads(diary_export(3))[2]["mapping"]["n0"]["message"]["content"]["parts"][0]
    provider.always(Act(status=400, body=declines), containing=third)
    async with working_daemon(tmp_path / "home", engine=engine(provider)) as daemon:
        failed = await imported(daemon, tmp_path / "in", diary_export(10))
        significant = failed.stages[3]
        assert significant.status == StageStatus.COMPLETED_WITH_FAILURES
        assert [(failure.id, "declined" in (failure.reason or "")) for failure in significant.failures] == [
            ("0000-0002", True)
        ]
        provider.play(Script(content=REMEMBERS))
        provider.forget()
        await daemon.retry("wren")
        done = await daemon.settled("wren")

    assert done.state == "done"
    assert set(states(done).values()) == {StageStatus.COMPLETED}
    # The conversation and its day, then the memory of it and the fortnight it is in.
    assert provider.counts.requests == 4


async def test_a_model_that_says_nothing_at_all_is_asked_once_more_and_its_silence_is_no_none(
    provider: FakeProvider, tmp_path: Path
) -> None:
    calls_a_tool = {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "type": "function"}]}
    silent = {"choices": [{"index": 0, "finish_reason": "tool_calls", "message": calls_a_tool}]}
    provider.always(Act(body=silent))
    async with working_daemon(tmp_path / "home", engine=engine(provider)) as daemon:
        detail = await imported(daemon, tmp_path / "in", diary_export(3))

    significant = detail.stages[3]
    assert significant.status == StageStatus.COMPLETED_WITH_FAILURES
    assert len(significant.failures) == 3
    assert all("It is empty." in (failure.reason or "") for failure in significant.failures)


async def test_a_refused_key_stops_everything_and_a_good_one_goes_on(provider: FakeProvider, tmp_path: Path) -> None:
    provider.change(key="sk-good", latency=0.02)
    async with working_daemon(tmp_path / "home", engine=engine(provider)) as daemon:
        await daemon.engine.set_key("sk-bad")
        stopped = await imported(daemon, tmp_path / "in", diary_export(30))
        refused = provider.counts.requests
        await daemon.engine.set_key("sk-good")
        await daemon.resume("wren")
        done = await daemon.settled("wren")

    assert states(stopped)[StageName.SIGNIFICANT] == StageStatus.ERROR
    assert "refuses the key" in (stopped.waits_for or "")
    assert refused <= 3
    assert done.state == "done", done.waits_for


async def test_an_answer_that_is_cut_off_gets_more_room_once_and_then_is_asked_for_in_halves(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.play(Script(content="tests.daemon.llm.test_join:never_comes_to_an_end_about_much"))
    async with working_daemon(tmp_path / "home", engine=engine(provider)) as daemon:
        detail = await imported(daemon, tmp_path / "in", diary_export(1, turns=8))
        memories = await daemon.read("wren", lambda package: package.memories.all("significant"))

    assert detail.state == "done", detail.waits_for
    assert len(memories) == 2
    assert provider.counts.requests == provider.counts.distinct


def never_comes_to_an_end_about_much(body: dict[str, Any]) -> str | Act:
    """A model that is cut off whenever it is shown more than four messages."""
    whole = remembers(body)
    is_much = "] Mira" in body["messages"][1]["content"] and body["messages"][1]["content"].count(" m") > 0
    shown = body["messages"][1]["content"].count("] Mira,") + body["messages"][1]["content"].count("] Wren,")
    return Act(text=whole[:40], finish="length") if is_much and shown > 4 else whole


async def test_a_model_that_only_thinks_is_not_asked_about_ever_smaller_parts(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.always(Act(text="", finish="length"))
    async with working_daemon(tmp_path / "home", engine=engine(provider)) as daemon:
        detail = await imported(daemon, tmp_path / "in", diary_export(1, turns=40))

    assert "on its thoughts" in (detail.stages[3].failures[0].reason or "")
    # Once and with more room, for the conversation and for its day.
    assert provider.counts.requests == 4


async def test_an_answer_that_cannot_be_used_is_asked_for_once_more_with_the_reason(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.then(Act(text='{"memory": "It was a quiet day."}'))
    async with working_daemon(tmp_path / "home", engine=engine(provider)) as daemon:
        detail = await imported(daemon, tmp_path / "in", diary_export(1))

    assert detail.state == "done"
    first, second = provider.asked[:2]
    assert second.body["messages"][:2] == first.body["messages"]
    assert "quiet day" in second.body["messages"][2]["content"]
    assert "list of objects" in second.body["messages"][3]["content"]


async def test_answers_that_cannot_be_used_are_asked_for_anew_by_retry_alone(
    provider: FakeProvider, tmp_path: Path
) -> None:
    settings = engine(provider)
    provider.then(*(Act(text='{"memory": [{"title": "A", "prose": "Nobody told."}]}') for _ in range(2)))
    async with working_daemon(tmp_path / "home", engine=settings) as daemon:
        failed = await imported(daemon, tmp_path / "in", diary_export(1))
        provider.forget()
        await daemon.change("wren", "asked for again", forget_what_failed)
        again = await daemon.settled("wren")
        sent_again = provider.counts.requests
        await daemon.retry("wren")
        done = await daemon.settled("wren")

    assert [len(detail.stages[3].failures) for detail in (failed, again, done)] == [1, 1, 0]
    assert sent_again == 0
    assert provider.counts.requests > 0


def forget_what_failed(package: Package) -> None:
    """As a crash would: the item is left, and nobody has asked for anything."""
    package.ledger.execute("UPDATE items SET \"end\" = NULL WHERE stage = 'significant'")
    package.progress.request(StageName.SIGNIFICANT)


@pytest.mark.parametrize("none", ["None", "NONE.", "**NONE**", '{"memory": "none"}', "```json\n[]\n```"])
async def test_every_spelling_of_none_makes_no_memory(provider: FakeProvider, tmp_path: Path, none: str) -> None:
    provider.always(Act(text=none), containing='"memory"')
    async with working_daemon(tmp_path / "home", engine=engine(provider)) as daemon:
        detail = await imported(daemon, tmp_path / "in", diary_export(1))
        memories = await daemon.read("wren", lambda package: package.memories.all("significant"))

    assert detail.state == "done"
    assert memories == []


# --- being told to end ---------------------------------------------------------------------------------------------


async def test_an_abort_leaves_requests_within_a_second_and_late_answers_change_nothing(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.play(Script(content=REMEMBERS, latency=2.0))
    async with working_daemon(tmp_path / "home", engine=engine(provider)) as daemon:
        await begun(daemon, tmp_path / "in", diary_export(6))
        await until(provider, lambda counts: counts.in_flight > 0, "a request")
        began = anyio.current_time()
        aborted = await daemon.abort("wren")
        took = anyio.current_time() - began
        await until(provider, lambda counts: counts.in_flight == 0, "the end of the requests")
        memories = await daemon.read("wren", lambda package: package.memories.all())
        provider.play(Script(content=REMEMBERS))
        await daemon.resume("wren")
        done = await daemon.settled("wren")

    assert took < 1.0
    assert states(aborted)[StageName.SIGNIFICANT] == StageStatus.ABORTED
    assert memories == []
    assert done.state == "done"


async def test_a_daemon_that_is_stopped_keeps_the_answers_that_are_on_their_way(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.play(Script(content=REMEMBERS, latency=0.5))
    settings = engine(provider)
    async with working_daemon(tmp_path / "home", engine=settings) as daemon:
        await begun(daemon, tmp_path / "in", diary_export(6))
        await until(provider, lambda counts: counts.in_flight > 0, "a request")
    sent = provider.counts.requests
    provider.play(Script(content=REMEMBERS))

    async with working_daemon(tmp_path / "home", engine=settings) as daemon:
        detail = await daemon.settled("wren")

    assert detail.state == "done"
    assert 0 < sent < provider.counts.requests == provider.counts.distinct


async def test_a_package_that_wants_a_model_says_that_there_is_none(provider: FakeProvider, tmp_path: Path) -> None:
    async with working_daemon(tmp_path / "home") as daemon:
        await daemon.create("wren", WREN.model_copy(update={"engine": "llm"}))
        waiting = await imported(daemon, tmp_path / "in", diary_export(1))
        await daemon.engine.configure(EngineOptions(base_url=provider.base_url, model=MODEL))
        await daemon.resume("wren")
        done = await daemon.settled("wren")

    assert "No language model is set up." in (waiting.waits_for or "")
    assert done.state == "done", done.waits_for
    assert provider.counts.requests > 0


async def test_a_model_that_is_set_up_anew_takes_over_in_the_middle_of_a_stage(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.play(Script(content=REMEMBERS, latency=0.3))
    async with working_daemon(tmp_path / "home") as daemon:
        await daemon.engine.configure(EngineOptions(base_url=provider.base_url, model=MODEL, most_in_flight=2))
        await begun(daemon, tmp_path / "in", diary_export(8))
        await until(provider, lambda counts: counts.in_flight > 0, "a request")
        await daemon.engine.configure(EngineOptions(model="muse-2"))
        provider.play(Script(content=REMEMBERS))
        done = await daemon.settled("wren")

    assert done.state == "done", done.waits_for
    before, after = ([one for one in provider.asked if one.body["model"] == name] for name in (MODEL, "muse-2"))
    assert before
    assert all(one.status == 200 and not one.was_left for one in before)
    assert len(after) == len({str(one.body) for one in after}) >= 8 + 8 + 8 + 1
