"""Chats of Gemini that the "Gemini Exporter" extension saved as Markdown, for people to read.

A title (`# …`), then what was said under `## Prompt:` and `## Response:`, in some languages under `## User:` and
`## Gemini:` with a line `> 15/06/2026 08:30:00` below; at the end `Powered by Gemini Exporter (…)`. What may stand
before the first of these (dates, a link) is that of the extension's JSON, and so is how all of it is read.
"""

import re
from collections.abc import Iterator, Sequence

from packages_store.errors import SourceBroken
from stages.parsers.contract import Broken, Empty, Peek, ReadContext, Record, SourceFile
from stages.parsers.reading.chat_exporter import chat_of
from stages.parsers.reading.text import count_lost, open_text
from stages.parsers.reading.values import Tally

LARGEST = 64 << 20
"""Characters. A larger one is given up."""

_SAID = re.compile(r"^##[ \t]+(Prompt|Response|User|Gemini)[ \t]*[:：][ \t]*\r?$", re.MULTILINE)
_TITLE = re.compile(r"\s*#[ \t]+(\S[^\r\n]*)")
_TIME = re.compile(r"\s*>[ \t]*(\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}[^\r\n]{1,30}?)[ \t]*(?:\r?\n|\Z)")
_DATE = re.compile(r"^[*_ \t]*(Created|Updated|Exported)[*_]*:[*_]*[ \t]*(\d[^\r\n]{0,40}?)[ \t\\]*\r?$", re.MULTILINE)
_LINK = re.compile(r"https?://gemini\.google\.com/[^\s)\]>]*")
_MAKER = re.compile(
    r"(?:^[-*_ \t]{3,}\r?\n\s*)?^[^\n]{0,20}\bPowered by \W{0,3}Gemini Exporter\b[^\n]*\s*\Z", re.MULTILINE
)
_NAMED = re.compile(r"\bPowered by \W{0,3}Gemini Exporter\b")


def holds_markdown_chat(peek: Peek) -> bool:
    """Whether it has a title and something said, and names the extension, links to Gemini, or lets Gemini speak."""
    speakers = list(_SAID.finditer(peek.head)) if peek.kind == "text" and _TITLE.match(peek.head) else []
    return bool(speakers) and bool(
        _NAMED.search(peek.head)
        or _LINK.search(peek.head, 0, speakers[0].start())
        or {speaker[1] for speaker in speakers} >= {"User", "Gemini"}
    )


def read_markdown_chat(file: SourceFile, context: ReadContext) -> Iterator[Record]:
    """The chat of the file, which is held whole."""
    tally = Tally()
    try:
        with open_text(file) as text:
            whole = text.read(LARGEST + 1)
            count_lost(text, tally)
    except SourceBroken as error:
        yield Broken(error.position, str(error))
        return
    if len(whole) > LARGEST:
        yield Broken("line 1", f"it is larger than {LARGEST >> 20} MiB")
        return
    speakers = list(_SAID.finditer(whole))
    head = whole[: speakers[0].start()] if speakers else whole
    title, link = _TITLE.match(head), _LINK.search(head)
    metadata = {
        "title": title[1].strip() if title else "",
        "link": link[0] if link else "",
        "dates": {name.casefold(): date for name, date in _DATE.findall(head)},
    }
    told = {"metadata": metadata, "messages": list(_messages(whole, speakers))}
    yield chat_of(told, "gemini", context.zone, tally, file.modified_at) or Empty("line 1")
    yield from tally.notes()


def _messages(whole: str, speakers: Sequence[re.Match[str]]) -> Iterator[dict[str, str]]:
    """What was said, as the extension's JSON has it."""
    maker = _MAKER.search(whole, max(0, len(whole) - 1000))
    ends = [*(speaker.start() for speaker in speakers[1:]), maker.start() if maker else len(whole)]
    for speaker, end in zip(speakers, ends, strict=False):  # without a speaker there is only the end
        time = _TIME.match(whole, speaker.end(), end)
        text = whole[time.end() if time else speaker.end() : end]
        yield {"role": speaker[1], "say": text.strip(), "time": time[1] if time else ""}
