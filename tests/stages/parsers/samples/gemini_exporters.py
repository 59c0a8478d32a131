from tests.stages.parsers.harness import Sample, within

_PAGE = "https://gemini.google.com/app/"
_EXPORTED = "2026-06-16T12:00:00.000Z"
_MAKER = "Gemini Exporter (https://www.ai-chat-exporter.com)"
_DATES = {"created": "06/15/2026 08:30:00", "exported": "06/16/2026 12:00:00"}
_TALKS = (("b2c3d4e5f6071829", "Which tea?", "**Jasmine**."), ("c3d4e5f60718293a", "And now?", "Rest."))

SAMPLES = (
    Sample(
        "gemini",
        "voyager",
        [
            {
                "format": "gemini-voyager.chat.v1",
                "url": f"{_PAGE}{id_}",
                "exportedAt": _EXPORTED,
                "count": 1,
                "title": "Tea",
                "items": [{"user": asked, "assistant": answered, "starred": False}],
            }
            for id_, asked, answered in _TALKS
        ],
    ),
    Sample(
        "gemini",
        "saved-chats",
        [
            {
                "id": id_,
                "title": "Tea",
                "url": f"{_PAGE}{id_}",
                "exportedAt": _EXPORTED,
                "messages": [{"role": "user", "content": asked}, {"role": "model", "content": answered}],
            }
            for id_, asked, answered in _TALKS
        ],
        within("chats", {"exportedAt": _EXPORTED, "totalChats": 2}),
    ),
    Sample(
        "gemini",
        "chat-exporter",
        [
            {
                "metadata": {"title": "Tea", "dates": _DATES, "link": f"{_PAGE}{id_}", "powered_by": _MAKER},
                "messages": [{"role": "Prompt", "say": asked}, {"role": "Response", "say": answered}],
            }
            for id_, asked, answered in _TALKS
        ],
    ),
    Sample(
        "gemini",
        "chat-exporter-markdown",
        [f"# Tea\n\n## Prompt:\nWhich tea?\n\n## Response:\n**Jasmine**.\n\n---\nPowered by {_MAKER}\n"],
        lambda records: str(records[0]).encode(),
        kind="document",
        is_json=False,
    ),
)
