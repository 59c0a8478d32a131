from tests.stages.parsers.harness import Sample

SAMPLES = (
    Sample(
        "gemini",
        "ai-studio",
        [
            {
                "runSettings": {"model": "models/gemini-2.5-pro"},
                "systemInstruction": {"text": "Be brief."},
                "chunkedPrompt": {
                    "chunks": [
                        {"role": "user", "text": "Which tea?"},
                        {"role": "model", "text": "They like jasmine.", "isThought": True},
                        {"role": "model", "text": "Jasmine.", "parts": [{"text": "Jas"}, {"text": "mine."}]},
                    ],
                    "pendingInputs": [{"role": "user", "text": ""}],
                },
            },
            {
                "runSettings": {},
                "systemInstruction": {},
                "chunkedPrompt": {
                    "chunks": [
                        {"role": "user", "text": "And now?", "createTime": "2026-06-15T06:30:00.000Z"},
                        {"role": "model", "text": "Rest.", "createTime": "2026-06-15T06:30:09.000Z"},
                    ]
                },
            },
        ],
    ),
)
