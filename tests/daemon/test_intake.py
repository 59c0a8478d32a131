"""Taking a file in: a private copy first, which always equals what was claimed, then one row."""

import errno
import io
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from daemon.intake import Changed, Intake, in_words, look_of, open_regular
from packages_store.config import PackageConfig
from packages_store.errors import InvalidName, PackageNotFound
from packages_store.files import CHUNK, Disk, Probe, no_probe, sha256_of
from packages_store.model import UploadOutcome
from packages_store.shelf import Shelf
from tests.builders import shelf_in


class Killed(BaseException):
    """The end of the process, at a step of the disk."""


class Desk:
    """An intake over an otherwise empty home, and a folder with files to take."""

    def __init__(self, home: Path, probe: Probe = no_probe, opener: Callable[[Path], BinaryIO] = open_regular) -> None:
        self.shelf: Shelf = shelf_in(home, probe)
        self.intake = Intake(self.shelf, Disk(probe), lambda: PackageConfig(entity_name="Wren"), opener)
        self.folder = home / "elsewhere"
        self.folder.mkdir(exist_ok=True)

    def file(self, content: bytes, name: str = "chats.json") -> Path:
        path = self.folder / name
        path.write_bytes(content)
        return path

    def copies(self) -> list[str]:
        return sorted(path.name for path in self.shelf.get("wren").paths.uploads.iterdir())


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.shelf.close()


def identity(path: Path) -> str:
    return look_of(path.lstat()).identity


def test_a_file_is_copied_and_registered_and_stays_where_it_was(desk: Desk) -> None:
    path = desk.file(b"[1]")

    upload = desk.intake.take("wren", path, "chats.json", "inbox:chats.json", identity(path))

    package = desk.shelf.get("wren")
    assert (upload.outcome, upload.size, upload.origin) == (UploadOutcome.RECEIVED, 3, "inbox:chats.json")
    assert sha256_of(package.uploads.copy_of(upload)) == upload.sha256
    assert path.read_bytes() == b"[1]"
    assert package.config.entity_name == "Wren"


def test_the_copy_tells_when_the_file_was_last_changed(desk: Desk) -> None:
    path = desk.file(b"[1]")
    os.utime(path, ns=(0, 1_600_000_000_000_000_000))

    upload = desk.intake.take("wren", path, "chats.json", "inbox:chats.json", identity(path))

    copy = desk.shelf.get("wren").uploads.copy_of(upload)
    assert copy.stat().st_mtime_ns == 1_600_000_000_000_000_000


def test_a_package_that_exists_keeps_its_settings(desk: Desk) -> None:
    desk.shelf.create("wren", PackageConfig(entity_name="Robin"))
    desk.intake.take("wren", io.BytesIO(b"[1]"), "chats.json", "cli")
    assert desk.shelf.get("wren").config.entity_name == "Robin"


def test_a_name_that_cannot_be_a_package_is_refused(desk: Desk) -> None:
    with pytest.raises(InvalidName):
        desk.intake.take("../x", io.BytesIO(b"[1]"), "chats.json", "cli")


def test_the_same_bytes_under_another_name_are_a_duplicate(desk: Desk) -> None:
    first = desk.intake.take("wren", io.BytesIO(b"[1]"), "a.json", "cli")
    second = desk.intake.take("wren", io.BytesIO(b"[1]"), "b.json", "cli")
    assert (second.outcome, second.duplicate_of) == (UploadOutcome.DUPLICATE, first.id)


def test_the_same_file_is_taken_once_however_often_it_is_handed_in(desk: Desk) -> None:
    path = desk.file(b"[1]")
    uploads = [desk.intake.take("wren", path, "a", "inbox:a", identity(path)) for _ in range(3)]
    assert len({upload.id for upload in uploads}) == 1
    assert len(desk.shelf.get("wren").uploads.all()) == 1


def test_a_file_that_is_no_longer_the_one_looked_at_is_not_taken(desk: Desk) -> None:
    path = desk.file(b"[1]")
    before = identity(path)
    desk.file(b"[1, 2]")
    with pytest.raises(Changed):
        desk.intake.take("wren", path, "a", "inbox:a", before)
    assert desk.copies() == []


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b" ")


def rewrite(path: Path) -> None:
    os.utime(path, ns=(1, 1))


def replace_it(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    other.replace(path)


@pytest.mark.parametrize("disturb", [append, rewrite, replace_it])
def test_a_file_that_changes_while_it_is_copied_is_not_registered(
    tmp_path: Path, disturb: Callable[[Path], None]
) -> None:
    class Disturbed(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size) or b""
            if data:
                disturb(path)
            return data

    desk = Desk(tmp_path, opener=lambda path: Disturbed(path, "rb"))
    path = desk.file(b"x" * (CHUNK + 1))

    with pytest.raises(Changed):
        desk.intake.take("wren", path, "a", "inbox:a", identity(path))

    assert desk.copies() == []
    assert desk.shelf.get("wren").uploads.all() == []
    desk.shelf.close()


def test_what_happens_after_the_claim_does_not_reach_the_copy(desk: Desk) -> None:
    path = desk.file(b"[1]")
    upload = desk.intake.take("wren", path, "a", "inbox:a", identity(path))
    path.write_bytes(b"[2]")
    path.unlink()
    assert desk.shelf.get("wren").uploads.copy_of(upload).read_bytes() == b"[1]"


def test_links_pipes_and_sockets_are_not_opened(desk: Desk) -> None:
    link, pipe, plug = desk.folder / "link", desk.folder / "pipe", desk.folder / "plug"
    link.symlink_to(desk.file(b"[1]"))
    os.mkfifo(pipe)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(plug))
        for path in (link, pipe, plug):
            with pytest.raises((OSError, Changed)):
                open_regular(path)


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    def full(step: str) -> None:
        if step == "write" and trouble:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    trouble: list[str] = []
    desk = Desk(tmp_path, full)
    desk.shelf.create("wren", PackageConfig())
    trouble.append("now")
    with pytest.raises(OSError, match="No space"):
        desk.intake.take("wren", desk.file(b"[1]"), "a", "inbox:a")
    trouble.clear()
    assert desk.copies() == []
    assert desk.intake.take("wren", desk.file(b"[1]"), "a", "inbox:a").outcome == UploadOutcome.RECEIVED
    desk.shelf.close()


def test_killed_at_any_step_and_started_again_a_file_is_taken_exactly_once(tmp_path: Path) -> None:
    survived = 0
    for number in range(100):
        home = tmp_path / str(number)
        home.mkdir()
        steps = iter(range(number))

        def die(_step: str, steps: Iterator[int] = steps) -> None:
            if next(steps, None) is None:
                raise Killed

        desk = Desk(home, die)
        path = desk.file(b"[1]")
        try:
            desk.intake.take("wren", path, "a", "inbox:a", identity(path))
            survived += 1
        except Killed:
            pass
        desk.shelf.close()
        again = Desk(home)
        upload = again.intake.take("wren", path, "a", "inbox:a", identity(path))
        assert again.shelf.get("wren").uploads.all() == [upload]
        assert again.shelf.get("wren").uploads.copy_of(upload).read_bytes() == b"[1]"
        again.shelf.close()
        if survived:
            break
    assert survived
    assert number > 8


def test_a_file_in_pieces_is_there_when_it_is_kept(desk: Desk) -> None:
    desk.shelf.create("wren", PackageConfig())
    with desk.intake.begin("wren", "chats.json") as arrival:
        arrival.write(b"[1,")
        arrival.write(b" 2]")
        upload = arrival.keep()
    assert desk.shelf.get("wren").uploads.copy_of(upload).read_bytes() == b"[1, 2]"
    assert (upload.name, upload.origin, upload.outcome) == ("chats.json", "api", UploadOutcome.RECEIVED)


def test_of_a_file_that_is_not_kept_nothing_stays(desk: Desk) -> None:
    desk.shelf.create("wren", PackageConfig())
    with desk.intake.begin("wren", "chats.json") as arrival:
        arrival.write(b"[1,")
    assert desk.copies() == []


def test_pieces_go_only_to_packages_that_exist(desk: Desk) -> None:
    with pytest.raises(PackageNotFound), desk.intake.begin("nobody", "chats.json"):
        pass


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full: free some space"),
        (PermissionError(errno.EACCES, "Permission denied"), "it may not be read: give the daemon's user"),
        (OSError(errno.ENXIO, "No such device"), "No such device"),
        (PackageNotFound("There is no package 'x'."), "There is no package 'x'."),
        (ValueError(), "ValueError"),
    ],
)
def test_what_stands_in_the_way_is_said_in_words(error: Exception, words: str) -> None:
    assert words in in_words(error)
