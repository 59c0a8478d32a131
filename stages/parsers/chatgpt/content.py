"""What a ChatGPT message shows, by its `content_type`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from stages.parsers.reading.values import Tally, as_list, as_map, as_text, is_blank, one_line

_NEVER_SHOWN = frozenset(
    {
        "citable_code_output",
        "computer_output",
        "execution_output",
        "model_editable_context",
        "reasoning_recap",
        "sonic_webpage",
        "system_error",
        "tether_browsing_code",
        "tether_browsing_display",
        "tether_quote",
        "thoughts",
        "user_editable_context",
    }
)
"""Retrieved sources, results of tools, custom instructions, reasoning: none of it is a turn."""

_WITH_PARTS = frozenset({"text", "multimodal_text", ""})
_IMAGE = "image_asset_pointer"
_AUDIO = frozenset({"audio_asset_pointer", "real_time_user_audio_video_asset_pointer"})
_POINTER = re.compile(r"^(?:file-service|sediment)://")
_FENCE = re.compile(r"`{3,}")
# Tools that fetch pictures of pages and screens for the model; every other tool's pictures are made for the person.
_FETCHING = re.compile(r"browser|myfiles|file_search|web|computer|container|api_tool|bio|research|canmore")


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


def text_of(message: Mapping[str, object], tally: Tally) -> str:
    """What a message of the user or the assistant shows, with a placeholder for each attachment; '' when nothing."""
    content = as_map(message.get("content"))
    kind = as_text(content.get("content_type"))
    if kind in _NEVER_SHOWN:
        return ""
    attached = _attached(message)
    if kind == "code":
        pieces = [_fenced(as_text(content.get("text")), as_text(content.get("language")))]
    else:
        pieces = _shown(content, attached)
        if kind not in _WITH_PARTS:
            tally.count(f"messages had the unknown content type {one_line(kind, 40)!r}")
            pieces = pieces or [as_text(content.get("text")) or as_text(content.get("result"))]
    pieces.extend(asset.placeholder for asset in attached.values())
    return "\n".join(filter(None, pieces))


def reasoning_of(content: Mapping[str, object]) -> str:
    """The thoughts of a `thoughts` node: each as it was written out, else its summary."""
    thoughts = map(as_map, as_list(content.get("thoughts")))
    said = (as_text(thought.get("content")).strip() or as_text(thought.get("summary")).strip() for thought in thoughts)
    return "\n\n".join(filter(None, said))


def pictures_of(message: Mapping[str, object], tool: str) -> str:
    """Placeholders of the pictures that a tool made for the person; '' when its message is none."""
    content = as_map(message.get("content"))
    if content.get("content_type") != "multimodal_text":
        return ""
    pictures = (part for part in map(as_map, as_list(content.get("parts"))) if part.get("content_type") == _IMAGE)
    return "\n".join(_image(part, {}).placeholder for part in pictures if _is_made(part, tool))


def plots_of(message: Mapping[str, object]) -> list[str]:
    """Placeholders of the pictures that running code put out."""
    result = as_map(as_map(message.get("metadata")).get("aggregate_result"))
    urls = (as_text(as_map(output).get("image_url")) for output in as_list(result.get("messages")))
    return [Asset("image", _POINTER.sub("", url), "").placeholder for url in urls if url]


def _is_made(part: Mapping[str, object], tool: str) -> bool:
    metadata = as_map(part.get("metadata"))
    return bool(metadata.get("dalle") or metadata.get("generation")) or not _FETCHING.search(tool)


def _shown(content: Mapping[str, object], attached: dict[str, Asset]) -> list[str]:
    """The parts that are to be seen. A recording is only told of where nobody wrote down what was said."""
    pieces: list[str] = []
    recordings: list[str] = []
    for part in as_list(content.get("parts")):
        if isinstance(part, str):
            pieces.append(part)
        elif isinstance(part, dict):
            kind = as_text(part.get("content_type"))
            if kind == _IMAGE:
                pieces.append(_image(part, attached).placeholder)
            elif kind in _AUDIO:
                recordings.append(_recording(part).placeholder)
            else:
                pieces.append(as_text(part.get("text")))
    return recordings if all(map(is_blank, pieces)) else pieces


def _image(part: Mapping[str, object], attached: dict[str, Asset]) -> Asset:
    """A picture in the text, named as among the attachments, from which it is taken, or by what it was drawn from."""
    id_ = _POINTER.sub("", as_text(part.get("asset_pointer")))
    prompt = as_text(as_map(as_map(part.get("metadata")).get("dalle")).get("prompt"))
    found = attached.pop(id_, None)
    return Asset("image", id_, found.name if found else one_line(prompt, 200))


def _recording(part: Mapping[str, object]) -> Asset:
    inner = as_map(part.get("audio_asset_pointer")) or part
    return Asset("audio", _POINTER.sub("", as_text(inner.get("asset_pointer"))), "")


def _attached(message: Mapping[str, object]) -> dict[str, Asset]:
    """The attachments by their id, in order; those without one by their place."""
    attachments = as_list(as_map(message.get("metadata")).get("attachments"))
    found: dict[str, Asset] = {}
    for place, attachment in enumerate(map(as_map, attachments)):
        is_image = as_text(attachment.get("mime_type")).startswith("image/")
        id_, name = as_text(attachment.get("id")), as_text(attachment.get("name"))
        found[id_ or str(place)] = Asset("image" if is_image else "file", id_, one_line(name, 200))
    return found


def _fenced(code: str, language: str) -> str:
    """`code` in a fence that is longer than any in it."""
    if is_blank(code):
        return ""
    fence = "`" * max(3, 1 + max(map(len, _FENCE.findall(code)), default=0))
    return f"{fence}{'' if language == 'unknown' else language}\n{code}\n{fence}"
