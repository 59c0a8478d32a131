"""Small chats of Character.AI in each shape."""

from tests.stages.parsers.harness import Sample, as_document, as_lines

Json = dict[str, object]
EXPORTED = 1_760_000_000_000


def tavern(*messages: tuple[str, str], exported: int = EXPORTED) -> list[Json]:
    """A chat with Raiden as CAI Tools writes it for TavernAI."""
    head: Json = {"user_name": "You", "character_name": "Raiden", "create_date": exported}
    told = [
        {"name": name, "is_user": name == "You", "is_name": True, "send_date": exported + 1, "mes": text}
        for name, text in messages
    ]
    return [head, *told]


def pairs(*said: object) -> Json:
    """The same for text-generation-webui."""
    return {name: list(said) for name in ("internal", "visible", "data", "data_visible")}


def history(id_: str, *messages: Json, **other: object) -> Json:
    """A chat of 2023."""
    times = {"created": "2023-02-01T10:00:00.5Z", "last_interaction": "2023-02-01T11:00:00Z"}
    return {"external_id": id_, **times, "msgs": list(messages), **other}


def msg(name: str, text: str, **other: object) -> Json:
    """A message of 2023."""
    return {"text": text, "is_alternative": False, "src": {"is_human": name == "Ned", "name": name}, **other}


def dump(*histories: Json) -> Json:
    """All chats with a character."""
    return {"info": {"character": {"name": "Raiden"}}, "histories": {"histories": list(histories)}}


def turn(name: str, minute: int, *answers: str, chat: str = "chat-1", **other: object) -> Json:
    """A turn of the present site, the last of whose answers was chosen."""
    id_ = f"turn-{minute}"
    return {
        "turn_key": {"chat_id": chat, "turn_id": id_},
        "create_time": f"2024-05-01T10:{minute:02d}:00.123456Z",
        "author": {"author_id": "1", "name": name, **({"is_human": True} if name == "Ned" else {})},
        "candidates": [
            {"candidate_id": f"{id_}-{number}", "raw_content": answer, "is_final": True}
            for number, answer in enumerate(answers)
        ],
        "primary_candidate_id": f"{id_}-{len(answers) - 1}",
        **other,
    }


SAMPLES = (
    Sample(
        "character-ai",
        "tavern",
        [tavern(("Raiden", "You came back."), ("You", "I said I would."), ("Raiden", "So you did."))],
        lambda records: as_lines(records[0]),  # type: ignore[arg-type]
        "document",
        is_json=False,
    ),
    Sample(
        "character-ai",
        "oobabooga",
        [pairs(["I said I would.", "So you did."], ["Where do I start?", "At the start."])],
        as_document,
        "document",
    ),
    Sample(
        "character-ai",
        "histories",
        [
            dump(
                history("h-1", msg("Raiden", "You came back."), msg("Ned", "I said I would.")),
                history("h-2", msg("Raiden", "You came back."), msg("Ned", "Hello.")),
            ),
            dump(history("h-3", msg("Raiden", "You came back."), msg("Ned", "Bye."))),
        ],
    ),
    Sample(
        "character-ai",
        "turns",
        [
            {"turns": [turn("Ned", 1, "I said I would."), turn("Raiden", 0, "You came back.")], "meta": {}},
            {"turns": [turn("Raiden", 5, "Who is there?", chat="chat-2")], "meta": {"next_token": None}},
        ],
    ),
)
