"""Reading the settings anew: what changes at once, what waits for a restart."""

from pathlib import Path

from daemon.service.reloading import reloaded
from daemon.settings import InboxSettings, LogSettings
from tests.daemons import settings_for, working_daemon


async def test_what_can_change_changes_at_once_and_the_rest_is_named(tmp_path: Path) -> None:
    before = settings_for(tmp_path)
    read = settings_for(
        tmp_path, port=1, slots=9, inbox=InboxSettings(rescan_seconds=9), log=LogSettings(level="debug"), poison_after=5
    )

    new = reloaded(before, read)

    assert set(new.later) == {"port", "poison_after"}
    assert {"slots", "log.level", "inbox.rescan_seconds"} <= set(new.changed)
    assert (new.settings.port, new.settings.poison_after) == (before.port, before.poison_after)
    assert (new.settings.slots, new.settings.log.level, new.settings.inbox.rescan_seconds) == (9, "debug", 9)
    assert "at the next start: port, poison_after" in str(new)


async def test_the_same_settings_change_nothing(tmp_path: Path) -> None:
    new = reloaded(settings_for(tmp_path), settings_for(tmp_path))

    assert str(new) == "nothing changed"
    assert new.settings == settings_for(tmp_path)


async def test_a_daemon_uses_its_new_settings(tmp_path: Path) -> None:
    async with working_daemon(tmp_path / "home") as daemon:
        settings = settings_for(tmp_path / "home", pause_before_commit=True, inbox=InboxSettings(settle_seconds=7))

        daemon.use(settings)

        assert daemon.new_config().pause_before_commit
        assert daemon.watcher.inbox.settle_seconds == 7
