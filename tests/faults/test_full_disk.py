"""A full disk: nothing is claimed done, the reason is told, and when there is room again it goes on by itself."""

import errno
from collections import Counter
from pathlib import Path

import anyio
import pytest

from daemon.app import Daemon, Parts
from packages_store.files import Disk
from packages_store.model import StageStatus
from tests.canonical import canonical, differences
from tests.clocks import FakeClock
from tests.daemons import working_daemon
from tests.exports import chatgpt_export

EXPORT = chatgpt_export(5)


class FillingDisk:
    """A disk that is full from a given step on, for as many attempts to write as the test says."""

    def __init__(self, full_at: int, refusals: int) -> None:
        self._steps = 0
        self._full_at = full_at
        self._refusals = refusals
        self.refused: Counter[str] = Counter()

    def probe(self, step: str) -> None:
        self._steps += 1
        if self._steps >= self._full_at and self.refused.total() < self._refusals and step != "committed":
            self.refused[step] += 1
            raise OSError(errno.ENOSPC, "No space left on device")


async def finished(daemon: Daemon) -> None:
    """Wait until the dropped file is a finished package."""
    while True:
        if "default" in await daemon.names():
            detail = await daemon.package("default", with_items=False)
            if detail.uploads and detail.state == "done":
                return
        await anyio.sleep(0.01)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What comes of the export on a disk with room."""
    home = tmp_path_factory.mktemp("undisturbed")

    async def undisturbed() -> None:
        async with working_daemon(home, Parts(clock=FakeClock()), watch=True) as daemon:
            (home / "inbox/conversations.json").write_bytes(EXPORT)
            await finished(daemon)

    anyio.run(undisturbed)
    return canonical(home / "packages/default")


@pytest.mark.parametrize("refusals", [1, 3, 7])
@pytest.mark.parametrize("full_at", [1, 4, 9, 15, 22, 30, 41, 55])
async def test_a_disk_that_is_full_for_a_while_costs_nothing_but_time(
    tmp_path: Path, expected: dict[str, object], full_at: int, refusals: int
) -> None:
    home = tmp_path / "home"
    async with working_daemon(home):
        pass
    filling = FillingDisk(full_at, refusals)
    parts = Parts(disk=Disk(filling.probe), retry_seconds=(0.02,))

    async with working_daemon(home, parts, watch=True) as daemon:
        (home / "inbox/conversations.json").write_bytes(EXPORT)
        with anyio.fail_after(300):
            await finished(daemon)
        detail = await daemon.package("default")

    assert filling.refused.total() == refusals
    assert [stage.status for stage in detail.stages] == [StageStatus.COMPLETED] * 6
    assert [upload.outcome for upload in detail.uploads] == ["imported"]
    assert differences(expected, canonical(home / "packages/default")) == []
