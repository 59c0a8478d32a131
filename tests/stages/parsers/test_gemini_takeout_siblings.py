"""What Google Takeout hands out beside chats is refused by name, with what to do instead."""

import json
from pathlib import Path
from zipfile import ZipFile

import pytest

from packages_store.errors import Unrecognised
from stages.parsers.choose import inspect
from tests.stages.parsers.documents import activity
from tests.stages.parsers.harness import as_json, conversations_in, imported, turns
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
