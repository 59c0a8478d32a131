"""What a changed config.toml means to a daemon that runs: some settings change at once, others at the next start."""

from dataclasses import dataclass

from daemon.settings import Settings, flat

_AT_ONCE = ("inbox.", "log.")
_AT_ONCE_TOO = frozenset(
    {
        "grace_seconds",
        "max_upload_bytes",
        "metrics_open",
        "min_free_bytes",
        "pause_before_commit",
        "slice_seconds",
        "slots",
        "time_zone",
    }
)


@dataclass(frozen=True, slots=True)
class Reloaded:
    """`settings` are those to go on with; `changed` names what is new in them, `later` what needs a restart."""

    settings: Settings
    changed: tuple[str, ...]
    later: tuple[str, ...]

    def __str__(self) -> str:
        parts = []
        if self.changed:
            parts.append(f"changed: {', '.join(self.changed)}")
        if self.later:
            parts.append(f"at the next start: {', '.join(self.later)}")
        return "; ".join(parts) or "nothing changed"


def reloaded(running: Settings, read: Settings) -> Reloaded:
    """The settings to go on with after `read` was read, and what became of each difference."""
    before, after = flat(running), flat(read)
    different = [key for key in after if before.get(key) != after[key]]
    changed = tuple(key for key in different if key.startswith(_AT_ONCE) or key in _AT_ONCE_TOO)
    later = tuple(key for key in different if key not in changed)
    names = {key.partition(".")[0] for key in changed}
    settings = running.model_copy(update={name: getattr(read, name) for name in names})
    return Reloaded(settings, changed, later)
