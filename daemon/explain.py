"""Answers "why is this file not imported?" in a sentence or two. Reads; changes nothing. Runs in a worker thread."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from daemon.drop_folder import DropFolder, what_else
from daemon.dropped import Dropped, DropState, Patience, is_temporary, unspell, why_waiting
from daemon.intake import in_words, look_of
from packages_store.errors import InvalidName, LoomError, PackageNotFound
from packages_store.model import Upload, UploadOutcome
from packages_store.shelf import Shelf
from packages_store.times import from_epoch_ms, iso

_NEXT = {
    UploadOutcome.RECEIVED: "It is being worked on, or waits for its turn: `loom status` shows how far it is.",
    UploadOutcome.IMPORTED: "There is nothing left to do.",
    UploadOutcome.UPDATED: "It brought new messages to conversations that were there; there is nothing left to do.",
    UploadOutcome.DUPLICATE: "Nothing of it is missing; there is nothing to do.",
    UploadOutcome.OLDER_SNAPSHOT: "Nothing was taken away from the longer versions; there is nothing to do.",
    UploadOutcome.UNSUPPORTED: "Nothing of it was imported.",
    UploadOutcome.FAILED: "`loom retry` tries it again; a corrected file that is dropped in is taken by itself.",
}

_REST = "What could be read is in the package; a whole copy of the file that is dropped in brings the rest."


@dataclass(frozen=True, slots=True)
class Moment:
    """Now, on both clocks: the one for people and the monotonic one."""

    clock: datetime
    monotonic: float

    def at(self, monotonic: float) -> str:
        """A monotonic moment as people write it."""
        return iso(self.clock + timedelta(seconds=monotonic - self.monotonic))


@dataclass(frozen=True, slots=True)
class Explainer:
    """`known` is what the watcher knows about each path; it may be empty, as when no daemon runs."""

    folder: DropFolder
    shelf: Shelf
    patience: Patience
    known: Mapping[str, Dropped]
    now: Moment

    def explain(self, path: str | Path) -> str:
        """One or two sentences on a path, given from the drop folder on, absolute, or as the API spells it."""
        relative = self._find(os.fspath(path))
        if relative is None:
            return f"It lies outside the drop folder {self.folder.path}. Put it, or a copy, there."
        try:
            return self._by_name(relative) or self._by_kind(relative)
        except FileNotFoundError:
            return self._missing(relative)
        except OSError as error:
            return f"It cannot be looked at: {in_words(error)}. It is tried again by itself."

    def _find(self, path: str) -> str | None:
        relative = self.folder.relative(path)
        if relative is None or os.path.lexists(self.folder.path / relative):
            return relative
        spelled = self.folder.relative(unspell(path))
        return spelled if spelled and os.path.lexists(self.folder.path / spelled) else relative

    def _by_name(self, relative: str) -> str | None:
        if relative == ".":
            return "It is the drop folder itself: ask about a file in it."
        for part in relative.split("/"):
            if is_temporary(part):
                return f"It is passed over: {part!r} is a name for temporary files. Rename it when it is finished."
        try:
            self.folder.package_of(relative)
        except InvalidName as error:
            return f"It is not imported, because its folder names the package: {error}"
        return None

    def _by_kind(self, relative: str) -> str:
        status = (self.folder.path / relative).lstat()
        if stat.S_ISDIR(status.st_mode):
            return "It is a folder: ask about the files in it."
        other = what_else(status.st_mode)
        return self._file(relative, look_of(status).identity) if other is None else f"It is not imported: {other}."

    def _missing(self, relative: str) -> str:
        try:
            arrivals = self._arrivals(relative)
        except (OSError, LoomError) as error:
            return f"There is no such file in the drop folder, and its package cannot be asked: {in_words(error)}"
        if not arrivals:
            return (
                f"There is no such file in the drop folder {self.folder.path}, and none of this name was taken before."
            )
        return f"It is no longer in the drop folder. {self._taken(arrivals[0], relative)}"

    def _arrivals(self, relative: str) -> list[Upload]:
        """What was taken from this path, the latest first."""
        try:
            uploads = self.shelf.get(self.folder.package_of(relative)).uploads.all()
        except PackageNotFound:
            return []
        return [upload for upload in reversed(uploads) if upload.origin == self.folder.origin(relative)]

    def _file(self, relative: str, identity: str) -> str:
        try:
            package = self.shelf.get(self.folder.package_of(relative))
            upload = package.uploads.seen(self.folder.origin(relative), identity)
        except PackageNotFound:
            upload = None
        except (OSError, LoomError) as error:
            return f"It waits, because its package cannot be asked: {in_words(error)}"
        return self._taken(upload, relative) if upload else self._waiting(self.known.get(relative))

    def _taken(self, upload: Upload, relative: str) -> str:
        what = upload.outcome.value.replace("_", " ")
        if upload.outcome == UploadOutcome.IMPORTED:
            what = f"imported: {upload.conversations} conversations with {upload.messages} messages"
        reason = f" ({upload.reason})" if upload.reason else ""
        package = self.folder.package_of(relative)
        where = f"It was taken into the package {package!r} at {upload.arrived_at} as upload {upload.id}"
        is_partial = upload.outcome in (UploadOutcome.IMPORTED, UploadOutcome.UPDATED) and upload.reason is not None
        return f"{where}: {what}{reason}. {_REST if is_partial else _NEXT[upload.outcome]}"

    def _waiting(self, dropped: Dropped | None) -> str:
        seconds = f"{self.patience.rescan_seconds:g} s"
        if dropped is None:
            return f"It has not been looked at yet: a running daemon looks into the folder at least every {seconds}."
        if dropped.state == DropState.FAILED:
            again = self.now.at(dropped.retry_at) if dropped.retry_at is not None else f"within {seconds}"
            return f"It could not be taken: {dropped.reason}. It is tried again by itself: {again}."
        return f"It waits: {why_waiting(dropped, self.patience)}. {self._last_change(dropped)}".rstrip()

    def _last_change(self, dropped: Dropped) -> str:
        if dropped.state != DropState.WAITING or dropped.look is None:
            return ""
        try:
            return f"Its last change was at {from_epoch_ms(dropped.look.mtime_ns // 1_000_000)}."
        except ValueError:
            return "The time of its last change makes no sense."
