"""`make torture`: kill the daemon again and again; print the seed, so that a failure can be repeated."""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.torture.driver import torture


def main() -> int:
    """Run once; 0 when the disturbed package equals the undisturbed one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=210, help="how often to kill (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    options = parser.parse_args()
    print(f"torture: seed {options.seed}, {options.kills} kills", flush=True)
    started = time.monotonic()
    home = Path(tempfile.mkdtemp(prefix="loom-torture-"))
    report = torture(home, options.kills, options.seed)
    print(
        f"{report}\ntook {time.monotonic() - started:.0f} s; repeat with --seed {options.seed} --kills {options.kills}"
    )
    print("passed" if report.passed else f"FAILED; what was left is in {home}")
    return 0 if report.passed else 1


if __name__ == "__main__":
    sys.exit(main())
