"""What a home remembers of starts: three that died at once lead to safe mode, and nothing else does."""

from pathlib import Path

import anyio
import pytest

from daemon.app import Parts, open_daemon
from daemon.doctor import examine
from daemon.events import DaemonReady
from daemon.service.starts import SafeMode, Start, StartBook, deaths_that_count
from packages_store.files import Disk
from packages_store.paths import HomePaths
from tests.clocks import FakeClock
from tests.daemons import settings_for
from tests.exports import chatgpt_export


@pytest.fixture
def book(tmp_path: Path) -> StartBook:
    return StartBook(HomePaths(tmp_path), Disk(), FakeClock())


def again(book: StartBook) -> StartBook:
    """The book as the next process opens it."""
    return StartBook(HomePaths(book.crash_log.parent), Disk(), FakeClock())


def deaths(book: StartBook, count: int) -> StartBook:
    """Let so many starts die at once; the book of the next start, begun."""
    for pid in range(count):
        book.begin(pid)
        book = again(book)
    book.begin(99)
    return book


def test_starts_that_died_within_a_minute_are_counted(book: StartBook) -> None:
    book = deaths(book, 2)

    assert [start.pid for start in again(book).begin(100)] == [0, 1, 99]


def test_an_orderly_end_clears_them(book: StartBook) -> None:
    book = deaths(book, 2)
    book.ended()
    book = again(book)

    assert book.begin(100) == ()
    assert not book.was_unclean


def test_a_minute_of_life_clears_them(book: StartBook) -> None:
    book = deaths(book, 2)
    book.lived()
    book = again(book)

    assert book.begin(100) == ()
    assert book.was_unclean


def test_in_safe_mode_neither_does(book: StartBook) -> None:
    book = deaths(book, 3)
    book.is_safe = True
    book.lived()
    book.ended()
    book = again(book)
    assert len(book.begin(100)) == 3

    book.forget_deaths()

    assert again(book).begin(101) == (Start(book.begin(0)[0].at, 100),)


def test_the_last_words_of_an_interpreter_are_kept_as_evidence(book: StartBook) -> None:
    book.begin(1)
    with book.open_crash_log() as file:
        file.write("Fatal Python error: Segmentation fault\nThread 0x1:\n")
    book = again(book)

    (died,) = book.begin(2)

    assert died.evidence.startswith("Fatal Python error: Segmentation fault")
    assert book.crash_log.read_bytes() == b""
    assert SafeMode((died, Start("later", 3))).evidence == died.evidence


def test_an_error_that_ends_the_daemon_is_evidence(book: StartBook) -> None:
    book.begin(1)
    book.failed("ValueError: nonsense")

    assert again(book).begin(2)[0].evidence == "ValueError: nonsense"


def test_a_damaged_record_counts_as_none(book: StartBook) -> None:
    deaths(book, 3)
    (book.crash_log.parent / "starts.json").write_text("{")

    assert again(book).begin(1) == ()


@pytest.mark.parametrize(
    ("count", "limit", "has_set_aside", "is_safe"),
    [(2, 3, False, False), (3, 3, False, True), (3, 3, True, False), (4, 3, True, True), (9, 0, False, False)],
)
def test_safe_mode_comes_after_so_many_deaths_and_one_later_when_the_culprit_was_set_aside(
    count: int, limit: int, has_set_aside: bool, is_safe: bool
) -> None:
    died = tuple(Start("2026-01-01T00:00:00.000Z", pid) for pid in range(count))

    assert (deaths_that_count(died, limit, has_set_aside=has_set_aside) is not None) == is_safe


async def test_in_safe_mode_doors_are_open_and_nothing_is_worked_on_or_taken_until_it_is_left(tmp_path: Path) -> None:
    home = tmp_path / "home"
    export = tmp_path / "chats.json"
    export.write_bytes(chatgpt_export(2))
    async with open_daemon(settings_for(home), Parts()) as daemon:
        daemon.starts.begin(1)
        await daemon.repair_all()
        daemon.enter_safe_mode(SafeMode((Start("a", 1), Start("b", 2, evidence="it was the graph"))))
        async with anyio.create_task_group() as tasks:
            with daemon.events.listen() as events:
                tasks.start_soon(lambda: daemon.work(watch=True))
                async for _number, event in events:
                    if isinstance(event, DaemonReady):
                        break
            (home / "inbox/dropped.json").write_bytes(chatgpt_export(3))
            await daemon.hand_in("wren", export, export.name)
            held = await daemon.settled("wren")
            findings = [one.found for one in await examine(daemon) if one.subject == "work"]

            assert held.waits_for == "`loom resume --all`: the daemon is in safe mode"
            assert [stage.status for stage in held.stages] == ["pending"] * 6
            assert await daemon.names() == ["wren"]
            assert ["it was the graph" in found for found in findings] == [True]

            assert await daemon.resume_all() == []
            with daemon.events.listen_to_all() as events, anyio.fail_after(60):
                done = set[str]()
                while done != {"default", "wren"}:
                    await events.receive()
                    done = {line.name for line in await daemon.packages() if line.state == "done"}
            await daemon.stop()
            tasks.cancel_scope.cancel()


async def test_how_the_daemon_before_ended_is_told_by_the_doctor(tmp_path: Path) -> None:
    async with open_daemon(settings_for(tmp_path / "home")) as daemon:
        daemon.starts.begin(1)
        daemon.starts.failed("ValueError: nonsense")
    async with open_daemon(settings_for(tmp_path / "home")) as daemon:
        daemon.starts.begin(2)
        await daemon.repair_all()
        (told,) = [one.found for one in await examine(daemon) if one.subject == "last stop"]

    assert told == "the daemon before this one died: ValueError: nonsense; what it left was repaired"
