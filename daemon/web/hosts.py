"""Under which names we may be called (R-60).

A page somewhere on the web can let its own name resolve to this machine; its browser then believes that we are that
page. It cannot make the browser say `localhost`, so the Host header tells.
"""

import re
from collections.abc import Collection
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address

from daemon.web.problems import Problem, Refused

_HOST = re.compile(r"(?:\[(?P<v6>[0-9a-f:.]+)\]|(?P<name>[a-z0-9_.-]+))(?::(?P<port>[0-9]{1,5}))?")
_UNDER_LOCALHOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,62})\.)*localhost")
_HTTP = 80


def check_host(values: Collection[str], port: int | None, allowed: Collection[str]) -> str:
    """The host by which we are called, in lower case. Raises Refused: 400 for what is no Host header, 421 for others.

    `values` are all Host headers, `port` is the one the request came in on (None on a socket that has none), `allowed`
    the configured names. Those may come without a port: a proxy in front of us has its own.
    """
    if len(values) != 1:
        raise _malformed("exactly one Host header is needed")
    (text,) = values
    found = _HOST.fullmatch(text.lower())
    if found is None:
        raise _malformed("its Host header is not the name of a host")
    name = found["name"] or _shortest(found["v6"])
    given = None if found["port"] is None else int(found["port"])
    if name in allowed:
        right_port = given in (port, None)
    elif _is_this_machine(name):
        right_port = port == (_HTTP if given is None else given)
    else:
        raise _misdirected(text, "is not a name of this machine")
    if port is not None and not right_port:
        raise _misdirected(text, f"does not name port {port}, on which the daemon answers")
    return text.lower()


def _is_this_machine(name: str) -> bool:
    if _UNDER_LOCALHOST.fullmatch(name):
        return True
    with suppress(ValueError):
        return IPv4Address(name).is_loopback
    with suppress(ValueError):
        address = IPv6Address(name)
        # ::ffff:127.0.0.1 is 127.0.0.1 in other clothes, and no name that somebody could let resolve to us.
        return address.is_loopback or (address.ipv4_mapped is not None and address.ipv4_mapped.is_loopback)
    return False


def _shortest(v6: str) -> str:
    try:
        return str(IPv6Address(v6))
    except ValueError as error:
        raise _malformed("its Host header is not the name of a host") from error


def _malformed(why: str) -> Refused:
    return Refused(Problem(400, "bad-host", f"The request is refused: {why}."))


def _misdirected(text: str, why: str) -> Refused:
    detail = f"The request is refused: {text[:100]!r} {why}."
    advice = "Use the address that `loom status` shows, or add the name to allowed_hosts."
    return Refused(Problem(421, "foreign-host", detail, advice))
