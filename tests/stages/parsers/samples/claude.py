"""Small documents of Claude's, built from what the documentation of the formats says, and a sample of every variant."""

from collections.abc import Sequence

from tests.stages.parsers.documents import Json
from tests.stages.parsers.harness import Sample, as_document, as_lines, within

ROOT = "00000000-0000-4000-8000-000000000000"
BEGUN = "2026-03-01T10:00:00.000000Z"


def text(words: str) -> Json:
    """A content block that is shown."""
    return {"type": "text", "text": words, "citations": []}


def thinking(words: str, *summaries: str) -> Json:
    return {"type": "thinking", "thinking": words, "summaries": [{"summary": one} for one in summaries]}


def tool(name: str, **called_with: object) -> Json:
    """A call of a tool."""
    return {"type": "tool_use", "id": "toolu_1", "name": name, "input": called_with}


def said(sender: str, words: str | Sequence[object] = "", uuid: str | None = None, /, **other: object) -> Json:
    """A message of claude.ai: one text block, or the blocks that are given; everything else is added."""
    blocks = [text(words)] if isinstance(words, str) else list(words)
    message: Json = {"sender": sender, "text": words if isinstance(words, str) else "", "content": blocks}
    if uuid is not None:
        message["uuid"] = uuid
    return {**message, "created_at": BEGUN, "updated_at": BEGUN, "attachments": [], "files": [], **other}


def human(words: str | Sequence[object] = "", uuid: str | None = None, /, **other: object) -> Json:
    return said("human", words, uuid, **other)


def answer(words: str | Sequence[object] = "", uuid: str | None = None, /, **other: object) -> Json:
    return said("assistant", words, uuid, **other)


def chat(*messages: Json, **other: object) -> Json:
    """A conversation of claude.ai. Messages without an id get `m0`, `m1`, … by their place."""
    numbered = [{"uuid": f"m{place}", **message} for place, message in enumerate(messages)]
    head: Json = {"uuid": "c1", "name": "A talk", "summary": "", "created_at": BEGUN, "updated_at": BEGUN}
    return {**head, "account": {"uuid": "acct"}, "chat_messages": numbered, **other}


def design(*messages: Json, **other: object) -> Json:
    """A session of Claude Design."""
    head: Json = {"uuid": "d1", "title": "Chat", "project": {"uuid": "p1", "name": "A poster"}, "created_at": BEGUN}
    return {**head, "updated_at": BEGUN, "messages": list(messages), **other}


def drawn(role: str, uuid: str, /, **content: object) -> Json:
    """A message of Claude Design, with the fields of its content."""
    return {"uuid": uuid, "role": role, "created_at": BEGUN, "content": {"role": role, "timestamp": BEGUN, **content}}


def line(type_: str, content: object = "", uuid: str | None = None, /, **other: object) -> Json:
    """A line of a log of Claude Code; what `message` holds replaces or adds to its message."""
    message = {"role": type_, "content": content, **as_json_object(other.pop("message", {}))}
    head: Json = {"type": type_, "sessionId": "s1", "timestamp": BEGUN, "isSidechain": False, "message": message}
    return {**head, **({} if uuid is None else {"uuid": uuid}), **other}


def as_json_object(value: object) -> Json:
    assert isinstance(value, dict)
    return value


_PLAIN = chat(human("Which tea?"), answer("Jasmine."))
_RICH = chat(
    human("And the cup?", "h1", parent_message_uuid=ROOT),
    answer("Old.", "a0", parent_message_uuid="h1"),
    answer([thinking("Hm."), tool("web_search", query="cups"), text("A blue one.")], "a1", parent_message_uuid="h1"),
    uuid="c2",
    current_leaf_message_uuid="a1",
)
_NO_IDS: Json = {
    "name": "Saved",
    "created_at": BEGUN,
    "chat_messages": [{"sender": "human", "text": "Hi"}, {"sender": "assistant", "text": "Hello"}],
}
_LOG = [
    line("user", "Fix the test", "u1"),
    line("assistant", [text("Done.")], "u2", message={"id": "msg_1", "model": "claude-opus-4"}),
    line("user", [{"type": "tool_result", "tool_use_id": "t", "content": "ok"}], "u3"),
    line("user", "Thanks", "u4"),
    line("user", "Another session", "u5", sessionId="s2"),
    {"type": "summary", "summary": "A fixed test", "leafUuid": "u4"},
]

SAMPLES = (
    Sample("claude", "array", [_PLAIN, _RICH, _NO_IDS, chat(human(""), uuid="c4"), chat(uuid="c5")]),
    Sample("claude", "wrapped", [_PLAIN, _RICH], within("conversations", {"count": 2})),
    Sample(
        "claude",
        "object-of-records",
        [{"c1": {**_PLAIN, "uuid": None}, "c2": {**_RICH, "uuid": None}}],
        as_document,
        "document",
        is_json=False,
    ),
    Sample("claude", "single", [_RICH], as_document, "document", is_json=False),
    Sample("claude", "lines", [_NO_IDS, _PLAIN], as_lines, is_json=False),
    Sample(
        "claude",
        "community",
        [{**_PLAIN, "psycheros_export": {"provider": "claude", "loom_compatibility": "claude-json"}}],
        as_document,
        "document",
        is_json=False,
    ),
    Sample(
        "claude",
        "design",
        [
            design(
                drawn("user", "m1", content="Draw a fox", attachments=[{"type": "image", "name": "fox.png"}]),
                drawn("assistant", "m2", content="Here.", contentBlocks=[{"type": "text", "text": "Here."}]),
            )
        ],
        as_document,
        "document",
        is_json=False,
    ),
    Sample("claude", "code", _LOG, as_lines, "log", is_json=False),
    Sample("claude", "code-web", _LOG, within("loglines", {}), "log"),
    Sample(
        "claude",
        "chat-exporter",
        [
            {
                "metadata": {
                    "title": "Tea",
                    "dates": {"created": "3/1/2026 10:00:00", "exported": "3/2/2026 10:00:00"},
                    "link": "https://claude.ai/chat/11111111-2222-4333-8444-555555555555",
                    "powered_by": "Claude Exporter (https://www.claudexporter.com)",
                },
                "messages": [{"role": "Prompt", "say": "Which tea?"}, {"role": "Response", "say": "Jasmine."}],
            }
        ],
        as_document,
        "document",
        is_json=False,
    ),
)
