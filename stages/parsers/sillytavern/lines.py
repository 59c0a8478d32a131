"""The lines of a Tavern log: a header, which may be missing, and messages.

Every program of the family writes the same few fields and reads them differently in one place: `is_system` means hidden
from the model in SillyTavern, and the role of a system message in Marinara, which says so by a role of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from packages_store.model import Role
from stages.parsers.reading.values import Tally, as_list, as_map, as_text, digest, is_blank, one_line
from stages.parsers.sillytavern.dates import told_time

Line = Mapping[str, object]

_NAMES = ("user_name", "character_name", "character_names")
_HEADER = (*_NAMES, "create_date", "chat_metadata")
_OF_THE_PROGRAM = frozenset(
    {
        "assistant_note",
        "empty",
        "formatting",
        "generic",
        "group",
        "help",
        "hotkeys",
        "macros",
        "slash_commands",
        "welcome",
        "welcome_prompt",
    }
)
"""`extra.type` of what SillyTavern itself shows: help pages, greetings of the program, notices."""
_NARRATORS = frozenset({"comment", "narrator", "system"})
_ROLES = frozenset({"user", "assistant", "narrator", "system"})
_PLACEHOLDERS = ("image", "video", "audio")
_OPENING = 3
"""Messages that tell one chat from another where no date does: a greeting is the same in all chats with a character."""


class Said(NamedTuple):
    """A message of the user or of a character, as far as it is imported."""

    role: Role
    name: str
    text: str
    """With a placeholder for each attachment."""
    sent: str
    """The date as it was written, '' for none."""
    at: int | datetime | None
    """What that date tells; see `told_time`."""
    finished: int | None
    """When the answer was complete, in milliseconds since 1970."""
    reasoning: str
    model: str


def is_header(record: object) -> bool:
    """Whether it is the first line of a log, which tells of the chat and says nothing in it."""
    told = as_map(record)
    return "mes" not in told and any(name in told for name in _HEADER)


def is_message(record: object) -> bool:
    """Whether it is a message: its text (an object in Chub's), and who said it."""
    told = as_map(record)
    return isinstance(told.get("mes"), (str, dict)) and ("is_user" in told or ("name" in told and "send_date" in told))


def is_sure_header(record: object) -> bool:
    """Whether nothing else than a Tavern log begins like this."""
    told = as_map(record)
    if not is_header(record):
        return False
    named = any(isinstance(told.get(name), (str, list)) for name in _NAMES)
    return named and (isinstance(told.get("chat_metadata"), dict) or all(name in told for name in _NAMES[:2]))


def is_of_marinara(record: object) -> bool:
    """Whether Marinara wrote the line."""
    told = as_map(record)
    return "marinara_metadata" in as_map(told.get("chat_metadata")) or "marinara_role" in as_map(told.get("extra"))


def said_in(line: Line, tally: Tally) -> Said | None:
    """What the line says in the chat; None, and counted, for what nobody in it said."""
    extra = as_map(line.get("extra"))
    role = _role_of(line, extra, tally)
    if role is None:
        return None
    text = tally.clean(_text_of(line, extra))
    if is_blank(text):
        tally.count("message[|s] without text [was|were] left out")
        return None
    alternates = len(as_list(line.get("swipes"))) - 1
    if alternates > 0:
        tally.count("alternative answer[|s] (swipe[|s]) that [was|were] not chosen [was|were] left out", alternates)
    finished = told_time(line.get("gen_finished")) if role == "assistant" else None
    sent = line.get("send_date")
    return Said(
        role,
        tally.clean(as_text(line.get("name"))).strip(),
        text,
        tally.clean(str(sent)) if isinstance(sent, (str, int, float)) else "",
        told_time(sent),
        finished if isinstance(finished, int) else None,
        tally.clean(as_text(extra.get("reasoning")) or as_text(line.get("reasoning_content"))),
        # Where a person wrote the line with a command, the model is the name of that command.
        "" if extra.get("api") == "manual" else tally.clean(as_text(extra.get("model"))),
    )


def opening_of(said: Sequence[Said]) -> str:
    """What tells a chat without dates of its own from others: how its first messages begin.

    Of each only the first paragraph: exporters that join the messages of one side make a longer one of it later.
    """
    return digest(*(part for one in said[:_OPENING] for part in (one.role, one.text.partition("\n\n")[0])))


def _role_of(line: Line, extra: Line, tally: Tally) -> Role | None:
    told = as_text(extra.get("marinara_role")) or as_text(line.get("role"))
    own = told if told in _ROLES else ""
    if line.get("is_system") and extra.get("tool_invocations"):
        tally.count("record[|s] of tool calls [was|were] left out")
    elif not own and _is_of_the_program(line, extra):
        tally.count("message[|s] of SillyTavern itself [was|were] left out")
    elif (own or as_text(extra.get("type"))) in _NARRATORS:
        tally.count("line[|s] of a narrator, [or comment|and comments], [was|were] left out")
    else:
        if extra.get("hiddenFromAI") if own else line.get("is_system"):
            tally.count("message[|s] [was|were] hidden from the model and [is|are] kept")
        by_user = own == "user" if own else line.get("is_user")
        return "user" if by_user else "assistant"
    return None


def _is_of_the_program(line: Line, extra: Line) -> bool:
    named = line.get("name") == "SillyTavern System" and not line.get("is_user")
    return named or as_text(extra.get("type")) in _OF_THE_PROGRAM or bool(extra.get("uses_system_ui"))


def _text_of(line: Line, extra: Line) -> str:
    """What the line shows. The text of the swipe that is shown can be older than `mes`, which an edit writes."""
    told = line.get("mes")
    text = as_text(told) or as_text(as_map(told).get("message"))
    return "\n".join([*([text] if text else ()), *_attached(extra)])


def _attached(extra: Line) -> Iterator[str]:
    media = [as_map(one) for one in as_list(extra.get("media"))]
    for one in media:
        kind = as_text(one.get("type"))
        yield _placeholder(kind if kind in _PLACEHOLDERS else "image", one.get("title"), one.get("url"))
    for kind in () if media else _PLACEHOLDERS[:2]:  # as it was before there could be several
        if extra.get(kind):
            yield _placeholder(kind, extra.get("title"), extra.get(kind))
    for file in (extra.get("file"), *as_list(extra.get("files"))):
        if isinstance(file, dict):
            yield _placeholder("file", file.get("name"), file.get("url"))


def _placeholder(kind: str, title: object, url: object) -> str:
    """`[image: pier nine]`: its title, else the last part of its address; nothing of what is written out in it."""
    place = as_text(url)
    last = "" if place.startswith("data:") else place.partition("?")[0].rstrip("/").rpartition("/")[2]
    name = one_line(as_text(title) or last, 200)
    return f"[{kind}: {name}]" if name else f"[{kind}]"
