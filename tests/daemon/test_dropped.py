"""When a dropped file may be taken, as a table; which names are temporary; where a content ends."""

import io
import zipfile
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.dropped import (
    Act,
    Dropped,
    DropState,
    Look,
    changed,
    decide,
    failed,
    is_due_at,
    is_temporary,
    is_whole,
    met,
    spell,
    storable,
    unspell,
    why_waiting,
)


@dataclass(frozen=True)
class Waits:
    rescan_seconds: float = 30
    settle_seconds: float = 5
    unfinished_seconds: float = 60


SMALL = Look(10, 1, 1)
EMPTY = Look(0, 1, 1)
SEEN = Dropped(SMALL, since=100)


@pytest.mark.parametrize(
    ("known", "now", "act"),
    [
        (SEEN, 100, Act.WAIT),
        (SEEN, 110, Act.WAIT),  # one look proves nothing
        (replace(SEEN, looks=2), 104.9, Act.WAIT),
        (replace(SEEN, looks=2), 105, Act.TRY),
        (replace(SEEN, looks=2, unfinished=True), 159.9, Act.WAIT),
        (replace(SEEN, looks=9, unfinished=True), 160, Act.TAKE),
        (replace(SEEN, looks=9, look=EMPTY), 159.9, Act.WAIT),
        (replace(SEEN, looks=9, look=EMPTY), 160, Act.REFUSE_EMPTY),
        (replace(SEEN, looks=9, state=DropState.TAKEN), 999, Act.WAIT),
        (replace(SEEN, looks=9, state=DropState.UNSUPPORTED), 999, Act.WAIT),
        (replace(SEEN, looks=9, state=DropState.IGNORED, look=None), 999, Act.WAIT),
        (replace(SEEN, looks=9, state=DropState.FAILED, retry_at=130), 129, Act.WAIT),
        (replace(SEEN, looks=9, state=DropState.FAILED, retry_at=130), 130, Act.TRY),
    ],
)
def test_a_file_is_taken_when_it_was_quiet_for_long_enough(known: Dropped, now: float, act: Act) -> None:
    assert decide(known, now, Waits()) is act


def test_a_file_that_changes_is_new_again() -> None:
    known = met(met(None, SMALL, 99, 100), SMALL, 104, 105)
    bigger = met(known, Look(11, 2, 1), 109, 110)
    assert (known.looks, known.since) == (2, 100)
    assert (bigger.looks, bigger.since, bigger.changes) == (1, 110, 1)


def test_a_look_that_began_before_the_first_one_ended_is_no_second_look() -> None:
    assert met(Dropped(SMALL, since=100), SMALL, 99, 101).looks == 1


def test_another_inode_is_another_file() -> None:
    assert met(SEEN, replace(SMALL, inode=2), 105, 106).looks == 1


def test_a_taken_file_stays_taken_until_it_changes() -> None:
    taken = replace(SEEN, state=DropState.TAKEN)
    assert met(taken, SMALL, 105, 106) is taken
    assert met(taken, Look(11, 1, 1), 105, 106).state == DropState.WAITING


def test_a_file_that_changed_while_it_was_taken_needs_two_more_looks() -> None:
    known = met(changed(SEEN, 110), SMALL, 115, 116)
    assert decide(known, 120, Waits()) is Act.WAIT
    assert decide(met(known, SMALL, 120, 121), 120, Waits()) is Act.TRY


def test_the_pauses_after_failures_double_up_to_a_limit() -> None:
    known = SEEN
    pauses = []
    for _ in range(8):
        known = failed(known, "full", 0, 5, 300)
        pauses.append(known.retry_at)
    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300]


@pytest.mark.parametrize(
    ("known", "due"),
    [
        (SEEN, 105),
        (replace(SEEN, unfinished=True), 160),
        (replace(SEEN, look=EMPTY), 160),
        (failed(SEEN, "full", 100, 7, 300), 107),
        (replace(SEEN, state=DropState.TAKEN), None),
    ],
)
def test_what_stays_as_it_is_is_due_at_a_known_moment(known: Dropped, due: float | None) -> None:
    assert is_due_at(known, Waits()) == due


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (SEEN, "only just been seen (10 bytes); it is taken when quiet for 5 s"),
        (replace(SEEN, changes=3), "still changing (10 bytes so far)"),
        (replace(SEEN, unfinished=True), "looks unfinished"),
        (replace(SEEN, look=EMPTY), "empty so far"),
    ],
)
def test_waiting_has_a_reason(known: Dropped, words: str) -> None:
    assert words in why_waiting(known, Waits())


@pytest.mark.parametrize(
    "name",
    [
        *("chats.zip.part", "x.CRDOWNLOAD", "x.download", "x.tmp", "x.partial", "~$chats.json", ".syncthing.x.tmp"),
        *(
            "~syncthing~x.tmp",
            ".~lock.x#",
            ".DS_Store",
            "._x",
            "@eaDir",
            "Thumbs.db",
            "desktop.ini",
            ".hidden",
            ".a\nb",
        ),
    ],
)
def test_names_of_temporary_files_are_known(name: str) -> None:
    assert is_temporary(name)


@pytest.mark.parametrize("name", ["part", "my.tmp.json", "chat.json ", "chat.json.", "download", "eaDir", "~x.json"])
def test_other_names_are_for_people(name: str) -> None:
    assert not is_temporary(name)


@given(st.binary(max_size=40).map(lambda raw: raw.decode("utf-8", "surrogateescape")))
def test_every_name_is_spelled_as_text_and_comes_back(name: str) -> None:
    spelled = spell(name)
    assert unspell(spelled) == name
    assert unspell(spell(spelled)) == spelled
    assert spelled.encode().decode() == spelled
    assert storable(name).encode().decode() == storable(name)


def zipped(comment: bytes = b"", members: int = 2) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(members):
            # By ZipInfo, which is dated 1980: the bytes are part of the tests' names, so they must always be the same.
            archive.writestr(zipfile.ZipInfo(f"{number}.json"), "[]" * 100, zipfile.ZIP_DEFLATED)
        archive.comment = comment
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b'{"a": 1}',
        b" \n[1, 2]\n\t ",
        b'\xef\xbb\xbf{"a": 1}',
        '\ufeff{"a": 1}\n'.encode("utf-16-le"),
        '\ufeff {"a": 1}\n'.encode("utf-16-be"),
        b'{"a": 1}\n{"b": 2}\n',
        b"plain text",
        b"PKlike text",
        b"   ",
        b"",
        b"x" * 200_000,
        b"[" + b" " * 200_000 + b"]",
        zipped(),
        zipped(comment=b"made by somebody"),
        zipped(members=0),
        zipped(members=3000),
    ],
)
def test_content_that_reaches_its_end_is_whole(content: bytes) -> None:
    assert is_whole(io.BytesIO(content))


@pytest.mark.parametrize(
    "content",
    [
        b'{"a": 1',
        b"[1, 2}",
        b'{"a": 1}\n{"b":',
        '\ufeff{"a": 1'.encode("utf-16-le"),
        b'{"a": 1}' + b"\0" * 100,  # laid out beforehand, not yet filled
        zipped()[:-1],
        zipped()[:-30],
        zipped()[:50],
        zipped(comment=b"made by somebody")[:-3],
        b"PK\3\4" + b"\0" * 500,
        b"PK\3\4" + zipped()[-22:],  # its directory would begin before the file does
    ],
)
def test_content_that_is_cut_short_is_not_whole(content: bytes) -> None:
    assert not is_whole(io.BytesIO(content))


def test_the_directory_of_a_zip_is_found_by_its_locator_when_it_is_a_large_one() -> None:
    ending = zipped()[-22:]
    assert is_whole(
        io.BytesIO(b"PK\3\4" + b"\0" * 99 + b"PK\6\7" + b"\0" * 16 + ending[:12] + b"\xff" * 8 + ending[20:])
    )
