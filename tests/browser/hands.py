"""Hands in front of a page: the same story is lived with a mouse, and with nothing but a keyboard.

    async def test_…(stage: Stage, hand: Hand) -> None:
        async with stage.page("/") as page:
            await hand.press(page.get_by_role("button", name="Create the package"))

Reload, back and the tabs belong to the browser and not to the page: stories ask playwright for those.
"""

import base64
from abc import ABC, abstractmethod

from playwright.async_api import FilePayload, Locator, Page, expect

from tests.browser.barriers import why_not_seen

_MOST_KEYS = 400
_DROP = """([name, base64]) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], name));
    for (const kind of ["dragenter", "dragover", "drop"]) {
        document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
    }
}"""
_WAY = """(target) => {
    const at = document.activeElement;
    const wanted = target.closest("summary, button, a") ?? target;
    if (at === wanted) return "";
    return at.compareDocumentPosition(wanted) & Node.DOCUMENT_POSITION_PRECEDING ? "Shift+Tab" : "Tab";
}"""
"""The key that leads from what has the focus to an element, or to what it is the words of; empty when it is there."""


class Hand(ABC):
    """What somebody does to a page. Everything waits until what is wanted can be used."""

    name: str

    @abstractmethod
    async def press(self, target: Locator) -> None:
        """Use a button, a link, or the head of something that opens."""

    @abstractmethod
    async def write(self, target: Locator, text: str) -> None:
        """Let a field hold this text and no other."""

    @abstractmethod
    async def choose(self, target: Locator, option: str) -> None:
        """Choose from a list by the words of the option."""

    @abstractmethod
    async def tick(self, target: Locator) -> None:
        """Tick a box, or one of several."""

    @abstractmethod
    async def hand_in(self, page: Page, name: str, data: bytes) -> None:
        """Give a file to a page that takes them."""

    async def give(self, target: Locator, file: FilePayload) -> None:
        """Press what opens a chooser of files, and choose one; the chooser itself is the system's."""
        async with target.page.expect_file_chooser() as opened:
            await self.press(target)
        await (await opened.value).set_files(file)


class Mouse(Hand):
    """Points and clicks, and drags files onto the page."""

    name = "mouse"

    async def press(self, target: Locator) -> None:
        await target.click()

    async def write(self, target: Locator, text: str) -> None:
        await target.fill(text)

    async def choose(self, target: Locator, option: str) -> None:
        await target.select_option(option)

    async def tick(self, target: Locator) -> None:
        await target.check()

    async def hand_in(self, page: Page, name: str, data: bytes) -> None:
        await page.evaluate(_DROP, [name, base64.b64encode(data).decode()])


class Keyboard(Hand):
    """Only presses keys: goes with Tab to what is wanted, and must see that it is there."""

    name = "keyboard"

    async def press(self, target: Locator) -> None:
        await self.go_to(target)
        await target.page.keyboard.press("Enter")

    async def write(self, target: Locator, text: str) -> None:
        await self.go_to(target)
        await target.page.keyboard.press("ControlOrMeta+A")
        await target.page.keyboard.press("Delete")
        await target.page.keyboard.type(text)
        await expect(target).to_have_value(text)

    async def choose(self, target: Locator, option: str) -> None:
        await self.go_to(target)
        await target.page.keyboard.press("Home")
        for _press in range(_MOST_KEYS):
            if await target.evaluate("(list) => list.selectedOptions[0].label") == option:
                return
            await target.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{option} cannot be chosen in {target} with the keyboard")

    async def tick(self, target: Locator) -> None:
        keyboard = target.page.keyboard
        if await target.get_attribute("type") == "radio":
            # Tab stops once at several of which one can be ticked, at that one; arrows tick the others.
            group = await target.get_attribute("name")
            await self.go_to(target.page.locator(f"input[type=radio][name='{group}']:checked"))
            for _press in range(_MOST_KEYS):
                if await target.is_checked():
                    return
                await keyboard.press("ArrowDown")
            raise AssertionError(f"{target} cannot be ticked with the keyboard")
        await self.go_to(target)
        if not await target.is_checked():
            await keyboard.press("Space")

    async def hand_in(self, page: Page, name: str, data: bytes) -> None:
        file = FilePayload(name=name, mimeType="application/octet-stream", buffer=data)
        await self.give(page.get_by_role("button", name="Choose files…"), file)

    async def go_to(self, target: Locator) -> None:
        """Let it have the focus. Raises AssertionError when Tab does not lead there, or nobody can see it."""
        await expect(target).to_be_visible()
        await expect(target).to_be_enabled()
        for _press in range(_MOST_KEYS):
            key = await target.evaluate(_WAY)
            if not key:
                break
            await target.page.keyboard.press(key)
        else:
            raise AssertionError(f"{target} cannot be reached with the keyboard")
        wrong = await why_not_seen(target.page)
        assert not wrong, f"{target} has the focus, and {wrong}"
