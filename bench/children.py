"""Runs a measurement in a process of its own, so that its memory and its processor time are nobody else's."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Child:
    """What a child wrote down, and the processor time of its whole life: start, imports and all."""

    told: dict[str, Any]
    whole_cpu: float


def measure(module: str, *arguments: object, result: Path | None = None, killed: bool = False) -> Child:
    """Run `python -m module arguments… result` to its end. Raises RuntimeError when it does not end as it should.

    `killed` says that the child is to end by SIGKILL.
    """
    command = [sys.executable, "-m", module, *map(str, arguments), *([str(result)] if result else [])]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != (-signal.SIGKILL if killed else 0):
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    told = json.loads(result.read_text()) if result else {}
    return Child(told, usage.ru_utime + usage.ru_stime)
