"""`make bench`: measures and prints a table. ARGS="--only items" measures a part, --check fails on a missed target."""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bench.figures import Bench, ingest, items, readiness
from bench.generate import WORKLOADS, Workload
from bench.table import Figure, table

_PARTS = ("a", "b", "c", "items", "readiness")
_USUAL = ("a", "b", "items", "readiness")
_QUICK = Workload(40, 400, 700_000)
_DISK = Path("/var/tmp")  # noqa: S108 - /tmp is often memory, where nothing is written to a disk


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", choices=_PARTS, nargs="+", default=_USUAL, help="what to measure; (c) takes minutes")
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
        "items": partial(items, bench, (5, 10) if quick else (100, 1_000, 10_000)),
        "readiness": partial(readiness, bench, 5 if quick else 1_000),
    }
    for name in given.only:
        print(f"measuring: {name}", file=sys.stderr, flush=True)
        yield from parts[name]()


def main() -> int:
    """The command line."""
    given = _arguments()
    with tempfile.TemporaryDirectory(prefix="loom-bench-", dir=given.dir) as folder:
        figures = list(_figures(given, Path(folder)))
    print(table(figures))
    return int(given.check and any(figure.is_missed for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
