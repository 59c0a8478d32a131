"""The content of a package's deliverables, in a form in which equal content is equal."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

_IN_PROCESS = {"sqlite_sequence"}


def canonical(package: Path) -> dict[str, object]:
    """Every row of chats.db and graph.db, every memory file, the manifest: all that a consumer may look at."""
    return {
        "chats.db": _tables(package / "chats.db"),
        "graph.db": _tables(package / "graph.db"),
        "manifest.json": json.loads((package / "manifest.json").read_bytes()),
        **{str(path.relative_to(package)): path.read_bytes() for path in sorted(package.glob("memories/*/*"))},
    }


def _tables(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            # S608: the names come from the file's own list of tables.
            name: sorted(connection.execute(f'SELECT * FROM "{name}"').fetchall(), key=repr)  # noqa: S608
            for name in sorted(names)
            if name not in _IN_PROCESS
        }


def differences(one: dict[str, object], other: dict[str, object]) -> list[str]:
    """What is not the same, for people; empty when everything is."""
    return [
        f"{name}: {str(one.get(name))[:300]!r} is not {str(other.get(name))[:300]!r}"
        for name in sorted(one.keys() | other.keys())
        if one.get(name) != other.get(name)
    ]
