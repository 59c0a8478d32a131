"""Archives that were made to do harm: refused by name, in seconds, while what is good beside them is read."""

import random
import struct
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from packages_store.errors import SourceBroken, Unrecognised
from stages.parsers.choose import Inspection, inspect, read
from stages.parsers.reading.limits import Limits
from tests.effort import seconds_of_work
from tests.stages.parsers.archives import STORED, Member, gzip_of, overlapping, zip_of
from tests.stages.parsers.documents import chatgpt, message
from tests.stages.parsers.harness import CONTEXT, as_json, conversations_in

GOOD = Member("good.json", as_json([chatgpt(message("user", "Hello"))]))
LINK, FOLDER, DEVICE = 0o120777, 0o040755, 0o020666


def looked_into(tmp_path: Path, *members: Member, limits: Limits | None = None) -> Inspection:
    """What is found in an archive of `members`; what is found can be read."""
    return of(tmp_path, zip_of(*members), limits)


def of(tmp_path: Path, data: bytes, limits: Limits | None = None) -> Inspection:
    path = tmp_path / "x.zip"
    path.write_bytes(data)
    with _within_seconds():
        inspection = inspect(path, "x.zip", limits=limits or Limits())
        for found in inspection.found:
            records = list(read(path, found.member, found.parser, found.variant, CONTEXT))
            assert conversations_in(records)
    return inspection


def refused(tmp_path: Path, data: bytes) -> str:
    path = tmp_path / "bomb.zip"
    path.write_bytes(data)
    with _within_seconds(), pytest.raises((SourceBroken, Unrecognised)) as caught:
        inspect(path, "bomb.zip")
    return str(caught.value)


@contextmanager
def _within_seconds() -> Iterator[None]:
    """Five seconds, on a machine that needs a tenth of one for a harmless archive; more on a slower one."""
    began = time.process_time()
    yield
    assert time.process_time() - began < 50 * _seconds_of_a_harmless_archive()


@cache
def _seconds_of_a_harmless_archive() -> float:
    chats = [chatgpt(*(message("user", f"Hello {number}, {turn}") for turn in range(10))) for number in range(300)]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.zip"
        path.write_bytes(zip_of(Member("conversations.json", as_json(chats))))

        def look() -> None:
            (found,) = inspect(path, "x.zip").found
            assert len(list(read(path, found.member, found.parser, found.variant, CONTEXT))) >= 300

        return max(seconds_of_work(look) for _ in range(3))


@cache
def blown_up(size: int, piece: bytes, begins: bytes = b"", noise: int = 0) -> tuple[bytes, int, int]:
    """Data as it lies in a ZIP, its size unpacked and its checksum; with `noise` it shrinks less.

    It is one block over and over. After a full flush nothing refers to what was before, so it is packed only once.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = 16 * (piece * ((65536 - noise) // len(piece)) + random.Random(1).randbytes(noise).hex().encode()[:noise])
    first, again = (packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH) for data in (begins, block))
    count = -(-(size - len(begins)) // len(block))
    crc = zlib.crc32(begins)
    for _ in range(count):
        crc = zlib.crc32(block, crc)
    return first + again * count + packer.flush(), len(begins) + count * len(block), crc


def bomb(name: str, size: int, piece: bytes, begins: bytes = b"", noise: int = 0) -> Member:
    raw, size, crc = blown_up(size, piece, begins, noise)
    return Member(name, raw=raw, size=size, crc=crc)


# --- entries -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        (Member("/etc/passwd", GOOD.data), "its path is absolute"),
        (Member("C:\\x.json", GOOD.data), "its path is absolute"),
        (Member("\\\\server\\x.json", GOOD.data), "its path is absolute"),
        (Member("a/../../x.json", GOOD.data), "its path leaves the archive"),
        (Member("a\\..\\x.json", GOOD.data), "its path leaves the archive"),
        (Member("..", GOOD.data), "its path leaves the archive"),
        (Member("link.json", b"/etc/passwd", mode=LINK), "it is a link or a device, not a file"),
        (Member("device", mode=DEVICE), "it is a link or a device, not a file"),
        (Member("secret.json", GOOD.data, flags=1), "it is encrypted"),
        (Member("secret.json", GOOD.data, method=99, flags=1), "it is encrypted"),
        (Member("secret.json", GOOD.data, flags=1 << 6), "it is encrypted"),
        (Member("b.json", GOOD.data, method=12), "it is packed with bzip2, which is not read"),
        (Member("b.json", GOOD.data, method=14), "it is packed with LZMA, which is not read"),
        (Member("b.json", GOOD.data, method=9), "it is packed with Deflate64, which is not read"),
        (Member("b.json", GOOD.data, method=77), "it is packed with method 77, which is not read"),
        (Member("b.json", GOOD.data, size=1 << 31), "it says that it unpacks to more than is possible"),
        (
            Member("b.json", GOOD.data, size=(1 << 64) - 1, large=True),
            "it says that it unpacks to more than is possible",
        ),
        (Member("b.json", GOOD.data, method=STORED, size=9999), "it says that it unpacks to more than is possible"),
        (Member("b.json", GOOD.data, packed=1 << 31), "it lies outside the archive"),
        (Member("b.json", GOOD.data, offset=1 << 31), "it lies outside the archive"),
        (Member("b.json", GOOD.data, offset=(1 << 64) - 1, large=True), "it lies outside the archive"),
        (Member("b.json", GOOD.data, size=0xFFFFFFFF, extra=struct.pack("<2H", 1, 0)), "its sizes cannot be read"),
    ],
)
def test_a_hostile_entry_is_refused_by_name_while_the_others_come_in(
    tmp_path: Path, member: Member, reason: str
) -> None:
    inspection = looked_into(tmp_path, GOOD, member)

    assert [found.member for found in inspection.found] == ["good.json"]
    assert [reason in why for _, why in inspection.ignored] == [True]


@pytest.mark.parametrize(
    ("member", "why"),
    [
        (Member("b.json", GOOD.data, crc=1), "its checksum is wrong"),
        (Member("b.json", GOOD.data, size=7), "and should have 7"),
        (Member("b.json", GOOD.data, size=len(GOOD.data) + 1), "bytes and should have"),
        (Member("b.json", GOOD.data, packed=20), "its data ends too early"),
    ],
)
def test_headers_that_lie_are_found_out_when_the_file_is_read(tmp_path: Path, member: Member, why: str) -> None:
    inspection = looked_into(tmp_path, member, GOOD)
    told = dict(inspection.ignored).get("b.json", "")
    path = tmp_path / "x.zip"

    if not told:
        told = repr(list(read(path, "b.json", "chatgpt", "array", CONTEXT)))
    assert why in told
    assert inspection.found[-1].member == "good.json"


def test_folders_of_an_archive_are_no_files(tmp_path: Path) -> None:
    assert looked_into(tmp_path, Member("a/", mode=FOLDER), Member("b\\"), GOOD).ignored == ()


def test_an_entry_whose_header_is_not_there_is_refused(tmp_path: Path) -> None:
    data = bytearray(zip_of(Member("a.json", GOOD.data), GOOD))
    data[:4] = b"XXXX"
    path = tmp_path / "x.zip"
    path.write_bytes(b"PK\x03\x04" + data)

    inspection = inspect(path, "x.zip")

    assert [found.member for found in inspection.found] == ["good.json"]
    assert "is not where the archive says" in inspection.ignored[0][1]


def test_a_header_that_leads_out_of_the_data_is_refused(tmp_path: Path) -> None:
    data = bytearray(zip_of(GOOD, Member("z.json", GOOD.data)))
    at = data.rindex(b"PK\x03\x04")
    data[at + 28 : at + 30] = struct.pack("<H", 0xFFFF)  # the length of the extra field

    inspection = of(tmp_path, bytes(data))

    assert [found.member for found in inspection.found] == ["good.json"]
    assert "does not fit into the archive" in inspection.ignored[0][1]


# --- overlaps ----------------------------------------------------------------------------------------------------


def test_entries_that_share_their_data_are_refused(tmp_path: Path) -> None:
    told = refused(tmp_path, overlapping(b"[" + b"1," * 100_000 + b"1]", 300))

    assert "0000.json: it overlaps another entry" in told
    assert "And 297 more" in told


def test_every_entry_that_another_one_lies_over_is_refused(tmp_path: Path) -> None:
    small = [Member(f"{number}.json", GOOD.data) for number in range(5)]
    whole = len(zip_of(*small)) - len(zip_of(*small).partition(b"PK\x01\x02")[2]) - 4

    inspection = looked_into(tmp_path, *small, GOOD, Member("over.json", GOOD.data, offset=0, packed=whole - 40))

    assert [found.member for found in inspection.found] == ["good.json"]
    assert {why for _, why in inspection.ignored} == {"it overlaps another entry"}
    assert len(inspection.ignored) == 6


def test_the_same_place_told_twice_is_refused(tmp_path: Path) -> None:
    inspection = looked_into(tmp_path, Member("a.json", GOOD.data), Member("b.json", GOOD.data, offset=0), GOOD)

    assert [found.member for found in inspection.found] == ["good.json"]


# --- numbers -----------------------------------------------------------------------------------------------------


def test_a_million_entries_are_refused_without_being_listed(tmp_path: Path) -> None:
    entry = zip_of(Member("x", method=STORED)).partition(b"PK\x01\x02")[2].partition(b"PK\x05\x06")[0]
    directory = (b"PK\x01\x02" + entry) * 1_000_000
    for told in (1_000_000, 1):
        told_large = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, told, told, len(directory), 4)
        locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, 4 + len(directory), 1)
        end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)

        assert "too many files" in refused(tmp_path, b"PK\x03\x04" + directory + told_large + locator + end)


def test_entries_that_are_not_told_of_are_counted(tmp_path: Path) -> None:
    entry = b"PK\x01\x02" + zip_of(Member("x", method=STORED)).partition(b"PK\x01\x02")[2].partition(b"PK\x05\x06")[0]
    directory = entry * ((16 << 20) // len(entry))
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(directory), 4, 0)

    assert "too many files" in refused(tmp_path, b"PK\x03\x04" + directory + end)


@pytest.mark.parametrize(
    "end",
    [
        {"length": 0xFFFFFFF0},
        {"offset": 0xFFFFFFF0},
        {"length": 0},
        {"length": 47},
        {"entries": 0xFFFF, "length": 0xFFFFFFFF, "offset": 0xFFFFFFFF},
    ],
)
def test_a_table_of_contents_that_lies_about_itself_is_refused(tmp_path: Path, end: dict[str, int]) -> None:
    assert "bomb.zip" in refused(tmp_path, zip_of(GOOD, Member("b.json", GOOD.data), end=end))


# --- bombs -------------------------------------------------------------------------------------------------------


def test_archives_in_archives_in_archives_are_not_unpacked(tmp_path: Path) -> None:
    """As 42.zip: sixteen in each of sixteen, five levels deep, and gigabytes at the bottom."""
    inner = zip_of(bomb("0.dll", 64 << 20, b"\0"))
    for _ in range(5):
        inner = zip_of(*(Member(f"lib {number:x}.zip", inner) for number in range(16)))

    assert "lies too deep in other archives" in refused(tmp_path, inner)


def test_a_file_that_unpacks_to_far_more_than_chats_do_is_refused(tmp_path: Path) -> None:
    inspection = looked_into(tmp_path, bomb("a.json", 256 << 20, b" ", b"["), GOOD)

    assert [found.member for found in inspection.found] == ["good.json"]
    assert "a.json was not read to its end: it unpacks to far too much" in inspection.ignored[0][1]


def test_a_bomb_that_keeps_within_every_ratio_is_given_up(tmp_path: Path) -> None:
    spaces = bomb("a.json", 128 << 20, b" ", b'["', noise=320)
    assert len(spaces.body) * 250 > 128 << 20

    text = refused(tmp_path, zip_of(spaces))
    assert "larger than 64 MiB" in text or "too much" in text
    assert "too much" in refused(tmp_path, zip_of(bomb("a.zip", 128 << 20, b" ", zip_of(GOOD), noise=320)))


def test_very_many_bombs_that_are_each_small_enough_are_given_up(tmp_path: Path) -> None:
    one = bomb("", 31 << 20, b"x", b'[{"a":"')
    many = [Member(f"{number}.json", raw=one.raw, size=one.size, crc=one.crc) for number in range(100)]

    assert "0.json" in refused(tmp_path, zip_of(*many))


def test_a_bomb_behind_gzip_is_refused(tmp_path: Path) -> None:
    raw, size, crc = blown_up(256 << 20, b" ", b"[")
    packed = b"\x1f\x8b\x08\0\0\0\0\0\0\3" + raw + struct.pack("<2L", crc, size)

    assert "bomb.zip was not read to its end: it unpacks to far too much" in refused(tmp_path, packed)
    assert "archive (gzip)" in refused(tmp_path, gzip_of(packed))
    inspection = looked_into(tmp_path, Member("a.json.gz", packed), GOOD)
    assert [found.member for found in inspection.found] == ["good.json"]
    assert "far too much" in inspection.ignored[0][1]


def test_a_bomb_takes_little_memory(tmp_path: Path) -> None:
    raw, size, crc = blown_up(128 << 20, b" ", b'[{"a": 1},', noise=320)
    path = tmp_path / "x.zip"
    path.write_bytes(zip_of(Member("a.json", raw=raw, size=size, crc=crc), GOOD))
    tracemalloc.start()
    try:
        inspect(path, "x.zip")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 20 << 20


# --- anything else -----------------------------------------------------------------------------------------------


def test_whatever_is_changed_in_an_archive_it_is_read_or_refused_in_words(tmp_path: Path) -> None:
    chance = random.Random(20261)
    inner = zip_of(Member("c.json", GOOD.data), Member("d.json", GOOD.data, described=True))
    seeds = [
        zip_of(GOOD, Member("e.json", GOOD.data, large=True), Member("f", method=STORED), large=True, comment=b"x"),
        zip_of(Member("a.zip", inner, method=STORED), Member("b.txt", b"text")),
        zip_of(Member("a.zip", inner), Member("b.gz", gzip_of(GOOD.data))),
        gzip_of(GOOD.data[:50], GOOD.data[50:]),
        gzip_of(inner),
    ]
    path = tmp_path / "x.bin"
    limits = Limits(entry=1 << 20, total=4 << 20, glance=1 << 20, entries=1000)

    for _ in range(600):
        path.write_bytes(mutated(chance.choice(seeds), chance))
        with suppress(SourceBroken, Unrecognised):
            for found in inspect(path, "x.bin", limits=limits).found:
                list(read(path, found.member, found.parser, found.variant, CONTEXT, limits=limits))


def mutated(data: bytes, chance: random.Random) -> bytes:
    """A few bytes, numbers or pieces of `data` changed."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(out))
        match chance.randrange(6):
            case 0:
                out[at] = chance.randrange(256)
            case 1:
                out[at : at + 4] = struct.pack("<L", chance.choice([0, 1, 0xFFFF, 0xFFFFFFFF, 1 << 31, len(out)]))
            case 2:
                out[at : at + 2] = struct.pack("<H", chance.choice([0, 1, 8, 9, 0xFFFF, 1 << 15]))
            case 3:
                del out[at : at + chance.randint(1, 40)]
            case 4:
                out[at:at] = out[chance.randrange(len(out)) :][: chance.randint(1, 60)]
            case _:
                out[at:at] = chance.randbytes(chance.randint(1, 8))
        out = out or bytearray(b"P")
    return bytes(out)
