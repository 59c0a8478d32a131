"""Starts the fake provider in a process of its own, tells it what to do, and asks what it was asked.

Everything is synchronous; asynchronous tests call it as well: an answer takes a millisecond.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2
from pydantic import TypeAdapter

from tests.provider.script import Act, Asked, Counts, Rule, Script
from tests.provider.server import CONTROL

DEADLINE = 60.0
_ROOT = Path(__file__).resolve().parents[2]
_ASKED = TypeAdapter(list[Asked])


class FakeProvider:
    """A provider of its own on any free port of the loopback; as a context manager it runs until the end."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self._command = [sys.executable, "-m", "tests.provider", host]
        self._process: subprocess.Popen[str] | None = None
        self._http: httpx2.Client | None = None
        self.script = Script()
        """What it plays."""
        self.origin = ""
        """`http://127.0.0.1:<port>`."""

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> Self:
        """Start it; returns when it listens. After `stop` it starts on the same port, and remembers nothing."""
        port = self.origin.rpartition(":")[2]
        command = self._command + ([port] if port else [])
        self._process = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.origin = self._process.stdout.readline().strip()
        assert self.origin, "the provider did not start"
        self._http = httpx2.Client(base_url=self.origin, trust_env=False, timeout=DEADLINE)
        self.play(self.script)
        return self

    def stop(self) -> None:
        """Kill it; whoever is connected loses the connection."""
        if self._http is not None:
            self._http.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait(DEADLINE)
            if self._process.stdout is not None:
                self._process.stdout.close()

    @property
    def base_url(self) -> str:
        """What a person would enter."""
        return f"{self.origin}/v1"

    # --- what it does ------------------------------------------------------------------------------------------

    def play(self, script: Script) -> None:
        """Begin with this script."""
        self.script = script
        self._control("PUT", "/script", content=script.model_dump_json().encode())

    def change(self, **changes: Any) -> None:
        """Play the same script with some things changed."""
        self.play(self.script.model_copy(update=changes))

    def then(self, *acts: Act) -> None:
        """Do these to the next requests, one each; all others are answered as the script says."""
        self.change(rules=tuple(Rule(act=act, times=1) for act in acts))

    def always(self, act: Act, *, every: int = 1, containing: str | None = None) -> None:
        """Do this to all requests, or to each so manieth, or to those that contain a text."""
        self.change(rules=(Rule(act=act, every=every, containing=containing),))

    def begin_anew(self) -> None:
        """Answer everything with `{}`, with nothing left to do and nothing remembered."""
        self.play(Script())
        self.wait_for(lambda counts: counts.in_flight == 0, "what an earlier test asked to end")
        self.forget()

    def forget(self) -> None:
        """Forget what was asked so far."""
        self._control("POST", "/forget")

    # --- what it was asked -------------------------------------------------------------------------------------

    @property
    def counts(self) -> Counts:
        """How many requests came."""
        return Counts.model_validate_json(self._control("GET", "/counts"))

    @property
    def asked(self) -> list[Asked]:
        """All requests with their bodies, in the order in which they came."""
        return _ASKED.validate_json(self._control("GET", "/asked"))

    @property
    def times(self) -> list[Asked]:
        """The same without bodies, for when there are many."""
        return _ASKED.validate_json(self._control("GET", "/times"))

    def wait_for(self, condition: Callable[[Counts], bool], what: str) -> Counts:
        """Ask until what came fulfils a condition. Raises AssertionError at the deadline."""
        deadline = time.monotonic() + DEADLINE
        while not condition(counts := self.counts):
            assert time.monotonic() < deadline, f"waited {DEADLINE} s in vain for {what}: {counts}"
            time.sleep(0.005)
        return counts

    def _control(self, method: str, verb: str, content: bytes | None = None) -> bytes:
        assert self._http is not None, "the provider was not started"
        answer = self._http.request(method, CONTROL + verb, content=content)
        assert answer.status_code == 200, answer.text
        return answer.content
