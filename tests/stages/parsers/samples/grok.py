"""Small documents of Grok, built from what the documentation of the formats says."""

from tests.stages.parsers.harness import Sample, within

Json = dict[str, object]

BEGIN = 1_786_052_000_000


def when(second: int) -> Json:
    """A time of a response: seconds after the beginning, as MongoDB writes it."""
    return {"$date": {"$numberLong": str(BEGIN + 1000 * second)}}


def response(id_: str, sender: str, message: object, second: int = 0, **other: object) -> Json:
    """A message of either side."""
    told: Json = {"_id": id_, "sender": sender, "message": message, "create_time": when(second), "metadata": {}}
    return {"response": {**told, **other}, "share_link": None}


def conversation(id_: str, *responses: object, **other: object) -> Json:
    """A conversation; what is added goes to its head."""
    head: Json = {"id": id_, "title": "Tea", "create_time": "2026-08-06T21:33:20.599938Z", "leaf_response_id": None}
    head |= {"modify_time": "2026-08-06T21:34:12.494Z", "starred": False, "temporary": False}
    return {"conversation": {**head, **other}, "responses": list(responses)}


SAMPLES = (
    Sample(
        "grok",
        "",
        [
            conversation(
                "c1",
                response("r1", "human", "Which tea?", 1),
                response("r2", "ASSISTANT", "Jasmine.", 2, parent_response_id="r1"),
            ),
            conversation("c2", response("r3", "human", "And now?", 3)),
            conversation("c3"),
        ],
        within("conversations", {}),
    ),
)
