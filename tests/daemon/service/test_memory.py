"""Memory: worker threads share what is free, and what is free goes back to the system. In processes of their own."""

import ctypes
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="the C library is not glibc")

ARENAS = """
import ctypes, os, sys, tempfile, threading
from daemon.service.memory import share_arenas
if sys.argv[1] == "share":
    share_arenas()
all_there = threading.Barrier(12)
def work():
    bytearray(5000)
    all_there.wait()
threads = [threading.Thread(target=work) for _ in range(12)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
with tempfile.NamedTemporaryFile() as told:
    file = ctypes.c_void_p(libc.fopen(told.name.encode(), b"w"))
    libc.malloc_info(0, file)
    libc.fclose(file)
    print(told.read().count(b"<heap nr="))
"""
FREED = """
import os
from pathlib import Path
from daemon.service.memory import give_back
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
pieces = [b"." * 100_000 for _ in range(1000)]
del pieces[:-1]  # the last one keeps those below it from being given back by themselves
before = resident()
give_back()
print((before - resident()) >> 20)
"""


def printed(script: str, *arguments: str) -> int:
    """The number that a script prints."""
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_however_many_threads_there_are_they_share_two_arenas() -> None:
    assert printed(ARENAS, "share") <= 2
    assert printed(ARENAS, "as it is") > 2


def test_what_was_freed_is_given_back_although_something_above_it_is_still_used() -> None:
    assert printed(FREED) > 50
