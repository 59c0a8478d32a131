import csv
import io
from collections.abc import Callable, Sequence

from tests.stages.parsers.harness import Sample

HISTORY = ("Conversation", "Time", "Author", "Message")
ACTIVITY = ("CreatedAt", "MessageContent", "Author", "ChatName")


def export(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    """A file of the privacy dashboard: byte order mark, CRLF between rows."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *rows])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _encode(header: Sequence[str]) -> Callable[[Sequence[object]], bytes]:
    return lambda records: export(header, [tuple(map(str, one)) for one in records if isinstance(one, tuple)])


SAMPLES = (
    Sample(
        "copilot",
        "activity-history",
        [
            ("Garden", "2026-04-12T10:08:30", "AI", "From Settings.\n\n- Devices\n- Reset"),
            ("Garden", "2026-04-12T10:08:30", "Human", "Another code, please?"),
            ("Recipes", "2026-04-11T09:00:00", "AI", "Flour, then fold."),
            ("Garden", "2026-04-10T10:05:00", "AI", "Keep it within two metres."),
            ("Garden", "2026-04-10T10:05:00", "Human", 'Can I pair a "sensor"?'),
            ("Recipes", "2026-04-10T09:00:00", "Human", "How do I bake?"),
        ],
        _encode(HISTORY),
        kind="log",
        newest_first=True,
        is_json=False,
    ),
    Sample(
        "copilot",
        "chat-activity",
        [
            ("1/1/2026 10:00:01 +00:00", "Answer", "bot", "Research"),
            ("1/1/2026 10:00:00 +00:00", "Query", "user", "Research"),
        ],
        _encode(ACTIVITY),
        kind="log",
        newest_first=True,
        is_json=False,
    ),
)
