"""Under which names the daemon answers (R-60)."""

import pytest

from daemon.web.hosts import check_host
from daemon.web.problems import Refused

ALLOWED = ("loom.example", "192.168.1.5", "fd00::5")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:8377",
        "127.3.2.1:8377",
        "[::1]:8377",
        "[0:0:0:0:0:0:0:1]:8377",
        "[::ffff:127.0.0.1]:8377",
        "[::ffff:7f00:1]:8377",
        "localhost:8377",
        "LOCALHOST:8377",
        "loom.localhost:8377",
        "a.b.LocalHost:8377",
        "loom.example:8377",
        "Loom.Example",
        "192.168.1.5:8377",
        "[FD00::5]:8377",
    ],
)
def test_names_of_this_machine_and_configured_ones_are_answered(host: str) -> None:
    assert check_host([host], 8377, ALLOWED) == host.lower()


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:8377",
        "127.0.0.1.evil.example:8377",
        "localhost.evil:8377",
        "localhost.evil.example:8377",
        "evillocalhost:8377",
        ".localhost:8377",
        "a..localhost:8377",
        "localhost.:8377",
        "127.0.0.1.:8377",
        "loom.example.:8377",
        "sub.loom.example:8377",
        "127.1:8377",
        "2130706433:8377",
        "0x7f000001:8377",
        "0177.0.0.1:8377",
        "127.0.0.01:8377",
        "0.0.0.0:8377",
        "10.0.0.1:8377",
        "[::]:8377",
        "[::2]:8377",
        "[::ffff:10.0.0.1]:8377",
        "[64:ff9b::7f00:1]:8377",
        "127.0.0.1",
        "localhost",
        "127.0.0.1:80",
        "127.0.0.1:8378",
        "localhost:08378",
        "localhost:0",
        "loom.example:9000",
    ],
)
def test_other_names_and_ports_are_misdirected(host: str) -> None:
    with pytest.raises(Refused) as refused:
        check_host([host], 8377, ALLOWED)
    assert refused.value.problem.status == 421


@pytest.mark.parametrize(
    "host",
    [
        "",
        " ",
        "user@127.0.0.1:8377",
        "user:secret@localhost:8377",
        "localhost:8377@evil.example",
        "localhost:",
        "localhost:http",
        "localhost:837700",
        "localhost:8377:8377",
        "localhost:8377, evil.example",
        "localhost/evil",
        "localhost\\evil",
        "localhost#evil",
        "localhost?evil",
        "[::1",
        "::1",
        "[::1]]:8377",
        "[::1%eth0]:8377",
        "[:::]:8377",
        "[127.0.0.1]:8377",
        "*:8377",
        "lo\tcalhost:8377",
        "localhost\0:8377",
        "löcalhost:8377",
        "ｌｏｃａｌｈｏｓｔ:8377",
        "127.0.0.１:8377",
        "localhost:８３７７",
    ],
)
def test_what_is_no_name_of_a_host_is_refused(host: str) -> None:
    with pytest.raises(Refused) as refused:
        check_host([host], 8377, ALLOWED)
    assert refused.value.problem.status == 400


@pytest.mark.parametrize("hosts", [[], ["localhost:8377", "localhost:8377"], ["localhost:8377", "evil.example"]])
def test_a_missing_or_doubled_host_is_refused(hosts: list[str]) -> None:
    with pytest.raises(Refused) as refused:
        check_host(hosts, 8377, ALLOWED)
    assert refused.value.problem.status == 400


def test_port_80_need_not_be_named() -> None:
    assert check_host(["localhost"], 80, ()) == "localhost"
    assert check_host(["localhost:80"], 80, ()) == "localhost:80"


def test_a_socket_without_a_port_still_asks_for_the_name() -> None:
    assert check_host(["localhost"], None, ()) == "localhost"
    with pytest.raises(Refused):
        check_host(["evil.example"], None, ())
