"""Writes ChatGPT exports like those people really have, of any size, the same bytes for the same seed.

    python -m bench.generate b conversations.json
    python -m bench.generate a export.zip --seed 7

Hidden nodes, branches, reasoning, tool calls, pictures, citations, code and several languages are in them; the number
of visible messages is exact, the size is met within about one percent. Memory is bounded by one conversation.
"""

import argparse
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import IO

from bench.dice import Dice
from bench.talk import Talk
from bench.vocabulary import TITLES

_LAST_DAY = 1_790_000_000
"""Seconds since 1970."""
_YEARS = 3.5 * 365 * 86_400
_PACKED_AT = (2026, 9, 21, 12, 0, 0)
_SEED = 20260921


@dataclass(frozen=True, slots=True)
class Workload:
    """How large an export is: conversations, visible messages, bytes of conversations.json."""

    conversations: int
    messages: int
    size: int


WORKLOADS = {
    "a": Workload(338, 3_452, 6_600_000),
    "b": Workload(5_000, 100_000, 186_000_000),
    "c": Workload(27_000, 540_000, 1_000_000_000),
}
"""Those of upstream.md."""


def write_export(path: Path, workload: Workload, seed: int = _SEED, *, oldest_first: bool = False) -> None:
    """Write an export to `path`: a ZIP when it is called so, conversations.json otherwise.

    It begins with the newest conversation, as ChatGPT's do, unless `oldest_first`, as some tools turn it.
    """
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            archive.writestr(_member("user.json"), '{"id": "user-bench", "email": "bench@example.org"}')
            with archive.open(_member("conversations.json"), "w", force_zip64=True) as file:
                _write(file, workload, seed, oldest_first)
    else:
        with path.open("wb") as file:
            _write(file, workload, seed, oldest_first)


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, _PACKED_AT)
    member.compress_type = zipfile.ZIP_DEFLATED
    return member


def _write(file: IO[bytes], workload: Workload, seed: int, oldest_first: bool) -> None:
    for piece in _pieces(workload, seed, oldest_first):
        file.write(piece)


def _pieces(workload: Workload, seed: int, oldest_first: bool) -> Iterator[bytes]:
    dice = Dice(seed)
    counts = _counts(workload, dice)
    written, told, done = 0, 0, 0
    for number, count in enumerate(counts):
        # What stands around the text is known from what has been written; the text makes up for the rest of the size.
        around = (written - told) / done if done else 900.0
        goal = max(40.0, (workload.size - written) / (workload.messages - done) - around)
        before = workload.conversations - 1 - number if oldest_first else number
        talk = Talk(dice, _time_of(before, workload, dice), goal)
        for _ in range(count):
            talk.say()
        conversation = talk.conversation(dice.sentence(dice.one_of(TITLES)).capitalize())
        piece = (", " if number else "[").encode() + json.dumps(conversation).encode()
        written, told, done = written + len(piece), told + talk.told, done + count
        yield piece
    yield b"]"


def _time_of(before: int, workload: Workload, dice: Dice) -> float:
    """When a conversation began, by how many are newer."""
    step = _YEARS / workload.conversations
    return _LAST_DAY - (before + dice.share()) * step


def _counts(workload: Workload, dice: Dice) -> list[int]:
    """Messages per conversation: at least two, in few of them hundreds, together exactly as many as asked for."""
    weights = [0.5 + 1.0 / (1.005 - dice.share()) for _ in range(workload.conversations)]
    per_weight = (workload.messages - 2 * workload.conversations) / sum(weights)
    ends = [round(passed * per_weight) for passed in accumulate(weights)]
    return [2 + end - begin for begin, end in pairwise([0, *ends])]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.generate", description="Write a ChatGPT export.")
    parser.add_argument("workload", choices=WORKLOADS, help="the workloads of upstream.md")
    parser.add_argument("path", type=Path, help="where to; a name that ends in .zip makes a ZIP")
    parser.add_argument("--seed", type=int, default=_SEED)
    given = parser.parse_args()
    write_export(given.path, WORKLOADS[given.workload], given.seed)


if __name__ == "__main__":
    main()
