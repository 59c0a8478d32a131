"""An item on which the daemon dies every time is set aside; everything else is done."""

from pathlib import Path

from tests.doors.harness import DaemonProcess, Ended, running
from tests.exports import chatgpt_export

DEADLY = "00000000-0003"


def test_after_three_deaths_the_item_is_set_aside_and_the_rest_is_done(tmp_path: Path) -> None:
    arguments = (str(tmp_path), DEADLY)
    deaths = 0
    with DaemonProcess(tmp_path, entry=("-m", "tests.faults.deadly_daemon"), arguments=arguments) as daemon:
        daemon.start().wait_ready().drop(chatgpt_export(8), "chats.json")
        while deaths < 10:
            try:
                daemon.wait_gone(15)
            except AssertionError:
                break
            deaths += 1
            try:
                daemon.start().wait_ready()
            except Ended:
                continue
        detail = daemon.wait_settled("default")

    significant = next(stage for stage in detail["stages"] if stage["name"] == "significant")
    assert deaths == 3
    assert significant["status"] == "completed_with_failures"
    assert significant["processed"] == 7
    (poisoned,) = significant["failures"]
    assert (poisoned["id"], poisoned["end"], poisoned["attempts"]) == (DEADLY, "poisoned", 3)
    assert "interrupted 3 times" in poisoned["reason"]
    assert [stage["status"] for stage in detail["stages"] if stage["name"] in ("daily", "graph")] == ["completed"] * 2


def test_a_poisoned_item_is_done_when_a_person_retries_it(tmp_path: Path) -> None:
    test_after_three_deaths_the_item_is_set_aside_and_the_rest_is_done(tmp_path)

    with running(tmp_path) as daemon:
        daemon.api("POST", "/api/packages/default/retry", body={})
        detail = daemon.wait_settled("default")

    assert [stage["status"] for stage in detail["stages"]] == ["completed"] * 6
