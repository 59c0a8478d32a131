"""One document through everything that a dropped file goes through, with what must hold of it."""

import faulthandler
import random
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from packages_store.errors import SourceBroken
from stages.parsers.contract import Bid, Parser
from stages.parsers.reading.peeking import peek
from stages.parsers.reading.refusals import explain
from stages.parsers.registry import PARSERS
from tests.fuzz.mutate import mutated
from tests.stages.parsers.harness import CONTEXT, MemoryFile, Sample, check
from tests.stages.parsers.samples import SAMPLES

MOST_SECONDS = 2.0
"""Processor time that one reading of one document may take."""
HUNG_AFTER = 60
"""Seconds after which a process that reads one document is ended, with a traceback."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What went wrong with a document, and how to make it again."""

    seed: int
    sample: str
    what: str


def fuzz(seed: int, platform: str | None = None) -> tuple[bytes, list[Fault]]:
    """Make the document of that seed and read it: as whoever claims it, and as the platform that it was made from."""
    dice = random.Random(seed)
    sample = dice.choice([sample for sample in SAMPLES if platform in (None, sample.platform)])
    data = mutated(sample.data(), dice)
    return data, list(_faults(seed, sample, data))


def fuzz_some(
    begin: int, count: int, platform: str | None = None, keep: Path | None = None
) -> tuple[list[Fault], float]:
    """The faults of `count` documents from seed `begin` on, and the process's peak memory in megabytes."""
    found: list[Fault] = []
    for seed in range(begin, begin + count):
        faulthandler.dump_traceback_later(HUNG_AFTER, exit=True)
        data, faults = fuzz(seed, platform)
        if faults and keep is not None:
            (keep / f"{seed}.bin").write_bytes(data)
        found += faults
    faulthandler.cancel_dump_traceback_later()
    return found, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _faults(seed: int, sample: Sample, data: bytes) -> Iterator[Fault]:
    name = f"{sample.platform}/{sample.variant}"
    readers = {(sample.platform, sample.variant): next(p for p in PARSERS if p.platform == sample.platform)}
    problems: list[str] = []
    with _told(problems):
        readers |= {(parser.platform, bid.variant): parser for parser, bid in _bids(MemoryFile(data))}
    yield from (Fault(seed, name, f"looking into it: {problem}") for problem in problems)
    for (platform, variant), parser in readers.items():
        problems = []
        with _told(problems):
            check(list(parser.read(MemoryFile(data), variant, CONTEXT)))
        yield from (Fault(seed, name, f"read as {platform}/{variant}: {problem}") for problem in problems)


def _bids(file: MemoryFile) -> list[tuple[Parser, Bid]]:
    """Who claims the file; a bid must name one of the parser's own variants."""
    seen = peek(file)
    bids = [(parser, bid) for parser in PARSERS if (bid := parser.bid(seen)) is not None]
    for parser, bid in bids:
        assert bid.variant in {variant.name for variant in parser.variants}, f"{parser.platform} bids {bid.variant!r}"
    if not bids:
        what, _advice = explain(seen, PARSERS)
        assert what.startswith("it "), what
    return bids


@contextmanager
def _told(problems: list[str]) -> Iterator[None]:
    """Add to `problems` what is raised inside, and that it took too long."""
    begin = time.process_time()
    try:
        yield
    except SourceBroken:
        pass
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what we look for
        problems.append(f"{type(error).__name__}: {error}")
    spent = time.process_time() - begin
    if spent > MOST_SECONDS:
        problems.append(f"it took {spent:.1f} seconds")
