"""Who is the user and who are the kins, where a log tells only names; and what the name of a log's file tells."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from stages.parsers.reading.values import moment_ms

_SPEAKERS_WEIGHED = 16
_FILE_NAME = re.compile(r"(.+)_(\d{14})(?!\d)")


def told_by_name(file_name: str) -> tuple[str, int | None]:
    """With whom the chat is, and when it was saved, in milliseconds since 1970; ('', None) when the name is another.

    KinLog calls a file `Beth_20240812101500.json`, after the kin or the group, in UTC.
    """
    found = _FILE_NAME.match(re.split(r"[/\\]", file_name)[-1])
    if found is None:
        return "", None
    try:
        return found[1], moment_ms(datetime.strptime(found[2], "%Y%m%d%H%M%S").replace(tzinfo=UTC))
    except ValueError:
        return found[1], None


def user_among(names: Sequence[str], called: str, chat_with: str) -> str | None:
    """Who of those that speak, named message by message, is the user; None when nobody but the first speaks.

    The one who is `called` so in the package's settings. Of two, the other than the one `chat_with` whom the file says
    the chat is; else never the first: a kin greets. Who speaks more does not tell. In a group it is the one between
    whose messages nobody else speaks twice, or least often does: the user speaks, and the kins answer in turn. Of
    several such it is the one that came in last, as all kins greet first; but not the one that the file is named after.
    """
    speakers = list(dict.fromkeys(names))
    for name in speakers:
        if called and name.casefold() == called.casefold():
            return name
    if len(speakers) == 2 and chat_with in speakers:
        return speakers[1 - speakers.index(chat_with)]
    often = {name for name, _times in Counter(names).most_common(_SPEAKERS_WEIGHED)}
    others = [name for name in speakers[1:] if name in often]
    unlike = [name for name in others if name != chat_with]
    return min(reversed(unlike or others), key=lambda name: _repeats(names, name), default=None)


def _repeats(names: Sequence[str], user: str) -> int:
    """How often somebody speaks again before `user` does."""
    spoken: set[str] = set()
    repeats = 0
    for name in names:
        if name == user:
            spoken.clear()
        elif name in spoken:
            repeats += 1
        else:
            spoken.add(name)
    return repeats
