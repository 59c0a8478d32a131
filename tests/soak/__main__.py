"""python -m tests.soak [--seconds 330] [--packages 50] [--files 500] [--clients 200]; exits with 1 when it failed.

`--hardships` lets what may befall a machine befall a daemon instead, one after the other (tests/faults/hardships.py);
to mount disks it must be run by root.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import anyio

from tests.faults.hardships import HARDSHIPS, NotPermitted
from tests.soak.run import Load, percentile, soak


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument("--seconds", type=float, default=330)
    parser.add_argument("--packages", type=int, default=50)
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--hardships", action="store_true", help="a full disk, a standstill of a minute and the like")
    chosen = parser.parse_args()
    if chosen.hardships:
        return _suffer()
    load = Load(chosen.seconds, chosen.packages, chosen.files, chosen.clients)
    outcome = anyio.run(soak, load, print)
    starved, grown = outcome.starved(load), outcome.grown()
    for name, share in outcome.growth().items():
        print(f"{name:12} {share:+7.1%}")
    everything = [seconds for answers in outcome.answers.values() for seconds in answers]
    for name, answers in (*outcome.answers.items(), ("warming up", outcome.warming), ("answers", everything)):
        p50, p99 = (percentile(answers, share) * 1000 for share in (0.5, 0.99))
        print(f"{name:22} p50 {p50:5.0f} ms, p99 {p99:5.0f} ms, {len(answers)} answers")
    print(f"idle         {outcome.idle_before} before, {outcome.idle_after} after")
    print(f"imports      {outcome.imports.total()}; per package {min(outcome.imports.values(), default=0)} or more")
    print(f"starved      {', '.join(starved) or 'nobody'}")
    print(f"waiting      {outcome.waiting} of {load.waiting_files} files")
    print(f"grown        {', '.join(grown) or 'nothing'}")
    return 1 if starved or grown or outcome.waiting != load.waiting_files else 0


def _suffer() -> int:
    """Each hardship once; 1 when one could not be tried. Raises AssertionError at the first that leaves a trace."""
    skipped = 0
    for befall in HARDSHIPS:
        print(befall.__name__.replace("_", " "))
        with tempfile.TemporaryDirectory(prefix="loom-hardship-") as folder:
            try:
                befall(Path(folder), print)
            except NotPermitted as reason:
                print(f"  not tried: {reason}")
                skipped = 1
    return skipped


if __name__ == "__main__":
    sys.exit(main())
