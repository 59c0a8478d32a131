"""What lies in an upload: hostile and damaged archives."""

import io
import json
import struct
import zipfile
from pathlib import Path

import pytest

from packages_store.errors import LoomError, SourceBroken, Unrecognised
from stages.parsers.choose import inspect, read
from stages.parsers.contract import Broken
from stages.parsers.reading.containers import Limits, open_container
from tests.stages.parsers.documents import chatgpt, message
from tests.stages.parsers.harness import CONTEXT, as_json, conversations_in, imported

CHAT = as_json([chatgpt(message("user", "Hello"), message("assistant", "Hi"))])


def archive(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as written:
        for name, data in entries:
            written.writestr(name, data, zipfile.ZIP_DEFLATED)
    return path


def entry(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, (2026, 1, 2, 3, 4, 6))
    info.external_attr = mode << 16
    return info


def refusal(path: Path) -> str | None:
    """Why an upload is refused, None when it is read."""
    try:
        imported(path)
    except LoomError as error:
        return str(error)
    return None


def test_an_archive_is_known_by_its_content_and_its_chats_are_read(tmp_path: Path) -> None:
    path = archive(tmp_path / "photo.png", ("b/conversations-001.json", CHAT), ("a.json", CHAT), ("b/", b""))

    records, ignored = imported(path)

    assert len(conversations_in(records)) == 2
    assert ignored == ()
    assert [found.member for found in inspect(path, "x").found] == ["a.json", "b/conversations-001.json"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("/etc/passwd", "absolute"),
        ("C:\\x.json", "absolute"),
        ("a/../../x.json", "leaves the archive"),
        ("a\\..\\x.json", "leaves the archive"),
        (entry("link.json", 0o120777), "a link"),
        (entry("device", 0o020666), "a link or a device"),
    ],
)
def test_an_entry_with_a_hostile_path_is_refused_by_name_while_the_others_come_in(
    tmp_path: Path, name: str | zipfile.ZipInfo, reason: str
) -> None:
    path = archive(tmp_path / "x.zip", (name, CHAT), ("good.json", CHAT))

    inspection = inspect(path, "x.zip")

    assert [found.member for found in inspection.found] == ["good.json"]
    assert [reason in why for _, why in inspection.ignored] == [True]


def test_of_two_entries_with_the_same_name_the_last_is_read(tmp_path: Path) -> None:
    newer = as_json([chatgpt(message("user", "Newer"))])
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = archive(tmp_path / "x.zip", ("c.json", CHAT), ("c.json", newer))

    records, ignored = imported(path)

    assert conversations_in(records)[0].messages[0].content == "Newer"
    assert [name for name, _ in ignored] == ["c.json"]


def test_an_encrypted_entry_is_refused_by_name(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.zip", ("secret.json", CHAT), ("good.json", CHAT))
    data = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + place] |= 1
    path.write_bytes(data)

    inspection = inspect(path, "x.zip")

    assert [found.member for found in inspection.found] == ["good.json"]
    assert "encrypted" in inspection.ignored[0][1]


def test_entries_that_overlap_are_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.zip", ("a.json", CHAT), ("b.json", CHAT), ("c.json", CHAT))
    data = bytearray(path.read_bytes())
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
    data[second + 42 : second + 46] = struct.pack("<L", 10)
    path.write_bytes(data)

    inspection = inspect(path, "x.zip")

    assert [found.member for found in inspection.found] == ["c.json"]
    assert {why for _, why in inspection.ignored} == {"it overlaps another entry"}


def test_a_nested_archive_is_named_with_what_to_do(tmp_path: Path) -> None:
    inner = archive(tmp_path / "inner.zip", ("c.json", CHAT)).read_bytes()
    path = archive(tmp_path / "x.zip", ("Conversations__1.zip", inner), ("good.json", CHAT))

    assert inspect(path, "x.zip").ignored == (
        ("Conversations__1.zip", "it is a ZIP archive. Unpack it and drop what was in it."),
    )


def test_a_member_that_unpacks_to_too_much_is_broken_where_the_limit_is_passed(tmp_path: Path) -> None:
    many = as_json([chatgpt(message("user", "x" * 100_000), conversation_id=f"c{number}") for number in range(40)])
    path = archive(tmp_path / "x.zip", ("c.json", many))

    for limits in (Limits(entry=2_000_000), Limits(total=2_000_000), Limits(ratio=20, ratio_after=2_000_000)):
        found = inspect(path, "x.zip", limits=limits).found[0]
        records = list(read(path, found.member, found.parser, found.variant, CONTEXT, limits=limits))
        assert 0 < len(conversations_in(records)) < 40
        assert isinstance(records[-1], Broken)
        assert "too much" in records[-1].why


def test_an_archive_with_too_many_entries_is_refused_before_they_are_listed(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.zip", *((f"{number}.json", b"{}") for number in range(50)))

    for limits in (Limits(entries=49), Limits(directory=500)):
        with pytest.raises(SourceBroken, match="too many files"), open_container(path, "x.zip", limits):
            pass


def test_the_numbers_of_a_large_archive_are_read_from_its_own_record(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.zip", ("c.json", CHAT))
    data = path.read_bytes()
    at = data.rindex(b"PK\x05\x06")
    large = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 10**6, 10**6, 10**9, 0)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, at, 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    path.write_bytes(data[:at] + large + locator + end)

    with pytest.raises(SourceBroken, match="1000000"):
        inspect(path, "x.zip")


def test_an_archive_damaged_or_cut_anywhere_is_read_or_refused_in_words(tmp_path: Path) -> None:
    whole = archive(tmp_path / "x.zip", ("c.json", CHAT), ("d.json", CHAT)).read_bytes()
    path = tmp_path / "y.zip"

    for place in range(4, len(whole), 3):
        for data in (whole[:place], whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]):
            path.write_bytes(data)
            told = refusal(path)
            assert told is None or "y.zip" in told or ".json" in told


def test_an_empty_archive_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unrecognised, match="archive is empty"):
        inspect(archive(tmp_path / "x.zip"), "x.zip")


def test_a_member_tells_when_it_was_changed_and_a_writer_without_times_defers_to_the_archive(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.zip", (entry("a", 0), b"a"), (zipfile.ZipInfo("b"), b"b"))

    with open_container(path, "x.zip") as container:
        times = [container.file(name).modified_at for name in ("a", "b")]

    assert times == [1_767_323_046_000, path.stat().st_mtime_ns // 1_000_000]


def test_a_member_that_is_gone_is_told(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.zip", ("c.json", CHAT))

    with pytest.raises(SourceBroken, match="is not in the upload"):
        list(read(path, "other.json", "chatgpt", "array", CONTEXT))


def test_a_list_in_an_archive_is_peeked_at_to_its_end(tmp_path: Path) -> None:
    long = [{"id": str(number), "messages": [{"role": "user", "content": "Hello " * 50}]} for number in range(200)]
    document = {"conversations": long, "originPlatform": "Other", "format": "Loom-Standard"}

    records, _ = imported(archive(tmp_path / "x.zip", ("c.json", json.dumps(document).encode())))

    assert {one.platform for one in conversations_in(records)} == {"other"}


def test_a_stream_of_a_member_gives_its_bytes(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.zip", ("c.json", CHAT))

    with open_container(path, "x.zip") as container, container.file("c.json").open() as stream:
        assert isinstance(stream, io.BufferedReader)
        assert stream.read(3) + stream.read() == CHAT
