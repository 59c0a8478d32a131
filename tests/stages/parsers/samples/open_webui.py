"""Small documents of Open WebUI, built from what the documentation of the formats says."""

from tests.stages.parsers.harness import Sample, as_document

Json = dict[str, object]

BEGIN = 1_700_000_000


def message(id_: str, parent: str | None, role: str, content: object, second: int = 0, **other: object) -> Json:
    """A message; times are seconds."""
    told: Json = {"id": id_, "parentId": parent, "childrenIds": [], "role": role, "content": content}
    return {**told, "timestamp": BEGIN + second, **other}


def bare(*messages: Json, current: object = None, **other: object) -> Json:
    """A chat without what the newer export puts around it; the last message is the one shown last."""
    by_id = {str(one["id"]): one for one in messages}
    history = {"messages": by_id, "currentId": next(reversed(by_id), None) if current is None else current}
    told: Json = {"id": "b1", "title": "Tea", "models": ["llama3"], "params": {}, "history": history}
    return {**told, "timestamp": 1000 * BEGIN, **other}


def chat(id_: str, *messages: Json, current: object = None, **other: object) -> Json:
    """A record of the export; what is added goes to the inner chat."""
    told: Json = {"id": id_, "user_id": "u", "title": "Tea", "chat": bare(*messages, current=current, **other)}
    return {**told, "created_at": BEGIN, "updated_at": BEGIN + 900, "archived": False, "meta": {}}


def talk(*texts: str) -> tuple[Json, ...]:
    """Question, answer, question, …, one after the other."""
    roles = ("user", "assistant")
    return tuple(
        message(f"m{place}", f"m{place - 1}" if place else None, roles[place % 2], text, place)
        for place, text in enumerate(texts)
    )


SAMPLES = (
    Sample(
        "open-webui",
        "chats",
        [chat("c1", *talk("Which tea?", "Jasmine.")), chat("c2", *talk("And now?")), chat("c3")],
    ),
    Sample("open-webui", "bare", [bare(*talk("Bare?", "Yes."))], as_document, kind="document", is_json=False),
)
