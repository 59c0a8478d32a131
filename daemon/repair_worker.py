"""Repairs packages in a process of its own: a list of names on standard input, a result a line on standard output.

The worker holds the home's lock together with the daemon that started it (it inherits the descriptor), so that no other
daemon begins before its last package is done; and it ends after that package when the daemon has died.
"""

import gc
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from packages_store.files import BatchDisk
from packages_store.paths import HomePaths
from packages_store.shelf import Shelf
from packages_store.times import utc_now


def main(home: str, poison_after: str) -> None:
    """Repair what is asked for, or as much of it as the daemon lives for."""
    # What is made here is kept until the end, which comes soon: looking for garbage finds none.
    gc.disable()
    daemon = os.getppid()
    disk = BatchDisk()
    shelf = Shelf(HomePaths(Path(home)), disk, utc_now, int(poison_after), brief=True)

    results = []
    for name in json.load(sys.stdin):
        results.append(json.dumps(asdict(shelf.repair_at_start(name))) + "\n")
        if os.getppid() != daemon:
            os._exit(1)
    disk.settle()
    # All at the end: nobody reads while the daemon still imports itself, and a pipe holds little.
    sys.stdout.writelines(results)
    sys.stdout.flush()
    # Without closing the ledgers one by one; see Shelf.repair_at_start.
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
