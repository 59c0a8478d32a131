"""Where requests may go: not to link-local and metadata addresses, however they are written or found."""

from collections.abc import Iterable
from ipaddress import ip_address

import pytest

from daemon.llm.client import Client
from daemon.llm.errors import Unavailable, WrongAddress
from daemon.llm.outbound import Address, Guard, is_blocked, origin_of
from daemon.llm.quirks import Quirks
from tests.daemon.llm.asking import endpoint, request
from tests.provider.harness import FakeProvider


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "169.254.169.254.",
        "2852039166",
        "0xA9FEA9FE",
        "0xa9.0xfe.0xa9.0xfe",
        "0251.0376.0251.0376",
        "0251.254.0xa9.254",
        "169.254.43518",
        "169.16689662",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[::169.254.169.254]",
        "[64:ff9b::169.254.169.254]",
        "[2002:a9fe:a9fe::1]",
        "[fe80::1]",
        "[fe80::1%25eth0]",
        "[fd00:ec2::254]",
        "100.100.100.200",
        "168.63.129.16",
        "0.0.0.0",  # noqa: S104 - nothing is bound to it
        "[::]",
        "224.0.0.1",
        "255.255.255.255",
        "%31%36%39.254.169.254",
        "①⑥⑨.②⑤④.①⑥⑨.②⑤④",
    ],
)
def test_link_local_and_metadata_addresses_are_refused_in_every_spelling(host: str) -> None:
    with pytest.raises(WrongAddress):
        origin_of(f"http://{host}/v1")


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://api.openai.com/v1", "https://api.openai.com"),
        ("https://API.OpenAI.com:443/v1/", "https://api.openai.com"),
        ("http://127.0.0.1:11434/v1", "http://127.0.0.1:11434"),
        ("http://2130706433:11434/v1", "http://127.0.0.1:11434"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://192.168.1.20:8000/v1", "http://192.168.1.20:8000"),
        ("http://10.0.0.5", "http://10.0.0.5"),
        ("http://localhost:80", "http://localhost"),
        ("http://studio.local.:1234", "http://studio.local:1234"),
    ],
)
def test_the_world_the_local_network_and_this_machine_may_be_asked(url: str, origin: str) -> None:
    assert str(origin_of(url)) == origin


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org",
        "file:///etc/passwd",
        "example.org/v1",
        "http://",
        "https://user:pass@example.org",
        "::",
        "http://a b",
    ],
)
def test_what_is_no_plain_web_address_is_refused(url: str) -> None:
    with pytest.raises(WrongAddress):
        origin_of(url)


def test_ordinary_addresses_are_not_blocked() -> None:
    assert not any(map(is_blocked, map(ip_address, ("1.1.1.1", "127.0.0.1", "::1", "fd12::1", "2606:4700::1111"))))


def leads_to(*addresses: str) -> Guard:
    """A resolver that knows only these."""

    async def look_up(host: str) -> Iterable[Address]:
        return [ip_address(address) for address in addresses]

    return Guard(look_up)


async def test_a_name_that_leads_to_a_metadata_address_is_refused_before_anything_is_connected(
    provider: FakeProvider,
) -> None:
    base_url = provider.base_url.replace("127.0.0.1", "localhost")

    async with Client(endpoint(provider, base_url=base_url), leads_to("127.0.0.1", "169.254.169.254")) as client:
        with pytest.raises(WrongAddress, match="link-local or metadata"):
            await client.complete(request(), Quirks())

    assert provider.counts.requests == 0


async def test_who_is_at_the_other_end_counts_and_not_what_the_name_said_before(provider: FakeProvider) -> None:
    base_url = provider.base_url.replace("127.0.0.1", "localhost")

    def refuse(address: Address) -> None:
        if address.is_loopback:
            raise WrongAddress("Nobody asks there.")

    guard = Guard(leads_to("192.0.2.1").look_up, refuse)
    async with Client(endpoint(provider, base_url=base_url), guard) as client:
        with pytest.raises(WrongAddress, match="Nobody asks there"):
            await client.complete(request(), Quirks())

    assert provider.counts.requests == 0


async def test_a_name_that_leads_nowhere_is_unavailable(provider: FakeProvider) -> None:
    async with Client(endpoint(provider, base_url="http://nowhere.invalid:1/v1")) as client:
        with pytest.raises(Unavailable, match="cannot be reached"):
            await client.complete(request(), Quirks())


async def test_a_name_that_leads_to_this_machine_may_be_asked(provider: FakeProvider) -> None:
    base_url = provider.base_url.replace("127.0.0.1", "localhost")

    async with Client(endpoint(provider, base_url=base_url)) as client:
        await client.complete(request(), Quirks())

    assert provider.counts.requests == 1


def test_a_proxy_at_a_metadata_address_is_refused(provider: FakeProvider) -> None:
    with pytest.raises(WrongAddress):
        Client(endpoint(provider, proxy="http://169.254.169.254:3128"))
