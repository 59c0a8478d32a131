"""Conversations as the assistants of large companies export them: for each function, the records of one of them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from bench.dice import Dice
from bench.platforms.told import Told, Turn, iso

Json = dict[str, Any]

_ROOT = "00000000-0000-4000-8000-000000000000"
_CHINA = timezone(timedelta(hours=8))


def claude(told: Told) -> Iterator[Json]:
    """The official export of claude.ai, since messages have content blocks and say which one they follow."""
    messages = [_claude_message(turn, told.parent(place) or _ROOT) for place, turn in enumerate(told.turns)]
    yield {
        "uuid": told.id,
        "name": told.title,
        "summary": "",
        "created_at": iso(told.begin),
        "updated_at": iso(told.end),
        "account": {"uuid": _ROOT},
        "chat_messages": messages,
    }


def _claude_message(turn: Turn, parent: str) -> Json:
    times = {"start_timestamp": turn.iso, "stop_timestamp": turn.iso, "flags": None}
    blocks: list[Json] = [{**times, "type": "text", "text": turn.text, "citations": []}]
    if turn.reasoning:
        thinking = {"type": "thinking", "thinking": turn.reasoning, "summaries": [], "cut_off": False}
        blocks.insert(0, {**times, **thinking})
    return {
        "uuid": turn.id,
        "text": "\n\n".join(filter(None, (turn.reasoning, turn.text))),
        "content": blocks,
        "sender": "human" if turn.by_user else "assistant",
        "created_at": turn.iso,
        "updated_at": turn.iso,
        "attachments": [],
        "files": [],
        "parent_message_uuid": parent,
    }


def claude_code(told: Told) -> Iterator[Json]:
    """A session of Claude Code: before each answer, a tool is called and tells its result."""
    last: str | None = None
    for turn in told.turns:
        if turn.by_user:
            lines = [_line(told, turn, "user", "p", turn.text)]
        else:
            call = {"type": "tool_use", "id": f"toolu_{turn.id}", "name": "Bash", "input": {"command": "make test"}}
            result = {"tool_use_id": f"toolu_{turn.id}", "type": "tool_result", "content": "ok\n", "is_error": False}
            lines = [
                _line(told, turn, "assistant", "c", [call]),
                _line(told, turn, "user", "r", [result]),
                _line(told, turn, "assistant", "a", [{"type": "text", "text": turn.text}]),
            ]
        for line in lines:
            yield {"parentUuid": last, **line}
            last = line["uuid"]


def _line(told: Told, turn: Turn, kind: str, mark: str, content: object) -> Json:
    message: Json = {"role": kind, "content": content}
    if kind == "assistant":
        usage = {"input_tokens": 4, "cache_read_input_tokens": 11_373, "output_tokens": 122, "service_tier": "standard"}
        head = {"id": f"msg_{turn.id}", "type": "message", "model": "claude-sonnet-4-20250514", "stop_reason": None}
        message |= {**head, "usage": usage}
    where = {"cwd": "/home/kim/garden", "gitBranch": "main", "version": "1.0.51", "userType": "external"}
    uuid = f"{turn.id}-{mark}"
    told_by = {"sessionId": told.id, "type": kind, "message": message, "uuid": uuid, "timestamp": turn.iso}
    return {"isSidechain": False, **where, **told_by}


def deepseek(told: Told) -> Iterator[Json]:
    """The official export of DeepSeek."""
    mapping: Json = {"root": {"id": "root", "parent": None, "children": ["1"], "message": None}}
    for number, turn in enumerate(told.turns, 1):
        fragments = [{"type": "REQUEST" if turn.by_user else "RESPONSE", "content": turn.text}]
        if turn.reasoning:
            fragments.insert(0, {"type": "THINK", "content": turn.reasoning})
        message = {"files": [], "model": "deepseek-chat", "inserted_at": _in_china(turn.at), "fragments": fragments}
        mapping[str(number)] = {
            "id": str(number),
            "parent": str(number - 1) if number > 1 else "root",
            "children": [str(number + 1)] if number < len(told.turns) else [],
            "message": message,
        }
    times = {"inserted_at": _in_china(told.begin), "updated_at": _in_china(told.end)}
    yield {"id": told.id, "title": told.title, **times, "mapping": mapping}


def _in_china(at: int) -> str:
    return datetime.fromtimestamp(at, _CHINA).strftime("%Y-%m-%dT%H:%M:%S.202000%z")


def grok(told: Told) -> Iterator[Json]:
    """The export of an xAI account."""
    responses = [_response(told, place, turn) for place, turn in enumerate(told.turns)]
    head = {"id": told.id, "user_id": _ROOT, "anon_user_id": None, "title": told.title, "summary": ""}
    flags = {"starred": False, "temporary": False, "media_types": [], "team_id": None, "leaf_response_id": None}
    times = {"create_time": iso(told.begin), "modify_time": iso(told.end)}
    yield {"conversation": {**head, **times, **flags, "system_prompt_name": ""}, "responses": responses}


def _response(told: Told, place: int, turn: Turn) -> Json:
    response: Json = {
        "_id": turn.id,
        "conversation_id": told.id,
        "message": turn.text,
        "sender": "human" if turn.by_user else "ASSISTANT",
        "create_time": {"$date": {"$numberLong": str(1000 * turn.at)}},
        "parent_response_id": told.parent(place),
        "manual": False,
        "partial": False,
        "shared": False,
        "query": "",
        "query_type": "",
        "web_search_results": [],
        "xpost_ids": [],
        "generated_image_urls": [],
        "file_attachments": [],
        "card_attachments_json": [],
        "metadata": {"requestModelDetails": {"modelId": "grok-4"}} if turn.by_user else {},
        "model": "grok-4",
    }
    if turn.reasoning:
        response["thinking_trace"] = turn.reasoning
    return {"response": response, "share_link": None}


def le_chat(told: Told) -> Iterator[list[Json]]:
    """The file of a chat in the official export of Le Chat, in no order at all."""
    messages = [_mistral_message(told, turn) for turn in told.turns]
    dice = Dice(told.begin)
    yield sorted(messages, key=lambda _message: dice.share())


def _mistral_message(told: Told, turn: Turn) -> Json:
    chunks = None if turn.by_user else [{"type": "text", "text": turn.text, "_context": None}]
    return {
        "id": turn.id,
        "version": 0,
        "chatId": told.id,
        "content": turn.text,
        "contentChunks": chunks,
        "role": turn.role,
        "createdAt": turn.iso,
        "reaction": "neutral",
        "reactionDetail": None,
        "reactionComment": None,
        "preference": None,
        "preferenceOver": None,
        "context": None,
        "canvas": [],
        "quotes": [],
        "files": [],
    }


def perplexity(told: Told) -> Iterator[Json]:
    """The official export of Perplexity: questions with their answers."""
    entries = [
        {
            "entry_uuid": asked.id,
            "query": asked.text,
            "answer": answered.text if answered else "",
            "label": None,
            "engine_mode": None,
            "created_at": asked.iso,
            "query_status": "COMPLETED",
        }
        for asked, answered in told.pairs()
    ]
    times = {"created_at": iso(told.begin), "updated_at": iso(told.end)}
    head = {"context_uuid": told.id, "context_title": told.title, "mode": "CONCISE", "collection_uuid": None}
    yield {**head, **times, "entries": entries}


def copilot(told: Told) -> Iterator[tuple[str, ...]]:
    """The activity history of Microsoft Copilot, newest first; an answer is of the second of its question."""
    for asked, answered in reversed(list(told.pairs())):
        at = datetime.fromtimestamp(asked.at, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        if answered:
            yield told.title, at, "AI", answered.text
        yield told.title, at, "Human", asked.text
