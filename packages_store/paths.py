"""Where things lie in a home and in a package, and which names may become folders."""

import re
from dataclasses import dataclass
from pathlib import Path

from packages_store.errors import InvalidName

_NAME = re.compile(r"[^\W_][\w .-]{0,63}", re.UNICODE)
_RESERVED = {"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)}


def package_name(text: str) -> str:
    """`text` if a package may be called so. Raises InvalidName: nothing that could leave its folder passes."""
    if not _NAME.fullmatch(text) or text.endswith((" ", ".")) or text.lower().split(".")[0] in _RESERVED:
        raise InvalidName(f"{text!r} cannot be the name of a package.")
    return text


@dataclass(frozen=True, slots=True)
class HomePaths:
    """The layout of a home (design.md, "A package on disk")."""

    root: Path

    @property
    def lock(self) -> Path:
        return self.root / "daemon.lock"

    @property
    def token(self) -> Path:
        return self.root / "token"

    @property
    def inbox(self) -> Path:
        return self.root / "inbox"

    @property
    def packages(self) -> Path:
        return self.root / "packages"

    @property
    def trash(self) -> Path:
        """Deleted packages, `<name>-<stamp>` each, until a person removes them for good."""
        return self.root / "trash"

    @property
    def secrets(self) -> Path:
        """Keys found in adopted packages, so that no package holds one."""
        return self.root / "secrets"

    def package(self, name: str) -> "PackagePaths":
        """The layout of one package. Raises InvalidName."""
        return PackagePaths(self.packages / package_name(name))


@dataclass(frozen=True, slots=True)
class PackagePaths:
    """The layout of a package's folder."""

    root: Path

    @property
    def config(self) -> Path:
        return self.root / "config.json"

    @property
    def checkpoint(self) -> Path:
        return self.root / "checkpoint.json"

    @property
    def ledger(self) -> Path:
        return self.root / "ledger.db"

    @property
    def uploads(self) -> Path:
        return self.root / "uploads"

    @property
    def raw(self) -> Path:
        """Where Entity Loom 0.4 kept uploaded files."""
        return self.root / "raw"

    @property
    def chats(self) -> Path:
        return self.root / "chats.db"

    @property
    def graph(self) -> Path:
        return self.root / "graph.db"

    @property
    def memories(self) -> Path:
        return self.root / "memories"

    @property
    def manifest(self) -> Path:
        return self.root / "manifest.json"
