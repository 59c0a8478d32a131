"""`loom support-bundle`, and `loom resume --all`."""

import getpass
import platform
import sys
from functools import partial
from pathlib import Path

from anyio.to_thread import run_sync

from daemon.commands.exits import Exit
from daemon.commands.output import answer, note, plain, say
from daemon.commands.service import Service
from daemon.service.bundle import Evidence, bundle
from daemon.settings import Settings
from packages_store.files import Disk, tail

_LOG_BYTES = 1 << 20


async def support_bundle(service: Service, settings: Settings, target: Path | None, *, as_json: bool) -> Exit:
    """Write a ZIP that may be shown to others, to standard output without a `target`."""
    log = await run_sync(tail, settings.home / settings.log.file, _LOG_BYTES) if settings.log.file else ""
    evidence = Evidence(
        settings, await service.packages(), await service.findings(), await service.repairs(), log.splitlines()
    )
    data = bundle(evidence, [str(settings.home), str(Path.home()), getpass.getuser(), platform.node()])
    if target is None:
        sys.stdout.buffer.write(data)
        return Exit.OK
    await run_sync(partial(Disk().replace, target, data))
    if as_json:
        answer({"path": str(target), "bytes": len(data)})
    else:
        say(f"{target}: figures and states only; look into it before you show it to others.")
    return Exit.OK


async def resume_all(service: Service, *, as_json: bool) -> Exit:
    """Leave safe mode, or continue every package that waits for a person."""
    resumed = await service.resume_all()
    if as_json:
        answer(resumed)
    elif resumed["left_safe_mode"]:
        say("Safe mode is over; everything goes on.")
    else:
        for name in resumed["packages"]:
            say(plain(name))
        if not resumed["packages"]:
            note("loom: no package waits for you.")
    return Exit.OK
