"""Conversations with Gemini: for each function, the records of one of the forms in which they come."""

import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from bench.platforms.told import Told, Turn, iso

Json = dict[str, Any]

_CODE = re.compile(r"```python\n(.*?)```", re.DOTALL)
_BOLD = re.compile(r"\*\*(.+?)\*\*")
_STREAMED = 160
"""Characters of each piece in which an answer arrives."""
_SETTINGS = {"temperature": 1.0, "model": "models/gemini-2.5-pro", "topP": 0.95, "topK": 64, "maxOutputTokens": 65_536}


def threads(told: Told) -> Iterator[Json]:
    """A thread that was merged with its activity by the community's exporter."""
    messages = [_thread_message(told, number, turn) for number, turn in enumerate(told.turns, 1)]
    yield {
        "schema": "psycheros.browser-thread-export.v1",
        "provider": "gemini",
        "format": "gemini-thread-activity-merged-draft",
        "exported_at": iso(told.end),
        "source_url": _address(told),
        "conversation_id": told.short_id,
        "title": told.title,
        "messages": messages,
    }


def _thread_message(told: Told, number: int, turn: Turn) -> Json:
    exact = "activity-prompt-exact" if turn.by_user else "inferred-from-preceding-activity-prompt"
    evidence = {"source": "gemini.apps-activity", "timestamp_resolution": "absolute-date-from-activity"}
    return {
        "id": f"{told.short_id}-{number}",
        "role": turn.role,
        "content": turn.text,
        "created_at": turn.iso,
        "timestamp_status": exact,
        "timestamp_evidence": evidence,
    }


def activity(told: Told) -> Iterator[Json]:
    """Records of Google's activity, since they tell the chat; the newest first."""
    address = _address(told)
    for asked, answered in reversed(list(told.pairs())):
        record: Json = {
            "header": "Gemini Apps",
            "title": f"Prompted {asked.text}",
            "time": asked.iso,
            "products": ["Gemini Apps"],
            "activityControls": ["Gemini Apps Activity"],
            "details": [{"name": address, "url": address}],
        }
        yield {**record, "safeHtmlItem": [{"html": as_html(answered.text)}]} if answered else record


def cards(told: Told) -> Iterator[str]:
    """The same as cards of a page."""
    address = _address(told)
    link = f'<b>Details:</b><br>&emsp;URL: <a href="{address}">{address}</a><br>'
    for asked, answered in reversed(list(told.pairs())):
        sent = datetime.fromtimestamp(asked.at, UTC)
        time = f"{sent:%b} {sent.day}, {sent.year}, {sent.hour % 12 or 12}:{sent:%M:%S}\u202f{sent:%p} UTC"
        prompt = html.escape(asked.text, quote=False).replace("\n", "<br>")
        answer = f"{as_html(answered.text)}\n<br>" if answered else ""
        yield (
            '<div class="outer-cell mdl-cell mdl-cell--12-col mdl-shadow--2dp"><div class="mdl-grid">'
            '<div class="header-cell mdl-cell mdl-cell--12-col"><p class="mdl-typography--title">Gemini Apps<br></p>'
            '</div><div class="content-cell mdl-cell mdl-cell--6-col mdl-typography--body-1">'
            f"Prompted&nbsp;{prompt}<br>{time}<br>{answer}</div>"
            '<div class="content-cell mdl-cell mdl-cell--6-col mdl-typography--body-1 mdl-typography--text-right">'
            '</div><div class="content-cell mdl-cell mdl-cell--12-col mdl-typography--caption"><b>Products:</b><br>'
            f"&emsp;Gemini Apps<br>{link}<b>Why is this here?</b><br>&emsp;This activity was saved to your Google "
            "Account because the following settings were on:&nbsp;Gemini Apps Activity.&nbsp;You can control these "
            'settings &nbsp;<a href="https://myaccount.google.com/activitycontrols">here</a>.</div></div></div>'
        )


def ai_studio(told: Told) -> Iterator[Json]:
    """A prompt of AI Studio, whose answers are told as a whole and once more in the pieces that were streamed."""
    chunks: list[Json] = []
    for turn in told.turns:
        if turn.by_user:
            chunks.append({"text": turn.text, "role": "user", "tokenCount": len(turn.text) // 4})
            continue
        if turn.reasoning:
            parts = [{"text": piece, "thought": True} for piece in _pieces(turn.reasoning)]
            chunks.append({"text": turn.reasoning, "role": "model", "isThought": True, "parts": parts})
        parts = [{"text": piece} for piece in _pieces(turn.text)]
        told_as = {"role": "model", "finishReason": "STOP", "tokenCount": len(turn.text) // 4}
        chunks.append({"text": turn.text, **told_as, "parts": parts})
    prompt = {"chunks": chunks, "pendingInputs": [{"text": "", "role": "user"}]}
    yield {"runSettings": _SETTINGS, "systemInstruction": {}, "chunkedPrompt": prompt}


def _pieces(text: str) -> list[str]:
    return [text[begin : begin + _STREAMED] for begin in range(0, len(text), _STREAMED)]


def _address(told: Told) -> str:
    return f"https://gemini.google.com/app/{told.short_id}"


def as_html(markdown: str) -> str:
    """The Markdown of `bench.talk` as Google's activity tells it: the language of code is lost."""
    pieces = enumerate(_CODE.split(markdown))
    return "".join(
        f"<pre><code>{html.escape(text)}</code></pre>" if place % 2 else _blocks(text) for place, text in pieces
    )


def _blocks(text: str) -> str:
    blocks = (_BOLD.sub(r"<strong>\1</strong>", html.escape(block.strip())) for block in text.split("\n\n"))
    return "".join(
        f"<ul><li>{block.removeprefix('- ')}</li></ul>" if block.startswith("- ") else f"<p>{block}</p>"
        for block in blocks
        if block
    )
