"""One package: its folder, its ledger, and what is kept in it, joined."""

import json
import threading
from functools import cached_property

from pydantic import ValidationError

from packages_store.chats import ChatsFile
from packages_store.config import PackageConfig
from packages_store.doubts import Doubts
from packages_store.errors import FileDamaged
from packages_store.files import Disk
from packages_store.graph import GraphFile
from packages_store.journal import Journal
from packages_store.ledger import LEDGER
from packages_store.memories import Memories
from packages_store.model import StageName
from packages_store.paths import PackagePaths
from packages_store.progress import Progress
from packages_store.review import Review
from packages_store.sqlite import Database
from packages_store.staging import Staging
from packages_store.times import Clock, iso
from packages_store.uploads import Uploads

_LAST_CONFIG = "config"
_REVIEWED = "reviewed"


class Package:
    """Access to one package. Opening it trusts nothing on disk: `repair` comes first (packages_store/repair.py)."""

    def __init__(self, name: str, paths: PackagePaths, disk: Disk, clock: Clock, *, brief: bool = False) -> None:
        self.name = name
        self.paths = paths
        self.disk = disk
        self.clock = clock
        self.ledger = Database(paths.ledger, LEDGER, disk.probe, brief=brief)
        self.progress = Progress(self.ledger, clock)
        self.uploads = Uploads(self.ledger, paths, disk, clock)
        self.staging = Staging(self.ledger)
        self.review = Review(self.ledger, self.progress, clock)
        self.memories = Memories(self.ledger, paths, disk, clock)
        self.doubts = Doubts(self.ledger, self.memories)
        self.journal = Journal(self.ledger, clock)
        self.chats = ChatsFile(paths.chats, disk.probe)
        self.graph = GraphFile(self.ledger, paths.graph, disk.probe)
        self.view_lock = threading.Lock()
        """Held while checkpoint.json is written, so that an older view never replaces a newer one."""

    @cached_property
    def stamp(self) -> str:
        """For names of quarantined files: the moment the package was opened, `YYYYMMDDTHHMMSSZ`."""
        return f"{self.clock():%Y%m%dT%H%M%SZ}"

    @property
    def config(self) -> PackageConfig:
        """The settings, read anew. Raises FileDamaged when config.json cannot be used."""
        try:
            return PackageConfig.model_validate_json(self.paths.config.read_bytes())
        except FileNotFoundError:
            return self.last_config() or PackageConfig()
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the file"
            raise FileDamaged(self.paths.config.name, f"{where}: {first['msg']}") from error

    def save_config(self, config: PackageConfig) -> None:
        """Write config.json, and its copy in the ledger from which a damaged one is restored."""
        text = json.dumps(config.model_dump(by_alias=True), ensure_ascii=False, indent=2)
        self.set_fact(_LAST_CONFIG, text)
        self.disk.replace(self.paths.config, text.encode())

    def last_config(self) -> PackageConfig | None:
        """The last settings that were saved, from the ledger; None when it holds none."""
        text = self.fact(_LAST_CONFIG)
        return None if text is None else PackageConfig.model_validate_json(text)

    def fact(self, name: str) -> str | None:
        """A single fact from the ledger."""
        row = self.ledger.one("SELECT value FROM facts WHERE name = ?", (name,))
        return None if row is None else str(row[0])

    def set_fact(self, name: str, value: str) -> None:
        """Record a single fact in the ledger."""
        self.ledger.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def retry(self, stage: StageName, item: str | None = None) -> int:
        """A person wants failed items of a stage (or the one named) tried again; returns how many.

        What a language model answered to them and could not be used is asked for anew.
        """
        with self.ledger.transaction():
            for failed in self.progress.failed_ids(stage) if item is None else [item]:
                self.journal.forget_rejected(stage, failed)
            return self.progress.retry(stage, item)

    def awaits_review(self) -> bool:
        """Whether a person asked to look at conversations before they are committed or taken out, and has not yet."""
        if not self.config.pause_before_commit:
            return False
        reviewed = self.fact(_REVIEWED) == str(self.progress.requested(StageName.COMMIT))
        return not reviewed and self.review.pending().any

    def mark_reviewed(self) -> None:
        """A person has reviewed what is staged now."""
        self.set_fact(_REVIEWED, str(self.progress.requested(StageName.COMMIT)))

    def now(self) -> str:
        """The present instant, as it is written in the package."""
        return iso(self.clock())

    def close(self) -> None:
        """Close every file; the next use opens it again."""
        self.ledger.close()
        self.chats.close()
        self.graph.close()

    def retire(self) -> None:
        """Close every file for good: the folder is no more where it was. Whoever still works on it gets an OSError."""
        self.ledger.retire()
        self.chats.close()
        self.graph.close()
