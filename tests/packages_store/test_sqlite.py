"""Files of an earlier version."""

from pathlib import Path

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
