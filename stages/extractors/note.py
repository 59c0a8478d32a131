"""What the offline engine writes under each moment: it tells nothing, so it does not count when texts are compared."""

NOTE = (
    "I keep this in the words of our chat. It was picked out by rule, as an offline draft, "
    "and I have not reflected on it yet."
)


def without_note(text: str) -> str:
    """`text` without that note at its end."""
    return text.rstrip().removesuffix(NOTE).rstrip()
