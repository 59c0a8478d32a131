"""What `loom service install` changed, kept in `<home>/service.json`: uninstall undoes that and no more."""

import json
from dataclasses import asdict, dataclass, field

from pydantic import TypeAdapter, ValidationError

from packages_store.errors import StoreError
from packages_store.files import Disk
from packages_store.paths import HomePaths


@dataclass(frozen=True, slots=True)
class Installed:
    """One service that was installed."""

    files: dict[str, str] = field(default_factory=dict)
    """Path -> SHA-256 of what was written there."""
    folders: tuple[str, ...] = ()
    """Folders that were made for the files, outermost first."""
    lingers: bool = False
    """Whether lingering was switched on for it."""


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    """Everything that was installed, by kind: `systemd-user`, `systemd-system`, `launchd`, `windows`."""

    services: dict[str, Installed] = field(default_factory=dict)


_RECORD = TypeAdapter(ServiceRecord)


def read_record(paths: HomePaths) -> ServiceRecord:
    """What was installed from this home. Raises StoreError when that cannot be told any more."""
    path = paths.root / "service.json"
    try:
        return _RECORD.validate_json(path.read_bytes())
    except FileNotFoundError:
        return ServiceRecord()
    except ValidationError as error:
        advice = "Remove it, and the service by hand: docs/service.md says what there is."
        raise StoreError(f"{path} cannot be read.", advice) from error


def write_record(paths: HomePaths, disk: Disk, record: ServiceRecord) -> None:
    """Keep what was installed; nothing stays behind when that is nothing."""
    path = paths.root / "service.json"
    if record.services:
        disk.replace(path, json.dumps(asdict(record), indent=1).encode())
    else:
        disk.remove(path)
