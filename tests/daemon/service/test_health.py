"""Health: what is wrong is said with its reason, by the API and by the doctor, and heals by itself."""

import errno
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from daemon.app import Daemon, Parts, open_daemon
from daemon.doctor import examine
from daemon.service.health import health
from daemon.service.shares import watching
from packages_store.errors import StoreError
from packages_store.files import Disk, file_system_of, is_network
from tests.clocks import FakeClock
from tests.daemon.web.door import Door, door, repairing_door
from tests.daemons import settings_for


class OddDisk(Disk):
    """A disk that is full or of another kind while the test says so."""

    def __init__(self, share: str | None = None) -> None:
        super().__init__(self._look)
        self.is_full = False
        self.share = share
        """The end of the paths that lie on a share."""

    def _look(self, step: str) -> None:
        if self.is_full and step == "write":
            raise OSError(errno.ENOSPC, "No space left on device")

    def file_system(self, path: Path) -> str:
        return "nfs4" if self.share is not None and path.name == self.share else super().file_system(path)


async def told(opened: Door) -> dict[str, str]:
    """What /healthz says is wrong: name -> reason."""
    async with opened.program() as program:
        answer = await program.get("/healthz?verbose")
    assert (answer.status_code == 503) == (answer.json()["status"] == "unready")
    return {check["name"]: check["found"] for check in answer.json()["checks"] if not check["ok"]}


async def doctored(daemon: Daemon) -> dict[str, str]:
    """What the doctor says is wrong, and is no matter of packages."""
    return {one.subject: one.found for one in await examine(daemon) if one.severity != "ok"}


async def test_a_daemon_that_is_well_says_so(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program:
        brief, verbose = await program.get("/healthz"), await program.get("/healthz?verbose")

    assert brief.json() == {"status": "ok", "checks": []}
    assert {check["name"] for check in verbose.json()["checks"]} >= {"phase", "storage", "drop folder", "disk", "clock"}


async def test_a_daemon_that_repairs_is_alive_and_not_ready(tmp_path: Path) -> None:
    async with repairing_door(tmp_path / "home") as opened, opened.program() as program:
        assert (await program.get("/livez")).status_code == 200
        assert (await program.get("/readyz")).status_code == 503
        assert await told(opened) == {"phase": "the daemon is repairing"}


async def test_a_full_disk_is_told_and_heals(tmp_path: Path) -> None:
    disk = OddDisk()
    async with door(tmp_path / "home", Parts(disk=disk)) as opened:
        disk.is_full = True
        assert (await told(opened))["storage"].endswith("No space left on device")
        assert "storage" in await doctored(opened.daemon)
        async with opened.program() as program:
            ready = await program.get("/readyz")
            phase_only = await program.get("/readyz?only=phase")
        assert (ready.status_code, ready.json()["type"]) == (503, "urn:entity-loom:not-ready")
        assert phase_only.status_code == 200

        disk.is_full = False

        assert await told(opened) == {}


async def test_a_drop_folder_that_is_gone_is_told_and_heals(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened:
        watcher = opened.daemon.watcher
        await watcher.look()
        (tmp_path / "home/inbox").rename(tmp_path / "unplugged")
        await watcher.look()
        assert set(await told(opened)) == {"drop folder"}
        assert "drop folder" in await doctored(opened.daemon)

        (tmp_path / "unplugged").rename(tmp_path / "home/inbox")
        await watcher.look()

        assert await told(opened) == {}


async def test_a_clock_that_was_set_back_a_year_is_told_and_heals(tmp_path: Path) -> None:
    clock = FakeClock()
    times = Parts(clock=clock, monotonic=clock.monotonic, boottime=clock.monotonic)
    async with door(tmp_path / "home", times) as opened:
        keeper = opened.daemon.keeper
        clock.now = clock.now.replace(year=clock.now.year - 1)
        await keeper.beat(0)
        assert "back by 365 days" in (await told(opened))["clock"]
        assert "back by 365 days" in (await doctored(opened.daemon))["clock"]
        async with opened.program() as program:
            assert (await program.get("/readyz")).status_code == 200

        clock.advance(3700)
        await keeper.beat(3700)

        assert await told(opened) == {}


async def test_a_daemon_that_stood_still_for_a_minute_says_so(tmp_path: Path) -> None:
    clock = FakeClock()
    times = Parts(clock=clock, monotonic=clock.monotonic, boottime=clock.monotonic)
    async with door(tmp_path / "home", times) as opened:
        clock.advance(60)
        await opened.daemon.keeper.beat(2)

        assert "stopped, or not let run, for 58 s" in (await told(opened))["clock"]


# --- network shares --------------------------------------------------------------------------------------------------


async def test_a_home_on_a_network_share_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"nfs4.*--home") as refused:
        async with open_daemon(settings_for(tmp_path / "home"), Parts(disk=OddDisk("home"))):
            pass

    assert "where its databases are not safe" in str(refused.value)


async def test_a_drop_folder_on_a_network_share_is_looked_through_and_that_is_said(tmp_path: Path) -> None:
    async with door(tmp_path / "home", Parts(disk=OddDisk("inbox"))) as opened:
        found = {check.name: check for check in (await health(opened.daemon)).checks}["drop folder"]
        machine = [one.found for one in await examine(opened.daemon) if one.subject == "file system"]

    assert found.ok
    assert "nfs4 reports no changes" in found.found
    assert any("inbox lies on nfs4" in line for line in machine)


def test_nobody_waits_for_events_of_a_network_share(tmp_path: Path) -> None:
    asked: list[Path] = []

    def events(folder: Path) -> AsyncIterator[object]:
        asked.append(folder)
        return watching(OddDisk("inbox"))(tmp_path / "inbox")

    watching(OddDisk("inbox"), events)(tmp_path / "inbox")
    assert asked == []

    watching(OddDisk(), events)(tmp_path / "inbox")
    assert asked == [tmp_path / "inbox"]


MOUNTS = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
23 22 0:30 / /mnt rw - tmpfs tmpfs rw
24 23 0:31 / /mnt/a\\040share rw - nfs4 server:/x rw
25 23 0:32 / /mnt/twice rw - ext4 /dev/vdb rw
26 25 0:33 / /mnt/twice rw - fuse.sshfs server: rw
"""


@pytest.mark.parametrize(
    ("path", "kind", "network"),
    [
        ("/home/x", "ext4", False),
        ("/mnt/b", "tmpfs", False),
        ("/mnt/a share/deep/er", "nfs4", True),
        ("/mnt/a shared", "tmpfs", False),
        ("/mnt/twice/x", "fuse.sshfs", True),
    ],
)
def test_the_file_system_of_a_path_is_that_of_the_nearest_mount(
    tmp_path: Path, path: str, kind: str, network: bool
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)

    assert file_system_of(Path(path), mounts) == kind
    assert is_network(kind) == network


def test_where_nobody_tells_about_mounts_nothing_is_refused(tmp_path: Path) -> None:
    assert file_system_of(tmp_path, tmp_path / "none") == "unknown"
    assert not is_network("unknown")
    assert not is_network("fuseblk")
