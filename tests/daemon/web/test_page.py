"""The page: what it shows, what its forms do, and that nothing anybody wrote becomes a part of it."""

import html
import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import anyio
import pytest

from daemon.app import Parts
from tests.daemon.web.door import Door, door
from tests.exports import chatgpt_conversation, chatgpt_export
from tests.fakes import FakeExtractor

STATIC = Path(__file__).parents[3] / "daemon/web/static"
XSS = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>"
OURS = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}


class Elements(HTMLParser):
    """The elements of a page with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


async def import_with_a_failure(opened: Door, title: str = XSS) -> None:
    """A package with a conversation that failed, an upload with a strange name, and a file that cannot be imported."""
    async with opened.program() as program:
        await program.post("/api/packages", json={"name": "Ünï 1"})
        talk = chatgpt_conversation(
            "talk-1", [("user", "Hello"), ("assistant", "Hello")], datetime(2024, 3, 1, tzinfo=UTC), title
        )
        content = json.dumps([talk]).encode()
        await program.put("/api/packages/Ünï 1/uploads", params={"name": f"{XSS}.json"}, content=content)
        detail = (await program.get("/api/packages/Ünï 1", params={"wait": 60})).json()
        assert (detail["conversations"], len(detail["uploads"])) == (1, 1)


async def test_nothing_that_people_wrote_becomes_a_part_of_the_page(tmp_path: Path) -> None:
    extractor = FakeExtractor(fail={"talk-1"})
    async with door(tmp_path / "home", Parts(extractor=extractor)) as opened, opened.browser() as (browser, _token):
        await import_with_a_failure(opened)
        (tmp_path / "home/inbox" / f"{XSS.replace('/', '')}.json").touch()
        await opened.daemon.watcher.look()
        for path in ("/", "/fragments/shelf"):
            page = (await browser.get(path)).text
            assert page.count(html.escape("<img src=x onerror=alert(1)>")) >= 3
            elements = Elements(page)
            assert elements.of("img") == []
            assert [script.get("src") for script in elements.of("script")] in ([], ["/static/loom.js"])
            names = {name for _tag, attributes in elements.found for name in attributes}
            assert not [name for name in names if name.startswith("on") or name in ("style", "srcdoc")]


async def test_the_page_shows_packages_with_stages_failures_uploads_and_what_can_be_done(tmp_path: Path) -> None:
    extractor = FakeExtractor(fail={"talk-1"})
    async with door(tmp_path / "home", Parts(extractor=extractor)) as opened, opened.browser() as (browser, _token):
        await import_with_a_failure(opened, "Tuesday")
        page = (await browser.get("/")).text
        for text in ("Stages of Ünï 1", "completed with failures", "Retry 1 failed of significant", "Tuesday"):
            assert text in page
        assert "the provider refused talk-1" in page
        assert str(tmp_path / "home/inbox") in page
        assert "/api/packages/%C3%9Cn%C3%AF%201/export" in page
        captions = page.count("<caption>")
        assert captions == page.count("<table") > 1
        assert "Abort" not in page


async def test_a_form_retries_what_failed_without_a_script(tmp_path: Path) -> None:
    extractor = FakeExtractor(fail={"talk-1"})
    async with door(tmp_path / "home", Parts(extractor=extractor)) as opened, opened.browser() as (browser, _token):
        await import_with_a_failure(opened)
        page = (await browser.get("/")).text
        form = re.search(r'<form[^>]*action="([^"]*/retry)"[^>]*>(.*?)</form>', page, re.DOTALL)
        assert form is not None
        fields = {str(field["name"]): str(field["value"]) for field in Elements(form[2]).of("input")}
        extractor.fail.clear()
        answer = await browser.post(html.unescape(form[1]), data=fields, headers=OURS)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert (await opened.daemon.settled("Ünï 1")).state == "done"


async def test_what_a_form_cannot_do_is_told_on_a_page(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.browser() as (browser, token):
        await opened.daemon.create("wren")
        headers = OURS | {"Accept": "text/html"}
        answer = await browser.post("/actions/packages/wren/abort", data={"token": token}, headers=headers)
        assert answer.status_code == 409
        assert answer.headers["content-type"].startswith("text/html")
        assert "Nothing of wren is running." in answer.text
        unknown = await browser.post("/actions/packages/wren/burn", data={"token": token}, headers=headers)
        assert unknown.status_code == 422
        fields = {"token": token, "stage": "graph", "whole_stage": "true"}
        skipped = await browser.post("/actions/packages/wren/skip", data=fields, headers=headers)
        assert skipped.status_code == 303
        assert "Make graph after all" not in (await browser.get("/")).text


async def test_what_runs_can_be_aborted_from_the_page(tmp_path: Path) -> None:

    gate = anyio.Event()
    parts = Parts(extractor=FakeExtractor(gate=gate))
    async with door(tmp_path / "home", parts) as opened, opened.browser() as (browser, token):
        await opened.daemon.create("wren")
        with opened.daemon.events.listen() as events:
            async with opened.program() as program:
                await program.put("/api/packages/wren/uploads", params={"name": "a.json"}, content=chatgpt_export(1))
            async for _number, event in events:
                if event.kind == "stage_started" and event.data()["stage"] == "significant":
                    break
        assert "Abort significant" in (await browser.get("/fragments/shelf")).text
        await browser.post("/actions/packages/wren/abort", data={"token": token}, headers=OURS)
        assert "Continue significant" in (await browser.get("/fragments/shelf")).text
        gate.set()


async def test_a_home_without_packages_says_what_to_do(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.browser() as (browser, _token):
        assert "There is no package yet" in (await browser.get("/")).text


@pytest.mark.parametrize("name", ["loom.css", "loom.js", "icon.svg"])
async def test_what_the_page_needs_is_served_by_us(tmp_path: Path, name: str) -> None:
    async with door(tmp_path / "home") as opened, opened.browser() as (browser, _token):
        answer = await browser.get(f"/static/{name}")
        assert answer.status_code == 200
        assert f"/static/{name}" in (await browser.get("/")).text
        assert "://" not in answer.text.replace("http://www.w3.org/2000/svg", "")


def test_the_script_writes_no_markup() -> None:
    script = (STATIC / "loom.js").read_text()
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "srcdoc"):
        assert word not in script
