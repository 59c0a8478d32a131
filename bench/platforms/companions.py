"""Conversations with companions and characters: for each function, the records of one of their platforms."""

import html
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from bench.platforms.told import Told, Turn, iso

Json = dict[str, Any]

_PERSON, _COMPANION = "Kim", "Sol"
_TURNS_A_PAGE = 50
_KINLOG = (
    "Kindroid chat log downloaded with KinLog v1.1 Chrome extension.",
    "KinLog is a third-party extension and is not affiliated with Kindroid.ai in any way.",
)


def cai_tools(told: Told) -> Iterator[Json]:
    """A chat with a character as CAI Tools saves it: all dates are those of the export."""
    exported = 1000 * told.end
    yield {"user_name": "You", "character_name": _COMPANION, "create_date": exported}
    for turn in told.turns:
        name = "You" if turn.by_user else _COMPANION
        yield {"name": name, "is_user": turn.by_user, "is_name": True, "send_date": exported + 1, "mes": turn.text}


def character_ai(told: Told) -> Iterator[Json]:
    """The pages of a chat as the site gives them, the newest turn first."""
    newest_first = [_character_turn(told, turn) for turn in reversed(told.turns)]
    for begin in range(0, len(newest_first), _TURNS_A_PAGE):
        page = newest_first[begin : begin + _TURNS_A_PAGE]
        yield {"turns": page, "meta": {"next_token": page[-1]["turn_key"]["turn_id"]}}


def _character_turn(told: Told, turn: Turn) -> Json:
    at = turn.iso.replace(".000Z", ".123456Z")
    author = {"author_id": "1", "name": _PERSON, "is_human": True} if turn.by_user else {"author_id": "2"}
    candidate = {"candidate_id": f"{turn.id}-c", "create_time": at, "raw_content": turn.text, "is_final": True}
    return {
        "turn_key": {"chat_id": told.id, "turn_id": turn.id},
        "create_time": at,
        "last_update_time": at,
        "state": "STATE_OK",
        "author": author if turn.by_user else {**author, "name": _COMPANION},
        "candidates": [candidate],
        "primary_candidate_id": candidate["candidate_id"],
    }


def janitor_ai(told: Told) -> Iterator[Json]:
    """A chat of JanitorAI."""
    messages = [
        {
            "id": number,
            "chat_id": 7_001,
            "created_at": turn.iso.replace(".000Z", ".250123+00:00"),
            "is_bot": not turn.by_user,
            "is_main": True,
            "message": turn.text,
            "rating": None,
        }
        for number, turn in enumerate(told.turns, 1)
    ]
    chat = {"id": 7_001, "summary": "", "is_public": False, "updated_at": iso(told.end)}
    character = {"id": told.id, "name": f"{_COMPANION} the Gardener", "chat_name": _COMPANION}
    yield {"chat": chat, "character": character, "persona_name": _PERSON, "chatMessages": messages}


def kindroid(told: Told) -> Iterator[Json]:
    """Messages as Kindroid's own interface gives them."""
    for turn in told.turns:
        sender = "user" if turn.by_user else "ai"
        name = _PERSON if turn.by_user else _COMPANION
        head = {"id": turn.id, "sender": sender, "sender_type": sender, "display_name": name}
        yield {**head, "timestamp": 1000 * turn.at, "message": turn.text}


def kinlog(told: Told) -> Iterator[Json]:
    """A log of the KinLog extension, in which texts are HTML."""
    said = [
        [_PERSON if turn.by_user else _COMPANION, html.escape(turn.text, quote=False).replace("\n", "<br>")]
        for turn in told.turns
    ]
    yield {"about": list(_KINLOG), "meta": {"source": "KinLog", "version": "1.1"}, "chat": said}


def letta(told: Told) -> Iterator[Json]:
    """The message list of Letta's interface, the newest message first, of an agent that speaks in its text."""
    for turn in reversed(told.turns):
        yield from reversed(list(_parts(turn)))


def _parts(turn: Turn) -> Iterator[Json]:
    id_ = f"message-{turn.id}"
    head = {"id": id_, "date": turn.iso.replace(".000Z", "+00:00"), "name": None, "sender_id": None, "is_err": None}
    kept = {"step_id": None if turn.by_user else f"step-{turn.id}", "run_id": None, "seq_id": None}
    if turn.by_user:
        yield {**head, "message_type": "user_message", "otid": f"{turn.id}00", **kept, "content": turn.text}
        return
    if turn.reasoning:
        thought = {"source": "reasoner_model", "reasoning": turn.reasoning, "signature": None}
        yield {**head, "message_type": "reasoning_message", "otid": f"{turn.id}00", **kept, **thought}
    content = [{"type": "text", "text": turn.text}]
    yield {**head, "message_type": "assistant_message", "otid": f"{turn.id}01", **kept, "content": content}


def letta_agent(told: Told) -> Iterator[Json]:
    """An agent file of version 2."""
    messages = [_agent_message(number, turn) for number, turn in enumerate(told.turns)]
    agent = {
        "name": _COMPANION,
        "agent_type": "letta_v1_agent",
        "system": "You are Sol.",
        "block_ids": ["block-0"],
        "tool_ids": [],
        "llm_config": {"model": "gpt-4o", "context_window": 128_000},
        "in_context_message_ids": [message["id"] for message in messages],
        "messages": messages,
        "id": "agent-0",
    }
    beside: Json = {"groups": [], "blocks": [], "files": [], "sources": [], "tools": [], "mcp_servers": []}
    yield {"agents": [agent], **beside, "metadata": {}, "created_at": iso(told.end)}


def _agent_message(number: int, turn: Turn) -> Json:
    content = [{"type": "text", "text": turn.text}]
    if turn.reasoning:
        content.insert(0, {"type": "reasoning", "is_native": "true", "reasoning": turn.reasoning})
    return {
        "type": "message",
        "role": turn.role,
        "content": content,
        "name": None,
        "otid": None,
        "sender_id": None,
        "batch_item_id": None,
        "group_id": None,
        "id": f"message-{number}",
        "model": None if turn.by_user else "gpt-4o",
        "agent_id": "agent-0",
        "tool_calls": None,
        "tool_call_id": None,
        "tool_returns": [],
        "created_at": turn.iso.replace(".000Z", ".500000+00:00"),
    }


def replika(told: Told) -> Iterator[tuple[str, ...]]:
    """The CSV of a backup of Replika, the newest message first."""
    for number, turn in reversed(list(enumerate(told.turns))):
        side = "Me" if turn.by_user else "Rep"
        yield turn.iso, side, turn.text.replace("\n", "\\n"), "None", f"63ff1df00d4f5a00{number:08x}"


def sillytavern(told: Told) -> Iterator[Json]:
    """A log of SillyTavern of 2024 and 2025: dates are local, ends of answers UTC; every tenth answer has swipes."""
    created = datetime.fromtimestamp(told.begin, UTC).strftime("%Y-%m-%d@%Hh%Mm%Ss")
    metadata = {"integrity": told.id, "note_prompt": "", "note_interval": 1, "timedWorldInfo": {}, "tainted": True}
    names = {"user_name": _PERSON, "character_name": _COMPANION}
    yield {**names, "create_date": created, "chat_metadata": metadata}
    for number, turn in enumerate(told.turns):
        yield _tavern_line(number, turn)


def _tavern_line(number: int, turn: Turn) -> Json:
    sent = datetime.fromtimestamp(turn.at, UTC)
    of_day = f"{sent.hour % 12 or 12}:{sent:%M}{'pm' if sent.hour > 11 else 'am'}"
    line: Json = {
        "name": _PERSON if turn.by_user else _COMPANION,
        "is_user": turn.by_user,
        "is_system": False,
        "send_date": f"{sent:%B} {sent.day}, {sent.year} {of_day}",
        "mes": turn.text,
        "extra": {"isSmallSys": False, "token_count": len(turn.text) // 4, "reasoning": turn.reasoning},
        "force_avatar": "User Avatars/1700000000000-Kim.png" if turn.by_user else None,
    }
    if not turn.by_user:
        times = {"gen_started": iso(turn.at - 9), "gen_finished": turn.iso}
        extra = {**line["extra"], "api": "openai", "model": "gpt-4o"}
        swipes = [turn.text] if number % 10 else ["Another answer.", turn.text]
        info = [{"send_date": line["send_date"], **times, "extra": extra} for _swipe in swipes]
        line |= {**times, "extra": extra, "swipe_id": len(swipes) - 1, "swipes": swipes, "swipe_info": info}
    return line
