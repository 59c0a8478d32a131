"""What the shapes of Character.AI's chats have in common."""

from collections.abc import Mapping, Sequence

from packages_store.model import Role
from stages.parsers.reading.values import Tally, as_text, digest, is_blank
from stages.parsers.sillytavern.lines import Said, opening_of

PLATFORM = "character-ai"


def said(role: Role, text: str) -> Said:
    """A message of which nothing but its side and its text is told."""
    return Said(role, "", text, "", None, None, "", "")


def shown(by_user: bool, text: object, picture: object, tally: Tally) -> Said | None:
    """A message with a placeholder for the picture at that path; None, and counted, when nothing can be seen of it."""
    placeholder = f"[image: {as_text(picture).rpartition('/')[2]}]" if as_text(picture) else ""
    seen = tally.clean("\n".join(filter(None, (as_text(text), placeholder))))
    if is_blank(seen):
        tally.count("message[|s] without text [was|were] left out")
        return None
    return said("user" if by_user else "assistant", seen)


def key_of(one: Said) -> str:
    """The id of a message that has none of its own."""
    return f"{one.role[0]}:{digest(one.text)[:16]}"


def id_by_opening(name: str, messages: Sequence[Said]) -> str:
    """The id of a chat that has none of its own: whom it is with, and how it begins."""
    return f"{PLATFORM}-{digest(name, opening_of(messages))[:16]}"


def id_in(told: Mapping[str, object], name: str) -> str:
    """An id as text: the interfaces give some as numbers."""
    found = told.get(name)
    return str(found) if isinstance(found, (str, int)) and not isinstance(found, bool) else ""
