"""Abort: answered at once, nothing half-done is marked done, Continue finishes with the same bytes."""

import threading
from contextlib import suppress
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from daemon.app import Daemon, Parts
from daemon.events import PackageSettled, StageProgressed, StageStarted
from packages_store.errors import NothingToDo, StageBusy
from packages_store.model import StageName, StageStatus
from stages import STAGES
from stages.contract import StageContext, off_loop
from stages.convert import ConvertStage
from tests.canonical import canonical, differences
from tests.clocks import FakeClock
from tests.daemons import working_daemon
from tests.exports import chatgpt_export

EXPORT = chatgpt_export(12)


def parts() -> Parts:
    return Parts(clock=FakeClock())


async def import_undisturbed(home: Path, tmp_path: Path) -> dict[str, object]:
    async with working_daemon(home, parts()) as daemon:
        await hand_in(daemon, tmp_path)
        await daemon.settled("default")
    return canonical(home / "packages/default")


async def hand_in(daemon: Daemon, tmp_path: Path) -> None:
    path = tmp_path / "conversations.json"
    path.write_bytes(EXPORT)
    await daemon.hand_in("default", path, path.name)


async def abort_at_every_step(daemon: Daemon, aborted: list[StageName]) -> None:
    """Abort as soon as a stage has made any progress, then continue; until everything is done."""
    seen: set[tuple[StageName, int]] = set()

    async def abort(stage: StageName) -> None:
        with suppress(NothingToDo):  # it has ended meanwhile
            await daemon.abort("default")
            aborted.append(stage)

    async def go_on() -> None:
        with suppress(NothingToDo, StageBusy):  # it goes on already
            await daemon.resume("default")

    with daemon.events.listen_to_all() as events:
        # The answers are waited for beside the listening, so that no step goes by meanwhile.
        async with anyio.create_task_group() as tasks:
            async for _number, event in events:
                if isinstance(event, StageProgressed) and (event.stage, event.processed) not in seen:
                    seen.add((event.stage, event.processed))
                    tasks.start_soon(abort, event.stage)
                elif isinstance(event, PackageSettled):
                    if event.waits_for is None:
                        return
                    tasks.start_soon(go_on)


async def test_aborting_and_continuing_at_every_step_gives_the_same_bytes(tmp_path: Path) -> None:
    undisturbed = await import_undisturbed(tmp_path / "undisturbed", tmp_path)
    aborted: list[StageName] = []

    async with working_daemon(tmp_path / "home", parts()) as daemon:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(abort_at_every_step, daemon, aborted)
            await anyio.lowlevel.checkpoint()
            await hand_in(daemon, tmp_path)
        detail = await daemon.package("default")

    assert differences(undisturbed, canonical(tmp_path / "home/packages/default")) == []
    assert [stage.status for stage in detail.stages] == [StageStatus.COMPLETED] * 6
    # How many items come back in one step is chance; a stage begins, and something of it comes back.
    assert set(aborted) == set(StageName)
    assert len(aborted) >= 2 * len(StageName)


class LingeringConvert(ConvertStage):
    """Everything is converted, and the end of it takes until somebody lets it go."""

    def __init__(self) -> None:
        self.is_finishing = threading.Event()
        self.may_end = threading.Event()

    def finish(self, context: StageContext) -> None:
        self.is_finishing.set()
        assert self.may_end.wait(60)
        super().finish(context)


async def test_an_abort_that_comes_at_the_very_end_of_a_stage_stops_the_package_all_the_same(tmp_path: Path) -> None:
    convert = LingeringConvert()
    stages = tuple(convert if stage.name == StageName.CONVERT else stage for stage in STAGES)
    async with working_daemon(tmp_path / "home", Parts(stages=stages)) as daemon:
        await hand_in(daemon, tmp_path)
        await off_loop(convert.is_finishing.wait, 60)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(daemon.abort, "default")
            await anyio.lowlevel.checkpoint()
            convert.may_end.set()
        stopped = await daemon.settled("default")

        assert stopped.state == "waiting"
        assert "Continue" in str(stopped.waits_for)
        assert next(stage.status for stage in stopped.stages if stage.name == StageName.COMMIT) == StageStatus.PENDING

        await daemon.resume("default")
        assert (await daemon.settled("default")).state == "done"


@pytest.mark.parametrize("stage", list(StageName))
async def test_abort_during_a_stage_is_answered_before_the_stage_is_done_and_waits_for_continue(
    tmp_path: Path, stage: StageName
) -> None:
    async with working_daemon(tmp_path / "home", parts()) as daemon:
        with daemon.events.listen_to_all() as events:
            await hand_in(daemon, tmp_path)
            async for _number, event in events:
                if isinstance(event, StageStarted) and event.stage == stage:
                    break
            with anyio.fail_after(60):
                detail = await daemon.abort("default")
        told = next(view for view in detail.stages if view.name == stage)
        assert (told.status, told.completed, told.interruption) == (StageStatus.ABORTED, False, "user")
        assert "continue" in told.actions
        assert (await daemon.settled("default")).state == "waiting"

        await daemon.resume("default")
        detail = await daemon.settled("default")

    assert [view.status for view in detail.stages] == [StageStatus.COMPLETED] * 6


async def test_an_abort_survives_a_restart_and_still_waits_for_continue(tmp_path: Path) -> None:
    async with working_daemon(tmp_path / "home", parts()) as daemon:
        with daemon.events.listen_to_all() as events:
            await hand_in(daemon, tmp_path)
            async for _number, event in events:
                if isinstance(event, StageStarted) and event.stage == StageName.DAILY:
                    break
            await daemon.abort("default")

    async with working_daemon(tmp_path / "home", parts()) as daemon:
        detail = await daemon.settled("default")

    assert "Continue" in (detail.waits_for or "")
    assert next(view for view in detail.stages if view.name == StageName.DAILY).status == StageStatus.ABORTED
