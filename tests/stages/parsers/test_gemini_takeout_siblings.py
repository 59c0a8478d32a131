"""What Google Takeout hands out beside chats is refused by name, with what to do instead."""

import json
from pathlib import Path
from zipfile import ZipFile

import pytest

from packages_store.errors import Unrecognised
from stages.parsers.choose import inspect
from tests.stages.parsers.documents import activity
from tests.stages.parsers.harness import as_json, conversations_in, imported, records_of, turns
from tests.stages.parsers.samples.gemini_takeout import card, page, turn, workspace

CHOOSE = "In Google Takeout choose My Activity > Gemini Apps"


def refusal(tmp_path: Path, data: bytes) -> str:
    path = tmp_path / "x.bin"
    path.write_bytes(data)
    with pytest.raises(Unrecognised) as told:
        inspect(path, "x.bin")
    return f"{told.value} {told.value.advice}"


@pytest.mark.parametrize(
    ("data", "what", "advice"),
    [
        (b"<b>Name:</b>Coach<br><b>Instructions:</b>Be kind.<br><b>Files:</b><br>", "it lists Gems", CHOOSE),
        (b"<div><b>Name:</b> News<br><b>Schedule:</b> daily<br>State: on</div>", "it lists scheduled actions", CHOOSE),
        (b"<div></div>", "a page without any text", CHOOSE),
        (b"<html><head></head><body>\n<div></div></body></html>\n", "a page without any text", CHOOSE),
        (
            b'<html><h1 class="header_title">Archive for me</h1><div class="extracted-file-name">a.jpg</div></html>',
            "the table of contents of a Google Takeout",
            CHOOSE,
        ),
        (
            page([card("Watched&nbsp;x", "Sep 2, 2026, 12:00:00 PM UTC", header="YouTube")]),
            "none of it is Gemini's",
            CHOOSE,
        ),
        (page([]), "a page of Google activity on which there is no activity", "Gemini Apps Activity was off"),
        (b"[]", "without any record", "Gemini Apps Activity was off"),
        (
            as_json([activity("Watched x", "2026-08-20T10:00:00Z", header="YouTube", products=["YouTube"])]),
            "it is Google activity, but none of it is Gemini's",
            CHOOSE,
        ),
        (
            as_json([{"header": "Chrome", "title": "Visited x", "time": "2026-08-20T10:00:00Z"}]),
            "it is Google activity, but none of it is Gemini's",
            CHOOSE,
        ),
        (as_json({"Browser History": [{"title": "x"}]}), "of another product than My Activity", CHOOSE),
        (as_json({"locations": [{"latitudeE7": 1}]}), "of another product than My Activity", CHOOSE),
        (as_json({"title": "cat.jpg", "photoTakenTime": {"timestamp": "1"}}), "of another product", CHOOSE),
        (as_json({"textContent": "x", "userEditedTimestampUsec": 1}), "of another product", CHOOSE),
        (
            as_json({"messages": [{"creator": {"name": "A"}, "created_date": "x", "text": "Hi"}]}),
            "a talk of people in Google Chat",
            CHOOSE,
        ),
        (b"<html><title>Gemini</title>Your Gems: Coach</html>", "a page about Gemini", CHOOSE),
    ],
)
def test_a_file_of_takeout_without_chats_is_told_by_name(tmp_path: Path, data: bytes, what: str, advice: str) -> None:
    told = refusal(tmp_path, data)

    assert what in told
    assert advice in told


@pytest.mark.parametrize(
    "path",
    [
        "My Activity/Gemini Apps/MyActivity",
        "My Activity/Gemini Apps/My Activity",
        "내 활동/Gemini 앱/내활동",
        "マイ アクティビティ/Gemini アプリ/マイアクティビティ",
        "Meine Aktivitäten/Gemini-Apps/MeineAktivitäten",
        "Mes activités/Applications Gemini/MonActivité",
        "Mon activité/Applications Gemini/MonActivité",
        "Min aktivitet/Gemini-appar/MinAktivitet",
        "Minha atividade/Apps do Gemini/Minhaatividade",
        "Η δραστηριότητά μου/Εφαρμογές Gemini/Ηδραστηριότητάμου",
    ],
)
def test_activity_is_found_in_the_folders_of_any_language_in_both_forms(tmp_path: Path, path: str) -> None:
    archive = tmp_path / "takeout-20260902T120000Z-001.zip"
    product = path.split("/")[1]
    with ZipFile(archive, "w") as zipped:
        asked = activity("Prompted A", "2026-09-02T14:00:00.5Z", header=product, products=[product])
        zipped.writestr(f"Takeout/{path}.json", as_json([asked]))
        shown = card("Prompted B", "Sep 3, 2026, 1:00:00 PM UTC", header=product)
        zipped.writestr(f"Takeout/{path}.html", page([shown]))

    assert sorted(turns(one) for one in conversations_in(imported(archive)[0])) == [[("u", "A")], [("u", "B")]]


def test_each_part_of_an_archive_in_parts_is_read_and_a_part_that_is_not_there_is_named(tmp_path: Path) -> None:
    inner = tmp_path / "inner.zip"
    with ZipFile(inner, "w") as zipped:
        zipped.writestr("Takeout/MyActivity.json", as_json([activity("Prompted A", "2026-09-02T14:00:00.5Z")]))
    both = tmp_path / "both.zip"
    with ZipFile(both, "w") as zipped:
        for part in (1, 3):
            zipped.write(inner, f"takeout-20260902T120000Z-00{part}.zip")

    assert len(inspect(both, "both.zip").found) == 2
    assert inspect(both, "both.zip").missing == ("takeout-20260902T120000Z-002.zip",)


def test_files_that_the_archive_lacks_or_keeps_under_another_name_are_named_as_the_activity_does(
    tmp_path: Path,
) -> None:
    path = tmp_path / "takeout.zip"
    asked = activity(
        "Prompted Look", "2026-09-02T14:00:00.5Z", "<p>Yes.</p>", attachedFiles=["a.jpeg", "b.png", "c.txt"]
    )
    with ZipFile(path, "w") as archive:
        archive.writestr("Takeout/Gemini Apps/MyActivity.json", as_json([asked]))
        archive.writestr("Takeout/Gemini Apps/a.jpg", b"\xff\xd8\xff\0")
        archive.writestr("Takeout/Gemini Apps/b", b"\x89PNG\r\n\x1a\n\0\0")

    records, ignored = imported(path)

    (found,) = conversations_in(records)
    assert turns(found) == [("u", "Look\n[image: a.jpeg]\n[image: b.png]\n[file: c.txt]"), ("a", "Yes.")]
    assert len(ignored) == 2


def test_an_archive_that_was_attached_to_a_prompt_stays_closed(tmp_path: Path) -> None:
    attached = tmp_path / "attached.zip"
    with ZipFile(attached, "w") as zipped:
        zipped.writestr("MyActivity.json", as_json([activity("Prompted not mine", "2026-09-02T14:00:00.5Z")]))
    path = tmp_path / "takeout.zip"
    with ZipFile(path, "w") as zipped:
        zipped.writestr("Takeout/a/MyActivity.json", as_json([activity("Prompted mine", "2026-09-02T14:00:00.5Z")]))
        zipped.write(attached, "Takeout/a/backup-1e98.zip")

    records, ignored = imported(path)

    assert [turns(one) for one in conversations_in(records)] == [[("u", "mine")]]
    assert "was left closed" in dict(ignored)["Takeout/a/backup-1e98.zip"]


@pytest.mark.parametrize(
    "document",
    [
        {"conversations": [{"id": "1", "title": "x", "turns": [{"author": "user", "text": "Hi"}]}]},
        [{"title": "Prompted x", "userInteractions": [{"userInteraction": {"value": "Hi"}}]}],
        [{"header": "Gemini Apps", "details": [{"name": "Request", "value": "Hi"}]}],
    ],
)
def test_shapes_that_only_hearsay_knows_are_refused(tmp_path: Path, document: object) -> None:
    assert "no known chat export" in refusal(tmp_path, as_json(document))


def test_what_hearsay_puts_into_a_record_of_activity_is_not_read() -> None:
    told = activity(
        "Prompted x",
        "2026-09-02T14:00:00.5Z",
        details=[{"name": "Response", "value": "no answer"}],
        subtitles=[{"name": "Response", "value": "nor this"}],
    )

    (found,) = conversations_in(records_of("gemini", as_json([told]), "takeout"))
    assert turns(found) == [("u", "x")]


@pytest.mark.parametrize(
    "folder",
    ["My Activity/Gemini Apps/MyActivity", "내 활동/Gemini 앱/내활동", "Mes activités/Applications Gemini/MonActivité"],
)
def test_an_archive_gives_its_chats_and_explains_the_rest(tmp_path: Path, folder: str) -> None:
    path = tmp_path / "takeout-20260902T120000Z-001.zip"
    with ZipFile(path, "w") as archive:
        archive.writestr("Takeout/archive_browser.html", '<html><div class="extracted-file-name">a</div></html>')
        archive.writestr(
            f"Takeout/{folder}.html", page([card("Prompted A", "Sep 2, 2026, 1:00:00 PM UTC", "<p>a</p>")])
        )
        archive.writestr(
            f"Takeout/{folder}.json", as_json([activity("Prompted B", "2026-09-02T14:00:00.5Z", "<p>b</p>")])
        )
        archive.writestr(
            "Takeout/My Activity/YouTube/MyActivity.html",
            page([card("Watched Gemini Apps", "Sep 2, 2026, 1:00:00 PM UTC", header="YouTube")]),
        )
        archive.writestr("Takeout/Gemini/gemini_gems_data.html", "<div></div>")
        archive.writestr("Takeout/My Activity/Gemini Apps/cat.png", b"\x89PNG\r\n\x1a\n\0\0")
        archive.writestr("Takeout/My Activity/Gemini Apps/code.zip", b"PK\x03\x04\0\0")
        archive.writestr(
            "Takeout/Gemini in Workspace/Conversation History/conversation_1788081300.txt",
            json.dumps(workspace(turn("user", 0, "C"))),
        )

    records, ignored = imported(path)

    assert sorted(text for one in conversations_in(records) for role, text in turns(one) if role == "u") == [
        "A",
        "B",
        "C",
    ]
    told = {name.rpartition("/")[2]: reason for name, reason in ignored}
    assert told.keys() == {"archive_browser.html", "MyActivity.html", "gemini_gems_data.html", "cat.png", "code.zip"}
    assert told["archive_browser.html"].startswith("it is the table of contents of a Google Takeout")
    assert told["MyActivity.html"].startswith("it is Google activity as a web page, but none of it is Gemini's")
    assert told["gemini_gems_data.html"].startswith("it is a page without any text, as Google Takeout has it for Gems")


def test_gems_and_chats_are_told_apart_when_a_chat_speaks_of_gems(tmp_path: Path) -> None:
    path = tmp_path / "x"
    html = "<p><b>Name:</b> x <b>Instructions:</b> Schedule: State: gemini_gems_data.html</p>"
    path.write_bytes(page([card("Prompted A", "Sep 2, 2026, 1:00:00 PM UTC", html)]))

    assert conversations_in(imported(path)[0])
