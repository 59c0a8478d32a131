"""The real daemon process, whose wall clock goes wrong by as many seconds as a file says, while there is one.

python -m tests.faults.misled_daemon HOME FILE
"""

import os
import sys
from datetime import datetime, timedelta
from pathlib import Path

from daemon.app import Parts
from daemon.process import run
from daemon.settings import load_settings
from packages_store.times import Clock, utc_now


def misled(file: Path) -> Clock:
    """The clock of this machine, and what the file adds to it."""

    def now() -> datetime:
        try:
            return utc_now() + timedelta(seconds=float(file.read_text()))
        except FileNotFoundError:
            return utc_now()

    return now


if __name__ == "__main__":
    home, said = sys.argv[1:]
    run(
        load_settings({"home": Path(home), "port": 0}, os.environ),
        lambda line: print(line, flush=True),
        Parts(clock=misled(Path(said))),
    )
