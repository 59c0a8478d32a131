"""What lies in an upload: archives as they are delivered, packed once more, damaged or cut."""

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from packages_store.errors import LoomError, SourceBroken, Unrecognised
from stages.parsers.choose import Found, inspect, read
from stages.parsers.contract import Bid, Broken, NotAChat, Peek, ReadContext, Record, SourceFile, Variant
from stages.parsers.reading.containers import Archive, open_upload
from stages.parsers.reading.limits import Limits
from stages.parsers.registry import PARSERS
from tests.stages.parsers.archives import STORED, Member, gzip_of, tar_of, zip_of
from tests.stages.parsers.documents import chatgpt, message
from tests.stages.parsers.harness import CONTEXT, as_json, conversations_in, imported


@dataclass(frozen=True)
class Guesses:
    """A parser that is never sure."""

    platform: str = "guesses"
    title: str = "Guesses"
    variants: tuple[Variant, ...] = ()
    not_chats: tuple[NotAChat, ...] = ()

    def bid(self, peek: Peek) -> Bid | None:
        return Bid("any", Bid.GUESS) if "guess" in str(peek.records) else None

    def read(self, file: SourceFile, variant: str, context: ReadContext) -> Iterator[Record]:
        return iter(())


def chat(text: str = "Hello") -> bytes:
    return as_json([chatgpt(message("user", text), message("assistant", "Hi"), conversation_id=f"id of {text}")])


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def said_in(path: Path) -> list[str]:
    """What people said first in the conversations of an upload, in the order in which they are read."""
    return [one.messages[0].content for one in conversations_in(imported(path)[0])]


def found_in(path: Path) -> list[str | None]:
    return [found.member for found in inspect(path, path.name).found]


def refusal(path: Path) -> str | None:
    """Why an upload is refused, None when it is read."""
    try:
        imported(path)
    except LoomError as error:
        return str(error)
    return None


def file_of(path: Path, member: str | None) -> SourceFile:
    with open_upload(path, path.name) as upload:
        return upload.find(member)[0]


# --- a ZIP -------------------------------------------------------------------------------------------------------


def test_an_archive_is_known_by_its_content_and_its_chats_are_read(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("b/conversations-001.json", chat("two"))
        archive.writestr("a.json", chat("one"))
        archive.mkdir("b/c")

    assert said_in(path) == ["one", "two"]
    assert inspect(path, "x").ignored == ()
    assert found_in(path) == ["a.json", "b/conversations-001.json"]


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("described", [False, True])
@pytest.mark.parametrize("method", [STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("before", [b"", b"PK\x03\x04"])
def test_every_way_to_write_the_same_archive_is_read(
    tmp_path: Path, large: bool, described: bool, method: int, before: bytes
) -> None:
    """With and without ZIP64, descriptors behind the data, compression, and something before the archive."""
    member = Member("c.json", chat(), method=method, large=large, described=described)
    path = written(tmp_path / "x.zip", zip_of(member, large=large, before=before, comment=b"from a phone"))

    assert said_in(path) == ["Hello"]
    assert inspect(path, "x.zip").found[0].size == len(chat())


def test_an_archive_with_something_behind_it_is_read(tmp_path: Path) -> None:
    assert said_in(written(tmp_path / "x.zip", zip_of(Member("c.json", chat()), behind=b"\r\n" * 9))) == ["Hello"]


@pytest.mark.parametrize(
    ("written_as", "name", "flags"),
    [
        ("Gespräche/größe.json".encode(), "Gespräche/größe.json", 1 << 11),
        ("Gespräche/größe.json".encode(), "Gespräche/größe.json", 0),
        ("Café.json".encode("cp437"), "Café.json", 0),
        ("대화.json".encode(), "대화.json", 0),
        (b"chats\\2026\\c.json", "chats/2026/c.json", 0),
        ("Größe\\c.json".encode("cp437"), "Größe/c.json", 0),
        (b"a\nb.json", "a\nb.json", 0),
    ],
)
def test_names_are_read_as_they_were_meant(tmp_path: Path, written_as: bytes, name: str, flags: int) -> None:
    path = written(tmp_path / "x.zip", zip_of(Member(written_as, chat(), flags=flags)))

    assert found_in(path) == [name]
    assert said_in(path) == ["Hello"]


def test_what_systems_put_into_archives_is_left_out_and_told_in_one_line(tmp_path: Path) -> None:
    names = ["__MACOSX/._c.json", "__MACOSX/", "a/.DS_Store", "a/._c.json", "Thumbs.db", "desktop.ini"]
    members = [Member(name, b"\0\5\x16\7") for name in names]
    path = written(tmp_path / "x.zip", zip_of(Member("c.json", chat()), *members))

    assert inspect(path, "x.zip").ignored == (
        ("Thumbs.db", "it is a file that macOS or Windows keeps for itself, as are 5 more"),
    )


def test_of_two_such_files_the_line_tells_of_one_more(tmp_path: Path) -> None:
    members = [Member(name, b"\0") for name in ("Thumbs.db", "desktop.ini")]
    path = written(tmp_path / "x.zip", zip_of(Member("c.json", chat()), *members))

    ((_, reason),) = inspect(path, "x.zip").ignored
    assert reason == "it is a file that macOS or Windows keeps for itself, as is 1 more"


def test_of_two_entries_with_the_same_name_the_last_is_read(tmp_path: Path) -> None:
    path = written(tmp_path / "x.zip", zip_of(Member("c.json", chat("older")), Member("c.json", chat("newer"))))

    assert said_in(path) == ["newer"]
    assert inspect(path, "x.zip").ignored == (("c.json", "another entry of the same name follows"),)


def test_a_member_tells_when_it_was_changed_and_a_writer_without_times_defers_to_the_archive(tmp_path: Path) -> None:
    members = (Member("a"), Member("b", stamp=(33, 0)), Member("c", stamp=(0xFFFF, 0xFFFF)))
    path = written(tmp_path / "x.zip", zip_of(*members))
    changed = path.stat().st_mtime_ns // 1_000_000

    assert [file_of(path, name).modified_at for name in "abc"] == [1_767_323_046_000, changed, changed]


def test_a_list_in_an_archive_is_peeked_at_to_its_end(tmp_path: Path) -> None:
    long = [{"id": str(number), "messages": [{"role": "user", "content": "Hello " * 50}]} for number in range(200)]
    document = {"conversations": long, "originPlatform": "Other", "format": "Loom-Standard"}

    records, _ = imported(written(tmp_path / "x.zip", zip_of(Member("c.json", json.dumps(document).encode()))))

    assert {one.platform for one in conversations_in(records)} == {"other"}


@pytest.mark.parametrize("method", [STORED, zipfile.ZIP_DEFLATED])
def test_a_stream_of_a_member_gives_its_bytes(tmp_path: Path, method: int) -> None:
    path = written(tmp_path / "x.zip", zip_of(Member("c.json", chat(), method=method), Member("d.json", b"other")))

    with open_upload(path, "x.zip") as upload:
        file, _ = upload.find("c.json")
        with file.open() as stream, file.open() as again:
            assert isinstance(stream, io.BufferedReader)
            assert stream.read(3) + again.read(3) + stream.read() == chat()[:3] + chat()


def test_a_member_that_is_gone_is_told(tmp_path: Path) -> None:
    zipped = written(tmp_path / "x.zip", zip_of(Member("c.json", chat())))
    plain = written(tmp_path / "x.json", chat())

    for path, member in ((zipped, "other.json"), (zipped, "c.json/d.json"), (plain, "c.json")):
        with pytest.raises(SourceBroken, match="is not in the upload"):
            list(read(path, member, "chatgpt", "array", CONTEXT))


def test_an_empty_archive_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unrecognised, match="archive is empty"):
        inspect(written(tmp_path / "x.zip", zip_of()), "x.zip")


# --- damage ------------------------------------------------------------------------------------------------------


def test_an_archive_that_was_cut_short_is_refused_by_name_with_what_to_do(tmp_path: Path) -> None:
    whole = zip_of(Member("c.json", chat()), Member("d.json", chat()))

    for length in range(4, len(whole)):
        told = refusal(written(tmp_path / "mine.zip", whole[:length]))
        assert told is not None
        assert "mine.zip" in told
        assert "Copy or download it again" in told


def test_an_archive_with_bytes_missing_in_the_middle_is_refused_with_what_to_do(tmp_path: Path) -> None:
    whole = zip_of(Member("c.json", chat()), Member("d.json", chat()))

    told = refusal(written(tmp_path / "mine.zip", whole[:40] + whole[60:]))

    assert told is not None
    assert "mine.zip" in told
    assert "download it again" in told


def test_an_archive_damaged_anywhere_is_read_or_refused_in_words(tmp_path: Path) -> None:
    whole = zip_of(Member("c.json", chat()), Member("d.json", chat()))

    for place in range(len(whole)):
        damaged = whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]
        told = refusal(written(tmp_path / "y.zip", damaged))
        assert told is None or "y.zip" in told or ".json" in told or "Not imported" in told


@pytest.mark.parametrize("method", [STORED, zipfile.ZIP_DEFLATED])
def test_what_comes_before_the_damage_is_read_and_the_damage_told(tmp_path: Path, method: int) -> None:
    records = [chatgpt(message("user", f"{number} " * 9000), conversation_id=f"c{number}") for number in range(40)]
    member = Member("c.json", as_json(records), method=method)
    damaged = bytearray(zip_of(member))
    damaged[len(member.body) * 3 // 4] ^= 0xFF
    path = written(tmp_path / "x.zip", bytes(damaged))

    found, _ = imported(path)

    assert len(conversations_in(found)) > 10
    assert ["c.json cannot be unpacked to its end" in one.why for one in found if isinstance(one, Broken)] == [True]


def test_parts_of_a_split_archive_are_explained(tmp_path: Path) -> None:
    whole = zip_of(Member("c.json", chat()), end={"disk": 1, "first_disk": 1})

    for part in (whole, whole[30:], b"PK\x07\x08" + whole[:50], zip_of(Member("c.json", chat()), end={"disk": 2})[7:]):
        told = refusal(written(tmp_path / "mine.zip", part))
        assert told is not None
        assert "split" in told
        assert ".z01" in told


# --- archives in archives ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [STORED, zipfile.ZIP_DEFLATED])
def test_an_export_in_an_archive_of_other_things_is_read(tmp_path: Path, method: int) -> None:
    export = zip_of(Member("conversations-000.json", chat("a")), Member("conversations-001.json", chat("b")))
    name = "User Online Activity/Conversations__1-chatgpt-0001.zip"
    path = written(
        tmp_path / "portal.zip",
        zip_of(
            Member("Financial/payments.json", b"[]"),
            Member("report.html", b"<html>report"),
            Member(name, export, method=method),
            Member("User Online Activity/Files__1.zip", zip_of(Member("holiday.txt", b"By the sea")), method=method),
        ),
    )

    inspection = inspect(path, "portal.zip")

    assert [found.member for found in inspection.found] == [
        f"{name}/conversations-000.json",
        f"{name}/conversations-001.json",
    ]
    assert said_in(path) == ["a", "b"]
    told = dict(inspection.ignored)
    assert sorted(told) == ["Financial/payments.json", "User Online Activity/Files__1.zip", "report.html"]
    assert told["User Online Activity/Files__1.zip"].startswith("it is an archive without chats. User Online")
    assert list(tmp_path.iterdir()) == [path]


def test_an_archive_with_a_name_of_another_time_is_found_again(tmp_path: Path) -> None:
    path = written(tmp_path / "x.zip", zip_of(Member("Café.zip".encode("cp437"), zip_of(Member("c.json", chat())))))

    assert found_in(path) == ["Café.zip/c.json"]
    assert said_in(path) == ["Hello"]


@pytest.mark.parametrize("method", [STORED, zipfile.ZIP_DEFLATED])
def test_archives_are_opened_two_deep_and_no_deeper(tmp_path: Path, method: int) -> None:
    inner = zip_of(Member("conversations.json", chat()), Member("._x", b"x"))
    middle = zip_of(Member("inner.zip", inner, method=method))
    outer = zip_of(Member("outer.zip", middle, method=method))
    path = written(tmp_path / "mine.zip", outer)

    assert found_in(path) == ["outer.zip/inner.zip/conversations.json"]
    assert said_in(path) == ["Hello"]

    told = refusal(written(path, zip_of(Member("one/more.zip", outer, method=method))))
    assert told is not None
    assert "one/more.zip/outer.zip/inner.zip was not opened (it lies too deep" in told


@pytest.mark.parametrize(
    ("inner", "reason"),
    [
        (zip_of(Member("c.json", chat(), flags=1)), "encrypted"),
        (zip_of(Member("c.json", chat()))[:-30], "without its table of contents"),
        (zip_of(Member("../c.json", chat())), "leaves the archive"),
        (zip_of(Member("c.json", chat()), end={"disk": 1}), "split"),
        (zip_of(), "The archive is empty"),
        (tar_of("c.json", chat()), "it is an archive (tar)"),
        (b"Rar!\x1a\x07\x01\0", "it is an archive (RAR)"),
        (gzip_of(b"x")[:9], "it is cut short"),
    ],
)
def test_an_inner_archive_that_cannot_be_read_is_refused_by_name_while_the_others_come_in(
    tmp_path: Path, inner: bytes, reason: str
) -> None:
    good = zip_of(Member("c.json", chat()))
    path = written(tmp_path / "x.zip", zip_of(Member("a/bad.bin", inner), Member("good.zip", good)))

    inspection = inspect(path, "x.zip")

    assert [found.member for found in inspection.found] == ["good.zip/c.json"]
    assert [name for name, _ in inspection.ignored] == ["a/bad.bin"]
    assert reason in inspection.ignored[0][1]


def test_an_archive_beside_chats_was_attached_to_one_and_stays_closed(tmp_path: Path) -> None:
    attached = zip_of(Member("c.json", chat("of somebody else")))
    path = written(tmp_path / "x.zip", zip_of(Member("c.json", chat()), Member("a/file-1.dat", attached)))

    assert said_in(path) == ["Hello"]
    assert [name for name, why in inspect(path, "x.zip").ignored if "beside chats" in why] == ["a/file-1.dat"]


def test_a_mere_guess_closes_no_archive_beside_it(tmp_path: Path) -> None:
    guess, chats = Member("a.json", b'[{"guess": 1}]'), Member("b.zip", zip_of(Member("c.json", chat())))
    path = written(tmp_path / "x.zip", zip_of(guess, chats))

    found = inspect(path, "x.zip", parsers=(*PARSERS, Guesses())).found

    assert [one.member for one in found] == ["a.json", "b.zip/c.json"]


def test_documents_are_archives_that_nobody_looks_into(tmp_path: Path) -> None:
    letter = zip_of(Member("[Content_Types].xml", b"<x/>"), Member("word/document.xml", b"<x/>"))
    book = zip_of(Member("mimetype", b"application/epub+zip", method=STORED))
    path = written(
        tmp_path / "x.zip",
        zip_of(Member("a.docx", letter), Member("b", book), Member("c.zip", zip_of(Member("c.json", chat())))),
    )

    assert found_in(path) == ["c.zip/c.json"]
    assert inspect(path, "x.zip").ignored == (
        ("a.docx", "it is a document or a program, no chat."),
        ("b", "it is a document or a program, no chat."),
    )


def test_a_file_wins_over_an_archive_in_whose_place_it_lies(tmp_path: Path) -> None:
    inner = zip_of(Member("c.json", chat("in the archive")), Member("d.json", chat("there")))
    path = written(tmp_path / "x.zip", zip_of(Member("a.zip", inner), Member("a.zip/c.json", chat("in the folder"))))

    assert said_in(path) == ["in the folder"]


# --- gzip --------------------------------------------------------------------------------------------------------


def test_a_gzip_file_is_read_as_what_it_holds(tmp_path: Path) -> None:
    data = chat()
    for packed in (gzip_of(data), gzip_of(data[:9], b"", data[9:]), gzip_of(data, behind=bytes(512))):
        path = written(tmp_path / "x.bin", packed)
        assert inspect(path, "x").found == (Found(None, "chatgpt", "chatgpt", "array", len(packed)),)
        assert said_in(path) == ["Hello"]


def test_a_gzip_file_in_a_gzip_file_is_explained(tmp_path: Path) -> None:
    told = refusal(written(tmp_path / "x.gz", gzip_of(gzip_of(chat()))))

    assert told == "Not imported: it is an archive (gzip). Unpack it and drop what was in it."


def test_gzip_files_in_an_archive_are_read_and_an_archive_in_a_gzip_file(tmp_path: Path) -> None:
    path = written(tmp_path / "x.zip", zip_of(Member("a.json.gz", gzip_of(chat("a"))), Member("b.json", chat("b"))))
    assert found_in(path) == ["a.json.gz", "b.json"]
    assert said_in(path) == ["a", "b"]

    packed = written(tmp_path / "y.gz", gzip_of(path.read_bytes()))
    assert found_in(packed) == ["a.json.gz", "b.json"]
    assert said_in(packed) == ["a", "b"]

    inside = written(tmp_path / "z.zip", zip_of(Member("y.gz", packed.read_bytes()), Member("z.txt", b"z")))
    assert found_in(inside) == ["y.gz/a.json.gz", "y.gz/b.json"]
    assert said_in(inside) == ["a", "b"]


def test_a_gzipped_tar_is_explained(tmp_path: Path) -> None:
    told = refusal(written(tmp_path / "x.tgz", gzip_of(tar_of("c.json", chat()))))

    assert told == "Not imported: it is an archive (tar). Unpack it and drop what was in it."


def test_a_gzip_file_that_is_cut_short_or_damaged_gives_what_came_before(tmp_path: Path) -> None:
    records = [chatgpt(message("user", f"{number} " * 9000), conversation_id=f"c{number}") for number in range(40)]
    whole = gzip_of(as_json(records))

    for damaged in (whole[: len(whole) * 3 // 4], whole[:-6] + bytes(6)):
        found, _ = imported(written(tmp_path / "x.gz", damaged))
        assert len(conversations_in(found)) > 10
        assert isinstance(found[-1], Broken)
        assert "x.gz cannot be unpacked to its end" in found[-1].why


# --- limits ------------------------------------------------------------------------------------------------------


def test_a_member_that_unpacks_to_too_much_is_broken_where_the_limit_is_passed(tmp_path: Path) -> None:
    many = as_json([chatgpt(message("user", "x" * 100_000), conversation_id=f"c{number}") for number in range(40)])
    zipped = written(tmp_path / "x.zip", zip_of(Member("c.json", many)))
    gzipped = written(tmp_path / "x.gz", gzip_of(many))

    for limits in (Limits(entry=2_000_000), Limits(total=2_000_000), Limits(ratio=20, ratio_after=2_000_000)):
        for path in (zipped, gzipped):
            found = inspect(path, path.name, limits=limits).found[0]
            records = list(read(path, found.member, found.parser, found.variant, CONTEXT, limits=limits))
            assert 0 < len(conversations_in(records)) < 40
            assert isinstance(records[-1], Broken)
            assert "too much" in records[-1].why


def test_what_an_archive_in_an_archive_unpacks_to_counts_at_every_level(tmp_path: Path) -> None:
    inner = zip_of(Member("c.json", as_json([chatgpt(message("user", "x" * 100_000))]), method=STORED))
    path = written(tmp_path / "x.zip", zip_of(Member("inner.zip", inner)))

    with pytest.raises(Unrecognised, match=r"inner\.zip was not read to its end"):
        inspect(path, "x.zip", limits=Limits(total=90_000))
    assert inspect(path, "x.zip", limits=Limits(total=500_000)).found
    with pytest.raises(SourceBroken, match=r"inner\.zip was not read to its end"):
        list(read(path, "inner.zip/c.json", "chatgpt", "array", CONTEXT, limits=Limits(total=90_000)))


def test_an_archive_with_too_many_entries_is_refused_before_they_are_listed(tmp_path: Path) -> None:
    members = [Member(f"{number}.json", b"{}") for number in range(50)]
    path = written(tmp_path / "x.zip", zip_of(*members))

    for limits in (Limits(entries=49), Limits(directory=500)):
        with pytest.raises(SourceBroken, match="too many files"):
            inspect(path, "x.zip", limits=limits)
    with pytest.raises(SourceBroken, match="too many files"):
        inspect(written(path, zip_of(*members, end={"here": 1, "entries": 1})), "x.zip", limits=Limits(entries=49))


def test_entries_and_archives_are_counted_over_all_archives_of_an_upload(tmp_path: Path) -> None:
    inner = [Member(f"{number}.zip", zip_of(Member("c.json", chat(str(number))))) for number in range(4)]
    path = written(tmp_path / "x.zip", zip_of(*inner))

    few = inspect(path, "x.zip", limits=Limits(entries=6))
    assert [found.member for found in few.found] == ["0.zip/c.json", "1.zip/c.json"]
    assert all("too many files" in why for _, why in few.ignored)

    few = inspect(path, "x.zip", limits=Limits(archives=3))
    assert [found.member for found in few.found] == ["0.zip/c.json", "1.zip/c.json"]
    assert all("too many archives" in why for _, why in few.ignored)


def test_the_numbers_of_a_large_archive_are_read_from_its_own_record(tmp_path: Path) -> None:
    data = zip_of(Member("c.json", chat()), large=True, end={"entries": 10**6})

    with pytest.raises(SourceBroken, match="too many files"):
        inspect(written(tmp_path / "x.zip", data), "x.zip")


def test_files_of_an_archive_are_found_one_by_one_without_listing_it(tmp_path: Path) -> None:
    path = written(tmp_path / "x.zip", zip_of(*(Member(f"{number}.json", chat()) for number in range(9))))

    with open_upload(path, "x.zip") as upload:
        file, archive = upload.find("7.json")
        assert isinstance(archive, Archive)
        assert file.name == "7.json"
        assert "contents" not in vars(archive)


def test_names_that_lie_in_each_other_and_in_comments_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    names = ["b/a.json", "a.json", "a.json.json", "a.jso", "ä\\a.json", "z/a.json/x.json"]
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            entry = zipfile.ZipInfo(name)
            entry.comment = b"PK\x01\x02 a.json"
            archive.writestr(entry, chat(name))

    found = inspect(path, "all.zip").found

    assert len(found) == len(names)
    for one in found:
        assert one.member is not None
        records = read(path, one.member, one.parser, one.variant, CONTEXT)
        (conversation,) = conversations_in(list(records))
        assert conversation.messages[0].content.replace("\\", "/") == one.member
