"""Gemini's activity in both forms, and a conversation of Workspace."""

from collections.abc import Sequence

from tests.stages.parsers.documents import Json, activity
from tests.stages.parsers.harness import Sample

CSS = ".mdl-grid{display:flex}.outer-cell{margin:8px}.header-cell,.content-cell{padding:8px}" * 20


def card(
    title: str,
    time: str,
    answer: str = "",
    chats: Sequence[str] = (),
    *,
    notes: Sequence[str] = (),
    header: str = "Gemini Apps",
    previews: str = "",
    caption: str = "",
) -> str:
    """A card of Google's activity as a web page. `title`, `notes` and the rest are HTML; `chats` are ids."""
    links = "".join(
        f'&emsp;URL: <a href="https://gemini.google.com/app/{chat}">https://gemini.google.com/app/{chat}</a><br>'
        for chat in chats
    )
    details = f"<b>Details:</b><br>{links}" if links else ""
    lines = "".join(f"{line}<br>" for line in (title, *notes, time))
    body = f"{lines}{answer}\n<br>" if answer else lines
    return (
        '<div class="outer-cell mdl-cell mdl-cell--12-col mdl-shadow--2dp"><div class="mdl-grid">'
        f'<div class="header-cell mdl-cell mdl-cell--12-col"><p class="mdl-typography--title">{header}<br></p></div>'
        f'<div class="content-cell mdl-cell mdl-cell--6-col mdl-typography--body-1">{body}</div>'
        '<div class="content-cell mdl-cell mdl-cell--6-col mdl-typography--body-1 mdl-typography--text-right">'
        f'{previews}</div><div class="content-cell mdl-cell mdl-cell--12-col mdl-typography--caption">'
        f"<b>Products:</b><br>&emsp;{header}<br>{details}{caption}<b>Why is this here?</b><br>&emsp;"
        "This activity was saved to your Google Account because the following settings were on:&nbsp;Gemini Apps "
        'Activity.&nbsp;You can control these settings &nbsp;<a href="https://myaccount.google.com/activitycontrols">'
        "here</a>.</div></div></div>"
    )


def page(cards: Sequence[object]) -> bytes:
    """The page that holds `cards`."""
    head = f'<html><head><title>My Activity History</title><style type="text/css">{CSS}</style></head>'
    return f'{head}<body><div class="mdl-grid">{"".join(map(str, cards))}</div></body></html>'.encode()


def turn(role: str, index: object, text: str, at: str = "2026-08-30T09:15:01Z", **other: object) -> Json:
    """A turn of a conversation of Workspace: `user` or `system`."""
    said: Json = {"prompt": text} if role == "user" else {"text": [{"data": text}]}
    return {f"{role}_turn": {**said, "turn_index": index, "turn_last_modified": at, **other}}


def workspace(*turns: object, **other: object) -> Json:
    """A conversation of Workspace."""
    head: Json = {"title": "The meeting", "creation_time": "2026-08-30T09:15:00.209311+00:00"}
    return {**head, "last_modification_time": "2026-08-30T09:20:00Z", "conversation_turns": list(turns), **other}


SAMPLES = (
    Sample(
        "gemini",
        "takeout",
        [
            activity("Prompted Plant lavender?", "2026-08-20T10:00:00.100Z", "<p>By the wall.</p>", ["a1b2c3d4e5f6"]),
            activity("Prompted And thyme?", "2026-08-20T10:03:00.100Z", "<p>There too.</p>", ["a1b2c3d4e5f6"]),
            activity("Prompted What is rain?", "2026-07-01T08:00:00.000Z", "<p>Water.</p>"),
            activity("Prompted And snow?", "2026-07-01T08:10:00.000Z", "<p>Cold water.</p>"),
            activity("Prompted Much later", "2026-07-01T19:10:00.000Z", "<p>Indeed.</p>"),
            activity("Gave feedback: good", "2026-07-01T19:11:00.000Z"),
        ],
    ),
    Sample(
        "gemini",
        "takeout-page",
        [
            card(
                "Prompted&nbsp;Plant lavender?",
                "Aug 20, 2026, 10:00:00 AM UTC",
                "<p>By the wall.</p>",
                ["a1b2c3d4e5f6"],
            ),
            card("Prompted&nbsp;And thyme?", "Aug 20, 2026, 10:03:00 AM UTC", "<p>There too.</p>", ["a1b2c3d4e5f6"]),
            card("Prompted&nbsp;What is rain?", "Jul 1, 2026, 8:00:00 AM UTC", "<p>Water.</p>"),
            card("Prompted&nbsp;And snow?", "Jul 1, 2026, 8:10:00 AM UTC", "<p>Cold water.</p>"),
            card("Gave feedback: good", "Jul 1, 2026, 8:11:00 AM UTC"),
        ],
        page,
        is_json=False,
    ),
    Sample(
        "gemini",
        "workspace",
        [
            workspace(turn("user", 0, "Sum it up"), turn("system", 1, "It is a note.", "2026-08-30T09:15:09Z")),
            workspace(turn("user", 0, "Bye", "2026-08-31T00:00:01Z"), creation_time="2026-08-31T00:00:00Z"),
        ],
    ),
)
