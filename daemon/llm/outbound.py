"""Where requests may go: http and https, to anything but link-local and metadata addresses.

The address is looked at twice: as it is written, in every spelling that resolvers understand, and as it is connected
to, because a name may lead anywhere. Loopback and the local network are allowed: that is where people run models.
"""

import re
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

import anyio
import httpx2

from daemon.llm.errors import WrongAddress

Address = IPv4Address | IPv6Address
Lookup = Callable[[str], Awaitable[Iterable[Address]]]
"""The addresses of a host name. Raises OSError when there are none."""

_DEFAULT_PORTS = {"http": 80, "https": 443}
_METADATA = frozenset(
    map(
        ip_address,
        (
            "100.100.100.200",  # Alibaba Cloud
            "168.63.129.16",  # Azure's wire server
            "192.0.0.192",  # Oracle Cloud
            "fd00:ec2::254",  # AWS
            "fd20:ce::254",  # Google Cloud
        ),
    )
)
_NAT64 = ip_network("64:ff9b::/96")
_COMPATIBLE = ip_network("::/96")
_HOST = re.compile(r"[a-z0-9_][a-z0-9_.-]{0,252}")
_NEVER = "Such addresses lead to the machinery of a cloud or of the local network, and are never asked."


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port: what a key is bound to. The text leaves out the scheme's own port."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if _DEFAULT_PORTS[self.scheme] == self.port else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


def origin_of(url: str) -> Origin:
    """The origin of a URL that may be asked. Raises WrongAddress, saying why, for one that may not."""
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, UnicodeError) as error:
        raise WrongAddress("The base URL is not a valid address.") from error
    if parsed.scheme not in _DEFAULT_PORTS:
        raise WrongAddress("The base URL must begin with http:// or https://.")
    if parsed.userinfo:
        raise WrongAddress("The base URL must not hold a name or a password.", "Enter the key separately.")
    host = parsed.raw_host.decode("ascii").rstrip(".").lower()
    address = written_address(host)
    if address is not None:
        refuse_blocked(address)
        host = str(address)
    elif not _HOST.fullmatch(host):
        raise WrongAddress("The base URL names no host.")
    return Origin(parsed.scheme, host, parsed.port or _DEFAULT_PORTS[parsed.scheme])


def written_address(host: str) -> Address | None:
    """The address that `host` is, in any spelling (`2852039166`, `0xa9.254.0251.0xfe`, `[fe80::1%eth0]`); else None."""
    text = host.removeprefix("[").removesuffix("]").partition("%")[0]
    try:
        return ip_address(text)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(text))
    except OSError:
        return None


def is_blocked(address: Address) -> bool:
    """Whether nothing may ever be sent there."""
    inner = _embedded(address)
    if inner is not None:
        return is_blocked(inner)
    return (
        address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or address in _METADATA
        or address == IPv4Address("255.255.255.255")
    )


def refuse_blocked(address: Address) -> None:
    """Raises WrongAddress when nothing may be sent there."""
    if is_blocked(address):
        raise WrongAddress("The endpoint has a link-local or metadata address.", _NEVER)


async def look_up(host: str) -> Iterable[Address]:
    """What the system's resolver says."""
    found = await anyio.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [ip_address(str(where[0]).partition("%")[0]) for *_, where in found]


@dataclass(frozen=True, slots=True)
class Guard:
    """Watches connections being made: refuses them before the first byte is sent."""

    look_up: Lookup = look_up
    refuse: Callable[[Address], None] = refuse_blocked

    async def watch(self, event: str, info: Mapping[str, Any]) -> None:
        """Given to httpx2 as the `trace` of a request (httpcore's request extension). Raises WrongAddress."""
        if event.endswith("connect_tcp.started"):
            await self._before(str(info["host"]))
        elif event.endswith("connect_tcp.complete"):
            await self._after(info["return_value"])

    async def _before(self, host: str) -> None:
        written = written_address(host)
        try:
            addresses = [written] if written is not None else await self.look_up(host)
        except OSError:
            # Connecting fails in the same way, and says so better.
            return
        for address in addresses:
            self.refuse(address)

    async def _after(self, stream: Any) -> None:
        # A name may lead elsewhere the second time it is asked for: what counts is who is at the other end.
        peer = stream.get_extra_info("server_addr")
        try:
            self.refuse(ip_address(str(peer[0]).partition("%")[0]))
        except WrongAddress:
            await stream.aclose()
            raise


def _embedded(address: Address) -> IPv4Address | None:
    """The IPv4 address inside an IPv6 one that leads to it."""
    if isinstance(address, IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None
