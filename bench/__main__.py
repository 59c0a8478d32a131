"""`make bench`: measures and prints a table. ARGS="--only items" measures a part, --check fails on a missed target."""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bench.answers import answers
from bench.engine import engine
from bench.figures import Bench, ingest, items, readiness
from bench.generate import WORKLOADS, Workload
from bench.large import Sizes, large
from bench.large_package import Size
from bench.lists import lists
from bench.page import page
from bench.table import Figure, table
from bench.throughput import convert, platforms

_PARTS = ("a", "b", "c", "platforms", "convert", "large", "items", "readiness", "engine", "lists", "answers", "page")
_USUAL = ("a", "b", "platforms", "convert", "items", "readiness", "engine", "answers")
_QUICK = Workload(40, 400, 700_000)
_TINY = Workload(10, 60, 100_000)
_PLATFORMS = Workload(400, 8_000, 16_000_000)
"""Of ChatGPT's export; in most other forms the same has half as many bytes."""
_CONVERT = Workload(1_500, 30_000, 56_000_000)
_LARGE = Sizes(
    little=Workload(189, 3_780, 7_000_000),
    much=WORKLOADS["c"],
    short=Workload(27_000, 54_000, 70_000_000),
    files=Workload(4_000, 16_000, 30_000_000),
    alone=Workload(1, 54_000, 100_000_000),
)
_NOT_LARGE = Sizes(_TINY, _QUICK, _TINY, _TINY, Workload(1, 60, 100_000))
_LISTS = Workload(10_000, 200_000, 372_000_000)
_PAGE = Size(_LISTS, 2_000, 5_000)
_DISK = Path("/var/tmp")  # noqa: S108 - /tmp is often memory, where nothing is written to a disk


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--only", choices=_PARTS, nargs="+", default=_USUAL, help="what to measure; c, large and page take minutes"
    )
    parser.add_argument("--repeat", type=int, default=3, help="how often each import and its floor are run")
    parser.add_argument("--quick", action="store_true", help="small sizes, only to see that everything works")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a target is missed")
    parser.add_argument("--dir", type=Path, default=_DISK if _DISK.is_dir() else None, help="the disk to measure on")
    return parser.parse_args()


def _figures(given: argparse.Namespace, folder: Path) -> Iterator[Figure]:
    quick: bool = given.quick
    bench = Bench(folder, repeat=1 if quick else given.repeat, counts=not quick)
    parts = {
        **{name: partial(ingest, bench, name, _QUICK if quick else load) for name, load in WORKLOADS.items()},
        "platforms": partial(platforms, bench, _TINY if quick else _PLATFORMS),
        "convert": partial(convert, bench, _QUICK if quick else _CONVERT),
        "large": partial(large, bench, _NOT_LARGE if quick else _LARGE),
        "items": partial(items, bench, (5, 10) if quick else (100, 1_000, 10_000)),
        "answers": partial(answers, bench, _TINY if quick else _PLATFORMS),
        "lists": partial(lists, bench, _QUICK if quick else _LISTS),
        "page": partial(page, bench, Size(_QUICK, 20, 40) if quick else _PAGE),
        "readiness": partial(readiness, bench, 5 if quick else 1_000),
        "engine": partial(engine, bench, _TINY if quick else WORKLOADS["a"]),
    }
    for name in given.only:
        print(f"measuring: {name}", file=sys.stderr, flush=True)
        yield from parts[name]()


def main() -> int:
    """The command line."""
    given = _arguments()
    with tempfile.TemporaryDirectory(prefix="loom-bench-", dir=given.dir) as folder:
        figures: list[Figure] = []
        try:
            for figure in _figures(given, Path(folder)):
                print(figure.line(), file=sys.stderr, flush=True)
                figures.append(figure)
        finally:
            print(table(figures))  # what was measured until something failed took minutes
    return int(given.check and any(figure.is_missed for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
