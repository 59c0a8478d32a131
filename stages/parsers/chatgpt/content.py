"""What a ChatGPT message shows, by its `content_type`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from stages.parsers.reading.values import Tally, as_list, as_map, as_text, is_blank, one_line

CONTEXTS = frozenset({"model_editable_context", "user_editable_context"})
"""What the model was told about the person and how to answer: no turns, but kept (`instructions.py`)."""

NEVER_SHOWN = CONTEXTS | {
    "citable_code_output",
    "computer_output",
    "execution_output",
    "reasoning_recap",
    "sonic_webpage",
    "system_error",
    "tether_browsing_code",
    "tether_browsing_display",
    "tether_quote",
    "thoughts",
}
"""Retrieved sources, results of tools, custom instructions, reasoning: none of it is a turn."""

_WITH_PARTS = frozenset({"text", "multimodal_text", ""})
_IMAGE = "image_asset_pointer"
_AUDIO = frozenset({"audio_asset_pointer", "real_time_user_audio_video_asset_pointer"})
# `sediment://file_1?shared_conversation_id=…`: the scheme and the question are no part of the id.
_POINTER = re.compile(r"^(?:[\w-]+://)?([^?]*)")
_FENCE = re.compile(r"`{3,}")
# Tools that fetch pictures of pages and screens for the model; every other tool's pictures are made for the person.
_FETCHING = re.compile(r"browser|myfiles|file_search|web|computer|container|api_tool|bio|research|canmore")

Names = Mapping[str, str]
"""What attachments were called, by their id or by the name of their file in the export."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A picture, a recording or a file that is not in the text. `id` is without its scheme."""

    kind: str
    id: str
    name: str

    @property
    def placeholder(self) -> str:
        """What stands for it in the text."""
        return f"[{self.kind}: {self.name or self.id}]" if self.name or self.id else f"[{self.kind}]"


def is_hidden(message: Mapping[str, object]) -> bool:
    """Whether the platform itself shows nothing of it. `weight` does not tell: hidden ones carry 1, shown tools 0."""
    if message.get("recipient") not in (None, "all"):
        return True
    metadata = message.get("metadata")
    if not isinstance(metadata, dict):
        return False
    return bool(metadata.get("is_visually_hidden_from_conversation") or metadata.get("is_user_system_message"))


def text_of(message: Mapping[str, object], tally: Tally, names: Names) -> str:
    """What a message of the user or the assistant shows, with a placeholder for each attachment; '' when nothing."""
    told = message.get("content")
    content = {"parts": [told]} if isinstance(told, str) else as_map(told)
    kind = as_text(content.get("content_type"))
    if kind in NEVER_SHOWN:
        return ""
    attached = _attached(message, names)
    if kind == "text" and not attached and (text := _only_text(content)) is not None:
        return text  # as in most messages
    if kind == "code":
        pieces = [fenced(as_text(content.get("text")), as_text(content.get("language")))]
    else:
        pieces = _shown(content, attached, names)
        if kind not in _WITH_PARTS:
            tally.count(f"message[|s] had the unknown content type {one_line(kind, 40)!r}")
            pieces = pieces or [as_text(content.get("text")) or as_text(content.get("result"))]
    pieces.extend(asset.placeholder for asset in attached.values())
    return "\n".join(filter(None, pieces))


def is_known_shape(content: object) -> bool:
    """Whether there is nothing to show in `content` only because there is nothing in it: its shape is a known one."""
    if content is None or isinstance(content, str):
        return True
    told = as_map(content)
    if told.get("content_type") == "code":
        return isinstance(told.get("text"), str)
    return as_text(told.get("content_type")) in NEVER_SHOWN or isinstance(told.get("parts"), list)


def reasoning_of(content: Mapping[str, object]) -> str:
    """The thoughts of a `thoughts` node: each as it was written out, else its summary."""
    thoughts = map(as_map, as_list(content.get("thoughts")))
    said = (as_text(thought.get("content")).strip() or as_text(thought.get("summary")).strip() for thought in thoughts)
    return "\n\n".join(filter(None, said))


def pictures_of(message: Mapping[str, object], names: Names) -> str:
    """Placeholders of the pictures that a tool made for the person; '' when its message is none."""
    content = as_map(message.get("content"))
    if content.get("content_type") != "multimodal_text":
        return ""
    tool = as_text(as_map(message.get("author")).get("name"))
    title = one_line(as_text(as_map(message.get("metadata")).get("image_gen_title")), 200)
    pictures = (part for part in map(as_map, as_list(content.get("parts"))) if part.get("content_type") == _IMAGE)
    return "\n".join(_image(part, {}, names, title).placeholder for part in pictures if _is_made(part, tool))


def plots_of(message: Mapping[str, object], names: Names) -> list[str]:
    """Placeholders of the pictures that running code put out."""
    result = as_map(as_map(message.get("metadata")).get("aggregate_result"))
    urls = (as_text(as_map(output).get("image_url")) for output in as_list(result.get("messages")))
    return [_asset("image", _id_of(url), "", names).placeholder for url in urls if url]


def fenced(code: str, language: str) -> str:
    """`code` in a fence that is longer than any in it; '' when it is blank."""
    if is_blank(code):
        return ""
    fence = "`" * max(3, 1 + max(map(len, _FENCE.findall(code)), default=0))
    return f"{fence}{'' if language == 'unknown' else language}\n{code}\n{fence}"


def _asset(kind: str, id_: str, name: str, names: Names) -> Asset:
    """With a name, if any is known: `names` are asked last, because the first question is a slow one."""
    if not name and id_:
        name = names.get(id_) or names.get(f"{id_}.dat") or ""
    return Asset(kind, id_, one_line(name, 200))


def _id_of(pointer: str) -> str:
    found = _POINTER.match(pointer)
    return found[1] if found else ""


def _is_made(part: Mapping[str, object], tool: str) -> bool:
    metadata = as_map(part.get("metadata"))
    return bool(metadata.get("dalle") or metadata.get("generation")) or not _FETCHING.search(tool)


def _only_text(content: Mapping[str, object]) -> str | None:
    """The text that is the only part; None where there is anything else."""
    match content.get("parts"):
        case [str(text)]:
            return text
    return None


def _shown(content: Mapping[str, object], attached: dict[str, Asset], names: Names) -> list[str]:
    """The parts that are to be seen. A recording is only told of where nobody wrote down what was said."""
    pieces: list[str] = []
    recordings: list[str] = []
    for part in as_list(content.get("parts")):
        if isinstance(part, str):
            pieces.append(part)
        elif isinstance(part, dict):
            kind = as_text(part.get("content_type"))
            if kind == _IMAGE:
                pieces.append(_image(part, attached, names).placeholder)
            elif kind in _AUDIO:
                recordings.append(_recording(part, attached, names).placeholder)
            else:
                pieces.append(as_text(part.get("text")))
    return recordings if all(map(is_blank, pieces)) else pieces


def _image(part: Mapping[str, object], attached: dict[str, Asset], names: Names, title: str = "") -> Asset:
    """A picture in the text, named as among the attachments, from which it is taken, or by what it was drawn from."""
    id_ = _id_of(as_text(part.get("asset_pointer")))
    if found := attached.pop(id_, None):
        return Asset("image", id_, found.name)
    prompt = as_text(as_map(as_map(part.get("metadata")).get("dalle")).get("prompt"))
    return _asset("image", id_, one_line(prompt, 200) or title, names)


def _recording(part: Mapping[str, object], attached: dict[str, Asset], names: Names) -> Asset:
    inner = as_map(part.get("audio_asset_pointer")) or part
    id_ = _id_of(as_text(inner.get("asset_pointer")))
    found = attached.pop(id_, None)
    return _asset("audio", id_, found.name if found else "", names)


def _attached(message: Mapping[str, object], names: Names) -> dict[str, Asset]:
    """The attachments by their id, in order; those without one by their place."""
    attachments = as_map(message.get("metadata")).get("attachments")
    found: dict[str, Asset] = {}
    if not attachments:
        return found
    for place, attachment in enumerate(map(as_map, as_list(attachments))):
        is_image = as_text(attachment.get("mime_type")).startswith("image/")
        id_, name = as_text(attachment.get("id")), as_text(attachment.get("name"))
        found[id_ or str(place)] = _asset("image" if is_image else "file", id_, name, names)
    return found
