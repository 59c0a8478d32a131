"""What the watcher has done in worker threads: asks the ledgers, takes files, archives them. Holds no state."""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from daemon.drop_folder import Archive, DropFolder
from daemon.dropped import Act, Dropped, DropState, changed, failed, is_whole, storable
from daemon.intake import Changed, Intake, in_words
from packages_store.errors import LoomError, PackageNotFound
from packages_store.model import Upload, UploadOutcome
from packages_store.shelf import Shelf

Key = tuple[str, str]
"""The origin and the identity of a file, by which a ledger recognises it."""

_ARCHIVED = (
    UploadOutcome.IMPORTED,
    UploadOutcome.UPDATED,
    UploadOutcome.DUPLICATE,
    UploadOutcome.OLDER_SNAPSHOT,
)
"""The ends after which a file is archived. One that failed or was not understood stays where a person sees it."""


@dataclass(frozen=True, slots=True)
class BackOff:
    """How long to wait after the machine stood in the way: `first` seconds, twice as many each time, up to `most`."""

    first: float = 5.0
    most: float = 300.0


@dataclass(frozen=True, slots=True)
class Taker:
    """The hands of the watcher."""

    folder: DropFolder
    intake: Intake
    shelf: Shelf
    archive: Archive
    monotonic: Callable[[], float]
    back_off: BackOff

    def act(self, path: str, known: Dropped, act: Act) -> tuple[Dropped | None, Upload | None]:
        """Do what was decided about a file: what is known about it now (None when it is gone), and what came of it."""
        if act is Act.REFUSE_EMPTY:
            return replace(known, state=DropState.UNSUPPORTED, reason="it is empty"), None
        source = self.folder.path / path
        try:
            if act is Act.TRY and not self._is_whole(source):
                return replace(known, state=DropState.WAITING, unfinished=True, retry_at=None), None
            upload = self._take(path, source, known)
        except Changed:
            return changed(known, self.monotonic()), None
        except (OSError, LoomError) as error:
            return self._after(error, known) if _is_there(source) else None, None
        except Exception as error:  # noqa: BLE001 - one file must not keep the others from being taken
            structlog.get_logger().error("a file could not be taken", exc_info=error)
            return self._after(error, known), None
        return replace(known, state=DropState.TAKEN, reason=None, retry_at=None), upload

    def _is_whole(self, source: Path) -> bool:
        with self.intake.open(source) as file:
            return is_whole(file)

    def _take(self, path: str, source: Path, known: Dropped) -> Upload:
        identity = None if known.look is None else known.look.identity
        package = self.folder.package_of(path)
        return self.intake.take(package, source, storable(source.name), self.folder.origin(path), identity)

    def _after(self, error: Exception, known: Dropped) -> Dropped:
        return failed(known, in_words(error), self.monotonic(), self.back_off.first, self.back_off.most)

    def taken(self, package: str) -> dict[Key, tuple[str, UploadOutcome]]:
        """The files a package took so far, each with its upload id and outcome. Nothing is created."""
        try:
            return self.shelf.get(package).uploads.taken()
        except PackageNotFound:
            return {}

    def uploads(self, package: str) -> dict[Key, Upload]:
        """Like `taken`, with the whole uploads."""
        try:
            uploads = {upload.id: upload for upload in self.shelf.get(package).uploads.all()}
        except PackageNotFound:
            return {}
        return {key: uploads[upload_id] for key, (upload_id, _outcome) in self.taken(package).items()}

    def archive_finished(self, package: str, keys: Mapping[str, Key]) -> set[str]:
        """Archive what is imported among the paths in `keys`; return the reasons why some could not be."""
        return self._archive_those(package, keys, _ARCHIVED)

    def archive_all(self, package: str, keys: Mapping[str, Key]) -> set[str]:
        """Like `archive_finished`, whatever became of the files."""
        return self._archive_those(package, keys, frozenset(UploadOutcome))

    def _archive_those(self, package: str, keys: Mapping[str, Key], outcomes: Container[UploadOutcome]) -> set[str]:
        reasons: set[str] = set()
        try:
            taken = self.taken(package)
        except (OSError, LoomError) as error:
            return {in_words(error)}
        for path, key in keys.items():
            upload_id, outcome = taken.get(key, ("", None))
            if outcome is not None and outcome in outcomes:
                reasons |= self._archive(path, self.archive.path_of(package, upload_id, Path(path).name), key[1])
        return reasons

    def _archive(self, path: str, target: Path, identity: str) -> set[str]:
        try:
            self.archive.put(self.folder.path / path, target, identity)
        except (FileNotFoundError, Changed):
            return set()  # the next look sees what there is now
        except OSError as error:
            return {in_words(error)}
        return set()


def _is_there(path: Path) -> bool:
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True
