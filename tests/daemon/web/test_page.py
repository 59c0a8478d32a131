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
from daemon.service.starts import SafeMode, Start
from packages_store.model import Repair
from tests.daemon.web.door import Door, door, repairing_door
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


PAGES = (
    "/",
    "/fragments/shelf",
    "/fragments/drop-folder",
    "/packages/Ünï 1",
    "/fragments/packages/Ünï 1",
    "/fragments/packages/Ünï 1/happened",
    "/packages/Ünï 1/failed/significant",
    "/fragments/packages/Ünï 1/failed/significant",
    "/packages/Ünï 1/plan",
    "/fragments/packages/Ünï 1/costs",
    "/settings",
    "/settings/doctor",
    "/fragments/engine",
    "/fragments/trash",
)
PATH = "/packages/%C3%9Cn%C3%AF%201"


def form_in(page: str, action: str) -> tuple[str, dict[str, str]]:
    """The address of the first form whose action ends so, and its fields as they stand."""
    form = re.search(rf'<form[^>]*action="([^"]*/{action})"[^>]*>(.*?)</form>', page, re.DOTALL)
    assert form is not None, action
    fields = {str(field["name"]): str(field["value"]) for field in Elements(form[2]).of("input")}
    return html.unescape(form[1]), fields


async def test_nothing_that_people_wrote_becomes_a_part_of_a_page(tmp_path: Path) -> None:
    extractor = FakeExtractor(fail={"talk-1"})
    async with door(tmp_path / "home", Parts(extractor=extractor)) as opened, opened.browser() as (browser, _token):
        await import_with_a_failure(opened)
        (tmp_path / "home/inbox" / f"{XSS.replace('/', '')}.json").touch()
        await opened.daemon.watcher.look()
        shown = 0
        for path in PAGES:
            page = (await browser.get(path)).text
            shown += page.count(html.escape("<img src=x onerror=alert(1)>"))
            elements = Elements(page)
            assert [image.get("src") for image in elements.of("img")] in ([], ["/static/icon.svg"])
            assert {script.get("src") for script in elements.of("script")} <= {"/static/js/main.js"}
            names = {name for _tag, attributes in elements.found for name in attributes}
            assert not [name for name in names if name.startswith("on") or name in ("style", "srcdoc")]
            assert not elements.of("style")
        assert shown >= 8


async def test_every_page_and_fragment_is_there_and_a_fragment_is_a_part_of_its_page(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.browser() as (browser, _token):
        await opened.daemon.create("Ünï 1")
        for path in PAGES:
            answer = await browser.get(path)
            assert answer.status_code == 200, path
            elements = Elements(answer.text)
            ids = [attributes["id"] for _tag, attributes in elements.found if "id" in attributes]
            assert len(ids) == len(set(ids)), path
            for _tag, attributes in elements.found:
                if "data-fragment" in attributes:
                    part = Elements((await browser.get(str(attributes["data-fragment"]))).text)
                    assert part.found[0][1]["id"] == attributes["id"]
                    assert attributes["data-on"]


async def test_the_page_of_a_package_shows_stages_failures_files_and_what_can_be_done(tmp_path: Path) -> None:
    extractor = FakeExtractor(fail={"talk-1"})
    async with door(tmp_path / "home", Parts(extractor=extractor)) as opened, opened.browser() as (browser, _token):
        await import_with_a_failure(opened, "Tuesday")
        shelf = (await browser.get("/")).text
        page = (await browser.get(PATH)).text
        for text in ("completed, some failed", "Retry 1 failed conversation", "Tuesday", "the provider refused talk-1"):
            assert text in page
        assert str(tmp_path / "home/inbox") in shelf
        assert "1 item failed" in shelf
        assert "/api/packages/%C3%9Cn%C3%AF%201/export" in page
        assert page.count("<caption") == page.count("<table") == 1
        assert "Stop " not in page
        all_of_them = (await browser.get(f"{PATH}/failed/significant")).text
        assert "Retry all 1" in all_of_them
        assert "Tuesday" in all_of_them


async def test_a_form_retries_what_failed_without_a_script(tmp_path: Path) -> None:
    extractor = FakeExtractor(fail={"talk-1"})
    async with door(tmp_path / "home", Parts(extractor=extractor)) as opened, opened.browser() as (browser, _token):
        await import_with_a_failure(opened)
        action, fields = form_in((await browser.get(PATH)).text, "retry")
        extractor.fail.clear()
        answer = await browser.post(action, data=fields, headers=OURS)
        assert (answer.status_code, answer.headers["location"]) == (303, PATH)
        assert (await opened.daemon.settled("Ünï 1")).state == "done"


async def test_a_script_is_told_where_to_go_and_what_to_say(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.browser() as (browser, token):
        headers = OURS | {"Accept": "application/json"}
        answer = await browser.post("/actions/packages", data={"token": token, "name": "wren"}, headers=headers)
        assert answer.json() == {"go": "/packages/wren", "said": "wren is there."}
        refused = await browser.post("/actions/packages/wren/abort", data={"token": token}, headers=headers)
        assert (refused.status_code, refused.json()["detail"]) == (409, "Nothing of wren is running.")


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
        assert "Make the graph after all" in (await browser.get("/packages/wren")).text


async def test_what_runs_can_be_stopped_from_the_page(tmp_path: Path) -> None:
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
        assert "Stop significant memories" in (await browser.get("/fragments/packages/wren")).text
        await browser.post("/actions/packages/wren/abort", data={"token": token}, headers=OURS)
        assert "Continue significant memories" in (await browser.get("/fragments/packages/wren")).text
        assert "Continue significant memories" in (await browser.get("/fragments/shelf")).text
        gate.set()


async def test_a_form_leads_back_to_our_own_pages_only(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.browser() as (browser, token):
        for back in ("https://evil.example/", "//evil.example/", "/\\evil.example", "settings"):
            fields = {"token": token, "theme": "dark", "back": back}
            answer = await browser.post("/actions/theme", data=fields, headers=OURS)
            assert (answer.status_code, answer.headers["location"]) == (303, "/")


async def test_the_chosen_colours_stay(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.browser() as (browser, token):
        assert '<html lang="en" data-theme="auto">' in (await browser.get("/")).text
        await browser.post("/actions/theme", data={"token": token, "theme": "dark", "back": "/"}, headers=OURS)
        assert '<html lang="en" data-theme="dark">' in (await browser.get("/settings")).text
        await browser.post("/actions/theme", data={"token": token, "theme": "neon"}, headers=OURS)
        assert '<html lang="en" data-theme="auto">' in (await browser.get("/")).text


async def test_changed_settings_are_kept_and_what_depends_on_them_is_made_anew(tmp_path: Path) -> None:
    extractor = FakeExtractor()
    async with door(tmp_path / "home", Parts(extractor=extractor)) as opened, opened.browser() as (browser, _token):
        await import_with_a_failure(opened)
        extractor.asked.clear()
        action, fields = form_in((await browser.get(PATH)).text, "settings")
        changed = {key: value for key, value in fields.items() if key != "pause_before_commit"} | {
            "entity_name": "Wren"
        }
        assert (await browser.post(action, data=changed, headers=OURS)).status_code == 303
        await opened.daemon.settled("Ünï 1")
        assert "talk-1" in extractor.asked
        assert 'value="Wren"' in (await browser.get(PATH)).text
        extractor.asked.clear()
        await browser.post(action, data=changed, headers=OURS)
        assert (await opened.daemon.settled("Ünï 1")).state == "done"
        assert extractor.asked == []


async def test_settings_that_cannot_be_are_refused_and_change_nothing(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program:
        await opened.daemon.create("wren")
        path = "/api/packages/wren/settings"
        for given in ({"time_zone": "Mars/Olympus"}, {"api_key": "sk-1"}, {"engine": "magic"}):
            assert (await program.put(path, json=given)).status_code == 422
        answer = await program.put(path, json={"user_pronouns": "they/them"})
        assert (answer.json()["changed"], answer.json()["settings"]["user_pronouns"]) == (
            ["user_pronouns"],
            "they/them",
        )


async def test_a_budget_is_set_from_the_page_and_nonsense_is_refused(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.browser() as (browser, token):
        await opened.daemon.create("wren")
        action = "/actions/packages/wren/budget"
        for typed, shown in (("$2.5", "2.50"), ("none", ""), ("", "")):
            answer = await browser.post(action, data={"token": token, "budget": typed}, headers=OURS)
            assert answer.status_code == 303
            assert f'name="budget" type="text" value="{shown}"' in (await browser.get("/packages/wren")).text
        for typed in ("much", "-1", "nan", "inf"):
            answer = await browser.post(action, data={"token": token, "budget": typed}, headers=OURS)
            assert (answer.status_code, typed) == (422, typed)


async def test_a_package_is_deleted_by_typing_its_name_and_can_be_restored(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.browser() as (browser, token):
        await import_with_a_failure(opened)
        action = f"/actions{PATH}/delete"
        wrong = await browser.post(action, data={"token": token, "typed": "Uni 1"}, headers=OURS)
        assert wrong.status_code == 422
        assert (await browser.get(PATH)).status_code == 200
        assert (await browser.post(action, data={"token": token, "typed": "Ünï 1"}, headers=OURS)).status_code == 303
        assert (await browser.get(PATH)).status_code == 404
        assert not (tmp_path / "home/packages/Ünï 1").exists()
        restore, fields = form_in((await browser.get("/settings")).text, "restore")
        answer = await browser.post(restore, data=fields, headers=OURS)
        assert (answer.status_code, answer.headers["location"]) == (303, PATH)
        assert (await opened.daemon.settled("Ünï 1")).conversations == 1


async def test_the_engine_is_set_up_and_its_key_is_never_shown_again(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.browser() as (browser, token):
        assert "Nothing is sent anywhere" in (await browser.get("/settings")).text
        wrong = {"token": token, "preset": "", "base_url": "ftp://example", "model": ""}
        assert (await browser.post("/actions/engine", data=wrong, headers=OURS)).status_code == 422
        chosen = {"token": token, "preset": "openai", "base_url": "", "model": "gpt-test", "budget_per_package": "2"}
        assert (await browser.post("/actions/engine", data=chosen, headers=OURS)).status_code == 303
        assert "This provider wants a key" in (await browser.get("/settings")).text
        secret = {"token": token, "key": "sk-CANARY-0123456789abcdef"}
        assert (await browser.post("/actions/engine/key", data=secret, headers=OURS)).status_code == 303
        page = (await browser.get("/settings")).text
        assert "It is never shown." in page
        assert "CANARY" not in page
        forgotten = await browser.post("/actions/engine/forget-key", data={"token": token}, headers=OURS)
        assert forgotten.status_code == 303
        assert "This provider wants a key" in (await browser.get("/settings")).text


async def test_in_safe_mode_the_page_says_that_nothing_is_worked_on_and_how_to_go_on(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.browser() as (browser, _token):
        opened.daemon.enter_safe_mode(SafeMode((Start("2026-01-01T00:00:00.000Z", 1),)))
        page = (await browser.get("/")).text
        assert "Nothing is worked on just now." in page
        action, fields = form_in(page, "resume-all")
        assert (await browser.post(action, data=fields, headers=OURS)).status_code == 303
        assert "Nothing is worked on" not in (await browser.get("/")).text


async def test_a_repair_is_told_until_it_has_been_seen(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.browser() as (browser, _token):
        await opened.daemon.create("wren")
        note = Repair("2026-01-01T00:00:00.000Z", "daily", "It said running.", "It is aborted now.", "Nothing to do.")
        await opened.daemon.change("wren", "repairs", lambda package: package.progress.note_repairs([note]))
        page = (await browser.get("/")).text
        assert "1 thing was found broken and repaired" in page
        action, fields = form_in(page, "seen")
        assert (await browser.post(action, data=fields, headers=OURS)).status_code == 303
        assert "found broken" not in (await browser.get("/")).text
        assert "It said running." in (await browser.get("/settings")).text


async def test_what_was_put_away_stands_behind_the_others(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.browser() as (browser, token):
        for name in ("alma", "bodo"):
            await opened.daemon.create(name)
        fields = {"token": token, "archived": "yes"}
        await browser.post("/actions/packages/alma/archive", data=fields, headers=OURS)
        page = (await browser.get("/")).text
        assert page.index("package-bodo") < page.index("package-alma")
        assert "Put away" in page


async def test_a_home_without_packages_says_what_to_do(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.browser() as (browser, _token):
        assert "There is no package yet" in (await browser.get("/")).text


async def test_a_long_shelf_has_pages(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.browser() as (browser, _token):
        for number in range(51):
            (tmp_path / f"home/packages/p{number:02}").mkdir(0o700)
        first, second = [(await browser.get(f"/?page={page}")).text for page in (1, 2)]
        assert first.count("<article") == 50
        assert second.count("<article") == 1
        assert "/?page=2" in first
        assert "/fragments/shelf?page=2" in second


@pytest.mark.parametrize("file", sorted(path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*.*")))
async def test_what_the_page_needs_is_served_by_us(tmp_path: Path, file: str) -> None:
    async with repairing_door(tmp_path / "home") as opened, opened.program() as program:
        answer = await program.get(f"/static/{file}")
        assert answer.status_code == 200
        assert "://" not in answer.text.replace("http://www.w3.org/2000/svg", "")


def test_no_script_writes_markup() -> None:
    for script in STATIC.rglob("*.js"):
        text = script.read_text("utf-8")
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "srcdoc", '"style"'):
            assert word not in text, script.name
