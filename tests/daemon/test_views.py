"""What people are told about a package."""

from dataclasses import replace

from daemon.views import upload_views
from packages_store.model import Upload, UploadOutcome

ONE = Upload("u1", "conversations-000.json", "0" * 64, 10, "api", "2026-01-01T00:00:00.000Z", UploadOutcome.IMPORTED)


def reasons(*uploads: Upload) -> list[str | None]:
    return [view.reason for view in upload_views(uploads)]


def test_a_part_that_did_not_come_is_named_beside_the_others() -> None:
    last, other = replace(ONE, name="conversations-002.json"), replace(ONE, name="notes.json", reason="as before")

    told = reasons(ONE, last, other)

    assert told[0] == told[1]
    assert (told[0] or "").startswith("conversations-001.json of the same export did not come")
    assert told[2] == "as before"
    assert reasons(ONE, last, replace(ONE, name="conversations-001.json")) == [None, None, None]


def test_what_should_be_in_an_archive_and_is_not_is_named() -> None:
    (told,) = reasons(replace(ONE, name="export.zip", missing=("conversations-001.json",), reason="first"))

    assert told == "first; conversations-001.json should be in it and is not: download the export again"


def test_many_missing_parts_are_counted() -> None:
    told = reasons(ONE, replace(ONE, name="conversations-020.json"))

    assert "conversations-005.json and 14 more of the same export" in (told[0] or "")
