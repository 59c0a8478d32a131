"""How the daemon is, in checks with reasons (R-92): for `/readyz`, `/healthz`, `loom status` and the doctor."""

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict

from daemon.app import Daemon
from packages_store.files import is_network
from stages.contract import off_loop


class Check(BaseModel):
    """One thing the daemon needs. Without those that are `needed`, it is not ready."""

    model_config = ConfigDict(frozen=True)

    name: str
    ok: bool
    needed: bool
    found: str
    advice: str = ""


class Health(BaseModel):
    """The whole: `ok`, `degraded` (something is wrong, and people can be served) or `unready`."""

    status: str
    checks: list[Check]


async def health(daemon: Daemon) -> Health:
    """Look at everything now."""
    checks = [_phase(daemon), await _writable(daemon), *await off_loop(lambda: list(_folder(daemon))), _disk(daemon)]
    checks += [_work(daemon), _clock(daemon)]
    wrong = [check for check in checks if not check.ok]
    status = "unready" if any(check.needed for check in wrong) else "degraded" if wrong else "ok"
    return Health(status=status, checks=checks)


def _phase(daemon: Daemon) -> Check:
    is_ready = daemon.phase == "ready"
    found = "everything was repaired" if is_ready else f"the daemon is {daemon.phase}"
    return Check(name="phase", ok=is_ready, needed=True, found=found, advice="" if is_ready else "Wait a moment.")


async def _writable(daemon: Daemon) -> Check:
    reason = await off_loop(daemon.write_test.reason)
    if reason is None:
        return Check(name="storage", ok=True, needed=True, found=f"{daemon.paths.root} can be written")
    advice = "Make room, or let the daemon's user write there; it goes on by itself."
    return Check(name="storage", ok=False, needed=True, found=reason, advice=advice)


def _folder(daemon: Daemon) -> Iterator[Check]:
    state = daemon.watcher.state
    if state.state != "available":
        advice = "Mount it, or make it readable; it goes on by itself, and nothing was deleted."
        yield Check(name="drop folder", ok=False, needed=True, found=state.reason or state.state, advice=advice)
        return
    kind = daemon.watcher.disk.file_system(daemon.paths.inbox)
    how = "looked through when something is reported"
    if is_network(kind):
        how = f"looked through every {daemon.watcher.inbox.rescan_seconds:g} s, because {kind} reports no changes"
    yield Check(name="drop folder", ok=True, needed=True, found=how)


def _disk(daemon: Daemon) -> Check:
    keeper = daemon.keeper
    if keeper.low_disk is not None:
        advice = "Make room; it goes on by itself. min_free_bytes says how much is kept free."
        return Check(name="disk", ok=False, needed=True, found=keeper.low_disk, advice=advice)
    known = keeper.free_bytes is not None
    found = f"{(keeper.free_bytes or 0) / (1 << 30):.1f} GiB free" if known else "not looked at yet"
    return Check(name="disk", ok=True, needed=True, found=found)


def _work(daemon: Daemon) -> Check:
    if daemon.safe_mode is not None:
        advice = "`loom resume --all` leaves safe mode; `loom doctor` and the log may say what is wrong."
        evidence = daemon.safe_mode.evidence
        found = f"safe mode: {daemon.safe_mode}" + (f"; the last evidence: {evidence}" if evidence else "")
        return Check(name="work", ok=False, needed=False, found=found, advice=advice)
    if stalled := daemon.keeper.stalled:
        return Check(name="work", ok=False, needed=False, found=stalled, advice="Restart the daemon; nothing is lost.")
    return Check(name="work", ok=True, needed=False, found=daemon.paused or "it goes on")


def _clock(daemon: Daemon) -> Check:
    gap = daemon.keeper.gap
    if gap is None:
        return Check(name="clock", ok=True, needed=False, found="no time was missed lately")
    advice = "Set the machine's clock if it is wrong." if gap.kind == "clock" else "Nothing; it went on by itself."
    return Check(name="clock", ok=False, needed=False, found=str(gap), advice=advice)
