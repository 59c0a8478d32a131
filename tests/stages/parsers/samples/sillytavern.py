"""Small Tavern logs of each dialect."""

from tests.stages.parsers.harness import Sample, as_lines

Json = dict[str, object]


def header(**other: object) -> Json:
    """The first line of a log as SillyTavern has written it since late 2025."""
    metadata = {"integrity": "7b0f5a52-8a57-4a55-9a0f-3c1e2d4b5f60"}
    return {"chat_metadata": metadata, "user_name": "unused", "character_name": "unused", **other}


def mes(name: str, text: object, sent: object = "2025-12-01T20:00:00.000Z", /, **other: object) -> Json:
    """A message; by the user when he is called Ned."""
    return {"name": name, "is_user": name == "Ned", "send_date": sent, "mes": text, **other}


SAMPLES = (
    Sample(
        "sillytavern",
        "chat",
        [
            header(),
            mes("Vera", "You are late."),
            mes("Ned", "The bridge was up.", "2025-12-01T20:01:00.000Z"),
            mes("Vera", "It always is.", "2025-12-01T20:01:20.000Z", swipes=["Hm.", "It always is."], swipe_id=1),
        ],
        as_lines,
        "log",
        is_json=False,  # lines begin with an object, and where they end nobody can tell
    ),
    Sample(
        "sillytavern",
        "headerless",
        [
            mes("Vera", "You are late.", "July 12, 2024 8:00pm"),
            mes("Ned", "The bridge was up.", "July 12, 2024 8:01pm"),
            mes("Vera", "It always is.", "July 12, 2024 8:02pm"),
        ],
        as_lines,
        "log",
        is_json=False,
    ),
    Sample(
        "sillytavern",
        "chub",
        [
            {"chat_metadata": {}, "user_name": "Ned", "character_name": "Vera"},
            mes("Vera", {"message": "You are late."}, 1_700_000_000_000),
            mes("Ned", {"message": "The bridge was up."}, 1_700_000_060_000),
        ],
        as_lines,
        "log",
        is_json=False,
    ),
    Sample(
        "sillytavern",
        "marinara",
        [
            {
                "user_name": "Ned",
                "character_name": "Vera",
                "chat_metadata": {"marinara_metadata": {"mode": "roleplay"}},
            },
            mes("Vera", "You are late.", role="assistant"),
            mes("Ned", "The bridge was up.", role="user"),
        ],
        as_lines,
        "log",
        is_json=False,
    ),
    Sample(
        "sillytavern",
        "chatgpt",
        [
            {"user_name": "You", "character_name": "Assistant"},
            {"name": "You", "is_user": True, "is_name": False, "send_date": 1_700_000_000.5, "mes": "Which tea?"},
            {"name": "Assistant", "is_user": False, "is_name": True, "send_date": 1_700_000_004.5, "mes": "Jasmine."},
        ],
        as_lines,
        "log",
        is_json=False,
    ),
)
