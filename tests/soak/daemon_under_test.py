"""The real daemon process, whose wall clock runs through a week while a soak lasts.

python -m tests.soak.daemon_under_test HOME FACTOR
"""

import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from daemon.app import Parts
from daemon.process import run
from daemon.settings import load_settings
from packages_store.times import Clock

_START = datetime(2026, 1, 1, tzinfo=UTC)


def hurrying(factor: float) -> Clock:
    """A clock that goes so many times as fast as time does."""
    began = time.monotonic()
    return lambda: _START + timedelta(seconds=(time.monotonic() - began) * factor)


if __name__ == "__main__":
    home, factor = sys.argv[1:]
    run(
        load_settings({"home": Path(home), "port": 0}, os.environ),
        lambda line: print(line, flush=True),
        Parts(clock=hurrying(float(factor))),
    )
