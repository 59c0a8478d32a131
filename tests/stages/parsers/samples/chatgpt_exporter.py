from tests.stages.parsers.documents import Json
from tests.stages.parsers.harness import Sample

MAKERS = {
    "chatgpt": "ChatGPT Exporter (https://www.chatgptexporter.com)",
    "claude": "Claude Exporter (https://www.claudexporter.com)",
    "gemini": "Gemini Exporter (https://www.ai-chat-exporter.com)",
}
DATES = {"created": "3/14/2025 9:05:30", "updated": "3/14/2025 9:20:00", "exported": "4/1/2025 18:00:00"}


def exporter_chat(platform: str, link: str, *messages: Json, **metadata: object) -> Json:
    """A chat as the "ChatGPT Exporter" extension and its twins save it; `metadata` replaces what stands there."""
    head = {"title": "A talk", "user": {"name": "Ada", "email": "ada@example.org"}, "dates": DATES, "link": link}
    return {"metadata": {**head, "powered_by": MAKERS[platform], **metadata}, "messages": list(messages)}


def prompt(say: object, **other: object) -> Json:
    """What the person said."""
    return {"role": "Prompt", "say": say, **other}


def response(say: object, **other: object) -> Json:
    """What was answered."""
    return {"role": "Response", "say": say, **other}


SAMPLES = (
    Sample(
        "chatgpt",
        "chat-exporter",
        [
            exporter_chat(
                "chatgpt",
                "https://chatgpt.com/c/67d3f0a1-1111-8000-9000-0123456789ab",
                prompt("Which tea?", time="09:05"),
                response("Jasmine.", time="09:06"),
            ),
            exporter_chat("chatgpt", "https://chatgpt.com/", prompt("And now?"), response("Rest."), title=None),
        ],
    ),
)
