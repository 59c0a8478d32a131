"""Memory files as texts: their names, their form, and what a person sees and edits of them.

The form is upstream.md's: first a heading with the date; of a day one line for each bullet, ended by its tags; of a
moment the prose, and the tags in the last line.
"""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from packages_store.errors import NotAllowed
from packages_store.model import Memory, Passage

_SLUG_BYTES = 60
_INSTANCE_BYTES = 160
_LIKE_A_TAG = re.compile(r"\[(\s*(?:chat|via)\s*:)([^\[\]\r\n]*)(\])?", re.IGNORECASE)
_LINE_ENDS = re.compile(r"\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_HEADING = re.compile(r"\A\ufeff?\s*#{1,3}[^\S\n]*(?:Daily|Significant) Memory\b[^\n]*(?:\n|\Z)", re.IGNORECASE)
_TAGS = re.compile(r"(?:[^\S\n]*\[(?:chat|via):[^\]\n]*\])+[^\S\n]*$", re.MULTILINE)
_SOURCE = re.compile(r"\[chat:([^\]\n]+)\](?:[^\S\n]*\[via:([^\]\n]+)\])?")
_BULLET = re.compile(r"^[-*•][^\S\n]+")
_ALIKE = 0.5
"""From this likeness on, a line is held to be an earlier one with some words changed."""


# --- names -------------------------------------------------------------------------------------------------------


def daily_file_name(day: str, instance_id: str) -> str:
    """The file of a day (`YYYY-MM-DD`), as Entity Loom names it."""
    return f"{day}_{_cut(instance_id, _INSTANCE_BYTES)}.md"


def significant_file_name(day: str, title: str, identity: str) -> str:
    """A file name that no other memory has: `identity` (conversation and place in it) makes it so, `title` decorates.

    At most 83 bytes; letters, marks and digits of any script, lower case, and `-`.
    """
    return f"{day}_{_slug(title)}-{hashlib.sha256(identity.encode(errors='replace')).hexdigest()[:8]}.md"


def _slug(title: str) -> str:
    lowered = unicodedata.normalize("NFKC", title).lower()
    words = "".join(c if unicodedata.category(c)[0] in "LMN" else "-" for c in unicodedata.normalize("NFC", lowered))
    return _cut(re.sub("-+", "-", words).strip("-"), _SLUG_BYTES).strip("-") or "memory"


def _cut(text: str, limit: int) -> str:
    return text.encode()[:limit].decode(errors="ignore")


# --- bodies ------------------------------------------------------------------------------------------------------


def daily_body(day: str, bullets: Sequence[tuple[str, str, str]]) -> str:
    """The whole file of a day from (text, conversation id, platform) triples: one line each, ended by its sources.

    Text in a memory comes from chats, where anybody can have written anything: line ends in it become blanks, and what
    looks like a source tag gets round brackets (`[chat:x]` becomes `(chat:x)`). A bullet without text is left out.
    """
    lines = [(" ".join(_plain(text).split()), _tags(chat, platform)) for text, chat, platform in bullets]
    return f"# Daily Memory - {day}\n\n" + "".join(f"- {text} {tags}\n" for text, tags in lines if text)


def significant_body(day: str, prose: str, conversation_id: str, platform: str) -> str:
    """The whole file of a significant memory. Prose keeps its lines, and forges no tags (`daily_body`)."""
    return f"# Significant Memory - {day}\n\n{_plain(prose).strip()}\n\n{_tags(conversation_id, platform)}\n"


def _tags(conversation_id: str, platform: str) -> str:
    return f"[chat:{_inside_tag(conversation_id)}] [via:{_inside_tag(platform)}]"


def _inside_tag(text: str) -> str:
    """`text` without what would end the tag: an id that an export made up decides nothing about the file."""
    return " ".join(_plain(text).split()).replace("[", "(").replace("]", ")")


def _plain(text: str) -> str:
    """`text` with our line ends only, without control characters, lone surrogates, and anything like a tag."""
    lines = _LINE_ENDS.sub("\n", text.encode(errors="replace").decode())
    clean = _CONTROLS.sub("", lines)
    return _LIKE_A_TAG.sub(lambda tag: f"({tag[1]}{tag[2]}{')' if tag[3] else ''}", clean)


# --- texts ------------------------------------------------------------------------------------------------------


def text_of(body: str) -> str:
    """The text of a memory file without its heading and the tags that say where it came from."""
    return _TAGS.sub("", _HEADING.sub("", body)).strip()


def edited(memory: Memory, text: str) -> Memory:
    """`memory` with another text, framed. `text` may be that of the whole file; its heading and tags count for nothing.

    A line of a day keeps the source of the line that it was before; a new one has that of the line above it. Raises
    NotAllowed when there is no text, or no conversation to ascribe it to.
    """
    plain = text_of(text)
    sources = _sources(memory)
    if not plain:
        raise NotAllowed("A memory needs a text.", "Delete it if it is not to be kept.")
    if not sources:
        raise NotAllowed("The memory names no conversation, so its file cannot be written anew.")
    if memory.kind == "significant":
        return replace(memory, body=significant_body(memory.date, plain, *sources[0]))
    passages = tuple(_passages(memory, plain.splitlines(), sources[0]))
    return with_passages(memory, passages)


def with_passages(memory: Memory, passages: Sequence[Passage]) -> Memory:
    """A day with these lines."""
    lines = [(passage.text, passage.conversation_id, passage.platform) for passage in passages]
    return replace(
        memory,
        body=daily_body(memory.date, lines),
        passages=tuple(passages),
        conversation_ids=tuple(dict.fromkeys(passage.conversation_id for passage in passages)),
        message_ids=tuple(dict.fromkeys(one for passage in passages for one in passage.message_ids)),
        requests=tuple(dict.fromkeys(passage.request for passage in passages if passage.request)),
    )


def _sources(memory: Memory) -> list[tuple[str, str]]:
    """The (conversation, platform) of each tag in the file."""
    return [(chat, via or "unknown") for chat, via in _SOURCE.findall(memory.body)]


def _passages(memory: Memory, lines: Sequence[str], first: tuple[str, str]) -> list[Passage]:
    before = list(memory.passages) or _read_passages(memory)
    above = Passage("", *first, memory.message_ids)
    found: list[Passage] = []
    for line in lines:
        text = _BULLET.sub("", line.strip())
        if text:
            above = replace(_nearest(text, before) or above, text=text)
            found.append(above)
    return found


def _read_passages(memory: Memory) -> list[Passage]:
    """The lines of a file that somebody else wrote."""
    found: list[Passage] = []
    for line in _HEADING.sub("", memory.body).splitlines():
        source = _SOURCE.search(line)
        text = _BULLET.sub("", _TAGS.sub("", line).strip())
        if text and source is not None:
            found.append(Passage(text, source[1], source[2] or "unknown", memory.message_ids))
    return found


def _nearest(text: str, before: Sequence[Passage]) -> Passage | None:
    """The earlier line that `text` was, if any."""
    same = next((passage for passage in before if passage.text == text), None)
    if same is not None or not before:
        return same
    likeness = [SequenceMatcher(None, passage.text, text).ratio() for passage in before]
    best = max(range(len(before)), key=lambda at: likeness[at])
    return before[best] if likeness[best] >= _ALIKE else None
