"""Small chats of Kindroid in each shape."""

from collections.abc import Sequence

from tests.stages.parsers.harness import Sample, as_document

Json = dict[str, object]
HEADER = (
    "Kindroid chat log downloaded with KinLog v1.1 Chrome extension.",
    "KinLog is a third-party extension and is not affiliated with Kindroid.ai in any way.",
)


def kinlog(*chat: Sequence[object], **other: object) -> Json:
    """A log of KinLog 1.x."""
    return {"about": list(HEADER), "meta": {"source": "KinLog", "version": "1.1"}, "chat": list(chat), **other}


def as_text_file(records: Sequence[object]) -> bytes:
    """A log of KinLog 1.x as text: pairs of name and text."""
    entries = [f"{pair[0]}\r\n{pair[1]}\r\n\r\n" for pair in records if isinstance(pair, tuple)]
    return "".join([*(f"{line}\r\n" for line in HEADER), "\r\n", *entries]).encode()


def entry(name: str, text: str, second: int) -> Json:
    """A line of KinLog 2.0."""
    at = f"2024-12-08T10:00:{second:02d}.000Z"
    return {"username": name, "content": text, "timestamp": at, "signature": f"{second:064x}"}


def message(sender: str, text: str, second: int, **other: object) -> Json:
    """A message of the official interface."""
    return {
        "id": f"m{second}",
        "sender": sender,
        "timestamp": 1_770_000_000_000 + second * 1000,
        "message": text,
        **other,
    }


SAMPLES = (
    Sample(
        "kindroid",
        "kinlog",
        [kinlog(["Beth", "*smiles* Hello."], ["Alex", "Hi Beth!"], ["Alex", "A walk?"])],
        as_document,
        "document",
        is_json=False,  # nothing of one object can be read before its end
    ),
    Sample(
        "kindroid",
        "kinlog-text",
        [("Beth", "*smiles* Hello."), ("Alex", "Hi Beth!"), ("Alex", "A walk?")],
        as_text_file,
        "document",
        is_json=False,
    ),
    Sample(
        "kindroid",
        "kinlog-2",
        [entry("Beth", "Hello there.", 0), entry("Alex", "Hi Beth!", 5), entry("Beth", "Tea?", 9)],
        kind="log",
    ),
    Sample(
        "kindroid",
        "interface",
        [message("ai", "Hello there.", 0, display_name="Beth"), message("user", "Hi!", 5), message("ai", "Tea?", 9)],
        kind="log",
    ),
)
