from tests.stages.parsers.documents import chatgpt, message
from tests.stages.parsers.harness import Sample, within

SAMPLES = (
    Sample(
        "chatgpt",
        "array",
        [
            chatgpt(message("user", "Which tea?"), message("assistant", "Jasmine.")),
            chatgpt(message("user", "And now?"), message("assistant", "Rest."), conversation_id="c2"),
            chatgpt(message("user", "No id here"), conversation_id=None, create_time=1_700_000_005.5),
            chatgpt(message("system", "hidden"), conversation_id="c4"),
        ],
    ),
    Sample(
        "chatgpt",
        "wrapped",
        [chatgpt(message("user", "Wrapped?"), message("assistant", "Yes."))],
        within("conversations", {"count": 1}),
    ),
)
