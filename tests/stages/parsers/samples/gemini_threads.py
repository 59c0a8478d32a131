from tests.stages.parsers.documents import said, thread
from tests.stages.parsers.harness import Sample, within

_BATCH = {"provider": "gemini", "format": "gemini-merged-batch-draft"}
_DRAFT = "gemini-visible-chat-draft"

SAMPLES = (
    Sample(
        "gemini",
        "threads",
        [
            thread("aa11", said("user", "Hi") | {"created_at": "2026-06-15T06:30:00.000Z"}, said("assistant", "Hello")),
            thread("bb22", said("user", "Bye") | {"created_at": "2026-06-15T07:30:00.000Z"}),
        ],
        within("conversations", _BATCH),
    ),
    Sample(
        "gemini",
        "thread-drafts",
        [
            thread("cc33", said("user", "Hi", None), said("assistant", "Hello", None), format=_DRAFT),
            thread("dd44", said("user", "Bye", None), format=_DRAFT),
        ],
    ),
)
