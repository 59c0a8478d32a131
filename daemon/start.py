"""The first steps of `loom serve`: everything that must come before the daemon has imported itself.

The lock comes first, so that a second daemon is refused at once; then the repair begins in other processes, if there is
much of it, while this one reads its own code.
"""

import gc
from collections.abc import Callable

from daemon.home import hold_home
from daemon.settings import Settings
from packages_store.files import Disk
from packages_store.paths import HomePaths


def serve(settings: Settings, tell: Callable[[str], None], reread: Callable[[], Settings]) -> None:
    """Run the daemon in the foreground until a signal ends it; see `daemon.process.run`."""
    with hold_home(HomePaths(settings.home), Disk()) as home:
        from daemon.repairing import repair_workers

        with repair_workers(home, settings.poison_after) as workers:
            # Importing makes no garbage, and looking for it meanwhile takes a tenth of the time.
            gc.disable()
            from daemon.process import run

            gc.enable()

            run(settings, tell, home=home, workers=workers, reread=reread)
