"""Barriers: what keeps somebody out who does not see the page, uses no mouse, or reads it very large (WCAG 2.2 AA).

axe-core finds most of them. What it cannot find is looked for here: that everything is reached with Tab and shows that
it has the focus, that nothing is wider than 320 pixels, and that nothing moves for those who asked for that.
"""

import importlib.resources
from collections.abc import Mapping
from typing import Any, Literal

from playwright.async_api import Page, ViewportSize

from tests.browser.harness import NARROW, WIDE

LEAST: ViewportSize = {"width": 320, "height": 800}
"""As narrow as a page must work (WCAG 1.4.10): 1280 pixels, enlarged to 400 %."""
Scheme = Literal["light", "dark"]

_AXE = importlib.resources.files("axe_playwright_python") / "axe.min.js"
_OF_ALL: dict[str, Any] = {
    "resultTypes": ["violations"],
    # Off unless asked for: 24 pixels for everything that is pressed (WCAG 2.5.8).
    "rules": {"target-size": {"enabled": True}},
}
_OF_COLOURS: dict[str, Any] = {"resultTypes": ["violations"], "runOnly": ["color-contrast", "link-in-text-block"]}
_LOOKS: tuple[tuple[Scheme, ViewportSize, dict[str, Any]], ...] = (
    ("light", WIDE, _OF_ALL),
    ("dark", WIDE, _OF_COLOURS),
    ("dark", NARROW, _OF_ALL),
)
"""Every rule in both schemes and both sizes. Only colours differ in the dark: one look there needs no other rules."""
_RUN_AXE = "(options) => axe.run(document, options)"
_PAINTED = """(scheme) => new Promise((done) => {
    const query = matchMedia(`(prefers-color-scheme: ${scheme})`);
    const look = () => requestAnimationFrame(query.matches ? () => requestAnimationFrame(done) : look);
    look();
})"""
"""Resolves when the colours of a scheme are painted: axe must not see half of each."""
_WIDER = """() => {
    const most = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= most) return [];
    return [...document.body.querySelectorAll("*")]
        .filter((each) => each.getBoundingClientRect().right > most + 0.5 && !each.closest(".wide"))
        .map((each) => each.outerHTML.slice(0, 160));
}"""
"""What sticks out. Tables, and pictures of many days, may scroll in a frame of their own: they need two dimensions."""
_SET_WIDE = """() => {
    const sheet = new CSSStyleSheet();
    const wide = "line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important";
    sheet.replaceSync(`* { ${wide} }`);
    document.adoptedStyleSheets = [sheet];
}"""
_MOVING = """() => document.getAnimations()
    .filter((each) => each.playState === "running" && each.effect.getComputedTiming().activeDuration > 100)
    .map((each) => each.effect.target.outerHTML.slice(0, 160))"""
_SHOWN = """(element) => {
    const style = getComputedStyle(element);
    const isThin = style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2;
    if (isThin && style.outlineStyle !== "auto") return "has no outline";
    const box = element.getClientRects()[0];
    if (!box) return "is not there";
    const [left, right] = [Math.max(box.left, 0), Math.min(box.right, innerWidth)];
    const [top, bottom] = [Math.max(box.top, 0), Math.min(box.bottom, innerHeight)];
    if (right - left < 1 || bottom - top < 1) return "is outside of the window";
    for (const across of [0.5, 0.1, 0.9]) {
        for (const down of [0.5, 0.1, 0.9]) {
            const found = document.elementFromPoint(left + (right - left) * across, top + (bottom - top) * down);
            if (found && (element.contains(found) || found.contains(element))) return "";
        }
    }
    return "is covered";
}"""
"""Why somebody cannot see that an element has the focus (WCAG 2.4.7 and 2.4.11); empty when they can."""
_STOP = f"""() => {{
    const at = document.activeElement;
    window.loomStops ??= new Set();
    if (!at || at === document.body || window.loomStops.has(at) && at !== window.loomLast) return null;
    window.loomStops.add(window.loomLast = at);
    const wrong = ({_SHOWN})(at);
    return wrong && `${{wrong}}: ${{at.outerHTML.slice(0, 160)}}`;
}}"""
"""Notes what has the focus. Null once Tab has been everywhere, else what is wrong with it."""
_NOT_REACHED = """() => {
    const groups = new Set([...window.loomStops].filter((each) => each.type === "radio").map((each) => each.name));
    const found = document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']");
    return [...found]
        .filter((each) => each.tabIndex >= 0 && !each.disabled && each.checkVisibility({ visibilityProperty: true }))
        .filter((each) => !window.loomStops.has(each) && !(each.type === "radio" && groups.has(each.name)))
        .map((each) => each.outerHTML.slice(0, 160));
}"""
_FROM_THE_TOP = """() => {
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute("tabindex");
    delete window.loomStops;
}"""
_MOST_STOPS = 1000


async def barriers(page: Page) -> list[str]:
    """Everything that is in somebody's way on a page as it is now, in a line each."""
    return [*await seen_by_axe(page), *await wider_than_least(page), *await lost_with_tab(page)]


async def seen_by_axe(page: Page) -> list[str]:
    """What axe-core finds, and what moves, in light and in dark, as wide as a desktop and as narrow as a phone."""
    # Through the debugging protocol, which the page's policy does not bind: `add_script_tag` it would refuse.
    await page.evaluate(_AXE.read_text(encoding="utf-8") + "\n;null")
    found = []
    for scheme, size, options in _LOOKS:
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        await page.set_viewport_size(size)
        await page.evaluate(_PAINTED, scheme)
        here = [_told(each) for each in (await page.evaluate(_RUN_AXE, options))["violations"]]
        here += [f"moves: {each}" for each in await page.evaluate(_MOVING)]
        found += [f"{scheme} {size['width']}: {each}" for each in here]
    return found


def _told(violation: Mapping[str, Any]) -> str:
    nodes = [f"{node['html'][:200]} {node['failureSummary']}" for node in violation["nodes"][:5]]
    return f"{violation['id']}: {violation['help']}: " + "; ".join(nodes)


async def wider_than_least(page: Page) -> list[str]:
    """What has to be scrolled sideways in a window of 320 pixels, also when text is set wide (WCAG 1.4.10, 1.4.12)."""
    await page.set_viewport_size(LEAST)
    found = [f"is wider than the window: {each}" for each in await page.evaluate(_WIDER)]
    await page.evaluate(_SET_WIDE)
    found += [f"is wider than the window, set wide: {each}" for each in await page.evaluate(_WIDER)]
    await page.evaluate("() => { document.adoptedStyleSheets = []; }")
    return found


async def lost_with_tab(page: Page) -> list[str]:
    """What Tab does not get to, or gets to without showing it, and whether it gets out again."""
    await page.evaluate(_FROM_THE_TOP)
    wrong: list[str] = []
    for _press in range(_MOST_STOPS):
        await page.keyboard.press("Tab")
        found = await page.evaluate(_STOP)
        if found is None:
            return wrong + [f"is not reached: {each}" for each in await page.evaluate(_NOT_REACHED)]
        wrong += [f"has the focus, and {found}"] if found else []
    return [*wrong, "Tab finds no end"]


async def why_not_seen(page: Page) -> str:
    """Why somebody cannot see what has the focus; empty when they can."""
    return str(await page.evaluate(f"() => ({_SHOWN})(document.activeElement)"))
