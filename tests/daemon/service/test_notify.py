"""The notify contract: what is told, to whom, and that telling never hurts."""

import os
import uuid
from pathlib import Path

import pytest

from daemon.service.notify import Notifier
from tests.daemon.service.manager import manager


@pytest.mark.parametrize("is_abstract", [False, True])
def test_a_service_manager_hears_what_it_is_told(tmp_path: Path, is_abstract: bool) -> None:
    with manager(tmp_path, f"loom-{uuid.uuid4()}" if is_abstract else "") as listening:
        notifier = Notifier(listening.address, 60, lambda: 12.5)
        notifier.extend(30)
        notifier.ready("all\nis\x0bwell")
        notifier.alive()
        notifier.reloading()
        notifier.stopping("bye")
        listening.collect()

    assert listening.messages == [
        ["EXTEND_TIMEOUT_USEC=30000000"],
        ["READY=1", "STATUS=all is well"],
        ["WATCHDOG=1"],
        ["RELOADING=1", "MONOTONIC_USEC=12500000"],
        ["STOPPING=1", "STATUS=bye"],
    ]


def test_without_a_service_manager_nothing_is_told() -> None:
    notifier = Notifier.from_environment({"WATCHDOG_USEC": "1000000"})

    notifier.ready("well")

    assert not notifier.is_heard
    assert notifier.feed_seconds is None


def test_a_service_manager_that_has_gone_does_no_harm(tmp_path: Path) -> None:
    with manager(tmp_path) as listening:
        notifier = Notifier.from_environment({"NOTIFY_SOCKET": listening.address})
    (tmp_path / "notify").unlink()

    notifier.status("still here")

    assert notifier.is_heard


def test_one_that_does_not_read_does_not_keep_us_waiting(tmp_path: Path) -> None:
    with manager(tmp_path) as listening:
        notifier = Notifier(listening.address)
        for number in range(5000):
            notifier.status(f"{number}")
        listening.collect()

    assert 0 < len(listening.messages) < 5000


def test_the_watchdog_of_this_process_is_fed_well_before_its_time_and_that_of_another_is_not_ours() -> None:
    ours = {"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}

    assert 0 < (Notifier.from_environment(ours).feed_seconds or 0) <= 30
    assert Notifier.from_environment(ours | {"WATCHDOG_PID": "1"}).feed_seconds is None
    assert Notifier.from_environment(ours | {"WATCHDOG_USEC": "nonsense"}).feed_seconds is None
