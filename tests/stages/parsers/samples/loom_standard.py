from tests.stages.parsers.documents import loom, said
from tests.stages.parsers.harness import Sample, within

_LOOM = {"format": "loom-standard", "version": 1, "originPlatform": "Some App"}

SAMPLES = (
    Sample(
        "loom-standard",
        "",
        [
            loom("one", said("user", "Hi", id="m1"), said("assistant", "Hello", id="m2")),
            loom("two", said("user", "Bye")),
        ],
        within("conversations", _LOOM),
    ),
)
