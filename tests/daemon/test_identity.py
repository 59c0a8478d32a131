"""Which process this is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from daemon.identity import UNKNOWN_BOOT, UNKNOWN_START, boot_id, new_instance, start_ticks, this_process

on_linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system has no /proc")


def test_no_two_instances_have_the_same_name() -> None:
    assert len({new_instance() for _ in range(1000)}) == 1000


def test_this_process_is_named_by_all_that_is_known_of_it() -> None:
    owner = this_process("me")

    assert (owner.pid, owner.instance) == (os.getpid(), "me")
    assert (owner.boot_id, owner.start_ticks) == (boot_id(), start_ticks(os.getpid()))


@on_linux
def test_two_processes_of_one_boot_differ_in_their_start() -> None:
    script = "from daemon.identity import *; o = this_process('x'); print(o.boot_id, o.start_ticks)"
    child = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    boot, start = child.stdout.split()

    assert boot == boot_id() != UNKNOWN_BOOT
    assert int(start) >= start_ticks(os.getpid()) > UNKNOWN_START


@pytest.mark.parametrize("name", ["python", "a b", "a) R 1 (b", ") ) )"])
def test_the_start_is_read_whatever_the_program_is_called(tmp_path: Path, name: str) -> None:
    (tmp_path / "7").mkdir()
    fields = " ".join(str(number) for number in range(4, 53))
    (tmp_path / "7" / "stat").write_text(f"7 ({name}) S {fields}\n")

    assert start_ticks(7, tmp_path) == 22


@pytest.mark.parametrize("content", ["", "7 (x", "7 (x) S 1 2", "7 (x) S " + "y " * 30])
def test_a_start_that_cannot_be_read_is_unknown(tmp_path: Path, content: str) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "stat").write_text(content)

    assert start_ticks(7, tmp_path) == UNKNOWN_START


def test_a_system_without_proc_still_gives_an_owner(tmp_path: Path) -> None:
    owner = this_process("me", tmp_path)

    assert (owner.boot_id, owner.pid, owner.start_ticks, owner.instance) == ("unknown", os.getpid(), 0, "me")
