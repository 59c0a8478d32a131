"""Small documents of each platform, built from what the documentation of the formats says."""

from collections.abc import Sequence

Json = dict[str, object]


def message(role: str, text: str = "", /, **other: object) -> Json:
    """A ChatGPT message; `content` or `parts` replace the text, everything else is added."""
    content: object = {"content_type": "text", "parts": other.pop("parts", [text])}
    metadata = other.pop("metadata", {})
    author = {"role": role, "name": other.pop("name", None)}
    head = {"author": author, "create_time": 1_700_000_000.0, "content": content, "metadata": metadata}
    return {**head, "recipient": "all", **other}


def shown(content_type: str, /, **content: object) -> Json:
    """A `content` of a ChatGPT message."""
    return {"content_type": content_type, **content}


def chain(*messages: Json | None) -> Json:
    """A `mapping` in which each message follows the one before: keys `n0`, `n1`, …"""
    last = len(messages) - 1
    return {
        f"n{place}": {
            "id": f"n{place}",
            "message": one,
            "parent": f"n{place - 1}" if place else None,
            "children": [f"n{place + 1}"] if place < last else [],
        }
        for place, one in enumerate(messages)
    }


def chatgpt(*messages: Json | None, **other: object) -> Json:
    """A ChatGPT conversation, one message after the other."""
    mapping = chain(*messages)
    head: Json = {
        "conversation_id": "c1",
        "title": "A talk",
        "create_time": 1_700_000_000.0,
        "update_time": 1_700_000_900.0,
    }
    return {**head, "mapping": mapping, "current_node": list(mapping)[-1] if mapping else None, **other}


def activity(title: str, time: str, html: str | Sequence[str] = (), chats: Sequence[str] = (), **other: object) -> Json:
    """A record of Gemini's activity in Google Takeout."""
    answers = [html] if isinstance(html, str) else list(html)
    record: Json = {"header": "Gemini Apps", "title": title, "time": time, "products": ["Gemini Apps"]}
    if answers:
        record["safeHtmlItem"] = [{"html": answer} for answer in answers]
    if chats:
        urls = [f"https://gemini.google.com/app/{chat}" for chat in chats]
        record["details"] = [{"name": url, "url": url} for url in urls]
    return {**record, **other}


def thread(id_: str, *messages: Json, **other: object) -> Json:
    """A merged thread of the community's Gemini exporter."""
    head: Json = {"provider": "gemini", "format": "gemini-thread-activity-merged-draft", "conversation_id": id_}
    return {**head, "title": "Seeds", "exported_at": "2026-06-16T12:00:00.000Z", "messages": list(messages), **other}


def loom(id_: str, *messages: Json, **other: object) -> Json:
    """A conversation of Loom Standard."""
    head: Json = {"id": id_, "title": "A talk", "createdAt": "2024-03-10T14:00:00.000Z"}
    return {**head, "updatedAt": "2024-03-10T15:00:00.000Z", "messages": list(messages), **other}


def said(role: str, content: object, created: object = "2024-03-10T14:00:00.000Z", **other: object) -> Json:
    """A message of Loom Standard."""
    return {"role": role, "content": content, "createdAt": created, **other}
