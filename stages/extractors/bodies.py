"""Reads the body of a memory back into sentences, and says for each who speaks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from packages_store.model import Memory
from stages.contract import Persona
from stages.extractors.lexicon import FIRM_REQUESTS, POLITE
from stages.extractors.sentences import bare_words, fold, sentences, words_of

_PARAGRAPH_LIMIT = 8_000
_SENTENCE_LIMIT = 1_500
# No memory says it at greater length; the limits keep every pattern in bounded time, whatever somebody planted.

_INLINE_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"!?\[([^\]\n]{0,300})\]\([^)\n]{0,500}\)")
_TAGS = re.compile(r"(?:\s{0,9}\[(?:chat|via):[^\]\n]{0,300}\]){1,9}\s*\Z")
_MARKS = re.compile(r"[*_~#|]+")
_QUOTE = re.compile(r"“([^”]{0,2000})”|„([^“”]{0,2000})[“”]|\"([^\"]{0,2000})\"")
_ENTITY_SPEAKS = re.compile(
    r"\bI\s+(?:\w+\s+)?(?:answered|suggested|said|told|replied|wrote|asked|reminded|reassured)\b"
)


class Speaker(Enum):
    """Whose `I` it is."""

    PERSON = "person"
    ENTITY = "entity"
    NARRATION = "narration"
    """The entity tells about the person, who is named."""


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of a memory. `about_person` says that the paragraph it stands in names the person."""

    speaker: Speaker
    text: str
    memory_id: str
    date: str
    about_person: bool
    words: frozenset[str]
    """Its distinct bare words, by which a finder sees at once that it holds nothing for it."""


def lines_of(persona: Persona, memory: Memory) -> Iterator[Line]:
    """The sentences of `memory` without its heading, tags, code, addresses and Markdown."""
    name = fold(persona.user_name)
    for paragraph in _without_code_blocks(memory.body).splitlines():
        if paragraph.startswith("# ") or not paragraph.strip():
            continue
        about = bool(name) and name in paragraph
        for speaker, text in _turns(_TAGS.sub("", paragraph[:_PARAGRAPH_LIMIT]), name):
            for sentence in sentences(_plain(text)):
                if len(sentence) <= _SENTENCE_LIMIT and not (speaker is Speaker.PERSON and _hands_over(sentence)):
                    yield Line(speaker, sentence, memory.id, memory.date, about, bare_words(sentence))


def _without_code_blocks(body: str) -> str:
    return re.sub(r"```.*?(?:```|\Z)", "\n", body, flags=re.DOTALL) if "```" in body else body


def _plain(text: str) -> str:
    if "`" in text:
        text = _INLINE_CODE.sub(" ", text)
    if "](" in text:
        text = _LINK.sub(r"\1", text)
    return _MARKS.sub(" ", text) if any(mark in text for mark in "*_~#|") else text


def _turns(paragraph: str, name: str) -> Iterator[tuple[Speaker, str]]:
    """Parts `paragraph` at its quotations. What leads up to one says whose it is, and often nothing else."""
    bare = (f"{name} told me:", f"{name} asked me:", f"{name} also said:", "I answered:", "I suggested:")
    start = 0
    for quote in _QUOTE.finditer(paragraph):
        lead = paragraph[start : quote.start()]
        if lead.strip(" -") not in bare:
            yield Speaker.NARRATION, lead
        yield _speaker(lead, name), quote.group(1) or quote.group(2) or quote.group(3) or ""
        start = quote.end()
    yield Speaker.NARRATION, paragraph[start:]


def _speaker(lead: str, name: str) -> Speaker:
    if _ENTITY_SPEAKS.search(lead, max(0, len(lead) - 60)):
        return Speaker.ENTITY
    if name and name in lead:
        return Speaker.PERSON
    return Speaker.NARRATION


def _hands_over(sentence: str) -> bool:
    """Whether the person handed over a text to work on, or asked for an invented one: its people are nobody."""
    return next((word for word in words_of(sentence[:80]) if word not in POLITE), "") in FIRM_REQUESTS
