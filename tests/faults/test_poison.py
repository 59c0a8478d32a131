"""An item on which the daemon dies every time is set aside; everything else is done."""

from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.doors.harness import DaemonProcess, Ended, running, until
from tests.exports import chatgpt_export

pytestmark = pytest.mark.usefixtures("unmeasured")

DEADLY = "00000000-0003"


def dies_or_settles(daemon: DaemonProcess) -> dict[str, Any] | None:
    """Wait until the daemon has died (None), or has done what it can."""

    def decided() -> tuple[dict[str, Any] | None] | None:
        if daemon.exit_code is not None:
            return (None,)
        try:
            answer = daemon.ask("GET", "/api/packages/default?wait=1")
        except httpx2.TransportError:
            return None  # it is dying just now
        is_settled = answer.status == 200 and answer.json["uploads"] and answer.json["state"] == "done"
        return (answer.json,) if is_settled else None

    return until(decided, "the daemon to die or to be done")[0]


@pytest.mark.slow  # five lives of a daemon; tests/packages_store/test_progress.py counts deaths in one process
def test_after_three_deaths_the_item_is_set_aside_and_done_when_a_person_retries_it(tmp_path: Path) -> None:
    arguments = (str(tmp_path), DEADLY)
    deaths, detail = 0, None
    with DaemonProcess(tmp_path, entry=("-m", "tests.faults.deadly_daemon"), arguments=arguments) as daemon:
        daemon.start().wait_ready().drop(chatgpt_export(8), "chats.json")
        while deaths < 10 and (detail := dies_or_settles(daemon)) is None:
            deaths += 1
            daemon.wait_gone()
            try:
                daemon.start().wait_ready()
            except Ended:
                continue

    assert deaths == 3
    assert detail is not None
    significant = next(stage for stage in detail["stages"] if stage["name"] == "significant")
    assert significant["status"] == "completed_with_failures"
    assert significant["processed"] == 7
    (poisoned,) = significant["failures"]
    assert (poisoned["id"], poisoned["end"], poisoned["attempts"]) == (DEADLY, "poisoned", 3)
    assert "interrupted 3 times" in poisoned["reason"]
    assert [stage["status"] for stage in detail["stages"] if stage["name"] in ("daily", "graph")] == ["completed"] * 2

    with running(tmp_path) as sound:
        sound.api("POST", "/api/packages/default/retry", body={})
        detail = sound.wait_settled("default")

    assert [stage["status"] for stage in detail["stages"]] == ["completed"] * 6
