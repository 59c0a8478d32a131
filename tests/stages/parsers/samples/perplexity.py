"""Small documents of Perplexity, built from what the documentation of the formats says."""

from tests.stages.parsers.harness import Sample, as_document, within

Json = dict[str, object]

METADATA = {
    "thread_id": "t1",
    "thread_title": "Tea",
    "thread_url": "tea-x1",
    "total_entries": 2,
    "thread_created_at": "2024-01-01T10:00:00.000Z",
    "thread_updated_at": "2024-01-01T10:05:00.000Z",
}


def turn(uuid: str, query: object, answer: object, minute: int = 0, **other: object) -> Json:
    """A turn of the exporter's older form."""
    told: Json = {"uuid": uuid, "query": query, "answer": answer, "model": "sonar", "mode": "COPILOT"}
    return {**told, "timestamp": f"2024-01-01T10:{minute:02}:10.000Z", **other}


def block(answer: object, **other: object) -> Json:
    """A block of the answer in the exporter's newer form."""
    return {"markdown_block": {"progress": "DONE", "answer": answer}, **other}


def entry(uuid: str, query: object, *blocks: Json, minute: int = 0, **other: object) -> Json:
    """A turn of the exporter's newer form."""
    told: Json = {"uuid": uuid, "backend_uuid": f"b-{uuid}", "context_uuid": "t1", "thread_url_slug": "tea-x1"}
    told |= {"query_str": query, "display_model": "turbo", "blocks": list(blocks)}
    return {**told, "entry_created_datetime": f"2024-01-01T10:{minute:02}:10.730943", **other}


def saved(*entries: Json, **other: object) -> Json:
    """A thread in the exporter's newer form."""
    about = {"title": "Tea", "created_at": "2024-01-01T10:00:00Z", "updated_at": "2024-01-01T10:05:00Z"}
    return {"status": "success", "entries": list(entries), "thread_metadata": about, **other}


def asked(uuid: str, query: object, answer: object, minute: int = 0, **other: object) -> Json:
    """A turn of the official export."""
    told: Json = {"entry_uuid": uuid, "query": query, "answer": answer, "label": None, "engine_mode": None}
    return {**told, "created_at": f"2024-01-01T10:{minute:02}:10Z", "query_status": "COMPLETED", **other}


def official(id_: str, *entries: Json, **other: object) -> Json:
    """A thread of the official export."""
    told: Json = {"context_uuid": id_, "context_title": "Which tea?\nPlease.", "mode": "CONCISE"}
    told |= {"created_at": "2024-01-01T10:00:00Z", "updated_at": "2024-01-01T10:05:00Z", "collection_uuid": None}
    return {**told, "entries": list(entries), **other}


SAMPLES = (
    Sample(
        "perplexity",
        "official",
        [
            official("t1", asked("e1", "Which tea?", "Jasmine.", 1), asked("e2", "And now?", "Rest.", 2)),
            official("t2", asked("e3", "Why?", "", 3)),
            official("t3", asked("e4", "", "", 3)),
        ],
        within("conversations", {}),
    ),
    Sample(
        "perplexity",
        "thread",
        [turn("u1", "Which tea?", "Jasmine.", 1), turn("u2", "And now?", "Rest.", 2)],
        within("conversations", {"metadata": METADATA}),
        kind="log",
    ),
    Sample(
        "perplexity",
        "entries",
        [
            saved(
                entry("u1", "Which tea?", block("Jasmine."), minute=1),
                entry("u2", "And now?", block("Rest."), minute=2),
            )
        ],
        as_document,
        kind="document",
        is_json=False,
    ),
)
