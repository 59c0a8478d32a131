from tests.stages.parsers.harness import Sample, as_lines

SAMPLES = (
    Sample(
        "gemini",
        "gemini-cli",
        [
            {
                "sessionId": "11111111-2222-3333-4444-555555555555",
                "projectHash": "abc",
                "startTime": "2026-08-01T10:00:00.000Z",
                "kind": "main",
            },
            {"id": "u1", "timestamp": "2026-08-01T10:00:01.000Z", "type": "user", "content": [{"text": "Which tea?"}]},
            {"id": "g1", "timestamp": "2026-08-01T10:00:03.000Z", "type": "gemini", "content": "Jasmine."},
            {"$set": {"lastUpdated": "2026-08-01T10:00:03.000Z"}},
            {"id": "u2", "timestamp": "2026-08-01T10:01:00.000Z", "type": "user", "content": "And now?"},
        ],
        as_lines,
        kind="log",
        is_json=False,
    ),
)
