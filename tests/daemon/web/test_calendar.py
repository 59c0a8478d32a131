"""The calendar of a package: how much was said on which day."""

from pathlib import Path

from daemon.web.calendar import Days
from packages_store.model import Memory
from packages_store.review import Decision
from tests.builders import conversation, package_in


def test_what_is_left_out_or_comes_in_is_counted_at_the_next_look(tmp_path: Path) -> None:
    package = package_in(tmp_path)
    days = Days()
    package.staging.add("upload-1", [conversation(0), conversation(1)])
    assert days.said(package) == {"2024-03-01": 2, "2024-03-02": 2}

    package.staging.add("upload-2", [conversation(1, ("Hello", "Hello Mira", "Anna is here."))])
    assert days.said(package) == {"2024-03-01": 2, "2024-03-02": 3}

    package.review.decide(["chat-0"], Decision(excluded=True))
    assert days.said(package) == {"2024-03-02": 3}


def test_the_calendar_shows_what_came_since_the_last_look_and_is_drawn_once_while_nothing_does(tmp_path: Path) -> None:
    package = package_in(tmp_path)
    days = Days()
    package.staging.add("upload-1", [conversation(0)])
    first = days.calendar(package)
    assert [(month.month, month.messages, month.memories) for month in first.months] == [("2024-03", 2, 0)]
    assert days.calendar(package) is first

    package.set_fact("until", "commit")
    assert days.calendar(package) is first

    package.staging.add("upload-2", [conversation(1)])
    second = days.calendar(package)
    assert [(month.month, month.messages) for month in second.months] == [("2024-03", 4)]
    assert "2024-03-02: 2 messages" in second.years[0]

    day = Memory("daily:2024-03-01", "daily", "2024-03-01", "2024-03-01.md", "Mira said hello.", "offline", (), ())
    package.memories.replace_for_item("daily", "2024-03-01", [day])
    assert "2024-03-01: 2 messages, a daily memory" in days.calendar(package).years[0]
