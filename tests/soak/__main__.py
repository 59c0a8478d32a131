"""python -m tests.soak [--seconds 330] [--packages 50] [--files 500] [--clients 200]; exits with 1 when it failed."""

import argparse
import sys

import anyio

from tests.soak.run import Load, soak

_GROWTH = 0.10


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument("--seconds", type=float, default=330)
    parser.add_argument("--packages", type=int, default=50)
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--clients", type=int, default=200)
    chosen = parser.parse_args()
    load = Load(chosen.seconds, chosen.packages, chosen.files, chosen.clients)
    outcome = anyio.run(soak, load, print)
    growth = outcome.growth()
    starved = outcome.starved(load)
    for name, share in growth.items():
        print(f"{name:12} {share:+7.1%}")
    print(f"answers      p50 {outcome.percentile(0.5) * 1000:.0f} ms, p99 {outcome.percentile(0.99) * 1000:.0f} ms")
    print(f"imports      {outcome.imports.total()}; per package {min(outcome.imports.values(), default=0)} or more")
    print(f"starved      {', '.join(starved) or 'nobody'}")
    print(f"waiting      {outcome.waiting} of {load.waiting_files} files")
    is_well = all(share <= _GROWTH for share in growth.values()) and not starved
    return 0 if is_well and outcome.waiting == load.waiting_files else 1


if __name__ == "__main__":
    sys.exit(main())
