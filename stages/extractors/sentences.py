"""Cuts a message into sentences that can be quoted: each is, up to whitespace, a piece of the message."""

import re
from collections.abc import Iterator

MESSAGE_LIMIT = 120_000
"""Characters of one message that are looked at. Nobody types more: of what was pasted only the ends count."""

_TAIL = 20_000

# What is never quoted and never mined, and therefore ends the sentence before it: fenced code, provenance tags (a chat
# could forge them), addresses, markup of prompts, and characters that cannot be written or that turn text around.
_UNWRITABLE = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ud800-\udfff]"
)
_SIGNS = ("```", "~~~", "[", "://", "www.", "WWW.", "<")
_GAP = re.compile(
    r"```.*?(?:```|\Z)"
    r"|~~~.*?(?:~~~|\Z)"
    r"|\[(?:chat|via):[^\]\n]{0,200}\]?"
    r"|(?:https?://|www\.)[^\s<>\"”)\]]+"
    r"|<\|[^|\n]{0,40}\|>|</?(?:system|user|assistant|instructions?|memory|memories|script|style)\b[^>\n]{0,80}>"
    rf"|{_UNWRITABLE.pattern}+",
    re.DOTALL | re.IGNORECASE,
)
# Each run is tried once, from its beginning, and never given back: somebody may lean on a key.
_END = re.compile(r"(?<![.!?…])[.!?…]++[\"”’')\]*_]*+(?=\s)|[。！？]+[」』”）]*|[\r\n\v\f\x85\u2028\u2029]+")
_FRINGE = " \t\u00a0>#*_~|•–—-+=`"
_LIST_NUMBER = re.compile(r"\d{1,3}[.)]\s+")
_ABBREVIATION = re.compile(
    r"(?:\b(?:[^\W\d_]|\d{1,2}|dr|mr|mrs|ms|prof|st|vs|etc|approx|e\.g|i\.e|bzw|ca|nr|usw|evtl|z\.b|d\.h|sra?|mme))\.$",
    re.IGNORECASE,
)

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
"""A word, with its apostrophes; a run of characters in scripts that do not part words."""

_BARE_WORD = re.compile(r"[^\W_]+")

CJK = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]")
"""A character of Japanese, Chinese or Korean writing."""


def fold(text: str) -> str:
    """`text` in one line: every run of whitespace is one blank, none at the ends."""
    return " ".join(text.split())


def words_of(text: str) -> list[str]:
    """The words of `text`, casefolded, with a straight apostrophe."""
    return WORD.findall(text.casefold().replace("’", "'"))


def bare_words(text: str) -> frozenset[str]:
    """The distinct words of `text`, casefolded, parted at apostrophes too: `son's` holds `son`."""
    return frozenset(_BARE_WORD.findall(text.casefold()))


def sentences(text: str) -> Iterator[str]:
    """The folded sentences of `text`, in order, without code, addresses, forged tags and list marks."""
    for stretch in _stretches(_ends_of(text)):
        for piece in _split(stretch):
            if sentence := _trim(piece):
                yield sentence


def shorten(text: str, limit: int) -> str:
    """`text` in at most `limit` characters, cut after a sentence, else after a word, and then with `…` at its end."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    cut = max(head.rfind(mark) for mark in (". ", "! ", "? ", "。", "！", "？")) + 1
    if cut < limit // 2:
        cut = head.rfind(" ")
    if cut < limit // 2:
        cut = len(head)
    return head[:cut].rstrip() + "…"


def _ends_of(text: str) -> str:
    if len(text) <= MESSAGE_LIMIT:
        return text
    return text[: MESSAGE_LIMIT - _TAIL] + "\0" + text[-_TAIL:]


def _stretches(text: str) -> Iterator[str]:
    if not (_UNWRITABLE.search(text) or any(sign in text for sign in _SIGNS)):
        yield text
        return
    start = 0
    for gap in _GAP.finditer(text):
        yield text[start : gap.start()]
        start = gap.end()
    yield text[start:]


def _split(text: str) -> Iterator[str]:
    start = 0
    for end in _END.finditer(text):
        if end.group() == "." and _ABBREVIATION.search(text, max(start, end.end() - 8), end.end()):
            continue
        yield text[start : end.end()]
        start = end.end()
    yield text[start:]


def _trim(piece: str) -> str:
    sentence = fold(piece).lstrip(_FRINGE)
    if sentence[:1].isdigit():
        sentence = _LIST_NUMBER.sub("", sentence, count=1)
    sentence = sentence.rstrip(_FRINGE)
    return sentence if any(map(str.isalnum, sentence)) else ""
