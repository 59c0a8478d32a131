"""One question to one endpoint: a chat completion over HTTP, whatever comes back told as a Completion or an LlmError.

It sends each request once. What is learned from rejections, how many are sent at once and what is tried again is
decided elsewhere (quirks.py, rates.py, retrying.py).
"""

import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import anyio
import anyio.to_thread
import httpx2

from daemon.llm.asking import body_of
from daemon.llm.errors import Garbled, LlmError, Unavailable, WrongAddress
from daemon.llm.exchange import Completion, Request
from daemon.llm.faults import Fault, error_of, message_in
from daemon.llm.headers import limits, retry_after
from daemon.llm.outbound import Guard, Origin, origin_of
from daemon.llm.quirks import Quirks
from daemon.llm.replies import parsed, refusal_status, reply_in
from daemon.llm.scrubbing import fit_to_show, without_key
from daemon.llm.secrets import BoundKey, Secret
from packages_store.times import Clock, utc_now

_PATH = "/chat/completions"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KEEPS_METHOD = frozenset({307, 308})
_MOST_REDIRECTS = 3
_IDLE_SECONDS = 20.0
"""Connections are given up before providers do: a request on one that was just closed would be lost."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where and whom to ask. `base_url` is what stands before `/chat/completions`; times are in seconds."""

    base_url: str
    model: str
    key: BoundKey | None = None
    connect_seconds: float = 10.0
    total_seconds: float = 300.0
    """From the first byte of the request to the last one of the answer, however slowly it drips in."""
    most_bytes: int = 32 << 20
    """Longer answers are given up."""
    proxy: str | None = None
    """An HTTP proxy. The environment's proxies are not used: they would be shown what people wrote to each other."""

    @property
    def origin(self) -> Origin:
        """Raises WrongAddress for an address that may not be asked."""
        return origin_of(self.base_url)


class Client:
    """Asks an endpoint. May be used by many tasks at once, between `async with` and its end."""

    def __init__(
        self,
        endpoint: Endpoint,
        guard: Guard | None = None,
        clock: Clock = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises WrongAddress when the endpoint's address may not be asked, or may not see its key."""
        self._endpoint = endpoint
        self._origin = endpoint.origin
        self._key = _key_for(endpoint.key, self._origin)
        self._guard = guard or Guard()
        self._clock = clock
        self._monotonic = monotonic
        if endpoint.proxy is not None:
            origin_of(endpoint.proxy)
        self._http: httpx2.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        # Reading the system's certificates takes longer than the event loop may be kept waiting.
        self._http = await anyio.to_thread.run_sync(self._opened)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._http is not None:
            await self._http.aclose()

    async def complete(self, request: Request, quirks: Quirks) -> Completion:
        """Ask once. Raises LlmError. Cancelled, it closes the connection: the provider can stop working on it."""
        began = self._monotonic()
        status, headers, data = await self._exchanged(body_of(request, self._endpoint.model, quirks))
        if not 200 <= status < 300:
            raise self._refused(status, headers, _json_or_none(data), request)
        if headers.get("content-type", "").startswith("text/html"):
            raise WrongAddress(f"{self._origin} answers with a web page.")
        body = parsed(data)
        if (inner := refusal_status(body)) is not None:
            raise self._refused(inner, headers, body, request)
        reply = reply_in(body, wants_object=request.schema is not None)
        return Completion(
            text=reply.text,
            finish=reply.finish,
            usage=reply.usage,
            model=reply.model or self._endpoint.model,
            limits=limits(headers, self._clock),
            seconds=self._monotonic() - began,
        )

    def _opened(self) -> httpx2.AsyncClient:
        endpoint = self._endpoint
        return httpx2.AsyncClient(
            headers=self._headers(),
            timeout=httpx2.Timeout(endpoint.total_seconds, connect=endpoint.connect_seconds),
            limits=httpx2.Limits(max_connections=None, keepalive_expiry=_IDLE_SECONDS),
            follow_redirects=False,
            trust_env=False,
            proxy=endpoint.proxy,
        )

    def _headers(self) -> dict[str, str]:
        # Answers are short, and an archive could unpack to far more than was allowed.
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "entity-loom"}
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key.reveal()}"
        return headers

    async def _exchanged(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Status, headers (names in lower case) and body of the answer, without the key."""
        url = httpx2.URL(self._endpoint.base_url.rstrip("/") + _PATH)
        with _in_words(self._origin, self._endpoint.total_seconds):
            with anyio.fail_after(self._endpoint.total_seconds):
                for _ in range(_MOST_REDIRECTS):
                    async with self._sent(url, body) as response:
                        if response.status_code not in _REDIRECTS:
                            return response.status_code, self._told_headers(response), await self._read(response)
                        url = self._redirected(url, response)
        raise WrongAddress(f"{self._origin} redirects in a circle.")

    @asynccontextmanager
    async def _sent(self, url: httpx2.URL, body: bytes) -> AsyncIterator[httpx2.Response]:
        if self._http is None:
            raise RuntimeError("a Client is used inside its `async with`")
        headers = {"Content-Type": "application/json"}
        extensions = {"trace": self._guard.watch}
        async with self._http.stream("POST", url, content=body, headers=headers, extensions=extensions) as response:
            yield response

    async def _read(self, response: httpx2.Response) -> bytes:
        data = bytearray()
        try:
            async for piece in response.aiter_bytes():
                data += piece
                if len(data) > self._endpoint.most_bytes:
                    raise Garbled(f"{self._origin} answers with more than {self._endpoint.most_bytes >> 20} MB.")
        except (httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.DecodingError) as error:
            raise Garbled(f"The answer of {self._origin} broke off.") from error
        return _without_key(bytes(data), self._key)

    def _told_headers(self, response: httpx2.Response) -> dict[str, str]:
        return {name.lower(): without_key(text, self._key) for name, text in response.headers.items()}

    def _redirected(self, url: httpx2.URL, response: httpx2.Response) -> httpx2.URL:
        """Where to ask instead: only under the same origin, which alone may see the key."""
        target = url.join(response.headers.get("Location", ""))
        if response.status_code in _KEEPS_METHOD and origin_of(str(target)) == self._origin:
            return target
        raise WrongAddress(
            f"{self._origin} redirects elsewhere; neither questions nor the key follow.",
            "If you trust where it leads, enter that address as the base URL, and the key for it.",
        )

    def _refused(self, status: int, headers: dict[str, str], body: Any, request: Request) -> LlmError:
        private = [message.content for message in request.messages]
        fault = Fault(
            status=status,
            body=body,
            retry_after=retry_after(headers, body, self._clock),
            host=str(self._origin),
            model=self._endpoint.model,
            has_key=self._key is not None,
            shown=fit_to_show(message_in(body), self._key, private),
        )
        return error_of(fault)


def _key_for(bound: BoundKey | None, origin: Origin) -> Secret | None:
    if bound is None or bound.origin == origin:
        return bound.key if bound is not None else None
    raise WrongAddress(f"The key was entered for {bound.origin}.", f"Enter the key for {origin}.")


@contextmanager
def _in_words(origin: Origin, total_seconds: float) -> Iterator[None]:
    """Says what it means that a connection failed."""
    try:
        yield
    except httpx2.ConnectTimeout as error:
        raise Unavailable(f"{origin} cannot be reached: it does not answer.") from error
    except (TimeoutError, httpx2.TimeoutException) as error:
        raise Unavailable(f"{origin} did not answer within {total_seconds:g} seconds.") from error
    except httpx2.ConnectError as error:
        raise _unreachable(origin, error) from error
    except (httpx2.TransportError, OSError) as error:
        raise Unavailable(f"The connection to {origin} ended before the answer.") from error


def _unreachable(origin: Origin, error: httpx2.ConnectError) -> LlmError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            advice = "Check the base URL and this machine's clock; certificates are never ignored."
            return WrongAddress(f"{origin} does not prove who it is: its certificate is not valid.", advice)
        if isinstance(cause, ssl.SSLError):
            return WrongAddress(f"{origin} does not speak TLS.", "Should its address begin with http://?")
        cause = cause.__cause__ or cause.__context__
    return Unavailable(f"{origin} cannot be reached.", "Is it running, and is this machine online?")


def _without_key(data: bytes, key: Secret | None) -> bytes:
    """A body in which the key does not stand, whoever sent it back."""
    return data.replace(key.reveal().encode(), b"[key]") if key is not None else data


def _json_or_none(data: bytes) -> Any:
    try:
        return parsed(data)
    except Garbled:
        return None
