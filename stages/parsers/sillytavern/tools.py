"""Which program wrote a Tavern log, where its platform is not SillyTavern."""

from collections.abc import Sequence

from stages.parsers.sillytavern.dates import AT_ONCE_MS
from stages.parsers.sillytavern.lines import Line

_OF_EXPORT = frozenset({"user_name", "character_name", "create_date"})
_OF_MESSAGE = frozenset({"name", "is_user", "is_name", "send_date", "mes"})


def is_of_cai_tools(header: Line, messages: Sequence[Line]) -> bool:
    """Whether CAI Tools wrote it, for a chat of Character.AI.

    TavernAI wrote the same fields in January 2023; but here all dates, also those of the user, are the moment of the
    export.
    """
    begun = header.get("create_date")
    if set(header) != _OF_EXPORT or header.get("user_name") != "You" or not isinstance(begun, int):
        return False
    if not any(message.get("is_user") for message in messages):
        return False
    return all(_is_of_export(message, begun) for message in messages)


def _is_of_export(message: Line, begun: int) -> bool:
    sent = message.get("send_date")
    exact = set(message) == _OF_MESSAGE and message.get("is_name") is True
    return exact and isinstance(sent, int) and abs(sent - begun) <= AT_ONCE_MS


def is_of_chatgpt_exporter(header: Line) -> bool:
    """Whether ChatGPT Exporter wrote it: nobody is named, and no date stands in the header."""
    return header == {"user_name": "You", "character_name": "Assistant"}
