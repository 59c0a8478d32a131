"""Who is the user and who are the kins, where a log tells only names."""

from collections import Counter
from collections.abc import Sequence

_SPEAKERS_WEIGHED = 16


def user_among(names: Sequence[str], file_name: str) -> str | None:
    """Who of those that speak, named message by message, is the user; None when nobody but the first speaks.

    Never the first: a kin greets. Who speaks more does not tell. In a group it is the one between whose messages nobody
    else speaks twice, or least often does: the user speaks, and the kins answer in turn. Of several such it is the one
    that came in last, as all kins greet first; but not the one that the file is named after.
    """
    often = {name for name, _times in Counter(names).most_common(_SPEAKERS_WEIGHED)}
    others = [name for name in dict.fromkeys(names) if name in often and name != names[0]]
    unlike = [name for name in others if not file_name.startswith(f"{name}_")]
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
