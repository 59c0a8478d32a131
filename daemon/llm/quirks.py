"""How one endpoint with one model wants to be asked: learned from what it rejects, and remembered.

Every server that calls itself OpenAI-compatible takes another part of the parameters. Nothing is guessed from names:
a request is put the usual way, and a rejection that names a parameter teaches the next one.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from daemon.llm.errors import Refusal
from packages_store.files import Disk

FOLDER = "engine"
_FILE = "quirks.json"


class Form(StrEnum):
    """How the form of an answer is told, the surest first."""

    SCHEMA = "json_schema"
    OBJECT = "json_object"
    """The provider sees to it that it is JSON; the schema stands in the question."""
    TEXT = "text"
    """The schema stands in the question, and that is all."""


class LimitName(StrEnum):
    """What the longest answer is called."""

    MAX_TOKENS = "max_tokens"
    MAX_COMPLETION_TOKENS = "max_completion_tokens"


@dataclass(frozen=True, slots=True)
class Quirks:
    """How to ask. As it stands: what most endpoints take."""

    form: Form = Form.SCHEMA
    takes_temperature: bool = True
    only_temperature: float | None = None
    """The one that the model insists on."""
    limit_name: LimitName = LimitName.MAX_TOKENS
    most_output: int | None = None
    """Longer answers may not be asked for."""
    takes_system: bool = True
    """Whether there may be a message of the role `system`."""


_UNKNOWN = re.compile(
    r"unsupported|not supported|does not support|not permitted|forbidden|unknown|unrecogni[sz]ed|unexpected|deprecated"
    r"|incompatible|not allowed|no such|removed|instead|not enabled"
)
_ONLY = re.compile(r"only (\d+(?:\.\d+)?) is allowed")
_MOST_OUTPUT = (
    re.compile(r"at most (\d+) (?:completion|output) tokens"),
    re.compile(r"max(?:_completion)?_tokens: \d+ > (\d+)"),
    re.compile(r"max(?:_completion)?_tokens\W.*?less than or equal to (\d+)"),
)
_SYSTEM = re.compile(
    r"'system' (?:is not supported|with this)|does not support 'system'|system role|developer instruction"
)
_FORM = re.compile(
    r"response_format|json_schema|json_object|response_schema|response schema|structured output|grammar|guided_json"
    r"|json schema|requested parameters"
)


def learn(quirks: Quirks, refusal: Refusal) -> Quirks | None:
    """How to ask after this rejection of a request that was put with `quirks`; None when it teaches nothing."""
    for lesson in _LESSONS:
        learned = lesson(quirks, refusal.words)
        if learned is not None and learned != quirks:
            return learned
    return None


def simpler(quirks: Quirks) -> Quirks:
    """How to ask after an answer that ignored the form that was wanted: with the schema in the question."""
    return replace(quirks, form=Form.OBJECT) if quirks.form is Form.SCHEMA else quirks


def _system(quirks: Quirks, words: str) -> Quirks | None:
    return replace(quirks, takes_system=False) if _SYSTEM.search(words) else None


def _most_output(quirks: Quirks, words: str) -> Quirks | None:
    found = next((found for pattern in _MOST_OUTPUT if (found := pattern.search(words))), None)
    if found is None or (quirks.most_output is not None and quirks.most_output <= int(found[1])):
        return None
    return replace(quirks, most_output=int(found[1]))


def _limit_name(quirks: Quirks, words: str) -> Quirks | None:
    if not _UNKNOWN.search(words) or "max_" not in words:
        return None
    if quirks.limit_name is LimitName.MAX_TOKENS and "max_tokens" in words:
        return replace(quirks, limit_name=LimitName.MAX_COMPLETION_TOKENS)
    if quirks.limit_name is LimitName.MAX_COMPLETION_TOKENS and "max_completion_tokens" in words:
        return replace(quirks, limit_name=LimitName.MAX_TOKENS)
    return None


def _temperature(quirks: Quirks, words: str) -> Quirks | None:
    if "temperature" not in words:
        return None
    if (only := _ONLY.search(words)) and quirks.only_temperature != float(only[1]):
        return replace(quirks, takes_temperature=True, only_temperature=float(only[1]))
    return replace(quirks, takes_temperature=False, only_temperature=None) if _UNKNOWN.search(words) else None


def _form(quirks: Quirks, words: str) -> Quirks | None:
    if not _FORM.search(words):
        return None
    match quirks.form:
        case Form.SCHEMA:
            return replace(quirks, form=Form.OBJECT)
        case Form.OBJECT:
            return replace(quirks, form=Form.TEXT)
        case Form.TEXT:
            return None


_LESSONS: tuple[Callable[[Quirks, str], Quirks | None], ...] = (_system, _most_output, _limit_name, _temperature, _form)
"""The particular before the general: a rejected schema may name any word, a rejected limit never says `system role`."""


def told(quirks: Quirks) -> Iterator[str]:
    """What is special about asking there, one sentence each, for people."""
    match quirks.form:
        case Form.SCHEMA:
            yield "Its answers follow a JSON schema."
        case Form.OBJECT:
            yield "Its answers are JSON; it takes no schema."
        case Form.TEXT:
            yield "It is asked for JSON in words only."
    if quirks.only_temperature is not None:
        yield f"It insists on the temperature {quirks.only_temperature:g}."
    elif not quirks.takes_temperature:
        yield "It takes no temperature."
    if quirks.limit_name is LimitName.MAX_COMPLETION_TOKENS:
        yield "It wants max_completion_tokens."
    if quirks.most_output is not None:
        yield f"Its answers may have at most {quirks.most_output} tokens."
    if not quirks.takes_system:
        yield "It takes no system message."


_BOOK = TypeAdapter(dict[str, Quirks])


class QuirkBook:
    """What was learned, in `<home>/engine/quirks.json`. Its methods touch the disk: called in a worker thread."""

    def __init__(self, home: Path, disk: Disk) -> None:
        self._path = home / FOLDER / _FILE
        self._disk = disk

    def find(self, base_url: str, model: str) -> Quirks | None:
        """What was learned about an endpoint and a model."""
        return self._read().get(_name(base_url, model))

    def note(self, base_url: str, model: str, quirks: Quirks) -> None:
        """Remember it."""
        entries = {**self._read(), _name(base_url, model): quirks}
        self._disk.make_dir(self._path.parent)
        self._disk.replace(self._path, _BOOK.dump_json(entries, indent=1))

    def _read(self) -> dict[str, Quirks]:
        try:
            return _BOOK.validate_json(self._path.read_bytes())
        except (FileNotFoundError, ValidationError):
            # It costs one rejected request to learn it again.
            return {}


def _name(base_url: str, model: str) -> str:
    return f"{base_url} {model}"
