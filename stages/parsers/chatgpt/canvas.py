"""Documents that ChatGPT writes on its canvas, beside the chat.

It does so by calling a tool: `canmore.create_textdoc` with `{name, type, content}`, `canmore.update_textdoc` with
`{updates: [{pattern, multiple, replacement}]}`. The arguments are a JSON text, in a message that is not shown.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from stages.parsers.chatgpt.content import fenced
from stages.parsers.reading.values import Tally, as_list, as_map, as_text, is_blank, one_line

TOOL = "canmore."
_CREATE = "canmore.create_textdoc"
_UPDATE = "canmore.update_textdoc"
_EVERYTHING = ".*"


@dataclass(frozen=True, slots=True)
class Document:
    """A text on the canvas. `kind` is `document`, or `code/` and a language."""

    name: str
    kind: str
    text: str

    @property
    def shown(self) -> str:
        """As it stands in the answer that it belongs to."""
        is_code = self.kind.startswith("code/")
        text = fenced(self.text, self.kind.removeprefix("code/")) if is_code else self.text
        return f"[canvas: {self.name}]\n{text}" if self.name else f"[canvas]\n{text}"


def written(call: Mapping[str, object], before: Document | None, tally: Tally) -> Document | None:
    """The document that a `call` leaves on the canvas, where `before` was; None when it writes none that is whole.

    What changes but a part of it is a regular expression, and is not applied.
    """
    recipient, told = call.get("recipient"), _arguments(call)
    if recipient == _CREATE:
        text = as_text(told.get("content"))
        if not is_blank(text):
            name, kind = (tally.clean(as_text(told.get(what))) for what in ("name", "type"))
            return Document(one_line(name), kind, tally.clean(text))
        tally.count("canvas document[|s] could not be read")
    elif recipient == _UPDATE:
        updates = [as_map(update) for update in as_list(told.get("updates"))]
        text = as_text(updates[0].get("replacement")) if len(updates) == 1 else ""
        if not is_blank(text) and updates[0].get("pattern") == _EVERYTHING:
            return replace(before or Document("", "", ""), text=tally.clean(text))
        tally.count("change[|s] to parts of a canvas document [was|were] left out")
    return None


def _arguments(call: Mapping[str, object]) -> Mapping[str, object]:
    content = as_map(call.get("content"))
    parts = as_list(content.get("parts"))
    text = as_text(content.get("text")) or as_text(parts[0] if parts else "")
    try:
        return as_map(json.loads(text, strict=False))
    except (ValueError, RecursionError):  # an answer that was interrupted
        return {}
