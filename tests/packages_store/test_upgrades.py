"""Ledgers of every earlier version are opened, brought up in one step, and kept beside as they were."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from packages_store.errors import NewerFormat
from packages_store.ledger import LEDGER
from packages_store.model import StageName, StageStatus
from packages_store.sqlite import Database
from tests.builders import shelf_in

LEDGERS = Path(__file__).with_name("ledgers")
EARLIER = range(1, LEDGER.version)


def earlier(path: Path, version: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((LEDGERS / f"v{version}.sql").read_text("utf-8"))
    return path


def tables(path: Path) -> dict[str, list[str]]:
    with closing(sqlite3.connect(path)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")]
        return {name: sorted(row[1] for row in connection.execute(f"PRAGMA table_info({name})")) for name in names}


def test_a_ledger_of_every_earlier_version_is_kept_as_a_fixture() -> None:
    assert sorted(path.name for path in LEDGERS.glob("*.sql")) == [f"v{version}.sql" for version in EARLIER]


@pytest.mark.parametrize("version", EARLIER)
def test_an_earlier_ledger_becomes_the_same_as_a_new_one_and_loses_nothing(tmp_path: Path, version: int) -> None:
    path = earlier(tmp_path / "ledger.db", version)
    fresh = Database(tmp_path / "fresh.db", LEDGER)
    fresh.open()

    ledger = Database(path, LEDGER)
    ledger.open()

    assert ledger.one("SELECT content FROM messages WHERE id = 'c1:m1'")[0] == "Shall I make tea?"  # type: ignore[index]
    assert ledger.one("SELECT body FROM memories")[0] == "# Daily Memory - 2026-01-01"  # type: ignore[index]
    assert ledger.one("SELECT tag FROM tags")[0] == "kettle"  # type: ignore[index]
    ledger.close()
    fresh.close()
    assert tables(path) == tables(tmp_path / "fresh.db")


@pytest.mark.parametrize("version", EARLIER)
def test_a_package_of_an_earlier_version_is_repaired_and_goes_on(tmp_path: Path, version: int) -> None:
    root = tmp_path / "home" / "packages" / "wren"
    earlier(root / "ledger.db", version)
    (root / "config.json").write_text("{}")

    shelf = shelf_in(tmp_path / "home")
    result = shelf.repair("wren")
    package = shelf.get("wren")

    assert result.unusable is None
    assert package.progress.stage(StageName.SIGNIFICANT).status == StageStatus.ABORTED
    assert package.staging.get("c1") is not None
    shelf.close()


def test_what_it_was_is_kept_beside_it_for_its_owner_alone(tmp_path: Path) -> None:
    path = earlier(tmp_path / "ledger.db", 1)

    ledger = Database(path, LEDGER)
    ledger.open()
    ledger.close()

    backup = tmp_path / "ledger.db.v1"
    assert backup.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(backup)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == 1
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert connection.execute("SELECT count(*) FROM messages").fetchone()[0] == 2


def test_an_upgrade_that_is_killed_leaves_the_earlier_version_and_is_done_the_next_time(tmp_path: Path) -> None:
    class Killed(Exception):
        pass

    def die(step: str) -> None:
        if step == "upgrade":
            raise Killed

    path = earlier(tmp_path / "ledger.db", 1)
    with pytest.raises(Killed):
        Database(path, LEDGER, die).open()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == 1

    ledger = Database(path, LEDGER)
    assert ledger.count("PRAGMA user_version") == LEDGER.version
    ledger.close()


def test_an_upgrade_that_fails_half_way_changes_nothing(tmp_path: Path) -> None:
    path = earlier(tmp_path / "ledger.db", LEDGER.version - 1)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE doubts (mine TEXT)")

    with pytest.raises(Exception, match="doubts"):
        Database(path, LEDGER).open()

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == LEDGER.version - 1
        assert "pairs" not in tables(path)


def test_a_newer_ledger_is_refused_in_a_sentence_and_left_alone(tmp_path: Path) -> None:
    path = earlier(tmp_path / "ledger.db", 1)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {LEDGER.version + 1}")
    before = path.read_bytes()

    with pytest.raises(NewerFormat, match=f"has format {LEDGER.version + 1}; this version knows {LEDGER.version}"):
        Database(path, LEDGER).open()

    assert path.read_bytes() == before
    assert not path.with_name(f"ledger.db.v{LEDGER.version + 1}").exists()
