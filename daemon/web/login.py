"""Who may come in (R-61): whoever knows the home's token, and browsers that came by a one-time link."""

import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeVar

T = TypeVar("T")

_LINK_SECONDS = 600.0
_MOST = 100
"""Links that are remembered; the oldest go first."""


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that is logged in. `token` stands in its pages and must come back with every change (R-62)."""

    token: str

    def accepts(self, given: str) -> bool:
        """Whether `given` is this session's token."""
        return secrets.compare_digest(given.encode("utf-8", "surrogateescape"), self.token.encode())


class Logins:
    """One-time links, in memory, and browser sessions, which nobody has to remember: each proves itself.

    A session is signed with the home's token, so that a page that is open goes on when the daemon was started anew. It
    ends with the browser, and all of them end when the token is replaced. `monotonic` counts seconds.
    """

    def __init__(self, token: str, monotonic: Callable[[], float]) -> None:
        self._token = token.encode()
        # Cookies know no ports: daemons with homes of their own must not take each other's.
        self.cookie = f"loom-{self._sign('cookie', '')[:16]}"
        self._monotonic = monotonic
        self._links: OrderedDict[bytes, float] = OrderedDict()

    def is_token(self, given: str) -> bool:
        """Whether this is the home's token; takes the same time for every wrong one."""
        return secrets.compare_digest(given.encode("utf-8", "surrogateescape"), self._token)

    def make_link(self) -> str:
        """The secret part of a new link: good once, for ten minutes."""
        once = secrets.token_urlsafe(32)
        _remember(self._links, _digest(once), self._monotonic() + _LINK_SECONDS)
        return once

    def enter(self, once: str) -> str | None:
        """Use a link up: the value of a new session's cookie, or None when the link is used, too old or made up."""
        ends_at = self._links.pop(_digest(once), None)
        if ends_at is None or self._monotonic() >= ends_at:
            return None
        value = secrets.token_urlsafe(32)
        return f"{value}.{self._sign('session', value)}"

    def session(self, cookie: str) -> Session | None:
        """The session that has this cookie."""
        value, _, signature = cookie.rpartition(".")
        given, right = signature.encode("utf-8", "surrogateescape"), self._sign("session", value).encode()
        if not secrets.compare_digest(given, right):
            return None
        return Session(self._sign("page", value))

    def _sign(self, purpose: str, value: str) -> str:
        return hmac.new(self._token, f"{purpose}:{value}".encode("utf-8", "surrogateescape"), sha256).hexdigest()


def _digest(value: str) -> bytes:
    # Looked up by hash, so that the time a look-up takes says nothing about the values there are.
    return sha256(value.encode("utf-8", "surrogateescape")).digest()


def _remember(store: OrderedDict[bytes, T], key: bytes, value: T) -> None:
    store[key] = value
    while len(store) > _MOST:
        store.popitem(last=False)
