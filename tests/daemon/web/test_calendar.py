"""The calendar of a package: how much was said on which day."""

from pathlib import Path

from daemon.web.calendar import Days
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
