"""Starts real daemons and real commands, and waits for them: what process-level tests, incidents and the torture share.

Everything is synchronous. Waiting is reading the ready line, or asking again until a deadline; never a fixed sleep.
"""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx2

T = TypeVar("T")

DEADLINE = 180.0
"""Seconds after which a test gives up waiting; far more than anything takes on a busy machine."""
ENTRY = ("-m", "daemon")
"""What Python is told to run. Others start an entry of their own, which injects faults and then does the same."""
QUICK = {
    "LOOM_INBOX__SETTLE_SECONDS": "0.1",
    "LOOM_INBOX__RESCAN_SECONDS": "0.2",
    "LOOM_INBOX__UNFINISHED_SECONDS": "1",
    "LOOM_TIME_ZONE": "UTC",
    "LOOM_SAFE_MODE_AFTER": "0",
}
"""A drop folder that does not keep tests waiting, and a daemon that may be killed as often as a test likes."""

_READY = re.compile(r"entity-loom is ready: (\S+?)/?  drop folder: (.*)")
_KEPT_LINES = 2000


def environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment, without settings of ours that a developer may have exported."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("LOOM_")}
    return {**ours, "LOOM_HOME": str(home), "NO_COLOR": "1", **QUICK, **(extra or {})}


def until(condition: Callable[[], T | None], what: str, seconds: float = DEADLINE) -> T:
    """The first true answer of `condition`. Raises AssertionError, saying what was waited for, at the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what}"
        time.sleep(0.01)


class Ended(AssertionError):
    """The process ended while it was waited for; the message is what it said."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer over HTTP."""

    status: int
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class DaemonProcess:
    """A `loom serve` of its own, on any free port of the loopback. As a context manager it is killed at the end."""

    def __init__(
        self,
        home: Path,
        env: Mapping[str, str] | None = None,
        entry: Sequence[str] = ENTRY,
        arguments: Sequence[str] = ("serve", "--port", "0", "--host", "127.0.0.1"),
        python: Path | str = sys.executable,
        cwd: Path | None = None,
    ) -> None:
        self.home = home
        self.inbox = home / "inbox"
        self.packages = home / "packages"
        self._environment = environment(home, env)
        self._command = [str(python), *entry, *arguments]
        self._cwd = cwd
        self._process: subprocess.Popen[str] | None = None
        self._readers: list[threading.Thread] = []
        self._ready = threading.Event()
        self._address: str | None = None
        self.lines: deque[str] = deque(maxlen=_KEPT_LINES)
        """What it wrote on standard output and standard error, the latest lines."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill()

    # --- its life ----------------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Start the process; `wait_ready` says when it can be used."""
        assert self._process is None or self._process.poll() is not None, "it runs already"
        self._ready.clear()
        self._address = None
        self._process = subprocess.Popen(
            self._command,
            cwd=self._cwd,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        self._readers = [
            threading.Thread(target=self._read, args=(stream,), daemon=True)
            for stream in (self._process.stdout, self._process.stderr)
        ]
        for reader in self._readers:
            reader.start()
        return self

    def _read(self, stream: Iterator[str]) -> None:
        for line in stream:
            self.lines.append(line.rstrip("\n"))
            if found := _READY.match(line):
                self._address = found[1]
                self._ready.set()

    def wait_ready(self, seconds: float = DEADLINE) -> Self:
        """Wait for the ready line. Raises Ended when the process ends before, AssertionError at the deadline."""
        deadline = time.monotonic() + seconds
        while not self._ready.wait(0.01):
            if self.exit_code is not None:
                self._drain()
                raise Ended(f"the daemon ended with {self.exit_code}:\n{self.output}")
            assert time.monotonic() < deadline, f"not ready within {seconds} s:\n{self.output}"
        return self

    def kill(self) -> None:
        """End it as a crash would, and wait until it is gone. Once is enough."""
        if self._process is not None:
            if self._process.poll() is None:
                self._process.kill()
            self._gone(DEADLINE)

    def terminate(self, seconds: float = DEADLINE) -> int:
        """Ask it to end, and return its exit code."""
        self.signal(signal.SIGTERM)
        return self.wait_gone(seconds)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def wait_gone(self, seconds: float = DEADLINE) -> int:
        """Wait for its end, and return its exit code. Raises AssertionError at the deadline."""
        assert self._process is not None
        try:
            return self._gone(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {seconds} s:\n{self.output}") from None

    def _gone(self, seconds: float) -> int:
        assert self._process is not None
        code = self._process.wait(seconds)
        self._drain()
        return code

    def _drain(self) -> None:
        for reader in self._readers:
            reader.join(DEADLINE)
        if self._process is not None:
            for stream in (self._process.stdout, self._process.stderr):
                if stream is not None:
                    stream.close()

    # --- what it says ------------------------------------------------------------------------------------------

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs or before it was started."""
        return None if self._process is None else self._process.poll()

    @property
    def address(self) -> str:
        """Where its API is, without a slash at the end; known once it is ready."""
        assert self._address is not None, "wait_ready() comes first"
        return self._address

    @property
    def token(self) -> str:
        """The token of its home."""
        return (self.home / "token").read_text("ascii").strip()

    @property
    def output(self) -> str:
        """What it wrote so far."""
        return "\n".join(self.lines)

    # --- asking ------------------------------------------------------------------------------------------------

    def ask(
        self, method: str, path: str, *, token: str | None = None, body: Any = None, content: bytes | None = None
    ) -> Answer:
        """One request, whatever the answer is; with the home's token unless another is given."""
        address = self._address or self._announced()
        headers = {"Authorization": f"Bearer {self.token if token is None else token}"}
        # Reading the certificates of the world, which nothing here needs, takes longer than asking.
        with httpx2.Client(
            base_url=address, headers=headers, trust_env=False, verify=False, timeout=DEADLINE
        ) as client:
            response = client.request(method, path, json=body, content=content)
            return Answer(response.status_code, response.content)

    def api(self, method: str, path: str, *, body: Any = None, content: bytes | None = None) -> Any:
        """The JSON of a request that succeeds."""
        answer = self.ask(method, path, body=body, content=content)
        assert answer.status < 400, f"{method} {path} was answered {answer.status}: {answer.body!r}"
        return answer.json

    def _announced(self) -> str:
        """Where it listens before it is ready: it says so in its lock file first."""
        holder = json.loads((self.home / "daemon.lock").read_bytes())
        assert holder["address"], "it does not listen yet"
        return str(holder["address"])

    def package(self, name: str) -> dict[str, Any]:
        """A package in detail."""
        found = self.api("GET", f"/api/packages/{name}")
        assert isinstance(found, dict)
        return found

    def drop(self, data: bytes, name: str, package: str | None = None) -> Path:
        """Put a file into the drop folder, in one step, for a package or for the default one."""
        folder = self.inbox if package is None else self.inbox / package
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f".{name}.part"
        part.write_bytes(data)
        return part.rename(folder / name)

    def wait_settled(self, name: str, uploads: int = 1, seconds: float = DEADLINE) -> dict[str, Any]:
        """Wait until a package has this many uploads and nothing of it can run now, and return it."""

        def settled() -> dict[str, Any] | None:
            answer = self.ask("GET", f"/api/packages/{name}?wait=1")
            if answer.status == 404 or len(answer.json["uploads"]) < uploads:
                return None
            # Asked again: a state that was told together with an upload may be older than the upload.
            detail: dict[str, Any] = self.api("GET", f"/api/packages/{name}?wait=1")
            is_busy = detail["state"] == "running" or detail["waits_for"] == "its turn"
            return None if is_busy else detail

        return until(settled, f"{name} to settle", seconds)


@contextmanager
def running(home: Path, env: Mapping[str, str] | None = None) -> Iterator[DaemonProcess]:
    """A daemon that is ready, and is killed at the end."""
    with DaemonProcess(home, env) as daemon:
        yield daemon.start().wait_ready()


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that has ended."""

    code: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def json(self) -> Any:
        """Standard output as one JSON value."""
        return json.loads(self.stdout)


def loom(
    home: Path,
    *arguments: str | Path,
    env: Mapping[str, str] | None = None,
    stdin: str = "",
    cwd: Path | None = None,
    entry: Sequence[str] = ENTRY,
    python: Path | str = sys.executable,
) -> Ran:
    """Run `loom` with these arguments to its end."""
    started = time.monotonic()
    done = subprocess.run(
        [str(python), *entry, *map(str, arguments)],
        env=environment(home, env),
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=2 * DEADLINE,
        cwd=cwd,
    )
    return Ran(done.returncode, done.stdout, done.stderr, time.monotonic() - started)
