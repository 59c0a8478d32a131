"""Conversations of programs that people host themselves: for each function, the records of one of them."""

from collections.abc import Iterator
from typing import Any

from bench.platforms.told import Told, Turn, iso

Json = dict[str, Any]

_ROOT = "00000000-0000-0000-0000-000000000000"


def loom_standard(told: Told) -> Iterator[Json]:
    """A conversation of Loom Standard."""
    messages = []
    for turn in told.turns:
        message: Json = {"id": turn.id, "role": turn.role, "content": turn.text, "createdAt": turn.iso}
        if not turn.by_user:
            message["model"] = told.model
        if turn.reasoning:
            message["reasoning"] = turn.reasoning
        messages.append(message)
    times = {"createdAt": iso(told.begin), "updatedAt": iso(told.end)}
    yield {"id": told.id, "title": told.title, **times, "messages": messages}


def librechat(told: Told) -> Iterator[Json]:
    """A conversation of LibreChat, each message with the one that follows it inside."""
    tree: list[Json] = []
    for place in reversed(range(len(told.turns))):
        turn = told.turns[place]
        tree = [
            {
                "messageId": turn.id,
                "conversationId": told.id,
                "parentMessageId": told.parent(place) or _ROOT,
                "isCreatedByUser": turn.by_user,
                "sender": "User" if turn.by_user else "GPT-4o",
                "text": turn.text,
                "model": None if turn.by_user else told.model,
                "endpoint": "openAI",
                "error": False,
                "unfinished": False,
                "tokenCount": len(turn.text) // 4,
                "createdAt": turn.iso,
                "updatedAt": turn.iso,
                "children": tree,
            }
        ]
    head = {
        "conversationId": told.id,
        "endpoint": "openAI",
        "title": told.title,
        "exportAt": "16:33:32 GMT+0200 (CEST)",
    }
    options = {"model": told.model, "promptPrefix": None, "temperature": 1}
    yield {**head, "branches": True, "recursive": True, "options": options, "messagesTree": tree}


def lm_studio(told: Told) -> Iterator[Json]:
    """The file of a conversation of LM Studio."""
    messages = [{"versions": [_version(turn)], "currentlySelected": 0} for turn in told.turns]
    times = {"userLastMessagedAt": 1000 * told.end, "assistantLastMessagedAt": 1000 * told.end}
    beside: Json = {"lastUsedModel": {"identifier": "qwen-7b"}, "notes": [], "plugins": [], "clientInput": ""}
    head = {"name": told.title, "pinned": False, "createdAt": 1000 * told.begin, "preset": "", "tokenCount": 9}
    config: Json = {"perChatPredictionConfig": {"fields": []}, "systemPrompt": ""}
    yield {**head, **config, "messages": messages, **times, **beside}


def _version(turn: Turn) -> Json:
    content = [{"type": "text", "text": turn.text}]
    if turn.by_user:
        return {"type": "singleStep", "role": "user", "content": content}
    steps: list[Json] = [{"type": "contentBlock", "stepIdentifier": f"{turn.id}-1", "content": content}]
    if turn.reasoning:
        thought = [{"type": "text", "text": turn.reasoning}]
        style = {"type": "thinking", "title": "Thoughts", "ended": True}
        steps.insert(0, {"type": "contentBlock", "stepIdentifier": f"{turn.id}-0", "content": thought, "style": style})
    steps[-1]["genInfo"] = {"identifier": "qwen-7b", "stats": {"tokensPerSecond": 41.2, "stopReason": "eosFound"}}
    steps.append({"type": "debugInfoBlock", "stepIdentifier": f"{turn.id}-2", "debugInfo": "Conversation naming"})
    return {"type": "multiStep", "role": "assistant", "senderInfo": {"senderName": "qwen-7b"}, "steps": steps}


def open_webui(told: Told) -> Iterator[Json]:
    """A chat of Open WebUI, which tells the branch that is shown once more beside the history."""
    messages = [_webui_message(told, place, turn) for place, turn in enumerate(told.turns)]
    history = {"messages": {message["id"]: message for message in messages}, "currentId": messages[-1]["id"]}
    inner = {"id": "", "title": told.title, "models": [told.model], "params": {}, "history": history, "tags": []}
    chat = {**inner, "messages": messages, "timestamp": 1000 * told.begin, "files": []}
    times = {"created_at": told.begin, "updated_at": told.end}
    flags: Json = {"share_id": None, "archived": False, "pinned": False, "meta": {}, "folder_id": None}
    yield {"id": told.id, "user_id": _ROOT, "title": told.title, "chat": chat, **times, **flags}


def _webui_message(told: Told, place: int, turn: Turn) -> Json:
    following = [told.turns[place + 1].id] if place + 1 < len(told.turns) else []
    head = {"id": turn.id, "parentId": told.parent(place), "childrenIds": following, "role": turn.role}
    if turn.by_user:
        return {**head, "content": turn.text, "timestamp": turn.at, "models": [told.model]}
    folded = ""
    if turn.reasoning:
        quoted = turn.reasoning.replace("&", "&amp;").replace("<", "&lt;").replace("\n", "\n&gt; ")
        summary = "<summary>Thought for 6 seconds</summary>"
        folded = f'<details type="reasoning" done="true" duration="6">\n{summary}\n&gt; {quoted}\n</details>\n'
    named = {"model": told.model, "modelName": told.model, "modelIdx": 0, "done": True}
    return {**head, "content": folded + turn.text, "timestamp": turn.at, **named}


def typingmind(told: Told) -> Iterator[Json]:
    """A chat of TypingMind."""
    messages = [
        {"uuid": turn.id, "role": turn.role, "content": turn.text, "createdAt": turn.iso} for turn in told.turns
    ]
    times = {"createdAt": iso(told.begin), "updatedAt": iso(told.end)}
    head = {"id": told.id, "chatID": told.id, "chatTitle": told.title, "model": told.model}
    yield {**head, **times, "messages": messages, "tokenUsage": {"totalTokens": 9}, "syncedAt": None}
