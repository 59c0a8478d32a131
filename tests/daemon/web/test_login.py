"""Logging in (R-61): one-time links, and sessions that only this home knows."""

from pathlib import Path

import pytest

from daemon.web.login import Logins
from tests.clocks import FakeClock
from tests.daemon.web.door import door, repairing_door


async def test_a_link_logs_one_browser_in_once(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program, opened.client() as browser:
        link = (await program.post("/api/login-links")).json()["link"]
        assert link.startswith("http://127.0.0.1:8377/login?once=")
        entered = await browser.get(link)
        assert (entered.status_code, entered.headers["location"]) == (303, "/")
        assert (await browser.get("/")).status_code == 200
        async with opened.client() as second:
            again = await second.get(link)
            assert again.status_code == 403
            assert "set-cookie" not in again.headers
            assert "loom login" in again.text


async def test_the_cookie_is_closed_to_scripts_and_other_sites_and_named_after_the_home(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program, opened.client() as browser:
        entered = await browser.get((await program.post("/api/login-links")).json()["link"])
        name, _, rest = entered.headers["set-cookie"].partition("=")
        assert name == Logins(opened.daemon.token, opened.clock.monotonic).cookie
        assert name != Logins("the token of another home", opened.clock.monotonic).cookie
        value, *attributes = rest.split("; ")
        assert {attribute.lower() for attribute in attributes} == {"httponly", "samesite=strict", "path=/"}
        assert opened.daemon.token not in value


async def test_a_link_is_good_for_ten_minutes(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program, opened.client() as browser:
        link = (await program.post("/api/login-links")).json()["link"]
        opened.clock.advance(600)
        assert (await browser.get(link)).status_code == 403


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT"])
async def test_only_following_a_link_uses_it_up(tmp_path: Path, method: str) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program, opened.client() as browser:
        link = (await program.post("/api/login-links")).json()["link"]
        assert (await browser.request(method, link)).status_code == 401
        assert (await browser.get(link)).status_code == 303


async def test_a_browser_cannot_make_links_for_others_without_the_token_of_its_page(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.browser() as (browser, _token):
        assert (await browser.post("/api/login-links")).status_code == 403


async def test_a_session_outlives_the_daemon_and_ends_with_the_token_of_the_home(tmp_path: Path) -> None:
    async with repairing_door(tmp_path / "home") as opened, opened.browser() as (browser, _token):
        cookies = dict(browser.cookies)
    async with repairing_door(tmp_path / "home") as opened, opened.client(cookies=cookies) as browser:
        assert (await browser.get("/")).status_code == 200
    (tmp_path / "home/token").unlink()
    async with repairing_door(tmp_path / "home") as opened, opened.client(cookies=cookies) as browser:
        assert (await browser.get("/")).status_code == 401


def test_only_the_latest_hundred_links_are_remembered() -> None:
    logins = Logins("token", FakeClock().monotonic)
    links = [logins.make_link() for _ in range(101)]
    assert logins.enter(links[0]) is None
    assert logins.enter(links[1]) is not None


def test_every_browser_has_a_session_and_a_page_token_of_its_own() -> None:
    logins = Logins("token", FakeClock().monotonic)
    values = [logins.enter(logins.make_link()) or "" for _ in range(2)]
    sessions = [logins.session(value) for value in values]
    assert None not in sessions
    assert len({session.token for session in sessions if session}) == 2
    assert logins.session(f"{values[0].rpartition('.')[0]}.{values[1].rpartition('.')[2]}") is None


def test_any_text_is_a_question_and_no_error() -> None:
    logins = Logins("token", FakeClock().monotonic)
    for text in ("", "ü", "\udcff", "\0", "x" * 100_000):
        assert not logins.is_token(text)
        assert logins.enter(text) is None
        assert logins.session(text) is None
