"""Reads the answers of a model: whatever shape they have, and nothing that is not said in them.

A model that was told to answer with JSON writes "None", fences its JSON, counts from "[m3]", or adds a list where one
entry was meant. All of that is understood here; the rest is an AnswerRejected, in words that the model can act on.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from stages.contract import AnswerRejected
from stages.extractors.llm.junk import begins_with_none, is_refusal, plain
from stages.extractors.llm.marked import Marked
from stages.extractors.llm.scripts import Letters, foreign_script, is_written_in, letters_of
from stages.extractors.sentences import fold

CHECKS_VERSION = "1"
"""Raised whenever the same answer is read or judged otherwise."""

Entry = Mapping[str, object]

_REF = re.compile(r"(?<![\w.:-])(\d{1,6})(?![\w.:-])")
_NAMED_REF = re.compile(r"(?<![A-Za-z0-9])[mM](\d{1,6})(?!\w)")
_SAMPLE = 20_000
_SAMPLE_EACH = 100
"""Characters of a chat by which its writing is told, and of each of its messages at least."""

OUTSIDE = Marked(
    r"\b(?:the|this) (?:user|assistant)\b(?![ -](?:interfaces?|experience|manuals?|guides?|accounts?|groups?"
    r"|stor(?:y|ies)|tests?|research|manager|professor|director|principal|teacher|coach|editor|nurse))"
    r"|\b(?:der|die|den|dem|des) (?:be)?nutzer(?:in|s)?\b|\b(?:der|die|den|dem|des) assistent(?:in|en)?\b"
    r"|\bl['’](?:utilisat(?:eur|rice)|assistante?|utente|assistente)\b|\b(?:el|la|del|al) (?:usuari[oa]|asistente)\b"
    r"|\b(?:o|a|do|da|ao) (?:usuári[oa]|utilizadora?|assistente)\b|\bde (?:gebruiker|assistent)\b"
    r"|\bпользовател\w*|\bассистент\w*|用户|用戶|使用者|ユーザー|アシスタント|사용자",
    words=(
        *("user", "assist", "nutzer", "utili", "utente", "usuari", "usuári", "asistente", "gebruiker"),
        *("пользовател", "ассистент", "用户", "用戶", "使用者", "ユーザー", "アシスタント", "사용자"),
    ),
)
"""Words of somebody who tells from outside."""


# --- shapes --------------------------------------------------------------------------------------------------------


def value_of(answer: Entry, name: str) -> object:
    """The field `name`, or the only field there is: models rename what they were told to fill. Fenced JSON is parsed.

    Raises AnswerRejected when there is neither.
    """
    if name not in answer and len(answer) != 1:
        raise AnswerRejected(f'The answer has no field "{name}".')
    return _unfenced(answer[name] if name in answer else next(iter(answer.values())))


def _unfenced(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text.startswith("```") and text.endswith("```"):
        text = text.removesuffix("```").partition("\n")[2].strip()
    if not text.startswith(("[", "{")):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def entries_of(answer: Entry, name: str, person: str) -> list[Entry]:
    """The entries of the list `name`; none for every spelling of "none".

    Raises AnswerRejected for a refusal, and for what is no list of objects.
    """
    value = value_of(answer, name)
    if isinstance(value, Mapping) and name in value:
        value = value[name]
    found: list[Entry] = []
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, Mapping):
            found.extend([one] if one else [])
        elif isinstance(one, str) and not begins_with_none(one):
            raise AnswerRejected(_no_list(one, name, person))
        elif one not in (None, False) and not isinstance(one, str):
            raise AnswerRejected(f'"{name}" is to be a list of objects, or null.')
    return found


def _no_list(text: str, name: str, person: str) -> str:
    if is_refusal(text, person):
        return "The model declined to answer."
    return f'"{name}" is to be a list of objects, or null, and not a text.'


def text_at(entry: Entry, name: str) -> str:
    """A field as text without blanks at its ends; empty when it is missing or no text."""
    value = entry.get(name)
    return value.strip() if isinstance(value, str) else ""


def refs_at(entry: Entry, name: str) -> list[str]:
    """The references in a field, in order, each once, as `m<number>`; also out of `[m3]`, `M3`, `3` and `"m3, m5"`."""
    value = entry.get(name)
    found: dict[str, None] = {}
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, int) and not isinstance(one, bool):
            found[f"m{one}"] = None
        elif isinstance(one, str):
            pattern = _NAMED_REF if _NAMED_REF.search(one) else _REF
            found.update((f"m{int(number)}", None) for number in pattern.findall(one))
    return list(found)


def date_at(entry: Entry, name: str) -> str | None:
    """A day, `YYYY-MM-DD`, at which a field begins; None when it does not."""
    try:
        return date.fromisoformat(text_at(entry, name)[:10]).isoformat()
    except ValueError:
        return None


def confidence_at(entry: Entry, name: str) -> float:
    """A number from 0 to 1; percentages are understood, and what is no number is 0."""
    value = entry.get(name)
    if isinstance(value, str):
        value = value.strip().removesuffix("%")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return 0.0
    try:
        number = float(value)
    except ValueError:
        return 0.0
    if 1.0 < number <= 100.0:
        number /= 100.0
    return number if 0.0 <= number <= 1.0 else 0.0


# --- checks --------------------------------------------------------------------------------------------------------


def voice_problems(text: str, person: str, said: Iterable[str]) -> list[str]:
    """What in `text` speaks from outside. Words that the chat itself uses, or that `person` is called, may be used."""
    words = {match.group().casefold(): match.group() for match in OUTSIDE.all_in(text)}
    if not words:
        return []
    heard = "\n".join((person, *said)).casefold()
    return [
        f'It says "{word}": tell it in the first person, and call {person} by name.'
        for key, word in words.items()
        if key not in heard and person.casefold() not in key
    ]


def is_named(text: str, person: str) -> bool:
    """Whether a part of the name stands in `text`, whatever ending the language gives it."""
    whole = plain(text)
    names = [name for name in plain(person).split() if len(name) > 1] or [plain(person)]
    return any(_stands_in(name, whole) for name in names)


def _stands_in(name: str, text: str) -> bool:
    if name in text:
        return True
    return len(name) > 3 and re.search(rf"\b{re.escape(name[:-1])}\w{{0,3}}\b", text) is not None


def writing_of(chat: Sequence[str]) -> Letters:
    """The letters in which the messages of a chat are written, as far as it takes to tell its writing."""
    each = max(_SAMPLE_EACH, _SAMPLE // max(1, len(chat)))
    return letters_of("\n".join(one[:each] for one in chat))


def script_problems(text: str, cited: Sequence[str], chat: Letters) -> list[str]:
    """Says when `text` is in a writing that neither the chat (see `writing_of`) nor what it cites is written in."""
    foreign = foreign_script(letters_of(text), chat)
    if foreign is None or is_written_in(foreign[0], letters_of("\n".join(cited)[:_SAMPLE])):
        return []
    return [f"It is written in {foreign[0]} letters, and the chat in {foreign[1]} ones: keep the language of the chat."]


def shortened(text: str, limit: int) -> str:
    """`text` in one line of at most `limit` characters, cut after a word where there is one."""
    line = fold(text)
    if len(line) <= limit:
        return line
    head, _, _ = line[:limit].rpartition(" ")
    return head if len(head) >= limit // 2 else line[:limit]
