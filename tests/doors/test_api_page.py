"""docs/api.md: every command of it is documented by the daemon, and is answered well in the order of the page."""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from tests.doors.harness import Answer, DaemonProcess

ROOT = Path(__file__).resolve().parents[2]
ENDLESS = "/api/events"
"""Never ends; tests/daemon/web/test_events.py reads it."""


@dataclass(frozen=True)
class Curl:
    """One command of the page."""

    line: str
    method: str
    address: str
    body: str | None
    file: str | None

    @property
    def path(self) -> str:
        """The address without its query."""
        return urlsplit(self.address).path

    def ask(self, daemon: DaemonProcess) -> Answer:
        """Run it, in the place of curl."""
        body = None if self.body is None else json.loads(self.body)
        content = None if self.file is None else (ROOT / self.file).read_bytes()
        return daemon.ask(self.method, self.address, body=body, content=content)


def commands() -> Iterator[Curl]:
    """The commands of the page, in order."""
    page = (ROOT / "docs" / "api.md").read_text("utf-8")
    for block in re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        yield from (_read(line) for line in block.splitlines() if line.startswith("curl "))


def _read(line: str) -> Curl:
    given: dict[str, str] = {}
    words = iter(shlex.split(line)[1:])
    for word in words:
        if word in ("-G", "-N"):
            continue
        if word in ("-H", "-X", "-T", "-o", "--json", "--data-urlencode"):
            given[word] = next(words)
        else:
            given["address"] = word
    assert given["-H"] == "$AUTH", line
    address = given["address"].removeprefix("$LOOM")
    if "--data-urlencode" in given:
        name, _, value = given["--data-urlencode"].partition("=")
        address += f"?{name}={quote(value, safe='')}"
    usual = "PUT" if "-T" in given else "POST" if "--json" in given else "GET"
    return Curl(line, given.get("-X", usual), address, given.get("--json"), given.get("-T"))


def test_every_command_of_the_page_is_in_the_openapi_document_and_succeeds_in_order(daemon: DaemonProcess) -> None:
    document = daemon.api("GET", "/api/openapi.json")
    ran = 0
    for curl in commands():
        assert _is_documented(document, curl), curl.line
        if curl.path != ENDLESS:
            answer = curl.ask(daemon)
            assert answer.status < 400, f"{curl.line}\n{answer.body!r}"
            ran += 1
    assert ran >= 30


def _is_documented(document: dict[str, Any], curl: Curl) -> bool:
    for path, operations in document["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), curl.path) and curl.method.lower() in operations:
            operation = operations[curl.method.lower()]
            known = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
            asked = {pair.partition("=")[0] for pair in urlsplit(curl.address).query.split("&") if pair}
            return asked <= known
    return False
