"""Nothing that people, exports or models wrote is ever executed (R-68): payloads everywhere, every page opened."""

from collections import Counter
from collections.abc import Iterator
from urllib.parse import quote, urljoin, urlsplit

import pytest
from playwright.async_api import Browser

from tests.browser.harness import Stage
from tests.browser.payloads import MULTIPLIED, PAYLOADS, chatgpt, loom_standard
from tests.doors.harness import DaemonProcess
from tests.provider.harness import FakeProvider
from tests.provider.script import Script

pytestmark = pytest.mark.slow

OFFLINE, SCRIPTED = "offline", "scripted"
SETTINGS = ("entity_name", "user_name", "entity_pronouns", "user_pronouns", "relationship_context", "context_notes",
            "platform")  # fmt: skip
ALIKE, AT_ONE_PATH = 2, 8
"""So many pages of one shape are opened, and of one path: of forty conversations the first, and not all."""

_CANARY = """
    const hit = (what) => console.error(`EXECUTED ${what}`);
    for (const name of ["loomHit", "alert", "confirm", "prompt", "print", "open"]) {
        Object.defineProperty(window, name, { value: hit, writable: false });
    }
"""
_FOREIGN = """() => [...document.querySelectorAll("*")].flatMap((element) =>
    [...element.attributes].filter(({ name, value }) =>
        name.startsWith("on") || name === "style" || name === "srcdoc"
        || (["href", "src", "action", "formaction", "data", "xlink:href"].includes(name)
            && !["http:", "https:", "blob:"].includes(new URL(value, location.href).protocol))
    ).map(({ name, value }) => `<${element.localName} ${name}="${value}">`)
).concat([...document.querySelectorAll("script:not([src]), style, iframe, base, meta[http-equiv], object, embed, math")]
    .map((element) => element.outerHTML.slice(0, 200)))"""
"""What no template of ours makes: handlers, styles, addresses that are no addresses, elements that load or run."""
_LINKS = "() => [...document.querySelectorAll('a[href], form[method=get]')].map((each) => each.href || each.action)"
_FRAGMENTS = """async () => {
    const live = await import("/static/js/live.js");
    const parts = [...document.querySelectorAll("[data-fragment]")];
    await Promise.all(parts.map((part) => live.refresh(part)));
}"""


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeProvider]:
    with FakeProvider() as started:
        started.play(Script(content="tests.browser.payloads:answer"))
        yield started


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory, provider: FakeProvider) -> Iterator[DaemonProcess]:
    """A daemon whose packages, one for each engine, hold payloads wherever a text can be handed in."""
    env = {"LOOM_ENGINE__BASE_URL": provider.base_url, "LOOM_ENGINE__MODEL": f"model {PAYLOADS[3]}"}
    with DaemonProcess(tmp_path_factory.mktemp("xss") / "home", env) as process:
        process.start().wait_ready()
        _fill(process, OFFLINE, {"engine": "offline", "pause_before_commit": False})
        _fill(process, SCRIPTED, {"engine": "llm", "budget": "none", "ask_before_paid": False})
        for number, payload in enumerate(PAYLOADS):
            process.drop(b"not a chat", f"{payload.replace('/', '∕')[:60]}{number}.json")
        process.api("POST", "/api/drop-folder/scan")
        yield process


def _fill(daemon: DaemonProcess, name: str, settings: dict[str, object]) -> None:
    people = dict(zip(SETTINGS, PAYLOADS, strict=False))
    daemon.api("POST", "/api/packages", body={"name": name, "config": people | settings})
    exports = {"loom.json": loom_standard(), "conversations.json": chatgpt(), "neither.bin": b"nothing that we read"}
    for number, (file, content) in enumerate(exports.items()):
        called = quote(f"{PAYLOADS[number]} {file}", safe="")
        daemon.api("PUT", f"/api/packages/{name}/uploads?name={called}", content=content)
    daemon.wait_settled(name, uploads=len(exports))
    _by_hand(daemon, f"/api/packages/{name}")
    daemon.wait_settled(name, uploads=len(exports))


def _by_hand(daemon: DaemonProcess, package: str) -> None:
    """What a person may write: tags, sets of tags, another text of a message, a memory and a node."""
    tags = [payload[:40] for payload in PAYLOADS[:4]]
    daemon.api("POST", f"{package}/conversations/change", body={"choice": {}, "tag": tags})
    daemon.api("PUT", f"{package}/tag-sets", body={"name": PAYLOADS[0], "tags": dict.fromkeys(tags, "red")})
    memories = daemon.api("GET", f"{package}/memories")["memories"]
    nodes = daemon.api("GET", f"{package}/graph/nodes")["nodes"]
    assert len(memories) >= len(PAYLOADS)
    assert len(nodes) >= 3
    edit = {"id": memories[0]["id"], "text": "\n\n".join(PAYLOADS), "title": PAYLOADS[1]}
    daemon.api("PUT", f"{package}/memories/one", body=edit)
    daemon.api("DELETE", f"{package}/memories/one?id={quote(memories[1]['id'], safe='')}")
    edit = {"act": "rename", "node": nodes[0]["id"], "text": PAYLOADS[2]}
    daemon.api("POST", f"{package}/graph/edits", body=edit)


@pytest.fixture
def stage(daemon: DaemonProcess, browser: Browser) -> Stage:
    return Stage(daemon, browser)


async def test_no_page_executes_anything_that_somebody_wrote(stage: Stage) -> None:
    asked = quote(PAYLOADS[2], safe="")
    waiting = ["/", "/settings", "/settings/doctor", f"/packages/{asked}", f"/{asked}"]
    for name in (OFFLINE, SCRIPTED):
        waiting += [
            f"/packages/{name}/{page}"
            for page in (f"memories?q={asked}", f"conversations?text={asked}", f"conversations/search?q={asked}",
                         f"graph?q={asked}", "plan", "conversations/tags", "memories/held-back", "memories/deleted")
        ]  # fmt: skip
    opened: Counter[str] = Counter()
    seen: set[str] = set()
    shown = ""
    async with stage.person(color_scheme="light") as person:
        await person.add_init_script(_CANARY)
        page = await stage.enter(person)
        while waiting:
            address = urljoin(stage.daemon.address, waiting.pop(0)).partition("#")[0]
            path, shape = urlsplit(address).path, _shape(address)
            enough = opened[path] >= AT_ONE_PATH or opened[shape] >= ALIKE
            if address in seen or enough or not _is_page(address, stage.daemon.address):
                continue
            seen.add(address)
            opened.update((path, shape))
            await page.goto(address)
            await page.evaluate(_FRAGMENTS)
            assert await page.evaluate(_FOREIGN) == [], address
            assert await page.locator("#main, main").first.is_visible(), address
            text = await page.inner_text("body")
            assert MULTIPLIED not in text.replace(",", ""), address
            shown += text
            waiting += await page.evaluate(_LINKS)
    for payload in PAYLOADS[:5]:
        assert payload in shown, f"no page shows {payload}"
    assert len(opened) >= 60, opened  # it did not stop early


def _shape(address: str) -> str:
    """What pages of one kind share: the path, and which parameters there are."""
    parts = urlsplit(address)
    keys = sorted(pair.partition("=")[0] for pair in parts.query.split("&") if pair)
    return f"{parts.path}?{'&'.join(keys)}"


def _is_page(address: str, origin: str) -> bool:
    return address.startswith(f"{origin}/") and not urlsplit(address).path.startswith(
        ("/api/", "/static/", "/actions/")
    )
