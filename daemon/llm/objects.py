"""Finds the JSON object in what a model said: bare, in a fence, after its thoughts, or with a word before and after."""

import json
import re
from typing import Any

_THOUGHTS = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL)
_THOUGHTS_END = "</think"
_UNOPENED = re.compile(r"\A.*?</think(?:ing)?>", re.DOTALL)
"""Some chat templates open the thoughts themselves, so that only their end stands in the answer."""
_FENCE = re.compile(r"```[a-zA-Z]*[^\S\n]*\n(.*?)```", re.DOTALL)
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
_MOST_TRIES = 100


def object_in(text: str) -> dict[str, Any] | None:
    """The largest JSON object in `text`; None when there is none. Its texts can be stored: no lone surrogates.

    What is almost JSON is repaired only in ways that cannot change its meaning: commas before a closing bracket and
    bare control characters in strings.
    """
    text = _without_thoughts(text).strip()
    candidates = [text, *_FENCE.findall(text)]
    for candidate in candidates:
        if (found := _parsed(candidate)) is not None:
            return found
    return _scanned(text)


def _without_thoughts(text: str) -> str:
    # What begins after the last end has none: it would be looked for from every beginning to the end of the text.
    after = text.rfind(_THOUGHTS_END) + len("</thinking>")
    return _UNOPENED.sub("", _THOUGHTS.sub("", text[:after]) + text[after:], count=1)


def storable(text: str) -> str:
    """`text` without lone surrogates, which no database takes; pairs of them are joined."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


_DECODER = json.JSONDecoder(strict=False, parse_constant=_refused)


def _parsed(text: str) -> dict[str, Any] | None:
    for attempt in (text, _TRAILING_COMMA.sub(r"\1", text)):
        try:
            value = _DECODER.decode(attempt.strip())
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            return _cleaned(value)
    return None


def _scanned(text: str) -> dict[str, Any] | None:
    """The largest object that begins anywhere in `text`."""
    best: tuple[int, dict[str, Any]] | None = None
    start = text.find("{")
    for _ in range(_MOST_TRIES):
        if start < 0:
            break
        try:
            value, end = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            end = start + 1
        else:
            if best is None or end - start > best[0]:
                best = end - start, value
        start = text.find("{", end)
    return None if best is None else _cleaned(best[1])


def _cleaned(value: dict[str, Any]) -> dict[str, Any]:
    return {storable(key): _storable(inner) for key, inner in value.items()}


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return _cleaned(value)
    return [_storable(inner) for inner in value] if isinstance(value, list) else value
