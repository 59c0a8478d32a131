"""Files of an earlier version, and reading while somebody writes."""

from pathlib import Path
from threading import Thread

import pytest

from packages_store.sqlite import Database, Schema

FIRST = Schema("CREATE TABLE notes (text TEXT NOT NULL) STRICT", version=1)
THIRD = Schema(
    "CREATE TABLE notes (text TEXT NOT NULL, pinned INTEGER NOT NULL DEFAULT 0, colour TEXT) STRICT",
    version=3,
    upgrades={
        1: "ALTER TABLE notes ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0",
        2: "ALTER TABLE notes ADD COLUMN colour TEXT",
    },
)


def test_a_file_of_an_earlier_version_is_brought_up_step_by_step_and_keeps_what_it_holds(tmp_path: Path) -> None:
    old = Database(tmp_path / "notes.db", FIRST)
    old.execute("INSERT INTO notes VALUES ('tea')")
    old.close()

    new = Database(tmp_path / "notes.db", THIRD)

    assert [tuple(row) for row in new.rows("SELECT * FROM notes")] == [("tea", 0, None)]
    new.close()
    again = Database(tmp_path / "notes.db", THIRD)
    assert again.count("PRAGMA user_version") == 3
    again.close()


def test_who_only_reads_does_not_wait_for_a_commit_and_sees_what_is_durable(tmp_path: Path) -> None:
    db = Database(tmp_path / "notes.db", FIRST)
    db.execute("INSERT INTO notes VALUES ('tea')")
    seen: list[int] = []

    def look() -> None:
        seen.append(db.count("SELECT count(*) FROM notes"))

    with db.transaction():
        db.execute("INSERT INTO notes VALUES ('milk')")
        assert db.count("SELECT count(*) FROM notes") == 2
        # It would never come back if it waited for this transaction.
        reader = Thread(target=look, daemon=True)
        reader.start()
        reader.join(60)
    look()

    assert seen == [1, 2]
    db.close()


def test_a_file_that_was_closed_while_others_read_can_be_moved_and_opened_again(tmp_path: Path) -> None:
    db = Database(tmp_path / "notes.db", FIRST)
    with db.transaction():
        db.execute("INSERT INTO notes VALUES ('tea')")
        reader = Thread(target=db.rows, args=("SELECT * FROM notes",), daemon=True)
        reader.start()
        reader.join(60)
    db.close()

    assert [path.name for path in tmp_path.iterdir()] == ["notes.db"]
    assert db.count("SELECT count(*) FROM notes") == 1
    db.close()


def test_its_state_is_another_one_after_every_change_and_after_one_that_was_taken_back(tmp_path: Path) -> None:
    db = Database(tmp_path / "notes.db", FIRST)
    states = [db.state()]
    assert db.state() == states[0]

    def fail() -> None:
        with db.transaction():
            db.execute("INSERT INTO notes VALUES ('milk')")
            states.append(db.state())
            raise OSError("the disk is full")

    db.execute("INSERT INTO notes VALUES ('tea')")
    states.append(db.state())
    with pytest.raises(OSError, match="full"):
        fail()
    states.append(db.state())
    db.close()
    states.append(db.state())
    db.close()

    assert len(set(states)) == len(states)
