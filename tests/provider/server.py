"""The provider's process: OpenAI's chat completions over HTTP, as the script that is played wants them."""

import hashlib
import importlib
import json
import select
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import urlsplit

from tests.provider import wordings
from tests.provider.limiting import Limiter, Verdict, too_many
from tests.provider.script import Act, Asked, Counts, Dialect, Rule, Script
from tests.provider.wordings import Refusal, said, said_with

CONTROL = "/_provider"
COMPLETIONS = "/chat/completions"

Content = Callable[[dict[str, Any]], str | Act]


@dataclass(slots=True)
class _Record:
    number: int
    path: str
    body: Any
    digest: bytes
    authorization: str | None
    at: float
    until: float | None = None
    status: int | None = None
    was_left: bool = False


@dataclass(slots=True)
class _Left:
    """A rule, and what is left of it."""

    rule: Rule
    fitted: int = 0
    used: int = 0

    def takes(self, text: str) -> bool:
        if self.rule.times is not None and self.used >= self.rule.times:
            return False
        if self.rule.containing is not None and self.rule.containing not in text:
            return False
        self.fitted += 1
        if self.fitted % self.rule.every:
            return False
        self.used += 1
        return True


@dataclass(slots=True)
class _Stage:
    """The script that is played, and how far it is."""

    script: Script
    rules: list[_Left] = field(default_factory=list)
    limiter: Limiter | None = None
    content: Content | None = None

    @classmethod
    def of(cls, script: Script) -> "_Stage":
        limiter = Limiter(script.rate) if script.rate else None
        content: Content | None = None
        if script.content is not None:
            module, _, name = script.content.partition(":")
            content = cast(Content, getattr(importlib.import_module(module), name))
        return cls(script, [_Left(rule) for rule in script.rules], limiter, content)


class Provider:
    """What all requests share. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stage = _Stage.of(Script())
        self._records: list[_Record] = []
        self._in_flight = 0
        self._most_in_flight = 0
        self._began = time.monotonic()

    def play(self, script: Script) -> None:
        """Begin with another script; what was asked so far is remembered."""
        stage = _Stage.of(script)
        with self._lock:
            self._stage = stage

    def forget(self) -> None:
        """Forget what was asked, except what is not answered yet."""
        with self._lock:
            self._records = [record for record in self._records if record.until is None]
            self._most_in_flight = self._in_flight
            self._began = time.monotonic()

    def asked(self, *, with_bodies: bool) -> list[Asked]:
        """All requests, in the order in which they came."""
        with self._lock:
            return [
                Asked(
                    number=record.number,
                    path=record.path,
                    body=record.body if with_bodies else None,
                    authorization=record.authorization,
                    at=record.at - self._began,
                    until=None if record.until is None else record.until - self._began,
                    status=record.status,
                    was_left=record.was_left,
                )
                for record in self._records
            ]

    def counts(self) -> Counts:
        """How many there were."""
        with self._lock:
            statuses: dict[int, int] = {}
            for record in self._records:
                if record.status is not None:
                    statuses[record.status] = statuses.get(record.status, 0) + 1
            distinct = len({record.digest for record in self._records})
            return Counts(
                requests=len(self._records),
                distinct=distinct,
                in_flight=self._in_flight,
                most_in_flight=self._most_in_flight,
                statuses=statuses,
            )

    def begin(self, path: str, body: Any, authorization: str | None) -> _Record:
        """Note a request that came."""
        text = json.dumps(body, sort_keys=True)
        with self._lock:
            self._in_flight += 1
            self._most_in_flight = max(self._most_in_flight, self._in_flight)
            digest = hashlib.sha256(text.encode()).digest()
            record = _Record(len(self._records) + 1, path, body, digest, authorization, time.monotonic())
            self._records.append(record)
        return record

    def end(self, record: _Record, status: int | None, *, was_left: bool) -> None:
        """Note what became of it."""
        with self._lock:
            self._in_flight -= 1
            record.until, record.status, record.was_left = time.monotonic(), status, was_left

    def decide(self, record: _Record) -> Act:
        """What becomes of a request. Refusals come first, as at a real provider."""
        text = json.dumps(record.body)
        with self._lock:
            stage = self._stage
            verdict = stage.limiter.ask() if stage.limiter else None
            headers = stage.limiter.headers(verdict) if stage.limiter and verdict else {}
            taken = next((left.rule.act for left in stage.rules if left.takes(text)), None)
        refused = _refused(stage.script, record, verdict)
        if refused is not None:
            return refused.model_copy(update={"headers": headers | refused.headers})
        act = taken or Act()
        if act.status == 200 and act.body is None and act.raw is None and act.text is None and not act.hang:
            act = _spoken(stage, act, record.body)
        slow = {"seconds": act.seconds + (stage.script.latency if act.status == 200 else 0)}
        return act.model_copy(update=slow | {"headers": headers | act.headers})


def _spoken(stage: _Stage, act: Act, body: Any) -> Act:
    """`act` with a text, or the act that the content wants instead."""
    said_so = stage.content(body) if stage.content else "{}"
    return said_so if isinstance(said_so, Act) else act.model_copy(update={"text": said_so})


def _refused(script: Script, record: _Record, verdict: Verdict | None) -> Act | None:
    provider = script.dialect.provider
    if script.key is not None and record.authorization != f"Bearer {script.key}":
        return _as_act(said(wordings.BAD_KEY, provider))
    if verdict is not None and not verdict.may_pass:
        headers, body = too_many(script.rate.form if script.rate else "none", verdict.wait)
        return Act(status=429, headers=headers, body=body)
    model = record.body.get("model") if isinstance(record.body, dict) else None
    if script.models is not None and model not in script.models:
        return _as_act(said_with(wordings.UNKNOWN_MODEL, provider, model))
    refusal = _not_understood(script.dialect, record.body)
    return _as_act(refusal) if refusal else None


def _not_understood(dialect: Dialect, body: Any) -> Refusal | None:
    """What a model that knows only some parameters says to a request with others."""
    checks = (_temperature, _limit, _format, _length)
    return next((refusal for check in checks if (refusal := check(dialect, body))), None)


def _temperature(dialect: Dialect, body: Any) -> Refusal | None:
    given = body.get("temperature")
    if given is None or dialect.temperature == "any":
        return None
    if dialect.temperature == "none":
        return said(wordings.TEMPERATURE_REFUSED, dialect.provider)
    if given != dialect.temperature:
        return said_with(wordings.ONLY_ONE_TEMPERATURE, dialect.provider, dialect.temperature)
    return None


def _limit(dialect: Dialect, body: Any) -> Refusal | None:
    if dialect.limit == "max_completion_tokens" and "max_tokens" in body:
        return said(wordings.COMPLETION_TOKENS_WANTED, dialect.provider)
    if dialect.limit == "max_tokens" and "max_completion_tokens" in body:
        return said(wordings.MAX_TOKENS_WANTED, dialect.provider)
    asked = body.get("max_tokens") or body.get("max_completion_tokens") or 0
    if dialect.most_output is not None and asked > dialect.most_output:
        return said_with(wordings.OUTPUT_TOO_LONG, dialect.provider, dialect.most_output, asked)
    return None


def _format(dialect: Dialect, body: Any) -> Refusal | None:
    kind = (body.get("response_format") or {}).get("type", "text")
    if kind not in dialect.formats:
        return said_with(wordings.FORMAT_UNKNOWN, dialect.provider, kind)
    if not dialect.system and any(message["role"] == "system" for message in body.get("messages", ())):
        return said(wordings.SYSTEM_REFUSED, dialect.provider)
    return None


def _length(dialect: Dialect, body: Any) -> Refusal | None:
    size = sum(len(str(message["content"])) for message in body.get("messages", ()))
    if dialect.context_tokens is not None and size / 4 > dialect.context_tokens:
        return said(wordings.TOO_LONG, dialect.provider)
    return None


def _as_act(refusal: Refusal) -> Act:
    return Act(status=refusal.status, body=refusal.body)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Server"

    def do_POST(self) -> None:
        self._serve()

    def do_GET(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlsplit(self.path).path
        if path.startswith(CONTROL):
            self._answer(Act(raw=self._controlled(path.removeprefix(CONTROL), body)))
        elif path.endswith(COMPLETIONS) and self.command == "POST":
            self._complete(json.loads(body))
        else:
            self._answer(Act(status=404, raw="404 page not found"))

    def _controlled(self, verb: str, body: bytes) -> str:
        provider = self.server.provider
        match verb:
            case "/script":
                provider.play(Script.model_validate_json(body))
            case "/forget":
                provider.forget()
            case "/counts":
                return provider.counts().model_dump_json()
            case "/asked":
                return f"[{','.join(one.model_dump_json() for one in provider.asked(with_bodies=True))}]"
            case "/times":
                return f"[{','.join(one.model_dump_json() for one in provider.asked(with_bodies=False))}]"
        return "{}"

    def _complete(self, body: Any) -> None:
        provider = self.server.provider
        record = provider.begin(self.path, body, self.headers.get("Authorization"))
        status: int | None = None
        was_left = False
        try:
            act = provider.decide(record)
            time.sleep(act.seconds)
            if act.hang:
                self._wait_until_left()
            was_left = self._is_left()
            if not act.hang:
                self._answer(act, record)
                status = act.status
        except OSError:
            was_left = True
        finally:
            self.close_connection = self.close_connection or was_left
            provider.end(record, status, was_left=was_left)

    def _answer(self, act: Act, record: _Record | None = None) -> None:
        body = _body(act, record).encode()
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body))} | act.headers
        lines = [f"HTTP/1.1 {act.status} {_phrase(act.status)}", *(f"{name}: {text}" for name, text in headers.items())]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        if act.dribble is not None:
            self._write(head)
            for byte in body:
                time.sleep(act.dribble)
                self._write(bytes([byte]))
        elif act.cut_after is not None:
            self._write(head + body[: act.cut_after])
            self.close_connection = True
        else:
            # In one piece: two would wait for each other (Nagle and delayed acknowledgements).
            self._write(head + body)

    def _write(self, data: bytes) -> None:
        self.wfile.write(data)

    def _wait_until_left(self) -> None:
        while not self._is_left():
            select.select([self.connection], [], [], 60)

    def _is_left(self) -> bool:
        readable, _, _ = select.select([self.connection], [], [], 0)
        if not readable:
            return False
        try:
            return len(self.connection.recv(1, socket.MSG_PEEK)) == 0
        except OSError:
            return True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the standard library's
        """Nothing: tests ask what came."""


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Overloaded"


def _body(act: Act, record: _Record | None) -> str:
    if act.raw is not None:
        return act.raw
    if act.echo_key:
        key = record.authorization if record else None
        return json.dumps({"error": {"message": f"The key {key} is not accepted here.", "code": act.status}})
    if act.body is not None:
        return json.dumps(act.body)
    asked = record.body if record else {}
    message: dict[str, Any] = {"role": "assistant", "content": act.text}
    if act.refusal is not None:
        message["refusal"] = act.refusal
    words = sum(len(str(one["content"])) for one in asked.get("messages", ()))
    spoken = len(act.text or "")
    usage = {
        "prompt_tokens": words // 4 + 1,
        "completion_tokens": spoken // 4 + 1,
        "total_tokens": words // 4 + spoken // 4 + 2,
    }
    completion = {
        "id": f"chatcmpl-{record.number if record else 0}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": asked.get("model"),
        "choices": [{"index": 0, "message": message, "finish_reason": act.finish}],
        "usage": usage if act.usage is None else act.usage,
    }
    return json.dumps(completion)


class Server(ThreadingHTTPServer):
    """Listens on the loopback."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, host: str, port: int) -> None:
        self.provider = Provider()
        super().__init__((host, port), Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is what tests do on purpose."""
