"""Abort: answered at once, nothing half-done is marked done, Continue finishes with the same bytes."""

import time
from pathlib import Path

import anyio
import pytest

from daemon.app import Daemon, Parts
from daemon.events import PackageSettled, StageProgressed, StageStarted
from packages_store.errors import NothingToDo
from packages_store.model import StageName, StageStatus
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


async def abort_at_every_step(daemon: Daemon, only: StageName | None, aborted: list[StageName]) -> None:
    """Abort as soon as a stage has made any progress, then continue; until everything is done."""
    with daemon.events.listen_to_all() as events:
        seen = -1
        async for _number, event in events:
            if isinstance(event, StageProgressed) and only in (None, event.stage) and event.processed != seen:
                seen = event.processed
                try:
                    await daemon.abort("default")
                except NothingToDo:
                    continue
                aborted.append(event.stage)
            elif isinstance(event, PackageSettled):
                if event.waits_for is None:
                    return
                await daemon.resume("default")


async def test_aborting_and_continuing_at_every_step_gives_the_same_bytes(tmp_path: Path) -> None:
    undisturbed = await import_undisturbed(tmp_path / "undisturbed", tmp_path)
    aborted: list[StageName] = []

    async with working_daemon(tmp_path / "home", parts()) as daemon:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(abort_at_every_step, daemon, None, aborted)
            await anyio.lowlevel.checkpoint()
            await hand_in(daemon, tmp_path)
        detail = await daemon.package("default")

    assert differences(undisturbed, canonical(tmp_path / "home/packages/default")) == []
    assert [stage.status for stage in detail.stages] == [StageStatus.COMPLETED] * 6
    assert len(aborted) >= 20


@pytest.mark.parametrize("stage", list(StageName))
async def test_abort_during_a_stage_is_answered_within_a_second_and_waits_for_continue(
    tmp_path: Path, stage: StageName
) -> None:
    async with working_daemon(tmp_path / "home", parts()) as daemon:
        with daemon.events.listen_to_all() as events:
            await hand_in(daemon, tmp_path)
            async for _number, event in events:
                if isinstance(event, StageStarted) and event.stage == stage:
                    break
            asked = time.monotonic()
            detail = await daemon.abort("default")
            answered = time.monotonic() - asked
        told = next(view for view in detail.stages if view.name == stage)
        assert answered < 1.0
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
