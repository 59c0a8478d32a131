"""What befalls a machine, for real: a full disk, a drop folder that goes away, a clock that is set back, a standstill.

Each is done to a real daemon process. Each shows its reason in `/healthz?verbose` and in `loom doctor`, heals by
itself, and costs nothing but time. tests/faults/test_hardships.py runs them all, the standstill in a short form;
`python -m tests.soak --hardships` lets it last a minute.
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2

from tests.daemon.service.manager import manager
from tests.diaries import diary_export
from tests.doors.harness import DEADLINE, DaemonProcess, loom, until
from tests.exports import chatgpt_export
from tests.provider.harness import FakeProvider
from tests.provider.remembering import REMEMBERS
from tests.provider.script import Act, Script

Tell = Callable[[str], None]

_DISK_MEGABYTES = 48
_PIECE = 1 << 16
_TO_THE_BRIM = {"LOOM_MIN_FREE_BYTES": "0"}
"""Without the guard that stops work before the disk is full."""
NOTED_SECONDS = 25
"""A standstill that is so long is told."""
_YEAR = 365 * 86_400


class NotPermitted(Exception):
    """This process may not mount anything here; the message says what the system said."""


@contextmanager
def mounted(point: Path, *arguments: str) -> Iterator[None]:
    """Something mounted at `point`: `arguments` are those of mount(8) before it. Raises NotPermitted."""
    point.mkdir(exist_ok=True)
    done = subprocess.run(["mount", *arguments, str(point)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotPermitted(done.stderr.strip())
    try:
        yield
    finally:
        unmount(point)


def unmount(point: Path) -> None:
    """Take away what is mounted at `point`, also while it is in use."""
    if os.path.ismount(point):
        subprocess.run(["umount", "--lazy", str(point)], check=True)


def a_disk(point: Path, megabytes: int = _DISK_MEGABYTES) -> Any:
    """A small disk of its own at `point`, as `mounted`."""
    return mounted(point, "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs")


def fill(ballast: Path) -> None:
    """Write until not one byte more can be written."""
    with ballast.open("ab", buffering=0) as file:
        for piece in (_PIECE, 1):
            with suppress(OSError):
                while file.write(b"." * piece):
                    pass


def wrong(daemon: DaemonProcess) -> dict[str, str]:
    """What `/healthz?verbose` says is wrong: name -> reason."""
    checks = daemon.ask("GET", "/healthz?verbose").json["checks"]
    return {check["name"]: check["found"] for check in checks if not check["ok"]}


def doctored(daemon: DaemonProcess) -> dict[str, str]:
    """What `loom doctor` says is wrong: subject -> reason."""
    findings = loom(daemon.home, "doctor", "--json").json
    return {one["subject"]: one["found"] for one in findings if one["severity"] != "ok"}


def _told(daemon: DaemonProcess, name: str, tell: Tell) -> str:
    """The reason that health gives, once it does; the doctor gives the same one."""
    reason = until(lambda: wrong(daemon).get(name), f"{name} to be told")
    assert doctored(daemon)[name] == reason
    tell(f"  {name}: {reason}")
    return reason


def _heals(daemon: DaemonProcess, tell: Tell) -> None:
    began = time.monotonic()
    until(lambda: not wrong(daemon), f"everything to be well again, but {wrong(daemon)}")
    tell(f"  well again after {time.monotonic() - began:.1f} s")


def _done(daemon: DaemonProcess, name: str, tell: Tell) -> dict[str, Any]:
    """The package, when everything of it is done, without a failure."""
    began = time.monotonic()

    def done() -> dict[str, Any] | None:
        detail = daemon.package(name)
        return detail if detail["state"] == "done" else None

    detail = until(done, f"{name} to be done")
    assert [stage["failed"] for stage in detail["stages"]] == [0] * 6
    tell(f"  {name} done after {time.monotonic() - began:.1f} s: {detail['conversations']} conversations")
    return detail


def _running(daemon: DaemonProcess, name: str, stage: str) -> None:
    def runs() -> bool:
        answer = daemon.ask("GET", f"/api/packages/{name}")
        return answer.status == 200 and (stage, "running") in [
            (each["name"], each["status"]) for each in answer.json["stages"]
        ]

    until(runs, f"{stage} of {name} to run")


def _is_blamed(found: str) -> bool:
    """Whether the disk is; its words depend on whether even the end of the stage could be recorded."""
    return "disk is full" in found or "No space left on device" in found


# --- a full disk -----------------------------------------------------------------------------------------------------


def a_disk_that_fills_up_while_it_works(folder: Path, tell: Tell, conversations: int = 400) -> None:
    """In the middle of a stage; then it is restarted on the full disk. Raises NotPermitted."""
    disk = folder / "disk"
    with a_disk(disk), DaemonProcess(disk / "home", _TO_THE_BRIM) as daemon:
        daemon.start().wait_ready()
        daemon.drop(chatgpt_export(conversations), "chats.json")
        _running(daemon, "default", "significant")
        fill(disk / "ballast")
        assert _told(daemon, "storage", tell).endswith("cannot be written: No space left on device")
        refused = daemon.ask("PUT", "/api/packages/default/uploads?name=more.json", content=chatgpt_export(2, seed=7))
        assert (refused.status, refused.json["type"]) == (507, "urn:entity-loom:disk-full")

        until(lambda: _is_blamed(doctored(daemon).get("package default", "")), "the doctor to know what it waits for")
        daemon.kill()
        fill(disk / "ballast")
        daemon.start().wait_ready()
        tell("  started anew on the full disk")
        _told(daemon, "storage", tell)

        (disk / "ballast").unlink()

        _heals(daemon, tell)
        assert _done(daemon, "default", tell)["conversations"] == conversations
        assert daemon.terminate() == 0


def a_first_start_on_a_full_disk(folder: Path, tell: Tell) -> None:
    """There is no home yet. Raises NotPermitted."""
    disk = folder / "disk"
    with a_disk(disk):
        fill(disk / "ballast")
        refused = loom(disk / "home", "serve", "--port", "0")
        tell(f"  {refused.stderr.strip()}")
        assert refused.code == 1
        assert refused.stderr.startswith(f"loom: {disk / 'home'} cannot be ")
        assert "No space left on device" in refused.stderr

        (disk / "ballast").unlink()

        with DaemonProcess(disk / "home", _TO_THE_BRIM) as daemon:
            assert not wrong(daemon.start().wait_ready())


# --- a drop folder that goes away ------------------------------------------------------------------------------------


def a_drop_folder_that_is_unmounted_and_comes_back(folder: Path, tell: Tell) -> None:
    """As a stick that is pulled out and put in again, with a new file on it. Raises NotPermitted."""
    stick, home = folder / "stick", folder / "home"
    with a_disk(stick), DaemonProcess(home) as daemon:
        home.mkdir(mode=0o700)
        with mounted(daemon.inbox, "--bind", str(stick)):
            daemon.start().wait_ready()
            daemon.drop(chatgpt_export(3), "first.json")
            _imported(daemon, 1)
        assert "is the drive mounted?" in _told(daemon, "drop folder", tell)
        assert not (home / "archive").exists()

        (stick / "second.json").write_bytes(chatgpt_export(2, seed=7))
        with mounted(daemon.inbox, "--bind", str(stick)):
            _heals(daemon, tell)
            _imported(daemon, 2)
            detail = _done(daemon, "default", tell)
            assert [upload["outcome"] for upload in detail["uploads"]] == ["imported", "imported"]
            assert daemon.terminate() == 0


def _imported(daemon: DaemonProcess, uploads: int) -> None:
    daemon.wait_settled("default", uploads)


# --- a clock that is set back ----------------------------------------------------------------------------------------


def a_clock_that_is_set_back_a_year(folder: Path, tell: Tell) -> None:
    """Only the daemon's: the machine's belongs to everybody on it."""
    said = folder / "clock"
    arguments = (str(folder / "home"), str(said))
    with DaemonProcess(folder / "home", entry=("-m", "tests.faults.misled_daemon"), arguments=arguments) as daemon:
        daemon.start().wait_ready()
        daemon.drop(chatgpt_export(3), "first.json")
        _imported(daemon, 1)
        said.write_text(str(-_YEAR))
        assert "set back by 365 days" in _told(daemon, "clock", tell)
        assert daemon.ask("GET", "/readyz").status == 200

        daemon.drop(chatgpt_export(2, seed=7), "second.json")

        _imported(daemon, 2)
        detail = _done(daemon, "default", tell)
        assert [upload["outcome"] for upload in detail["uploads"]] == ["imported", "imported"]
        assert daemon.terminate() == 0


# --- a standstill ----------------------------------------------------------------------------------------------------


class _Listener:
    """A client that listens to events and, like a browser, comes again when it is cut off."""

    def __init__(self, daemon: DaemonProcess) -> None:
        self._daemon = daemon
        self._told_to_end = threading.Event()
        self.heard: list[str] = []
        self.came = 0
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        headers = {"Authorization": f"Bearer {self._daemon.token}"}
        with httpx2.Client(base_url=self._daemon.address, headers=headers, trust_env=False, timeout=DEADLINE) as client:
            while not self._told_to_end.is_set():
                with suppress(httpx2.HTTPError), client.stream("GET", "/api/events") as response:
                    self.came += 1
                    self.heard.extend(line for line in response.iter_lines() if line.startswith("event:"))

    def end(self) -> None:
        """Do not come again."""
        self._told_to_end.set()


def a_standstill(folder: Path, tell: Tell, seconds: float = 60) -> None:
    """The process is stopped while a language model answers, later than it may take, and a client listens."""
    with ExitStack() as stack:
        listening = stack.enter_context(manager(folder))
        provider = stack.enter_context(FakeProvider())
        provider.play(Script(content=REMEMBERS))
        provider.then(*[Act(seconds=seconds / 4)] * 2)
        told = {
            "NOTIFY_SOCKET": listening.address,
            "WATCHDOG_USEC": "2000000",
            "LOOM_ENGINE__BASE_URL": provider.base_url,
            "LOOM_ENGINE__MODEL": "muse-1",
            # What is asked when it is stopped has been asked for longer than this when it goes on.
            "LOOM_ENGINE__TIMEOUT_SECONDS": str(seconds / 2),
        }
        daemon = stack.enter_context(DaemonProcess(folder / "home", told)).start().wait_ready()
        listener = _Listener(daemon)
        daemon.api("POST", "/api/packages", body={"name": "wren"})
        daemon.api("PUT", "/api/packages/wren/uploads?name=chats.json", content=diary_export(3))
        provider.wait_for(lambda counts: counts.in_flight >= 1, "a question without an answer")
        _stop_for(daemon, seconds)
        listening.collect()
        fed, heard = listening.lines.count("WATCHDOG=1"), len(listener.heard)

        if seconds >= NOTED_SECONDS:
            assert "the process was stopped, or not let run" in _told(daemon, "clock", tell)
        assert "work" not in wrong(daemon)
        detail = _done(daemon, "wren", tell)
        listening.wait_for(lambda _line: listening.lines.count("WATCHDOG=1") > fed, "the watchdog to be fed again")
        until(lambda: len(listener.heard) > heard, "events to be heard again")
        tell(f"  watchdog fed again, events heard by a client that came {listener.came} time(s)")
        assert detail["repairs"] == []
        listener.end()
        assert daemon.terminate() == 0


def _stop_for(daemon: DaemonProcess, seconds: float) -> None:
    daemon.signal(signal.SIGSTOP)
    try:
        time.sleep(seconds)
    finally:
        daemon.signal(signal.SIGCONT)


HARDSHIPS: tuple[Callable[[Path, Tell], None], ...] = (
    a_disk_that_fills_up_while_it_works,
    a_first_start_on_a_full_disk,
    a_drop_folder_that_is_unmounted_and_comes_back,
    a_clock_that_is_set_back_a_year,
    a_standstill,
)
