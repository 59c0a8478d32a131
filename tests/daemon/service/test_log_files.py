"""Where the log goes: complaints are counted, the journal is told how bad it is, files stay small."""

import io
import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from daemon.log_files import Complaints, Lines, LogFile, is_journal
from daemon.logs import configure
from daemon.settings import LogSettings
from tests.clocks import FakeClock


def record(message: str, level: int = logging.WARNING, **more: Any) -> logging.LogRecord:
    """A line of structlog's, as a handler gets it."""
    said: Any = {"event": message, "timestamp": object(), **more}
    return logging.LogRecord("loom", level, "", 0, said, None, None)


def said(records: list[logging.LogRecord]) -> list[tuple[str, int | None]]:
    """Each line with how often it came again."""
    messages: list[Any] = [each.msg for each in records]
    return [(message["event"], message.get("came_again")) for message in messages]


def test_the_same_complaint_is_told_once_a_minute_with_its_count() -> None:
    clock = FakeClock()
    complaints = Complaints(clock.monotonic)

    told = [said(complaints.admit(record("no room", package="wren"))) for _ in range(100)]
    clock.advance(61)
    later = said(complaints.admit(record("something else")))

    assert told == [[("no room", None)], *([[]] * 99)]
    assert later == [("no room", 99), ("something else", None)]


def test_other_complaints_and_what_is_no_complaint_are_told_each_time() -> None:
    complaints = Complaints(FakeClock().monotonic)

    told = [
        *complaints.admit(record("no room", package="wren")),
        *complaints.admit(record("no room", package="lark")),
        *complaints.admit(record("stage ended", logging.INFO)),
        *complaints.admit(record("stage ended", logging.INFO)),
    ]

    assert len(told) == 4


def test_complaints_that_never_end_take_little_memory() -> None:
    complaints = Complaints(FakeClock().monotonic)

    for number in range(5000):
        complaints.admit(record("no room", package=f"package-{number}"))

    assert len(complaints._known) <= 501  # noqa: SLF001 - what it keeps shows nowhere else


def test_the_journal_is_told_the_priority_of_every_line() -> None:
    stream = io.StringIO()
    lines = Lines(stream, is_journal=True)
    lines.setFormatter(logging.Formatter("%(message)s"))
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
        lines.handle(logging.LogRecord("x", level, "", 0, f"level {level}\nand more", None, None))

    assert stream.getvalue().splitlines()[::2] == [
        "<7>level 10",
        "<6>level 20",
        "<4>level 30",
        "<3>level 40",
        "<2>level 50",
    ]
    assert stream.getvalue().splitlines()[1] == "<7>and more"


def test_the_journal_is_known_by_its_device_and_inode(tmp_path: Path) -> None:
    with (tmp_path / "stream").open("w") as stream:
        status = os.fstat(stream.fileno())
        assert is_journal(stream, {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"})
        assert not is_journal(stream, {"JOURNAL_STREAM": "1:2"})
        assert not is_journal(stream, {})
    assert not is_journal(io.StringIO(), {"JOURNAL_STREAM": "1:2"})


def test_all_files_of_a_log_together_stay_below_what_is_allowed(tmp_path: Path) -> None:
    settings = LogSettings(file="loom.log", file_bytes=2000, files=3)
    log = configure(settings, io.StringIO(), folder=tmp_path)
    for number in range(300):
        log.info("a line", number=number)
    configure(LogSettings(), io.StringIO())

    found = sorted(tmp_path.iterdir())
    assert [path.name for path in found] == ["loom.log", "loom.log.1", "loom.log.2"]
    assert sum(path.stat().st_size for path in found) <= 3 * 2000
    assert {path.stat().st_mode & 0o777 for path in found} == {0o600}
    assert json.loads(found[0].read_text().splitlines()[-1])["number"] == 299


def test_an_old_file_is_put_aside_however_small_it_is(tmp_path: Path) -> None:
    clock = FakeClock()
    log = LogFile(tmp_path / "loom.log", 1 << 20, 1, 3, clock.monotonic, clock.monotonic)
    log.handle(logging.LogRecord("x", logging.INFO, "", 0, "old", None, None))
    clock.advance(86_401)
    log.handle(logging.LogRecord("x", logging.INFO, "", 0, "new", None, None))
    log.close()

    assert (tmp_path / "loom.log").read_text() == "new\n"
    assert (tmp_path / "loom.log.1").read_text() == "old\n"


@pytest.mark.parametrize("files", [1, 2])
def test_at_least_one_old_file_is_kept_so_that_the_last_lines_are_never_lost(tmp_path: Path, files: int) -> None:
    log = LogFile(tmp_path / "loom.log", 10, 1, files)
    for number in range(5):
        log.handle(logging.LogRecord("x", logging.INFO, "", 0, f"line {number}", None, None))
    log.close()

    assert sorted(path.name for path in tmp_path.iterdir()) == ["loom.log", "loom.log.1"]
