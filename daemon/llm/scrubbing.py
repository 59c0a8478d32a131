"""Takes keys and private text out of what a provider says, so that it can be shown to people."""

import re
from collections.abc import Iterable

from daemon.llm.secrets import Secret

_SHOWN = 300
_KEY_PIECE = 8
"""So many characters of a key in a row give too much of it away; providers echo both ends."""
_TEXT_PIECE = 12
"""So many characters in a row that also stand in the request are taken for an echo of it."""
_MASKED = re.compile(r"\S*\*{3,}\S*")
_BLANK = re.compile(r"\s+")


def without_key(text: str, key: Secret | None) -> str:
    """`text` with the key replaced where it stands as a whole."""
    return text.replace(key.reveal(), "[key]") if key is not None else text


def fit_to_show(text: str, key: Secret | None, private: Iterable[str]) -> str:
    """One short line of what a provider said, without the key, pieces of it, and what it repeats of the request."""
    text = _BLANK.sub(" ", _MASKED.sub("[key]", without_key(text, key))).strip()
    text = text[:_SHOWN] + ("…" if len(text) > _SHOWN else "")
    if key is not None:
        text = _without_pieces(text, [key.reveal()], _KEY_PIECE)
    return _without_pieces(text, [_BLANK.sub(" ", one) for one in private], _TEXT_PIECE)


def _without_pieces(text: str, private: list[str], length: int) -> str:
    """`text` with everything replaced by `…` that is part of a run of `length` characters found in `private`."""
    hidden = [False] * len(text)
    for start in range(len(text) - length + 1):
        piece = text[start : start + length]
        if any(piece in one for one in private):
            hidden[start : start + length] = [True] * length
    shown = "".join("\0" if is_hidden else character for character, is_hidden in zip(text, hidden, strict=True))
    return re.sub("\0+", "…", shown)
