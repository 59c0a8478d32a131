from tests.stages.parsers.documents import activity, said, thread
from tests.stages.parsers.harness import Sample, within

_BATCH = {"provider": "gemini", "format": "gemini-merged-batch-draft"}

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
        "threads",
        [
            thread("aa11", said("user", "Hi") | {"created_at": "2026-06-15T06:30:00.000Z"}, said("assistant", "Hello")),
            thread("bb22", said("user", "Bye") | {"created_at": "2026-06-15T07:30:00.000Z"}),
        ],
        within("conversations", _BATCH),
    ),
)
