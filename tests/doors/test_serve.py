"""`loom serve`: one process per home, ready when it says so, gone when it is told to."""

import json
import signal
import socket
import threading
from pathlib import Path

import httpx2
import pytest

from packages_store.model import StageStatus
from tests.doors.harness import DEADLINE, DaemonProcess, loom, until
from tests.exports import chatgpt_export


def stages_on_disk(home: Path, package: str) -> list[str]:
    """What checkpoint.json says each stage is."""
    checkpoint = json.loads((home / "packages" / package / "checkpoint.json").read_bytes())
    return [stage["status"] for stage in checkpoint["stages"].values()]


def test_the_ready_line_says_where_the_page_and_the_drop_folder_are(serving: DaemonProcess) -> None:
    line = f"entity-loom is ready: {serving.address}/  drop folder: {serving.home / 'inbox'}"

    assert line in serving.lines
    assert serving.address.startswith("http://127.0.0.1:")
    assert serving.ask("GET", "/readyz").status == 200


def test_without_the_token_nothing_is_told(serving: DaemonProcess) -> None:
    assert serving.ask("GET", "/api/packages", token="wrong").status == 401
    assert serving.ask("GET", "/api/packages").status == 200


def test_a_second_daemon_is_refused_and_told_who_holds_the_home(serving: DaemonProcess) -> None:
    second = loom(serving.home, "serve", "--port", "0")

    assert second.code == 3
    assert f"process {serving.pid} " in second.stderr
    assert serving.address in second.stderr
    assert "since 20" in second.stderr
    assert second.stdout == ""


def test_a_daemon_that_is_suspended_still_holds_its_home(serving: DaemonProcess) -> None:
    serving.signal(signal.SIGSTOP)
    try:
        second = loom(serving.home, "serve", "--port", "0")
    finally:
        serving.signal(signal.SIGCONT)

    assert second.code == 3


def test_a_killed_daemon_can_be_started_again_at_once(home: Path) -> None:
    with DaemonProcess(home) as daemon:
        daemon.start().wait_ready()
        first = daemon.pid
        daemon.kill()

        daemon.start().wait_ready()

        assert daemon.pid != first
        assert daemon.api("GET", "/readyz") == {"status": "ready"}


def test_being_told_to_stop_ends_in_order_and_leaves_nothing_running(home: Path, daemon: DaemonProcess) -> None:
    daemon.api("POST", "/api/packages", body={"name": "wren"})
    daemon.api("PUT", "/api/packages/wren/uploads?name=big.json", content=chatgpt_export(30))

    code = daemon.terminate()

    assert code == 0
    assert StageStatus.RUNNING not in stages_on_disk(home, "wren")
    with DaemonProcess(home) as again:
        detail = again.start().wait_ready().wait_settled("wren")
        assert detail["state"] == "done"
        assert detail["conversations"] == 30
        assert detail["repairs"] == []


def test_ctrl_c_ends_it_in_order_too(daemon: DaemonProcess) -> None:
    daemon.signal(signal.SIGINT)

    assert daemon.wait_gone() == 0


def test_clients_that_listen_to_events_do_not_keep_it_from_ending(daemon: DaemonProcess) -> None:
    headers = {"Authorization": f"Bearer {daemon.token}"}
    heard: list[list[str]] = []
    began = threading.Semaphore(0)

    def listen() -> None:
        with (
            httpx2.Client(base_url=daemon.address, headers=headers, trust_env=False, timeout=DEADLINE) as client,
            client.stream("GET", "/api/events") as response,
        ):
            lines = response.iter_lines()
            mine = [next(lines)]
            began.release()
            mine.extend(lines)
            heard.append(mine)

    listeners = [threading.Thread(target=listen) for _ in range(5)]
    for listener in listeners:
        listener.start()
    assert all(began.acquire(timeout=DEADLINE) for _listener in listeners)

    assert daemon.terminate() == 0
    for listener in listeners:
        listener.join(DEADLINE)
    assert ["event: shutdown" in lines for lines in heard] == [True] * len(listeners)


def test_a_second_signal_ends_it_at_once(home: Path) -> None:
    with DaemonProcess(home, {"LOOM_GRACE_SECONDS": "600"}) as daemon:
        daemon.start().wait_ready()
        daemon.signal(signal.SIGTERM)
        daemon.signal(signal.SIGINT)

        # It may have ended in order before the second one came, and the system may deliver them in either order.
        assert daemon.wait_gone() in (0, 128 + signal.SIGINT, 128 + signal.SIGTERM)


@pytest.mark.slow
def test_what_was_interrupted_by_a_kill_goes_on_by_itself_and_is_told(home: Path) -> None:
    with DaemonProcess(home) as daemon:
        daemon.start().wait_ready()
        daemon.api("POST", "/api/packages", body={"name": "wren"})
        daemon.api("PUT", "/api/packages/wren/uploads?name=big.json", content=chatgpt_export(80))
        until(lambda: "running" in stages_on_disk(home, "wren"), "a stage to run")
        daemon.kill()

        detail = daemon.start().wait_ready().wait_settled("wren")

        assert detail["state"] == "done"
        assert detail["conversations"] == 80
        assert loom(home, "repairs", "--json").json == detail["repairs"]


def test_a_port_that_is_taken_is_said_so(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        refused = loom(home, "serve", "--port", str(port))

    assert refused.code == 1
    assert json.loads((home / "starts.json").read_bytes()) == {"present": None, "died": []}
    assert f"port {port}" in refused.stderr
    assert "--port" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_others_can_reach_it_only_when_names_are_allowed(home: Path) -> None:
    refused = loom(home, "serve", "--port", "0", "--host", "0.0.0.0")  # noqa: S104 - it must be refused

    assert refused.code == 2
    assert "allowed_hosts" in refused.stderr


def test_variables_that_are_not_ours_are_not_heeded(home: Path) -> None:
    with DaemonProcess(home, {"HOST": "0.0.0.0", "PORT": "1", "HOSTNAME": "example.org"}) as daemon:  # noqa: S104
        assert daemon.start().wait_ready().address.startswith("http://127.0.0.1:")


def test_the_home_stays_usable_while_it_serves(serving: DaemonProcess) -> None:
    held = json.loads((serving.home / "daemon.lock").read_bytes())

    assert held["pid"] == serving.pid
    assert held["address"] == serving.address
