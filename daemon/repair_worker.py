"""Repairs packages in a process of its own: a list of names on standard input, a result a line on standard output.

The worker holds the home's lock together with the daemon that started it (it inherits the descriptor), so that no other
daemon begins before its last package is done; and it ends after that package when the daemon has died.
"""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from packages_store.files import BatchDisk
from packages_store.paths import HomePaths
from packages_store.shelf import Shelf
from packages_store.times import utc_now

_THREADS = 2
"""One works while the other waits for the disk."""


def main(home: str, poison_after: str) -> None:
    """Repair what is asked for, or as much of it as the daemon lives for."""
    daemon = os.getppid()
    disk = BatchDisk()
    shelf = Shelf(HomePaths(Path(home)), disk, utc_now, int(poison_after), brief=True)

    def repair(name: str) -> str:
        if os.getppid() != daemon:
            os._exit(1)
        return json.dumps(asdict(shelf.repair_at_start(name))) + "\n"

    with ThreadPoolExecutor(_THREADS) as threads:
        results = list(threads.map(repair, json.load(sys.stdin)))
    if os.getppid() == daemon:
        disk.settle()
    # All at the end: nobody reads while the daemon still imports itself, and a pipe holds little.
    sys.stdout.writelines(results)
    sys.stdout.flush()
    # Without closing the ledgers one by one; see Shelf.repair_at_start.
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
