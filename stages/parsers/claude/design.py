"""Sessions of Claude Design: `{uuid, title, project: {uuid, name}, messages: [{uuid, role, content: {...}}]}`.

A person's words are in `content.content`, Claude's in `content.contentBlocks`. What a person said while Claude worked
is one of Claude's blocks, and a turn of its own. The page itself adds messages in the person's name (`pill`).
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from packages_store.model import Role
from stages.parsers.claude.chats import PLATFORM
from stages.parsers.claude.content import joined
from stages.parsers.contract import Empty, Record, Skipped
from stages.parsers.reading.drafts import Draft, conversation_of
from stages.parsers.reading.each import Reading
from stages.parsers.reading.values import Tally, as_list, as_map, as_text, digest, is_blank, milliseconds, one_line

_OF_DESIGN = ("contentBlocks", "authorAccountUuid", "authorName")
_SILENT = frozenset({"tool_call", "error"})
_SUMMARY = "chat-summary"
_SYSTEM = re.compile(r"\s*<system-info\b[^>]*>.*?</system-info>\s*", re.DOTALL)
_SAID = frozenset({"text", "comment"})
"""Attachments whose content the person wrote: pasted text, and comments on the drawing."""
_TITLE = "Chat"  # what every session is called that nobody gave a name


def is_design(record: object) -> bool:
    """Whether it is a session with a message whose content is an object, as only this part of Claude writes them."""
    told = as_map(record)
    if "chat_messages" in told or "mapping" in told:
        return False
    has_project = isinstance(told.get("project"), dict)
    return any(_is_message(message, has_project) for message in as_list(told.get("messages")))


def is_empty_design(record: object) -> bool:
    """Whether it is a session in which nothing was said yet."""
    told = as_map(record)
    return told.get("messages") == [] and "uuid" in told and isinstance(told.get("project"), dict)


def _is_message(message: object, has_project: bool) -> bool:
    told = as_map(message)
    content = as_map(told.get("content"))
    if told.get("role") not in ("user", "assistant"):
        return False
    return any(name in content for name in _OF_DESIGN) or (has_project and isinstance(content.get("content"), str))


def design_record(told: Mapping[str, object], reading: Reading) -> Record:
    """The conversation that a session is. One that Claude never answered is none: it is a prompt left behind."""
    tally = reading.tally
    drafts = [draft for message in _each_once(told) for draft in _drafts(message, tally) if not is_blank(draft.content)]
    if not drafts:
        return Empty(reading.records.position)
    if all(draft.role == "user" for draft in drafts):
        return Skipped("Claude Design session that was never answered")
    begun = as_text(told.get("created_at"))
    id_ = as_text(told.get("uuid")) or f"claude-{digest(begun, drafts[0].key, drafts[0].content)[:16]}"
    title = as_text(told.get("title"))
    project = as_text(as_map(told.get("project")).get("name"))
    return conversation_of(
        tally.clean(id_),
        PLATFORM,
        tally.clean(project if title in ("", _TITLE) and project else title),
        drafts,
        created=milliseconds(told.get("created_at")),
        updated=milliseconds(told.get("updated_at")),
        otherwise=reading.file.modified_at,
    )


def _each_once(told: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    """The messages. The page saves one twice at times, under another `uuid` but with the same id in its content."""
    seen: set[str] = set()
    for message in map(as_map, as_list(told.get("messages"))):
        id_ = as_text(as_map(message.get("content")).get("id")) or as_text(message.get("uuid"))
        if id_ not in seen:
            yield message
        seen.update({id_} - {""})


def _drafts(message: Mapping[str, object], tally: Tally) -> Iterator[Draft]:
    """The turns of one message: more than one where the person spoke while Claude worked."""
    content, role = _content(message), message.get("role")
    if role == "user":
        yield from _of_person(message, content, tally)
    elif role == "assistant" and content.get("kind") != _SUMMARY:
        blocks = as_list(content.get("contentBlocks"))
        yield from _of_claude(message, content, blocks or [{"type": "text", "text": content.get("content")}], tally)
    elif role == "assistant":
        tally.count("summar[y|ies] of earlier Claude Design sessions [was|were] left out")
    else:
        tally.count("message[ was|s were] neither the person's nor Claude's and [was|were] left out")


def _content(message: Mapping[str, object]) -> Mapping[str, object]:
    content = message.get("content")
    return as_map(content) if isinstance(content, dict) else {"content": content}


def _of_person(message: Mapping[str, object], content: Mapping[str, object], tally: Tally) -> Iterator[Draft]:
    if content.get("pill") is True:
        tally.count("message[|s] that the page of Claude Design had put in [was|were] left out")
        return
    words = as_text(content.get("content"))
    begins_with_system = _SYSTEM.match(words)
    said = [words[begins_with_system.end() :] if begins_with_system else words]
    names: list[str] = []
    for one in map(as_map, as_list(content.get("attachments"))):
        kind, name = as_text(one.get("type")), one_line(as_text(one.get("name")), 200)
        if one.get("hidden") is True or kind == "skill" or not one:
            continue
        if kind in _SAID and not is_blank(as_text(one.get("content"))):
            said.append(as_text(one.get("content")))
        elif name:
            names.append(f"[{'image' if kind == 'image' else 'file'}: {name}]")
    text = "\n\n".join(filter(None, (joined(said), "\n".join(names))))
    yield _draft(message, content, "user", text, "", tally)


def _of_claude(
    message: Mapping[str, object], content: Mapping[str, object], blocks: Sequence[object], tally: Tally
) -> Iterator[Draft]:
    said: list[str] = []
    thoughts: list[str] = []
    for block in map(as_map, blocks):
        kind = as_text(block.get("type"))
        if kind == "text":
            said.append(as_text(block.get("text")))
        elif kind == "thinking":
            thoughts.append(as_text(block.get("text")) or as_text(block.get("thinking")))
        elif kind == "user_interjection":
            if joined(said):
                yield _draft(message, content, "assistant", joined(said), joined(thoughts), tally)
                said, thoughts = [], []
            inner = block.get("message")
            yield from _of_person({}, inner if isinstance(inner, dict) else {"content": inner}, tally)
        elif kind not in _SILENT:
            tally.count(f"content block[|s] had the unknown type {one_line(kind, 40)!r}")
    yield _draft(message, content, "assistant", joined(said), joined(thoughts), tally)


def _draft(
    message: Mapping[str, object],
    content: Mapping[str, object],
    role: Role,
    text: str,
    reasoning: str,
    tally: Tally,
) -> Draft:
    text = tally.clean(text)
    key = as_text(message.get("uuid")) or as_text(content.get("id")) or digest(role, text)[:16]
    at = milliseconds(content.get("timestamp")) or milliseconds(message.get("created_at"))
    return Draft(tally.clean(key), role, text, at, tally.clean(reasoning) or None)
