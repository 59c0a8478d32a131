"""What a message of claude.ai shows: its content blocks, else its `text`; what was pasted; what was attached.

`text` alone does not tell. Where tools save a conversation it is empty; in the official export it is thoughts, answer
and stand-ins for what the telephone cannot show, glued together; before there were blocks it is all there is.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from stages.parsers.claude.artifacts import Artifacts, without_tags
from stages.parsers.reading.values import Tally, as_list, as_map, as_text, is_blank, one_line

_STAND_IN = re.compile(
    r"(?:```\n?)?"
    r"(?:This block is not supported on your current device yet\."
    r"|Viewing artifacts created via the Analysis Tool web feature preview isn['’]t yet supported on mobile\.)"
    r"(?:\n?```)?"
)
_OF_STAND_INS = ("This block is not supported", "Viewing artifacts created via")
_IMAGE = re.compile(r"\.(?:png|jpe?g|gif|webp|heic|bmp|tiff?|svg)$", re.IGNORECASE)
_PASTE = re.compile(r"(?:pasted?[-_ ]?(?:text|content)?[-_ ]?\d*(?:\.\w{1,5})?)?", re.IGNORECASE)
"""What text that was pasted is called: nothing, or `paste.txt`, `paste-2.txt` and so on."""

_SHOWN = frozenset({"text", "voice_note"})
_ATTACHED = frozenset({"image", "document"})
_SILENT = frozenset({"token_budget", "redacted_thinking"})
_UNWRAPPED = 3
"""How many times a list of blocks is taken out of a string: tools have encoded it twice."""

_UNREAD = "attached document[|s] [is|are] told of by name; what is in [it|them] was not imported"
_NOT_THERE = "message[ was|s were] nothing but an attachment that is not in the export, and [was|were] left out"

_MOST_PROMPTS = 20
"""How many prompts of one message are looked for in its flat text. Real messages hold up to three."""


@dataclass(slots=True)
class Blocks:
    """What the content blocks of one message hold."""

    words: list[str] = field(default_factory=list)
    attached: list[str] = field(default_factory=list)
    """Placeholders of pictures and documents."""
    thoughts: list[str] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    """Artifacts, as titled blocks."""
    injected: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    """The texts of blocks of an unknown type."""
    has_tools: bool = False


def blocks_of(content: object) -> Sequence[object]:
    """The list of blocks that `content` is or, as a string, holds. Any other string is one block of text."""
    held = _unwrapped(content)
    if isinstance(held, dict):
        held = [held]
    if not isinstance(content, str):
        return as_list(held)
    if isinstance(held, list) and all("type" in as_map(block) for block in held):
        return held
    return [{"type": "text", "text": content}]


def _unwrapped(value: object) -> object:
    """`value`, or what a string holds that is JSON."""
    for _ in range(_UNWRAPPED):
        if not isinstance(value, str) or not value.lstrip().startswith(("[", '"', "{")):
            break
        try:
            value = json.loads(value, strict=False)
        except (ValueError, RecursionError):
            break
    return value


def read_blocks(blocks: Sequence[object], files: "Files", artifacts: Artifacts, tally: Tally) -> Blocks:
    """What is in the blocks of a message. Pictures that are among them are taken out of `files`."""
    found = Blocks()
    for block in blocks:
        if isinstance(block, str):
            found.words.append(block)
        elif isinstance(block, dict):
            _read_block(block, found, files, artifacts, tally)
    return found


def _read_block(block: Mapping[str, object], found: Blocks, files: "Files", artifacts: Artifacts, tally: Tally) -> None:
    kind = as_text(block.get("type"))
    text = as_text(block.get("text"))
    if kind in _SHOWN:
        found.words.append(text)
    elif kind == "thinking":
        found.thoughts.append(_thought(block))
    elif "tool" in kind:
        found.has_tools = True
        if kind == "tool_use":
            called_with = as_map(_unwrapped(block.get("input")))
            made = artifacts.told_by(as_text(block.get("name")), called_with)
            found.made.extend([made] if made else [])
    elif kind in _ATTACHED:
        found.attached.append(files.placeholder(kind, block))
    elif kind == "injected_prompt_block":
        prompt = as_text(block.get("prompt"))
        if prompt and len(found.injected) < _MOST_PROMPTS:
            found.injected.append(prompt)
        tally.count("prompt[|s] that claude.ai had put into [a message|messages] [was|were] left out")
    elif kind not in _SILENT:
        found.unknown.append(text)
        tally.count(f"content block[|s] had the unknown type {one_line(kind, 40)!r}")


def _thought(block: Mapping[str, object]) -> str:
    """A thought as it was written out, else its summaries."""
    told = as_text(block.get("thinking")) or as_text(block.get("text"))
    if not is_blank(told):
        return told
    summaries = (as_text(as_map(one).get("summary")) for one in as_list(block.get("summaries")))
    return "\n\n".join(filter(None, summaries))


def words_of(message: Mapping[str, object], blocks: Blocks) -> list[str]:
    """The words of a message: of its blocks; else of its flat `text`, else of blocks of an unknown type.

    Where there are thoughts or calls of tools among the blocks, `text` holds nothing that they do not.
    """
    if any(not is_blank(text) for text in blocks.words):
        return blocks.words
    if blocks.has_tools or blocks.thoughts:
        return blocks.unknown
    text = as_text(message.get("text"))
    for prompt in blocks.injected:
        text = text.replace(prompt, "")
    return blocks.unknown if is_blank(text) else [text]


def answer_of(texts: Sequence[str]) -> tuple[str, list[str]]:
    """What Claude said in `texts`, and what it thought between them (in 2024, thoughts were tags in the text)."""
    said: list[str] = []
    thoughts: list[str] = []
    for text in texts:
        piece, thought = without_tags(without_stand_ins(text))
        said.append(piece)
        thoughts.extend(thought)
    return joined(said), thoughts


def without_stand_ins(text: str) -> str:
    """`text` without the sentences that the export has in place of tools and artifacts."""
    if not any(words in text for words in _OF_STAND_INS):  # far cheaper than the search, which few need
        return text
    pieces = _STAND_IN.split(text)
    return text if len(pieces) == 1 else joined(pieces)


def joined(pieces: Sequence[str]) -> str:
    """Those of the pieces that show anything, with a blank line between them."""
    return "\n\n".join(piece.strip("\n") for piece in pieces if not is_blank(piece))


class Files:
    """What is attached to one message: texts, in `attachments`, and files, in `files` and again in `files_v2`."""

    def __init__(self, message: Mapping[str, object]) -> None:
        self._texts = [one for one in as_list(message.get("attachments")) if isinstance(one, dict)]
        names = {_name(one) for one in self._texts} - {""}
        self._files: dict[str, tuple[str, str]] = {}
        for one in _listed(message):
            name = _name(one)
            id_ = as_text(one.get("file_uuid")) or name
            if id_ and name not in names:  # a text is often listed among the files as well
                self._files.setdefault(id_, (_kind(one, name), name))

    def placeholder(self, kind: str, block: Mapping[str, object]) -> str:
        """What stands for a picture or a document among the blocks, by its name where the list of files tells it."""
        id_ = as_text(block.get("file_uuid"))
        known = self._files.pop(id_, ("", ""))
        title = _name(block) or one_line(as_text(block.get("title")), 200) or known[1]
        return _placeholder("image" if kind == "image" else "file", title)

    def added_to(self, said: str, tally: Tally) -> str:
        """`said` with what was pasted, and a placeholder for everything else.

        The text of a document is part of the message only where there is nothing else, because it is the prompt then.
        A text of which the export holds no more than the name is told of, but is no message.
        """
        pieces, named, hidden = [said], [], 0
        for one in self._texts:
            name, text = _name(one), as_text(one.get("extracted_content"))
            if is_blank(text):
                named.append(_placeholder(_kind(one, name), name))
            elif _PASTE.fullmatch(name):
                pieces.append(text)
            elif is_blank(said):
                pieces.append(f"{_placeholder('file', name)}\n{text}")
            else:
                named.append(_placeholder("file", name))
                hidden += 1
        named.extend(_placeholder(kind, name) for kind, name in self._files.values())
        tally.count(_UNREAD, hidden)
        if is_blank("".join(pieces)) and not self._files:
            if named:
                tally.count(_NOT_THERE)
            return ""
        return "\n\n".join(filter(None, (joined(pieces), "\n".join(named))))


def _listed(message: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    for name in ("files", "files_v2"):
        yield from map(as_map, as_list(message.get(name)))


def _name(told: Mapping[str, object]) -> str:
    return one_line(as_text(told.get("file_name")), 200)


def _kind(told: Mapping[str, object], name: str) -> str:
    type_ = as_text(told.get("file_kind")) or as_text(told.get("file_type"))
    return "image" if type_.startswith("image") or _IMAGE.search(name) else "file"


def _placeholder(kind: str, name: str) -> str:
    return f"[{kind}: {name}]" if name else f"[{kind}]"
