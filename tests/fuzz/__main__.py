"""`make fuzz`: many documents, in several processes.

Every document follows from its seed, and the seed of every fault is printed: `--seed N --documents 1` makes it again.
"""

import argparse
import os
import random
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from tests.fuzz.run import fuzz_some

_MOST_MEGABYTES = 300
_SLICE = 500


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Feed every parser broken documents.")
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=None, help="of the first document; printed when it is drawn")
    parser.add_argument("--platform", help="only documents made from samples of this one")
    parser.add_argument("--keep", type=Path, help="write each document with a fault into this folder")
    given = parser.parse_args()
    seed: int = random.SystemRandom().randrange(10**9) if given.seed is None else given.seed
    print(f"{given.documents:,} documents from seed {seed}", flush=True)
    begin = time.monotonic()
    begins = range(seed, seed + given.documents, _SLICE)
    counts = [min(_SLICE, seed + given.documents - at) for at in begins]
    some = partial(fuzz_some, platform=given.platform, keep=given.keep)
    # Unlike a multiprocessing.Pool, this one does not wait for ever for a worker that died.
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        results = list(pool.map(some, begins, counts))
    faults = [fault for found, _peak in results for fault in found]
    peak = max(peak for _found, peak in results)
    for fault in faults[:50]:
        print(f"seed {fault.seed} ({fault.sample}): {fault.what}")
    print(f"{len(faults)} faults in {time.monotonic() - begin:.0f} s, peak RSS of a process {peak:.0f} MB")
    for sample, count in Counter(fault.sample for fault in faults).most_common():
        print(f"  {count} in {sample}")
    return int(bool(faults) or peak > _MOST_MEGABYTES)


if __name__ == "__main__":
    sys.exit(main())
