"""Cuts what is too long for one question into as few questions as it takes.

Chunks are filled from the front, so that a conversation that has grown gives the same first chunks again, byte by byte,
and their answers are found in the journal. All of it takes time in proportion to the text.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from stages.extractors.llm.material import MARK_LENGTH, Part, heading, labelled

CHUNKS_VERSION = "1"
"""Raised whenever the same conversation is cut or labelled otherwise."""

OVERLAP_PARTS = 4
"""How many of the last turns are shown again at most …"""
OVERLAP_SHARE = 20
"""… in at most this part (one n-th) of the room."""

_PIECE_SHARE = 16
"""A message that is too long is cut into parts of about this part (one n-th) of the room: so much is wasted at most."""
_PIECE_LEAST = 500
"""Tokens below which a part is not worth a label, where there is room for two of them."""

_HALF_LEAST = 400
"""Characters below which a message is not halved: what is told of it is too long for another reason."""

_MARK = "0" * MARK_LENGTH
_BREAKS = (
    re.compile(r"\n[^\S\n]*\n\s*"),
    re.compile(r"\n"),
    re.compile(r"(?<![.!?…])[.!?…]++[\"”’')\]*_]*+\s+|[。！？]+[」』”）]*"),
    re.compile(r"\s+"),
)
"""Where a message may be cut, best first: after a paragraph, a line, a sentence, a word."""

Tokens = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Chunk:
    """The parts of one question. The first `known` of them were in the question before, and are here to follow on."""

    parts: tuple[Part, ...]
    known: int = 0

    @property
    def fresh(self) -> tuple[Part, ...]:
        """The parts that no chunk before this one holds."""
        return self.parts[self.known :]


def cut(parts: Sequence[Part], room: int, tokens: Tokens) -> list[Chunk]:
    """The fewest chunks of at most `room` tokens that hold every part, in order.

    A part stays whole unless it is alone longer than `room`. A chunk begins with the last parts of the one before it,
    of the same group, as far as there is room and no further chunk comes of it.
    """
    sizes = _Sizes([piece for part in parts for piece in _fitting(part, room, tokens)], tokens)
    chunks: list[Chunk] = []
    start = 0
    while start < len(sizes.parts):
        first = _overlap(sizes, start, room) if chunks else start
        end = start + 1
        while end < len(sizes.parts) and sizes.of(first, end + 1) <= room:
            end += 1
        chunks.append(Chunk(tuple(sizes.parts[first:end]), start - first))
        start = end
    return chunks


def halved(chunk: Chunk) -> tuple[Chunk, ...]:
    """A chunk as two, with about half of its fresh text each; nothing when there is too little to halve.

    The second one begins with the last parts of the first, as every chunk does that follows another.
    """
    fresh = chunk.fresh
    if len(fresh) == 1:
        fresh = _halves(fresh[0])
    if len(fresh) < 2:
        return ()
    lengths = list(accumulate(len(part.text) for part in fresh))
    middle = max(1, min(len(fresh) - 1, bisect_left(lengths, lengths[-1] / 2) + 1))
    first = chunk.parts[: chunk.known] + fresh[:middle]
    start = middle
    while (
        start > 0
        and middle - start < OVERLAP_PARTS
        and fresh[start - 1].group == fresh[middle].group
        and lengths[middle - 1] - (lengths[start - 2] if start > 1 else 0) <= lengths[-1] // OVERLAP_SHARE
    ):
        start -= 1
    return Chunk(first, chunk.known), Chunk(fresh[start:], middle - start)


def _halves(part: Part) -> tuple[Part, ...]:
    texts = pieces(part.text, max(_HALF_LEAST, -(-len(part.text) // 2)), len)
    return tuple(
        replace(part, text=text, label=f"{part.label}, piece {number} of {len(texts)}")
        for number, text in enumerate(texts, start=1)
    )


class _Sizes:
    """The tokens of any stretch of parts, with the labels and headings that are sent with it."""

    def __init__(self, parts: Sequence[Part], tokens: Tokens) -> None:
        self.parts = parts
        self._headings = [tokens(heading(part, _MARK)) if part.heading else 0 for part in parts]
        opens = [at == 0 or parts[at - 1].group != part.group for at, part in enumerate(parts)]
        new = (size if is_first else 0 for size, is_first in zip(self._headings, opens, strict=True))
        self._headed = [0, *accumulate(new)]
        self._labelled = [0, *accumulate(tokens(labelled(part, _MARK)) for part in parts)]

    def of(self, start: int, end: int) -> int:
        """What the parts from `start` up to `end` (at least one) take."""
        inside = self._headed[end] - self._headed[start + 1]
        return self._headings[start] + inside + self._labelled[end] - self._labelled[start]


def _overlap(sizes: _Sizes, start: int, room: int) -> int:
    """The first part of a chunk whose new parts begin at `start`."""
    last_chunk = sizes.of(start, len(sizes.parts)) <= room
    needed = len(sizes.parts) if last_chunk else start + 1
    first = start
    while (
        start - first < OVERLAP_PARTS
        and sizes.parts[first - 1].group == sizes.parts[start].group
        and sizes.of(first - 1, start) <= room // OVERLAP_SHARE
        and sizes.of(first - 1, needed) <= room
    ):
        first -= 1
    return first


# --- messages that are too long alone ----------------------------------------------------------------------------


def _fitting(part: Part, room: int, tokens: Tokens) -> list[Part]:
    """The part, or its pieces when it is alone too long for a chunk."""
    frame = tokens(heading(part, _MARK)) + tokens(labelled(replace(part, text=""), _MARK))
    if tokens(heading(part, _MARK)) + tokens(labelled(part, _MARK)) <= room:
        return [part]
    numbering = tokens(", part 99999 of 99999")
    most = room - frame - numbering
    limit = max(1, min(most, max(room // _PIECE_SHARE, min(most // 2, _PIECE_LEAST))))
    texts = pieces(part.text, limit, tokens)
    return [
        replace(part, text=text, label=f"{part.label}, part {number} of {len(texts)}")
        for number, text in enumerate(texts, start=1)
    ]


def pieces(text: str, limit: int, tokens: Tokens) -> list[str]:
    """`text` in consecutive pieces of at most `limit` tokens; joined they are `text` again."""
    return [piece for piece in _pieces(text, limit, tokens, 0) if piece]


def _pieces(text: str, limit: int, tokens: Tokens, level: int) -> Iterator[str]:
    if tokens(text) <= limit:
        yield text
    elif level == len(_BREAKS):
        yield from _slices(text, limit, tokens)
    else:
        yield from _grouped(_units(text, level), limit, tokens, level)


def _grouped(units: Iterator[str], limit: int, tokens: Tokens, level: int) -> Iterator[str]:
    """Units put together while they fit; one that does not fit alone is cut at the next finer break."""
    held: list[str] = []
    used = 0
    for unit in units:
        size = tokens(unit)
        if used + size > limit:
            yield "".join(held)
            held, used = [], 0
        if size > limit:
            yield from _pieces(unit, limit, tokens, level + 1)
        else:
            held.append(unit)
            used += size
    yield "".join(held)


def _units(text: str, level: int) -> Iterator[str]:
    start = 0
    for end in _BREAKS[level].finditer(text):
        yield text[start : end.end()]
        start = end.end()
    yield text[start:]


def _slices(text: str, limit: int, tokens: Tokens) -> Iterator[str]:
    """For text that is too long and has no words: equal slices, and those that are still too long cut again."""
    length = max(1, min(len(text) - 1, len(text) * limit // tokens(text)))
    for start in range(0, len(text), length):
        piece = text[start : start + length]
        fits = len(piece) == 1 or tokens(piece) <= limit
        yield from (piece,) if fits else _slices(piece, limit, tokens)
