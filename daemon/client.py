"""The command line's way to a running daemon: its HTTP API, spoken over loopback with the home's token."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import quote

import anyio
import httpx2

from daemon.commands.exits import Unavailable
from daemon.commands.service import Act, EngineAct, Json
from packages_store.errors import InvalidName, LoomError

_PAUSE = 0.05
_WAIT_SECONDS = 2
"""How long one question waits for a package to settle: the pace at which progress is told."""
_CHUNK = 1 << 20
_TIMEOUT = httpx2.Timeout(90.0, connect=5.0)
_LONG = httpx2.Timeout(3600.0, connect=5.0)
"""For what lasts as long as files grow, or databases are large."""
_RECEIVED = "received"
_PROBLEM = "urn:entity-loom:"


class Client:
    """Asks the daemon at `address`. It may still be repairing: `patience` is how many seconds it is waited for.

    All methods raise LoomError with the daemon's own words, and Unavailable when it cannot be asked just now.
    """

    goes_on = True

    def __init__(
        self, address: str, token: str, patience: float, transport: httpx2.AsyncBaseTransport | None = None
    ) -> None:
        self._address = address
        self._patience = patience
        # The environment's proxies are for the world, not for this machine, and would be shown the token.
        self._http = httpx2.AsyncClient(
            base_url=address,
            headers={"Authorization": f"Bearer {token}"},
            timeout=_TIMEOUT,
            trust_env=False,
            transport=transport,
        )

    async def __aenter__(self) -> Self:
        """Returns when the daemon is ready: what it says before that may not be true yet."""
        try:
            await self._until_ready()
        except BaseException:
            await self._http.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def _until_ready(self) -> None:
        deadline = time.monotonic() + self._patience
        while True:
            try:
                # Only whether it has begun: what else it lacks, it says itself.
                await self._ask("GET", "/readyz", params={"only": "phase"})
            except Unavailable:
                if time.monotonic() > deadline:
                    raise
                await anyio.sleep(_PAUSE)
            else:
                return

    # --- looking -----------------------------------------------------------------------------------------------

    async def packages(self) -> list[Json]:
        return await self._list("/api/packages")

    async def package(self, name: str) -> Json:
        return await self._object("GET", _package(name))

    async def drop_folder(self) -> Json:
        return await self._object("GET", "/api/drop-folder")

    async def repairs(self) -> list[Json]:
        return await self._list("/api/repairs")

    async def health(self) -> Json:
        with _in_words(self._address):
            response = await self._http.get("/healthz", params={"verbose": ""})
        # 503 is an answer as well: it tells what is wrong.
        if response.is_error and response.status_code != 503:
            raise _problem(response)
        return cast("Json", response.json())

    async def resume_all(self) -> Json:
        return await self._object("POST", "/api/resume")

    async def findings(self) -> list[Json]:
        return await self._list("/api/doctor", timeout=_LONG)

    async def explain(self, path: Path) -> Json:
        return await self._object("GET", "/api/drop-folder/explain", params={"path": str(path)})

    async def conversations(self, name: str, asked: Json) -> Json:
        return await self._object("GET", f"{_package(name)}/conversations", params=asked)

    async def search(self, name: str, text: str, limit: int) -> Json:
        return await self._object("GET", f"{_package(name)}/search", params={"q": text, "limit": limit})

    @asynccontextmanager
    async def export(self, name: str) -> AsyncIterator[AsyncIterator[bytes]]:
        with _in_words(self._address):
            async with self._http.stream("GET", f"{_package(name)}/export") as response:
                if response.is_error:
                    await response.aread()
                    raise _problem(response)
                yield response.aiter_bytes()

    # --- changing ----------------------------------------------------------------------------------------------

    async def stop_after(self, name: str, until: str | None) -> None:
        await self._object("POST", "/api/packages", json={"name": name})
        await self._object("PUT", f"{_package(name)}/until", json={"stage": until})

    async def hand_in(self, name: str, path: Path, file_name: str) -> Json:
        async with await anyio.open_file(path, "rb") as file:

            async def pieces() -> AsyncIterator[bytes]:
                while piece := await file.read(_CHUNK):
                    yield piece

            modified = (await anyio.Path(path).stat()).st_mtime_ns // 1_000_000
            asked = {"name": file_name, **({"modified": modified} if modified > 0 else {})}
            return await self._object("PUT", f"{_package(name)}/uploads", params=asked, content=pieces())

    async def act(self, verb: Act, name: str, stage: str | None, item: str | None) -> Json:
        body: Json = {"stage": stage, "item": item}
        match verb:
            case "resume":
                body = {"stage": stage}
            case "abort":
                return await self._object("POST", f"{_package(name)}/abort")
            case "skip-stage":
                verb, body = "skip", {"stage": stage, "whole_stage": True}
        return await self._object("POST", f"{_package(name)}/{verb}", json=body)

    async def change_conversations(self, name: str, change: Json) -> Json:
        return await self._object("POST", f"{_package(name)}/conversations/change", json=change)

    async def compare(self, name: str, path: Path, file_name: str) -> Json:
        async with await anyio.open_file(path, "rb") as file:

            async def pieces() -> AsyncIterator[bytes]:
                while piece := await file.read(_CHUNK):
                    yield piece

            address = f"{_package(name)}/comparison"
            return await self._object("PUT", address, params={"name": file_name}, content=pieces(), timeout=_LONG)

    async def commit_only(self, name: str) -> Json:
        return await self._object("POST", f"{_package(name)}/commit-only")

    async def settle(self, name: str, tell: Callable[[Json], None]) -> Json:
        while True:
            detail = await self._object("GET", _package(name), params={"wait": str(_WAIT_SECONDS)})
            if not _is_busy(detail):
                return detail
            tell(detail)

    async def delete(self, name: str) -> Json:
        return await self._object("DELETE", _package(name))

    async def trash(self) -> list[Json]:
        return await self._list("/api/trash")

    async def restore(self, entry: str) -> Json:
        return await self._object("POST", f"/api/trash/{quote(entry, safe='')}/restore")

    async def scan(self) -> list[Json]:
        files = await self._list("/api/drop-folder/scan", method="POST", timeout=_LONG)
        for name in sorted({file["package"] for file in files if file["outcome"] == _RECEIVED}):
            await self.settle(name, lambda _detail: None)
        return await self._list("/api/drop-folder/scan", method="POST", timeout=_LONG)

    async def login_link(self) -> str:
        return str((await self._object("POST", "/api/login-links"))["link"])

    async def plan(self, name: str, *, explain: bool) -> Json:
        return await self._object("GET", f"{_package(name)}/plan", params={"explain": explain}, timeout=_LONG)

    async def doubts(self, name: str) -> list[Json]:
        found: list[Json] = []
        cursor: str | None = ""
        while cursor is not None:
            page = await self._object("GET", f"{_package(name)}/doubts", params={"cursor": cursor, "limit": 500})
            found += page["doubts"]
            cursor = page["next"]
        return found

    async def decide_doubt(self, name: str, doubt: str, *, keep: bool) -> Json:
        act = "keep" if keep else "drop"
        return await self._object("POST", f"{_package(name)}/doubts/{act}", json={"id": doubt})

    async def lineage(self, name: str, of: str) -> Json:
        return await self._object("GET", f"{_package(name)}/lineage", params={"of": of})

    async def impact(self, name: str, of: str) -> Json:
        return await self._object("GET", f"{_package(name)}/impact", params={"of": of})

    async def settings(self, name: str, changes: Json) -> Json:
        path = f"{_package(name)}/settings"
        return await (self._object("PUT", path, json=changes) if changes else self._object("GET", path))

    async def costs(self, name: str) -> Json:
        return await self._object("GET", f"{_package(name)}/costs")

    async def set_budget(self, name: str, changes: Json) -> Json:
        return await self._object("PUT", f"{_package(name)}/budget", json=changes)

    async def engine(self, act: EngineAct, values: Json) -> Json:
        match act:
            case "show":
                return await self._object("GET", "/api/engine")
            case "test":
                return await self._object("POST", "/api/engine/test", timeout=_LONG)
            case "set":
                return await self._object("PUT", "/api/engine", json=values)
            case "key":
                return await self._object("PUT", "/api/engine/key", json=values)
            case "forget":
                return await self._object("DELETE", "/api/engine/key")

    # --- asking ------------------------------------------------------------------------------------------------

    async def _object(self, method: str, path: str, **parts: Any) -> Json:
        return cast("Json", (await self._ask(method, path, **parts)).json())

    async def _list(self, path: str, method: str = "GET", **parts: Any) -> list[Json]:
        return cast("list[Json]", (await self._ask(method, path, **parts)).json())

    async def _ask(self, method: str, path: str, **parts: Any) -> httpx2.Response:
        with _in_words(self._address):
            response = await self._http.request(method, path, **parts)
        if response.is_error:
            raise _problem(response)
        return response


@contextmanager
def _in_words(address: str) -> Iterator[None]:
    """Says what it means that a connection failed."""
    try:
        yield
    except httpx2.TimeoutException as error:
        raise Unavailable(f"The daemon at {address} does not answer.") from error
    except httpx2.TransportError as error:
        advice = "What it was asked for may be done or not: `loom status` shows it."
        raise Unavailable(f"The connection to the daemon at {address} ended.", advice) from error


def _package(name: str) -> str:
    return f"/api/packages/{quote(name, safe='')}"


def _is_busy(detail: Json) -> bool:
    return bool(detail["state"] == "running" or detail["waits_for"] == "its turn")


def _problem(response: httpx2.Response) -> LoomError:
    """A refusal of the daemon as the error it was."""
    try:
        body = response.json()
        kind, detail, advice = body["type"].removeprefix(_PROBLEM), body["detail"], body["advice"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return LoomError(f"The daemon answered {response.status_code} {response.reason_phrase}.", "Look into its log.")
    if response.status_code == 503:
        return Unavailable(detail, advice)
    return InvalidName(detail, advice) if kind == "invalid-name" else LoomError(detail, advice)
