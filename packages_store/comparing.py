"""What a companion that has chats of its own would take of this package: its chats.db is read, and never written to.

Psycheros takes conversations and messages whose ids it does not have; of a conversation it has, only messages newer
than its newest. So an older message that it lacks is passed over, and one that reads otherwise stays as it has it.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from packages_store.chats import in_our_notation
from packages_store.errors import FileDamaged, NotAllowed
from packages_store.export import scratch
from packages_store.files import IncomingFile
from packages_store.model import Conversation
from packages_store.package import Package
from packages_store.sqlite import Reader, fold_in, reading

_FACT = "compared"
_ADVICE = "Choose the chats.db of the companion."
_CONVERSATIONS = {"id", "title", "created_at", "updated_at"}
_MESSAGES = {"id", "conversation_id", "role", "content", "created_at"}


@dataclass(frozen=True, slots=True)
class Compared:
    """The outcome. `name` is what the file was called; counts are of conversations, the last two of messages."""

    name: str
    at: str
    new: int
    existing: int
    changed: int
    added: int
    passed_over: int


@contextmanager
def incoming(package: Package) -> Iterator[IncomingFile]:
    """The place for a chats.db to be compared with, while it arrives; nothing of it stays behind."""
    with scratch(package.paths) as folder, package.disk.incoming(folder) as file:
        yield file


def compare(package: Package, theirs: Path, name: str) -> Compared:
    """Compare what would be committed now with the chats.db at `theirs`, and keep what was found in the ledger.

    Raises NotAllowed when the file holds no chats.
    """
    try:
        with reading(theirs) as reader:
            found = list(_found(package, reader, name))
    except FileDamaged as error:
        raise NotAllowed(f"{name} cannot be read: {error.why}.", _ADVICE) from error
    with package.ledger.transaction():
        package.ledger.execute("DELETE FROM comparison")
        package.ledger.many(
            "INSERT INTO comparison SELECT key, ?, ?, ?, ? FROM conversations WHERE id = ?",
            found,
        )
        about = {"name": name, "at": package.now()}
        package.set_fact(_FACT, json.dumps(about))
    return _outcome(package, about)


def last_comparison(package: Package) -> Compared | None:
    """What the last comparison found, None when there was none."""
    fact = package.fact(_FACT)
    return _outcome(package, json.loads(fact)) if fact else None


def _outcome(package: Package, about: dict[str, str]) -> Compared:
    rows = package.ledger.rows("SELECT state, count(*), sum(added), sum(passed_over) FROM comparison GROUP BY state")
    counts = {row[0]: row[1] for row in rows}
    return Compared(
        **about,
        new=counts.get("new", 0),
        existing=counts.get("existing", 0),
        changed=counts.get("changed", 0),
        added=sum(row[2] for row in rows),
        passed_over=sum(row[3] for row in rows),
    )


def forget_comparison(package: Package) -> None:
    """Forget what the last comparison found."""
    with package.ledger.transaction():
        package.ledger.execute("DELETE FROM comparison")
        package.set_fact(_FACT, "")


def snapshot(path: Path, folder: Path) -> Path:
    """A chats.db that may be in use as one file that stays as it is: itself, or a copy in `folder` (private, empty).

    What its owner has not folded in yet is in the copy. Nothing is written beside `path`. Raises NotAllowed when it
    changes meanwhile, OSError when it cannot be read.
    """
    if not path.is_file():
        raise NotAllowed(f"{path} is no file.", _ADVICE)
    logs = [log for suffix in ("-wal", "-journal") if (log := path.with_name(path.name + suffix)).exists()]
    if not any(log.stat().st_size for log in logs):
        return path
    before = [_look(file) for file in (path, *logs)]
    copy = folder / "chats.db"
    for file in (path, *logs):
        shutil.copyfile(file, folder / f"chats.db{file.name.removeprefix(path.name)}")
    if before != [_look(file) for file in (path, *logs)]:
        raise NotAllowed(f"{path.name} is being written to.", "Close the program it belongs to, then compare again.")
    fold_in(copy)
    return copy


def _look(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _found(package: Package, reader: Reader, name: str) -> Iterator[tuple[str, int, int, int, str]]:
    _check(reader, name)
    newest = dict(reader.rows("SELECT conversation_id, max(created_at) FROM messages GROUP BY conversation_id"))
    known = {row[0] for row in reader.rows("SELECT id FROM conversations")}
    for head in package.staging.heads():
        conversation = package.staging.get(head.id)
        if conversation is not None:
            latest = in_our_notation(newest.get(head.id)) if head.id in known else None
            yield *_counts(reader, conversation, head.id in known, latest), head.id


def _check(reader: Reader, name: str) -> None:
    for table, wanted in (("conversations", _CONVERSATIONS), ("messages", _MESSAGES)):
        # A view could be anything, also something that never ends.
        is_table = reader.rows("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,))
        columns = {row[1] for row in reader.rows(f"PRAGMA table_info({table})")} if is_table else set()
        if not wanted <= columns:
            missing = ", ".join(sorted(wanted - columns))
            raise NotAllowed(f"{name} is no chats.db: its {table} lack {missing}.", _ADVICE)


def _counts(reader: Reader, ours: Conversation, is_known: bool, latest: str | None) -> tuple[str, int, int, int]:
    """The state of a conversation, and how many of its messages would be added, are passed over, and read otherwise."""
    theirs = dict(_texts(reader, [message.id for message in ours.messages]))
    missing = [message for message in ours.messages if message.id not in theirs]
    added = sum(latest is None or message.created_at > latest for message in missing)
    different = sum(message.id in theirs and theirs[message.id] != message.content for message in ours.messages)
    state = "new" if not is_known else "changed" if added else "existing"
    return state, added, len(missing) - added, different


def _texts(reader: Reader, ids: Sequence[str]) -> list[tuple[str, str]]:
    sql = "SELECT id, content FROM messages WHERE id IN (SELECT value FROM json_each(?))"
    return [(row[0], row[1]) for row in reader.rows(sql, (json.dumps(ids),))]
