"""A page while much happens: what it does is bounded by time, and not by how much happens (issue: long tasks)."""

from collections.abc import Iterator

import pytest
from playwright.async_api import Browser, expect

from tests.browser.harness import Stage, SteeredDaemon
from tests.browser.world import SAMPLE
from tests.diaries import diary_export
from tests.doors.harness import until

pytestmark = pytest.mark.slow

TALKS = 120
WATCH = """() => {
    window.loom = { began: performance.now(), told: 0, turns: 0, changes: 0 };
    // What the page tells other tabs is what it was told.
    new BroadcastChannel("loom-events").onmessage = ({ data }) => { window.loom.told += data.type === "event" };
    new MutationObserver((changes) => { window.loom.turns += 1; window.loom.changes += changes.length; })
        .observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
}"""
SEEN = """() => {
    const looks = {};
    for (const { name } of performance.getEntriesByType("resource")) {
        if (name.includes("/fragments/")) looks[name] = (looks[name] ?? 0) + 1;
    }
    return { ...window.loom, looks, seconds: (performance.now() - window.loom.began) / 1000 };
}"""
PAINTED = """async (picture) => {
    let painted = 0;
    const { clearRect } = CanvasRenderingContext2D.prototype;
    CanvasRenderingContext2D.prototype.clearRect = function (...box) { painted += 1; clearRect.apply(this, box); };
    const box = picture.getBoundingClientRect();
    for (let number = 0; number < 500; number++) {
        const at = { clientX: box.x + (number % box.width), clientY: box.y + ((7 * number) % box.height) };
        picture.dispatchEvent(new PointerEvent("pointermove", at));
        picture.dispatchEvent(new WheelEvent("wheel", { ...at, deltaY: 3, ctrlKey: true, cancelable: true }));
    }
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    return painted;
}"""


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SteeredDaemon]:
    """A daemon that is about to make memories of many conversations, and waits to be let go on."""
    with SteeredDaemon(tmp_path_factory.mktemp("load") / "home") as daemon:
        daemon.start().wait_ready()
        daemon.drop(SAMPLE.read_bytes(), "conversations.json", "wren")
        daemon.wait_settled("wren")
        daemon.steer(hold=["*"])
        daemon.api("POST", "/api/packages", body={"name": "default"})
        daemon.drop(diary_export(TALKS, turns=2), "conversations.json", "default")
        until(lambda: daemon.package("default")["stages"][3]["status"] == "running" or None, "the stage to run")
        yield daemon


async def test_however_much_happens_a_page_looks_at_each_of_its_parts_once_a_second_at_most(
    busy: SteeredDaemon, browser: Browser
) -> None:
    async with Stage(busy, browser).person() as person:
        stage = Stage(busy, browser)
        pages = [await stage.enter(person, path) for path in ("/packages/default", "/", "/packages/default/memories")]
        first = pages[0]
        await first.bring_to_front()
        await first.evaluate(WATCH)
        busy.steer()
        await expect(first.locator("#step-graph")).to_have_attribute("data-state", "completed")
        seen = await first.evaluate(SEEN)

    assert seen["told"] > 2 * sum(seen["looks"].values()), seen
    assert all(looks <= seen["seconds"] + 1 for looks in seen["looks"].values()), seen
    # One turn for each look, and a few for the connection and the times.
    assert seen["turns"] <= sum(seen["looks"].values()) + 5, seen


async def test_however_often_the_picture_is_moved_it_is_painted_once_a_frame(
    busy: SteeredDaemon, browser: Browser
) -> None:
    async with Stage(busy, browser).page("/packages/wren/graph") as page:
        await expect(page.locator("#picture-note")).to_contain_text("nodes")
        await page.locator("#picture").focus()

        assert await page.locator("#picture").evaluate(PAINTED) <= 3
