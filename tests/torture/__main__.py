"""`make torture`: kill the daemon again and again; print the seed, so that a failure can be repeated."""

import argparse
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.provider.harness import FakeProvider
from tests.torture.asking import Provided
from tests.torture.driver import torture


def main() -> int:
    """Run once; 0 when the disturbed package equals the undisturbed one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=210, help="how often to kill (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--engine", choices=("offline", "llm"), default="offline", help="who makes memories")
    options = parser.parse_args()
    print(f"torture: seed {options.seed}, {options.kills} kills, engine {options.engine}", flush=True)
    started = time.monotonic()
    home = Path(tempfile.mkdtemp(prefix="loom-torture-"))
    with ExitStack() as stack:
        provided = Provided(stack.enter_context(FakeProvider())) if options.engine == "llm" else None
        report = torture(home, options.kills, options.seed, provided)
    again = f"--seed {options.seed} --kills {options.kills} --engine {options.engine}"
    print(f"{report}\ntook {time.monotonic() - started:.0f} s; repeat with {again}")
    print("passed" if report.passed else f"FAILED; what was left is in {home}")
    return 0 if report.passed else 1


if __name__ == "__main__":
    sys.exit(main())
