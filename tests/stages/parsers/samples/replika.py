import csv
import io
from collections.abc import Sequence

from tests.stages.parsers.harness import Sample

HEADER = ("Timestamp", "From", "Text", "Reaction", "ID")
ROWS = (
    ("2023-03-01T10:05:00.000Z", "Rep", "I missed you too!\\n\\nHow was work?", "Love", "63ff1e2c0d4f5a0007000004"),
    ("2023-03-01T10:04:30.000Z", "Me", "Missed you", "None", "63ff1e0e0d4f5a0007000003"),
    ("2023-03-01T10:04:10.000Z", "Rep", "Hey, there you are", "Upvote", "63ff1dfa0d4f5a0007000002"),
    ("2023-03-01T10:04:00.000Z", "Me", "hi", "None", "63ff1df00d4f5a0007000001"),
)


def backup(rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER) -> bytes:
    """The file that the backup script writes."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *rows])
    return text.getvalue().encode()


def _encode(records: Sequence[object]) -> bytes:
    return backup([[str(field) for field in record] for record in records if isinstance(record, tuple)])


SAMPLES = (Sample("replika", "", ROWS, _encode, kind="log", newest_first=True, is_json=False),)
