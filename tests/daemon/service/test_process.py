"""The process under a service manager: what it is told and when, and how it stops."""

import json
import resource
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import httpx2
import pytest

from packages_store.config import PackageConfig
from packages_store.model import StageName
from tests.builders import OWNER, shelf_in
from tests.daemon.service.manager import Manager, manager
from tests.diaries import diary_export
from tests.doors.harness import DEADLINE, DaemonProcess, loom, until
from tests.exports import chatgpt_export
from tests.faults.dying_daemon import VARIABLE
from tests.provider.harness import FakeProvider
from tests.provider.remembering import REMEMBERS
from tests.provider.script import Act, Script

STALE = 30
MOST_DESCRIPTORS = resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def checkpoint_states(home: Path) -> set[str]:
    """Every status of every stage, as the checkpoints say."""
    found = [json.loads(path.read_bytes())["stages"] for path in home.glob("packages/*/checkpoint.json")]
    return {stage["status"] for stages in found for stage in stages.values()}


@contextmanager
def managed(home: Path, folder: Path, **variables: str) -> Iterator[tuple[DaemonProcess, Manager]]:
    """A daemon that a service manager has started."""
    with manager(folder) as listening:
        told = {"NOTIFY_SOCKET": listening.address, "WATCHDOG_USEC": "500000", **variables}
        with DaemonProcess(home, told) as daemon:
            yield daemon.start(), listening


def test_ready_is_told_after_the_lock_the_repair_and_the_open_door_and_settings_are_read_anew(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with closing(shelf_in(home)) as shelf:
        for number in range(STALE):
            shelf.create(f"wren-{number}", PackageConfig()).progress.begin(StageName.CONVERT, OWNER)
            shelf.get(f"wren-{number}").set_fact("until", "upload")
    with managed(home, tmp_path, LOOM_RESUME_AT_START="false") as (daemon, listening):
        listening.wait_for(lambda line: line == "READY=1", "READY")
        at_ready = checkpoint_states(home)
        answer = daemon.ask("GET", "/readyz")

        assert "aborted" in at_ready
        assert "running" not in at_ready
        assert json.loads((home / "daemon.lock").read_bytes())["pid"] == daemon.pid
        assert (answer.status, answer.json) == (200, {"status": "ready"})
        assert len(daemon.api("GET", "/api/repairs")) == STALE
        assert resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE)[0] >= min(8192, MOST_DESCRIPTORS)
        before = listening.lines[: listening.lines.index("READY=1")]
        assert any(line.startswith("EXTEND_TIMEOUT_USEC=") for line in before)

        # The watchdog is fed for as long as it lives.
        fed = listening.lines.count("WATCHDOG=1")
        listening.wait_for(lambda _line: listening.lines.count("WATCHDOG=1") > fed + 2, "the watchdog to be fed")

        config = home / "config.toml"
        config.write_text("port = 1234\nslots = 2\n[inbox]\nrescan_seconds = 7\n")
        daemon.signal(signal.SIGHUP)
        told = listening.wait_for(lambda line: line.startswith("STATUS=changed: "), "what was changed")
        assert "slots" in told
        assert "inbox.rescan_seconds" not in told  # the environment goes before the file
        assert "at the next start: port" not in told  # and so does the flag
        reloading = listening.lines.index("RELOADING=1")
        assert listening.lines[reloading + 1].startswith("MONOTONIC_USEC=")
        assert "READY=1" in listening.lines[reloading:]

        config.write_text("slots = many")
        daemon.signal(signal.SIGHUP)
        listening.wait_for(lambda line: "could not be read" in line, "the refusal")
        assert daemon.ask("GET", "/readyz").status == 200

        daemon.signal(signal.SIGTERM)
        listening.wait_for(lambda line: line == "STOPPING=1", "the end")
        assert daemon.wait_gone() == 0


# --- stopping --------------------------------------------------------------------------------------------------------


class Listeners:
    """Clients that listen to events, each in a thread of its own, and what they heard."""

    def __init__(self, daemon: DaemonProcess, count: int) -> None:
        self.heard: list[list[str]] = []
        self._began = threading.Semaphore(0)
        self._threads = [threading.Thread(target=self._listen, args=(daemon,)) for _ in range(count)]
        for thread in self._threads:
            thread.start()
        assert all(self._began.acquire(timeout=DEADLINE) for _thread in self._threads)

    def _listen(self, daemon: DaemonProcess) -> None:
        headers = {"Authorization": f"Bearer {daemon.token}"}
        with (
            httpx2.Client(base_url=daemon.address, headers=headers, trust_env=False, timeout=DEADLINE) as client,
            client.stream("GET", "/api/events") as response,
        ):
            lines = response.iter_lines()
            mine = [next(lines)]
            self._began.release()
            mine.extend(lines)
            self.heard.append(mine)

    def join(self) -> None:
        for thread in self._threads:
            thread.join(DEADLINE)


def asking(provider: FakeProvider, grace: float) -> dict[str, str]:
    """The environment of a daemon that asks this provider."""
    return {
        "LOOM_ENGINE__BASE_URL": provider.base_url,
        "LOOM_ENGINE__MODEL": "muse-1",
        "LOOM_GRACE_SECONDS": str(grace),
    }


def start_three(daemon: DaemonProcess, provider: FakeProvider) -> None:
    """Hand in three packages, and wait until each of them waits for an answer that never comes."""
    provider.play(Script(content=REMEMBERS))
    provider.always(Act(hang=True))
    for name in ("kite", "lark", "wren"):
        daemon.api("POST", "/api/packages", body={"name": name})
        daemon.api("PUT", f"/api/packages/{name}/uploads?name=chats.json", content=diary_export(3))

    def all_run() -> bool:
        lines = daemon.api("GET", "/api/packages")
        running = [stage for line in lines for stage in line["stages"] if stage["status"] == "running"]
        return [stage["name"] for stage in running] == ["significant"] * 3

    until(all_run, "three stages to run")
    provider.wait_for(lambda counts: counts.in_flight >= 2, "questions without an answer")


@pytest.mark.slow
def test_it_stops_in_time_with_many_streams_a_hung_provider_and_three_running_stages(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with ExitStack() as stack:
        provider = stack.enter_context(FakeProvider())
        daemon = stack.enter_context(DaemonProcess(home, asking(provider, 1)))
        start_three(daemon.start().wait_ready(), provider)
        listeners = Listeners(daemon, 50)

        # Within the grace and two seconds: what takes longer ends itself, and not with 0.
        assert daemon.terminate() == 0
        listeners.join()

        assert [lines.count("event: shutdown") for lines in listeners.heard] == [1] * 50
        assert "running" not in checkpoint_states(home)
        provider.play(Script(content=REMEMBERS))
        daemon.start().wait_ready()
        for name in ("kite", "lark", "wren"):
            detail = daemon.wait_settled(name)
            assert detail["state"] == "done", detail["waits_for"]
            assert detail["repairs"] == []


@pytest.mark.slow
def test_a_second_signal_ends_it_at_once_and_the_next_start_repairs(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with ExitStack() as stack:
        provider = stack.enter_context(FakeProvider())
        daemon = stack.enter_context(DaemonProcess(home, asking(provider, 600)))
        start_three(daemon.start().wait_ready(), provider)
        daemon.signal(signal.SIGTERM)
        until(lambda: daemon.api("GET", "/api/status")["phase"] == "stopping", "the end to begin")
        refused = daemon.ask("POST", "/api/packages", body={"name": "late"})

        daemon.signal(signal.SIGINT)

        assert refused.status == 503
        assert daemon.wait_gone() == 128 + signal.SIGINT
        assert "running" in checkpoint_states(home)
        provider.play(Script(content=REMEMBERS))
        daemon.start().wait_ready()
        until(lambda: "examined after a crash" in daemon.output, "the examination that nobody asked for")
        for name in ("kite", "lark", "wren"):
            detail = daemon.wait_settled(name)
            assert detail["state"] == "done", detail["waits_for"]
            assert [repair["subject"] for repair in detail["repairs"]] == ["significant"]


# --- safe mode -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_after_three_fast_deaths_nothing_is_worked_on_until_somebody_says_so(tmp_path: Path) -> None:
    home = tmp_path / "home"
    entry = ("-m", "tests.faults.dying_daemon")
    fault = {VARIABLE: "1", "LOOM_SAFE_MODE_AFTER": "3"}
    with DaemonProcess(home, fault, entry=entry, arguments=(str(home),)) as daemon:
        (home / "inbox").mkdir(parents=True)
        (home / "inbox" / "chats.json").write_bytes(chatgpt_export(2))
        for _death in range(3):
            daemon.start()
            assert daemon.wait_gone() == -signal.SIGKILL

        daemon.start().wait_ready()

        status = daemon.api("GET", "/api/status")
        assert status["safe_mode"]["reason"].startswith("3 starts in a row died within a minute")
        assert len(status["safe_mode"]["deaths"]) == 3
        (package,) = daemon.api("GET", "/api/packages")
        assert package["waits_for"] == "`loom resume --all`: the daemon is in safe mode"
        assert daemon.ask("GET", "/").status in (200, 401)
        told = loom(home, "status")
        assert "safe mode" in told.stdout
        doctor = loom(home, "doctor", "--json").json
        assert any(finding["subject"] == "work" and "safe mode" in finding["found"] for finding in doctor)
        assert daemon.terminate() == 0

    # It outlives a restart, and ends when somebody says so.
    with DaemonProcess(home, {"LOOM_SAFE_MODE_AFTER": "3"}) as sound:
        sound.start().wait_ready()
        assert sound.api("GET", "/api/status")["safe_mode"] is not None
        left = loom(home, "resume", "--all")
        assert left.code == 0, left.stderr
        assert sound.wait_settled("default")["state"] == "done"
        assert sound.api("GET", "/api/status")["safe_mode"] is None
