"""The pages of review: what their forms do without a script, and that nothing anybody wrote becomes a part of them."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode

import httpx2

from tests.daemon.web.test_review_api import API, change, filled, first_message, ids, settled

LIST = "/packages/wren/conversations"
OURS = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
XSS = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>"


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


async def send(browser: httpx2.AsyncClient, token: str, act: str, *fields: tuple[str, str]) -> httpx2.Response:
    """A form as a browser without a script sends it."""
    body = urlencode([("token", token), *fields])
    headers = {**OURS, "Content-Type": "application/x-www-form-urlencoded"}
    return await browser.post(f"/actions{LIST}/{act}", content=body, headers=headers)


async def test_nothing_that_people_wrote_becomes_a_part_of_the_pages(tmp_path: Path) -> None:
    async with filled(tmp_path / "home", XSS, "x") as (opened, program), opened.browser() as (browser, _token):
        await change(program, choice={}, tag=[XSS[:60]])
        await program.put(f"{API}/tag-sets", json={"name": XSS[:60], "tags": {XSS[:60]: "red"}})
        read = urlencode({"id": XSS})
        search = urlencode({"q": "many"})
        for path in ("", f"/read?{read}", f"/read?{read}&plain=1", f"/search?{search}", "/tags"):
            page = await browser.get(f"{LIST}{path}")
            assert page.status_code == 200
            elements = Elements(page.text)
            assert {image.get("src") for image in elements.of("img")} == {"/static/icon.svg"}, path
            assert all((script.get("src") or "").startswith("/static/") for script in elements.of("script")), path
            assert not [tag for tag, attributes in elements.found if "onerror" in attributes or "style" in attributes]


async def test_a_form_changes_what_is_ticked_or_all_that_fits(tmp_path: Path) -> None:
    async with filled(tmp_path / "home") as (opened, program), opened.browser() as (browser, token):
        ticked = (("id", "owls"), ("id", "bread"), ("of", "ticked"), ("do", "tag"), ("tag", "later"))
        answer = await send(browser, token, "change", *ticked)
        assert (answer.status_code, answer.headers["location"]) == (303, LIST)
        assert await ids(program, tag="later") == ["owls", "bread"]
        await send(browser, token, "change", ("query", "tag=later"), ("of", "all"), ("do", "exclude"))
        assert await ids(program, excluded="true") == ["owls", "bread"]
        nothing = await send(browser, token, "change", ("do", "tag"), ("tag", " "))
        assert nothing.status_code == 422


async def test_a_form_says_how_many_were_changed(tmp_path: Path) -> None:
    async with filled(tmp_path / "home") as (opened, program), opened.browser() as (browser, token):
        await change(program, ids=["owls"], excluded=True)
        headers = {**OURS, "Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        body = urlencode({"token": token, "of": "all", "do": "exclude"})
        answer = await browser.post(f"/actions{LIST}/change", content=body, headers=headers)
        assert answer.json() == {"go": LIST, "said": "3 conversations excluded. 1 needed no change."}


async def test_an_address_of_a_list_is_the_same_for_the_same_list(tmp_path: Path) -> None:
    async with filled(tmp_path / "home") as (opened, _program), opened.browser() as (browser, _token):
        sent = await browser.get(f"{LIST}?text=owls+are&platform=&since=&sort=date")
        assert (sent.status_code, sent.headers["location"]) == (303, f"{LIST}?text=owls+are")
        assert (await browser.get(sent.headers["location"])).status_code == 200
        assert (await browser.get(f"{LIST}?since=soon")).status_code == 422


async def test_line_ends_of_a_message_that_is_saved_untouched_stay_as_they_came(tmp_path: Path) -> None:
    async with filled(tmp_path / "home", "a\nb") as (opened, program), opened.browser() as (browser, token):
        message = await first_message(program, "a\nb")
        where = (("id", "a\nb"), ("message", message))
        await send(browser, token, "edit", *where, ("content", "Tell me of a\r\nb"))
        assert await ids(program, edited="true") == []
        await send(browser, token, "edit", *where, ("content", "Other\r\nwords"))
        assert await ids(program, edited="true") == ["a\nb"]
        await send(browser, token, "undo", *where)
        assert await ids(program, edited="true") == []


async def test_the_review_ends_with_a_commit_only_when_no_memories_are_wanted(tmp_path: Path) -> None:
    async with filled(tmp_path / "home", pause=True) as (opened, program), opened.browser() as (browser, token):
        assert "The package waits for you" in (await browser.get(LIST)).text
        await send(browser, token, "commit-only")
        assert (await settled(program))["waits_for"] == "Continue: it was to stop after commit"
        assert "The package waits for you" not in (await browser.get(LIST)).text


async def test_a_package_without_conversations_teaches_the_first_step(tmp_path: Path) -> None:
    async with filled(tmp_path / "home") as (opened, program), opened.browser() as (browser, _token):
        await program.post("/api/packages", json={"name": "empty"})
        assert "No conversations yet" in (await browser.get("/packages/empty/conversations")).text
        assert (await browser.get("/packages/nobody/conversations")).status_code == 404
